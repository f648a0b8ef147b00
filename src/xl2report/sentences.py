"""The sentences of a report and the rows of its tables: what was printed around the marks, to be known again.

The words of a sentence without what is marked are the template's choice: they are the same in another year unless a branch of the
template or a list went another way. Their digests are kept in the manifest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xl2report.manifest import Wording
from xl2report.marks import Found, Marked, Paragraph

STOPS = "。；：！？\n"
_PIECES = re.compile(f"[^{STOPS}]*[{STOPS}]?")
_ENTRY = re.compile(r"^\d+[.．、]")
"""The number of an entry of a list: not part of its words, as the entry may be another one next year."""
_MARK = "\x02"
"""Stands for a mark in the words of a sentence; no XML can hold it."""


class Sentence(NamedTuple):
    """A sentence, or a whole row of a table: the paragraph that it begins in, its text, its words without what is marked."""

    paragraph: int
    row: int
    text: str
    words: str
    digest: str
    marks: tuple[Found, ...] = ()

    @property
    def wording(self) -> Wording:
        """What the manifest keeps of it."""
        return Wording(self.digest, tuple(mark.name for mark in self.marks))


def sentences_of(marked: Marked) -> tuple[Sentence, ...]:
    """Every sentence and every table row of a report, in reading order."""
    held: dict[int, list[Found]] = {}
    for found in marked.found:
        if found.paragraph == found.until:
            held.setdefault(found.paragraph, []).append(found)
    sentences: list[Sentence] = []
    at = 0
    while at < len(marked.paragraphs):
        last = at + 1
        row = marked.paragraphs[at].row
        while row and last < len(marked.paragraphs) and marked.paragraphs[last].row == row:
            last += 1
        if row:
            cells = [_masked(marked.paragraphs[i], held.get(i, ())) for i in range(at, last)]
            marks = [found for i in range(at, last) for found in _apart(held.get(i, ()))]
            text = "　".join(paragraph.text for paragraph in marked.paragraphs[at:last])
            words = "\x1f".join(cells)
            sentences.append(Sentence(at, row, text, words, _digest(marked, words, marks), tuple(marks)))
        elif marked.paragraphs[at].text:
            sentences += _in_paragraph(marked, at, held.get(at, ()))
        at = last
    return tuple(sentences)


def _in_paragraph(marked: Marked, at: int, held: Sequence[Found]) -> Iterator[Sentence]:
    paragraph = marked.paragraphs[at]
    marks = iter(_apart(held))
    for piece in _PIECES.findall(_masked(paragraph, held)):
        own = [next(marks) for _ in range(piece.count(_MARK))] if _MARK in piece else []
        words = piece.strip(STOPS + " ")
        if words:
            text = piece
            if own:
                between = iter([*(found.text for found in own), ""])
                text = "".join(said + next(between) for said in piece.split(_MARK))
            yield Sentence(at, 0, text.strip(), words, _digest(marked, words, own), tuple(own))


def _apart(held: Sequence[Found]) -> list[Found]:
    """The marks of a paragraph in their order, those left out that begin inside another."""
    if len(held) < 2:
        return list(held)
    kept: list[Found] = []
    for found in sorted(held, key=lambda f: (f.start, f.end)):
        if not kept or found.start >= kept[-1].end:
            kept.append(found)
    return kept


def _masked(paragraph: Paragraph, held: Sequence[Found]) -> str:
    """The text of a paragraph with a sign for each mark."""
    if not held:
        return paragraph.text
    said, at = [], 0
    for found in _apart(held):
        said.append(paragraph.text[at : found.start] + _MARK)
        at = found.end
    return "".join([*said, paragraph.text[at:]])


def _digest(marked: Marked, words: str, marks: Sequence[Found]) -> str:
    """The digest of words and of what the marks between them are of; rows of a schedule may stand elsewhere on its page."""
    words = _ENTRY.sub("", words)
    if not marks:
        return digest_of(words)
    keys = []
    for found in marks:
        mark = marked.mark(found.name)
        if mark is not None:
            keys.append(f"{mark.kind} {mark.key.rstrip('0123456789') if mark.kind == 'box' else mark.key}")
    return digest_of(words, *keys)


def digest_of(words: str, *keys: str) -> str:
    """The digest of words with marks of these keys between them."""
    return hashlib.sha256("\0".join([words, *keys]).encode()).hexdigest()[:8]


# -- printed then, and now ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gap:
    """Sentences that only one of two reports has, behind one that both have (-1: at the beginning)."""

    after: int
    printed: tuple[int, ...]
    now: tuple[int, ...]


def paired(printed: Sequence[Wording], now: Sequence[Wording]) -> tuple[dict[int, int], tuple[Gap, ...]]:
    """The sentences that two reports say in the same words, by their numbers, and what only one of them says.

    Words that one report says more often than the other are no pair: which of them would be a guess.
    """
    here, there = _places(printed), _places(now)
    pairs = {
        one: other
        for digest, places in here.items()
        if len(places) == len(there.get(digest, ()))
        for one, other in zip(places, there[digest], strict=True)
    }
    gaps: dict[int, tuple[list[int], list[int]]] = {}
    after = -1
    for one in range(len(printed)):
        if one in pairs:
            after = one
        else:
            gaps.setdefault(after, ([], []))[0].append(one)
    back = {other: one for one, other in pairs.items()}
    after = -1
    for other in range(len(now)):
        if other in back:
            after = back[other]
        else:
            gaps.setdefault(after, ([], []))[1].append(other)
    return pairs, tuple(Gap(after, tuple(a), tuple(b)) for after, (a, b) in sorted(gaps.items()))


def _places(wording: Sequence[Wording]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for at, one in enumerate(wording):
        places.setdefault(one.digest, []).append(at)
    return places

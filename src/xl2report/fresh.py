"""A report that people edited beside the one compiled now: which mark is which, and which words are the same.

Marks are paired by what they stand for. Where marks are gone, the words tell: both reports are read as signs, a number being one
sign whatever it says, and so is a word of direction; then what stands between the same words is the same place.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import pairwise

from xl2report.manifest import Manifest, Mark
from xl2report.marks import Found, Marked

NUMBER, DIRECTION = "#", "±"
"""The signs that every number and every word of direction is read as."""
UP = ("增加", "增长", "上升", "提高", "大于", "高于", "超出", "超过")
DOWN = ("减少", "下降", "降低", "小于", "低于")
LEVEL = ("持平",)
DIRECTIONS: Mapping[str, str] = {word: way for way, words in (("+", UP), ("-", DOWN), ("=", LEVEL)) for word in words}
"""Word of direction -> the way it points."""
_SIGNS = re.compile(
    rf"(?P<number>(?:(?<![\d%.,）)\]])[-−])?\d(?:[\d,]*\d)?(?:\.\d+)?[%％]?)|(?P<direction>{'|'.join(DIRECTIONS)})(?!率|额|幅)|\S"
)
_HALF = str.maketrans("０１２３４５６７８９．，％－", "0123456789.,%-")
_STOPS = "。；！？\n"
_PAGE = re.compile(r"\t\s*\d*\s*$")
_NUMBER = re.compile(r"[-−]?\d(?:[\d,]*\d)?(?:\.\d+)?[%％]?")
_DIRECTION = re.compile(rf"(?:{'|'.join(DIRECTIONS)})(?!率|额|幅)")
LIKE = 0.55
"""How much of a sentence must stand in another one for both to be the same sentence."""
MOST_COMPARED = 100_000
"""Pairs of sentences that are compared; a report of which more is strange is not the one that was printed."""


def partners(printed: Manifest, now: Manifest) -> dict[str, Mark]:
    """Name of a mark -> the mark of another report that stands for the same: same kind and key, the same time it is said.

    A mark whose key the other report has more or less often gets the one among the same neighbours, else one that says what
    all of them say; what has no partner is not in the result.
    """
    found: dict[str, Mark] = {}
    here, there = _by_key(printed.marks), _by_key(now.marks)
    for key, marks in here.items():
        if len(marks) == len(there.get(key, ())):
            found |= {mark.name: other for mark, other in zip(marks, there[key], strict=True)}
    if all(mark.name in found for mark in printed.marks):
        return found
    here_keys, there_keys = ([(mark.kind, mark.key) for mark in manifest.marks] for manifest in (printed, now))
    for first, second, length in SequenceMatcher(None, here_keys, there_keys, autojunk=False).get_matching_blocks():
        for at in range(length):
            found.setdefault(printed.marks[first + at].name, now.marks[second + at])
    for mark in printed.marks:
        others = there.get((mark.kind, mark.key), [])
        if mark.name not in found and len({other.text for other in others}) == 1:
            found[mark.name] = others[0]
    return found


def _by_key(marks: Iterable[Mark]) -> dict[tuple[str, str], list[Mark]]:
    groups: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for mark in marks:
        groups[mark.kind, mark.key].append(mark)
    return groups


def numbers(text: str) -> tuple[str, ...]:
    """The numbers of a text, as written but in half-width digits."""
    return tuple(_NUMBER.findall(text.translate(_HALF)))


def directions(text: str) -> frozenset[str]:
    """The ways that the words of direction in a text point.

    >>> sorted(directions("减少0.4万元，下降28.19%")), directions("增长率")
    (['-'], frozenset())
    """
    return frozenset(DIRECTIONS[word] for word in _DIRECTION.findall(text))


# -- a report as signs ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sign:
    """A character, a number or a word of direction: what it is read as, its text, its paragraph, where it begins and ends."""

    sign: str
    text: str
    paragraph: int
    start: int
    end: int


@dataclass(frozen=True)
class Signs:
    """A report as signs in reading order; its sentences as ranges of them. White space is left out, and page numbers."""

    marked: Marked
    signs: tuple[Sign, ...]
    sentences: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, marked: Marked) -> Signs:
        """Read a report; a number never goes on across the edge of a mark."""
        edges: dict[int, set[int]] = defaultdict(set)
        for found in marked.found:
            edges[found.paragraph].add(found.start)
            edges[found.until].add(found.end)
        signs: list[Sign] = []
        sentences: list[tuple[int, int]] = []
        for number, paragraph in enumerate(marked.paragraphs):
            text = _PAGE.sub("", paragraph.text).translate(_HALF)
            first = len(signs)
            for start, end in pairwise(sorted({0, len(text), *(at for at in edges[number] if at < len(text))})):
                for match in _SIGNS.finditer(text, start, end):
                    signs.append(Sign(_sign(match), match[0], number, match.start(), match.end()))
                    if match[0] in _STOPS:
                        sentences.append((first, len(signs)))
                        first = len(signs)
            if first < len(signs):
                sentences.append((first, len(signs)))
        return cls(marked, tuple(signs), tuple(sentences))

    @cached_property
    def skeletons(self) -> tuple[str, ...]:
        """Every sentence as its signs."""
        return tuple("".join(sign.sign for sign in self.signs[first:end]) for first, end in self.sentences)

    @cached_property
    def sentence_of(self) -> tuple[int, ...]:
        """The number of the sentence that each sign stands in."""
        return tuple(number for number, (first, end) in enumerate(self.sentences) for _ in range(first, end))

    def within(self, found: Found) -> range:
        """The signs inside a mark."""
        start, end = (found.paragraph, found.start), (found.until, found.end)
        first, last = self._before(start), self._before(end)
        return range(first, last)

    def _before(self, place: tuple[int, int]) -> int:
        """How many signs stand before a place."""
        from bisect import bisect_left

        return bisect_left(self.signs, place, key=lambda sign: (sign.paragraph, sign.start))

    def said(self, sentence: int) -> str:
        """A sentence as it is written."""
        first, end = self.sentences[sentence]
        text = self.marked.paragraphs[self.signs[first].paragraph].text
        return text[self.signs[first].start : self.signs[end - 1].end].strip()


def _sign(match: re.Match[str]) -> str:
    if match["number"]:
        return NUMBER
    return DIRECTION if match["direction"] else match[0]


# -- the same words -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Alignment:
    """An edited report beside a fresh one: for each sign of either the sign of the other that it is."""

    edited: Signs
    fresh: Signs
    of_fresh: Mapping[int, int]
    """Sign of the fresh report -> sign of the edited one."""

    @cached_property
    def of_edited(self) -> Mapping[int, int]:
        """Sign of the edited report -> sign of the fresh one."""
        return {here: there for there, here in self.of_fresh.items()}

    def partner(self, sentence: int) -> int | None:
        """The sentence of the fresh report that one of the edited report is."""
        votes: dict[int, int] = defaultdict(int)
        first, end = self.edited.sentences[sentence]
        for at in range(first, end):
            if at in self.of_edited:
                votes[self.fresh.sentence_of[self.of_edited[at]]] += 1
        return max(votes, key=lambda one: (votes[one], -one)) if votes else None

    def projected(self, found: Found) -> Found | None:
        """Where a mark of the fresh report would stand in the edited one; ``None`` where its words are gone."""
        inside = self.fresh.within(found)
        here = [self.of_fresh[at] for at in inside if at in self.of_fresh]
        numbers = [at for at in here if self.edited.signs[at].sign == NUMBER]
        if len(inside) == 1 and self.fresh.signs[inside[0]].sign == NUMBER:
            return self._at(found, numbers[0], numbers[0]) if numbers else None
        before, after = self.of_fresh.get(inside.start - 1), self.of_fresh.get(inside.stop)
        first = before + 1 if before is not None else min(here, default=None)
        last = after - 1 if after is not None else max(here, default=None)
        if first is None or last is None or not first <= last < first + 3 * len(inside) + 40:
            return None
        return self._at(found, first, last)

    def _at(self, found: Found, first: int, last: int) -> Found:
        start, end = self.edited.signs[first], self.edited.signs[last]
        texts = [p.text for p in self.edited.marked.paragraphs[start.paragraph : end.paragraph + 1]]
        texts[-1] = texts[-1][: end.end]
        texts[0] = texts[0][start.start :]
        return Found(found.name, start.paragraph, start.start, end.paragraph, end.end, "\n".join(texts), "text")


def aligned(edited: Signs, fresh: Signs) -> Alignment:
    """The signs that two reports share: sentences in their order, then what is left by likeness, wherever it was moved to."""
    pairs: list[tuple[int, int]] = []
    here, there = list(range(len(edited.sentences))), list(range(len(fresh.sentences)))
    exact = (
        list(zip(_texts(edited), edited.skeletons, strict=True)),
        list(zip(_texts(fresh), fresh.skeletons, strict=True)),
    )
    for first, second, length in SequenceMatcher(None, *exact, autojunk=False).get_matching_blocks():
        pairs += [(first + at, second + at) for at in range(length)]
    gaps = list(_gaps(pairs, len(here), len(there)))
    pairs += [pair for gap in gaps for pair in _in_order(edited.skeletons, fresh.skeletons, *gap)]
    mapping: dict[int, int] = {}
    for one, other in pairs:
        (start, end), (begin, _) = edited.sentences[one], fresh.sentences[other]
        mapping.update((begin + at, start + at) for at in range(end - start))
    taken, given = {one for one, _ in pairs}, {other for _, other in pairs}
    _by_likeness(
        edited, fresh, [at for at in here if at not in taken], [at for at in there if at not in given], mapping
    )
    return Alignment(edited, fresh, mapping)


def _texts(report: Signs) -> list[str]:
    return ["".join(sign.text for sign in report.signs[first:end]) for first, end in report.sentences]


def _gaps(pairs: Sequence[tuple[int, int]], here: int, there: int) -> Iterator[tuple[range, range]]:
    """What stands between pairs in order, on both sides."""
    for (a, b), (c, d) in pairwise([(-1, -1), *pairs, (here, there)]):
        if c - a > 1 and d - b > 1:
            yield range(a + 1, c), range(b + 1, d)


def _in_order(here: Sequence[str], there: Sequence[str], ours: range, theirs: range) -> Iterator[tuple[int, int]]:
    """Sentences of two stretches that are the same but for their numbers."""
    matcher = SequenceMatcher(None, here[ours.start : ours.stop], there[theirs.start : theirs.stop], autojunk=False)
    for first, second, length in matcher.get_matching_blocks():
        for at in range(length):
            yield ours.start + first + at, theirs.start + second + at


def _likest(skeleton: str, skeletons: Sequence[str], candidates: Sequence[int]) -> int | None:
    """The sentence that is most like one, of those that are not much longer or shorter."""
    matcher = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(skeleton)
    best, score = None, LIKE
    for other in candidates:
        shorter, longer = sorted((len(skeleton), len(skeletons[other])))
        if shorter < 2 or shorter * 3 < longer:
            continue
        matcher.set_seq1(skeletons[other])
        if matcher.quick_ratio() * (shorter + longer) / 2 < LIKE * shorter:
            continue
        like = sum(size for *_, size in matcher.get_matching_blocks() if size > 1) / shorter
        if like > score:
            best, score = other, like
    return best


def _by_likeness(edited: Signs, fresh: Signs, here: list[int], there: list[int], mapping: dict[int, int]) -> None:
    """Add the signs of sentences that were reworded, moved, split or joined; each sign once."""
    whole: dict[str, list[int]] = defaultdict(list)
    for other in there:
        whole[fresh.skeletons[other]].append(other)
    free = set(there)
    later = []
    for one in here:  # moved as it is
        same = [other for other in whole[edited.skeletons[one]] if other in free]
        if same and len(edited.skeletons[one]) > 1:
            free.discard(same[0])
            (start, end), (begin, _) = edited.sentences[one], fresh.sentences[same[0]]
            mapping.update((begin + at, start + at) for at in range(end - start))
        else:
            later.append(one)
    candidates = sorted(free)
    pieces = []
    likest: dict[str, int | None] = {}
    for one in later:
        skeleton = edited.skeletons[one]
        if skeleton not in likest and len(likest) * len(candidates) <= MOST_COMPARED:
            likest[skeleton] = _likest(skeleton, fresh.skeletons, candidates)
        best = likest.get(skeleton)
        if best is not None:
            matcher = SequenceMatcher(None, fresh.skeletons[best], skeleton, autojunk=False)
            begin, start = fresh.sentences[best][0], edited.sentences[one][0]
            for first, second, size in matcher.get_matching_blocks():
                for at in range(size):
                    mapping.setdefault(begin + first + at, start + second + at)
        else:
            pieces.append(one)
    given = {sign: other for other, sign in mapping.items()}
    for one in pieces:  # the beginning or the end of the sentence beside it
        start, end = edited.sentences[one]
        for other in sorted({fresh.sentence_of[given[at]] for at in (start - 1, end) if at in given}):
            rest = [at for at in range(*fresh.sentences[other]) if at not in mapping]
            signs = "".join(fresh.signs[at].sign for at in rest)
            blocks = SequenceMatcher(None, signs, edited.skeletons[one], autojunk=False).get_matching_blocks()
            if sum(size for *_, size in blocks if size > 1) > LIKE * (end - start):
                mapping.update((rest[a + at], start + b + at) for a, b, size in blocks for at in range(size))
                break

"""What is to be done with each mark, sentence and table of an edited report, and what is to be told about it.

What was printed then, what people made of it and what would be printed now are three reports. A mark is refreshed where the sentence
around it would be printed in the same words now as then; where the words would change it is left and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from xl2report.findings import Finding, Term, finding
from xl2report.manifest import PREFIX, Manifest, Mark, Source, Wording
from xl2report.marks import DOCUMENT, Found, Opened, W
from xl2report.rerowing import Namer, Rows, planned, row_elements, tables_of, wording_of
from xl2report.rewriting import Change, highest_number, replaceable
from xl2report.sentences import Gap, Sentence, paired, sentences_of

NUMBERS = ("figure", "item", "box")
_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?[%％]?")


class Plan:
    """What is done with each mark of an edited report."""

    def __init__(self, name: str, opened: Opened, fresh: Opened) -> None:
        assert opened.marked.manifest is not None
        assert fresh.marked.manifest is not None
        self.name = name
        self.opened, self.edited, self.other, self.fresh = opened, opened.marked, fresh, fresh.marked
        self.printed, self.now = opened.marked.manifest, fresh.marked.manifest
        self.pairs, self.gaps = paired(self.printed.wording, self.now.wording)
        self.partners: dict[str, Mark] = {}
        for one, other in self.pairs.items():
            names = zip(self.printed.wording[one].marks, self.now.wording[other].marks, strict=True)
            self.partners |= {old: self.now.by_name[new] for old, new in names if new in self.now.by_name}
        self.findings: list[Finding] = []
        self.tables = list(self._tables())
        for _, rows in self.tables:
            stayed = rows.stayed
            self.partners |= {stayed[new.name]: self.now.by_name[new.name] for _, f in rows.same for new in f.marks}
        self.refreshed: set[str] = set()
        marks = list(self._changes())
        self.changes = [*marks, *self._contents(marks)]

    # -- tables ---------------------------------------------------------------------------------
    def _tables(self) -> Iterator[tuple[int, Rows]]:
        """The tables whose rows come and go: where in the wording each begins, and what is done with it."""
        here, there = row_elements(self.opened), row_elements(self.other)
        tables = tables_of(sentences_of(self.fresh), there)
        table_of = {found.name: table for table in tables for row in table for found in row.marks}
        place_of = {name: at for at, wording in enumerate(self.printed.wording) for name in wording.marks}
        for table in tables_of(self._here, here):
            first = next((at for at, row in enumerate(table) if row.marks), 0)
            start = place_of.get(table[first].marks[0].name, -1) - first if table[first].marks else -1
            if start < 0 or not self._untouched(table, self.printed.wording[start : start + len(table)]):
                continue
            partners = [
                table_of.get(mark.name) for row in table for f in row.marks if (mark := self.partners.get(f.name))
            ]
            fresh = partners[0] if partners else None
            if fresh is None or any(partner is not fresh for partner in partners):
                continue
            if [row.digest for row in table] != [row.digest for row in fresh]:
                rows = planned(table, fresh, here, there)
                if rows is not None:
                    yield start, rows

    def _untouched(self, table: tuple[Sentence, ...], printed: tuple[Wording, ...]) -> bool:
        """Whether every row of a table is as it was printed."""
        return tuple(row.wording for row in table) == printed and all(
            (mark := self.edited.mark(found.name)) is not None and mark.text == found.text
            for row in table
            for found in row.marks
        )

    @cached_property
    def namer(self) -> Namer:
        """Gives names and numbers that the report does not use."""
        names = [int(found.name.removeprefix(PREFIX)) for found in self.edited.found if found.name[5:].isdigit()]
        names += [int(mark.name.removeprefix(PREFIX)) for mark in self.printed.marks]
        # far above the numbers that tracked changes get
        return Namer(max([0, *names]), highest_number(self.opened) + 1_000_000)

    # -- marks ----------------------------------------------------------------------------------
    def _changes(self) -> Iterator[Change]:
        """The texts to be put in; what is told about them goes to the findings."""
        last = (-1, 0)
        for found in self.edited.found:
            mark, new = self.edited.mark(found.name), self.partners.get(found.name)
            if mark is None or new is None or not found.text or found.text == new.text:
                continue
            by_hand = found.text != mark.text
            number = mark.kind in NUMBERS and _NUMBER.fullmatch(found.text) is not None
            free = replaceable(self.opened, found) and (found.paragraph, found.start) >= last
            if not free or (by_hand and not number):
                self._tell("D862", found, mark, new.text)
                continue
            last = (found.paragraph, found.end)
            self.refreshed.add(found.name)
            if by_hand:
                self._tell("D861", found, mark, new.text)
            yield Change(found, new.text)

    def _tell(self, code: str, found: Found, mark: Mark, new: str) -> None:
        source = self.now.source(mark.key) or self.printed.source(mark.key)
        terms = [Term(source.label if source else mark.key, f"{mark.text} → {new}", _cells(source))]
        for part in self.partners[mark.name].parts:
            known = self.now.source(part.key)
            terms += [Term(known.label, part.text, _cells(known))] if known else []
        self.findings.append(
            finding(
                code,
                self.place(found.paragraph),
                found=found.text,
                expected=new,
                terms=terms,
                sentence=self._short(found),
            )
        )

    def _short(self, found: Found) -> str:
        text = self.edited.sentence(found)
        return text if len(text) <= 60 else f"{text[:60]}…"

    def place(self, paragraph: int) -> str:
        """A paragraph as findings name it."""
        if not 0 <= paragraph < len(self.edited.paragraphs):
            return self.name
        one = self.edited.paragraphs[paragraph]
        part = "" if one.part == DOCUMENT else f"{one.part.rpartition('/')[2].removesuffix('.xml')} "
        return f"{self.name} {part}第{one.number}段"

    # -- words ----------------------------------------------------------------------------------
    @cached_property
    def _here(self) -> tuple[Sentence, ...]:
        return sentences_of(self.edited)

    @cached_property
    def _holding(self) -> Mapping[str, Sentence]:
        """Name of a mark -> the sentence that it stands in now."""
        return {found.name: sentence for sentence in reversed(self._here) for found in sentence.marks}

    @cached_property
    def _saying(self) -> Mapping[str, list[Sentence]]:
        """Digest of words -> the sentences that say them now."""
        saying: dict[str, list[Sentence]] = {}
        for sentence in self._here:
            saying.setdefault(sentence.digest, []).append(sentence)
        return saying

    @cached_property
    def _said(self) -> tuple[str, ...]:
        """The sentences of the fresh report, in the order of its wording."""
        places: dict[str, list[str]] = {}
        for sentence in sentences_of(self.fresh):
            places.setdefault(sentence.digest, []).append(sentence.text)
        left = {digest: iter(texts) for digest, texts in places.items()}
        return tuple(next(left.get(wording.digest, iter(())), "") for wording in self.now.wording)

    def _now(self, printed: int) -> tuple[Sentence, ...]:
        """What stands now where a sentence was printed: nothing where it was taken out or its words are others' now."""
        wording = self.printed.wording[printed]
        held = dict.fromkeys(self._holding[name] for name in wording.marks if name in self._holding)
        if wording.marks:
            return tuple(held)
        same = self._saying.get(wording.digest, [])
        twins = [at for at, one in enumerate(self.printed.wording) if one.digest == wording.digest]
        return (same[twins.index(printed)],) if len(same) == len(twins) else ()

    def reworded(self) -> Iterator[Finding]:
        """The sentences and rows that would read otherwise now: not touched."""
        done = {at for start, rows in self.tables for at in range(start, start + len(rows.edited))}
        settled = {row.digest for _, rows in self.tables for row in rows.fresh}
        for gap in self.gaps:
            printed = tuple(at for at in gap.printed if at not in done)
            now = tuple(at for at in gap.now if self.now.wording[at].digest not in settled)
            yield from self._reworded(replace(gap, printed=printed, now=now))
        for _, rows in self.tables:
            place, gone, new = self.place(rows.edited[0].paragraph), len(rows.gone), len(rows.new)
            yield finding("D874", place, found=str(gone), expected=str(new))

    def _reworded(self, gap: Gap) -> Iterator[Finding]:
        old = dict.fromkeys(sentence for at in gap.printed for sentence in self._now(at))
        found = "\n".join(sentence.text for sentence in old)
        expected = "\n".join(text for at in gap.now if (text := self._said[at]))
        if found == expected:
            return
        rows = any(sentence.row for sentence in old)
        first = next(iter(old), None)
        if first is None:
            before = [sentence for at in range(gap.after, -1, -1) for sentence in self._now(at)[:1]][:1]
            place, rows = (before[0].paragraph, bool(before[0].row)) if before else (-1, False)
        else:
            place = first.paragraph
        code = "D872" if rows else "D863" if found and expected else "D864" if expected else "D865"
        yield finding(code, self.place(place), found=found, expected=expected)

    def lost(self) -> Iterator[Finding]:
        """The marks that are no longer there, and those that stand in several places."""
        there = {found.name for found in self.edited.found if found.text}
        for one, other in self.pairs.items():
            wording = self.printed.wording[one]
            gone = [mark for n in wording.marks if n not in there and (mark := self.printed.by_name.get(n))]
            if not gone:
                continue
            around = self._now(one)
            terms = [Term(self._label(mark), f"{mark.text} → {self.partners[mark.name].text}") for mark in gone]
            expected = self._said[other]
            found = around[0].text if around else ""
            yield finding(
                "D866", self.place(around[0].paragraph if around else -1), found=found, expected=expected, terms=terms
            )
        for name in self.edited.duplicated:
            mark = self.edited.mark(name)
            places = [self.place(found.paragraph) for found in self.edited.found if found.name == name]
            if mark is not None and name in self.refreshed:
                terms = [Term(self._label(mark), self.partners[name].text, place) for place in places]
                yield finding("D867", places[0], found=mark.text, expected=self.partners[name].text, terms=terms)

    def _label(self, mark: Mark) -> str:
        source = self.printed.source(mark.key)
        return source.label if source else mark.key

    def left_behind(self) -> Iterator[Finding]:
        """Sentences of people that seem to speak of the year before: its years, and numbers that have changed."""
        years = [str(self.printed.origin.year - n) for n in (0, 1)] if self._rolled else []
        stale = {
            mark.text: new.text
            for mark in self.printed.marks
            if mark.kind in NUMBERS and (new := self.partners.get(mark.name)) and new.text != mark.text
            if sum(sign.isdigit() for sign in mark.text) > 2
        }
        known = {wording.digest for wording in self.now.wording}
        contents = {entry for entry, *_ in self._entries}
        for sentence in self._here:
            if sentence.digest in known or sentence.paragraph in contents:
                continue
            words = sentence.words
            numbers = [
                n for n in dict.fromkeys(_NUMBER.findall(words)) if n in stale or (n in years and f"{n}年" in words)
            ]
            if numbers:
                terms = [Term(n, stale.get(n, str(int(n) + self._rolled) if n in years else "")) for n in numbers]
                yield finding("D870", self.place(sentence.paragraph), found=sentence.text, terms=terms)

    @property
    def _rolled(self) -> int:
        """By how many years the new accounts are later."""
        return self.now.origin.year - self.printed.origin.year

    # -- contents -------------------------------------------------------------------------------
    @cached_property
    def _entries(self) -> tuple[tuple[int, int], ...]:
        """The entries of the contents and the headings that they link to, as paragraphs."""
        paragraphs = {}
        for at, signs in enumerate(self.opened.signs):
            if signs:
                paragraphs[next(signs[0][1].iterancestors(f"{W}p"))] = at
        root = self.opened.trees[DOCUMENT]
        headings = {}
        for start in root.iter(f"{W}bookmarkStart"):
            parent = start.getparent()
            if parent in paragraphs:
                headings[start.get(f"{W}name")] = paragraphs[parent]
        found = []
        for link in root.iter(f"{W}hyperlink"):
            entry, heading = paragraphs.get(link.getparent()), headings.get(link.get(f"{W}anchor"))
            if entry is not None and heading is not None:
                found.append((entry, heading))
        return tuple(found)

    def _contents(self, changes: list[Change]) -> Iterator[Change]:
        """The entries of the contents whose headings change."""
        inside: dict[int, list[Change]] = {}
        for change in changes:
            inside.setdefault(change.found.paragraph, []).append(change)
        for entry, heading in self._entries:
            text = self.edited.paragraphs[heading].text
            new = text
            for change in reversed(inside.get(heading, ())):
                new = new[: change.found.start] + change.text + new[change.found.end :]
            found = Found("", entry, 0, entry, len(text), text, "contents")
            if new != text and self.edited.paragraphs[entry].text.startswith(text) and replaceable(self.opened, found):
                yield Change(found, new)

    # -- what the refreshed report knows ----------------------------------------------------------
    def manifest(self, named: Sequence[Mapping[str, str]]) -> Manifest:
        """The manifest of the refreshed report: the same bookmarks with what they say now.

        ``named``: for each table with other rows the new names of the fresh report's marks.
        """
        there = {found.name for found in self.edited.found if found.text}
        for _, rows in self.tables:
            kept = set(rows.stayed.values())
            there -= {found.name for row in rows.edited for found in row.marks if found.name not in kept}
        marks = []
        sources: dict[str, Source] = {}
        for mark in self.printed.marks:
            if mark.name not in there:
                continue
            new = self.partners.get(mark.name, mark)
            marks.append(new._replace(name=mark.name, carrier=mark.carrier, touched=mark.touched))
            for key in (new.key, *(part.key for part in new.parts)):
                source = self.now.source(key) or self.printed.source(key)
                if source is not None:
                    sources[key] = source
        wording = list(self.printed.wording)
        for (start, rows), names in sorted(zip(self.tables, named, strict=True), key=lambda one: -one[0][0]):
            wording[start : start + len(rows.edited)] = wording_of(rows, names)
            for old, name in names.items():
                new = self.now.by_name[old]
                marks.append(new._replace(name=name, carrier="bookmark"))
                sources |= {key: self.now.sources[key] for key in (new.key, *(part.key for part in new.parts))}
        marks.sort(key=lambda mark: mark.name)
        for chart in self.now.charts:
            sources |= {point.key: self.now.sources[point.key] for point in chart.points}
        return replace(
            self.printed, origin=self.now.origin, sources=sources, marks=tuple(marks), wording=tuple(wording)
        )

    def summary(self) -> Finding:
        """How many marks were refreshed."""
        places = [change for change in self.changes if change.found.name]
        return finding("D881", self.name, found=str(len(places)), expected=str(len(self.edited.found)))


def _cells(source: Source | None) -> str:
    if source is None:
        return ""
    return "、".join(source.cells[:3]) + ("…" if len(source.cells) > 3 else "")

"""What in a report that people edited is not, or no longer, what the accounts say."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cached_property

from xl2report.findings import Finding, Term, Words, finding
from xl2report.fresh import DIRECTION, DIRECTIONS, NUMBER, Signs, aligned, directions, numbers, partners
from xl2report.manifest import DrawnChart, Manifest, Mark, Origin, Source
from xl2report.marks import DOCUMENT, Found, Marked
from xl2report.meaning import meant
from xl2report.profile import Profile
from xl2report.prose import found_word

LONGEST = 120
"""How many characters of a sentence are shown."""
MOST = 6
"""How many figures of a sentence, and how many areas of cells, are named."""
FORMULA = Words("算法", "formula")
_NUMERIC = ("figure", "item", "box")
_OWN = re.compile(r"(?:19|20)\d\d(?=年|[-—–至〕\]）)])|\d{1,2}(?=月|日|时)|\d{5,}(?![\d.万元%])")
"""Years, dates and codes: numbers that are no amounts."""
_LIST = re.compile(r"[（(]?\d{1,2}[.．、）)]|(?:图|表|附件|附表|公开|第)\d+")
"""How a sentence begins that is numbered; after these words a number is no amount either."""
_AMOUNT = re.compile(r"\s*(?:万元|亿元|元|个百分点|百分点)")
_PAGE_NUMBER = re.compile(r"[\s\d—–\-第页共/]*")
NOTHING = "—"
"""What is shown of something that is not there."""


def verify_report(edited: Marked, fresh: Marked, profile: Profile, name: str, year: int) -> tuple[Finding, ...]:
    """Everything in an edited report that does not agree with the one compiled now, in reading order.

    Args:
        edited: the report that people worked on, with its marks or without.
        fresh: the report as the accounts give it now, with marks.
        profile: its rules about words name the leftovers of templates.
        name: the file name, for the places.
        year: the year of the accounts.
    """
    return tuple(_Comparison(edited, fresh, profile, name, year).findings())


def made_otherwise(edited: Marked, now: Origin, name: str) -> Iterator[Finding]:
    """What tells that a report was compiled for other accounts, or with another profile or template."""
    was = edited.manifest.origin if edited.manifest else now
    if was.year != now.year:
        yield finding("D813", name, found=str(was.year), expected=str(now.year), what_zh="年度", what_en="year")
    elif was.profile != now.profile:
        yield finding("D813", name, found=was.profile, expected=now.profile, what_zh="口径", what_en="profile")
    elif was.template_sha256 != now.template_sha256:
        yield finding("D813", name, found=was.template, expected=now.template, what_zh="模板", what_en="template")


@dataclass(frozen=True, slots=True)
class _Said:
    """A mark of the fresh report, or one of the edited report without a fellow there, and where it stands now."""

    found: Found
    printed: Mark | None
    now: Mark | None


class _Comparison:
    """One report beside another one."""

    def __init__(self, edited: Marked, fresh: Marked, profile: Profile, name: str, year: int) -> None:
        assert fresh.manifest is not None
        self.edited, self.fresh, self.profile, self.name, self.year = edited, fresh, profile, name, year
        self.manifest: Manifest = fresh.manifest
        self.here, self.there = Signs.of(edited), Signs.of(fresh)
        self.words = aligned(self.here, self.there)
        self.fresh_places = {found.name: found for found in fresh.found}
        self.covered: set[int] = set()
        self.right: dict[int, dict[tuple[int, int], str]] = {}
        """Paragraph -> the marks in it that are wrong, by where they begin and end, with what the accounts say."""

    def findings(self) -> Iterator[Finding]:
        """All of them: marks and numbers by paragraph, then what is nowhere, then charts."""
        if self.edited.manifest is None:
            yield finding("D815", self.name)
        placed: list[tuple[int, int, Finding]] = []
        missing: list[Mark] = []
        everything = list(self._said(missing))
        for said in everything:
            self.covered.update(self.here.within(said.found))
            if (
                said.now is not None
                and not _agrees(self._whole(said.found, said.now), said.now)
                and said.found.until == said.found.paragraph
            ):
                place = self.right.setdefault(said.found.paragraph, {})
                place[said.found.start, said.found.end] = said.now.text
        for said in everything:
            placed += [(said.found.paragraph, said.found.start, found) for found in self._compared(said)]
        placed += self._twice()
        placed += self._unmarked()
        placed += self._turned()
        placed += self._leftovers()
        yield from (found for *_, found in sorted(placed, key=lambda one: one[:2]))
        yield from self._missing(missing)
        yield from self._charts()

    # -- where each mark stands now -------------------------------------------------------------
    def _said(self, missing: list[Mark]) -> Iterator[_Said]:
        """Every mark with the text that it has now; those of the fresh report that stand nowhere are added to ``missing``."""
        printed = self.edited.manifest
        fellows = partners(printed, self.manifest) if printed is not None else {}
        there: set[str] = set()
        for found in self.edited.found:
            mark = self.edited.mark(found.name)
            if mark is None or (not found.text.strip() and mark.text.strip()):
                continue
            now = fellows.get(found.name)
            there |= {now.name} if now else set()
            yield _Said(found, mark, now)
        known = {now.name: printed.by_name[name] for name, now in fellows.items()} if printed is not None else {}
        covered = {at for found in self.edited.found if found.text for at in self.here.within(found)}
        for place in self.fresh.found:
            mark = self.manifest.by_name.get(place.name)
            if mark is None or place.name in there:
                continue
            guessed = self.words.projected(place)
            if guessed is None or covered & set(self.here.within(guessed)):
                missing.append(mark)
            else:
                yield _Said(guessed, known.get(mark.name), mark)

    # -- one mark -------------------------------------------------------------------------------
    def _compared(self, said: _Said) -> Iterator[Finding]:
        """What is wrong with one mark."""
        found, printed, now = said.found, said.printed, said.now
        text = self._whole(found, now or printed)
        if now is not None and _agrees(text, now):
            if found.by == "text" and printed is not None and now.kind in _NUMERIC and self.edited.manifest is not None:
                yield self._finding("D808", found, now, text=found.text, name=self._label(now))
            return
        kept = printed is not None and _same(found.text, printed.text)
        if now is None:
            yield self._finding("D802", found, printed, now=found.text, fresh=NOTHING)
        elif kept:
            yield self._finding("D802", found, now, now=found.text, fresh=now.text, expected=now.text)
        elif now.kind == "text" and set(numbers(found.text)) <= set(numbers(now.text)):
            yield self._finding("D814", found, now, expected=now.text)
        elif now.kind == "phrase" and not _other_numbers(text, now):
            yield self._finding("D810", found, now, now=text, fresh=now.text, expected=now.text)
        elif printed is None:
            yield self._finding("D804", found, now, now=found.text, fresh=now.text, expected=now.text)
        else:
            code = "D801" if printed.text == now.text else "D803"
            yield self._finding(
                code, found, now, now=found.text, printed=printed.text, fresh=now.text, expected=now.text
            )

    def _whole(self, found: Found, mark: Mark | None) -> str:
        """The text of a mark; of a phrase with the word of direction that was typed right before its bookmark."""
        inside = self.here.within(found)
        if mark is None or mark.kind != "phrase" or not inside or inside.start == 0:
            return found.text
        before = self.here.signs[inside.start - 1]
        touching = before.sign == DIRECTION and (before.paragraph, before.end) == (found.paragraph, found.start)
        replaced = touching and directions(mark.text[:2]) != directions(found.text[:2])
        return before.text + found.text if replaced else found.text

    # -- several marks --------------------------------------------------------------------------
    def _twice(self) -> Iterator[tuple[int, int, Finding]]:
        """Marks that stand in several places: one finding for each paragraph that was copied."""
        paragraphs: dict[int, list[Found]] = defaultdict(list)
        for name in self.edited.duplicated:
            for found in [one for one in self.edited.found if one.name == name][1:]:
                paragraphs[found.paragraph].append(found)
        for copies in paragraphs.values():
            names = self._labels(mark for found in copies if (mark := self.edited.mark(found.name)))
            if names:
                yield copies[0].paragraph, copies[0].start, self._finding("D806", copies[0], None, name=names)

    def _missing(self, missing: Iterable[Mark]) -> Iterator[Finding]:
        """What the accounts say and the report does not, by sentence (a schedule as a whole)."""
        groups: dict[object, list[Mark]] = defaultdict(list)
        for mark in missing:
            inside = self.there.within(self.fresh_places[mark.name])
            sentence = self.there.sentence_of[inside.start] if inside else -1
            groups[mark.key.partition("!")[0] if mark.kind == "box" else sentence].append(mark)
        for marks in groups.values():
            place = self.fresh_places[marks[0].name]
            inside = self.there.within(place)
            said = self.there.said(self.there.sentence_of[inside.start]) if inside else place.text
            where = self._before(inside.start) if inside else self.name
            only_words = all(mark.kind == "text" for mark in marks)
            if only_words and any(
                at in self.words.of_fresh for at in range(*self.there.sentences[self.there.sentence_of[inside.start]])
            ):
                continue  # the sentence was reworded without them
            terms = tuple(term for mark in marks[:MOST] for term in self._terms(mark))
            names = self._labels(marks)
            yield finding(
                "D805", where, name=names, found=NOTHING, expected=_short(said, said.find(place.text)), terms=terms
            )

    def _before(self, sign: int) -> str:
        """The place of what stands before a sign of the fresh report, where that would have to be put."""
        before = next((at for at in range(sign - 1, -1, -1) if at in self.words.of_fresh), None)
        return self._place(self.here.signs[self.words.of_fresh[before]].paragraph) if before is not None else self.name

    # -- what has no mark -----------------------------------------------------------------------
    def _unmarked(self) -> Iterator[tuple[int, int, Finding]]:
        """Numbers that were typed in or pasted."""
        marked = {at for found in self.fresh.found for at in self.there.within(found)}
        for at, sign in enumerate(self.here.signs):
            if sign.sign != NUMBER or at in self.covered or self._explained(at):
                continue
            other = self.words.of_edited.get(at)
            if other is not None and self.there.signs[other].text == sign.text:
                continue  # the words of the template or of the department
            near = self.words.partner(self.here.sentence_of[at])
            unit = _AMOUNT.match(self.edited.paragraphs[sign.paragraph].text, sign.end)
            if near is None and not unit and not re.search(r"[.%]", sign.text):
                continue
            if other is None and self._in_other_words(at):
                continue
            close = [found.name for found in self.fresh.found if near is not None and self._in_sentence(found, near)]
            guess = meant(sign.text, unit[0].strip() if unit else "", self.manifest, close)
            place = Found("", sign.paragraph, sign.start, sign.paragraph, sign.end, sign.text, "text")
            typed = sign.text + (unit[0].strip() if unit else "")
            terms = tuple(term for mark in guess.marks for term in self._terms(mark))
            names = self._labels(guess.marks)
            if guess.equal:
                made = self._finding("D808", place, None, text=typed, name=names)
            elif guess.marks:
                made = self._finding(
                    "D807",
                    place,
                    None,
                    text=typed,
                    name=names,
                    expected=guess.marks[0].text,
                    expected_text=guess.marks[0].text,
                )
            else:
                expected = self.there.signs[other].text if other is not None and other not in marked else ""
                made = self._finding("D809", place, None, text=typed, expected=expected)
            yield sign.paragraph, sign.start, made._replace(terms=terms)

    def _explained(self, at: int) -> bool:
        """Whether a number is a year, a date, a code, the number of a paragraph, a chart or a page."""
        sign = self.here.signs[at]
        paragraph = self.edited.paragraphs[sign.paragraph]
        if paragraph.part != DOCUMENT and _PAGE_NUMBER.fullmatch(paragraph.text):
            return True
        first, _ = self.here.sentences[self.here.sentence_of[at]]
        start = max(self.here.signs[first].start, sign.start - 3)
        numbered = (match for match in _LIST.finditer(paragraph.text, start, sign.end + 2))
        listed = any(
            m.start() <= sign.start < m.end() and (m[0][0] not in "（(0123456789" or at - first < 2) for m in numbered
        )
        return listed or bool(_OWN.match(paragraph.text, sign.start))

    def _in_other_words(self, at: int) -> bool:
        """Whether a number stands somewhere in the fresh report between the same words, without a mark."""
        return "".join(sign.text for sign in self.here.signs[max(0, at - 4) : at + 3]) in self._whole_fresh

    @cached_property
    def _whole_fresh(self) -> str:
        marked = {at for found in self.fresh.found for at in self.there.within(found)}
        return "".join("\x00" if at in marked else sign.text for at, sign in enumerate(self.there.signs))

    def _in_sentence(self, found: Found, sentence: int) -> bool:
        first, end = self.there.sentences[sentence]
        inside = self.there.within(found)
        return bool(inside) and first <= inside.start < end

    def _turned(self) -> Iterator[tuple[int, int, Finding]]:
        """Words of direction outside of marks that say the contrary of the fresh report's, or of the number behind them."""
        for at, sign in enumerate(self.here.signs):
            if sign.sign != DIRECTION or at in self.covered:
                continue
            other = self.words.of_edited.get(at)
            expected = self.there.signs[other].text if other is not None else self._direction_of(at)
            if expected and DIRECTIONS[expected] != DIRECTIONS[sign.text]:
                place = Found("", sign.paragraph, sign.start, sign.paragraph, sign.end, sign.text, "text")
                yield (
                    sign.paragraph,
                    sign.start,
                    self._finding("D810", place, None, now=sign.text, fresh=expected, expected=expected),
                )

    def _direction_of(self, at: int) -> str:
        """The word for the sign of the change that follows a word which was typed in, "" where none follows."""
        for found in self.edited.found:
            inside = self.here.within(found)
            mark = self.edited.mark(found.name)
            if inside and mark and 0 < inside.start - at <= 3 and mark.key.endswith((".增减", ".增长率", ".差额")):
                source = self.manifest.source(mark.key)
                if source is not None and source.value:
                    return "增加" if source.value > 0 else "减少"
        return ""

    def _leftovers(self) -> Iterator[tuple[int, int, Finding]]:
        """Words of templates that nobody replaced, in sentences that are not the fresh report's."""
        rules = [
            rule
            for rule in self.profile.rules.values()
            if rule.scope == "texts" and not any(claim.text for claim in rule.claims)
        ]
        known = set(self.there.skeletons)
        for number, (first, _) in enumerate(self.here.sentences):
            if self.here.skeletons[number] in known:
                continue
            said = self.here.said(number)
            for rule in rules:
                word = found_word(said, rule.of, self.year)
                if word and not any(
                    word in self.there.said(near) for near in [self.words.partner(number)] if near is not None
                ):
                    sign = self.here.signs[first]
                    place = Found("", sign.paragraph, sign.start, sign.paragraph, sign.end, sign.text, "text")
                    yield sign.paragraph, sign.start, self._finding("D811", place, None, text=word)
                    break

    def _charts(self) -> Iterator[Finding]:
        """Charts that draw other numbers than the accounts give now."""
        edited = replace(self.edited, manifest=self.edited.manifest or self.manifest)
        drawn = {chart.name: now for chart, now in edited.drawn}
        for chart in self.manifest.charts:
            now = drawn.get(chart.name)
            if now is None:
                yield finding("D812", self.name, chart=chart.name, found=NOTHING, expected=_points(chart))
                continue
            values = [_value(text) for text in now.values]
            wanted = [_value(point.text) for point in chart.points]
            same = len(values) == len(wanted) and all(
                a is not None and b is not None and abs(a - b) < Decimal("0.005")
                for a, b in zip(values, wanted, strict=True)
            )
            if not same or [c.strip() for c in now.categories] != [p.category.strip() for p in chart.points]:
                said = "；".join(f"{c} {v}" for c, v in zip(now.categories, now.values, strict=False))
                terms = [
                    t
                    for point in chart.points[:MOST]
                    if (s := self.manifest.source(point.key))
                    for t in self._of(s, point.text)
                ]
                yield finding("D812", self.name, chart=chart.name, found=said, expected=_points(chart), terms=terms)

    # -- words ----------------------------------------------------------------------------------
    def _finding(self, code: str, found: Found, mark: Mark | None, *, expected: str = "", **words: str) -> Finding:
        """A finding at a place of the edited report: its sentence, and the sentence as it should read."""
        sentence, first = self._sentence(found)
        should = self._corrected(sentence, found, first, expected) if expected else ""
        at = found.start - first
        name = self._label(mark) if mark is not None else ""
        return finding(
            code, self._place(found.paragraph), found=_short(sentence, at), expected=_short(should, at),
            terms=self._terms(mark) if mark is not None else (), **{"name": name, **words},
        )  # fmt: skip

    def _sentence(self, found: Found) -> tuple[str, int]:
        """The sentence that something stands in, and where in its paragraph that begins."""
        text = self.edited.paragraphs[found.paragraph].text
        sentence = self.edited.sentence(found) or text.strip()
        first = text.rfind(sentence, 0, found.start + len(sentence)) if sentence else 0
        return sentence, max(first, 0)

    def _corrected(self, sentence: str, found: Found, first: int, expected: str) -> str:
        """A sentence as it should read: with a new text in a place, and with those of all other marks in it that are wrong."""
        wrong = {(found.start, found.end): expected} | self.right.get(found.paragraph, {})
        for (start, end), text in sorted(wrong.items(), reverse=True):
            if first <= start <= end <= first + len(sentence):
                sentence = sentence[: start - first] + text + sentence[end - first :]
        return sentence

    def _place(self, paragraph: int) -> str:
        one = self.edited.paragraphs[paragraph]
        part = "" if one.part == DOCUMENT else f" {one.part.rpartition('/')[2].removesuffix('.xml')}"
        return f"{self.name}{part} 第{one.number}段"

    def _label(self, mark: Mark) -> str:
        source = self._source(mark.key)
        if mark.parts and source is None:
            return "、".join(dict.fromkeys(self._label_of(part.key) for part in mark.parts))
        return self._label_of(mark.key)

    def _label_of(self, key: str) -> str:
        source = self._source(key)
        label = source.label if source is not None else key
        base, companion = key.rpartition(".")[::2]
        return f"{self._label_of(base)}的{companion}" if label == key and base else label

    def _labels(self, marks: Iterable[Mark]) -> str:
        names = list(dict.fromkeys(self._label(mark) for mark in marks))
        return "、".join(names[:MOST]) + ("…" if len(names) > MOST else "")

    def _source(self, key: str) -> Source | None:
        return self.manifest.source(key) or (self.edited.manifest.source(key) if self.edited.manifest else None)

    def _terms(self, mark: Mark) -> Iterator[Term]:
        """The figures of a mark: name, value, cells, and how they are computed."""
        shown = [(part.key, part.text) for part in mark.parts] or [(mark.key, mark.text)]
        for key, text in shown:
            source = self._source(key)
            if source is not None:
                yield from self._of(source, text)

    def _of(self, source: Source, text: str) -> Iterator[Term]:
        unit = "" if source.unit in ("", "%") else source.unit
        cells = "、".join(source.cells[:MOST]) + ("…" if len(source.cells) > MOST else "")
        yield Term(self._label_of(source.key), _short(text + unit, 0), cells)
        if source.how and source.how != source.label:
            yield Term(FORMULA, source.how)


# -- small questions ------------------------------------------------------------------------------


def _agrees(text: str, mark: Mark) -> bool:
    """Whether a text says what a mark of the fresh report says."""
    if _same(text, mark.text):
        return True
    if mark.kind in _NUMERIC:
        now = _value(text)
        return now is not None and (now, _of_hundred(text)) == (_value(mark.text), _of_hundred(mark.text))
    ways = directions(text)
    return mark.kind == "phrase" and not _other_numbers(text, mark) and (not ways or ways == directions(mark.text))


def _of_hundred(text: str) -> bool:
    return text.rstrip()[-1:] in ("%", "％")


def _other_numbers(text: str, mark: Mark) -> bool:
    """Whether a phrase lacks one of the numbers that it should say, or has one that it should not."""
    said, wanted = numbers(text), numbers(mark.text)
    return any(part.text not in said for part in mark.parts) or not set(said) <= set(wanted)


def _same(text: str, other: str) -> bool:
    return "".join(text.split()) == "".join(other.split())


def _value(text: str) -> Decimal | None:
    """The number that a text is, ``None`` where it is none."""
    try:
        return Decimal("".join(text.replace("−", "-").split()).replace(",", "").replace("，", "").rstrip("%％"))
    except InvalidOperation:
        return None


def _points(chart: DrawnChart) -> str:
    return "；".join(f"{point.category} {point.text}" for point in chart.points)


def _short(text: str, at: int) -> str:
    """A sentence cut around a place where it is long."""
    if len(text) <= LONGEST:
        return text
    start = max(0, min(at - LONGEST // 3, len(text) - LONGEST))
    return ("…" if start else "") + text[start : start + LONGEST] + ("…" if start + LONGEST < len(text) else "")

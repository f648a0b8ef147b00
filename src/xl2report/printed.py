"""Every number that the outputs print, with its place: the boxes of the schedules, and what the template prints.

The template is filled once more with figures that print themselves between private characters, so that each
number is found where it stands, whatever the template does with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

from xl2report.charts import MARKER, WP, chart_data
from xl2report.contents import heading_levels
from xl2report.derive import Figures
from xl2report.facts import Book, Row
from xl2report.figures import Figure, ratio, summed
from xl2report.findings import Finding
from xl2report.narrative import filled
from xl2report.phrasing import case_of, numbers_of, years_of
from xl2report.profile import Profile
from xl2report.scopes import box_name
from xl2report.sheets import Box, Sheet
from xl2report.views import FigureView, Notes, Record, context_of

OPEN, BETWEEN, CLOSE = "\U0010fff0", "\U0010fff1", "\U0010fff2"
"""What stands around a number while its place is looked for; the report itself has none of it."""
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NUMBER = re.compile(f"{OPEN}(\\d+){BETWEEN}(.*?){CLOSE}", re.DOTALL)
_PARTS = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")

Kind = Literal["box", "figure", "phrase", "chart", "project"]


def _numeral(heading: str) -> str:
    """The number of a heading, by which it is known; the whole of one without.

    >>> _numeral("第二部分　2023年度部门决算情况说明"), _numeral("五、一般公共预算"), _numeral("名词解释")
    ('第二部分', '五、', '名词解释')
    """
    number = re.match(r"第[一二三四五六七八九十]+部分|[一二三四五六七八九十]+、|（[一二三四五六七八九十]+）", heading)
    return number[0] if number else heading


@dataclass(frozen=True, slots=True)
class Printed:
    """One number as an output prints it: its figure, its name, its text, its place.

    ``schedule`` and ``ref`` say the box of a schedule; ``section`` (headings from the top down) and ``paragraph``,
    counted from the last heading, the place in the report, or ``table`` and ``row``. ``passage`` is the text of the
    paragraph or of the table's row, in which the number starts at ``start``; for a box the title of its schedule, for a chart its caption.
    """

    kind: Kind
    name: str
    label: str
    text: str
    figure: Figure
    schedule: str = ""
    ref: str = ""
    section: tuple[str, ...] = ()
    paragraph: int = 0
    table: int = 0
    row: int = 0
    passage: str = ""
    start: int = 0

    def place(self, lang: str = "zh") -> str:
        """The place in words."""
        if self.schedule:
            return f"公开{self.schedule}表!{self.ref}"
        if self.table:
            return (
                f"报告第{self.table}个表第{self.row}行"
                if lang == "zh"
                else f"report, table {self.table}, row {self.row}"
            )
        path = " ".join([*map(_numeral, self.section[:-1]), *self.section[-1:]])
        return f"报告“{path}”第{self.paragraph}段" if lang == "zh" else f"report “{path}”, paragraph {self.paragraph}"

    def around(self, most: int = 18) -> str:
        """The words around the number in its paragraph, the number in 【】; for a box the title of its schedule."""
        if self.schedule or self.kind == "chart":
            return self.passage
        end = self.start + len(self.text)
        before, after = self.passage[: self.start], self.passage[end:]
        before = f"…{before[-most:]}" if len(before) > most else before
        after = f"{after[:most]}…" if len(after) > most else after
        return f"{before}【{self.text}】{after}"


def printed_numbers(
    template: Path, profile: Profile, book: Book, figures: Figures, sheets: Sequence[Sheet]
) -> tuple[tuple[Printed, ...], tuple[Finding, ...]]:
    """Every printed number, schedules first, in reading order; and what is wrong with a template that cannot be filled."""
    boxes = tuple(of_box(sheet, box) for sheet in sheets for box in sheet.amounts if box.figure is not None)
    kept = _Kept(figures)
    charts = chart_data(profile, figures)
    context = context_of(profile, book, figures, sheets, charts, Notes())
    marked = {name: kept.view(name, value) for name, value in context.items()}
    parts, findings = filled(template, profile, book, marked | {"附表表格": "", "目录": ""})
    return (*boxes, *_in_report(parts, kept, figures)), findings


def of_box(sheet: Sheet, box: Box) -> Printed:
    """The number of a box of a schedule."""
    figure = box.figure
    assert figure is not None
    text = f"{figure.unit.rounded(figure.value):,f}" if figure.value is not None else ""
    return Printed(
        "box", f"{sheet.key}!{box.ref}", box_name(box), text, figure, sheet.key, box.ref, passage=sheet.title
    )


# -- figures that say where they are -----------------------------------------------------------------


class _Kept:
    """The numbers that were printed, in the order in which they were asked for."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self.numbers: list[Printed] = []

    def mark(self, kind: Kind, name: str, label: str, text: str, figure: Figure) -> str:
        """The text between marks, ready to be put into the document."""
        self.numbers.append(Printed(kind, name, label, text, figure))
        return f"{OPEN}{len(self.numbers) - 1}{BETWEEN}{escape(text)}{CLOSE}"

    def view(self, name: str, value: Any) -> Any:
        """What a template sees instead of a value."""
        if isinstance(value, FigureView):
            return _Marked(self, value)
        if isinstance(value, Record):
            return _Project(self, value)
        if isinstance(value, tuple):
            return tuple(self.view(name, each) for each in value)
        if isinstance(value, str) and name in self.figures and name not in years_of(self.figures):
            figure = self.figures[name]
            return _Text(value, lambda: self.mark("figure", name, figure.label or name, value, figure))
        return value


class _Text(str):
    """A text that is marked where it is printed, and a text like any other in conditions."""

    def __new__(cls, text: str, marked: Any) -> _Text:
        made = super().__new__(cls, text)
        made._marked = marked
        return made

    _marked: Any

    def __html__(self) -> str:
        return str(self._marked())


class _Marked(FigureView):
    """A figure, or an item of a list, that is marked where it is printed, with its company and its phrases."""

    __slots__ = ("_kept", "_view")

    def __init__(self, kept: _Kept, view: FigureView) -> None:
        super().__init__(view._figures, view._name, view._notes, view._label)
        self._kept = kept
        self._view = view

    def __html__(self) -> str:
        return self._kept.mark("figure", self._name, self.名称, str(self), self._figure)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._view, name)
        if isinstance(found, FigureView):
            return _Marked(self._kept, found)
        phrase = self._figures.profile.phrases.get(name)
        return _Text(found, lambda: self._said(name)) if phrase and found else found

    def _said(self, name: str) -> str:
        """The words of a phrase, its numbers marked."""
        phrase = self._figures.profile.phrases[name]
        words = dict(years_of(self._figures))
        template = phrase.cases[case_of(self._figures, self._name, phrase.of)]
        for word, number in numbers_of(self._figures, self._name, phrase.of).items():
            if f"{{{word}}}" in template:
                _, _, companion = number.name.removeprefix(self._name).partition(".")
                label = f"{self.名称}的{companion}" if companion else self.名称
                figure = self._figures[number.name]
                words[word] = self._kept.mark("phrase", number.name, label, number.text, figure)
        return escape(template).format_map(words)


class _Project:
    """One project with its amounts marked."""

    def __init__(self, kept: _Kept, record: Record) -> None:
        self._kept = kept
        self._record = record

    def __getattr__(self, name: str) -> Any:
        text = getattr(self._record, name)
        fact = self._record._row.facts.get(name)
        if fact is None or not text:
            return text
        figure = self._figure(name)
        return _Text(text, lambda: self._kept.mark("project", figure.name, figure.label, text, figure))

    def 执行率(self, budget: str, outturn: str) -> str:  # noqa: N802 - what a template asks for
        """The execution of one budget amount, marked."""
        text = self._record.执行率(budget, outturn)
        if not text:
            return text
        planned, spent = self._figure(budget), self._figure(outturn)
        assert planned.value is not None
        assert spent.value is not None
        percent = self._kept.figures.profile.units["%"]
        name = f"{_project(self._record._row)}.{outturn}/{budget}"
        how = f"{outturn} / {budget}"
        label = f"{self._record._row.text('项目名称')}：{how}"
        figure = Figure(name, ratio(spent.value, planned.value), percent, how, (spent, planned), label=label)
        return _Text(text, lambda: self._kept.mark("project", name, label, text, figure))

    def _figure(self, heading: str) -> Figure:
        row = self._record._row
        name = f"{_project(row)}.{heading}"
        label = f"{row.text('项目名称')}：{heading}"
        return summed(name, (row.facts[heading],), self._kept.figures.profile.units["万元"], heading, label)


def _project(row: Row) -> str:
    return f"{row.table}[{row.text('项目名称')}]"


# -- the filled template, read -----------------------------------------------------------------------


def _in_report(parts: Mapping[str, bytes], kept: _Kept, figures: Figures) -> Iterator[Printed]:
    """The numbers of the report in reading order, headers and notes behind the body."""
    if not parts:
        return
    levels = heading_levels(parts.get("word/styles.xml", b"<none/>"))
    for name in sorted(filter(_PARTS.fullmatch, parts), key=lambda n: (n != "word/document.xml", n)):
        body = _parsed(parts[name])
        path: dict[int, str] = {} if name == "word/document.xml" else {1: name.removeprefix("word/")}
        tables = list(body.iter(f"{W}tbl"))
        count = 0
        for paragraph in body.iter(f"{W}p"):
            if next(paragraph.iterancestors(FALLBACK), None) is not None:
                continue
            style = paragraph.find(f"{W}pPr/{W}pStyle")
            _, level = levels.get(style.get(f"{W}val") if style is not None else "", ("", 0))
            text = _text(paragraph)
            passage = _NUMBER.sub(r"\2", text)
            if level and passage.strip():
                path = {at: heading for at, heading in path.items() if at < level} | {level: passage.strip()}
                count = 0
            else:
                count += 1
            section = tuple(path[at] for at in sorted(path))
            taken = 0
            for found in (m for m in _NUMBER.finditer(text) if int(m[1]) < len(kept.numbers)):
                start = found.start() - taken
                taken += len(found[0]) - len(found[2])
                number = replace(
                    kept.numbers[int(found[1])], section=section, paragraph=count, passage=passage, start=start
                )
                yield _in_table(number, paragraph, tables) if tables else number
            for chart in _charts(paragraph):
                yield from _on_chart(chart, section, count, figures)


def _text(paragraph: Any) -> str:
    """The text of a paragraph, without that of boxes in it."""
    return "".join(t.text or "" for t in paragraph.iter(f"{W}t") if next(t.iterancestors(f"{W}p")) is paragraph)


def _in_table(number: Printed, paragraph: Any, tables: Sequence[Any]) -> Printed:
    """The number with its table and row, where its paragraph stands in one; the row is its passage."""
    row = next(paragraph.iterancestors(f"{W}tr"), None)
    if row is None:
        return number
    table = next(row.iterancestors(f"{W}tbl"))
    before, passage = 0, ""
    for cell in row.iterchildren(f"{W}tc"):
        for own in cell.iter(f"{W}p"):
            if own is paragraph:
                before = len(passage)
            passage += _NUMBER.sub(r"\2", _text(own))
        passage += " │ "
    at = list(table.iterchildren(f"{W}tr")).index(row) + 1
    passage = passage.removesuffix(" │ ")
    return replace(number, table=tables.index(table) + 1, row=at, passage=passage, start=before + number.start)


def _charts(paragraph: Any) -> Iterator[str]:
    """The names of the charts in a paragraph."""
    for properties in paragraph.iter(f"{{{WP}}}docPr"):
        for text in (properties.get("descr") or "", properties.get("title") or ""):
            if text.startswith(MARKER):
                yield text.removeprefix(MARKER).strip()
                break


def _on_chart(name: str, section: tuple[str, ...], paragraph: int, figures: Figures) -> Iterator[Printed]:
    """The numbers that a chart shows."""
    data = chart_data(figures.profile, figures).get(name)
    if data is None:
        return
    chart = figures.profile.charts[name]
    if chart.kind == "pie":
        named = {item.label: f"{item.measure}.占比" for item in figures.listed(chart.list)}
        names = [named[category] for category in data.categories]
        labels = [f"{category}的占比" for category in data.categories]
    else:
        names = [f"{chart.measure}.上年", chart.measure]
        label = figures[chart.measure].label or chart.measure
        labels = [f"{label}的上年", label]
    for one, label, category, text in zip(names, labels, data.categories, data.labels, strict=True):
        passage = f"{data.caption}：{category}"
        yield Printed("chart", one, label, text, figures[one], section=section, paragraph=paragraph, passage=passage)


def _parsed(xml: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, huge_tree=True))

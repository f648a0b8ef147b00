"""Every number that the outputs print, with its place: the boxes of the schedules, and what the template prints.

The template is filled once more, and the ledger of what it printed says which number stands where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from xl2report.charts import MARKER, WP, chart_data
from xl2report.contents import heading_levels
from xl2report.derive import Figures
from xl2report.facts import Book
from xl2report.figures import Figure
from xl2report.findings import Finding
from xl2report.manifest import BEGIN, END, SAID, Ledger, Print
from xl2report.narrative import filled
from xl2report.profile import Profile
from xl2report.scopes import box_name
from xl2report.sheets import Box, Sheet
from xl2report.views import Notes, context_of

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NUMBER = re.compile(f"{BEGIN}(\\d+){SAID}(.*?){END}", re.DOTALL)
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
    ledger = Ledger()
    context = context_of(profile, book, figures, sheets, chart_data(profile, figures), Notes())
    parts, findings = filled(template, profile, book, context | {"附表表格": "", "目录": ""}, ledger)
    return (*boxes, *_in_report(parts, ledger, figures)), findings


def of_box(sheet: Sheet, box: Box) -> Printed:
    """The number of a box of a schedule."""
    figure = box.figure
    assert figure is not None
    text = f"{figure.unit.rounded(figure.value):,f}" if figure.value is not None else ""
    return Printed(
        "box", f"{sheet.key}!{box.ref}", box_name(box), text, figure, sheet.key, box.ref, passage=sheet.title
    )


# -- what the template printed ------------------------------------------------------------------------


def _numbers_of(made: Print, profile: Profile) -> Iterator[tuple[Printed, int]]:
    """The numbers in something that was printed, each with where in its text it begins."""
    if made.figure is not None:
        yield Printed(_kind(made, profile), made.key, _label(made), made.text, made.figure), 0
    base, _, _ = made.key.rpartition(".")
    label = made.label.removesuffix(f"的{made.key.rpartition('.')[2]}")
    for piece in made.pieces:
        _, _, companion = piece.figure.name.removeprefix(base).partition(".")
        called = f"{label}的{companion}" if companion else label
        yield Printed("phrase", piece.figure.name, called, piece.text, piece.figure), piece.at


def _kind(made: Print, profile: Profile) -> Kind:
    records = tuple(f"{table.name}[" for table in profile.tables.values() if table.kind == "records")
    return "project" if made.key.startswith(records) else "figure"


def _label(made: Print) -> str:
    """What a number is called: with its project, where it is one of a project's."""
    project = re.match(r"\w+\[(.*)\]\.", made.key)
    return f"{project[1]}：{made.label}" if project else made.label


# -- the filled template, read -----------------------------------------------------------------------


def _in_report(parts: Mapping[str, bytes], ledger: Ledger, figures: Figures) -> Iterator[Printed]:
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
            for found in _NUMBER.finditer(text):
                start = found.start() - taken
                taken += len(found[0]) - len(found[2])
                for number, at in _numbers_of(ledger.prints[int(found[1])], figures.profile):
                    placed = replace(number, section=section, paragraph=count, passage=passage, start=start + at)
                    yield _in_table(placed, paragraph, tables) if tables else placed
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

"""The schedules as Word tables on landscape pages, for ``--with-tables``: placed in the finished package.

A template says where with the tag ``{{ 附表表格 }}`` in a paragraph of its own; wide schedules are split between
columns, their code and name columns repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from functools import partial
from typing import Any

from xl2report.manifest import Ledger, Print
from xl2report.sheets import Box, Sheet
from xl2report.trees import escape, put_tree, tree_of

DOCUMENT = "word/document.xml"
MARK = "\ue110附表\ue110"
"""What the tag renders to; private-use characters that no data holds."""
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 16838, 11906, 1134
"""A4 landscape with margins of 20 mm, in twentieths of a point."""
HEAD_MARGIN = 850
TEXT_WIDTH = PAGE_WIDTH - 2 * MARGIN
NARROWEST = 980
"""A column for an amount is not made narrower than this; the schedule is split instead."""
SIZE = 16
"""Half points: 8 pt."""


def place_tables(parts: MutableMapping[str, bytes], sheets: Sequence[Sheet], ledger: Ledger | None = None) -> bool:
    """Put the schedules where the tag stands, on landscape pages of their own; false where there is no tag.

    With a ledger the amounts are entered in it.
    """
    from lxml import etree

    if MARK.encode() not in parts[DOCUMENT]:
        return False
    document = tree_of(parts, DOCUMENT)
    body = document.find(f"{{{W}}}body")
    mark = next(p for p in body.iter(f"{{{W}}}p") if MARK in "".join(p.itertext()))
    final = body.find(f"{{{W}}}sectPr")
    portrait = etree.fromstring(etree.tostring(final))
    _end_section(mark.getprevious(), portrait)
    content = etree.fromstring(
        f'<w:body xmlns:w="{W}">{"".join(_sheet(sheet, ledger, first=not at) for at, sheet in enumerate(sheets))}</w:body>'
    )
    last = mark.getnext() is final
    for element in list(content):
        mark.addprevious(element)
    if last:
        _landscape(final)
    else:
        landscape = etree.fromstring(etree.tostring(final))
        _landscape(landscape)
        _end_section(mark.getprevious(), landscape)
    body.remove(mark)
    put_tree(parts, DOCUMENT, document)
    return True


def _end_section(paragraph: Any, section: Any) -> None:
    """Make a paragraph the last one of a section."""
    properties = paragraph.find(f"{{{W}}}pPr")
    if properties is None:
        properties = paragraph.makeelement(f"{{{W}}}pPr")
        paragraph.insert(0, properties)
    change = properties.find(f"{{{W}}}pPrChange")
    if change is None:
        properties.append(section)
    else:
        change.addprevious(section)


def _landscape(section: Any) -> None:
    """Turn the page of a section."""
    page, margins = section.find(f"{{{W}}}pgSz"), section.find(f"{{{W}}}pgMar")
    for name, value in (("w", PAGE_WIDTH), ("h", PAGE_HEIGHT), ("orient", "landscape")):
        page.set(f"{{{W}}}{name}", str(value))
    for name, value in (("top", HEAD_MARGIN), ("bottom", HEAD_MARGIN), ("left", MARGIN), ("right", MARGIN)):
        margins.set(f"{{{W}}}{name}", str(value))
    margins.set(f"{{{W}}}footer", str(MARGIN // 2))
    for first in section.findall(f"{{{W}}}titlePg"):
        section.remove(first)


def _paragraph(text: str, align: str = "left", size: int = SIZE, *, bold: bool = False, more: str = "") -> str:
    """A paragraph with a line pitch of two points more than its letters; ``more``: properties before | after."""
    weight = "<w:b/>" if bold else ""
    fonts = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="宋体"/>'
    run = f'<w:rPr>{fonts}{weight}<w:sz w:val="{size}"/><w:szCs w:val="{size}"/></w:rPr>'
    lines = escape(text).split("\n")
    words = "<w:br/>".join(f'<w:t xml:space="preserve">{line}</w:t>' for line in lines)
    before, _, after = more.partition("|")
    return (
        f'<w:p><w:pPr>{before}<w:spacing w:before="0" w:after="0" w:line="{size * 10 + 40}" w:lineRule="exact"/>'
        f'<w:ind w:firstLineChars="0" w:firstLine="0"/><w:jc w:val="{align}"/>{after}</w:pPr>'
        + (f"<w:r>{run}{words}</w:r>" if text else "")
        + "</w:p>"
    )


def _sheet(sheet: Sheet, ledger: Ledger | None, *, first: bool) -> str:
    """The title, the tables and the notes of one schedule; each schedule begins a page."""
    furniture = {box.role: box.text for box in sheet.boxes}
    notes = [box.text for box in sheet.boxes if box.role == "note"]
    shown = partial(_amount, sheet, ledger)
    found = []
    for at, columns in enumerate(_pages(sheet)):
        page_break = "" if first and not at else "<w:pageBreakBefore/>"
        outline = '<w:outlineLvl w:val="1"/>' if not at else ""
        found.append(_paragraph(sheet.title, "center", 32, bold=True, more=f"<w:keepNext/>{page_break}|{outline}"))
        found.append(_paragraph(furniture["number"], "right", more="<w:keepNext/>|"))
        tab = f'<w:keepNext/><w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH}"/></w:tabs>|'
        line = _paragraph(f"{furniture['department']}\t{furniture['unit']}", more=tab)
        found.append(line.replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">'))
        found.append(_table(sheet, columns, shown))
        found += [_paragraph(note) for note in notes]
    return "".join(found)


def _pages(sheet: Sheet) -> Iterator[list[int]]:
    """The columns of each page: all of them, or the stub with as many amounts as fit."""
    everything = list(range(sheet.columns))
    if not sheet.stub or TEXT_WIDTH / sum(sheet.widths) * min(sheet.widths[sheet.stub :]) >= NARROWEST:
        yield everything
        return
    stub = everything[: sheet.stub]
    room = int((TEXT_WIDTH - _stub_width(sheet)) / NARROWEST)
    for start in range(sheet.stub, sheet.columns, room):
        yield stub + everything[start : start + room]


def _stub_width(sheet: Sheet) -> int:
    return sum(min(sheet.widths[at] * 100, 3600) for at in range(sheet.stub))


def _amount(sheet: Sheet, ledger: Ledger | None, box: Box) -> str:
    """The text of an amount; what a ledger knows by the address that the schedule's own cell has."""
    if box.figure is None or box.figure.value is None:
        return box.text
    text = f"{box.figure.unit.rounded(box.figure.value):,}"
    if ledger is None:
        return text
    label = "，".join(part for part in (sheet.title, box.row_label, *box.heads) if part).replace("\n", "")
    return ledger.entered(Print("box", f"{sheet.key}!{box.ref}", text, label, box.figure))


def _table(sheet: Sheet, columns: Sequence[int], shown: Callable[[Box], str]) -> str:
    """A table of some columns of a sheet; head rows repeat on every page and no row is broken."""
    scale = TEXT_WIDTH / sum(sheet.widths[c] for c in columns)
    widths = {c: int(sheet.widths[c] * scale) for c in columns}
    covering: dict[tuple[int, int], Box] = {}
    for box in sheet.boxes:
        for row in range(box.row, box.row + box.rows):
            for column in range(box.column, box.column + box.columns):
                covering[row, column] = box
    last = max(box.row for box in sheet.boxes if box.role not in ("note", "title", "number", "department", "unit"))
    border = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    rows = "".join(
        _row(row, columns, covering, widths, shown, repeated=row < sheet.head[1])
        for row in range(sheet.head[0], last + 1)
    )
    grid = "".join(f'<w:gridCol w:w="{widths[c]}"/>' for c in columns)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths.values())}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{border}</w:tblBorders><w:tblLayout w:type="fixed"/>'
        '<w:tblCellMar><w:left w:w="40" w:type="dxa"/><w:right w:w="40" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"
    )


def _row(
    row: int,
    columns: Sequence[int],
    covering: dict[tuple[int, int], Box],
    widths: dict[int, int],
    shown: Callable[[Box], str],
    *,
    repeated: bool,
) -> str:
    cells = []
    at = 0
    while at < len(columns):
        box = covering[row, columns[at]]
        until = at + 1
        while until < len(columns) and covering[row, columns[until]] is box:
            until += 1
        cells.append(_cell(row, box, columns[at:until], widths, shown))
        at = until
    head = "<w:tblHeader/>" if repeated else ""
    return f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="220"/>{head}</w:trPr>{"".join(cells)}</w:tr>'


def _cell(row: int, box: Box, columns: Sequence[int], widths: dict[int, int], shown: Callable[[Box], str]) -> str:
    span = f'<w:gridSpan w:val="{len(columns)}"/>' if len(columns) > 1 else ""
    merge = ""
    if box.rows > 1:
        merge = f'<w:vMerge w:val="{"restart" if row == box.row else "continue"}"/>'
    text = box.text if row == box.row else ""
    align = "left"
    if box.role == "amount":
        align = "right"
        text = shown(box)
    elif box.role in ("head", "index", "line") or box.level < 0:
        align = "center"
    elif box.level > 0:
        text = "　" * box.level + text
    properties = f'<w:tcW w:w="{sum(widths[c] for c in columns)}" w:type="dxa"/>{span}{merge}<w:vAlign w:val="center"/>'
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{_paragraph(text, align, bold=box.total)}</w:tc>"

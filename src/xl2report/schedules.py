"""Sheets -> the schedules workbook: the only module that knows XlsxWriter's formats and print set-up."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from xl2report.facts import letters
from xl2report.figures import EXACT
from xl2report.profile import Profile
from xl2report.sheets import Box, Role, Sheet, width_of

PORTRAIT, LANDSCAPE = 690, 1030
"""Printable width of A4 in pixels at 96 dpi, with the margins below."""
PORTRAIT_HEIGHT, LANDSCAPE_HEIGHT = 750, 505
"""Printable height in points."""
SMALLEST_SCALE = 0.62
"""A sheet that would have to be printed smaller than this is split over several pages instead."""
WIDE_SCALE = 72
ROOM = 0.82
"""How much of a page a wide sheet fills: fonts differ a little between Excel, WPS and LibreOffice."""
SIZE = 10
MARGINS = {"left": 0.47, "right": 0.47, "top": 0.6, "bottom": 0.6}
ROW = 18
LONGEST_TEXT = 16_000
"""Characters of a cell: never more than the 32,767 units that Excel takes."""
AMOUNT = "#,##0.00_ ;-#,##0.00_ "

LOOKS: dict[Role, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 18, "align": "center"},
    "number": {"align": "right"},
    "department": {"align": "left"},
    "unit": {"align": "right"},
    "head": {"align": "center", "text_wrap": True, "border": 1},
    "index": {"align": "center", "border": 1},
    "code": {"align": "left", "border": 1, "num_format": "@"},
    "name": {"align": "left", "border": 1, "text_wrap": True},
    "line": {"align": "center", "border": 1},
    "label": {"align": "left", "border": 1, "text_wrap": True},
    "amount": {"align": "right", "border": 1, "num_format": AMOUNT},
    "note": {"align": "left", "text_wrap": True, "valign": "top"},
}
"""Role -> look; a border is changed here and nowhere else."""


def write_schedules(sheets: Iterable[Sheet], profile: Profile, department: str, created: datetime) -> dict[str, bytes]:
    """The parts of the schedules as an .xlsx: exact values shown with two decimals, totals as live sums with their values.

    Args:
        sheets: the laid-out schedules; one worksheet each, in order.
        profile: names the fonts.
        department: for the document properties.
        created: the date in the document properties; the only thing that could differ between two runs.
    """
    # column widths are counted in digits of the default font, so it is the one that the sheets are set in
    default = {"font_name": profile.fonts["body"], "font_size": SIZE}
    book, page_class = _workbook({"in_memory": True, "default_format_properties": default})
    book.set_properties(
        {"title": profile.title, "author": department[:255], "company": department[:255], "created": created}
    )
    looks = _Looks(book, profile.fonts["body"])
    for sheet in sheets:
        _write(book.add_worksheet(sheet_name(sheet), page_class), sheet, looks)
    book.close()
    return {name: text.getvalue().encode() for text, name, _ in book.made}


def _workbook(options: dict[str, Any]) -> tuple[Any, Any]:
    """A workbook of XlsxWriter that keeps its parts instead of packing them, and the class of its worksheets.

    XlsxWriter makes the formats, the styles, the print set-up and every other part. Its cells are for all that Excel has; ours
    are blanks, numbers, texts and sums, and as text they and one packing instead of two take a third of the time.
    """
    from xlsxwriter.packager import Packager
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    class Parts(Packager):  # type: ignore[misc]  # XlsxWriter has no types
        def _create_package(self) -> list[Any]:
            self.workbook.made = super()._create_package()
            return []

    class Book(Workbook):  # type: ignore[misc]
        def _get_packager(self) -> Any:
            return Parts()

    class Page(Worksheet):  # type: ignore[misc]
        def put(self, row: int, column: int, look: str, content: str = "/>") -> None:
            """Keep a cell as the XML that it will be."""
            self.table[row][column] = f'<c r="{letters(column)}{row + 1}"{look}{content}'

        def put_text(self, row: int, column: int, look: str, text: str) -> None:
            """Keep a cell with a text, cut where Excel would not open it."""
            number = self.str_table._get_shared_string_index(text[:LONGEST_TEXT])
            self.put(row, column, look, f' t="s"><v>{number}</v></c>')

        def _write_cell(self, _row: int, _column: int, cell: str) -> None:
            self.fh.write(cell)

    return Book(io.BytesIO(), options), Page


def sheet_name(sheet: Sheet) -> str:
    """The name of a schedule's worksheet: its number and title, 31 characters at most."""
    return f"{sheet.key} {sheet.title}"[:31]


class _Looks:
    """The formats of one workbook as the attribute of a cell, each made once."""

    def __init__(self, book: Any, font: str) -> None:
        self.book = book
        self.font = font
        self.made: dict[tuple[Role, int, bool], str] = {}

    def of(self, box: Box) -> str:
        level = box.level if box.role == "name" else 0
        key = (box.role, level, box.total)
        if key not in self.made:
            look = {"font_name": self.font, "font_size": SIZE, "valign": "vcenter", **LOOKS[box.role]}
            if box.total:
                look["bold"] = True
            if level < 0:
                look["align"] = "center"
            elif level:
                look["indent"] = level
            self.made[key] = f' s="{self.book.add_format(look)._get_xf_index()}"'
        return self.made[key]


def _write(page: Any, sheet: Sheet, looks: _Looks) -> None:
    for column, width in enumerate(sheet.widths):
        page.set_column(column, column, width)
    page.set_default_row(ROW)
    page.set_row(0, 30)
    for row in range(*sheet.head):
        page.set_row(row, ROW)
    breaks = _breaks(sheet)
    page._check_dimensions(0, 0)
    page._check_dimensions(sheet.rows - 1, sheet.columns - 1)
    for box in sheet.boxes:
        if breaks and (box.columns > 1 or box.role in ("number", "unit")):
            for part in _split(box, sheet, breaks):
                _box(page, part, looks)
        else:
            _box(page, box, looks)
    _heights(page, sheet)
    _page(page, sheet, breaks)


def _breaks(sheet: Sheet) -> tuple[int, ...]:
    """The columns before which a sheet that is too wide for one page starts a new one; none for the others."""
    if not sheet.stub or _pixels(sheet.widths) * SMALLEST_SCALE <= LANDSCAPE:
        return ()
    return tuple(page_breaks(sheet.widths, sheet.stub, ROOM * LANDSCAPE * 100 / WIDE_SCALE))


def _split(box: Box, sheet: Sheet, breaks: Sequence[int]) -> Iterable[Box]:
    """A box of a wide sheet, once on every page that it reaches: titles and heads are never cut by a page's edge."""
    if box.role == "department":
        yield box._replace(columns=sheet.stub)
        return
    if box.role == "note":
        yield box._replace(columns=breaks[0])
        return
    edges = [sheet.stub if box.column >= sheet.stub or box.columns > sheet.stub else 0, *breaks, sheet.columns]
    for first, end in pairwise(edges):
        start, until = max(box.column, first), min(box.column + box.columns, end)
        if box.role in ("number", "unit"):
            yield box._replace(column=first, columns=end - first)
        elif start < until:
            yield box._replace(column=start, columns=until - start)


def _box(page: Any, box: Box, looks: _Looks) -> None:
    look = looks.of(box)
    row, column = box.row, box.column
    if box.rows > 1 or box.columns > 1:
        page.merge.append([row, column, row + box.rows - 1, column + box.columns - 1])
        for below in range(box.rows):
            for right in range(box.columns):
                page.put(row + below, column + right, look)
    if box.figure is None or box.figure.value is None:
        if box.text:
            page.put_text(row, column, look, box.text)
        else:
            page.put(row, column, look)
        return
    value = float(EXACT.divide(box.figure.value, box.figure.unit.scale))
    if box.addends:
        page.put(row, column, look, f"><f>{sum_formula(box.addends)[1:]}</f><v>{value}</v></c>")
    else:
        page.put(row, column, look, f"><v>{value:.16G}</v></c>")


def sum_formula(addends: Sequence[tuple[int, int]]) -> str:
    """A SUM over boxes, runs of neighbours as ranges, 200 arguments at most in each SUM.

    >>> sum_formula([(0, 0), (1, 0), (2, 0), (5, 0)])
    '=SUM(A1:A3,A6)'
    """
    parts: list[str] = []
    at = 0
    while at < len(addends):
        row, column = addends[at]
        until = at
        for step in ((1, 0), (0, 1)):
            end = at
            while end + 1 < len(addends) and addends[end + 1] == (addends[end][0] + step[0], addends[end][1] + step[1]):
                end += 1
            until = max(until, end)
        first, last = f"{letters(column)}{row + 1}", f"{letters(addends[until][1])}{addends[until][0] + 1}"
        parts.append(first if until == at else f"{first}:{last}")
        at = until + 1
    while len(parts) > 200:
        parts = [f"SUM({','.join(parts[i : i + 200])})" for i in range(0, len(parts), 200)]
    return f"=SUM({','.join(parts)})"


def _pixels(widths: Iterable[int]) -> int:
    return sum(7 * width + 5 for width in widths)


def _heights(page: Any, sheet: Sheet) -> None:
    """Rows high enough for what wraps in them: heads, names, notes."""
    lines: dict[int, float] = {}
    for box in sheet.boxes:
        if box.role in ("head", "name", "label", "note") and box.text:
            width = sum(sheet.widths[box.column : box.column + box.columns]) - box.level * 2
            if box.role == "note":
                width = min(width, 180)
            needed = sum(-(-width_of(line) // max(1, width - 1)) for line in box.text.split("\n")) / box.rows
            lines[box.row] = max(lines.get(box.row, 1), needed)
            for row in range(box.row, box.row + box.rows):
                lines[row] = max(lines.get(row, 1), needed)
    for row, count in lines.items():
        if count > 1:
            page.set_row(row, max(ROW, 14 * float(count) + 4))


def _page(page: Any, sheet: Sheet, breaks: Sequence[int]) -> None:
    """Frozen heads and A4 print set-up: orientation by shape, heads repeated, wide sheets split between columns."""
    page.freeze_panes(sheet.head[1], sheet.stub)
    page.set_paper(9)
    page.set_margins(**MARGINS)
    page.center_horizontally()
    page.set_footer("&C第 &P 页，共 &N 页")
    page.repeat_rows(0, sheet.head[1] - 1)
    page.print_area(0, 0, sheet.rows - 1, sheet.columns - 1)
    if not breaks:
        landscape, scale = _orientation(_pixels(sheet.widths), sheet.rows * ROW + 24)
        if landscape:
            page.set_landscape()
        page.fit_to_pages(1, int(scale >= SMALLEST_SCALE))
        return
    page.set_landscape()
    page.set_print_scale(WIDE_SCALE)
    page.repeat_columns(0, sheet.stub - 1)
    page.set_v_pagebreaks(list(breaks))


def _orientation(pixels: int, points: int) -> tuple[bool, float]:
    """Whether a sheet is printed landscape, and the scale at which it fits on one page: the larger of the two.

    A sheet with too many rows for one page is laid out by its width alone.
    """
    scales = [
        (min(width / pixels, 1), min(height / points, 1))
        for width, height in ((PORTRAIT, PORTRAIT_HEIGHT), (LANDSCAPE, LANDSCAPE_HEIGHT))
    ]
    if max(min(scale) for scale in scales) < SMALLEST_SCALE:
        landscape = scales[0][0] < SMALLEST_SCALE
        return landscape, 0
    portrait, landscape_scale = (min(scale) for scale in scales)
    return landscape_scale > portrait, max(portrait, landscape_scale)


def page_breaks(widths: Sequence[int], stub: int, room: float) -> Iterable[int]:
    """The columns before which a wide sheet starts a new page, its stub repeated on each.

    >>> list(page_breaks([10, 20] + [13] * 12, 2, 600))
    [5, 8, 11]
    """
    left = room - _pixels(widths[:stub])
    used = 0
    for column in range(stub, len(widths)):
        width = _pixels([widths[column]])
        if used and used + width > left:
            yield column
            used = 0
        used += width

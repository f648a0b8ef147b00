"""Cells are read as openpyxl reads them: the values, their types, what is hidden, formulas without a value."""

from __future__ import annotations

import datetime as dt
import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hostile import MAIN, packed, sheet_xml, standard, workbook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from slim import slim_example

import xl2report
from xl2report.guards import Package
from xl2report.loading import shipped
from xl2report.spreadsheet import Sheet, Spreadsheet

Cells = dict[tuple[int, int], Any]


def sheets_of(data: bytes) -> dict[str, Sheet]:
    book = Spreadsheet(Package(data))
    sheets = {entry.title: book.sheet(entry) for entry in book.entries}
    assert [sheet.problem for sheet in sheets.values() if sheet.problem] == []
    return sheets


def cells_of(rows: Sequence[Sequence[Any]]) -> Cells:
    """The values by place; their types are compared too."""
    return {
        (row, column): (type(value), value)
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
        if value is not None
    }


def by_openpyxl(data: bytes) -> dict[str, tuple[Cells, set[tuple[int, int]], set[int], bool]]:
    """Values, formulas without a value, hidden rows that hold something and whether the sheet is hidden."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values, formulas = (load_workbook(io.BytesIO(data), data_only=only) for only in (True, False))
    found = {}
    for sheet in values.worksheets:
        cells = cells_of(list(sheet.iter_rows(values_only=True)))
        without = {
            (cell.row - 1, cell.column - 1)
            for row in formulas[sheet.title].iter_rows()
            for cell in row
            if cell.data_type == "f" and (cell.row - 1, cell.column - 1) not in cells
        }
        filled = {row for row, _ in cells}
        hidden = {number - 1 for number, row in sheet.row_dimensions.items() if row.hidden}
        found[sheet.title] = cells, without, filled & hidden, sheet.sheet_state != "visible"
    return found


def assert_same(data: bytes) -> int:
    """Compare the two readers; return how many cells were compared."""
    ours, theirs = sheets_of(data), by_openpyxl(data)
    assert list(ours) == list(theirs)
    for title, (cells, without, hidden, is_hidden) in theirs.items():
        sheet = ours[title]
        assert cells_of(sheet.rows) == cells, title
        assert {at for at in without if at not in sheet.formulas} == set(), title
        assert sheet.hidden_rows & {row for row, _ in cells} == hidden, title
        assert sheet.hidden == is_hidden
    return sum(len(cells) for cells, *_ in theirs.values())


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_the_example_is_read_as_openpyxl_reads_it(example: Path) -> None:
    assert assert_same(example.read_bytes()) > 6000


def test_the_blank_workbook_is_read_as_openpyxl_reads_it() -> None:
    assert assert_same(shipped("workbook_templates", "sichuan-2024.xlsx").read_bytes()) > 5000


def test_what_libreoffice_saved_is_read_as_openpyxl_reads_it(
    converted: Callable[[Path, str], Path], tmp_path: Path
) -> None:
    path = tmp_path / "saved.xlsx"
    book = slim_example()
    book["支出决算"].row_dimensions[12].hidden = True
    book.save(path)
    assert assert_same(converted(path, "xlsx").read_bytes()) > 1500


# -- workbooks of any content -------------------------------------------------------------------------

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32))) + "\ufffe\uffff"),
    max_size=12,
)
DAYS = st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(2100, 1, 1)).map(lambda day: day.replace(microsecond=0))  # noqa: DTZ001
VALUES = st.one_of(
    st.none(),
    st.integers(-(10**15), 10**15),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    TEXTS.filter(lambda text: not text.startswith("=")),
    DAYS,
    DAYS.map(dt.datetime.date),
    st.times(dt.time(0, 0, 1)).map(lambda time: time.replace(microsecond=0)),
    st.timedeltas(dt.timedelta(0), dt.timedelta(40)).map(lambda span: dt.timedelta(seconds=span // dt.timedelta(seconds=1))),
    st.sampled_from(["#DIV/0!", "#N/A", "=A1+1", "_x000D_", " ", "　", "a\nb", "&<>\"'", "{{ 7*7 }}", "𠮷"]),
)  # fmt: skip
GRIDS = st.lists(st.lists(VALUES, max_size=5), max_size=6)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(GRIDS, st.booleans())
def test_what_openpyxl_writes_is_read_as_openpyxl_reads_it(grid: list[list[Any]], counts_from_1904: bool) -> None:
    book = Workbook()
    if counts_from_1904:
        book.epoch = dt.datetime(1904, 1, 1)  # noqa: DTZ001
    page = book.worksheets[0]
    for row in grid:
        page.append(row)
    assert_same(saved(book))


@QUICK
@given(GRIDS)
def test_what_xlsxwriter_writes_is_read_as_openpyxl_reads_it(grid: list[list[Any]]) -> None:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm"})
    page = book.add_worksheet("表")
    bold = book.add_format({"bold": True})
    for row, values in enumerate(grid):
        for column, value in enumerate(values):
            if isinstance(value, str) and len(value) > 2 and not value.startswith("=") and column % 2:
                page.write_rich_string(row, column, value[:1], bold, value[1:])
            elif isinstance(value, str) and value.startswith("="):
                page.write_formula(row, column, value, None, 7 if column % 2 else "")
            elif isinstance(value, str):
                page.write_string(row, column, value)
            elif value is not None:
                page.write(row, column, value)
    book.close()
    assert_same(stream.getvalue())


# -- what openpyxl does not read or reads otherwise ----------------------------------------------------


def values_in(rows: str, parts: dict[str, bytes] | None = None) -> dict[tuple[int, int], Any]:
    """The values of 支出预算 with these rows."""
    part = "xl/worksheets/sheet1.xml"
    sheet = next(iter(sheets_of(workbook({part: sheet_xml(rows), **(parts or {})})).values()))
    return {at: value for at, (_, value) in cells_of(sheet.rows).items()}


def test_cells_without_names_follow_each_other() -> None:
    rows = '<row><c><v>1</v></c><c/><c><v>2</v></c></row><row r="5"><c r="C5"><v>3</v></c><c><v>4</v></c></row><row><c><v>5</v></c></row>'
    assert values_in(rows) == {(0, 0): 1, (0, 2): 2, (4, 2): 3, (4, 3): 4, (5, 0): 5}


def test_phonetic_guides_and_formats_are_no_part_of_a_text() -> None:
    rich = '<r><rPr><b/></rPr><t>重</t></r><r><t>庆</t></r><rPh sb="0" eb="1"><t>chóng</t></rPh>'
    rows = f'<row r="1"><c r="A1" t="inlineStr"><is>{rich}</is></c></row>'
    assert values_in(rows) == {(0, 0): "重庆"}


@pytest.mark.parametrize(
    ("code", "stored", "value"),
    [
        ('numFmtId="14"', "45000", dt.datetime(2023, 3, 15)),  # noqa: DTZ001
        ('numFmtId="31"', "45000", dt.datetime(2023, 3, 15)),  # noqa: DTZ001
        ('numFmtId="57"', "45000.5", dt.datetime(2023, 3, 15, 12)),  # noqa: DTZ001
        ('numFmtId="46"', "1.5", dt.timedelta(days=1, hours=12)),
        ('numFmtId="20"', "0.25", dt.time(6)),
        ('numFmtId="14"', "1e300", "#VALUE!"),
        ('numFmtId="0"', "45000", 45000),
        ('numFmtId="2"', "45000.0", 45000.0),
    ],
)
def test_a_number_is_a_date_by_its_format(code: str, stored: str, value: object) -> None:
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf {code}/></cellXfs></styleSheet>'
    name = "xl/_rels/workbook.xml.rels"
    relation = b'<Relationship Id="s" Type="http://x/styles" Target="styles.xml"/></Relationships>'
    parts = {"xl/styles.xml": styles.encode(), name: standard()[name].replace(b"</Relationships>", relation)}
    assert values_in(f'<row r="1"><c r="A1" s="1"><v>{stored}</v></c></row>', parts) == {(0, 0): value}


def test_a_workbook_may_be_anywhere_in_its_package() -> None:
    parts = {name.replace("xl/", "Buch/"): data.replace(b"xl/", b"Buch/") for name, data in standard().items()}
    assert len(sheets_of(packed(parts))) == len(standard()) - 4


def test_the_sheets_that_are_not_asked_for_are_not_parsed(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = Spreadsheet._parse

    def noted(book: Spreadsheet, part: str, *handlers: Any, **more: Any) -> None:
        parsed.append(part)
        parse(book, part, *handlers, **more)

    monkeypatch.setattr(Spreadsheet, "_parse", noted)
    xl2report.load(example)
    assert not {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet16.xml", "xl/worksheets/sheet17.xml"} & set(parsed)
    assert len(parsed) == len(set(parsed))

"""The schedules workbook: thirteen sheets as published, exact values, live sums with their values, text that stays text."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

import xl2report
from xl2report import schedules
from xl2report.packages import parts_of
from xl2report.schedules import page_breaks, sum_formula, write_schedules
from xl2report.sheets import Box

TITLES = [
    "收入支出决算总表",
    "收入决算表",
    "支出决算表",
    "财政拨款收入支出决算总表",
    "财政拨款支出决算明细表",
    "一般公共预算财政拨款支出决算表",
    "一般公共预算财政拨款支出决算明细表",
    "一般公共预算财政拨款基本支出决算表",
    "一般公共预算财政拨款项目支出决算表",
    "政府性基金预算财政拨款收入支出决算表",
    "国有资本经营预算财政拨款收入支出决算表",
    "国有资本经营预算财政拨款支出决算表",
    "财政拨款“三公”经费支出决算表",
]


@pytest.fixture(scope="module")
def formulas(outputs: tuple[Path, Path]) -> Workbook:
    return load_workbook(outputs[0])


@pytest.fixture(scope="module")
def values(outputs: tuple[Path, Path]) -> Workbook:
    return load_workbook(outputs[0], data_only=True)


def texts(sheet: Worksheet) -> list[str]:
    return [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]


def row_of(sheet: Worksheet, text: str) -> list[Any]:
    return next([c.value for c in row] for row in sheet.iter_rows() if any(c.value == text for c in row))


def test_there_are_thirteen_sheets_with_the_official_titles(formulas: Workbook) -> None:
    assert formulas.sheetnames == [f"{n:02} {title}" for n, title in enumerate(TITLES, 1)]


@pytest.mark.parametrize("number", range(1, 14))
def test_each_sheet_has_its_furniture_and_print_set_up(formulas: Workbook, number: int) -> None:
    sheet = formulas.worksheets[number - 1]
    found = texts(sheet)

    assert sheet["A1"].value == TITLES[number - 1] or TITLES[number - 1] in found
    assert f"公开{number:02}表" in found
    assert "部门：峨边彝族自治县人民政府办公室" in found
    assert "单位：万元" in found
    assert any(t.startswith("注：") for t in found)
    assert ("栏次" in found) or number == 13
    assert sheet.freeze_panes is not None
    assert sheet.page_setup.paperSize == 9
    assert sheet.print_title_rows is not None
    assert sheet.print_area
    assert sheet.oddFooter.center.text == "第 &P 页，共 &N 页"


def test_orientation_follows_the_shape_and_wide_sheets_repeat_code_and_name(formulas: Workbook) -> None:
    first, wide = formulas.worksheets[0], formulas.worksheets[6]

    assert first.page_setup.orientation == "portrait"
    assert first.sheet_properties.pageSetUpPr.fitToPage
    assert formulas.worksheets[1].page_setup.orientation == "landscape"
    assert wide.page_setup.orientation == "landscape"
    assert wide.print_title_cols == "$A:$B"
    assert len(wide.col_breaks.brk) >= 2


def test_totals_are_live_sums_with_their_values(formulas: Workbook, values: Workbook) -> None:
    sheet, shown = formulas.worksheets[0], values.worksheets[0]
    at = {c.value: c.row for row in sheet.iter_rows() for c in row if c.column == 1}

    assert row_of(sheet, "本年收入合计")[2] == "=SUM(C7:C14)"
    assert row_of(shown, "本年收入合计")[2] == 1436.98
    assert row_of(sheet, "总计")[2] == f"=SUM(C{at['本年收入合计']}:C{at['年初结转和结余']})"
    assert [v for v in row_of(shown, "总计") if isinstance(v, float)] == [1455.7, 1455.7]


def test_every_formula_has_the_value_of_its_figure(
    report: xl2report.Report, formulas: Workbook, values: Workbook
) -> None:
    compared = 0
    for sheet, page, shown in zip(report.sheets, formulas.worksheets, values.worksheets, strict=True):
        for box in sheet.amounts:
            cell, value = page[box.ref].value, shown[box.ref].value
            if box.figure is None or box.figure.value is None:
                assert cell is None
                continue
            assert Decimal(repr(value)) == (box.figure.value / 10000).normalize(), f"{sheet.key}!{box.ref}"
            assert bool(box.addends) == str(cell).startswith("=SUM(")
            compared += 1
    assert compared > 400


def test_blank_is_not_zero(values: Workbook) -> None:
    income, expenditure = values.worksheets[1], values.worksheets[2]

    assert row_of(income, "2010301")[4:] == [0, 0, 0, 0, 0]  # entered as 0.00
    assert row_of(expenditure, "2010301")[5:] == [None, None, None]  # nobody entered anything


def test_a_schedule_without_data_keeps_its_frame_and_says_so(formulas: Workbook) -> None:
    sheet = formulas.worksheets[11]

    assert "我办没有使用国有资本经营预算财政拨款安排的支出，故本表无数据。" in texts(sheet)
    assert {"合计", "基本支出", "项目支出", "科目名称"} <= set(texts(sheet))


def test_codes_are_indented_names_and_the_projects_stand_under_their_item(formulas: Workbook) -> None:
    sheet = formulas.worksheets[8]
    indents = {str(c.value): c.alignment.indent for row in sheet.iter_rows() for c in row if c.value}

    assert indents["农林水支出"] == 0
    assert indents["巩固脱贫攻坚成果衔接乡村振兴"] == 1
    assert indents["其他巩固脱贫攻坚成果衔接乡村振兴支出"] == 2
    assert indents["2023年县级衔接资金“两不愁三保障”及乡村建设治理临时补短项目"] == 3


def test_amounts_show_two_decimals_and_hold_the_exact_value(formulas: Workbook, values: Workbook) -> None:
    cell = next(c for row in values.worksheets[5].iter_rows() for c in row if c.value == 72.164)

    assert cell.number_format == "#,##0.00_ ;-#,##0.00_ "


def test_text_that_looks_like_a_formula_stays_text(edited: Callable[..., Path], tmp_path: Path) -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "http://example.org/x", "{=A1}", "=cmd|' /C calc'!A0"]

    def rename(book: Any) -> None:
        sheet = book["支出决算"]
        for number, name in enumerate(names):
            sheet.cell(sheet.max_row + 1, 1, "一般公共预算财政拨款")
            row = sheet.max_row
            for column, value in enumerate(["2130599", None, "项目支出", "30299", None, name, 100 + number], 2):
                cell = sheet.cell(row, column, value)
                if column == 7:
                    cell.data_type = "s"
                    cell.number_format = "@"
        income = book["收入决算"]
        row = income.max_row + 1
        income.cell(row, 1, "2130599")
        income.cell(row, 3, sum(100 + n for n in range(len(names))))

    path = edited(rename)
    report = xl2report.load(path)
    target = tmp_path / "schedules.xlsx"
    assert report.write_schedules(target).ok, report.findings

    found = {c.value: c.data_type for row in load_workbook(target).worksheets[8].iter_rows() for c in row}
    assert {name: found.get(name) for name in names} == dict.fromkeys(names, "s")
    with zipfile.ZipFile(target) as archive:
        assert not any(
            "hyperlink" in archive.read(m).decode() for m in archive.namelist() if m.startswith("xl/worksheets")
        )


def test_the_document_properties_name_the_department_and_no_clock(outputs: tuple[Path, Path]) -> None:
    properties = load_workbook(outputs[0]).properties

    assert properties.creator == "峨边彝族自治县人民政府办公室"
    assert str(properties.created) == "2024-09-27 00:00:00"


def test_long_sums_are_nested_below_the_limit_of_arguments() -> None:
    formula = sum_formula([(row, 0) for row in range(0, 1200, 2)])

    assert max(part.count(",") for part in re.findall(r"\(([^()]*)\)", formula)) < 255
    assert formula.count("A") == 600


def test_a_page_holds_at_least_one_column() -> None:
    assert list(page_breaks([10, 20, 500, 13], 2, 600)) == [3]


def test_cells_kept_as_text_are_what_xlsxwriter_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same boxes through the public calls of XlsxWriter give the same parts, byte for byte."""
    report = xl2report.load(xl2report.example())
    made = parts_of(report.schedules())

    class Looks(schedules._Looks):
        def __init__(self, book: Any, font: str) -> None:
            super().__init__(book, font)
            self.formats: dict[str, Any] = {}

        def format(self, box: Box) -> Any:
            look = self.of(box)
            return self.formats.setdefault(look, self.book.formats[-1])

    def box(page: Any, one: Box, looks: Looks) -> None:
        look = looks.format(one)
        if one.rows > 1 or one.columns > 1:
            page.merge_range(one.row, one.column, one.row + one.rows - 1, one.column + one.columns - 1, "", look)
        value = None if one.figure is None or one.figure.value is None else one.figure.value / one.figure.unit.scale
        if value is None:
            page.write(one.row, one.column, one.text or None, look)
        elif one.addends:
            page.write_formula(one.row, one.column, sum_formula(one.addends), look, float(value))
        else:
            page.write_number(one.row, one.column, float(value), look)

    stream = io.BytesIO()
    monkeypatch.setattr(schedules, "_Looks", Looks)
    monkeypatch.setattr(schedules, "_box", box)
    monkeypatch.setattr(schedules, "_workbook", lambda options: (xlsxwriter.Workbook(stream, options), None))
    monkeypatch.setattr(xlsxwriter.Workbook, "made", (), raising=False)
    write_schedules(report.sheets, report.profile, report.book.info["部门名称"], report.date)

    theirs = parts_of(stream.getvalue())
    assert {name for name in theirs if made.get(name) != theirs[name]} <= {"[Content_Types].xml", "_rels/.rels"}

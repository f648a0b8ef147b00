"""The reading rules of the standard workbook, sentence by sentence: what is read, and what is said about it.

Most tests read one small sheet, 支出预算, because it has a fund, a code, a name and an amount; the other required
sheets have only their headings.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

import xl2report
from xl2report.facts import Book
from xl2report.findings import DIFFERENCE, Finding
from xl2report.loading import load_profile
from xl2report.reader import parse_amount, read

Rows = Sequence[Sequence[Any]]

GENERAL = "一般公共预算财政拨款"
FUND = "政府性基金预算财政拨款"
HEADINGS = ("资金性质", "功能科目编码", "功能科目名称", "全年预算数")
SPLIT_HEADINGS = ("资金性质", "类", "款", "项", "功能科目名称", "全年预算数")


# -- how the sheets are made and read -----------------------------------------------------------------


def workbook(sheets: Mapping[str, Rows], info: Rows = ()) -> Workbook:
    """A workbook with these sheets, 基本信息, and the other required sheets with nothing but their headings."""
    tables = load_profile("sichuan/2023").tables.values()
    blank = {t.name: [[c.heading for c in t.columns if not c.optional]] for t in tables if t.required}
    names = {name.replace(" ", "").replace("　", "") for name in sheets}
    filled: dict[str, Rows] = {name: rows for name, rows in blank.items() if name not in names}
    filled["基本信息"] = [["项目", "内容"], ["部门名称", "某某局"], ["年度", 2023], *info]
    filled |= sheets
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in filled.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    return book


def reading(book: Workbook | bytes) -> tuple[Book, tuple[Finding, ...]]:
    if isinstance(book, Workbook):
        stream = io.BytesIO()
        book.save(stream)
        book = stream.getvalue()
    accounts, findings = read(book, load_profile("sichuan/2023"), "accounts.xlsx")
    assert accounts is not None, findings
    return accounts, tuple(found for found in findings if found.code != "V221")  # that texts were converted


def said(findings: Sequence[Finding]) -> list[str]:
    """Findings in short: ``V201 支出预算!D2``."""
    return [f"{found.code} {found.place}" for found in findings]


def amounts(accounts: Book, table: str = "支出预算") -> dict[str, str]:
    """What was read as an amount, by its cell: ``{"D2": "1234.5"}``."""
    return {
        fact.cell.ref: format(fact.amount, "f")
        for row in accounts.table(table)
        for fact in row.facts.values()
        if fact.entered
    }


def codes(accounts: Book) -> list[str]:
    """The function codes of the amounts of 支出预算."""
    return [fact.marks["功能科目"] for row in accounts.table("支出预算") for fact in row.facts.values()]


def read_budget(*rows: Sequence[Any], headings: Sequence[Any] = HEADINGS) -> tuple[dict[str, str], list[str]]:
    """The amounts of 支出预算 and what was found, from rows below the headings in row 1."""
    accounts, findings = reading(workbook({"支出预算": [headings, *rows]}))
    return amounts(accounts), said(findings)


def read_amount(value: object, heading: str = "全年预算数", unit: str = "元") -> tuple[str | None, list[str]]:
    """What was read in cell D2 of 支出预算, and what was found."""
    rows = [[*HEADINGS[:3], heading], [GENERAL, "2010301", "行政运行", value]]
    accounts, findings = reading(workbook({"支出预算": rows}, [["金额单位", unit]]))
    return amounts(accounts).get("D2"), said(findings)


def saved_by_excel(book: Workbook, cells: Mapping[str, str], *, calculated: bool = True) -> bytes:
    """The bytes of a workbook with some cells as Excel writes them: ``{"支出预算!D2": "<f>1+2</f><v>3</v>"}``.

    ``str<f>…`` gives the cell that type. ``calculated`` is false for a file that asks to be calculated
    when it is opened, as the files of programs do.
    """
    book.calculation.fullCalcOnLoad = not calculated
    stream = io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    for place, content in cells.items():
        sheet, ref = place.split("!")
        part = f"xl/worksheets/sheet{book.sheetnames.index(sheet) + 1}.xml"
        kind, bracket, xml = content.partition("<")
        new = (f' t="{kind}"' if kind else "") + f">{bracket}{xml}</c>"
        old = rf'(<c r="{ref}"(?: s="\d+")?)(?: t="\w+")?(?:/>|>.*?</c>)'
        text, count = re.subn(old, lambda found, new=new: found[1] + new, parts[part].decode())
        assert count == 1, place
        parts[part] = text.encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return stream.getvalue()


def budget_with(cells: Mapping[str, str], *, calculated: bool = True) -> tuple[dict[str, str], list[str]]:
    """A row of 支出预算 (in row 2) with some of its cells as Excel writes them."""
    book = workbook({"支出预算": [HEADINGS, [GENERAL, "2010301", "行政运行", 5]]})
    accounts, findings = reading(saved_by_excel(book, cells, calculated=calculated))
    return amounts(accounts), said(findings)


# -- sheets, headings, columns ------------------------------------------------------------------------


def test_the_example_is_read_without_errors_or_warnings(report: xl2report.Report) -> None:
    assert [found for found in report.findings if not found.code.startswith("R")] == []


def test_a_title_and_notes_may_stand_above_the_headings() -> None:
    rows = [["某某局2023年支出预算"], [], ["编制：财务股", None, None, "单位：元"], HEADINGS, [GENERAL, 2010301, "", 5]]
    accounts, findings = reading(workbook({"支出预算": rows}))
    assert (amounts(accounts), findings) == ({"D5": "5"}, ())


def test_the_headings_are_found_in_the_tenth_row() -> None:
    accounts, findings = reading(workbook({"支出预算": [["标题"]] * 9 + [HEADINGS, [GENERAL, "2010301", "", 5]]}))
    assert (amounts(accounts), findings) == ({"D11": "5"}, ())


def test_headings_below_the_tenth_row_are_not_looked_for() -> None:
    _, findings = reading(workbook({"支出预算": [["标题"]] * 10 + [HEADINGS, [GENERAL, "2010301", "", 5]]}))
    assert said(findings) == ["S105 支出预算"]
    assert findings[0].expected == "资金性质、功能科目编码、功能科目名称、全年预算数"


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (1, 3, 0, 2), (2, 0, 3, 1)])
def test_columns_may_stand_in_any_order(order: tuple[int, ...]) -> None:
    row = [GENERAL, "2010301", "行政运行", 5]
    rows = [[HEADINGS[i] for i in order], [row[i] for i in order]]
    accounts, findings = reading(workbook({"支出预算": rows}))
    assert (list(amounts(accounts).values()), codes(accounts), findings) == (["5"], ["2010301"], ())


def test_a_heading_may_be_an_alias() -> None:
    headings = ["资金性质", "科目编码", "科目名称", "预算数"]
    assert read_budget([GENERAL, "2010301", "行政运行", 5], headings=headings) == ({"D2": "5"}, [])


def test_an_unknown_column_is_a_warning_and_is_not_read() -> None:
    read_, found = read_budget([GENERAL, "2010301", "", 5, 7], headings=[*HEADINGS, "调整数"])
    assert (read_, found) == ({"D2": "5"}, ["S104 支出预算!E1"])


def test_an_unknown_column_comes_with_the_nearest_heading_that_is_missing() -> None:
    rows = [["资金性质", "功能科目编码", "科目的名称", "全年预算数"], [GENERAL, "2010301", "行政运行", 5]]
    _, findings = reading(workbook({"支出预算": rows}))
    assert [(f.severity, f.place, f.found, f.expected) for f in findings] == [
        ("warning", "支出预算!C1", "科目的名称", "功能科目名称")
    ]


def test_a_missing_column_is_an_error_that_names_what_is_there_the_nearest_first() -> None:
    rows = [["资金性质", "功能科目编号", "功能科目名称", "全年预算数"], [GENERAL, "2010301", "行政运行", 5]]
    _, findings = reading(workbook({"支出预算": rows}))
    missing = findings[0]
    assert (missing.code, missing.severity, missing.place) == ("S103", "error", "支出预算")
    assert (missing.found.split("、")[0], missing.expected) == ("功能科目编号", "功能科目编码")


def test_an_unknown_sheet_is_a_warning_with_the_nearest_sheet() -> None:
    _, findings = reading(workbook({"支出决算明细账": [["凭证号", "摘要"]]}))
    assert [(f.code, f.severity, f.found) for f in findings] == [("S102", "warning", "支出决算明细账")]
    assert findings[0].expected == "支出决算"


def test_a_missing_sheet_is_an_error_that_names_what_is_there_the_nearest_first() -> None:
    book = workbook({})
    book["三公经费"].title = "“三公”经费表"
    _, findings = reading(book)
    missing = findings[0]
    assert (missing.code, missing.severity) == ("S101", "error")
    assert (missing.found, missing.expected) == ("“三公”经费表", "三公经费")


def test_instructions_are_not_read() -> None:
    assert reading(workbook({"填表说明": [HEADINGS, [GENERAL, "2010301", "", "不是数字"]]}))[1] == ()


@pytest.mark.parametrize("name", [" 支出预算", "支出预算　", "支 出 预 算"])
def test_blanks_in_a_sheet_name_are_ignored(name: str) -> None:
    accounts, findings = reading(workbook({name: [HEADINGS, [GENERAL, "2010301", "", 5]]}))
    assert (amounts(accounts), findings) == ({"D2": "5"}, ())


@pytest.mark.parametrize("heading", [" 全年预算数", "全　年　预　算　数", "全年\n预算数", "*全年预算数"])
def test_blanks_and_line_breaks_in_a_heading_are_ignored(heading: str) -> None:
    assert read_amount(5, heading) == ("5", [])


def test_full_width_and_half_width_forms_are_the_same() -> None:
    rows = [["项目", "预算数", "决算数", "上年决算数"], ["因公出国(境)费", 1, 2, 3], ["其中:外事接待费", 4, 5, 6]]
    accounts, findings = reading(workbook({"三公经费": rows}))
    assert [row.text("项目") for row in accounts.table("三公经费")] == ["因公出国（境）费", "其中：外事接待费"]
    assert findings == ()


def test_a_sheet_that_stands_there_twice_is_an_error() -> None:
    book = workbook({"支出预算": [HEADINGS]})
    book.create_sheet("支出 预算").append(["资金性质"])
    assert said(reading(book)[1]) == ["S109 accounts.xlsx"]


# -- rows and control totals --------------------------------------------------------------------------


def test_blank_rows_are_skipped() -> None:
    read_, found = read_budget([], [GENERAL, "2010301", "", 5], [None, " ", "　", ""], [], [FUND, "2120899", "", 7])
    assert (read_, found) == ({"D3": "5", "D6": "7"}, [])


def test_a_ledger_may_have_several_rows_for_one_combination() -> None:
    rows = [GENERAL, "2010301", "", 5], [GENERAL, "2010301", "", 7]
    assert read_budget(*rows) == ({"D2": "5", "D3": "7"}, [])


@pytest.mark.parametrize("word", ["合计", "总计", "合　计", " 合 计 ", "支出合计"])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_total_that_is_right_is_neither_added_nor_mentioned(word: str, column: int) -> None:
    total: list[Any] = [None, None, None, 12]
    total[column] = word
    rows = [GENERAL, "2010301", "", 5], [FUND, "2120899", "", 7]
    assert read_budget(*rows, total) == ({"D2": "5", "D3": "7"}, []), "below"
    assert read_budget(total, *rows) == ({"D3": "5", "D4": "7"}, []), "above"


def test_a_total_that_is_wrong_is_an_error_at_its_cell_with_the_sum_and_the_difference() -> None:
    rows = [HEADINGS, [GENERAL, "2010301", "", 5], [FUND, "2120899", "", 7.5], ["合计", None, None, 12]]
    accounts, findings = reading(workbook({"支出预算": rows}))
    assert amounts(accounts) == {"D2": "5", "D3": "7.5"}
    (wrong,) = findings
    assert (wrong.code, wrong.severity, wrong.place) == ("C301", "error", "支出预算!D4")
    assert (wrong.found, wrong.expected) == ("12", "12.5")
    assert [(term.name, term.value, term.place) for term in wrong.terms] == [
        (DIFFERENCE, "-0.5", ""),
        ("", "5", "支出预算!D2"),
        ("", "7.5", "支出预算!D3"),
    ]


def test_a_total_of_one_fund_is_compared_with_the_rows_of_that_fund() -> None:
    rows = [GENERAL, "2010301", "", 5], [FUND, "2120899", "", 7], [GENERAL, "合计", "", 5]
    assert read_budget(*rows) == ({"D2": "5", "D3": "7"}, [])
    rows = [GENERAL, "2010301", "", 5], [FUND, "2120899", "", 7], [GENERAL, "合计", "", 12]
    assert read_budget(*rows) == ({"D2": "5", "D3": "7"}, ["C301 支出预算!D4"])


def test_subtotals_are_compared_with_the_rows_above_them_up_to_the_last_subtotal() -> None:
    first, second, third = [GENERAL, "2010301", "", 5], [GENERAL, "2010302", "", 6], [FUND, "2120899", "", 7]
    rows = first, second, ["小计", None, None, 11], third, ["小计", None, None, 7], ["合计", None, None, 18]
    assert read_budget(*rows) == ({"D2": "5", "D3": "6", "D5": "7"}, [])
    rows = first, second, ["小计", None, None, 11], third, ["小计", None, None, 18], ["合计", None, None, 18]
    assert read_budget(*rows) == ({"D2": "5", "D3": "6", "D5": "7"}, ["C301 支出预算!D6"])


def test_subtotals_may_stand_above_their_rows() -> None:
    first, second, third = [GENERAL, "2010301", "", 5], [GENERAL, "2010302", "", 6], [FUND, "2120899", "", 7]
    rows = ["小计", None, None, 11], first, second, ["小计", None, None, 7], third
    assert read_budget(*rows) == ({"D3": "5", "D4": "6", "D6": "7"}, [])


def test_a_subtotal_may_say_of_what_it_is_one() -> None:
    rows = [
        [GENERAL, "2010301", "", 5],
        ["一般公共预算小计", None, None, 5],
        [FUND, "2120899", "", 7],
        ["基金小计", None, None, 7],
    ]
    assert read_budget(*rows) == ({"D2": "5", "D4": "7"}, [])


@pytest.mark.parametrize(
    "total",
    [
        ["财政拨款合计", None, None, 22],
        ["财政拨款小计", None, None, 22],
        [None, None, "一般公共服务支出合计", 11],
        [GENERAL, None, "一般公共服务支出合计", 11],
    ],
)
def test_a_total_of_several_funds_or_of_a_class_is_compared_with_their_rows(total: list[Any]) -> None:
    rows = [
        [GENERAL, "2010301", "", 5],
        [GENERAL, "2010302", "", 6],
        [GENERAL, "2080505", "", 4],
        ["一般公共预算小计", None, None, 15],
        [FUND, "2120899", "", 7],
        total,
        ["非财政拨款", "2080505", "", 3],
        ["合计", None, None, 25],
    ]
    assert read_budget(*rows) == ({"D2": "5", "D3": "6", "D4": "4", "D6": "7", "D8": "3"}, [])


@pytest.mark.parametrize(
    "total",
    [
        ["一般公共预算合计", None, None, 12],
        ["一般公共预算小计", None, None, 12],
        ["财政拨款合计", None, None, 13],
        [None, None, "一般公共服务支出合计", 6],
        [None, None, "一般公共服务支出小计", 6],
    ],
)
def test_a_total_that_says_of_what_it_is_one_is_an_error_where_it_is_wrong(total: list[Any]) -> None:
    rows = [GENERAL, "2010301", "", 5], [FUND, "2120899", "", 7], total, ["非财政拨款", "2080505", "", 3]
    assert read_budget(*rows) == ({"D2": "5", "D3": "7", "D5": "3"}, ["C301 支出预算!D4"])


@pytest.mark.parametrize("word", ["行政运行合计", "行政运行小计"])
def test_a_total_of_an_item_is_compared_with_its_rows_whatever_else_has_its_name(word: str) -> None:
    rows = [GENERAL, "2010301", "行政运行", 5], [GENERAL, "2010301", "行政运行", 6], [None, None, word, 11]
    assert read_budget(*rows, [GENERAL, "2080505", "", 7]) == ({"D2": "5", "D3": "6", "D5": "7"}, [])


@pytest.mark.parametrize("word", ["一般公共预算财政拨款合计", "一般公共预算财政拨款小计"])
def test_a_total_with_a_long_name_is_a_total(word: str) -> None:
    assert read_budget([GENERAL, "2010301", "", 5], [word, None, None, 5]) == ({"D2": "5"}, [])


def test_rows_of_a_class_or_a_group_above_their_own_items_are_totals() -> None:
    rows = [
        [GENERAL, "201", "一般公共服务支出", 12],
        [GENERAL, "20103", "", 12],
        [GENERAL, "2010301", "行政运行", 5],
        [GENERAL, "2010302", "一般行政管理事务", 7],
        [GENERAL, "208", "社会保障和就业支出", 3],
        [GENERAL, "2080505", "", 3],
    ]
    assert read_budget(*rows) == ({"D4": "5", "D5": "7", "D7": "3"}, [])


def test_rows_of_a_class_or_a_group_that_are_wrong_are_errors_at_their_cells() -> None:
    rows = [
        [GENERAL, "201", "", 12.01],
        [GENERAL, "20103", "", 11.99],
        [GENERAL, "2010301", "", 5],
        [GENERAL, "2010302", "", 7],
    ]
    assert read_budget(*rows) == ({"D4": "5", "D5": "7"}, ["C301 支出预算!D2", "C301 支出预算!D3"])


def test_a_class_is_compared_with_the_items_of_its_own_fund() -> None:
    rows = [GENERAL, "212", "", 5], [GENERAL, "2120101", "", 5], [FUND, "212", "", 7], [FUND, "2120899", "", 7]
    assert read_budget(*rows) == ({"D3": "5", "D5": "7"}, [])


def test_a_group_without_items_of_its_own_is_data() -> None:
    assert read_budget([GENERAL, "20103", "", 5]) == ({"D2": "5"}, ["V213 支出预算!B2"])


def test_the_total_of_a_list_of_items_is_compared_with_the_items_that_make_it_up() -> None:
    headings = ["项目", "预算数", "决算数", "上年决算数"]
    items = [["因公出国（境）费", 2, 2, 2], ["公务接待费", 3, 3, 3], ["其中：国内公务接待费", 3, 3, 3]]
    _, findings = reading(workbook({"三公经费": [headings, ["合计", 5, 5, 8], *items]}))
    assert said(findings) == ["C301 三公经费!D2"]
    _, findings = reading(workbook({"三公经费": [headings, *items, ["合计", 5, 5, 5]]}))
    assert findings == ()


# -- codes and names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", ["2010301", 2010301, 2010301.0, "　　2010301", "\t2010301 ", "２０１０３０１", "2010301.0"]
)
def test_a_code_may_be_text_or_number_and_may_be_indented(code: object) -> None:
    accounts, findings = reading(workbook({"支出预算": [HEADINGS, [GENERAL, code, "行政运行", 5]]}))
    assert (codes(accounts), findings) == (["2010301"], ())


@pytest.mark.parametrize(
    "parts",
    [("201", "03", "01"), (201, 3, 1), ("201", "20103", "2010301"), (201, 20103, 2010301), ("２０１", "　03", "01 ")],
)
def test_a_code_may_be_split_into_class_group_and_item(parts: tuple[object, ...]) -> None:
    """Each column has its own digits, or the code so far."""
    accounts, findings = reading(workbook({"支出预算": [SPLIT_HEADINGS, [GENERAL, *parts, "行政运行", 5]]}))
    assert (codes(accounts), findings) == (["2010301"], ())


def test_the_columns_of_a_split_code_may_stand_in_any_order() -> None:
    rows = [["项", "款", "类", "全年预算数", "资金性质"], ["01", "03", "201", 5, GENERAL]]
    accounts, findings = reading(workbook({"支出预算": rows}))
    assert (codes(accounts), findings) == (["2010301"], ())


@pytest.mark.parametrize("over", ["功能科目编码", "支出功能分类科目编码", "科目编码"])
@pytest.mark.parametrize("merged", [True, False])
def test_a_split_code_may_have_headings_in_two_rows(over: str, merged: bool) -> None:
    rows = [
        ["2023年支出预算"],
        ["资金性质", over, None, None, "功能科目名称", "全年预算数"],
        [None, "类", "款", "项", None, None],
        [GENERAL, "201", "03", "01", "行政运行", 5],
    ]
    book = workbook({"支出预算": rows})
    if merged:
        for cells in ("B2:D2", "A2:A3", "E2:E3", "F2:F3"):
            book["支出预算"].merge_cells(cells)
    accounts, findings = reading(book)
    assert (amounts(accounts), codes(accounts), findings) == ({"F4": "5"}, ["2010301"], ())


def test_a_split_code_may_have_rows_of_classes_and_groups() -> None:
    rows = [
        [GENERAL, "201", None, None, "一般公共服务支出", 12],
        [GENERAL, "201", "03", None, "", 12],
        [GENERAL, "201", "03", "01", "行政运行", 5],
        [GENERAL, "201", "03", "02", "一般行政管理事务", 7],
        ["合计", None, None, None, None, 13],
    ]
    assert read_budget(*rows, headings=SPLIT_HEADINGS) == ({"F4": "5", "F5": "7"}, ["C301 支出预算!F6"])


def test_a_name_that_is_not_that_of_the_list_is_a_warning_with_the_name_of_the_list() -> None:
    accounts, findings = reading(workbook({"支出预算": [HEADINGS, [GENERAL, "2010301", "行政经费", 5]]}))
    assert amounts(accounts) == {"D2": "5"}
    assert [(f.code, f.severity, f.place, f.found, f.expected) for f in findings] == [
        ("V206", "warning", "支出预算!C2", "行政经费", "2010301 行政运行")
    ]


def test_blanks_and_line_breaks_in_a_name_make_no_difference() -> None:
    assert read_budget([GENERAL, "2010302", "　　一般行政\n管理事务", 5]) == ({"D2": "5"}, [])


def test_an_unknown_code_is_a_warning_and_is_read() -> None:
    accounts, findings = reading(workbook({"支出预算": [HEADINGS, [GENERAL, "2010377", "新科目", 5]]}))
    assert (amounts(accounts), codes(accounts)) == ({"D2": "5"}, ["2010377"])
    assert [(f.code, f.severity, f.place) for f in findings] == [("V205", "warning", "支出预算!B2")]


def test_a_word_outside_a_closed_list_is_an_error_with_the_nearest_word_first() -> None:
    _, findings = reading(workbook({"支出预算": [HEADINGS, ["政府基金预算拨款", "2120899", "", 5]]}))
    assert [(f.code, f.severity, f.place) for f in findings] == [("V203", "error", "支出预算!A2")]
    assert findings[0].expected.split("、")[0] == FUND


# -- amounts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (5, "5"),
        (1234.5, "1234.5"),
        (-0.01, "-0.01"),
        ("1234.5", "1234.5"),
        ("1,234,567.89", "1234567.89"),
        ("1，234，567.89", "1234567.89"),
        ("１２３４．５", "1234.5"),
        ("　1234.5 ", "1234.5"),
        ("1,234.50元", "1234.50"),
        ("1234.5 元", "1234.5"),
        ("(1,234.50)", "-1234.50"),
        ("（1234.5）", "-1234.5"),
        ("(1234.5)元", "-1234.5"),
        ("-1234.5", "-1234.5"),
        ("－１２３４．５", "-1234.5"),
        ("-", "0"),
        ("—", "0"),
        ("——", "0"),
        ("/", "0"),
        ("／", "0"),
        (" － ", "0"),
        ("0.00", "0.00"),
    ],
)
def test_an_amount_may_be_written_as_people_write_it(value: object, amount: str) -> None:
    assert read_amount(value) == (amount, [])


@pytest.mark.parametrize("blank", [None, "", "  ", "　"])
def test_a_blank_amount_is_zero(blank: str | None) -> None:
    rows = [
        ["资金性质", "功能科目编码", "年初结转和结余", "使用非财政拨款结余", "结余分配", "年末结转和结余"],
        [GENERAL, "2010301", 5, blank, blank, 5],
    ]
    accounts, findings = reading(workbook({"结转结余": rows}))
    (row,) = accounts.table("结转结余")
    assert [str(fact.amount) for fact in row.facts.values()] == ["5", "0", "0", "5"]
    assert findings == ()


@pytest.mark.parametrize(
    "value",
    [
        "十万",
        "约5",
        "5左右",
        "无",
        "1.2.3",
        "1,23",
        "1,2345",
        "1.234,56",
        "1e5",
        "5%",
        "1/2",
        "--5",
        "5-",
        "(5",
        "(-5)",
        "-（5）",
        "元",
        "-元",
        "5元元",
        "NaN",
        "Infinity",
        "2023-12-31",
        "2010301 行政运行",
        "1'234",
        "5\u200b",
        "#DIV/0!",
        "#N/A",
        "#REF!",
        "#VALUE!",
        True,
        False,
        date(2023, 12, 31),
        datetime(2023, 12, 31, 8, 30),  # noqa: DTZ001 - as Excel keeps it
        time(8, 30),
    ],
    ids=str,
)
def test_anything_else_is_an_error_at_its_cell(value: object) -> None:
    assert read_amount(value) == (None, ["V201 支出预算!D2"])


@pytest.mark.parametrize("value", ["5²", "1234①", "⑴", "1000\n2000", "12 34", "5￥5", "￥"])
def test_two_numbers_in_a_cell_and_footnote_marks_are_errors_too(value: str) -> None:
    assert read_amount(value) == (None, ["V201 支出预算!D2"])


@pytest.mark.parametrize("value", ["5万元", "5元"])
def test_a_count_is_not_money(value: str) -> None:
    rows = [["项目", "数量", "计量单位"], ["国内公务接待人次", value, "人次"]]
    _, findings = reading(workbook({"实物量": rows}))
    assert said(findings) == ["V201 实物量!B2"]


def test_an_error_value_that_excel_computed_is_an_error_at_its_cell() -> None:
    assert budget_with({"支出预算!D2": "e<f>1/0</f><v>#DIV/0!</v>"}) == ({}, ["V201 支出预算!D2"])


@pytest.mark.parametrize("value", [0.1, 0.07, 1455.7, 1436.98, 12345678.9, 1234567890.12, 0.01, 123456789012.34])
def test_a_float_is_read_by_its_shortest_decimal_form(value: float) -> None:
    assert read_amount(value) == (repr(value), [])


@pytest.mark.parametrize(("value", "amount"), [(0.1 + 0.2, "0.3"), (1455.6999999999998, "1455.7"), (1.1 * 3, "3.3")])
def test_the_noise_of_a_computed_float_is_what_excel_does_not_show_either(value: float, amount: str) -> None:
    """Excel keeps and shows 15 digits; what stands behind them is not the clerk's."""
    assert read_amount(value) == (amount, [])


@pytest.mark.parametrize("value", [1234567890123456, "1234567890123.456"])
def test_an_amount_that_excel_cannot_keep_is_an_error(value: object) -> None:
    assert read_amount(value) == (None, ["V210 支出预算!D2"])


# -- units --------------------------------------------------------------------------------------------


def test_the_workbook_may_be_in_ten_thousands() -> None:
    assert read_amount(1.5, unit="万元") == ("15000.0", [])


@pytest.mark.parametrize(
    "heading", ["全年预算数（万元）", "全年预算数(万元)", "全年预算数（单位：万元）", "全年预算数\n（金额单位：万元）"]
)
def test_a_heading_overrides_the_unit_of_the_workbook_and_the_mix_is_reported(heading: str) -> None:
    assert read_amount(1.5, heading) == ("15000.0", ["S108 支出预算!D1"])
    assert read_amount(1.5, heading, unit="万元") == ("15000.0", [])


def test_a_heading_in_yuan_overrides_a_workbook_in_ten_thousands() -> None:
    assert read_amount(15000, "全年预算数（元）", unit="万元") == ("15000", ["S108 支出预算!D1"])


def test_a_unit_in_a_cell_overrides_both_and_the_mix_is_reported() -> None:
    assert read_amount("1.5万元") == ("15000.0", ["S108 支出预算!D2"])
    assert read_amount("15,000元", unit="万元") == ("15000", ["S108 支出预算!D2"])
    assert read_amount("1.5万元", "全年预算数（万元）", unit="万元") == ("15000.0", [])


def test_the_mix_of_units_is_a_warning_that_names_both() -> None:
    rows = [[*HEADINGS[:3], "全年预算数（万元）"], [GENERAL, "2010301", "", 1.5]]
    _, findings = reading(workbook({"支出预算": rows}))
    assert [(f.code, f.severity, f.found, f.expected) for f in findings] == [("S108", "warning", "万元", "元")]


def test_the_mix_of_units_in_a_cell_names_the_cell_and_what_it_differs_from() -> None:
    rows = [[*HEADINGS[:3], "全年预算数（元）"], [GENERAL, "2010301", "", "1.5万元"]]
    _, findings = reading(workbook({"支出预算": rows}, [["金额单位", "万元"]]))
    assert [(found.place, found.message.zh) for found in findings] == [
        ("支出预算!D1", "金额单位不一致：本列为元，“基本信息”为万元"),
        ("支出预算!D2", "金额单位不一致：这一格为万元，本列为元"),
    ]
    assert findings[1].action.zh == "已按这一格的单位换算；请确认无误。"


def test_totals_are_compared_in_the_unit_of_the_workbook() -> None:
    rows = [HEADINGS, [GENERAL, "2010301", "", 1.5], ["合计", None, None, "15,000元"]]
    accounts, findings = reading(workbook({"支出预算": rows}, [["金额单位", "万元"]]))
    assert (amounts(accounts), said(findings)) == ({"D2": "15000.0"}, ["S108 支出预算!D3"])


def test_quantities_have_no_unit_of_money() -> None:
    rows = [["项目", "数量", "计量单位"], ["国内公务接待人次", 108, "人次"]]
    accounts, findings = reading(workbook({"实物量": rows}, [["金额单位", "万元"]]))
    assert (amounts(accounts, "实物量"), findings) == ({"B2": "108"}, ())


# -- formulas -----------------------------------------------------------------------------------------


def test_a_formula_is_read_by_its_cached_value() -> None:
    assert budget_with({"支出预算!D2": "<f>SUM(1,2)</f><v>1234.5</v>"}) == ({"D2": "1234.5"}, [])


def test_a_formula_that_gives_a_text_is_read_by_that_text() -> None:
    cells = {
        "支出预算!B2": "str<f>LEFT(&quot;2010301x&quot;,7)</f><v>2010301</v>",
        "支出预算!C2": "str<f>VLOOKUP(B2,A:B,2)</f><v>行政运行</v>",
        "支出预算!D2": "str<f>TEXT(5,&quot;0.00&quot;)</f><v>5.00</v>",
    }
    assert budget_with(cells) == ({"D2": "5.00"}, [])


def test_a_formula_without_a_cached_value_is_an_error_that_says_to_open_and_save_the_file() -> None:
    book = workbook({"支出预算": [HEADINGS, [GENERAL, "2010301", "", "=SUM(1,2)"]]})
    accounts, findings = reading(book)
    (found,) = findings
    assert (found.code, found.severity, found.place, found.found) == ("V202", "error", "支出预算!D2", "=SUM(1,2)")
    assert found.action.zh == "请用 Excel 或 WPS 打开工作簿，保存后再编译。"
    assert amounts(accounts) == {}


def test_a_cached_zero_is_an_error_in_a_file_that_was_never_calculated() -> None:
    zero = {"支出预算!D2": "<f>SUM(1,2)</f><v>0</v>"}
    assert budget_with(zero, calculated=False) == ({}, ["V202 支出预算!D2"])


def test_a_cached_zero_is_a_zero_in_a_file_that_was_calculated() -> None:
    assert budget_with({"支出预算!D2": "<f>1-1</f><v>0</v>"}) == ({"D2": "0"}, [])


def test_a_total_with_a_formula_that_was_never_calculated_is_an_error_too() -> None:
    assert read_budget([GENERAL, "2010301", "", 5], ["合计", None, None, "=SUM(D2:D2)"]) == (
        {"D2": "5"},
        ["V202 支出预算!D3"],
    )


@pytest.mark.parametrize("cell", ["C2", "D2"])
def test_a_formula_that_gives_the_empty_text_is_blank(cell: str) -> None:
    """``=IF(…,"",…)`` as Excel saves it: saving the file again would not help."""
    read_, found = budget_with({f"支出预算!{cell}": "str<f>IF(TRUE,&quot;&quot;,1)</f><v></v>"})
    assert (read_, found) == ({} if cell == "D2" else {"D2": "5"}, [])


def indicators(target: str) -> Workbook:
    """A row of 绩效指标 whose 目标值 (E2, formatted as text) is given."""
    headings = ["项目名称", "一级指标", "二级指标", "指标", "目标值", "业绩指标", "完成率"]
    book = workbook({"绩效指标": [headings, ["维修经费", "产出指标", "数量指标", "预算执行率", "", "100", "100%"]]})
    book["绩效指标"]["E2"].number_format = "@"
    book["绩效指标"]["E2"].value = target
    return book


def test_a_text_that_begins_with_an_equals_sign_is_text_where_the_cell_is_formatted_as_text() -> None:
    typed_in_excel = saved_by_excel(indicators("x"), {"绩效指标!E2": "inlineStr<is><t>=100</t></is>"})
    written_by_a_program = indicators("=100")
    for book in (typed_in_excel, written_by_a_program):
        accounts, findings = reading(book)
        assert [row.text("目标值") for row in accounts.table("绩效指标")] == ["=100"]
        assert findings == ()


def test_a_formula_in_a_cell_that_was_formatted_as_text_later_is_read_by_its_cached_value() -> None:
    accounts, findings = reading(saved_by_excel(indicators("x"), {"绩效指标!E2": "str<f>B9</f><v>≥95%</v>"}))
    assert [row.text("目标值") for row in accounts.table("绩效指标")] == ["≥95%"]
    assert findings == ()


# -- hidden parts, invisible characters ---------------------------------------------------------------


def hide_rows(book: Workbook) -> None:
    for row in (2, 3, 5):
        book["支出预算"].row_dimensions[row].hidden = True


def hide_columns(book: Workbook) -> None:
    for letter in ("B", "D"):
        book["支出预算"].column_dimensions[letter].hidden = True


def hide_sheet(book: Workbook) -> None:
    book["支出预算"].sheet_state = "hidden"


def hide_sheet_well(book: Workbook) -> None:
    book["支出预算"].sheet_state = "veryHidden"


@pytest.mark.parametrize(
    ("hide", "message", "found"),
    [
        (hide_rows, "隐藏的行也已读取", "2–3、5"),
        (hide_columns, "隐藏的列也已读取", "B、D"),
        (hide_sheet, "隐藏的工作表也已读取", "支出预算"),
        (hide_sheet_well, "隐藏的工作表也已读取", "支出预算"),
    ],
)
def test_what_is_hidden_is_read_and_noted(hide: Callable[[Workbook], None], message: str, found: str) -> None:
    rows = [[GENERAL, f"201030{n}", "", n] for n in (1, 2, 3, 6)]
    book = workbook({"支出预算": [HEADINGS, *rows]})
    hide(book)
    accounts, findings = reading(book)
    assert amounts(accounts) == {"D2": "1", "D3": "2", "D4": "3", "D5": "6"}
    assert [(f.code, f.severity, f.place, f.message.zh, f.found) for f in findings] == [
        ("S107", "note", "支出预算", message, found)
    ]


def test_hidden_rows_and_columns_with_nothing_in_them_are_not_noted() -> None:
    book = workbook({"支出预算": [HEADINGS, [GENERAL, "2010301", "", 5]]})
    book["支出预算"].row_dimensions[9].hidden = True
    book["支出预算"].column_dimensions["Z"].hidden = True
    assert reading(book)[1] == ()


@pytest.mark.parametrize("stored", ["_x000B_", "_x0007_", "_x0001_"])
def test_control_characters_are_taken_out_of_texts_and_noted(stored: str) -> None:
    headings = ["位置", "序号", "样式", "文字"]
    book = workbook({"文字材料": [headings, ["部门职责", 1, "正文", f"起草{stored}文书"]]})
    accounts, findings = reading(book)
    assert [row.text("文字") for row in accounts.table("文字材料")] == ["起草文书"]
    assert [(f.code, f.severity, f.place) for f in findings] == [("V207", "note", "文字材料!D2")]


@pytest.mark.parametrize("stored", ["第一行_x000D_\n第二行", "第一行\r\n第二行", "第一行\n第二行"])
def test_line_breaks_are_kept_in_whatever_way_they_were_stored(stored: str) -> None:
    headings = ["位置", "序号", "样式", "文字"]
    accounts, findings = reading(workbook({"文字材料": [headings, ["部门职责", 1, "正文", stored]]}))
    assert [row.text("文字") for row in accounts.table("文字材料")] == ["第一行\n第二行"]
    assert findings == ()


# -- everything at once -------------------------------------------------------------------------------


def test_everything_that_is_wrong_is_found_in_one_reading() -> None:
    book = workbook(
        {
            "基本信息": [["项目", "内容"], ["部门名称", None], ["年度", 2023], ["公开日期", "九月"]],
            "支出预算": [
                [*HEADINGS, "备注"],
                ["一般预算", "2010301", "", 5],
                [None, "2010301", "", 5],
                [GENERAL, "行政运行", "", 5],
                [GENERAL, "2010302", "行政运行", "五万"],
                [GENERAL, "2010377", "", "=1+1"],
                ["合计", None, None, 100],
            ],
            "三公经费": [["项目", "预算数", "决算数", "上年决算数"], ["招待费", 1, 1, 1], ["公务接待费", "x", 1, True]],
            "草稿": [["随便"]],
        }
    )
    del book["政府采购"]
    _, findings = reading(book)
    assert sorted(said(findings)) == [
        "C301 支出预算!D7",
        "S101 accounts.xlsx",
        "S102 accounts.xlsx",
        "S104 支出预算!E1",
        "V201 三公经费!B3",
        "V201 三公经费!D3",
        "V201 支出预算!D5",
        "V202 支出预算!D6",
        "V203 支出预算!A2",
        "V204 支出预算!A3",
        "V205 支出预算!B6",
        "V206 支出预算!C5",
        "V208 三公经费!A2",
        "V211 基本信息!B2",
        "V212 基本信息!B4",
        "V214 支出预算!B4",
    ]


def test_every_fault_is_said_once() -> None:
    _, found = read_budget([GENERAL, "=A9", "行政运行", 5])
    assert found == ["V202 支出预算!B2", "V204 支出预算!B2"]


def test_a_look_up_of_a_name_that_was_never_calculated_is_a_blank() -> None:
    """A script that fills in the blank workbook leaves every look-up without a value; no amount rests on one."""
    row = [GENERAL, "2010301", "=VLOOKUP(B2,A:B,2)", 5]
    only_the_look_up = [None, None, "=VLOOKUP(B3,A:B,2)", None]
    assert read_budget(row, only_the_look_up) == ({"D2": "5"}, [])


def test_a_shared_formula_is_told_as_its_cell_has_it() -> None:
    cells = {
        "支出预算!D2": '<f t="shared" ref="D2:D3" si="0">B2+1</f>',
        "支出预算!D3": '<f t="shared" si="0"/>',
    }
    rows = [[GENERAL, "2010301", "", 5], [GENERAL, "2010302", "", 5]]
    _, findings = reading(saved_by_excel(workbook({"支出预算": [HEADINGS, *rows]}), cells))
    assert [f.found for f in findings if f.code == "V202"] == ["=B2+1", "=B3+1"]


def test_what_excel_adds_to_a_file_makes_no_noise() -> None:
    """Excel keeps some drop-downs and colour rules in extensions, about which openpyxl warns in English."""
    stream = io.BytesIO()
    workbook({"支出预算": [HEADINGS, [GENERAL, "2010301", "", 5]]}).save(stream)
    with zipfile.ZipFile(stream) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    extension = b'<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"></ext></extLst></worksheet>'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data.replace(b"</worksheet>", extension))
    with warnings.catch_warnings(record=True) as noise:
        warnings.simplefilter("always")
        accounts, findings = reading(stream.getvalue())
    assert (amounts(accounts), findings) == ({"D2": "5"}, ())
    assert [str(warning.message) for warning in noise] == []


# -- parse_amount, for any amount and any text --------------------------------------------------------

EXACT_AMOUNTS = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 4)
)
"""Amounts that Excel can keep: at most 15 digits."""
TO_FULL_WIDTH = str.maketrans("0123456789.,-()", "０１２３４５６７８９．，－（）")


@given(EXACT_AMOUNTS, st.sampled_from(["", "元", "万元", " 元"]), st.booleans(), st.booleans(), st.booleans())
@settings(deadline=None)
def test_every_spelling_of_an_amount_is_that_amount(
    amount: Decimal, unit: str, grouped: bool, bracketed: bool, full_width: bool
) -> None:
    size = format(abs(amount), ",f" if grouped else "f")
    text = size if amount >= 0 else f"({size})" if bracketed else f"-{size}"
    text = f"  {text.translate(TO_FULL_WIDTH) if full_width else text}　" + unit
    parsed = parse_amount(text)
    assert parsed is not None
    assert (parsed.value, type(parsed.value), parsed.unit) == (amount, Decimal, unit.strip())


@given(EXACT_AMOUNTS)
@settings(deadline=None)
def test_a_number_in_a_cell_is_the_amount_that_was_typed(amount: Decimal) -> None:
    parsed = parse_amount(float(amount))
    assert parsed is not None
    assert (parsed.value, type(parsed.value)) == (amount, Decimal)


@given(st.floats(-999999999999999, 999999999999999))
@settings(deadline=None)
def test_a_float_never_stays_a_float_and_keeps_what_excel_shows(number: float) -> None:
    parsed = parse_amount(number)
    assert parsed is not None
    assert type(parsed.value) is Decimal
    assert float(parsed.value) == float(f"{number:.15g}")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        parse_amount(number)


def what_a_person_would_read(text: str) -> Decimal | None:
    """The amount that a text says, by the spec and by other means; ``None`` where it says none."""
    half = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text.strip(" 　"))
    half = half.removesuffix("元").removesuffix("万") if half.endswith("元") else half
    half = half.strip(" 　")
    sign = -1 if half[:1] in {"-", "("} else 1
    if half[:1] == "(":
        if half[-1:] != ")":
            return None
        half = half[1:-1]
    elif half[:1] in {"-", "+"}:
        half = half[1:]
    whole, point, cents = half.partition(".")
    groups = whole.split(",")
    if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
        return None
    digits = "".join(groups)
    if not all(c in "0123456789" for c in digits + cents) or not digits + cents:
        return None
    return sign * Decimal(f"{digits or '0'}{point}{cents or '0' if point else ''}")


@given(st.text(alphabet="019０９,，.．-－+()（）元万亿约十eE%/x#—", max_size=9))
@settings(deadline=None, max_examples=1500)
def test_a_text_that_says_no_amount_never_passes_for_one(text: str) -> None:
    try:
        parsed = parse_amount(text)
    except ValueError:
        return
    if parsed is None:
        assert text.strip(" 　") == ""
    else:
        assert parsed.value == what_a_person_would_read(text)


@given(st.text(alphabet=st.characters(exclude_categories=["N", "Cs", "Z", "Cc"], exclude_characters="¥￥"), min_size=1))
@settings(deadline=None)
def test_a_text_without_digits_is_never_an_amount(text: str) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        parse_amount(text)


def test_a_unit_above_the_headings_counts_for_every_column_of_money() -> None:
    rows = [["单位：万元"], HEADINGS, [GENERAL, "2010301", "", 1.5]]
    accounts, findings = reading(workbook({"支出预算": rows}))
    assert (amounts(accounts), said(findings)) == ({"D3": "15000.0"}, ["S108 支出预算!D2"])


@pytest.mark.parametrize("word", ["合计：", "合 计", "合计（元）", "总计。"])
def test_a_total_may_have_marks_behind_its_word(word: str) -> None:
    assert read_budget([GENERAL, "2010301", "", 5], [word, None, None, 5]) == ({"D2": "5"}, [])


def test_a_note_under_the_table_is_no_row_of_it() -> None:
    rows = (
        [GENERAL, "2010301", "", 5],
        ["注：本表按全年预算数填列。", None, None, None],
        ["填表人：张三", None, None, None],
    )
    assert read_budget(*rows) == ({"D2": "5"}, [])


def test_an_uncalculated_formula_is_found_in_a_file_with_namespace_prefixes_too() -> None:
    stream = io.BytesIO()
    book = workbook({"支出预算": [HEADINGS, [GENERAL, "2010301", "", "=1+1"]]})
    book.save(stream)
    with zipfile.ZipFile(stream) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, data in parts.items():
            if name.startswith("xl/worksheets/"):
                data = re.sub(rb"<(/?)(?=\w)", rb"<\1x:", data).replace(b"xmlns=", b"xmlns:x=")
            package.writestr(name, data)
    _, findings = reading(stream.getvalue())
    assert [f.code for f in findings if f.code == "V202"] == ["V202"]

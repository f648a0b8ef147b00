"""Broken copies of the example workbook, one for each rule, made as a person would make the mistake.

Cells are found by headings and by what stands in their row, so the layout of the workbook may change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from openpyxl import Workbook
from slim import slim_example

import xl2report
from xl2report.checks import run
from xl2report.cli import describe
from xl2report.figures import Figure
from xl2report.findings import Finding
from xl2report.loading import load_profile
from xl2report.scopes import Accounts

Edit = Callable[[Workbook], None]
BROKEN: dict[str, Edit] = {}
"""Code of a rule -> the edit that breaks it."""


def breaks(code: str) -> Callable[[Edit], Edit]:
    """Enter an edit in the table."""

    def enter(edit: Edit) -> Edit:
        assert code not in BROKEN
        BROKEN[code] = edit
        return edit

    return enter


def broken(edit: Edit) -> Workbook:
    """The example workbook after an edit."""
    book = slim_example()
    edit(book)
    return book


# -- finding cells ----------------------------------------------------------------------------------


def headings(book: Workbook, sheet: str) -> tuple[int, dict[str, int]]:
    """The row of the headings and their columns, counted from 1."""
    page = book[sheet]
    first = next(iter(load_profile().tables[sheet].columns)).heading
    row = next(r for r in range(1, 11) if first in [c.value for c in page[r]])
    return row, {str(c.value): c.column for c in page[row] if c.value is not None}


def rows(book: Workbook, sheet: str, **texts: str) -> Iterator[int]:
    """The rows that say these texts under these headings."""
    head, at = headings(book, sheet)
    page = book[sheet]
    for row in range(head + 1, page.max_row + 1):
        if all(str(page.cell(row, at[heading]).value or "") == text for heading, text in texts.items()):
            yield row


def put(book: Workbook, sheet: str, heading: str, value: object, **texts: str) -> str:
    """Write into the cell under a heading in the first row with these texts; gives its address."""
    cell = book[sheet].cell(next(rows(book, sheet, **texts)), headings(book, sheet)[1][heading])
    cell.value = value  # type: ignore[assignment]  # openpyxl takes what a person types
    return f"{sheet}!{cell.coordinate}"


def item(book: Workbook, sheet: str, name: str, value: object, heading: str = "") -> str:
    """Write the value of an item of a closed list, or of 基本信息."""
    at = list(headings(book, sheet)[1])
    return put(book, sheet, heading or at[1], value, **{at[0]: name})


def add(book: Workbook, sheet: str, **values: object) -> int:
    """Write a row below the last one in use; gives its number."""
    head, at = headings(book, sheet)
    page = book[sheet]
    key = [at[heading] for heading in values]
    used = [r for r in range(head, page.max_row + 1) if any(_typed(page.cell(r, c).value) for c in key)]
    row = max(used) + 1
    for heading, value in values.items():
        page.cell(row, at[heading]).value = value  # type: ignore[assignment]  # openpyxl takes what a person types
    return row


def _typed(value: object) -> bool:
    """Whether a cell holds something that a person entered: names of codes come by formula."""
    return value not in (None, "") and not str(value).startswith("=")


def say(book: Workbook, position: str, text: str) -> str:
    """Write the text of a position of 文字材料."""
    return put(book, "文字材料", "文字", text, 位置=position)


OFFICE = {"功能科目编码": "2010301", "经济科目编码": "30201"}
FUND, OWN = "政府性基金预算财政拨款", "国有资本经营预算财政拨款"
PROJECT = "重点工作保障推进经费"
TOWNS = "2023年县级衔接资金“两不愁三保障”及乡村建设治理临时补短项目"


# -- balances ---------------------------------------------------------------------------------------


@breaks("R005")
def income_of_another_kind_that_nobody_spent(book: Workbook) -> None:
    put(book, "收入决算", "其他收入", 100000, 功能科目编码="2010301")


@breaks("R015")
def an_amount_in_wan_yuan(book: Workbook) -> None:
    put(book, "支出决算", "金额", 31.865, **OFFICE)


@breaks("R021")
def a_balance_brought_forward_under_another_code(book: Workbook) -> None:
    add(book, "结转结余", 资金性质=FUND, 功能科目编码="2120801", 年初结转和结余=5000)
    add(book, "结转结余", 资金性质=FUND, 功能科目编码="2120899", 年末结转和结余=5000)


@breaks("R022")
def a_balance_of_state_capital_under_another_code(book: Workbook) -> None:
    add(book, "结转结余", 资金性质=OWN, 功能科目编码="2230105", 年初结转和结余=5000)
    add(book, "结转结余", 资金性质=OWN, 功能科目编码="2239999", 年末结转和结余=5000)


@breaks("R049")
def an_opening_balance_that_is_not_last_years(book: Workbook) -> None:
    add(book, "上年决算", 项目="年末结转和结余", 上年决算数=178200)


@breaks("R057")
def a_budget_that_is_not_the_money_available(book: Workbook) -> None:
    put(book, "支出预算", "全年预算数", 8402800, 功能科目编码="2010301")


@breaks("R082")
def a_prior_year_larger_than_its_whole(book: Workbook) -> None:
    item(book, "上年决算", "一般公共预算财政拨款支出", 17176900)


@breaks("R111")
def a_prior_year_that_is_this_year(book: Workbook) -> None:
    item(book, "上年决算", "机关运行经费", 1559100)


# -- three public expenses ----------------------------------------------------------------------------


@breaks("R050")
def an_expense_that_is_not_in_the_ledger(book: Workbook) -> None:
    item(book, "三公经费", "因公出国（境）费", 52000, "决算数")


@breaks("R053")
def cars_by_use_that_are_not_all_cars(book: Workbook) -> None:
    item(book, "实物量", "车辆用途：应急保障用车", 64)


@breaks("R054")
def a_car_bought_for_nothing(book: Workbook) -> None:
    item(book, "实物量", "购置公务用车：轿车", 1)


@breaks("R059")
def kinds_of_cars_that_are_not_all_purchases(book: Workbook) -> None:
    item(book, "三公经费", "公务用车购置费", 200000, "决算数")
    for name, value in (("轿车", 150000), ("越野车", 0), ("载客汽车", 0)):
        add(book, "三公经费", 项目=f"其中：{name}购置费", 决算数=value)


@breaks("R060")
def a_purchase_of_no_car(book: Workbook) -> None:
    item(book, "三公经费", "公务用车购置费", 200000, "决算数")


@breaks("R062")
def receptions_that_do_not_add_up(book: Workbook) -> None:
    item(book, "三公经费", "其中：外事接待费", 700, "决算数")


@breaks("R071")
def a_journey_of_nobody(book: Workbook) -> None:
    item(book, "实物量", "因公出国（境）人次", 0)


@breaks("R072")
def receptions_that_cost_nothing(book: Workbook) -> None:
    item(book, "实物量", "外事接待批次", 1)


@breaks("R073")
def more_groups_than_people(book: Workbook) -> None:
    item(book, "实物量", "国内公务接待人次", 5)


@breaks("R074")
def cars_that_cost_nothing(book: Workbook) -> None:
    pass  # so in the published document


@breaks("R075")
def running_expenses_without_cars(book: Workbook) -> None:
    item(book, "三公经费", "公务用车运行维护费", 50000, "决算数")
    for name in ("轿车", "越野车", "载客汽车"):
        item(book, "实物量", f"公务用车保有量：{name}", 0)


@breaks("R076")
def a_dear_reception(book: Workbook) -> None:
    item(book, "实物量", "国内公务接待人次", 8)


@breaks("R077")
def a_reception_in_wan_yuan(book: Workbook) -> None:
    for name in ("公务接待费", "其中：国内公务接待费"):
        item(book, "三公经费", name, 1.07, "决算数")


@breaks("R110")
def a_reception_beyond_its_budget(book: Workbook) -> None:
    item(book, "三公经费", "公务接待费", 10000, "预算数")


@breaks("R107")
def fewer_cars_than_none(book: Workbook) -> None:
    item(book, "实物量", "车辆用途：其他用车", -1)


# -- amounts ------------------------------------------------------------------------------------------


@breaks("R025")
def a_negative_amount(book: Workbook) -> None:
    put(book, "支出决算", "金额", -318650, **OFFICE)


@breaks("R078")
def a_prior_year_in_wan_yuan(book: Workbook) -> None:
    item(book, "上年决算", "机关运行经费", 191.04)


@breaks("R079")
def a_budget_in_wan_yuan(book: Workbook) -> None:
    put(book, "支出预算", "全年预算数", 16.958, 功能科目编码="2101101")


@breaks("R080")
def accounts_in_wan_yuan(book: Workbook) -> None:
    scaled(book, 0.0001)


@breaks("R081")
def accounts_of_a_province(book: Workbook) -> None:
    scaled(book, 100000)


def scaled(book: Workbook, factor: float) -> None:
    """All amounts of the accounts times a factor."""
    for sheet, first in (("收入决算", "一般公共预算财政拨款收入"), ("支出决算", "金额"), ("支出预算", "全年预算数")):
        head, at = headings(book, sheet)
        for cells in book[sheet].iter_rows(min_row=head + 1, min_col=at[first]):
            for cell in cells:
                if isinstance(cell.value, int | float):
                    cell.value = round(cell.value * factor, 6)


# -- lists and rows -----------------------------------------------------------------------------------


@breaks("R085")
def a_budget_without_expenditure(book: Workbook) -> None:
    pass  # so in the published document


@breaks("R086")
def a_row_pasted_twice(book: Workbook) -> None:
    page = book["支出决算"]
    _, at = headings(book, "支出决算")
    row = next(rows(book, "支出决算", **OFFICE))
    add(book, "支出决算", **{heading: page.cell(row, column).value for heading, column in at.items()})


@breaks("R087")
def a_code_entered_twice(book: Workbook) -> None:
    add(book, "支出预算", 资金性质="一般公共预算财政拨款", 功能科目编码="2010301", 全年预算数=1000)


# -- units, people, procurement -------------------------------------------------------------------------


@breaks("R051")
def an_office_without_operating_expenses(book: Workbook) -> None:
    page = book["支出决算"]
    _, at = headings(book, "支出决算")
    for row in rows(book, "支出决算", 支出类型="基本支出"):
        cell = page.cell(row, at["经济科目编码"])
        if str(cell.value).startswith("302"):
            cell.value = "30199"


@breaks("R055")
def small_firms_with_more_than_all_firms(book: Workbook) -> None:
    item(book, "政府采购", "政府采购货物支出", 50000)
    item(book, "政府采购", "授予中小企业合同金额", 20000)
    item(book, "政府采购", "其中：授予小微企业合同金额", 30000)


@breaks("R061")
def firms_with_more_than_was_procured(book: Workbook) -> None:
    item(book, "政府采购", "授予中小企业合同金额", 20000)


@breaks("R063")
def a_department_of_no_units(book: Workbook) -> None:
    pass  # so in the published document


@breaks("R064")
def an_establishment_that_does_not_add_up(book: Workbook) -> None:
    item(book, "基本信息", "编制总数", 39)


@breaks("R065")
def staff_that_does_not_add_up(book: Workbook) -> None:
    item(book, "基本信息", "在职事业", 12)


@breaks("R069")
def an_institution_with_administrative_units(book: Workbook) -> None:
    item(book, "基本信息", "单位性质", "事业单位")


@breaks("R070")
def an_office_with_institutions(book: Workbook) -> None:
    pass  # so in the published document


@breaks("R095")
def a_score_above_full_marks(book: Workbook) -> None:
    item(book, "基本信息", "部门整体绩效自评得分", 194)


@breaks("R108")
def more_procured_than_spent(book: Workbook) -> None:
    item(book, "政府采购", "政府采购工程支出", 20000000)


# -- projects -------------------------------------------------------------------------------------------


@breaks("R058")
def projects_that_spent_more_than_all_projects(book: Workbook) -> None:
    put(book, "绩效项目", "全年执行数", 3058200, 项目名称=PROJECT)


@breaks("R088")
def a_project_under_two_names(book: Workbook) -> None:
    put(book, "绩效项目", "项目名称", "重点工作保障推进工作经费", 项目名称=PROJECT)


@breaks("R089")
def a_project_without_expenditure(book: Workbook) -> None:
    put(book, "绩效项目", "项目名称", "老旧小区改造", 项目名称=PROJECT)


@breaks("R090")
def a_project_that_spent_more_than_the_ledger_says(book: Workbook) -> None:
    put(book, "绩效项目", "全年执行数", 950000, 项目名称=TOWNS)


@breaks("R091")
def indicators_of_no_project(book: Workbook) -> None:
    put(book, "绩效指标", "项目名称", "老旧小区改造", 项目名称=PROJECT)


@breaks("R092")
def funds_that_do_not_make_the_budget(book: Workbook) -> None:
    put(book, "绩效项目", "县级资金预算", 205.82, 项目名称=PROJECT)


@breaks("R093")
def funds_that_do_not_make_the_expenditure(book: Workbook) -> None:
    put(book, "绩效项目", "县级资金执行", 2085200, 项目名称=PROJECT)


@breaks("R094")
def more_spent_than_budgeted(book: Workbook) -> None:
    for heading in ("全年预算数", "县级资金预算"):
        put(book, "绩效项目", heading, 2000000, 项目名称=PROJECT)


# -- texts ----------------------------------------------------------------------------------------------


@breaks("R066")
def a_text_without_the_balance(book: Workbook) -> None:
    pass  # so in the published document


@breaks("R096")
def a_rise_that_was_a_fall(book: Workbook) -> None:
    say(book, "原因：公务接待费", "招商引资任务增加，来访人员增多")


@breaks("R097")
def a_fall_that_was_a_rise(book: Workbook) -> None:
    say(book, "原因：因公出国（境）费", "厉行节约，压减支出")


@breaks("R098")
def no_change_that_was_a_change(book: Workbook) -> None:
    say(book, "原因：公务接待费", "接待任务与往年持平")


@breaks("R099")
def a_small_change_that_was_large(book: Workbook) -> None:
    pass  # so in the published document


@breaks("R100")
def a_large_change_that_was_small(book: Workbook) -> None:
    item(book, "上年决算", "机关运行经费", 1570000)
    say(book, "原因：机关运行经费", "单位人员减少，经费大幅压减")


@breaks("R101")
def a_placeholder(book: Workbook) -> None:
    say(book, "原因：公务接待费", "因XX，接待批次较上年减少")


@breaks("R102")
def a_doubled_word(book: Workbook) -> None:
    say(book, "绩效管理", "峨边彝族自治县县人民政府办公室组织了自评。")


@breaks("R103")
def a_year_of_an_older_report(book: Workbook) -> None:
    say(book, "原因：公务接待费", "与2021年相比，接待批次减少")


@breaks("R104")
def a_year_left_from_last_years_report(book: Workbook) -> None:
    say(book, "绩效管理", "2022年财政拨款预算收入1231.16万元。")


@breaks("R105")
def an_amount_without_its_unit(book: Workbook) -> None:
    say(book, "绩效管理", "全年接待支出1.07元，项目全年预算数295.82，已全部执行。")


@breaks("R106")
def an_amount_that_is_not_in_the_accounts(book: Workbook) -> None:
    say(book, "绩效管理", "2023年基本支出1141.61万元。")


@breaks("R109")
def a_text_without_the_opening_balance(book: Workbook) -> None:
    say(book, "绩效管理：结转结余", "县政府办2023年年初无结转，年末结转18.72万元")


def edited(edit: Edit, path: Path) -> Path:
    """Save the example workbook after an edit; gives the path."""
    broken(edit).save(path)
    return path


# -- what no workbook can break -------------------------------------------------------------------------

TAMPERED = {
    "R001": "01", "R007": "02", "R009": "03", "R011": "04", "R016": "05", "R017": "06", "R018": "07", "R019": "08",
    "R020": "09", "R023": "12", "R024": "13", "R067": "10", "R068": "11",
}  # fmt: skip
"""Rules that guard the profile: an amount that a schedule does not print is told at its cell first (C304)."""


def told(code: str, folder: Path) -> tuple[Finding, ...]:
    """What a rule says of the example after its edit."""
    if code in BROKEN:
        report = xl2report.load(edited(BROKEN[code], folder / f"{code}.xlsx"))
        return tuple(found for found in report.findings if found.code == code)
    if code in TAMPERED:
        return tampered(code, folder)
    own = folder / "own"  # a list that forgets some of its items
    own.mkdir(exist_ok=True)
    short = '[list."车辆用途"]\nmeasures = ["主要领导干部用车", "机要通信用车"]\nalways = []\n'
    (own / "profile.toml").write_text('extends = "sichuan/2023"\n' + short, encoding="utf-8")
    report = xl2report.load(xl2report.example(), own)
    return tuple(found for found in report.findings if found.code == code)


def with_state_capital(book: Workbook) -> None:
    """The example with a little money of the one fund that it has not."""
    marks = {"资金性质": OWN, "功能科目编码": "2239999"}
    add(book, "收入决算", 功能科目编码="2239999", 国有资本经营预算财政拨款收入=5000)
    add(book, "支出决算", **marks, 支出类型="项目支出", 经济科目编码="30201", 项目名称="国企改革", 金额=5000)
    add(book, "支出预算", **marks, 全年预算数=5000)


def tampered(code: str, folder: Path) -> tuple[Finding, ...]:
    """What a rule says of a schedule in which the first total was changed after it was laid out."""
    report = xl2report.load(edited(with_state_capital, folder / f"{code}.xlsx"))
    sheets = {sheet.key: sheet for sheet in report.sheets}
    sheet = sheets[TAMPERED[code]]
    box = next(box for box in sheet.amounts if box.addends)
    figure = box.figure or Figure("", Decimal(0), report.profile.units["万元"], "")
    wrong = box._replace(figure=figure._replace(value=(figure.value or Decimal(0)) + 100))
    sheets[sheet.key] = replace(sheet, boxes=tuple(wrong if b is box else b for b in sheet.boxes))
    return tuple(run(report.profile.rules[code], Accounts(report.profile, report.book, report.figures, sheets)))


def said(code: str, folder: Path) -> str:
    """A page of the golden file: what a rule says, in both languages."""
    found = told(code, folder)
    assert found, code
    lines = [describe(finding, lang) for lang in ("zh", "en") for finding in found]
    return "\n".join((f"# {code}", *lines))

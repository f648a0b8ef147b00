"""The identities of the thirteen schedules that hold by construction, on generated accounts: one test a code.

They are no rules, since no workbook can break them; what would break them is a change of a profile or of the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xl2report.derive import Figures
from xl2report.facts import COLUMN, TABLE, Book, Cell, Fact, Row
from xl2report.loading import load_profile
from xl2report.sheets import Sheet, lay_out

PROFILE = load_profile("sichuan/2023")
GENERAL, FUND, STATE, OTHER = PROFILE.marks["资金性质"].values
FISCAL = (GENERAL, FUND, STATE)
FUNCTIONS = [c for c in PROFILE.marks["功能科目"].codes if len(c) == 7 and c[:3] not in ("227", "230", "233")]
ECONOMICS = [c for c in PROFILE.marks["经济科目"].codes if len(c) == 5]
BASIC = [c for c in ECONOMICS if c[:3] in ("301", "302", "303", "307", "310", "312", "399")]
KINDS = PROFILE.marks["支出类型"].values
INCOME = [c.heading for c in PROFILE.tables["收入决算"].amounts]
BALANCES = [c.heading for c in PROFILE.tables["结转结余"].amounts]

money = st.integers(0, 10**11).map(lambda fen: Decimal(fen).scaleb(-2))
function = st.sampled_from(FUNCTIONS)
fiscal = st.sampled_from(FISCAL)
spent = st.one_of(
    st.tuples(fiscal, function, st.just("基本支出"), st.sampled_from(BASIC), money),
    st.tuples(fiscal, function, st.just("项目支出"), st.sampled_from(ECONOMICS), money),
    st.tuples(st.just(OTHER), function, st.sampled_from(KINDS), st.sampled_from(ECONOMICS), money),
)
received = st.tuples(st.sampled_from(INCOME), function, money)
balance = st.tuples(st.sampled_from(PROFILE.marks["资金性质"].values), function, st.sampled_from(BALANCES), money)


class Accounts(NamedTuple):
    """Generated accounts: the printed schedules and the figures."""

    sheets: dict[str, Sheet]
    figures: Figures

    def box(self, schedule: str, row: str, column: str = "") -> Decimal:
        found = self.sheets[schedule].box(row, column)
        return (found.figure.value if found and found.figure else None) or Decimal(0)

    def rows(self, schedule: str) -> list[str]:
        return list(dict.fromkeys(b.row_key for b in self.sheets[schedule].amounts if b.row_key))

    def classes(self, schedule: str) -> dict[str, str]:
        """The lines of 01 and 04 for the classes of expenditure: label -> number."""
        return {
            b.row_label.partition("、")[2]: b.row_key
            for b in self.sheets[schedule].amounts
            if "支出" in b.row_label and "、" in b.row_label
        }


@st.composite
def accounts(draw: st.DrawFn, *, only_fiscal: bool = False) -> Accounts:
    facts: list[Fact] = []

    def enter(table: str, column: str, amount: Decimal, **marks: str) -> None:
        own = PROFILE.tables[table].column(column).marks
        cell = Cell(table, f"A{len(facts) + 4}")
        facts.append(Fact(amount, {TABLE: table, COLUMN: column, **own, **marks}, cell))

    for fund, code, kind, economic, amount in draw(st.lists(spent, min_size=1, max_size=40)):
        if fund != OTHER or not only_fiscal:
            project = "某项目" if kind == "项目支出" else ""
            enter(
                "支出决算",
                "金额",
                amount,
                资金性质=fund,
                功能科目=code,
                支出类型=kind,
                经济科目=economic,
                项目名称=project,
            )
    for column, code, amount in draw(st.lists(received, min_size=1, max_size=20)):
        if INCOME.index(column) < 3 or not only_fiscal:
            enter("收入决算", column, amount, 功能科目=code)
    for fund, code, column, amount in draw(st.lists(balance, min_size=1, max_size=10)):
        if not only_fiscal or (fund != OTHER and column in ("年初结转和结余", "年末结转和结余")):
            enter("结转结余", column, amount, 资金性质=fund, 功能科目=code)
    rows: dict[str, list[Row]] = {"支出决算": [], "收入决算": [], "结转结余": [], "支出预算": []}
    for fact in facts:
        rows[fact.marks[TABLE]].append(Row(fact.marks[TABLE], 4, {}, {}, {fact.marks[COLUMN]: fact}))
    info = {"年度": "2023", "自称": "我办", "部门名称": "甲"}
    book = Book(tuple(facts), {k: tuple(v) for k, v in rows.items()}, info)
    figures = Figures(PROFILE, book)
    return Accounts({s.key: s for s in lay_out(PROFILE, book, figures)}, figures)


Identity = Callable[[Accounts], None]
IDENTITIES: dict[str, Identity] = {}
ONLY_FISCAL = ("R047",)


def holds(*codes: str) -> Callable[[Identity], Identity]:
    """Enter an identity under its codes."""

    def enter(identity: Identity) -> Identity:
        IDENTITIES.update(dict.fromkeys(codes, identity))
        return identity

    return enter


@holds("R014")
def totals_of_04_are_the_sums_of_their_lines(a: Accounts) -> None:
    assert a.box("04", "32") == a.box("04", "27") + a.box("04", "28")
    for column in ("合计", *FISCAL):
        assert a.box("04", "64", column) == a.box("04", "59", column) + a.box("04", "60", column)


@holds("R030", "R031", "R032")
def income_of_02_is_that_of_01(a: Accounts) -> None:
    assert a.box("02", "合计", "本年收入合计") == a.box("01", "27")
    assert a.box("02", "合计", "财政拨款收入") == sum(a.box("01", n) for n in ("1", "2", "3"))
    for number, column in enumerate(INCOME[3:], 4):
        assert a.box("02", "合计", column) == a.box("01", str(number))


@holds("R033", "R034")
def expenditure_of_03_is_that_of_01_in_total_and_by_class(a: Accounts) -> None:
    assert a.box("03", "合计", "本年支出合计") == a.box("01", "57")
    lines = a.classes("01")
    assert len(lines) == 26
    for code in (row for row in a.rows("03") if len(row) == 3):
        assert a.box("03", code, "本年支出合计") == a.box("01", lines[PROFILE.marks["功能科目"].name_of(code)])


@holds("R035")
def fiscal_income_of_04_is_that_of_01_and_02(a: Accounts) -> None:
    for number in ("1", "2", "3"):
        assert a.box("04", number) == a.box("01", number)
    assert a.box("04", "27") == a.box("02", "合计", "财政拨款收入")


@holds("R036", "R037", "R038", "R039")
def expenditure_of_04_is_that_of_06_10_11_and_12_in_total_and_by_class(a: Accounts) -> None:
    lines = a.classes("04")
    assert len(lines) == 26
    for schedule, column, fund in (
        ("06", "小计", GENERAL),
        ("10", "小计", FUND),
        ("11", "小计", STATE),
        ("12", "合计", STATE),
    ):
        assert a.box("04", "59", fund) == a.box(schedule, "合计", column)
        for code in (row for row in a.rows(schedule) if len(row) == 3):
            line = lines[PROFILE.marks["功能科目"].name_of(code)]
            assert a.box("04", line, fund) == a.box(schedule, code, column)


@holds("R040")
def income_and_balances_of_10_and_11_are_those_of_04(a: Accounts) -> None:
    for schedule, income, opening, fund in (("10", "2", "30", FUND), ("11", "3", "31", STATE)):
        assert a.box("04", income) == a.box(schedule, "合计", "本年收入")
        assert a.box("04", opening) == a.box(schedule, "合计", "年初结转和结余")
        assert a.box("04", "60", fund) == a.box(schedule, "合计", "年末结转和结余")


@holds("R041")
def totals_of_05_are_those_of_04_and_06(a: Accounts) -> None:
    assert a.box("05", "合计", "合计") == a.box("04", "59", "合计")
    for name, fund in (("一般公共预算", GENERAL), ("政府性基金预算", FUND), ("国有资本经营预算", STATE)):
        assert a.box("05", "合计", f"{name}小计") == a.box("04", "59", fund)
    for kind in ("基本支出", "项目支出"):
        assert a.box("05", "合计", f"一般公共预算{kind}") == a.box("06", "合计", kind)


@holds("R042")
def rows_of_07_are_those_of_06_and_its_columns_those_of_05(a: Accounts) -> None:
    assert a.rows("07") == a.rows("06")
    for code in a.rows("06"):
        assert a.box("07", code, "合计") == a.box("06", code, "小计")
    for code in (row for row in a.rows("05") if len(row) == 5):
        assert a.box("07", "合计", code) == a.box("05", code, "一般公共预算小计")


@holds("R043", "R044")
def basic_of_06_is_08_and_projects_are_09(a: Accounts) -> None:
    assert a.box("06", "合计", "基本支出") == a.box("08", "人员经费合计") + a.box("08", "公用经费合计")
    for code in a.rows("06"):
        assert a.box("06", code, "项目支出") == a.box("09", code, "金额")


@holds("R045")
def codes_of_08_are_the_basic_part_of_07_and_05(a: Accounts) -> None:
    for code in (row for row in a.rows("08") if len(row) == 5):
        assert a.box("08", code) <= a.box("07", "合计", code)
        assert a.box("08", code) == a.box("05", code, "一般公共预算基本支出")


@holds("R046")
def rows_of_12_are_the_expenditure_of_11(a: Accounts) -> None:
    for code in a.rows("12"):
        for column, other in (("合计", "小计"), ("基本支出", "基本支出"), ("项目支出", "项目支出")):
            assert a.box("12", code, column) == a.box("11", code, other)


@holds("R047")
def with_fiscal_money_only_01_and_03_are_04_and_06_10_12(a: Accounts) -> None:
    assert a.box("01", "30") == a.box("04", "32")
    assert a.box("01", "57") == a.box("04", "59", "合计")
    for kind in ("基本支出", "项目支出"):
        assert a.box("03", "合计", kind) == sum(a.box(s, "合计", kind) for s in ("06", "10", "12"))


@holds("R048")
def fiscal_money_is_a_part_of_all_money(a: Accounts) -> None:
    for kind in ("基本支出", "项目支出"):
        assert a.box("03", "合计", kind) >= sum(a.box(s, "合计", kind) for s in ("06", "10", "12"))
    assert a.box("01", "57") >= a.box("04", "59", "合计")
    assert a.box("01", "29") >= a.box("04", "28")
    assert a.box("01", "59") >= a.box("04", "60", "合计")


@holds("R051")
def operating_expenses_are_the_goods_and_services_of_08(a: Accounts) -> None:
    assert a.figures["机关运行经费"].value == a.box("08", "公用经费合计")


@holds("R052")
def figures_of_the_prose_are_those_of_the_schedules(a: Accounts) -> None:
    value = {name: a.figures[name].value for name in PROFILE.measures if name in PRINTED}
    assert {name: a.box(*place) for name, place in PRINTED.items()} == value


PRINTED = {
    "收入总计": ("01", "30"), "支出总计": ("01", "60"), "本年收入合计": ("01", "27"), "本年支出合计": ("01", "57"),
    "一般公共预算财政拨款收入": ("01", "1"), "事业收入": ("01", "5"), "其他收入": ("01", "8"),
    "年初结转和结余": ("01", "29"), "年末结转和结余": ("01", "59"),
    "基本支出": ("03", "合计", "基本支出"), "项目支出": ("03", "合计", "项目支出"),
    "财政拨款收入总计": ("04", "32"), "财政拨款支出总计": ("04", "64", "合计"),
    "一般公共预算支出": ("06", "合计", "小计"), "一般公共预算基本支出": ("06", "合计", "基本支出"),
    "人员经费": ("08", "人员经费合计"), "公用经费": ("08", "公用经费合计"),
    "政府性基金预算支出": ("10", "合计", "小计"), "国有资本经营预算支出": ("11", "合计", "小计"),
}  # fmt: skip
"""Figures of the report -> where the schedules print them."""


@pytest.mark.parametrize("code", IDENTITIES)
def test_an_identity_holds_for_all_accounts(code: str) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(accounts(only_fiscal=code in ONLY_FISCAL))
    def check(generated: Accounts) -> None:
        IDENTITIES[code](generated)

    check()


def test_every_code_is_a_rule_or_an_identity_or_explained() -> None:
    elsewhere = {
        "R002", "R003", "R004", "R006", "R008", "R010", "R012", "R013",  # totals: R001, R007, R009, R011
        "R026",  # ancestors are printed, names and codes are those of the list: V205, V206, V217, V219
        "R056",  # a rate names its budget, and has none where that is zero: tests/test_figures.py, tests/test_report.py
    }  # fmt: skip
    numbers = {f"R{number:03}" for number in (*range(1, 27), *range(30, 59))}
    assert numbers - set(PROFILE.rules) - set(IDENTITIES) == elsewhere

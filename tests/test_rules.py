"""Rules and schedules: examples hold and break, mutants are caught, consistent accounts give no finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xl2report
from xl2report.checks import check, example_holds
from xl2report.derive import Figures
from xl2report.facts import COLUMN, TABLE, Book, Cell, Fact, Row
from xl2report.formulas import COMPARISONS, Number, Operation
from xl2report.formulas import names as names_in
from xl2report.loading import load_profile
from xl2report.profile import Rule
from xl2report.sheets import lay_out

PROFILE = load_profile("sichuan/2023")
RULES = list(PROFILE.rules.values())
FUNDS = PROFILE.marks["资金性质"].values


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_examples_of_a_rule_hold_and_break_and_use_its_names(rule: Rule) -> None:
    claim = rule.claims[0]
    condition = (rule.when.left, rule.when.right) if rule.when else ()
    used = {n.text for e in (claim.left, claim.right, *condition) for n in names_in(e)}

    for example in (*rule.holds, *rule.breaks):
        assert {name.replace(" ", "") for name in example} == {name.replace(" ", "") for name in used}
    assert all(example_holds(rule, e) for e in rule.holds)
    assert not any(example_holds(rule, e) for e in rule.breaks)


def mutants(rule: Rule) -> Iterator[Rule]:
    """The rule with its relation changed in every way, or loosened by a cent on either side."""
    claim = rule.claims[0]
    loose = Number(Decimal("0.01"))
    for sign in COMPARISONS:
        if sign != claim.sign:
            yield replace(rule, claims=(replace(claim, sign=sign),))
    yield replace(rule, claims=(replace(claim, sign="<=", right=Operation("+", (claim.right, loose))),))
    yield replace(rule, claims=(replace(claim, sign=">=", left=Operation("+", (claim.left, loose))),))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_no_weakened_rule_passes_its_examples(rule: Rule) -> None:
    def passes(mutant: Rule) -> bool:
        return all(example_holds(mutant, e) for e in rule.holds) and not any(
            example_holds(mutant, e) for e in rule.breaks
        )

    # the same on whole numbers that count something: x > 0 and x != 0 cannot be told apart, nor is there need
    survivors = [m.claims[0].sign for m in mutants(rule) if passes(m)]
    assert survivors in ([], ["!="] if rule.claims[0].sign == ">" else [])


def ledger(table: str, number: int, amount: Decimal, column: str, **marks: str) -> Row:
    fact = Fact(amount, {TABLE: table, COLUMN: column, **marks}, Cell(table, f"H{number}"))
    return Row(table, number, {}, {}, {column: fact})


money = st.integers(1, 10**11).map(lambda cents: Decimal(cents).scaleb(-2))
functions = [c for c in PROFILE.marks["功能科目"].codes if len(c) == 7 and c[:3] not in ("227", "230", "233")]
basic = [c for c in PROFILE.marks["经济科目"].codes if len(c) == 5 and c[:3] in ("301", "302", "303", "310")]
three_public = {"30212", "30217", "30231", "30913", "31013"}
entry = st.tuples(
    st.sampled_from(FUNDS[:3]),
    st.sampled_from(functions),
    st.sampled_from(["基本支出", "项目支出"]),
    st.sampled_from([c for c in basic if c not in three_public]),
    money,
)


def consistent(entries: list[tuple[str, str, str, str, Decimal]]) -> Book:
    """Accounts in which all that was spent was received and budgeted."""
    rows: dict[str, list[Row]] = {"支出决算": [], "收入决算": [], "支出预算": [], "结转结余": []}
    for number, (fund, function, kind, economic, amount) in enumerate(entries, 4):
        marks = {"资金性质": fund, "功能科目": function}
        project = "某项目" if kind == "项目支出" else ""
        rows["支出决算"].append(
            ledger("支出决算", number, amount, "金额", **marks, 支出类型=kind, 经济科目=economic, 项目名称=project)
        )
        rows["收入决算"].append(ledger("收入决算", number, amount, f"{fund}收入", **marks))
        rows["支出预算"].append(ledger("支出预算", number, amount, "全年预算数", **marks))
    for number, column in enumerate(("年初结转和结余", "使用非财政拨款结余", "结余分配", "年末结转和结余"), 4):
        rows["结转结余"].append(ledger("结转结余", number, Decimal(0), column, 资金性质=FUNDS[0], 功能科目=""))
    facts = tuple(f for group in rows.values() for row in group for f in row.facts.values())
    return Book(facts, {k: tuple(v) for k, v in rows.items()}, {"年度": "2023", "自称": "我办", "部门名称": "甲"})


@settings(max_examples=40, deadline=None)
@given(st.lists(entry, min_size=1, max_size=40))
def test_no_rule_fires_on_consistent_accounts(entries: list[tuple[str, str, str, str, Decimal]]) -> None:
    book = consistent(entries)
    figures = Figures(PROFILE, book)
    found = check(PROFILE, book, figures, lay_out(PROFILE, book, figures))

    assert [f for f in found if f.code != "N402"] == []


@settings(max_examples=40, deadline=None)
@given(st.lists(entry, min_size=1, max_size=25))
def test_schedules_agree_with_each_other(entries: list[tuple[str, str, str, str, Decimal]]) -> None:
    book = consistent(entries)
    sheets = {s.key: s for s in lay_out(PROFILE, book, Figures(PROFILE, book))}

    def value(schedule: str, row: str, column: str = "") -> Decimal:
        box = sheets[schedule].box(row, column)
        return (box.figure.value if box and box.figure else None) or Decimal(0)

    spent = sum((e[-1] for e in entries), Decimal(0))
    assert value("01", "57") == value("03", "合计", "本年支出合计") == value("04", "59", "合计") == spent
    assert value("05", "合计", "合计") == spent
    assert value("06", "合计", "小计") == value("07", "合计", "合计") == value("04", "59", FUNDS[0])
    assert value("06", "合计", "基本支出") == value("08", "人员经费合计") + value("08", "公用经费合计")
    assert value("06", "合计", "项目支出") == value("09", "合计", "金额")
    assert value("10", "合计", "小计") == value("04", "59", FUNDS[1])
    assert value("11", "合计", "小计") == value("12", "合计", "合计") == value("04", "59", FUNDS[2])
    for code in {e[1] for e in entries if e[0] == FUNDS[0]}:
        assert value("06", code, "小计") == value("07", code, "合计")


@pytest.mark.parametrize("code", ["227", "230", "233"])
def test_an_amount_whose_class_has_no_line_is_reported_at_its_cell(code: str) -> None:
    book = consistent([(FUNDS[0], f"{code}0101", "基本支出", "30101", Decimal(100))])
    figures = Figures(PROFILE, book)
    found = check(PROFILE, book, figures, lay_out(PROFILE, book, figures))

    assert ("C304", "支出决算!H4") in {(f.code, f.place) for f in found}
    assert not {"R001", "R011"} & {f.code for f in found}  # told once, at its cell


def test_every_box_of_the_example_rests_on_cells_of_the_workbook(report: xl2report.Report) -> None:
    for sheet in report.sheets:
        for box in sheet.amounts:
            if box.figure is not None:
                assert box.figure.cells(), f"{sheet.key}!{box.ref}"


def test_the_example_reports_what_is_true_of_it_and_nothing_else(report: xl2report.Report) -> None:
    assert [(f.code, f.severity, f.place) for f in report.findings] == [
        ("R063", "warning", "基本信息!B11"),
        ("R066", "warning", "文字材料!D48"),
        ("R066", "warning", "文字材料!D84"),
    ]

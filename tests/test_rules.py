"""Rules and schedules: examples hold and break, mutants are caught, consistent accounts give no finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xl2report
from xl2report.checks import Checked, check, example_holds
from xl2report.derive import Figures
from xl2report.facts import COLUMN, TABLE, Book, Cell, Fact, Row
from xl2report.formulas import COMPARISONS, Number, Operation
from xl2report.formulas import names as names_in
from xl2report.loading import load_profile
from xl2report.profile import Claim, Rule
from xl2report.sheets import lay_out

PROFILE = load_profile("sichuan/2023")
RULES = list(PROFILE.rules.values())
FUNDS = PROFILE.marks["资金性质"].values


def plain(names: Iterable[str]) -> set[str]:
    return {name.replace(" ", "") for name in names}


def used_by(claim: Claim) -> set[str]:
    """The names that a claim and its condition use."""
    expressions = (claim.left, claim.right, *((claim.when.left, claim.when.right) if claim.when else ()))
    return plain(n.text for e in expressions for n in names_in(e))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_examples_of_a_rule_hold_and_break_and_use_its_names(rule: Rule) -> None:
    texts = {"文字"} if rule.scope in ("texts", "reasons") else set()
    for example in (*rule.holds, *rule.breaks):
        own = texts or ({"文字"} & set(example) if rule.unless else set())  # of numbers, where an exception is shown
        assert plain(example) == used_by(rule.claims[0]) | own
    assert all(example_holds(rule, e) for e in rule.holds)
    assert not any(example_holds(rule, e) for e in rule.breaks)


def mutants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """The rule with its relation changed in every way, loosened a little on either side, or freed of a condition.

    A little is one unit of the last decimal of its examples: a cent for money, one for what is counted.
    """
    claim = rule.claims[0]
    values = [Decimal(str(v)) for e in (*rule.holds, *rule.breaks) for name, v in e.items() if name != "文字"]
    loose = Number(Decimal(1).scaleb(min((int(v.as_tuple().exponent) for v in values), default=0)))
    for sign in COMPARISONS:
        if claim.text and sign != claim.sign:
            yield sign, replace(rule, claims=(replace(claim, sign=sign),))
    if claim.text:
        yield (
            "looser above",
            replace(rule, claims=(replace(claim, sign="<=", right=Operation("+", (claim.right, loose))),)),
        )
        yield (
            "looser below",
            replace(rule, claims=(replace(claim, sign=">=", left=Operation("+", (claim.left, loose))),)),
        )
    if claim.when:
        yield "no condition", replace(rule, claims=(replace(claim, when=None),))
        for sign in ("=", "<", "!="):
            if sign != claim.when.sign:
                yield f"when {sign}", replace(rule, claims=(replace(claim, when=replace(claim.when, sign=sign)),))
    if rule.unless:
        yield "no exception", replace(rule, unless=())
    if rule.scope in ("texts", "reasons"):
        yield "no words", replace(rule, of=())
        yield "any words", replace(rule, of=("",))


def passes(rule: Rule, mutant: Rule) -> bool:
    """Whether a mutant satisfies the examples of its rule."""
    holding = all(example_holds(mutant, e) for e in rule.holds)
    return holding and not any(example_holds(mutant, e) for e in rule.breaks)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_no_weakened_rule_passes_its_examples(rule: Rule) -> None:
    survivors = {name for name, mutant in mutants(rule) if passes(rule, mutant)}
    claim = rule.claims[0]
    # of whole numbers that count something, x > 0 and x != 0 cannot be told apart, nor is there need
    equal = {"!="} if claim.sign == ">" else set()
    equal |= {"="} if claim.sign == "<=" and claim.right == Number(Decimal(0)) else set()
    equal |= {"when !="} if claim.when and claim.when.sign == ">" else set()
    assert survivors <= equal


def dated(word: str) -> str:
    return word.replace("{年度}", "2023").replace("{上一年度}", "2022").replace("{上上年度}", "2021")


@pytest.mark.parametrize("rule", [r for r in RULES if r.scope in ("texts", "reasons")], ids=lambda rule: rule.code)
def test_every_word_of_a_rule_is_found_and_every_exception_lets_pass(rule: Rule) -> None:
    breaking = next(e for e in rule.breaks)
    words = [dated(w) for w in rule.of]
    assert [w for w in words if example_holds(rule, {**breaking, "文字": f"因{w}所致"})] == []
    exceptions = [dated(w) for w in rule.unless]
    assert [w for w in exceptions if not example_holds(rule, {**breaking, "文字": f"{words[0]}，{w}"})] == []


def ledger(table: str, number: int, amount: Decimal, column: str, **marks: str) -> Row:
    fact = Fact(amount, {TABLE: table, COLUMN: column, **marks}, Cell(table, f"H{number}"))
    texts = {c.heading: marks.get(c.mark, "") for c in PROFILE.tables[table].columns if c.kind == "mark"}
    return Row(table, number, texts, {h: Cell(table, f"A{number}") for h in texts}, {column: fact})


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
Entries = list[tuple[str, str, str, str, Decimal]]


def consistent(entries: Entries) -> Book:
    """Accounts in which all that was spent was received and budgeted, one row a combination."""
    rows: dict[str, list[Row]] = {"支出决算": [], "收入决算": [], "支出预算": [], "结转结余": []}
    sums: dict[tuple[str, str], Decimal] = {}
    spent: dict[tuple[str, str, str, str], Decimal] = {}
    for fund, function, kind, economic, amount in entries:
        sums[fund, function] = sums.get((fund, function), Decimal(0)) + amount
        key = fund, function, kind, economic
        spent[key] = spent.get(key, Decimal(0)) + amount
    for number, ((fund, function, kind, economic), amount) in enumerate(spent.items(), 4):
        marks = {"资金性质": fund, "功能科目": function, "支出类型": kind, "经济科目": economic}
        project = "某项目" if kind == "项目支出" else ""
        rows["支出决算"].append(ledger("支出决算", number, amount, "金额", **marks, 项目名称=project))
    for number, ((fund, function), amount) in enumerate(sums.items(), 4):
        marks = {"资金性质": fund, "功能科目": function}
        rows["支出预算"].append(ledger("支出预算", number, amount, "全年预算数", **marks))
    for number, function in enumerate(dict.fromkeys(code for _, code in sums), 4):
        funds = [fund for fund in FUNDS if (fund, function) in sums]
        received = [
            ledger("收入决算", number, sums[fund, function], f"{fund}收入", 资金性质=fund, 功能科目=function)
            for fund in funds
        ]
        rows["收入决算"].append(received[0]._replace(facts={k: f for row in received for k, f in row.facts.items()}))
    for number, column in enumerate(("年初结转和结余", "使用非财政拨款结余", "结余分配", "年末结转和结余"), 4):
        rows["结转结余"].append(ledger("结转结余", number, Decimal(0), column, 资金性质=FUNDS[number - 4]))
    facts = tuple(f for group in rows.values() for row in group for f in row.facts.values())
    return Book(facts, {k: tuple(v) for k, v in rows.items()}, {"年度": "2023", "自称": "我办", "部门名称": "甲"})


def checked(book: Book) -> Checked:
    figures = Figures(PROFILE, book)
    return check(PROFILE, book, figures, lay_out(PROFILE, book, figures))


@settings(max_examples=40, deadline=None)
@given(st.lists(entry, min_size=1, max_size=60))
def test_no_rule_fires_on_consistent_accounts(entries: Entries) -> None:
    large = (FUNDS[0], functions[0], "基本支出", basic[0], Decimal(10000))  # a department spends at least that
    found = checked(consistent([large, *entries]))

    assert [f for f in found.findings if f.code != "N402"] == []
    assert found.left_out == ()


@settings(max_examples=40, deadline=None)
@given(st.lists(entry, min_size=1, max_size=25))
def test_schedules_agree_with_each_other(entries: Entries) -> None:
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


def test_an_item_of_a_list_that_has_no_code_of_the_level_does_not_take_the_items_below_it() -> None:
    book = consistent(
        [(FUNDS[0], code, "基本支出", "30101", Decimal(amount)) for code, amount in (("20103", 1), ("2010301", 20000))]
    )
    figures = Figures(PROFILE, book)
    items = figures.listed("一般公共预算支出按项")

    assert [(item.code, figures[item.measure].value) for item in items] == [("20103", 1), ("2010301", 20000)]
    assert figures[f"{items[0].measure}.预算"].value == 1


@pytest.mark.parametrize("code", ["227", "230", "233"])
def test_an_amount_whose_class_has_no_line_is_reported_at_its_cell(code: str) -> None:
    book = consistent([(FUNDS[0], f"{code}0101", "基本支出", "30101", Decimal(100))])
    found = checked(book)

    assert ("C304", "支出决算!H4") in {(f.code, f.place) for f in found.findings}
    assert not {"R001", "R011"} & {f.code for f in found.findings}  # told once, at its cell


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
        ("R070", "note", "基本信息!B14"),
        ("R074", "warning", "三公经费!C6"),
        ("R085", "warning", "支出预算!D5"),
        ("R088", "warning", "文字材料!D151"),
        ("R099", "warning", "文字材料!D44"),
    ]


OWN = """
[rule.R900]
claim = "{claim}"
message.zh = "甲"
message.en = "a"
action.zh = "乙"
action.en = "b"
why.zh = "丙"
why.en = "c"
source = "本单位"
holds = [{holds}]
breaks = [{breaks}]
"""


@pytest.mark.parametrize(
    ("claim", "holds", "breaks", "found", "expected"),
    [
        ("机关运行经费 / 在职人员总数 <= 40000", (1, 1), (40001, 1), "4.59万元", "≤ 4万元"),
        ("机关运行经费 / 本年支出合计 > 0.5", (1, 1), (1, 10), "0.1085", "> 0.5"),
    ],
)
def test_a_quotient_is_written_as_its_unit_is_printed(
    claim: str,
    holds: tuple[float, int],
    breaks: tuple[float, int],
    found: str,
    expected: str,
    tmp_path: Path,
) -> None:
    names = [word for word in claim.split() if word.isalpha()]
    examples = [", ".join(f"{n} = {v}" for n, v in zip(names, values, strict=True)) for values in (holds, breaks)]
    quoted = ["{ " + e.replace(names[0], f'"{names[0]}"').replace(names[1], f'"{names[1]}"') + " }" for e in examples]
    (tmp_path / "profile.toml").write_text('extends = "sichuan/2023"\n', encoding="utf-8")
    text = OWN.replace("{claim}", claim).replace("{holds}", quoted[0]).replace("{breaks}", quoted[1])
    (tmp_path / "rules.toml").write_text(text, encoding="utf-8")
    report = xl2report.load(xl2report.example(), tmp_path)

    assert [(f.found, f.expected) for f in report.findings if f.code == "R900"] == [(found, expected)]

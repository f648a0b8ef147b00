"""Accounts of 1 to 500 项 in which everything agrees: no rule says anything."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from xl2report.checks import check
from xl2report.derive import Figures
from xl2report.facts import COLUMN, TABLE, Book, Cell, Fact, Row, letters
from xl2report.loading import load_profile
from xl2report.sheets import lay_out

PROFILE = load_profile("sichuan/2023")
GENERAL, FUND, STATE, OTHER = PROFILE.marks["资金性质"].values
FUNCTIONS = [c for c in PROFILE.marks["功能科目"].codes if len(c) == 7 and c[:3] not in ("227", "230", "233")]
THREE_PUBLIC = {
    "30212": "因公出国（境）费",
    "30217": "公务接待费",
    "30231": "公务用车运行维护费",
    "31013": "公务用车购置费",
}
ECONOMICS = [
    c
    for c in PROFILE.marks["经济科目"].codes
    if len(c) == 5 and c[:3] in ("301", "302", "303", "307", "310", "312", "399") and c not in THREE_PUBLIC
]
PROJECTS = ["道路养护", "社区服务中心运行", "人才引进", "防汛抗旱物资储备", "信息系统运行维护"]
RISE, FALL = "人员和任务增加，相应支出增长", "压减一般性支出，厉行节约"


class Workbook:
    """The rows of the input sheets of generated accounts."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.info: dict[str, str] = {}

    def enter(self, table: str, **values: object) -> None:
        """Enter one row: texts and amounts by heading."""
        rows = self.rows.setdefault(table, [])
        number = len(rows) + 4
        texts, cells, marks, facts = {}, {}, {}, {}
        columns = PROFILE.tables[table].columns
        for at, column in enumerate(columns):
            cells[column.heading] = Cell(table, f"{letters(at)}{number}")
            if column.kind != "amount":
                texts[column.heading] = str(values.get(column.heading, ""))
            if column.kind == "mark":
                marks[column.mark] = texts[column.heading]
        for column in columns:
            if column.kind == "amount" and column.heading in values:
                own = {TABLE: table, COLUMN: column.heading, **column.marks, **marks}
                amount = values[column.heading]
                assert isinstance(amount, Decimal | int)
                facts[column.heading] = Fact(Decimal(amount), own, cells[column.heading])
        rows.append(Row(table, number, texts, cells, facts))

    def count(self, name: str, number: int) -> None:
        """Enter a number of 基本信息."""
        self.info[name] = str(number)
        self.enter("基本信息", 项目=name, 内容=number)

    def book(self) -> Book:
        facts = tuple(f for rows in self.rows.values() for row in rows for f in row.facts.values())
        info = {"年度": "2023", "自称": "我局", "部门名称": "某县某局", "单位性质": "行政单位", **self.info}
        return Book(facts, {k: tuple(v) for k, v in self.rows.items()}, info)


def agreeing(random: Random, items: int) -> Book:
    """The accounts of a department with so many 项, all of which agree."""
    made = Workbook()
    spent: dict[tuple[str, str], Decimal] = {}
    projects: dict[str, Decimal] = {}

    def money(low: int, high: int) -> Decimal:
        return Decimal(random.randint(low * 100, high * 100)).scaleb(-2)

    def spend(fund: str, function: str, kind: str, economic: str, amount: Decimal) -> None:
        project = random.choice(PROJECTS) if kind == "项目支出" else ""
        marks = {"资金性质": fund, "功能科目编码": function, "支出类型": kind, "经济科目编码": economic}
        made.enter("支出决算", **marks, 项目名称=project, 金额=amount)
        spent[fund, function] = spent.get((fund, function), Decimal(0)) + amount
        if project:
            projects[project] = projects.get(project, Decimal(0)) + amount

    # quantities, and what they cost
    numbers: dict[str, int] = {}
    for item in PROFILE.tables["实物量"].items:
        numbers[item.name] = 0
    journeys, receptions, cars = random.randint(0, 3), random.randint(0, 20), random.randint(0, 9)
    people = journeys and journeys + random.randint(0, 5)
    guests = receptions and receptions + random.randint(0, 99)
    numbers |= {"因公出国（境）团组": journeys, "因公出国（境）人次": people}
    numbers |= {"国内公务接待批次": receptions, "国内公务接待人次": guests}
    numbers |= {"公务用车保有量：轿车": cars, "车辆用途：机要通信用车": cars, "购置公务用车：轿车": min(cars, 1)}
    for name, number in numbers.items():
        made.enter("实物量", 项目=name, 数量=number)
    cost = {
        "30212": people * money(2000, 200000),
        "30217": guests * money(20, 500),
        "30231": cars * money(5000, 60000),
        "31013": min(cars, 1) * money(90000, 180000),
    }
    first = random.choice(FUNCTIONS)
    for economic, amount in cost.items():
        if amount:
            spend(GENERAL, first, "基本支出", economic, amount)
    spend(GENERAL, first, "基本支出", "30201", money(10000, 900000))  # an office needs paper
    # the other 项, each with one or more economic codes
    functions = [first, *random.sample([c for c in FUNCTIONS if c != first], items - 1)]
    for function in functions[1:]:
        fund = random.choice((GENERAL, GENERAL, GENERAL, FUND, STATE, OTHER))
        for economic in random.sample(ECONOMICS, random.randint(1, 3)):
            spend(fund, function, random.choice(("基本支出", "项目支出")), economic, money(1, 5_000_000))
    # what was received and brought forward is what was spent and is left
    received: dict[str, dict[str, Decimal]] = {}
    for fund in (GENERAL, FUND, STATE, OTHER):
        codes = [code for other, code in spent if other == fund]
        if not codes:
            continue
        opening, closing = (random.choice((Decimal(0), money(1, 300))) for _ in range(2))
        closing = opening if fund in (FUND, STATE) else closing
        made.enter("结转结余", 资金性质=fund, 功能科目编码=codes[0], 年初结转和结余=opening, 年末结转和结余=closing)
        for code in codes:
            left = closing - opening if code == codes[0] else Decimal(0)
            heading = "其他收入" if fund == OTHER else f"{fund}收入"
            received.setdefault(code, {})[heading] = spent[fund, code] + left
            if fund != OTHER:
                budget = spent[fund, code] + (closing if code == codes[0] else 0)
                made.enter("支出预算", 资金性质=fund, 功能科目编码=code, 全年预算数=budget)
    for code, amounts in received.items():
        made.enter("收入决算", 功能科目编码=code, **amounts)
    # the three public expenses, last year, procurement, people
    before = {economic: amount * random.choice((0, 1, 2)) for economic, amount in cost.items()}
    for economic, name in THREE_PUBLIC.items():
        made.enter("三公经费", 项目=name, 预算数=cost[economic], 决算数=cost[economic], 上年决算数=before[economic])
    made.enter(
        "三公经费", 项目="其中：国内公务接待费", 预算数=cost["30217"], 决算数=cost["30217"], 上年决算数=before["30217"]
    )
    made.enter("三公经费", 项目="其中：外事接待费", 预算数=0, 决算数=0, 上年决算数=0)
    figures = Figures(PROFILE, made.book())
    factor = random.choice((Decimal("0.5"), Decimal(1), Decimal("1.5")))
    prior = dict.fromkeys(("收入支出总计", "财政拨款收入支出总计", "一般公共预算支出", "机关运行经费"), Decimal(0))
    for measure in prior:
        own = figures[measure].value
        assert own is not None
        prior[measure] = max(own * factor, sum(before.values()))
    prior["收入支出总计"] = max(prior.values())
    prior["财政拨款收入支出总计"] = max(v for name, v in prior.items() if name != "收入支出总计")
    names = {"一般公共预算支出": "一般公共预算财政拨款支出"}
    for measure, amount in prior.items():
        made.enter("上年决算", 项目=names.get(measure, measure), 上年决算数=amount)
    opening_total = figures["年初结转和结余"].value
    assert opening_total is not None
    made.enter("上年决算", 项目="年末结转和结余", 上年决算数=opening_total)
    bought = random.choice((Decimal(0), Decimal(5000)))
    for name in ("政府采购货物支出", "授予中小企业合同金额", "其中：授予小微企业合同金额"):
        made.enter("政府采购", 项目=name, 金额=bought)
    for name in ("政府采购工程支出", "政府采购服务支出"):
        made.enter("政府采购", 项目=name, 金额=0)
    units, staff = random.randint(1, 5), random.randint(1, 90)
    for name, number in (
        ("年度", 2023), ("下属二级单位数", units), ("行政单位数", units), ("参照公务员法管理的事业单位数", 0), ("其他事业单位数", 0),
        ("编制总数", staff + 2), ("行政编制", staff), ("工勤编制", 2), ("事业编制", 0),
        ("在职人员总数", staff), ("在职行政", staff), ("在职工勤", 0), ("在职事业", 0), ("部门整体绩效自评得分", 95),
    ):  # fmt: skip
        made.count(name, number)
    for project, amount in projects.items():
        funds = {"县级资金预算": amount, "全年执行数": amount, "县级资金执行": amount}
        made.enter("绩效项目", 项目名称=project, 全年预算数=amount, **funds)
        made.enter("绩效指标", 项目名称=project, 一级指标="产出指标", 二级指标="数量指标")
    # texts in the direction of the change
    figures = Figures(PROFILE, made.book())
    for text in PROFILE.texts.values():
        if text.explains:
            change = figures[text.explains].value
            made.enter("文字材料", 位置=text.position, 文字=RISE if change is None or change >= 0 else FALL)
    basic = figures["基本支出"]
    made.enter("文字材料", 位置="绩效管理", 文字=f"2023年基本支出{basic.text}万元，各项目均已完成。")
    return made.book()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9), st.one_of(st.integers(1, 30), st.integers(1, 500)))
def test_no_rule_says_anything_where_everything_agrees(seed: int, items: int) -> None:
    book = agreeing(Random(seed), items)
    figures = Figures(PROFILE, book)
    found = check(PROFILE, book, figures, lay_out(PROFILE, book, figures))

    assert [(f.code, f.place, f.found, f.expected) for f in found.findings if f.code != "N402"] == []
    assert found.left_out == ()

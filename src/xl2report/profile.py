"""What a profile declares: the words, sheets, numbers, schedules, rules and phrases of one jurisdiction and year.

These are values only; :mod:`xl2report.loading` makes them from TOML and finds every mistake in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from xl2report.facts import Query
from xl2report.figures import Unit
from xl2report.findings import Severity, Words
from xl2report.formulas import Expression

NOTHING: Mapping[str, Any] = {}
"""The default of a mapping; nobody writes into it."""


class Code(NamedTuple):
    """One entry of a code list. ``narrative`` is how prose names it, where that differs."""

    code: str
    name: str
    explanation: str = ""
    narrative: str = ""


class Former(NamedTuple):
    """What a code was called until a year, or a code that ended with it; ``now`` is what it is called since, if anything."""

    code: str
    name: str
    until: int
    now: str = ""


@dataclass(frozen=True)
class Mark:
    """What may be known of a fact: a closed list of values, a code tree, or free text.

    ``former`` holds by code the names that ended before the profile's year, the latest first; a code that is not in
    ``codes`` any more has its last name there.
    """

    name: str
    values: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    levels: tuple[str, ...] = ()
    codes: Mapping[str, Code] = field(default_factory=dict)
    former: Mapping[str, tuple[Former, ...]] = field(default_factory=dict)

    @property
    def is_tree(self) -> bool:
        """Whether values are codes that match by prefix."""
        return bool(self.lengths)

    def name_of(self, code: str) -> str:
        """The official name of a code, the last one where it ended, or the code itself where the list never had it."""
        if code in self.codes:
            return self.codes[code].name
        return self.former[code][0].name if code in self.former else code

    def narrative_name(self, code: str) -> str:
        """The name of a code as running text says it."""
        entry = self.codes.get(code)
        return (entry and entry.narrative) or self.name_of(code)

    def children(self, code: str) -> tuple[str, ...]:
        """The codes one level below, in order."""
        return self._children.get(code, ())

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for code in sorted(self.codes):
            level = self.lengths.index(len(code))
            found.setdefault(code[: self.lengths[level - 1]] if level else "", []).append(code)
        return {parent: tuple(codes) for parent, codes in found.items()}


ColumnKind = Literal["mark", "name", "amount", "text", "choice"]


class Column(NamedTuple):
    """One column of an input sheet.

    ``kind`` mark: the value is a mark of the row's facts; name: the name of a code, only checked; amount: a
    fact a row, in ``unit``; text; choice: text of a closed list. ``needed``: the marks with which a row needs this
    cell, for the colours of the blank workbook; ``carry``: the column whose amounts of last year it begins with.
    """

    heading: str
    kind: ColumnKind
    mark: str = ""
    unit: str = ""
    values: tuple[str, ...] = ()
    marks: Mapping[str, str] = NOTHING
    required: bool = False
    optional: bool = False
    aliases: tuple[str, ...] = ()
    hint: str = ""
    width: int = 0
    needed: Mapping[str, tuple[str, ...]] = NOTHING
    carry: str = ""


class Item(NamedTuple):
    """One row of a closed list: its name, its counting unit, whether the blank workbook prints it."""

    name: str
    unit: str = ""
    optional: bool = False


class Info(NamedTuple):
    """One row of 基本信息. ``kind``: text, integer, date or choice; ``yearly``: never carried into a new year."""

    name: str
    kind: Literal["text", "integer", "date", "choice"] = "text"
    values: tuple[str, ...] = ()
    required: bool = False
    default: str = ""
    hint: str = ""
    yearly: bool = False


class Table(NamedTuple):
    """One input sheet. ``complete``: what has no row is zero, not missing; ``total_items`` make up its 合计 row.

    ``unique``: headings whose cells together should stand in one row only; ``carry``: measures whose results of last year
    become rows.

    ``kind`` ledger: rows of marks and amounts; items: a closed list of rows; info: 基本信息; records: rows that a
    template prints as they are; texts: 文字材料; glossary: 名词解释; checks: 核对数.
    """

    name: str
    kind: Literal["ledger", "items", "info", "records", "texts", "glossary", "checks"]
    columns: tuple[Column, ...]
    items: tuple[Item, ...] = ()
    item_measures: bool = False
    required: bool = False
    complete: bool = False
    example: str = ""
    note: str = ""
    total_items: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    carry: tuple[str, ...] = ()

    def column(self, heading: str) -> Column:
        """The column of a heading."""
        return next(c for c in self.columns if c.heading == heading)

    @property
    def amounts(self) -> tuple[Column, ...]:
        """The columns that hold amounts."""
        return tuple(c for c in self.columns if c.kind == "amount")


class Text(NamedTuple):
    """A position of 文字材料: what stands there, and the change or execution that it must explain."""

    name: str
    position: str
    required: bool = False
    explains: str = ""
    when: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A named number: a query or a formula, with its prior-year, budget and whole-of-which companions.

    ``count`` counts the rows that the query matches instead of adding their amounts.
    """

    name: str
    label: str
    unit: str
    query: Query | None = None
    formula: Expression | None = None
    how: str = ""
    prior: Query | str | None = None
    budget: Query | str | None = None
    whole: str = ""
    count: bool = False


class List(NamedTuple):
    """A list that comes from the accounts: of measures, or of the values of one mark among some facts.

    ``zero`` says whether items of zero are left out (``omit``) or printed (``keep``); ``always`` names the
    measures that are printed even so. With ``whole`` the items get shares that sum to 100.00. ``reasons`` asks
    for a reason for every item that did not execute its budget.
    """

    name: str
    label: str
    measures: tuple[str, ...] = ()
    each: str = ""
    level: str = ""
    query: Query | None = None
    budget: Query | None = None
    whole: str = ""
    zero: Literal["omit", "keep"] = "omit"
    always: tuple[str, ...] = ()
    unit: str = ""
    reasons: bool = False


class Chart(NamedTuple):
    """A chart of the report: a pie of the shares of a list, or the columns of a measure's two years."""

    name: str
    caption: str
    kind: Literal["pie", "column"]
    list: str = ""
    measure: str = ""


class SheetColumn(NamedTuple):
    """One amount column of a schedule: its headings from the top down, the facts it takes or the columns it sums."""

    key: str
    heads: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = NOTHING
    sums: tuple[str, ...] = ()
    measure: str = ""


class Line(NamedTuple):
    """One numbered line of a schedule: a query, a sum of other lines, or a blank."""

    number: int
    label: str = ""
    where: Mapping[str, tuple[str, ...]] | None = None
    sums: tuple[int, ...] = ()


class Side(NamedTuple):
    """The income or the expenditure side of a schedule of numbered lines."""

    head: str
    columns: tuple[SheetColumn, ...]
    lines: tuple[Line, ...]
    where: Mapping[str, tuple[str, ...]] = NOTHING


class Foot(NamedTuple):
    """A closing total of a schedule in blocks: its label, the block it stands in, the codes it sums."""

    label: str
    block: int
    codes: tuple[str, ...]


class Schedule(NamedTuple):
    """A printed table, as declared. ``layout``: lines, tree, blocks or row."""

    key: str
    title: str
    layout: Literal["lines", "tree", "blocks", "row"]
    note: str
    empty: str = ""
    where: Mapping[str, tuple[str, ...]] = NOTHING
    covers: tuple[Query, ...] = ()
    rows: str = ""
    under: str = ""
    columns: tuple[SheetColumn, ...] = ()
    expand: Literal["", "used", "all"] = ""
    expand_mark: str = ""
    sides: tuple[Side, ...] = ()
    blocks: tuple[tuple[str, ...], ...] = ()
    feet: tuple[Foot, ...] = ()

    @property
    def number(self) -> str:
        """The number as it is printed at the top right."""
        return f"公开{self.key}表"


@dataclass(frozen=True, slots=True)
class Claim:
    """One comparison that must hold, where its condition does, with the words that its binding gives to the message."""

    sign: str
    left: Expression
    right: Expression
    text: str
    words: Mapping[str, str] = field(default_factory=dict)
    when: Claim | None = None


class Scope(NamedTuple):
    """What a rule may be about: the names that each of its subjects gives to the claim, the words for the message."""

    says: Words
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


SCOPES: Mapping[str, Scope] = {
    "boxes": Scope(Words("公开{of}表的每个合计格", "every total of schedule {of}"), ("本格", "加数之和")),
    "rows": Scope(Words("公开{of}表的每一行", "every row of schedule {of}"), (), ("行",)),
    "amounts": Scope(Words("{of}的每个金额", "every amount of {of}"), ("金额",)),
    "inputs": Scope(Words("{of}的每一行", "every row of {of}"), (), ("行",)),
    "repeats": Scope(
        Words("{of}的每一行，数一数前面有没有相同的", "every row of {of}, counting those like it so far"),
        ("同样的行", "同类的行"),
    ),
    "lists": Scope(
        Words("清单：{of}", "the lists {of}"),
        ("各项之和", "合计", "各项预算之和", "合计预算", "各项占比之和", "未完成项数"),
        ("清单",),
    ),
    "items": Scope(Words("清单的每一项：{of}", "every item of the lists {of}"), ("本项", "本项预算"), ("项",)),
    "names": Scope(
        Words("每个{of}的每种写法", "every spelling of every {of}"),
        ("相近名称", "前面的相近名称", "文字中"),
        ("名称", "相近"),
    ),
    "texts": Scope(Words("含有这些字样的文字：{of}", "every text with one of: {of}"), (), ("词",)),
    "reasons": Scope(
        Words("含有这些字样的原因：{of}", "every reason with one of: {of}"), ("变动", "变动率"), ("位置", "词")
    ),
    "mentions": Scope(
        Words("文字中的每个数（单位：{of}）", "every number in a text (unit: {of})"),
        ("数", "所指", "年份", "本年数", "上年数", "万元数"),
        ("原文",),
    ),
}
"""Key of a rule -> what it ranges over. Without any of them a rule's claim is made once."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that must hold, for everything in its scope.

    ``of`` says what the scope ranges over (schedules, input sheets, lists, a mark, words, units). A reason, or
    a sentence of another text, that has one of ``unless`` is let pass. ``where`` wants texts of 基本信息; ``after`` names rules: where one of them found
    something, this one would only say it again. A rule about texts without a claim says that the words must not occur.
    """

    code: str
    severity: Severity
    claims: tuple[Claim, ...]
    message: Words
    action: Words
    why: Words
    source: str
    scope: str = ""
    of: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    holds: tuple[Mapping[str, object], ...] = ()
    breaks: tuple[Mapping[str, object], ...] = ()

    @property
    def about(self) -> Words | None:
        """What the claim is made for, in words; ``None`` where it is made once."""
        if not self.scope:
            return None
        says = SCOPES[self.scope].says
        of = "、".join(one or "—" for one in self.of)
        return Words(says.zh.format(of=of), says.en.format(of=of))


COMPANIONS = ("上年", "增减", "增长率", "预算", "差额", "完成率", "占比")
"""What may be asked for after the name of a measure and a dot."""

EACH_ROW = "行"
"""What the name of a box says for its row where a rule is about every row of a schedule."""

CHANGE_CASES: Mapping[str, str] = {
    "增加": "this year is more",
    "减少": "this year is less",
    "持平": "equal to the fen",
    "基本持平": "the change is below the printed precision",
    "基数为零": "nothing in the prior year",
    "均为零": "nothing in both years",
    "本年为零": "nothing this year",
    "负数": "one of the two is negative: amounts, no rate",
    "无上年数": "no prior-year figure (a new unit)",
}
"""The situations that a phrase of a change must have words for."""

BUDGET_CASES: Mapping[str, str] = {
    "完成": "prints as 100 %",
    "未完成": "less than the budget",
    "超出": "more than the budget",
    "未支出": "a budget and no expenditure",
    "未安排": "no budget, but expenditure",
    "未安排未发生": "neither",
    "负数": "expenditure is negative: no rate",
    "无预算数": "no budget figure",
}
"""The situations that a phrase of the execution of a budget must have words for."""

PHRASE_CASES: Mapping[str, Mapping[str, str]] = {"变动": CHANGE_CASES, "预算": BUDGET_CASES}
PHRASE_WORDS: Mapping[str, frozenset[str]] = {
    "变动": frozenset({"本数", "上年数", "增减", "增长率", "年度", "上一年度"}),
    "预算": frozenset({"本数", "预算", "差额", "完成率", "年度"}),
}
"""The words in braces that a phrase of each kind may use."""


class Phrase(NamedTuple):
    """How a change or an execution of budget reads in each situation."""

    name: str
    of: str
    cases: Mapping[str, str]


class Sample(NamedTuple):
    """The worked example of the instructions: some rows of an input sheet and what the outputs print of them."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    prints: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """All declarations of one jurisdiction and year."""

    name: str
    title: str
    year: int
    units: Mapping[str, Unit]
    marks: Mapping[str, Mark]
    tables: Mapping[str, Table]
    infos: Mapping[str, Info]
    texts: Mapping[str, Text]
    measures: Mapping[str, Measure]
    lists: Mapping[str, List]
    charts: Mapping[str, Chart]
    schedules: Mapping[str, Schedule]
    rules: Mapping[str, Rule]
    phrases: Mapping[str, Phrase]
    glossary: tuple[tuple[str, str], ...]
    glossary_closing: tuple[tuple[str, str], ...]
    glossary_codes: str
    template: str
    words: Mapping[str, tuple[str, ...]]
    example: Mapping[str, str]
    instructions: tuple[str, ...]
    skip: tuple[str, ...] = ()
    example_notes: tuple[str, ...] = ()
    fonts: Mapping[str, str] = field(default_factory=dict)
    sample: Sample | None = None
    summary: tuple[str, ...] = ()
    """The measures that the summary of many workbooks shows."""

    @cached_property
    def trees(self) -> frozenset[str]:
        """The marks whose values are codes."""
        return frozenset(name for name, mark in self.marks.items() if mark.is_tree)

    @cached_property
    def former_expenditure(self) -> tuple[Former, ...]:
        """The names of codes of earlier years that end in 支出, the longest first: of two in a text the longer is meant.

        Others (扶贫, 信访事务) are ordinary words too, and a name that is part of a present one is no sign.
        """
        marks = [mark for mark in self.marks.values() if mark.former]
        former = [f for mark in marks for names in mark.former.values() for f in names if f.name.endswith("支出")]
        present = {entry.name for mark in marks for entry in mark.codes.values()}
        return tuple(
            sorted((f for f in former if not any(f.name in name for name in present)), key=lambda f: -len(f.name))
        )

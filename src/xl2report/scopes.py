"""What a rule is about, one by one: totals, rows, amounts, lists, names, texts; with the values of its claim's names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import combinations

from xl2report.derive import Figures, ListItem
from xl2report.facts import Book, Cell, Fact, Row, total
from xl2report.figures import Figure, Unit, half_up, ratio
from xl2report.findings import DIFFERENCE, Words
from xl2report.formulas import Name
from xl2report.formulas import names as names_in
from xl2report.profile import List, Profile, Rule, Table
from xl2report.reader import normal
from xl2report.sheets import TOTAL_ROW, Box, Sheet

COUNT = Unit("", Decimal(1), 0)
RATE = Words("变动率", "rate of change")
EARLIER = Words("前面的行", "an earlier row")
SHORTEST_NAME = 6
"""Letters that a name must have before its likeness to another one is no chance."""
PROSE = ("texts", "glossary", "records")
"""The kinds of input sheets whose texts the report prints."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A number that a finding shows: its name, its place; without a figure only these."""

    name: str | Words
    figure: Figure | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a claim is made for: values of names, words for the message, where it stands, what is shown."""

    values: Mapping[str, Figure] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[Cell, ...] = ()
    place: str = ""
    row: str = ""
    found: str = ""
    terms: tuple[Shown, ...] | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A number of a text: where, its sentence, what stands around it, its unit and year, the figure that it names."""

    cell: Cell
    sentence: str
    said: str
    number: Decimal
    unit: str
    year: int
    meant: Figure | None


@dataclass(frozen=True)
class Accounts:
    """What rules look at: the profile, what was read, the figures and the printed schedules."""

    profile: Profile
    book: Book
    figures: Figures
    sheets: Mapping[str, Sheet]
    _spelled: dict[str, Sequence[_Spelling]] = field(default_factory=dict, init=False, repr=False)

    def subjects(self, rule: Rule) -> Iterator[Subject]:
        """Everything that a rule is about; one subject without anything where its claim is made once."""
        return _WITHIN[rule.scope](self, rule) if rule.scope else iter((Subject(),))

    @cached_property
    def prose(self) -> Sequence[tuple[Row, str, str]]:
        """Every text that the report prints as the department wrote it: row, heading, text."""
        found = []
        for table in self.profile.tables.values():
            if table.kind in PROSE:
                last = table.columns[-1].heading
                headings = [c.heading for c in table.columns if c.kind == "text"] if table.kind == "records" else [last]
                for row in self.book.table(table.name):
                    for heading in headings:
                        if row.text(heading):
                            found.append((row, heading, row.text(heading)))
        return found

    def spellings(self, mark: str) -> Sequence[_Spelling]:
        """Every way in which the values of a mark are written."""
        if mark not in self._spelled:
            self._spelled[mark] = tuple(_spellings(self, mark))
        return self._spelled[mark]

    @cached_property
    def mentions(self) -> Sequence[Mention]:
        """Every number with a telling number of digits in the texts."""
        return tuple(_numbers(self))

    @cached_property
    def own_names(self) -> tuple[str, ...]:
        """What 基本信息 says, as compared: the names of the department are among it."""
        return tuple(normal(text) for text in self.book.info.values())

    @cached_property
    def year(self) -> int:
        """The year of the accounts."""
        return int(self.book.info.get("年度", self.profile.year))

    @cached_property
    def printed(self) -> tuple[frozenset[Decimal], frozenset[Decimal]]:
        """The amounts in 万元 that the report may print, as they are printed: of this year, of the prior year."""
        now: set[Decimal] = set()
        before: set[Decimal] = set()
        names = [name for name, m in self.figures.measures.items() if m.unit == "万元"]
        for listed in self.profile.lists:
            names += [item.measure for item in self.figures.listed(listed)]
        for name in dict.fromkeys(names):
            for companion, known in (("", now), (".预算", now), (".增减", now), (".上年", before)):
                figure = self.figures[name + companion]
                if figure.value:
                    known.add(abs(figure.unit.rounded(figure.value)))
        for table in self.profile.tables.values():
            if table.kind == "records":
                money = self.profile.units["万元"]
                now.update(money.rounded(f.amount) for r in self.book.table(table.name) for f in r.facts.values())
        return frozenset(now), frozenset(before)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """How texts call the measures of money -> the measure."""
        found: dict[str, str] = {}
        for name, measure in self.profile.measures.items():
            if measure.unit == "万元" and len(measure.label) > 3:
                found.setdefault(normal(measure.label), name)
                found.setdefault(normal(name), name)
        return found

    @cached_property
    def label_lengths(self) -> tuple[int, ...]:
        """How long the labels are, the longest first."""
        return tuple(sorted({len(label) for label in self.labels}, reverse=True))


_LABELS = {
    "本格": Words("印出的合计", "total printed"),
    "加数之和": Words("所列各数之和", "sum of what is printed"),
    "本项": Words("决算数", "outturn"),
    "本项预算": Words("预算数", "budget"),
    "各项之和": Words("所列各项之和", "sum of the items listed"),
    "合计": Words("合计", "total"),
    "各项预算之和": Words("所列各项的预算之和", "budget of the items listed"),
    "合计预算": Words("全部预算", "whole budget"),
    "各项占比之和": Words("所列各项占比之和", "sum of the shares listed"),
    "未完成项数": Words("没有完成预算的项数", "items whose budget was not executed"),
    "同样的行": Words("完全相同的行数", "rows that are the same"),
    "同类的行": Words("同一科目的行数", "rows of the same code"),
    "相近名称": Words("写法相近的名称数", "names spelled nearly so"),
    "前面的相近名称": Words("前面写法相近的名称数", "earlier names spelled nearly so"),
    "文字中": Words("文字中的处数", "places in texts"),
}


def label_of(name: str) -> str | Words:
    """How a finding calls a value that a subject gives to a claim."""
    if name in _LABELS:
        return _LABELS[name]
    sheet, _, heading = name.partition("_")
    if heading:
        return Words(f"“{sheet}”的{heading}", f"{heading} in {sheet}")
    if name.startswith("在"):
        return Words(f"“{name[1:]}”中的行数", f"rows in {name[1:]}")
    return name


def count(number: int) -> Figure:
    """A number of things as a figure."""
    return Figure("", Decimal(number), COUNT, "")


def box_name(box: Box) -> str:
    """A printed box as a person would name it: its row and its headings."""
    label = " ".join(dict.fromkeys(x for x in (box.row_key, box.row_label) if x))
    return "，".join(x for x in (label, "·".join(box.heads)) if x)


# -- schedules ------------------------------------------------------------------------------------


def _totals(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    for key in rule.of:
        sheet = accounts.sheets.get(key)
        for box in sheet.amounts if sheet else ():
            parts = [sheet.by_place[at] for at in box.addends] if sheet else []
            unit = next((b.figure.unit for b in (box, *parts) if b.figure), None)
            if not parts or unit is None:
                continue
            summed = sum((p.figure.value or Decimal(0) for p in parts if p.figure), Decimal(0))
            own = box.figure or Figure("", Decimal(0), unit, "")
            difference = Figure("", (own.value or Decimal(0)) - summed, unit, "")
            terms = [Shown(DIFFERENCE, difference)]
            terms += [Shown(box_name(p), p.figure, f"{key}!{p.ref}") for p in parts if p.figure]
            yield Subject(
                {"本格": own, "加数之和": Figure("", summed, unit, "")},
                place=f"{key}!{box.ref}（{box_name(box)}）",
                terms=tuple(terms),
            )


def _rows(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    for key in rule.of:
        sheet = accounts.sheets.get(key)
        rows = list(dict.fromkeys(box.row_key for box in sheet.amounts)) if sheet else []
        for row in rows:
            if row != TOTAL_ROW and not any(other != row and other.startswith(row) for other in rows):
                yield Subject(row=row, words={"行": row})  # what is above them only sums them


# -- input sheets ---------------------------------------------------------------------------------


def _amounts(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    for table in rule.of:
        for row in accounts.book.table(table):
            for heading, fact in row.facts.items():
                if fact.entered:
                    value = _entered(accounts.profile, table, heading, fact)
                    yield Subject({"金额": value}, cells=(fact.cell,), found=amount_text(value), terms=())


def _inputs(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    for table in rule.of:
        for row in accounts.book.table(table):
            values = {h: _entered(accounts.profile, table, h, fact) for h, fact in row.facts.items()}
            named = [name.text for claim in rule.claims for name in names_in(claim.left) if isinstance(name, Name)]
            order = (*(h for h in named if h in row.facts), *row.facts)
            cells = tuple(row.facts[h].cell for h in order if row.facts[h].entered)
            yield Subject(values, {"行": next(iter(row.texts.values()), "")}, cells[:1])


def _repeats(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    """Every row with the number of rows so far that bear the same marks, or are the same in everything."""
    for table in rule.of:
        marked = [c.heading for c in accounts.profile.tables[table].columns if c.kind == "mark"]
        rows: dict[tuple[object, ...], list[Row]] = {}
        for row in accounts.book.table(table):
            marks = tuple(normal(row.text(heading)) for heading in marked)
            whole = (marks, *map(normal, row.texts.values()), *(f.amount for f in row.facts.values()))
            for key in (marks, whole):
                rows.setdefault(key, []).append(row)
            cells = tuple(fact.cell for fact in row.facts.values())
            said = "，".join(text for heading in marked if (text := row.text(heading)))
            amounts = "、".join(
                amount_text(_entered(accounts.profile, table, h, f)) for h, f in row.facts.items() if f.amount
            )
            yield Subject(
                {"同样的行": count(len(rows[whole])), "同类的行": count(len(rows[marks]))},
                cells=cells[:1],
                found=f"{said}，{amounts}" if amounts else said,
                terms=tuple(
                    Shown(EARLIER, None, str(next(iter(r.facts.values())).cell)) for r in rows[marks][:-1] if r.facts
                )[:5],
            )


def _entered(profile: Profile, table: str, heading: str, fact: Fact) -> Figure:
    """An amount of the workbook as a figure in the unit of its column."""
    return Figure(heading, fact.amount, profile.units[profile.tables[table].column(heading).unit], "", (fact,))


# -- lists ----------------------------------------------------------------------------------------


def _lists(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    for name in rule.of:
        figures, listed = accounts.figures, accounts.profile.lists[name]
        items = figures.listed(name)
        if not items:
            continue
        unit = figures[items[0].measure].unit
        values = {"各项之和": _sum(figures, items, "", unit), "合计": _whole(accounts, listed, items)}
        if listed.budget is not None:
            rates = [figures[f"{i.measure}.完成率"] for i in items]
            values["各项预算之和"] = _sum(figures, items, ".预算", unit)
            values["合计预算"] = Figure("", total(accounts.book.select(listed.budget)), unit, "")
            values["未完成项数"] = count(sum(r.value is None or r.unit.rounded(r.value) != 100 for r in rates))
        if listed.whole:
            values["各项占比之和"] = _sum(figures, items, ".占比", accounts.profile.units["%"])
        shown = {item.measure for item in items}
        left = [item for item in figures.every_item(name) if item.measure not in shown]
        names = [f"{i.measure}{c}" for i in left for c in ("", *((".预算",) if listed.budget else ()))]
        cells = tuple(f.cell for n in names for f in figures[n].facts() if f.amount)
        terms = tuple(
            Shown(f"{i.code} {i.label}".strip(), figures[f"{i.measure}.预算"])
            for i in left
            if listed.budget and figures[f"{i.measure}.预算"].value
        )
        yield Subject(values, {"清单": listed.label}, cells=cells, terms=terms or None)


def _sum(figures: Figures, items: Iterable[ListItem], companion: str, unit: Unit) -> Figure:
    """The sum over the items; without a value where one of them has none."""
    values = [figures[item.measure + companion].value for item in items]
    known = [v for v in values if v is not None]
    return Figure("", sum(known, Decimal(0)) if len(known) == len(values) else None, unit, "")


def _whole(accounts: Accounts, listed: List, items: Iterable[ListItem]) -> Figure:
    """What the items of a list must add up to."""
    if listed.whole:
        return accounts.figures[listed.whole]
    if listed.query is not None:
        unit = accounts.figures[next(iter(items)).measure].unit
        return Figure("", total(accounts.book.select(listed.query)), unit, "")
    return _sum(accounts.figures, items, "", COUNT)


def _items(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    for name in rule.of:
        figures, listed = accounts.figures, accounts.profile.lists[name]
        for item in figures.every_item(name):
            own, budget = figures[item.measure], figures[f"{item.measure}.预算"]
            values = {"本项": own} | ({"本项预算": budget} if listed.budget or budget.value is not None else {})
            cells = tuple(f.cell for f in (*budget.facts(), *own.facts()) if f.amount)
            yield Subject(values, {"项": f"{item.code} {item.label}".strip()}, cells=cells[:1])


# -- names ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Spelling:
    """One way to write a name: as compared, as written, where it stands by sheet ("" for texts), what is near it."""

    key: str
    text: str
    places: Mapping[str, Sequence[Cell]]
    sums: Mapping[str, Decimal]
    near: Sequence[str]
    like: str


def _names(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    """Every spelling of the values of a mark: in the sheets that have a column for it, and in the texts."""
    for mark in rule.of:
        profile = accounts.profile
        tables = tuple(tables_of_names(profile, mark))
        spellings = accounts.spellings(mark)
        at = {spelling.key: next(iter(spelling.places.values()))[0] for spelling in spellings}
        asked = _asked(rule, tables)
        for spelling in spellings:
            places, like = spelling.places, spelling.like
            values = {f"在{table.name}": count(len(places.get(table.name, ()))) for table in tables}
            values |= {"相近名称": count(len(spelling.near)), "前面的相近名称": count(bool(like))}
            values |= {"文字中": count(len(places.get("", ())))}
            for table in tables:
                for amount in table.amounts:
                    name = f"{table.name}_{amount.heading}"
                    values[name] = Figure(name, spelling.sums.get(name, Decimal(0)), profile.units[amount.unit], "")
            first = [places[name] for name in asked if name in places]
            cells = tuple(dict.fromkeys(cell for found in (*first, *places.values()) for cell in found))
            terms = (Shown(like, None, str(at[normal(like)])),) if like else None
            words = {"名称": spelling.text, "相近": like}
            yield Subject(values, words, cells=cells, found=spelling.text if like else "", terms=terms)


def _asked(rule: Rule, tables: Iterable[Table]) -> tuple[str, ...]:
    """The sheets that a rule is about, the one to look at first: whose amounts it compares, whose rows it asks for."""
    parts = [p for c in rule.claims for p in (c, c.when) if p]
    names = [n.text for p in parts for side in (p.left, p.right) for n in names_in(side) if isinstance(n, Name)]
    known = {f"在{t.name}": t.name for t in tables} | {
        f"{t.name}_{a.heading}": t.name for t in tables for a in t.amounts
    }
    return tuple(dict.fromkeys(known[name] for name in names if name in known))


def _spellings(accounts: Accounts, mark: str) -> Iterator[_Spelling]:
    """Every way in which the values of a mark are written, in the order of the sheets, those of texts behind."""
    at: dict[str, dict[str, list[Cell]]] = {}
    sums: dict[str, dict[str, Decimal]] = {}
    shown: dict[str, str] = {}
    for table in tables_of_names(accounts.profile, mark):
        heading = next(c.heading for c in table.columns if c.heading == mark or (c.kind == "mark" and c.mark == mark))
        for row in accounts.book.table(table.name):
            text = row.text(heading)
            if text:
                key = normal(text)
                shown.setdefault(key, text)
                at.setdefault(key, {}).setdefault(table.name, []).append(row.cells[heading])
                amounts = sums.setdefault(key, {})
                for own, fact in row.facts.items():
                    name = f"{table.name}_{own}"
                    amounts[name] = amounts.get(name, Decimal(0)) + fact.amount
    for key, text, cell in _spelled_otherwise(accounts, tuple(shown.values())):
        shown.setdefault(key, text)
        at.setdefault(key, {}).setdefault("", []).append(cell)
    near: dict[str, list[str]] = {key: [] for key in at}
    for one, other in combinations(at, 2):
        if alike(one, other):
            near[one].append(other)
            near[other].append(one)
    number = {key: place for place, key in enumerate(at)}
    for key, places in at.items():
        like = next((shown[n] for n in near[key] if number[n] < number[key]), "")
        yield _Spelling(key, shown[key], places, sums.get(key, {}), near[key], like)


def _spelled_otherwise(accounts: Accounts, names: Iterable[str]) -> Iterator[tuple[str, str, Cell]]:
    """Passages of texts that begin and end like a name and are nearly the same: as compared, as written, the cell."""
    texts = [(normal(text), row.cells[heading]) for row, heading, text in accounts.prose]
    for plain in (normal(name) for name in names if len(normal(name)) >= 10):
        near = re.compile(f"{re.escape(plain[:6])}.{{0,{len(plain)}}}?{re.escape(plain[-4:])}")
        for text, cell in texts:
            for found in near.finditer(text) if plain[:6] in text else ():
                if alike(plain, found[0]):
                    yield found[0], found[0], cell


_TELLS_APART = frozenset(
    "0123456789〇零一二三四五六七八九十百千ⅠⅡⅢⅣⅤ甲乙丙丁上下前后东南西北大小新旧老中内外男女春夏秋冬左右高初"
    "省市州县区乡镇村"
)
_PLACES = frozenset("省市州县区乡镇村组路街河湖山桥")
_MONEY = frozenset({"资金", "经费", "费用", "费", "款", "专款", "款项"})
"""What names of projects end with, and are taken for one another."""


def alike(one: str, other: str) -> bool:
    """Whether two names are so near that they must mean the same thing: a word left out, a slip, other signs.

    Where another word stands, as in 储备经费 and 采购经费, two things are meant; and so where what differs counts or
    places them.

    >>> alike("乡村建设治理临时补短项目", "乡村建设治理补短项目"), alike("一期改造工程项目", "二期改造工程项目")
    (True, False)
    """
    if one == other:
        return False
    left, right = ("".join(filter(str.isalnum, name)) for name in (one, other))
    if left == right:
        return True
    shorter = min(len(left), len(right))
    if shorter < SHORTEST_NAME or abs(len(left) - len(right)) > max(1, shorter // 5):
        return False
    same = _shared(left, right)
    behind = min(_shared(left[::-1], right[::-1]), shorter - same)
    changed = left[same : len(left) - behind], right[same : len(right) - behind]
    if set(changed) <= _MONEY:
        return True
    letters = "".join(changed)
    if _TELLS_APART & set(letters) or letters.isascii() or left[len(left) - behind :][:1] in _PLACES:
        return False
    return "" in changed or max(map(len, changed)) == 1


def _shared(one: str, other: str) -> int:
    """With how many of the same letters two names begin."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


# -- texts ----------------------------------------------------------------------------------------


def _texts(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    words, exceptions = ([_dated(w, accounts.year) for w in x] for x in (rule.of, rule.unless))
    for row, heading, text in accounts.prose:
        found = ((w, m.start()) for w in words if w in text for m in re.finditer(re.escape(w), text))
        for word, at in found:
            if not any(w in _sentence(text, at, at + len(word)) for w in exceptions):
                yield Subject({}, {"词": word}, (row.cells[heading],), found=around(text, word, at))
                break


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence of a text that a passage of it stands in."""
    first = max(text.rfind(stop, 0, start) for stop in _STOPS) + 1
    last = min((at for stop in _STOPS if (at := text.find(stop, end)) >= 0), default=len(text))
    return text[first:last]


def _reasons(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    """The texts that explain a change or an execution of budget, with what they explain."""
    explained = dict(_explained(accounts))
    for table in (t for t in accounts.profile.tables.values() if t.kind == "texts"):
        position, text = table.columns[0].heading, table.columns[-1].heading
        whole: dict[str, str] = {}
        for row in accounts.book.table(table.name):
            whole[row.text(position)] = whole.get(row.text(position), "") + row.text(text)
        for row in accounts.book.table(table.name):
            said = explained.get(normal(row.text(position)))
            said_all = whole[row.text(position)]  # a paragraph may put right what another says
            word = found_word(row.text(text), rule.of, accounts.year)
            if said and word and not found_word(said_all, rule.unless, accounts.year):
                own, base, change = (accounts.figures[name] for name in said)
                rate = None if not base.value or change.value is None else ratio(change.value, base.value)
                moved = Figure("", rate, accounts.profile.units["%"], "")
                labels: tuple[str | Words, ...] = (
                    own.label or own.name,
                    *(n.rpartition(".")[2] for n in said[1:]),
                    RATE,
                )
                terms = [
                    Shown(label, figure)
                    for label, figure in zip(labels, (own, base, change, moved), strict=True)
                    if figure.value is not None
                ]
                words = {"位置": row.text(position), "词": word}
                found = around(row.text(text), word)
                yield Subject(
                    {"变动": change, "变动率": moved}, words, (row.cells[text],), found=found, terms=tuple(terms)
                )


def _explained(accounts: Accounts) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Position of a reason, as compared -> the names of the figure, of what it is compared with, of the difference."""
    for text in accounts.profile.texts.values():
        measure, _, companion = text.explains.rpartition(".")
        base = {"增减": "上年", "差额": "预算"}.get(companion)
        if base:
            yield normal(text.position), (measure, f"{measure}.{base}", text.explains)
    for name, listed in accounts.profile.lists.items():
        for item in accounts.figures.every_item(name) if listed.reasons else ():
            names = (item.measure, f"{item.measure}.预算", f"{item.measure}.差额")
            yield normal(f"原因：{item.code or item.label}"), names
            yield normal(f"原因：{item.label}"), names


def found_word(text: str, words: Iterable[str], year: int) -> str:
    """The first of some words that a text has, or ""; words may name {年度} and the two years before it."""
    return next((word for w in words if (word := _dated(w, year)) in text), "")


def _dated(word: str, year: int) -> str:
    """A word with the years that it names."""
    return word.replace("{年度}", str(year)).replace("{上一年度}", str(year - 1)).replace("{上上年度}", str(year - 2))


def around(text: str, word: str, at: int | None = None) -> str:
    """A word and a few characters before and behind it."""
    at = text.index(word) if at is None else at
    return text[max(0, at - 12) : at + len(word) + 6]


_NUMBER = re.compile(r"(?<![\d.A-Za-z〔\[])(\d+(?:,\d{3})*(?:\.\d+)?)(\s*)(万元|亿元|元|[^\s\d，。；、：）)的])?")
_YEAR = re.compile(r"(?<![\d与较比同和从自])((?:19|20)\d\d)年")
_EARLIER = re.compile(r"(?<![与较比同和])(?:上年|去年|上一年|同期)")
"""What says that the amounts behind it are of another year."""
_STOPS = "。；！？\n"
_SENTENCE = re.compile(f"[^{_STOPS}]+")
_BETWEEN = re.compile(r"(?:合计|共计|总计|总额|支出|金额|决算数?|为|是|共|达到?|约|:|：)$")
_CLAUSE = re.compile(r"[,:、(;]")
_AND = frozenset({"、", "和", "与", "及", "至"})
"""What stands between numbers whose unit only the last of them bears."""
_OPENINGS = ("其中", "情况", "如下", "支出", "收入", "合计", "总计")
"""What may stand before a colon or a bracket with amounts of the department."""
_OWN = ("其中", "全年", "本年", "本部门", "本单位", "部门", "单位", "我")
"""What may stand right before the name of a figure of the department."""
TELLING = 3
"""Digits that a number must have before its equality with a figure is no chance."""
LONGEST = 18
"""Digits that an amount may have."""
REACH = 80
"""Characters before a number in which its name is looked for."""


def _mentions(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    """Every number with a telling number of digits in a text, with its unit, its year and what it seems to mean."""
    now, before = accounts.printed
    wan = accounts.profile.units["万元"]
    exceptions = [_dated(w, accounts.year) for w in rule.unless]
    sentences = dict.fromkeys(one.sentence for one in accounts.mentions)
    excused = {sentence for sentence in sentences if any(w in sentence for w in exceptions)}
    told: set[tuple[object, ...]] = set()
    for one in accounts.mentions:
        if one.unit not in rule.of or one.sentence in excused:
            continue
        key = (one.cell, one.number, one.unit, one.year, one.meant and one.meant.name)
        if key in told:
            continue  # once for a cell is enough
        told.add(key)
        own, other = one.number in now, one.number in before
        values = {
            "数": Figure("", one.number * 10000, wan, ""),
            "年份": count(one.year),
            "本年数": count(own),
            "上年数": count(other),
            "万元数": count(own or other),
        }
        meant = one.meant
        if meant is not None:
            values["所指"] = Figure("", wan.rounded(meant.value or Decimal(0)) * 10000, wan, "", label=meant.label)
        terms = (Shown(meant.label or meant.name, meant),) if meant is not None else ()
        yield Subject(values, {"原文": one.said}, (one.cell,), found=one.said, terms=terms)


def _numbers(accounts: Accounts) -> Iterator[Mention]:
    """Every number with a telling number of digits and a unit, or a decimal point, in the texts."""
    for row, heading, text in accounts.prose:
        stated = "万元" if "单位:万元" in normal(text) else ""
        for sentence in _SENTENCE.finditer(text):
            yield from _numbers_of(accounts, row.cells[heading], sentence[0], stated)


def _numbers_of(accounts: Accounts, cell: Cell, sentence: str, stated: str) -> Iterator[Mention]:
    """The numbers of a sentence. A name is trusted as long as every amount before it is one of the accounts."""
    found = list(_NUMBER.finditer(sentence))
    units = _units(found, sentence, stated)
    years = [(m.start(), int(m[1])) for m in _YEAR.finditer(sentence)]
    now, before = accounts.printed
    trusted = True
    year = accounts.year
    earlier = _EARLIER.search(sentence)
    doubted = earlier.start() if earlier else len(sentence)
    for match, unit in zip(found, units, strict=True):
        while years and years[0][0] < match.start():
            year = years.pop(0)[1]
        digits = match[1].replace(",", "")
        if unit is None or len(digits) > LONGEST:
            continue
        number = Decimal(digits)
        known = not number or number in now or number in before
        sure = trusted and match.start() < doubted
        meant = _meant(accounts, sentence[max(0, match.start() - REACH) : match.start()], year) if sure else None
        trusted = trusted and (known or meant is not None or unit != "万元")
        plain = digits.replace(".", "").lstrip("0")
        telling = plain if meant is not None and "." in digits else plain.rstrip("0")
        if len(telling) >= TELLING and (unit or "." in digits):
            said = sentence[max(0, match.start() - 14) : match.end() + 2]
            yield Mention(cell, sentence, said, number, unit, year, meant)


def _units(found: Sequence[re.Match[str]], sentence: str, stated: str) -> list[str | None]:
    """The unit of each number of a sentence: its own, that of the list it is in, the stated one; ``None`` for others."""
    units: list[str | None] = []
    for at in range(len(found) - 1, -1, -1):
        unit: str | None = found[at][3] or ""
        gap = sentence[found[at].end(1) : found[at + 1].start()] if at + 1 < len(found) else ""
        if gap in _AND:
            unit = units[-1]
        elif not unit:
            alone = gap.isspace() or sentence[max(0, found[at].start() - 1) : found[at].start()].isspace()
            unit = stated or (None if alone else "")  # a number between blanks is a box of a table
        elif unit not in ("万元", "亿元", "元"):
            unit = None
        units.append(unit)
    return units[::-1]


def _meant(accounts: Accounts, before: str, year: int) -> Figure | None:
    """The figure whose name stands right before a number, at the beginning of its clause, and is the department's."""
    plain = normal(before)
    ends = [plain]
    while shorter := _BETWEEN.search(ends[-1]):  # 基本支出为 has to be tried as 基本支出 before 基本
        ends.append(ends[-1][: shorter.start()])
    for length in accounts.label_lengths:
        for end in ends:
            name = accounts.labels.get(end[-length:])
            if name is not None:
                if not _of_department(accounts, end[:-length]):
                    return None
                figure = accounts.figures[name if year == accounts.year else f"{name}.上年"]
                known = year in (accounts.year, accounts.year - 1) and figure.value is not None
                return figure if known else None
    return None


def _of_department(accounts: Accounts, before: str) -> bool:
    """Whether what stands before the name of a figure leaves no doubt whose figure it is."""
    boundary = max((m.start() for m in _CLAUSE.finditer(before)), default=-1)
    clause = re.sub(r"(?:19|20)\d\d年度?", "", before[boundary + 1 :])
    own = accounts.own_names
    named = clause.removesuffix("的") in _OWN or (len(clause) > 1 and any(clause in name for name in own))
    if clause and not named:
        return False
    head = before[:boundary] if boundary >= 0 else ""
    if not head or before[boundary] not in ":(":
        return True
    return head[-1].isdigit() or head.endswith((*_OPENINGS, *_MONEY_UNITS, *(name for name in own if len(name) > 1)))


_MONEY_UNITS = ("万元", "元")


def hides(figure: Figure | None) -> bool:
    """Whether printing an amount would hide some of it."""
    if figure is None or figure.value is None or figure.unit.scale <= 1 or _quotient(figure.value):
        return False
    return figure.value != figure.unit.rounded(figure.value) * figure.unit.scale


def amount_text(figure: Figure | None, *, exact: bool = False) -> str:
    """A figure with its unit, as it is printed or exactly, in 元; "" for a blank box, the reason for a gap."""
    if figure is None or figure.value is None:
        return figure.text if figure else ""
    if figure.unit.scale > 1 and not (exact or hides(figure)):
        return figure.text + figure.unit.name
    return _yuan(figure.value) if figure.unit.scale > 1 or figure.unit.name == "元" else figure.text


def _quotient(value: Decimal) -> bool:
    """Whether an amount has more places than anybody enters."""
    return int(value.as_tuple().exponent) < -6


def _yuan(value: Decimal) -> str:
    """An exact amount without zeros at its end; of a quotient, two places."""
    text = f"{half_up(value, 2) if _quotient(value) else value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "元"


def tables_of_names(profile: Profile, mark: str) -> Iterator[Table]:
    """The input sheets that have a column for the values of a mark."""
    for table in profile.tables.values():
        if any(c.heading == mark or (c.kind == "mark" and c.mark == mark) for c in table.columns):
            yield table


_WITHIN: Mapping[str, Callable[[Accounts, Rule], Iterator[Subject]]] = {
    "boxes": _totals,
    "rows": _rows,
    "amounts": _amounts,
    "inputs": _inputs,
    "repeats": _repeats,
    "lists": _lists,
    "items": _items,
    "names": _names,
    "texts": _texts,
    "reasons": _reasons,
    "mentions": _mentions,
}

"""What a rule is about, one by one: totals, rows, amounts, lists, names, texts; with the values of its claim's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from types import MappingProxyType
from typing import NamedTuple

from xl2report.derive import Figures, ListItem
from xl2report.facts import Book, Cell, Fact, Row, total
from xl2report.figures import Figure, Unit, half_up, ratio
from xl2report.findings import DIFFERENCE, Words
from xl2report.formulas import Name
from xl2report.formulas import names as names_in
from xl2report.profile import List, Profile, Rule, Table
from xl2report.prose import Prose, around, dated, found_word, tables_of_names, unexcused
from xl2report.reader import normal
from xl2report.sheets import TOTAL_ROW, Box, Sheet

COUNT = Unit("", Decimal(1), 0)
RATE = Words("变动率", "rate of change")
EARLIER = Words("前面的行", "an earlier row")


class Shown(NamedTuple):
    """A number that a finding shows: its name, its place; without a figure only these."""

    name: str | Words
    figure: Figure | None = None
    place: str = ""


class Total(NamedTuple):
    """A printed total with the boxes that it sums; how it reads is told only where it is wrong."""

    schedule: str
    box: Box
    parts: tuple[Box, ...]
    own: Figure
    summed: Figure

    def shown(self) -> tuple[Shown, ...]:
        """The difference, then every part with its box."""
        difference = (self.own.value or Decimal(0)) - (self.summed.value or Decimal(0))
        parts = (Shown(box_name(p), p.figure, f"{self.schedule}!{p.ref}") for p in self.parts if p.figure)
        return (Shown(DIFFERENCE, Figure("", difference, self.own.unit, "")), *parts)


class Subject(NamedTuple):
    """One thing that a claim is made for: values of names, words for the message, where it stands, what is shown."""

    values: Mapping[str, Figure] = MappingProxyType({})
    words: Mapping[str, str] = MappingProxyType({})
    cells: tuple[Cell, ...] = ()
    row: str = ""
    found: str = ""
    terms: tuple[Shown, ...] | None = None
    total: Total | None = None
    """The printed total that it is about."""

    @property
    def place(self) -> str:
        """Where the printed total stands, with its names."""
        return f"{self.total.schedule}!{self.total.box.ref}（{box_name(self.total.box)}）" if self.total else ""

    def shown(self) -> tuple[Shown, ...] | None:
        """The numbers that a finding shows; ``None`` for those of the claim."""
        return self.total.shown() if self.total else self.terms


class Reason(NamedTuple):
    """A text that explains a difference between two figures."""

    position: str
    text: str
    whole: str
    """All paragraphs of the position: one may put right what another says."""
    cell: Cell
    explains: tuple[str, str, str]
    """The names of the figure, of what it is compared with, of the difference."""


@dataclass(frozen=True)
class Accounts:
    """What rules look at: the profile, what was read, the figures and the printed schedules."""

    profile: Profile
    book: Book
    figures: Figures
    sheets: Mapping[str, Sheet]

    def subjects(self, rule: Rule) -> Iterator[Subject]:
        """Everything that a rule is about; one subject without anything where its claim is made once."""
        return _WITHIN[rule.scope](self, rule) if rule.scope else iter((Subject(),))

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """The texts that explain a change or an execution of budget."""
        return tuple(_explaining(self))

    @cached_property
    def prose(self) -> Prose:
        """What the department wrote."""
        return Prose(self.profile, self.book, self.figures)


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


@lru_cache(maxsize=1024)
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
            parts = tuple(sheet.by_place[at] for at in box.addends) if sheet else ()
            figures = [part.figure for part in parts if part.figure]
            if not figures and (not parts or box.figure is None):
                continue
            unit = (box.figure or figures[0]).unit
            summed = Figure("", sum([f.value for f in figures if f.value], Decimal(0)), unit, "")
            own = box.figure or Figure("", Decimal(0), unit, "")
            yield Subject({"本格": own, "加数之和": summed}, total=Total(key, box, parts, own, summed))


def _rows(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    for key in rule.of:
        sheet = accounts.sheets.get(key)
        rows = list(dict.fromkeys(box.row_key for box in sheet.amounts)) if sheet else []
        above = {one for one, following in pairwise(sorted(rows)) if following.startswith(one)}
        for row in rows:
            if row != TOTAL_ROW and row not in above:
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
            earlier = (r for r in islice(rows[marks], len(rows[marks]) - 1) if r.facts)
            yield Subject(
                {"同样的行": count(len(rows[whole])), "同类的行": count(len(rows[marks]))},
                cells=cells[:1],
                found=f"{said}，{amounts}" if amounts else said,
                terms=tuple(Shown(EARLIER, None, str(next(iter(r.facts.values())).cell)) for r in islice(earlier, 5)),
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


def _names(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    """Every spelling of the values of a mark: in the sheets that have a column for it, and in the texts."""
    for mark in rule.of:
        profile = accounts.profile
        tables = tuple(tables_of_names(profile, mark))
        spellings = accounts.prose.spellings(mark)
        at = {spelling.key: next(iter(spelling.places.values()))[0] for spelling in spellings}
        asked = _asked(rule, tables)
        amounts = [
            (f"{t.name}_{a.heading}", profile.units[a.unit]) for t in tables if t.name in asked for a in t.amounts
        ]
        for spelling in spellings:
            places, like = spelling.places, spelling.like
            values = {f"在{table.name}": count(len(places.get(table.name, ()))) for table in tables}
            values |= {"相近名称": count(len(spelling.near)), "前面的相近名称": count(bool(like))}
            values |= {"文字中": count(len(places.get("", ())))}
            values |= {name: Figure(name, spelling.sums.get(name, Decimal(0)), unit, "") for name, unit in amounts}
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


# -- texts ----------------------------------------------------------------------------------------


def _texts(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    words, exceptions = ([dated(w, accounts.prose.year) for w in x] for x in (rule.of, rule.unless))
    words = [word for word in words if word in accounts.prose.all_texts]
    for row, heading, text in accounts.prose.texts if words else ():
        for word in words:
            at = unexcused(text, word, exceptions)
            if at >= 0:
                yield Subject({}, {"词": word}, (row.cells[heading],), found=around(text, word, at))
                break


def _reasons(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    """The texts that explain a change or an execution of budget, with what they explain."""
    year = accounts.prose.year
    wholes = {reason.position: reason.whole for reason in accounts.reasons}
    excused = {position for position, whole in wholes.items() if found_word(whole, rule.unless, year)}
    for reason in accounts.reasons:
        word = found_word(reason.text, rule.of, year)
        if word and reason.position not in excused:
            own, base, change = (accounts.figures[name] for name in reason.explains)
            rate = None if not base.value or change.value is None else ratio(change.value, base.value)
            moved = Figure("", rate, accounts.profile.units["%"], "")
            labels: tuple[str | Words, ...] = (
                own.label or own.name,
                *(n.rpartition(".")[2] for n in reason.explains[1:]),
                RATE,
            )
            terms = [
                Shown(label, figure)
                for label, figure in zip(labels, (own, base, change, moved), strict=True)
                if figure.value is not None
            ]
            words = {"位置": reason.position, "词": word}
            found = around(reason.text, word)
            yield Subject({"变动": change, "变动率": moved}, words, (reason.cell,), found=found, terms=tuple(terms))


def _explaining(accounts: Accounts) -> Iterator[Reason]:
    """Every text at the position of a reason, with what it explains."""
    explained = dict(_explained(accounts))
    for table in (t for t in accounts.profile.tables.values() if t.kind == "texts"):
        position, text = table.columns[0].heading, table.columns[-1].heading
        paragraphs: dict[str, list[str]] = {}
        for row in accounts.book.table(table.name):
            paragraphs.setdefault(row.text(position), []).append(row.text(text))
        whole = {at: "".join(texts) for at, texts in paragraphs.items()}
        for row in accounts.book.table(table.name):
            said = explained.get(normal(row.text(position)))
            if said:
                yield Reason(row.text(position), row.text(text), whole[row.text(position)], row.cells[text], said)


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


def _mentions(accounts: Accounts, rule: Rule) -> Iterator[Subject]:
    """Every number with a telling number of digits in a text, with its unit, its year and what it seems to mean."""
    now, before = accounts.prose.printed
    wan = accounts.profile.units["万元"]
    exceptions = [dated(w, accounts.prose.year) for w in rule.unless]
    sentences = dict.fromkeys(one.sentence for one in accounts.prose.mentions)
    excused = {sentence for sentence in sentences if any(w in sentence for w in exceptions)}
    told: set[tuple[object, ...]] = set()
    for one in accounts.prose.mentions:
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

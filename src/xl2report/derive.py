"""Measures -> figures: each computed once, on demand, from the facts of one book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from xl2report.facts import COLUMN, Book, Fact, Query, prefixes
from xl2report.figures import (
    NEGATIVE,
    NO_PRIOR,
    NOT_ENTERED,
    ZERO_BASE,
    Figure,
    Gap,
    Unit,
    ratio,
    shares,
    summed,
)
from xl2report.formulas import BoxName, Expression, Name, evaluate
from xl2report.formulas import names as names_in
from xl2report.profile import List, Measure, Profile


class ListItem(NamedTuple):
    """One item of a list from the accounts: the name of its measure, its code where it has one, how it is called."""

    measure: str
    label: str
    code: str = ""


class _GapFoundError(Exception):
    """Carries the gap of an input out of a formula."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.reason)
        self.gap = gap


class Figures(Mapping[str, Figure]):
    """Every figure of one book by name: ``一般公共预算支出``, ``一般公共预算支出.占比``.

    The company of a measure is asked for after a dot: 上年, 增减, 增长率, 预算, 差额, 完成率, 占比.
    """

    def __init__(self, profile: Profile, book: Book) -> None:
        self.profile = profile
        self.book = book
        self.measures: dict[str, Measure] = dict(profile.measures)
        self._known: dict[str, Figure] = {}
        self._lists: dict[str, tuple[ListItem, ...]] = {}
        self._percent = profile.units["%"]

    def __getitem__(self, name: str) -> Figure:
        if name not in self._known:
            base, dot, companion = self._parts(name)
            if base not in self.measures:
                raise KeyError(name)
            self._known[name] = self._companion(base, companion) if dot else self._own(self.measures[base])
        return self._known[name]

    @staticmethod
    def _parts(name: str) -> tuple[str, str, str]:
        if name.endswith("]"):  # an item of a list, whose own name may hold dots
            return name, "", ""
        return name.rpartition(".") if "." in name else (name, "", "")

    def __iter__(self) -> Iterator[str]:
        return iter(self.profile.measures)

    def __len__(self) -> int:
        return len(self.profile.measures)

    # -- the measure itself -------------------------------------------------------------------
    def _own(self, measure: Measure) -> Figure:
        unit = self.profile.units[measure.unit]
        if measure.query is not None:
            return self.queried(measure.name, measure.query, unit, measure.label, count=measure.count)
        assert measure.formula is not None  # the profile was checked when it was loaded
        return self.computed(measure.name, measure.formula, measure.how, unit, measure.label)

    def queried(self, name: str, query: Query, unit: Unit, label: str = "", *, count: bool = False) -> Figure:
        """The sum of the facts that a query matches (or their number); a gap where nothing was entered."""
        table = self.profile.tables[query.table]
        facts = self.book.select(query)
        how = str(query)
        if table.kind in ("items", "info"):
            mark = table.columns[0].mark
            found = {fact.marks[mark] for fact in facts}
            for item in query.wanted.get(mark, ()):
                if item not in found:
                    return Figure(name, None, unit, how, facts, Gap(NOT_ENTERED, table.name, item), label)
        if not facts and not (table.complete and self.book.table(table.name)) and not count:
            item = "、".join(query.wanted.get(COLUMN, tuple(c.heading for c in table.amounts[:1])))
            return Figure(name, None, unit, how, (), Gap(NOT_ENTERED, table.name, item), label)
        if count:
            return Figure(name, Decimal(len(facts)), unit, f"行数（{how}）", facts, label=label)
        return summed(name, facts, unit, how, label)

    def computed(self, name: str, formula: Expression, how: str, unit: Unit, label: str = "") -> Figure:
        """The value of a formula over other figures; the first gap among them is its gap."""
        used = tuple(self[n.text] for n in names_in(formula) if isinstance(n, Name))

        def value_of(part: Name | BoxName) -> Decimal:
            figure = self[part.text]
            if figure.value is None:
                raise _GapFoundError(figure.gap or Gap(NOT_ENTERED))
            return figure.value

        try:
            return Figure(name, evaluate(formula, value_of), unit, how, used, label=label)
        except _GapFoundError as found:
            return Figure(name, None, unit, how, used, found.gap, label)
        except ZeroDivisionError:
            return Figure(name, None, unit, how, used, Gap(ZERO_BASE), label)

    # -- its company --------------------------------------------------------------------------
    def _companion(self, base: str, companion: str) -> Figure:
        measure, own, name = self.measures[base], self[base], f"{base}.{companion}"
        match companion:
            case "上年":
                return self._other(name, measure, measure.prior or self._prior_row(base), NO_PRIOR)
            case "预算":
                return self._other(name, measure, measure.budget, NOT_ENTERED)
            case "增减":
                return self._difference(name, own, self[f"{base}.上年"])
            case "差额":
                return self._difference(name, own, self[f"{base}.预算"])
            case "增长率":
                return self._rate(name, self[f"{base}.增减"], self[f"{base}.上年"], own)
            case "完成率":
                return self._rate(name, own, self[f"{base}.预算"], own)
            case "占比":
                return self._share(name, measure, own)
        raise KeyError(name)

    def _prior_row(self, measure: str) -> Query | None:
        """The row of the prior-year sheet that bears the measure's name."""
        for table in self.profile.tables.values():
            if table.item_measures:
                return Query({"表": (table.name,), table.columns[0].mark: (measure,)})
        return None

    def _other(self, name: str, measure: Measure, source: Query | str | None, reason: str) -> Figure:
        unit = self.profile.units[measure.unit]
        if source is None:
            return Figure(name, None, unit, "", (), Gap(reason))
        if isinstance(source, str):
            other = self[source]
            return Figure(name, other.value, unit, source, (other,), other.gap)
        figure = self.queried(name, source, unit)
        if figure.gap:
            return Figure(name, None, unit, figure.how, figure.inputs, Gap(reason, figure.gap.sheet, figure.gap.item))
        return figure

    def _difference(self, name: str, own: Figure, other: Figure) -> Figure:
        how, gap = f"{own.name} - {other.name}", own.gap or other.gap
        if own.value is None or other.value is None:
            return Figure(name, None, own.unit, how, (own, other), gap)
        return Figure(name, own.value - other.value, own.unit, how, (own, other))

    def _rate(self, name: str, part: Figure, base: Figure, own: Figure) -> Figure:
        how, inputs = f"{part.name} / {base.name}", (part, base)
        if part.value is None or base.value is None:
            return Figure(name, None, self._percent, how, inputs, part.gap or base.gap)
        if base.value == 0:
            return Figure(name, None, self._percent, how, inputs, Gap(ZERO_BASE))
        if base.value < 0 or (own.value is not None and own.value < 0):
            return Figure(name, None, self._percent, how, inputs, Gap(NEGATIVE))
        return Figure(name, ratio(part.value, base.value), self._percent, how, inputs)

    def _share(self, name: str, measure: Measure, own: Figure) -> Figure:
        listed = self.profile.lists.get(measure.whole) or self.profile.lists.get(measure.name.partition("[")[0])
        if listed is None or not listed.whole:
            return (
                self._rate(name, own, self[measure.whole], own)
                if measure.whole and listed is None
                else Figure(name, None, self._percent, "", (own,), Gap(NOT_ENTERED))
            )
        names = listed.measures or tuple(item.measure for item in self.every_item(listed.name))
        parts = tuple(self[part] for part in names)
        whole = self[listed.whole]
        how = f"{own.name} / {whole.name}（最大余额法，{listed.label}各项之和为100%）"
        values = [part.value for part in parts]
        if whole.value is None or any(v is None for v in values):
            gap = next((f.gap for f in (whole, *parts) if f.gap), None)
            return Figure(name, None, self._percent, how, (own, whole), gap)
        known = [v for v in values if v is not None]
        if whole.value == 0:
            return Figure(name, None, self._percent, how, (own, whole), Gap(ZERO_BASE))
        if min(known) < 0:
            return Figure(name, None, self._percent, how, (own, whole), Gap(NEGATIVE))
        if sum(known) != whole.value:
            return self._rate(name, own, whole, own)
        value = shares(known, self._percent.places + 2)[names.index(measure.name)]
        return Figure(name, value, self._percent, how, (own, *parts))

    # -- lists --------------------------------------------------------------------------------
    def listed(self, name: str) -> tuple[ListItem, ...]:
        """The items of a list that the report prints, in code order (or as declared)."""
        listed = self.profile.lists[name]
        return tuple(item for item in self.every_item(name) if self._printed(listed, item))

    def _printed(self, listed: List, item: ListItem) -> bool:
        return listed.zero == "keep" or item.measure in listed.always or self[item.measure].value != 0

    def every_item(self, name: str) -> tuple[ListItem, ...]:
        """All items of a list, those too that the report does not print."""
        listed = self.profile.lists[name]
        if listed.name not in self._lists:
            if listed.measures:
                items = tuple(ListItem(m, self.profile.measures[m].label) for m in listed.measures)
            else:
                items = tuple(self._grouped(listed))
            self._lists[listed.name] = items
        return self._lists[listed.name]

    def _grouped(self, listed: List) -> Iterator[ListItem]:
        """One measure for each value that a mark has among the facts of a list."""
        assert listed.query is not None  # the profile was checked when it was loaded
        mark = self.profile.marks[listed.each]
        facts: list[Fact] = list(self.book.select(listed.query))
        facts += self.book.select(listed.budget) if listed.budget else ()
        until = mark.lengths[: mark.levels.index(listed.level) + 1] if listed.level else mark.lengths
        if mark.is_tree:
            paths = [list(prefixes(fact.marks.get(mark.name, ""), until)) for fact in facts]
            values: Sequence[str] = sorted({path[-1] for path in paths if path})
        else:
            values = list(dict.fromkeys(fact.marks.get(mark.name, "") for fact in facts))
        for value in values:
            name = f"{listed.name}[{value}]"
            # a code that does not go down to the level takes what is entered just so, not the items below it
            exact = mark.is_tree and len(value) < until[-1]
            own, budget = (_of_value(q, mark.name, value, exact) if q else None for q in (listed.query, listed.budget))
            label = mark.name_of(value) if mark.is_tree else value
            self.measures[name] = Measure(name, label, listed.unit, own, budget=budget, whole=listed.whole)
            yield ListItem(name, self.measures[name].label, value if mark.is_tree else "")


def _of_value(query: Query, mark: str, value: str, exact: bool) -> Query:
    """The part of a query that bears a value of a mark: the very value, or a code with its descendants."""
    part = query.narrowed(**{mark: value})
    return part._replace(trees=part.trees - {mark}) if exact else part

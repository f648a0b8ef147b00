"""Last year's accounts -> the rows with which a new year's workbook begins, and what is said about them.

What follows from last year's results is carried; what has to be counted or written anew is not, and a text that
is kept bears a mark until somebody has changed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from xl2report.checks import STALE
from xl2report.derive import Figures
from xl2report.facts import COLUMN, TABLE, Book, Query
from xl2report.figures import EXACT
from xl2report.findings import Finding, finding
from xl2report.profile import Measure, Profile, Table

Rows = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Carried:
    """The rows of the new workbook by input sheet, and a note on each sheet: what it begins with, or that it is blank."""

    rows: Rows
    findings: tuple[Finding, ...]


def carried(book: Book, figures: Figures, profile: Profile) -> Carried:
    """What goes from last year's accounts into a workbook of the new year's profile."""
    return _Carrier(book, figures, profile).carried()


class _Carrier:
    """Fills the sheets of one new workbook."""

    def __init__(self, book: Book, figures: Figures, profile: Profile) -> None:
        self.book = book
        self.figures = figures
        self.profile = profile
        self.scale = Decimal(10000) if book.info.get("金额单位") == "万元" else Decimal(1)

    def carried(self) -> Carried:
        rows: Rows = {}
        findings = []
        for table in self.profile.tables.values():
            new = list(self.of(table))
            if new:
                rows[table.name] = new
                what_zh, what_en = self.words(table)
                findings.append(
                    finding(
                        "O608", table.name, count=str(len(new)), what_zh=what_zh, what_en=what_en, found=self.names(new)
                    )
                )
            else:
                findings.append(finding("O609", table.name))
        return Carried(rows, tuple(findings))

    def of(self, table: Table) -> Iterator[dict[str, str]]:
        """The rows that a sheet begins with."""
        match table.kind:
            case "info":
                yield from self.info(table)
            case "items":
                yield from self.items(table)
            case "ledger":
                yield from self.balances(table)
            case "texts":
                yield from self.texts(table)
            case "glossary":
                yield from ({h: t for h, t in row.texts.items() if t} for row in self.book.table(table.name))

    def words(self, table: Table) -> tuple[str, str]:
        """What was carried into a sheet, in Chinese and English."""
        columns = [c for c in table.columns if c.carry]
        if columns:
            return (
                "；".join(f"上年“{c.carry}”带入“{c.heading}”" for c in columns),
                "; ".join(f"last year's {c.carry} as {c.heading}" for c in columns),
            )
        return {
            "info": ("基本信息照抄，年度加一", "基本信息 as it was, 年度 one later"),
            "items": ("上年的结果", "last year's results"),
            "texts": (f"上年的文字，前面加了{STALE}", f"last year's texts, marked {STALE}"),
        }.get(table.kind, ("照抄", "as they were"))

    def names(self, rows: list[dict[str, str]]) -> str:
        """The first cells of the rows, shortened."""
        first = list(dict.fromkeys(next(iter(row.values())) for row in rows))
        return "、".join(first[:8]) + ("……" if len(first) > 8 else "")

    def money(self, amount: Decimal) -> str:
        """An amount in the unit of the workbook."""
        return format(EXACT.divide(amount, self.scale), "f")

    def info(self, table: Table) -> Iterator[dict[str, str]]:
        """基本信息 with the next year; what changes every year stays blank."""
        key, value = (c.heading for c in table.columns[:2])
        for name in self.book.info_cells:
            known = self.profile.infos.get(name)
            text = self.book.info.get(name, "")
            if name == "年度":
                text = str(int(text) + 1)
            yield {key: name, value: "" if known and known.yearly else text}

    def items(self, table: Table) -> Iterator[dict[str, str]]:
        """A closed list with last year's outturn beside each name."""
        key = table.columns[0]
        values: dict[str, dict[str, str]] = {}
        for column in (c for c in table.columns if c.carry):
            for row in self.book.table(table.name):
                fact = row.facts.get(column.carry)
                if fact is not None:
                    values.setdefault(row.text(key.heading), {})[column.heading] = self.money(fact.amount)
        if table.item_measures:
            amount = table.amounts[0].heading
            for name, measure in self.prior_rows(table).items():
                figure = self.figures[measure] if measure in self.figures.measures else None
                if figure is not None and figure.value is not None:
                    values[name] = {amount: self.money(figure.value)}
        order = {item.name: place for place, item in enumerate(table.items)}
        for name in sorted(values, key=lambda name: order.get(name, len(order))):
            yield {key.heading: name, **values[name]}

    def prior_rows(self, table: Table) -> Mapping[str, str]:
        """Row of the prior-year sheet -> the measure whose result of last year it holds."""
        mark = table.columns[0].mark
        rows = {}
        for measure in self.profile.measures.values():
            item = self.asks_for(measure, table, mark)
            if item:
                rows[item] = measure.name
        own = [row.text(table.columns[0].heading) for row in self.book.table(table.name)]
        for name in (*table.carry, *(n for n in own if n in self.profile.measures)):
            rows.setdefault(name, name)
        return rows

    def asks_for(self, measure: Measure, table: Table, mark: str) -> str:
        """The one row of the prior-year sheet in which a measure looks for last year's figure."""
        prior = measure.prior
        if not isinstance(prior, Query) or prior.wanted[TABLE] != (table.name,):
            return ""
        names = prior.wanted.get(mark, ())
        return names[0] if len(names) == 1 and set(prior.wanted) <= {TABLE, COLUMN, mark} else ""

    def balances(self, table: Table) -> Iterator[dict[str, str]]:
        """Last year's closing balances as opening ones, by their marks; a row of zero where there are none."""
        marks = [c for c in table.columns if c.kind == "mark"]
        sums: dict[tuple[str, ...], dict[str, Decimal]] = {}
        for column in (c for c in table.columns if c.carry):
            for row in self.book.table(table.name):
                fact = row.facts.get(column.carry)
                if fact is not None:
                    amounts = sums.setdefault(tuple(row.text(m.heading) for m in marks), {})
                    amounts[column.heading] = amounts.get(column.heading, Decimal(0)) + fact.amount
        left = {values: amounts for values, amounts in sums.items() if any(amounts.values())}
        if sums and not left:
            first = next(iter(sums))[:1]
            left = {(*first, *("" for _ in marks[1:])): next(iter(sums.values()))}
        for values, amounts in left.items():
            yield {m.heading: value for m, value in zip(marks, values, strict=True) if value} | {
                heading: self.money(amount) for heading, amount in amounts.items()
            }

    def texts(self, table: Table) -> Iterator[dict[str, str]]:
        """Last year's paragraphs, each with the mark that it is still last year's."""
        text = table.columns[-1].heading
        for row in self.book.table(table.name):
            if row.text(text):
                yield {h: t for h, t in row.texts.items() if t} | {text: STALE + row.text(text)}

"""What the workbook says: cells, facts, rows, and the queries that select them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import NamedTuple

TABLE = "表"
"""The mark that names the input sheet a fact stands in."""
COLUMN = "列"
"""The mark that names the amount column a fact stands in."""


class Cell(NamedTuple):  # a tuple, as are Fact, Figure and Box: made by the thousand, it takes a quarter of the time
    """One cell of the workbook, as a user would name it."""

    sheet: str
    ref: str

    def __str__(self) -> str:
        return f"{self.sheet}!{self.ref}"


class Fact(NamedTuple):
    """One amount of the workbook with its marks and its cell.

    ``amount`` is exact: 元 for money, a plain number for counts. ``entered`` is false for a blank
    cell in a row in which something else was entered: it counts as zero and prints as blank.
    """

    amount: Decimal
    marks: Mapping[str, str]
    cell: Cell
    entered: bool = True


@dataclass(frozen=True, slots=True)
class Query:
    """Marks wanted. A value matches exactly, or by prefix where the mark is a code tree."""

    wanted: Mapping[str, tuple[str, ...]]
    trees: frozenset[str] = frozenset()

    @property
    def table(self) -> str:
        """The one input sheet that the query reads."""
        return self.wanted[TABLE][0]

    def matches(self, fact: Fact) -> bool:
        """Whether the fact bears every wanted mark."""
        for mark, values in self.wanted.items():
            found = fact.marks.get(mark, "")
            if mark in self.trees:
                if not found.startswith(values):
                    return False
            elif found not in values:
                return False
        return True

    def narrowed(self, **marks: str | tuple[str, ...]) -> Query:
        """The same query with further marks wanted; a mark given twice must satisfy both."""
        wanted = dict(self.wanted)
        for mark, value in marks.items():
            wanted[mark] = (value,) if isinstance(value, str) else value
        return Query(wanted, self.trees)

    def __str__(self) -> str:
        return "，".join(f"{mark}={'|'.join(values)}" for mark, values in self.wanted.items())


@dataclass(frozen=True, slots=True)
class Row:
    """One data row of an input sheet: its texts by heading, the cell of each, and its facts."""

    table: str
    number: int
    texts: Mapping[str, str]
    cells: Mapping[str, Cell]
    facts: Mapping[str, Fact]

    def text(self, heading: str) -> str:
        """The text under a heading, empty where there is none."""
        return self.texts.get(heading, "")


Source = tuple[str, str]
"""An input sheet, and the item of its closed list; "" for all of the sheet."""


@dataclass(frozen=True, slots=True)
class _Ledger:
    """The facts of one input sheet and which of them bear which marks: sets of positions, as the bits of integers."""

    facts: tuple[Fact, ...]
    bearing: Mapping[str, Mapping[str, int]]
    """Mark -> value -> positions."""

    @classmethod
    def of(cls, facts: Sequence[Fact]) -> _Ledger:
        at: dict[str, dict[str, list[int]]] = {}
        for position, fact in enumerate(facts):
            for mark, value in fact.marks.items():
                at.setdefault(mark, {}).setdefault(value, []).append(position)
        for by in at.values():
            missing = set(range(len(facts))).difference(*by.values())
            by.setdefault("", []).extend(missing)  # no mark reads as an empty one
        return cls(tuple(facts), {mark: {v: _bits(found) for v, found in by.items()} for mark, by in at.items()})

    def select(self, query: Query) -> Iterator[Fact]:
        """The facts that a query matches, in order."""
        left = whole = (1 << len(self.facts)) - 1
        for mark, wanted in query.wanted.items():
            values = self.bearing.get(mark, {"": whole})
            if mark in query.trees:
                bits = [found for value, found in values.items() if value.startswith(wanted)]
            else:
                bits = [values[value] for value in wanted if value in values]
            bearing = 0
            for found in bits:
                bearing |= found
            left &= bearing
            if not left:
                return
        digits = f"{left:b}"[::-1]
        at = digits.find("1")
        while at >= 0:
            yield self.facts[at]
            at = digits.find("1", at + 1)


def _bits(positions: Sequence[int]) -> int:
    """The integer whose bits at these positions are set."""
    octets = bytearray(max(positions, default=0) // 8 + 1)
    for position in positions:
        octets[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(octets, "little")


@dataclass(frozen=True)
class Book:
    """Everything that was read from one workbook."""

    facts: tuple[Fact, ...] = ()
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    info: Mapping[str, str] = field(default_factory=dict)
    info_cells: Mapping[str, Cell] = field(default_factory=dict)
    sheets: Mapping[str, str] = field(default_factory=dict)
    """Input sheet of the profile -> name of the sheet in the user's file."""
    heads: Mapping[tuple[str, str], Cell] = field(default_factory=dict)
    """(input sheet, heading) -> the cell of the heading."""
    doubtful: frozenset[Source] = frozenset()
    """What could not be read whole: whole input sheets, or items of closed lists."""

    @cached_property
    def _ledgers(self) -> Mapping[str, _Ledger]:
        """The facts of each input sheet, ready for queries."""
        ledgers: dict[str, list[Fact]] = {}
        for fact in self.facts:
            ledgers.setdefault(fact.marks[TABLE], []).append(fact)
        return {table: _Ledger.of(facts) for table, facts in ledgers.items()}

    def select(self, query: Query) -> tuple[Fact, ...]:
        """The facts that a query matches, in the order of the workbook."""
        ledger = self._ledgers.get(query.table)
        return tuple(ledger.select(query)) if ledger else ()

    def doubts(self, sources: Iterable[Source]) -> bool:
        """Whether some of these sources could not be read whole."""
        if not self.doubtful:
            return False
        return any(s in self.doubtful or (s[0], "") in self.doubtful for s in sources) or any(
            not item and table in {doubted for doubted, _ in self.doubtful} for table, item in sources
        )

    def table(self, name: str) -> tuple[Row, ...]:
        """The rows of one input sheet; empty where the sheet is absent or blank."""
        return self.rows.get(name, ())


def total(facts: Iterable[Fact]) -> Decimal:
    """The exact sum of the amounts."""
    return sum([fact.amount for fact in facts], Decimal(0))


def prefixes(code: str, lengths: Iterable[int]) -> Iterator[str]:
    """The ancestors of a code in its tree and the code itself, shortest first.

    >>> list(prefixes("2010301", (3, 5, 7)))
    ['201', '20103', '2010301']
    """
    for length in lengths:
        if len(code) >= length:
            yield code[:length]


@lru_cache(maxsize=1024)
def letters(column: int) -> str:
    """The letters of a column counted from 0.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found

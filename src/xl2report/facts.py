"""What the workbook says: cells, facts, rows, and the queries that select them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
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


class Query(NamedTuple):
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


class Row(NamedTuple):
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


class Bearing:
    """Which of many things bear which marks: sets of positions, as the bits of integers."""

    def __init__(self, things: Sequence[Mapping[str, str]]) -> None:
        self.whole = (1 << len(things)) - 1
        at: dict[str, dict[str, list[int]]] = {}
        for position, marks in enumerate(things):
            for mark, value in marks.items():
                at.setdefault(mark, {}).setdefault(value, []).append(position)
        for by in at.values():
            missing = set(range(len(things))).difference(*by.values())
            by.setdefault("", []).extend(missing)  # no mark reads as an empty one
        self._exact = {mark: {v: _bits(found) for v, found in by.items()} for mark, by in at.items()}
        self._sorted: dict[str, list[str]] = {}
        self._below: dict[tuple[str, str], int] = {}

    def exactly(self, mark: str, value: str) -> int:
        """The things that bear just this value."""
        return self._exact.get(mark, {"": self.whole}).get(value, 0)

    def below(self, mark: str, code: str) -> int:
        """The things that bear a code or one that begins with it."""
        if not code:
            return self.whole
        known = self._below.get((mark, code))
        if known is None:
            if mark not in self._sorted:
                self._sorted[mark] = sorted(self._exact.get(mark, ()))
            values, known = self._sorted[mark], 0
            for at in range(bisect_left(values, code), len(values)):
                if not values[at].startswith(code):
                    break
                known |= self._exact[mark][values[at]]
            self._below[mark, code] = known
        return known

    def all_of(self, wanted: Mapping[str, Iterable[str]], trees: Container[str]) -> int:
        """The things that bear one of the wanted values of every mark, or in a code tree one below it."""
        left = self.whole
        for mark, values in wanted.items():
            bearing, of = 0, self.below if mark in trees else self.exactly
            for value in values:
                bearing |= of(mark, value)
            left &= bearing
            if not left:
                break
        return left


FEW = 64
"""Positions that are taken out of an integer one by one; of more, its digits are looked through."""


def positions(bits: int) -> Iterator[int]:
    """The positions of a set, in order."""
    if bits.bit_count() <= FEW:
        while bits:
            last = bits & -bits
            yield last.bit_length() - 1
            bits ^= last
        return
    digits = f"{bits:b}"[::-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)


def _bits(places: Sequence[int]) -> int:
    """The integer whose bits at these positions are set."""
    octets = bytearray(max(places, default=0) // 8 + 1)
    for position in places:
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
    def _ledgers(self) -> Mapping[str, tuple[Sequence[Fact], Bearing]]:
        """The facts of each input sheet, ready for queries."""
        ledgers: dict[str, list[Fact]] = {}
        for fact in self.facts:
            ledgers.setdefault(fact.marks[TABLE], []).append(fact)
        return {table: (facts, Bearing([fact.marks for fact in facts])) for table, facts in ledgers.items()}

    def select(self, query: Query) -> tuple[Fact, ...]:
        """The facts that a query matches, in the order of the workbook."""
        if query.table not in self._ledgers:
            return ()
        facts, bearing = self._ledgers[query.table]
        return tuple([facts[at] for at in positions(bearing.all_of(query.wanted, query.trees))])

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

"""What the workbook says: cells, facts, rows, and the queries that select them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import chain

TABLE = "表"
"""The mark that names the input sheet a fact stands in."""
COLUMN = "列"
"""The mark that names the amount column a fact stands in."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the workbook, as a user would name it."""

    sheet: str
    ref: str

    def __str__(self) -> str:
        return f"{self.sheet}!{self.ref}"


@dataclass(frozen=True, slots=True)
class Fact:
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
    def _index(self) -> Mapping[tuple[str, str], Mapping[str, tuple[int, ...]]]:
        """(input sheet, mark) -> value -> the positions of the facts that bear it."""
        index: dict[tuple[str, str], dict[str, list[int]]] = {}
        for position, fact in enumerate(self.facts):
            for mark, value in fact.marks.items():
                index.setdefault((fact.marks[TABLE], mark), {}).setdefault(value, []).append(position)
        return {key: {value: tuple(at) for value, at in values.items()} for key, values in index.items()}

    def select(self, query: Query) -> tuple[Fact, ...]:
        """The facts that a query matches, in the order of the workbook."""
        candidates: Iterable[int] | None = None
        fewest = len(self.facts) + 1
        for mark, wanted in query.wanted.items():
            values = self._index.get((query.table, mark), {})
            if mark in query.trees:
                found = [at for value, at in values.items() if value.startswith(wanted)]
            else:
                found = [values[value] for value in wanted if value in values]
            count = sum(map(len, found))
            if count < fewest:
                fewest, candidates = count, sorted(chain.from_iterable(found))
        return tuple(fact for at in candidates or () if query.matches(fact := self.facts[at]))

    def doubts(self, sources: Iterable[Source]) -> bool:
        """Whether some of these sources could not be read whole."""
        return any(s in self.doubtful or (s[0], "") in self.doubtful for s in sources) or any(
            not item and table in {doubted for doubted, _ in self.doubtful} for table, item in sources
        )

    def table(self, name: str) -> tuple[Row, ...]:
        """The rows of one input sheet; empty where the sheet is absent or blank."""
        return self.rows.get(name, ())


def total(facts: Iterable[Fact]) -> Decimal:
    """The exact sum of the amounts."""
    return sum((fact.amount for fact in facts), Decimal(0))


def prefixes(code: str, lengths: Iterable[int]) -> Iterator[str]:
    """The ancestors of a code in its tree and the code itself, shortest first.

    >>> list(prefixes("2010301", (3, 5, 7)))
    ['201', '20103', '2010301']
    """
    for length in lengths:
        if len(code) >= length:
            yield code[:length]


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

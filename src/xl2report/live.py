"""Queries, formulas and rules of a profile -> Excel formulas over the input sheets, each with its value.

They let a clerk see totals and balances while typing. What decides is ``check``: a rule that Excel cannot
say over the input sheets (every row of a schedule, texts) is left to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from xl2report.facts import COLUMN, TABLE, Query, letters, prefixes
from xl2report.formulas import COMPARISONS, FUNCTIONS, BoxName, Expression, Name, Number, Operation
from xl2report.profile import Claim, Column, Profile, Rule, Side, Table

EXCEL_FUNCTIONS = {"和": "SUM", "绝对值": "ABS", "较大": "MAX", "较小": "MIN"}
EXCEL_SIGNS = {"!=": "<>"}


class NotLiveError(ValueError):
    """A name or a box that cannot be had from the input sheets by a formula."""


@dataclass(frozen=True)
class Placed:
    """An input sheet of the generated workbook: where its columns and rows stand, and what is written there."""

    table: Table
    columns: tuple[Column, ...]
    first: int
    last: int
    rows: Sequence[Mapping[str, str]]

    def range(self, heading: str) -> str:
        """The cells under a heading, from any sheet: ``'支出决算'!$H$4:$H$5000``."""
        letter = self.letter(heading)
        return f"'{self.table.name}'!${letter}${self.first}:${letter}${self.last}"

    def letter(self, heading: str) -> str:
        """The letter of a column."""
        return letters([c.heading for c in self.columns].index(heading))


@dataclass(frozen=True)
class Live:
    """A formula without its “=”, its value, and what must be filled in before it says anything."""

    formula: str
    value: Decimal
    needs: tuple[Live, ...] = ()


@dataclass(frozen=True)
class Balance:
    """One claim of a rule, ready to be written: its sides, its condition, what it is about."""

    rule: Rule
    claim: Claim
    left: Live
    right: Live
    when: tuple[Live, str, Live] | None

    @property
    def needs(self) -> tuple[Live, ...]:
        """Everything that must be filled in before the claim can be tried."""
        sides = (self.left, self.right, *((self.when[0], self.when[2]) if self.when else ()))
        return tuple({need.formula: need for side in sides for need in side.needs}.values())

    @property
    def state(self) -> str:
        """``blank``, ``idle`` (its condition is not met), ``zero`` (nothing on either side), ``holds`` or ``breaks``."""
        if any(not need.value for need in self.needs):
            return "blank"
        if self.when and not COMPARISONS[self.when[1]](self.when[0].value, self.when[2].value):
            return "idle"
        if not self.when and not (self.left.value or self.right.value):
            return "zero"
        return "holds" if COMPARISONS[self.claim.sign](self.left.value, self.right.value) else "breaks"


def number_in(text: str) -> Decimal | None:
    """The number that a cell of the generated workbook holds, if it is one.

    >>> number_in("12.50"), number_in("按科目")
    (Decimal('12.50'), None)
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


class Formulas:
    """Excel formulas over the input sheets of one generated workbook."""

    def __init__(self, profile: Profile, placed: Mapping[str, Placed]) -> None:
        self.profile = profile
        self.placed = placed

    def balances(self) -> Iterator[Balance]:
        """Every balance and every certain claim of the profile's rules that can be tried in the workbook itself.

        What is only unlikely is left to the check: a clerk who is typing needs few lines, and sure ones.
        """
        for rule in self.profile.rules.values():
            for claim in () if rule.scope or rule.where else rule.claims:
                if claim.sign != "=" and rule.severity != "error":
                    continue
                try:
                    left, right = self.expression(claim.left), self.expression(claim.right)
                    when = claim.when and self.condition(claim.when)
                except NotLiveError:
                    continue
                yield Balance(rule, claim, left, right, when or None)

    def condition(self, claim: Claim) -> tuple[Live, str, Live]:
        """The condition of a rule: its sides and its sign."""
        return self.expression(claim.left), claim.sign, self.expression(claim.right)

    def expression(self, expression: Expression) -> Live:
        """A formula of the profile as one of Excel."""
        if isinstance(expression, Number):
            return Live(format(expression.value, "f"), expression.value)
        if isinstance(expression, Name):
            return self.named(expression.text)
        if isinstance(expression, BoxName):
            return self.box(expression)
        parts = [self.expression(argument) for argument in expression.arguments]
        return self.operation(expression, parts)

    def operation(self, operation: Operation, parts: Sequence[Live]) -> Live:
        """An operator or a function over what its arguments have become."""
        values = [part.value for part in parts]
        needs = tuple(need for part in parts for need in part.needs)
        texts = [part.formula for part in parts]
        match operation.name:
            case "+" | "-" if len(parts) == 2:
                right = f"({texts[1]})" if operation.name == "-" else texts[1]
                value = values[0] + (values[1] if operation.name == "+" else -values[1])
                return Live(f"{texts[0]}{operation.name}{right}", value, needs)
            case "-":
                return Live(f"-({texts[0]})", -values[0], needs)
            case "*":
                return Live(f"({texts[0]})*({texts[1]})", values[0] * values[1], needs)
            case name if name in EXCEL_FUNCTIONS:
                return Live(f"{EXCEL_FUNCTIONS[name]}({','.join(texts)})", FUNCTIONS[name][1](*values), needs)
        raise NotLiveError(operation.name)

    def named(self, name: str) -> Live:
        """A measure, or its prior year or budget."""
        base, _, companion = name.partition(".")
        measure = self.profile.measures[base]
        if companion not in ("", "上年", "预算"):
            raise NotLiveError(name)
        source = {"": measure.query or measure.formula, "上年": measure.prior, "预算": measure.budget}[companion]
        if isinstance(source, Query):
            return self.query(source, count=measure.count)
        if isinstance(source, str):
            return self.named(source)
        if source is None and companion == "上年":
            return self.prior_row(base)
        if source is None:
            raise NotLiveError(name)
        return self.expression(source)

    def prior_row(self, measure: str) -> Live:
        """The row of the prior-year sheet that bears a measure's name; users may add it."""
        for table in self.profile.tables.values():
            if table.item_measures:
                return self.query(Query({TABLE: (table.name,), table.columns[0].mark: (measure,)}))
        raise NotLiveError(measure)

    def box(self, box: BoxName) -> Live:
        """A box of a schedule of numbered lines."""
        schedule = self.profile.schedules[box.schedule]
        for side in schedule.sides:
            if any(str(line.number) == box.row for line in side.lines):
                columns = {c.key: c for c in side.columns}
                return self.line(side, int(box.row), box.column or next(iter(columns)))
        raise NotLiveError(box.text)

    def line(self, side: Side, number: int, key: str) -> Live:
        """A numbered line in one of its columns: its query, or else the lines or columns that it sums."""
        line = next(line for line in side.lines if line.number == number)
        column = next(c for c in side.columns if c.key == key)
        if line.where is not None and not column.sums:
            return self.query(Query({**line.where, **column.where}, self.profile.trees))
        parts = [self.line(side, n, key) for n in line.sums] or [self.line(side, number, k) for k in column.sums]
        if not parts:
            raise NotLiveError(f"{number}")
        needs = tuple(need for part in parts for need in part.needs)
        return Live("+".join(p.formula for p in parts), sum((p.value for p in parts), Decimal(0)), needs)

    def query(self, query: Query, *, count: bool = False) -> Live:
        """The sum (or number) of what a query selects in one input sheet."""
        placed = self.placed[query.table]
        table = placed.table
        columns = [c for c in placed.columns if c.kind == "amount" and self.takes(c, query)]
        own = {mark for c in columns for mark in c.marks}
        wanted = {m: v for m, v in query.wanted.items() if m not in (TABLE, COLUMN) and m not in own}
        parts = [self.column(placed, c, wanted, count=count) for c in columns]
        if not parts:
            return Live("0", Decimal(0))
        needs: tuple[Live, ...] = ()
        if table.kind in ("items", "info"):
            mark = table.columns[0].mark
            names = wanted.get(mark, ())
            needs = tuple(self.column(placed, columns[0], {mark: (name,)}, count=True) for name in names)
        return Live("+".join(p.formula for p in parts), sum((p.value for p in parts), Decimal(0)), needs)

    def takes(self, column: Column, query: Query) -> bool:
        """Whether a query selects anything in an amount column, by its heading and by the marks that the column bears."""
        if column.heading not in query.wanted.get(COLUMN, (column.heading,)):
            return False
        return all(value in query.wanted.get(mark, (value,)) for mark, value in column.marks.items())

    def column(
        self, placed: Placed, amount: Column, wanted: Mapping[str, tuple[str, ...]], *, count: bool = False
    ) -> Live:
        """The sum of one amount column over the rows that bear some marks; rows of totals are left out."""
        tests = [*self.leaves(placed)] if placed.table.kind == "ledger" else []
        tests += [self.bears(placed, mark, values) for mark, values in wanted.items()]
        cells = placed.range(amount.heading)
        summands = f"1*(LEN({cells})>0)" if count else cells
        formula = f"SUMPRODUCT({'*'.join(tests) if len(tests) > 1 else f'1*{tests[0]}'},{summands})" if tests else ""
        total = Decimal(0)
        for row in placed.rows:
            number = number_in(row.get(amount.heading, ""))
            if number is not None and self.counts(placed, row, wanted):
                total += 1 if count else number
        return Live(formula or f"SUM({summands})", total)

    def leaves(self, placed: Placed) -> Iterator[str]:
        """What tells the rows that are no totals: codes of the last level, or none where there may be none."""
        for column, length in self.trees(placed):
            code = f"LEN(TRIM({placed.range(column.heading)}))"
            yield f"({code}={length})" if column.required else f"(({code}={length})+({code}=0))"

    def trees(self, placed: Placed) -> Iterator[tuple[Column, int]]:
        """The columns of codes with the length of a code of the last level."""
        for column in placed.columns:
            if column.kind == "mark" and column.mark in self.profile.trees:
                yield column, self.profile.marks[column.mark].lengths[-1]

    def bears(self, placed: Placed, mark: str, values: Sequence[str]) -> str:
        """What tells the rows whose mark is one of some values, or a code below one."""
        column = next(c for c in placed.columns if c.kind == "mark" and c.mark == mark)
        cells = f"TRIM({placed.range(column.heading)})"
        tree = mark in self.profile.trees
        tests = [f'(LEFT({cells},{len(v)})="{v}")' if tree else f'({cells}="{v}")' for v in values]
        return tests[0] if len(tests) == 1 else f"({'+'.join(tests)})"

    def counts(self, placed: Placed, row: Mapping[str, str], wanted: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether Excel counts a row, as the formula says it."""
        if placed.table.kind == "ledger":
            for column, length in self.trees(placed):
                if len(row.get(column.heading, "")) not in ((length,) if column.required else (0, length)):
                    return False
        for mark, values in wanted.items():
            column = next(c for c in placed.columns if c.kind == "mark" and c.mark == mark)
            text = row.get(column.heading, "")
            known = prefixes(text, self.profile.marks[mark].lengths) if mark in self.profile.trees else (text,)
            if not set(known) & set(values):
                return False
        return True

"""The formula language of profiles: names, numbers, ``+ - * /``, comparisons and a closed list of functions.

Formulas are parsed when the profile is loaded and hold no conditions, loops or strings. A name is an
identifier (Chinese letters included), with ``.company`` for a companion, or a box of a schedule:
``06[2010301, 小计]`` or ``01[57]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from xl2report.figures import EXACT


class FormulaError(ValueError):
    """A formula that cannot be understood, with the place in its text."""


class Number(NamedTuple):
    """A literal number."""

    value: Decimal


class Name(NamedTuple):
    """A measure, with its companion after a dot where one is meant."""

    text: str


class BoxName(NamedTuple):
    """A box of a printed schedule: its row and, where the schedule has several, its column."""

    schedule: str
    row: str
    column: str

    @property
    def text(self) -> str:
        """The box as a formula writes it."""
        return f"{self.schedule}[{self.row}, {self.column}]" if self.column else f"{self.schedule}[{self.row}]"


class Operation(NamedTuple):
    """An operator or a function with its arguments."""

    name: str
    arguments: tuple[Expression, ...]


Expression = Number | Name | BoxName | Operation

FUNCTIONS: dict[str, tuple[int, Callable[..., Decimal]]] = {
    "和": (0, lambda *values: sum(values, Decimal(0))),
    "绝对值": (1, abs),
    "较大": (2, max),
    "较小": (2, min),
}
"""Name -> number of arguments (0: any number, at least one), what it computes."""

COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}

_TOKEN = re.compile(
    r"\s*(?:(?P<box>\d{2}\[[^\]]*\])|(?P<number>\d+(?:\.\d+)?)|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)?)"
    r"|(?P<sign><=|>=|!=|[-+*/()=<>,]))"
)


def parse(text: str) -> Expression:
    """The expression that a formula writes.

    Raises:
        FormulaError: with what was not understood, and where.
    """
    parser = _Parser(text)
    expression = parser.sum()
    parser.end()
    return expression


def parse_claim(text: str) -> tuple[str, Expression, Expression]:
    """The comparison that a claim writes, as (sign, left, right).

    >>> parse_claim("甲 = 乙 + 丙")[0]
    '='
    """
    parser = _Parser(text)
    left = parser.sum()
    sign = parser.take()
    if sign not in COMPARISONS:
        raise FormulaError(f"“{text}”: expected a comparison ({' '.join(COMPARISONS)}), found “{sign}”")
    right = parser.sum()
    parser.end()
    return sign, left, right


def names(expression: Expression) -> Iterator[Name | BoxName]:
    """The names and boxes in an expression, in reading order."""
    if isinstance(expression, Operation):
        for argument in expression.arguments:
            yield from names(argument)
    elif isinstance(expression, Name | BoxName):
        yield expression


def evaluate(expression: Expression, value_of: Callable[[Name | BoxName], Decimal]) -> Decimal:
    """The exact value of an expression.

    Raises:
        ZeroDivisionError: for a division by zero; the caller turns it into a gap.
    """
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name | BoxName):
        return value_of(expression)
    values = [evaluate(argument, value_of) for argument in expression.arguments]
    match expression.name:
        case "+":
            return values[0] + values[1]
        case "-":
            return values[0] - values[1] if len(values) == 2 else -values[0]
        case "*":
            return EXACT.multiply(values[0], values[1])
        case "/":
            if values[1] == 0:
                raise ZeroDivisionError
            return EXACT.divide(values[0], values[1])
        case function:
            return FUNCTIONS[function][1](*values)


class _Parser:
    """Reads one formula from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if not found or not found.lastgroup:
                raise FormulaError(f"“{text}”: cannot read “{text[position:].strip()}”")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            position = found.end()
        self.at = 0

    def take(self) -> str:
        """The next token's text, or "" at the end."""
        if self.at == len(self.tokens):
            return ""
        self.at += 1
        return self.tokens[self.at - 1][1]

    def peek(self) -> str:
        """The next token's text without taking it."""
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def end(self) -> None:
        """Insist that nothing is left."""
        if self.peek():
            raise FormulaError(f"“{self.text}”: “{self.peek()}” was not expected")

    def sum(self) -> Expression:
        left = self.product()
        while self.peek() in {"+", "-"}:
            left = Operation(self.take(), (left, self.product()))
        return left

    def product(self) -> Expression:
        left = self.factor()
        while self.peek() in {"*", "/"}:
            left = Operation(self.take(), (left, self.factor()))
        return left

    def factor(self) -> Expression:
        if self.peek() == "-":
            self.take()
            return Operation("-", (self.factor(),))
        return self.atom()

    def atom(self) -> Expression:
        kind = self.tokens[self.at][0] if self.at < len(self.tokens) else ""
        token = self.take()
        if kind == "number":
            return Number(Decimal(token))
        if kind == "box":
            schedule, inside = token[:2], token[3:-1].replace("，", ",")
            row, _, column = inside.partition(",")
            return BoxName(schedule, row.strip(), column.strip())
        if kind == "name":
            return self.call(token) if self.peek() == "(" else Name(token)
        if token == "(":
            inner = self.sum()
            if self.take() != ")":
                raise FormulaError(f"“{self.text}”: a bracket is not closed")
            return inner
        raise FormulaError(f"“{self.text}”: expected a name or number, found “{token or 'the end'}”")

    def call(self, function: str) -> Expression:
        if function not in FUNCTIONS:
            raise FormulaError(f"“{self.text}”: no function “{function}”; there are {'、'.join(FUNCTIONS)}")
        self.take()
        arguments = [self.sum()]
        while self.peek() == ",":
            self.take()
            arguments.append(self.sum())
        if self.take() != ")":
            raise FormulaError(f"“{self.text}”: a bracket is not closed")
        wanted = FUNCTIONS[function][0]
        if wanted and wanted != len(arguments):
            raise FormulaError(f"“{self.text}”: {function} takes {wanted} arguments, found {len(arguments)}")
        return Operation(function, tuple(arguments))

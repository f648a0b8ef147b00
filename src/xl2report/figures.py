"""Numbers that know where they come from, and the only place that rounds.

Everything before printing is exact: a :class:`Figure` holds a ``Decimal`` in its base unit (元 for
money, a plain number for counts, a ratio for rates) or the reason why there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import NamedTuple

from xl2report.facts import Cell, Fact, total

EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
"""Wide enough that the rounding of a quotient of two amounts is never rounded twice."""

NOT_ENTERED = "未填"
NO_PRIOR = "无上年数"
ZERO_BASE = "基数为零"
NEGATIVE = "负数"


class Unit(NamedTuple):
    """How a figure prints: the divisor of its base unit, places kept at most, a suffix.

    ``trim`` drops trailing zeros (1455.70 reads 1455.7); ``suffix`` is printed with the number.
    """

    name: str
    scale: Decimal
    places: int
    suffix: str = ""
    trim: bool = True

    def rounded(self, value: Decimal) -> Decimal:
        """The value in this unit, rounded half up to its places."""
        return half_up(EXACT.divide(value, self.scale), self.places)

    def show(self, value: Decimal) -> str:
        """The value as it is printed.

        >>> Unit("万元", Decimal(10000), 2).show(Decimal("14557000"))
        '1455.7'
        >>> Unit("%", Decimal("0.01"), 2, "%").show(Decimal("0.985"))
        '98.5%'
        """
        text = format(self.rounded(value), "f")
        if self.trim and "." in text:
            text = text.rstrip("0").rstrip(".")
        return text + self.suffix


def half_up(value: Decimal, places: int) -> Decimal:
    """The value rounded half up (away from zero), never ``-0``.

    >>> half_up(Decimal("2.675"), 2), half_up(Decimal("-0.001"), 2)
    (Decimal('2.68'), Decimal('0.00'))
    """
    rounded = value.quantize(_step(places), context=EXACT)
    return rounded or abs(rounded)


@cache
def _step(places: int) -> Decimal:
    """One unit of the last place."""
    return Decimal(1).scaleb(-places)


def ratio(part: Decimal, whole: Decimal) -> Decimal:
    """``part / whole`` with 60 digits; the whole must not be zero."""
    return EXACT.divide(part, whole)


def shares(parts: Sequence[Decimal], places: int = 4) -> tuple[Decimal, ...]:
    """What each part is of their sum, rounded so that the shares sum to exactly 1.

    Method of the largest remainder: every share is cut to ``places`` and the units that are missing
    go to the largest remainders, the earlier part first. Parts must not be negative, nor all zero.

    >>> shares([Decimal(1), Decimal(1), Decimal(1)])
    (Decimal('0.3334'), Decimal('0.3333'), Decimal('0.3333'))
    """
    whole = sum(parts, Decimal(0))
    if whole <= 0 or min(parts) < 0:
        raise ValueError("shares need parts that are not negative and not all zero")
    step = Decimal(1).scaleb(-places)
    exact = [ratio(part, whole) for part in parts]
    cut = [value.quantize(step, rounding=ROUND_FLOOR, context=EXACT) for value in exact]
    missing = int((1 - sum(cut, Decimal(0))) / step)
    by_remainder = sorted(range(len(parts)), key=lambda i: (cut[i] - exact[i], i))
    for i in by_remainder[:missing]:
        cut[i] += step
    return tuple(cut)


class Gap(NamedTuple):
    """Why a figure has no value, and what would have to be filled in (sheet, item)."""

    reason: str
    sheet: str = ""
    item: str = ""


class Figure(NamedTuple):
    """A number with its name, unit, formula and inputs; or the gap where there is none.

    ``value`` is exact and in the base unit: 元, a count, or a ratio (0.5 for 50 %).
    """

    name: str
    value: Decimal | None
    unit: Unit
    how: str
    inputs: tuple[Figure | Fact, ...] = ()
    gap: Gap | None = None
    label: str = ""
    entered: bool = True

    @property
    def text(self) -> str:
        """The figure as it is printed; for a gap its reason in angle brackets."""
        if self.value is None:
            return f"〈{self.gap.reason if self.gap else ''}〉"
        return self.unit.show(self.value)

    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the workbook that the figure rests on, in order, each once."""
        return tuple(dict.fromkeys(fact.cell for fact in self.facts()))

    def facts(self) -> Iterator[Fact]:
        """Every fact that the figure rests on, depth first."""
        for part in self.inputs:
            if isinstance(part, Fact):
                yield part
            else:
                yield from part.facts()


def summed(name: str, facts: tuple[Fact, ...], unit: Unit, how: str, label: str = "") -> Figure:
    """The figure that is the sum of some facts."""
    return Figure(
        name,
        total(facts),
        unit,
        how,
        facts,
        label=label,
        entered=any(fact.entered for fact in facts),
    )

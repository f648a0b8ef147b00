"""Exact arithmetic, rounding in one place, shares that sum to 100.00."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl2report.facts import TABLE, Book, Cell, Fact, Query
from xl2report.figures import Figure, Unit, half_up, ratio, shares, summed

WAN = Unit("万元", Decimal(10000), 2)
PERCENT = Unit("%", Decimal("0.01"), 2, "%")
amounts = st.decimals("0", "1000000000000", places=2)


@given(st.lists(amounts, min_size=1, max_size=60).filter(lambda parts: sum(parts) > 0))
def test_shares_sum_to_exactly_one_and_stay_within_one_step_of_the_truth(parts: list[Decimal]) -> None:
    found = shares(parts)

    assert sum(found) == 1
    for share, part in zip(found, parts, strict=True):
        assert abs(share - ratio(part, sum(parts, Decimal(0)))) < Decimal("0.0001")


@given(st.lists(amounts, min_size=1, max_size=30).filter(lambda parts: sum(parts) > 0))
def test_a_larger_part_never_has_the_smaller_share(parts: list[Decimal]) -> None:
    found = shares(parts)

    for a, one in zip(parts, found, strict=True):
        for b, other in zip(parts, found, strict=True):
            assert not (a > b and one < other)


def test_the_published_list_needs_the_largest_remainder() -> None:
    parts = [Decimal(x) for x in ("896.90", "169.811", "20.74", "53.709", "90")]

    assert [PERCENT.show(s) for s in shares(parts)] == ["72.85%", "13.79%", "1.69%", "4.36%", "7.31%"]


@pytest.mark.parametrize("parts", [[Decimal(0)], [Decimal(1), Decimal(-1)], [Decimal(2), Decimal(-1)]])
def test_shares_of_nothing_or_with_a_negative_part_are_refused(parts: list[Decimal]) -> None:
    with pytest.raises(ValueError, match="shares need parts"):
        shares(parts)


@given(st.decimals("-1e12", "1e12", places=6), st.integers(0, 4))
def test_rounding_is_half_up_away_from_zero_and_never_minus_zero(value: Decimal, places: int) -> None:
    found = half_up(value, places)

    assert abs(found - value) * 2 <= Decimal(1).scaleb(-places)
    if abs(found - value) * 2 == Decimal(1).scaleb(-places):
        assert abs(found) > abs(value)
    assert not (found == 0 and found.is_signed())


@given(amounts, amounts.filter(bool))
def test_a_rate_is_rounded_once_from_the_exact_quotient(part: Decimal, whole: Decimal) -> None:
    printed = PERCENT.rounded(ratio(part, whole))

    # exact comparison by integers: printed is the half-up rounding of 100 * part / whole to two places
    numerator, denominator = int(part * 100) * 10000, int(whole * 100)
    expected = (2 * numerator + denominator) // (2 * denominator)
    assert printed * 100 == expected


@pytest.mark.parametrize(
    ("yuan", "text"),
    [
        ("14557000", "1455.7"),
        ("900000", "90"),
        ("0", "0"),
        ("-7200.5", "-0.72"),
        ("50", "0.01"),
        ("49.99", "0"),
        ("-1", "0"),
    ],
)
def test_amounts_print_in_wan_with_trailing_zeros_dropped(yuan: str, text: str) -> None:
    assert WAN.show(Decimal(yuan)) == text


def test_a_figure_knows_every_cell_it_rests_on_once() -> None:
    facts = tuple(Fact(Decimal(n), {}, Cell("支出决算", f"H{n}")) for n in (4, 5))
    inner = summed("甲", facts, WAN, "甲")
    outer = Figure("乙", Decimal(9), WAN, "甲 + 甲", (inner, inner, facts[0]))

    assert [str(cell) for cell in outer.cells()] == ["支出决算!H4", "支出决算!H5"]


marks = st.dictionaries(st.sampled_from(["资金", "科目"]), st.sampled_from(["", "2", "201", "202", "20103"]))
wanted = st.dictionaries(
    st.sampled_from(["资金", "科目"]), st.lists(st.sampled_from(["", "2", "201", "20103", "9"]), max_size=3).map(tuple)
)


@given(st.lists(st.tuples(st.sampled_from(["甲", "乙"]), marks), max_size=40), wanted, st.booleans())
def test_a_query_selects_what_matches_it_in_order(
    rows: list[tuple[str, dict[str, str]]], wanted: dict[str, tuple[str, ...]], tree: bool
) -> None:
    facts = tuple(
        Fact(Decimal(at), {TABLE: table, **borne}, Cell(table, f"A{at}")) for at, (table, borne) in enumerate(rows)
    )
    query = Query({TABLE: ("甲",), **wanted}, frozenset({"科目"} if tree else ()))

    assert Book(facts).select(query) == tuple(fact for fact in facts if query.matches(fact))

"""The formula language: what it computes, and that everything else is refused with its place."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl2report.formulas import FormulaError, Name, evaluate, names, parse, parse_claim

VALUES = {"甲": Decimal(6), "乙": Decimal(3), "丙.上年": Decimal(2), "01[27]": Decimal(10), "06[类, 小计]": Decimal(1)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("甲 + 乙 * 2", "12"),
        ("(甲 + 乙) / 丙.上年", "4.5"),
        ("-甲 - -乙", "-3"),
        ("和(甲, 乙, 1.5)", "10.5"),
        ("绝对值(乙 - 甲)", "3"),
        ("较大(甲, 乙) - 较小(甲, 乙)", "3"),
        ("01[27] + 06[类，小计]", "11"),
    ],
)
def test_formulas_compute_exactly(text: str, value: str) -> None:
    assert evaluate(parse(text), lambda name: VALUES[name.text]) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("甲 +", "expected a name or number"),
        ("甲 乙", "was not expected"),
        ("(甲", "a bracket is not closed"),
        ("求和(甲)", "no function “求和”"),
        ("绝对值(甲, 乙)", "takes 1 arguments, found 2"),
        ("甲 ? 乙", "cannot read “? 乙”"),
        ("'甲'", "cannot read"),
        ("甲.__class__.x", "cannot read"),
        ("", "expected a name or number"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message.replace("(", r"\(").replace("?", r"\?")):
        parse(text)


def test_a_claim_is_one_comparison() -> None:
    sign, left, right = parse_claim("甲 + 1 <= 乙")

    assert sign == "<="
    assert [n.text for n in (*names(left), *names(right))] == ["甲", "乙"]
    with pytest.raises(FormulaError, match="expected a comparison"):
        parse_claim("甲 + 乙")


@given(st.text(max_size=30))
def test_any_text_is_parsed_or_refused_never_anything_else(text: str) -> None:
    try:
        parsed = parse(text)
    except FormulaError:
        return
    assert all(isinstance(n, Name) or n.row for n in names(parsed))


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_division_keeps_enough_digits_to_be_undone(a: int, b: int) -> None:
    value = evaluate(parse("a / b"), lambda n: Decimal({"a": a, "b": b}[n.text]))

    assert abs(value * b - a) < Decimal("1e-20")

"""Which figure somebody seems to mean who typed a number: the same number, or one that differs by a slip."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

from xl2report.figures import EXACT
from xl2report.manifest import Manifest, Mark

SCALES = {"亿元": Decimal(100000000), "万元": Decimal(10000), "元": Decimal(1)}
"""Unit of money -> how many 元 it is."""
NEAR = Decimal("0.01")
"""A number that differs from a figure by no more than this part of it may be meant for it."""
PRINTED = Decimal("0.005")
"""By how much a number of three digits may differ from the exact one."""
STEPS = (Decimal(10000), Decimal("0.0001"), Decimal(10), Decimal("0.1"), Decimal(100), Decimal("0.01"))
"""How far a decimal point or a unit slips."""
MOST = 3


@dataclass(frozen=True, slots=True)
class Meant:
    """The figures that a number may stand for, and whether it is equal to them."""

    marks: tuple[Mark, ...] = ()
    equal: bool = False


@dataclass(frozen=True, slots=True)
class _Candidate:
    mark: Mark
    text: str
    value: Decimal
    kind: str
    """money, % or count"""
    unit: str


def meant(text: str, unit: str, manifest: Manifest, close: Collection[str] = ()) -> Meant:
    """The figures of a report that a number typed in most likely means.

    Args:
        text: the number as typed, with its per cent sign.
        unit: the unit of money behind it, or "".
        manifest: what the report prints.
        close: the names of marks in the same sentence; these are asked first.
    """
    kind = "%" if text[-1:] in "%％" or unit.endswith("百分点") else "money" if unit else "count"
    number = Decimal(text.replace("−", "-").replace(",", "").rstrip("%％"))
    value = number * SCALES.get(unit, Decimal(1)) if kind != "%" else EXACT.divide(number, Decimal(100))
    candidates = sorted(_candidates(manifest), key=lambda one: one.mark.name not in close)
    alike = [one for one in candidates if one.kind == kind or (kind == "count" and "." in text)]
    same = [one for one in alike if abs(value) == abs(one.value) or _prints(one, number, unit)]
    if same:
        return Meant(_first(same), equal=True)
    digits = re.sub(r"\D", "", text)
    if len(digits) < 3:
        return Meant()
    slips = (
        [one for one in alike if one.value and kind != "count" and _slipped(value, one.value)],
        [one for one in alike if _transposed(digits, re.sub(r"\D", "", one.text))],
        [one for one in alike if _one_off(digits, re.sub(r"\D", "", one.text))],
    )
    for found in slips:
        if found:
            return Meant(_first(found))
    near = [one for one in alike if one.value and abs(abs(one.value) - abs(value)) <= abs(one.value) * NEAR]
    return Meant(_first(sorted(near, key=lambda one: abs(abs(one.value) - abs(value)))[:1]))


def _candidates(manifest: Manifest) -> Iterator[_Candidate]:
    """Every figure that a report prints, by itself or in a phrase."""
    for mark in manifest.marks:
        shown = [(part.key, part.text) for part in mark.parts] or [(mark.key, mark.text)]
        for key, text in shown:
            source = manifest.source(key)
            if source is not None and source.value is not None:
                kind = source.unit if source.unit == "%" else "money" if source.unit in SCALES else "count"
                yield _Candidate(mark, text, source.value, kind, source.unit)


def _prints(one: _Candidate, number: Decimal, unit: str) -> bool:
    """Whether a figure is printed as a number, in the unit that was typed behind it, if any."""
    printed = one.text.replace("−", "-").replace(",", "").rstrip("%％")
    alike = one.kind != "money" or unit in ("", one.unit)
    return alike and re.fullmatch(r"-?[\d.]+", printed) is not None and abs(Decimal(printed)) == abs(number)


def _slipped(value: Decimal, other: Decimal) -> bool:
    """Whether the decimal point or the unit slipped, as far as printed digits can tell."""
    return any(abs(abs(value) * step - abs(other)) <= abs(other) * PRINTED for step in STEPS)


def _first(found: list[_Candidate]) -> tuple[Mark, ...]:
    """The first few, each figure once."""
    by_key: dict[str, Mark] = {}
    for one in found:
        by_key.setdefault(one.mark.key, one.mark)
    return tuple(by_key.values())[:MOST]


def _transposed(one: str, other: str) -> bool:
    """Whether two neighbouring digits are exchanged."""
    places = [at for at in range(len(one)) if len(one) == len(other) and one[at] != other[at]]
    return len(places) == 2 and places[1] - places[0] == 1 and sorted(one) == sorted(other)


def _one_off(one: str, other: str) -> bool:
    """Whether one digit is wrong, missing or too many, in numbers of four digits and more."""
    if min(len(one), len(other)) < 4 or abs(len(one) - len(other)) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    shorter, longer = sorted((one, other), key=len)
    if len(one) == len(other):
        return one[at + 1 :] == other[at + 1 :]
    return shorter[at:] == longer[at + 1 :]

"""What in a schedules workbook that people edited is not what the accounts say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import SequenceMatcher

from xl2report.facts import letters
from xl2report.figures import half_up
from xl2report.findings import Finding, Term, Words, finding
from xl2report.manifest import areas
from xl2report.reader import values_of
from xl2report.schedules import sheet_name, sum_formula
from xl2report.sheets import Box, Sheet

Value = str | Decimal | None
Grid = Sequence[Sequence[Value]]
PLACES = 6
"""The schedules hold 万元 exact to the fen, which is six places; programs may store a float that differs further down."""
LIKE = 0.5
"""How much of the cells of a row must agree for it to be the same row."""
MOST = 6


def grids(data: bytes) -> dict[str, Grid] | None:
    """The values of every sheet, formulas by what they were last computed to; ``None`` where it is no workbook."""
    sheets = values_of(data)
    if sheets is None:
        return None
    return {name: [[_value(cell) for cell in row] for row in rows] for name, rows in sheets.items()}


def _value(cell: object) -> Value:
    if isinstance(cell, bool) or cell is None:
        return None if cell is None else str(cell)
    if isinstance(cell, int | float):
        return half_up(Decimal(repr(cell)), PLACES)
    return str(cell).strip() or None


def verify_schedules(
    edited: Mapping[str, Grid], fresh: Mapping[str, Grid], sheets: Sequence[Sheet], name: str
) -> Iterator[Finding]:
    """Every cell, row and sheet that differs from the schedules compiled now.

    Args:
        edited: the sheets as they are.
        fresh: the sheets as they would be written.
        sheets: the schedules as laid out, which know the figures.
        name: the file name, for the places.
    """
    boxes = {sheet_name(sheet): {(box.row, box.column): box for box in sheet.boxes} for sheet in sheets}
    for title, rows in fresh.items():
        if title not in edited:
            yield finding("D818", f"{name}!{title}", what_zh="少了这张表", what_en="this sheet is missing")
        else:
            yield from _sheet(f"{name}!{title}", edited[title], rows, boxes[title])
    for title, rows in edited.items():
        if title not in fresh and any(value is not None for row in rows for value in row):
            yield finding("D818", f"{name}!{title}", what_zh="多了这张表", what_en="there is this sheet too many")


def _sheet(place: str, edited: Grid, fresh: Grid, boxes: Mapping[tuple[int, int], Box]) -> Iterator[Finding]:
    """What differs in one sheet: rows that are missing or too many, then cells."""
    ours, theirs = [_trimmed(row) for row in edited], [_trimmed(row) for row in fresh]
    for here, there in _paired(ours, theirs):
        if here is None and there is not None:
            if any(theirs[there]):
                zh, en = f"少了第{there + 1}行", f"row {there + 1} is missing"
                yield finding("D818", place, expected=_said(theirs[there]), what_zh=zh, what_en=en)
        elif there is None and here is not None:
            if any(ours[here]):
                zh, en = f"多了第{here + 1}行", f"row {here + 1} is too many"
                yield finding("D818", place, found=_said(ours[here]), what_zh=zh, what_en=en)
        elif here is not None and there is not None:
            width = max(len(ours[here]), len(theirs[there]))
            for column in range(width):
                now, wanted = (row[column] if column < len(row) else None for row in (ours[here], theirs[there]))
                box = boxes.get((there, column))
                never = (
                    box is not None and bool(box.addends) and now == sum_formula(box.addends)
                )  # computed by no program
                if not never and not _same(now, wanted):
                    cell = f"{place}!{letters(column)}{here + 1}"
                    terms = _terms(box)
                    yield finding("D817", cell, found=_text(now), expected=_text(wanted), terms=terms)


def _trimmed(row: Sequence[Value]) -> tuple[Value, ...]:
    last = max((at for at, value in enumerate(row) if value is not None), default=-1)
    return tuple(row[: last + 1])


def _paired(
    edited: Sequence[tuple[Value, ...]], fresh: Sequence[tuple[Value, ...]]
) -> Iterator[tuple[int | None, int | None]]:
    """Each row beside the one that it is: rows that are the same, between them rows that are alike, in order."""
    matcher = SequenceMatcher(None, edited, fresh, autojunk=False)
    for kind, first, until, begin, end in matcher.get_opcodes():
        if kind == "equal":
            yield from zip(range(first, until), range(begin, end), strict=True)
            continue
        here, there = list(range(first, until)), list(range(begin, end))
        if len(here) == len(there):
            yield from zip(here, there, strict=True)
            continue
        while here and there:
            if _alike(edited[here[0]], fresh[there[0]]):
                yield here.pop(0), there.pop(0)
            elif len(here) > len(there):
                yield here.pop(0), None
            else:
                yield None, there.pop(0)
        yield from ((at, None) for at in here)
        yield from ((None, at) for at in there)


def _alike(one: Sequence[Value], other: Sequence[Value]) -> bool:
    same = sum(_same(a, b) for a, b in zip(one, other, strict=False))
    return same >= LIKE * max(len(one), len(other), 1)


def _same(one: Value, other: Value) -> bool:
    """Whether two cells say the same; a number that was typed as text is not a number, white space is none."""
    if isinstance(one, str) and isinstance(other, str):
        return "".join(one.split()) == "".join(other.split())
    return one == other and type(one) is type(other)


def _said(row: Sequence[Value]) -> str:
    return "　".join(_text(value) for value in row if value is not None)[:120]


def _text(value: Value) -> str:
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return "—" if value is None else value


def _terms(box: Box | None) -> Iterator[Term]:
    """The figure of a cell: its name, cells and formula."""
    if box is None or box.figure is None:
        return
    cells = areas(box.figure.cells())
    name = box.row_label or box.figure.label or box.figure.name
    value = box.figure.unit.show(box.figure.value) if box.figure.value is not None else ""
    yield Term(name, value, "、".join(cells[:MOST]) + ("…" if len(cells) > MOST else ""))
    if box.figure.how:
        yield Term(Words("算法", "formula"), box.figure.how)

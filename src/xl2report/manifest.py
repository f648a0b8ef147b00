"""What is known of every printed number: collected while a template prints, kept in the report, read back from it.

A :class:`Ledger` puts each printed value between characters that Unicode reserves for use inside a program;
:mod:`xl2report.marks` turns them into bookmarks or controls. The :class:`Manifest` says what each mark stands for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from xl2report.facts import Cell, Fact
from xl2report.figures import Figure
from xl2report.findings import readable
from xl2report.trees import quoted

Carrier = Literal["bookmark", "control", "none"]
"""How a report is marked: hidden bookmarks; content controls with a bookmark inside; not at all."""
Kind = Literal["figure", "item", "phrase", "text", "box"]
"""A figure; one of a list; a ready phrase; a text of the workbook; a number in a schedule printed as a Word table."""

SPACE = "urn:xl2report:marks"
PREFIX = "_x2r_"
"""What the names of all marks begin with; a number of six digits follows."""
VERSION = 1
BEGIN, SAID, END = "\ufdd0", "\ufdd1", "\ufdd2"
"""BEGIN number SAID text END: noncharacters, which no text may hold that is passed from one program to another."""
_SENTINELS = re.compile(f"{BEGIN}[0-9]+{SAID}|[{BEGIN}{SAID}{END}]")


# -- while a template prints ----------------------------------------------------------------------


class Piece(NamedTuple):  # tuples, as are facts and figures: a report has some hundreds of each
    """A figure inside a phrase: its text as the phrase has it, and where it begins."""

    figure: Figure
    text: str
    at: int


class Print(NamedTuple):
    """Something that a template may print, with where it comes from.

    ``within`` is the list that an item belongs to; ``case`` the situation that a phrase speaks of.
    """

    kind: Kind
    key: str
    text: str
    label: str = ""
    figure: Figure | None = None
    cells: tuple[Cell, ...] = ()
    pieces: tuple[Piece, ...] = ()
    within: str = ""
    case: str = ""

    def sources(self, known: Container[str] = ()) -> Iterator[Source]:
        """What the manifest says of the print and of the figures in it, but of those that are known."""
        if self.figure is not None and self.key not in known:
            yield Source.of(self.figure, self.key, self.label)
        elif self.figure is None and not self.pieces and self.key not in known:
            yield Source(self.key, self.label or self.key, cells=areas(self.cells))
        for piece in self.pieces:
            if piece.figure.name not in known:
                yield Source.of(piece.figure, piece.figure.name, piece.figure.label)


class Text(str):
    """A text that knows where it comes from; to a template it is a text like any other."""

    __slots__ = ("_origin",)
    _origin: Print

    @classmethod
    def of(cls, text: str, key: str, label: str = "", cells: Iterable[Cell | None] = ()) -> Text:
        """A text of the workbook."""
        known = tuple(cell for cell in cells if cell is not None)
        return cls.printing(Print("text", key, text, label or key, cells=known))

    @classmethod
    def printing(cls, origin: Print) -> Text:
        """The text that a print says."""
        made = cls(origin.text)
        made._origin = origin
        return made

    def _print(self) -> Print:
        return self._origin


class Joined(str):
    """Several values joined by a filter, still known one by one."""

    __slots__ = ("_pieces",)
    _pieces: tuple[object, ...]

    @classmethod
    def of(cls, text: str, pieces: Sequence[object]) -> Joined:
        """The text with the values and separators that it was made of."""
        made = cls(text)
        made._pieces = tuple(pieces)
        return made


@dataclass
class Ledger:
    """What a template printed, in order; the number of an entry stands in the text that was printed."""

    prints: list[Print] = field(default_factory=list)

    def finalized(self, value: object) -> object:
        """What is printed for a value: the value itself, between sentinels where its origin is known."""
        known = type(value)
        if hasattr(known, "_pieces"):
            return "".join(str(self.finalized(piece)) for piece in value._pieces)  # type: ignore[attr-defined]
        if hasattr(known, "_print"):
            return self.entered(value._print())  # type: ignore[attr-defined]
        return without_sentinels(value) if isinstance(value, str) else value

    def entered(self, made: Print) -> str:
        """The text of a print between sentinels; a text that is empty leaves no trace."""
        text = without_sentinels(made.text)
        if not text:
            return ""
        self.prints.append(made)
        return f"{BEGIN}{len(self.prints) - 1}{SAID}{text}{END}"


def without_sentinels(text: str) -> str:
    """The text as a reader sees it."""
    return _SENTINELS.sub("", text) if BEGIN in text or SAID in text or END in text else text


# -- what a report carries ------------------------------------------------------------------------


class Source(NamedTuple):
    """Where a printed text comes from: a figure with its exact value and formula, or a text; and its cells.

    ``value`` is in the base unit (元, a count, a ratio). ``cells`` are cells and ranges as ``支出决算!H4:H12``.
    """

    key: str
    label: str
    unit: str = ""
    value: Decimal | None = None
    how: str = ""
    cells: tuple[str, ...] = ()

    @classmethod
    def of(cls, figure: Figure, key: str, label: str = "") -> Source:
        """The source that a figure is."""
        return cls(key, label or figure.label or key, figure.unit.name, figure.value, figure.how, areas_of(figure))


class Part(NamedTuple):
    """A figure inside a phrase: the key of its source, its text, and where in the phrase it begins."""

    key: str
    text: str
    at: int


class Mark(NamedTuple):
    """One mark of a report: the name of its bookmark, and what was printed there.

    ``touched``: the template prints a sign of numbers right beside it, so it must not be read beyond its bookmark.
    """

    name: str
    kind: Kind
    key: str
    text: str
    carrier: Carrier = "bookmark"
    within: str = ""
    case: str = ""
    touched: bool = False
    parts: tuple[Part, ...] = ()


class Point(NamedTuple):
    """One point of a chart: its category, the key of its source, and its label as printed."""

    category: str
    key: str
    text: str


class DrawnChart(NamedTuple):
    """A chart of the report: its name in the profile, that of its drawing, its points."""

    name: str
    drawing: str
    points: tuple[Point, ...]


class Wording(NamedTuple):
    """A sentence or a row of a table as it was printed: a digest of its words, and the names of the marks between them."""

    digest: str
    marks: tuple[str, ...] = ()


class Origin(NamedTuple):
    """What a report was compiled from, and by what; the fingerprints are SHA-256."""

    workbook: str = ""
    workbook_sha256: str = ""
    profile: str = ""
    profile_title: str = ""
    template: str = ""
    template_sha256: str = ""
    year: int = 0
    program: str = ""


@dataclass(frozen=True)
class Manifest:
    """Everything that a report knows of its numbers."""

    origin: Origin
    carrier: Carrier
    sources: Mapping[str, Source]
    marks: tuple[Mark, ...]
    charts: tuple[DrawnChart, ...] = ()
    wording: tuple[Wording, ...] = ()
    """The sentences and rows as printed, in reading order: what the template said around the marks."""

    @cached_property
    def by_name(self) -> Mapping[str, Mark]:
        """The marks by the names of their bookmarks."""
        return {mark.name: mark for mark in self.marks}

    def source(self, key: str) -> Source | None:
        """The source of a key, ``None`` for a key that is none (a phrase has parts instead)."""
        return self.sources.get(key)


def fingerprint_of(data: bytes) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(data).hexdigest()


_REF = re.compile(r"([A-Z]+)([0-9]+)(?::([A-Z]+)([0-9]+))?")


def areas(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Cells as few ranges: by sheet as they come, in each by column and row.

    >>> areas([Cell("支出决算", "H4"), Cell("支出决算", "H6"), Cell("支出决算", "H5"), Cell("预算", "B2")])
    ('支出决算!H4:H6', '预算!B2')
    """
    sheets: dict[str, set[_Place]] = {}
    for cell in cells:
        if place := _place(cell.ref):
            sheets.setdefault(cell.sheet, set()).add(place)
    return _ranges(sheets)


def areas_of(figure: Figure) -> tuple[str, ...]:
    """The same of all the cells that a figure rests on; figures that several of its inputs share are looked at once."""
    sheets: dict[str, set[_Place]] = {}
    seen: set[int] = set()

    def gather(inputs: Iterable[Figure | Fact]) -> None:
        for one in inputs:
            if id(one) in seen:
                continue
            seen.add(id(one))
            if isinstance(one, Figure):
                gather(one.inputs)
            elif place := _place(one.cell.ref):
                sheets.setdefault(one.cell.sheet, set()).add(place)

    gather(figure.inputs)
    return _ranges(sheets)


_Place = tuple[int, str, int]
"""The length of a column's letters, the letters, the row: in this order cells are sorted."""


@lru_cache(maxsize=10_000)
def _place(ref: str) -> _Place | None:
    """Where a cell is on its sheet, ``None`` for a reference without a row."""
    column = ref.rstrip("0123456789")
    return (len(column), column, int(ref[len(column) :])) if column != ref else None


def _ranges(sheets: Mapping[str, set[_Place]]) -> tuple[str, ...]:
    made: list[str] = []
    for sheet, places in sheets.items():
        first: tuple[str, int, int] | None = None
        for _, column, row in sorted(places):
            if first and first[0] == column and first[2] == row - 1:
                first = (column, first[1], row)
                continue
            made += [_area(sheet, first)] if first else []
            first = (column, row, row)
        made += [_area(sheet, first)] if first else []
    return tuple(made)


def _area(sheet: str, rows: tuple[str, int, int]) -> str:
    column, first, last = rows
    return f"{sheet}!{column}{first}" + (f":{column}{last}" if last > first else "")


# -- as XML ---------------------------------------------------------------------------------------


def written(manifest: Manifest) -> bytes:
    """The manifest as the XML that a report carries; the same manifest gives the same bytes."""
    origin = manifest.origin
    lines = [
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
        _tag("report", xmlns=SPACE, version=str(VERSION), program=origin.program, marks=manifest.carrier,
             year=str(origin.year), end=False),
        _tag("workbook", name=readable(origin.workbook), sha256=origin.workbook_sha256),
        _tag("profile", name=readable(origin.profile), title=origin.profile_title),
        _tag("template", name=readable(origin.template), sha256=origin.template_sha256),
    ]  # fmt: skip
    for source in manifest.sources.values():
        value = "" if source.value is None else format(source.value, "f")
        label = source.label if source.label != source.key else ""
        about = {"key": source.key, "label": label, "unit": source.unit, "value": value, "how": source.how}
        lines.append(_tag("source", end=not source.cells, **about))
        sheets: dict[str, list[str]] = {}
        for area in source.cells:
            sheet, _, ref = area.rpartition("!")
            sheets.setdefault(sheet, []).append(ref)
        lines += [_tag("cells", sheet=sheet, of=" ".join(refs)) for sheet, refs in sheets.items()]
        lines += ["</source>"] if source.cells else []
    for mark in manifest.marks:
        carrier = "" if mark.carrier == manifest.carrier else mark.carrier
        touched = "1" if mark.touched else ""
        about = {"name": mark.name, "kind": mark.kind, "key": mark.key, "text": mark.text, "list": mark.within}
        lines.append(_tag("mark", end=not mark.parts, **about, case=mark.case, carrier=carrier, touched=touched))
        lines += [_tag("part", key=part.key, text=part.text, at=str(part.at)) for part in mark.parts]
        lines += ["</mark>"] if mark.parts else []
    for chart in manifest.charts:
        lines.append(_tag("chart", name=chart.name, drawing=chart.drawing, end=False))
        lines += [_tag("point", category=point.category, key=point.key, text=point.text) for point in chart.points]
        lines.append("</chart>")
    if manifest.wording:
        said = [":".join((w.digest, *map(_bare, w.marks))) if w.marks else w.digest for w in manifest.wording]
        lines.append(_tag("wording", of=" ".join(said)))
    return "\n".join([*lines, "</report>", ""]).encode()


def _bare(name: str) -> str:
    """A mark's name without what all of them begin with."""
    return name.removeprefix(PREFIX).lstrip("0")


_SPECIAL = re.compile('[&<>"\n\r\t]')


def _tag(tag: str, *, end: bool = True, **attributes: str) -> str:
    """One tag; attributes that are empty are left out."""
    said = f"<{tag}"
    for name, value in attributes.items():
        if value:
            said += f" {name}={quoted(value)}" if _SPECIAL.search(value) else f' {name}="{value}"'
    return f"{said}{'/' if end else ''}>"


def manifest_in(xml: bytes) -> Manifest | None:
    """The manifest that a part holds; ``None`` where it is none, or of a later version."""
    from lxml import etree

    try:
        root: Any = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, huge_tree=True))
        if root.tag != f"{{{SPACE}}}report" or int(root.get("version", "0")) > VERSION:
            return None
        return _manifest(root)
    except (etree.XMLSyntaxError, ValueError, InvalidOperation):
        return None


def _manifest(root: Any) -> Manifest:
    def children(parent: Any, tag: str) -> Iterator[Any]:
        return iter(parent.iterchildren(f"{{{SPACE}}}{tag}"))

    def of(tag: str, name: str) -> str:
        return next((str(element.get(name, "")) for element in children(root, tag)), "")

    carrier = root.get("marks", "bookmark")
    origin = Origin(
        of("workbook", "name"),
        of("workbook", "sha256"),
        of("profile", "name"),
        of("profile", "title"),
        of("template", "name"),
        of("template", "sha256"),
        int(root.get("year", "0")),
        root.get("program", ""),
    )
    sources = {}
    for element in children(root, "source"):
        cells = [f"{c.get('sheet', '')}!{ref}" for c in children(element, "cells") for ref in c.get("of", "").split()]
        value = Decimal(element.get("value")) if element.get("value") else None
        key, label, unit, how = (element.get(name, "") for name in ("key", "label", "unit", "how"))
        sources[key] = Source(key, label or key, unit, value, how, tuple(cells))
    marks = []
    for element in children(root, "mark"):
        parts = [Part(p.get("key", ""), p.get("text", ""), int(p.get("at", "0"))) for p in children(element, "part")]
        name, kind, key, text, within, case = (
            element.get(n, "") for n in ("name", "kind", "key", "text", "list", "case")
        )
        own, touched = element.get("carrier", carrier), element.get("touched") == "1"
        marks.append(Mark(name, kind, key, text, own, within, case, touched, tuple(parts)))
    charts = []
    for element in children(root, "chart"):
        points = [Point(p.get("category", ""), p.get("key", ""), p.get("text", "")) for p in children(element, "point")]
        charts.append(DrawnChart(element.get("name", ""), element.get("drawing", ""), tuple(points)))
    wording = []
    for entry in of("wording", "of").split():
        digest, *numbers = entry.split(":")
        wording.append(Wording(digest, tuple(f"{PREFIX}{int(number):06d}" for number in numbers)))
    return Manifest(origin, carrier, sources, tuple(marks), tuple(charts), tuple(wording))

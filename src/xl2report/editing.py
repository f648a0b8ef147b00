"""The package of a workbook, edited: parts, relations, styles and cells. What need not change stays byte for byte."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xl2report.facts import letters
from xl2report.guards import unpacked
from xl2report.packages import CONTENT_TYPES, CUSTOM, RELATIONS

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE_REL = "http://schemas.openxmlformats.org/package/2006/relationships"
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_CUSTOM_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
REF = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]+)")
FONT = "宋体"


def tag_of(name: str) -> str:
    """The name of an element of a workbook as lxml knows it."""
    return f"{{{MAIN}}}{name}"


def local_name(element: Any) -> str:
    """The name of an element without its namespace; "" for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


@dataclass(frozen=True)
class Relation:
    """A reference from one part to another."""

    id: str
    kind: str
    """The last word of its type: the rest differs between kinds of files."""
    target: str
    element: Any


@dataclass(frozen=True)
class Tab:
    """One sheet of the workbook, in the order of the tabs."""

    name: str
    part: str
    is_worksheet: bool
    element: Any


class Package:
    """The parts of a workbook; one is parsed when it is looked at and written anew only when it was changed."""

    def __init__(self, data: bytes) -> None:
        self.parts = {name: part for name, part in unpacked(data).items() if not name.endswith("/")}
        self.trees: dict[str, Any] = {}
        self.changed: set[str] = set()
        self.workbook = next(r.target for r in self.relations("") if r.kind == "officeDocument")

    def tree(self, name: str) -> Any:
        """The root of a part, to be looked at."""
        from lxml import etree

        if name not in self.trees:
            safe = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, strip_cdata=False)
            self.trees[name] = etree.fromstring(self.parts[name], safe)
        return self.trees[name]

    def edit(self, name: str) -> Any:
        """The root of a part, to be changed."""
        self.changed.add(name)
        return self.tree(name)

    def packed(self) -> dict[str, bytes]:
        """All parts, those that were changed written anew."""
        from lxml import etree

        return self.parts | {
            name: etree.tostring(
                self.trees[name].getroottree(), xml_declaration=True, encoding="UTF-8", standalone=True
            )
            for name in self.changed
            if name in self.parts
        }

    def relations(self, part: str) -> list[Relation]:
        """What a part refers to inside the package; "" is the package itself."""
        name = relations_of(part)
        if name not in self.parts:
            return []
        known = {known.lower(): known for known in self.parts}
        found = []
        for element in self.tree(name):
            if local_name(element) == "Relationship" and element.get("TargetMode") != "External":
                target = element.get("Target", "").replace("\\", "/")
                path = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target)).lstrip("/")
                kind = element.get("Type", "").rpartition("/")[2]
                found.append(Relation(element.get("Id", ""), kind, known.get(path.lower(), path), element))
        return found

    def related(self, part: str, kind: str) -> str | None:
        """The first existing part of a kind that a part refers to."""
        return next((r.target for r in self.relations(part) if r.kind == kind and r.target in self.parts), None)

    def relate(self, part: str, kind: str, target: str) -> str:
        """Refer from a part to another; the id of the reference."""
        from lxml import etree

        name = relations_of(part)
        if name not in self.parts:
            self.parts[name] = DECLARATION + f'<Relationships xmlns="{_PACKAGE_REL}"/>'.encode()
            self.trees.pop(name, None)
        root = self.edit(name)
        taken = {element.get("Id") for element in root if isinstance(element.tag, str)}
        number = 1
        while f"rId{number}" in taken:
            number += 1
        relation = etree.SubElement(root, f"{{{_PACKAGE_REL}}}Relationship")
        relation.set("Id", f"rId{number}")
        relation.set("Type", kind if "://" in kind else f"{REL}/{kind}")
        relation.set("Target", posixpath.relpath(target, posixpath.dirname(part) or "."))
        return f"rId{number}"

    def unrelate(self, part: str, target: str) -> None:
        """Take out the references from a part to another."""
        for relation in self.relations(part):
            if relation.target == target:
                self.edit(relations_of(part)).remove(relation.element)

    def add(self, name: str, data: bytes, content_type: str) -> None:
        """Put a new part in."""
        from lxml import etree

        self.parts[name] = data
        self.trees.pop(name, None)
        types = self.edit(CONTENT_TYPES)
        override = etree.SubElement(types, f"{{{TYPES}}}Override")
        override.set("PartName", f"/{name}")
        override.set("ContentType", content_type)
        insert(types, override, ("Override",))

    def remove(self, name: str) -> None:
        """Take a part out, with all parts that only it refers to."""
        inner = [relation.target for relation in self.relations(name)]
        for gone in (name, relations_of(name)):
            self.parts.pop(gone, None)
            self.changed.discard(gone)
            self.trees.pop(gone, None)
        types = self.edit(CONTENT_TYPES)
        for override in [o for o in types if o.get("PartName", "").lower() == f"/{name}".lower()]:
            types.remove(override)
        for target in inner:
            if target in self.parts and not self.refers_to(target):
                self.remove(target)

    def refers_to(self, target: str) -> bool:
        """Whether any part refers to another."""
        sources = ["", *(name for name in self.parts if not name.endswith(".rels"))]
        return any(relation.target == target for source in sources for relation in self.relations(source))

    def free(self, pattern: str) -> str:
        """The first name of a series that no part has."""
        taken = {name.lower() for name in self.parts}
        number = 1
        while pattern.format(number).lower() in taken:
            number += 1
        return pattern.format(number)

    def type_of(self, name: str) -> str:
        """The content type of a part that has one of its own."""
        types = self.tree(CONTENT_TYPES)
        return next(
            (o.get("ContentType", "") for o in types if o.get("PartName", "").lower() == f"/{name}".lower()), ""
        )

    def beside_workbook(self, name: str) -> str:
        """A path in the folder of the workbook part."""
        return posixpath.join(posixpath.dirname(self.workbook), name)

    @property
    def tabs(self) -> list[Tab]:
        """The sheets in the order of their tabs."""
        by_id = {relation.id: relation for relation in self.relations(self.workbook)}
        found = []
        for element in self.tree(self.workbook).iter(tag_of("sheet")):
            relation = by_id.get(element.get(f"{{{REL}}}id", ""))
            if relation is not None:
                worksheet = relation.kind == "worksheet" and relation.target in self.parts
                found.append(Tab(element.get("name", ""), relation.target, worksheet, element))
        return found

    @cached_property
    def strings(self) -> list[str]:
        """The shared strings as plain text."""
        name = self.related(self.workbook, "sharedStrings")
        return [] if name is None else [text_of(item) for item in self.tree(name).iter(tag_of("si"))]

    def settle_custom(self) -> None:
        """Make the part of the user's own document properties, wherever it is, the one that carries the fingerprint."""
        here = self.related("", "custom-properties")
        data = self.parts[here] if here else b""
        if here != CUSTOM:
            if here:
                self.unrelate("", here)
                self.remove(here)
            self.relate("", "custom-properties", CUSTOM)
        if self.type_of(CUSTOM):
            self.parts[CUSTOM] = data
        else:
            self.add(CUSTOM, data, _CUSTOM_TYPE)


def relations_of(part: str) -> str:
    """The part that holds what a part refers to."""
    if not part:
        return RELATIONS
    return posixpath.join(posixpath.dirname(part), "_rels", posixpath.basename(part) + ".rels")


def text_of(item: Any) -> str:
    """The text of a string item without its phonetic readings."""
    phonetic = tag_of("rPh")
    return "".join(t.text or "" for t in item.iter(tag_of("t")) if next(t.iterancestors(phonetic), None) is None)


def insert(parent: Any, element: Any, before: Sequence[str]) -> None:
    """Put an element into a parent, before the first child that must come after it."""
    for at, child in enumerate(parent):
        wrapped = (
            {local_name(inner) for inner in child.iter()}
            if local_name(child) == "AlternateContent"
            else {local_name(child)}
        )
        if wrapped & set(before):
            parent.insert(at, element)
            return
    parent.append(element)


# -- styles ---------------------------------------------------------------------------------------

_STYLE_LISTS = (
    "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors",
    "extLst",
)  # fmt: skip
_NO_STYLES = f"""<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="{FONT}"/></font></fonts>\
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>\
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs></styleSheet>"""


def _key(element: Any, *but: str) -> Any:
    """What makes two styles equal; prefixes, white space and some attributes do not."""
    attributes = tuple(sorted((k, v) for k, v in element.attrib.items() if k not in but))
    children = tuple(_key(child) for child in element if isinstance(child.tag, str))
    return element.tag, attributes, children, (element.text or "").strip()


class Styles:
    """The styles of a workbook: nothing in them is changed, new ones are appended once."""

    def __init__(self, package: Package) -> None:
        self.package = package
        name = package.related(package.workbook, "styles")
        if name is None:
            name = package.beside_workbook("styles.xml")
            package.add(name, DECLARATION + _NO_STYLES.encode(), _STYLES_TYPE)
            package.relate(package.workbook, "styles", name)
        self.name = name
        self.keys: dict[str, dict[Any, int]] = {}

    def list_of(self, name: str) -> Any:
        """One list of styles; made, with its default, where there is none."""
        from lxml import etree

        root = self.package.tree(self.name)
        found = root.find(tag_of(name))
        if found is None:
            found = deepcopy(etree.fromstring(_NO_STYLES).find(tag_of(name)))
            insert(root, found, _STYLE_LISTS[_STYLE_LISTS.index(name) + 1 :])
        return found

    def place(self, name: str, element: Any) -> int:
        """The number of a style in its list; appended where there is no equal one."""
        styles = self.list_of(name)
        keys = self.keys.setdefault(name, {})
        if not keys:
            for number, style in enumerate(self.all(name)):
                keys.setdefault(_key(style), number)
        key = _key(element)
        if key not in keys:
            keys[key] = len(self.all(name))
            styles.append(element)
            styles.set("count", str(len(self.all(name))))
            self.package.edit(self.name)
        return keys[key]

    def all(self, name: str) -> list[Any]:
        """The styles of a list."""
        return [style for style in self.list_of(name) if isinstance(style.tag, str)]

    def made(self, text: str) -> Any:
        """A style from its XML."""
        from lxml import etree

        return etree.fromstring(f'<x xmlns="{MAIN}">{text}</x>')[0]

    def coloured(self, number: int, colour: str) -> int:
        """The cell format that is as another but for its colour."""
        body = f'<fgColor rgb="{colour}"/><bgColor indexed="64"/>'
        fill = self.made(f'<fill><patternFill patternType="solid">{body}</patternFill></fill>')
        return self.filled(number, self.place("fills", fill))

    def filled(self, number: int, fill: int) -> int:
        """The cell format that is as another but for its fill; the first one that looks so."""
        formats = self.all("cellXfs")
        new = deepcopy(formats[number])
        new.set("fillId", str(fill))
        wanted = _key(new, "applyFill")
        for at, known in enumerate(formats):
            if _key(known, "applyFill") == wanted:
                return at
        new.set("applyFill", "1")
        return self.place("cellXfs", new)

    def fill_of(self, number: int) -> str:
        """What a cell format is filled with, as XML; "" for nothing."""
        from lxml import etree

        fills, fill = self.all("fills"), int(self.all("cellXfs")[number].get("fillId", "0"))
        if fill == 0 or fill >= len(fills):
            return ""
        return etree.tostring(fills[fill], method="c14n", exclusive=True).decode()

    def with_colours(self, colours: Collection[str]) -> set[int]:
        """The cell formats with one of some colours."""
        fills = {
            number
            for number, fill in enumerate(self.all("fills"))
            if any(colour.get("rgb", "").upper() in colours for colour in fill.iter(tag_of("fgColor")))
        }
        return {at for at, known in enumerate(self.all("cellXfs")) if int(known.get("fillId", "0")) in fills}

    def look(self, font: str, fill: str = "", border: bool = True, alignment: str = "") -> int:
        """A cell format of the first sheet."""
        fill_xml = f'<patternFill patternType="solid"><fgColor rgb="{fill}"/><bgColor indexed="64"/></patternFill>'
        side = "".join(
            f'<{name} style="thin"><color rgb="FFBFBFBF"/></{name}>' for name in ("left", "right", "top", "bottom")
        )
        name = f'<name val="{FONT}"/><family val="3"/><charset val="134"/>'
        font_id = self.place("fonts", self.made(f"<font>{font}{name}</font>"))
        fill_id = self.place("fills", self.made(f"<fill>{fill_xml}</fill>")) if fill else 0
        border_id = self.place("borders", self.made(f"<border>{side}<diagonal/></border>")) if border else 0
        self.list_of("cellStyleXfs")
        self.list_of("cellXfs")
        return self.place(
            "cellXfs",
            self.made(
                f'<xf numFmtId="0" fontId="{font_id}" fillId="{fill_id}" borderId="{border_id}" xfId="0" applyFont="1"'
                f' applyFill="1" applyBorder="1" applyAlignment="1"><alignment {alignment}/></xf>'
            ),
        )


# -- cells ----------------------------------------------------------------------------------------

LAST_ROW, LAST_COLUMN = 2**20 - 1, 2**14 - 1


def row_and_column(ref: str) -> tuple[int, int] | None:
    """Row and column of a reference, both from 0."""
    found = REF.fullmatch(ref)
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def rows_of(data: Any) -> Iterable[tuple[int, Any]]:
    """The rows of a sheet with their numbers from 0, which may be left out."""
    number = -1
    for row in data.iter(tag_of("row")):
        number = int(row.get("r", number + 2)) - 1
        yield number, row


def cells_of(row: Any) -> Iterable[tuple[int, Any]]:
    """The cells of a row with their columns from 0, which may be left out."""
    column = -1
    for cell in row.iter(tag_of("c")):
        place = row_and_column(cell.get("r", ""))
        column = place[1] if place else column + 1
        yield column, cell


def cell_at(sheet: Any, at_row: int, at_column: int) -> Any:
    """The cell element of a place; made, with the format that it shows, where there is none."""
    from lxml import etree

    data = sheet.find(tag_of("sheetData"))
    row, later = None, None
    for number, candidate in rows_of(data):
        if number >= at_row:
            row, later = (candidate, None) if number == at_row else (None, candidate)
            break
    if row is None:
        row = etree.Element(tag_of("row"))
        row.set("r", str(at_row + 1))
        data.insert(data.index(later), row) if later is not None else data.append(row)
    later = None
    for column, candidate in cells_of(row):
        if column == at_column:
            return candidate
        if column > at_column:
            later = candidate
            break
    cell = etree.Element(tag_of("c"))
    cell.set("r", f"{letters(at_column)}{at_row + 1}")
    style = _inherited(sheet, row, at_column)
    if style:
        cell.set("s", style)
    if later is not None:
        row.insert(row.index(later), cell)
    else:
        insert(row, cell, ("extLst",))
    _widen(sheet, at_row, at_column)
    return cell


def _inherited(sheet: Any, row: Any, column: int) -> str:
    """The format of a cell that has none of its own."""
    if row.get("customFormat") in ("1", "true"):
        return str(row.get("s", ""))
    for columns in sheet.iter(tag_of("col")):
        if int(columns.get("min", "0")) <= column + 1 <= int(columns.get("max", "0")):
            return str(columns.get("style", ""))
    return ""


def _widen(sheet: Any, row: int, column: int) -> None:
    """Let the range that a sheet says it uses hold a cell."""
    dimension = sheet.find(tag_of("dimension"))
    first, _, last = (dimension.get("ref", "") if dimension is not None else "").partition(":")
    start, end = row_and_column(first), row_and_column(last or first)
    if start and end:
        low, high = (min(start[0], row), min(start[1], column)), (max(end[0], row), max(end[1], column))
        dimension.set("ref", f"{letters(low[1])}{low[0] + 1}:{letters(high[1])}{high[0] + 1}")


def merged(sheet: Any, row: int, column: int) -> tuple[int, int, int]:
    """The row and column of the cell that shows a place, and the last column that it covers."""
    merges = sheet.find(tag_of("mergeCells"))
    for merge in merges if merges is not None else ():
        first, _, last = merge.get("ref", "").partition(":")
        start, end = row_and_column(first), row_and_column(last)
        if start and end and start[0] <= row <= end[0] and start[1] <= column <= end[1]:
            return start[0], start[1], end[1]
    return row, column, column

"""A workbook with its findings in it: coloured cells, comments, and a first sheet that lists them.

The package itself is edited: a part that need not change is copied byte for byte, so that what the program does not know
(charts, pictures, macros, threaded comments, extensions) stays as it was. What an earlier check put in is taken out first:
the sheet with the mark of :func:`xl2report.reader.is_results`, comments by our author, what stands below our line in the
comments of others, and our colours. What a cell was filled with before is kept in a hidden column of the sheet, by the
number of the finding, which the comment bears as well and takes along when rows are inserted or sorted.
"""

from __future__ import annotations

import posixpath
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from xl2report.facts import letters
from xl2report.findings import SEVERITIES, Finding, Severity, Words, worst_first
from xl2report.packages import CONTENT_TYPES, CUSTOM, RELATIONS, parts_of, sealed
from xl2report.reader import RESULTS, RESULTS_MARK, clean
from xl2report.sheets import width_of

AUTHOR = "xl2report"
LINE = "―― xl2report ――"
"""Stands above what is added to a comment of somebody else."""
COLOURS: Mapping[Severity, str] = {"error": "FFF9C9C9", "warning": "FFFFEB9D", "note": "FFD6E6F7"}
"""No colour that Excel offers, so that a cell that has one was coloured here."""
INK: Mapping[Severity, str] = {"error": "FFC00000", "warning": "FF9C5700", "note": "FF1F4E79"}
FONT = "宋体"
LONGEST = 1000
"""How many characters of one text are shown."""
NAMES: Mapping[Severity, Words] = {
    "error": Words("错误", "error"),
    "warning": Words("提示", "warning"),
    "note": Words("说明", "note"),
}
FOUND, EXPECTED = Words("现为：", "found: "), Words("应为：", "expected: ")
TERMS, ACTION = Words("依据：", "terms: "), Words("办法：", "what to do: ")
COLUMNS = (
    (Words("序号", "no."), 5.5),
    (Words("级别", "severity"), 7.5),
    (Words("代码", "code"), 7.0),
    (Words("位置", "place"), 17.0),
    (Words("问题", "problem"), 32.0),
    (Words("现为", "found"), 16.0),
    (Words("应为", "expected"), 18.0),
    (Words("依据", "terms"), 36.0),
    (Words("办法", "what to do"), 34.0),
)
HEADING = 4
"""The row of the headings."""
_COUNTS = Words(
    "错误 {error} 个，提示 {warning} 个，说明 {note} 个", "{error} errors, {warning} warnings, {note} notes"
)
_HINT = Words(
    "点“位置”可转到该单元格，其颜色和批注与本表对应。可以直接在本文件中改正，再用它核对、编制：本表不会当作数据读取。",
    "Click a place to go to its cell. You may mend this copy and check or compile it: this sheet is not read as data.",
)
_CLEAN = Words("没有发现问题", "nothing was found")

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE_REL = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_THREADED = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
_EXTENDED = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
_VT = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_CUSTOM_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PERSON = "{" + str(uuid.uuid5(uuid.NAMESPACE_DNS, "xl2report")).upper() + "}"
_REPLIED = "2000-01-01T00:00:00.00"
"""The date of our replies in threads, which must have one."""

_REF = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]+)")
_NUMBERED = re.compile(r"【(\d+)】")
_OURS = re.compile(r"【\d+】(?:" + "|".join(f"{n.zh}|{n.en}" for n in NAMES.values()) + r") [A-Z]+\d+  ")
"""How our comments begin: LibreOffice forgets who wrote them."""


def annotated(workbook: bytes, findings: Iterable[Finding], title: str, lang: str) -> bytes:
    """A copy of a workbook with its findings at their cells and in a first sheet.

    Args:
        workbook: an .xlsx or .xlsm that the reader could read.
        findings: what was found in it.
        title: what the first sheet calls the file.
        lang: ``zh`` or ``en``.
    """
    package = _Package(workbook)
    package.settle_custom()
    styles = _Styles(package)
    _forget(package, styles)
    numbered = list(enumerate(worst_first(findings), 1))
    covered: dict[int, str] = {}
    tabs = package.tabs
    for tab in tabs:
        here = [(number, f) for number, f in numbered if f.cell is not None and f.cell.sheet == tab.name]
        if here and tab.is_worksheet:
            covered |= _annotate(package, styles, tab, here, lang)
    _add_results(package, styles, numbered, covered, title, lang)
    return sealed(package.packed())


def file_ending(workbook: bytes) -> str:
    """The ending that a copy of a workbook must have: ``.xlsm`` where it holds macros.

    Excel opens no file whose ending is not that of its content.
    """
    package = _Package(workbook)
    return ".xlsm" if b"macroEnabled" in package.type_of(package.workbook).encode() else ".xlsx"


def said(finding: Finding, lang: str) -> list[str]:
    """A finding as the lines of a comment, its place left out."""
    lines = [f"{NAMES[finding.severity].in_language(lang)} {finding.code}  {finding.message.in_language(lang)}"]
    lines += [FOUND.in_language(lang) + finding.found] if finding.found else []
    lines += [EXPECTED.in_language(lang) + finding.expected] if finding.expected else []
    if finding.terms:
        lines.append(TERMS.in_language(lang) + ("；" if lang == "zh" else "; ").join(_terms(finding)))
    return [_shown(line) for line in [*lines, ACTION.in_language(lang) + finding.action.in_language(lang)]]


def _terms(finding: Finding) -> list[str]:
    return [f"{t.name} {t.value}".strip() + (f"（{t.place}）" if t.place else "") for t in finding.terms]


def _shown(text: str) -> str:
    """A text that XML can hold, cut where it is too long."""
    text = clean(text)[0]
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


# -- the package ----------------------------------------------------------------------------------


def _m(name: str) -> str:
    return f"{{{_MAIN}}}{name}"


def _local(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


@dataclass(frozen=True)
class _Relation:
    id: str
    kind: str
    """The last word of its type: the rest differs between kinds of files."""
    target: str
    element: Any


@dataclass(frozen=True)
class _Tab:
    """One sheet of the workbook, in the order of the tabs."""

    name: str
    part: str
    is_worksheet: bool
    element: Any


class _Package:
    """The parts of a workbook; one is parsed when it is looked at and written anew only when it was changed."""

    def __init__(self, data: bytes) -> None:
        self.parts = {name: part for name, part in parts_of(data).items() if not name.endswith("/")}
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

    def relations(self, part: str) -> list[_Relation]:
        """What a part refers to inside the package; "" is the package itself."""
        name = _relations_of(part)
        if name not in self.parts:
            return []
        known = {known.lower(): known for known in self.parts}
        found = []
        for element in self.tree(name):
            if _local(element) == "Relationship" and element.get("TargetMode") != "External":
                target = element.get("Target", "").replace("\\", "/")
                path = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target)).lstrip("/")
                kind = element.get("Type", "").rpartition("/")[2]
                found.append(_Relation(element.get("Id", ""), kind, known.get(path.lower(), path), element))
        return found

    def related(self, part: str, kind: str) -> str | None:
        """The first existing part of a kind that a part refers to."""
        return next((r.target for r in self.relations(part) if r.kind == kind and r.target in self.parts), None)

    def relate(self, part: str, kind: str, target: str) -> str:
        """Refer from a part to another; the id of the reference."""
        from lxml import etree

        name = _relations_of(part)
        if name not in self.parts:
            self.parts[name] = _DECLARATION + f'<Relationships xmlns="{_PACKAGE_REL}"/>'.encode()
            self.trees.pop(name, None)
        root = self.edit(name)
        taken = {element.get("Id") for element in root if isinstance(element.tag, str)}
        number = 1
        while f"rId{number}" in taken:
            number += 1
        relation = etree.SubElement(root, f"{{{_PACKAGE_REL}}}Relationship")
        relation.set("Id", f"rId{number}")
        relation.set("Type", kind if "://" in kind else f"{_REL}/{kind}")
        relation.set("Target", posixpath.relpath(target, posixpath.dirname(part) or "."))
        return f"rId{number}"

    def unrelate(self, part: str, target: str) -> None:
        """Take out the references from a part to another."""
        for relation in self.relations(part):
            if relation.target == target:
                self.edit(_relations_of(part)).remove(relation.element)

    def add(self, name: str, data: bytes, content_type: str) -> None:
        """Put a new part in."""
        from lxml import etree

        self.parts[name] = data
        self.trees.pop(name, None)
        types = self.edit(CONTENT_TYPES)
        override = etree.SubElement(types, f"{{{_TYPES}}}Override")
        override.set("PartName", f"/{name}")
        override.set("ContentType", content_type)
        _insert(types, override, ("Override",))

    def remove(self, name: str) -> None:
        """Take a part out, with all parts that only it refers to."""
        inner = [relation.target for relation in self.relations(name)]
        for gone in (name, _relations_of(name)):
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
    def tabs(self) -> list[_Tab]:
        """The sheets in the order of their tabs."""
        by_id = {relation.id: relation for relation in self.relations(self.workbook)}
        found = []
        for element in self.tree(self.workbook).iter(_m("sheet")):
            relation = by_id.get(element.get(f"{{{_REL}}}id", ""))
            if relation is not None:
                worksheet = relation.kind == "worksheet" and relation.target in self.parts
                found.append(_Tab(element.get("name", ""), relation.target, worksheet, element))
        return found

    @cached_property
    def strings(self) -> list[str]:
        """The shared strings as plain text."""
        name = self.related(self.workbook, "sharedStrings")
        return [] if name is None else [_text_of(item) for item in self.tree(name).iter(_m("si"))]

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


def _relations_of(part: str) -> str:
    if not part:
        return RELATIONS
    return posixpath.join(posixpath.dirname(part), "_rels", posixpath.basename(part) + ".rels")


def _text_of(item: Any) -> str:
    """The text of a string item without its phonetic readings."""
    phonetic = _m("rPh")
    return "".join(t.text or "" for t in item.iter(_m("t")) if next(t.iterancestors(phonetic), None) is None)


def _insert(parent: Any, element: Any, before: Sequence[str]) -> None:
    """Put an element into a parent, before the first child that must come after it."""
    for at, child in enumerate(parent):
        wrapped = {_local(inner) for inner in child.iter()} if _local(child) == "AlternateContent" else {_local(child)}
        if wrapped & set(before):
            parent.insert(at, element)
            return
    parent.append(element)


# -- styles ---------------------------------------------------------------------------------------

_STYLE_LISTS = (
    "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors",
    "extLst",
)  # fmt: skip
_NO_STYLES = f"""<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/><name val="{FONT}"/></font></fonts>\
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>\
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs></styleSheet>"""


def _key(element: Any, *but: str) -> Any:
    """What makes two styles equal; prefixes, white space and some attributes do not."""
    attributes = tuple(sorted((k, v) for k, v in element.attrib.items() if k not in but))
    children = tuple(_key(child) for child in element if isinstance(child.tag, str))
    return element.tag, attributes, children, (element.text or "").strip()


class _Styles:
    """The styles of a workbook: nothing in them is changed, new ones are appended once."""

    def __init__(self, package: _Package) -> None:
        self.package = package
        name = package.related(package.workbook, "styles")
        if name is None:
            name = package.beside_workbook("styles.xml")
            package.add(name, _DECLARATION + _NO_STYLES.encode(), _STYLES_TYPE)
            package.relate(package.workbook, "styles", name)
        self.name = name
        self.keys: dict[str, dict[Any, int]] = {}

    def list_of(self, name: str) -> Any:
        """One list of styles; made, with its default, where there is none."""
        from lxml import etree

        root = self.package.tree(self.name)
        found = root.find(_m(name))
        if found is None:
            found = deepcopy(etree.fromstring(_NO_STYLES).find(_m(name)))
            _insert(root, found, _STYLE_LISTS[_STYLE_LISTS.index(name) + 1 :])
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

        return etree.fromstring(f'<x xmlns="{_MAIN}">{text}</x>')[0]

    def coloured(self, number: int, severity: Severity) -> int:
        """The cell format that is as another but for the colour of a severity."""
        colour = f'<fgColor rgb="{COLOURS[severity]}"/><bgColor indexed="64"/>'
        fill = self.made(f'<fill><patternFill patternType="solid">{colour}</patternFill></fill>')
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

    def ours(self) -> set[int]:
        """The cell formats with one of our colours."""
        colours = set(COLOURS.values())
        fills = {
            number
            for number, fill in enumerate(self.all("fills"))
            if any(colour.get("rgb", "").upper() in colours for colour in fill.iter(_m("fgColor")))
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

_LAST_ROW, _LAST_COLUMN = 2**20 - 1, 2**14 - 1


def _at(ref: str) -> tuple[int, int] | None:
    """Row and column of a reference, both from 0."""
    found = _REF.fullmatch(ref)
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _numbered_rows(data: Any) -> Iterable[tuple[int, Any]]:
    """The rows of a sheet with their numbers from 0, which may be left out."""
    number = -1
    for row in data.iter(_m("row")):
        number = int(row.get("r", number + 2)) - 1
        yield number, row


def _numbered_cells(row: Any) -> Iterable[tuple[int, Any]]:
    """The cells of a row with their columns from 0, which may be left out."""
    column = -1
    for cell in row.iter(_m("c")):
        place = _at(cell.get("r", ""))
        column = place[1] if place else column + 1
        yield column, cell


def _cell_at(sheet: Any, at_row: int, at_column: int) -> Any:
    """The cell element of a place; made, with the format that it shows, where there is none."""
    from lxml import etree

    data = sheet.find(_m("sheetData"))
    row, later = None, None
    for number, candidate in _numbered_rows(data):
        if number >= at_row:
            row, later = (candidate, None) if number == at_row else (None, candidate)
            break
    if row is None:
        row = etree.Element(_m("row"), nsmap=data.nsmap)
        row.set("r", str(at_row + 1))
        data.insert(data.index(later), row) if later is not None else data.append(row)
    later = None
    for column, candidate in _numbered_cells(row):
        if column == at_column:
            return candidate
        if column > at_column:
            later = candidate
            break
    cell = etree.Element(_m("c"), nsmap=row.nsmap)
    cell.set("r", f"{letters(at_column)}{at_row + 1}")
    style = _inherited(sheet, row, at_column)
    if style:
        cell.set("s", style)
    if later is not None:
        row.insert(row.index(later), cell)
    else:
        _insert(row, cell, ("extLst",))
    _widen(sheet, at_row, at_column)
    return cell


def _inherited(sheet: Any, row: Any, column: int) -> str:
    """The format of a cell that has none of its own."""
    if row.get("customFormat") in ("1", "true"):
        return str(row.get("s", ""))
    for columns in sheet.iter(_m("col")):
        if int(columns.get("min", "0")) <= column + 1 <= int(columns.get("max", "0")):
            return str(columns.get("style", ""))
    return ""


def _widen(sheet: Any, row: int, column: int) -> None:
    """Let the range that a sheet says it uses hold a cell."""
    dimension = sheet.find(_m("dimension"))
    first, _, last = (dimension.get("ref", "") if dimension is not None else "").partition(":")
    start, end = _at(first), _at(last or first)
    if start and end:
        low, high = (min(start[0], row), min(start[1], column)), (max(end[0], row), max(end[1], column))
        dimension.set("ref", f"{letters(low[1])}{low[0] + 1}:{letters(high[1])}{high[0] + 1}")


def _merged(sheet: Any, row: int, column: int) -> tuple[int, int, int]:
    """The row and column of the cell that shows a place, and the last column that it covers."""
    for merge in sheet.iter(_m("mergeCell")):
        first, _, last = merge.get("ref", "").partition(":")
        start, end = _at(first), _at(last)
        if start and end and start[0] <= row <= end[0] and start[1] <= column <= end[1]:
            return start[0], start[1], end[1]
    return row, column, column


def _annotate(
    package: _Package, styles: _Styles, tab: _Tab, findings: Sequence[tuple[int, Finding]], lang: str
) -> dict[int, str]:
    """Colour the cells of one sheet and comment on them; what each finding's cell was filled with, by number."""
    sheet = package.edit(tab.part)
    at: dict[tuple[int, int, int], list[tuple[int, Finding]]] = {}
    for number, found in findings:
        place = _at(found.cell.ref) if found.cell else None
        if place and place[0] <= _LAST_ROW and place[1] <= _LAST_COLUMN:
            at.setdefault(_merged(sheet, *place), []).append((number, found))
    comments = _Comments(package, tab)
    covered: dict[int, str] = {}
    for (row, column, last), here in sorted(at.items()):
        cell = _cell_at(sheet, row, column)
        style = int(cell.get("s", "0"))
        fill = styles.fill_of(style)
        worst = min((found.severity for _, found in here), key=SEVERITIES.index)
        cell.set("s", str(styles.coloured(style, worst)))
        comments.say(row, column, last, [(number, found.severity, said(found, lang)) for number, found in here])
        covered |= {number: f"{letters(column)}{row + 1} {fill}".strip() for number, _ in here}
    return covered


# -- comments -------------------------------------------------------------------------------------

_AFTER_LEGACY = (
    "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst",
)  # fmt: skip
_VML = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    b'<o:idmap v:ext="edit" data="%d"/></o:shapelayout></xml>'
)
_SPACES = (
    ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_SHAPE_TYPE = (
    f'<v:shapetype{_SPACES} id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_SHAPE = (
    '<v:shape{spaces} id="_x0000_s{id}" type="#_x0000_t202" style="position:absolute;margin-left:80pt;margin-top:5pt;'
    'width:{width}pt;height:{height}pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
    '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>'
    "<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)
_SHAPES = re.compile(rb"<(\w+:)?shape[\s>].*?</\1?shape\s*>", re.DOTALL)
_ANCHOR = re.compile(rb"(<(?:\w+:)?Anchor>)([\d,\s-]+)(</)")
_CLIENT = re.compile(rb"<(\w+:|)ClientData[^>]*>")
_END = re.compile(rb"</(?:\w+:)?xml\s*>\s*$")
_BOX = 380
"""The width of a comment in pixels."""
_HALF = 6
"""The width of a half-width character of 9 points in pixels; a line is 16 high."""

Said = Sequence[tuple[int, Severity, Sequence[str]]]


class _Comments:
    """The comments of one sheet, in their three forms: texts, boxes, threads.

    The boxes (VML) are edited as text: Excel itself writes some that are not well-formed XML.
    """

    def __init__(self, package: _Package, tab: _Tab) -> None:
        self.package = package
        self.tab = tab
        self.part = package.related(tab.part, "comments")
        self.threads = package.related(tab.part, "threadedComment")
        legacy = package.tree(tab.part).find(_m("legacyDrawing"))
        by_id = {relation.id: relation.target for relation in package.relations(tab.part)}
        drawing = by_id.get(legacy.get(f"{{{_REL}}}id", "")) if legacy is not None else None
        self.drawing = drawing if drawing in package.parts else None

    # -- putting in ---------------------------------------------------------------------------
    def say(self, row: int, column: int, last: int, texts: Said) -> None:
        """Add texts to the comment of a cell, or make one beside it."""
        from lxml import etree

        part, drawing = self.made_part(), self.made_drawing()
        root = self.package.edit(part)
        ref = f"{letters(column)}{row + 1}"
        lines = [f"【{number}】{line}" if not at else line for number, _, of in texts for at, line in enumerate(of)]
        comment = next((c for c in root.iter(_m("comment")) if c.get("ref") == ref), None)
        if comment is not None:
            text = comment.find(_m("text"))
            whole = f"{_text_of(text)}\n{LINE}\n" + "\n".join(lines)
            _append_runs(text, [_run(f"\n{LINE}\n", INK["note"], bold=False), *_runs(texts)])
            self.enlarge(drawing, row, column, whole)
            self.reply(ref, "\n".join(lines))
            return
        comment = etree.SubElement(root.find(_m("commentList")), _m("comment"))
        comment.set("ref", ref)
        comment.set("authorId", str(self.author(root)))
        _append_runs(etree.SubElement(comment, _m("text")), _runs(texts))
        self.draw(drawing, row, column, last, "\n".join(lines))

    def author(self, root: Any) -> int:
        """The number of our name among the authors."""
        from lxml import etree

        authors = root.find(_m("authors"))
        names = [author.text for author in authors.iter(_m("author"))]
        if AUTHOR not in names:
            etree.SubElement(authors, _m("author")).text = AUTHOR
            return len(names)
        return names.index(AUTHOR)

    def made_part(self) -> str:
        """The part with the texts; made where there is none."""
        if self.part is None:
            self.part = self.package.free(self.package.beside_workbook("comments{}.xml"))
            text = f'<comments xmlns="{_MAIN}"><authors/><commentList/></comments>'
            self.package.add(self.part, _DECLARATION + text.encode(), _COMMENTS_TYPE)
            self.package.relate(self.tab.part, "comments", self.part)
        return self.part

    def made_drawing(self) -> str:
        """The part with the boxes; made where there is none."""
        from lxml import etree

        if self.drawing is None:
            package = self.package
            self.drawing = package.free(package.beside_workbook("drawings/vmlDrawing{}.vml"))
            used = [int(n) for part in package.parts.values() for n in re.findall(rb'idmap[^>]*data="(\d+)', part)]
            package.parts[self.drawing] = _VML % (max(used, default=0) + 1)
            types = package.tree(CONTENT_TYPES)
            if not any(d.get("Extension", "").lower() == "vml" for d in types):
                default = etree.Element(f"{{{_TYPES}}}Default")
                default.set("Extension", "vml")
                default.set("ContentType", "application/vnd.openxmlformats-officedocument.vmlDrawing")
                package.edit(CONTENT_TYPES).insert(0, default)
            sheet = package.edit(self.tab.part)
            legacy = sheet.find(_m("legacyDrawing"))
            if legacy is None:
                legacy = etree.Element(_m("legacyDrawing"), nsmap={**sheet.nsmap, "r": _REL})
                _insert(sheet, legacy, _AFTER_LEGACY)
            legacy.set(f"{{{_REL}}}id", package.relate(self.tab.part, "vmlDrawing", self.drawing))
        return self.drawing

    def draw(self, drawing: str, row: int, column: int, last: int, text: str) -> None:
        """Put a box to the right of a cell."""
        data = self.package.parts[drawing]
        numbers = [int(n) for n in re.findall(rb"_x0000_s(\d+)", data)]
        block = re.search(rb'idmap[^>]*data="(\d+)', data)
        number = max(numbers, default=1024 * int(block[1]) if block else 1024) + 1
        height = _height(text, _BOX)
        anchor = self.beside(row, last, height).decode()
        shape = _SHAPE.format(
            spaces=_SPACES, id=number, width=_BOX * 0.75, height=height * 0.75, anchor=anchor, row=row, column=column
        )
        if b'id="_x0000_t202"' not in data:
            shape = _SHAPE_TYPE + shape
        self.package.parts[drawing] = _END.sub(lambda end: shape.encode() + end[0], data)

    def beside(self, row: int, column: int, height: int) -> bytes:
        """The anchor of a box to the right of a cell."""
        left = _walk(self.column_width, column + 1, 0, 14, _LAST_COLUMN)
        right = _walk(self.column_width, *left, _BOX, _LAST_COLUMN)
        top = _walk(self.row_height, max(row - 1, 0), 0, 8, _LAST_ROW)
        bottom = _walk(self.row_height, *top, height, _LAST_ROW)
        return ", ".join(map(str, (*left, *top, *right, *bottom))).encode()

    def enlarge(self, drawing: str, row: int, column: int, text: str) -> None:
        """Make the box of a comment as high as its text is now."""

        def taller(shape: re.Match[bytes]) -> bytes:
            if _place_of(shape[0]) != (row, column):
                return shape[0]
            if _ANCHOR.search(shape[0]):
                return _ANCHOR.sub(anchor, shape[0])
            beside = self.beside(row, column, _height(text, _BOX))
            return _CLIENT.sub(lambda tag: tag[0] + b"<%bAnchor>%b</%bAnchor>" % (tag[1], beside, tag[1]), shape[0])

        def anchor(found: re.Match[bytes]) -> bytes:
            numbers = [int(number) for number in found[2].split(b",")]
            if len(numbers) != 8:
                return found[0]
            left, left_off, top, top_off, right, right_off, bottom, bottom_off = numbers
            width = sum(map(self.column_width, range(left, right))) + right_off - left_off
            if width < _BOX:
                width = _BOX
                right, right_off = _walk(self.column_width, left, left_off, width, _LAST_COLUMN)
            had = sum(map(self.row_height, range(top, bottom))) + bottom_off - top_off
            bottom, bottom_off = _walk(self.row_height, top, top_off, max(_height(text, width), had), _LAST_ROW)
            new = (left, left_off, top, top_off, right, right_off, bottom, bottom_off)
            return found[1] + ", ".join(map(str, new)).encode() + found[3]

        self.package.parts[drawing] = _SHAPES.sub(taller, self.package.parts[drawing])

    def reply(self, ref: str, text: str) -> None:
        """Answer the thread at a cell, if there is one: new Excels show threads and not the comment below them."""
        from lxml import etree

        if self.threads is None:
            return
        t = f"{{{_THREADED}}}"
        first = next((c for c in self.package.tree(self.threads) if c.get("ref") == ref), None)
        people = self.package.related(self.package.workbook, "person")
        if first is None or people is None:
            return
        if not any(person.get("id") == _PERSON for person in self.package.tree(people)):
            person = etree.SubElement(self.package.edit(people), f"{t}person")
            for name, value in (("displayName", AUTHOR), ("id", _PERSON), ("userId", AUTHOR), ("providerId", "None")):
                person.set(name, value)
        answer = etree.Element(f"{t}threadedComment")
        own = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"xl2report {self.tab.name} {ref}")).upper()
        parent = first.get("parentId") or first.get("id", "")
        values = (("ref", ref), ("dT", _REPLIED), ("personId", _PERSON), ("id", f"{{{own}}}"), ("parentId", parent))
        for name, value in values:
            answer.set(name, value)
        etree.SubElement(answer, f"{t}text").text = text
        root = self.package.edit(self.threads)
        thread = [c for c in root if c.get("ref") == ref]
        root.insert(root.index(thread[-1]) + 1, answer)

    # -- taking out ---------------------------------------------------------------------------
    def forget(self) -> dict[tuple[int, int], int]:
        """Take our comments out; the number of the finding that stood at each cell."""
        numbers: dict[tuple[int, int], int] = {}
        if self.part is None:
            return numbers
        root = self.package.tree(self.part)
        names = [author.text for author in root.iter(_m("author"))]
        for comment in list(root.iter(_m("comment"))):
            place, text = _at(comment.get("ref", "")), comment.find(_m("text"))
            author = int(comment.get("authorId", "0"))
            if place is None or text is None:
                continue
            words = _text_of(text)
            mine = (author < len(names) and names[author] == AUTHOR) or bool(_OURS.match(words))
            if not mine and LINE not in words:
                continue
            number = _NUMBERED.search(words.rpartition(LINE)[2])
            numbers[place] = int(number[1]) if number else 0
            self.package.edit(self.part)
            if mine:
                comment.getparent().remove(comment)
                self.erase(*place)
            else:
                _cut(text)
        self.forget_replies()
        if next(root.iter(_m("comment")), None) is None:
            self.drop()
        return numbers

    def forget_replies(self) -> None:
        """Take our answers out of the threads."""
        if self.threads is None:
            return
        answers = [c for c in self.package.tree(self.threads) if c.get("personId") == _PERSON]
        for answer in answers:
            self.package.edit(self.threads).remove(answer)
        people = self.package.related(self.package.workbook, "person")
        if answers and people is not None:
            for person in [p for p in self.package.tree(people) if p.get("id") == _PERSON]:
                self.package.edit(people).remove(person)

    def erase(self, row: int, column: int) -> None:
        """Take the box of a comment out."""
        if self.drawing is not None:
            data = self.package.parts[self.drawing]
            self.package.parts[self.drawing] = _SHAPES.sub(
                lambda shape: b"" if _place_of(shape[0]) == (row, column) else shape[0], data
            )

    def drop(self) -> None:
        """Take out the parts that hold nothing any more."""
        if self.part is not None:
            self.package.unrelate(self.tab.part, self.part)
            self.package.remove(self.part)
        if self.drawing is not None and not _SHAPES.search(self.package.parts[self.drawing]):
            self.package.unrelate(self.tab.part, self.drawing)
            self.package.remove(self.drawing)
            sheet = self.package.edit(self.tab.part)
            sheet.remove(sheet.find(_m("legacyDrawing")))

    # -- measures -----------------------------------------------------------------------------
    @cached_property
    def columns(self) -> list[tuple[int, int, int]]:
        """First column, last column and width in pixels."""
        found = []
        for col in self.package.tree(self.tab.part).iter(_m("col")):
            width = 0 if col.get("hidden") in ("1", "true") else int(float(col.get("width", "9")) * 7 + 0.5)
            found.append((int(col.get("min", "1")) - 1, int(col.get("max", "1")) - 1, width))
        return found

    @cached_property
    def heights(self) -> dict[int, int]:
        """The height of each row that has one, in pixels."""
        return {
            number: 0 if row.get("hidden") in ("1", "true") else int(float(row.get("ht")) * 4 / 3 + 0.5)
            for number, row in _numbered_rows(self.package.tree(self.tab.part))
            if row.get("ht") or row.get("hidden") in ("1", "true")
        }

    @cached_property
    def usual(self) -> tuple[int, int]:
        """The width of other columns and the height of other rows, in pixels."""
        sizes = self.package.tree(self.tab.part).find(_m("sheetFormatPr"))
        sizes = {} if sizes is None else sizes.attrib
        return int(float(sizes.get("defaultColWidth", "9.14")) * 7 + 0.5), int(
            float(sizes.get("defaultRowHeight", "15")) * 4 / 3 + 0.5
        )

    def column_width(self, column: int) -> int:
        """The width of a column in pixels, near enough for a box."""
        return next((width for first, last, width in self.columns if first <= column <= last), self.usual[0])

    def row_height(self, row: int) -> int:
        """The height of a row in pixels."""
        return self.heights.get(row, self.usual[1])


def _mentions(data: bytes, text: str) -> bool:
    return text.encode() in data or text.encode("utf-16-le") in data


def _place_of(shape: bytes) -> tuple[int, int] | None:
    """The row and column that a box is the comment of."""
    row, column = re.search(rb"Row>\s*(\d+)", shape), re.search(rb"Column>\s*(\d+)", shape)
    return (int(row[1]), int(column[1])) if row and column and b'"Note"' in shape else None


def _walk(size: Callable[[int], int], at: int, offset: int, distance: int, last: int) -> tuple[int, int]:
    """Where one comes from a row or column, going so many pixels on."""
    distance += offset
    while at < last and distance >= size(at):
        distance -= size(at)
        at += 1
    return min(at, last), max(min(distance, size(min(at, last)) - 1), 0)


def _height(text: str, width: int) -> int:
    """The height in pixels that a text takes in a comment."""
    return 16 * sum(max(1, ceil(width_of(line) * _HALF * 1.06 / (width - 16))) for line in text.split("\n")) + 14


def _runs(texts: Said) -> list[Any]:
    """Findings as runs of a comment: the first line of each in the colour of its severity."""
    runs = []
    for at, (number, severity, lines) in enumerate(texts):
        runs.append(_run(("\n" if at else "") + f"【{number}】{lines[0]}\n", INK[severity], bold=True))
        runs.append(_run("\n".join(lines[1:]), "FF000000", bold=False))
    return runs


def _run(text: str, colour: str, *, bold: bool) -> Any:
    from lxml import etree

    properties = f'<sz val="9"/><color rgb="{colour}"/><rFont val="{FONT}"/><family val="3"/><charset val="134"/>'
    properties = ("<b/>" if bold else "") + properties
    body = f'<t xml:space="preserve">{escape(text)}</t>'
    return etree.fromstring(f'<r xmlns="{_MAIN}"><rPr>{properties}</rPr>{body}</r>')


def _append_runs(text: Any, runs: Iterable[Any]) -> None:
    """Put runs behind a text; one without runs becomes the first run."""
    from lxml import etree

    bare = text.find(_m("t"))
    if bare is not None:
        first = etree.Element(_m("r"), nsmap=text.nsmap)
        text.replace(bare, first)
        first.append(bare)
    for run in runs:
        _insert(text, run, ("rPh", "phoneticPr"))


def _cut(text: Any) -> None:
    """Take out of a comment what stands from our line on."""
    keep = len(_text_of(text).partition(f"\n{LINE}")[0].removesuffix(LINE))
    for t in list(text.iter(_m("t"))):
        words = t.text or ""
        t.text = words[:keep]
        keep = max(keep - len(words), 0)
        run = t.getparent()
        if not t.text and run.tag == _m("r"):
            run.getparent().remove(run)


# -- an earlier check -----------------------------------------------------------------------------


def _forget(package: _Package, styles: _Styles) -> None:
    """Take out what an earlier check put into the workbook."""
    results = next((tab for tab in package.tabs if tab.is_worksheet and _is_results(package, tab)), None)
    by_number, by_place = _remembered(package, results) if results else ({}, {})
    ours = styles.ours()
    for tab in package.tabs:
        if not tab.is_worksheet or (results and tab.part == results.part):
            continue
        numbers = _Comments(package, tab).forget()
        if not ours or not (results or numbers):
            continue
        for row, element in _numbered_rows(package.tree(tab.part).find(_m("sheetData"))):
            for column, cell in _numbered_cells(element):
                style = int(cell.get("s", "0"))
                if style not in ours or not (results or (row, column) in numbers):
                    continue
                place = (tab.name, f"{letters(column)}{row + 1}")
                fill = by_number.get(numbers.get((row, column), 0), by_place.get(place, ""))
                old = styles.place("fills", styles.made(fill)) if fill else 0
                package.edit(tab.part)
                cell.set("s", str(styles.filled(style, old)))
    if results:
        _remove_tab(package, results)


def _is_results(package: _Package, tab: _Tab) -> bool:
    shared = package.related(package.workbook, "sharedStrings")
    parts = [package.parts[tab.part], package.parts[shared] if shared else b""]
    if not any(_mentions(part, RESULTS_MARK) for part in parts):
        return False
    return any(RESULTS_MARK in row for row in _values(package, tab)[:HEADING])


def _values(package: _Package, tab: _Tab) -> list[list[str]]:
    """The texts and numbers of a sheet, blanks left out."""
    rows = []
    for _, row in _numbered_rows(package.tree(tab.part).find(_m("sheetData"))):
        texts = []
        for _, cell in _numbered_cells(row):
            value, inline = cell.find(_m("v")), cell.find(_m("is"))
            if inline is not None:
                texts.append(_text_of(inline))
            elif value is not None and cell.get("t") == "s":
                texts.append(package.strings[int(value.text)])
            elif value is not None:
                texts.append(value.text or "")
        rows.append(texts)
    return rows


def _remembered(package: _Package, results: _Tab) -> tuple[dict[int, str], dict[tuple[str, str], str]]:
    """What the cells were filled with, by the number of the finding and by sheet and cell."""
    by_number: dict[int, str] = {}
    by_place: dict[tuple[str, str], str] = {}
    for row in _values(package, results)[HEADING:]:
        sheet, mark, rest = row[-1].rpartition("!") if row else ("", "", "")
        ref, _, fill = rest.partition(" ")
        if mark and _at(ref) and row[0].isdigit():
            by_number[int(row[0])] = by_place[sheet, ref] = fill
    return by_number, by_place


def _remove_tab(package: _Package, tab: _Tab) -> None:
    """Take a sheet out of the workbook."""
    at = [other.part for other in package.tabs].index(tab.part)
    root = package.edit(package.workbook)
    tab.element.getparent().remove(tab.element)
    package.unrelate(package.workbook, tab.part)
    package.remove(tab.part)
    for name in list(root.iter(_m("definedName"))):
        local = name.get("localSheetId")
        if local is not None and int(local) == at:
            name.getparent().remove(name)
        elif local is not None and int(local) > at:
            name.set("localSheetId", str(int(local) - 1))
    names = root.find(_m("definedNames"))
    if names is not None and len(names) == 0:
        root.remove(names)
    _retitle(package, tab.name, add=False)


# -- the first sheet ------------------------------------------------------------------------------

_AFTER_NAMES = (
    "calcPr", "oleSize", "customWorkbookViews", "pivotCaches", "smartTagPr", "smartTagTypes", "webPublishing",
    "fileRecoveryPr", "webPublishObjects", "extLst",
)  # fmt: skip


def _add_results(
    package: _Package,
    styles: _Styles,
    numbered: Sequence[tuple[int, Finding]],
    covered: Mapping[int, str],
    title: str,
    lang: str,
) -> None:
    """Put the list of all findings before the other sheets."""
    from lxml import etree

    tabs = package.tabs
    taken, name, number = {tab.name for tab in tabs}, RESULTS, 2
    while name in taken:
        name, number = f"{RESULTS}（{number}）", number + 1
    for tab in tabs:
        if b"tabSelected" in package.parts.get(tab.part, b""):
            for view in package.edit(tab.part).iter(_m("sheetView")):
                view.attrib.pop("tabSelected", None)
    part = package.free(package.beside_workbook("worksheets/sheet{}.xml"))
    package.add(part, _results(styles, numbered, covered, tabs, title, lang), _SHEET_TYPE)
    root = package.edit(package.workbook)
    sheets = root.find(_m("sheets"))
    sheet = etree.Element(_m("sheet"), nsmap={**sheets.nsmap, "r": _REL})
    sheet.set("name", name)
    sheet.set("sheetId", str(max(int(tab.element.get("sheetId", "0")) for tab in tabs) + 1))
    sheet.set(f"{{{_REL}}}id", package.relate(package.workbook, "worksheet", part))
    sheets.insert(0, sheet)
    for view in root.iter(_m("workbookView")):
        for shown in ("activeTab", "firstSheet"):
            view.attrib.pop(shown, None)
    for defined in root.iter(_m("definedName")):
        if defined.get("localSheetId") is not None:
            defined.set("localSheetId", str(int(defined.get("localSheetId")) + 1))
    names = root.find(_m("definedNames"))
    if names is None:
        names = etree.Element(_m("definedNames"), nsmap=root.nsmap)
        _insert(root, names, _AFTER_NAMES)
    last = HEADING + max(len(numbered), 1)
    for kind, area in (("_FilterDatabase", f"$A${HEADING}:$I${last}"), ("Print_Titles", f"${HEADING}:${HEADING}")):
        defined = etree.SubElement(names, _m("definedName"))
        defined.set("name", f"_xlnm.{kind}")
        defined.set("localSheetId", "0")
        if kind == "_FilterDatabase":
            defined.set("hidden", "1")
        defined.text = f"{_quoted(name)}!{area}"
    _retitle(package, name, add=True)


def _quoted(sheet: str) -> str:
    return "'" + sheet.replace("'", "''") + "'"


def _retitle(package: _Package, name: str, *, add: bool) -> None:
    """Put a sheet into, or take it out of, the names of sheets in the document properties, if they list them."""
    from lxml import etree

    part = package.related("", "extended-properties")
    if part is None:
        return
    root = package.tree(part)
    titles = root.find(f"{{{_EXTENDED}}}TitlesOfParts/{{{_VT}}}vector")
    pairs = root.find(f"{{{_EXTENDED}}}HeadingPairs/{{{_VT}}}vector")
    count = next(pairs.iter(f"{{{_VT}}}i4"), None) if pairs is not None else None
    if titles is None or count is None:
        return
    old = next((title for title in titles if title.text == name), None)
    if add:
        title = etree.Element(f"{{{_VT}}}lpstr", nsmap=titles.nsmap)
        title.text = name
        titles.insert(0, title)
    elif old is not None:
        titles.remove(old)
    if add or old is not None:
        package.edit(part)
        count.text = str(int(count.text) + (1 if add else -1))
        titles.set("size", str(len(titles)))


def _target(finding: Finding, tabs: Sequence[_Tab]) -> str:
    """The cell that the list links to: that of the finding, its sheet, or the first of its terms; "" for none."""
    names = {tab.name for tab in tabs}
    if finding.cell is not None and finding.cell.sheet in names:
        return f"{_quoted(finding.cell.sheet)}!{finding.cell.ref}"
    if finding.place in names:
        return f"{_quoted(finding.place)}!A1"
    for place in (finding.place, *(term.place for term in finding.terms)):
        sheet, _, ref = place.rpartition("!")
        if sheet in names and _REF.fullmatch(ref):
            return f"{_quoted(sheet)}!{ref}"
    return ""


def _results(
    styles: _Styles,
    numbered: Sequence[tuple[int, Finding]],
    covered: Mapping[int, str],
    tabs: Sequence[_Tab],
    title: str,
    lang: str,
) -> bytes:
    """The list of all findings as a sheet."""
    white, black = '<color rgb="FFFFFFFF"/>', '<color rgb="FF000000"/>'
    middle = 'vertical="center" wrapText="1"'
    looks: dict[str, int] = {
        "title": styles.look(f'<b/><sz val="16"/>{black}', border=False, alignment='vertical="center"'),
        "counts": styles.look(f'<b/><sz val="11"/>{black}', border=False, alignment='vertical="center"'),
        "hint": styles.look('<sz val="10"/><color rgb="FF595959"/>', border=False, alignment='vertical="center"'),
        "head": styles.look(
            f'<b/><sz val="11"/>{white}', "FF1F4E79", alignment='horizontal="center" vertical="center"'
        ),
        "text": styles.look(f'<sz val="10"/>{black}', alignment=middle),
        "short": styles.look(f'<sz val="10"/>{black}', alignment=f'horizontal="center" {middle}'),
        "link": styles.look('<u/><sz val="10"/><color rgb="FF0563C1"/>', alignment=middle),
        **{
            severity: styles.look(
                f'<b/><sz val="10"/><color rgb="{INK[severity]}"/>',
                COLOURS[severity],
                alignment=f'horizontal="center" {middle}',
            )
            for severity in SEVERITIES
        },
    }
    counts: dict[str, int] = {s: sum(f.severity == s for _, f in numbered) for s in SEVERITIES}
    heads = [(head.in_language(lang), "head") for head, _ in COLUMNS]
    rows = [
        _row(1, [(f"{RESULTS if lang == 'zh' else 'Findings'}：{title}", "title")], looks, 30),
        _row(2, [(_COUNTS.in_language(lang).format_map(counts), "counts")], looks, 20),
        _row(3, [(_HINT.in_language(lang), "hint")], looks, 20),
        _row(HEADING, [*heads, (RESULTS_MARK, "hint")], looks, 24),
    ]
    links = []
    for number, found in numbered:
        at = HEADING + number
        target = _target(found, tabs)
        if target:
            links.append(f'<hyperlink ref="D{at}" location={quoteattr(target)} display={quoteattr(found.place)}/>')
        texts = [
            (str(number), "short"),
            (NAMES[found.severity].in_language(lang), found.severity),
            (found.code, "short"),
            (found.place, "link" if target else "text"),
            (found.message.in_language(lang), "text"),
            (found.found, "text"),
            (found.expected, "text"),
            ("\n".join(_terms(found)), "text"),
            (found.action.in_language(lang), "text"),
        ]
        remembered = f"{found.cell.sheet}!{covered[number]}" if found.cell and number in covered else ""
        rows.append(_row(at, [*((_shown(t), look) for t, look in texts), (remembered, "hint")], looks))
    merges = [f"A{row}:I{row}" for row in (1, 2, 3)]
    if not numbered:
        at = HEADING + 1
        merges.append(f"A{at}:I{at}")
        rows.append(_row(at, [(_CLEAN.in_language(lang), "short"), *[("", "short")] * 8], looks, 24))
    widths = "".join(
        f'<col min="{at}" max="{at}" width="{width + 0.7109375}" customWidth="1"/>'
        for at, (_, width) in enumerate(COLUMNS, 1)
    )
    hidden = len(COLUMNS) + 1
    colour = COLOURS[next((s for s in SEVERITIES if counts[s]), "note")]
    view = (
        '<sheetView showGridLines="0" tabSelected="1" workbookViewId="0">'
        f'<pane ySplit="{HEADING}" topLeftCell="A{HEADING + 1}" activePane="bottomLeft" state="frozen"/>'
        f'<selection pane="bottomLeft" activeCell="A{HEADING + 1}" sqref="A{HEADING + 1}"/></sheetView>'
    )
    last = HEADING + max(len(numbered), 1)
    pages = "第 &amp;P 页，共 &amp;N 页" if lang == "zh" else "&amp;P / &amp;N"
    return (
        _DECLARATION
        + (
            f'<worksheet xmlns="{_MAIN}" xmlns:r="{_REL}"><sheetPr><tabColor rgb="{colour}"/>'
            f'<pageSetUpPr fitToPage="1"/></sheetPr><dimension ref="A1:J{last}"/><sheetViews>{view}</sheetViews>'
            f'<sheetFormatPr defaultRowHeight="15"/><cols>{widths}'
            f'<col min="{hidden}" max="{hidden}" width="9.7109375" hidden="1" customWidth="1"/></cols>'
            f'<sheetData>{"".join(rows)}</sheetData><autoFilter ref="A{HEADING}:I{last}"/>'
            f'<mergeCells count="{len(merges)}">{"".join(f"""<mergeCell ref="{area}"/>""" for area in merges)}</mergeCells>'
            + (f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else "")
            + '<printOptions horizontalCentered="1"/>'
            '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.3" footer="0.3"/>'
            '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
            f"<headerFooter><oddFooter>&amp;C{pages}</oddFooter></headerFooter></worksheet>"
        ).encode()
    )


def _row(number: int, cells: Sequence[tuple[str, str]], looks: Mapping[str, int], height: float = 0) -> str:
    """One row of the list, as high as its texts need."""
    said = []
    for at, (text, look) in enumerate(cells):
        ref, style = f"{letters(at)}{number}", looks[look]
        if not text:
            said.append(f'<c r="{ref}" s="{style}"/>')
        elif at == 0 and text.isdigit():
            said.append(f'<c r="{ref}" s="{style}"><v>{text}</v></c>')
        else:
            body = f'<is><t xml:space="preserve">{escape(text)}</t></is>'
            said.append(f'<c r="{ref}" s="{style}" t="inlineStr">{body}</c>')
    if not height:
        lines = [
            sum(max(1, ceil(width_of(line) * 1.06 / (width - 0.5))) for line in text.split("\n"))
            for (text, _), (_, width) in zip(cells, COLUMNS, strict=False)
        ]
        height = min(max(lines) * 13.5 + 7, 409)
    return f'<row r="{number}" ht="{height:g}" customHeight="1">{"".join(said)}</row>'

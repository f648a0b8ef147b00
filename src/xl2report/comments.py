"""The comments of a sheet in their three forms: texts, boxes, threads. Ours are added to those of others and taken out again."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from math import ceil
from typing import Any
from xml.sax.saxutils import escape

from xl2report.editing import (
    DECLARATION,
    FONT,
    LAST_COLUMN,
    LAST_ROW,
    MAIN,
    REL,
    TYPES,
    Package,
    Tab,
    insert,
    row_and_column,
    rows_of,
    tag_of,
    text_of,
)
from xl2report.facts import letters
from xl2report.findings import Severity, Words
from xl2report.packages import CONTENT_TYPES
from xl2report.sheets import width_of

AUTHOR = "xl2report"
LINE = "―― xl2report ――"
"""Stands above what is added to a comment of somebody else."""
INK: Mapping[Severity, str] = {"error": "FFC00000", "warning": "FF9C5700", "note": "FF1F4E79"}
NAMES: Mapping[Severity, Words] = {
    "error": Words("错误", "error"),
    "warning": Words("提示", "warning"),
    "note": Words("说明", "note"),
}
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_THREADED = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
_PERSON = "{" + str(uuid.uuid5(uuid.NAMESPACE_DNS, "xl2report")).upper() + "}"
_REPLIED = "2000-01-01T00:00:00.00"
"""The date of our replies in threads, which must have one."""
_NUMBERED = re.compile(r"【(\d+)】")
_OURS = re.compile(r"【\d+】(?:" + "|".join(f"{n.zh}|{n.en}" for n in NAMES.values()) + r") [A-Z]+\d+  ")
"""How our comments begin: LibreOffice forgets who wrote them."""

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


class Comments:
    """The comments of one sheet, in their three forms: texts, boxes, threads.

    The boxes (VML) are edited as text: Excel itself writes some that are not well-formed XML.
    """

    def __init__(self, package: Package, tab: Tab) -> None:
        self.package = package
        self.tab = tab
        self.part = package.related(tab.part, "comments")
        self.threads = package.related(tab.part, "threadedComment")
        legacy = package.tree(tab.part).find(tag_of("legacyDrawing"))
        by_id = {relation.id: relation.target for relation in package.relations(tab.part)}
        drawing = by_id.get(legacy.get(f"{{{REL}}}id", "")) if legacy is not None else None
        self.drawing = drawing if drawing in package.parts else None

    # -- putting in ---------------------------------------------------------------------------
    def say(self, row: int, column: int, last: int, texts: Said) -> None:
        """Add texts to the comment of a cell, or make one beside it."""
        from lxml import etree

        part, drawing = self.made_part(), self.made_drawing()
        root = self.package.edit(part)
        ref = f"{letters(column)}{row + 1}"
        lines = [f"【{number}】{line}" if not at else line for number, _, of in texts for at, line in enumerate(of)]
        comment = next((c for c in root.iter(tag_of("comment")) if c.get("ref") == ref), None)
        if comment is not None:
            text = comment.find(tag_of("text"))
            whole = f"{text_of(text)}\n{LINE}\n" + "\n".join(lines)
            _append_runs(text, [_run(f"\n{LINE}\n", INK["note"], bold=False), *_runs(texts)])
            self.enlarge(drawing, row, column, whole)
            self.reply(ref, "\n".join(lines))
            return
        comment = etree.SubElement(root.find(tag_of("commentList")), tag_of("comment"))
        comment.set("ref", ref)
        comment.set("authorId", str(self.author(root)))
        _append_runs(etree.SubElement(comment, tag_of("text")), _runs(texts))
        self.draw(drawing, row, column, last, "\n".join(lines))

    def author(self, root: Any) -> int:
        """The number of our name among the authors."""
        from lxml import etree

        authors = root.find(tag_of("authors"))
        names = [author.text for author in authors.iter(tag_of("author"))]
        if AUTHOR not in names:
            etree.SubElement(authors, tag_of("author")).text = AUTHOR
            return len(names)
        return names.index(AUTHOR)

    def made_part(self) -> str:
        """The part with the texts; made where there is none."""
        if self.part is None:
            self.part = self.package.free(self.package.beside_workbook("comments{}.xml"))
            text = f'<comments xmlns="{MAIN}"><authors/><commentList/></comments>'
            self.package.add(self.part, DECLARATION + text.encode(), _COMMENTS_TYPE)
            self.package.relate(self.tab.part, "comments", self.part)
        return self.part

    def made_drawing(self) -> str:
        """The part with the boxes; made where there is none."""
        from lxml import etree

        if self.drawing is None:
            package = self.package
            self.drawing = package.free(package.beside_workbook("drawings/vmlDrawing{}.vml"))
            boxes = [part for name, part in package.parts.items() if name.lower().endswith(".vml")]
            used = [int(n) for part in boxes for n in re.findall(rb'idmap[^>]*data="(\d+)', part)]
            package.parts[self.drawing] = _VML % (max(used, default=0) + 1)
            types = package.tree(CONTENT_TYPES)
            if not any(d.get("Extension", "").lower() == "vml" for d in types):
                default = etree.Element(f"{{{TYPES}}}Default")
                default.set("Extension", "vml")
                default.set("ContentType", "application/vnd.openxmlformats-officedocument.vmlDrawing")
                package.edit(CONTENT_TYPES).insert(0, default)
            sheet = package.edit(self.tab.part)
            legacy = sheet.find(tag_of("legacyDrawing"))
            if legacy is None:
                legacy = etree.Element(tag_of("legacyDrawing"), nsmap={**sheet.nsmap, "r": REL})
                insert(sheet, legacy, _AFTER_LEGACY)
            legacy.set(f"{{{REL}}}id", package.relate(self.tab.part, "vmlDrawing", self.drawing))
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
        left = _walk(self.column_width, column + 1, 0, 14, LAST_COLUMN)
        right = _walk(self.column_width, *left, _BOX, LAST_COLUMN)
        top = _walk(self.row_height, max(row - 1, 0), 0, 8, LAST_ROW)
        bottom = _walk(self.row_height, *top, height, LAST_ROW)
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
                right, right_off = _walk(self.column_width, left, left_off, width, LAST_COLUMN)
            had = sum(map(self.row_height, range(top, bottom))) + bottom_off - top_off
            bottom, bottom_off = _walk(self.row_height, top, top_off, max(_height(text, width), had), LAST_ROW)
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
        names = [author.text for author in root.iter(tag_of("author"))]
        for comment in list(root.iter(tag_of("comment"))):
            place, text = row_and_column(comment.get("ref", "")), comment.find(tag_of("text"))
            author = int(comment.get("authorId", "0"))
            if place is None or text is None:
                continue
            words = text_of(text)
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
        if next(root.iter(tag_of("comment")), None) is None:
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
            sheet.remove(sheet.find(tag_of("legacyDrawing")))

    # -- measures -----------------------------------------------------------------------------
    @cached_property
    def columns(self) -> list[tuple[int, int, int]]:
        """First column, last column and width in pixels."""
        found = []
        for col in self.package.tree(self.tab.part).iter(tag_of("col")):
            width = 0 if col.get("hidden") in ("1", "true") else int(float(col.get("width", "9")) * 7 + 0.5)
            found.append((int(col.get("min", "1")) - 1, int(col.get("max", "1")) - 1, width))
        return found

    @cached_property
    def heights(self) -> dict[int, int]:
        """The height of each row that has one, in pixels."""
        return {
            number: 0 if row.get("hidden") in ("1", "true") else int(float(row.get("ht")) * 4 / 3 + 0.5)
            for number, row in rows_of(self.package.tree(self.tab.part))
            if row.get("ht") or row.get("hidden") in ("1", "true")
        }

    @cached_property
    def usual(self) -> tuple[int, int]:
        """The width of other columns and the height of other rows, in pixels."""
        sizes = self.package.tree(self.tab.part).find(tag_of("sheetFormatPr"))
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
    return etree.fromstring(f'<r xmlns="{MAIN}"><rPr>{properties}</rPr>{body}</r>')


def _append_runs(text: Any, runs: Iterable[Any]) -> None:
    """Put runs behind a text; one without runs becomes the first run."""
    from lxml import etree

    bare = text.find(tag_of("t"))
    if bare is not None:
        first = etree.Element(tag_of("r"), nsmap=text.nsmap)
        text.replace(bare, first)
        first.append(bare)
    for run in runs:
        insert(text, run, ("rPh", "phoneticPr"))


def _cut(text: Any) -> None:
    """Take out of a comment what stands from our line on."""
    keep = len(text_of(text).partition(f"\n{LINE}")[0].removesuffix(LINE))
    for t in list(text.iter(tag_of("t"))):
        words = t.text or ""
        t.text = words[:keep]
        keep = max(keep - len(words), 0)
        run = t.getparent()
        if not t.text and run.tag == tag_of("r"):
            run.getparent().remove(run)

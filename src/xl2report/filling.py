"""Prepared template + values -> the parts of a report, whole and well-formed, without docxtpl, python-docx or a tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from types import CodeType
from typing import Any, NamedTuple

from xl2report.manifest import BEGIN, Ledger, without_sentinels
from xl2report.packages import Deflated
from xl2report.sandbox import PRINTED, TooMuch, environment
from xl2report.trees import Parts, escape, parsed

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class Rendered(NamedTuple):
    """A part that is rendered: its code, what its text begins with and what stands for that, what follows the text.

    ``paragraphs`` are the texts of the template's paragraphs, for findings.
    """

    name: str
    code: CodeType
    opening: str
    before: str
    after: str
    paragraphs: str


class Properties(NamedTuple):
    """The part of the document properties, with signs where the program writes."""

    name: str
    text: str


TITLE, AUTHOR, DATE = "\ue0c1title\ue0c1", "\ue0c1author\ue0c1", datetime(1601, 1, 2, 3, 4, 5)  # noqa: DTZ001
"""Stand in the properties of a prepared template for what a report says."""


class Prepared(NamedTuple):
    """A template ready to be filled: the rendered parts in their order, all others, and the document properties."""

    rendered: tuple[Rendered, ...]
    constant: Mapping[str, Deflated]
    properties: Properties


class Failed(Exception):  # noqa: N818 - not an error of the program
    """A template that cannot be compiled or rendered: the error, and the part, paragraph and text where it arose."""

    def __init__(self, error: Exception, part: str = "", paragraph: int = 0, text: str = "") -> None:
        super().__init__(str(error))
        self.error = error
        self.part = part
        self.paragraph = paragraph
        self.text = text


def filled_parts(
    template: Prepared, context: Mapping[str, object], ledger: Ledger | None, *, as_tree: bool = False
) -> Parts:
    """The parts of a report but its document properties; with ``as_tree`` the body is open as a tree.

    Raises:
        Failed: where the template asks for what there is not, or what it makes is no XML.
    """
    env = environment(ledger)
    parts = Parts(template.constant)
    for part in template.rendered:
        text = _filled(part, env, context)
        try:
            opens = as_tree and bool(part.opening)
            if not opens:
                parse_strictly(text)
            parts[part.name] = _whole(part, text)
            if opens:
                parts.tree(part.name)
        except Exception as error:
            raise Failed(_clearly(text, error), part.name) from error
    return parts


def properties_of(template: Prepared, title: str, author: str, date: datetime) -> bytes:
    """The document properties of a report."""
    text = template.properties.text
    for sign, said in ((TITLE, title), (AUTHOR, author), (_w3c(DATE), _w3c(date))):
        text = text.replace(sign, escape(said))
    return text.encode()


def _w3c(date: datetime) -> str:
    return f"{date:%Y-%m-%dT%H:%M:%SZ}"


def _filled(part: Rendered, env: Any, context: Mapping[str, object]) -> str:
    """What a part prints, without what is not to be marked."""
    try:
        text = _printed(part, env, context)
    except Exception as error:  # a template may make any operation fail
        line = failing_line(error, part.code.co_filename)
        texts = part.paragraphs.split("\n")
        raise Failed(error, part.name, line - 1, texts[line - 1] if 0 < line <= len(texts) else "") from error
    text = text.replace("\n<w:p ", "<w:p ").replace("\n<w:p>", "<w:p>")
    if BEGIN in text:
        text = _unmarked_tags(text)
    return resolved(text)


def _whole(part: Rendered, text: str) -> bytes:
    """A part from what was rendered."""
    if part.opening:
        text = numbered(fitted(text)).removeprefix(part.opening)
    return (part.before + text + part.after).encode()


def _printed(part: Rendered, env: Any, context: Mapping[str, object]) -> str:
    """What a part prints, where it is not too much."""
    from jinja2 import Template

    template = Template.from_code(env, part.code, env.make_globals(None))
    env.meter.begin()
    found: list[str] = []
    size = 0
    pieces: Any = template.root_render_func(template.new_context(dict(context)))
    try:
        while some := list(islice(pieces, 64)):
            size += sum(map(len, some))
            if size > PRINTED:
                # thrown where the template stands, so that its place can be told
                pieces.throw(TooMuch(f"输出超过 {PRINTED} 个字符", f"it prints more than {PRINTED} characters"))
            found += some
    except Exception:
        env.handle_exception()  # raises the same with the template's own lines
    return "".join(found)


def failing_line(error: BaseException, code: str) -> int:
    """The line of the template source in which an error arose, 0 where it cannot be told."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == code:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line if isinstance(line, int) else 0


def _unmarked_tags(text: str) -> str:
    """The XML without sentinels inside of tags: nothing can be marked there, and Word reads numbers."""
    pieces = []
    done = at = 0
    while (at := text.find(BEGIN, at)) >= 0:
        start = text.rfind("<", done, at)
        if start > text.rfind(">", done, at):
            end = text.find(">", at)
            end = len(text) if end < 0 else end
            pieces += [text[done:start], without_sentinels(text[start:end])]
            done = at = end
        else:
            at += 1
    return "".join([*pieces, text[done:]]) if pieces else text


def parse_strictly(text: str) -> None:
    """Nothing, where a text is well-formed XML; an error of the parser where it is not."""
    from xml.parsers import expat

    expat.ParserCreate(namespace_separator=" ").Parse(text.encode(), True)


def _clearly(text: str, error: Exception) -> Exception:
    """Why a text is no XML, said of the text alone, and more clearly than expat does."""
    try:
        parsed(text.encode())
    except Exception as clearer:  # lxml's own, or that of a text that cannot be encoded
        return clearer
    return error


# -- what docxtpl does to what was rendered -----------------------------------------------------------


_SPECIAL = re.compile("[\t\n\a\f]")
_PARAGRAPH = re.compile(r"<w:p(?: [^>]*)?>.*?</w:p>", re.DOTALL)
_PARAGRAPH_PROPERTIES = re.compile(r"<w:pPr>.*?</w:pPr>")
_RUN = re.compile(r"<w:r(?: [^>]*)?>.*?</w:r>", re.DOTALL)
_RUN_PROPERTIES = re.compile(r"<w:rPr>.*?</w:rPr>")
_TEXT = re.compile(r"<w:t(?: [^>]*)?>.*?</w:t>", re.DOTALL)


def resolved(xml: str) -> str:
    """The XML with tabs, line breaks, new paragraphs (BEL) and new pages (FF) where a text has their signs."""
    if not any(sign in xml for sign in "\t\n\a\f"):
        return xml

    def paragraph(match: re.Match[str]) -> str:
        if not _SPECIAL.search(match[0]):
            return match[0]
        properties = _PARAGRAPH_PROPERTIES.search(match[0])
        own = properties[0] if properties else ""
        return _RUN.sub(lambda run: _resolved_run(run[0], own), match[0])

    return _PARAGRAPH.sub(paragraph, xml)


def _resolved_run(run: str, paragraph: str) -> str:
    properties = _RUN_PROPERTIES.search(run)
    own = properties[0] if properties else ""
    text = '<w:t xml:space="preserve">'
    again = f"<w:p>{paragraph}<w:r>{own}{text}"
    signs = {
        "\t": f"</w:t></w:r><w:r>{own}<w:tab/></w:r><w:r>{own}{text}",
        "\n": f"</w:t><w:br/>{text}",
        "\a": f"</w:t></w:r></w:p>{again}",
        "\f": f'</w:t></w:r></w:p><w:p><w:r><w:br w:type="page"/></w:r></w:p>{again}',
    }
    return _TEXT.sub(lambda said: _SPECIAL.sub(lambda sign: signs[sign[0]], said[0]), run)


_BEFORE_DRAWING = re.compile(r"<(?:\w+:)?$")
_ID = re.compile(r'(?<= )id="[^"]*"')


def numbered(xml: str) -> str:
    """The XML with a number of its own for every drawing, from 1001 on."""
    pieces = xml.split("docPr ")
    number = 1000
    for at in range(1, len(pieces)):
        if _BEFORE_DRAWING.search(pieces[at - 1][-64:]):
            number += 1
            tag, end, rest = pieces[at].partition(">")
            pieces[at] = _ID.sub(f'id="{number}"', f" {tag}", count=1)[1:] + end + rest
    return "docPr ".join(pieces)


_GRID_COLUMN = re.compile("<w:gridCol[ />]")
_SPAN = re.compile(r'<w:gridSpan w:val="(\d+)"/>')


def fitted(xml: str) -> str:
    """The XML with as many columns in the grid of each table as its rows have cells."""
    return xml if _fits(xml) else _refitted(xml)


def _fits(xml: str) -> bool:
    """Whether every table has the columns that it needs, as far as that can be told without a tree."""
    end = 0
    while (start := xml.find("<w:tbl>", end)) >= 0:
        end = xml.find("</w:tbl>", start)
        inside = xml[start + 7 : end]
        # docxtpl counts tables in tables, and cells in controls, in ways of its own
        if end < 0 or "<w:tbl>" in inside or "<w:sdt>" in inside or "<w:sdt " in inside or not _table_fits(inside):
            return False
    return "<w:tbl " not in xml


def _table_fits(table: str) -> bool:
    """Whether the grid of a table has as many columns as its widest row, and no row has more cells."""
    if "<w:tc/>" in table:
        return False
    columns = len(_GRID_COLUMN.findall(table))
    widest = 0
    for row in table.split("</w:tr>")[:-1]:
        cells = covered = row.count("</w:tc>")
        if "<w:gridSpan" in row:
            spans = _SPAN.findall(row)
            if row.count("<w:gridSpan") > len(spans):
                return False
            covered += sum(map(int, spans)) - len(spans)
        if cells > columns:
            return False
        widest = max(widest, covered)
    return columns == widest


def _refitted(xml: str) -> str:
    """The same by way of a tree, as docxtpl does it: columns are added at their average width, or taken away at the end."""
    from lxml import etree

    tree: Any = etree.fromstring(xml.encode(), etree.XMLParser(resolve_entities=False, huge_tree=True))
    for table in tree.iter(f"{W}tbl"):
        grid = table.find(f"{W}tblGrid")
        columns = grid.findall(f"{W}gridCol")
        rows = [row.findall(f"{W}tc") for row in table.iter(f"{W}tr")]
        missing = max([len(row) for row in rows], default=0) - len(columns)
        if missing > 0:
            widths = [float(column.get(f"{W}w") or 0) for column in columns]
            if sum(widths) > 0:
                average = sum(widths) / (len(columns) + missing)
                scale = sum(widths) / len(columns)
                for column in columns:
                    column.set(f"{W}w", str(int(float(column.get(f"{W}w")) * average / scale)))
                for _ in range(missing):
                    etree.SubElement(grid, f"{W}gridCol", {f"{W}w": str(int(average))})
        columns = grid.findall(f"{W}gridCol")
        extra = len(columns) - max([sum(map(_span, row)) for row in rows], default=0)
        if extra > 0:
            gone = columns[-extra:]
            width = sum(float(column.get(f"{W}w")) for column in gone)
            for column in gone:
                grid.remove(column)
            left = columns[:-extra]
            more = int(width / len(left)) if left else 0
            for column in left:
                column.set(f"{W}w", str(int(float(column.get(f"{W}w")) + more)))
    text: str = etree.tostring(tree, encoding="unicode")
    return text


def _span(cell: Any) -> int:
    """How many columns a cell covers."""
    properties = cell.find(f"{W}tcPr")
    span = properties.find(f"{W}gridSpan") if properties is not None else None
    return 1 if span is None else int(span.get(f"{W}val"))

"""The table of contents of a rendered report: entries that are links, with the page numbers that are printed.

A template says where it stands by the tag ``{{ 目录 }}``, which renders to :data:`MARK`. The numbers come from
LibreOffice: a copy of the report gets a page more at its end, with a PAGEREF field for every heading, and
LibreOffice, when it saves that copy, writes into each field the number printed on the heading's page.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from xl2report import office
from xl2report.findings import Finding, finding
from xl2report.packages import pack, parts_of
from xl2report.trees import parsed, serialised, tree_of

Toc = Literal["auto", "paginate", "field", "none"]
"""Page numbers where LibreOffice is found; page numbers; a field to be updated in Word; no contents."""

MARK = "\ue0c0目录\ue0c0"
"""What the tag renders to: private-use characters, so that no text of a user can be taken for it."""
TOC_FIELD = r' TOC \o "1-3" \h \z \u '
ATTACHMENT = "附件编号"
ATTACHMENT_TITLE = "附件标题"
"""Styles of the template: an attachment's number opens it, and its inner headings are not listed."""
ROUNDS = 3
"""How often numbers are written and measured again before they are said not to settle."""
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PAGE = re.compile(r"xl2report-page (\S+) (.*)", re.DOTALL)
_UNKNOWN = "?"


class Contents(NamedTuple):
    """A report with its contents, or ``None`` where they were asked for and cannot be made; and what was found."""

    parts: Mapping[str, bytes] | None
    findings: tuple[Finding, ...] = ()


class Entry(NamedTuple):
    """One line of the contents: its level (1 to 3), its text, its heading's bookmark, and the page once known."""

    level: int
    text: str
    bookmark: str
    page: str = ""


def mark(toc: Toc) -> str:
    """What the tag prints: nothing where no contents are wanted, so that a template can ask ``{% if 目录 %}``."""
    return "" if toc == "none" else MARK


def with_contents(parts: Mapping[str, bytes], toc: Toc, place: str) -> Contents:
    """Put the contents where the mark stands; a report without the mark stays as it is.

    Args:
        parts: the rendered .docx, not yet sealed.
        toc: what is wanted.
        place: the file that a finding is about.
    """
    if MARK.encode() not in parts.get(_target(parts, "", "officeDocument"), b""):
        return Contents(parts)
    body = _Body(parts)
    if toc == "field":
        return Contents(body.parts(body.entries), (_unnumbered(place, "未分页（field）", "not paginated (field)"),))
    if toc == "auto" and office.program() is None:
        return Contents(
            body.parts(body.entries), (_unnumbered(place, "没有找到 LibreOffice", "LibreOffice was not found"),)
        )
    numbered = _paginated(body, place)
    if not isinstance(numbered, Finding):
        return Contents(numbered, (finding("N407", place),))
    if toc == "paginate":
        return Contents(None, (numbered,))
    reason = numbered.message
    return Contents(body.parts(body.entries), (finding("N409", place, reason_zh=reason.zh, reason_en=reason.en),))


def _unnumbered(place: str, zh: str, en: str) -> Finding:
    return finding("N408", place, reason_zh=zh, reason_en=en)


def _paginated(body: _Body, place: str) -> Mapping[str, bytes] | Finding:
    """The report with page numbers that LibreOffice confirms, or why there are none."""
    entries = body.entries
    for _ in range(ROUNDS):
        measured = office.convert(pack(body.parts(entries, measuring=True)), "docx", place)
        if isinstance(measured, Finding):
            return measured
        pages = printed_pages(measured)
        if any(pages.get(entry.bookmark, _UNKNOWN) in ("", _UNKNOWN) for entry in entries):
            return finding("O606", place, reason_zh="没有给出页码", reason_en="it gave no page numbers")
        numbered = tuple(entry._replace(page=pages[entry.bookmark]) for entry in entries)
        if numbered == entries:
            return body.parts(entries)
        entries = numbered
    return finding("O606", place, reason_zh="页码不稳定", reason_en="the page numbers do not settle")


def printed_pages(measured: bytes) -> Mapping[str, str]:
    """Bookmark -> page number, from a copy made for measuring after LibreOffice has saved it."""
    pages = {}
    parts = parts_of(measured)
    for paragraph in parsed(parts[_target(parts, "", "officeDocument")]).iter(f"{W}p"):
        found = _PAGE.fullmatch(_text(paragraph))
        if found:
            pages[found[1]] = found[2].strip()
    return pages


# -- the document -------------------------------------------------------------------------------------


class _Body:
    """A rendered document with bookmarks at its headings, ready to be packed with any page numbers."""

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        self._parts = dict(parts)
        self._name = _target(parts, "", "officeDocument")
        self._root = tree_of(parts, self._name)
        body = self._root.find(f"{W}body")
        levels = heading_levels(parts.get(_target(parts, self._name, "styles"), b"<none/>"))
        self._styles = {name.lower(): style for style, (name, _) in levels.items()}
        headings = list(_headings(body, levels))
        ids = [_whole(mark.get(f"{W}id")) or 0 for mark in body.iter(f"{W}bookmarkStart")]
        names = {mark.get(f"{W}name") for mark in body.iter(f"{W}bookmarkStart")}
        first = max([0, *ids]) + 1
        entries = []
        for number, (paragraph, level, text) in enumerate(headings):
            name = _free(f"_Toc{number + 1:09d}", names)
            _bookmark(paragraph, first + number, name)
            entries.append(Entry(level, text, name))
        self.entries: tuple[Entry, ...] = tuple(entries)

    def parts(self, entries: Sequence[Entry], *, measuring: bool = False) -> Mapping[str, bytes]:
        """The parts with these entries; for measuring, with a page more that asks for the number of each."""
        root = copy.deepcopy(self._root)
        body = root.find(f"{W}body")
        _replace_mark(body, self._toc(entries))
        if measuring:
            at = len(body) - (len(body) > 0 and body[-1].tag == f"{W}sectPr")
            body[at:at] = [_asking(entry, first=number == 0) for number, entry in enumerate(entries)]
        return {**self._parts, self._name: serialised(root)}

    def _toc(self, entries: Sequence[Entry]) -> list[Any]:
        """The TOC field: a paragraph an entry, and one of no height that ends the field, as Word writes it."""
        styles = {level: self._styles.get(f"toc {level}", f"TOC{level}") for level in (1, 2, 3)}
        paragraphs = [_line(entry, styles[entry.level]) for entry in entries]
        end = _paragraph(styles[1])
        end[0].append(_element("spacing", before="0", after="0", line="20", lineRule="exact"))
        begin = [_run(_element("fldChar", fldCharType="begin")), _instruction(TOC_FIELD)]
        begin.append(_run(_element("fldChar", fldCharType="separate")))
        (paragraphs or [end])[0][1:1] = begin
        end.append(_run(_element("fldChar", fldCharType="end")))
        return [*paragraphs, end]


def _headings(body: Any, levels: Mapping[str, tuple[str, int]]) -> Iterator[tuple[Any, int, str]]:
    """Paragraph, level and text of everything that the contents list."""
    inside = False
    waiting: tuple[Any, int, str] | None = None
    for paragraph in body.iterchildren(f"{W}p"):
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        name, level = levels.get(style.get(f"{W}val") if style is not None else "", ("", 0))
        text = re.sub("[ \t\n]+", " ", _text(paragraph)).strip()
        if waiting:
            number = waiting[2]
            yield (*waiting[:2], f"{number}　{text}" if name == ATTACHMENT_TITLE else number)
            waiting = None
        if name == ATTACHMENT and text:
            inside, waiting = True, (paragraph, level or 2, text)
        elif level and text:
            inside = inside and level > 1
            if not inside:
                yield paragraph, level, text
    if waiting:
        yield waiting


def heading_levels(styles: bytes) -> Mapping[str, tuple[str, int]]:
    """Style id -> (name, level 1 to 3 of the heading that it is or is based on, else 0)."""
    known = {}
    for style in parsed(styles).iter(f"{W}style"):
        name, base = style.find(f"{W}name"), style.find(f"{W}basedOn")
        outline = style.find(f"{W}pPr/{W}outlineLvl")
        number = _whole(outline.get(f"{W}val")) if outline is not None else None
        known[style.get(f"{W}styleId", "")] = (
            name.get(f"{W}val", "") if name is not None else "",
            base.get(f"{W}val", "") if base is not None else "",
            None if number is None else number + 1,
        )

    def level(style: str, depth: int = 0) -> int:
        name, base, outline = known.get(style, ("", "", 0))
        heading = re.fullmatch(r"(?i)heading ([1-9])", name)
        found = int(heading[1]) if heading else outline
        if found is None:
            return level(base, depth + 1) if base and depth < len(known) else 0
        return found if found <= 3 else 0

    return {style: (name, level(style)) for style, (name, _, _) in known.items()}


def _whole(text: str | None) -> int | None:
    """A whole number of the XML, or ``None`` where it is none."""
    return int(text) if text and re.fullmatch(r"\d{1,9}", text) else None


def _target(parts: Mapping[str, bytes], source: str, kind: str) -> str:
    """The part that a part (or the package, "") refers to by a relation of this kind, or ""."""
    folder, _, name = source.rpartition("/")
    relations = parts.get(f"{folder}/_rels/{name}.rels".lstrip("/"))
    for relation in parsed(relations) if relations else ():
        if relation.get("Type", "").endswith(f"/{kind}"):
            target: str = relation.get("Target", "")
            return target[1:] if target.startswith("/") else f"{folder}/{target}".lstrip("/")
    return ""


def _free(name: str, names: set[str | None]) -> str:
    """A bookmark's name that the template does not use."""
    while name in names:
        name = f"_Toc{int(name[4:]) + 100_000:09d}"
    names.add(name)
    return name


def _bookmark(paragraph: Any, number: int, name: str) -> None:
    """Put a bookmark around the text of a heading."""
    properties = paragraph.find(f"{W}pPr")
    start = _element("bookmarkStart", id=str(number), name=name)
    paragraph.insert(0 if properties is None else 1, start)
    paragraph.append(_element("bookmarkEnd", id=str(number)))


def _replace_mark(body: Any, toc: Sequence[Any]) -> None:
    """The contents in place of the first paragraph that is the mark and nothing else; no mark anywhere."""
    done = False
    for paragraph in list(body.iterchildren(f"{W}p")):
        if not done and _text(paragraph).strip() == MARK:
            at = body.index(paragraph)
            section = paragraph.find(f"{W}pPr/{W}sectPr")
            if section is not None:
                toc[-1][0].append(section)
            body[at : at + 1] = list(toc)
            done = True
    for text in body.iter(f"{W}t"):
        if text.text and MARK in text.text:
            text.text = text.text.replace(MARK, "")


# -- elements -----------------------------------------------------------------------------------------


def _line(entry: Entry, style: str) -> Any:
    """One line: a link to the heading, with the text, a tab and the number in a PAGEREF field."""
    paragraph = _paragraph(style)
    link = _element("hyperlink", anchor=entry.bookmark, history="1")
    link.extend([_run(_plain(entry.text)), _run(_element("tab")), *_page_field(entry.bookmark, entry.page)])
    paragraph.append(link)
    return paragraph


def _asking(entry: Entry, *, first: bool) -> Any:
    """A paragraph of the page for measuring: ``xl2report-page BOOKMARK NUMBER``."""
    paragraph = _element("p")
    if first:
        properties = _element("pPr")
        properties.append(_element("pageBreakBefore"))
        paragraph.append(properties)
    paragraph.append(_run(_plain(f"xl2report-page {entry.bookmark} ")))
    paragraph.extend(_page_field(entry.bookmark, _UNKNOWN))
    return paragraph


def _page_field(bookmark: str, page: str) -> list[Any]:
    """The runs of a PAGEREF field with the number that it shows until somebody updates it."""
    runs = [_run(_element("fldChar", fldCharType="begin")), _instruction(f" PAGEREF {bookmark} \\h ")]
    runs.append(_run(_element("fldChar", fldCharType="separate")))
    runs += [_run(_plain(page))] if page else []
    return [*runs, _run(_element("fldChar", fldCharType="end"))]


def _paragraph(style: str) -> Any:
    paragraph, properties = _element("p"), _element("pPr")
    properties.append(_element("pStyle", val=style))
    paragraph.append(properties)
    return paragraph


def _run(child: Any) -> Any:
    run = _element("r")
    run.append(child)
    return run


def _instruction(text: str) -> Any:
    return _run(_plain(text, "instrText"))


def _plain(text: str, tag: str = "t") -> Any:
    element = _element(tag)
    element.text = text
    element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return element


def _element(tag: str, **attributes: str) -> Any:
    from lxml import etree

    element = etree.Element(f"{W}{tag}", nsmap={"w": W[1:-1]})
    for name, value in attributes.items():
        element.set(f"{W}{name}", value)
    return element


def _text(paragraph: Any) -> str:
    """The text of a paragraph; a tab or a line break is a space."""
    return "".join(
        element.text or "" if element.tag == f"{W}t" else " "
        for element in paragraph.iter(f"{W}t", f"{W}tab", f"{W}br")
        if element.getparent().tag == f"{W}r"
    )

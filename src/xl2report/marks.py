"""Marks in a Word report: put where a template printed something that is known, and read back after people edited it.

A mark is a hidden bookmark ``_x2r_000123``; with ``control`` it stands in a content control whose tag is the same name. What
it stands for is in the manifest, a custom XML part. Reading judges nothing: it tells what is there and what is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from xl2report.charts import ChartData, Drawn, chart_drawings, charts_drawn
from xl2report.guards import unpacked
from xl2report.manifest import (
    BEGIN,
    END,
    PREFIX,
    SAID,
    SPACE,
    Carrier,
    DrawnChart,
    Ledger,
    Manifest,
    Mark,
    Origin,
    Part,
    Point,
    Source,
    fingerprint_of,
    manifest_in,
    without_sentinels,
    written,
)
from xl2report.packages import CONTENT_TYPES, Deflated
from xl2report.trees import has_tree, put_tree, tree_of

DOCUMENT = "word/document.xml"
RELATIONS = "word/_rels/document.xml.rels"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
W15 = "http://schemas.microsoft.com/office/word/2012/wordml"
COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_PRESERVED = {"{http://www.w3.org/XML/1998/namespace}space": "preserve"}
_FALLBACK = f"{{{COMPATIBILITY}}}Fallback"
HIDDEN = frozenset([_FALLBACK, f"{W}del", f"{W}moveFrom"])
"""What is not part of the text: the other form of a text box, and what was deleted or moved away while tracked."""
_PRINTED = re.compile(f"{BEGIN}(\\d+){SAID}([^{BEGIN}{SAID}{END}]+){END}")
_PIECES = re.compile(f"({BEGIN}\\d+{SAID}|{END})")
_BYTES = BEGIN.encode()[:2]
"""What all sentinels begin with in UTF-8."""
_OF_NUMBERS = "0123456789.,-−%％"
_NUMERIC = ("figure", "item", "box")


# -- putting marks in -----------------------------------------------------------------------------


def place_marks(parts: MutableMapping[str, bytes], ledger: Ledger, carrier: Carrier) -> tuple[Mark, ...]:
    """Turn the sentinels of a rendered report into marks, wherever they stand in a text; take out all others.

    Args:
        parts: the parts of the report, changed in place.
        ledger: what was printed.
        carrier: what the marks are made of.

    Returns:
        The marks in the order of their names: headers, footers and notes first, then the body.
    """
    marks: list[Mark] = []
    identifiers = _highest_identifier(parts)
    # the body comes last: its bookmarks then have the highest numbers, and the contents go on from there
    for name in sorted(parts, key=lambda part: (part == DOCUMENT, part)):
        if not name.endswith(".xml") or (not has_tree(parts, name) and _plain(parts[name])):
            continue
        if carrier == "control" and name.startswith("word/"):
            parts[name] = _declared(parts[name])
        root = tree_of(parts, name)
        if name.startswith("word/"):
            marks += _Placer(root, ledger, carrier, identifiers, len(marks)).marks
        put_tree(parts, name, root)
    return tuple(marks)


def clean(parts: MutableMapping[str, bytes]) -> None:
    """Take the sentinels out that stand where nothing can be marked: names of fields, descriptions, properties."""
    for name in parts:
        known = getattr(parts[name], "plain", False)
        if not known and name.endswith((".xml", ".rels")) and _BYTES in parts[name]:
            parts[name] = without_sentinels(parts[name].decode()).encode()


def _plain(part: bytes) -> bool:
    """Whether nothing is marked in a part or to be marked, nor numbered; of one that is known to come again it is looked up once."""
    plain: bool | None = getattr(part, "plain", None)
    if plain is None:
        plain = not any(sign in part for sign in (_BYTES, PREFIX.encode(), b"<w:bookmarkStart ", b"<w:sdtPr>"))
        if isinstance(part, Deflated):
            part.plain = plain
    return plain


def _highest_identifier(parts: Mapping[str, bytes]) -> int:
    """The highest number that a bookmark or control of the template has."""
    found = [0]
    for name in parts:
        if has_tree(parts, name):
            root = tree_of(parts, name)
            numbers = [mark.get(f"{W}id") for mark in root.iter(f"{W}bookmarkStart")]
            numbers += [
                one.get(f"{W}val") for control in root.iter(f"{W}sdtPr") for one in control.iterchildren(f"{W}id")
            ]
            found += [int(number) for number in numbers if re.fullmatch(r"\d{1,9}", number or "")]
        elif name.startswith("word/") and name.endswith(".xml") and not _plain(parts[name]):
            data = parts[name]
            found += map(int, re.findall(rb'<w:bookmarkStart [^>]*w:id="(\d{1,9})"', data))
            found += map(int, re.findall(rb'<w:sdtPr>(?:(?!</w:sdtPr>).)*?<w:id w:val="(\d{1,9})"', data, re.DOTALL))
    return max(found)


def _declared(data: bytes) -> bytes:
    """A part that may say that a control is not to be framed: older programs have to know that they may ignore it."""
    root = re.search(rb"<(?!\?|!)[^>]*>", data)
    if root is None:
        return data
    tag = root[0]
    for prefix, space in ((b"mc", COMPATIBILITY), (b"w15", W15)):
        if b"xmlns:" + prefix + b"=" not in tag:
            tag = tag[:-1] + b" xmlns:" + prefix + b'="' + space.encode() + b'">'
    ignorable = re.search(rb'mc:Ignorable="([^"]*)"', tag)
    if ignorable is None:
        tag = tag[:-1] + b' mc:Ignorable="w15">'
    elif b"w15" not in ignorable[1].split():
        tag = tag.replace(ignorable[0], b'mc:Ignorable="' + (ignorable[1] + b" w15").strip() + b'"')
    return data[: root.start()] + tag + data[root.end() :]


class _Placer:
    """One part being marked."""

    def __init__(self, root: Any, ledger: Ledger, carrier: Carrier, identifiers: int, first: int) -> None:
        from lxml.etree import SubElement

        self.new = SubElement  # an element of its own is a document of its own, until it is put into another
        self.root = root
        self.ledger = ledger
        self.carrier = carrier
        self.identifiers = identifiers
        self.first = first
        self.marks: list[Mark] = []
        self.bookmarks: dict[int, list[Any]] = {}
        _without_marks(self.root)
        runs, wanted = self._wanted()
        self.named: dict[int, int] = {number: at for at, number in enumerate(wanted, first + 1)}
        self.open = -1
        for run in runs:
            self._split(run)
        for number, touched in wanted.items():
            self.marks.append(self._mark(number, touched))

    def _wanted(self) -> tuple[list[Any], dict[int, bool]]:
        """The runs that sentinels stand in, and the prints that can be marked: whether a sign of numbers touches each."""
        runs: dict[Any, None] = {}
        paragraph: Any = None
        texts: list[str] = []
        before = place = None
        for text in self.root.iter(_T):
            run = text.getparent()
            said = text.text or ""
            signed = BEGIN in said or END in said
            if run.tag != _R:
                text.text = without_sentinels(said) if signed else text.text
                continue
            parent = run.getparent()
            if parent is not place:  # most of the runs of a paragraph stand in it one after another
                place, paragraph = parent, next(run.iterancestors(_P), None)
            if signed:
                if any(True for _ in run.iterancestors(*HIDDEN)):
                    text.text = without_sentinels(said)
                    continue
                runs[run] = None
            texts.append("\n" + said if paragraph is not before else said)
            before = paragraph
        whole = "".join(texts)
        wanted: dict[int, bool] = {}
        for found in _PRINTED.finditer(whole):
            around = whole[max(0, found.start() - 1) : found.start()], whole[found.end() : found.end() + 1]
            wanted.setdefault(int(found[1]), any(sign and sign in _OF_NUMBERS for sign in around))
        return list(runs), wanted

    def _split(self, run: Any) -> None:
        """Put bookmarks between the pieces of a run; each piece keeps its formatting."""
        parent, properties = run.getparent(), run.find(f"{W}rPr")
        children = [child for child in run if child is not properties]
        for child in children:
            run.remove(child)
        pieces: list[Any] = []
        current: Any = None

        def begun() -> Any:
            nonlocal current
            if current is None:
                current = run.__copy__()
                pieces.append(current)
            return current

        for child in children:
            said = child.text if child.tag == _T else None
            if not said or (BEGIN not in said and END not in said):
                begun().append(child)
                continue
            for piece in _PIECES.split(said):
                if piece and piece[0] in BEGIN + END:
                    bookmark = self._bookmark(parent, piece)
                    if bookmark is not None:
                        pieces.append(bookmark)
                        current = None
                elif piece:
                    self.new(begun(), _T, _PRESERVED).text = piece
        for piece in pieces:
            run.addprevious(piece)
        parent.remove(run)

    def _bookmark(self, parent: Any, piece: str) -> Any:
        """The beginning or the end of a mark, ``None`` for what is not to be marked."""
        if piece == END:
            number, self.open = self.open, -1
            if number < 0:
                return None
        else:
            number = int(piece[1:-1])
            if number not in self.named or number in self.bookmarks:
                return None
            self.open = number
        named = self.named[number]
        tag = _BOOKMARK_END if piece == END else _BOOKMARK_START
        bookmark = self.new(parent, tag, {_ID: str(self.identifiers + named)})  # in its place it is put with its run
        if piece != END:
            bookmark.set(_NAME, f"{PREFIX}{named:06d}")
        self.bookmarks.setdefault(number, []).append(bookmark)
        return bookmark

    def _mark(self, number: int, touched: bool) -> Mark:
        """What the manifest says of a mark; its control is made here, where one can hold it."""
        made = self.ledger.prints[number]
        name = f"{PREFIX}{self.named[number]:06d}"
        start, end = self.bookmarks[number]
        carrier = self.carrier
        if carrier == "control":
            if start.getparent() is end.getparent():
                self._control(start, end, name, made.label or made.key)
            else:
                carrier = "bookmark"
        parts = tuple(Part(piece.figure.name, piece.text, piece.at) for piece in made.pieces)
        text = without_sentinels(made.text)
        return Mark(
            name, made.kind, made.key, text, carrier, made.within, made.case, touched and made.kind in _NUMERIC, parts
        )

    def _control(self, start: Any, end: Any, name: str, label: str) -> None:
        """A content control around a bookmark, not framed on the screen."""
        parent = start.getparent()
        first, last = parent.index(start), parent.index(end)
        inside = list(parent[first : last + 1])
        control = start.makeelement(f"{W}sdt")
        properties = start.makeelement(f"{W}sdtPr")
        for tag, value in (("alias", label[:64]), ("tag", name), ("id", str(int(start.get(f"{W}id"))))):
            one = start.makeelement(f"{W}{tag}")
            one.set(f"{W}val", value)
            properties.append(one)
        appearance = start.makeelement(f"{{{W15}}}appearance")
        appearance.set(f"{{{W15}}}val", "hidden")
        properties.append(appearance)
        content = start.makeelement(f"{W}sdtContent")
        parent.insert(first, control)
        control.extend([properties, content])
        content.extend(inside)


def _without_marks(root: Any) -> None:
    """Take out the marks of an earlier report that was made a template."""
    gone = {start.get(f"{W}id") for start in root.iter(f"{W}bookmarkStart") if _named(start)}
    for bookmark in list(root.iter(f"{W}bookmarkStart", f"{W}bookmarkEnd")) if gone else ():
        if bookmark.get(f"{W}id") in gone:
            bookmark.getparent().remove(bookmark)
    for control in list(root.iter(f"{W}sdt")):
        if _tag_of(control).startswith(PREFIX):
            parent, content = control.getparent(), control.find(f"{W}sdtContent")
            at = parent.index(control)
            parent[at : at + 1] = list(content) if content is not None else []


def _named(bookmark: Any) -> bool:
    return str(bookmark.get(f"{W}name") or "").startswith(PREFIX)


def _tag_of(control: Any) -> str:
    tag = control.find(f"{W}sdtPr/{W}tag")
    return str(tag.get(f"{W}val") or "") if tag is not None else ""


# -- the manifest in a package --------------------------------------------------------------------


def manifest_of(
    origin: Origin,
    carrier: Carrier,
    marks: Sequence[Mark],
    ledger: Ledger,
    charts: Mapping[str, ChartData],
    parts: Mapping[str, bytes],
) -> Manifest:
    """What a report is to carry: the marks that were placed, the points of the charts, and the sources of both."""
    sources: dict[str, Source] = {}
    wanted = {mark.key for mark in marks}
    seen: set[str] = set()
    for made in ledger.prints:
        if made.key in wanted and made.key not in seen:
            seen.add(made.key)
            for source in made.sources(sources):
                sources[source.key] = source
    shown = []
    names = {data.alternative: name for name, data in charts.items()}
    for drawing, alternative in chart_drawings(parts) if charts else ():
        if alternative in names:
            data = charts[names[alternative]]
            points = zip(data.categories, data.shown, data.labels, strict=True)
            for figure in data.shown:
                if figure.name not in sources:
                    sources[figure.name] = Source.of(figure, figure.name)
            shown.append(
                DrawnChart(data.name, drawing, tuple(Point(c, figure.name, text) for c, figure, text in points))
            )
    return Manifest(origin, carrier, sources, tuple(marks), tuple(shown))


def put_manifest(parts: MutableMapping[str, bytes], manifest: Manifest) -> None:
    """Add the manifest as a custom XML part; one that a template brought along goes."""
    for name in [name for name in parts if _is_manifest(name, parts)]:
        old = re.sub(r"\D", "", name)
        _drop(parts, name, f"customXml/itemProps{old}.xml", f"customXml/_rels/item{old}.xml.rels")
    number = 1
    while f"customXml/item{number}.xml" in parts:
        number += 1
    data = written(manifest)
    digest = fingerprint_of(data).upper()
    identifier = "-".join(digest[at:until] for at, until in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
    head = '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    parts[f"customXml/item{number}.xml"] = data
    parts[f"customXml/itemProps{number}.xml"] = (
        f'{head}<ds:datastoreItem ds:itemID="{{{identifier}}}" xmlns:ds="{_OFFICE}/customXml">'
        f'<ds:schemaRefs><ds:schemaRef ds:uri="{SPACE}"/></ds:schemaRefs></ds:datastoreItem>'
    ).encode()
    parts[f"customXml/_rels/item{number}.xml.rels"] = (
        f'{head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/customXmlProps" Target="itemProps{number}.xml"/>'
        "</Relationships>"
    ).encode()
    relation = (
        f'<Relationship Id="rIdMarks{number}" Type="{_OFFICE}/relationships/customXml" '
        f'Target="../customXml/item{number}.xml"/></Relationships>'
    )
    parts[RELATIONS] = parts[RELATIONS].replace(b"</Relationships>", relation.encode())
    kind = "application/vnd.openxmlformats-officedocument.customXmlProperties+xml"
    override = f'<Override PartName="/customXml/itemProps{number}.xml" ContentType="{kind}"/></Types>'
    parts[CONTENT_TYPES] = parts[CONTENT_TYPES].replace(b"</Types>", override.encode())
    if not re.search(rb'Extension="xml"', parts[CONTENT_TYPES]):
        default = b'<Default Extension="xml" ContentType="application/xml"/>'
        parts[CONTENT_TYPES] = re.sub(rb"(<Types[^>]*>)", rb"\1" + default, parts[CONTENT_TYPES], count=1)


def _is_manifest(name: str, parts: Mapping[str, bytes]) -> bool:
    return bool(re.fullmatch(r"customXml/item\d+\.xml", name)) and f'"{SPACE}"'.encode() in parts[name][:1000]


def _drop(parts: MutableMapping[str, bytes], *names: str) -> None:
    """Take parts out of a package, with what refers to them from the document and the content types."""
    for name in names:
        parts.pop(name, None)
        escaped = re.escape(name.encode())
        parts[CONTENT_TYPES] = re.sub(
            rb'<Override [^>]*PartName="/' + escaped + rb'"[^>]*/>', b"", parts[CONTENT_TYPES]
        )
        parts[RELATIONS] = re.sub(
            rb'<Relationship [^>]*Target="(?:\.\./|/)' + escaped + rb'"[^>]*/>', b"", parts[RELATIONS]
        )


# -- reading back ---------------------------------------------------------------------------------


class Paragraph(NamedTuple):
    """A paragraph of a report as it is now: its part, its number there counted from 1, its text.

    ``row`` is the number of the table row that it stands in, counted through the report; 0 outside of tables.
    """

    part: str
    number: int
    text: str
    row: int = 0


class Found(NamedTuple):
    """A place where a mark stands now: the text that it holds, and where that begins and ends in its paragraph.

    ``paragraph`` is its place in :attr:`Marked.paragraphs`. A text that goes on in later paragraphs ends with the last of them, and
    ``end`` counts there. ``by`` says how the text was delimited: by the tagged control, the control around the
    bookmark, the bookmark itself, or the number that touches a bookmark which had shrunk.
    """

    name: str
    paragraph: int
    start: int
    until: int
    end: int
    text: str
    by: str


@dataclass(frozen=True)
class Marked:
    """A report read back: its manifest, its paragraphs, its marks in reading order, its charts."""

    manifest: Manifest | None
    paragraphs: tuple[Paragraph, ...]
    found: tuple[Found, ...]
    charts: tuple[Drawn, ...]

    @property
    def missing(self) -> tuple[Mark, ...]:
        """The marks of the manifest that are nowhere in the report."""
        there = {found.name for found in self.found}
        return tuple(m for m in (self.manifest.marks if self.manifest else ()) if m.name not in there)

    @property
    def duplicated(self) -> tuple[str, ...]:
        """The names of the marks that stand in several places."""
        names = [found.name for found in self.found]
        return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))

    def mark(self, name: str) -> Mark | None:
        """What the manifest says of a mark."""
        return self.manifest.by_name.get(name) if self.manifest else None

    @property
    def drawn(self) -> tuple[tuple[DrawnChart, Drawn | None], ...]:
        """Each chart of the manifest with the one that is drawn now: of the same name, else the one in its place."""
        declared = self.manifest.charts if self.manifest else ()
        by_name = {drawn.drawing: drawn for drawn in self.charts}
        if any(chart.drawing in by_name for chart in declared) or len(declared) != len(self.charts):
            return tuple((chart, by_name.get(chart.drawing)) for chart in declared)
        return tuple(zip(declared, self.charts, strict=True))  # LibreOffice names the drawings anew

    @property
    def has_schedules(self) -> bool:
        """Whether the schedules stand in the report as tables."""
        if self.manifest is not None:
            return any(mark.kind == "box" for mark in self.manifest.marks)
        return any(re.fullmatch(r"\s*公开\d\d表\s*", paragraph.text) for paragraph in self.paragraphs)

    def sentence(self, found: Found) -> str:
        """The sentence in which a mark stands."""
        text = self.paragraphs[found.paragraph].text
        first = max(text.rfind(stop, 0, found.start) for stop in "。；！？\n") + 1
        last = min((at for stop in "。；！？\n" if (at := text.find(stop, found.start)) >= 0), default=len(text) - 1)
        return text[first : last + 1].strip()


@dataclass(frozen=True)
class Opened:
    """A report read back, with its XML: the trees of its parts, and for each paragraph where each sign begins and stands."""

    marked: Marked
    trees: Mapping[str, Any]
    signs: tuple[tuple[tuple[int, Any], ...], ...]


def read_marks(data: bytes) -> Marked | None:
    """The marks of a report as it is now, after whatever programs saved it; ``None`` where it is no Word document."""
    try:
        found = open_marks(unpacked(data))
    except Exception:  # zipfile raises many kinds of errors on a file that is none of its own
        return None
    return found.marked if found else None


def open_marks(parts: Mapping[str, bytes], manifest: Manifest | None = None) -> Opened | None:
    """The same with the XML that the marks stand in; ``None`` where it is no Word document.

    With a manifest it is a report that is being made: the manifest is not there yet, and its charts are known.
    """
    try:
        trees = {
            name: tree_of(parts, name)
            for name in sorted(parts, key=lambda part: (part != DOCUMENT, part))
            if re.fullmatch(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes)\.xml", name)
        }
        charts: tuple[Drawn, ...] = ()
        if manifest is None:
            manifests = (manifest_in(parts[name]) for name in sorted(parts) if _is_manifest(name, parts))
            manifest = next((found for found in manifests if found), None)
            charts = tuple(charts_drawn(parts))
        reading = _Reading()
        for name, root in trees.items():
            reading.part(name, root)
    except Exception:  # lxml raises many kinds of errors on a file that is none of its own
        return None
    if DOCUMENT not in trees:
        return None
    known = manifest.by_name if manifest else {}
    marked = Marked(manifest, reading.paragraphs(), tuple(reading.found(known)), charts)
    return Opened(marked, trees, tuple(map(tuple, reading.signs)))


_Position = tuple[int, int]
"""A paragraph (its place in the list of all), and an offset in its text."""


@dataclass(slots=True)
class _Range:
    """A bookmark or a control: where it begins and ends, and the marks inside a control."""

    name: str
    start: _Position
    end: _Position | None = None
    inside: tuple[str, ...] = ()
    tagged: bool = False


_SIGNS = {f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_T, _R, _P, _TR, _SDT = (f"{W}{name}" for name in ("t", "r", "p", "tr", "sdt"))
_BOOKMARK_START, _BOOKMARK_END, _NAME, _ID = (f"{W}{name}" for name in ("bookmarkStart", "bookmarkEnd", "name", "id"))
_READ = (_P, _T, _TR, _SDT, _BOOKMARK_START, _BOOKMARK_END, *_SIGNS, f"{W}tabs", *HIDDEN)
"""What is looked at when a report is read; inside of what is hidden, and of the stops of tabs, nothing is."""
_BEFORE = re.compile(r"[-−]?\d[\d,]*\.?\d*$|[-−]$")
_AFTER = re.compile(r"[\d,]*(?:\.\d+)?[%％]?")
_AFTER_POINT = re.compile(r"\d*[%％]?")


class _Reading:
    """The text of a report as one sequence of paragraphs, with what begins and ends where."""

    def __init__(self) -> None:
        self.texts: list[list[str]] = []
        self.lengths: list[int] = []
        self.signs: list[list[tuple[int, Any]]] = []
        self.places: list[tuple[str, int]] = []
        self.rows: list[int] = []
        self.row, self.rows_begun = 0, 0
        self.ranges: list[_Range] = []
        self.by_id: dict[str, _Range] = {}
        self.inside: list[int] = []
        self.open: list[tuple[_Range, int]] = []
        """The controls that are open, and how many marks began before each."""
        self.controls: list[_Range] = []
        self.name, self.first = "", 0

    def part(self, name: str, root: Any) -> None:
        """Read one part."""
        from lxml.etree import iterwalk

        self.by_id = {}
        self.name, self.first = name, len(self.places)
        rows = 0
        walk = iterwalk(root, ("start", "end"), _READ)
        for event, element in walk:
            tag = element.tag
            if event == "end":
                if tag == _P:
                    self.inside.pop()
                elif tag == _TR:
                    rows -= 1
                    self.row = self.row if rows else 0
                elif tag == _SDT:
                    self._control_ends()
            elif tag == _T:
                self._say(element.text or "", element)
            elif tag == _P:
                self.places.append((self.name, len(self.places) - self.first + 1))
                self.texts.append([])
                self.lengths.append(0)
                self.signs.append([])
                self.rows.append(self.row)
                self.inside.append(len(self.places) - 1)
            elif tag == _BOOKMARK_START:
                if _named(element):
                    one = _Range(str(element.get(_NAME)), self._here())
                    self.ranges.append(one)
                    self.by_id[element.get(_ID, "")] = one
            elif tag == _BOOKMARK_END:
                ended = self.by_id.pop(element.get(_ID, ""), None)
                if ended is not None:
                    ended.end = self._there()
            elif tag in _SIGNS:
                self._say(_SIGNS[tag], element)
            elif tag == _TR:
                if not rows:
                    self.rows_begun += 1
                    self.row = self.rows_begun
                rows += 1
            elif tag == _SDT:
                self._control_begins(_tag_of(element))
            else:
                walk.skip_subtree()

    def paragraphs(self) -> tuple[Paragraph, ...]:
        """All paragraphs in reading order."""
        texts = map("".join, self.texts)
        found = zip(self.places, texts, self.rows, strict=True)
        return tuple(Paragraph(*place, text, row) for place, text, row in found)

    def _here(self) -> _Position:
        """Where the next sign will stand: in the paragraph that is open, or at the beginning of the next one."""
        return (self.inside[-1], self.lengths[self.inside[-1]]) if self.inside else (len(self.places), 0)

    def _there(self) -> _Position:
        """Where the last sign stood."""
        at = self.inside[-1] if self.inside else len(self.places) - 1
        return at, self.lengths[at] if at >= 0 else 0

    def _say(self, text: str, sign: Any) -> None:
        if self.inside:
            at = self.inside[-1]
            self.signs[at].append((self.lengths[at], sign))
            self.texts[at].append(text)
            self.lengths[at] += len(text)

    def _control_begins(self, tag: str) -> None:
        self.open.append((_Range(tag, self._here(), tagged=tag.startswith(PREFIX)), len(self.ranges)))

    def _control_ends(self) -> None:
        one, known = self.open.pop()
        one.end = self._there()
        one.inside = tuple(found.name for found in self.ranges[known:])
        self.controls.append(one)

    # -- the marks ------------------------------------------------------------------------------
    def found(self, known: Mapping[str, Mark]) -> Iterator[Found]:
        """Every place where a mark stands, in reading order."""
        whole = ["".join(text) for text in self.texts]
        tagged = [control for control in self.controls if control.tagged]
        held = {(control.name, name) for control in tagged for name in control.inside}
        places: list[tuple[_Range, str]] = [(control, "tag") for control in tagged]
        for one in self.ranges:
            if (_base(one.name), one.name) in held or one.end is None:
                continue
            mark = known.get(_base(one.name))
            around = self._around(one) if mark is not None and mark.carrier == "control" else None
            places.append((replace(around, name=one.name), "control") if around else (one, "bookmark"))
        beside: dict[int, list[_Range]] = {}
        for one, _ in places:
            for at in {one.start[0], (one.end or one.start)[0]}:
                beside.setdefault(at, []).append(one)
        for place, how in sorted(places, key=lambda p: (p[0].start, p[0].end or (0, 0), p[0].name)):
            one, by = place, how
            if one.end is None or one.start[0] >= len(whole):
                continue
            mark = known.get(_base(one.name))
            if by == "bookmark" and mark is not None and mark.kind in _NUMERIC and not mark.touched:
                one = _widened(whole, place, beside)
                by = by if one is place else "number"
            first, start = one.start
            last, end = max(one.end or one.start, one.start)
            middle = [whole[at] for at in range(first, last + 1)]
            middle[-1] = middle[-1][:end]
            middle[0] = middle[0][start:]
            yield Found(_base(one.name), first, start, last, end, "\n".join(middle), by)

    def _around(self, bookmark: _Range) -> _Range | None:
        """The control that encloses a bookmark and no other mark."""
        fitting = [
            control
            for control in self.controls
            if control.inside == (bookmark.name,) and control.start <= bookmark.start and control.end is not None
        ]
        return fitting[0] if fitting else None


def _base(name: str) -> str:
    """The name of a mark, without what a program adds to that of a copy."""
    return name[: len(PREFIX) + 6]


def _widened(whole: Sequence[str], one: _Range, beside: Mapping[int, Sequence[_Range]]) -> _Range:
    """A bookmark with the number that touches it, never across the beginning or end of another mark."""
    assert one.end is not None
    (first, start), (last, end) = one.start, one.end
    left, right = 0, len(whole[last])
    for other in beside[first]:
        if other is not one and other.end is not None and other.end[0] == first and other.end <= one.start:
            left = max(left, other.end[1])
    for other in beside[last]:
        if other is not one and other.start[0] == last and other.start >= one.end:
            right = min(right, other.start[1])
    inside = whole[first][start : end if first == last else None]
    before = _BEFORE.search(whole[first][left:start]) if inside[:1] in "0123456789.," else None
    if before:
        start -= len(before[0])
    now = whole[last][start if first == last else 0 : end]
    if not now or (now[-1] in _OF_NUMBERS and now[-1] not in "%％"):
        after = (_AFTER_POINT if "." in now else _AFTER).match(whole[last][end:right])
        end += len(after[0].rstrip(",")) if after else 0
    if ((first, start), (last, end)) == (one.start, one.end):
        return one
    return replace(one, start=(first, start), end=(last, end))

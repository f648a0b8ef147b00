"""What is wrong with a Word template, all of it at once: template + profile -> findings.

A template is read paragraph by paragraph, as its author sees it: tags are found in the text, each is parsed by itself
and its names are followed through loops to the kinds of things in :mod:`xl2report.vocabulary`. Branches that no
workbook takes are read like the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from xl2report.charts import MARKER
from xl2report.findings import Finding, finding, nearest
from xl2report.guards import REFUSALS, Package, RefusedError
from xl2report.profile import Profile
from xl2report.sandbox import environment
from xl2report.vocabulary import ANY, Vocabulary, vocabulary

AUTHOR = "xl2report"
"""The author of the comments that an annotated template has; they are not read as part of it."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DOCUMENT = re.compile(r"(?:wordprocessingml\.(?:document|template)|word\.\w+)\S*\.main\+xml$")
_MAIN = re.compile(rf"{_DOCUMENT.pattern}|wordprocessingml\.(?:header|footer|footnotes)\+xml$")
_SILENT = re.compile(r"word/(?:comments|endnotes|charts/|diagrams/|glossary/).*\.xml$|docProps/(?:core|custom)\.xml$")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_CONTAINERS = frozenset(_W + name for name in ["body", "tc", "hdr", "ftr", "footnote", "txbxContent", "sdtContent"])
_DESCRIBED = (
    "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr",
    "{http://schemas.openxmlformats.org/drawingml/2006/picture}cNvPr",
    "{urn:schemas-microsoft-com:vml}shape",
)
_TEXTS = frozenset(_W + name for name in ("t", "delText", "instrText"))
_NOT_TEXT = frozenset(_W + name for name in ("p", "pPr", "rPr", "tbl"))
_SPACES = frozenset(_W + name for name in ("br", "tab", "cr"))

_OPENING = re.compile(r"\{\{|\{%|\{#|[{｛]\s*[{｛]|[{｛]\s*[%％]")
_CLOSING = re.compile(r"[}｝%％]\s*[}｝]")
_LONE = re.compile(r"\}\}|(?<!\d)%\}|｝｝|(?<!\d)[%％]｝")
_SINGLE = re.compile(r"[{｛]\s*([^\W\d]\w*(?:\.\w+)*)\s*[}｝]")
_QUOTES = str.maketrans("“”‘’", "\"\"''")

BLOCKS = {
    "if": "endif",
    "for": "endfor",
    "with": "endwith",
    "filter": "endfilter",
    "macro": "endmacro",
    "call": "endcall",
}
_ENDS = {end: word for word, end in BLOCKS.items()} | {"endset": "set", "endraw": "raw"}
_BRANCHES = {"else": ("if", "for"), "elif": ("if",)}
_OURS = ("续行", "colspan", "cellbg", "vm", "hm")
_LEVELS = {"p": "段落", "tr": "表格行", "tc": "单元格"}
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**"}
_NOT_OF_TEXTS = ("Sub", "Div", "FloorDiv", "Pow")
_NUMERIC = ("中文数字", "round", "abs", "int", "float", "filesizeformat")
_OF_MANY = (
    "length",
    "count",
    "first",
    "last",
    "join",
    "sort",
    "sum",
    "min",
    "max",
    "reverse",
    "list",
    "unique",
    "batch",
)


UNUSABLE = REFUSALS | {"T504"}
"""The codes of a file that cannot be a template at all."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A finding with its place as numbers: the part of the package, and the paragraph in it counted from 1 (0: none)."""

    finding: Finding
    part: str
    paragraph: int


def lint(data: bytes, profile: Profile, name: str = "template.docx", own: Iterable[str] = ()) -> tuple[Mistake, ...]:
    """Every mistake of a template.

    Args:
        data: the template, a .docx; nothing in it is trusted.
        profile: gives the names.
        name: what findings call the file.
        own: names besides those of the profile, the rows that a user added to 基本信息.

    Returns:
        The mistakes in the order of parts and paragraphs; one finding T504 where it is no Word document.
    """
    return tuple(_read(data, profile, name, own).mistakes)


def uses(data: bytes, profile: Profile, own: Iterable[str] = ()) -> Mapping[str, int]:
    """How often a template uses each name; what stands behind the dot of a figure is counted as ``.占比``."""
    return _read(data, profile, "template.docx", own).used


def _read(data: bytes, profile: Profile, name: str, own: Iterable[str]) -> _Reader:
    """A template read from beginning to end."""
    from lxml import etree

    reader = _Reader(name, vocabulary(profile, own), environment())
    try:
        package = Package(data)
        types = _types_of(package["[Content_Types].xml"])
        parts = [p for p in package if _MAIN.search(_type(types, p)) or _SILENT.match(p)]
        if not any(_DOCUMENT.search(_type(types, part)) for part in parts):
            raise ValueError("no Word document in it")
        for part in sorted(parts, key=lambda p: (bool(_SILENT.match(p)), not p.startswith("word/document"), p)):
            content = package[part]
            if b"{" not in content and "｛".encode() not in content and MARKER.encode() not in content:
                continue
            root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, huge_tree=True))
            if _SILENT.match(part):
                reader.read_silent(part, root)
            else:
                reader.read(part, root)
    except RefusedError as refused:
        found = refused.finding(name) if refused.code != "F005" else finding("T504", name, found=str(refused)[:120])
        reader.mistakes = [Mistake(found, "", 0)]
    except Exception as error:  # lxml and zipfile raise many kinds of errors on a file that is none of theirs
        found = finding("T504", name, found=re.sub(r"file '<.*?>' ", "", f"{type(error).__name__}: {error}")[:120])
        reader.mistakes = [Mistake(found, "", 0)]
    return reader


def _types_of(content: bytes) -> Mapping[str, str]:
    """Part, or the ending of a name -> content type."""
    from lxml import etree

    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False))
    return {
        (e.get("PartName") or e.get("Extension") or "").lstrip("/"): e.get("ContentType", "")
        for e in root.iterchildren("{*}Override", "{*}Default")
    }


def _type(types: Mapping[str, str], part: str) -> str:
    return types.get(part) or types.get(part.rpartition(".")[2], "")


# -- paragraphs and tags --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tag:
    """One tag: ``{{``, ``{%``; what it takes away (p, tr, tc, r or nothing), its first word and the rest."""

    sign: str
    level: str
    word: str
    rest: str
    source: str
    start: int


@dataclass(slots=True)
class _Open:
    """A statement that is not closed yet: its tag, its place, and the names that are known inside."""

    tag: _Tag
    part: str
    paragraph: int
    container: Any
    text: str
    names: dict[str, str] = field(default_factory=dict)


def _text_of(paragraph: Any) -> str:
    """The text of a paragraph as it is rendered, without that of paragraphs inside it (text boxes)."""
    pieces: list[str] = []
    _collect(paragraph, pieces)
    return "".join(pieces).replace("\n", " ")


def _collect(element: Any, pieces: list[str]) -> None:
    for child in element:
        if child.tag in _TEXTS:
            pieces.append(child.text or "")
        elif child.tag in _SPACES:
            pieces.append(" ")
        elif child.tag not in _NOT_TEXT:
            _collect(child, pieces)


def _descriptions(paragraph: Any) -> Iterator[str]:
    """Alternative texts with tags, which are rendered like the text around them, and the names of charts."""
    for element in paragraph.iter(*_DESCRIBED):
        for key in ("descr", "title", "alt"):
            value = element.get(key) or ""
            if ("{{" in value or "{%" in value or value.startswith(MARKER)) and next(
                element.iterancestors(_W + "p"), None
            ) is paragraph:
                yield value


class _Reader:
    """One template being read: the open statements, the names in scope, the mistakes so far."""

    def __init__(self, name: str, words: Vocabulary, env: Any) -> None:
        self.name = name
        self.words = words
        self.env = env
        self.mistakes: list[Mistake] = []
        self.part = ""
        self.paragraph = 0
        self.text = ""
        self.open: list[_Open] = []
        self.names: dict[str, str] = {}
        self.raw = self.comment = False
        self.dangling = False
        self.began: tuple[int, str, int] = (0, "", 0)
        self.used: dict[str, int] = {}
        self.trees: dict[str, Any] = {}

    # -- saying ---------------------------------------------------------------------------------
    def say(self, code: str, at: int = 0, *, expected: str = "", **words: str) -> None:
        """Note a mistake in the current paragraph, with the text around a position of it."""
        self.say_at(code, self.part, self.paragraph, self.text, at, expected=expected, **words)

    def say_at(
        self, code: str, part: str, paragraph: int, text: str, at: int = 0, *, expected: str = "", **words: str
    ) -> None:
        """Note a mistake at any place; the same one in the same paragraph is said once."""
        place = f"{self.name} {part.rpartition('/')[2].removesuffix('.xml')}"
        place += f" 第{paragraph}段" if paragraph else ""
        start = max(0, at - 30) if len(text) > 80 else 0
        around = text[start : start + 80].strip()
        mistake = Mistake(finding(code, place, found=around, expected=expected, terms=(), **words), part, paragraph)
        known = {(m.finding.place, m.finding.message) for m in self.mistakes}
        if (mistake.finding.place, mistake.finding.message) not in known:
            self.mistakes.append(mistake)

    # -- parts ----------------------------------------------------------------------------------
    def read(self, part: str, root: Any) -> None:
        """Read a part that is rendered."""
        self.part, self.open, self.names, self.raw, self.comment = part, [], {}, False, False
        self.paragraph = 0
        for paragraph in root.iter(_W + "p"):
            if any(True for _ in paragraph.iterancestors(_FALLBACK)):
                continue
            self.paragraph += 1
            for text in (_text_of(paragraph), *_descriptions(paragraph)):
                self.text = text
                chart = text.removeprefix(MARKER).strip()
                if text.startswith(MARKER) and "{" not in text:
                    if chart in self.words.charts:
                        self.used[f"chart {chart}"] = self.used.get(f"chart {chart}", 0) + 1
                    else:
                        self.say("T515", name=chart, expected=nearest(chart, self.words.charts))
                if self.comment or self.raw or "{" in text or "}" in text or "｛" in text or "｝" in text:
                    self.read_paragraph(paragraph)
        for left in self.open:
            self.unclosed(left)
        if self.comment or self.raw:
            tag, other = ("{#", "#}") if self.comment else ("{% raw %}", "{% endraw %}")
            self.say_at("T508", part, *self.began, tag=tag, other=other)

    def read_silent(self, part: str, root: Any) -> None:
        """Look for tags in a part in which nothing is rendered."""
        self.part = part
        groups = [e for e in root.iter() if str(e.tag).rpartition("}")[2] in ("p", "v", "title", "subject")]
        for number, element in enumerate(groups or [root], 1):
            if any(parent.get(_W + "author") == AUTHOR for parent in element.iterancestors()):
                continue
            self.text = "".join(element.itertext())
            if "{{" in self.text or "{%" in self.text:
                self.paragraph = number
                self.say("T510", self.text.find("{"))

    def read_paragraph(self, paragraph: Any) -> None:
        """Read the tags of one paragraph."""
        tags = list(self.tags())
        for tag in tags:
            if tag.sign == "{{":
                self.expression(tag)
            else:
                self.statement(tag, paragraph)
        self.alone(tags, paragraph)

    # -- finding tags ---------------------------------------------------------------------------
    def tags(self) -> Iterator[_Tag]:
        """The tags of the current paragraph; braces that are wrong are reported and read as they were meant."""
        text, at = self.text, 0
        while at < len(text):
            if self.comment or self.raw:
                end = re.compile(r"#\}" if self.comment else r"(?=\{%-?\s*endraw)").search(text, at)
                if end is None:
                    return
                self.comment = self.raw = False
                at = end.end()
                continue
            opening = _OPENING.search(text, at)
            self.loose(at, opening.start() if opening else len(text))
            if opening is None:
                return
            if opening[0] == "{#":
                self.comment, at = True, opening.end()
                self.began = (self.paragraph, text, opening.start())
                continue
            following = _OPENING.search(text, opening.end())
            closing = self.closing(opening, following.start() if following else len(text))
            if closing is None:
                stop = following.start() if following else len(text)
                wanted = "%}" if opening[0][-1] in "%％" else "}}"
                self.say("T506", opening.start(), tag=text[opening.start() : stop].strip()[:30], expected=wanted)
                self.dangling = True
                yield from self.half(opening, text[opening.end() : stop])
                at = stop
                continue
            self.braces(opening, closing)
            tag = _tag(
                "{%" if opening[0][-1] in "%％" else "{{", text[opening.end() : closing.start()], opening, closing
            )
            yield tag
            if tag.word == "raw":
                self.raw, self.began = True, (self.paragraph, text, tag.start)
            at = closing.end()

    def closing(self, opening: re.Match[str], end: int) -> re.Match[str] | None:
        """What closes a tag: the right sign where there is one before the next tag, else what looks like it."""
        wanted = "%}" if opening[0][-1] in "%％" else "}}"
        right = self.text.find(wanted, opening.end(), end)
        return _CLOSING.match(self.text, right, end) if right >= 0 else _CLOSING.search(self.text, opening.end(), end)

    def braces(self, opening: re.Match[str], closing: re.Match[str]) -> None:
        """Report braces that are full-width, spaced, or do not match."""
        first = "{%" if opening[0][-1] in "%％" else "{{"
        last = "%}" if first == "{%" else "}}"
        if (opening[0], closing[0]) != (first, last):
            self.say("T507", opening.start(), signs=f"{opening[0]} {closing[0]}", expected=f"{first} {last}")

    def half(self, opening: re.Match[str], inside: str) -> Iterator[_Tag]:
        """A statement that was not closed still opens or ends its block."""
        tag = _tag("{%", inside, opening, opening)
        if opening[0][-1] in "%％" and (tag.word in BLOCKS or tag.word in _ENDS):
            yield _Tag("half", tag.level, tag.word, "", tag.source, tag.start)

    def loose(self, start: int, end: int) -> None:
        """Report what should be a tag between two tags: lone closing signs, single braces around a known name."""
        between = self.text[start:end]
        lone = _LONE.search(between)
        if lone and self.dangling:  # the other half of a tag that was reported where it begins
            self.dangling = False
        elif lone:
            self.say("T506", start + lone.start(), tag=lone[0], expected="{{" if lone[0][0] in "}｝" else "{%")
        for single in _SINGLE.finditer(between):
            if single[1].partition(".")[0] in self.words.names or single[1].partition(".")[0] in self.known():
                self.say("T507", start + single.start(), signs=single[0], expected=f"{{{{ {single[1]} }}}}")

    # -- statements -----------------------------------------------------------------------------
    def alone(self, tags: Sequence[_Tag], paragraph: Any) -> None:
        """Report what is lost because a tag takes away its whole paragraph, row or cell."""
        for tag in tags:
            if tag.level not in _LEVELS:
                continue
            if tag.level == "p":
                left = self.text.replace(tag.source, "", 1).strip()
            else:
                holder = next(paragraph.iterancestors(_W + tag.level), None)
                if holder is None:
                    self.say("T511", tag.start, tag=tag.source, reason_zh="不在表格里", reason_en="stands in no table")
                    return
                left = "".join(_text_of(p) for p in holder.iter(_W + "p")).replace(tag.source, "", 1).strip()
            if left:
                self.say("T509", tag.start, tag=tag.source, level=_LEVELS[tag.level], lost=left[:40])
                return

    def statement(self, tag: _Tag, paragraph: Any) -> None:
        """Read one ``{% … %}``."""
        word = tag.word
        if word in BLOCKS:
            self.begin(tag, paragraph)
        elif word in _ENDS:
            self.end(tag, paragraph)
        elif word in _BRANCHES:
            if not self.open or self.open[-1].tag.word not in _BRANCHES[word]:
                self.say("T508", tag.start, tag=tag.source, other="{% if %}")
            elif self.container(tag, paragraph) is not self.open[-1].container:
                self.crossing(self.open[-1], tag)
            if word == "else":
                self.parsed(tag, f"{{% if true %}}{{% else {tag.rest} %}}{{% endif %}}")
            elif tree := self.parsed(tag, f"{{% if {tag.rest} %}}{{% endif %}}"):
                self.kind_of(tree.body[0].test, tag)
        elif word == "set":
            self.assign(tag, paragraph)
        elif word in ("vm", "hm", "raw"):
            return
        elif word in _OURS:
            if tree := self.parsed(tag, f"{{{{ {tag.rest} }}}}"):
                self.kind_of(tree.body[0].nodes[0], tag)
        else:
            words = (*BLOCKS, *_ENDS, *_BRANCHES, "set", *_OURS)
            reason = f"unknown tag '{word}'"
            near = nearest(word, words)
            self.say("T501", tag.start, reason=reason, reason_zh=in_chinese(reason), expected=near)
            if near in BLOCKS:  # its end will come
                self.open.append(self.opened(_Tag("half", tag.level, near, "", tag.source, tag.start), paragraph))

    def opened(self, tag: _Tag, paragraph: Any) -> _Open:
        """A statement that begins here."""
        return _Open(tag, self.part, self.paragraph, self.container(tag, paragraph), self.text)

    def container(self, tag: _Tag, paragraph: Any) -> Any:
        """What must hold both ends of a block: the table for tr, the row for tc, else the cell or body."""
        wanted = {"tr": {_W + "tbl"}, "tc": {_W + "tr"}}.get(tag.level, _CONTAINERS)
        return next((e for e in paragraph.iterancestors() if e.tag in wanted), None)

    def begin(self, tag: _Tag, paragraph: Any) -> None:
        """Open a block, with the names that it makes."""
        block = self.opened(tag, paragraph)
        source = f"{{% {tag.word} {tag.rest} %}}{{% {BLOCKS[tag.word]} %}}"
        tree = self.parsed(tag, source) if tag.sign != "half" else None
        if tree is not None:
            block.names = self.made(tree.body[0], tag)
        elif tag.word == "for":  # what it would have named is not known, and no mistake
            names = re.findall(r"[^\W\d]\w*", tag.rest.partition(" in ")[0])
            block.names = {**dict.fromkeys(names, ANY), "loop": "loop"}
        self.open.append(block)

    def made(self, node: Any, tag: _Tag) -> dict[str, str]:
        """The names that are known inside a block."""
        match type(node).__name__:
            case "If":
                self.kind_of(node.test, tag)
            case "For":
                each = self.each_of(node.iter, tag)
                names = self.targets(node.target, each)
                if node.test is not None:
                    self.kind_of(node.test, tag, names)
                return {**names, "loop": "loop"}
            case "With":
                values = [self.kind_of(value, tag) for value in node.values]
                return {
                    k: v for t, kind in zip(node.targets, values, strict=True) for k, v in self.targets(t, kind).items()
                }
            case "FilterBlock":
                self.kind_of(node.filter, tag)
            case "Macro":
                self.names[node.name] = ANY
                return dict.fromkeys([*(a.name for a in node.args), "caller", "varargs", "kwargs"], ANY)
            case "CallBlock":
                self.kind_of(node.call, tag)
                return {a.name: ANY for a in node.args}
        return {}

    def targets(self, target: Any, kind: str) -> dict[str, str]:
        """The names on the left of a loop or an assignment."""
        if type(target).__name__ == "Name":
            return {target.name: kind}
        return {name.name: ANY for name in getattr(target, "items", ()) if hasattr(name, "name")}

    def end(self, tag: _Tag, paragraph: Any) -> None:
        """Close a block: the innermost that is written alike; what was opened inside it and not closed is reported."""
        word = _ENDS[tag.word]
        self.parsed(tag, f"{{% if true %}}{{% endif {tag.rest} %}}")
        if word == "raw":
            return
        same = [block for block in self.open if block.tag.word == word]
        if not same:
            self.say("T508", tag.start, tag=tag.source, other=f"{{% {word} %}}")
            return
        own = next((block for block in reversed(same) if block.tag.level == tag.level), same[-1])
        while (block := self.open.pop()) is not own:
            self.unclosed(block)
        if self.container(tag, paragraph) is not block.container or _row_level(tag) != _row_level(block.tag):
            self.crossing(block, tag)

    def unclosed(self, block: _Open) -> None:
        """Report a statement without its end, where it begins."""
        level, word = block.tag.level, block.tag.word
        end = (
            f"{{%{level} {BLOCKS.get(word, 'end' + word)} %}}" if level else f"{{% {BLOCKS.get(word, 'end' + word)} %}}"
        )
        self.say_at("T508", block.part, block.paragraph, block.text, block.tag.start, tag=block.tag.source, other=end)

    def crossing(self, block: _Open, tag: _Tag) -> None:
        """Report a statement that begins in one cell, row or text box and ends outside, where it begins."""
        where = f"第{self.paragraph}段的 {tag.source}"
        where_en = f"ends with {tag.source} of paragraph {self.paragraph}, outside its cell or row"
        self.say_at(
            "T511", block.part, block.paragraph, block.text, block.tag.start,
            tag=block.tag.source, reason_zh=f"结束在另一格、另一行或表格之外（{where}）", reason_en=where_en,
        )  # fmt: skip

    def assign(self, tag: _Tag, paragraph: Any) -> None:
        """Read ``{% set x = … %}`` or the block of that name."""
        scope = next((b.names for b in reversed(self.open) if b.tag.word in ("for", "with", "macro")), self.names)
        if "=" not in tag.rest:
            scope[tag.rest.strip()] = "text"
            self.open.append(self.opened(tag, paragraph))
        elif tree := self.parsed(tag, f"{{% set {tag.rest} %}}"):
            node = tree.body[0]
            scope.update(self.targets(node.target, self.kind_of(node.node, tag)))
        else:
            scope.update(dict.fromkeys(re.findall(r"[^\W\d]\w*", tag.rest.partition("=")[0]), ANY))

    # -- expressions ----------------------------------------------------------------------------
    def expression(self, tag: _Tag) -> None:
        """Read one ``{{ … }}``."""
        inside = f"{tag.word} {tag.rest}" if tag.word else tag.rest
        tree = self.parsed(tag, f"{{{{ {inside} }}}}")
        if tree is None or not tree.body:
            return
        kind = self.kind_of(tree.body[0].nodes[0], tag)
        if not self.words.kinds[kind].printable:
            self.misused("{{ }}", kind, tag)

    def parsed(self, tag: _Tag, source: str) -> Any:
        """The tree of one tag, or ``None`` where it cannot be understood."""
        from jinja2.exceptions import TemplateSyntaxError

        try:
            if source not in self.trees:
                self.trees[source] = self.env.parse(source)
            return self.trees[source]
        except (TemplateSyntaxError, ValueError, RecursionError) as error:  # of numbers and brackets without end
            reason = str(error)
            self.say("T501", tag.start, reason=reason, reason_zh=in_chinese(reason))
            return None

    def known(self) -> dict[str, str]:
        """The names that statements around have made."""
        found = dict(self.names)
        for block in self.open:
            found |= block.names
        return found

    def kind_of(self, node: Any, tag: _Tag, extra: Mapping[str, str] | None = None) -> str:
        """The kind of what an expression gives; everything unknown in it is reported."""
        try:
            return _Expression(self, tag, {**self.known(), **(extra or {})}).kind(node)
        except RecursionError as error:
            self.say("T501", tag.start, reason=str(error), reason_zh=in_chinese(str(error)))
            return ANY

    def each_of(self, node: Any, tag: _Tag) -> str:
        """The kind of what a loop over an expression yields."""
        kind = self.kind_of(node, tag)
        each = self.words.kinds[kind].each
        if not each:
            self.misused("for", kind, tag)
        return each or ANY

    def misused(self, what: str, kind: str, tag: _Tag) -> None:
        """Report something that cannot be done with a thing of this kind."""
        words = self.words.kinds[kind].words
        self.say("T513", tag.start, what=what, kind_zh=words.zh, kind_en=words.en, tag=tag.source)


def _tag(sign: str, inside: str, opening: re.Match[str], closing: re.Match[str]) -> _Tag:
    """A tag taken apart; curly quotes are straight ones, as when it is rendered."""
    inside = inside.removeprefix("-").removesuffix("-")  # white-space control
    level = re.match(r"(p|tr|tc|r)\s", inside)
    rest = (inside[level.end() :] if level else inside).translate(_QUOTES).strip()
    word = re.match(r"\w+", rest) if sign == "{%" else None
    source = opening.string[opening.start() : closing.end()]
    return _Tag(
        sign, level[1] if level else "", word[0] if word else "", rest[word.end() :].strip() if word else rest, source, opening.start()
    )  # fmt: skip


def _row_level(tag: _Tag) -> str:
    return tag.level if tag.level in ("tr", "tc") else ""


class _Expression:
    """One expression with the names that are known in it."""

    def __init__(self, reader: _Reader, tag: _Tag, names: Mapping[str, str]) -> None:
        self.reader = reader
        self.words = reader.words
        self.tag = tag
        self.names = names

    def kind(self, node: Any) -> str:
        """The kind of a node, after looking at everything in it."""
        name = type(node).__name__
        own = getattr(self, f"of_{name.lower()}", None)
        if own is not None:
            kind: str = own(node)
            return kind
        for child in node.iter_child_nodes():
            self.kind(child)
        if name in _ARITHMETIC:
            return "number"
        return "truth" if name in ("Compare", "Not") else "text" if name in ("Concat", "TemplateData") else ANY

    def of_name(self, node: Any) -> str:
        """A name: of a loop around, or of the profile."""
        if node.name in self.names:
            return self.names[node.name]
        if node.name in self.words.names:
            self.count(node.name)
            return self.words.names[node.name]
        self.unknown(node.name, [*self.names, *self.words.names])
        return ANY

    def of_const(self, node: Any) -> str:
        """A text, a number, or a truth value."""
        if isinstance(node.value, bool):
            return "truth"
        return "number" if isinstance(node.value, int | float) else "text" if isinstance(node.value, str) else ANY

    def of_getattr(self, node: Any) -> str:
        """What stands behind a dot."""
        if type(node.node).__name__ == "Getattr" and getattr(node.node.node, "name", "") == "图表":
            self.count(f"图表.{node.node.attr}.{node.attr}")
        return self.member(self.kind(node.node), node.attr)

    def of_getitem(self, node: Any) -> str:
        """``x["name"]``, ``x[0]`` or ``x[:3]``."""
        kind = self.kind(node.node)
        if type(node.arg).__name__ == "Slice":
            return kind
        if type(node.arg).__name__ == "Const" and isinstance(node.arg.value, str):
            return self.member(kind, node.arg.value)
        self.kind(node.arg)
        return self.words.kinds[kind].each or ANY

    def member(self, kind: str, name: str) -> str:
        """The kind of a member; an unknown one is reported. The sandbox sees to names that begin with ``_``."""
        members = self.words.members(kind)
        if kind.startswith("group "):
            self.count(f"{kind.removeprefix('group ')}.{name}")
        elif kind in ("figure", "item", "companion"):
            self.count(f".{name}")
        if kind == ANY or name.startswith("_") or name in members:
            return members.get(name, ANY)
        self.unknown(name, list(members))
        return ANY

    def of_call(self, node: Any) -> str:
        """A call: ``项目.执行率("全年预算数", "全年执行数")``, ``chart("收入构成")`` and methods of texts."""
        kind = self.kind(node.node)
        for argument in (*node.args, *(k.value for k in node.kwargs)):
            self.kind(argument)
        if kind == "chart maker" and node.args:
            self.count(f"chart {getattr(node.args[0], 'value', '')}")
        known = {"rate of execution": self.words.amounts, "chart maker": self.words.charts}.get(kind)
        if known is None:
            return ANY
        for argument in node.args:
            value = getattr(argument, "value", None)
            if isinstance(value, str) and value not in known:
                self.unknown(value, known)
        return "text" if kind == "rate of execution" else ANY

    def of_filter(self, node: Any) -> str:
        """A filter: known, given what it needs, used on what it is for."""
        guarded = node.name in ("default", "d") and type(node.node).__name__ == "Name"
        kind = ANY if guarded or node.node is None else self.kind(node.node)
        for argument in (*node.args, *(k.value for k in node.kwargs)):
            self.kind(argument)
        function = self.reader.env.filters.get(node.name)
        if function is None:
            self.reader.say(
                "T512", self.tag.start, name=node.name, expected=nearest(node.name, list(self.reader.env.filters))
            )
            return ANY
        self.count(node.name)
        self.arguments(node, function)
        shape = self.words.kinds[kind]
        numeric = node.name in _NUMERIC and kind != ANY and not shape.number
        many = node.name in _OF_MANY and kind not in (ANY, "text") and not shape.each
        if numeric or many:
            self.reader.misused(node.name, kind, self.tag)
        return self.filtered(node.name, kind)

    def filtered(self, name: str, kind: str) -> str:
        """The kind of what a filter gives."""
        if name in ("first", "last", "random"):
            return self.words.kinds[kind].each or ANY
        if name in ("sort", "reverse", "list", "unique", "selectattr", "rejectattr", "select", "reject"):
            return kind
        return {"length": "number", "count": "number", "中文数字": "text", "join": "text"}.get(name, ANY)

    def arguments(self, node: Any, function: Any) -> None:
        """Report a filter that is given too many or too few arguments."""
        passed = [None] * (1 + len(node.args) + (getattr(function, "jinja_pass_arg", None) is not None))
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            return
        try:
            signature(function).bind(*passed, **{k.key: None for k in node.kwargs})
        except TypeError:
            words = {"kind_zh": "这样的参数", "kind_en": "these arguments"}
            self.reader.say("T513", self.tag.start, what=node.name, tag=self.tag.source, **words)
        except ValueError:  # a built-in without a signature
            return

    def of_test(self, node: Any) -> str:
        """A test after ``is``: asking whether a name is defined does no harm."""
        if node.name not in ("defined", "undefined") or type(node.node).__name__ != "Name":
            self.kind(node.node)
        for argument in node.args:
            self.kind(argument)
        if node.name not in self.reader.env.tests:
            self.reader.say(
                "T512", self.tag.start, name=node.name, expected=nearest(node.name, list(self.reader.env.tests))
            )
        return "truth"

    def of_condexpr(self, node: Any) -> str:
        """``a if b else c``."""
        self.kind(node.test)
        first = self.kind(node.expr1)
        second = self.kind(node.expr2) if node.expr2 is not None else first
        return first if first == second else ANY

    def _calculated(self, node: Any) -> str:
        """Arithmetic: figures print themselves and are not calculated with in a template."""
        operation = type(node).__name__
        kinds = [self.kind(node.left), self.kind(node.right)]
        for kind in kinds:
            figure = kind in ("figure", "item", "companion") or self.words.kinds[kind].each not in ("", ANY, "text")
            text = kind == "text" and (operation in _NOT_OF_TEXTS or (operation == "Add" and "number" in kinds))
            if figure or text:
                self.reader.misused(_ARITHMETIC[operation], kind, self.tag)
        return ANY

    of_add = of_sub = of_mul = of_div = of_floordiv = of_mod = of_pow = _calculated

    def count(self, key: str) -> None:
        """Note that a name is used."""
        self.reader.used[key] = self.reader.used.get(key, 0) + 1

    def unknown(self, name: str, names: Sequence[str]) -> None:
        """Report a name that does not exist, with the nearest one."""
        at = self.reader.text.find(name, self.tag.start)
        self.reader.say("T502", max(at, self.tag.start), name=name, expected=nearest(name, names))


def in_chinese(reason: str) -> str:
    """What Jinja says of a tag, in Chinese where it is one of the usual mistakes."""
    for pattern, words in (
        (r"unknown tag '([^']+)'", "不认识标签 {0}"),
        (r"Unexpected end of template.*Jinja was looking for the following tags: (.+?)\.", "没有结束标签 {0}"),
        (r"[Nn]o filter named '([^']+)'", "没有过滤器“{0}”"),
        (r"unexpected 'end of (.)", "没有写完"),
        (r"unexpected '(/)'", "没有写完，缺少 }}}} 或 %}}"),
        (r"unexpected '([^']+)'", "多了“{0}”"),
        (r"unexpected char '([^']+)'", "不能用“{0}”"),
        (r"expected token 'end of (?:print )?statement'", "名称之后多了内容"),
        (r"[Ee]xpected an expression", "缺少名称或条件"),
        (r"expected token '([^']+)'", "缺少“{0}”"),
    ):
        found = re.search(pattern, reason)
        if found:
            return words.format(*(group.replace("'", "") for group in found.groups()))
    return reason

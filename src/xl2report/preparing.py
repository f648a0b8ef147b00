"""Word templates made ready, once for each content: what docxtpl and jinja2 do to a template, without what they do to values.

The prepared form is the code of each rendered part and all other parts as they leave the program. It is kept in the process and
between runs; filling it in is in :mod:`xl2report.filling`, which needs neither docxtpl nor python-docx.
"""

from __future__ import annotations

import hashlib
import io
import marshal
import re
from collections.abc import Iterator
from typing import Any

from xl2report import caching
from xl2report.filling import AUTHOR, DATE, TITLE, Failed, Prepared, Properties, Rendered, resolved
from xl2report.guards import refused
from xl2report.manifest import without_sentinels
from xl2report.packages import Deflated, deflated, parts_of
from xl2report.sandbox import compiled, environment

LIBRARIES = ("docxtpl", "jinja2", "python_docx", "lxml")
MODULES = ("preparing", "filling", "sandbox", "manifest", "packages", "guards")
"""What a prepared template depends on."""
MOST = 8
"""How many templates a process knows."""
CODE = "<template>"
"""What the code of every template is called in tracebacks."""


_KNOWN: dict[str, Prepared] = {}


def prepared(data: bytes) -> Prepared:
    """A template ready to be filled.

    Raises:
        Failed: where it is no Word document, or cannot be compiled.
    """
    content = hashlib.sha256(data).hexdigest()
    known = _KNOWN.pop(content, None) or _from_before(content) or _kept(content, _prepare(data))
    while len(_KNOWN) >= MOST:
        del _KNOWN[next(iter(_KNOWN))]
    _KNOWN[content] = known
    return known


def _key(content: str) -> str | None:
    """What a template is kept under."""
    depends = caching.versions(LIBRARIES, MODULES)
    return None if depends is None else hashlib.sha256(f"{content}\n{depends}".encode()).hexdigest()


def _from_before(content: str) -> Prepared | None:
    key = _key(content)
    body = caching.kept("template", key) if key else None
    if body is None:
        return None
    try:
        rendered, constant, properties = marshal.loads(body)
        parts = {}
        for name, (part, stored, check) in constant.items():
            parts[name] = Deflated(part)
            parts[name].stored = stored, check
        return Prepared(tuple(Rendered(*fields) for fields in rendered), parts, Properties(*properties))
    except (ValueError, EOFError, TypeError):
        return None


def _kept(content: str, made: Prepared) -> Prepared:
    """The prepared template, kept for later runs."""
    if key := _key(content):
        rendered = tuple((r.name, r.code, r.opening, r.before, r.after, r.paragraphs) for r in made.rendered)
        constant = {name: (bytes(part), *deflated(part)) for name, part in made.constant.items()}
        caching.keep("template", key, marshal.dumps((rendered, constant, tuple(made.properties))))
    return made


# -- the one place that knows docxtpl -----------------------------------------------------------------


_CONTINUED = re.compile(r"<w:tc[ >](?:(?!<w:tc[ >]).)*?\{%\s*续行\s.*?</w:tc>", re.DOTALL)
_CONTINUED_TEXT = re.compile(r"\{%\s*续行\s+(.*?)\s*%\}(.*?)</w:t>", re.DOTALL)


def continue_cells(xml: str) -> str:
    """``{% 续行 condition %}text`` in a table cell: the cell continues the one above while the condition is true."""

    def cell(match: re.Match[str]) -> str:
        found = match[0]
        tag = _CONTINUED_TEXT.search(found)
        if tag is None:
            return found
        condition = tag[1]
        merge = f'<w:vMerge w:val="{{% if {condition} %}}continue{{% else %}}restart{{% endif %}}"/>'
        found = _CONTINUED_TEXT.sub(r"{% if not (\1) %}\2{% endif %}</w:t>", found, count=1)
        return re.sub(r"(<w:tcPr>(?:<w:tcW[^>]*/>)?(?:<w:gridSpan[^>]*/>)?)", rf"\1{merge}", found, count=1)

    return _CONTINUED.sub(cell, xml)


def _prepare(data: bytes) -> Prepared:
    """What docxtpl makes of a template, compiled."""
    from docxtpl import DocxTemplate

    if wrong := refused(data):
        raise Failed(wrong)
    try:
        template: Any = DocxTemplate(io.BytesIO(data))
        template.init_docx()
        document = template.docx
        sources = list(_sources(template))
        properties = document.core_properties
        properties.title, properties.revision = TITLE, 1
        properties.author = properties.last_modified_by = AUTHOR
        properties.created = properties.modified = DATE
        place = _emptied(document)
        stream = io.BytesIO()
        document.save(stream)
        parts = parts_of(stream.getvalue())
    except Exception as error:  # python-docx raises whatever zipfile, lxml and its own code raise
        raise Failed(error) from error
    before, _, after = parts[place].decode().partition(_BODY)
    env = environment()
    rendered = []
    for name, xml in sources:
        made = _rendered(env, template, name, xml, (before, after) if name == place else None)
        if isinstance(made, Rendered):
            rendered.append(made)
            parts.pop(name, None)
        else:
            parts[name] = made
    core = str(document.part.package._core_properties_part.partname).lstrip("/")
    text = parts.pop(core).decode()
    return Prepared(tuple(rendered), {name: Deflated(part) for name, part in parts.items()}, Properties(core, text))


_DECLARATION = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
_BODY = "\ue0c1body\ue0c1"


def _sources(template: Any) -> Iterator[tuple[str, str]]:
    """The parts that docxtpl renders, in its order: body, headers, footers, footnotes; each with its XML."""
    document = template.docx
    yield str(document.part.partname).lstrip("/"), template.get_xml().strip()
    seen = set()
    for kind in (template.HEADER_URI, template.FOOTER_URI):
        for _, part in template.get_headers_footers(kind):
            name = str(part.partname).lstrip("/")
            if name not in seen:
                seen.add(name)
                yield name, _DECLARATION + template.get_part_xml(part)
    for part in document.part.package.parts:
        if part.content_type.endswith(".footnotes+xml"):
            yield str(part.partname).lstrip("/"), part.blob.decode()


def _emptied(document: Any) -> str:
    """Leave a sign in place of the body; its part is named."""
    root = document.element
    sign = root.makeelement(root.body.tag)
    sign.text = _BODY
    root.replace(root.body, sign)
    return str(document.part.partname).lstrip("/")


def _rendered(env: Any, template: Any, name: str, xml: str, around: tuple[str, str] | None) -> Rendered | bytes:
    """A part compiled; its bytes where it has no tags. What stands around the body is given."""
    declaration = _DECLARATION if xml.startswith(_DECLARATION) else ""
    texts = [""]
    try:
        patched = continue_cells(template.patch_xml(xml.removeprefix(declaration)))
        # a paragraph is a line, so that the line of an error is a paragraph
        source = re.sub(r"<w:p([ >])", r"\n<w:p\1", re.sub("[\r\n]", " ", without_sentinels(patched)))
        texts = [re.sub(r"<[^>]+>", "", text).strip() for text in source.split("\n")]
        if around is None and "{" not in source:
            return (declaration + resolved(source.replace("\n<w:p", "<w:p"))).encode()
        code = compiled(env, source, CODE)
    except Exception as error:
        line = getattr(error, "lineno", None) or 0
        raise Failed(error, name, line - 1, texts[line - 1] if 0 < line <= len(texts) else "") from error
    if around is None:
        return Rendered(name, code, "", declaration, "", "\n".join(texts))
    opening = source[: source.index(">") + 1]
    before = around[0].removesuffix("<w:body>") + _not_declared(opening, around[0])
    return Rendered(name, code, opening, before, around[1].removeprefix("</w:body>"), "\n".join(texts))


def _not_declared(opening: str, before: str) -> str:
    """A tag without the name spaces that the text before it declares already."""
    return re.sub(r' xmlns:[\w.-]+="[^"]*"', lambda space: "" if space[0] in before else space[0], opening)

"""Template + figures -> the Word report: the only module that knows docxtpl.

Templates are untrusted: they run in a sandbox, every value is escaped, unknown names are errors with part,
paragraph and text, and what was rendered must be well-formed before it is kept.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from xl2report import __version__
from xl2report.charts import chart_data, place
from xl2report.contents import Toc, mark, with_contents
from xl2report.derive import Figures
from xl2report.facts import Book
from xl2report.findings import Finding, finding, nearest
from xl2report.linting import environment, in_chinese, lint
from xl2report.manifest import BEGIN, Carrier, Ledger, Origin, fingerprint_of, without_sentinels
from xl2report.marks import manifest_of, open_marks, place_marks, put_manifest
from xl2report.packages import parts_of, sealed
from xl2report.profile import COMPANIONS, Profile
from xl2report.sentences import sentences_of
from xl2report.sheets import Sheet
from xl2report.tables import MARK, place_tables
from xl2report.views import FigureView, Group, Notes, context_of

LONGEST_PROPERTY = 255


@dataclass(frozen=True, slots=True)
class Narrative:
    """A rendered report, or ``None`` where the template or the data do not allow one; and what was found."""

    data: bytes | None
    findings: tuple[Finding, ...]


def render(
    template: Path | bytes,
    profile: Profile,
    book: Book,
    figures: Figures,
    sheets: Sequence[Sheet],
    created: datetime,
    *,
    toc: Toc = "field",
    with_tables: bool = False,
    marks: Carrier = "bookmark",
    workbook: tuple[str, str] = ("", ""),
    inputs: str = "",
) -> Narrative:
    """Fill a docxtpl template with the figures, phrases, lists and texts of one book.

    Args:
        template: the path of a .docx, or its bytes; nothing in it is trusted.
        profile: gives the names and the words.
        book: the texts of 文字材料, 名词解释, 绩效项目.
        figures: the numbers.
        sheets: the laid-out schedules, for their list and for the codes that the glossary explains.
        created: the date in the document properties.
        toc: how the contents get their page numbers, where the template has contents.
        with_tables: put the schedules as Word tables where the template has ``{{ 附表表格 }}``.
        marks: how what is printed is marked with where it comes from.
        workbook: the name and the SHA-256 of the file that the figures are from, for the manifest.
        inputs: the hash of everything that the report is made from.

    Returns:
        The .docx as bytes with what was found; no bytes where a finding is an error.
    """
    from lxml import etree

    name = template.name if isinstance(template, Path) else "template.docx"
    try:
        data = template.read_bytes() if isinstance(template, Path) else template
    except FileNotFoundError:
        return Narrative(None, (finding("F001", name, found=str(template)),))
    except OSError as error:
        return Narrative(None, (finding("F009", name, reason=error.strerror or str(error)),))
    notes = Notes()
    ledger = None if marks == "none" else Ledger()
    charts = chart_data(profile, figures)
    context = context_of(profile, book, figures, sheets, charts, notes)
    context |= {"附表表格": MARK if with_tables else "", "目录": mark(toc)}
    document = _document(data, name)
    if isinstance(document, Finding):
        return Narrative(None, (document,))
    if str(template) != profile.template and (wrong := _mistakes(data, profile, name, book)):
        return Narrative(None, wrong)
    try:
        document.render(context, jinja_env=environment(ledger))
    except Exception as error:  # a template may make any operation fail
        wrong = _mistakes(data, profile, name, book) or (_template_finding(document, error, name, context),)
        return Narrative(None, (*notes.findings, *wrong))
    if notes.failed:
        return Narrative(None, notes.findings)
    properties = document.docx.core_properties
    year = book.info.get("年度", "")
    department = book.info.get("部门名称", "")[:LONGEST_PROPERTY]
    properties.title = f"{department}{year}年度部门决算"[:LONGEST_PROPERTY]
    properties.author = properties.last_modified_by = department
    properties.created = properties.modified = created
    properties.revision = 1
    stream = io.BytesIO()
    document.save(stream)
    parts = parts_of(stream.getvalue())
    there = _printed(etree.fromstring(parts["word/document.xml"]))
    if there != document.printed:  # docxtpl reads its own result with a parser that drops what it cannot read
        reason = f"{document.printed[0]} → {there[0]}"
        return Narrative(None, (*notes.findings, finding("T505", name, reason=reason)))
    for chart in place(parts, charts):
        notes.say("T516", name, chart, chart=chart)
    if with_tables and not place_tables(parts, sheets, ledger):
        notes.say("T514", name, "附表表格")
    if ledger is not None:
        made = Origin(
            *workbook,
            profile.name,
            profile.title,
            name,
            fingerprint_of(data),
            int(book.info.get("年度", profile.year)),
            __version__,
        )
        manifest = manifest_of(made, marks, place_marks(parts, ledger, marks), ledger, charts, parts)
        if (opened := open_marks(parts, manifest)) is not None:
            manifest = replace(manifest, wording=tuple(sentence.wording for sentence in sentences_of(opened.marked)))
        put_manifest(parts, manifest)
    contents = with_contents(parts, toc, "report.docx")
    report = sealed(contents.parts, inputs) if contents.parts is not None else None
    return Narrative(report, (*notes.findings, *contents.findings))


def filled(
    template: Path, profile: Profile, book: Book, context: Mapping[str, object], ledger: Ledger
) -> tuple[Mapping[str, bytes], tuple[Finding, ...]]:
    """The parts of a filled template, with the sentinels of what was printed, charts and contents as they are; or why there are none."""
    try:
        data = template.read_bytes()
    except OSError as error:
        return {}, (finding("F009", template.name, reason=error.strerror or str(error)),)
    document = _document(data, template.name)
    if isinstance(document, Finding):
        return {}, (document,)
    if str(template) != profile.template and (wrong := _mistakes(data, profile, template.name, book)):
        return {}, wrong
    try:
        document.render(context, jinja_env=environment(ledger))
    except Exception as error:  # a template may make any operation fail
        return {}, (_template_finding(document, error, template.name, context),)
    stream = io.BytesIO()
    document.save(stream)
    return parts_of(stream.getvalue()), ()


def _mistakes(data: bytes, profile: Profile, name: str, book: Book) -> tuple[Finding, ...]:
    """Everything that is wrong with a template: of one's own it is told before rendering, all at once."""
    return tuple(mistake.finding for mistake in lint(data, profile, name, book.info))


# -- the one place that knows docxtpl -----------------------------------------------------------------


_IN_TAG = re.compile(f"<[^<>]*{BEGIN}[^<>]*>")
_CONTINUED = re.compile(r"<w:tc[ >](?:(?!<w:tc[ >]).)*?\{%\s*续行\s.*?</w:tc>", re.DOTALL)
_CONTINUED_TEXT = re.compile(r"\{%\s*续行\s+(.*?)\s*%\}(.*?)</w:t>", re.DOTALL)


def _continue_cells(xml: str) -> str:
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


def _document(data: bytes, name: str) -> Any:
    """The template opened by docxtpl with our safeguards, or the finding that says why it cannot be."""
    from docxtpl import DocxTemplate
    from lxml import etree

    class Template(DocxTemplate):  # type: ignore[misc]  # docxtpl has no types
        """docxtpl with strict rendering: one pass, no second meaning for ``{_{``, no recovery from broken XML."""

        failing: tuple[str, int, str] = ("", 0, "")
        """The part, the paragraph number and its text where rendering failed."""
        printed: tuple[int, str] = (0, "")
        """How many paragraphs the body has as rendered, and the text of the last one."""

        def patch_xml(self, src_xml: str) -> str:
            patched: str = super().patch_xml(src_xml)
            return _continue_cells(patched)

        def render_xml_part(self, src_xml: str, part: Any, context: Any, jinja_env: Any = None) -> str:
            self.current_rendering_part = part
            source = re.sub(r"<w:p([ >])", r"\n<w:p\1", without_sentinels(src_xml).replace("\n", " "))
            self.failing = (str(getattr(part, "partname", "")), 0, "")
            try:
                # not render(): it would join the pieces as the text of a macro is joined, without their marks
                rendered = "".join(jinja_env.from_string(source).generate(context))
            except Exception as error:
                line = _failing_line(error)
                self.failing = (self.failing[0], line - 1, _plain(source.split("\n")[line - 1]) if line else "")
                raise
            rendered = re.sub(r"\n<w:p([ >])", r"<w:p\1", rendered)
            if BEGIN in rendered:  # inside a tag nothing can be marked, and docxtpl reads numbers there
                rendered = _IN_TAG.sub(lambda tag: without_sentinels(tag[0]), rendered)
            resolved: str = self.resolve_listing(rendered)
            tree: Any = etree.fromstring(resolved.encode(), etree.XMLParser(resolve_entities=False, huge_tree=True))
            if part is self.docx.part:
                self.printed = _printed(tree)
            return resolved

        def render_footnotes(self, context: Any, jinja_env: Any = None) -> None:
            """Render the footnotes once (docxtpl does it once a section)."""
            for part in self.docx.part.package.parts:
                if part.content_type.endswith(".footnotes+xml"):
                    xml = self.render_xml_part(self.patch_xml(part.blob.decode()), part, context, jinja_env)
                    part._blob = xml.encode()

        def render_properties(self, context: Any, jinja_env: Any = None) -> None:
            """Nothing: the program writes the document properties itself."""

    try:
        document = Template(io.BytesIO(data))
        document.init_docx()
    except Exception as error:  # python-docx raises whatever zipfile, lxml and its own code raise
        return finding("T504", name, found=re.sub(r"file '<.*?>' ", "", f"{type(error).__name__}: {error}")[:120])
    return document


def _printed(tree: Any) -> tuple[int, str]:
    """How many paragraphs a body has, and the text of the last one that has any."""
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    paragraphs = list(tree.iter(f"{word}p"))
    texts = ("".join(t.text or "" for t in p.iter(f"{word}t")) for p in reversed(paragraphs))
    return len(paragraphs), next((text for text in texts if text), "")


def _failing_line(error: BaseException) -> int:
    """The line of the template source in which an error arose, 0 where it cannot be told."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line if isinstance(line, int) else 0


def _plain(xml: str) -> str:
    return re.sub(r"<[^>]+>", "", xml).strip()


def _template_finding(document: Any, error: Exception, name: str, context: Mapping[str, object]) -> Finding:
    """What is wrong with a template, with part, paragraph and text."""
    from jinja2.exceptions import TemplateSyntaxError, UndefinedError
    from lxml.etree import XMLSyntaxError

    part, paragraph, text = document.failing
    place = name
    if part:
        place += f" {part.rpartition('/')[2].removesuffix('.xml')}"
    if paragraph > 0:
        place += f" 第{paragraph}段"
    reason = str(error) or type(error).__name__
    if isinstance(error, XMLSyntaxError):
        return finding("T505", place, reason=reason)
    if isinstance(error, TemplateSyntaxError):
        return finding("T501", place, reason=reason, reason_zh=in_chinese(reason), found=text[:80])
    unknown = re.search(r"'([^']+)' is undefined|has no attribute '([^']+)'", reason)
    if isinstance(error, UndefinedError) and unknown:
        wrong = unknown[1] or unknown[2]
        return finding(
            "T502",
            place,
            name=wrong,
            found=text[:80],
            expected=nearest(wrong, _names(context, companion=bool(unknown[2]))),
        )
    return finding("T503", place, reason=reason, found=text[:80])


def _names(context: Mapping[str, object], *, companion: bool) -> list[str]:
    """What could have been meant: behind a dot the company and phrases of a figure, elsewhere a name."""
    if not companion:
        return list(context)
    phrases = next((view.phrases() for view in context.values() if isinstance(view, FigureView)), ())
    groups = [name for group in context.values() if isinstance(group, Group) for name in group.names()]
    return [*COMPANIONS, *phrases, "名称", "已填", *groups]

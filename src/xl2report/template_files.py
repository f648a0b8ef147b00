"""Word files about a template: the list of names to keep beside it, and a copy with a comment at each mistake."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from xl2report.findings import Words
from xl2report.linting import AUTHOR, Mistake
from xl2report.packages import parts_of, sealed
from xl2report.vocabulary import SECTIONS, Entry

HEADS = (Words("写法", "tag"), Words("含义", "meaning"), Words("单位", "unit"), Words("现值", "value"))
_USED = Words("使用次数", "times used")
LONGEST = 200
"""How many characters of a value the list shows."""


def cheat_sheet(entries: Sequence[Entry], title: str, lang: str) -> bytes:
    """Every name that a template may use as a Word document of tables, one for each section."""
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.oxml.ns import qn

    document: Any = Document()
    page = document.sections[0]
    page.orientation, page.page_width, page.page_height = WD_ORIENT.LANDSCAPE, page.page_height, page.page_width
    document.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "宋体")
    document.add_heading(title, 1)
    heads = [*HEADS, *([_USED] if any(e.used is not None for e in entries) else [])]
    for section, words in SECTIONS.items():
        rows = [entry for entry in entries if entry.section == section]
        if not rows:
            continue
        document.add_heading(words.in_language(lang), 2)
        table = document.add_table(1, len(heads), "Table Grid")
        for cell, head in zip(table.rows[0].cells, heads, strict=True):
            cell.paragraphs[0].add_run(head.in_language(lang)).bold = True
        for entry in rows:
            texts = (entry.tag, entry.meaning, entry.unit, shortened(entry.value), str(entry.used))
            for cell, text in zip(table.add_row().cells, texts, strict=False):
                cell.text = text
    return _saved(document)


def shortened(text: str, most: int = LONGEST) -> str:
    """A text on one line, cut where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def annotated(data: bytes, mistakes: Iterable[Mistake], lang: str) -> bytes:
    """A copy of a template with a Word comment at each mistake; the comments of an earlier check are taken out.

    Word has no comments in headers, footnotes and text boxes: those stand at the paragraph that holds the text box,
    or at the first one, and say where the mistake is.
    """
    from docx import Document
    from docx.text.run import Run

    document: Any = Document(io.BytesIO(data))
    _forget(document)
    body = document.part.partname.lstrip("/")
    paragraphs = _paragraphs(document.element.body)
    for mistake in mistakes:
        inside = mistake.part == body and 0 < mistake.paragraph <= len(paragraphs)
        paragraph = _outermost(paragraphs[mistake.paragraph - 1]) if inside else _first(document)
        runs = [Run(run, document) for run in _runs(paragraph)] or [Run(paragraph.add_r(), document)]
        comment: Any = document.add_comment([runs[0], runs[-1]], _said(mistake, lang), AUTHOR, "x2r")
        for clock in [name for name in comment._comment_elm.attrib if name.endswith("}date")]:
            del comment._comment_elm.attrib[clock]
    return _saved(document)


def _said(mistake: Mistake, lang: str) -> str:
    """The text of a comment."""
    found = mistake.finding
    lines = [f"{found.code} {found.place}", found.message.in_language(lang)]
    if found.expected:
        lines.append(("应为：" if lang == "zh" else "expected: ") + found.expected)
    return "\n".join([*lines, found.action.in_language(lang)])


def _paragraphs(body: Any) -> list[Any]:
    """The paragraphs as the linter counts them: in order, tables and text boxes included, fall-backs not."""
    from docx.oxml.ns import qn

    fallback = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
    return [p for p in body.iter(qn("w:p")) if next(p.iterancestors(fallback), None) is None]


def _outermost(paragraph: Any) -> Any:
    """The paragraph that holds the text box in which a paragraph stands, or the paragraph itself."""
    from docx.oxml.ns import qn

    return [paragraph, *paragraph.iterancestors(qn("w:p"))][-1]


def _first(document: Any) -> Any:
    """The first paragraph of the body; made where there is none."""
    from docx.oxml.ns import qn

    first = next(document.element.body.iter(qn("w:p")), None)
    return document.add_paragraph()._p if first is None else first


def _runs(paragraph: Any) -> list[Any]:
    """The runs of a paragraph, those in links and changes included, those of text boxes not."""
    from docx.oxml.ns import qn

    return [r for r in paragraph.iter(qn("w:r")) if next(r.iterancestors(qn("w:p"))) is paragraph]


def _forget(document: Any) -> None:
    """Take out the comments of an earlier check."""
    from docx.oxml.ns import qn

    old = {str(c.comment_id): c._comment_elm for c in document.comments if c.author == AUTHOR}
    for comment in old.values():
        comment.getparent().remove(comment)
    marks = [qn(f"w:{name}") for name in ("commentRangeStart", "commentRangeEnd", "commentReference")]
    for mark in list(document.element.body.iter(*marks)):
        if mark.get(qn("w:id")) in old:
            holder = mark.getparent()
            holder.remove(mark)
            if holder.tag == qn("w:r") and all(child.tag == qn("w:rPr") for child in holder):
                holder.getparent().remove(holder)


def _saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return sealed(parts_of(stream.getvalue()))

"""A Word template as plain text: one line a paragraph with its style, so that a change of wording can be reviewed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


def template_text(data: bytes) -> str:
    """The text of a .docx: every paragraph of body, tables, headers and footers, its style in brackets before it."""
    from docx import Document

    document: Any = Document(io.BytesIO(data))
    lines = list(_lines(document.element.body, document))
    for number, section in enumerate(document.sections, 1):
        for name in (
            "header",
            "even_page_header",
            "first_page_header",
            "footer",
            "even_page_footer",
            "first_page_footer",
        ):
            part = getattr(section, name)
            if not part.is_linked_to_previous:
                lines.append(f"== {name} {number}")
                lines.extend(_lines(part._element, document))
    return "\n".join(lines) + "\n"


def _lines(element: Any, document: Any) -> Iterator[str]:
    from docx.oxml.ns import qn
    from docx.text.paragraph import Paragraph

    for child in element:
        if child.tag == qn("w:p"):
            paragraph = Paragraph(child, document)
            style = paragraph.style
            yield f"[{style.name if style is not None else ''}] {paragraph.text}"
        elif child.tag == qn("w:tbl"):
            yield "┌ 表格"
            for row in child.iter(qn("w:tr")):
                cells = [
                    " / ".join(t.partition("] ")[2] for t in _lines(cell, document)) for cell in row.iter(qn("w:tc"))
                ]
                yield "│ " + " │ ".join(cells)
            yield "└"

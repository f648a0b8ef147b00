"""A prepared template gives what docxtpl itself gives, wherever the prepared form comes from."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
import xlsxwriter
from docx import Document
from docxtpl import DocxTemplate
from lxml import etree

import xl2report
from xl2report.charts import ChartData, chart_data, embedded_workbook
from xl2report.filling import filled_parts, properties_of
from xl2report.loading import shipped
from xl2report.packages import Deflated, deflated, pack, parts_of
from xl2report.preparing import continue_cells, prepared
from xl2report.sandbox import environment
from xl2report.views import Notes, context_of

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DATE = datetime.fromisoformat("2024-09-27")
CONTEXT: Mapping[str, object] = {
    "甲": "文字", "rows": [("a", 1), ("b", 2), ("c", 3)], "cols": ["x", "y", "z", "u"], "empty": (), "n": 3, "yes": True,
    "listing": "一\n二\t三\a四\f五", "signs": "& < > \" ' “” {_{ x }_} {{ 7*7 }}", "rtl": "\u202eאבג\u202c", "colour": "FF0000",
}  # fmt: skip


def reference(data: bytes, context: Mapping[str, object]) -> dict[str, bytes]:
    """The parts that docxtpl itself makes, with what we add to its templates and without its second meaning of ``{_{``."""

    class Template(DocxTemplate):  # type: ignore[misc]
        def patch_xml(self, src_xml: str) -> str:
            return continue_cells(super().patch_xml(src_xml)).replace("\n", " ")

        def render_xml_part(self, src_xml: str, part: Any, context: Any, jinja_env: Any = None) -> str:  # noqa: ARG002
            source = re.sub(r"<w:p([ >])", r"\n<w:p\1", src_xml)
            rendered = jinja_env.from_string(source).render(context)
            xml: str = self.resolve_listing(re.sub(r"\n<w:p([ >])", r"<w:p\1", rendered))
            return xml

        def render_properties(self, context: Any, jinja_env: Any = None) -> None:  # noqa: ARG002
            core = self.docx.core_properties
            core.title, core.author, core.last_modified_by, core.revision = "题", "作者", "作者", 1
            core.created = core.modified = DATE

    document = Template(io.BytesIO(data))
    document.render(dict(context), environment())
    stream = io.BytesIO()
    document.save(stream)
    return parts_of(stream.getvalue())


def ours(data: bytes, context: Mapping[str, object]) -> dict[str, bytes]:
    template = prepared(data)
    parts = filled_parts(template, context, None)
    return {**parts, template.properties.name: properties_of(template, "题", "作者", DATE)}


def canonical(part: bytes) -> bytes:
    try:
        return etree.tostring(etree.fromstring(part), method="c14n")
    except etree.XMLSyntaxError:
        return part


def same(data: bytes, context: Mapping[str, object] = CONTEXT) -> dict[str, bytes]:
    """Our parts, after they were found to be docxtpl's."""
    theirs, own = reference(data, context), ours(data, context)
    assert sorted(own) == sorted(theirs)
    differing = [name for name in theirs if theirs[name] != own[name]]
    assert [name for name in differing if canonical(theirs[name]) != canonical(own[name])] == []
    return own


def run(*texts: str, properties: str = "") -> str:
    return "".join(f"<w:r>{properties}<w:t>{text}</w:t></w:r>" for text in texts)


def par(*texts: str, properties: str = "") -> str:
    return f"<w:p>{properties}{run(*texts)}</w:p>"


def cell(*texts: str, properties: str = "", inside: str = "") -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="1000" w:type="dxa"/>{properties}</w:tcPr>{inside}{par(*texts)}</w:tc>'


def row(*cells: str) -> str:
    return f"<w:tr>{''.join(cells)}</w:tr>"


def table(columns: int, *rows: str) -> str:
    grid = '<w:gridCol w:w="1000"/>' * columns
    return f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


@cache
def _blank() -> dict[str, bytes]:
    document: Any = Document()
    document.sections[0].header.paragraphs[0].text = "页眉"
    document.sections[0].footer.paragraphs[0].text = "页脚"
    stream = io.BytesIO()
    document.save(stream)
    return parts_of(stream.getvalue())


def template(body: str, header: str = "", footnote: str = "") -> bytes:
    """A Word document with this XML in its body, its header and a footnote."""
    parts = dict(_blank())
    document = parts["word/document.xml"].decode()
    parts["word/document.xml"] = re.sub(
        r"(<w:body>).*(<w:sectPr)", lambda m: m[1] + body + m[2], document, flags=re.DOTALL
    ).encode()
    if header:
        name = next(name for name in parts if "header" in name)
        parts[name] = parts[name].replace("页眉".encode(), header.encode())
    if footnote:
        parts["word/footnotes.xml"] = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<w:footnotes xmlns:w="{W}"><w:footnote w:id="1">{par(footnote)}</w:footnote></w:footnotes>'
        ).encode()
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
        override = f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/></Types>'
        parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", override.encode())
        relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
        relation = f'<Relationship Id="rIdF" Type="{relation}" Target="footnotes.xml"/></Relationships>'
        parts["word/_rels/document.xml.rels"] = parts["word/_rels/document.xml.rels"].replace(
            b"</Relationships>", relation.encode()
        )
    return pack(parts)


BOLD = "<w:rPr><w:b/></w:rPr>"
CENTRED = '<w:pPr><w:jc w:val="center"/></w:pPr>'
DRAWING = (
    '<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
    '<wp:docPr id="7" name="图 {{ 甲 }}" descr="id=&quot;5&quot; {{ signs }}"/></wp:inline></w:drawing></w:r>'
)
BODIES = {
    "no tags at all": par("没有标签"),
    "a tag split over runs": "<w:p>" + run("{", "{ 甲", " }", "} 和 {", "{ n }}") + "</w:p>",
    "a statement over runs": "<w:p>" + run("{% if", " yes %}有{% el", "se %}无{% end", "if %}") + "</w:p>",
    "a tag with formatting inside": "<w:p>" + run("{{ 甲") + run(" }}", properties=BOLD) + "</w:p>",
    "a loop of rows": table(2, row(cell("{%tr for r in rows %}"), cell()), row(cell("{{ r[0] }}"), cell("{{ r[1] }}")), row(cell("{%tr endfor %}"), cell())),
    "a loop of no rows": table(2, row(cell("{%tr for r in empty %}"), cell()), row(cell("{{ r }}"), cell("{{ r }}")), row(cell("{%tr endfor %}"), cell())),
    "a loop of cells": table(3, row(cell("{%tc for c in cols %}"), cell("{{ c }}"), cell("{%tc endfor %}")), row(cell("1"), cell("2"), cell("3"))),
    "a loop of fewer cells": table(5, row(cell("甲"), cell("{%tc for c in empty %}"), cell("{{ c }}"), cell("{%tc endfor %}"), cell("尾"))),
    "a loop of paragraphs": par("{%p for r in rows %}") + par("{{ r[0] }}", properties=CENTRED) + par("{%p endfor %}"),
    "a condition around paragraphs": par("{%p if not yes %}") + par("没有") + par("{%p else %}") + par("有") + par("{%p endif %}"),
    "a condition in a run": "<w:p>" + run("前", "{%r if yes %}", "中", "{%r endif %}", "后") + "</w:p>",
    "columns that span": table(4, row(cell("{% colspan n %}宽"), cell("窄")), row(*[cell("1")] * 4)),
    "columns that span too few": table(4, row(cell("{% colspan 1 %}窄"), cell("窄"))),
    "a coloured cell": table(1, row(cell("{% cellbg colour %}红"))),
    "cells merged downwards": table(2, row(cell("{%tr for r in rows %}"), cell()), row(cell("{% vm %}同"), cell("{{ r[1] }}")), row(cell("{%tr endfor %}"), cell())),
    "cells merged sideways": table(4, row(cell("{%tc for c in cols %}"), cell("{% hm %}同"), cell("{%tc endfor %}")), row(*[cell("1")] * 4)),
    "cells that continue": table(2, row(cell("{%tr for r in rows %}"), cell()), row(cell("{% 续行 r[1] > 1 %}{{ r[0] }}"), cell("{{ r[1] }}")), row(cell("{%tr endfor %}"), cell())),
    "tables in tables": table(2, row(cell(inside=table(3, row(*[cell("{{ n }}")] * 3))), cell("{{ 甲 }}"))),
    "tables in tables that change": table(2, row(cell(inside=table(1, row(cell("{%tc for c in cols %}"), cell("{{ c }}"), cell("{%tc endfor %}")))), cell("乙"))),
    "rows with too few cells": table(3, row(cell("{{ n }}"))),
    "rows with too many cells": table(1, row(*[cell("{{ n }}")] * 3)),
    "a cell in a control": table(1, row("<w:sdt><w:sdtContent>" + cell("{{ n }}") + "</w:sdtContent></w:sdt>")),
    "line breaks, tabs, paragraphs and pages": par("前{{ listing }}后", properties=CENTRED) + "<w:p>" + run("{{ listing }}", properties=BOLD) + "</w:p>",
    "a tab of the template's own": par("一\t{{ n }}"),
    "signs of XML": par("{{ signs }}") + par("{{ signs ~ signs }}") + par("{{ [signs, 甲]|join('&amp;') }}"),
    "curly quotes in a tag": par("{{ “引” ~ 甲 }}{% if 甲 == ‘文字’ %}是{% endif %}"),
    "what docxtpl takes for braces": par("{_{ 甲 }_} {_% if %_}"),
    "raw": par("{% raw %}{{ 甲 }}{% if %}{% endraw %}"),
    "a macro": par("{% macro m(x) %}【{{ x }}】{% endmacro %}{{ m(甲) }}{{ m(signs) }}"),
    "names": par("{% set x = 甲 ~ '乙' %}{{ x }}{% with y = x %}{{ y }}{% endwith %}{% set z %}块{{ n }}{% endset %}{{ z }}"),
    "a comment": par("前{# 注释 {{ 甲 }} #}后") + par("{#p 整段 #}") + par("后"),
    "right to left": par("{{ rtl }}"),
    "white space taken away": par("前 {%- if yes -%} 中 {%- endif -%} 后") + par("另一段{{- 甲 -}}完"),
    "comparisons written as XML": par("{% if n &lt; 5 and n &gt; 1 %}在内{% endif %}"),
    "a loop with its own place": par("{% for r in rows %}{{ loop.index }}/{{ loop.length }}{% if not loop.last %}、{% endif %}{% else %}空{% endfor %}"),
    "nested loops": par("{% for r in rows %}{% for c in cols if c != 'y' %}{{ r[0] }}{{ c }}{{ loop.revindex }} {% endfor %}{% endfor %}"),
    "filters": par("{{ cols|join('、') }}{{ 3.456|round(2) }}{{ cols|map('upper')|list|length }}{{ 没有|default('缺') }}{% filter upper %}abc{% endfilter %}"),
    "drawings": f"<w:p>{DRAWING}</w:p>" * 2 + par("{{ n }}"),
    "a drawing in a loop": par("{%p for r in rows %}") + f"<w:p>{DRAWING}</w:p>" + par("{%p endfor %}"),
    "a line break in the template": "<w:p><w:r><w:t>{{ 甲</w:t><w:br/><w:t>}}</w:t></w:r></w:p>",
    "an alternative content": '<w:p><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
    '<mc:Choice Requires="wps"><w:t>{{ 甲 }}</w:t></mc:Choice><mc:Fallback><w:t>{{ n }}</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>',
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XL2REPORT_CACHE", "0")


@pytest.mark.parametrize("what", BODIES)
def test_a_prepared_template_gives_what_docxtpl_gives(what: str) -> None:
    same(template(BODIES[what], header="{{ 甲 }}{{ listing }}", footnote="注{{ n }}{{ signs }}"))


def test_headers_and_footnotes_with_tags_are_rendered() -> None:
    parts = same(template(par("正文"), header="页眉{{ 甲 }}", footnote="注{{ n }}"))

    assert "页眉文字" in next(data.decode() for name, data in parts.items() if "header" in name)
    assert "注3" in parts["word/footnotes.xml"].decode()


def test_the_template_of_the_profile_gives_what_docxtpl_gives(report: xl2report.Report) -> None:
    charts = chart_data(report.profile, report.figures)
    context = context_of(report.profile, report.book, report.figures, report.sheets, charts, Notes())
    parts = same(shipped("docx_templates", "sichuan.docx").read_bytes(), context | {"附表表格": "", "目录": ""})

    assert len(parts["word/document.xml"]) > 100_000


# -- packages -------------------------------------------------------------------------------------


def test_a_package_is_what_zipfile_writes() -> None:
    again = Deflated("再来".encode() * 500)
    parts = {
        "b.xml": b"b" * 999,
        "[Content_Types].xml": b"types",
        "空/é.xml": b"",
        "again": again,
        "random": bytes(range(256)),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("[Content_Types].xml", *sorted(parts.keys() - {"[Content_Types].xml"})):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 0
            archive.writestr(info, parts[name], compresslevel=6)

    assert pack(parts) == stream.getvalue()
    assert pack(parts) == stream.getvalue()
    assert deflated(again) is deflated(again)


def test_the_workbook_behind_a_chart_is_what_xlsxwriter_writes() -> None:
    names = ("甲 & <乙>", "占比", " 前后有空格 ")
    values = (Decimal("85.68"), Decimal("-14.30"), Decimal("0"))
    data = ChartData("图", "题", "pie", "占比", names, values, ("", "", ""), "")
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"created": datetime(2024, 1, 1)})  # noqa: DTZ001
    sheet = book.add_worksheet("数据")
    sheet.write_string(0, 1, data.series)
    for row, (name, value) in enumerate(zip(names, values, strict=True), 1):
        sheet.write_string(row, 0, name)
        sheet.write_number(row, 1, float(value))
    sheet.set_column(0, 0, 36)
    book.close()
    theirs, own = parts_of(stream.getvalue()), parts_of(embedded_workbook(data))
    # it writes a number with 16 digits, which is another number
    theirs["xl/worksheets/sheet1.xml"] = (
        theirs["xl/worksheets/sheet1.xml"].replace(b"85.68000000000001", b"85.68").replace(b"-14.3<", b"-14.30<")
    )

    assert own == theirs

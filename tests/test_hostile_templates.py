"""Templates that want out of the sandbox or never end, and texts that look like templates."""

from __future__ import annotations

import io
import time
import tracemalloc
import zipfile
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from docx import Document
from slim import slim_example

import xl2report
from xl2report.filling import Failed, filled_parts, properties_of
from xl2report.guards import RefusedError
from xl2report.manifest import Ledger
from xl2report.packages import pack, parts_of
from xl2report.preparing import prepared
from xl2report.sandbox import SECONDS, TooMuch

ROWS = tuple(range(300))
CONTEXT: Mapping[str, object] = {"r": ROWS, "甲": "文字", "数": Decimal("3.57"), "长": "长" * 30_000}


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XL2REPORT_CACHE", "0")


def template(*texts: str, header: str = "", title: str = "") -> bytes:
    document: Any = Document()
    for text in texts:
        document.add_paragraph(text)
    if header:
        document.sections[0].header.paragraphs[0].text = header
    document.core_properties.subject = title
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def with_footnote(text: str) -> bytes:
    """A template whose only tag stands in a footnote."""
    parts = parts_of(template("正文"))
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    parts["word/footnotes.xml"] = (
        f'<w:footnotes xmlns:w="{space}"><w:footnote w:id="1"><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:footnote></w:footnotes>'
    ).encode()
    kind = "wordprocessingml.footnotes+xml"
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"</Types>",
        f'<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-officedocument.{kind}"/></Types>'.encode(),
    )
    parts["word/_rels/document.xml.rels"] = parts["word/_rels/document.xml.rels"].replace(
        b"</Relationships>",
        b'<Relationship Id="rIdF" Target="footnotes.xml" Type='
        b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"/></Relationships>',
    )
    return pack(parts)


def printed(data: bytes, context: Mapping[str, object] = CONTEXT) -> str:
    """The text of the paragraphs that a template prints."""
    ready = prepared(data)
    parts = filled_parts(ready, context, None)
    parts[ready.properties.name] = properties_of(ready, "题", "作者", datetime.fromisoformat("2024-09-27"))
    document: Any = Document(io.BytesIO(pack(parts)))
    return "\n".join(p.text for p in document.paragraphs)


# -- without end ----------------------------------------------------------------------------------

NESTED = "{% for a in r %}{% for b in r %}{% for c in r %}{% for d in r %}{% for e in r %}{% for f in r %}"
ENDS = "{% endfor %}" * 6
DOUBLING = "{% macro m(x, n) %}{% if n %}{{ m(x ~ x, n - 1) }}{% else %}{{ x }}{% endif %}{% endmacro %}"
BOMBS = {
    "nested loops that print nothing": NESTED + ENDS,
    "nested loops that print": NESTED + "文字" + ENDS,
    "nested loops that know their turn": NESTED + "{{ loop.index }}" + ENDS,
    "a long text repeated in a loop": "{% for a in r %}{% for b in r %}{{ 长 }}{% endfor %}{% endfor %}",
    "a text multiplied": "{{ 'a' * 10**9 }}",
    "a text multiplied the other way": "{{ 1000000000 * 'a' }}",
    "a list multiplied": "{% for x in [1] * 10**9 %}{% endfor %}",
    "a list added to itself": "{% macro m(x, n) %}{% if n %}{{ m(x + x, n - 1) }}{% endif %}{% endmacro %}{{ m([1], 40) }}",
    "a list of itself": "{% macro m(x, n) %}{% if n %}{{ m([x, x], n - 1) }}{% else %}{{ x }}{% endif %}{% endmacro %}{{ m([1], 60) }}",
    "a text doubled": DOUBLING + "{{ m('文', 40) }}",
    "calls that branch": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "calls without end": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a power": "{{ 10 ** 10000000000 }}",
    "a number multiplied": "{% macro m(x, n) %}{% if n %}{{ m(x * x, n - 1) }}{% endif %}{% endmacro %}{{ m(9, 60) }}",
    "a filter that widens": "{{ 甲|center(1000000000) }}",
    "a filter that indents": "{{ 甲|indent(1000000000, true) }}",
    "a filter that replaces": "{{ 长|replace('长', 长) }}",
    "a filter that joins": "{{ r|join(长) }}",
    "a filter that joins what another gives": "{{ (r|map('string'))|join(长) }}",
    "a filter that fills": "{{ r|batch(1000000000, 'x')|list }}",
    "a filter that rounds": "{{ 3|round(1000000000) }}",
    "a filter of each": "{{ r|map('center', 1000000000)|join }}",
    "a format": "{{ '%1000000000d'|format(1) }}",
    "a format by an operator": "{{ '%01000000000d' % 1 }}",
    "a format with a width of its own": "{{ '%*d' % (1000000000, 1) }}",
    "a format by a method": "{{ '{:1000000000}'.format(1) }}",
    "a format by a method with a width of its own": "{{ '{:{}}'.format(1, 1000000000) }}",
    "a method that widens": "{{ 甲.ljust(1000000000) }}",
    "a method that replaces": "{{ 长.replace('长', 长) }}",
    "a method that joins": "{{ 长.join(长) }}",
    "a method that makes tabs wide": "{{ '\\t'.expandtabs(1000000000) }}",
    "a text in a name": "{% set x %}" + NESTED + "文字" + ENDS + "{% endset %}{{ x }}",
    "a filter of a long text": "{% filter upper %}{% for a in r %}{{ 长 }}{% endfor %}{% endfilter %}",
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_template_without_end_is_stopped_and_its_paragraph_named(what: str) -> None:
    data = template("第一段", BOMBS[what])
    began = time.monotonic()
    with pytest.raises(Failed) as failed:
        filled_parts(prepared(data), CONTEXT, Ledger())

    assert isinstance(failed.value.error, RecursionError if what == "calls without end" else TooMuch), (
        failed.value.error
    )
    assert (failed.value.part, failed.value.paragraph) == ("word/document.xml", 2)
    assert time.monotonic() - began < SECONDS + 2


@pytest.mark.parametrize(
    "what", [what for what in BOMBS if "for a in r" not in BOMBS[what] and "macro" not in BOMBS[what]]
)
def test_what_would_be_large_is_not_made(what: str) -> None:
    data = template(BOMBS[what])
    prepared(data)
    tracemalloc.start()
    try:
        with pytest.raises(Failed):
            filled_parts(prepared(data), CONTEXT, None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000


def test_what_reports_do_is_not_too_much() -> None:
    data = template(
        "{{ '-' * 40 }}{{ '%.2f' % 3.14159 }}{{ '{:,}'.format(1234567) }}{{ 甲.ljust(20, '。') }}{{ 2 ** 10 }}",
        "{% for a in r %}{{ a }}{% if not loop.last %}、{% endif %}{% endfor %}",
        "{{ r[:3]|map('string')|join('；') }}{{ r|sum }}{{ r|batch(100)|list|length }}{{ 甲 ~ 数 }}{{ 3.14159|round(2) }}",
    )
    assert printed(data).split("\n") == [
        "-" * 40 + "3.141,234,567文字" + "。" * 18 + "1024",
        "、".join(map(str, ROWS)),
        "0；1；2448503文字3.573.14",
    ]


# -- out of the sandbox ---------------------------------------------------------------------------

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ 甲.__init__.__globals__ }}",
    "{{ 甲|attr('__class__') }}",
    "{{ '{0.__class__}'.format(甲) }}",
    "{{ ['{0.__class__}']|map('format', 甲)|join|attr('__class__') }}",
    "{{ r|map(attribute='__class__')|join }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{% for x in [].__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{% set x = 甲.__class__ %}{{ x }}",
    "{% macro m() %}{{ varargs.__class__ }}{% endmacro %}{{ m() }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{{ 没有 }}",
    "{{ 甲.没有 }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_no_template_gets_out_of_the_sandbox_or_asks_for_what_there_is_not(text: str) -> None:
    for data in (template(text), template("正文", header=text), with_footnote(text)):
        with pytest.raises(Failed) as failed:
            filled_parts(prepared(data), CONTEXT, None)
        assert failed.value.part.startswith("word/")


def test_a_footnote_is_rendered_and_document_properties_are_not() -> None:
    assert b"3.57" in filled_parts(prepared(with_footnote("{{ 数 }}")), CONTEXT, None)["word/footnotes.xml"]
    made = prepared(template("正文", title="{{ 7*7 }}{{ ''.__class__ }}"))
    assert "{{ 7*7 }}{{ ''.__class__ }}" in made.properties.text


# -- texts that look like what they are not -------------------------------------------------------

SIGNS = [
    "{{ 7*7 }}{% for x in y %}{# 注 #}",
    "{_{ 甲 }_} {_% if 1 %_}",
    "A&B <w:p> </w:t> ]]> &amp; “引号” ‘x’ \"y\" 'z'",
    "{% raw %}{{ 甲 }}{% endraw %}",
]


@pytest.mark.parametrize("text", SIGNS)
def test_a_text_that_looks_like_a_tag_stays_a_text(text: str) -> None:
    assert printed(template("{{ 甲 }}", "{{ 甲 ~ '' }}", "{{ [甲]|join }}"), {"甲": text}) == "\n".join([text] * 3)


def test_every_text_of_a_workbook_may_look_like_a_tag(tmp_path: Any) -> None:
    book = slim_example()
    said = "{{ 7*7 }}{% if %}{_{ 部门名称 }_}&<b>"
    count = 0
    for name, heading in (("文字材料", "文字"), ("绩效项目", "预期目标"), ("绩效指标", "目标值")):
        page = book[name]
        columns = [c for row in page.iter_rows(max_row=3) for c in row if c.value == heading]
        assert columns, name
        for row in range(columns[0].row + 1, page.max_row + 1):
            if page.cell(row, columns[0].column).value:
                page.cell(row, columns[0].column).value = said
                count += 1
    page = book["基本信息"]
    department = next(row for row in page.iter_rows() if row[0].value == "部门名称")[1]
    department.value = said
    book.save(tmp_path / "accounts.xlsx")
    data, findings = xl2report.load(tmp_path / "accounts.xlsx").narrative(toc="none")
    assert data, findings
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read("word/document.xml").decode()
    assert count > 150
    assert text.count("{{ 7*7 }}{% if %}{_{ 部门名称 }_}&amp;&lt;b&gt;") > 150
    assert "49" not in "".join(p.text for p in Document(io.BytesIO(data)).paragraphs[:3])


@pytest.mark.parametrize("text", ["\x00", "\x01", "\x0b", "\x1b", "\ud800", "\ufffe"])
def test_a_text_that_no_xml_can_hold_is_told_and_never_cuts_the_report(text: str) -> None:
    with pytest.raises(Failed) as failed:
        filled_parts(prepared(template("甲{{ 甲 }}乙")), {"甲": text}, None)
    assert failed.value.part == "word/document.xml"


# -- packages -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "docProps/core.xml", "word/footnotes.xml"])
def test_a_template_that_declares_entities_is_refused_and_the_part_named(part: str, encoding: str) -> None:
    parts = parts_of(with_footnote("注"))
    xml = parts[part].decode()
    head, _, rest = xml.rpartition("?>\n") if "?>" in xml else ("", "", xml)
    entity = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    declared = f'<?xml version="1.0" encoding="{encoding}"?>' if head or encoding != "utf-8" else ""
    parts[part] = f"{declared}{entity}{rest.partition('?>')[2] or rest}".encode(encoding)
    with pytest.raises(Failed, match=part) as failed:
        prepared(pack(parts))
    assert isinstance(failed.value.error, RefusedError)


def test_a_template_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    parts = parts_of(template("正文"))
    data = pack({**parts, "word/media/image1.bmp": bytes(65 << 20)})
    tracemalloc.start()
    try:
        with pytest.raises(Failed, match=r"word/media/image1\.bmp"):
            prepared(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 5_000_000


def test_curly_quotes_in_a_tag_are_quotes_and_wrong_ones_are_told_with_paragraph_and_tag(
    report: xl2report.Report, tmp_path: Any
) -> None:
    assert printed(template("{{ “甲” ~ 甲 }}")) == "甲文字"
    path = tmp_path / "template.docx"
    path.write_bytes(template("第一段", '{{ "“三公”经费" }}'))
    data, findings = report.narrative(path)

    (wrong,) = [found for found in findings if found.severity == "error"]
    assert data is None
    assert (wrong.code, wrong.place, wrong.found) == ("T501", "template.docx document 第2段", '{{ "“三公”经费" }}')

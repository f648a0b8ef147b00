"""Linting a template: twenty planted mistakes, each found where it stands and nothing else; annotating; the names."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

import xl2report
from xl2report.charts import chart_data
from xl2report.cli import main
from xl2report.linting import AUTHOR, lint
from xl2report.loading import shipped
from xl2report.pipeline import export_template, lint_template, template_names
from xl2report.profile import Profile
from xl2report.views import Notes, context_of
from xl2report.vocabulary import vocabulary

SHIPPED = shipped("docx_templates", "sichuan.docx")
AT = 22
"""The paragraph of the shipped template before which mistakes are planted."""

MISTAKES: list[tuple[str, tuple[str, ...], list[tuple[str, int, str]]]] = [
    ("a wrong character in a name", ("{{ 三公经废 }}",), [("T502", 0, "三公经费")]),
    ("an unknown companion", ("甲", "{{ 三公经费.占此 }}"), [("T502", 1, "占比")]),
    (
        "an unknown chart",
        ("{{ 图表.收入结构.标题 }}", '{{ chart("支出结构") }}'),
        [("T502", 0, "收入构成"), ("T502", 1, "支出构成")],
    ),
    ("an unknown text", ("{{ 原因.收支合计 }}",), [("T502", 0, "收支总计")]),
    ("a branch that is never taken", ("{% if 1 > 2 %}{{ 本年收人合计 }}{% endif %}",), [("T502", 0, "本年收入合计")]),
    ("an item of a list", ("{% for 项 in 支出构成 %}{{ 项.编号 }}{% endfor %}",), [("T502", 0, "编码")]),
    (
        "an indicator, two loops deep",
        ("{%p for 案 in 绩效项目 %}", "{% for 行 in 案.指标 %}{{ 行.指标直 }}{% endfor %}", "{%p endfor %}"),
        [("T502", 1, "指标")],
    ),
    ("the state of a loop", ("{% for 件 in 附件 %}{{ loop.idx }}{% endfor %}",), [("T502", 0, "index")]),
    ("an unknown filter", ("{{ 三公经费|uper }}",), [("T512", 0, "upper")]),
    ("an unknown test", ("{% if 三公经费 is defind %}有{% endif %}",), [("T512", 0, "defined")]),
    ("a tag without its end", ("{{ 三公经费 万元",), [("T506", 0, "}}")]),
    ("a tag over two paragraphs", ("{{ 三公经费", "}}万元"), [("T506", 0, "}}")]),
    ("an if without endif", ("{% if 三公经费 %}有", "后文"), [("T508", 0, "")]),
    ("an endfor without for", ("前文", "{%p endfor %}"), [("T508", 1, "")]),
    ("a paragraph tag beside text", ("{%p if 三公经费 %}此句会丢", "{%p endif %}"), [("T509", 0, "")]),
    ("full-width braces", ("｛｛ 三公经费 ｝｝",), [("T507", 0, "{{ }}")]),
    ("full-width percent", ("｛％ if 三公经费 ％｝有{% endif %}",), [("T507", 0, "{% %}")]),
    ("spaced braces", ("{ { 三公经费 } }",), [("T507", 0, "{{ }}")]),
    ("single braces", ("支出{三公经费}万元",), [("T507", 0, "{{ 三公经费 }}")]),
    ("a filter for numbers on a text", ("{{ 部门名称|中文数字 }}",), [("T513", 0, "")]),
    ("a list printed whole", ("{{ 支出构成 }}",), [("T513", 0, "")]),
    ("arithmetic with a figure", ("{{ 三公经费 / 2 }}",), [("T513", 0, "")]),
    ("arithmetic with a year", ("{{ 年度 - 1 }}", "{{ 年度 + 1 }}"), [("T513", 0, ""), ("T513", 1, "")]),
    ("an end that says more", ("{% if 三公经费 %}有{% endif 三公经费 %}",), [("T501", 0, "")]),
    ("a loop over a figure", ("{% for 项 in 三公经费 %}{{ 项.名称 }}{% endfor %}",), [("T513", 0, "")]),
    ("an unknown statement", ("{% iff 三公经费 %}有{% endif %}",), [("T501", 0, "if")]),
    ("a condition without its end", ("{% if 三公经费 > %}有{% endif %}",), [("T501", 0, "")]),
    ("a note without its end", ("{# 说明", "{{ 三公经费 }}"), [("T508", 0, "")]),
    ("raw text without its end", ("甲", "{% raw %}{{ 三公经费 }}"), [("T508", 1, "")]),
    ("a row tag outside tables", ("{%tr if 三公经费 %}", "{%tr endif %}"), [("T511", 0, ""), ("T511", 1, "")]),
]


def saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def planted(*texts: str) -> bytes:
    """The shipped template with paragraphs before one of its own."""
    document: Any = Document(str(SHIPPED))
    place = document.paragraphs[AT - 1]
    for text in texts:
        place.insert_paragraph_before(text)
    return saved(document)


def with_table(*rows: tuple[str, ...]) -> bytes:
    """A template with one paragraph and one table."""
    document: Any = Document()
    document.add_paragraph("表前")
    table = document.add_table(len(rows), len(rows[0]))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    return saved(document)


def with_part(name: str, content: str) -> bytes:
    """An empty template with one more part in its package."""
    stream = io.BytesIO(saved(Document()))
    with zipfile.ZipFile(stream, "a") as package:
        package.writestr(name, content)
    return stream.getvalue()


def found(data: bytes, profile: Profile) -> list[tuple[str, str, int]]:
    return [(m.finding.code, m.part, m.paragraph) for m in lint(data, profile)]


def test_the_shipped_template_is_clean(profile: Profile) -> None:
    assert lint(SHIPPED.read_bytes(), profile) == ()


@pytest.mark.parametrize(("texts", "expected"), [pytest.param(t, e, id=i) for i, t, e in MISTAKES])
def test_a_planted_mistake_is_found_where_it_stands_and_nothing_else(
    profile: Profile, texts: tuple[str, ...], expected: list[tuple[str, int, str]]
) -> None:
    mistakes = lint(planted(*texts), profile)

    assert [(m.finding.code, m.part, m.paragraph - AT, m.finding.expected) for m in mistakes] == [
        (code, "word/document.xml", offset, near) for code, offset, near in expected
    ]
    for mistake in mistakes:
        assert mistake.finding.place == f"template.docx document 第{mistake.paragraph}段"
        assert mistake.finding.found == texts[mistake.paragraph - AT]


def test_all_mistakes_are_told_at_once(profile: Profile) -> None:
    chosen = [(t, e) for _, t, e in MISTAKES if not any(code == "T508" for code, *_ in e)]
    mistakes = lint(planted(*(text for texts, _ in chosen for text in texts)), profile)

    assert [m.finding.code for m in mistakes] == [code for _, e in chosen for code, *_ in e]


@pytest.mark.parametrize(
    "text",
    [
        "{{ 三公经费.上年 if 三公经费.已填 else “无” }}{# 说明 {{ 无名 }} #}{% raw %}{{ 无名 }}{% endraw %}",
        "{% set 甲 = 三公经费 %}{{ 甲.增减 }}{% with 乙 = 附件|first %}{{ 乙.标题 }}{% endwith %}",
        "{{ 无名|default('') }}{% if 无名 is defined %}有{% endif %}",
        "{% for 案 in 绩效项目 %}{{ 案.执行率('全年预算数', '全年执行数') }}{{ 案.项目简称 }}{% endfor %}",
        "{{ 支出构成|map(attribute='名称')|join('、') }}{{ 支出构成|length|中文数字 }}{{ 13|中文数字 }}",
        "{%- if 三公经费 -%}有{%- elif 年度 -%}无{%- else -%}否{%- endif -%}",
        "{{ 部门名称[:2] }}{{ 部门名称.replace('县', '') }}{{ 附表[0].名称 }}{{ 原因['收支总计'] }}",
        "完成{100%}，集合{甲}。",
    ],
)
def test_what_is_right_is_let_be(profile: Profile, text: str) -> None:
    assert found(planted(text), profile) == []


def test_names_that_the_user_added_are_known_with_the_workbook(
    profile: Profile, edited: Callable[..., Path], tmp_path: Path
) -> None:
    def add(book: Any) -> None:
        book["基本信息"].append(["联系电话", "0833-5221234"])

    path = tmp_path / "own.docx"
    path.write_bytes(planted("{{ 联系电话 }}"))

    assert [f.code for f in lint_template(path).findings] == ["T502"]
    assert lint_template(path, edited(add)).findings == ()


def test_a_statement_must_end_in_its_cell_and_a_row_statement_in_its_table(profile: Profile) -> None:
    part = "word/document.xml"

    assert found(with_table(("{% if 三公经费 %}甲", "乙"), ("丙{% endif %}", "丁")), profile) == [("T511", part, 2)]
    assert found(with_table(("{% for 项 in 支出构成 %}", "{% endfor %}")), profile) == [("T511", part, 2)]
    assert found(with_table(("{%tr for 表 in 附表 %}",), ("{{ 表.名称 }}",), ("{%tr endfor %}",)), profile) == []
    assert found(with_table(("{%tr for 表 in 附表 %}",), ("{{ 表.名称 }}",)), profile) == [("T508", part, 2)]
    assert found(with_table(("{%tr if 年度 %}", "丢失"), ("{%tr endif %}", "")), profile) == [("T509", part, 2)]


def test_headers_and_footnotes_are_read_too(profile: Profile) -> None:
    document: Any = Document()
    document.add_paragraph("正文")
    document.sections[0].header.paragraphs[0].text = "{{ 部门名 }}"

    assert found(saved(document), profile) == [("T502", "word/header1.xml", 1)]


def test_alternative_texts_are_rendered_and_read(profile: Profile) -> None:
    document: Any = Document()
    document.add_paragraph("正文")
    document.add_picture(io.BytesIO(PIXEL))
    for properties in document.element.body.iter("{*}docPr"):
        properties.set("descr", "支出{{ 三公经废 }}万元")

    assert found(saved(document), profile) == [("T502", "word/document.xml", 2)]


def with_text_box(text: str) -> bytes:
    """A template with a text box in its second paragraph."""
    document: Any = Document()
    document.add_paragraph("正文")
    run = document.add_paragraph("框外").add_run()
    run._r.append(
        parse_xml(
            f'<w:pict {nsdecls("w")} xmlns:v="urn:schemas-microsoft-com:vml"><v:shape style="width:90pt;height:40pt">'
            f"<v:textbox><w:txbxContent><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:txbxContent></v:textbox>"
            "</v:shape></w:pict>"
        )
    )
    document.add_paragraph("后文")
    return saved(document)


def test_text_boxes_are_read_and_their_comments_stand_at_the_paragraph_that_holds_them(
    profile: Profile, validator: str, tmp_path: Path
) -> None:
    source, out = tmp_path / "own.docx", tmp_path / "out.docx"
    source.write_bytes(with_text_box("{{ 三公经废 }}"))
    lint_template(source, annotate=out)

    assert found(source.read_bytes(), profile) == [("T502", "word/document.xml", 3)]
    assert list(commented(out)) == ["框外{{ 三公经废 }}"]
    done = subprocess.run([validator, out], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["ok"], done.stdout


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f0005000"
    "1ff89993d1d0000000049454e44ae426082"
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("word/endnotes.xml", "<e xmlns:w='w'><w:p><w:t>{{ 三公经费 }}</w:t></w:p></e>"),
        ("word/charts/chart1.xml", "<c xmlns:a='a'><a:p><a:t>甲</a:t></a:p><a:p><a:t>{{ 三公经费 }}</a:t></a:p></c>"),
        ("word/charts/chart2.xml", "<c xmlns:c='c'><c:v>1</c:v><c:v>{{ 三公经费 }}</c:v></c>"),
        ("word/comments.xml", "<e xmlns:w='w'><w:p><w:t>{% if 三公经费 %}</w:t></w:p></e>"),
    ],
)
def test_tags_where_nothing_is_rendered_are_told(profile: Profile, name: str, content: str) -> None:
    assert found(with_part(name, content), profile) == [("T510", name, 2 if "chart" in name else 1)]


def test_what_is_no_word_document_is_told(profile: Profile, example: Path) -> None:
    assert found(b"no zip", profile) == [("T504", "", 0)]
    assert found(example.read_bytes(), profile) == [("T504", "", 0)]


def test_compile_tells_the_same_as_lint_all_at_once(report: xl2report.Report, tmp_path: Path) -> None:
    path = tmp_path / "own.docx"
    path.write_bytes(planted("{{ 三公经废 }}", "{% if false %}{{ 无此名 }}{% endif %}", "{ { 三公经费 } }"))
    told = lint_template(path).findings
    result = report.write_narrative(tmp_path / "report.docx", path)

    assert [f.code for f in told] == ["T502", "T502", "T507"]
    assert tuple(f for f in result.findings if f.severity == "error") == told
    assert not (tmp_path / "report.docx").exists()


# -- annotating -----------------------------------------------------------------------------------


def commented(path: Path) -> dict[str, list[str]]:
    """The text of each paragraph that has comments -> the first lines of these."""
    document: Any = Document(str(path))
    said = {str(c.comment_id): c.text.split("\n")[0] for c in document.comments if c.author == AUTHOR}
    marks: dict[str, list[str]] = {}
    for start in document.element.body.iter("{*}commentRangeStart"):
        text = "".join(t.text or "" for t in next(start.iterancestors("{*}p")).iter("{*}t"))
        marks.setdefault(text, []).append(said[next(v for k, v in start.attrib.items() if k.endswith("}id"))])
    return marks


def test_annotate_puts_a_comment_at_each_mistake_and_the_copy_is_valid(validator: str, tmp_path: Path) -> None:
    source, out = tmp_path / "own.docx", tmp_path / "out.docx"
    texts = ("{{ 三公经废 }}和{{ 无此名 }}", "正确", "{ { 三公经费 } }")
    document: Any = Document(io.BytesIO(planted(*texts)))
    document.tables[0].rows[0].cells[0].paragraphs[0].add_run("{{ 表中错 }}")
    document.sections[0].footer.paragraphs[0].add_run("{{ 页脚错 }}")
    source.write_bytes(saved(document))
    before = source.read_bytes()
    result = lint_template(source, annotate=out)
    marks = commented(out)

    assert result.paths == (out,)
    assert source.read_bytes() == before
    assert [len(marks[texts[0]]), len(marks[texts[2]])] == [2, 1]
    assert marks[texts[2]] == [f"T507 own.docx document 第{AT + 2}段"]
    assert sum("{{ 表中错 }}" in text for text in marks) == 1
    assert sum("footer" in line for lines in marks.values() for line in lines) == 1
    assert sum(map(len, marks.values())) == len(result.findings) == 5
    done = subprocess.run([validator, out], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["ok"], done.stdout


def test_an_annotated_copy_can_be_mended_and_checked_again(tmp_path: Path) -> None:
    source, first, second = (tmp_path / f"{n}.docx" for n in ("own", "first", "second"))
    source.write_bytes(planted("{{ 三公经废 }}", "{{ 无此名 }}"))
    lint_template(source, annotate=first)
    document: Any = Document(str(first))
    document.paragraphs[AT - 1].runs[0].text = "{{ 三公经费 }}"
    document.save(str(first))
    result = lint_template(first, annotate=second)

    assert [f.code for f in result.findings] == ["T502"]
    assert [len(lines) for lines in commented(second).values()] == [1]


def test_annotate_does_not_replace_the_template(tmp_path: Path) -> None:
    source = tmp_path / "own.docx"
    source.write_bytes(planted("{{ 三公经废 }}"))
    before = source.read_bytes()

    assert [f.code for f in lint_template(source, annotate=source).findings] == ["T502", "O604"]
    assert source.read_bytes() == before


# -- names ----------------------------------------------------------------------------------------


def test_every_name_that_a_template_sees_is_in_the_vocabulary(report: xl2report.Report) -> None:
    charts = chart_data(report.profile, report.figures)
    context = context_of(report.profile, report.book, report.figures, report.sheets, charts, Notes())

    assert set(vocabulary(report.profile, report.book.info).names) == {*context, "附表表格", "目录"}


def test_vars_lists_every_measure_list_phrase_and_text(report: xl2report.Report) -> None:
    names = {e.name for e in template_names().entries}
    profile = report.profile
    texts = {t.name.replace("：", ".", 1) if "：" in t.name else f"文字.{t.name}" for t in profile.texts.values()}

    assert {*profile.measures, *profile.lists, *profile.phrases, *profile.infos, *texts} - names == set()


def test_the_values_of_vars_are_what_the_report_prints(report: xl2report.Report, tmp_path: Path) -> None:
    single = ("figures", "info", "companions", "phrases", "texts", "filters")
    entries = [e for e in template_names().entries if e.section in single and e.value and e.name != "已填"]
    entries = [e for e in entries if e.tag.startswith("{{")]
    document: Any = Document()
    for entry in entries:
        document.add_paragraph(entry.tag)
    template = tmp_path / "all.docx"
    template.write_bytes(saved(document))
    data, findings = report.narrative(template)
    assert data is not None, findings
    printed = [p.text for p in Document(io.BytesIO(data)).paragraphs]

    assert len(entries) > 130
    assert printed == [e.value for e in entries]


def test_vars_counts_how_often_a_template_uses_a_name() -> None:
    used = {e.name: e.used for e in template_names(SHIPPED).entries}

    assert used["年度"] == 27
    assert used["三公经费"]
    assert used["占比"]
    assert used["原因.收支总计"]
    assert used["图表.收入构成.图号"]
    assert used["事业收入"] == 0


def test_the_cheat_sheet_is_a_valid_word_document_with_every_name(validator: str, tmp_path: Path) -> None:
    out = tmp_path / "names.docx"
    result = template_names(out=out)
    cells = {c.text for t in Document(str(out)).tables for row in t.rows for c in row.cells[:1]}

    assert {e.tag for e in result.entries} <= cells
    done = subprocess.run([validator, out], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["ok"], done.stdout


def test_export_writes_the_template_of_the_profile_and_never_overwrites(tmp_path: Path) -> None:
    target = tmp_path / "own.docx"

    assert export_template(target).paths == (target,)
    assert target.read_bytes() == SHIPPED.read_bytes()
    target.write_bytes(b"mine")
    assert [f.code for f in export_template(target).findings] == ["O603"]
    assert target.read_bytes() == b"mine"


# -- the command line -----------------------------------------------------------------------------


def test_the_exit_status_of_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.docx"
    wrong.write_bytes(planted("{{ 三公经废 }}"))

    assert main(["template", "lint", str(SHIPPED)]) == 0
    assert main(["template", "lint", str(wrong), "--lang", "zh"]) == 1
    assert "模板用了不存在的名称“三公经废”" in capsys.readouterr().out
    assert main(["template", "lint", str(tmp_path / "none.docx")]) == 2
    assert main(["template", "vars", "--workbook", str(tmp_path / "none.xlsx")]) == 2
    assert main(["template", "vars", str(tmp_path / "none.docx")]) == 2
    assert main(["template", "export", str(wrong)]) == 1


def test_vars_and_lint_speak_json_with_stable_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["template", "vars", "--format", "json"]) == 0
    names = json.loads(capsys.readouterr().out)["results"][0]["names"]
    assert set(names[0]) == {"section", "name", "tag", "meaning", "unit", "value", "used"}

    assert main(["template", "lint", str(SHIPPED), "--format", "json"]) == 0
    result = json.loads(capsys.readouterr().out)["results"][0]
    assert (result["template"], result["findings"]) == (str(SHIPPED), [])


def test_vars_as_text_gives_tag_meaning_unit_and_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["template", "vars", "--lang", "zh"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert "{{ 一般公共预算支出 }}  一般公共预算财政拨款支出 [万元] = 1231.16" in lines
    assert "== 清单" in lines

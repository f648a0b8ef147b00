"""The Word report: complete, escaped, sandboxed, strict; wrong templates yield findings and no document."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn

import xl2report
from xl2report.loading import shipped

HOSTILE = [
    "A&B <w:p> </w:t> ]]> &amp;",
    "{{ 7*7 }} {% for x in y %} {# no #}",
    "{_{ 部门名称 }_} {_% if 1 %_}",
    "“引号” ‘单引号’ \"直引号\" 'x'",
    "表情😀与生僻字𠮷",
    "换行\n第二行\t制表",
    "长" * 30_000,
]


def paragraphs(path: Path | io.BytesIO) -> list[str]:
    return [p.text for p in Document(str(path) if isinstance(path, Path) else path).paragraphs]


@pytest.fixture(scope="module")
def texts(outputs: tuple[Path, Path]) -> list[str]:
    return paragraphs(outputs[1])


def template(*texts: str) -> bytes:
    document: Any = Document()
    for text in texts:
        document.add_paragraph(text)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def filled(report: xl2report.Report, tmp_path: Path, *texts: str) -> tuple[list[str], list[tuple[str, str]]]:
    """What a template of some paragraphs prints, and what is found."""
    path = tmp_path / "template.docx"
    path.write_bytes(template(*texts))
    data, findings = report.narrative(path)
    new = [f for f in findings if f not in report.findings]
    return (paragraphs(io.BytesIO(data)) if data else []), [(f.code, f.place) for f in new]


def test_the_five_parts_and_their_sections_are_headings(outputs: tuple[Path, Path]) -> None:
    found = [(p.style.name, p.text) for p in Document(str(outputs[1])).paragraphs if p.style.name.startswith("Heading")]
    parts = [text for style, text in found if style == "Heading 1"]
    start = found.index(("Heading 1", parts[1]))
    sections = [text for style, text in found[start : found.index(("Heading 1", parts[2]))] if style == "Heading 2"]

    assert parts == [
        "第一部分　部门概况",
        "第二部分　2023年度部门决算情况说明",
        "第三部分　名词解释",
        "第四部分　附件",
        "第五部分　附表",
    ]
    assert [s[:2] for s in sections] == ["一、", "二、", "三、", "四、", "五、", "六、", "七、", "八、", "九、", "十、"]


def test_the_glossary_explains_exactly_the_items_that_the_schedules_print_and_what_the_user_adds(
    texts: list[str], report: xl2report.Report
) -> None:
    first, last = texts.index("第三部分　名词解释"), texts.index("第四部分　附件")
    terms = texts[first + 1 : last]
    printed = {b.row_key for s in report.sheets for b in s.amounts if len(b.row_key) == 7}

    assert [t.partition(".")[0] for t in terms] == [str(n) for n in range(1, len(terms) + 1)]
    assert sum("（项）" in t for t in terms) == len(printed | {"2010302"})
    assert any("国有土地使用权出让收入安排的支出（款）" in t for t in terms)


def test_all_paragraphs_of_the_attachments_arrive(texts: list[str], report: xl2report.Report) -> None:
    rows = [r for r in report.book.table("文字材料") if r.text("位置").startswith("附件")]

    assert len(rows) > 130
    assert [r.text("文字") for r in rows if r.text("文字") not in texts] == []


def test_the_list_of_schedules_is_complete_and_numbered(texts: list[str], report: xl2report.Report) -> None:
    assert texts[-13:][0] == "一、收入支出决算总表"
    assert texts[-1] == "十三、财政拨款“三公”经费支出决算表"


def test_the_evaluation_forms_are_word_tables_with_merged_cells(outputs: tuple[Path, Path]) -> None:
    tables = Document(str(outputs[1])).tables

    assert len(tables) == 2
    for table, amount in zip(tables, ("205.82", "90"), strict=True):
        rows = [[c.text for c in row.cells] for row in table.rows]
        assert ["年度资金总额", "年度资金总额", amount, amount, "100%", "100%"] in rows
        assert ["投入与管理", "投入管理", "预算执行率", "=100", "100", "100"] in rows
        assert len([r for r in rows if r[0] == "投入与管理"]) == 14
        column = [row._tr.tc_lst[0] for row in table.rows if row.cells[0].text == "投入与管理"]
        assert len({id(c) for c in column}) == 14
        assert [c.vMerge for c in column] == ["restart"] + ["continue"] * 13


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_arrives_unharmed(
    edited: Callable[..., Path], tmp_path: Path, texts: list[str], hostile: str
) -> None:
    def write(book: Any) -> None:
        sheet = book["文字材料"]
        row = next(r for r in range(1, 300) if sheet.cell(r, 1).value == "附件1" and sheet.cell(r, 3).value == "正文")
        sheet.cell(row, 4, f"甲{hostile}乙")
        book["绩效项目"]["L4"] = f"甲{hostile}乙"

    report = xl2report.load(edited(write))
    target = tmp_path / "report.docx"
    assert report.write_narrative(target).ok, report.findings
    found = paragraphs(target)
    cells = [c.text for t in Document(str(target)).tables for r in t.rows for c in r.cells]

    lines = f"甲{hostile}乙".split("\n")  # a line break inside a cell of 文字材料 makes two paragraphs
    assert [line.strip() for line in lines if line.strip() not in found] == []
    assert f"甲{hostile}乙" in cells
    assert len(found) == len(texts) + len(lines) - 1
    assert found[-1] == texts[-1]


def test_hostile_text_in_every_text_column_changes_nothing_but_that_text(
    edited: Callable[..., Path], tmp_path: Path, outputs: tuple[Path, Path]
) -> None:
    hostile = "&<w:p>{{ 7*7 }}{% if %}]]>{_{ x }_}=1+1"
    plain = "普通文字"
    places = [
        ("基本信息", 2, 5),
        ("文字材料", 4, 60),
        ("名词解释", 2, 5),
        ("绩效指标", 4, 5),
        ("绩效指标", 7, 6),
        ("绩效项目", 3, 4),
    ]

    def texts_with(text: str, name: str) -> list[str]:
        def write(book: Any) -> None:
            for sheet, column, row in places:
                book[sheet].cell(row, column).value = f"{text}{sheet}{row}"
            book["基本信息"].cell(4, 2).value = f"{text}部门"

        target = tmp_path / name
        assert xl2report.load(edited(write, f"{name}.xlsx")).write_narrative(target).ok
        document = Document(str(target))
        return [p.text for p in document.paragraphs] + [
            c.text for t in document.tables for r in t.rows for c in r.cells
        ]

    expected = [text.replace(plain, hostile) for text in texts_with(plain, "plain.docx")]
    assert texts_with(hostile, "hostile.docx") == expected
    assert sum(hostile in text for text in expected) > 10


@pytest.mark.parametrize(
    ("text", "code", "place", "expected"),
    [
        ("{{ 一般公共预算支岀 }}", "T502", "template.docx document 第2段", "一般公共预算支出"),
        ("{{ 一般公共预算支出.占此 }}", "T502", "template.docx document 第2段", "占比"),
        ("{{ 原因.收支合计 }}", "T502", "template.docx document 第2段", "收支总计"),
        ("{% if 三公经费 %}没有结束", "T508", "template.docx document 第2段", ""),
        ("{{ 三公经费 | 四舍五入 }}", "T512", "template.docx document 第2段", ""),
        ("{{ 三公经费 / 0 }}", "T513", "template.docx document 第2段", ""),
        ("{{ 三公经费.__class__ }}", "T503", "template.docx document 第2段", ""),
        ("{{ ''.__class__.__mro__ }}", "T503", "template.docx document 第2段", ""),
        ("{{ cycler.__init__.__globals__.os.popen('id') }}", "T502", "template.docx document 第2段", ""),
    ],
)
def test_a_wrong_template_is_a_finding_with_part_and_paragraph_and_no_document(
    report: xl2report.Report, tmp_path: Path, text: str, code: str, place: str, expected: str
) -> None:
    path = tmp_path / "template.docx"
    path.write_bytes(template("第一段", text, "第三段"))
    result = report.write_narrative(tmp_path / "report.docx", path)
    errors = [f for f in result.findings if f.severity == "error"]

    assert [(f.code, f.place) for f in errors] == [(code, place)]
    assert expected in errors[0].expected
    assert not (tmp_path / "report.docx").exists()


def test_a_number_that_nobody_entered_is_a_finding_that_names_sheet_and_row(
    edited: Callable[..., Path], tmp_path: Path
) -> None:
    def forget(book: Any) -> None:
        sheet = book["实物量"]
        row = next(r for r in range(1, 40) if sheet.cell(r, 1).value == "国内公务接待人次")
        sheet.cell(row, 2).value = None

    path = edited(forget)
    result = xl2report.compile(path, tmp_path / "out")
    errors = [f for f in result.findings if f.severity == "error"]

    assert [(f.code, f.place) for f in errors] == [("N401", "实物量")]
    assert "“国内公务接待人次”" in errors[0].action.zh
    assert not (tmp_path / "out").exists()


def test_figures_print_themselves_and_their_company(report: xl2report.Report, tmp_path: Path) -> None:
    found, findings = filled(
        report,
        tmp_path,
        "{{ 三公经费 }}/{{ 三公经费.上年 }}/{{ 三公经费.增减 }}/{{ 三公经费.增长率 }}/{{ 三公经费.预算 }}/{{ 三公经费.完成率 }}",
        "{% if 三公经费 > 3 and 三公经费 < 4 and 公务用车费 == 0 and not 公务用车费 %}比较可用{% endif %}",
        "{{ 三公经费.名称 }}{{ 三公经费.变动 }}",
        "{{ 13|中文数字 }}",
    )

    assert found == ["3.57/85.77/-82.2/-95.84%/3.57/100%", "比较可用", "“三公”经费减少82.2万元，下降95.84%", "十三"]
    assert findings == []


def test_a_rate_on_a_base_of_zero_cannot_be_printed_by_a_template(report: xl2report.Report, tmp_path: Path) -> None:
    found, findings = filled(report, tmp_path, "{{ 因公出国费.增长率 }}")

    assert found == []
    assert findings == [("N406", "因公出国费.增长率")]


def test_a_report_that_was_cut_on_the_way_is_never_written(
    report: xl2report.Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xl2report.filling.resolved", lambda xml: xml[: xml.index("第三部分")])
    result = report.write_narrative(tmp_path / "report.docx")

    assert [f.code for f in result.findings if f.severity == "error"] == ["T505"]
    assert not (tmp_path / "report.docx").exists()


def test_the_report_does_not_hold_what_the_template_does_not_print(outputs: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(outputs[1]) as archive:
        document = archive.read("word/document.xml").decode()

    assert "{%" not in document
    assert "{{" not in document


def test_the_template_has_no_empty_paragraphs_used_as_spacing() -> None:
    document: Any = Document(str(shipped("docx_templates", "sichuan.docx")))

    assert [p for p in document.paragraphs if not p.text.strip() and not p._p.findall(".//" + qn("w:drawing"))] == []

"""verify: every edit that matters is told, with what it was and what it should be, and nothing else is."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from test_rules import Entries, consistent, entry

import xl2report
from xl2report.cli import main
from xl2report.derive import Figures
from xl2report.facts import TABLE
from xl2report.findings import Finding
from xl2report.fresh import Signs, aligned, partners
from xl2report.manifest import Carrier
from xl2report.marks import Marked, read_marks
from xl2report.meaning import meant
from xl2report.narrative import render
from xl2report.packages import pack, parts_of
from xl2report.sheets import lay_out
from xl2report.verifying import verify_report

pytestmark = pytest.mark.usefixtures("compiled_once")

Convert = Callable[[Path, str], Path]
Compiled = Callable[..., Path]


@pytest.fixture(scope="module")
def compiled(report: xl2report.Report, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """The example's report, marked in a way, with its schedules as tables or without; compiled once for each."""
    folder = tmp_path_factory.mktemp("verify")

    @cache
    def made(carrier: Carrier = "bookmark", *, with_tables: bool = False) -> Path:
        data, findings = report.narrative(with_tables=with_tables, marks=carrier)
        assert data is not None, findings
        path = folder / f"{carrier}-{with_tables}.docx"
        path.write_bytes(data)
        return path

    return made


@pytest.fixture
def later(edited: Callable[..., Path]) -> Path:
    """The example's accounts with five million more spent and granted: most changes turn from less to more."""

    def more(book: Any) -> None:
        book["支出决算"]["H9"] = book["支出决算"]["H9"].value + 5000000
        assert book["收入决算"]["A4"].value == "2010301"
        book["收入决算"]["C4"] = book["收入决算"]["C4"].value + 5000000

    return edited(more, "later.xlsx")


def read(data: bytes | Path) -> Marked:
    found = read_marks(data.read_bytes() if isinstance(data, Path) else data)
    assert found is not None
    return found


def changed(path: Path, target: Path, *changes: tuple[str, str]) -> Path:
    """A report with words replaced, each in the first paragraph of the body that has them; letters that stay keep their marks."""
    document: Any = Document(str(path))
    for old, new in changes:
        paragraph = next(p for p in document.element.body.iter(qn("w:p")) if old in "".join(said(p)))
        texts = list(paragraph.iter(qn("w:t")))
        whole = "".join(text.text or "" for text in texts)
        kept = alike(old, new)
        behind = alike(old[kept:][::-1], new[kept:][::-1])
        start, end = whole.index(old) + kept, whole.index(old) + len(old) - behind
        new = new[kept : len(new) - behind]
        at = 0
        first = True
        for text in texts:
            here = text.text or ""
            a, b = max(start - at, 0), min(end - at, len(here))
            if a < b or (first and a == b):
                text.text = here[:a] + (new if first else "") + here[b:]
                first = False
            at += len(here)
    document.save(str(target))
    return target


def alike(one: str, other: str) -> int:
    """How many letters two texts begin with in common."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def said(paragraph: Any) -> list[str]:
    return [text.text or "" for text in paragraph.iter(qn("w:t"))]


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [found.code for found in findings if found.code != "D815"]


def only(findings: tuple[Finding, ...], code: str) -> Finding:
    assert codes(findings) == [code], [(f.code, f.message.zh, f.found) for f in findings]
    return next(found for found in findings if found.code == code)


# -- what nobody touched is clean ---------------------------------------------------------------------


@pytest.mark.parametrize("carrier", ["bookmark", "control", "none"])
@pytest.mark.parametrize("with_tables", [False, True], ids=["prose", "tables"])
def test_a_report_that_nobody_touched_is_clean(
    compiled: Compiled, example: Path, carrier: Carrier, with_tables: bool
) -> None:
    result = xl2report.verify(compiled(carrier, with_tables=with_tables), example)

    assert [f.code for f in result.findings] == (["D815"] if carrier == "none" else [])
    assert (result.ok, result.status) == (True, 0)


@pytest.mark.parametrize(("carrier", "with_tables"), [("bookmark", True), ("control", False), ("none", True)])
def test_a_report_saved_by_libreoffice_is_clean(
    compiled: Compiled, converted: Convert, example: Path, carrier: Carrier, with_tables: bool
) -> None:
    result = xl2report.verify(converted(compiled(carrier, with_tables=with_tables), "docx"), example)

    assert [f.code for f in result.findings] == (["D815"] if carrier == "none" else [])


def test_the_page_numbers_of_contents_are_not_numbers_of_the_report(
    report: xl2report.Report, example: Path, tmp_path: Path, needs: Callable[[str], str]
) -> None:
    needs("soffice")
    data, _ = report.narrative(toc="paginate")
    assert data is not None
    (tmp_path / "report.docx").write_bytes(data)

    assert xl2report.verify(tmp_path / "report.docx", example).findings == ()


@settings(max_examples=8, deadline=None)
@given(st.lists(entry, min_size=1, max_size=25), st.sampled_from(["bookmark", "control", "none"]))
def test_reports_of_other_accounts_are_clean(entries: Entries, carrier: Carrier) -> None:
    given_, report = consistent(entries), xl2report.load(xl2report.example())
    kept = tuple(fact for fact in report.book.facts if fact.marks[TABLE] not in given_.rows)
    book = replace(report.book, facts=(*given_.facts, *kept), rows={**report.book.rows, **given_.rows})
    figures = Figures(report.profile, book)
    sheets = lay_out(report.profile, book, figures)

    def made(marks: Carrier) -> Marked:
        template = Path(report.profile.template)
        result = render(template, report.profile, book, figures, sheets, report.date, marks=marks)
        assert result.data is not None, result.findings
        return read(result.data)

    assert codes(verify_report(made(carrier), made("bookmark"), report.profile, "report.docx", 2023)) == []


# -- ten edits in LibreOffice -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uno_python(needs: Callable[[str], str]) -> str:
    """A Python that can talk to LibreOffice: its own, or that of the system (Debian: python3-uno)."""
    office = Path(needs("soffice")).resolve()
    for candidate in (office.with_name("python"), Path("/usr/bin/python3")):
        asks = [str(candidate), "-c", "import uno"]
        if candidate.exists() and subprocess.run(asks, capture_output=True, check=False).returncode == 0:
            return str(candidate)
    return needs("python3-uno")


EDITS: list[tuple[str, dict[str, object], list[tuple[str, str]]]] = [
    (
        "a number retyped",
        {"within": "2023年度政府性基金预算财政拨款支出", "text": "205.82", "do": "type", "new": "208.52"},
        [("D801", "政府性基金预算财政拨款支出被手工改过：印出的是 205.82，现为 208.52，账上是 205.82")],
    ),
    (
        "a digit typed behind a number",
        {"within": "2023年度本年支出合计", "text": "1436.98", "do": "type behind", "new": "5"},
        [("D801", "本年支出合计被手工改过：印出的是 1436.98，现为 1436.985，账上是 1436.98")],
    ),
    (
        "words around a number rewritten",
        {"within": "人员经费985.25", "text": "人员经费", "do": "type", "new": "其中用于人员的经费共"},
        [],
    ),
    (
        "a sentence deleted",
        {"within": "2023年度，峨边彝族自治县人民政府办公室政府采购", "text": "授予中小企业合同金额0万元，其中：授予小微企业合同金额0万元。", "do": "delete"},
        [("D805", "报告里没有账上的授予中小企业合同金额、授予小微企业合同金额")],
    ),
    (
        "a paragraph moved",
        {"within": "公用经费155.91万元", "text": "", "do": "cut", "before": "其中用于人员的经费共"},
        [],
    ),
    (
        "a cell of a table changed",
        {"within": "205.82", "text": "205.82", "nth": 1, "do": "type", "new": "200.1"},
        [("D801", "全年执行数被手工改过：印出的是 205.82，现为 200.1，账上是 205.82")],
    ),
    (
        "a number pasted that has its digits exchanged",
        {"within": "公务用车运行维护费支出", "text": "0万元。", "do": "type behind", "new": "另付车辆保险3.75万元。"},
        [("D807", "手工键入的 3.75万元 不是账上的数，像是“三公”经费（3.57）")],
    ),
    (
        "a number pasted that is right",
        {"within": "3.搞好信息调研工作", "text": "服务。", "do": "type behind", "new": "全年支出1436.98万元。"},
        [("D808", "手工键入的 1436.98万元 就是本年收入合计、本年支出合计，但没有标记，账变了不会跟着变")],
    ),
    (
        "half a number made bold",
        {"within": "2023年度收、支总计", "text": "55.7", "do": "bold"},
        [],
    ),
    (
        "a direction turned",
        {"within": "2023年度，峨边彝族自治县人民政府办公室机关", "text": "减少", "do": "type", "new": "增加"},
        [("D810", "说的方向与账不符：报告为“比2022年度增加35.13万元，下降18.39%”，账上是“比2022年度减少35.13万元，下降18.39%”")],
    ),
    (
        "a placeholder left over",
        {"within": "3.公务接待费支出1.07", "text": "公务接待费支出决算", "do": "type", "new": "因XX原因，公务接待费支出决算"},
        [("D811", "留有没有改好的字样“XX”")],
    ),
    (
        "a paragraph copied",
        {"within": "外事接待支出0万元", "text": "", "do": "copy", "before": "八、政府性基金预算支出决算情况说明", "nth": 0},
        [("D806", "外事接待费、外事接待批次、外事接待人次被复制到这里，又说了一遍")],
    ),
]  # fmt: skip


def test_edits_made_in_libreoffice_are_told_and_nothing_else(
    compiled: Compiled, example: Path, tmp_path: Path, needs: Callable[[str], str], uno_python: str
) -> None:
    script = Path(__file__).with_name("uno_edits.py")
    target = tmp_path / "edited.docx"
    command = [uno_python, str(script), needs("soffice"), str(compiled()), str(target)]
    given_ = json.dumps([edit for _, edit, _ in EDITS])
    done = subprocess.run(command, input=given_, capture_output=True, text=True, timeout=180, check=False)
    assert target.exists(), done.stderr

    result = xl2report.verify(target, example)

    expected = sorted(one for *_, told in EDITS for one in told)
    assert sorted((f.code, f.message.zh) for f in result.findings) == expected
    assert result.status == 1


# -- one edit after the other -------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", ["bookmark", "none"])
@pytest.mark.parametrize(
    ("old", "new", "marked", "stripped"),
    [
        ("政府性基金预算财政拨款支出205.82", "政府性基金预算财政拨款支出208.52", ["D801"], ["D804"]),
        ("人员经费985.25", "其中用于人员的共985.25", [], []),
        ("授予中小企业合同金额0万元，其中：授予小微企业合同金额0万元。", "", ["D805"], ["D805"]),
        ("公务用车运行维护费支出0万元。", "公务用车运行维护费支出0万元。另付保险3.75万元。", ["D807"], ["D807"]),
        ("公务用车运行维护费支出0万元。", "公务用车运行维护费支出0万元。另付保险35.7万元。", ["D807"], ["D807"]),
        ("公务用车运行维护费支出0万元。", "公务用车运行维护费支出0万元。另付保险7.77万元。", ["D809"], ["D809"]),
        ("公务用车运行维护费支出0万元。", "公务用车运行维护费支出0万元。2022年第3季度有12次检查。", [], []),
        ("搞好信息调研工作，", "搞好信息调研工作，用于“三公”经费35700元，", ["D808"], ["D808"]),
        ("比2022年度减少35.13", "比2022年度增加35.13", ["D810"], ["D810"]),
        ("比2022年度减少35.13", "同比减少35.13", [], []),
        ("决算数与预算数持平", "决算数大于预算数", ["D810"], ["D810"]),
        ("公务接待费支出决算比2022年度", "因XX原因，公务接待费支出决算比2022年度", ["D811"], ["D811"]),
        ("所以机关运行经费较上年有所减少", "机关运行经费因此少了", ["D814"], ["D814"]),
        ("因2022年报废更新了一批公务用车，公务用车购置费增多，所以", "因2021年报废更新了一批公务用车，所以", ["D801"], ["D804"]),
        ("总编制38名", "总编制39名", ["D809"], ["D809"]),
        ("2023年度收、支总计均为1455.7", "2023年度收、支总计均为1,455.70", [], []),
        ("2023年度收、支总计均为1455.7", "2023年度收、支总计均为１４５５.７", [], []),
        ("2023年度收、支总计均为1455.7", "本年度收、支总计均为1455.7", ["D814"], []),
    ],
)  # fmt: skip
def test_an_edit_is_told_by_marks_and_by_words(
    compiled: Compiled,
    example: Path,
    tmp_path: Path,
    carrier: Carrier,
    old: str,
    new: str,
    marked: list[str],
    stripped: list[str],
) -> None:
    path = changed(compiled(carrier), tmp_path / "report.docx", (old, new))
    result = xl2report.verify(path, example)

    assert codes(result.findings) == (stripped if carrier == "none" else marked), [
        f.message.zh for f in result.findings
    ]


@pytest.mark.parametrize("carrier", ["bookmark", "none"])
def test_a_paragraph_that_was_split_or_moved_is_clean(
    compiled: Compiled, example: Path, tmp_path: Path, carrier: Carrier
) -> None:
    document: Any = Document(str(compiled(carrier)))
    staff, running = (
        next(p for p in document.paragraphs if p.text.startswith(name)) for name in ("人员经费985", "公用经费155")
    )
    staff._p.addprevious(running._p)
    first, second = staff._p, copy.deepcopy(staff._p)
    whole = list(first)
    cut = next(at for at, run in enumerate(whole) if "万元" in "".join(run.itertext()))
    for element in whole[cut:]:
        first.remove(element)
    for element in list(second)[1:cut]:
        second.remove(element)
    first.addnext(second)
    document.save(tmp_path / "report.docx")

    assert codes(xl2report.verify(tmp_path / "report.docx", example).findings) == []


def test_a_number_is_told_with_its_sentences_its_formula_and_its_cells(
    compiled: Compiled, example: Path, tmp_path: Path
) -> None:
    path = changed(compiled(), tmp_path / "report.docx", ("完成预算1249.88万元的98.5%", "完成预算1249.88万元的95.8%"))
    found = only(xl2report.verify(path, example).findings, "D801")

    assert re.fullmatch(r"report\.docx 第\d+段", found.place)
    assert found.found == "2023年度一般公共预算支出决算数为1231.16万元，完成预算1249.88万元的95.8%。"
    assert found.expected == "2023年度一般公共预算支出决算数为1231.16万元，完成预算1249.88万元的98.5%。"
    assert [(term.called("zh"), term.value) for term in found.terms] == [
        ("一般公共预算财政拨款支出的完成率", "98.5%"),
        ("算法", "一般公共预算支出 / 一般公共预算支出.预算"),
    ]
    assert found.terms[0].place.startswith("支出决算!H4:H41")


def test_what_is_stale_what_was_changed_and_what_is_both(compiled: Compiled, later: Path, tmp_path: Path) -> None:
    path = changed(
        compiled(),
        tmp_path / "report.docx",
        ("本年支出合计1436.98", "本年支出合计1439.68"),  # changed, and stale
        ("基本支出1141.16万元，占79.41%", "基本支出1641.16万元，占79.41%"),  # brought up to date by hand
        ("政府性基金预算财政拨款支出205.82", "政府性基金预算财政拨款支出208.52"),  # changed
    )
    found = xl2report.verify(path, later).findings
    by_code = {code: [f.message.zh for f in found if f.code == code] for code in ("D801", "D803")}

    assert by_code == {
        "D801": ["政府性基金预算财政拨款支出被手工改过：印出的是 205.82，现为 208.52，账上是 205.82"],
        "D803": ["本年支出合计被手工改过，账也变了：印出的是 1436.98，现为 1439.68，账上是 1936.98"],
    }
    assert {f.code for f in found} == {"D801", "D802", "D803", "D812"}
    stale = [f for f in found if f.code == "D802"]
    assert len(stale) == 28
    assert not any(f.message.zh.startswith("基本支出已过时") for f in stale)
    assert any(
        "各减少180.71万元，较上年下降11.04%，账上是 各增加319.29万元，较上年增长19.51%" in f.message.zh for f in stale
    )
    income = next(f for f in stale if f.message.zh.startswith("一般公共预算财政拨款收入已"))
    assert income.expected == "2023年度本年收入合计1936.98万元，其中：一般公共预算财政拨款收入1731.16万元，占89.37%；"


def test_a_report_without_marks_is_stale_in_the_same_places(compiled: Compiled, later: Path) -> None:
    by_marks = xl2report.verify(compiled(), later).findings
    by_words = xl2report.verify(compiled("none"), later).findings

    assert [(f.found, f.expected) for f in by_words if f.code != "D815"] == [(f.found, f.expected) for f in by_marks]
    assert {f.code for f in by_words} == {"D804", "D812", "D815"}


def test_schedules_in_a_report_are_compared_too(compiled: Compiled, later: Path) -> None:
    found = xl2report.verify(compiled(with_tables=True), later).findings
    boxes = [f for f in found if f.found in ("1,231.16", "1231.16") and f.code == "D802"]

    assert len(found) > 80
    assert {(f.expected) for f in boxes} == {"1,731.16"}


def test_a_chart_that_was_changed_is_told(compiled: Compiled, example: Path, tmp_path: Path) -> None:
    parts = parts_of(compiled().read_bytes())
    name = next(name for name, data in parts.items() if name.startswith("word/charts/") and b"79.41" in data)
    parts[name] = parts[name].replace(b"<c:v>79.41</c:v>", b"<c:v>97.41</c:v>")
    (tmp_path / "report.docx").write_bytes(pack(parts))
    found = only(xl2report.verify(tmp_path / "report.docx", example).findings, "D812")

    assert (found.found, found.expected) == ("基本支出 97.41；项目支出 20.59", "基本支出 79.41%；项目支出 20.59%")


def test_a_chart_that_was_deleted_is_told(compiled: Compiled, example: Path, tmp_path: Path) -> None:
    document: Any = Document(str(compiled()))
    drawing = next(document.element.body.iter(qn("w:drawing")))
    drawing.getparent().remove(drawing)
    document.save(tmp_path / "report.docx")

    assert only(xl2report.verify(tmp_path / "report.docx", example).findings, "D812").found == "—"


def test_a_report_of_another_year_is_said_to_be_one(compiled: Compiled, example: Path, tmp_path: Path) -> None:
    parts = parts_of(compiled().read_bytes())
    name = next(name for name, data in parts.items() if b"urn:xl2report:marks" in data and b"<report" in data)
    parts[name] = parts[name].replace(b'year="2023"', b'year="2022"')
    (tmp_path / "report.docx").write_bytes(pack(parts))
    found = only(xl2report.verify(tmp_path / "report.docx", example).findings, "D813")

    assert (found.found, found.expected) == ("2022", "2023")


def test_an_own_template_has_to_be_given(report: xl2report.Report, example: Path, tmp_path: Path) -> None:
    document: Any = Document()
    document.add_paragraph("“三公”经费支出{{ 三公经费 }}万元，{{ 三公经费.变动 }}。")
    document.save(tmp_path / "own.docx")
    data, _ = report.narrative(tmp_path / "own.docx")
    assert data is not None
    (tmp_path / "report.docx").write_bytes(data)

    assert xl2report.verify(tmp_path / "report.docx", example, template=tmp_path / "own.docx").findings == ()
    without = xl2report.verify(tmp_path / "report.docx", example).findings
    assert without[0].code == "D813"
    assert (without[0].found, without[0].expected) == ("own.docx", "sichuan.docx")


def test_marks_are_paired_by_what_they_stand_for(compiled: Compiled) -> None:
    manifest = read(compiled()).manifest
    assert manifest is not None
    shorter = replace(manifest, marks=tuple(mark for mark in manifest.marks[3:] if mark.key != "公用经费"))
    found = partners(manifest, shorter)

    assert {name for name, mark in found.items() if mark.name != name} <= {m.name for m in manifest.marks[:3]}
    assert [m.key for m in manifest.marks if m.name not in found and m.key == "公用经费"] == ["公用经费"]


def test_marks_are_found_again_by_words_alone(compiled: Compiled) -> None:
    marked, plain = read(compiled(with_tables=True)), read(compiled("none", with_tables=True))
    words = aligned(Signs.of(plain), Signs.of(marked))

    assert len(marked.found) > 800
    assert [f.text for f in marked.found] == [p.text if (p := words.projected(f)) else None for f in marked.found]


# -- what a number means ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "unit", "key", "equal"),
    [
        ("3.57", "万元", "三公经费", True),
        ("35700", "元", "三公经费", True),
        ("3.57", "元", "三公经费", False),  # the unit slipped
        ("357", "万元", "三公经费", False),  # the point is lost
        ("3.75", "万元", "三公经费", False),
        ("1249.8", "万元", "一般公共预算支出.预算", False),
        ("1294.88", "万元", "一般公共预算支出.预算", False),
        ("98.5%", "", "一般公共预算支出.完成率", True),
        ("89.5%", "", "一般公共预算支出.完成率", False),
        ("67", "", "公务用车保有量", True),
        ("7.77", "万元", "", False),
        ("19", "", "", False),
    ],
)
def test_a_number_is_taken_for_the_figure_that_it_is_or_nearly_is(
    compiled: Compiled, number: str, unit: str, key: str, equal: bool
) -> None:
    manifest = read(compiled()).manifest
    assert manifest is not None
    found = meant(number, unit, manifest)
    keys = [key for mark in found.marks for key in (mark.key, *(part.key for part in mark.parts))]

    assert found.equal is equal
    assert (key in keys) if key else not keys, keys


# -- schedules ----------------------------------------------------------------------------------------


@pytest.fixture
def schedules(outputs: tuple[Path, Path], tmp_path: Path) -> Callable[[Callable[[Any], None]], Path]:
    """A copy of the example's schedules, changed by a function of its openpyxl workbook; no formula has a value there."""

    def make(edit: Callable[[Any], None]) -> Path:
        book = load_workbook(outputs[0])
        edit(book)
        book.save(tmp_path / "schedules.xlsx")
        return tmp_path / "schedules.xlsx"

    return make


Schedules = Callable[[Callable[[Any], None]], Path]
SHEET = "03 支出决算表"


def test_schedules_that_nobody_touched_are_clean(outputs: tuple[Path, Path], example: Path, converted: Convert) -> None:
    assert xl2report.verify(outputs[0], example).findings == ()
    assert xl2report.verify(converted(outputs[0], "xlsx"), example).findings == ()


def test_formulas_that_no_program_computed_are_clean(schedules: Schedules, example: Path) -> None:
    assert xl2report.verify(schedules(lambda _: None), example).findings == ()


def test_a_right_number_in_place_of_a_formula_is_clean(
    schedules: Schedules, outputs: tuple[Path, Path], example: Path
) -> None:
    values = load_workbook(outputs[0], data_only=True)

    def frozen(book: Any) -> None:
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        cell.value = values[sheet.title][cell.coordinate].value

    assert xl2report.verify(schedules(frozen), example).findings == ()


def test_a_cell_that_was_changed_is_told_with_its_figure(schedules: Schedules, example: Path) -> None:
    def change(book: Any) -> None:
        book[SHEET]["C10"] = 740.29
        book[SHEET]["C8"] = "=SUM(C9,C9)"

    found = xl2report.verify(schedules(change), example).findings

    assert [(f.code, f.place, f.found, f.expected) for f in found] == [
        ("D817", f"schedules.xlsx!{SHEET}!C8", "=SUM(C9,C9)", "896.9"),
        ("D817", f"schedules.xlsx!{SHEET}!C10", "740.29", "740.28"),
    ]
    assert (found[1].terms[0].called("zh"), found[1].terms[0].value, found[1].terms[0].place) == (
        "行政运行",
        "740.28",
        "支出决算!H4:H19",
    )


def test_rows_and_sheets_that_are_missing_or_too_many_are_told(schedules: Schedules, example: Path) -> None:
    def change(book: Any) -> None:
        for sheet in book:
            for merged in list(sheet.merged_cells.ranges):
                sheet.unmerge_cells(str(merged))
        book["09 一般公共预算财政拨款项目支出决算表"].delete_rows(9)
        book[SHEET].append(["2050101", "教育", 1])
        del book["12 国有资本经营预算财政拨款支出决算表"]
        book.create_sheet("底稿")["A1"] = "备注"
        book.create_sheet("空表")

    found = [f for f in xl2report.verify(schedules(change), example).findings if f.code == "D818"]

    assert [f.message.zh for f in found] == [
        "附表里多了第34行",
        "附表里少了第9行",
        "附表里少了这张表",
        "附表里多了这张表",
    ]


# -- the command and what it is given -----------------------------------------------------------------


def test_the_command_says_what_it_found(
    compiled: Compiled, example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = changed(
        compiled(), tmp_path / "report.docx", ("政府性基金预算财政拨款支出205.82", "政府性基金预算财政拨款支出208.52")
    )

    assert main(["verify", str(compiled()), str(example)]) == 0
    assert capsys.readouterr().out == "与账一致，错误 0 个，提示 0 个，说明 0 个\n"
    assert main(["verify", str(path), str(example)]) == 1
    assert "错误 D801 report.docx 第" in capsys.readouterr().out
    assert main(["verify", str(path), str(example), "--format", "json", "--lang", "en"]) == 1
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["report"], result["status"], result["findings"][0]["code"]) == (str(path), 1, "D801")


def test_what_cannot_be_used_is_said_and_the_status_is_2(
    compiled: Compiled, example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.docx").write_bytes(b"PK\x03\x04")
    (tmp_path / "report.txt").write_text("2023年度", encoding="utf-8")
    for report, workbook, code in (
        (tmp_path / "nothing.docx", example, "F001"),
        (tmp_path / "report.docx", example, "D816"),
        (tmp_path / "report.txt", example, "D816"),
        (compiled(), tmp_path / "nothing.xlsx", "F001"),
        (compiled(), compiled(), "F002"),
    ):
        result = xl2report.verify(report, workbook)
        assert ([f.code for f in result.findings], result.status) == ([code], 2)
        assert main(["verify", str(report), str(workbook)]) == 2
    assert "错误 D816" in capsys.readouterr().out


def test_accounts_with_errors_are_told_first(compiled: Compiled, edited: Callable[..., Path]) -> None:
    def wrong(book: Any) -> None:
        book["支出决算"]["H9"] = "十万"

    result = xl2report.verify(compiled(), edited(wrong))

    assert result.status == 1
    assert {f.code[0] for f in result.findings if f.severity == "error"} == {"V"}


def test_the_files_are_only_read(compiled: Compiled, outputs: tuple[Path, Path], example: Path) -> None:
    before = [path.read_bytes() for path in (compiled(), outputs[0], example)]
    xl2report.verify(compiled(), example)
    xl2report.verify(outputs[0], example)

    assert [path.read_bytes() for path in (compiled(), outputs[0], example)] == before

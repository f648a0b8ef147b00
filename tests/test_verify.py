"""verify: every edit that matters is told, with what it was and what it should be, and nothing else is."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
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
from xl2report.manifest import Carrier, Manifest
from xl2report.marks import Marked, read_marks
from xl2report.meaning import meant
from xl2report.narrative import render
from xl2report.packages import pack, parts_of
from xl2report.sheets import lay_out
from xl2report.verifying import verify_report

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
        kept = len(os.path.commonprefix([old, new]))
        behind = len(os.path.commonprefix([old[kept:][::-1], new[kept:][::-1]]))
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
        result = render(template, report.profile, book, figures, sheets, datetime(2024, 1, 1), marks=marks)
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
    compiled: Compiled, example: Path, tmp_path: Path, carrier: Carrier, old: str, new: str, marked: list[str], stripped: list[str]
) -> None:
    path = changed(compiled(carrier), tmp_path / "report.docx", (old, new))
    result = xl2report.verify(path, example)

    assert codes(result.findings) == (stripped if carrier == "none" else marked), [f.message.zh for f in result.findings]

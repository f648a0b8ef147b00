"""A text of the workbook is never a formula or a link in a file that the program writes, whatever it begins with."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

import xl2report

MARK = "坏文字"
BEGINNINGS = ("={}+1", "+{}", "-{}", "@{}(A1)", "\t={}", "\r={}", "http://{}.cn/", "file:///etc/{}", "=cmd|'/C {}'!A0",
              '=HYPERLINK("http://{}.cn")', "internal:{}!A1", "mailto:{}", "{{={}}}", "\\\\host\\{}")  # fmt: skip
TEXTS = {
    "基本信息": ("内容",),
    "支出决算": ("功能科目名称", "经济科目名称", "项目名称"),
    "收入决算": ("功能科目名称",),
    "绩效项目": ("项目名称", "主管部门", "实施单位", "预期目标", "实际完成情况"),
    "绩效指标": ("项目名称", "二级指标", "指标", "目标值", "业绩指标"),
    "文字材料": ("文字",),
    "名词解释": ("名词", "解释"),
}
"""The columns that take any text."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with such a beginning before every text; a text that appears twice stays the same text."""
    from slim import slim_example

    book = slim_example()
    beginnings = itertools.cycle(BEGINNINGS)
    known: dict[str, str] = {}
    for name, columns in TEXTS.items():
        page = book[name]
        for heading in page[3]:
            for row in range(4, page.max_row + 1) if heading.value in columns else ():
                cell = page.cell(row, heading.column)
                given = page.cell(row, 1).value in ("部门名称", "邮政编码")
                if isinstance(cell.value, str) and (name != "基本信息" or given):
                    if cell.value not in known:
                        known[cell.value] = next(beginnings).replace("{}", MARK) + cell.value
                    cell.value, cell.data_type = known[cell.value], "s"
    assert len(known) > 3 * len(BEGINNINGS)
    path = tmp_path_factory.mktemp("hostile") / "accounts.xlsx"
    book.save(path)
    return path


def packages(data: bytes) -> list[zipfile.ZipFile]:
    """A package and those that are embedded in it."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    inner = [archive.read(name) for name in archive.namelist() if name.endswith(".xlsx")]
    return [archive, *(zipfile.ZipFile(io.BytesIO(one)) for one in inner)]


def what_acts(data: bytes) -> tuple[int, list[str]]:
    """How often the mark stands in a file at all, and the formulas, links and names in which it stands."""
    seen, acting = 0, []
    for archive in packages(data):
        for name in archive.namelist():
            if name.endswith((".xml", ".rels", ".vml")):
                text = archive.read(name).decode()
                seen += text.count(MARK)
                places = re.findall(
                    r"<(?:\w+:)?f[ >].*?</(?:\w+:)?f>|<hyperlink [^>]*>|<definedName.*?</definedName>", text, re.S
                )
                places += re.findall(r"<formula\d?[ >].*?</formula\d?>|<w:instrText.*?</w:instrText>", text, re.S)
                places += re.findall(r"<Relationship [^>]*>", text) if name.endswith(".rels") else []
                acting += [place for place in places if MARK in place]
    return seen, acting


Write = Callable[[xl2report.Report, Path], Any]


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda report, out: report.write_schedules(out / "out.xlsx"), id="schedules"),
        pytest.param(lambda report, out: report.write_narrative(out / "out.docx"), id="report"),
        pytest.param(lambda report, out: report.annotate(out / "out.xlsx"), id="annotated"),
        pytest.param(lambda report, out: report.write_trace(out / "out.xlsx"), id="traces"),
        pytest.param(lambda report, out: xl2report.new_workbook(out / "out.xlsx", last=report.source), id="next year"),
    ],
)
def test_a_text_never_becomes_a_formula_or_a_link(
    write: Write, hostile_report: xl2report.Report, tmp_path: Path
) -> None:
    (path,) = write(hostile_report, tmp_path).paths
    seen, acting = what_acts(path.read_bytes())
    assert seen >= 3
    assert acting == []
    if path.suffix == ".xlsx":
        for page in load_workbook(path).worksheets:
            for cell in (cell for row in page.iter_rows() for cell in row if cell.value is not None):
                assert cell.data_type != "f" or MARK not in str(cell.value)


@pytest.fixture(scope="module")
def hostile_report(hostile: Path) -> xl2report.Report:
    report = xl2report.load(hostile)
    assert report.ok, [(f.code, f.place, f.message.zh) for f in report.findings if f.severity == "error"]
    return report

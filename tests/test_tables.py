"""``--with-tables``: the thirteen schedules as Word tables on landscape pages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn

import xl2report


@pytest.fixture(scope="module")
def with_tables(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = xl2report.compile(example, tmp_path_factory.mktemp("tables"), with_tables=True)
    assert result.ok, result.findings
    return result.paths[1]


def words(cell: Any) -> str:
    return "".join(t.text or "" for t in cell.iter(qn("w:t")))


def test_every_amount_of_every_schedule_stands_in_a_table(with_tables: Path, report: xl2report.Report) -> None:
    tables: list[Any] = Document(str(with_tables)).tables[2:]
    found = [[words(c) for c in row._tr.tc_lst] for t in tables for row in t.rows]
    cells = {words(cell) for cell in Document(str(with_tables)).element.body.iter(qn("w:tc"))}

    assert len(tables) == 12 + 4  # the wide schedule 07 takes four
    assert len(found) > 300
    for sheet in report.sheets:
        for box in sheet.amounts:
            if box.figure is not None and box.figure.value is not None:
                assert f"{box.figure.unit.rounded(box.figure.value):,}" in cells, f"{sheet.key}!{box.ref}"
    assert ["2010301", "　　行政运行", "740.28", "740.28", ""] in found  # 06


def test_the_schedules_stand_on_landscape_pages_and_the_rest_does_not(with_tables: Path) -> None:
    sections = Document(str(with_tables)).sections

    assert [s.orientation for s in sections] == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE]
    assert sections[1].page_width > sections[1].page_height  # type: ignore[operator]


def test_heads_repeat_and_rows_do_not_break(with_tables: Path) -> None:
    for table in Document(str(with_tables)).tables[2:]:
        rows: list[Any] = [row._tr for row in table.rows]
        heads = [row.find(".//" + qn("w:tblHeader")) is not None for row in rows]

        assert heads[0]
        assert heads == sorted(heads, reverse=True)
        assert all(row.find(".//" + qn("w:cantSplit")) is not None for row in rows)


def test_wide_schedules_repeat_code_and_name(with_tables: Path) -> None:
    tables = Document(str(with_tables)).tables[2:]
    wide = [
        t for t in tables if any(c.text in ("工资福利支出", "商品和服务支出", "资本性支出") for c in t.rows[0].cells)
    ]

    assert wide
    for table in wide:
        assert [c.text for c in table.rows[1].cells][:2] == ["功能分类\n科目编码", "科目名称"]


def test_the_schema_validator_has_nothing_to_say(with_tables: Path, validator: str) -> None:
    done = subprocess.run([validator, with_tables], capture_output=True, text=True, timeout=60, check=False)

    assert json.loads(done.stdout)["errors"] == []


def test_a_template_without_the_tag_gets_no_tables_and_a_warning(report: xl2report.Report, tmp_path: Path) -> None:
    document: Any = Document()
    document.add_paragraph("{{ 部门名称 }}")
    template = tmp_path / "own.docx"
    document.save(template)
    data, findings = report.narrative(template, with_tables=True)

    assert data is not None
    assert [f.code for f in findings if f not in report.findings] == ["T514"]

"""Real programs: LibreOffice opens what we write and computes the same; the Office schema validator has nothing to say."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook

import xl2report
from xl2report.loading import shipped
from xl2report.packages import pack, parts_of

Convert = Callable[[Path, str], Path]


@pytest.fixture(scope="module")
def written(outputs: tuple[Path, Path]) -> dict[str, Path]:
    return {
        "schedules": outputs[0],
        "report": outputs[1],
        "blank": shipped("workbook_templates", "sichuan-2023.xlsx"),
        "example": shipped("workbook_templates", "sichuan-2023-example.xlsx"),
        "template": shipped("docx_templates", "sichuan.docx"),
    }


@pytest.mark.parametrize("name", ["schedules", "report", "blank", "example", "template"])
def test_the_schema_validator_has_nothing_to_say(written: dict[str, Path], validator: str, name: str) -> None:
    done = subprocess.run([validator, written[name]], capture_output=True, text=True, timeout=120, check=False)

    assert json.loads(done.stdout)["errors"] == []


def test_recalculating_changes_no_value(outputs: tuple[Path, Path], converted: Convert, tmp_path: Path) -> None:
    """LibreOffice computes every formula anew because the copy it gets has no cached values."""
    parts = parts_of(outputs[0].read_bytes())
    formulas = 0
    for name in parts:
        if name.startswith("xl/worksheets/sheet"):
            text, count = re.subn(r"(</f>)<v>[^<]*</v>", r"\1", parts[name].decode())
            formulas += count
            parts[name] = text.encode()
    bare = tmp_path / "bare.xlsx"
    bare.write_bytes(pack(parts))
    ours = load_workbook(outputs[0], data_only=True)
    theirs = load_workbook(converted(bare, "xlsx"), data_only=True)

    assert formulas > 150
    assert theirs.sheetnames == ours.sheetnames
    for sheet in ours.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, int | float):
                    assert theirs[sheet.title][cell.coordinate].value == pytest.approx(cell.value, abs=1e-9), (
                        f"{sheet.title}!{cell.coordinate}"
                    )


def test_the_schedules_print_on_a4_pages_without_cut_titles(
    outputs: tuple[Path, Path], converted: Convert, needs: Callable[[str], str]
) -> None:
    text = subprocess.run(
        [needs("pdftotext"), "-layout", converted(outputs[0], "pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = text.split("\f")[:-1]
    wide = [page for page in pages if "公开07表" in page]

    assert len(pages) == 12 + len(wide)
    assert 4 <= len(wide) <= 8
    for page in pages:
        assert "部门：峨边彝族自治县人民政府办公室" in page
    for page in wide:
        assert "一般公共预算财政拨款支出决算明细表" in page
        assert "科目名称" in page


def test_the_report_opens_and_prints_every_part(
    outputs: tuple[Path, Path], converted: Convert, needs: Callable[[str], str]
) -> None:
    text = subprocess.run(
        [needs("pdftotext"), "-layout", converted(outputs[1], "pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = text.split("\f")[:-1]

    assert 30 < len(pages) < 60
    starts = [
        next(i for i, p in enumerate(pages) if part in p) for part in ("部门概况", "情况说明", "名词解释", "附表")
    ]
    assert starts == sorted(starts)
    assert "十三、财政拨款“三公”经费支出决算表" in pages[-1]


def test_a_round_trip_through_libreoffice_keeps_headings_tables_and_charts(
    outputs: tuple[Path, Path], converted: Convert
) -> None:
    before, after = Document(str(outputs[1])), Document(str(converted(outputs[1], "docx")))

    def headings(document: object) -> list[str]:
        return [p.text for p in document.paragraphs if p.style.name.startswith("Heading")]  # type: ignore[attr-defined]

    assert headings(after) == headings(before)
    assert len(after.tables) == len(before.tables)
    charts = [
        name for name in parts_of(converted(outputs[1], "docx").read_bytes()) if name.startswith("word/charts/chart")
    ]
    assert len(charts) == 7


def test_the_example_saved_by_libreoffice_compiles_to_the_same_figures(example: Path, converted: Convert) -> None:
    saved = xl2report.load(converted(example, "xlsx"))
    ours = xl2report.load(example)

    assert [(f.code, f.place) for f in saved.findings] == [(f.code, f.place) for f in ours.findings]
    assert {n: saved[n].value for n in saved} == {n: ours[n].value for n in ours}


def test_packages_are_the_same_in_every_run_and_carry_no_clock(outputs: tuple[Path, Path]) -> None:
    for path in outputs:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert archive.namelist()[0] == "[Content_Types].xml"

"""The recipes of docs/profiles.md, followed word by word from an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import docx
import pytest
from openpyxl import load_workbook

import xl2report
from xl2report.loading import load_profile
from xl2report.template_text import template_text

PAGE = Path(__file__).parents[1] / "docs" / "profiles.md"
ENVIRONMENT = {**os.environ, "LC_ALL": "en_US.UTF-8"}


class Step(NamedTuple):
    """One code block of a recipe: what it is, what stands in it, and the line above it."""

    kind: str
    body: str
    above: str


def steps_of(chapter: str) -> Iterator[Step]:
    """The code blocks of a chapter, in order."""
    (text,) = re.findall(rf"^## {chapter}\n(.*?)(?=^## )", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    for match in re.finditer(r"(?:([^\n]*)\n\n)?^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield Step(match[2], match[3], match[1] or "")


def follow(chapter: str, folder: Path) -> None:
    """Do what a chapter says, in an empty folder."""
    printed = ""
    for step in steps_of(chapter):
        match step.kind:
            case "sh":
                printed = "".join(run(line, folder) for line in step.body.splitlines())
            case "toml" | "csv":
                (name,) = re.findall("^`(.+)`:$", step.above)
                (folder / name).write_text(step.body, encoding="utf-8")
            case "text":
                type_into(folder / "county" / "report.docx", step)
            case "":
                assert step.body.strip() in printed
            case other:
                pytest.fail(f"a block of {other}")


def run(line: str, folder: Path) -> str:
    """What a command of a recipe prints; its status must be 0, or what its comment says."""
    command, _, status = line.partition("  # status ")
    program, *arguments = shlex.split(command)
    if program == "mkdir":
        (folder / arguments[0]).mkdir()
        return ""
    assert program == "xl2report"
    done = subprocess.run(
        [sys.executable, "-m", "xl2report", *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == int(status or 0), f"{line}\n{done.stdout}{done.stderr}"
    assert "lint" not in arguments or done.stdout == "the profile was checked; 0 errors, 0 warnings, 0 notes\n", (
        done.stdout
    )
    return done.stdout


def type_into(path: Path, step: Step) -> None:
    """Type a paragraph into a Word document after the one that the recipe names, as a person would: in its style."""
    (beginning,) = re.findall("begins with “(.*?)” type", step.above)
    document = docx.Document(str(path))
    (above,) = (p for p in document.paragraphs if p.text.startswith(beginning))
    typed = deepcopy(above._p)
    above._p.addnext(typed)
    paragraph = docx.text.paragraph.Paragraph(typed, above._parent)
    for run_ in paragraph.runs[1:]:
        run_._r.getparent().remove(run_._r)
    paragraph.runs[0].text = step.body.strip()
    document.save(str(path))


def test_a_year_is_added(tmp_path: Path) -> None:
    follow("Add a year", tmp_path)
    profile, before = load_profile(tmp_path / "sichuan-2025"), load_profile("sichuan/2024")
    mark, earlier = profile.marks["功能科目"], before.marks["功能科目"]

    assert (profile.year, profile.title) == (2025, "四川省2025年度部门决算公开")
    assert {c for c in mark.codes if mark.codes[c] != earlier.codes.get(c)} == {"2013905", "2013804"}
    assert next((f.name, f.until, f.now) for f in mark.former["2013804"]) == ("经营主体管理", 2024, "经营主体服务")
    book = load_workbook(tmp_path / "accounts-2025.xlsx")
    assert "四川省2025年度部门决算公开" in "".join(str(c.value) for row in book["填表说明"].iter_rows() for c in row)


def test_a_schedule_is_added(tmp_path: Path) -> None:
    follow("Add a schedule", tmp_path)
    report = xl2report.load(tmp_path / "accounts.xlsx", tmp_path / "county")
    sheet = load_workbook(tmp_path / "accounts-schedules.xlsx").worksheets[-1]
    text = template_text((tmp_path / "accounts-report.docx").read_bytes())

    assert len(report.sheets) == 14
    assert report.sheets[-1].box("合计", "合计").figure.text == report["财政拨款支出合计"].text  # type: ignore[union-attr]
    assert "公开14表" in {str(c.value) for row in sheet.iter_rows() for c in row}
    assert "十四、财政拨款支出决算表（按功能分类）" in text
    assert "公开14表" in text


def test_a_rule_is_added_made_stricter_and_withdrawn(tmp_path: Path) -> None:
    follow("Add a rule", tmp_path)
    book = tmp_path / "accounts.xlsx"
    own, shipped = (
        {f.code: f.severity for f in xl2report.load(book, profile).findings} for profile in (tmp_path / "county", None)
    )

    assert (shipped["R063"], shipped["R066"]) == ("warning", "warning")
    assert own == {code: severity for code, severity in shipped.items() if code != "R063"} | {
        "L001": "warning",
        "R066": "error",
    }


def test_a_sentence_is_added(tmp_path: Path) -> None:
    follow("Add a sentence", tmp_path)
    text = template_text((tmp_path / "accounts-report.docx").read_bytes())
    words = load_workbook(tmp_path / "accounts.xlsx")["词表"]

    assert "全年人均公用经费4.59万元。\n" in text
    assert "原因：人均公用经费" in {str(c.value) for row in words.iter_rows() for c in row}


def test_every_recipe_of_the_page_is_followed_here() -> None:
    chapters = re.findall("^## (Add .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert chapters == ["Add a year", "Add a schedule", "Add a rule", "Add a sentence"]
    assert all(any(step.kind == "sh" for step in steps_of(chapter)) for chapter in chapters)

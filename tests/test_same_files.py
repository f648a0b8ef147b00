"""The same accounts give the same files, byte for byte, in whatever way they were written down and wherever they are compiled."""

from __future__ import annotations

import csv
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

import xl2report
from xl2report.cli import main
from xl2report.packages import CUSTOM, document_date, parts_of
from xl2report.profile import Profile

Rows = list[list[Any]]
Sheets = dict[str, Rows]
Rewrite = Callable[[Sheets], Sheets]
"""Takes the sheets of the example, each with its headings as the first row, and gives the same accounts written otherwise."""

TO_FULL_WIDTH = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")
CODE = "功能科目编码"
LEDGERS = ("收入决算", "支出决算", "结转结余", "支出预算")
NOT_MONEY = ("基本信息", "实物量", "绩效指标", "文字材料", "名词解释")


# -- ways of writing the same accounts ----------------------------------------------------------------


def is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def amounts_as(write: Callable[[Decimal], object], but: tuple[str, ...] = NOT_MONEY) -> Rewrite:
    """A way of writing every amount of money."""

    def rewrite(sheets: Sheets) -> Sheets:
        return {
            name: rows
            if name in but
            else [[write(Decimal(repr(value))) if is_amount(value) else value for value in row] for row in rows]
            for name, rows in sheets.items()
        }

    return rewrite


def shuffled_columns(sheets: Sheets) -> Sheets:
    shuffle = random.Random(2023).shuffle
    result = {}
    for name, rows in sheets.items():
        order = list(range(len(rows[0])))
        shuffle(order)
        result[name] = [[row[i] for i in order] for row in rows]
    return result


def titles_above_the_headings(sheets: Sheets) -> Sheets:
    above: Rows = [["峨边彝族自治县人民政府办公室"], [None, "2023年度部门决算"], [], ["编制单位：（公章）"]]
    return {name: [*above, *rows] for name, rows in sheets.items()}


def blank_rows_between(sheets: Sheets) -> Sheets:
    return {name: [line for row in rows for line in (row, [None, "　"], [])] for name, rows in sheets.items()}


def full_width_digits(sheets: Sheets) -> Sheets:
    sheets = amounts_as(lambda amount: f"{amount:,.2f}".translate(TO_FULL_WIDTH))(sheets)
    return {
        name: [[v.translate(TO_FULL_WIDTH) if isinstance(v, str) and v.isdigit() else v for v in row] for row in rows]
        if name in LEDGERS
        else rows
        for name, rows in sheets.items()
    }


def numeric_codes(sheets: Sheets) -> Sheets:
    return {
        name: [[int(v) if isinstance(v, str) and v.isdigit() else v for v in row] for row in rows]
        for name, rows in sheets.items()
    }


def split_codes(sheets: Sheets) -> Sheets:
    """类 | 款 | 项 in place of the code, each with its own digits."""

    def parts(code: str | None) -> list[str | None]:
        if code == CODE:
            return ["类", "款", "项"]
        return [code[:3], code[3:5], code[5:]] if code and code.isdigit() else [code, None, None]

    result = dict(sheets)
    for name in LEDGERS:
        at = sheets[name][0].index(CODE)
        result[name] = [[*row[:at], *parts(row[at]), *row[at + 1 :]] for row in sheets[name]]
    return result


def total_of(rows: Rows, word: str, at: int = 0) -> list[Any]:
    """A total row: a word in one column, the sums of the columns of amounts."""
    sums: list[Any] = []
    for values in zip(*rows, strict=True):
        known = [Decimal(repr(value)) for value in values if is_amount(value)]
        sums.append(float(sum(known)) if known else None)
    sums[at] = word
    return sums


def totals(sheets: Sheets) -> Sheets:
    """Correct totals above, between and below the rows, and rows of 类 and 款."""
    result = dict(sheets)
    for name in (*LEDGERS, "绩效项目"):
        headings, *rows = sheets[name]
        result[name] = [headings, *rows, total_of(rows, "合计")]
    headings, *rows = sheets["收入决算"]
    by_class = {code: [row for row in rows if row[0].startswith(code)] for code in ("201", "20103", "208", "20805")}
    parents = [total_of(under, code) for code, under in by_class.items()]
    result["收入决算"] = [headings, total_of(rows, "合　计"), *parents, *rows]
    headings, *rows = sheets["支出决算"]
    halves = rows[:20], rows[20:]
    lines = [[*half, total_of(half, "小计", at=2)] for half in halves]
    result["支出决算"] = [headings, *lines[0], *lines[1], total_of(rows, "总计", at=1)]
    for name, parts in {"三公经费": 4, "政府采购": 3}.items():
        headings, *rows = sheets[name]
        result[name] = [headings, total_of(rows[:parts], "合计"), *rows]
    return result


def in_ten_thousands(sheets: Sheets) -> Sheets:
    sheets = amounts_as(lambda amount: float(amount / 10000))(sheets)
    info = [["金额单位", "万元"] if row[0] == "金额单位" else row for row in sheets["基本信息"]]
    return {**sheets, "基本信息": info}


def pasted_from_elsewhere(sheets: Sheets) -> Sheets:
    """All of it at once."""
    for rewrite in (totals, split_codes, full_width_digits, shuffled_columns, titles_above_the_headings):
        sheets = rewrite(sheets)
    return {f"　{name} ": rows for name, rows in sheets.items()}


# -- reading and writing plain workbooks --------------------------------------------------------------


def sheets_of(book: Workbook) -> Sheets:
    """The input sheets of the example from their headings down."""
    return {
        page.title: [list(row) for row in page.iter_rows(min_row=3, values_only=True) if any(row)]
        for page in book.worksheets
        if page.title not in ("填表说明", "平衡检查", "词表")
    }


def put(page: Worksheet, row: int, column: int, value: object) -> None:
    """Enter a value as a person does: what begins with “=” in a column of texts is a text."""
    cell = page.cell(row, column)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"


def saved(sheets: Sheets, path: Path) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row, 1):
                put(page, number, column, value)
    book.save(path)
    return path


def compiled(path: Path) -> dict[str, bytes]:
    result = xl2report.compile(path, path.parent / "out", marks="none")  # marks name cells, and those are elsewhere
    assert result.ok, result.findings
    return {f"{output.name} {name}": part for output in result.paths for name, part in without_inputs(output).items()}


def without_inputs(output: Path) -> dict[str, bytes]:
    """The parts of an output but for the hash of the workbook's bytes, which are other ones."""
    parts = parts_of(output.read_bytes())
    parts[CUSTOM], count = re.subn(rb'<property [^>]*name="xl2report-inputs">.*?</property>', b"", parts[CUSTOM])
    assert count == 1
    return parts


# -- the tests ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expected(example: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The outputs of the example, by name."""
    path = tmp_path_factory.mktemp("example") / example.name
    path.write_bytes(example.read_bytes())
    return compiled(path)


@pytest.mark.parametrize(
    "rewrite",
    [
        dict,
        shuffled_columns,
        titles_above_the_headings,
        blank_rows_between,
        pytest.param(amounts_as("{:,.2f}".format), id="text_with_separators"),
        pytest.param(amounts_as(" {:,.2f} 元".format), id="text_with_a_unit"),
        full_width_digits,
        numeric_codes,
        split_codes,
        totals,
        in_ten_thousands,
        pasted_from_elsewhere,
    ],
)
def test_the_same_accounts_written_otherwise_give_the_same_files(
    rewrite: Rewrite, example: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    sheets = rewrite(sheets_of(load_workbook(example, data_only=True)))
    assert compiled(saved(sheets, tmp_path / example.name)) == expected


def test_the_blank_workbook_filled_in_by_hand_gives_the_same_files(
    profile: Profile, example: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / example.name
    assert xl2report.new_workbook(path).ok
    book = load_workbook(path)
    for table, csv_path in profile.example.items():
        with Path(csv_path).open(encoding="utf-8", newline="") as stream:
            fill_in(
                book[table], list(csv.DictReader(stream)), {column.heading for column in profile.tables[table].amounts}
            )
    book.save(path)
    assert compiled(path) == expected


def fill_in(page: Worksheet, rows: list[dict[str, str]], amounts: set[str]) -> None:
    """Enter rows below the headings; a row whose name is printed there already goes to its line."""
    headings = list(rows[0])
    top = next(row for row in range(1, 11) if page.cell(row, 1).value == headings[0])
    columns = {page.cell(top, column).value: column for column in range(1, page.max_column + 1)}
    assert set(headings) <= set(columns)
    printed = {page.cell(row, 1).value: row for row in range(top + 1, page.max_row + 1)}
    free = max((row for name, row in printed.items() if name), default=top) + 1
    for values in rows:
        row = printed.get(values[headings[0]], free)
        free += row == free
        for heading, text in values.items():
            if text and page.cell(row, columns[heading]).value != text:
                is_number = heading in amounts and text.replace(".", "").isdigit()
                put(page, row, columns[heading], float(text) if is_number else text)


# -- other circumstances ------------------------------------------------------------------------------

ANYWHERE: tuple[dict[str, str], ...] = (
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai"},
    {"LC_ALL": "zh_CN.GBK", "PYTHONUTF8": "0", "PYTHONHASHSEED": "2", "TZ": "America/Lima"},
    {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "cp1252", "PYTHONHASHSEED": "3", "LANG": "de_DE"},
)
"""Locales that know no Chinese, seeds of hashes, time zones; a locale that is not installed is the same as C."""


def test_any_locale_seed_time_zone_and_folder_give_the_same_files(example: Path, tmp_path: Path) -> None:
    name = "决算 2023.xlsx"
    runs = []
    for number, environment in enumerate(ANYWHERE):
        folder = tmp_path / f"{number} 号" / ("深 " * number)
        folder.mkdir(parents=True)
        (folder / name).write_bytes(example.read_bytes())
        start, path = (folder, name) if number == 0 else (tmp_path, str((folder / name).relative_to(tmp_path)))
        command = [sys.executable, "-m", "xl2report", "compile", path, "--toc", "field", "--lang", "zh"]
        env = {**os.environ, "PYTHONPATH": str(Path(xl2report.__file__).parents[1]), **environment}
        pipe = subprocess.PIPE
        runs.append((folder, subprocess.Popen(command, cwd=start, env=env, stdout=pipe, stderr=pipe)))
    made = []
    for folder, run in runs:
        told, errors = run.communicate(timeout=60)
        assert (run.returncode, errors) == (0, b"")
        assert b"O602" not in told
        made.append({path.name: path.read_bytes() for path in folder.glob("*-*")})
    assert made[0].keys() == {"决算 2023-schedules.xlsx", "决算 2023-report.docx"}
    assert made[0] == made[1] == made[2]


def test_source_date_epoch_sets_the_date_in_the_properties(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

    schedules, report = xl2report.compile(example, tmp_path).paths

    then = datetime(2023, 11, 14, 22, 13, 20)  # noqa: DTZ001 - as openpyxl and python-docx give it
    assert load_workbook(schedules).properties.created == then
    assert docx.Document(str(report)).core_properties.created.replace(tzinfo=None) == then


@pytest.mark.parametrize(("epoch", "date"), [("0", "1970-01-01"), ("253402300799", "9999-12-31")])
def test_the_first_and_the_last_moment_of_source_date_epoch(
    epoch: str, date: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert f"{document_date('2024-09-27', 2023):%Y-%m-%d}" == date


@pytest.mark.parametrize("epoch", ["253402300800", "9" * 30, "²", "１７", "-1", "1.5", "today"])
def test_a_source_date_epoch_that_is_no_moment_is_refused_by_the_command_and_else_as_if_it_were_not_there(
    epoch: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert f"{document_date('2024-09-27', 2023):%Y-%m-%d}" == "2024-09-27"
    with pytest.raises(SystemExit) as stopped:
        main(["check", "accounts.xlsx", "--lang", "zh"])
    assert stopped.value.code == 2
    assert "SOURCE_DATE_EPOCH 应为1970年以来的秒数" in capsys.readouterr().err

"""Workbooks of many rows of one kind take time in proportion: nothing searches for each row among all the others."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import pytest
from openpyxl import Workbook

from xl2report.checks import check
from xl2report.derive import Figures
from xl2report.loading import load_profile
from xl2report.reader import read
from xl2report.sheets import lay_out

ROWS = 6_000
EXPENDITURE = ("资金性质", "功能科目编码", "支出类型", "经济科目编码", "项目名称", "金额")
FUND = "一般公共预算财政拨款"

Rows = list[list[Any]]


def short_codes() -> dict[str, Rows]:
    return {"支出决算": [list(EXPENDITURE), *([FUND, "20103", "基本支出", "30101", "", n] for n in range(ROWS))]}


def totals() -> dict[str, Rows]:
    rows = [
        [FUND, "2010301", "基本支出", "30101", "", 1] if n % 2 else ["合计", "", "", "", "", n] for n in range(ROWS)
    ]
    return {"支出决算": [list(EXPENDITURE), *rows]}


def totals_of_items() -> dict[str, Rows]:
    return {"三公经费": [["项目", "预算数", "决算数", "上年决算数"], *(["合计", n, n, n] for n in range(ROWS))]}


def the_same_row() -> dict[str, Rows]:
    return {"支出决算": [list(EXPENDITURE), *([FUND, "2010301", "基本支出", "30101", "", 1] for _ in range(ROWS))]}


def projects_and_texts() -> dict[str, Rows]:
    projects = ([FUND, "2010302", "项目支出", "30201", f"某某专项工作经费项目{n}号", 1] for n in range(ROWS))
    texts = [["位置", "文字"], *(["部门职责", "某某专项工作经费项目的" * 2_000] for _ in range(20))]
    return {"支出决算": [list(EXPENDITURE), *projects], "文字材料": texts}


@pytest.mark.parametrize("sheets", [short_codes, totals, totals_of_items, the_same_row, projects_and_texts])
def test_many_rows_are_read_and_checked_in_seconds(sheets: Callable[[], dict[str, Rows]], saved_bytes: Any) -> None:
    profile = load_profile("sichuan/2023")
    data = saved_bytes(sheets())
    begun = process_time()

    book, _ = read(data, profile)
    assert book is not None
    figures = Figures(profile, book)
    check(profile, book, figures, lay_out(profile, book, figures))

    assert process_time() - begun < 10  # 1 to 2 s, and minutes where rows are compared with rows


@pytest.fixture
def saved_bytes(tmp_path: Any) -> Callable[[dict[str, Rows]], bytes]:
    """Gives a workbook of some sheets."""

    def saved(sheets: dict[str, Rows]) -> bytes:
        book = Workbook(write_only=True)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "large.xlsx")
        return bytes((tmp_path / "large.xlsx").read_bytes())

    return saved

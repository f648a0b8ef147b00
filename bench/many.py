"""Workbooks that differ, made quickly from the example: ``python bench/many.py N FOLDER``.

The amounts of some rows are changed as text in the XML of the sheets, so that everything still agrees: what one row
gets, its income and budget get too, and what moves between two economic codes stays within their kind.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1] / "workbook_templates" / "sichuan-2023-example.xlsx"
NAME = "峨边彝族自治县人民政府办公室"
INCOME, SPENT, BUDGET = "xl/worksheets/sheet3.xml", "xl/worksheets/sheet4.xml", "xl/worksheets/sheet6.xml"
TEXTS = "xl/sharedStrings.xml"
STEP = 100
"""元, in which amounts change."""


def workbooks(count: int, folder: Path) -> list[Path]:
    """So many different workbooks in a folder, as ``单位0001.xlsx``; all compile without errors."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(EXAMPLE) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed = {name: parts.pop(name).decode() for name in (INCOME, SPENT, BUDGET, TEXTS)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    constant = stream.getvalue()
    paths = [folder / f"单位{number:04d}.xlsx" for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        stream = io.BytesIO(constant)
        with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, text in changed.items():
                archive.writestr(name, varied(name, text, number))
        path.write_bytes(stream.getvalue())
    return paths


def varied(name: str, text: str, number: int) -> str:
    """A part of the example as the workbook of a number has it."""
    more, first, second = STEP * (number % 2_000), STEP * (number % 89), STEP * (number % 97)
    if name == TEXTS:
        return text.replace(f">{NAME}<", f">{NAME}（第{number}单位）<")
    if name == INCOME:  # 2010301 行政运行
        return added(text, "C4", more)
    if name == BUDGET:
        return added(text, "D4", more)
    text = added(text, "H4", more - first)  # 基本工资
    text = added(added(text, "H5", first), "H9", -second)  # 津贴补贴; 办公费
    return added(text, "H10", second)  # 印刷费


def added(text: str, cell: str, amount: int) -> str:
    """A sheet with an amount added to a cell that holds a number."""
    made, count = re.subn(
        rf'(<c r="{cell}"[^>]*><v>)([0-9.]+)(</v>)', lambda m: f"{m[1]}{int(float(m[2])) + amount}{m[3]}", text, count=1
    )
    if not count:
        raise ValueError(f"{cell} holds no number")
    return made


if __name__ == "__main__":
    workbooks(int(sys.argv[1]), Path(sys.argv[2]))

"""The results of many workbooks as one file: JSON, CSV or a workbook with a row for each."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from xl2report import __version__
from xl2report.findings import SEVERITIES, Finding, Words, finding
from xl2report.packages import STAMP, own_seal, parts_of, sealed

State = Literal["written", "kept", "checked", "failed", "skipped"]
"""Outputs written; there already from the same inputs (``resume``); only checked; not written because of an error; the same
file as another one."""


class KeyFigure(NamedTuple):
    """One number of the summary: a measure of the profile in its unit, as the report prints it; ``None`` for a gap."""

    name: str
    label: str
    unit: str
    value: Decimal | None
    exact: Decimal | None


@dataclass(frozen=True)
class Compiled:
    """What became of one workbook of many."""

    workbook: Path
    state: State
    status: int
    """As of the command: 0 no error, 1 errors, 2 it cannot be used at all."""
    paths: tuple[Path, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_out: tuple[str, ...] = ()
    department: str = ""
    year: str = ""
    figures: tuple[KeyFigure, ...] = ()
    seconds: float = 0.0

    def count(self, severity: str) -> int:
        """How many findings are of a severity."""
        return sum(found.severity == severity for found in self.findings)

    @property
    def first_error(self) -> Finding | None:
        """The first finding that is an error."""
        return next((found for found in self.findings if found.severity == "error"), None)


ENDINGS = (".json", ".csv", ".xlsx")
HEADINGS = (
    Words("工作簿", "workbook"),
    Words("部门名称", "department"),
    Words("年度", "year"),
    Words("结果", "result"),
    Words("错误", "errors"),
    Words("提示", "warnings"),
    Words("说明", "notes"),
    Words("第一个错误", "first error"),
)
STATES: Mapping[str, Words] = {
    "written": Words("已编制", "written"),
    "kept": Words("未变，未重新编制", "unchanged, kept"),
    "checked": Words("核对无误", "no errors"),
    "failed": Words("没有编制", "not written"),
    "skipped": Words("略过", "passed over"),
}
MOST_LINKS = 60_000
"""Excel takes 65,530 links in a sheet."""


def summary(results: Sequence[Compiled], target: Path, lang: str = "zh") -> bytes | Finding:
    """The content of the summary that the ending of a file's name asks for, or the finding that there is none such.

    The same results give the same bytes: only the JSON says how long each workbook took.
    """
    if target.suffix.lower() == ".json":
        return _json(results, lang)
    if target.suffix.lower() == ".csv":
        return _csv(results, lang)
    if target.suffix.lower() == ".xlsx":
        return _xlsx(results, target, lang)
    return finding("O607", str(target), found=target.suffix, expected="、".join(ENDINGS))


def _json(results: Sequence[Compiled], lang: str) -> bytes:
    rows = [
        {
            "workbook": str(result.workbook),
            "department": result.department,
            "year": result.year,
            "state": result.state,
            "status": result.status,
            "findings": {severity: result.count(severity) for severity in SEVERITIES},
            "first_error": _told(result, lang),
            "figures": {
                key.name: {"label": key.label, "unit": key.unit, "value": _plain(key.value), "exact": _plain(key.exact)}
                for key in result.figures
            },
            "outputs": [str(path) for path in result.paths],
            "seconds": round(result.seconds, 3),
        }
        for result in results
    ]
    document = {"version": 1, "program": f"xl2report {__version__}", "results": rows}
    return own_seal(json.dumps(document, ensure_ascii=False, indent=1).encode())


def _csv(results: Sequence[Compiled], lang: str) -> bytes:
    """Rows as Excel opens them with a double click: UTF-8 with its mark, texts that cannot be taken for formulas."""
    import csv

    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    keys = _keys(results)
    outputs = _most_outputs(results)
    writer.writerow([*_headings(keys, outputs, lang)])
    for result in results:
        texts = [_harmless(str(value)) if isinstance(value, str) else value for value in _row(result, lang)]
        figures = {key.name: _plain(key.value) for key in result.figures}
        paths = [_harmless(str(path)) for path in result.paths]
        room = [""] * (outputs - len(paths) + 1)  # the last one below the seal
        writer.writerow([*texts, *(figures.get(key.name) or "" for key in keys), *paths, *room])
    return own_seal(stream.getvalue().encode("utf-8-sig", errors="backslashreplace"))


def _harmless(text: str) -> str:
    """A text that a spreadsheet takes for a text: OWASP's apostrophe before what would begin a formula.

    >>> _harmless("=1+1"), _harmless("县财政局")
    ("'=1+1", '县财政局')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) else text


def _xlsx(results: Sequence[Compiled], target: Path, lang: str) -> bytes:
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_urls": False})
    book.set_properties({"created": _created(), "comments": ""})
    sheet = book.add_worksheet(Words("汇总", "summary").in_language(lang))
    head = book.add_format({"bold": True, "bg_color": "#D9E2F3", "text_wrap": True, "valign": "vcenter", "border": 1})
    amount, count = book.add_format({"num_format": "#,##0.00"}), book.add_format({"num_format": "0"})
    bad, link = book.add_format({"font_color": "#C00000"}), book.add_format({"font_color": "#0563C1", "underline": 1})
    keys, outputs = _keys(results), _most_outputs(results)
    headings = _headings(keys, outputs, lang)
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, head)
    links = 0
    for number, result in enumerate(results, 1):
        for column, value in enumerate(_row(result, lang)):
            if isinstance(value, int):
                sheet.write_number(number, column, value, count)
            else:
                sheet.write_string(number, column, _written(value), bad if result.state == "failed" else None)
        figures = {key.name: key.value for key in result.figures}
        for column, key in enumerate(keys, len(HEADINGS)):
            if (known := figures.get(key.name)) is not None:
                sheet.write_number(number, column, known, amount if known.as_tuple().exponent else count)
        for column, path in enumerate(result.paths, len(HEADINGS) + len(keys)):
            links += 1
            where = _beside(target, path)
            if links <= MOST_LINKS and len(where) < 2000 and len(path.name) < 255:
                sheet.write_url(number, column, f"external:{where}", link, _written(path.name))
            else:
                sheet.write_string(number, column, _written(str(path)))
    for column, width in enumerate([36, 32, 8, 18, 7, 7, 7, 60, *[16] * len(keys), *[40] * outputs]):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(results), len(headings) - 1)
    book.close()
    return sealed(parts_of(stream.getvalue()))


def _created() -> Any:
    from datetime import datetime

    return datetime(*STAMP)  # noqa: DTZ001 - the one date of generated files


def _row(result: Compiled, lang: str) -> tuple[str | int, ...]:
    counts = (result.count(severity) for severity in SEVERITIES)
    state = STATES[result.state].in_language(lang)
    return str(result.workbook), result.department, result.year, state, *counts, _told(result, lang)


def _told(result: Compiled, lang: str) -> str:
    """The first error in one line."""
    error = result.first_error
    return f"{error.code} {error.place} {error.message.in_language(lang)}" if error else ""


def _headings(keys: Sequence[KeyFigure], outputs: int, lang: str) -> list[str]:
    named = [f"{key.label}（{key.unit}）" if lang == "zh" else f"{key.label} ({key.unit})" for key in keys]
    return [*(heading.in_language(lang) for heading in HEADINGS), *named,
            *[Words("输出", "output").in_language(lang)] * outputs]  # fmt: skip


def _keys(results: Sequence[Compiled]) -> tuple[KeyFigure, ...]:
    """The key figures of all, each once: profiles of several years may want different ones."""
    found: dict[str, KeyFigure] = {}
    for result in results:
        for key in result.figures:
            found.setdefault(key.name, key)
    return tuple(found.values())


def _most_outputs(results: Sequence[Compiled]) -> int:
    return max((len(result.paths) for result in results), default=0)


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _written(text: str | int) -> str:
    """A text that a workbook can hold: no surrogates of file names that are no Unicode, not too long."""
    return str(text).encode(errors="backslashreplace").decode()[:32_000]


def _beside(target: Path, path: Path) -> str:
    """A path as a link of a workbook needs it: from its folder, or from the root on another drive."""
    try:
        where = os.path.relpath(path.absolute(), target.absolute().parent)
    except ValueError:
        where = str(path.absolute())
    return quote(Path(where).as_posix(), safe="/:.-_~()（）", errors="backslashreplace") if "#" in where else where

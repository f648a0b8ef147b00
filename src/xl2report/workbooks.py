"""The profile -> its blank workbook and its example workbook.

Both are generated, so that sheets, headings, drop-downs and hints are always those that the reader knows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from xl2report.loading import ProfileError, csv_rows
from xl2report.profile import Column, Profile, Table
from xl2report.sheets import width_of

INSTRUCTIONS = "填表说明"
WORDS = "词表"
HEADING_ROW = 2
LAST_ROW = 2000
ATTACHMENTS = 20
CREATED = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""One date for every generated workbook, so that the same profile gives the same bytes."""

Rows = Mapping[str, Sequence[Mapping[str, str]]]


def blank_workbook(profile: Profile) -> bytes:
    """The workbook to fill in: instructions, headings, drop-downs, hints and the rows of closed lists."""
    return _Writer(profile, {}).bytes()


def example_workbook(profile: Profile) -> bytes:
    """The blank workbook filled with the profile's example accounts and texts."""
    return _Writer(profile, example_rows(profile), profile.example_notes).bytes()


def example_rows(profile: Profile) -> dict[str, list[dict[str, str]]]:
    """The rows of the profile's example CSV files by input sheet."""
    rows = {}
    for table, path in profile.example.items():
        try:
            rows[table] = csv_rows(path)
        except (UnicodeDecodeError, csv.Error) as error:
            raise ProfileError(profile.name, [f"example/{Path(path).name}: {error}"]) from error
    return rows


def example_year(profile: Profile) -> str:
    """The year of the profile's example accounts, "" where they do not say."""
    table = next(t for t in profile.tables.values() if t.kind == "info")
    rows = example_rows(profile).get(table.name, ())
    return next((r[table.amounts[0].heading] for r in rows if r[table.columns[0].heading] == "年度"), "")


class _Writer:
    """Writes one workbook with XlsxWriter."""

    def __init__(self, profile: Profile, rows: Rows, notes: Sequence[str] = ()) -> None:
        import xlsxwriter

        self.profile = profile
        self.rows = rows
        self.notes = notes
        self.stream = io.BytesIO()
        self.book = xlsxwriter.Workbook(
            self.stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self.book.set_properties({"title": profile.title, "created": CREATED})
        font = {"font_name": profile.fonts["body"], "font_size": 11, "valign": "vcenter"}
        entry = {**font, "locked": False, "border": 1, "border_color": "#BFBFBF"}
        head = {**font, "bold": True, "align": "center", "text_wrap": True, "border": 1}
        self.looks = {
            name: self.book.add_format(look)
            for name, look in {
                "title": {**font, "bold": True, "font_size": 16},
                "note": {**font, "font_color": "#595959", "text_wrap": True},
                "required": {**head, "bg_color": "#1F4E79", "font_color": "#FFFFFF"},
                "optional": {**head, "bg_color": "#DDEBF7"},
                "item": {**font, "bg_color": "#F2F2F2", "border": 1, "text_wrap": True},
                "text": {**entry, "text_wrap": True, "num_format": "@"},
                "amount": {**entry, "num_format": "#,##0.00"},
                "count": {**entry, "num_format": "0"},
                "heading": {**font, "bold": True, "font_size": 13},
                "plain": {**font, "text_wrap": True, "valign": "top"},
            }.items()
        }

    def bytes(self) -> bytes:
        self.instructions()
        positions = self.words()
        for table in self.profile.tables.values():
            self.table(table, positions)
        self.book.get_worksheet_by_name(INSTRUCTIONS).activate()
        self.book.close()
        return self.stream.getvalue()

    def sheet(self, name: str) -> Any:
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        sheet.set_footer("&C第 &P 页，共 &N 页")
        return sheet

    def instructions(self) -> None:
        """The first sheet: how to fill in the workbook, and what each sheet is for."""
        sheet = self.sheet(INSTRUCTIONS)
        sheet.set_portrait()
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 84)
        sheet.set_row(0, 30)
        sheet.write_string(0, 0, f"{self.profile.title}　填表说明", self.looks["title"])
        row = 1
        for text in (*self.profile.instructions, *self.notes):
            sheet.merge_range(row, 0, row, 1, "", self.looks["plain"])
            sheet.write_string(row, 0, text, self.looks["plain"])
            sheet.set_row(row, 18 * (1 + width_of(text) // 112))
            row += 1
        row += 1
        sheet.write_string(row, 0, "工作表", self.looks["required"])
        sheet.write_string(row, 1, "填什么", self.looks["required"])
        for table in self.profile.tables.values():
            row += 1
            text = ("" if table.required else "（可不填）") + table.note
            sheet.write_url(row, 0, f"internal:'{table.name}'!A1", self.looks["plain"], table.name)
            sheet.write_string(row, 1, text, self.looks["plain"])
            sheet.set_row(row, 18 * (1 + width_of(text) // 84))
        sheet.protect()

    def words(self) -> str:
        """A hidden sheet with the positions of 文字材料, too many for a list inside a cell; returns its range."""
        sheet = self.book.add_worksheet(WORDS)
        positions = [text.position for text in self.profile.texts.values()]
        positions += [f"附件{number}" for number in range(1, ATTACHMENTS + 1)]
        for row, position in enumerate(positions):
            sheet.write_string(row, 0, position)
        sheet.hide()
        return f"={WORDS}!$A$1:$A${len(positions)}"

    def table(self, table: Table, positions: str) -> None:
        sheet = self.sheet(table.name)
        columns = [c for c in table.columns if not c.optional]
        first = HEADING_ROW + 1
        unit = "　（金额单位见“基本信息”）" if any(c.unit == "元" for c in columns) else ""
        sheet.set_row(0, 26)
        sheet.merge_range(0, 0, 0, max(1, len(columns) - 1), "", self.looks["title"])
        sheet.write_string(0, 0, table.name + unit, self.looks["title"])
        width = sum(self.width(c) for c in columns)
        sheet.merge_range(1, 0, 1, max(1, len(columns) - 1), "", self.looks["note"])
        sheet.write_string(1, 0, table.note, self.looks["note"])
        sheet.set_row(1, 18 * (1 + width_of(table.note) // max(20, width)))
        sheet.set_row(HEADING_ROW, 34)
        for at, column in enumerate(columns):
            look = self.looks[self.look(column, table)]
            sheet.set_column(at, at, self.width(column), look)
            sheet.write_string(
                HEADING_ROW, at, column.heading, self.looks["required" if column.required else "optional"]
            )
            self.validate(sheet, table, column, at, first, positions)
        sheet.freeze_panes(first, 1 if len(columns) < 4 else 0)
        sheet.repeat_rows(HEADING_ROW)
        last = first - 1
        for row, values in enumerate(self.filled(table), first):
            last = row
            for at, column in enumerate(columns):
                self.cell(sheet, row, at, table, column, values.get(column.heading, ""))
        sheet.print_area(0, 0, max(last, first + 20), len(columns) - 1)
        options = ("format_cells", "format_columns", "format_rows", "insert_rows", "delete_rows", "sort", "autofilter")
        sheet.protect("", dict.fromkeys(options, True))

    def filled(self, table: Table) -> list[dict[str, str]]:
        """The rows to write: the given ones, and every row of a closed list."""
        given = [dict(row) for row in self.rows.get(table.name, ())]
        key = table.columns[0].heading
        if table.kind == "info":
            present = {row[key] for row in given}
            blanks: list[dict[str, str]] = [{key: name} for name in self.profile.infos if name not in present]
            return given + [row for row in blanks if not given or not self.profile.infos[row[key]].default]
        if table.kind == "items" and not given:
            last = table.columns[-1].heading
            return [
                {key: item.name, **({last: item.unit} if item.unit else {})}
                for item in table.items
                if not item.optional
            ]
        return given

    def cell(self, sheet: Any, row: int, at: int, table: Table, column: Column, text: str) -> None:
        own = at == 0 and table.kind in ("items", "info")
        if own:
            sheet.write_string(row, at, text, self.looks["item"])
        elif text and column.kind == "amount":
            look = self.looks[self.look(column, table)]
            try:
                sheet.write_number(row, at, float(Decimal(text)), look)
            except InvalidOperation:
                sheet.write_string(row, at, text, self.looks["text"])
        elif text:
            sheet.write_string(row, at, text, self.looks["text"])

    def look(self, column: Column, table: Table) -> str:
        if column.kind != "amount" or table.kind == "info":
            return "text"
        return "amount" if column.unit == "元" else "count"

    def width(self, column: Column) -> int:
        return column.width or max(16, min(24, width_of(column.heading) + 2))

    def validate(self, sheet: Any, table: Table, column: Column, at: int, first: int, positions: str) -> None:
        """The drop-down, the limits and the hint of a column."""
        values = column.values
        if column.kind == "mark":
            values = self.profile.marks[column.mark].values
        rule: dict[str, Any] = {"validate": "any"}
        if values:
            rule = {
                "validate": "list",
                "source": list(values),
                "error_title": "请从列表中选择",
                "error_message": "只能填：" + "、".join(values),
            }
        elif table.kind == "texts" and at == 0:
            rule = {
                "validate": "list",
                "source": positions,
                "error_type": "warning",
                "error_title": "没有这个位置",
                "error_message": "请从列表中选择，或填“原因：科目编码”。",
            }
        elif column.kind == "amount" and table.kind != "info":
            rule = {
                "validate": "decimal",
                "criteria": "between",
                "minimum": -1e13,
                "maximum": 1e13,
                "error_type": "warning",
                "error_title": "应当填数字",
                "error_message": "这里应当填数字，没有的填 0。",
            }
        if table.kind == "info":
            self.validate_info(sheet, at, first)
            return
        if column.hint:
            rule |= {"input_title": column.heading[:32], "input_message": column.hint[:255]}
        if rule["validate"] != "any" or column.hint:
            sheet.data_validation(first, at, LAST_ROW, at, {"ignore_blank": True, **rule})

    def validate_info(self, sheet: Any, at: int, first: int) -> None:
        """The drop-downs and hints of the rows of 基本信息, in the order in which they are written."""
        table = next(t for t in self.profile.tables.values() if t.kind == "info")
        if at != 1:
            return
        for row, values in enumerate(self.filled(table), first):
            info = self.profile.infos.get(values[table.columns[0].heading])
            if info is None:
                continue
            hint = info.hint or {"integer": "整数", "date": "如 2024-09-27"}.get(info.kind, "")
            hint += "（必填）" if info.required else ""
            rule: dict[str, Any] = (
                {"validate": "list", "source": list(info.values)} if info.values else {"validate": "any"}
            )
            if hint:
                rule |= {"input_title": info.name[:32], "input_message": hint}
            if info.values or hint:
                sheet.data_validation(row, at, row, at, rule)

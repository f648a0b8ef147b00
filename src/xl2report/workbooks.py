"""The profile -> its blank workbook and its example workbook.

Both are generated, so that sheets, headings, drop-downs and hints are always those that the reader knows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from xl2report.facts import letters
from xl2report.formulas import Name
from xl2report.formulas import names as names_in
from xl2report.live import EXCEL_SIGNS, Balance, Formulas, Live, Placed, number_in
from xl2report.loading import ProfileError, csv_rows
from xl2report.packages import pack, parts_of
from xl2report.profile import Column, Mark, Profile, Table
from xl2report.sheets import width_of

INSTRUCTIONS = "填表说明"
BALANCES = "平衡检查"
WORDS = "词表"
HEADING_ROW = 2
LAST_ROW = 5000
"""Down to here go drop-downs, colours and totals of sheets that are lists."""
NAMED_ROWS = (100, 300)
"""So many rows look up the name of their code: in sheets with one column of codes, and in ledgers with several; more would make
the file large and slow to read, and filling down goes on."""
SPARE_ROWS = 60
"""Rows below a closed list or 基本信息 in which users add their own."""
WIDEST_PAGE = 300
"""Characters that can still be read when they stand side by side on an A4 page; a wider sheet prints on two."""
ATTACHMENTS = 20
CREATED = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""One date for every generated workbook, so that the same profile gives the same bytes."""
PART_OF = "其中："
_EMPTY_RESULT = re.compile(rb'(<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?)(><f>[^<]*</f><v></v></c>)')

Rows = Mapping[str, Sequence[Mapping[str, str]]]


def blank_workbook(profile: Profile) -> bytes:
    """The workbook to fill in: instructions, headings, drop-downs, hints and the rows of closed lists."""
    return filled_workbook(profile, {})


def example_workbook(profile: Profile) -> bytes:
    """The blank workbook filled with the profile's example accounts and texts."""
    return filled_workbook(profile, example_rows(profile), profile.example_notes)


def filled_workbook(profile: Profile, rows: Rows, notes: Sequence[str] = ()) -> bytes:
    """The workbook with some rows in its input sheets, and notes below the instructions."""
    return _with_empty_texts(_Writer(profile, rows, notes).bytes())


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


def _with_empty_texts(package: bytes) -> bytes:
    """The package with the type of a text at each formula whose stored value is the empty text.

    XlsxWriter leaves the type out; then there is no value, and a reader cannot know that the formula was calculated.
    """
    parts = parts_of(package)
    for name, part in parts.items():
        if name.startswith("xl/worksheets/sheet"):
            parts[name] = _EMPTY_RESULT.sub(rb'\1 t="str"\2', part)
    return pack(parts)


class _Writer:
    """Writes one workbook with XlsxWriter."""

    def __init__(self, profile: Profile, rows: Rows, notes: Sequence[str] = ()) -> None:
        import xlsxwriter

        self.profile = profile
        self.rows = rows
        self.notes = notes
        self.placed = {table.name: self.place(table) for table in profile.tables.values()}
        self.formulas = Formulas(profile, self.placed)
        self.stream = io.BytesIO()
        self.book = xlsxwriter.Workbook(
            self.stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self.book.set_properties({"title": profile.title, "created": CREATED})
        font = {"font_name": profile.fonts["body"], "font_size": 11, "valign": "vcenter"}
        entry = {**font, "locked": False, "border": 1, "border_color": "#BFBFBF"}
        head = {**font, "bold": True, "align": "center", "text_wrap": True, "border": 1}
        cell = {**font, "border": 1, "border_color": "#BFBFBF"}
        self.looks = {
            name: self.book.add_format(look)
            for name, look in {
                "title": {**font, "bold": True, "font_size": 16, "font_color": "#1F4E79"},
                "note": {**font, "font_color": "#595959", "text_wrap": True},
                "hint": {**font, "font_color": "#595959"},
                "sum": {**font, "bold": True, "num_format": '"合计 "#,##0.00', "align": "right", "shrink": True},
                "required": {**head, "bg_color": "#1F4E79", "font_color": "#FFFFFF"},
                "optional": {**head, "bg_color": "#DDEBF7"},
                "item": {**cell, "bg_color": "#F2F2F2", "text_wrap": True},
                "text": {**entry, "text_wrap": True, "num_format": "@"},
                "name": {**entry, "font_color": "#595959", "bg_color": "#F7F7F7", "shrink": True},
                "amount": {**entry, "num_format": "#,##0.00"},
                "count": {**entry, "num_format": "0", "align": "left"},
                "heading": {**font, "bold": True, "font_size": 13, "font_color": "#1F4E79"},
                "plain": {**font, "text_wrap": True, "valign": "top"},
                "link": {**font, "font_color": "#0563C1", "underline": 1, "valign": "top"},
                "cell": {**cell, "text_wrap": True},
                "code": {**cell, "num_format": "0", "align": "left"},
                "money": {**cell, "num_format": "#,##0.00", "shrink": True},
                "number": {**cell, "num_format": "#,##0", "shrink": True},
                "sign": {**cell, "align": "center"},
            }.items()
        }
        self.colours = {
            "red": self.book.add_format({"bg_color": "#FFC7CE", "font_color": "#9C0006"}),
            "orange": self.book.add_format({"bg_color": "#FCE4D6", "font_color": "#833C0B"}),
            "yellow": self.book.add_format({"bg_color": "#FFF2CC"}),
            "green": self.book.add_format({"font_color": "#375623"}),
        }

    def place(self, table: Table) -> Placed:
        """Where a table will stand, with the rows that are written into it."""
        rows = self.filled(table)
        first = HEADING_ROW + 2
        last = first + len(rows) + SPARE_ROWS if table.kind in ("items", "info") else max(LAST_ROW, first + len(rows))
        return Placed(table, tuple(c for c in table.columns if not c.optional), first, last, rows)

    def bytes(self) -> bytes:
        self.instructions()
        for table in self.profile.tables.values():
            self.table(table)
        self.balances()
        self.words()
        self.book.get_worksheet_by_name(INSTRUCTIONS).activate()
        self.book.close()
        return self.stream.getvalue()

    def sheet(self, name: str) -> Any:
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        sheet.set_footer("&L&A&C第 &P 页，共 &N 页")
        return sheet

    # -- instructions -------------------------------------------------------------------------
    def instructions(self) -> None:
        """The first sheet: how to fill in the workbook, a worked example, and what each sheet is for."""
        sheet = self.sheet(INSTRUCTIONS)
        sheet.set_portrait()
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 24, self.looks["plain"])
        sheet.set_column(1, 5, 17, self.looks["plain"])
        sheet.set_row(0, 32)
        sheet.write_string(0, 0, f"{self.profile.title}　填表说明", self.looks["title"])
        row = self.paragraphs(sheet, 1, self.profile.instructions)
        row = self.sample(sheet, row)
        row = self.paragraphs(sheet, row, ("# 各张工作表",))
        sheet.write_string(row, 0, "工作表（点击前往）", self.looks["required"])
        sheet.merge_range(row, 1, row, 5, "填什么", self.looks["required"])
        notes = [(t.name, ("" if t.required else "（可不填）") + t.note) for t in self.profile.tables.values()]
        notes.append((BALANCES, "不用填。随填随算：收支是否平衡、各表之间是否一致、填报进度。"))
        notes.append((WORDS, "不用填。本年度的科目编码和名称，可按名称筛选、查找。"))
        for name, text in notes:
            row += 1
            sheet.write_url(row, 0, f"internal:'{name}'!A1", self.looks["link"], name)
            self.paragraph(sheet, row, text, 1)
        self.paragraphs(sheet, row + 1, self.notes)
        sheet.protect("", {"format_columns": True, "format_rows": True})

    def paragraphs(self, sheet: Any, row: int, texts: Sequence[str]) -> int:
        """Write paragraphs from a row on, headings where they begin with “# ”; returns the row below."""
        for text in texts:
            if text.startswith("# "):
                sheet.set_row(row, 26)
                sheet.write_string(row, 0, text[2:], self.looks["heading"])
            else:
                self.paragraph(sheet, row, text, 0)
            row += 1
        return row

    def paragraph(self, sheet: Any, row: int, text: str, column: int) -> None:
        """One paragraph across the page, as high as its text."""
        sheet.merge_range(row, column, row, 5, "", self.looks["plain"])
        sheet.write_string(row, column, text, self.looks["plain"])
        sheet.set_row(row, 4 + 16 * (1 + width_of(text) // (84 if column else 110)))

    def sample(self, sheet: Any, row: int) -> int:
        """The worked example; returns the row below."""
        sample = self.profile.sample
        if sample is None:
            return row
        row = self.paragraphs(sheet, row, (f"# {sample.title}",))
        for number, texts in enumerate(sample.rows):
            sheet.set_row(row, 32)
            for at, text in enumerate(texts):
                amount = number_in(text) if "." in text else None
                if number == 0:
                    sheet.write_string(row, at, text, self.looks["required"])
                elif amount is not None:
                    sheet.write_number(row, at, float(amount), self.looks["money"])
                else:
                    sheet.write_string(row, at, text, self.looks["cell"])
            row += 1
        return self.paragraphs(sheet, row, sample.prints)

    # -- lists of words -----------------------------------------------------------------------
    def words(self) -> None:
        """The last sheet: the codes of the year with their names, and the positions of 文字材料."""
        sheet = self.sheet(WORDS)
        sheet.set_portrait()
        sheet.set_row(0, 26)
        sheet.write_string(0, 0, f"{self.profile.year}年度词表", self.looks["title"])
        note = "供查找：在“名称”的筛选按钮中输入名称的一部分。编码可以复制到各表；项级（款级）在前，类、款在后。"
        sheet.write_string(1, 0, note, self.looks["hint"])
        at = 0
        for mark in self.trees():
            codes = [c for c in sorted(mark.codes) if len(c) == mark.lengths[-1]]
            codes += [c for c in sorted(mark.codes) if len(c) != mark.lengths[-1]]
            first, last = HEADING_ROW + 2, HEADING_ROW + 1 + max(1, len(codes))
            for offset, (heading, width) in enumerate((("编码", 16), ("名称", 44), ("所属", 36))):
                sheet.set_column(at + offset, at + offset, width)
                text = f"{mark.name}{heading}" if offset < 2 else heading
                sheet.write_string(HEADING_ROW, at + offset, text, self.looks["optional"])
            for row, code in enumerate(codes, HEADING_ROW + 1):
                sheet.write_number(row, at, int(code), self.looks["code"])
                sheet.write_string(row, at + 1, mark.codes[code].name, self.looks["code"])
                above = [mark.codes[code[:n]].name for n in mark.lengths if n < len(code) and code[:n] in mark.codes]
                sheet.write_string(row, at + 2, above[-1] if above else "", self.looks["code"])
            leaves = sum(len(code) == mark.lengths[-1] for code in codes) or 1
            a, b = letters(at), letters(at + 1)
            self.book.define_name(_codes_of(mark), f"={WORDS}!${a}${first}:${a}${first + leaves - 1}")
            self.book.define_name(_table_of(mark), f"={WORDS}!${a}${first}:${b}${last}")
            if at == 0:
                sheet.autofilter(HEADING_ROW, 0, last - 1, 2)
            sheet.set_column(at + 3, at + 3, 3)
            at += 4
        positions = [text.position for text in self.profile.texts.values()]
        positions += [f"附件{number}" for number in range(1, ATTACHMENTS + 1)]
        sheet.set_column(at, at, 30)
        sheet.write_string(HEADING_ROW, at, "文字材料的位置", self.looks["optional"])
        for row, position in enumerate(positions, HEADING_ROW + 1):
            sheet.write_string(row, at, position, self.looks["code"])
        first, letter = HEADING_ROW + 2, letters(at)
        self.book.define_name("文字位置", f"={WORDS}!${letter}${first}:${letter}${first + len(positions) - 1}")
        sheet.freeze_panes(HEADING_ROW + 1, 0)
        sheet.repeat_rows(HEADING_ROW)
        sheet.protect("", dict.fromkeys(("autofilter", "format_columns"), True))

    def trees(self) -> list[Mark]:
        """The code lists that some input sheet uses."""
        used = {c.mark for t in self.profile.tables.values() for c in t.columns if c.kind in ("mark", "name")}
        return [mark for name, mark in self.profile.marks.items() if mark.is_tree and name in used]

    # -- input sheets -------------------------------------------------------------------------
    def table(self, table: Table) -> None:
        sheet = self.sheet(table.name)
        placed = self.placed[table.name]
        columns, first = placed.columns, HEADING_ROW + 1
        unit = "　（金额单位见“基本信息”）" if any(c.unit == "元" for c in columns) else ""
        sheet.set_row(0, 26)
        sheet.merge_range(0, 0, 0, max(1, len(columns) - 1), "", self.looks["title"])
        sheet.write_string(0, 0, table.name + unit, self.looks["title"])
        self.note(sheet, placed)
        sheet.set_row(HEADING_ROW, 34)
        for at, column in enumerate(columns):
            sheet.set_column(at, at, self.width(column), self.looks[self.look(column, table)])
            look = self.looks["required" if column.required else "optional"]
            sheet.write_string(HEADING_ROW, at, column.heading, look)
            self.validate(sheet, table, column, at, first, placed.last - 1)
        sheet.freeze_panes(first, 1 if len(columns) < 4 else 0)
        sheet.repeat_rows(HEADING_ROW)
        if sum(self.width(c) for c in columns) > WIDEST_PAGE:
            sheet.fit_to_pages(2, 0)
            sheet.repeat_columns(0)
        for row, values in enumerate(placed.rows, first):
            lines = max(-(-width_of(values.get(c.heading, "")) // (self.width(c) - 1)) for c in columns)
            if lines > 1:
                sheet.set_row(row, min(400, 4 + 15 * lines))
            for at, column in enumerate(columns):
                self.cell(sheet, row, at, table, column, values.get(column.heading, ""))
        last = first + len(placed.rows) - 1
        self.names(sheet, placed)
        self.colour(sheet, placed)
        cells = f"A{placed.first}:{letters(len(columns) - 1)}{placed.last}"
        sheet.ignore_errors({"number_stored_as_text": cells})  # codes are texts, and Excel would mark each of them
        if table.kind in ("ledger", "records"):
            sheet.autofilter(HEADING_ROW, 0, placed.last - 1, len(columns) - 1)
        sheet.print_area(0, 0, max(last, first + 20), len(columns) - 1)
        options = ("format_cells", "format_columns", "format_rows", "insert_rows", "delete_rows", "sort", "autofilter")
        sheet.protect("", dict.fromkeys(options, True))

    def note(self, sheet: Any, placed: Placed) -> None:
        """The second row: what to fill in, and above each column of money its live total."""
        columns, table = placed.columns, placed.table
        totals = dict(self.totals(placed))
        lead = min(totals, default=len(columns)) or len(columns)
        width = sum(self.width(c) for c in columns[:lead])
        if lead > 1 or not totals:
            sheet.merge_range(1, 0, 1, max(1, lead - 1), "", self.looks["note"])
        sheet.write_string(1, 0, table.note, self.looks["note"])
        sheet.set_row(1, 4 + 15 * (1 + width_of(table.note) // max(20, width - 2)))
        for at in range(lead, len(columns)):
            if at in totals:
                sheet.write_formula(1, at, f"={totals[at].formula}", self.looks["sum"], float(totals[at].value))
            else:
                sheet.write_blank(1, at, None, self.looks["note"])

    def totals(self, placed: Placed) -> Iterator[tuple[int, Live]]:
        """The live total of each column of money, by its position."""
        table = placed.table
        if table.kind not in ("ledger", "records") and not table.total_items:
            return
        wanted = {table.columns[0].mark: table.total_items} if table.total_items else {}
        for at, column in enumerate(placed.columns):
            if column.kind == "amount" and column.unit == "元":
                yield at, self.formulas.column(placed, column, wanted)

    def names(self, sheet: Any, placed: Placed) -> None:
        """The look-ups that show the name of each code; a name that is typed or pasted over one replaces it."""
        rows = NAMED_ROWS[sum(c.kind == "name" for c in placed.columns) > 1]
        for at, column in enumerate(placed.columns):
            source = next((c for c in placed.columns if c.kind == "mark" and c.mark == column.mark), None)
            if column.kind != "name" or source is None:
                continue
            mark = self.profile.marks[column.mark]
            for number in range(max(rows, len(placed.rows) + 50)):
                values = placed.rows[number] if number < len(placed.rows) else {}
                code, name = values.get(source.heading, ""), values.get(column.heading, "")
                known = mark.codes[code].name if code in mark.codes else ""
                if name and name != known:
                    sheet.write_string(HEADING_ROW + 1 + number, at, name, self.looks["name"])
                    continue
                cell = f"{placed.letter(source.heading)}{placed.first + number}"
                unknown = f'IF(ISERROR(VALUE(TRIM({cell}))),"","（科目表无此编码）")'
                formula = f'=IF({cell}="","",IFERROR(VLOOKUP(VALUE(TRIM({cell})),{_table_of(mark)},2,FALSE),{unknown}))'
                value = known or ("（科目表无此编码）" if number_in(code) is not None else "")
                sheet.write_formula(HEADING_ROW + 1 + number, at, formula, self.looks["name"], value)

    def filled(self, table: Table) -> list[dict[str, str]]:
        """The rows to write: the given ones, and every row of a closed list."""
        given = [dict(row) for row in self.rows.get(table.name, ())]
        key = table.columns[0].heading
        if table.kind == "info":
            present = {row[key] for row in given}
            blanks: list[dict[str, str]] = [{key: name} for name in self.profile.infos if name not in present]
            return given + [row for row in blanks if not given or not self.profile.infos[row[key]].default]
        if table.kind == "items":
            present = {row[key] for row in given}
            last = table.columns[-1].heading
            missing = [i for i in table.items if not i.optional and i.name not in present]
            rows = [{key: i.name, **({last: i.unit} if i.unit else {})} for i in missing]
            return given + rows
        return given

    def cell(self, sheet: Any, row: int, at: int, table: Table, column: Column, text: str) -> None:
        own = at == 0 and table.kind in ("items", "info")
        number = number_in(text) if column.kind == "amount" else None
        if own:
            sheet.write_string(row, at, text, self.looks["item"])
        elif table.kind == "info":
            info = self.profile.infos.get(self.placed[table.name].rows[row - HEADING_ROW - 1][table.columns[0].heading])
            if info is not None and info.kind == "integer":  # a number, or Excel could not add it
                look = self.looks["count"]
                sheet.write_blank(row, at, None, look) if number is None else sheet.write_number(row, at, number, look)
            elif text:
                sheet.write_string(row, at, text, self.looks["text"])
        elif number is not None:
            sheet.write_number(row, at, float(number), self.looks[self.look(column, table)])
        elif text and column.kind != "name":
            sheet.write_string(row, at, text, self.looks["text"])

    def look(self, column: Column, table: Table) -> str:
        if column.kind == "name":
            return "name"
        if column.kind != "amount" or table.kind == "info":
            return "text"
        return "amount" if column.unit == "元" else "count"

    def width(self, column: Column) -> int:
        least = 20 if column.unit == "元" else 16
        return column.width or max(least, min(24, width_of(column.heading) + 4))

    # -- drop-downs and hints -----------------------------------------------------------------
    def validate(self, sheet: Any, table: Table, column: Column, at: int, first: int, last: int) -> None:
        """The drop-down, the limits and the hint of a column."""
        if table.kind == "info":
            if at == 1:
                self.validate_info(sheet, table, at, first)
            return
        mark = self.profile.marks.get(column.mark) if column.kind == "mark" else None
        values = mark.values if mark else column.values
        rule: dict[str, Any] = {"validate": "any"}
        if values:
            rule = {
                "validate": "list",
                "source": list(values),
                "error_title": "请从列表中选择",
                "error_message": "只能填：" + "、".join(values),
            }
        elif mark and mark.is_tree:
            rule = {
                "validate": "list",
                "source": f"={_codes_of(mark)}",
                "error_type": "warning",
                "error_title": "本年度没有这个编码",
                "error_message": f"“{WORDS}”中没有这个{mark.levels[-1]}级编码。确认无误的，可以选“是”继续。",
            }
        elif table.kind == "texts" and at == 0:
            rule = {
                "validate": "list",
                "source": "=文字位置",
                "error_type": "warning",
                "error_title": "没有这个位置",
                "error_message": "请从列表中选择，或填“原因：科目编码”。",
            }
        elif column.kind == "amount":
            rule = {
                "validate": "decimal",
                "criteria": "between",
                "minimum": -1e13,
                "maximum": 1e13,
                "error_type": "warning",
                "error_title": "应当填数字",
                "error_message": "这里应当填数字，没有的填 0。",
            }
        rule |= {"input_title": column.heading[:32], "input_message": self.hint(column, table)[:255]}
        sheet.data_validation(first, at, last, at, {"ignore_blank": True, **rule})

    def hint(self, column: Column, table: Table) -> str:
        """What is said when a cell of a column is selected."""
        needed = "（必填）" if column.required else ""
        if column.hint:
            return column.hint + needed
        if table.kind == "items" and column is table.columns[0]:
            return "固定项目，不要改动"
        if column.kind == "name":
            return "由编码自动显示，不必填；粘贴的名称可以覆盖公式"
        if column.kind == "amount":
            example = "单位元，如 123456.78" if column.unit == "元" else f"单位{column.unit}"
            return f"{example}；没有的填 0{needed}"
        return ("从列表中选择" if column.values or column.kind == "mark" else "填文字") + needed

    def validate_info(self, sheet: Any, table: Table, at: int, first: int) -> None:
        """The drop-downs and hints of the rows of 基本信息, in the order in which they are written."""
        for row, values in enumerate(self.placed[table.name].rows, first):
            info = self.profile.infos.get(values[table.columns[0].heading])
            if info is None:
                continue
            kinds = {"integer": "整数；没有的填 0", "date": "如 2024-09-27", "choice": "从列表中选择"}
            hint = info.hint or kinds.get(info.kind, "填文字")
            hint += "（必填）" if info.required else ""
            rule: dict[str, Any] = {"validate": "any"}
            if info.values:
                rule = {"validate": "list", "source": list(info.values)}
            elif info.kind == "integer":
                rule = {"validate": "integer", "criteria": ">=", "value": 0, "error_type": "warning"}
                rule |= {"error_title": "应当填整数", "error_message": "这里应当填整数，没有的填 0。"}
            sheet.data_validation(
                row, at, row, at, {**rule, "input_title": info.name[:32], "input_message": hint[:255]}
            )

    # -- colours ------------------------------------------------------------------------------
    def colour(self, sheet: Any, placed: Placed) -> None:
        """What is missing, impossible or strange, shown while typing."""
        table, row = placed.table, placed.first
        if table.kind == "info":
            self.colour_info(sheet, placed)
            return
        cells = {c.heading: f"${placed.letter(c.heading)}{row}" for c in placed.columns}
        amounts = [c for c in placed.columns if c.kind == "amount"]
        entered = "&".join(cells[c.heading] for c in placed.columns if c.kind != "name")
        marks = "&".join(cells[c.heading] for c in placed.columns if c.kind in ("mark", "name"))
        marks = f'SUBSTITUTE(SUBSTITUTE({marks}," ",""),"　","")'
        leaf = "".join(f',ISERROR(SEARCH("{word}",{marks}))' for word in self.total_words(table))
        with_amount = f"LEN({'&'.join(cells[c.heading] for c in amounts)})>0" if amounts else "FALSE"

        def paint(column: Column, colour: str, formula: str) -> None:
            at = placed.columns.index(column)
            rule = {"type": "formula", "criteria": f"={formula}", "format": self.colours[colour], "stop_if_true": True}
            sheet.conditional_format(placed.first - 1, at, placed.last - 1, at, rule)

        for column in placed.columns:
            cell = cells[column.heading]
            if column.kind == "amount":
                zero = "".join(f',TRIM({cell})<>"{word}"' for word in self.profile.words["zero"])
                paint(column, "red", f"AND(ISTEXT({cell}),LEN(TRIM({cell}))>0,ISERROR(VALUE({cell})){zero})")
                paint(column, "orange", f"AND(ISNUMBER({cell}),{cell}<0)")
            if table.kind != "items" and column.required and column.kind == "mark" and amounts:
                paint(column, "red", f"AND(LEN(TRIM({cell}))=0,{with_amount}{leaf})")
            if column.kind == "mark" and column.mark in self.profile.trees:
                self.colour_codes(paint, column, cell)
            if column.heading in table.unique:
                pairs = ",".join(f"{_fixed(placed, h)},TRIM({cells[h]})" for h in table.unique)
                paint(column, "red", f"AND(LEN({cell})>0,COUNTIFS({pairs})>1)")
            if column.needed:
                tests = ",".join(_one_of(cells[c.heading], v) for c, v in _needed(placed, column))
                paint(column, "red", f"AND(LEN(TRIM({cell}))=0,{with_amount},{tests}{leaf})")
            if table.kind != "items" and column.required:
                paint(column, "yellow", f"AND(LEN({cell})=0,LEN({entered})>0{leaf})")
        if table.kind == "items":
            self.colour_items(sheet, placed, amounts)

    def total_words(self, table: Table) -> tuple[str, ...]:
        """The words of a row of totals, in sheets that may have such rows."""
        return (*self.profile.words["total"], *self.profile.words["subtotal"]) if table.kind == "ledger" else ()

    def colour_codes(self, paint: Any, column: Column, cell: str) -> None:
        """A code that the year does not have, and one above the last level; words of totals are none."""
        mark = self.profile.marks[column.mark]
        for colour, wrong in (
            ("red", f"ISERROR(VLOOKUP(VALUE(TRIM({cell})),{_table_of(mark)},1,FALSE))"),
            ("orange", f"LEN(TRIM({cell}))<{mark.lengths[-1]}"),
        ):
            paint(column, colour, f"IF(LEN({cell})=0,FALSE,IF(ISERROR(VALUE(TRIM({cell}))),FALSE,{wrong}))")

    def colour_info(self, sheet: Any, placed: Placed) -> None:
        """A required row of 基本信息 that is still blank."""
        for row, values in enumerate(placed.rows, placed.first - 1):
            info = self.profile.infos.get(values[placed.columns[0].heading])
            if info is not None and info.required:
                rule = {"type": "formula", "criteria": f"=LEN(TRIM($B${row + 1}))=0", "format": self.colours["yellow"]}
                sheet.conditional_format(row, 1, row, 1, rule)

    def colour_items(self, sheet: Any, placed: Placed, amounts: Sequence[Column]) -> None:
        """An item of a closed list that is greater than the one it is part of."""
        declared = [item.name for item in placed.table.items if not item.optional]
        written = [row[placed.columns[0].heading] for row in placed.rows]
        for name in declared:
            before = [other for other in declared[: declared.index(name)] if not other.startswith(PART_OF)]
            if not name.startswith(PART_OF) or not before or not {name, before[-1]} <= set(written):
                continue
            row, whole = (placed.first + written.index(one) for one in (name, before[-1]))
            for column in amounts:
                letter = placed.letter(column.heading)
                rule = {
                    "type": "formula",
                    "criteria": f"=AND(ISNUMBER(${letter}${row}),ISNUMBER(${letter}${whole}),${letter}${row}>${letter}${whole})",
                    "format": self.colours["red"],
                }
                at = placed.columns.index(column)
                sheet.conditional_format(row - 1, at, row - 1, at, rule)

    # -- balances -----------------------------------------------------------------------------
    def balances(self) -> None:
        """What must be equal, tried while typing; and how far each sheet is filled in."""
        sheet = self.sheet(BALANCES)
        sheet.hide_gridlines(2)
        for at, width in enumerate((8, 48, 20, 6, 20, 18, 46, 54)):
            sheet.set_column(at, at, width)
        sheet.set_row(0, 26)
        sheet.write_string(0, 0, "平衡检查　（随填随算，不用填）", self.looks["title"])
        found = list(self.formulas.balances())
        first, last = HEADING_ROW + 2, HEADING_ROW + 1 + max(1, len(found))
        broken = sum(b.state == "breaks" for b in found)
        results = f"G{first}:G{last}"
        count = f'COUNTIF({results},"×*")+COUNTIF({results},"！*")'
        said = f"有 {broken} 项需要核对，见有颜色的行" if broken else "目前没有不符的项目"
        sheet.write_formula(
            1,
            0,
            f'=IF({count}=0,"目前没有不符的项目","有 "&({count})&" 项需要核对，见有颜色的行")',
            self.looks["heading"],
            said,
        )
        heads = ("编号", "核对什么", "左边", "关系", "右边", "差额", "结果", "不符时怎么办")
        for at, head in enumerate(heads):
            sheet.write_string(HEADING_ROW, at, head, self.looks["required"])
        for row, balance in enumerate(found, HEADING_ROW + 1):
            self.balance(sheet, row, balance)
        for words, colour in (("×", "red"), ("！", "orange"), ("√", "green")):
            rule = {"type": "formula", "criteria": f'=LEFT($G{first},1)="{words}"', "format": self.colours[colour]}
            sheet.conditional_format(first - 1, 0, last - 1, 6, rule)
        self.progress(sheet, last + 1)
        sheet.freeze_panes(HEADING_ROW + 1, 0)
        sheet.repeat_rows(HEADING_ROW)
        sheet.protect("", {"format_columns": True, "format_rows": True})

    def balance(self, sheet: Any, row: int, balance: Balance) -> None:
        """One line: both sides, their difference, and what that means."""
        rule, claim, number = balance.rule, balance.claim, row + 1
        what = self.said(balance)
        action, message = (words.zh.format_map(claim.words) for words in (rule.action, rule.message))
        names = [
            n.text.partition(".")[0] for n in (*names_in(claim.left), *names_in(claim.right)) if isinstance(n, Name)
        ]
        counted = names and all(self.profile.measures[name].unit not in ("元", "万元") for name in names)
        money = self.looks["number" if counted else "money"]
        breaks = ("× " if rule.severity == "error" else "！") + message
        results = {
            "blank": "（尚未填写）",
            "zero": "（无发生额）",
            "idle": "（不适用）",
            "holds": "√ 相符",
            "breaks": breaks,
        }
        sign = EXCEL_SIGNS.get(claim.sign, claim.sign)
        difference = balance.left.value - balance.right.value
        blank = ",".join(f"{need.formula}=0" for need in balance.needs) or "FALSE"
        formula = f'IF(F{number}{sign}0,"{results["holds"]}","{breaks.replace(chr(34), chr(34) * 2)[:250]}")'
        if balance.when is None:
            formula = f'IF(AND(C{number}=0,E{number}=0),"{results["zero"]}",{formula})'
        else:
            left, condition, right = balance.when
            met = f"{left.formula}{EXCEL_SIGNS.get(condition, condition)}{right.formula}"
            formula = f'IF({met},{formula},"{results["idle"]}")'
        sheet.set_row(row, 4 + 15 * (1 + max(width_of(what) // 46, width_of(breaks) // 44, width_of(action) // 52)))
        sheet.write_string(row, 0, rule.code, self.looks["sign"])
        sheet.write_string(row, 1, what, self.looks["cell"])
        sheet.write_formula(row, 2, f"={balance.left.formula}", money, float(balance.left.value))
        sheet.write_string(row, 3, {"<=": "≤", ">=": "≥", "!=": "≠"}.get(claim.sign, claim.sign), self.looks["sign"])
        sheet.write_formula(row, 4, f"={balance.right.formula}", money, float(balance.right.value))
        sheet.write_formula(row, 5, f"=ROUND(C{number}-E{number},2)", money, float(difference))
        formula = f'=IF(OR({blank}),"{results["blank"]}",{formula})'
        sheet.write_formula(row, 6, formula, self.looks["cell"], results[balance.state])
        sheet.write_string(row, 7, action, self.looks["cell"])

    def said(self, balance: Balance) -> str:
        """What a claim compares: its numbers by their labels, or why it must hold where it names boxes of schedules."""
        claim = balance.claim
        names = [*names_in(claim.left), *names_in(claim.right)]
        about = next(iter(claim.words.values()), "")
        if not all(isinstance(name, Name) for name in names):
            return (f"{about}：" if about else "") + balance.rule.why.zh
        when = claim.when
        text = (f"{when.text} 时，" if when else "") + claim.text
        names += [*names_in(when.left), *names_in(when.right)] if when else []
        for name in sorted({name.text for name in names}, key=len, reverse=True):
            base, _, companion = name.partition(".")
            label = self.profile.measures[base].label or base
            text = re.sub(
                rf"(?<![\w.]){re.escape(name)}(?![\w.])", label + (f"的{companion}数" if companion else ""), text
            )
        return text.replace("<=", "≤").replace(">=", "≥")

    def progress(self, sheet: Any, row: int) -> None:
        """How many rows each sheet has and how many of its required cells are still blank."""
        sheet.set_row(row, 28)
        sheet.write_string(row, 0, "填报进度", self.looks["heading"])
        for at, head in enumerate(("工作表", "已填行数", "", "待填必填格"), 1):
            sheet.write_string(row + 1, at, head, self.looks["required"])
        for number, placed in enumerate(self.placed.values(), row + 2):
            used, missing = self.used(placed), self.missing(placed)
            sheet.write_url(number, 1, f"internal:'{placed.table.name}'!A1", self.looks["link"], placed.table.name)
            sheet.write_formula(number, 2, f"={used.formula}", self.looks["number"], float(used.value))
            sheet.write_string(number, 3, "", self.looks["sign"])
            sheet.write_formula(number, 4, f"={missing.formula}", self.looks["number"], float(missing.value))
        rule = {"type": "cell", "criteria": ">", "value": 0, "format": self.colours["yellow"]}
        sheet.conditional_format(row + 2, 4, row + 1 + len(self.placed), 4, rule)

    def used(self, placed: Placed) -> Live:
        """The number of rows in which something is entered; of a closed list those with an amount."""
        columns = self.entered(placed)
        formula = "+".join(f"LEN({placed.range(c.heading)})" for c in columns)
        value = sum(any(row.get(c.heading) for c in columns) for row in placed.rows)
        return Live(f"SUMPRODUCT(1*(({formula})>0))", Decimal(value))

    def entered(self, placed: Placed) -> list[Column]:
        """The columns that tell whether a row is in use."""
        if placed.table.kind in ("items", "info"):
            return [c for c in placed.columns if c.kind == "amount"]
        return [c for c in placed.columns if c.kind != "name"]

    def missing(self, placed: Placed) -> Live:
        """The number of required cells that are blank: in rows in use, in closed lists, in 基本信息."""
        table, key = placed.table, placed.columns[0]
        if table.kind == "info":
            required = [i.name for i in self.profile.infos.values() if i.required]
            blank = f"(LEN({placed.range(placed.columns[1].heading)})=0)"
            tests = "+".join(f'({placed.range(key.heading)}="{name}")' for name in required)
            rows = {row[key.heading]: row.get(placed.columns[1].heading, "") for row in placed.rows}
            return Live(f"SUMPRODUCT(({tests})*{blank})", Decimal(sum(not rows.get(name) for name in required)))
        if table.kind == "items":
            columns = [c for c in placed.columns if c.kind == "amount"]
            blanks = "+".join(f"(LEN({placed.range(c.heading)})=0)" for c in columns)
            value = sum(not row.get(c.heading) for row in placed.rows for c in columns)
            return Live(f"SUMPRODUCT((LEN({placed.range(key.heading)})>0)*({blanks}))", Decimal(value))
        required_columns = [c for c in placed.columns if c.required]
        words, marks = self.total_words(table), [c for c in placed.columns if c.kind in ("mark", "name")]
        used = "+".join(f"LEN({placed.range(c.heading)})" for c in self.entered(placed))
        blanks = "+".join(f"(LEN({placed.range(c.heading)})=0)" for c in required_columns)
        text = "&".join(placed.range(c.heading) for c in marks)
        leaf = "".join(f'*ISERROR(SEARCH("{word}",{text}))' for word in words)
        value = sum(
            not row.get(c.heading)
            for row in placed.rows
            if any(row.get(e.heading) for e in self.entered(placed))
            and not any(word in "".join(row.get(m.heading, "") for m in marks) for word in words)
            for c in required_columns
        )
        return Live(f"SUMPRODUCT((({used})>0)*({blanks}){leaf})", Decimal(value))


def _fixed(placed: Placed, heading: str) -> str:
    """The cells under a heading, on the sheet itself."""
    letter = placed.letter(heading)
    return f"${letter}${placed.first}:${letter}${placed.last}"


def _one_of(cell: str, values: Sequence[str]) -> str:
    """The test that a cell holds one of some words."""
    tests = ",".join(f'{cell}="{value}"' for value in values)
    return f"OR({tests})"


def _needed(placed: Placed, column: Column) -> Iterator[tuple[Column, tuple[str, ...]]]:
    """The columns whose marks make a cell needed, with those marks."""
    for mark, values in column.needed.items():
        yield next(c for c in placed.columns if c.kind == "mark" and c.mark == mark), values


def _codes_of(mark: Mark) -> str:
    """The defined name of the codes of the last level."""
    return re.sub(r"\W", "_", mark.name) + "编码表"


def _table_of(mark: Mark) -> str:
    """The defined name of all codes with their names."""
    return re.sub(r"\W", "_", mark.name) + "名称表"

"""The printed numbers as a workbook to be gone through and signed off: one row a number, links to the cells behind it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from xl2report.facts import Cell, Fact, letters
from xl2report.packages import parts_of, sealed
from xl2report.printed import Printed
from xl2report.profile import Profile
from xl2report.sheets import width_of
from xl2report.trace_text import how_in_words, marks_of
from xl2report.tracing import facts_of, is_plain_sum

NUMBERS, DETAILS = "溯源", "来源明细"
HEAD = 3
"""The row of the headings, counted from 0; a title, a note and the counts stand above it."""
MOST_LINKS = 60_000
"""Excel opens no more than 65,530 links on a sheet."""
LONGEST = 32_000
"""Excel takes no more than 32,767 characters in a cell."""
COLUMNS: Mapping[str, int] = {
    "序号": 6,
    "印在何处": 34,
    "名称": 30,
    "印出的文字": 13,
    "精确值（元）": 17,
    "计量单位": 9,
    "怎样算出": 38,
    "来源单元格": 17,
    "全部来源": 32,
    "来源合计": 17,
    "核对": 9,
    "上下文": 44,
    "复核人": 10,
    "是否相符": 10,
    "复核意见": 24,
}
"""Heading -> width."""
FIXED: Mapping[str, int] = {
    "序号": 6, "印在何处": 30, "名称": 28, "印出的文字": 13, "来源单元格": 17, "工作表": 12, "单元格": 9, "金额": 17, "填写": 7,
}  # fmt: skip
WIDEST = 44
AGREES, DIFFERS = "相符", "不符"
MONEY, PLAIN, RATE = "#,##0.00_ ;-#,##0.00_ ", "#,##0.##########", "0.0000000000%"


def trace_workbook(
    printed: Sequence[Printed],
    profile: Profile,
    *,
    source: str,
    title: str,
    fingerprint: str,
    created: datetime,
) -> bytes:
    """The printed numbers as an .xlsx with the sheets 溯源 and 来源明细.

    Args:
        printed: the numbers in reading order.
        profile: names the marks and the fonts.
        source: the path of the workbook of accounts as the links need it: from the folder of the new file.
        title: the title of the sheet.
        fingerprint: the hash of the workbook of accounts, so that it is known which one was gone through.
        created: the date in the document properties.
    """
    import xlsxwriter

    stream = io.BytesIO()
    font = {"font_name": profile.fonts["body"], "font_size": 10}
    book = xlsxwriter.Workbook(
        stream,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "default_format_properties": font},
    )
    book.set_properties({"title": title, "created": created})
    _Writer(book, profile, source).write(printed, title, fingerprint)
    book.close()
    return sealed(_with_one_target(parts_of(stream.getvalue())))


def _with_one_target(parts: dict[str, bytes]) -> dict[str, bytes]:
    """The parts with one relation a sheet to the workbook of accounts, not one a link: every link leads there."""
    for name in [name for name in parts if name.startswith("xl/worksheets/_rels/")]:
        sheet = f"xl/worksheets/{name.rpartition('/')[2].removesuffix('.rels')}"
        head, first, tail = parts[name].partition(b'<Relationship Id="rId1"')
        own = tail.partition(b"/>")[0].replace(b"\\", b"/")  # XlsxWriter's separators are those of one system
        parts[name] = head + first + own + b"/></Relationships>"
        parts[sheet] = re.sub(rb'r:id="rId[0-9]+"', b'r:id="rId1"', parts[sheet])
    return parts


def ranges(cells: Sequence[Cell]) -> str:
    """The cells as people write them: runs down a column as ranges, each sheet named once.

    >>> ranges([Cell("支出决算", "H4"), Cell("支出决算", "H5"), Cell("支出决算", "H9"), Cell("结转结余", "D4")])
    '支出决算!H4:H5、H9；结转结余!D4'
    """
    by_sheet: dict[str, dict[str, list[int]]] = {}
    for cell in cells:
        column = cell.ref.rstrip("0123456789")
        by_sheet.setdefault(cell.sheet, {}).setdefault(column, []).append(int(cell.ref[len(column) :]))
    said = []
    for sheet, columns in by_sheet.items():
        runs: list[str] = []
        for column, rows in columns.items():
            first = last = -1
            for row in [*sorted(rows), 0]:
                if row == last + 1:
                    last = row
                    continue
                if first > 0:
                    runs.append(f"{column}{first}" if first == last else f"{column}{first}:{column}{last}")
                first = last = row
        said.append(f"{sheet}!{'、'.join(runs)}")
    text = "；".join(said)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


class _Writer:
    """Writes the two sheets."""

    def __init__(self, book: Any, profile: Profile, source: str) -> None:
        self.book = book
        self.profile = profile
        # what a link may not hold as it is; letters of any script may stay
        self.source = "".join(f"%{ord(c):02X}" if c in ' %#?"<>[]^`{|}' else c for c in source)
        base = {"font_name": profile.fonts["body"], "font_size": 10, "valign": "vcenter"}
        cell = {**base, "border": 1, "border_color": "#BFBFBF"}
        head = {**cell, "bold": True, "align": "center", "text_wrap": True}
        self.looks = {
            name: book.add_format(look)
            for name, look in {
                "title": {**base, "bold": True, "font_size": 16},
                "note": {**base, "font_color": "#595959"},
                "head": {**head, "bg_color": "#1F4E79", "font_color": "#FFFFFF"},
                "review": {**head, "bg_color": "#C55A11", "font_color": "#FFFFFF"},
                "text": {**cell, "num_format": "@"},
                "wrap": {**cell, "num_format": "@", "text_wrap": True},
                "right": {**cell, "num_format": "@", "align": "right"},
                "center": {**cell, "align": "center"},
                "number": {**cell, "num_format": "0", "align": "center"},
                "money": {**cell, "num_format": MONEY},
                "plain": {**cell, "num_format": PLAIN},
                "rate": {**cell, "num_format": RATE},
                "link": {**cell, "font_color": "#0563C1", "underline": 1},
                "fill": {**cell, "bg_color": "#FFF2CC", "text_wrap": True},
                "wrong": {"bg_color": "#F8CBAD", "font_color": "#9C0006"},
            }.items()
        }

    def write(self, printed: Sequence[Printed], title: str, fingerprint: str) -> None:
        """Both sheets; the second one first needs to be known by its number of rows."""
        facts = [facts_of(one.figure) for one in printed]
        count = sum(map(len, facts))
        first = self.numbers(printed, facts, title, fingerprint, count)
        self.details(printed, facts)
        first.activate()

    def sheet(self, name: str, columns: Mapping[str, int], title: str, note: str) -> Any:
        page = self.book.add_worksheet(name)
        page.set_paper(8)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
        page.set_footer("&C第 &P 页，共 &N 页")
        page.set_row(0, 26)
        page.write_string(0, 0, title, self.looks["title"])
        page.write_string(1, 0, note, self.looks["note"])
        page.set_row(HEAD, 30)
        for at, (heading, width) in enumerate(columns.items()):
            page.set_column(at, at, width)
            page.write_string(HEAD, at, heading, self.looks["review" if at >= 12 and name == NUMBERS else "head"])
        page.repeat_rows(HEAD)
        return page

    def numbers(
        self, printed: Sequence[Printed], facts: Sequence[tuple[Fact, ...]], title: str, fingerprint: str, count: int
    ) -> Any:
        note = (
            f"账：{self.source}（SHA-256 {fingerprint[:16]}…）。一行一个印出的数；单击“来源单元格”打开账上的那一格。"
            "橙色标题的三列由复核人填写。"
        )
        page = self.sheet(NUMBERS, COLUMNS, title, note)
        at = {heading: column for column, heading in enumerate(COLUMNS)}
        page.freeze_panes(HEAD + 1, 4)
        end = HEAD + len(printed)
        numbers, amounts = (
            f"{DETAILS}!$A${HEAD + 2}:$A${HEAD + 1 + count}",
            f"{DETAILS}!$H${HEAD + 2}:$H${HEAD + 1 + count}",
        )
        for number, (one, own) in enumerate(zip(printed, facts, strict=True), 1):
            row, figure = HEAD + number, one.figure
            page.write_number(row, at["序号"], number, self.looks["number"])
            page.write_string(row, at["印在何处"], one.place(), self.looks["wrap"])
            page.write_string(row, at["名称"], one.label, self.looks["wrap"])
            page.write_string(row, at["印出的文字"], one.text, self.looks["right"])
            look = {"万元": "money", "%": "rate"}.get(figure.unit.name, "plain")
            self.amount(page, row, at["精确值（元）"], figure.value, look)
            page.write_string(row, at["计量单位"], figure.unit.name, self.looks["center"])
            how = how_in_words(figure)
            if figure.value is not None and figure.value < 0 and not one.text.startswith("-"):
                how += "；说法印的是不带符号的数"
            page.write_string(row, at["怎样算出"], how, self.looks["wrap"])
            if own:
                self.link(page, row, at["来源单元格"], own[0].cell)
                page.write_string(row, at["全部来源"], ranges([f.cell for f in own]), self.looks["text"])
            else:
                page.write_string(row, at["来源单元格"], "", self.looks["text"])
                page.write_string(row, at["全部来源"], "没有这样的行，为0", self.looks["text"])
            if is_plain_sum(figure):
                value = f"{letters(at['精确值（元）'])}{row + 1}"
                summed = f"{letters(at['来源合计'])}{row + 1}"
                formula = f"=SUMIFS({amounts},{numbers},A{row + 1})"
                page.write_formula(
                    row,
                    at["来源合计"],
                    formula,
                    self.looks["money" if look == "money" else "plain"],
                    float(figure.value or 0),
                )
                check = f'=IF(ABS({summed}-{value})<0.005,"{AGREES}","{DIFFERS}")'
                page.write_formula(row, at["核对"], check, self.looks["center"], AGREES)
            else:
                page.write_blank(row, at["来源合计"], None, self.looks["text"])
                page.write_blank(row, at["核对"], None, self.looks["center"])
            page.write_string(row, at["上下文"], one.around(), self.looks["wrap"])
            wrapped = {
                "印在何处": one.place(),
                "名称": one.label,
                "怎样算出": how_in_words(figure),
                "上下文": one.around(),
            }
            lines = max(-(-width_of(text) // (COLUMNS[heading] - 2)) for heading, text in wrapped.items())
            page.set_row(row, 15 * max(1, lines) + 2)
            for heading in ("复核人", "是否相符", "复核意见"):
                page.write_blank(row, at[heading], None, self.looks["fill"])
        choice = at["是否相符"]
        page.data_validation(
            HEAD + 1,
            choice,
            end,
            choice,
            {"validate": "list", "source": [AGREES, DIFFERS], "error_title": "请从列表中选择"},
        )
        for column in (at["核对"], choice):
            rule = {"type": "cell", "criteria": "==", "value": f'"{DIFFERS}"', "format": self.looks["wrong"]}
            page.conditional_format(HEAD + 1, column, end, column, rule)
        # how far the review has come: counted among the rows that the filter shows
        span = f"{letters(choice)}{HEAD + 2}:{letters(choice)}{end + 1}"
        page.write_string(2, 0, "数的个数", self.looks["note"])
        page.write_formula(2, 1, f"=SUBTOTAL(103,A{HEAD + 2}:A{end + 1})", self.looks["note"], len(printed))
        page.write_string(2, 2, "已复核", self.looks["note"])
        page.write_formula(2, 3, f"=COUNTA({span})", self.looks["note"], 0)
        page.autofilter(HEAD, 0, end, len(COLUMNS) - 1)
        page.print_area(0, 0, end, len(COLUMNS) - 1)
        return page

    def details(self, printed: Sequence[Printed], facts: Sequence[tuple[Fact, ...]]) -> None:
        """One row for each cell behind each number, with the marks of its row."""
        told = {fact.cell: marks_of(self.profile, fact) for own in facts for fact in own}
        widths: dict[str, int] = {}
        for marks in told.values():
            for mark, value in marks.items():
                widths[mark] = max(widths.get(mark, width_of(mark) + 3), min(WIDEST, width_of(value) + 1))
        columns = {**FIXED, **widths}
        note = "一行是一个数的一个来源单元格；金额单位为元，实物量为本数。可按序号、工作表、科目筛选和求和，H3是筛出各行的合计。"
        page = self.sheet(DETAILS, columns, "来源明细", note)
        page.freeze_panes(HEAD + 1, 4)
        links, row = 0, HEAD
        for number, (one, own) in enumerate(zip(printed, facts, strict=True), 1):
            place = one.place()
            for fact in own:
                row += 1
                page.write_number(row, 0, number, self.looks["number"])
                page.write_string(row, 1, place, self.looks["text"])
                page.write_string(row, 2, one.label, self.looks["text"])
                page.write_string(row, 3, one.text, self.looks["right"])
                if links < MOST_LINKS:
                    self.link(page, row, 4, fact.cell)
                    links += 1
                else:
                    page.write_string(row, 4, str(fact.cell), self.looks["text"])
                page.write_string(row, 5, fact.cell.sheet, self.looks["text"])
                page.write_string(row, 6, fact.cell.ref, self.looks["text"])
                self.amount(page, row, 7, fact.amount, "money")
                page.write_string(row, 8, "" if fact.entered else "未填", self.looks["center"])
                for at, mark in enumerate(widths, len(FIXED)):
                    page.write_string(row, at, told[fact.cell].get(mark, ""), self.looks["text"])
        total = float(sum((fact.amount for own in facts for fact in own), Decimal(0)))
        page.write_string(2, 6, "合计", self.looks["note"])
        page.write_formula(2, 7, f"=SUBTOTAL(109,H{HEAD + 2}:H{row + 1})", self.looks["money"], total)
        page.autofilter(HEAD, 0, max(row, HEAD + 1), len(columns) - 1)
        page.print_area(0, 0, row, len(columns) - 1)

    def amount(self, page: Any, row: int, column: int, value: Decimal | None, look: str) -> None:
        if value is None:
            page.write_blank(row, column, None, self.looks[look])
        else:
            page.write_number(row, column, float(value), self.looks[look])

    def link(self, page: Any, row: int, column: int, cell: Cell) -> None:
        """A link to a cell of the accounts."""
        quoted = cell.sheet if cell.sheet.isidentifier() else "'" + cell.sheet.replace("'", "''") + "'"
        page.write_url(row, column, f"external:{self.source}#{quoted}!{cell.ref}", self.looks["link"], str(cell))

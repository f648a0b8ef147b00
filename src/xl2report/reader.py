"""A workbook -> :class:`~xl2report.facts.Book`: headings to marks, texts to exact amounts, every problem collected.

Nothing raises on user data: what is wrong becomes a finding with its cell, and reading goes on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from xl2report.facts import COLUMN, TABLE, Bearing, Book, Cell, Fact, Row, Source, letters, positions, total
from xl2report.figures import EXACT, half_up
from xl2report.findings import DIFFERENCE, Finding, Term, finding, nearest, one_of
from xl2report.guards import Package, RefusedError, content_of
from xl2report.profile import Column, Former, Mark, Profile, Table
from xl2report.spreadsheet import Entry, Sheet, Spreadsheet

HEADING_ROWS = 10
LONGEST_WORD = 64
LONGEST_TEXT = 32_767
"""Characters that a cell of Excel holds."""
_TAKEN_OUT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
"""What XML cannot hold, what turns the direction of a text, what has no width; joiners stay, some scripts need them."""
_UNSEEN = re.compile("[\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ODD = re.compile(f"_x00|\r|{_TAKEN_OUT.pattern}")
_UNIT_IN_HEADING = re.compile(r"\((?:金额)?(?:单位:?)?(万元|元)\)$")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_HALF_WIDTH: dict[int, int | str] = {0x3000: " ", 0xA0: " ", **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}}
"""Full-width forms as their half-width ones; unlike NFKC this leaves footnote marks (①, ²) what they are."""
_BEHIND_TOTAL = re.compile(r"(?:\((?:万?元)\))?[::。.]*$")
_UNIT_ABOVE = re.compile(r"单位[::]?(万元|元)")
_ESCAPED = re.compile(r"_x00([01][0-9A-Fa-f])_")
"""How Excel stores control characters."""
_DATE = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?")
MOST_UNKNOWN = 500
"""Codes of one sheet that are none of the list; schedules have a row or a column for each."""
MOST_LETTERS = 3_000_000
"""Letters of all texts of a workbook: forty times those of a long report."""
EXCEL_DIGITS = 15
_EXACT = 10**EXCEL_DIGITS - 1
WORKBOOK_UNIT = ("“基本信息”", "基本信息")
LONGEST_COUNT = 9
"""Digits of a number of people or units; a longer one is a slip."""
RESULTS = "检查结果"
"""The name of the sheet that an annotated copy has before the user's own."""
RESULTS_MARK = "xl2report:annotation"
"""Stands in the headings of that sheet: a sheet of the user's may have its name."""


def normal(value: object) -> str:
    """A text as it is compared: full-width forms made half-width, white space and what nobody sees left out.

    >>> normal(" 因公出国（境）费 ")
    '因公出国(境)费'
    """
    if value is None:
        return ""
    text = str(value)
    return _normal(text) if len(text) <= LONGEST_WORD else _plainly(text)


def _plainly(text: str) -> str:
    return "".join(_UNSEEN.sub("", unicodedata.normalize("NFKC", text)).split())


_normal = lru_cache(maxsize=4096)(_plainly)
"""The words of profiles and headings are compared again and again."""


class Opened(NamedTuple):
    """A workbook that was opened and not read yet, or why it cannot be read; its sheets are parsed when they are wanted."""

    name: str
    book: Spreadsheet | None = None
    problem: Finding | None = None


def opened(source: Path | bytes, name: str = "") -> Opened:
    """A workbook opened once, to be read with one profile or with several."""
    name = name or (source.name if isinstance(source, Path) else "workbook")
    data = content_of(source, name) if isinstance(source, Path) else source
    if isinstance(data, Finding):
        return Opened(name, problem=data)
    try:
        package = _workbook_in(data)
        book = package if isinstance(package, Finding) else Spreadsheet(package)
    except RefusedError as refused:
        return Opened(name, problem=refused.finding(name))
    if isinstance(book, Finding):
        return Opened(name, problem=book._replace(place=name))
    return Opened(name, book, None if book.entries else finding("F007", name))


def read(source: Path | bytes | Opened, profile: Profile, name: str = "") -> tuple[Book | None, tuple[Finding, ...]]:
    """The accounts in a workbook, and everything that is wrong with it.

    Args:
        source: the path of an .xlsx (or .xlsm, read without its macros), its bytes, or what :func:`opened` made of it.
        profile: declares sheets, headings, words and codes.
        name: how findings call the file; the path's name by default.

    Returns:
        The book, or ``None`` where the file cannot be read at all; and the findings, in the order of the sheets.
    """
    workbook = source if isinstance(source, Opened) else opened(source, name)
    if workbook.book is None or workbook.problem:
        return None, (workbook.problem,) if workbook.problem else ()
    try:
        return _Reader(profile, workbook.name).book(workbook.book)
    except RefusedError as refused:
        return None, (refused.finding(workbook.name),)


# -- what kind of file it is ----------------------------------------------------------------------


def _workbook_in(data: bytes) -> Package | Finding:
    """The package of a workbook, or the finding (its place not told yet) that the bytes are something else.

    Raises:
        RefusedError: where the package does not pass the guards.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            return finding("F003", "")
        if "WordDocument".encode("utf-16-le") in data:
            return finding("F002", "", kind_zh=" Word 文档（.doc）", kind_en="a Word document (.doc)")
        return finding("F004", "")
    if not data.startswith(b"PK\x03\x04"):
        zh, en = _kind_of(data)
        return finding("F002", "", kind_zh=zh, kind_en=en)
    package = Package(data)
    kind = _other_kind(package)
    return finding("F002", "", kind_zh=kind[0], kind_en=kind[1]) if kind else package


def _kind_of(data: bytes) -> tuple[str, str]:
    head = data[:512].lstrip().lower()
    if not data:
        return "空文件", "an empty file"
    if head.startswith(b"%pdf"):
        return " PDF 文件", "a PDF file"
    if head.startswith((b"<!doctype html", b"<html")):
        return "网页（HTML）", "a web page (HTML)"
    if head.startswith(b"<?xml"):
        return " XML 文件", "an XML file"
    if b"\x00" not in data[:4096]:
        return "文本文件", "a text file"
    return "其他格式的文件", "a file of another format"


def _other_kind(package: Package) -> tuple[str, str] | None:
    """What a package is that is no workbook."""
    if "word/document.xml" in package:
        return " Word 文档（.docx）", "a Word document (.docx)"
    if "xl/workbook.bin" in package:
        return "二进制工作簿（.xlsb）", "a binary workbook (.xlsb)"
    if "mimetype" in package and b"opendocument" in package["mimetype"]:
        return " OpenDocument 文件", "an OpenDocument file"
    if not any(name.rpartition("/")[2].lower() == "workbook.xml" for name in package):
        return "压缩文件", "an archive"
    return None


# -- amounts and texts ----------------------------------------------------------------------------


class _Amount(NamedTuple):
    value: Decimal
    unit: str = ""
    was_text: bool = False


def parse_amount(value: object, zero: Iterable[str] = ()) -> _Amount | None:
    """The exact number that a cell says, with the unit it carries; ``None`` for a blank.

    Raises:
        ValueError: for anything that is not a number; the message is "" or "digits" (more than Excel keeps).

    >>> parse_amount("（1,234.50）万元").value, parse_amount(0.1).value
    (Decimal('-1234.50'), Decimal('0.1'))
    """
    if value is None:
        return None
    if isinstance(value, bool | datetime | date):
        raise ValueError
    if isinstance(value, int | float):
        number = Decimal(repr(value))
        if isinstance(value, int) and -_EXACT <= value <= _EXACT:
            return _Amount(number)
        if not number.is_finite():
            raise ValueError
        if len(number.as_tuple().digits) > EXCEL_DIGITS:
            if isinstance(value, int):
                raise ValueError("digits")
            # the tail of a computed float: Excel itself shows and compares 15 digits
            number = EXACT.create_decimal(f"{value:.{EXCEL_DIGITS}g}")
        return _Amount(number)
    text = str(value).translate(_HALF_WIDTH).strip()
    if not text:
        return None
    if normal(text) in {normal(word) for word in zero}:
        return _Amount(Decimal(0))
    text = text.replace("−", "-")
    unit = next((word for word in ("万元", "元") if text.endswith(word)), "")
    text = text.removesuffix(unit).strip().removeprefix("￥").removeprefix("¥").strip()
    negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1].strip() if negative else text
    sign, digits = (text[0], text[1:]) if text[:1] in {"+", "-"} else ("", text)
    if not _GROUPED.fullmatch(digits) or (negative and sign):
        raise ValueError
    number = Decimal(digits.replace(",", ""))
    if len(number.as_tuple().digits) > EXCEL_DIGITS:
        raise ValueError("digits")
    return _Amount(-number if negative or sign == "-" else number, unit, was_text=True)


def clean(value: object) -> tuple[str, bool]:
    """A cell as text that XML can hold, and whether something had to be taken out."""
    if value is None:
        return "", False
    if isinstance(value, str) and not _ODD.search(value):
        return value.strip(), False
    if isinstance(value, datetime):
        value = value.date().isoformat() if value.time() == value.min.time() else value.isoformat(" ")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    raw = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value))
    raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    text = _TAKEN_OUT.sub("", raw)
    return text.strip(), text != raw


# -- sheets ---------------------------------------------------------------------------------------


def is_results(rows: Sequence[tuple[Any, ...]]) -> bool:
    """Whether these are the rows of the list of findings in an annotated copy, which are no data."""
    return any(RESULTS_MARK in row for row in rows[:HEADING_ROWS])


@dataclass
class _Line:
    """One data row before its facts are made."""

    index: int
    marks: dict[str, str]
    total: str = ""
    of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    first: Cell | None = None


class _Heads(NamedTuple):
    """Where the columns of a table stand in a sheet."""

    row: int
    first: int
    at: Mapping[str, int]
    split: Mapping[str, tuple[int, ...]]
    units: Mapping[str, str]


class _Reader:
    """Reads one workbook; holds what was found so far."""

    def __init__(self, profile: Profile, name: str) -> None:
        self.profile = profile
        self.name = name
        self.findings: list[Finding] = []
        self.unit_name = "元"
        self.info: dict[str, str] = {}
        self.info_cells: dict[str, Cell] = {}
        self.facts: list[Fact] = []
        self.rows: dict[str, tuple[Row, ...]] = {}
        self.head_cells: dict[tuple[str, str], Cell] = {}
        self.twice: set[str] = set()
        self.item_at: dict[tuple[str, int], str] = {}
        self.from_text: dict[Cell, Term] = {}
        self.letters = 0
        self.total_words: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
        self.totals = tuple(normal(word) for kind in ("total", "subtotal") for word in profile.words[kind])

    def say(self, code: str, place: Cell | str, **words: Any) -> None:
        """Note a finding; a cell that is looked at twice is reported once."""
        found = finding(code, place, **words)
        if found not in self.findings[-20:]:
            self.findings.append(found)

    def book(self, workbook: Spreadsheet) -> tuple[Book, tuple[Finding, ...]]:
        """The accounts in the sheets of a workbook, and what is wrong with them."""
        if links := workbook.links():
            self.say("F020", self.name, found=one_of(links))
        if workbook.macros:
            self.say("F021", self.name)
        by_name: dict[str, Entry] = {}
        wanted = {normal(name): name for name in self.profile.tables}
        skip = {normal(name) for name in self.profile.skip}
        sheets = []
        for sheet in workbook.entries:
            key = normal(sheet.title)
            if key not in wanted and key not in skip and is_results(workbook.head(sheet, HEADING_ROWS)):
                continue
            sheets.append(sheet)
            if key in by_name and key in wanted:
                self.say("S109", self.name, sheet=sheet.title)
                self.twice.add(wanted[key])
            by_name.setdefault(key, sheet)
        names = [s.title for s in sheets]
        for table in self.profile.tables.values():
            if table.required and normal(table.name) not in by_name:
                unknown = [n for n in names if normal(n) not in wanted and normal(n) not in skip]
                self.say("S101", self.name, sheet=table.name, found=nearest(table.name, unknown), expected=table.name)
        for sheet in sheets:
            if normal(sheet.title) not in wanted and normal(sheet.title) not in skip:
                near = nearest(sheet.title, tuple(self.profile.tables))
                self.say("S102", self.name, sheet=sheet.title, found=sheet.title, expected=near)
        found: dict[str, str] = {}
        tables = sorted(self.profile.tables.values(), key=lambda t: t.kind != "info")
        for table in tables:
            one = by_name.get(normal(table.name))
            if one is not None:
                found[table.name] = one.title
                self.table(table, workbook.sheet(one))
        doubtful = self.doubtful(found)
        book = Book(tuple(self.facts), self.rows, self.info, self.info_cells, found, self.head_cells, doubtful)
        return book, tuple(self.findings)

    def doubtful(self, titles: Mapping[str, str]) -> frozenset[Source]:
        """What has an error of reading, stands twice, or is required and missing."""
        whole = set(self.twice) | {t.name for t in self.profile.tables.values() if t.required and t.name not in titles}
        by_title = {title: table for table, title in titles.items()}
        found: set[Source] = {(table, "") for table in whole}
        for wrong in self.findings:
            if wrong.severity == "error":
                title = wrong.cell.sheet if wrong.cell else wrong.place
                row = int(wrong.cell.ref.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) if wrong.cell else 0
                if title in by_title:
                    found.add((by_title[title], self.item_at.get((title, row), "")))
        return frozenset(found)

    # -- one sheet ----------------------------------------------------------------------------
    def table(self, table: Table, sheet: Sheet) -> None:
        self.hidden(sheet)
        if sheet.problem:
            self.findings.append(sheet.problem)
            return
        if sheet.covered:
            self.say("S115", sheet.covered[0], found=one_of([cell.ref for cell in sheet.covered]))
        if not any(any(v is not None for v in row) for row in sheet.rows):
            if table.required and table.kind in ("info", "ledger"):
                self.say("S105", sheet.title, sheet=sheet.title, expected=one_of([c.heading for c in table.columns]))
            return
        heads = self.heads(table, sheet)
        if heads is None:
            return
        match table.kind:
            case "info":
                self.read_info(table, sheet, heads)
            case "items":
                self.read_items(table, sheet, heads)
            case _:
                self.read_rows(table, sheet, heads)
        if self.from_text:
            first, terms = next(iter(self.from_text)), tuple(self.from_text.values())
            self.say("V221", first, count=str(len(terms)), terms=terms)
            self.from_text = {}

    def hidden(self, sheet: Sheet) -> None:
        if sheet.hidden:
            self.say("S107", sheet.title, what_zh="工作表", what_en="sheets", found=sheet.title)
        filled = [i for i, row in enumerate(sheet.rows) if any(v is not None for v in row)]
        rows = [i + 1 for i in filled if i in sheet.hidden_rows]
        if rows:
            self.say("S107", sheet.title, what_zh="行", what_en="rows", found=_spans(rows))
        width = max((len(row) for row in sheet.rows), default=0)
        columns = [
            c
            for c in range(width)
            if c in sheet.hidden_columns and any(len(r) > c and r[c] is not None for r in sheet.rows)
        ]
        if columns:
            found = "、".join(letters(c) for c in columns)
            self.say("S107", sheet.title, what_zh="列", what_en="columns", found=found)

    def heads(self, table: Table, sheet: Sheet) -> _Heads | None:
        """Where the headings stand; says what is missing, unknown or doubled."""
        known = {normal(name): c.heading for c in table.columns for name in (c.heading, *c.aliases)}
        tree = next((c for c in table.columns if c.kind == "mark" and self.profile.marks[c.mark].is_tree), None)
        levels = {normal(level): level for level in self.profile.marks[tree.mark].levels} if tree else {}

        def parts(row: tuple[Any, ...]) -> dict[int, tuple[str, str]]:
            found = {}
            for at, value in enumerate(row):
                if isinstance(value, str) and normal(value):
                    text = normal(value).removeprefix("*").removesuffix("*")
                    unit = _UNIT_IN_HEADING.search(text)
                    base = text[: unit.start()] if unit else text
                    found[at] = (known.get(text) or known.get(base) or levels.get(text, ""), unit[1] if unit else "")
            return found

        best: dict[int, tuple[str, str]] = {}
        best_row = -1
        for index, row in enumerate(sheet.rows[:HEADING_ROWS]):
            found = {at: part for at, part in parts(row).items() if part[0]}
            if len(found) > len(best):
                best, best_row = found, index
        needed = [c for c in table.columns if not c.optional]
        if best_row < 0 or (len(best) < 2 and len(needed) > 1):
            self.say(
                "S105",
                sheet.title,
                sheet=sheet.title,
                found="、".join(str(v) for v in sheet.rows[0] if v is not None)[:80] if sheet.rows else "",
                expected=one_of([c.heading for c in table.columns], most=20),
            )
            return None
        first = best_row + 1
        labels = parts(sheet.rows[best_row])
        if first < len(sheet.rows):
            below = parts(sheet.rows[first])
            filled = sum(1 for v in sheet.rows[first] if v is not None)
            if below and filled == sum(1 for name, _ in below.values() if name):
                labels.update(below)
                first += 1
        at: dict[str, int] = {}
        level_at: dict[str, int] = {}
        units: dict[str, str] = {}
        unknown: list[tuple[int, str]] = []
        headings = {c.heading for c in table.columns}
        for column, (heading, unit) in labels.items():
            place = sheet.cell(best_row, column)
            target = level_at if heading in levels.values() and heading not in headings else at
            if not heading:
                unknown.append((column, clean(sheet.rows[best_row][column])[0]))
            elif heading in target:
                self.say("S106", place, heading=heading, found=f"{sheet.cell(best_row, target[heading])}、{place}")
            else:
                target[heading] = column
                if unit:
                    units[heading] = unit
        split = {}
        if tree and level_at and tree.heading not in at:
            split[tree.heading] = tuple(level_at[x] for x in self.profile.marks[tree.mark].levels if x in level_at)
            unknown = [(c, text) for c, text in unknown if c not in level_at.values()]
        present = [clean(sheet.rows[best_row][c])[0] for c in labels]
        for declared in table.columns:
            if declared.heading in at or declared.heading in split or declared.optional:
                continue
            if declared.required or (declared.kind == "amount" and table.kind != "records"):
                near = one_of(present, declared.heading, 8)
                self.say(
                    "S103",
                    sheet.title,
                    sheet=sheet.title,
                    heading=declared.heading,
                    found=near,
                    expected=declared.heading,
                )
        for column, text in unknown:
            left = [c.heading for c in table.columns if c.heading not in at]
            self.say("S104", sheet.cell(best_row, column), heading=text, found=text, expected=nearest(text, left))
        for heading, unit in self.units_above(table, sheet, best_row).items():
            units.setdefault(heading, unit)
        self.units_of(table, sheet, best_row, at, units)
        for heading, column in at.items():
            self.head_cells[table.name, heading] = sheet.cell(best_row, column)
        return _Heads(best_row, first, at, split, units)

    def units_above(self, table: Table, sheet: Sheet, row: int) -> dict[str, str]:
        """The unit that a title above the headings gives to every column of money (单位：万元)."""
        for above in sheet.rows[:row]:
            for value in above:
                found = _UNIT_ABOVE.search(normal(value)) if isinstance(value, str) else None
                if found:
                    return {c.heading: found[1] for c in table.amounts if c.unit == "元"}
        return {}

    def units_of(self, table: Table, sheet: Sheet, row: int, at: Mapping[str, int], units: Mapping[str, str]) -> None:
        """Report a heading's unit that is not the workbook's."""
        for heading, unit in units.items():
            if heading in at and table.column(heading).unit == "元" and unit != self.unit_name:
                self.mixed(sheet.cell(row, at[heading]), unit, self.unit_name, ("本列", "this column"), WORKBOOK_UNIT)

    def mixed(self, place: Cell, found: str, expected: str, here: tuple[str, str], there: tuple[str, str]) -> None:
        """Report a unit that is not the one around it."""
        self.say(
            "S108",
            place,
            found=found,
            expected=expected,
            here_zh=here[0],
            here_en=here[1],
            there_zh=there[0],
            there_en=there[1],
        )

    # -- cells --------------------------------------------------------------------------------
    def text(self, sheet: Sheet, row: int, column: int | None) -> str:
        """The cleaned text of a cell; uncalculated formulas and control characters are reported."""
        if column is None or column >= len(sheet.rows[row]):
            return ""
        if (row, column) in sheet.uncalculated:
            self.say("V202", sheet.cell(row, column), found=sheet.formulas.get((row, column), ""))
            return ""
        text, changed = clean(sheet.rows[row][column])
        if changed:
            self.say("V207", sheet.cell(row, column), found=text[:40])
        if len(text) > LONGEST_TEXT:
            self.say("V220", sheet.cell(row, column), found=f"{text[:40]}…")
            return ""
        return text

    def name_text(self, sheet: Sheet, row: int, column: int | None) -> str:
        """The name of a code: blank where its look-up was never calculated, since no amount rests on it."""
        return "" if column is not None and (row, column) in sheet.uncalculated else self.text(sheet, row, column)

    def amount(self, sheet: Sheet, row: int, column: int, kind: Column, unit: str) -> _Amount | None:
        """The amount of a cell in its base unit, with the unit it was written in; ``None`` for a blank or a fault."""
        value = sheet.rows[row][column] if column < len(sheet.rows[row]) else None
        place = sheet.cell(row, column)
        if (row, column) in sheet.uncalculated:
            self.say("V202", place, found=sheet.formulas.get((row, column), ""))
            return None
        try:
            parsed = parse_amount(value, self.profile.words["zero"])
            if parsed and parsed.value.adjusted() >= EXCEL_DIGITS:
                raise ValueError("digits")
        except ValueError as error:
            code = "V210" if str(error) == "digits" else "V201"
            self.say(code, place, found=clean(value)[0][:60])
            return None
        if parsed is None:
            return None
        if kind.unit != "元" and parsed.unit:
            self.say("V201", place, found=clean(value)[0][:60])
            return None
        if parsed.was_text:
            self.from_text[place] = Term("", f"“{clean(value)[0][:40]}” → {_plain(parsed.value)}", place.ref)
        if kind.unit != "元":
            return parsed
        named = parsed.unit or unit or self.unit_name
        scale = Decimal(10000) if named == "万元" else Decimal(1)
        if parsed.was_text and parsed.unit and parsed.unit != (unit or self.unit_name):
            here, there = ("这一格", "this cell"), ("本列", "its column")
            self.mixed(place, parsed.unit, unit or self.unit_name, here, there if unit else WORKBOOK_UNIT)
        amount = parsed.value * scale
        if amount.as_tuple().exponent not in (0, -1, -2) and amount != half_up(amount, 2):
            self.say("V216", place, found=_plain(parsed.value))
        return _Amount(amount, named, parsed.was_text)

    # -- kinds of sheets ----------------------------------------------------------------------
    def read_info(self, table: Table, sheet: Sheet, heads: _Heads) -> None:
        key, value = (heads.at.get(c.heading) for c in table.columns[:2])
        if key is None or value is None:
            return
        known = {normal(i.name): i for i in self.profile.infos.values()}
        for row in range(heads.first, len(sheet.rows)):
            name = self.text(sheet, row, key)
            if not name:
                continue
            info = known.get(normal(name))
            name = info.name if info else name
            self.item_at[sheet.title, row + 1] = name
            place = sheet.cell(row, value)
            if name in self.info_cells:
                self.say("V209", place, item=name, found=str(self.info_cells[name]))
                continue
            text = self.text(sheet, row, value)
            self.info_cells[name] = place
            if not text:
                continue
            if info and info.kind != "text":
                text = self.typed(info.kind, info.values, name, text, place)
            if text:
                self.info[name] = text
                if info and info.kind == "integer":
                    marks = {TABLE: table.name, COLUMN: table.columns[1].heading, table.columns[0].mark: name}
                    self.facts.append(Fact(Decimal(text), marks, place))
        for declared in self.profile.infos.values():
            if declared.required and declared.name not in self.info:
                if not any(f.code == "V212" and f.cell == self.info_cells.get(declared.name) for f in self.findings):
                    self.say("V211", self.info_cells.get(declared.name, sheet.title), item=declared.name)
            elif declared.default and declared.name not in self.info:
                self.info[declared.name] = declared.default
        self.unit_name = self.info.get("金额单位", "元")

    def typed(self, kind: str, values: Sequence[str], name: str, text: str, place: Cell) -> str:
        """The text of a row of 基本信息 in its standard form, or "" where it is wrong (and reported)."""
        plain = normal(text)
        if kind == "integer":
            plain = re.sub(r"\.0*$", "", plain.removesuffix("年度").removesuffix("年"))
            if plain.isascii() and plain.isdigit() and len(plain) <= LONGEST_COUNT:
                return str(int(plain))
            hint = self.profile.infos[name].hint
            self.say("V212", place, item=name, found=text[:60], expected=hint or "0、1、2、3…")
        elif kind == "date":
            found = _DATE.fullmatch(plain)
            try:
                return date(*map(int, found.groups())).isoformat() if found else self._no_date(name, text, place)
            except ValueError:
                return self._no_date(name, text, place)
        else:
            for value in values:
                if normal(value) == plain:
                    return value
            self.say("V212", place, item=name, found=text[:60], expected=one_of(values, text))
        return ""

    def _no_date(self, name: str, text: str, place: Cell) -> str:
        self.say("V212", place, item=name, found=text[:60], expected="YYYY-MM-DD（2024-09-27）")
        return ""

    def read_items(self, table: Table, sheet: Sheet, heads: _Heads) -> None:
        key_column = table.columns[0]
        key = heads.at.get(key_column.heading)
        if key is None:
            return
        known = {normal(item.name): item.name for item in table.items}
        known |= {normal(item.name).removeprefix("其中:"): item.name for item in table.items}
        if table.item_measures:
            for measure in self.profile.measures.values():
                known.setdefault(normal(measure.name), measure.name)
        seen: dict[str, Cell] = {}
        rows: list[Row] = []
        stated: list[tuple[int, str]] = []
        totals = {normal(w) for w in (*self.profile.words["total"], *self.profile.words["subtotal"])}
        for row in range(heads.first, len(sheet.rows)):
            text = self.text(sheet, row, key)
            if not text:
                self.orphan_amounts(table, sheet, heads, row, key_column)
                continue
            place = sheet.cell(row, key)
            if _BEHIND_TOTAL.sub("", normal(text)) in totals:
                if table.total_items:
                    stated.append((row, text))
                continue
            item = known.get(normal(text)) or known.get(normal(text).removeprefix("其中:"))
            if item is None:
                names = [i.name for i in table.items]
                self.say("V208", place, sheet=table.name, found=text, expected=nearest(text, names))
                continue
            if item in seen:
                self.say("V209", place, item=item, found=str(seen[item]))
                continue
            seen[item] = place
            self.item_at[sheet.title, row + 1] = item
            rows.append(self.row(table, sheet, heads, row, {key_column.mark: item}))
        for row, text in stated:
            self.items_total(table, sheet, heads, row, rows, text)
        self.rows[table.name] = tuple(rows)
        self.facts.extend(f for r in rows for f in r.facts.values())

    def orphan_amounts(self, table: Table, sheet: Sheet, heads: _Heads, row: int, key: Column) -> None:
        """An amount beside an empty name is an error, never silence."""
        for column in table.amounts:
            at = heads.at.get(column.heading)
            said = None if at is None else self.amount(sheet, row, at, column, heads.units.get(column.heading, ""))
            if said is not None:
                at_key = heads.at.get(key.heading, 0)
                self.say(
                    "V204", sheet.cell(row, at_key), heading=key.heading, expected=one_of([i.name for i in table.items])
                )
                return

    def items_total(self, table: Table, sheet: Sheet, heads: _Heads, row: int, rows: Sequence[Row], kind: str) -> None:
        """Compare a total of a closed list with the items that make it up, wherever they stand."""
        mark = table.columns[0].mark
        for column in table.amounts:
            at = heads.at.get(column.heading)
            said = None if at is None else self.amount(sheet, row, at, column, heads.units.get(column.heading, ""))
            if said is None or at is None:
                continue
            facts = [r.facts[column.heading] for r in rows if column.heading in r.facts]
            facts = [f for f in facts if f.marks[mark] in table.total_items]
            self.compare(sheet.cell(row, at), kind, said.value, _summed(facts))

    def row(self, table: Table, sheet: Sheet, heads: _Heads, index: int, marks: Mapping[str, str]) -> Row:
        """One data row with its texts and facts; a blank amount beside an entered one is a zero."""
        texts: dict[str, str] = {}
        cells: dict[str, Cell] = {}
        amounts: dict[str, _Amount | None] = {}
        for column in table.columns:
            at = heads.at.get(column.heading)
            if at is None:
                continue
            cells[column.heading] = sheet.cell(index, at)
            if column.kind == "amount":
                amounts[column.heading] = self.amount(sheet, index, at, column, heads.units.get(column.heading, ""))
            elif column.kind == "mark":
                texts[column.heading] = marks.get(column.mark, "")
            elif column.kind == "name":
                texts[column.heading] = self.name_text(sheet, index, at)
            else:
                texts[column.heading] = self.text(sheet, index, at)
                if column.kind == "choice" and texts[column.heading]:
                    texts[column.heading] = self.chosen(column, texts[column.heading], cells[column.heading])
        facts = {}
        if any(value is not None for value in amounts.values()):
            for column in table.amounts:
                if column.heading in amounts:
                    value = amounts[column.heading]
                    own = {TABLE: table.name, COLUMN: column.heading, **column.marks, **marks}
                    number = value.value if value else Decimal(0)
                    facts[column.heading] = Fact(number, own, cells[column.heading], value is not None)
                    if value and table.kind == "checks":
                        texts[column.heading] = value.unit
        return Row(table.name, index + 1, texts, cells, facts)

    def chosen(self, column: Column, text: str, place: Cell) -> str:
        """The value of a closed list that a text means; reports what is none of them."""
        for value in column.values:
            if normal(value) == normal(text):
                return value
        self.say("V203", place, heading=column.heading, found=text, expected=one_of(column.values, text))
        return ""

    def read_rows(self, table: Table, sheet: Sheet, heads: _Heads) -> None:
        lines: list[_Line] = []
        rows: list[Row] = []
        for index in range(heads.first, len(sheet.rows)):
            if all(v is None or (isinstance(v, str) and not v.strip()) for v in sheet.rows[index]):
                continue
            line = self.line(table, sheet, heads, index)
            row = self.row(table, sheet, heads, index, line.marks)
            if not any(row.texts.values()) and not any(f.entered for f in row.facts.values()):
                continue
            coded = any(line.marks.get(tree) for tree in self.profile.trees)
            if table.kind == "ledger" and not coded and not any(f.entered for f in row.facts.values()):
                continue  # a note under the table
            line.facts = dict(row.facts)
            lines.append(line)
            rows.append(row)
        if table.kind == "ledger":
            self.mark_totals(table, lines)
        if self.many_unknown(table, sheet, lines) or self.many_letters(table, sheet, rows):
            return
        kept: list[Row] = []
        for line, row in zip(lines, rows, strict=True):
            if not line.total and self.complete(table, sheet, heads, line, row):
                kept.append(row)
        self.control_totals(lines, [line for line in lines if not line.total])
        self.rows[table.name] = tuple(kept)
        self.facts.extend(f for r in kept for f in r.facts.values())

    def many_unknown(self, table: Table, sheet: Sheet, lines: Sequence[_Line]) -> bool:
        """Whether so many codes are none of the list that the column must hold something else; each would be printed."""
        for column in table.columns:
            mark = self.profile.marks.get(column.mark)
            if column.kind == "mark" and mark and mark.is_tree:
                codes = dict.fromkeys(line.marks.get(column.mark, "") for line in lines if not line.total)
                unknown = [c for c in codes if c.isdigit() and c not in mark.codes and c not in mark.former]
                if len(unknown) > MOST_UNKNOWN:
                    place = self.head_cells.get((table.name, column.heading), sheet.title)
                    expected = f"≤ {MOST_UNKNOWN}"
                    self.say(
                        "F022",
                        place,
                        mark=mark.name,
                        count=str(len(unknown)),
                        found=one_of(unknown, most=4),
                        expected=expected,
                    )
                    return True
        return False

    def many_letters(self, table: Table, sheet: Sheet, rows: Iterable[Row]) -> bool:
        """Whether there is more prose than any report has: all of it is searched for numbers, names and words."""
        if table.kind in ("ledger", "checks"):
            return False
        letters = sum(len(text) for row in rows for text in row.texts.values())
        if self.letters + letters > MOST_LETTERS:
            left = MOST_LETTERS - self.letters
            self.say("F023", sheet.title, found=f"{letters:,}", expected=f"≤ {left:,}")
            return True
        self.letters += letters
        return False

    def line(self, table: Table, sheet: Sheet, heads: _Heads, index: int) -> _Line:
        """The marks of a data row as written; a word for a total is noted."""
        line = _Line(index, {})
        totals = self.totals
        for column in table.columns:
            if column.kind not in ("mark", "name"):
                continue
            mark = self.profile.marks[column.mark]
            if column.heading in heads.split:
                text = self.split_code(sheet, index, heads.split[column.heading], mark)
            elif column.kind == "name":
                text = self.name_text(sheet, index, heads.at.get(column.heading))
            else:
                text = self.text(sheet, index, heads.at.get(column.heading))
            plain = normal(text)
            label = _BEHIND_TOTAL.sub("", plain)
            free = column.kind == "mark" and not mark.is_tree and not mark.values
            if label in totals or (label.endswith(totals) and not free):
                line.total = line.total or label
                if (column.mark, label) not in self.total_words:
                    self.total_words[column.mark, label] = self.total_of(column.mark, mark, label, totals)
                line.of |= self.total_words[column.mark, label]
            elif column.kind == "mark":
                standard = next((v for v in mark.values if normal(v) == plain), text)
                line.marks[column.mark] = plain.removesuffix(".0") if mark.is_tree else standard
        return line

    def total_of(self, name: str, mark: Mark, text: str, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """What a total says it is of: 财政拨款合计 of three funds, 一般公共服务支出合计 of the code 201."""
        of = next(text.removesuffix(word) for word in words if text.endswith(word))
        if not of:
            return {}
        values = tuple(v for v in mark.values if of in normal(v) and not normal(v).startswith(f"非{of}"))
        codes = [code for code, entry in mark.codes.items() if normal(entry.name) == of]
        values += tuple(code for code in codes if len(code) == min(map(len, codes)))
        return {name: values} if values else {}

    def split_code(self, sheet: Sheet, index: int, columns: Sequence[int], mark: Mark) -> str:
        """One code out of the cells 类 | 款 | 项: each holds its own digits or the code so far."""
        code = ""
        for column, length in zip(columns, mark.lengths, strict=False):
            part = normal(self.text(sheet, index, column)).removesuffix(".0")
            if not part:
                break
            if not part.isdigit():
                return part
            code = part if len(part) == length and part.startswith(code) else code + part.zfill(length - len(code))
        return code

    def mark_totals(self, table: Table, lines: list[_Line]) -> None:
        """Find the rows of a 类 or 款 that stand beside their own 项 rows: rows that bear all their marks and say more."""
        trees = [c.mark for c in table.columns if c.kind == "mark" and c.mark in self.profile.trees]
        rows = [line for line in lines if not line.total]
        bearing = Bearing([line.marks for line in rows])
        for line in rows:
            short = [t for t in trees if 0 < len(line.marks.get(t, "")) < self.profile.marks[t].lengths[-1]]
            if not short:
                continue
            marks = {mark: (value,) for mark, value in line.marks.items() if value}
            below = bearing.all_of(marks, self.profile.trees)
            for tree in short:
                if below & ~bearing.exactly(tree, line.marks[tree]):
                    line.total = line.marks[tree]

    def complete(self, table: Table, sheet: Sheet, heads: _Heads, line: _Line, row: Row) -> bool:
        """Check the marks of a leaf row; a row with a wrong one bears no facts."""
        good = True
        filled = any(f.entered for f in row.facts.values())
        for column in table.columns:
            place = row.cells.get(column.heading)
            if column.heading in heads.split:
                place = sheet.cell(line.index, heads.split[column.heading][-1])
            if place is None:
                continue
            if column.kind == "mark":
                good &= self.check_mark(column, line.marks.get(column.mark, ""), place, filled)
            elif column.kind == "name":
                self.check_name(column, line.marks.get(column.mark, ""), row.text(column.heading), place)
            elif column.kind == "amount":
                if (
                    column.required
                    and not table.complete
                    and column.heading not in row.facts
                    and table.kind != "checks"
                ):
                    self.say("V204", place, heading=column.heading)
            elif column.required and not row.text(column.heading):
                self.say("V204", place, heading=column.heading)
        return good

    def check_mark(self, column: Column, value: str, place: Cell, filled: bool) -> bool:
        mark = self.profile.marks[column.mark]
        if not value:
            if column.required and filled:
                expected = one_of(mark.values) if mark.values else column.hint
                self.say("V204", place, heading=column.heading, expected=expected)
            return not (column.required and filled)
        if mark.values and value not in mark.values:
            self.say("V203", place, heading=column.heading, found=value, expected=one_of(mark.values, value))
            return False
        if mark.is_tree:
            if not (value.isascii() and value.isdigit()):
                self.say("V214", place, heading=column.heading, found=value, expected=column.hint)
                return False
            if value in mark.former and value not in mark.codes:
                self.say_former(mark.former[value][0], f"{value} {mark.name_of(value)}", place)
            elif value not in mark.codes:
                self.say("V205", place, found=value)
            elif len(value) < mark.lengths[-1]:
                self.say("V213", place, level=mark.levels[-1], found=f"{value} {mark.name_of(value)}")
        return True

    def check_name(self, column: Column, code: str, name: str, place: Cell) -> None:
        mark = self.profile.marks[column.mark]
        entry = mark.codes.get(code)
        if not name or not entry or normal(name) == normal(entry.name):
            return
        former = next((f for f in mark.former.get(code, ()) if normal(f.name) == normal(name)), None)
        if former:
            self.say_former(former, name, place)
        else:
            self.say("V206", place, found=name, expected=f"{code} {entry.name}")

    def say_former(self, former: Former, found: str, place: Cell) -> None:
        """Report a code or a name that ended; one of last year may still carry money over."""
        code = "V219" if former.until == self.profile.year - 1 else "V217"
        self.say(code, place, found=found, expected=former.now, until=str(former.until))

    # -- control totals -----------------------------------------------------------------------
    def control_totals(self, lines: list[_Line], leaves: list[_Line]) -> None:
        """Compare every total row with the rows that it stands for."""
        subtotals = tuple(normal(w) for w in self.profile.words["subtotal"])
        bearing = Bearing([line.marks for line in leaves])
        known: dict[int, _Leaves] = {}
        runs = _runs(lines)
        for at, line in enumerate(lines):
            if not line.total:
                continue
            marks = {**{k: (v,) for k, v in line.marks.items() if v}, **line.of}
            if not marks and normal(line.total).endswith(subtotals):
                above, below = runs[at]
                of = below if self.agrees(line, below) or (not above.rows and below.rows) else above
            else:
                found = bearing.all_of(marks, self.profile.trees)
                if found not in known:
                    known[found] = _Leaves([leaves[x] for x in positions(found)])
                of = known[found]
            for heading, fact in line.facts.items():
                if fact.entered:
                    self.compare(fact.cell, line.total, fact.amount, of.under(heading))

    def agrees(self, line: _Line, of: _Leaves) -> bool:
        return all(fact.amount == of.under(heading).sum for heading, fact in line.facts.items() if fact.entered)

    def compare(self, place: Cell, kind: str, said: Decimal, summed: _Summed) -> None:
        if said != summed.sum:
            difference = format((said - summed.sum).normalize(), "f")
            self.say(
                "C301",
                place,
                kind=kind,
                found=_plain(said),
                expected=_plain(summed.sum),
                terms=(
                    Term(DIFFERENCE, difference),
                    *(Term("", _plain(f.amount), str(f.cell)) for f in summed.facts[:8]),
                    *([Term("", f"… {len(summed.facts)}")] if len(summed.facts) > 8 else []),
                ),
            )


class _Summed(NamedTuple):
    """Some facts and their sum."""

    facts: Sequence[Fact]
    sum: Decimal


@dataclass(frozen=True)
class _Leaves:
    """The rows that a total stands for; each column is summed once, however many totals there are of them."""

    rows: Sequence[_Line]
    _sums: dict[str, _Summed] = field(default_factory=dict)

    def under(self, heading: str) -> _Summed:
        """The facts of a column and their sum."""
        if heading not in self._sums:
            self._sums[heading] = _summed([x.facts[heading] for x in self.rows if heading in x.facts])
        return self._sums[heading]


def _summed(facts: Sequence[Fact]) -> _Summed:
    return _Summed(facts, total(facts))


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _runs(lines: Sequence[_Line]) -> Mapping[int, tuple[_Leaves, _Leaves]]:
    """Position of a total -> the other rows above it up to the last total, and those below it up to the next."""
    totals = [at for at, line in enumerate(lines) if line.total]
    ends = [-1, *totals, len(lines)]
    runs = [_Leaves(lines[start + 1 : end]) for start, end in pairwise(ends)]
    return {at: (runs[number], runs[number + 1]) for number, at in enumerate(totals)}


def _spans(numbers: Sequence[int]) -> str:
    """``[3, 4, 5, 9]`` -> ``3–5、9``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return "、".join(str(a) if a == b else f"{a}–{b}" for a, b in spans)


# -- any workbook -----------------------------------------------------------------------------------


def values_of(data: bytes) -> dict[str, list[tuple[object, ...]]] | None:
    """The values of every sheet of any workbook; ``None`` where it is none.

    A formula gives what it was last computed to; where no program did, its text.
    """
    try:
        book = Spreadsheet(Package(data))
        sheets = [book.sheet(entry) for entry in book.entries]
    except RefusedError:
        return None
    if any(sheet.problem for sheet in sheets):
        return None
    return {sheet.title: [_computed(sheet.formulas, at, row) for at, row in enumerate(sheet.rows)] for sheet in sheets}


def _computed(formulas: Mapping[tuple[int, int], str], at: int, row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(formulas.get((at, column)) if value is None else value for column, value in enumerate(row))

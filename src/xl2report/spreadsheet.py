"""A package -> the cells of its sheets as Excel stored them, streamed through expat within limits of size and time.

What the program cannot be sure of is refused by the name of its cell: two cells at one place, a text that is not there, a value far
outside. Errors and formulas without a value stay what they are. Transitional and strict workbooks are the same here.
"""

from __future__ import annotations

import contextlib
import posixpath
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any, NamedTuple
from xml.parsers import expat

from xl2report.facts import Cell, letters
from xl2report.findings import Finding, finding
from xl2report.guards import Package, RefusedError

MOST_ROWS = 20_000
MOST_COLUMNS = 200
SECONDS = 5.0
"""CPU time that the parts of one workbook may take to parse."""
LONGEST_KEPT = 2**16
"""Characters of a text that are kept: more than a cell may hold, so that the reader sees that it is too long."""
_FEED = 2**16
_WIDEST = 16_384
_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 (a date of Excel has no zone)
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?\s*")
_REF = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")
_RANGE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6}):([A-Z]{1,3})([1-9][0-9]{0,6})")
_DIGITS = "0123456789"
_ISO_DATE = re.compile(r"(?:(\d{4})-(\d{2})-(\d{2}))?T?(?:(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,6})?\d*)?)?Z?", re.ASCII)
_QUOTED = re.compile(r'".*?"|\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]')
_DATE_LETTER = re.compile(r"(?<![_\\])[dmhysDMHYS]")
_ELAPSED = re.compile(r"\[(?:hh?|mm?|ss?)\]", re.IGNORECASE)
_DATE_FORMATS = frozenset({*range(14, 23), 45, 47, *range(27, 37), *range(50, 59)})
"""The built-in formats of dates and times, those of Chinese Excel and WPS (27-36, 50-58) too."""
_ELAPSED_FORMATS = frozenset({46})
_PLAIN, _DATED, _LASTING, _TEXT = range(4)
_SHIFTED = re.compile(
    r""""(?:[^"]|"")*"|'(?:[^']|'')*'!?|(?<![\w.$])(\$?)([A-Z]{1,3})(\$?)([1-9][0-9]{0,6})(?![\w(.!])"""
)
_LETTERS = [letters(column) for column in range(MOST_COLUMNS)]
_TRUE = frozenset({"1", "true", "on"})


@dataclass
class Sheet:
    """One sheet: its values, where formulas have no value, what is hidden, or why it cannot be read."""

    title: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    uncalculated: set[tuple[int, int]] = field(default_factory=set)
    formulas: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """The formulas of cells that hold no value, or none that counts."""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    hidden: bool = False
    covered: tuple[Cell, ...] = ()
    """Cells with a value under a merged cell, where nobody sees it; it is left out."""
    problem: Finding | None = None

    def cell(self, row: int, column: int) -> Cell:
        """The cell of a row and column, both counted from 0."""
        return Cell(self.title, f"{_LETTERS[column]}{row + 1}")


class Entry(NamedTuple):
    """One worksheet as the workbook lists it: its title, its part ("" where none can be found), whether it is hidden."""

    title: str
    part: str
    hidden: bool


class _FaultError(Exception):
    """A sheet cannot be read any further: the finding that says why."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.code)
        self.finding = found


class _EnoughError(Exception):
    """The rows that were wanted were read."""


class Spreadsheet:
    """A workbook of which the sheets are parsed when they are asked for.

    Raises:
        RefusedError: where the workbook itself cannot be read.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self._left = SECONDS
        self._folded = {name.casefold(): name for name in package}
        self._texts: list[str] | None = None
        self._styles: list[int] | None = None
        self._sheets: dict[Entry, Sheet] = {}
        self.workbook = self._workbook()
        self._relations = self._relations_of(self.workbook)
        self._epoch = _EPOCH_1900
        self._never_calculated = False
        self.entries: tuple[Entry, ...] = tuple(self._entries())

    # -- the workbook -----------------------------------------------------------------------------
    def _workbook(self) -> str:
        """The part that is the workbook."""
        if "_rels/.rels" in self.package:
            for kind, target, outside in self._relations_of("").values():
                if kind == "officeDocument" and not outside:
                    part = self._part(target)
                    if not part:
                        raise RefusedError("F005", reason=f"_rels/.rels → {target[:120]}")
                    return part
        part = self._part("xl/workbook.xml")
        if not part:
            raise RefusedError("F005", reason="xl/workbook.xml")
        return part

    def _part(self, target: str) -> str:
        """The member that a target means, whatever the case of its letters; "" where there is none."""
        part = target if target in self.package else self._folded.get(target.casefold(), "")
        if not part and "%" in target:
            from urllib.parse import unquote

            part = self._folded.get(unquote(target).casefold(), "")
        return part

    def _relations_of(self, part: str) -> dict[str, tuple[str, str, bool]]:
        """The relations of a part by id: last word of the type, target within the package, whether it lies outside."""
        folder, _, name = part.rpartition("/")
        rels = self._part(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, tuple[str, str, bool]] = {}

        def start(name: str, attributes: dict[str, str]) -> None:
            if name.endswith(" Relationship"):
                kind = attributes.get("Type", "").rpartition("/")[2]
                target = attributes.get("Target", "")
                outside = attributes.get("TargetMode") == "External"
                if not outside:
                    whole = target if target.startswith("/") else posixpath.join("/", folder, target)
                    target = posixpath.normpath(whole).lstrip("/")
                found[attributes.get("Id", "")] = kind, target, outside

        if rels:
            self._parse(rels, start)
        return found

    def _entries(self) -> Iterator[Entry]:
        """The worksheets in the order of their tabs."""
        listed: list[dict[str, str]] = []
        parser = _parser()

        def root(name: str, _attributes: dict[str, str]) -> None:
            space, _, local = name.rpartition(" ")
            if local != "workbook" or space not in _MAIN:
                raise RefusedError("F005", reason=f"{self.workbook}: <{local[:40]}>")
            parser.StartElementHandler = start

        def start(name: str, attributes: dict[str, str]) -> None:
            local = name.rpartition(" ")[2]
            if local == "sheet":
                listed.append(attributes)
            elif local == "workbookPr" and attributes.get("date1904") in _TRUE:
                self._epoch = _EPOCH_1904
            elif local == "calcPr" and attributes.get("fullCalcOnLoad") in _TRUE:
                self._never_calculated = True

        self._parse(self.workbook, root, parser=parser)
        for attributes in listed:
            relation = next((value for key, value in attributes.items() if key.endswith(" id")), "")
            kind, target, outside = self._relations.get(relation, ("", "", False))
            if kind in ("", "worksheet") or not self._part(target):
                part = "" if outside or not kind else self._part(target)
                yield Entry(attributes.get("name", ""), part, attributes.get("state", "visible") != "visible")

    @property
    def macros(self) -> bool:
        """Whether the workbook holds programs."""
        macro_kinds = {"vbaProject", "xlMacrosheet", "xlIntlMacrosheet"}
        return any(kind in macro_kinds for kind, _, _ in self._relations.values())

    def links(self) -> tuple[str, ...]:
        """What the workbook is linked with: other files, programs (DDE), connections to data."""
        found: list[str] = []

        def linked(name: str, attributes: dict[str, str]) -> None:
            local = name.rpartition(" ")[2]
            if local == "ddeLink":
                found.append(f"DDE {attributes.get('ddeService', '')}|{attributes.get('ddeTopic', '')}")
            elif local == "connection":
                found.append(attributes.get("name", "") or "connection")

        for kind, target, outside in self._relations.values():
            part = "" if outside else self._part(target)
            if kind == "externalLink" and part:
                self._parse(part, linked)
                found += [to for _, to, far in self._relations_of(part).values() if far]
            elif kind == "connections" and part:
                self._parse(part, linked)
        return tuple(dict.fromkeys(text[:200] for text in found))

    def _parse(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
        parser: Any = None,
    ) -> None:
        """Feed a part to handlers, a piece at a time, as long as there is time left."""
        parser = parser or _parser()
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        began = time.thread_time()
        try:
            for piece in self.package.pieces(part):
                for at in range(0, len(piece), _FEED):
                    parser.Parse(piece[at : at + _FEED], False)
                    if time.thread_time() - began > self._left:
                        raise RefusedError("F018", part=part, seconds=f"{SECONDS:g}")
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError) as error:
            if isinstance(error, RefusedError):
                raise
            raise RefusedError("F005", reason=f"{part}: {error}") from None
        finally:
            self._left -= time.thread_time() - began

    # -- what the cells refer to ------------------------------------------------------------------
    def texts(self) -> list[str]:
        """The shared texts without their formats and phonetic guides."""
        if self._texts is None:
            self._texts = self._shared()
        return self._texts

    def _shared(self) -> list[str]:
        found: list[str] = []
        pieces: list[str] = []
        signs: list[str] = []
        phonetic = False
        t_ = si_ = guide_ = ""

        def root(name: str, _: dict[str, str]) -> None:
            nonlocal t_, si_, guide_
            space = name.rpartition(" ")[0]
            t_, si_, guide_ = f"{space} t", f"{space} si", f"{space} rPh"
            parser.StartElementHandler = start

        def start(name: str, _: dict[str, str]) -> None:
            nonlocal phonetic
            if name == t_:
                signs.clear()
            elif name == si_:
                pieces.clear()
            elif name == guide_:
                phonetic = True

        def end(name: str) -> None:
            nonlocal phonetic
            if name == t_:
                if not phonetic:
                    pieces.append(signs[0] if len(signs) == 1 else _joined(signs))
            elif name == si_:
                text = pieces[0] if len(pieces) == 1 else _joined(pieces)
                found.append(text.replace("x005F_", ""))
            elif name == guide_:
                phonetic = False

        parser = _parser()
        part = self._related("sharedStrings")
        if part:
            self._parse(part, root, end, signs.append, parser)
        return found

    def styles(self) -> list[int]:
        """For each cell format whether it is of dates, of elapsed time, of text, or of anything else."""
        if self._styles is None:
            self._styles = self._formats()
        return self._styles

    def _formats(self) -> list[int]:
        own: dict[str, str] = {}
        used: list[str] = []
        inside = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            local = name.rpartition(" ")[2]
            if local == "numFmt":
                own.setdefault(attributes.get("numFmtId", ""), attributes.get("formatCode", ""))
            elif local == "cellXfs":
                inside = True
            elif local == "xf" and inside:
                used.append(attributes.get("numFmtId", "0"))

        def end(name: str) -> None:
            nonlocal inside
            if name.endswith(" cellXfs"):
                inside = False

        part = self._related("styles")
        if part:
            self._parse(part, start, end)
        kinds: dict[str, int] = {}
        for number in used:
            if number not in kinds:
                kinds[number] = _kind_of(number, own.get(number))
        return [kinds[number] for number in used]

    def _related(self, kind: str) -> str:
        """The part of the workbook of one kind, "" where it has none."""
        return next((self._part(to) for k, to, outside in self._relations.values() if k == kind and not outside), "")

    # -- one sheet --------------------------------------------------------------------------------
    def sheet(self, entry: Entry) -> Sheet:
        """A sheet, parsed once; what is wrong with it stands in it.

        Raises:
            RefusedError: where the time is up.
        """
        if entry not in self._sheets:
            self._sheets[entry] = self._sheet(entry, MOST_ROWS)
        return self._sheets[entry]

    def head(self, entry: Entry, rows: int) -> list[tuple[Any, ...]]:
        """The first rows of a sheet, none where it cannot be read."""
        return self._sheet(entry, rows).rows

    def _sheet(self, entry: Entry, rows: int) -> Sheet:
        if not entry.part:
            return Sheet(entry.title, hidden=entry.hidden, problem=finding("S110", entry.title, sheet=entry.title))
        try:
            return self._cells(entry, rows)
        except _FaultError as fault:
            return Sheet(entry.title, hidden=entry.hidden, problem=fault.finding)
        except RefusedError as refused:
            if refused.code == "F018":
                raise
            wrong = finding("S111", entry.title, sheet=entry.title, reason=refused.words.get("reason", str(refused)))
            return Sheet(entry.title, hidden=entry.hidden, problem=wrong)

    def _cells(self, entry: Entry, most_rows: int) -> Sheet:
        """Parse one sheet. Its handlers are closures: they are called for every element."""
        title = entry.title
        texts, styles, epoch, never_calculated = self.texts(), self.styles(), self._epoch, self._never_calculated
        by_row: dict[int, list[Any]] = {}
        uncalculated: set[tuple[int, int]] = set()
        formulas: dict[tuple[int, int], str] = {}
        hidden_rows: set[int] = set()
        hidden_columns: set[int] = set()
        merges: list[tuple[int, int, int, int]] = []
        shared: dict[str, tuple[str, int, int]] = {}
        columns: dict[str, int] = {}
        signs: list[str] = []
        row_ref, row_hidden = "0", False
        ref = ""
        kind, style = "n", "0"
        value: str | None = None
        formula: dict[str, str] | None = None
        formula_text = ""
        inline: list[str] | None = None
        phonetic = False
        c_ = v_ = f_ = t_ = row_ = is_ = rph_ = data_ = ""
        parser = _parser()

        def root(name: str, _attributes: dict[str, str]) -> None:
            nonlocal c_, v_, f_, t_, row_, is_, rph_, data_
            space, local = name.rpartition(" ")[::2]
            if local != "worksheet" or space not in _MAIN:
                raise _FaultError(finding("S111", title, sheet=title, reason=f"{entry.part}: <{local[:40]}>"))
            c_, v_, f_, t_ = f"{space} c", f"{space} v", f"{space} f", f"{space} t"
            row_, is_, rph_, data_ = f"{space} row", f"{space} is", f"{space} rPh", f"{space} sheetData"
            parser.StartElementHandler = above

        def above(name: str, attributes: dict[str, str]) -> None:
            if name == data_:
                parser.StartElementHandler = start
                parser.EndElementHandler = end
                parser.CharacterDataHandler = signs.append
            elif name.endswith(" col") and attributes.get("hidden") in _TRUE:
                first, last = _whole(attributes.get("min", "1")), _whole(attributes.get("max", "1"))
                hidden_columns.update(range(max(first, 1) - 1, min(last, MOST_COLUMNS)))

        def below(name: str, attributes: dict[str, str]) -> None:
            if name.endswith(" mergeCell"):
                match = _RANGE.fullmatch(attributes.get("ref", ""))
                if match:
                    merges.append((int(match[2]) - 1, _column(match[1]), int(match[4]) - 1, _column(match[3])))

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal ref, kind, style, value, formula, inline, phonetic, row_ref, row_hidden
            if name == c_:
                ref = attributes.get("r") or f"{letters(_column(ref.rstrip(_DIGITS)) + 1)}{row_ref}"
                kind = attributes.get("t", "n")
                style = attributes.get("s", "0")
                value = formula = inline = None
            elif name == v_:
                signs.clear()
            elif name == row_:
                row_ref = attributes.get("r") or str(_whole(row_ref) + 1)
                row_hidden = attributes.get("hidden") in _TRUE
                ref = ""
                if most_rows < MOST_ROWS and _whole(row_ref) > most_rows:
                    raise _EnoughError
            elif name == f_:
                formula = attributes
                signs.clear()
            elif name == t_:
                signs.clear()
            elif name == is_:
                inline, phonetic = [], False
            elif name == rph_:
                phonetic = True

        def end(name: str) -> None:
            nonlocal value, formula_text, phonetic
            if name == c_:
                if value is not None or formula is not None or inline is not None:
                    keep()
            elif name == v_:
                value = signs[0] if len(signs) == 1 else _joined(signs) or None
            elif name == f_:
                formula_text = _joined(signs)
            elif name == row_:
                pass
            elif name == t_:
                if inline is not None and not phonetic:
                    inline.append(_joined(signs))
            elif name == rph_:
                phonetic = False
            elif name == data_:
                parser.StartElementHandler = below
                parser.EndElementHandler = None
                parser.CharacterDataHandler = None

        def place(name: str) -> tuple[int, int]:
            """Row and column of the cell, where they are not those of the last row and a column that was seen."""
            match = _REF.fullmatch(ref)
            if not match:
                raise _FaultError(finding("S111", title, sheet=title, reason=f"{entry.part}: {ref[:40]}"))
            columns[name] = _column(name)
            return int(match[2]) - 1, columns[name]

        def keep() -> None:
            """Put the cell that ends where it belongs."""
            name = ref.rstrip(_DIGITS)
            across = columns.get(name, -1)
            if across >= 0 and ref[len(name) :] == row_ref:
                at = int(row_ref) - 1
            else:
                at, across = place(name)
            if at < 0:
                place(name)
            if at >= MOST_ROWS or across >= MOST_COLUMNS:
                where = Cell(title, f"{letters(across)}{at + 1}")
                limit = f"{letters(MOST_COLUMNS - 1)}{MOST_ROWS}"
                raise _FaultError(finding("S112", where, found=str(value or formula_text)[:40], expected=limit))
            cells = by_row.get(at)
            if cells is None:
                cells = by_row[at] = []
                if row_hidden:
                    hidden_rows.add(at)
            found = typed(at, across)
            computed = (at, across) in formulas
            if formula is not None:
                text = f"={formula_text}"
                sort = formula.get("t")
                if sort == "shared":
                    master = shared.setdefault(formula.get("si", ""), (text, at, across))
                    if found is None and master[1:] != (at, across):
                        text = _shifted(master[0], at - master[1], across - master[2])
                if (found is None and kind != "str") or (found == 0 and never_calculated):
                    single = sort not in ("array", "dataTable")
                    if found is None and single and _format(style) == _TEXT:
                        found = text  # typed into a cell of format “text”: Excel keeps it as text
                    else:
                        uncalculated.add((at, across))
                    formulas[at, across] = text
                elif found is None:
                    formulas[at, across] = text
            ahead = across - len(cells)
            if ahead >= 0:
                if ahead:
                    cells.extend([None] * ahead)
                cells.append(found)
            elif cells[across] is None and not computed:
                cells[across] = found
            else:
                raise _FaultError(finding("S113", Cell(title, f"{letters(across)}{at + 1}"), found=str(found)[:40]))

        def _format(number: str) -> int:
            try:
                return styles[int(number)]
            except (ValueError, IndexError):
                return _PLAIN

        def typed(at: int, across: int) -> Any:
            """The value of the cell in its type."""
            if kind == "s":
                if value is None:
                    return None
                try:
                    if value.isdecimal() and value.isascii():
                        return texts[int(value)]
                except (IndexError, ValueError):
                    pass
                raise _FaultError(finding("S114", Cell(title, f"{letters(across)}{at + 1}"), found=value[:40]))
            if kind == "inlineStr":
                return None if inline is None else _joined(inline)
            if value is None:
                return None
            if kind == "n":
                number = _number(value)
                form = _format(style)
                if form in (_DATED, _LASTING) and not isinstance(number, str):
                    return _date_of(number, epoch, lasting=form == _LASTING)
                return number
            if kind == "b":
                return value.strip() in _TRUE if value.strip() in ("0", "1", "true", "false") else value
            if kind == "d":
                return _iso_date(value)
            return value

        with contextlib.suppress(_EnoughError):
            self._parse(entry.part, root, parser=parser)
        width = max(map(len, by_row.values()), default=0)
        blank = (None,) * width
        rows = [blank] * (max(by_row, default=-1) + 1)
        for at, cells in by_row.items():
            rows[at] = tuple(cells) + blank[len(cells) :]
        covered = self._uncover(rows, merges, entry.part)
        places = tuple(Cell(title, f"{letters(across)}{at + 1}") for at, across in covered)
        return Sheet(title, rows, uncalculated, formulas, hidden_rows, hidden_columns, entry.hidden, places)

    def _uncover(
        self, rows: list[tuple[Any, ...]], merges: list[tuple[int, int, int, int]], part: str
    ) -> list[tuple[int, int]]:
        """Blank what stands under merged cells, where nobody sees it; return where that was."""
        covered: list[tuple[int, int]] = []
        width = len(rows[0]) if rows else 0
        began = time.thread_time()
        for number, (top, left, bottom, right) in enumerate(merges):
            if top >= len(rows) or left >= width:
                continue
            for at in range(top, min(bottom + 1, len(rows))):
                under = rows[at][left : right + 1]
                skip = 1 if at == top else 0
                if any(value is not None for value in under[skip:]):
                    covered += [(at, left + i) for i, value in enumerate(under) if i >= skip and value is not None]
                    kept = under[:skip] + (None,) * (len(under) - skip)
                    rows[at] = rows[at][:left] + kept + rows[at][left + len(under) :]
            if number % 256 == 0 and time.thread_time() - began > self._left:
                raise RefusedError("F018", part=part, seconds=f"{SECONDS:g}")
        self._left -= time.thread_time() - began
        return covered


def _parser() -> Any:
    """A parser that gives names with their namespaces, texts in one piece, and no document type a chance."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.buffer_size = _FEED
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def _no_doctype(*_: object) -> None:
    raise RefusedError("F016", part="XML", found="DOCTYPE")


def _joined(pieces: list[str]) -> str:
    """One text out of pieces, cut where it is much longer than a cell may hold."""
    if len(pieces) == 1:
        return pieces[0][:LONGEST_KEPT]
    size = 0
    for number, piece in enumerate(pieces):
        size += len(piece)
        if size > LONGEST_KEPT:
            return "".join(pieces[: number + 1])[:LONGEST_KEPT]
    return "".join(pieces)


def _whole(text: str) -> int:
    """A number of rows or columns; one that is none counts as 1, one without end as the end of every sheet."""
    return min(int(text[:9]), 2**21) if text.isascii() and text.isdigit() else 1


def _column(name: str) -> int:
    """The column of some letters, counted from 0."""
    number = 0
    for letter in name.upper()[:3]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _number(text: str) -> int | float | str:
    """The number that a cell stores; what is none in the digits of ASCII stays a text.

    >>> _number("12"), _number("0.5"), _number("１２"), _number("1_000")
    (12, 0.5, '１２', '1_000')
    """
    match = _NUMBER.fullmatch(text)
    if not match or len(text) > 400:
        return text
    return int(text) if match.lastindex is None else float(text)


def _kind_of(number: str, code: str | None) -> int:
    """What a number format is of."""
    if code is None:
        whole = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0
        if whole == 49:
            return _TEXT
        return _DATED if whole in _DATE_FORMATS else _LASTING if whole in _ELAPSED_FORMATS else _PLAIN
    if code == "@":
        return _TEXT
    first = code.partition(";")[0]
    if not _DATE_LETTER.search(_QUOTED.sub("", first)):
        return _PLAIN
    return _LASTING if _ELAPSED.search(first) else _DATED


def _date_of(number: float, epoch: datetime, *, lasting: bool) -> Any:
    """The date, time or span that a number means; "#VALUE!" where there is no such day."""
    try:
        if lasting:
            span = timedelta(days=number)
            if span.microseconds:
                span = timedelta(seconds=span.total_seconds() // 1, microseconds=round(span.microseconds, -3))
            return span
        day, fraction = divmod(number, 1)
        rest = timedelta(milliseconds=round(fraction * 86_400_000))
        if 0 <= number < 1 and not rest.days:
            return (epoch + rest).time()
        if 0 < number < 60 and epoch == _EPOCH_1900:
            day += 1  # Excel has a 29 February 1900
        return epoch + timedelta(days=day) + rest
    except (OverflowError, ValueError):
        return "#VALUE!"


def _iso_date(text: str) -> Any:
    """The date or time of a cell of type d; a text where it is none."""
    match = _ISO_DATE.fullmatch(text.strip())
    if not match or not any(match.groups()):
        return text
    year, month, day, hour, minute, second, fraction = match.groups()
    try:
        whole = (int(hour or 0), int(minute or 0), int(second or 0), int(float(fraction or 0) * 1_000_000))
        if not year:
            return clock_time(*whole)
        if hour is None:
            return date(int(year), int(month), int(day))
        return datetime(int(year), int(month), int(day), *whole)  # noqa: DTZ001 (a date of Excel has no zone)
    except ValueError:
        return text


def _shifted(formula: str, down: int, right: int) -> str:
    """A formula as the cell some rows and columns on has it.

    >>> _shifted('=A1+$B$2&"A1"', 1, 1)
    '=B2+$B$2&"A1"'
    """

    def shift(match: re.Match[str]) -> str:
        fixed_column, name, fixed_row, number = match.groups()
        if name is None:
            return match[0]
        column = _column(name) + (0 if fixed_column else right)
        row = int(number) + (0 if fixed_row else down)
        if column < 0 or row < 1 or column >= _WIDEST:
            return "#REF!"
        return f"{fixed_column}{letters(column)}{fixed_row}{row}"

    return _SHIFTED.sub(shift, formula[:8192])

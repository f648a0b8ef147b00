"""Where a number comes from, and where a cell goes to: a name, a printed text, a box or a cell -> what it means.

What an argument means is decided by its form alone; where it means several things, all of them are told. The sums and
formulas need not be traced again: every figure holds its inputs down to the facts and their cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property

from xl2report.derive import Figures
from xl2report.facts import COLUMN, TABLE, Book, Cell, Fact, Row, letters, total
from xl2report.figures import Figure
from xl2report.findings import Finding, finding
from xl2report.formulas import BoxName, Name
from xl2report.formulas import names as names_in
from xl2report.phrasing import case_of, numbers_of, say
from xl2report.printed import Printed, of_box
from xl2report.profile import COMPANIONS, EACH_ROW, Phrase, Profile, Rule
from xl2report.prose import PROSE, tables_of_names
from xl2report.reader import normal
from xl2report.schedules import sheet_name
from xl2report.sheets import Box, Sheet

_PLACE = re.compile(r"(?P<sheet>.+)!\$?(?P<column>[A-Za-z]{1,3})\$?(?P<row>\d{1,7})")
_BOX = re.compile(r"(?P<schedule>\d{2})\[(?P<row>[^,，\]]+)(?:[,，](?P<column>[^\]]+))?\]")
_AMOUNT = re.compile(r"(?P<sign>[-+−]?)(?P<number>\d[\d,]*(?:\.\d+)?|\.\d+)(?P<unit>%|[^\d\W]{0,3})")
LIKE = 5
"""How many names are told where there is none that was asked for."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was asked for: its figure, where it is printed; of a total, the boxes that its formula adds.

    ``kind`` is figure, box, or project (an amount of 绩效项目 in its form). A box without a figure prints nothing.
    """

    kind: str
    name: str
    label: str
    text: str
    figure: Figure | None
    printed: tuple[Printed, ...] = ()
    sums: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Saying:
    """A phrase that was asked for: its words, the situation that chose them, the numbers in them."""

    name: str
    label: str
    text: str
    situation: str
    numbers: tuple[Figure, ...]
    printed: tuple[Printed, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A cell of the workbook that was asked for: what stands in it, and everything that it flows into.

    ``facts`` is the one amount of the cell, or the amounts of the row that the cell is a mark of; ``heading`` is the
    name of its column.
    """

    cell: Cell
    heading: str
    text: str
    facts: tuple[Fact, ...]
    figures: tuple[Number, ...] = ()
    boxes: tuple[Number, ...] = ()
    rules: tuple[Rule, ...] = ()


Meaning = Number | Saying | Source


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that an argument means; where it means nothing, or the workbook cannot be read, the findings say so."""

    what: str
    meanings: tuple[Meaning, ...]
    findings: tuple[Finding, ...] = ()
    profile: Profile | None = field(default=None, repr=False)

    @property
    def status(self) -> int:
        """The exit status: 0 something was found, 2 nothing."""
        return 0 if self.meanings else 2


def is_plain_sum(figure: Figure) -> bool:
    """Whether a figure is the sum of its cells: of facts, or of one other figure that is such a sum."""
    if figure.value is None or not figure.inputs:
        return False
    if len(figure.inputs) == 1 and isinstance(figure.inputs[0], Figure):
        return figure.value == figure.inputs[0].value and is_plain_sum(figure.inputs[0])
    facts = [part for part in figure.inputs if isinstance(part, Fact)]
    return len(facts) == len(figure.inputs) and figure.value == total(facts)


def facts_of(figure: Figure) -> tuple[Fact, ...]:
    """The facts that a figure rests on, each once."""
    return tuple({fact.cell: fact for fact in figure.facts()}.values())


@dataclass(frozen=True)
class Origins:
    """The numbers of one workbook and what is printed of them, to be asked where they come from."""

    profile: Profile
    book: Book
    figures: Figures
    sheets: tuple[Sheet, ...]
    printed: tuple[Printed, ...]

    def of(self, what: str) -> Trace:
        """What an argument means: by its form a place, or else by name, as a printed number, or in a passage."""
        asked = what.strip().replace("！", "!")
        if match := _PLACE.fullmatch(asked):
            found = tuple(self._at(match["sheet"].strip("'\""), match["column"].upper(), int(match["row"])))
        elif match := _BOX.fullmatch(asked):
            found = tuple(self._boxes_called(match["schedule"], match["row"].strip(), (match["column"] or "").strip()))
        else:
            found = tuple(self._named(normal(asked)))
            found += tuple(m for m in self._printed_so(normal(asked)) if m not in found)
            found = found or tuple(self._in_passage(asked))
        if found:
            return Trace(what, found, (), self.profile)
        return Trace(what, (), (finding("F011", what, found=what, expected=self._like(asked)),), self.profile)

    # -- by name ------------------------------------------------------------------------------
    @cached_property
    def labels(self) -> Mapping[str, str]:
        """How every measure and every item of a list is called, by name."""
        found = {name: m.label or name for name, m in self.profile.measures.items()}
        for listed in self.profile.lists:
            for item in self.figures.every_item(listed):
                found.setdefault(item.measure, f"{item.code} {item.label}".strip())
        return found

    @cached_property
    def _bases(self) -> Mapping[str, tuple[str, ...]]:
        """What may be typed for a measure, an item, a list or a chart -> the names meant."""
        found: dict[str, dict[str, None]] = {}

        def enter(word: str, name: str) -> None:
            if word:
                found.setdefault(normal(word), {})[name] = None

        for name, measure in self.profile.measures.items():
            enter(name, name)
            enter(measure.label, name)
        for listed in self.profile.lists.values():
            for item in self.figures.every_item(listed.name):
                for word in (item.measure, item.label, item.code, self.labels[item.measure], listed.name, listed.label):
                    enter(word, item.measure)
                for word in (item.label, item.code):
                    enter(f"{listed.name}[{word}]" if word else "", item.measure)
        for one in self.printed:
            if one.kind == "chart":
                chart = next(c for c in self.profile.charts.values() if one.passage.startswith(f"{c.caption}："))
                enter(f"图表.{chart.name}", one.name)
        return {word: tuple(names) for word, names in found.items()}

    def _named(self, asked: str) -> Iterator[Meaning]:
        for name in self._bases.get(asked, ()):
            yield self.number(name)
        for name, figure in self._projects.items():
            if normal(name) == asked:
                yield self._project(name, figure)
        base, _, behind = asked.rpartition(".")
        names = [name for name in self._bases.get(base, ()) if name in self.labels]  # a companion has no company itself
        if behind in COMPANIONS:
            numbers = [self.number(f"{name}.{behind}") for name in names]
            known = [n for n in numbers if n.figure and n.figure.value is not None]
            yield from known or numbers
        for name in names:
            for phrase in self.profile.phrases.values():
                if normal(phrase.name) == behind:
                    yield self._saying(name, phrase)

    def number(self, name: str) -> Number:
        """A measure, a companion or an item of a list by its very name."""
        figure = self.figures[name]
        printed = self._by_name.get(name, ())
        return Number(
            "figure", name, self._label(name), figure.text if figure.value is not None else "", figure, printed
        )

    def _label(self, name: str) -> str:
        base, dot, companion = ("", "", "") if name.endswith("]") else name.rpartition(".")
        return f"{self.labels.get(base, base)}的{companion}" if dot else self.labels.get(name, name)

    def _saying(self, name: str, phrase: Phrase) -> Saying:
        case = case_of(self.figures, name, phrase.of)
        numbers = numbers_of(self.figures, name, phrase.of)
        said = [number.name for word, number in numbers.items() if f"{{{word}}}" in phrase.cases[case]]
        return Saying(
            f"{name}.{phrase.name}",
            self.labels[name],
            say(self.figures, name, phrase).words,
            case,
            tuple(self.figures[one] for one in said),
            tuple(p for p in self.printed if p.kind == "phrase" and p.name in said),
        )

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Printed, ...]]:
        """The places of every name that the report prints."""
        found: dict[str, list[Printed]] = {}
        for one in self.printed:
            found.setdefault(one.name, []).append(one)
        return {name: tuple(places) for name, places in found.items()}

    @cached_property
    def _projects(self) -> Mapping[str, Figure]:
        return {one.name: one.figure for one in self.printed if one.kind == "project"}

    def _project(self, name: str, figure: Figure) -> Number:
        return Number("project", name, figure.label, figure.text, figure, self._by_name[name])

    # -- by what is printed -------------------------------------------------------------------
    @cached_property
    def numbers(self) -> Mapping[str, Figure]:
        """Every figure that has a value: measures, items of lists, the company of both."""
        names = [f"{name}{dot}" for name in self.labels for dot in ("", *(f".{c}" for c in COMPANIONS))]
        found = {name: self.figures[name] for name in names}
        return {name: figure for name, figure in found.items() if figure.value is not None}

    def _printed_so(self, asked: str) -> Iterator[Meaning]:
        match = _AMOUNT.fullmatch(asked)
        if not match:
            return
        wanted = Decimal(match["number"].replace(",", ""))
        signed = {"": (wanted, -wanted), "+": (wanted,)}.get(match["sign"], (-wanted,))
        unit = match["unit"]

        def so(figure: Figure) -> bool:
            assert figure.value is not None
            if unit == "元":
                return figure.unit.name == "万元" and figure.value in signed
            if unit in self.profile.units and unit != figure.unit.name:
                return False
            if unit and unit not in self.profile.units and figure.unit.name in ("万元", "%"):
                return False  # 辆, 人次 … stand behind counts
            return figure.unit.rounded(figure.value) in signed

        names = [name for name, figure in self.numbers.items() if so(figure)]
        yield from (self.number(name) for name in sorted(names, key=lambda name: name not in self._by_name))
        yield from (self._project(name, figure) for name, figure in self._projects.items() if so(figure))
        yield from (self._box(sheet, box) for sheet, box in self._boxes if box.figure and so(box.figure))

    def _in_passage(self, asked: str) -> Iterator[Meaning]:
        """The numbers that the report prints within a passage that was copied from it."""
        told = set()
        for one in self.printed:
            at = one.passage.find(asked) if not one.schedule and one.kind != "chart" and len(asked) > 1 else -1
            while at >= 0 and one.name not in told:
                if at < one.start + len(one.text) and one.start < at + len(asked):
                    told.add(one.name)
                    yield self._project(one.name, one.figure) if one.kind == "project" else self.number(one.name)
                at = one.passage.find(asked, at + 1)

    # -- by place -----------------------------------------------------------------------------
    @cached_property
    def _boxes(self) -> tuple[tuple[Sheet, Box], ...]:
        return tuple((sheet, box) for sheet in self.sheets for box in sheet.amounts)

    def _box(self, sheet: Sheet, box: Box) -> Number:
        if box.figure is None:
            return Number("box", f"{sheet.key}!{box.ref}", " ".join((box.row_label, *box.heads)).strip(), "", None)
        one = of_box(sheet, box)
        sums = tuple(f"{letters(column)}{row + 1}" for row, column in box.addends)
        return Number("box", one.name, one.label, one.text, one.figure, (one,), sums)

    def _boxes_called(self, schedule: str, row: str, column: str) -> Iterator[Meaning]:
        for sheet in self.sheets:
            box = sheet.box(row, column) if sheet.key == schedule else None
            if box is not None:
                yield self._box(sheet, box)

    def _at(self, name: str, column: str, row: int) -> Iterator[Meaning]:
        for sheet in self._schedules_called(name):
            for box in sheet.amounts:
                if box.ref == f"{column}{row}":
                    yield self._box(sheet, box)
        for own in self._sheets_called(name):
            found = self._source(Cell(own, f"{column}{row}"))
            if found is not None:
                yield found

    def _schedules_called(self, name: str) -> Iterator[Sheet]:
        """The schedules of a number (3, 03, 公开03表), a title, or the name of a worksheet."""
        said = normal(name)
        number = re.fullmatch(r"(?:公开)?(\d{1,2})表?", said)
        key = number[1].zfill(2) if number else ""
        for sheet in self.sheets:
            if sheet.key == key or said in (normal(sheet.title), normal(sheet_name(sheet))):
                yield sheet

    def _sheets_called(self, name: str) -> tuple[str, ...]:
        """The sheets of the workbook of a name: the user's own, or that of the profile."""
        known = {normal(own): own for own in self.book.sheets.values()}
        known |= {normal(table): self.book.sheets.get(table, table) for table in self.profile.tables}
        return (known[normal(name)],) if normal(name) in known else ()

    # -- what a cell flows into ---------------------------------------------------------------
    def _source(self, cell: Cell) -> Source | None:
        """What is known of a cell of the workbook; nothing where nothing was read from it."""
        for fact in self.book.facts:
            if fact.cell == cell:
                return self._flowing(cell, fact.marks.get(COLUMN, ""), "", (fact,))
        for rows in self.book.rows.values():
            for row in rows:
                for heading, own in row.cells.items():
                    if own == cell and heading not in row.facts:
                        return self._flowing(cell, heading, row.text(heading), tuple(row.facts.values()), row)
        for name, own in self.book.info_cells.items():
            if own == cell:
                return Source(cell, name, self.book.info.get(name, ""), ())
        return None

    def _flowing(self, cell: Cell, heading: str, text: str, facts: tuple[Fact, ...], row: Row | None = None) -> Source:
        cells = {fact.cell for fact in facts}
        figures = tuple(self.number(name) for name, own in self._resting.items() if own & cells)
        figures += tuple(self._project(n, f) for n, f in self._projects.items() if cells & set(f.cells()))
        boxes = tuple(
            self._box(sheet, box) for sheet, box in self._boxes if box.figure and cells & set(box.figure.cells())
        )
        table = facts[0].marks[TABLE] if facts else row.table if row else ""
        rules = self._rules({f.name for f in figures}, {b.name for b in boxes}, table, heading, amount=row is None)
        return Source(cell, heading, text, facts, figures, boxes, tuple(rules))

    @cached_property
    def _resting(self) -> Mapping[str, frozenset[Cell]]:
        """The cells that every number rests on."""
        return {name: frozenset(figure.cells()) for name, figure in self.numbers.items()}

    def _rules(self, figures: set[str], boxes: set[str], table: str, heading: str, *, amount: bool) -> Iterator[Rule]:
        """The rules that use one of these figures or boxes, or a column of an input sheet."""
        prose = table in self.profile.tables and self.profile.tables[table].kind in PROSE
        for rule in self.profile.rules.values():
            parts = [part for claim in rule.claims for part in (claim, claim.when) if part is not None]
            used = {name for part in parts for side in (part.left, part.right) for name in names_in(side)}
            match rule.scope:
                case "boxes":
                    concerned = any(box.partition("!")[0] in rule.of for box in boxes)
                case "amounts":
                    concerned = amount and table in rule.of
                case "inputs":
                    concerned = table in rule.of and any(n.text == heading for n in used)
                case "repeats":
                    concerned = table in rule.of
                case "lists" | "items":
                    items = {item.measure for name in rule.of for item in self.figures.every_item(name)}
                    concerned = any(name in items or name.rpartition(".")[0] in items for name in figures)
                case "names":
                    tables = {t.name for mark in rule.of for t in tables_of_names(self.profile, mark)}
                    concerned = heading in rule.of or (
                        table in tables and any(n.text == f"{table}_{heading}" for n in used)
                    )
                case "texts" | "reasons" | "mentions":
                    concerned = prose and not amount
                case _:
                    concerned = False
            if concerned or any(self._uses(name, figures, boxes) for name in used):
                yield rule

    def _uses(self, name: Name | BoxName, figures: set[str], boxes: set[str]) -> bool:
        if isinstance(name, Name):
            return name.text in figures
        for sheet in self.sheets:
            if sheet.key == name.schedule:
                if name.row == EACH_ROW:
                    own = [b for b in sheet.amounts if b.column_key == name.column]
                else:
                    own = [b for b in (sheet.box(name.row, name.column),) if b]
                return any(f"{sheet.key}!{box.ref}" in boxes for box in own)
        return False

    # -- what might have been meant -----------------------------------------------------------
    def _like(self, asked: str) -> str:
        if match := _PLACE.fullmatch(asked):
            return self._like_place(match["sheet"].strip("'\""))
        if match := _AMOUNT.fullmatch(normal(asked)):
            wanted = Decimal(match["number"].replace(",", ""))
            rate = match["unit"] == "%"
            near = [
                (abs(abs(figure.unit.rounded(figure.value)) - wanted), name)
                for name, figure in self.numbers.items()
                if figure.value is not None and (figure.unit.name == "%") == rate
            ]
            return "、".join(f"{name} {self.figures[name].text}" for _, name in sorted(near, key=lambda p: p[0])[:3])
        words = {normal(word): word for word in (*self.labels, *self.labels.values(), *self.profile.lists)}
        base, _, behind = asked.rpartition(".")
        if normal(base) in self._bases and not asked.endswith("]"):
            likely = get_close_matches(behind, [*COMPANIONS, *self.profile.phrases], LIKE, 0.1) or COMPANIONS
            return "、".join(f"{base}.{word}" for word in likely)
        return "、".join(words[word] for word in get_close_matches(normal(asked), list(words), LIKE, 0.4))

    def _like_place(self, name: str) -> str:
        """The cells of a sheet that hold amounts; for a sheet that does not exist, the sheets that do."""
        for own in self._sheets_called(name):
            cells = [fact.cell for fact in self.book.facts if fact.cell.sheet == own]
            if cells:
                return f"{cells[0]} … {cells[-1].ref}"
        for sheet in self._schedules_called(name):
            return f"{sheet.key}!{sheet.amounts[0].ref} … {sheet.amounts[-1].ref}"
        known = {normal(n): n for n in (*self.book.sheets.values(), *map(sheet_name, self.sheets))}
        near = get_close_matches(normal(name), list(known), LIKE, 0.3)
        return "、".join(known[n] for n in near or list(known)[:LIKE])

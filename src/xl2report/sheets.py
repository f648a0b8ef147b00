"""Schedules -> sheets: every printed box with its role and its figure, and no formats.

What is checked is what is printed: :mod:`xl2report.checks` reads these boxes, :mod:`xl2report.schedules`
writes them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, takewhile
from operator import itemgetter
from typing import Literal, NamedTuple

from xl2report.derive import Figures
from xl2report.facts import Book, Fact, Query, letters, prefixes, total
from xl2report.figures import Figure
from xl2report.profile import Line, Mark, Profile, Schedule, SheetColumn, Side

Role = Literal[
    "title", "number", "department", "unit", "head", "index", "code", "name", "line", "label", "amount", "note"
]
TOTAL_ROW = "合计"
_PLACE = itemgetter(0, 1)
"""Row and column of a box."""


class Box(NamedTuple):
    """One cell of a printed sheet, counted from 0, with what it shows.

    ``row_key`` and ``column_key`` name an amount for rules and check figures; ``addends`` are the boxes that a
    total sums on the same sheet; ``level`` indents; ``total`` marks rows that are set in bold.
    """

    row: int
    column: int
    role: Role
    text: str = ""
    figure: Figure | None = None
    rows: int = 1
    columns: int = 1
    level: int = 0
    total: bool = False
    row_key: str = ""
    row_label: str = ""
    column_key: str = ""
    heads: tuple[str, ...] = ()
    addends: tuple[tuple[int, int], ...] = ()

    @property
    def ref(self) -> str:
        """The address as Excel writes it."""
        return f"{letters(self.column)}{self.row + 1}"


@dataclass(frozen=True)
class Sheet:
    """One laid-out schedule: boxes in reading order, its head rows and its column widths in half-width characters."""

    key: str
    title: str
    boxes: tuple[Box, ...]
    head: tuple[int, int]
    widths: tuple[int, ...]
    stub: int
    """How many columns on the left are repeated on every page of a wide sheet."""
    rows: int
    empty: bool = False

    @property
    def columns(self) -> int:
        """How many columns the sheet has."""
        return len(self.widths)

    @cached_property
    def amounts(self) -> tuple[Box, ...]:
        """The boxes for amounts, blank ones included."""
        return tuple(box for box in self.boxes if box.role == "amount")

    @cached_property
    def by_place(self) -> Mapping[tuple[int, int], Box]:
        """The amounts by row and column."""
        return {(box.row, box.column): box for box in self.amounts}

    @cached_property
    def by_row(self) -> Mapping[str, Sequence[Box]]:
        """The amounts by row key."""
        found: dict[str, list[Box]] = {}
        for box in self.amounts:
            found.setdefault(box.row_key, []).append(box)
        return found

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str], Box]:
        """The amounts by row key and column key."""
        return {(box.row_key, box.column_key): box for box in self.amounts}

    def box(self, row: str, column: str = "") -> Box | None:
        """The amount of a row and column by their keys; the column may be left out where there is only one."""
        if column:
            return self.by_key.get((row, column))
        found = self.by_row.get(row, ())
        return found[0] if len(found) == 1 else None


@lru_cache(maxsize=4096)
def width_of(text: str) -> int:
    """The width of a text in half-width characters: a Chinese character counts two.

    >>> width_of("合计1")
    5
    """
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def lay_out(profile: Profile, book: Book, figures: Figures) -> tuple[Sheet, ...]:
    """Every schedule of the profile as a sheet, in the profile's order."""
    return tuple(_Page(profile, book, figures, schedule).sheet() for schedule in profile.schedules.values())


class Uncovered(NamedTuple):
    """An amount that a schedule claims to cover and does not print exactly once, with the reason (zh, en)."""

    schedule: str
    fact: Fact
    reason: tuple[str, str]


def uncovered(profile: Profile, book: Book) -> tuple[Uncovered, ...]:
    """Every amount that a schedule claims to cover and that no line or column of it takes, or several do."""
    found: list[Uncovered] = []
    for schedule in profile.schedules.values():
        if not schedule.covers:
            continue
        taking = Counter(id(fact) for leaf in _leaves(profile, schedule) for fact in book.select(leaf))
        for query in schedule.covers:
            for fact in book.select(query):
                if fact.amount:
                    found += (Uncovered(schedule.key, fact, reason) for reason in _reasons(schedule, taking, fact))
    return tuple(found)


def _leaves(profile: Profile, schedule: Schedule) -> Iterator[Query]:
    """The queries of the lines or columns that take amounts themselves instead of summing others."""
    if schedule.layout == "lines":
        for side in schedule.sides:
            for line in side.lines:
                for column in side.columns:
                    if not line.sums and not column.sums and line.where is not None:
                        yield _query(profile, _both(line.where, column.where))
    else:
        for column in schedule.columns:
            if not column.sums:
                yield _query(profile, _both(schedule.where, column.where))


def _reasons(schedule: Schedule, taking: Mapping[int, int], fact: Fact) -> Iterator[tuple[str, str]]:
    where = ("行次", "line") if schedule.layout == "lines" else ("栏目", "column")
    if taking[id(fact)] == 0:
        yield f"没有它的{where[0]}", f"no {where[1]} takes it"
    elif taking[id(fact)] > 1:
        yield f"同时属于几个{where[0]}", f"several {where[1]}s take it"
    for tree in filter(None, (schedule.rows, schedule.expand_mark)):
        code = fact.marks.get(tree, "")
        if not code:
            yield f"没有填{tree}编码", f"it has no {tree} code"
        elif schedule.blocks and not code.startswith(tuple(c for block in schedule.blocks for c in block)):
            yield f"{code}不属于本表所列科目", f"{code} is none of its codes"


def _both(first: Mapping[str, tuple[str, ...]], second: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Both selections at once; the second decides where both name a mark."""
    return {**first, **second}


def _query(profile: Profile, wanted: Mapping[str, tuple[str, ...]]) -> Query:
    return Query(wanted, profile.trees)


class _Page:
    """Lays out one schedule from the title down."""

    def __init__(self, profile: Profile, book: Book, figures: Figures, schedule: Schedule) -> None:
        self.profile = profile
        self.book = book
        self.figures = figures
        self.schedule = schedule
        self.unit = profile.units["万元"]._replace(places=2, trim=False)
        self.boxes: list[Box] = []
        self.widths: list[int] = []

    def sheet(self) -> Sheet:
        match self.schedule.layout:
            case "lines":
                head, stub = self.lines()
            case "tree":
                head, stub = self.tree()
            case "blocks":
                head, stub = self.blocks()
            case "row":
                head, stub = self.one_row()
        empty = not any(b.figure is not None and b.figure.value for b in self.boxes)
        rows = max(box.row + box.rows for box in self.boxes)
        width = len(self.widths)
        note = self.schedule.note
        if empty and self.schedule.empty:
            words = {word: self.book.info.get(word, "") for word in ("自称", "年度", "部门名称")}
            note = f"{note}\n{self.schedule.empty.format_map(words)}"
        furniture = [
            Box(0, 0, "title", self.schedule.title, columns=width),
            Box(1, 0, "number", self.schedule.number, columns=width),
            Box(2, 0, "department", f"部门：{self.book.info.get('部门名称', '')}", columns=width - 1),
            Box(2, width - 1, "unit", "单位：万元"),
        ]
        furniture += [Box(rows + i, 0, "note", text, columns=width) for i, text in enumerate(note.split("\n"))]
        boxes = sorted([*furniture, *self.boxes], key=_PLACE)
        last = rows + note.count("\n") + 1
        return Sheet(
            self.schedule.key, self.schedule.title, tuple(boxes), (3, head), tuple(self.widths), stub, last, empty
        )

    # -- parts --------------------------------------------------------------------------------
    def heads(self, paths: Sequence[tuple[str, ...]], first: int, top: int, depth: int) -> None:
        """The head boxes over some columns: equal neighbours share a box, the last head reaches down."""
        for level in range(depth):
            column = 0
            while column < len(paths):
                path = paths[column]
                if level >= len(path):
                    column += 1
                    continue
                until = column + 1
                last = level == len(path) - 1
                while (
                    not last
                    and until < len(paths)
                    and paths[until][: level + 1] == path[: level + 1]
                    and len(paths[until]) > level + 1
                ):
                    until += 1
                rows = depth - level if last else 1
                self.boxes.append(
                    Box(top + level, first + column, "head", path[level], rows=rows, columns=until - column)
                )
                column = until

    def sum_of(self, row: str, column: str, facts: tuple[Fact, ...], how: object) -> Figure | None:
        """The figure of a box by its keys; nothing where no amount was entered."""
        if not any(fact.entered for fact in facts):
            return None
        return Figure(f"{self.schedule.key}[{row}, {column}]", total(facts), self.unit, str(how), facts)

    # -- numbered lines: 01, 04 -----------------------------------------------------------------
    def lines(self) -> tuple[int, int]:
        top, first = 3, 0
        depth = 1
        starts: list[int] = []
        for side in self.schedule.sides:
            starts.append(first)
            columns = side.columns
            self.boxes.append(Box(top, first, "head", side.head, columns=2 + len(columns)))
            self.boxes.append(Box(top + 1, first, "head", "项目"))
            self.boxes.append(Box(top + 1, first + 1, "head", "行次"))
            self.heads([c.heads for c in columns], first + 2, top + 1, depth)
            first += 2 + len(columns)
        index, number = top + 2, 1
        for side, start in zip(self.schedule.sides, starts, strict=True):
            self.boxes.append(Box(index, start, "index", "栏次"))
            self.boxes.append(Box(index, start + 1, "index", ""))
            for offset, _ in enumerate(side.columns):
                self.boxes.append(Box(index, start + 2 + offset, "index", str(number)))
                number += 1
            self.side(side, index + 1, start)
        return index + 1, 0

    def side(self, side: Side, top: int, start: int) -> None:
        place = {line.number: top + at for at, line in enumerate(side.lines)}
        lines = {line.number: line for line in side.lines}
        label_width = 0
        for line in side.lines:
            row, total = place[line.number], bool(line.sums) and not line.label.startswith(("一", "二", "三"))
            self.boxes.append(Box(row, start, "label", line.label, total=total))
            self.boxes.append(Box(row, start + 1, "line", str(line.number), total=total))
            label_width = max(label_width, width_of(line.label))
            for at, column in enumerate(side.columns, start + 2):
                key = str(line.number)
                box = Box(
                    row, at, "amount", row_key=key, row_label=line.label, column_key=column.key, heads=column.heads
                )
                if not line.label:
                    self.boxes.append(box)
                    continue
                facts = self.line_facts(lines, line, column)
                addends: tuple[tuple[int, int], ...] = ()
                if line.sums:
                    addends = tuple((place[n], at) for n in line.sums)
                elif column.sums:
                    columns = [c.key for c in side.columns]
                    addends = tuple((row, start + 2 + columns.index(key)) for key in column.sums)
                how = self.line_query(line, column) or ""
                figure = self.sum_of(key, column.key, facts, how)
                self.boxes.append(box._replace(figure=figure, total=total, addends=addends))
        self.widths += [max(24, min(label_width + 2, 38)), 6]
        self.widths += [max(16, min(22, max(width_of(h) for h in c.heads))) for c in side.columns]

    def line_query(self, line: Line, column: SheetColumn) -> Query | None:
        return None if line.where is None else _query(self.profile, _both(line.where, column.where))

    def line_facts(self, lines: Mapping[int, Line], line: Line, column: SheetColumn) -> tuple[Fact, ...]:
        """The facts of a line: those of its query, or else those of the lines that it sums."""
        query = self.line_query(line, column)
        if query is not None:
            return self.book.select(query)
        return tuple(fact for n in line.sums for fact in self.line_facts(lines, lines[n], column))

    # -- code trees: 02, 03, 05–07, 09–12 -------------------------------------------------------
    def tree(self) -> tuple[int, int]:
        schedule, mark = self.schedule, self.profile.marks[self.schedule.rows]
        columns = self.expanded() if schedule.expand else schedule.columns
        cells = self.tree_cells(columns, mark)
        depth = max(len(c.heads) for c in columns)
        top = 3
        code_head = ("功能分类" if mark.name == "功能科目" else "经济分类") + "\n科目编码"
        name_head = "科目名称（项目名称）" if schedule.under else "科目名称"
        self.boxes.append(Box(top, 0, "head", "项目", columns=2))
        self.boxes.append(Box(top + 1, 0, "head", code_head, rows=depth))
        self.boxes.append(Box(top + 1, 1, "head", name_head, rows=depth))
        self.heads([c.heads for c in columns], 2, top, depth + 1)
        index = top + 1 + depth
        self.boxes.append(Box(index, 0, "index", "栏次", columns=2))
        self.boxes += [Box(index, 2 + at, "index", str(at + 1)) for at in range(len(columns))]
        rows = self.tree_rows(mark, cells)
        below = _children(rows)
        place = {key: index + 1 + at for at, (key, _, _) in enumerate(rows)}
        keys = [c.key for c in columns]
        names = 0
        for key, label, level in rows:
            row, children = place[key], below[key]
            total = level <= 0
            if key == TOTAL_ROW:
                self.boxes.append(Box(row, 0, "name", TOTAL_ROW, columns=2, total=True, level=-1))
            else:
                self.boxes.append(Box(row, 0, "code", key if "/" not in key else "", total=total))
                self.boxes.append(Box(row, 1, "name", label, level=level, total=total))
                names = max(names, width_of(label) + 2 * level)
            code, _, under = key.partition("/")
            code = "" if key == TOTAL_ROW else code
            for at, column in enumerate(columns, 2):
                facts = cells.get((code, under, column.key), ())
                if children:
                    addends = tuple([(place[child], at) for child in children])
                elif column.sums and key != TOTAL_ROW:
                    addends = tuple([(row, 2 + keys.index(part)) for part in column.sums])
                else:
                    addends = ()
                self.boxes.append(
                    Box(
                        row,
                        at,
                        "amount",
                        figure=self.sum_of(key, column.key, facts, f"{schedule.rows}={key}，{column.key}")
                        if facts
                        else None,
                        total=total,
                        row_key=key,
                        row_label=label,
                        column_key=column.key,
                        heads=column.heads,
                        addends=addends,
                    )
                )
        self.widths += [12, max(22, min(names + 2, 44))]
        self.widths += [self.column_width(c.heads) for c in columns]
        return index + 1, 2

    def column_width(self, heads: tuple[str, ...]) -> int:
        """Wide enough for an amount and for half of the last head (it wraps onto two lines)."""
        return max(13, min(20, (width_of(heads[-1]) + 1) // 2 + 2))

    def expanded(self) -> tuple[SheetColumn, ...]:
        """The declared columns, then one group a 类 of a code tree: 小计 and its 款."""
        schedule = self.schedule
        mark = self.profile.marks[schedule.expand_mark]
        facts = self.book.select(_query(self.profile, schedule.where))
        used = {fact.marks.get(mark.name, "") for fact in facts if fact.entered and fact.amount}
        groups = sorted({*mark.children(""), *(code[: mark.lengths[0]] for code in used if code)})
        columns: list[SheetColumn] = []
        for group in groups:
            children = sorted({*mark.children(group), *(c for c in used if c.startswith(group) and c != group)})
            kept = [c for c in children if schedule.expand == "all" or c in used]
            heads = mark.name_of(group)
            columns.append(SheetColumn(group, (heads, "小计"), {mark.name: (group,)}, tuple(kept)))
            columns += [SheetColumn(c, (heads, mark.name_of(c)), {mark.name: (c,)}) for c in kept]
        whole = schedule.columns[0]
        return (SheetColumn(whole.key, whole.heads, whole.where, tuple(groups)), *columns)

    def tree_cells(self, columns: Sequence[SheetColumn], mark: Mark) -> dict[tuple[str, str, str], tuple[Fact, ...]]:
        """(code, name under it, column) -> facts, for every level of the tree and for the total ("")."""
        schedule = self.schedule
        cells: dict[tuple[str, str, str], list[Fact]] = {}
        for column in columns:
            wanted = _both(schedule.where, column.where)
            for fact in self.book.select(_query(self.profile, wanted)):
                code = fact.marks.get(mark.name, "")
                keys = [("", "")] + [(part, "") for part in prefixes(code, mark.lengths)]
                if schedule.under and code:
                    keys.append((code, fact.marks.get(schedule.under, "") or "（未注明项目）"))
                for key in keys:
                    cells.setdefault((*key, column.key), []).append(fact)
        return {key: tuple(facts) for key, facts in cells.items()}

    def tree_rows(
        self, mark: Mark, cells: Mapping[tuple[str, str, str], tuple[Fact, ...]]
    ) -> list[tuple[str, str, int]]:
        """(key, label, level) of the rows in order: 合计, then every code that has an amount, names under their 项."""
        used: dict[str, dict[str, None]] = {}
        for (code, name, _), facts in cells.items():
            if code and any(f.entered and f.amount for f in facts):
                used.setdefault(code, {}).update({name: None} if name else {})
        rows: list[tuple[str, str, int]] = [(TOTAL_ROW, TOTAL_ROW, -1)]
        for code in sorted(used):
            level = mark.lengths.index(len(code)) if len(code) in mark.lengths else len(mark.lengths) - 1
            rows.append((code, mark.name_of(code), level))
            rows += [(f"{code}/{name}", name, level + 1) for name in used[code]]
        return rows

    # -- blocks side by side: 08 ----------------------------------------------------------------
    def blocks(self) -> tuple[int, int]:
        schedule, mark = self.schedule, self.profile.marks[self.schedule.rows]
        column = schedule.columns[0]
        facts = self.book.select(_query(self.profile, _both(schedule.where, column.where)))
        top, index = 3, 4
        longest = max(sum(1 + len(self.codes_of(mark, code, facts)) for code in block) for block in schedule.blocks)
        foot = index + 1 + longest
        below = _by_code(facts, mark)
        place: dict[str, tuple[int, int]] = {}
        for number, block in enumerate(schedule.blocks):
            left = number * 3
            for at, text in enumerate(("科目编码", "科目名称", *column.heads)):
                self.boxes.append(Box(top, left + at, "head", text))
            self.boxes.append(Box(index, left, "index", "栏次", columns=2))
            self.boxes.append(Box(index, left + 2, "index", str(number + 1)))
            row = index + 1
            names = 0
            for group in block:
                children = self.codes_of(mark, group, facts)
                for code in (group, *children):
                    place[code] = (row, left + 2)
                    level = 0 if code == group else 1
                    own = below(code)
                    addends = tuple((row + 1 + i, left + 2) for i in range(len(children))) if code == group else ()
                    self.boxes.append(Box(row, left, "code", code, total=code == group))
                    self.boxes.append(Box(row, left + 1, "name", mark.name_of(code), level=level, total=code == group))
                    self.boxes.append(
                        Box(
                            row,
                            left + 2,
                            "amount",
                            figure=self.sum_of(code, column.key, own, f"{mark.name}={code}"),
                            total=code == group,
                            row_key=code,
                            row_label=mark.name_of(code),
                            column_key=column.key,
                            heads=column.heads,
                            addends=addends,
                        )
                    )
                    names = max(names, width_of(mark.name_of(code)) + 2 * level)
                    row += 1
            for blank in range(row, foot):
                self.boxes += [Box(blank, left, "code"), Box(blank, left + 1, "name"), Box(blank, left + 2, "amount")]
            self.widths += [10, max(18, min(names + 2, 40)), 14]
        spanned = {f.block: f for f in schedule.feet}
        first = 0
        for number in range(len(schedule.blocks)):
            if number not in spanned:
                continue
            end = spanned[number]
            left, value = first * 3, number * 3 + 2
            own = tuple(f for f in facts if f.marks.get(mark.name, "").startswith(end.codes))
            self.boxes.append(Box(foot, left, "name", end.label, columns=value - left, total=True, level=-1))
            self.boxes.append(
                Box(
                    foot,
                    value,
                    "amount",
                    figure=self.sum_of(end.label, column.key, own, f"{mark.name}={'|'.join(end.codes)}"),
                    total=True,
                    row_key=end.label,
                    row_label=end.label,
                    column_key=column.key,
                    heads=column.heads,
                    addends=tuple(place[code] for code in end.codes),
                )
            )
            first = number + 1
        return index + 1, 0

    def codes_of(self, mark: Mark, group: str, facts: Sequence[Fact]) -> tuple[str, ...]:
        """The 款 of a 类: the official ones, and those that the accounts use beside them."""
        used = {f.marks.get(mark.name, "") for f in facts if f.amount}
        return tuple(sorted({*mark.children(group), *(c for c in used if c.startswith(group) and c != group)}))

    # -- one row: 13 ----------------------------------------------------------------------------
    def one_row(self) -> tuple[int, int]:
        columns = self.schedule.columns
        depth = max(len(c.heads) for c in columns)
        top = 3
        self.heads([c.heads for c in columns], 0, top, depth)
        index = top + depth
        keys = [c.key for c in columns]
        for at, column in enumerate(columns):
            self.boxes.append(Box(index, at, "index", str(at + 1)))
            query = _query(self.profile, _both(self.schedule.where, column.where))
            self.boxes.append(
                Box(
                    index + 1,
                    at,
                    "amount",
                    figure=self.sum_of(TOTAL_ROW, column.key, self.book.select(query), query),
                    row_key=TOTAL_ROW,
                    row_label=TOTAL_ROW,
                    column_key=column.key,
                    heads=column.heads,
                    addends=tuple((index + 1, keys.index(part)) for part in column.sums),
                )
            )
        self.widths += [self.column_width(c.heads) for c in columns]
        return index + 1, 0


def _by_code(facts: Sequence[Fact], mark: Mark) -> Callable[[str], tuple[Fact, ...]]:
    """Gives the facts of a code and of those below it, in order."""
    ordered = sorted((fact.marks.get(mark.name, ""), at) for at, fact in enumerate(facts))

    def below(code: str) -> tuple[Fact, ...]:
        found = takewhile(lambda one: one[0].startswith(code), islice(ordered, bisect_left(ordered, (code, -1)), None))
        return tuple(facts[at] for at in sorted(at for _, at in found))

    return below


def _children(rows: Sequence[tuple[str, str, int]]) -> Mapping[str, Sequence[str]]:
    """Row key -> the keys of the rows directly below it in the tree; rows are (key, label, level) in order."""
    below: dict[str, list[str]] = {}
    path: list[tuple[str, int]] = []
    for key, _, level in rows:
        below[key] = []
        while path and path[-1][1] >= level:
            path.pop()
        if path:
            below[path[-1][0]].append(key)
        path.append((key, level))
    return below

"""Runs the rules of a profile over figures and printed boxes, and compares check figures; returns findings.

What is checked is what is printed. A rule over a number that is missing is not applied: that the number is
missing is a finding of its own where a report needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from xl2report.derive import Figures
from xl2report.facts import COLUMN, TABLE, Book, Cell, Fact, Row, letters
from xl2report.figures import Figure, Unit, half_up
from xl2report.findings import Finding, Term, Words, finding, one_of
from xl2report.formulas import COMPARISONS, BoxName, Name, evaluate
from xl2report.formulas import names as names_in
from xl2report.phrasing import case_of
from xl2report.profile import EACH_ROW, Claim, Profile, Rule
from xl2report.reader import normal
from xl2report.sheets import Box, Sheet, Uncovered, uncovered

STALE = "【待更新】"
"""What stands before a text that was carried from last year's workbook until somebody has changed it."""

UNEXPLAINED = ("未完成", "超出", "未支出", "未安排")
"""The situations of an execution of budget that the report must give the reason for."""


class _MissingError(Exception):
    """A name of a claim has no value."""


@dataclass(frozen=True)
class _Scope:
    """Where the names of a claim get their values."""

    figures: Figures
    sheets: Mapping[str, Sheet]
    bound: Mapping[str, Figure]
    row: str = ""
    """The row that 行 stands for in the name of a box."""

    def figure(self, name: Name | BoxName) -> Figure | None:
        """The figure of a name; ``None`` for a blank box."""
        if isinstance(name, BoxName):
            box = self.box(name)
            return box.figure if box else None
        return self.bound[name.text] if name.text in self.bound else self.figures[name.text]

    def box(self, name: BoxName) -> Box | None:
        """The printed box of a name."""
        sheet = self.sheets.get(name.schedule)
        return sheet.box(self.row if name.row == EACH_ROW else name.row, name.column) if sheet else None

    def value(self, name: Name | BoxName) -> Decimal:
        """The value of a name; a blank box counts zero."""
        if isinstance(name, BoxName) and name.schedule not in self.sheets:
            raise _MissingError
        figure = self.figure(name)
        if figure is None:
            return Decimal(0)
        if figure.value is None:
            raise _MissingError
        return figure.value

    def holds(self, claim: Claim) -> bool:
        """Whether a claim is true."""
        return COMPARISONS[claim.sign](evaluate(claim.left, self.value), evaluate(claim.right, self.value))


def check(profile: Profile, book: Book, figures: Figures, sheets: Iterable[Sheet]) -> tuple[Finding, ...]:
    """Everything that does not hold: coverage, rules in the profile's order, check figures, missing texts."""
    by_key = {sheet.key: sheet for sheet in sheets}
    missing = uncovered(profile, book)
    found: list[Finding] = list(_uncovered(missing))
    incomplete = {m.schedule for m in missing}  # their totals cannot add up; once is enough
    for rule in profile.rules.values():
        found.extend(run(rule, profile, book, figures, {k: s for k, s in by_key.items() if k not in incomplete}))
    found.extend(_check_figures(profile, book, by_key))
    found.extend(_missing_texts(profile, book, figures))
    found.extend(_stale_texts(profile, book))
    return tuple(found)


def _uncovered(missing: Iterable[Uncovered]) -> Iterator[Finding]:
    """One finding for each amount and reason, with all the schedules that it is missing from."""
    schedules: dict[tuple[Cell, tuple[str, str]], list[str]] = {}
    facts: dict[Cell, Fact] = {}
    for one in missing:
        schedules.setdefault((one.fact.cell, one.reason), []).append(one.schedule)
        facts[one.fact.cell] = one.fact
    for (cell, (zh, en)), keys in schedules.items():
        marks = "，".join(v for k, v in facts[cell].marks.items() if v and k not in (TABLE, COLUMN))
        yield finding("C304", cell, schedules="、".join(keys), reason_zh=zh, reason_en=en, found=marks)


def run(rule: Rule, profile: Profile, book: Book, figures: Figures, sheets: Mapping[str, Sheet]) -> Iterator[Finding]:
    """The findings of one rule."""
    scope = _Scope(figures, sheets, {})
    for claim in rule.claims:
        if rule.boxes:
            for key in rule.boxes:
                if key in sheets:
                    yield from _totals(rule, claim, scope, sheets[key])
        elif rule.rows:
            for key in dict.fromkeys(box.row_key for box in sheets[rule.rows].amounts) if rule.rows in sheets else ():
                yield from _one(rule, claim, replace(scope, row=key))
        elif rule.texts:
            if not _true(scope, rule, claim):
                for row, heading in _texts_with(profile, book, rule.texts):
                    yield _finding(rule, claim, scope, row.cells[heading], found=_around(row.text(heading), rule.texts))
        else:
            yield from _one(rule, claim, scope)


def _one(rule: Rule, claim: Claim, scope: _Scope) -> Iterator[Finding]:
    if not _true(scope, rule, claim):
        yield _finding(rule, claim, scope, _place(claim, scope))


def example_holds(rule: Rule, example: Mapping[str, object]) -> bool:
    """Whether a rule is satisfied by the values of one of its examples."""
    unit = Unit("", Decimal(1), 6)
    values = {name: Figure(name, Decimal(str(value)), unit, "") for name, value in example.items()}

    def value(name: Name | BoxName) -> Decimal:
        figure = values[name.text].value
        assert figure is not None
        return figure

    claim = rule.claims[0]
    for condition in (rule.when,) if rule.when else ():
        if not COMPARISONS[condition.sign](evaluate(condition.left, value), evaluate(condition.right, value)):
            return True
    return COMPARISONS[claim.sign](evaluate(claim.left, value), evaluate(claim.right, value))


def _true(scope: _Scope, rule: Rule, claim: Claim) -> bool:
    """Whether a claim holds, or its condition does not, or a number for it is missing."""
    try:
        return (rule.when is not None and not scope.holds(rule.when)) or scope.holds(claim)
    except _MissingError:
        return True


def _totals(rule: Rule, claim: Claim, scope: _Scope, sheet: Sheet) -> Iterator[Finding]:
    for box in sheet.amounts:
        if not box.addends:
            continue
        parts = [sheet.by_place[at] for at in box.addends]
        unit = box.figure.unit if box.figure else next((p.figure.unit for p in parts if p.figure), None)
        if unit is None:
            continue
        summed = sum((p.figure.value or Decimal(0) for p in parts if p.figure), Decimal(0))
        own = box.figure or Figure("", Decimal(0), unit, "")
        bound = {"本格": own, "加数之和": Figure("", summed, unit, "")}
        if _true(replace(scope, bound=bound), rule, claim):
            continue
        terms = [
            _difference((own.value or Decimal(0)) - summed, unit),
            *(_box_term(p, sheet) for p in parts if p.figure),
        ]
        shown, expected = _shown(unit, own.value or Decimal(0), summed)
        place = f"{sheet.key}!{box.ref}（{_box_name(box)}）"
        yield Finding(rule.code, rule.severity, place, rule.message, rule.action, shown, expected, tuple(terms))


def _finding(rule: Rule, claim: Claim, scope: _Scope, place: Cell | str, found: str = "") -> Finding:
    terms, expected = [], ""
    for name in dict.fromkeys((*names_in(claim.left), *names_in(claim.right))):
        figure = scope.figure(name)
        box = scope.box(name) if isinstance(name, BoxName) else None
        label = (
            f"公开{name.schedule}表 {_box_name(box)}"
            if box and isinstance(name, BoxName)
            else (figure.label if figure else "") or name.text
        )
        cells = figure.cells() if figure else ()
        at = (
            str(cells[0])
            if len(cells) == 1
            else (f"{name.schedule}!{box.ref}" if box and isinstance(name, BoxName) else "")
        )
        terms.append(Term(label, _worded(figure), at))
    shown = ""
    try:
        sides = evaluate(claim.left, scope.value), evaluate(claim.right, scope.value)
        unit = next(f.unit for n in (*names_in(claim.left), *names_in(claim.right)) if (f := scope.figure(n)))
        if claim.sign == "=" and not found:
            terms.append(_difference(sides[0] - sides[1], unit))
        shown, expected = _shown(unit, *sides)
        expected = expected if claim.sign == "=" else f"{claim.sign} {expected}"
    except (_MissingError, StopIteration):
        pass
    return Finding(
        rule.code,
        rule.severity,
        str(place),
        _filled(rule.message, claim.words),
        _filled(rule.action, claim.words),
        found or shown,
        "" if found else expected,
        tuple(terms),
        place if isinstance(place, Cell) else None,
    )


def _shown(unit: Unit, *values: Decimal) -> tuple[str, ...]:
    """Amounts as they are printed, with their unit; exactly, in 元, where printing would hide some of them."""
    if unit.scale <= 1:
        return tuple(unit.show(value) for value in values)
    if all(value == unit.rounded(value) * unit.scale for value in values):
        return tuple(unit.show(value) + unit.name for value in values)
    return tuple(f"{format(value, 'f')}元" for value in values)


def _worded(figure: Figure | None) -> str:
    """A figure with its unit; "" for a blank box."""
    if figure is None or figure.value is None:
        return figure.text if figure else ""
    return _shown(figure.unit, figure.value)[0]


def _difference(value: Decimal, unit: Unit) -> Term:
    return Term("差额", _shown(unit, value)[0])


def _filled(words: Words, values: Mapping[str, str]) -> Words:
    return Words(words.zh.format_map(values), words.en.format_map(values))


def _place(claim: Claim, scope: _Scope) -> Cell | str:
    """The first single cell that a claim rests on, or else its first box, or the sheets it comes from."""
    used = (*names_in(claim.left), *names_in(claim.right))
    for name in used:
        figure = scope.figure(name)
        if isinstance(name, Name) and figure and len(figure.cells()) == 1:
            return figure.cells()[0]
    for name in used:
        box = scope.box(name) if isinstance(name, BoxName) else None
        if box and isinstance(name, BoxName):
            return f"{name.schedule}!{box.ref}（{_box_name(box)}）"
    sheets = dict.fromkeys(c.sheet for n in used if (f := scope.figure(n)) for c in f.cells())
    return "、".join(sheets)


def _box_name(box: Box) -> str:
    label = " ".join(dict.fromkeys(x for x in (box.row_key, box.row_label) if x))
    return "，".join(x for x in (label, "·".join(box.heads)) if x)


def _box_term(box: Box, sheet: Sheet) -> Term:
    return Term(_box_name(box), _worded(box.figure), f"{sheet.key}!{box.ref}")


def _texts_with(profile: Profile, book: Book, words: Iterable[str]) -> Iterator[tuple[Row, str]]:
    for table in profile.tables.values():
        if table.kind == "texts":
            heading = table.columns[-1].heading
            for row in book.table(table.name):
                if any(word in row.text(heading) for word in words):
                    yield row, heading


def _around(text: str, words: Iterable[str]) -> str:
    """The words found and a few characters before and behind."""
    at, word = next((text.index(w), w) for w in words if w in text)
    return text[max(0, at - 12) : at + len(word) + 6]


# -- check figures --------------------------------------------------------------------------------


def _check_figures(profile: Profile, book: Book, sheets: Mapping[str, Sheet]) -> Iterator[Finding]:
    for table in profile.tables.values():
        if table.kind == "checks":
            schedule, row, column, amount = (c.heading for c in table.columns)
            for line in book.table(table.name):
                if amount in line.facts and line.facts[amount].entered:
                    yield from _compare(line, sheets, line.text(schedule), line.text(row), line.text(column), amount)


def _compare(
    line: Row, sheets: Mapping[str, Sheet], schedule: str, row: str, column: str, amount: str
) -> Iterator[Finding]:
    fact = line.facts[amount]
    number = "".join(c for c in normal(schedule) if c.isdigit()).zfill(2)
    sheet = sheets.get(number)
    said = f"{schedule}，{row}，{column}"
    if sheet is None:
        yield finding("C303", fact.cell, found=said, expected=one_of(tuple(sheets), number, 13))
        return
    boxes = [b for b in sheet.amounts if b.row_key and _is_row(b, normal(row)) and _is_column(b, normal(column))]
    if not boxes:
        rows = list(dict.fromkeys(b.row_label or b.row_key for b in sheet.amounts if b.row_key))
        columns = list(dict.fromkeys("·".join(b.heads) for b in sheet.amounts))
        expected = f"行：{one_of(rows, row, 4)}；列：{one_of(columns, column, 4)}"
        yield finding("C303", fact.cell, found=said, expected=expected)
        return
    values = {b.figure.value if b.figure else Decimal(0) for b in boxes}
    if len(values) > 1:
        expected = "、".join(f"{b.row_key}（{number}!{b.ref}）" for b in boxes[:6])
        yield finding("C305", fact.cell, found=said, expected=expected)
        return
    computed = values.pop() or Decimal(0)
    # a check figure in 万元 was rounded to two places when it was printed; one in 元 is exact
    in_wan = line.text(amount) == "万元"
    if fact.amount != (half_up(computed / 10000, 2) * 10000 if in_wan else computed):
        box = boxes[0]
        terms = (
            Term("差额（元）", format((fact.amount - computed).normalize(), "f")),
            Term(f"公开{number}表 {_box_name(box)}", f"{computed:f}", f"{number}!{box.ref}"),
        )
        yield finding("C302", fact.cell, found=f"{fact.amount:f}", expected=f"{computed:f}", terms=terms)


def _is_row(box: Box, row: str) -> bool:
    label = normal(box.row_label)
    _, _, behind = label.partition("、")
    return row in (normal(box.row_key), label, behind)


def _is_column(box: Box, column: str) -> bool:
    heads = [normal(h) for h in box.heads]
    return column in (normal(box.column_key), heads[-1], "·".join(heads), "".join(heads), letters(box.column).lower())


# -- texts ----------------------------------------------------------------------------------------


def _missing_texts(profile: Profile, book: Book, figures: Figures) -> Iterator[Finding]:
    """A finding for every text that the accounts ask for and that is not there."""
    given = positions(profile, book)
    sheet = next((t.name for t in profile.tables.values() if t.kind == "texts"), "")
    for text in profile.texts.values():
        if normal(text.position) in given:
            continue
        asked = text.required
        for name in (text.explains, text.when):
            if name:
                figure = figures[name]
                asked = asked or (figure.value is not None and figure.unit.rounded(figure.value) != 0)
        if asked:
            yield finding("N402", sheet, position=text.position, expected=text.hint)
    for name, listed in profile.lists.items():
        for item in figures.listed(name) if listed.reasons else ():
            position = f"原因：{item.code or item.label}"
            unexplained = case_of(figures, item.measure, "预算") in UNEXPLAINED
            if unexplained and not {normal(position), normal(f"原因：{item.label}")} & given:
                rate = figures[f"{item.measure}.完成率"]
                terms = [Term(item.label, _worded(figures[item.measure]))]
                terms += [Term("预算", _worded(figures[f"{item.measure}.预算"]))]
                terms += [Term("完成率", rate.text)] if rate.value is not None else []
                yield finding("N402", sheet, position=position, expected=item.label, terms=terms)


def _stale_texts(profile: Profile, book: Book) -> Iterator[Finding]:
    """One finding for each name whose texts are still last year's, at the first of their cells."""
    for table in profile.tables.values():
        cells: dict[str, list[Cell]] = {}
        for row in book.table(table.name):
            for heading, text in row.texts.items():
                if STALE in text:
                    cells.setdefault(row.text(table.columns[0].heading), []).append(row.cells[heading])
        for name, places in cells.items():
            refs = "、".join(place.ref for place in places[:8]) + ("……" if len(places) > 8 else "")
            yield finding("N410", places[0], name=name.replace(STALE, "")[:40], count=str(len(places)), found=refs)


def positions(profile: Profile, book: Book) -> frozenset[str]:
    """The 位置 that 文字材料 has texts for, as compared."""
    return frozenset(
        normal(row.text(table.columns[0].heading))
        for table in profile.tables.values()
        if table.kind == "texts"
        for row in book.table(table.name)
        if row.text(table.columns[-1].heading)
    )

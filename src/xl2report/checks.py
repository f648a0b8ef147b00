"""Runs the rules of a profile over figures, printed boxes, cells and texts, and compares check figures; returns findings.

What is checked is what is printed. A rule over a number that is missing is not applied (that the number is missing
is a finding of its own where a report needs it), nor is one over a sheet that could not be read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from xl2report.derive import Figures
from xl2report.facts import COLUMN, TABLE, Book, Cell, Fact, Row, letters
from xl2report.figures import Figure, Unit, half_up
from xl2report.findings import DIFFERENCE, Finding, Term, Words, finding, one_of
from xl2report.formulas import COMPARISONS, BoxName, Expression, Name, Operation, evaluate
from xl2report.formulas import names as names_in
from xl2report.phrasing import case_of
from xl2report.profile import EACH_ROW, Claim, Profile, Rule
from xl2report.prose import around, found_word
from xl2report.reader import normal
from xl2report.scopes import COUNT, Accounts, Shown, Subject, amount_text, box_name, hides, label_of
from xl2report.sheets import Box, Sheet, Uncovered, uncovered
from xl2report.sources import Sources

STALE = "【待更新】"
"""What stands before a text that was carried from last year's workbook until somebody has changed it."""

UNEXPLAINED = ("未完成", "超出", "未支出", "未安排")
"""The situations of an execution of budget that the report must give the reason for."""
SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠"}
"""How a finding writes a comparison."""
MOST_COMPARED = 100_000
"""Names that those of wrong check figures are compared with, of each schedule."""
RATIO = Unit("", Decimal(1), 4)
"""How a finding writes what money is of money."""
EXAMPLE_YEAR = 2023
"""The year of the texts in the examples of rules."""


class _MissingError(Exception):
    """A name of a claim has no value."""


class Checked(NamedTuple):
    """What :func:`check` found, and the codes of the rules that could not be applied to everything."""

    findings: tuple[Finding, ...]
    left_out: tuple[str, ...] = ()


class _Values(NamedTuple):
    """Where the names of a claim about one subject get their values."""

    accounts: Accounts
    subject: Subject

    def figure(self, name: Name | BoxName) -> Figure | None:
        """The figure of a name; ``None`` for a blank box.

        Raises:
            _MissingError: for a name that the subject should give and has not.
        """
        if isinstance(name, BoxName):
            box = self.box(name)
            return box.figure if box else None
        if name.text in self.subject.values:
            return self.subject.values[name.text]
        try:
            return self.accounts.figures[name.text]
        except KeyError:
            raise _MissingError from None

    def box(self, name: BoxName) -> Box | None:
        """The printed box of a name."""
        sheet = self.accounts.sheets.get(name.schedule)
        return sheet.box(self.subject.row if name.row == EACH_ROW else name.row, name.column) if sheet else None

    def value(self, name: Name | BoxName) -> Decimal:
        """The value of a name; a blank box counts zero."""
        if isinstance(name, BoxName) and name.schedule not in self.accounts.sheets:
            raise _MissingError
        figure = self.figure(name)
        if figure is None:
            return Decimal(0)
        if figure.value is None:
            raise _MissingError
        return figure.value

    def satisfy(self, claim: Claim) -> bool:
        """Whether a claim holds, or its condition does not, or a number for it is missing."""
        return _satisfied(claim, self.value)


def _satisfied(claim: Claim, value: Callable[[Name | BoxName], Decimal]) -> bool:
    try:
        if claim.when is not None and not _compare(claim.when, value):
            return True
        return _compare(claim, value)
    except (_MissingError, ZeroDivisionError):
        return True


def _compare(claim: Claim, value: Callable[[Name | BoxName], Decimal]) -> bool:
    return COMPARISONS[claim.sign](evaluate(claim.left, value), evaluate(claim.right, value))


@dataclass(frozen=True, slots=True)
class _Told:
    """The findings of a claim of a rule that others come after: what the claim is of, and their cells."""

    words: Mapping[str, str]
    cells: set[Cell | None] = field(default_factory=set)

    def explain(self, rule: Rule, claim: Claim, found: Finding) -> bool:
        """Whether a finding would only say again what one of these says.

        That is, one of the same fund (or whatever both rules name one by one); of the same cell, for rules about
        many things; and any other.
        """
        common = set(self.words) & set(claim.words)
        if common:
            return all(self.words[key] == claim.words[key] for key in common)
        return not rule.scope or (found.cell is not None and found.cell in self.cells)


def check(profile: Profile, book: Book, figures: Figures, sheets: Iterable[Sheet]) -> Checked:
    """Everything that does not hold: coverage, rules in the profile's order, check figures, missing texts."""
    by_key = {sheet.key: sheet for sheet in sheets}
    missing = uncovered(profile, book)
    found: list[Finding] = list(_uncovered(missing))
    incomplete = {m.schedule for m in missing}  # their totals cannot add up; once is enough
    accounts = Accounts(profile, book, figures, {k: s for k, s in by_key.items() if k not in incomplete})
    sources = Sources(profile)
    told: dict[str, list[_Told]] = {}
    left_out = []
    for rule in sorted(profile.rules.values(), key=lambda r: bool(r.after)):
        sound = rule.claims
        if book.doubtful:  # asking for the sources takes longer than most rules
            sound = tuple(c for c in rule.claims if not book.doubts(sources.of_claim(rule, c)))
        if len(sound) < len(rule.claims):
            left_out.append(rule.code)
        for claim in sound:
            own = _Told(claim.words)
            for one in run(rule, accounts, (claim,)):
                if not any(before.explain(rule, claim, one) for code in rule.after for before in told.get(code, ())):
                    own.cells.add(one.cell)
                    found.append(one)
            if own.cells:
                told.setdefault(rule.code, []).append(own)
    found.extend(_former_names(accounts))
    whole = {key: sheet for key, sheet in by_key.items() if not book.doubts(sources.of_schedule(key))}
    found.extend(_check_figures(profile, book, whole))
    found.extend(_missing_texts(profile, book, figures, sources))
    found.extend(_stale_texts(profile, book))
    return Checked(tuple(found), tuple(sorted(left_out)))


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


# -- rules ----------------------------------------------------------------------------------------


def run(rule: Rule, accounts: Accounts, claims: Iterable[Claim] | None = None) -> Iterator[Finding]:
    """The findings of one rule, or of some of its claims: one for each claim and subject that it does not hold for."""
    info = accounts.book.info
    if any(info.get(name, "") not in values for name, values in rule.where.items()):
        return
    for claim in rule.claims if claims is None else claims:
        for subject in accounts.subjects(rule):
            values = _Values(accounts, subject)
            if not values.satisfy(claim):
                yield _finding(rule, claim, values)


def example_holds(rule: Rule, example: Mapping[str, object]) -> bool:
    """Whether a rule is satisfied by the values of one of its examples; 文字 is the text that it is about."""
    unit = Unit("", Decimal(1), 6)
    values = {name: Figure(name, Decimal(str(v)), unit, "") for name, v in example.items() if name != "文字"}
    if "文字" in example:
        text = str(example["文字"])
        if not found_word(text, rule.of, EXAMPLE_YEAR) or found_word(text, rule.unless, EXAMPLE_YEAR):
            return True

    def value(name: Name | BoxName) -> Decimal:
        figure = values[name.text].value
        assert figure is not None
        return figure

    return _satisfied(rule.claims[0], value)


def _finding(rule: Rule, claim: Claim, values: _Values) -> Finding:
    subject = values.subject
    used = tuple(dict.fromkeys((*names_in(claim.left), *names_in(claim.right))))
    condition = (*names_in(claim.when.left), *names_in(claim.when.right)) if claim.when else ()
    told = subject.shown()
    shown = list(_shown(dict.fromkeys((*used, *condition)), values) if told is None else told)
    cells, place = _where(used, values)
    sides: tuple[Figure, ...] = ()
    clue: tuple[Term, ...] = ()
    unit = next((f.unit for name in used if (f := values.figure(name))), None)
    if any(_of_money(side, values) for side in (claim.left, claim.right)):
        unit = RATIO
    if unit is not None:
        left, right = evaluate(claim.left, values.value), evaluate(claim.right, values.value)
        sides = Figure("", left, unit, ""), Figure("", right, unit, "")
        if claim.sign == "=" and told is None:
            shown.append(Shown(DIFFERENCE, Figure("", left - right, unit, "")))
            pointed = _clue(left - right, used, values) if unit.name == "万元" and not subject.cells else None
            if pointed is not None:
                clue, cells = (pointed[0],), (pointed[1],)
    exact = any(hides(figure) for figure in (*sides, *(s.figure for s in shown)))  # all in one unit
    terms = [Term(s.name, amount_text(s.figure, exact=exact), s.place) for s in shown]
    found, expected = (amount_text(side, exact=exact) for side in sides) if sides else ("", "")
    expected = expected if claim.sign == "=" else f"{SIGNS.get(claim.sign, claim.sign)} {expected}"
    if rule.scope == "names" and unit == COUNT and not subject.found:
        found, expected = subject.words["名称"], ""  # whether a name is there, not how often
    elif subject.found:
        found, expected = subject.found, "" if subject.cells else expected
    if cells:
        sheets = tuple(dict.fromkeys(cell.sheet for cell in cells))
        place = "、".join(sheets) if len(sheets) > 1 and not subject.cells else str(cells[0])
    words = {**claim.words, **subject.words}
    return Finding(
        rule.code,
        rule.severity,
        place,
        _filled(rule.message, words),
        _filled(rule.action, words),
        found,
        expected if sides else "",
        (*terms, *clue),
        cells[0] if cells else None,
        cells[1:],
    )


def _of_money(expression: Expression, values: _Values) -> bool:
    """Whether an expression divides by money, so that it is no money itself."""
    if not isinstance(expression, Operation):
        return False
    divisors = names_in(expression.arguments[1]) if expression.name == "/" else ()
    if any((f := values.figure(name)) and f.unit.scale > 1 for name in divisors):
        return True
    return any(_of_money(part, values) for part in expression.arguments)


def _shown(used: Iterable[Name | BoxName], values: _Values) -> Iterator[Shown]:
    """The numbers of a claim by name, each with the cell it was entered in or the box it is printed in."""
    for name in used:
        figure = values.figure(name)
        box = values.box(name) if isinstance(name, BoxName) else None
        printed = f"{name.schedule}!{box.ref}" if box and isinstance(name, BoxName) else ""
        label: str | Words
        if box and isinstance(name, BoxName):
            label = f"公开{name.schedule}表 {box_name(box)}"
        elif isinstance(name, Name) and name.text in values.subject.values:
            label = label_of(name.text)
        else:
            base, _, companion = name.text.partition(".")
            measure = values.accounts.profile.measures.get(base)
            label = (measure.label if measure else base) + (f"（{companion}）" if companion else "")
        cells = figure.cells() if figure else ()
        yield Shown(label, figure, str(cells[0]) if len(cells) == 1 else printed)


def _filled(words: Words, values: Mapping[str, str]) -> Words:
    return Words(words.zh.format_map(values), words.en.format_map(values))


def _where(used: Iterable[Name | BoxName], values: _Values) -> tuple[tuple[Cell, ...], str]:
    """The cells that a finding belongs to, and its place in words where there are none.

    The subject's own cells; or the first cell that a number of the claim is; or, for sums, the headings of the columns
    of ledgers and the cells of closed lists that they are made of.
    """
    subject, accounts = values.subject, values.accounts
    if subject.cells or subject.place:
        return subject.cells, subject.place
    cells: list[Cell] = []
    for name in used:
        figure = values.figure(name)
        if isinstance(name, Name) and figure and len(figure.cells()) == 1:
            return figure.cells(), ""
        facts = tuple(figure.facts()) if figure else ()
        for fact in [f for f in facts if f.amount] or facts:
            ledger = accounts.profile.tables[fact.marks[TABLE]].kind in ("ledger", "records")
            cells.append(
                accounts.book.heads.get((fact.marks[TABLE], fact.marks[COLUMN]), fact.cell) if ledger else fact.cell
            )
        if not facts and isinstance(name, Name):
            cells += _empty_columns(name.text, accounts)
    return tuple(dict.fromkeys(cells)), ""


def _empty_columns(measure: str, accounts: Accounts) -> Iterator[Cell]:
    """The headings of the columns that a measure would be summed from, if there were anything to sum."""
    query = accounts.profile.measures[measure].query if measure in accounts.profile.measures else None
    if query is not None:
        headings = query.wanted.get(COLUMN, tuple(c.heading for c in accounts.profile.tables[query.table].amounts))
        for heading in headings:
            if (query.table, heading) in accounts.book.heads:
                yield accounts.book.heads[query.table, heading]


_CLUES: tuple[tuple[Words, Callable[[Decimal, Decimal], bool]], ...] = (
    (
        Words("线索：差额是这一格的9999倍，像是按万元填的", "clue: 9999 times this cell, which may be in 万元"),
        lambda amount, gap: amount * 9999 == gap,
    ),
    (
        Words("线索：这一格像是多乘了一万", "clue: this cell seems to be 10,000 times too much"),
        lambda amount, gap: amount * 9999 == gap * 10000,
    ),
    (
        Words("线索：这一格相邻两位数字对调后就平", "clue: two neighbouring digits of this cell may be swapped"),
        lambda amount, gap: gap in _swaps(amount),
    ),
    (
        Words(
            "线索：差额正好是这一格，像是漏填、重复或填错了科目、资金",
            "clue: just this cell, perhaps missing elsewhere or doubled",
        ),
        lambda amount, gap: amount == gap,
    ),
    (
        Words("线索：差额是这一格的2倍，像是正负号填反了", "clue: twice this cell, whose sign may be wrong"),
        lambda amount, gap: amount * 2 == gap,
    ),
)
"""What a difference may tell of the cell that it comes from, the surest first."""


def _swaps(amount: Decimal) -> frozenset[Decimal]:
    """By how much an amount changes if two of its neighbouring digits are swapped."""
    digits = str(int(amount * 100))
    return frozenset(
        abs(int(a) - int(b)) * 9 * Decimal(10) ** (len(digits) - at - 2) / 100
        for at, (a, b) in enumerate(pairwise(digits))
        if a != b
    )


def _clue(difference: Decimal, used: Iterable[Name | BoxName], values: _Values) -> tuple[Term, Cell] | None:
    """The one cell that a difference points to, if it points to just one."""
    facts = {fact.cell: fact for name in used if (f := values.figure(name)) for fact in f.facts() if fact.amount}
    for words, tells in _CLUES:
        found = [fact for fact in facts.values() if tells(abs(fact.amount), abs(difference))]
        if len(found) == 1:
            return Term(words, f"{found[0].amount:f}元", str(found[0].cell)), found[0].cell
    return None


def _former_names(accounts: Accounts) -> Iterator[Finding]:
    """A finding for every text that names expenditure as the code list did in earlier years."""
    former = [one for one in accounts.profile.former_expenditure if one.name in accounts.prose.all_texts]
    for row, heading, text in accounts.prose.texts if former else ():
        left = text
        for one in former:
            if one.name in left:
                yield finding(
                    "V218",
                    row.cells[heading],
                    name=one.name,
                    until=str(one.until),
                    found=around(text, one.name),
                    expected=one.now,
                )
                left = left.replace(one.name, "")


# -- check figures --------------------------------------------------------------------------------


def _check_figures(profile: Profile, book: Book, sheets: Mapping[str, Sheet]) -> Iterator[Finding]:
    printed = {number: _Printed(sheet) for number, sheet in sheets.items()}
    for table in profile.tables.values():
        if table.kind == "checks":
            schedule, row, column, amount = (c.heading for c in table.columns)
            for line in book.table(table.name):
                if amount in line.facts and line.facts[amount].entered:
                    yield from _check_figure(
                        line, printed, line.text(schedule), line.text(row), line.text(column), amount
                    )


class _Printed:
    """The amounts of a sheet as check figures name them."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.left = MOST_COMPARED

    def expected(self, row: str, column: str) -> str:
        """What there is, the nearest names first; behind hundreds of wrong ones they are not looked for any more."""
        self.left -= len(self.row_names) + len(self.column_names)
        if self.left < 0:
            row = column = ""
        return f"行：{one_of(self.row_names, row, 4)}；列：{one_of(self.column_names, column, 4)}"

    @cached_property
    def rows(self) -> Mapping[str, Sequence[Box]]:
        """What a row may be called, as compared -> its boxes."""
        found: dict[str, list[Box]] = {}
        for box in self.sheet.amounts:
            if box.row_key:
                label = normal(box.row_label)
                for name in {normal(box.row_key), label, label.partition("、")[2]}:
                    found.setdefault(name, []).append(box)
        return found

    @cached_property
    def row_names(self) -> Sequence[str]:
        """What the rows are called."""
        return tuple(dict.fromkeys(b.row_label or b.row_key for b in self.sheet.amounts if b.row_key))

    @cached_property
    def column_names(self) -> Sequence[str]:
        """What the columns are called."""
        return tuple(dict.fromkeys("·".join(b.heads) for b in self.sheet.amounts))


def _check_figure(
    line: Row, sheets: Mapping[str, _Printed], schedule: str, row: str, column: str, amount: str
) -> Iterator[Finding]:
    fact = line.facts[amount]
    number = "".join(c for c in normal(schedule) if c.isdigit()).zfill(2)
    sheet = sheets.get(number)
    said = f"{schedule}，{row}，{column}"
    if sheet is None:
        yield finding("C303", fact.cell, found=said, expected=one_of(tuple(sheets), number, 13))
        return
    boxes = [b for b in sheet.rows.get(normal(row), ()) if _is_column(b, normal(column))]
    if not boxes:
        yield finding("C303", fact.cell, found=said, expected=sheet.expected(row, column))
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
            Term(DIFFERENCE, f"{fact.amount - computed:f}元"),
            Term(f"公开{number}表 {box_name(box)}", f"{computed:f}", f"{number}!{box.ref}"),
        )
        yield finding("C302", fact.cell, found=f"{fact.amount:f}", expected=f"{computed:f}", terms=terms)


def _is_column(box: Box, column: str) -> bool:
    heads = [normal(h) for h in box.heads]
    return column in (normal(box.column_key), heads[-1], "·".join(heads), "".join(heads), letters(box.column).lower())


# -- texts ----------------------------------------------------------------------------------------


def _missing_texts(profile: Profile, book: Book, figures: Figures, sources: Sources) -> Iterator[Finding]:
    """A finding for every text that the accounts ask for and that is not there."""
    given = positions(profile, book)
    sheet = next((t.name for t in profile.tables.values() if t.kind == "texts"), "")
    if (sheet, "") in book.doubtful and not book.table(sheet):
        return
    for text in profile.texts.values():
        if normal(text.position) in given:
            continue
        asked = text.required
        for name in (text.explains, text.when):
            if name and not book.doubts(sources.of_measure(name)):
                figure = figures[name]
                asked = asked or (figure.value is not None and figure.unit.rounded(figure.value) != 0)
        if asked:
            yield finding("N402", sheet, position=text.position, expected=text.hint)
    for name, listed in profile.lists.items():
        sound = not any(book.doubts(sources.of_query(q)) for q in (listed.query, listed.budget) if q)
        for item in figures.listed(name) if listed.reasons and sound else ():
            position = f"原因：{item.code or item.label}"
            unexplained = case_of(figures, item.measure, "预算") in UNEXPLAINED
            if unexplained and not {normal(position), normal(f"原因：{item.label}")} & given:
                rate = figures[f"{item.measure}.完成率"]
                terms = [Term(item.label, amount_text(figures[item.measure]))]
                terms += [Term("预算", amount_text(figures[f"{item.measure}.预算"]))]
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

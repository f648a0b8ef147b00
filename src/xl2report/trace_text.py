"""Traces as people and programs read them: trees of text, and JSON with stable keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from xl2report.facts import COLUMN, TABLE, Fact, total
from xl2report.figures import Figure, half_up
from xl2report.printed import Printed
from xl2report.profile import Profile
from xl2report.sheets import width_of
from xl2report.tracing import Meaning, Number, Saying, Source, Trace

CELLS = 5
"""How many cells of a sum are told where not all of them are asked for."""
MEANINGS = 6
"""How many meanings of one argument get their trees where not all of them are asked for."""
LINES = 15
"""How many figures or rules a cell flows into are told where not all of them are asked for."""
LONGEST = 60
"""How much of a text in a cell is told."""
AMOUNT = "金额"
"""The heading that says of a row no more than that it has an amount."""
COUNTED = "行数（"
LARGEST_REMAINDER = "最大余额法"

WORDS: dict[str, tuple[str, str]] = {
    "how": ("怎样算出：", "how: "),
    "from": ("取自“{sheet}”", "from “{sheet}”"),
    "count": ("行数：", "number of rows "),
    "colon": ("：", ": "),
    "comma": ("，", ", "),
    "listed": ("、", ", "),
    "remainder": ("", "; by the largest remainder, so that the shares of the list sum to exactly 100 %"),
    "cells": ("{count}个单元格，合计{sum}", "{count} cells, sum {sum}"),
    "counted": ("{count}个单元格", "{count} cells"),
    "zeros": ("，其中{count}个为0或未填", ", {count} of them zero or blank"),
    "rowless": ("没有这样的行，为0", "there are no such rows, so it is 0"),
    "more": ("… 还有{count}个，合计{sum}", "… {count} more, sum {sum}"),
    "more_places": ("… 还有{count}处", "… {count} more"),
    "above": ("（见上）", " (see above)"),
    "gap": ("没有数：{reason}", "no number: {reason}"),
    "fill": ("，应在“{sheet}”填写“{item}”", "; to be filled in: “{item}” in sheet “{sheet}”"),
    "blank": ("没有填过数，印成空白", "nothing was entered, so it is printed blank"),
    "unentered": ("未填，按0计", "blank, counts 0"),
    "sums": ("本表公式：SUM（{boxes}）", "formula of this sheet: SUM of {boxes}"),
    "printed": ("印在", "printed in"),
    "unprinted": ("报告和附表没有印出这个数", "neither report nor schedules print it"),
    "more_lines": ("… 还有{count}行", "… {count} more lines"),
    "phrase": ("说法，情形是“{case}”", "phrase, situation “{case}”"),
    "figures": ("流入{count}个数", "flows into {count} figures"),
    "boxes": ("流入附表的{count}格", "flows into {count} boxes of schedules"),
    "rules": ("有{count}条规则用到", "used by {count} rules"),
    "marks": ("本行的金额{count}个", "amounts of its row: {count}"),
    "nothing": ("没有数出自这一格", "no number comes from this cell"),
    "others": (
        "… 还有{count}个数这样印出（用 --all 全部展开，或按名称查）：{names}",
        "… {count} more are printed so (--all for all trees, or ask by name): {names}",
    ),
}


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of a tree, with the lines below it."""

    text: str
    below: tuple[Branch, ...] = ()


def drawn(branches: Sequence[Branch]) -> Iterator[str]:
    """The lines of a tree, drawn with ├ └ │.

    >>> for line in drawn([Branch("甲", (Branch("乙"), Branch("丙")))]):
    ...     print(line)
    甲
    ├ 乙
    └ 丙
    """
    for branch in branches:
        yield branch.text
        for at, below in enumerate(branch.below):
            last = at == len(branch.below) - 1
            first, *rest = drawn((below,))
            yield f"{'└' if last else '├'} {first}"
            yield from (f"{' ' if last else '│'} {line}" for line in rest)


def as_text(trace: Trace, lang: str, *, everything: bool = False) -> str:
    """A trace as text: a tree for each meaning, each number told in full once."""
    assert trace.profile is not None
    told = _Told(trace.profile, lang, everything=everything)
    shown = trace.meanings if everything else trace.meanings[:MEANINGS]
    blocks = ["\n".join(drawn((told.meaning(meaning),))) for meaning in shown]
    if len(shown) < len(trace.meanings):
        names = told.words("listed").join(m.name for m in trace.meanings[len(shown) :] if not isinstance(m, Source))
        blocks.append(told.words("others", count=len(trace.meanings) - len(shown), names=names))
    return "\n\n".join(blocks)


def exact(figure: Figure) -> str:
    """The exact value as people read it: 元 for money, the ratio behind a percentage."""
    if figure.value is None:
        return ""
    if figure.unit.name == "万元":
        return f"{figure.value:f}元"
    text = f"{figure.value:f}"
    if len(text) > 14:  # a quotient that does not end
        return f"≈{half_up(figure.value, 10):f}"
    return text


def shown(figure: Figure) -> str:
    """The figure as it is printed, with its unit."""
    unit = figure.unit.name
    return figure.text if figure.value is None or figure.text.endswith(unit) else figure.text + unit


def figures_in(figure: Figure) -> tuple[Figure, ...]:
    """The figures that a figure is made of, each once."""
    return tuple({part.name: part for part in figure.inputs if isinstance(part, Figure)}.values())


def marks_of(profile: Profile, fact: Fact) -> dict[str, str]:
    """The marks of the row of a fact, codes with their names, and the heading of its column."""
    found = {}
    for mark, value in fact.marks.items():
        if value and mark != TABLE:
            tree = mark in profile.marks and profile.marks[mark].is_tree
            name = profile.marks[mark].name_of(value) if tree else value
            found[mark] = f"{value} {name}" if name != value else value
    return found


def how_in_words(figure: Figure, lang: str = "zh") -> str:
    """The formula or the query of a figure in words."""
    said, count = figure.how, figure.how.startswith(COUNTED)
    if count:
        said = said.removeprefix(COUNTED).removesuffix("）")
    if query := re.fullmatch(r"表=([^，]+)(.*)", said):
        said = WORDS["from"][lang == "en"].format(sheet=query[1]) + query[2].replace("|", "、")
    if count:
        said = WORDS["count"][lang == "en"] + said
    if lang == "en":
        said = said.partition(f"（{LARGEST_REMAINDER}")[0].replace("，", ", ")
    return said + (WORDS["remainder"][lang == "en"] if LARGEST_REMAINDER in figure.how else "")


class _Told:
    """Makes the trees of one output, and remembers what was told in full."""

    def __init__(self, profile: Profile, lang: str, *, everything: bool) -> None:
        self.profile = profile
        self.lang = lang
        self.everything = everything
        self.known: set[str] = set()

    def words(self, key: str, **values: object) -> str:
        """The program's own words."""
        return WORDS[key][self.lang == "en"].format_map(values)

    def meaning(self, meaning: Meaning) -> Branch:
        match meaning:
            case Number():
                return self.number(meaning)
            case Saying():
                return self.saying(meaning)
            case Source():
                return self.source(meaning)

    # -- numbers ------------------------------------------------------------------------------
    def number(self, number: Number) -> Branch:
        place = f"公开{number.name.replace('!', '表!')}" if number.kind == "box" else number.name
        called = f"{place}  {number.label}" if number.label not in ("", number.name) else place
        if number.figure is None:
            return Branch(called, (Branch(self.words("blank")),))
        text = f"{number.text}{number.figure.unit.name}" if number.kind == "box" else shown(number.figure)
        line = f"{called} = {self.valued(number.figure, text)}"
        if number.figure.name in self.known and number.figure.inputs:
            return Branch(line + self.words("above"), (self.places(number.printed),))
        below = list(self.below(number.figure))
        if number.sums:
            below.insert(
                bool(number.figure.how), Branch(self.words("sums", boxes=self.words("listed").join(number.sums)))
            )
        if number.kind != "box":
            below.append(self.places(number.printed))
        return Branch(line, tuple(below))

    def valued(self, figure: Figure, text: str) -> str:
        """A printed text with the exact value behind it."""
        if figure.value is None:
            return self.gap(figure)
        own = exact(figure)
        return text if own == text else f"{text}（{own}）" if self.lang == "zh" else f"{text} ({own})"

    def gap(self, figure: Figure) -> str:
        gap = figure.gap
        said = self.words("gap", reason=gap.reason if gap else "")
        return said + (self.words("fill", sheet=gap.sheet, item=gap.item) if gap and gap.sheet else "")

    def below(self, figure: Figure) -> Iterator[Branch]:
        """How a figure came about, and its inputs down to the cells."""
        self.known.add(figure.name)
        if figure.how:
            yield Branch(self.words("how") + how_in_words(figure, self.lang))
        facts = tuple({part.cell: part for part in figure.inputs if isinstance(part, Fact)}.values())
        if facts:
            yield from self.cells(figure, facts)
        elif figure.value is not None and not figure.inputs:
            yield Branch(self.words("rowless"))
        for part in figures_in(figure):
            line = f"{part.name} = {self.valued(part, shown(part))}"
            if part.name in self.known and part.inputs:
                yield Branch(line + self.words("above"))
            else:
                yield Branch(line, tuple(self.below(part)))

    def cells(self, figure: Figure, facts: Sequence[Fact]) -> Iterator[Branch]:
        """The cells of a sum: the first ones that are not zero, and what the others come to."""
        if len(facts) == 1:
            yield from self.listed(facts)
            return
        filled = tuple(fact for fact in facts if fact.amount)
        shown = facts if self.everything else filled
        below = tuple(self.listed(shown)) if shown else ()
        if COUNTED in figure.how:
            yield Branch(self.words("counted", count=len(facts)), below)
            return
        zeros = len(facts) - len(shown)
        words = self.words("zeros", count=zeros) if zeros else ""
        yield Branch(self.words("cells", count=len(facts), sum=self.amount(facts)) + words, below)

    def amount(self, facts: Sequence[Fact]) -> str:
        """The sum of some facts as it stands in the accounts: in 元, or a plain number."""
        return f"{total(facts):f}{'元' if _is_money(self.profile, facts[0]) else ''}"

    def listed(self, facts: Sequence[Fact]) -> Iterator[Branch]:
        """A line for each cell, amounts below each other; of many, the first ones."""
        kept = facts if self.everything or len(facts) <= CELLS + 1 else facts[:CELLS]
        amounts = [self.amount((fact,)) if fact.entered else self.words("unentered") for fact in kept]
        wide = max(width_of(str(fact.cell)) for fact in kept)
        right = max(map(width_of, amounts))
        for fact, amount in zip(kept, amounts, strict=True):
            place = str(fact.cell) + " " * (wide - width_of(str(fact.cell)))
            yield Branch(f"{place}  {' ' * (right - width_of(amount))}{amount}  {self.marks(fact)}".rstrip())
        if len(kept) < len(facts):
            rest = facts[len(kept) :]
            yield Branch(self.words("more", count=len(rest), sum=self.amount(rest)))

    def marks(self, fact: Fact) -> str:
        """The marks of the row of a fact in one line."""
        return self.words("comma").join(
            f"{mark} {value}" for mark, value in marks_of(self.profile, fact).items() if value != AMOUNT
        )

    def places(self, printed: Iterable[Printed]) -> Branch:
        """Where a number is printed."""
        lines = [f"{p.place(self.lang)}{self.words('colon')}{p.around()}" for p in printed]
        if not lines:
            return Branch(self.words("unprinted"))
        kept = lines if self.everything or len(lines) <= CELLS else lines[:CELLS]
        more = (Branch(self.words("more_places", count=len(lines) - len(kept))),) if len(kept) < len(lines) else ()
        return Branch(self.words("printed"), (*map(Branch, kept), *more))

    # -- phrases and cells --------------------------------------------------------------------
    def saying(self, saying: Saying) -> Branch:
        below = [Branch(self.words("phrase", case=saying.situation))]
        for figure in saying.numbers:
            line = f"{figure.name} = {self.valued(figure, shown(figure))}"
            if figure.name in self.known:
                below.append(Branch(line + self.words("above")))
            else:
                below.append(Branch(line, tuple(self.below(figure))))
        if saying.printed:
            below.append(self.places(saying.printed))
        return Branch(f"{saying.name}  “{saying.text}”", tuple(below))

    def source(self, source: Source) -> Branch:
        own = source.facts[0] if source.facts and source.facts[0].cell == source.cell else None
        if own is not None:
            amount = self.amount((own,)) if own.entered else self.words("unentered")
            head = f"{source.cell} = {amount}  {self.marks(own)}".rstrip()
        else:
            text = source.text if len(source.text) <= LONGEST else f"{source.text[:LONGEST]}…"
            head = f"{source.cell}  {source.heading}{self.words('colon')}{text}"
        below = []
        if own is None and source.facts:
            below.append(Branch(self.words("marks", count=len(source.facts)), tuple(self.listed(source.facts))))
        if source.figures:
            lines = tuple(self.with_company(source.figures))
            below.append(Branch(self.words("figures", count=len(source.figures)), self.some(lines)))
        if source.boxes:
            by_schedule: dict[str, list[str]] = {}
            for box in source.boxes:
                schedule, _, ref = box.name.partition("!")
                by_schedule.setdefault(schedule, []).append(f"{ref} {box.text}")
            lines = tuple(
                Branch(f"公开{schedule}表{self.words('colon')}{self.words('listed').join(boxes)}")
                for schedule, boxes in by_schedule.items()
            )
            below.append(Branch(self.words("boxes", count=len(source.boxes)), lines))
        if source.rules:
            lines = tuple(
                Branch(f"{r.code} {re.sub('[{}]', '', r.message.in_language(self.lang))}") for r in source.rules
            )
            below.append(Branch(self.words("rules", count=len(lines)), self.some(lines)))
        return Branch(head, tuple(below) or (Branch(self.words("nothing")),))

    def with_company(self, numbers: Iterable[Number]) -> Iterator[Branch]:
        """A line for each measure, its company behind it."""
        by_base: dict[str, list[str]] = {}
        for number in numbers:
            assert number.figure is not None
            base, dot, companion = ("", "", "") if number.name.endswith("]") else number.name.rpartition(".")
            called = f".{companion}" if dot else number.name
            by_base.setdefault(base if dot else number.name, []).append(f"{called} = {shown(number.figure)}")
        for base, said in by_base.items():
            line = self.words("comma").join(said)
            yield Branch(f"{base}{line}" if line.startswith(".") else line)

    def some(self, lines: tuple[Branch, ...]) -> tuple[Branch, ...]:
        """The first lines of many."""
        if self.everything or len(lines) <= LINES + 1:
            return lines
        return (*lines[:LINES], Branch(self.words("more_lines", count=len(lines) - LINES)))


def _is_money(profile: Profile, fact: Fact) -> bool:
    table = profile.tables[fact.marks[TABLE]]
    return any(c.heading == fact.marks.get(COLUMN) and c.unit == "元" for c in table.columns)


# -- for programs -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Json:
    profile: Profile
    lang: str
    known: set[str] = field(default_factory=set)

    def figure(self, figure: Figure | None) -> dict[str, Any] | None:
        """A figure with its inputs; one that was given before in the same output has none, and ``seen`` is true."""
        if figure is None:
            return None
        seen = figure.name in self.known
        self.known.add(figure.name)
        gap = figure.gap
        return {
            "name": figure.name,
            "label": figure.label,
            "value": None if figure.value is None else f"{figure.value:f}",
            "text": figure.text if figure.value is not None else "",
            "unit": figure.unit.name,
            "how": figure.how,
            "largest_remainder": LARGEST_REMAINDER in figure.how,
            "gap": {"reason": gap.reason, "sheet": gap.sheet, "item": gap.item} if gap else None,
            "seen": seen,
            "inputs": [] if seen else [self.figure(p) for p in figures_in(figure)],
            "cells": [] if seen else [self.fact(p) for p in figure.inputs if isinstance(p, Fact)],
        }

    def fact(self, fact: Fact) -> dict[str, Any]:
        return {
            "sheet": fact.cell.sheet,
            "cell": fact.cell.ref,
            "amount": f"{fact.amount:f}",
            "entered": fact.entered,
            "marks": {mark: value for mark, value in fact.marks.items() if value},
        }

    def place(self, printed: Printed) -> dict[str, Any]:
        return {
            "place": printed.place(self.lang),
            "schedule": printed.schedule,
            "cell": printed.ref,
            "section": list(printed.section),
            "paragraph": printed.paragraph,
            "table": printed.table,
            "row": printed.row,
            "text": printed.text,
            "passage": printed.passage,
        }

    def meaning(self, meaning: Meaning) -> dict[str, Any]:
        match meaning:
            case Number():
                return {
                    "kind": meaning.kind,
                    "name": meaning.name,
                    "label": meaning.label,
                    "text": meaning.text,
                    "figure": self.figure(meaning.figure),
                    "sums": list(meaning.sums),
                    "printed": [self.place(p) for p in meaning.printed],
                }
            case Saying():
                return {
                    "kind": "phrase",
                    "name": meaning.name,
                    "label": meaning.label,
                    "text": meaning.text,
                    "situation": meaning.situation,
                    "figures": [self.figure(f) for f in meaning.numbers],
                    "printed": [self.place(p) for p in meaning.printed],
                }
            case Source():
                return {
                    "kind": "cell",
                    "name": str(meaning.cell),
                    "label": meaning.heading,
                    "text": meaning.text,
                    "cells": [self.fact(f) for f in meaning.facts],
                    "figures": [{"name": n.name, "label": n.label, "text": n.text} for n in meaning.figures],
                    "boxes": [{"name": n.name, "label": n.label, "text": n.text} for n in meaning.boxes],
                    "rules": [{"code": r.code, "message": r.message.in_language(self.lang)} for r in meaning.rules],
                }


def as_json(trace: Trace, lang: str) -> list[dict[str, Any]]:
    """The meanings of an argument with stable keys (version 1)."""
    if trace.profile is None:
        return []
    told = _Json(trace.profile, lang)
    return [told.meaning(meaning) for meaning in trace.meanings]

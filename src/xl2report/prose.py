"""What a department wrote: the texts of its workbook, how they spell names, and which numbers they mention."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import combinations
from typing import NamedTuple

from xl2report.derive import Figures
from xl2report.facts import Book, Cell, Row
from xl2report.figures import Figure
from xl2report.profile import Profile, Table
from xl2report.reader import normal

SHORTEST_NAME = 6
"""Letters that a name must have before its likeness to another one is no chance."""
MOST_PAIRS = 200_000
"""Pairs of names that are compared: all of those of six hundred names."""
_COMMON = (SHORTEST_NAME - len("资金")) // 2
"""Letters that names that are alike have in common at one of their ends: all but a change that is no longer than that."""
MOST_WORK = 10_000_000
"""Letters that are compared to find names in texts."""
LONGEST_NAME = 200
"""Letters of a name; what is longer is a text, and compared with nothing."""
_BEGINNING = 6
"""Letters that a name in a text must begin with."""
PROSE = ("texts", "glossary", "records")
"""The kinds of input sheets whose texts the report prints."""


class Mention(NamedTuple):
    """A number of a text: where, its sentence, what stands around it, its unit and year, the figure that it names."""

    cell: Cell
    sentence: str
    said: str
    number: Decimal
    unit: str
    year: int
    meant: Figure | None


class Spelling(NamedTuple):
    """One way to write a name: as compared, as written, where it stands by sheet ("" for texts), what is near it."""

    key: str
    text: str
    places: Mapping[str, Sequence[Cell]]
    sums: Mapping[str, Decimal]
    near: Sequence[str]
    like: str


@dataclass(frozen=True)
class Prose:
    """The texts of a workbook, and what is needed to understand them."""

    profile: Profile
    book: Book
    figures: Figures
    _spelled: dict[str, Sequence[Spelling]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def texts(self) -> Sequence[tuple[Row, str, str]]:
        """Every text that the report prints as the department wrote it: row, heading, text."""
        found = []
        for table in self.profile.tables.values():
            if table.kind in PROSE:
                last = table.columns[-1].heading
                headings = [c.heading for c in table.columns if c.kind == "text"] if table.kind == "records" else [last]
                for row in self.book.table(table.name):
                    for heading in headings:
                        if row.text(heading):
                            found.append((row, heading, row.text(heading)))
        return found

    @cached_property
    def plain_texts(self) -> Sequence[tuple[str, Cell]]:
        """The texts as they are compared, each with its cell."""
        return [(normal(text), row.cells[heading]) for row, heading, text in self.texts]

    @cached_property
    def all_texts(self) -> str:
        """All texts in one: a word that is not in it is in none."""
        return "\n".join(text for _, _, text in self.texts)

    def spellings(self, mark: str) -> Sequence[Spelling]:
        """Every way in which the values of a mark are written."""
        if mark not in self._spelled:
            self._spelled[mark] = tuple(_spellings(self, mark))
        return self._spelled[mark]

    @cached_property
    def mentions(self) -> Sequence[Mention]:
        """Every number with a telling number of digits in the texts."""
        return tuple(_numbers(self))

    @cached_property
    def own_names(self) -> tuple[str, ...]:
        """What 基本信息 says, as compared: the names of the department are among it."""
        return tuple(normal(text) for text in self.book.info.values())

    @cached_property
    def year(self) -> int:
        """The year of the prose."""
        return int(self.book.info.get("年度", self.profile.year))

    @cached_property
    def printed(self) -> tuple[frozenset[Decimal], frozenset[Decimal]]:
        """The amounts in 万元 that the report may print, as they are printed: of this year, of the prior year."""
        now: set[Decimal] = set()
        before: set[Decimal] = set()
        names = [name for name, m in self.figures.measures.items() if m.unit == "万元"]
        for listed in self.profile.lists:
            names += [item.measure for item in self.figures.listed(listed)]
        for name in dict.fromkeys(names):
            for companion, known in (("", now), (".预算", now), (".增减", now), (".上年", before)):
                figure = self.figures[name + companion]
                if figure.value:
                    known.add(abs(figure.unit.rounded(figure.value)))
        for table in self.profile.tables.values():
            if table.kind == "records":
                money = self.profile.units["万元"]
                now.update(money.rounded(f.amount) for r in self.book.table(table.name) for f in r.facts.values())
        return frozenset(now), frozenset(before)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """How texts call the measures of money -> the measure."""
        found: dict[str, str] = {}
        for name, measure in self.profile.measures.items():
            if measure.unit == "万元" and len(measure.label) > 3:
                found.setdefault(normal(measure.label), name)
                found.setdefault(normal(name), name)
        return found

    @cached_property
    def label_lengths(self) -> tuple[int, ...]:
        """How long the labels are, the longest first."""
        return tuple(sorted({len(label) for label in self.labels}, reverse=True))


# -- words ----------------------------------------------------------------------------------------


def unexcused(text: str, word: str, exceptions: Sequence[str]) -> int:
    """Where a text has a word in a sentence that has none of the exceptions; -1 where it has not. Each sentence is read once."""
    if word not in text:
        return -1
    for sentence in _SENTENCE.finditer(text):
        at = sentence[0].find(word)
        if at >= 0 and not any(exception in sentence[0] for exception in exceptions):
            return sentence.start() + at
    return -1


def found_word(text: str, words: Iterable[str], year: int) -> str:
    """The first of some words that a text has, or ""; words may name {年度} and the two years before it."""
    return next((word for word in _dated(tuple(words), year) if word in text), "")


@lru_cache(maxsize=512)
def _dated(words: tuple[str, ...], year: int) -> tuple[str, ...]:
    """Words with the years that they name: those of a rule are looked for in every text."""
    return tuple(dated(word, year) for word in words)


def dated(word: str, year: int) -> str:
    """A word with the years that it names."""
    return word.replace("{年度}", str(year)).replace("{上一年度}", str(year - 1)).replace("{上上年度}", str(year - 2))


def around(text: str, word: str, at: int | None = None) -> str:
    """A word and a few characters before and behind it."""
    at = text.index(word) if at is None else at
    return text[max(0, at - 12) : at + len(word) + 6]


# -- names ----------------------------------------------------------------------------------------


def tables_of_names(profile: Profile, mark: str) -> Iterator[Table]:
    """The input sheets that have a column for the values of a mark."""
    for table in profile.tables.values():
        if any(c.heading == mark or (c.kind == "mark" and c.mark == mark) for c in table.columns):
            yield table


def _spellings(prose: Prose, mark: str) -> Iterator[Spelling]:
    """Every way in which the values of a mark are written, in the order of the sheets, those of texts behind."""
    at: dict[str, dict[str, list[Cell]]] = {}
    sums: dict[str, dict[str, Decimal]] = {}
    shown: dict[str, str] = {}
    for table in tables_of_names(prose.profile, mark):
        heading = next(c.heading for c in table.columns if c.heading == mark or (c.kind == "mark" and c.mark == mark))
        for row in prose.book.table(table.name):
            text = row.text(heading)
            if text:
                key = normal(text)
                shown.setdefault(key, text)
                at.setdefault(key, {}).setdefault(table.name, []).append(row.cells[heading])
                amounts = sums.setdefault(key, {})
                for own, fact in row.facts.items():
                    name = f"{table.name}_{own}"
                    amounts[name] = amounts.get(name, Decimal(0)) + fact.amount
    for key, text, cell in _spelled_otherwise(prose, tuple(shown.values())):
        shown.setdefault(key, text)
        at.setdefault(key, {}).setdefault("", []).append(cell)
    near: dict[str, list[str]] = {key: [] for key in at}
    for one, other in _neighbours(tuple(at)):
        if alike(one, other):
            near[one].append(other)
            near[other].append(one)
    number = {key: place for place, key in enumerate(at)}
    for key, places in at.items():
        like = next((shown[n] for n in near[key] if number[n] < number[key]), "")
        yield Spelling(key, shown[key], places, sums.get(key, {}), near[key], like)


def _spelled_otherwise(prose: Prose, names: Iterable[str]) -> Iterator[tuple[str, str, Cell]]:
    """Passages of texts that begin and end like a name and are nearly the same: as compared, as written, the cell.

    Where thousands of names begin with the same words, and many texts have these, only as many are looked for as can be in a
    second: those that few others begin like.
    """
    plains = [plain for name in names if 10 <= len(plain := normal(name)) <= LONGEST_NAME]
    alike_begun: dict[str, list[int]] = {}
    for number, plain in enumerate(plains):
        alike_begun.setdefault(plain[:_BEGINNING], []).append(number)
    if not alike_begun:
        return
    texts = prose.plain_texts
    having: dict[str, list[int]] = {}
    for at, (text, _) in enumerate(texts):
        beginnings: Iterable[str] = alike_begun
        if len(alike_begun) > 100:  # then it is faster to look up what the text has
            beginnings = alike_begun.keys() & {text[i : i + _BEGINNING] for i in range(len(text) - _BEGINNING + 1)}
        for beginning in (b for b in beginnings if b in text):
            having.setdefault(beginning, []).append(at)
    work = {
        b: sum(texts[at][0].count(b) for at in found) * sum(len(plains[number]) for number in alike_begun[b])
        for b, found in having.items()
    }
    found_at: list[tuple[int, int, int, str]] = []
    done = 0
    for beginning in sorted(having, key=lambda b: (work[b], b)):
        done += work[beginning]
        if done > MOST_WORK:
            break
        for number in alike_begun[beginning]:
            plain = plains[number]
            near = re.compile(f"{re.escape(beginning)}.{{0,{len(plain)}}}?{re.escape(plain[-4:])}")
            for at in having[beginning]:
                for found in near.finditer(texts[at][0]):
                    if alike(plain, found[0]):
                        found_at.append((number, at, found.start(), found[0]))
    for _, at, _, passage in sorted(found_at):
        yield passage, passage, texts[at][1]


_TELLS_APART = frozenset(
    "0123456789〇零一二三四五六七八九十百千ⅠⅡⅢⅣⅤ甲乙丙丁上下前后东南西北大小新旧老中内外男女春夏秋冬左右高初"
    "省市州县区乡镇村"
)
_PLACES = frozenset("省市州县区乡镇村组路街河湖山桥")
_MONEY = frozenset({"资金", "经费", "费用", "费", "款", "专款", "款项"})
"""What names of projects end with, and are taken for one another."""


def alike(one: str, other: str) -> bool:
    """Whether two names are so near that they must mean the same thing: a word left out, a slip, other signs.

    Where another word stands, as in 储备经费 and 采购经费, two things are meant; and so where what differs counts or
    places them.

    >>> alike("乡村建设治理临时补短项目", "乡村建设治理补短项目"), alike("一期改造工程项目", "二期改造工程项目")
    (True, False)
    """
    if one == other:
        return False
    left, right = ("".join(filter(str.isalnum, name)) for name in (one, other))
    if left == right:
        return True
    shorter = min(len(left), len(right))
    if shorter < SHORTEST_NAME or abs(len(left) - len(right)) > max(1, shorter // 5):
        return False
    same = _shared(left, right)
    behind = min(_shared(left[::-1], right[::-1]), shorter - same)
    changed = left[same : len(left) - behind], right[same : len(right) - behind]
    if set(changed) <= _MONEY:
        return True
    letters = "".join(changed)
    if _TELLS_APART & set(letters) or letters.isascii() or left[len(left) - behind :][:1] in _PLACES:
        return False
    return "" in changed or max(map(len, changed)) == 1


def _neighbours(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The pairs of names that may be alike, in order: names that are alike begin or end with the same letters.

    Of thousands of names only as many pairs as can be looked at in a second; the smallest groups first, because names of a
    large group are numbered, not misspelt.
    """
    groups: dict[tuple[bool, str], list[int]] = {}
    for at, name in enumerate(names):
        if len(name) > LONGEST_NAME:
            continue
        letters = "".join(filter(str.isalnum, name))
        groups.setdefault((True, letters[:_COMMON]), []).append(at)
        groups.setdefault((False, letters[-_COMMON:]), []).append(at)
    pairs: set[tuple[int, int]] = set()
    for group in sorted(groups.values(), key=len):
        if len(pairs) + len(group) * (len(group) - 1) // 2 > MOST_PAIRS:
            break
        pairs.update(combinations(group, 2))
    return ((names[one], names[other]) for one, other in sorted(pairs))


def _shared(one: str, other: str) -> int:
    """With how many of the same letters two names begin."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


# -- numbers --------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(?<![\d.A-Za-z〔\[])(\d+(?:,\d{3})*(?:\.\d+)?)(\s*)(万元|亿元|元|[^\s\d，。；、：）)的])?")
_DIGIT = re.compile(r"\d")
_STATED = re.compile(r"单\s*位\s*[:：]\s*万\s*元")
_YEAR = re.compile(r"(?<![\d与较比同和从自])((?:19|20)\d\d)年")
_EARLIER = re.compile(r"(?<![与较比同和])(?:上年|去年|上一年|同期)")
"""What says that the amounts behind it are of another year."""
_STOPS = "。；！？\n"
_SENTENCE = re.compile(f"[^{_STOPS}]+")
_BETWEEN = re.compile(r"(?:合计|共计|总计|总额|支出|金额|决算数?|为|是|共|达到?|约|:|：)$")
_CLAUSE = re.compile(r"[,:、(;]")
_AND = frozenset({"、", "和", "与", "及", "至"})
"""What stands between numbers whose unit only the last of them bears."""
_OPENINGS = ("其中", "情况", "如下", "支出", "收入", "合计", "总计")
"""What may stand before a colon or a bracket with amounts of the department."""
_OWN = ("其中", "全年", "本年", "本部门", "本单位", "部门", "单位", "我")
"""What may stand right before the name of a figure of the department."""
TELLING = 3
"""Digits that a number must have before its equality with a figure is no chance."""
LONGEST = 18
"""Digits that an amount may have."""
REACH = 80
"""Characters before a number in which its name is looked for."""


def _numbers(prose: Prose) -> Iterator[Mention]:
    """Every number with a telling number of digits and a unit, or a decimal point, in the texts."""
    for row, heading, text in prose.texts:
        if not _DIGIT.search(text):
            continue
        stated = "万元" if _STATED.search(text) else ""
        for sentence in _SENTENCE.finditer(text):
            if _DIGIT.search(sentence[0]):
                yield from _numbers_of(prose, row.cells[heading], sentence[0], stated)


def _numbers_of(prose: Prose, cell: Cell, sentence: str, stated: str) -> Iterator[Mention]:
    """The numbers of a sentence. A name is trusted as long as every amount before it is one of the prose."""
    found = list(_NUMBER.finditer(sentence))
    units = _units(found, sentence, stated)
    years = [(m.start(), int(m[1])) for m in _YEAR.finditer(sentence)]
    now, before = prose.printed
    trusted = True
    year = prose.year
    earlier = _EARLIER.search(sentence)
    doubted = earlier.start() if earlier else len(sentence)
    for match, unit in zip(found, units, strict=True):
        while years and years[0][0] < match.start():
            year = years.pop(0)[1]
        digits = match[1].replace(",", "")
        if unit is None or len(digits) > LONGEST:
            continue
        number = Decimal(digits)
        known = not number or number in now or number in before
        sure = trusted and match.start() < doubted
        meant = _meant(prose, sentence[max(0, match.start() - REACH) : match.start()], year) if sure else None
        trusted = trusted and (known or meant is not None or unit != "万元")
        plain = digits.replace(".", "").lstrip("0")
        telling = plain if meant is not None and "." in digits else plain.rstrip("0")
        if len(telling) >= TELLING and (unit or "." in digits):
            said = sentence[max(0, match.start() - 14) : match.end() + 2]
            yield Mention(cell, sentence, said, number, unit, year, meant)


def _units(found: Sequence[re.Match[str]], sentence: str, stated: str) -> list[str | None]:
    """The unit of each number of a sentence: its own, that of the list it is in, the stated one; ``None`` for others."""
    units: list[str | None] = []
    for at in range(len(found) - 1, -1, -1):
        unit: str | None = found[at][3] or ""
        gap = sentence[found[at].end(1) : found[at + 1].start()] if at + 1 < len(found) else ""
        if gap in _AND:
            unit = units[-1]
        elif not unit:
            alone = gap.isspace() or sentence[max(0, found[at].start() - 1) : found[at].start()].isspace()
            unit = stated or (None if alone else "")  # a number between blanks is a box of a table
        elif unit not in ("万元", "亿元", "元"):
            unit = None
        units.append(unit)
    return units[::-1]


def _meant(prose: Prose, before: str, year: int) -> Figure | None:
    """The figure whose name stands right before a number, at the beginning of its clause, and is the department's."""
    plain = normal(before)
    ends = [plain]
    while shorter := _BETWEEN.search(ends[-1]):  # 基本支出为 has to be tried as 基本支出 before 基本
        ends.append(ends[-1][: shorter.start()])
    for length in prose.label_lengths:
        for end in ends:
            name = prose.labels.get(end[-length:])
            if name is not None:
                if not _of_department(prose, end[:-length]):
                    return None
                figure = prose.figures[name if year == prose.year else f"{name}.上年"]
                known = year in (prose.year, prose.year - 1) and figure.value is not None
                return figure if known else None
    return None


def _of_department(prose: Prose, before: str) -> bool:
    """Whether what stands before the name of a figure leaves no doubt whose figure it is."""
    boundary = max((m.start() for m in _CLAUSE.finditer(before)), default=-1)
    clause = re.sub(r"(?:19|20)\d\d年度?", "", before[boundary + 1 :])
    own = prose.own_names
    named = clause.removesuffix("的") in _OWN or (len(clause) > 1 and any(clause in name for name in own))
    if clause and not named:
        return False
    head = before[:boundary] if boundary >= 0 else ""
    if not head or before[boundary] not in ":(":
        return True
    return head[-1].isdigit() or head.endswith((*_OPENINGS, *_MONEY_UNITS, *(name for name in own if len(name) > 1)))


_MONEY_UNITS = ("万元", "元")

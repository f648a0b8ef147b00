"""What a template sees: figures that print themselves, phrases, lists, texts, and notes of what was asked for in vain.

The attributes have Chinese names because they are what people type into a tag in Word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from xl2report.charts import ChartData, drawing_xml
from xl2report.derive import Figures, ListItem
from xl2report.facts import Book, Cell, Row, prefixes
from xl2report.figures import NO_PRIOR, NOT_ENTERED, Figure, ratio, summed
from xl2report.findings import Finding, finding, has_errors, nearest
from xl2report.manifest import Piece, Print, Text
from xl2report.phrasing import say
from xl2report.profile import COMPANIONS, Profile
from xl2report.reader import normal
from xl2report.sheets import Sheet

DIGITS = "零一二三四五六七八九十"


# -- what is said while rendering -----------------------------------------------------------------


@dataclass
class Notes:
    """What a template asked for and did not get, each thing once."""

    found: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def say(self, code: str, place: Cell | str, key: str, *, found: str = "", expected: str = "", **words: str) -> None:
        """Note a finding of a built-in code; what has the same key is said once."""
        note = finding(code, place, found=found, expected=expected, terms=(), **words)
        self.found.setdefault((code, key), note)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The notes in the order in which they were made."""
        return tuple(self.found.values())

    @property
    def failed(self) -> bool:
        """Whether a note forbids the report."""
        return has_errors(self.found.values())

    def gap(self, figure: Figure, label: str) -> None:
        """Report that a number without a value was asked for."""
        gap = figure.gap
        if gap is None:
            return
        if gap.sheet:
            self.say("N401", gap.sheet, f"{gap.sheet}/{gap.item}", figure=label, sheet=gap.sheet, item=gap.item)
        elif gap.reason in (NOT_ENTERED, NO_PRIOR):
            self.say("N401", figure.name, figure.name, figure=label, sheet="", item=label)
        else:
            self.say("N406", figure.name, figure.name, figure=label, reason=gap.reason)


# -- what a template sees -------------------------------------------------------------------------


class FigureView:
    """A figure as a template uses it: prints itself in its unit, and knows its company and its phrases."""

    __slots__ = ("_figures", "_label", "_name", "_notes")

    def __init__(self, figures: Figures, name: str, notes: Notes, label: str = "") -> None:
        self._figures = figures
        self._name = name
        self._notes = notes
        self._label = label

    @property
    def _figure(self) -> Figure:
        return self._figures[self._name]

    def __str__(self) -> str:
        figure = self._figure
        if figure.value is None:
            self._notes.gap(figure, self.名称)
        return figure.text

    def _print(self) -> Print:
        return Print("figure", self._name, str(self), self.名称, self._figure)

    def __bool__(self) -> bool:
        return self._number() != 0

    def __eq__(self, other: object) -> bool:
        return self._number() == (other._number() if isinstance(other, FigureView) else other)

    def __hash__(self) -> int:
        return hash(self._name)

    def __lt__(self, other: FigureView | int) -> bool:
        return self._number() < (other._number() if isinstance(other, FigureView) else other)

    def __gt__(self, other: FigureView | int) -> bool:
        return self._number() > (other._number() if isinstance(other, FigureView) else other)

    def _number(self) -> Decimal:
        """The value in the printed unit; asking for one that is missing is reported."""
        figure = self._figure
        if figure.value is None:
            self._notes.gap(figure, self.名称)
            return Decimal(0)
        return figure.value / figure.unit.scale

    @property
    def 名称(self) -> str:
        """The official name."""
        return self._label or self._figure.label or self._name

    @property
    def 已填(self) -> bool:
        """Whether there is a number; asking does no harm."""
        return self._figure.value is not None

    def phrases(self) -> tuple[str, ...]:
        """The phrases that a figure may be asked for."""
        return tuple(self._figures.profile.phrases)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in COMPANIONS:
            return FigureView(self._figures, f"{self._name}.{name}", self._notes, f"{self.名称}的{name}")
        phrase = self._figures.profile.phrases.get(name)
        if phrase is None:
            raise AttributeError(name)
        if self._figure.value is None:
            self._notes.gap(self._figure, self.名称)
            return ""
        case, words, found = say(self._figures, self._name, phrase)
        companion = "上年" if phrase.of == "变动" else "预算"
        if case in ("无上年数", "无预算数"):
            gap = self._figures[f"{self._name}.{companion}"].gap
            place = gap.sheet if gap and gap.sheet else self._name
            item = gap.item if gap and gap.item else self.名称
            self._notes.say(
                "N405",
                place,
                f"{self._name}.{companion}",
                figure=self.名称,
                what=f"{companion}数",
                words=words,
                item=item,
                sheet=place,
            )
        pieces = tuple(Piece(*one) for one in found)
        key = f"{self._name}.{name}"
        return Text.printing(Print("phrase", key, words, f"{self.名称}的{name}", pieces=pieces, case=case))


class ItemView(FigureView):
    """One item of a list: its amount, with code, names of its 类, 款 and 项, and the reason for its execution."""

    __slots__ = ("_context", "_item", "_list")

    def __init__(self, figures: Figures, item: ListItem, notes: Notes, context: _Texts, within: str) -> None:
        super().__init__(figures, item.measure, notes, item.label)
        self._item = item
        self._context = context
        self._list = within

    def _print(self) -> Print:
        return Print("item", self._name, str(self), self._item.label, self._figure, within=self._list)

    @property
    def 名称(self) -> str:
        """The official name; one that holds a number, like that of a project, knows where the number comes from."""
        name = super().名称
        return Text.of(name, f"{self._name}.名称", "名称") if re.search(r"\d", name) else name

    @property
    def 编码(self) -> str:
        """The code, where the list is one of codes."""
        return self._item.code

    @property
    def 金额(self) -> FigureView:
        """The amount (the item itself prints the same)."""
        return self

    @property
    def 原因(self) -> str:
        """The reason given for this item in 文字材料 (原因：code, or 原因：name); "" where none is."""
        for key in (self._item.code, self._item.label):
            if key and (text := self._context.sentence(f"原因：{key}")):
                return text
        return ""

    def level(self, level: str) -> str:
        """The name of the code at one level of its tree, as prose says it."""
        for mark in self._figures.profile.marks.values():
            if level in mark.levels and self._item.code:
                parts = list(prefixes(self._item.code, mark.lengths))
                at = mark.levels.index(level)
                return mark.narrative_name(parts[at]) if at < len(parts) else ""
        return ""

    @property
    def 类(self) -> str:
        """The name of its 类."""
        return self.level("类")

    @property
    def 款(self) -> str:
        """The name of its 款."""
        return self.level("款")

    @property
    def 项(self) -> str:
        """The name of its 项."""
        return self.level("项")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of 文字材料: its text and its style (标题1, 标题2, 标题3 or 正文)."""

    文字: str
    样式: str = "正文"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment: its number, its title, its paragraphs."""

    序号: int
    标题: str
    段落: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of the glossary."""

    名词: str
    解释: str


@dataclass(frozen=True, slots=True)
class Title:
    """One schedule in the list of schedules."""

    序号: int
    名称: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of an indicator table; 一级续 and 二级续 say that a cell continues the one above."""

    一级指标: str
    二级指标: str
    指标: str
    目标值: str
    业绩指标: str
    完成率: str
    一级续: bool
    二级续: bool


class ChartView:
    """A chart as a template uses it: false where there is nothing to draw; numbered in the order of printing."""

    __slots__ = ("_data", "_numbers")

    def __init__(self, data: ChartData | None, numbers: dict[str, int]) -> None:
        self._data = data
        self._numbers = numbers

    def __bool__(self) -> bool:
        return self._data is not None

    @property
    def 图号(self) -> int:
        """The number of the chart in this report: charts that are left out do not count."""
        return self._numbers.setdefault(self._data.name if self._data else "", len(self._numbers) + 1)

    @property
    def 标题(self) -> str:
        """The caption without its number."""
        return self._data.caption if self._data else ""


class _Drawing:
    """A chart that a tag makes: ends the text of its run and starts it again."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __html__(self) -> str:
        return f'</w:t></w:r><w:r>{drawing_xml(self._name)}</w:r><w:r><w:t xml:space="preserve">'

    def __str__(self) -> str:
        return self.__html__()


class _Texts:
    """文字材料 by position."""

    def __init__(self, profile: Profile, book: Book, notes: Notes) -> None:
        self.notes = notes
        self.sheet = self.heading = ""
        self.by_position: dict[str, list[Paragraph]] = {}
        self.rows: dict[str, list[Row]] = {}
        for table in profile.tables.values():
            if table.kind == "texts":
                self.sheet = table.name
                position, number, style, text = (c.heading for c in table.columns)
                self.heading = text
                rows = list(enumerate(book.table(table.name)))
                rows.sort(key=lambda pair: (_order(pair[1].text(number)), pair[0]))
                for _, row in rows:
                    place = normal(row.text(position))
                    for line in row.text(text).split("\n"):
                        if line.strip():
                            paragraph = Paragraph(line.strip(), row.text(style) or "正文")
                            self.by_position.setdefault(place, []).append(paragraph)
                    self.rows.setdefault(place, []).append(row)

    def paragraphs(self, position: str) -> tuple[Paragraph, ...]:
        """The paragraphs of a position, by their 序号."""
        return tuple(self.by_position.get(normal(position), ()))

    def sentence(self, position: str) -> Text:
        """The text of a position to go on with inside a sentence: no lead-in words, no full stop at the end."""
        text = "".join(p.文字 for p in self.paragraphs(position)).rstrip("。；;. ")
        text = re.sub(r"^主要(?:变动)?原因(?:是|：|:)", "", text)
        cells = [row.cells.get(self.heading) for row in self.rows.get(normal(position), ())]
        return Text.of(text, f"{self.sheet}[{position}]", cells=cells)


def _order(number: str) -> tuple[int, str]:
    return (int(number), "") if number.isdigit() else (10**6, number)


class _Sentence:
    """A text of 文字材料 inside a sentence; false where there is none, reported where it is printed all the same."""

    __slots__ = ("_position", "_text", "_texts")

    def __init__(self, texts: _Texts, position: str) -> None:
        self._texts = texts
        self._position = position
        self._text = texts.sentence(position)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        if not self._text:
            self._texts.notes.say("N402", self._texts.sheet, self._position, position=self._position)
        return self._text

    def _print(self) -> Print:
        str(self)
        return self._text._print()


class Group:
    """Names behind a dot: ``原因.收支总计``; an unknown one is an error of the template."""

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members

    def names(self) -> tuple[str, ...]:
        """What may stand behind the dot."""
        return tuple(self._members)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_") or name not in self._members:
            raise AttributeError(name)
        return self._members[name]


class _Info:
    """A row of 基本信息 that is not filled in: false, and reported where it is printed."""

    __slots__ = ("_name", "_notes", "_sheet")

    def __init__(self, sheet: str, name: str, notes: Notes) -> None:
        self._sheet = sheet
        self._name = name
        self._notes = notes

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        self._notes.say("N401", self._sheet, self._name, figure=self._name, sheet=self._sheet, item=self._name)
        return ""


class Record:
    """One row of 绩效项目 with its texts, its amounts in 万元 (blank where nothing was entered) and its indicators."""

    def __init__(self, profile: Profile, row: Row, indicators: tuple[Indicator, ...]) -> None:
        self._row = row
        self._unit = profile.units["万元"]
        self._percent = profile.units["%"]
        self.指标 = indicators

    @property
    def _key(self) -> str:
        return f"{self._row.table}[{self._row.text('项目名称')}]"

    def __getattr__(self, name: str) -> Text:
        if name.startswith("_"):
            raise AttributeError(name)
        fact = self._row.facts.get(name)
        key = f"{self._key}.{name}"
        if fact is not None:
            figure = summed(key, (fact,), self._unit, name)
            return Text.printing(Print("figure", key, figure.text if fact.entered else "", name, figure))
        if name in self._row.cells or name in self._row.texts:
            return Text.of(self._row.text(name), key, name, [self._row.cells.get(name)])
        raise AttributeError(name)

    def 执行率(self, budget: str, outturn: str) -> str:
        """The execution of one budget amount, "" where there is none."""
        planned, spent = self._row.facts.get(budget), self._row.facts.get(outturn)
        if planned is None or spent is None or not planned.entered or planned.amount <= 0:
            return ""
        key, how = f"{self._key}.{outturn}.完成率", f"{outturn} / {budget}"
        figure = Figure(key, ratio(spent.amount, planned.amount), self._percent, how, (spent, planned))
        return Text.printing(Print("figure", key, figure.text, f"{outturn}的完成率", figure))

    @property
    def 项目全称(self) -> Text:
        """The name, ending in 项目."""
        return self._named("项目全称", f"{self.项目简称}项目")

    @property
    def 项目简称(self) -> Text:
        """The name without 项目 at its end."""
        return self._named("项目简称", self._row.text("项目名称").removesuffix("项目"))

    def _named(self, name: str, text: str) -> Text:
        return Text.of(text, f"{self._key}.{name}", name, [self._row.cells.get("项目名称")])


def context_of(
    profile: Profile,
    book: Book,
    figures: Figures,
    sheets: Sequence[Sheet],
    charts: Mapping[str, ChartData],
    notes: Notes,
) -> dict[str, object]:
    """Every name that a template may use."""
    texts = _Texts(profile, book, notes)
    year = int(book.info.get("年度", profile.year))
    info_sheet = next((t.name for t in profile.tables.values() if t.kind == "info"), "")
    context: dict[str, object] = {name: _Info(info_sheet, name, notes) for name in profile.infos}
    context |= {name: _said_of(profile, figures, name, text) for name, text in book.info.items()}
    context |= {name: FigureView(figures, name, notes) for name in profile.measures if name not in book.info}
    for name in profile.lists:
        context[name] = tuple(ItemView(figures, item, notes, texts, name) for item in figures.listed(name))
    groups: dict[str, dict[str, object]] = {"文字": {}}
    for text in profile.texts.values():
        group, colon, name = text.name.partition("：")
        if colon:
            groups.setdefault(group, {})[name] = _Sentence(texts, text.position)
        else:
            groups["文字"][text.name] = texts.paragraphs(text.position)
    context |= {name: Group(members) for name, members in groups.items()}
    numbers: dict[str, int] = {}
    context["图表"] = Group({name: ChartView(charts.get(name), numbers) for name in profile.charts})
    context["chart"] = partial(_chart, profile, charts)
    context |= {
        "年度": Text.of(str(year), "年度", cells=[book.info_cells.get("年度")]),
        "上一年度": Text.of(str(year - 1), "上一年度", cells=[book.info_cells.get("年度")]),
        "附件": _attachments(texts),
        "附表": tuple(Title(n, sheet.title) for n, sheet in enumerate(sheets, 1)),
        "名词解释": _glossary(profile, book, sheets, notes),
        "绩效项目": _records(profile, book),
    }
    if published := _chinese_date(book.info.get("公开日期", "")):
        context["公开日期"] = Text.of(published, "公开日期", cells=[book.info_cells.get("公开日期")])
    _unknown_positions(profile, texts, notes)
    return context


def _said_of(profile: Profile, figures: Figures, name: str, text: str) -> Text:
    """A row of 基本信息 as it was entered; where it is a number that the profile names, it is a figure too."""
    if name not in profile.measures:
        return Text.of(text, name, cells=[figures.book.info_cells.get(name)])
    return Text.printing(Print("figure", name, text, profile.measures[name].label, figures[name]))


def _chart(profile: Profile, charts: Mapping[str, ChartData], name: str) -> _Drawing | str:
    """The drawing of a chart; nothing where it has no data, an error of the template where there is no such chart."""
    from jinja2 import UndefinedError

    if name not in profile.charts:
        raise UndefinedError(f"'{name}' is undefined")
    return _Drawing(name) if name in charts else ""


def _chinese_date(text: str) -> str:
    """``2024-09-27`` -> ``2024年9月27日``."""
    return "{}年{}月{}日".format(*map(int, text.split("-"))) if text else ""


def chinese_number(number: int) -> str:
    """A number below one hundred in Chinese.

    >>> chinese_number(13)
    '十三'
    """
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else ("" if tens == 1 else DIGITS[tens]) + "十") + (
        DIGITS[ones] if ones or not tens else ""
    )


def _attachments(texts: _Texts) -> tuple[Attachment, ...]:
    found = {}
    for position in texts.by_position:
        match = re.fullmatch(r"附件(\d+)", position)
        if match:
            found[int(match[1])] = tuple(texts.by_position[position])
    attachments = []
    for number, (_, paragraphs) in enumerate(sorted(found.items()), 1):
        title = next((p.文字 for p in paragraphs if p.样式 == "标题1"), "")
        attachments.append(Attachment(number, title, paragraphs))
    return tuple(attachments)


def _unknown_positions(profile: Profile, texts: _Texts, notes: Notes) -> None:
    """Say which texts stand at a position that no template can ask for."""
    known = {normal(t.position) for t in profile.texts.values()}
    words = [t.position for t in profile.texts.values()]
    trees = [mark.codes for mark in profile.marks.values()]
    for position, rows in texts.rows.items():
        if position in known or re.fullmatch(r"附件\d+", position):
            continue
        if position.startswith("原因:") and any(position.removeprefix("原因:") in codes for codes in trees):
            continue
        if position.startswith("原因:") and position.removeprefix("原因:").isdigit():
            continue
        heading = next(iter(rows[0].cells))
        place = rows[0].cells[heading]
        said = rows[0].text(heading)
        notes.found[("N404", position)] = finding(
            "N404", place, position=said, found=said, expected=nearest(said, words)
        )


def _glossary(profile: Profile, book: Book, sheets: Sequence[Sheet], notes: Notes) -> tuple[Term, ...]:
    """General terms, every 项 that the schedules print (and those the user adds), closing terms; overrides applied."""
    given: dict[str, tuple[str, str]] = {}
    sheet = ""
    for table in profile.tables.values():
        if table.kind == "glossary":
            sheet = table.name
            term, text = (c.heading for c in table.columns)
            given |= {normal(row.text(term)): (row.text(term), row.text(text)) for row in book.table(table.name)}
    mark = profile.marks[profile.glossary_codes]
    printed = {
        box.row_key
        for page in sheets
        if profile.schedules[page.key].rows == mark.name
        for box in page.amounts
        if len(box.row_key) == mark.lengths[-1]
    }
    codes = printed | {key for key in given if key in mark.codes and len(key) == mark.lengths[-1]}
    used: set[str] = set()
    unexplained: list[str] = []

    def general(terms: Sequence[tuple[str, str]]) -> Iterator[Term]:
        for term, text in terms:
            used.add(normal(term))
            yield Term(term, given.get(normal(term), ("", text))[1])

    def explained() -> Iterator[Term]:
        for code in sorted(codes):
            used.add(code)
            text = given.get(code, ("", ""))[1] or (mark.codes[code].explanation if code in mark.codes else "")
            names = [mark.narrative_name(part) for part in prefixes(code, mark.lengths)]
            title = "".join(f"{name}（{level}）" for name, level in zip(names, mark.levels, strict=False))
            if text:
                yield Term(title, text)
            else:
                unexplained.append(f"{code} {mark.name_of(code)}")

    first, middle, last = list(general(profile.glossary)), list(explained()), list(general(profile.glossary_closing))
    if unexplained:
        notes.say("N403", sheet, "codes", found="、".join(unexplained), count=str(len(unexplained)))
    added = [Term(*pair) for key, pair in given.items() if key not in used]
    return (*first, *middle, *last, *added)


def _records(profile: Profile, book: Book) -> tuple[Record, ...]:
    indicators: dict[str, list[Indicator]] = {}
    previous: tuple[str, str, str] = ("", "", "")
    for row in book.table("绩效指标"):
        project = normal(row.text("项目名称"))
        first, second = row.text("一级指标"), row.text("二级指标")
        same = previous[:2] == (project, first)
        name, target, result, rate = (row.text(h) for h in ("指标", "目标值", "业绩指标", "完成率"))
        indicators.setdefault(project, []).append(
            Indicator(first, second, name, target, result, rate, same, same and previous[2] == second)
        )
        previous = (project, first, second)
    return tuple(
        Record(profile, row, tuple(indicators.get(normal(row.text("项目名称")), ()))) for row in book.table("绩效项目")
    )

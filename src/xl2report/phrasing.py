"""How a figure reads: which situation a change or an execution of budget is in, and the profile's words for it."""

from __future__ import annotations

from functools import lru_cache
from string import Formatter
from typing import NamedTuple

from xl2report.derive import Figures
from xl2report.figures import Figure
from xl2report.profile import Phrase


def change_case(own: Figure, prior: Figure) -> str:
    """The situation of a change against the prior year, one of :data:`~xl2report.profile.CHANGE_CASES`."""
    if own.value is None or prior.value is None:
        return "无上年数"
    if own.value < 0 or prior.value < 0:
        return "持平" if own.value == prior.value else "负数"
    if own.value == prior.value:
        return "均为零" if own.value == 0 else "持平"
    if own.unit.rounded(own.value - prior.value) == 0:
        return "基本持平"
    if prior.value == 0:
        return "基数为零"
    if own.value == 0:
        return "本年为零"
    return "增加" if own.value > prior.value else "减少"


def budget_case(own: Figure, budget: Figure, rate: Figure) -> str:
    """The situation of an execution of budget, one of :data:`~xl2report.profile.BUDGET_CASES`."""
    if own.value is None or budget.value is None:
        return "无预算数"
    if own.value < 0 or budget.value < 0:
        return "负数"
    if budget.value == 0:
        return "未安排" if own.value else "未安排未发生"
    if own.value == 0:
        return "未支出"
    if rate.value is not None and rate.unit.rounded(rate.value) == 100:
        return "完成"
    return "超出" if own.value > budget.value else "未完成"


def case_of(figures: Figures, name: str, of: str) -> str:
    """The situation that a measure is in, for a phrase of a kind (变动 or 预算)."""
    if of == "变动":
        return change_case(figures[name], figures[f"{name}.上年"])
    return budget_case(figures[name], figures[f"{name}.预算"], figures[f"{name}.完成率"])


class Number(NamedTuple):
    """A number that a phrase may print: the name of its figure, and its text (sizes are printed without their sign)."""

    name: str
    text: str


def numbers_of(figures: Figures, name: str, of: str) -> dict[str, Number]:
    """The numbers that a phrase of a kind (变动 or 预算) may print for a measure, by the word in braces."""
    sized = ("增减", "增长率") if of == "变动" else ("差额",)
    plain = ("上年",) if of == "变动" else ("预算", "完成率")
    found = {"本数": Number(name, figures[name].text)}
    for companion in (*plain, *sized):
        figure = figures[f"{name}.{companion}"]
        text = _size(figure) if companion in sized else figure.text
        found["上年数" if companion == "上年" else companion] = Number(figure.name, text)
    return found


def years_of(figures: Figures) -> dict[str, str]:
    """The years that a phrase may print."""
    year = int(figures.book.info.get("年度", figures.profile.year))
    return {"年度": str(year), "上一年度": str(year - 1)}


class Said(NamedTuple):
    """What a phrase says of a measure: the situation, the words, and the figures in them with text and place."""

    case: str
    words: str
    figures: tuple[tuple[Figure, str, int], ...]


def say(figures: Figures, name: str, phrase: Phrase) -> Said:
    """The words of a phrase for a measure, its numbers filled in."""
    case = case_of(figures, name, phrase.of)
    numbers, years = numbers_of(figures, name, phrase.of), years_of(figures)
    words: list[str] = []
    found = []
    at = 0
    for literal, word in _fields(phrase.cases[case]):
        words.append(literal)
        at += len(literal)
        if word in numbers:
            number = numbers[word]
            found.append((figures[number.name], number.text, at))
            words.append(number.text)
        elif word:
            words.append(years[word])
        at += len(words[-1]) if word else 0
    return Said(case, "".join(words), tuple(found))


@lru_cache(maxsize=1000)
def _fields(words: str) -> tuple[tuple[str, str], ...]:
    """The words of a phrase between its braces, and in them."""
    return tuple((literal, word or "") for literal, word, _, _ in Formatter().parse(words))


def _size(figure: Figure) -> str:
    """The figure without its sign: the words say the direction."""
    return figure.text if figure.value is None else figure.unit.show(abs(figure.value))

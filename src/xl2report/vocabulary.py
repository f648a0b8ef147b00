"""What a template may use: every name with its kind and meaning, from a profile; and its value, from a workbook.

The kinds say what may stand behind a dot and what a loop yields; :mod:`xl2report.linting` reads templates with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xl2report.findings import Words
from xl2report.profile import COMPANIONS, Profile
from xl2report.views import FigureView, ItemView, Record

PLACES = {
    "附表表格": "附表，用 --with-tables 时印成 Word 表格；单独占一段",
    "目录": "目录；单独占一段，--toc none 时不印",
}
"""The names that the program replaces in the finished document, with their meaning."""
ANY = "any"
"""The kind of what is not known: nothing is said about it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing: what it is called, what may stand behind a dot (name -> kind), and what a loop over it yields."""

    words: Words
    members: Mapping[str, str]
    each: str = ""
    printable: bool = True
    number: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One name that a template may use: how it is typed, what it means, its unit; ``value`` is that of one workbook."""

    section: str
    name: str
    kind: str
    meaning: str
    unit: str = ""
    tag: str = ""
    value: str = ""
    used: int | None = None
    """How often one template uses it, where one was given."""

    @property
    def key(self) -> str:
        """What :func:`xl2report.linting.uses` calls it: what stands behind a dot begins with one."""
        return f".{self.name}" if self.section in ("companions", "phrases", "item") else self.name

    def as_json(self) -> dict[str, str | int | None]:
        """The entry with stable keys."""
        return {
            "section": self.section,
            "name": self.name,
            "tag": self.tag,
            "meaning": self.meaning,
            "unit": self.unit,
            "value": self.value,
            "used": self.used,
        }


@dataclass(frozen=True)
class Vocabulary:
    """The names of one profile, and the kinds of things there are."""

    names: Mapping[str, str]
    """Every name that may begin an expression -> its kind."""
    kinds: Mapping[str, Kind]
    entries: tuple[Entry, ...]
    charts: tuple[str, ...]
    """The charts that ``chart("…")`` may be asked for."""
    amounts: tuple[str, ...]
    """The amount columns that ``执行率`` of a project may be asked for."""

    def members(self, kind: str) -> Mapping[str, str]:
        """What may stand behind a dot after a thing of some kind."""
        return self.kinds[kind].members


SECTIONS: Mapping[str, Words] = {
    "figures": Words("数字", "figures"),
    "companions": Words("数字的相关数", "behind the dot of a figure"),
    "phrases": Words("数字的现成说法", "phrases of a figure"),
    "lists": Words("清单", "lists"),
    "item": Words("清单中一项的内容", "behind the dot of an item of a list"),
    "info": Words("基本信息", "rows of 基本信息"),
    "texts": Words("文字材料", "texts"),
    "charts": Words("图", "charts"),
    "tables": Words("成组的内容", "tables and other groups"),
    "filters": Words("过滤器", "filters"),
}
"""The parts of the list of names, in order."""

_COMPANIONS = {
    "上年": "上年数",
    "增减": "比上年增加或减少（带符号）",
    "增长率": "比上年增长的比率",
    "预算": "全年预算数",
    "差额": "决算数减预算数",
    "完成率": "决算数为预算数的百分比",
    "占比": "占总体的百分比",
    "名称": "正式名称",
    "已填": "是否有数（只用在条件里）",
}
_ITEM = {
    "编码": "科目编码",
    "金额": "金额（与直接写这一项相同）",
    "原因": "“文字材料”中“原因：编码”或“原因：名称”的文字",
    "类": "类级科目名称",
    "款": "款级科目名称",
    "项": "项级科目名称",
}
_LOOP = {
    **dict.fromkeys(("index", "index0", "revindex", "revindex0", "length", "depth", "depth0"), "number"),
    **dict.fromkeys(("first", "last"), "truth"),
    **dict.fromkeys(("previtem", "nextitem", "cycle", "changed"), ANY),
}
_TABLES = {
    "附件": ("attachments", "附件，一个一组：序号、标题、段落（文字、样式）"),
    "名词解释": ("terms", "名词解释：名词、解释"),
    "附表": ("titles", "附表目录：序号、名称"),
    "绩效项目": ("records", "绩效项目，一个一组：“绩效项目”表的各列、项目全称、项目简称、执行率、指标"),
}


def vocabulary(profile: Profile, own: Iterable[str] = ()) -> Vocabulary:
    """Every name of a profile, and ``own`` ones: the rows that a user added to 基本信息."""
    groups = _groups(profile)
    entries = tuple(_entries(profile, own))
    names = {e.name: e.kind for e in entries if e.section in ("info", "figures", "lists", "tables")}
    names |= {name: f"group {name}" for name in groups} | {"chart": "chart maker"} | dict.fromkeys(PLACES, "text")
    columns = [c for t in profile.tables.values() if t.name == "绩效项目" for c in t.columns]
    return Vocabulary(
        names,
        _kinds(profile, groups, tuple(c.heading for c in columns)),
        entries,
        tuple(profile.charts),
        tuple(c.heading for c in columns if c.kind == "amount"),
    )


def _groups(profile: Profile) -> Mapping[str, Mapping[str, str]]:
    """What stands behind a dot: 原因, 用途 … are sentences, 文字 holds paragraphs, 图表 charts."""
    groups: dict[str, dict[str, str]] = {"文字": {}}
    for text in profile.texts.values():
        group, colon, name = text.name.partition("：")
        if colon:
            groups.setdefault(group, {})[name] = "sentence"
        else:
            groups["文字"][text.name] = "paragraphs"
    groups["图表"] = dict.fromkeys(profile.charts, "chart")
    return groups


def _kinds(profile: Profile, groups: Mapping[str, Mapping[str, str]], columns: tuple[str, ...]) -> Mapping[str, Kind]:
    strings = {name: ANY for name in dir(str) if not name.startswith("_")}
    about = {"名称": "text", "已填": "truth"}
    figure = {**about, **dict.fromkeys(COMPANIONS, "companion"), **dict.fromkeys(profile.phrases, "text")}
    item = {**figure, **dict.fromkeys(_ITEM, "text"), "金额": "item", "level": ANY}
    paragraph = {"文字": "text", "样式": "text"}
    record = {**dict.fromkeys(columns, "text"), "项目全称": "text", "项目简称": "text", "执行率": "rate of execution"}
    heads = ("一级指标", "二级指标", "指标", "目标值", "业绩指标", "完成率")
    indicator = {**dict.fromkeys(heads, "text"), "一级续": "truth", "二级续": "truth"}
    kinds = {
        ANY: Kind(Words("", ""), {}, ANY),
        "text": Kind(Words("文字", "a text"), strings, "text"),
        "sentence": Kind(Words("一句文字材料", "a text of 文字材料"), {}),
        "number": Kind(Words("数", "a number"), {}, number=True),
        "truth": Kind(Words("是或否", "a truth value"), {}),
        "figure": Kind(Words("数字", "a figure"), figure),
        "companion": Kind(Words("相关数", "a companion of a figure"), about),
        "item": Kind(Words("清单的一项", "an item of a list"), item),
        "loop": Kind(Words("循环的状态", "the state of a loop"), _LOOP, printable=False),
        "chart": Kind(Words("图", "a chart"), {"图号": "number", "标题": "text"}, printable=False),
        "chart maker": Kind(Words("chart", "chart"), {}, printable=False),
        "rate of execution": Kind(Words("执行率", "a rate of execution"), {}, printable=False),
    }
    things: tuple[tuple[str, str, str, str, Mapping[str, str]], ...] = (
        ("item", "items", "清单", "a list", {}),
        ("paragraph", "paragraphs", "段落", "paragraphs", paragraph),
        ("attachment", "attachments", "附件", "attachments", {"序号": "number", "标题": "text", "段落": "paragraphs"}),
        ("term", "terms", "名词解释", "terms", {"名词": "text", "解释": "text"}),
        ("title", "titles", "附表目录", "titles of schedules", {"序号": "number", "名称": "text"}),
        ("indicator", "indicators", "绩效指标", "indicators", indicator),
        ("record", "records", "绩效项目", "projects", {**record, "指标": "indicators"}),
    )
    for one, many, zh, en, members in things:
        kinds.setdefault(one, Kind(Words(f"一条{zh}", f"one of {en}"), members, printable=False))
        kinds[many] = Kind(Words(f"一组{zh}", en), {}, one, printable=False)
    for name, texts in groups.items():
        kinds[f"group {name}"] = Kind(Words(f"“{name}”一组", f"the group {name}"), texts, printable=False)
    return kinds


def _entries(profile: Profile, own: Iterable[str]) -> Iterator[Entry]:
    for measure in (m for m in profile.measures.values() if m.name not in profile.infos):
        yield Entry("figures", measure.name, "figure", measure.label or measure.name, _unit(profile, measure.unit))
    for name, meaning in _COMPANIONS.items():
        yield Entry("companions", name, "companion" if name in COMPANIONS else "text", meaning)
    for phrase in profile.phrases.values():
        yield Entry("phrases", phrase.name, "text", "比上年的变动" if phrase.of == "变动" else "预算执行情况")
    for listed in profile.lists.values():
        yield Entry("lists", listed.name, "items", listed.label or listed.name, _unit(profile, listed.unit))
    for name, meaning in _ITEM.items():
        yield Entry("item", name, "item" if name == "金额" else "text", meaning)
    hints = {name: info.hint for name, info in profile.infos.items()}
    for name in dict.fromkeys(("年度", "上一年度", *profile.infos, *own)):
        yield Entry("info", name, "text", hints.get(name) or name)
    for text in profile.texts.values():
        group, colon, rest = text.name.partition("：")
        name, kind = (f"{group}.{rest}", "sentence") if colon else (f"文字.{text.name}", "paragraphs")
        yield Entry("texts", name, kind, f"“文字材料”中位置为“{text.position}”的文字")
    for chart in profile.charts.values():
        for name, kind, meaning in (("图号", "number", "图的编号"), ("标题", "text", "图的标题")):
            yield Entry("charts", f"图表.{chart.name}.{name}", kind, f"{chart.caption}：{meaning}")
        tag = f'{{{{ chart("{chart.name}") }}}}'
        yield Entry("charts", f"chart {chart.name}", ANY, f"{chart.caption}：图本身", tag=tag)
    for name, meaning in PLACES.items():
        yield Entry("tables", name, "text", meaning, tag=f"{{{{ {name} }}}}")
    for name, (kind, meaning) in _TABLES.items():
        yield Entry("tables", name, kind, meaning)
    yield Entry("filters", "中文数字", "text", "一百以内的数写成汉字")


def _unit(profile: Profile, unit: str) -> str:
    """How a unit is called beside a number: % is printed with it."""
    return unit if unit in profile.units else ""


# -- with the values of a workbook ----------------------------------------------------------------


def valued(words: Vocabulary, context: Mapping[str, Any], profile: Profile) -> tuple[Entry, ...]:
    """The entries with the values that a template would print, from what :func:`xl2report.views.context_of` gives."""
    sample = next((m.name for m in profile.measures.values() if m.prior and m.budget), next(iter(profile.measures)))
    return tuple(_valued(entry, context, sample) for entry in words.entries)


def _valued(entry: Entry, context: Mapping[str, Any], sample: str) -> Entry:
    if entry.tag:
        return entry
    loop = f"{{% for 项 in {entry.name} %}}…{{% endfor %}}"
    match entry.section:
        case "companions" | "phrases":
            name = f"{sample}.{entry.name}"
            value = getattr(context[sample], entry.name)
            shown = ("是" if value else "否") if isinstance(value, bool) else _figure_text(value)
            return replace(entry, tag=f"{{{{ {name} }}}}", value=shown)
        case "item":
            items = [item for value in context.values() if _is_items(value) for item in value]
            value = _figure_text(getattr(max(items, key=lambda i: len(i.编码)), entry.name)) if items else ""
            return replace(entry, tag=f"{{{{ 项.{entry.name} }}}}", value=value)
        case "filters":
            return replace(entry, tag=f"{{{{ 13|{entry.name} }}}}", value="十三")
        case "charts":
            group, chart, name = entry.name.split(".")
            return replace(
                entry, tag=f"{{{{ {entry.name} }}}}", value=str(getattr(getattr(context[group], chart), name))
            )
        case "texts":
            group, _, name = entry.name.partition(".")
            value = getattr(context[group], name)
        case _:
            value = context[entry.name]
    if isinstance(value, tuple):
        return replace(entry, tag=loop, value=_listed(value))
    return replace(entry, tag=f"{{{{ {entry.name} }}}}", value=_figure_text(value))


def _is_items(value: object) -> bool:
    """Whether a value is a list of figures that is not empty."""
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], ItemView)


def _figure_text(value: Any) -> str:
    """What is printed; "" where there is no value."""
    if isinstance(value, FigureView):
        return str(value) if value.已填 else ""
    return str(value) if value else ""


def _listed(values: tuple[Any, ...]) -> str:
    """The things of a group in one text."""
    if values and isinstance(values[0], ItemView):
        return "；".join(f"{item.名称} {_figure_text(item)}" for item in values)
    if values and isinstance(values[0], Record):
        return "；".join(record.项目全称 for record in values)
    for name in ("标题", "文字", "名词", "名称"):
        if values and hasattr(values[0], name):
            return "；".join(str(getattr(value, name)) for value in values)
    return ""

"""The charts of an edited report with new numbers: caches, embedded workbooks and alternative texts; their looks are kept."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from xl2report.charts import ChartData, Drawn, described, redraw
from xl2report.findings import Finding, finding
from xl2report.manifest import DrawnChart, Point
from xl2report.marks import DOCUMENT, RELATIONS, Opened


@dataclass(frozen=True, slots=True)
class Redrawn:
    """The charts that a report shows now, the parts of it that a tree must be written for, and what is to be said."""

    charts: tuple[DrawnChart, ...]
    parts: frozenset[str]
    findings: tuple[Finding, ...]


def redrawn(
    parts: MutableMapping[str, bytes], opened: Opened, charts: Mapping[str, ChartData], name: str, *, track: bool
) -> Redrawn:
    """Put new numbers into the charts of a report.

    Args:
        parts: the parts of the report; those of charts are changed.
        opened: the report; the alternative texts in its tree are changed.
        charts: the data of the charts that a fresh report shows, by their names.
        name: the name of the report, for findings.
        track: whether the texts are tracked: charts cannot be, and that is told.
    """
    shown, findings, replaced = [], [], []
    alternatives: dict[str, str] = {}
    drawn_now = opened.marked.drawn
    for chart, drawn in drawn_now:
        data = charts.get(chart.name)
        if drawn is None or data is None:
            gone = drawn is None
            findings.append(
                finding(
                    "D868", name, found=_said(chart.points), expected="" if data is None else _said(_points(data)), chart=chart.name,
                    zh="报告中已没有这张图" if gone else "现在没有数据可画", en="it is no longer in the report" if gone else "there is nothing to draw now",
                )
            )  # fmt: skip
            if drawn is not None:
                shown.append(chart)
            continue
        shown.append(DrawnChart(chart.name, drawn.drawing, _points(data)))
        if not _same(drawn, data):
            expected = _said(_points(data))
            if not _redrawn(parts, drawn.part, data):
                shown[-1] = chart
                zh, en = "图的内容读不出来", "its content cannot be read"
                findings.append(finding("D868", name, expected=expected, chart=chart.name, zh=zh, en=en))
                continue
            if not _as_printed(drawn, chart):
                was = "；".join(f"{c} {v}" for c, v in zip(drawn.categories, drawn.values, strict=False))
                findings.append(finding("D873", name, found=was, expected=expected, chart=chart.name))
            replaced.append(chart.name)
        if re.match(re.escape(data.caption) + "（(?:饼图|柱形图)）：", drawn.alternative):
            alternatives |= dict.fromkeys(_relations(parts, drawn.part), data.alternative)
    known = {chart.name for chart, _ in drawn_now}
    for data in charts.values():
        if data.name not in known:
            findings.append(
                finding(
                    "D868",
                    name,
                    expected=_said(_points(data)),
                    chart=data.name,
                    zh="报告中没有这张图",
                    en="it is not in the report",
                )
            )
    if track and replaced:
        findings.append(finding("D869", name, found="、".join(replaced)))
    changed = described(opened.trees[DOCUMENT], alternatives)
    return Redrawn(tuple(shown), frozenset([DOCUMENT] if changed else []), tuple(findings))


def _redrawn(parts: MutableMapping[str, bytes], part: str, data: ChartData) -> bool:
    """Put new numbers into a chart, whole or not at all; whether it was possible."""
    trial = dict(parts)
    try:
        possible = redraw(trial, part, data)
    except Exception:  # other programs write charts that lack what ours have
        return False
    if possible:
        parts.update(trial)
    return possible


def _points(data: ChartData) -> tuple[Point, ...]:
    points = zip(data.categories, data.shown, data.labels, strict=True)
    return tuple(Point(category, figure.name, label) for category, figure, label in points)


def _said(points: tuple[Point, ...]) -> str:
    return "；".join(f"{point.category} {point.text}" for point in points)


def _numbers(values: tuple[str, ...]) -> list[Decimal] | None:
    try:
        return [Decimal(value.rstrip("%")) for value in values]
    except InvalidOperation:
        return None


def _same(drawn: Drawn, data: ChartData) -> bool:
    return drawn.categories == data.categories and _numbers(drawn.values) == list(data.values)


def _as_printed(drawn: Drawn, chart: DrawnChart) -> bool:
    printed = tuple(point.text for point in chart.points)
    return drawn.categories == tuple(p.category for p in chart.points) and _numbers(drawn.values) == _numbers(printed)


def _relations(parts: Mapping[str, bytes], part: str) -> list[str]:
    """The relations of the document that lead to a part."""
    found = []
    for relation in re.findall(r"<Relationship [^>]*>", parts[RELATIONS].decode()):
        target = re.search(r'Target="([^"]*)"', relation)
        identifier = re.search(r'Id="([^"]*)"', relation)
        if target and identifier and posixpath.join("/word", target[1])[1:] == part:
            found.append(identifier[1])
    return found

"""Template + figures -> the Word report.

Templates are untrusted: they run in a sandbox, every value is escaped, unknown names are errors with part,
paragraph and text, and what was rendered must be well-formed before it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from xl2report import __version__
from xl2report.charts import chart_data, has_charts, place
from xl2report.contents import Contents, Toc, mark, with_contents
from xl2report.derive import Figures
from xl2report.facts import Book
from xl2report.filling import Failed, filled_parts, properties_of
from xl2report.findings import Finding, finding, nearest
from xl2report.guards import RefusedError, content_of
from xl2report.manifest import Carrier, Ledger, Origin, fingerprint_of
from xl2report.packages import sealed
from xl2report.preparing import prepared
from xl2report.profile import COMPANIONS, Profile
from xl2report.sandbox import TooMuch
from xl2report.sheets import Sheet
from xl2report.tables import MARK, place_tables
from xl2report.trees import Parts
from xl2report.views import FigureView, Group, Notes, context_of

LONGEST_PROPERTY = 255


class Narrative(NamedTuple):
    """A rendered report, or ``None`` where the template or the data do not allow one; and what was found."""

    data: bytes | None
    findings: tuple[Finding, ...]


def render(
    template: Path | bytes,
    profile: Profile,
    book: Book,
    figures: Figures,
    sheets: Sequence[Sheet],
    created: datetime,
    *,
    toc: Toc = "field",
    with_tables: bool = False,
    marks: Carrier = "bookmark",
    workbook: tuple[str, str] = ("", ""),
    inputs: str = "",
) -> Narrative:
    """Fill a docxtpl template with the figures, phrases, lists and texts of one book.

    Args:
        template: the path of a .docx, or its bytes; nothing in it is trusted.
        profile: gives the names and the words.
        book: the texts of 文字材料, 名词解释, 绩效项目.
        figures: the numbers.
        sheets: the laid-out schedules, for their list and for the codes that the glossary explains.
        created: the date in the document properties.
        toc: how the contents get their page numbers, where the template has contents.
        with_tables: put the schedules as Word tables where the template has ``{{ 附表表格 }}``.
        marks: how what is printed is marked with where it comes from.
        workbook: the name and the SHA-256 of the file that the figures are from, for the manifest.
        inputs: the hash of everything that the report is made from.

    Returns:
        The .docx as bytes with what was found; no bytes where a finding is an error.
    """
    name = template.name if isinstance(template, Path) else "template.docx"
    data = content_of(template, name) if isinstance(template, Path) else template
    if isinstance(data, Finding):
        return Narrative(None, (data,))
    notes = Notes()
    ledger = None if marks == "none" else Ledger()
    charts = chart_data(profile, figures)
    context = context_of(profile, book, figures, sheets, charts, notes)
    context |= {"附表表格": MARK if with_tables else "", "目录": mark(toc)}
    try:
        ready = prepared(data)
        wrong = _mistakes(data, profile, name, book) if str(template) != profile.template else ()
        # charts, tables, marks and contents work on one tree; without them none is made
        as_tree = ledger is not None or with_tables or toc != "none" or has_charts(ready.constant)
        parts = Parts({}) if wrong else filled_parts(ready, context, ledger, as_tree=as_tree)
    except Failed as failed:
        found = _mistakes(data, profile, name, book) if failed.part else ()
        return Narrative(None, (*notes.findings, *(found or (_template_finding(failed, name, context),))))
    if wrong:
        return Narrative(None, wrong)
    if notes.failed:
        return Narrative(None, notes.findings)
    year = book.info.get("年度", "")
    department = book.info.get("部门名称", "")[:LONGEST_PROPERTY]
    title = f"{department}{year}年度部门决算"[:LONGEST_PROPERTY]
    parts[ready.properties.name] = properties_of(ready, title, department, created)
    for chart in place(parts, charts):
        notes.say("T516", name, chart, chart=chart)
    if with_tables and not place_tables(parts, sheets, ledger):
        notes.say("T514", name, "附表表格")
    if ledger is not None:
        from xl2report.marks import manifest_of, open_marks, place_marks, put_manifest
        from xl2report.sentences import sentences_of

        made = Origin(
            *workbook,
            profile.name,
            profile.title,
            name,
            fingerprint_of(data),
            int(book.info.get("年度", profile.year)),
            __version__,
        )
        manifest = manifest_of(made, marks, place_marks(parts, ledger, marks), ledger, charts, parts)
        if (opened := open_marks(parts, manifest)) is not None:
            manifest = replace(manifest, wording=tuple(sentence.wording for sentence in sentences_of(opened.marked)))
        put_manifest(parts, manifest)
    contents = with_contents(parts, toc, "report.docx") if toc != "none" else Contents(parts)
    if contents.parts is None:
        return Narrative(None, (*notes.findings, *contents.findings))
    whole = dict(contents.parts)
    if ledger is not None:
        from xl2report.marks import clean

        clean(whole)
    report = sealed(whole, inputs)
    return Narrative(report, (*notes.findings, *contents.findings))


def filled(
    template: Path, profile: Profile, book: Book, context: Mapping[str, object], ledger: Ledger
) -> tuple[Mapping[str, bytes], tuple[Finding, ...]]:
    """The parts of a filled template, with the sentinels of what was printed, charts and contents as they are; or why there are none."""
    data = content_of(template, template.name)
    if isinstance(data, Finding):
        return {}, (data,)
    try:
        ready = prepared(data)
        wrong = _mistakes(data, profile, template.name, book) if str(template) != profile.template else ()
        return (filled_parts(ready, context, ledger), ()) if not wrong else ({}, wrong)
    except Failed as failed:
        return {}, (_template_finding(failed, template.name, context),)


_READ: dict[tuple[str, str, tuple[str, ...]], tuple[Profile, tuple[Finding, ...]]] = {}
"""What was found in the templates that were read last."""


def _mistakes(data: bytes, profile: Profile, name: str, book: Book) -> tuple[Finding, ...]:
    """Everything that is wrong with a template: of one's own it is told before rendering, all at once."""
    from xl2report.linting import lint

    key = (fingerprint_of(data), name, tuple(book.info))
    known, found = _READ.pop(key, (None, ()))
    if known is not profile:
        found = tuple(mistake.finding for mistake in lint(data, profile, name, book.info))
    while len(_READ) >= 8:
        del _READ[next(iter(_READ))]
    _READ[key] = (profile, found)
    return found


# -- what is wrong with a template -----------------------------------------------------------------


def _template_finding(failed: Failed, name: str, context: Mapping[str, object]) -> Finding:
    """What is wrong with a template, with part, paragraph and text."""
    from xml.parsers.expat import ExpatError

    from jinja2.exceptions import TemplateSyntaxError, UndefinedError
    from lxml.etree import XMLSyntaxError

    from xl2report.linting import in_chinese

    error, part, paragraph, text = failed.error, failed.part, failed.paragraph, failed.text
    place = name
    if part:
        place += f" {part.rpartition('/')[2].removesuffix('.xml')}"
    if paragraph > 0:
        place += f" 第{paragraph}段"
    reason = str(error) or type(error).__name__
    if isinstance(error, RefusedError):
        return error.finding(name)
    if not part:
        return finding("T504", name, found=re.sub(r"file '<.*?>' ", "", f"{type(error).__name__}: {error}")[:120])
    if isinstance(error, TooMuch):
        return finding("T517", place, found=text[:80], reason_zh=error.words.zh, reason_en=error.words.en)
    if isinstance(error, XMLSyntaxError | ExpatError):
        return finding("T505", place, reason=reason)
    if isinstance(error, TemplateSyntaxError):
        return finding("T501", place, reason=reason, reason_zh=in_chinese(reason), found=text[:80])
    unknown = re.search(r"'([^']+)' is undefined|has no attribute '([^']+)'", reason)
    if isinstance(error, UndefinedError) and unknown:
        wrong = unknown[1] or unknown[2]
        return finding(
            "T502",
            place,
            name=wrong,
            found=text[:80],
            expected=nearest(wrong, _names(context, companion=bool(unknown[2]))),
        )
    return finding("T503", place, reason=reason, found=text[:80])


def _names(context: Mapping[str, object], *, companion: bool) -> list[str]:
    """What could have been meant: behind a dot the company and phrases of a figure, elsewhere a name."""
    if not companion:
        return list(context)
    phrases = next((view.phrases() for view in context.values() if isinstance(view, FigureView)), ())
    groups = [name for group in context.values() if isinstance(group, Group) for name in group.names()]
    return [*COMPANIONS, *phrases, "名称", "已填", *groups]

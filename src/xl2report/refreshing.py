"""An edited report brought up to date: new numbers and texts in its marks, its prose and formatting kept.

:mod:`xl2report.planning` says what is to be done; here it is done, whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from xl2report.charts import ChartData, chart_data
from xl2report.contents import MARK
from xl2report.findings import Finding, finding, has_errors, strictly
from xl2report.guards import RefusedError, content_of, unpacked
from xl2report.manifest import Manifest
from xl2report.marks import Opened, open_marks, put_manifest
from xl2report.packages import parts_of, sealed, write_all
from xl2report.pipeline import CompileResult, Report, load
from xl2report.planning import Plan
from xl2report.redrawing import redrawn
from xl2report.rerowing import rerow
from xl2report.rewriting import Tracker, rewrite, serialised
from xl2report.sentences import digest_of

_TITLE = "docProps/core.xml"


def refresh(
    report: str | Path,
    workbook: str | Path,
    out: str | Path,
    *,
    profile: str | Path | None = None,
    template: str | Path | None = None,
    track: bool = False,
    strict: bool = False,
) -> CompileResult:
    """Write an edited report with the numbers and texts of a workbook: those of later accounts, or of the next year.

    Args:
        report: the report that people worked on (.docx), compiled with marks; it is only read.
        workbook: the standard workbook to take the numbers from; it is only read.
        out: the report to write.
        profile: as for :func:`load`.
        template: the Word template that the report was compiled with, where it was not the profile's.
        track: write the changes as tracked changes of Word, to be accepted or rejected.
        strict: treat warnings as errors: then nothing is written if anything could not be refreshed.

    Returns:
        The path written (none where a finding is an error) and all findings.

    Raises:
        ProfileError: where the profile itself cannot be used.
    """
    source, target = Path(report), Path(out)
    edited = _opened(source)
    if isinstance(edited, Finding):
        return CompileResult((), (edited,), readable=edited.code == "D851")
    parts, opened = edited
    printed = opened.marked.manifest
    assert printed is not None
    accounts = load(workbook, profile)
    if not accounts.readable:
        return CompileResult((), accounts.findings, readable=False, left_out=accounts.left_out)
    made, findings = _compiled(accounts, printed, template)
    fresh = made.marked if made is not None else None
    findings += tuple(
        finding("O604", str(path)) for path in (source, accounts.source) if path.resolve() == target.resolve()
    )
    data = None
    if made is not None and fresh is not None and fresh.manifest is not None:
        origin = fresh.manifest.origin
        if origin.template_sha256 != printed.origin.template_sha256:
            other = finding("D855", source.name, found=printed.origin.template, expected=origin.template)
            findings = (*findings, other)
        shown = {chart.name for chart in fresh.manifest.charts}
        charts = {name: data for name, data in chart_data(accounts.profile, accounts.figures).items() if name in shown}
        try:
            data, more = refreshed(parts, opened, made, charts, source.name, accounts.date, track=track)
        except Exception:  # a package that has mistakes where nobody looked
            more = (finding("D852", source.name),)
        findings = (*findings, *more)
    if strict:
        findings = strictly(findings)
    if data is None or has_errors(findings):
        return CompileResult((), findings, left_out=accounts.left_out)
    written = write_all({target: data})
    return CompileResult(written.paths, (*findings, *written.findings))


def _opened(path: Path) -> tuple[dict[str, bytes], Opened] | Finding:
    """The parts of a marked report and what was read from them, or why it cannot be refreshed."""
    try:
        data = content_of(path)
        if isinstance(data, Finding):
            return data
        parts = unpacked(data)
    except RefusedError as refused:
        return finding("D852", path.name) if refused.code == "F005" else refused.finding(path.name)
    opened = open_marks(parts)
    if opened is None:
        return finding("D852", path.name)
    manifest = opened.marked.manifest
    if manifest is None or not any(found.name in manifest.by_name for found in opened.marked.found):
        return finding("D851", path.name)
    return parts, opened


def _compiled(
    accounts: Report, printed: Manifest, template: str | Path | None
) -> tuple[Opened | None, tuple[Finding, ...]]:
    """The report that would be printed now, read back, and what was found on the way."""
    tables = any(mark.kind == "box" for mark in printed.marks)
    listed = digest_of(MARK) in {wording.digest for wording in printed.wording}
    data, findings = accounts.narrative(template, toc="field" if listed else "none", with_tables=tables)
    findings = tuple(found for found in findings if found.code != "N408")  # the contents of the edited report stay
    return (open_marks(parts_of(data)) if data else None), findings


def refreshed(
    parts: Mapping[str, bytes],
    opened: Opened,
    fresh: Opened,
    charts: Mapping[str, ChartData],
    name: str,
    date: datetime,
    *,
    track: bool,
) -> tuple[bytes, tuple[Finding, ...]]:
    """An edited report with what a fresh one prints, and what is to be said about it.

    Args:
        parts: the parts of the edited report.
        opened: the same, read; its trees are changed.
        fresh: the report compiled now.
        charts: the data of the charts, by name.
        name: the name of the report, for findings.
        date: the date of tracked changes.
        track: write tracked changes.
    """
    plan = Plan(name, opened, fresh)
    findings = [*plan.lost(), *plan.reworded(), *plan.left_behind()]
    tracker = Tracker.of(opened, date) if track else None
    changed = rewrite(opened, plan.changes, tracker)
    named = [rerow(rows, plan.now.by_name, plan.namer, tracker) for _, rows in plan.tables]
    changed |= {plan.edited.paragraphs[rows.edited[0].paragraph].part for _, rows in plan.tables}
    made = dict(parts)
    drawn = redrawn(made, opened, charts, name, track=track)
    manifest = replace(plan.manifest(named), charts=drawn.charts)
    for part in changed | drawn.parts:
        made[part] = serialised(opened.trees[part])
    _entitle(made, plan.printed, plan.now)
    put_manifest(made, manifest)
    return sealed(made), (*plan.findings, *findings, *drawn.findings, plan.summary())


def _entitle(parts: dict[str, bytes], printed: Manifest, now: Manifest) -> None:
    """Give the document's title the new year and name, where it is the one that was printed."""

    def title(manifest: Manifest) -> bytes:
        said = {mark.key: mark.text for mark in reversed(manifest.marks)}
        department, year = said.get("部门名称", ""), said.get("年度", "")
        return escape(f"{department}{year}年度部门决算").encode() if department and year else b""

    old, new = title(printed), title(now)
    if old and new and old != new and _TITLE in parts:
        parts[_TITLE] = parts[_TITLE].replace(old, new)

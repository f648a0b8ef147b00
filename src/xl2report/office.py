"""LibreOffice, run unseen: a document in, the converted document out, or the finding that says why not.

Every run has a folder and a user profile of its own, so that runs beside each other and an open LibreOffice do not
meet. Nothing of a run is left behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from xl2report.findings import Finding, finding

TIMEOUT = 180
"""Seconds that one conversion may take; a report takes two."""
NAMES = ("soffice", "libreoffice")
USUAL = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.exe",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.exe",
)
"""Where it is installed on systems that do not put it on the PATH."""


def program() -> str | None:
    """The path of LibreOffice, or ``None`` where there is none."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return next((path for path in USUAL if Path(path).is_file()), None)


def convert(data: bytes, to: str, place: str) -> bytes | Finding:
    """A .docx converted by LibreOffice to another format (``pdf``, ``docx``), or why it could not be.

    Args:
        data: the document.
        to: the ending of the format wanted.
        place: the file that a finding is about.
    """
    office = program()
    if office is None:
        return finding("O605", place)
    with tempfile.TemporaryDirectory(prefix="xl2report-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        source, out = folder / "report.docx", folder / "out"
        source.write_bytes(data)
        command = [office, "--headless", "--norestore", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
        command += ["--convert-to", to, "--outdir", str(out), str(source)]
        try:
            status = _run(command)
        except OSError as error:
            reason = error.strerror or str(error)
            return finding("O606", place, reason_zh=reason, reason_en=reason)
        if status is None:
            return finding("O606", place, reason_zh=f"{TIMEOUT}秒内没有完成", reason_en=f"not done in {TIMEOUT} seconds")
        target = out / f"report.{to}"
        if status != 0 or not target.is_file():
            return finding(
                "O606",
                place,
                reason_zh=f"没有生成文件（返回值{status}）",
                reason_en=f"it wrote no file (exit status {status})",
            )
        return target.read_bytes()


def _run(command: list[str]) -> int | None:
    """Run a command without a word; its exit status, or ``None`` where it took too long and was ended."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True) as process:
        try:
            return process.wait(TIMEOUT)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                return None
            raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with those that it started: LibreOffice works in a child of what is called soffice."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def pdf_of(report: bytes, created: datetime, place: str) -> bytes | Finding:
    """The report as PDF, with one date in it and no trace of the run."""
    made = convert(report, "pdf", place)
    return made if isinstance(made, Finding) else steadied(made, created)


def steadied(pdf: bytes, created: datetime) -> bytes:
    """A PDF of LibreOffice with the clock and the random numbers taken out; no byte changes its place.

    >>> steadied(b"/CreationDate(D:20261122095719+08'00')", datetime(2024, 9, 27))
    b"/CreationDate(D:20240927000000+00'00')"
    """
    stamp = f"{created:%Y%m%d%H%M%S}".encode()

    def date(match: re.Match[bytes]) -> bytes:
        return match[1] + stamp + re.sub(rb"\d", b"0", match[2])

    def number(match: re.Match[bytes]) -> bytes:
        return match[1] + re.sub(rb"[0-9A-Fa-f]{32}", b"0" * 32, match[2])

    pdf = re.sub(rb"(/(?:CreationDate|ModDate)\s*\(D:)\d{14}([^)]*)", date, pdf)
    pdf = re.sub(rb"(/ID\s*\[)(\s*<[0-9A-Fa-f]{32}>\s*<[0-9A-Fa-f]{32}>)", number, pdf)
    pdf = re.sub(rb"(/DocChecksum\s*)(/[0-9A-Fa-f]{32})", number, pdf)
    digest = hashlib.md5(pdf, usedforsecurity=False).hexdigest().upper().encode()
    return re.sub(
        rb"(/ID\s*\[)(\s*<0{32}>\s*<0{32}>)", lambda m: m[1] + m[2].replace(b"0" * 32, digest), pdf
    )

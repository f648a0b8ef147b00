"""LibreOffice, run unseen: a document in, the converted document out, or the finding that says why not.

Every run has a folder and a user profile of its own, so that runs beside each other and an open LibreOffice do not
meet. Nothing of a run is left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from xl2report.findings import Finding, finding

if TYPE_CHECKING:
    import subprocess

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
    try:
        return _converted(office, data, to, place)
    except OSError as error:
        reason = error.strerror or str(error)
        return finding("O606", place, reason_zh=reason, reason_en=reason)


def _converted(office: str, data: bytes, to: str, place: str) -> bytes | Finding:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="xl2report-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        source, out = folder / "report.docx", folder / "out"
        source.write_bytes(data)
        command = [office, "--headless", "--norestore", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
        command += ["--convert-to", to, "--outdir", str(out), str(source)]
        status = _run(command)
        if status is None:
            return finding(
                "O606", place, reason_zh=f"{TIMEOUT}秒内没有完成", reason_en=f"not done in {TIMEOUT} seconds"
            )
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
    import subprocess

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

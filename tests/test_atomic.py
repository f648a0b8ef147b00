"""A set of files is there whole, old or new, whatever happens to the run that writes it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest

import xl2report
from xl2report import bulk, pipeline, placing
from xl2report.cli import main
from xl2report.packages import CONTENT_TYPES, RELATIONS, sealed, untouched, write_all
from xl2report.placing import STAGE

Files = dict[str, bytes]
SCHEDULES, REPORT, PDF = "账-schedules.xlsx", "账-report.docx", "账-report.pdf"
KEPT = "账-report（手工修改1）.docx"


def ours(text: str) -> bytes:
    """A package as the program writes it."""
    return sealed(
        {CONTENT_TYPES: b"<Types></Types>", RELATIONS: b"<Relationships></Relationships>", "x": text.encode()}
    )


OLD: Files = {SCHEDULES: ours("old schedules"), REPORT: b"a report that somebody edited"}
NEW: Files = {SCHEDULES: ours("new schedules"), REPORT: ours("new report"), PDF: b"%PDF- new"}
AFTER: Files = {**NEW, KEPT: OLD[REPORT]}
YEARS_AGO = 1_500_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the old set in it: schedules as they were written, a report that was edited."""
    return with_old(tmp_path / "公开 2023 年度")


def with_old(folder: Path) -> Path:
    folder.mkdir()
    for name, data in OLD.items():
        (folder / name).write_bytes(data)
        os.utime(folder / name, (YEARS_AGO, YEARS_AGO))
    return folder


def put(folder: Path, files: Files = NEW) -> placing.Written:
    return write_all({folder / name: data for name, data in files.items()})


def seen(folder: Path) -> Files:
    """What a person finds in the folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != STAGE}


def is_as_it_was(folder: Path) -> bool:
    """Whether the old set is there to the byte and the second, and nothing else."""
    times = {path.stat().st_mtime for path in folder.iterdir()}
    return {path.name: path.read_bytes() for path in folder.iterdir()} == OLD and times == {YEARS_AGO}


def codes(written: placing.Written) -> list[str]:
    return [found.code for found in written.findings]


# -- kills ----------------------------------------------------------------------------------------

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="a child of a warm process is made by fork")
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def forked(work: Callable[[], object]) -> int:
    """A child that does some work and ends; its number."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def is_killed(child: int) -> bool:
    """Whether a child was killed, when it has ended; it must not have failed."""
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def killed_before(number: int, work: Callable[[], object]) -> bool:
    """Whether a child was killed before it asked the system so many times to do something with a file."""
    left = number

    def hook(event: str, _: object) -> None:
        nonlocal left
        if event == "os.kill":
            return
        left -= event == "open" or event.startswith("os.")
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched() -> None:
        sys.addaudithook(hook)
        work()

    return is_killed(forked(watched))


def is_decided(folder: Path) -> bool:
    return any((folder / STAGE).glob("*.journal"))


@needs_fork
def test_a_kill_between_any_two_calls_to_the_system_leaves_the_old_set_or_the_new_one(tmp_path: Path) -> None:
    ends, mixes, number = set(), 0, 0
    while True:
        folder = with_old(tmp_path / str(number))
        killed = killed_before(number, lambda folder=folder: put(folder))
        left, decided = seen(folder), is_decided(folder)
        for name, data in left.items():
            assert data in (OLD.get(name), AFTER.get(name)), "never a fragment"
        if left not in (OLD, AFTER):
            mixes += 1
            assert decided, "where it is neither, the journal says so"

        told = codes(write_all({folder / "another.xlsx": b""}))
        mended = {name: data for name, data in seen(folder).items() if name != "another.xlsx"}
        assert mended == (AFTER if decided or left == AFTER else OLD)
        assert not (folder / STAGE).exists()
        assert ("O618" in told) == decided
        ends.add(mended == AFTER)
        shutil.rmtree(folder)
        if not killed:
            break
        number += 1
    assert ends == {True, False}
    assert mixes >= 3


def half_done(folder: Path) -> Path:
    """The folder after a kill between the renames of the set: new schedules, the report as it was."""

    def stopped() -> None:
        replace = Path.replace

        def second(path: Path, target: Path) -> Path:
            if target.name == REPORT:
                os.kill(os.getpid(), signal.SIGKILL)
            return replace(path, target)

        Path.replace = second  # type: ignore[method-assign, assignment]
        put(folder)

    assert is_killed(forked(stopped))
    assert seen(folder) == {**OLD, SCHEDULES: NEW[SCHEDULES], KEPT: OLD[REPORT]}
    return folder


@needs_fork
def test_mending_may_be_killed_as_well(folder: Path, tmp_path: Path) -> None:
    half_done(folder)
    number = 0
    while True:
        copy = Path(shutil.copytree(folder, tmp_path / str(number)))
        killed = killed_before(number, lambda copy=copy: placing.mended(copy, untouched))
        placing.mended(copy, untouched)
        assert seen(copy) == AFTER
        assert not (copy / STAGE).exists()
        shutil.rmtree(copy)
        if not killed:
            break
        number += 1
    assert number > 15


@needs_fork
def test_a_hundred_kills_at_random_moments_leave_one_set_each(tmp_path: Path) -> None:
    sets = [{name: ours(name + who) + bytes(40_000) for name in NEW} for who in "AB"]
    chance = random.Random(2023)
    put(tmp_path, sets[0])

    def again_and_again() -> None:
        while True:
            for files in sets:
                put(tmp_path, files)

    interrupted = 0
    for _ in range(100):
        child = forked(again_and_again)
        time.sleep(chance.uniform(0.002, 0.03))
        os.kill(child, signal.SIGKILL)
        assert is_killed(child)
        interrupted += (tmp_path / STAGE).exists()
        assert {data for name, data in seen(tmp_path).items() if "手工" not in name} <= {
            data for files in sets for data in files.values()
        }
        placing.mended(tmp_path, untouched)
        assert seen(tmp_path) in sets
        assert not (tmp_path / STAGE).exists()
    assert interrupted > 50


@needs_fork
def test_a_compile_that_is_killed_leaves_the_old_outputs_or_all_new_ones(
    example: Path, outputs: tuple[Path, Path], tmp_path: Path
) -> None:
    source, out = tmp_path / example.name, tmp_path / "out"
    source.write_bytes(example.read_bytes())
    new = {path.name: path.read_bytes() for path in outputs}
    old = {name: ours(name) for name in new}
    started = time.perf_counter()
    assert put(out, old).paths
    assert not is_killed(forked(lambda: xl2report.compile(source, out)))
    took = time.perf_counter() - started
    assert seen(out) == new
    chance = random.Random(2024)
    for _ in range(5):
        put(out, old)
        child = forked(lambda: xl2report.compile(source, out))
        time.sleep(chance.uniform(0.6, 1.0) * took)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        placing.mended(out, untouched)
        assert seen(out) in (old, new)
        assert not (out / STAGE).exists()


@needs_fork
def test_a_set_that_cannot_be_finished_goes_back(folder: Path) -> None:
    half_done(folder)
    (aside,) = (folder / STAGE).glob("*.1.new")
    aside.write_bytes(b"half of i")

    (told,) = placing.mended(folder, untouched)

    assert (told.code, "已恢复原有文件" in told.message.zh) == ("O618", True)
    assert is_as_it_was(folder)


@needs_fork
def test_what_somebody_does_before_the_set_is_finished_is_kept(folder: Path) -> None:
    half_done(folder)
    for name, text in ((SCHEDULES, b"edited after the kill"), (REPORT, b"edited once more")):
        (folder / name).unlink()  # Office saves by writing another file in place of the old one
        (folder / name).write_bytes(text)

    told = [found.code for found in placing.mended(folder, untouched)]

    assert told == ["O602", "O618"]
    edits = {SCHEDULES: b"edited after the kill", "账-report（手工修改2）.docx": b"edited once more"}
    assert seen(folder) == {**AFTER, **edits}


@needs_fork
def test_a_compile_finishes_what_is_left_even_where_it_writes_nothing_itself(folder: Path) -> None:
    half_done(folder)
    bad = folder.parent / "bad.xlsx"
    bad.write_bytes(b"no workbook")

    result = xl2report.compile(bad, folder)

    assert (result.paths, [found.code for found in result.findings]) == ((), ["F002", "O602", "O618"])
    assert seen(folder) == AFTER


def test_the_command_finishes_it_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half_done(folder)
    bad = folder.parent / "bad.xlsx"
    bad.write_bytes(b"no workbook")

    assert main(["compile", str(bad), "-o", str(folder)]) == 2
    assert "O618" in capsys.readouterr().out
    assert seen(folder) == AFTER


# -- errors ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def failing(number: int, error: int) -> Iterator[list[str]]:
    """The call of that number to the system fails; the calls that there were."""
    calls: list[str] = []

    def wrapped(name: str) -> Callable[..., Any]:
        call = getattr(os, name)

        def fail_once(*arguments: Any, **options: Any) -> Any:
            calls.append(name)
            if len(calls) == number:
                raise OSError(error, os.strerror(error))
            return call(*arguments, **options)

        return fail_once

    with pytest.MonkeyPatch.context() as patch:
        for name in ("open", "fsync", "replace", "rename", "link", "unlink", "mkdir", "rmdir", "chmod", "utime"):
            patch.setattr(os, name, wrapped(name))
        yield calls


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_whatever_fails_the_old_set_stays_to_the_second_or_the_new_one_is_whole(tmp_path: Path, error: int) -> None:
    refused, number = 0, 1
    while True:
        folder = with_old(tmp_path / str(number))
        with failing(number, error) as calls:
            written = put(folder)
        if written.paths:
            # of an old file that could not be read nobody knows whether it was edited: it is kept
            assert seen(folder) in (AFTER, {**AFTER, "账-schedules（手工修改1）.xlsx": OLD[SCHEDULES]})
        else:
            refused += 1
            assert seen(folder) == OLD
            placing.mended(folder, untouched)
            assert is_as_it_was(folder)
            expected = {errno.ENOSPC: {"O612"}, errno.EACCES: {"O613", "O614"}, errno.EIO: {"O601"}}[error]
            assert set(codes(written)) <= expected
        if len(calls) < number:
            break
        number += 1
    assert refused > 8


def test_a_file_that_excel_holds_on_windows_keeps_the_set_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def locked(source: Any, target: Any) -> None:
        if str(target).endswith(REPORT):
            raise PermissionError(errno.EACCES, "Access is denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", locked)
    written = put(folder)

    assert [(found.code, found.place) for found in written.findings] == [("O613", str(folder / REPORT))]
    assert is_as_it_was(folder)


def test_control_c_between_the_renames_leaves_the_old_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def interrupted(source: Any, target: Any) -> None:
        replace(source, target)
        if str(source).endswith(".new") and str(target).endswith(REPORT):
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(folder)
    assert is_as_it_was(folder)


def test_a_disk_without_second_names_for_files_gets_copies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    assert codes(put(folder)) == ["O602"]
    assert seen(folder) == AFTER
    assert (folder / KEPT).stat().st_mtime == YEARS_AGO


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB; where none can be mounted, a folder in which the disk says that it is full."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    with contextlib.suppress(OSError):
        if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            try:
                yield disk
            finally:
                subprocess.run(["umount", "-l", str(disk)], check=True)
            return
    fsync = os.fsync

    def full(handle: int) -> None:
        if os.fstat(handle).st_size > 40_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        yield disk


def test_a_full_disk_leaves_the_old_set(small_disk: Path) -> None:
    folder = with_old(small_disk / "公开")
    for size in (30_000, 60_000, 200_000):  # the second file, or the first, finds no room
        written = put(folder, {SCHEDULES: bytes(size), REPORT: bytes(max(size, 50_000))})
        assert codes(written) == ["O612"]
        assert is_as_it_was(folder)


@needs_fork
def test_a_file_larger_than_is_allowed_leaves_the_old_set(folder: Path) -> None:
    def limited() -> None:
        import resource  # not there on Windows, which cannot fork either

        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
        written = put(folder, {SCHEDULES: bytes(9_000), REPORT: bytes(11_000)})
        assert codes(written) == ["O612"]

    assert not is_killed(forked(limited))
    assert is_as_it_was(folder)


@needs_fork
def test_a_folder_that_may_not_be_written_to_is_told_before_anything_is_done() -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        with_old(folder / "out")
        (folder / "out").chmod(0o555)
        folder.chmod(0o555)

        def as_nobody() -> None:
            if os.geteuid() == 0:
                os.seteuid(65534)
            for out, files in ((folder / "out", OLD), (folder / "out", NEW), (folder / "new" / "deep", NEW)):
                (found,) = put(out, files).findings
                at = folder if out.name == "deep" else out
                assert (found.code, found.place, "权限" in found.message.zh) == ("O614", str(at), True)
                with pytest.MonkeyPatch.context() as patch:  # and where it comes as a surprise
                    patch.setattr(placing, "unwritable", lambda _: ())
                    assert codes(put(out, files)) == ["O614"]

        assert not is_killed(forked(as_nobody))
        assert is_as_it_was(folder / "out")
    finally:
        folder.chmod(0o755)
        (folder / "out").chmod(0o755)
        shutil.rmtree(folder)


def test_a_path_through_a_file_and_a_name_too_long_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for target, told in {
        "file/out/a.xlsx": ("O614", str(tmp_path / "file")),
        f"{'办' * 90}.xlsx": ("O616", None),
        f"new/{'办' * 90}.xlsx": ("O616", None),
        f"{'d/' * 3000}a.xlsx": ("O616", None),
        "a\0.xlsx": ("O601", None),
        "new\0/a.xlsx": ("O601", None),
    }.items():
        (found,) = write_all({tmp_path / "good.xlsx": b"", tmp_path / target: b""}).findings
        assert (found.code, found.place) == (told[0], told[1] or str(tmp_path / target))
        assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["办" * 90, "d/" * 3000 + "a"])
def test_a_name_that_no_disk_takes_is_told_by_every_command(
    name: str, example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (
        ["compile", str(example), "-o", f"{name}.xlsx"],
        ["compile", f"{name}.xlsx"],
        ["new", f"{name}.xlsx"],
        ["new", "out.xlsx", "--from", f"{name}.xlsx"],
        ["profile", "lint", name],
        ["template", "export", f"{name}.docx"],
    ):
        assert main([*command, "--lang", "zh"]) in (1, 2)
        assert "错误" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_only_files_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "link", "pipe"):
        assert codes(write_all({tmp_path / name: b""})) == ["O611"]


def test_a_link_is_kept_like_an_edited_file_and_what_it_points_to_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.xlsx").write_bytes(OLD[SCHEDULES])
    (tmp_path / "a.xlsx").symlink_to("elsewhere.xlsx")
    (tmp_path / "b.xlsx").symlink_to("nowhere.xlsx")

    assert codes(put(tmp_path, {"a.xlsx": b"new", "b.xlsx": b"new"})) == ["O602", "O602"]

    assert (tmp_path / "elsewhere.xlsx").read_bytes() == OLD[SCHEDULES]
    assert not (tmp_path / "a.xlsx").is_symlink()
    links = {path.name: str(path.readlink()) for path in tmp_path.iterdir() if path.is_symlink()}
    assert links == {"a（手工修改1）.xlsx": "elsewhere.xlsx", "b（手工修改1）.xlsx": "nowhere.xlsx"}


def test_files_have_the_mode_of_any_new_file_and_replaced_ones_keep_theirs(folder: Path) -> None:
    (folder / SCHEDULES).chmod(0o640)
    before = os.umask(0o027)
    try:
        put(folder)
    finally:
        os.umask(before)
    assert {name: (folder / name).stat().st_mode & 0o777 for name in (SCHEDULES, PDF)} == {SCHEDULES: 0o640, PDF: 0o640}
    put(folder / "other", {SCHEDULES: b""})
    assert (folder / "other" / SCHEDULES).stat().st_mode & 0o777 == 0o666 & ~before


def test_the_name_under_which_an_edited_file_is_kept_is_never_too_long(tmp_path: Path) -> None:
    name = "办" * 83 + ".xlsx"
    (tmp_path / name).write_bytes(b"edited")
    assert codes(put(tmp_path, {name: b"new"})) == ["O602"]
    assert seen(tmp_path) == {name: b"new", "办" * 77 + "（手工修改1）.xlsx": b"edited"}


# -- runs beside each other ----------------------------------------------------------------------


@needs_fork
def test_two_processes_that_write_one_set_leave_the_set_of_one(tmp_path: Path) -> None:
    sets = [{name: ours(name + who) for name in NEW} for who in "AB"]
    for _ in range(30):
        wait, go = os.pipe()

        def write(files: Files, wait: int = wait, go: int = go) -> None:
            os.close(go)
            os.read(wait, 1)  # until the other child is there as well
            assert put(tmp_path, files).paths

        children = [forked(lambda files=files, write=write: write(files)) for files in sets]
        os.close(go)
        for child in children:
            assert not is_killed(child)
        os.close(wait)
        assert seen(tmp_path) in sets


def test_threads_that_write_one_set_leave_the_set_of_one(tmp_path: Path) -> None:
    sets = [{name: ours(name + who) for name in NEW} for who in "ABCD"]
    start = threading.Barrier(4)

    def write(files: Files) -> list[str]:
        start.wait()
        return codes(put(tmp_path, files))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(15):
            assert list(pool.map(write, sets)) == [[], [], [], []]
            assert seen(tmp_path) in sets


def test_a_disk_without_locks_is_written_to_and_what_a_kill_left_waits_until_its_run_must_be_gone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def flock(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    assert codes(put(folder)) == ["O602"]
    stage = folder / STAGE
    stage.mkdir()
    (stage / "01234567.0.new").write_bytes(b"left")
    step = placing._Step("more.xlsx", "01234567.0.new", placing._digest(stage / "01234567.0.new"), "", "")
    placing._decide(stage, "01234567", [step])
    assert codes(put(folder)) == ["O615"]
    os.utime(stage / "01234567.journal", (YEARS_AGO, YEARS_AGO))
    assert codes(put(folder, {REPORT: NEW[REPORT]})) == ["O618"]
    assert (folder / "more.xlsx").read_bytes() == b"left"


# -- what others put there -----------------------------------------------------------------------


@pytest.mark.parametrize("target", ["../victim.xlsx", "/etc/victim", "..", "", "link/victim.xlsx"])
def test_a_journal_that_leads_out_of_the_folder_is_not_followed(folder: Path, target: str) -> None:
    (folder / "link").symlink_to(folder.parent)
    stage = folder / STAGE
    stage.mkdir()
    (stage / "01234567.0.new").write_bytes(b"evil")
    step = placing._Step(target, "01234567.0.new", placing._digest(stage / "01234567.0.new"), "", "")
    (stage / "01234567.journal").write_text(json.dumps([step._asdict()]), encoding="utf-8")

    assert placing.mended(folder, untouched) == ()

    assert not (folder.parent / "victim.xlsx").exists()
    assert not stage.exists()


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '[{"target": 1}]', '[{"target": "a", "evil": 1}]'])
def test_a_journal_that_says_nothing_is_swept(folder: Path, text: str) -> None:
    (folder / STAGE).mkdir()
    (folder / STAGE / "01234567.journal").write_text(text, encoding="utf-8")
    assert placing.mended(folder, untouched) == ()
    assert is_as_it_was(folder)


def test_nothing_is_swept_but_what_is_ours(folder: Path, tmp_path: Path) -> None:
    (folder / STAGE).mkdir()
    for name in ("notes.txt", "01234567.0.new"):
        (folder / STAGE / name).write_bytes(b"")
    put(folder)
    assert [path.name for path in (folder / STAGE).iterdir()] == ["notes.txt"]

    (other := tmp_path / "other").mkdir()
    (other / STAGE).symlink_to(folder / STAGE)
    (found,) = put(other).findings
    assert (found.code, found.place) == ("O614", str(other / STAGE))


# -- compiling ------------------------------------------------------------------------------------


def test_what_stands_in_the_way_is_told_before_the_workbook_is_read(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_bytes(b"")
    monkeypatch.setattr(pipeline, "load", None)
    monkeypatch.setattr(bulk, "make", None)
    assert [found.code for found in xl2report.compile(example, tmp_path / "out").findings] == ["O614"]
    assert main(["compile", str(example), "-o", str(tmp_path / "out")]) == 1
    assert "错误 O614" in capsys.readouterr().out


def test_one_output_that_is_in_the_way_does_not_hold_up_the_other_workbook(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.xlsx").write_bytes(example.read_bytes())
    (tmp_path / "a-report.docx").mkdir()

    assert main(["compile", str(tmp_path / "a.xlsx"), str(tmp_path / "b.xlsx"), "--toc", "field"]) == 1

    assert "O611" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.glob("*-*")) == ["a-report.docx", "b-report.docx", "b-schedules.xlsx"]


@pytest.mark.parametrize("name", ["accounts", "公开 2023", "x.y.z", "（手工修改1）", "CON"])
def test_names_of_outputs_are_names_on_windows(name: str) -> None:
    folder = PureWindowsPath(r"\\server\决算 公开\2023")
    names = list(pipeline.output_names(Path(f"{name}.xlsx"), pdf=True))
    names += [placing._free_name(Path(each)) for each in names]
    names += [STAGE, "01234567.0.new", "01234567.journal"]
    for each in names:
        path = folder / each
        assert (path.name, path.parent) == (each, folder)
        assert not set(each) & set('<>:"/\\|?*')
        assert not each.endswith((".", " "))
        assert not path.is_reserved()

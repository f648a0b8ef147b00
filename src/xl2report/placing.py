"""Files put in their places: all of a set or none, whatever happens in between.

Everything is prepared in a hidden folder beside the targets, the stage: each new file whole and on the disk, a second name for each
file that it replaces, and a journal that says which goes where. Once the journal has its name the set is decided; from
then on each target is replaced by one rename, and whoever comes next finishes a journal that a killed run has left. One run
at a time is in the stage of a folder. What a reader of the folder can see, and when, is told in docs/design.md.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from xl2report.findings import Finding, finding

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

STAGE = ".xl2report"
"""The hidden folder beside the targets; it is there only while a run writes, or after one was killed."""
PATIENCE = 30.0
"""Seconds to wait for another run that is writing into the same folder; a run needs some milliseconds."""
DAY = 24 * 60 * 60
"""Where a disk has no locks, what is older than this was left by a run that is gone."""
MISSES = 50
"""So often the stage may be taken away by others between our making it and opening its lock."""
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
LONGEST_NAME = 255
LONGEST_WINDOWS_PATH = 259

_LOCK = "lock"
_OURS = re.compile(r"[0-9a-f]{8}\.(\d+\.(new|old|kept)|journal(\.new)?)")
_JOURNAL_SIZE = 1 << 20
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, getattr(errno, "ETXTBSY", errno.EBUSY)}

Untouched = Callable[[Path], bool]
"""Whether a file is just as the program wrote it, so that nobody's work is in it."""


class Written(NamedTuple):
    """What writing did: the files that are there now, and what is to be said about it."""

    paths: tuple[Path, ...]
    findings: tuple[Finding, ...]


class _Step(NamedTuple):
    """One file of a set, as the journal has it."""

    target: str
    """Its path from the folder."""
    aside: str
    """The name in the stage of what is to take its place; the old file has the same name with another ending."""
    new: str
    """The hash of what is to be there."""
    old: str
    """The hash of what was there, "" where nothing was."""
    backup: str
    """The name beside the target under which an old file that somebody edited is kept, "" where nobody did."""


class _BusyError(OSError):
    """Another run did not leave the stage in time."""


def place(outputs: Mapping[Path, bytes], untouched: Untouched) -> Written:
    """Write every file or none; what stands in the way of it is a finding, and then the old files are as they were.

    An existing file that was edited by hand is kept under another name, and that is reported. Nothing is raised.
    """
    blocked = unwritable(outputs)
    if blocked or not outputs:
        return Written((), blocked)
    folder = Path(os.path.commonpath([target.parent.absolute() for target in outputs]))
    made: list[Path] = []
    at = next(iter(outputs))
    try:
        for target in outputs:
            at = target
            made += [path for path in (target.parent, *target.parent.parents) if not os.path.lexists(path)][::-1]
            target.parent.mkdir(parents=True, exist_ok=True)
        with _staged(folder) as (stage, alone):
            findings = _mended(folder, stage, untouched, alone=alone)
            token, steps = os.urandom(4).hex(), []
            try:
                for number, (target, data) in enumerate(outputs.items()):
                    at = target
                    steps.append(_prepared(folder, stage, f"{token}.{number}", target, data, untouched))
                at = next(iter(outputs))
                if len(steps) > 1 or steps[0].backup:  # one rename is whole by itself
                    _decide(stage, token, steps)
                for target, step in zip(outputs, steps, strict=True):
                    at = target
                    _put(folder, stage, step)
                for parent in {target.parent for target in outputs}:
                    _sync(parent)
                (stage / f"{token}.journal").unlink(missing_ok=True)
            except BaseException:
                with contextlib.suppress(OSError):  # where even that fails, the journal stays for the next run
                    _put_back(folder, stage, steps)
                _sweep(stage, token)
                raise
            _sweep(stage, token)
    except (OSError, ValueError) as error:
        for parent in reversed(made):
            with contextlib.suppress(OSError, ValueError):
                parent.rmdir()
        return Written((), (_refusal(error, at),))
    kept = [
        finding("O602", str(target), backup=step.backup, found=step.backup)
        for target, step in zip(outputs, steps, strict=True)
        if step.backup
    ]
    opened = [finding("O617", str(target), sign=name) for target in outputs for name in _opened_by(target)]
    return Written(tuple(outputs), (*findings, *kept, *opened))


def mended(folder: Path, untouched: Untouched) -> tuple[Finding, ...]:
    """What a killed run left in a folder is finished and swept; what was done is told."""
    if not os.path.lexists(folder / STAGE):
        return ()
    try:
        with _staged(folder.absolute()) as (stage, alone):
            return _mended(folder.absolute(), stage, untouched, alone=alone)
    except OSError:  # whoever writes here will be told why it cannot be done
        return ()


def unwritable(targets: Iterable[Path]) -> tuple[Finding, ...]:
    """What can be known to stand in the way of writing these files, before anything is written."""
    found: dict[tuple[str, str], Finding] = {}
    for target in targets:
        problem = _obstacle(target)
        if problem is not None:
            found.setdefault((problem.code, problem.place), problem)
    return tuple(found.values())


def _obstacle(target: Path) -> Finding | None:
    try:
        folder = _nearest_folder(target.parent)
        if not folder.is_dir():
            return _no_folder(folder)
        if not _may_write(folder):
            return _locked_folder(folder)
        _mode_of(folder / target.name)  # asked even where its folder is still to be made: the name may be too long
        mode = _mode_of(target)
        if not mode:
            return None
        if target.is_dir() or not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            return finding("O611", str(target))
        if stat.S_ISREG(mode) and not mode & 0o222:
            return finding("O613", str(target))
        if sys.platform == "win32":
            with target.open("r+b"):  # refused while Excel, Word or WPS has it open
                pass
    except (OSError, ValueError) as error:
        return _refusal(error, target)
    return None


def _mode_of(path: Path) -> int:
    """What kind of file it is and who may do what with it; 0 where there is none."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def _nearest_folder(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder


def _no_folder(folder: Path) -> Finding:
    return finding("O614", str(folder), reason_zh="它是一个文件，不是文件夹", reason_en="it is a file, not a folder")


def _locked_folder(folder: Path) -> Finding:
    return finding(
        "O614", str(folder), reason_zh="没有写入权限，或者磁盘是只读的", reason_en="no permission, or a read-only disk"
    )


def _refusal(error: OSError | ValueError, target: Path) -> Finding:
    """What stood in the way of writing a file, in words that say what to do."""
    if isinstance(error, ValueError):  # a name with a NUL, or one that the locale cannot write
        return finding("O601", str(target), reason=str(error))
    if isinstance(error, _BusyError):
        return finding("O615", str(target.parent))
    if error.errno in _FULL:
        return finding("O612", str(target))
    if error.errno == errno.ENAMETOOLONG or (
        sys.platform == "win32" and len(str(target.absolute())) > LONGEST_WINDOWS_PATH
    ):
        return finding("O616", str(target), count=str(len(target.name)))
    folder = _nearest_folder(target.parent)
    if _is_foreign(folder / STAGE):
        return _no_folder(folder / STAGE)
    if isinstance(error, NotADirectoryError) or not (stat.S_ISDIR(_mode_of(folder)) or folder.is_symlink()):
        return _no_folder(folder)
    if error.errno in _REFUSED:
        about_stage = Path(error.filename or "").name in (STAGE, _LOCK)
        in_use = os.path.lexists(target) and _may_write(folder) and not about_stage
        return finding("O613", str(target)) if in_use else _locked_folder(folder)
    return finding("O601", str(target), reason=error.strerror or str(error))


def _opened_by(target: Path) -> tuple[str, ...]:
    """The file by which Excel, Word, WPS or LibreOffice says that it has the target open; at most one."""
    name = target.name
    signs = (f"~${name}", f"~${name[1:]}", f"~${name[2:]}", f".~lock.{name}#")
    return tuple(sign for sign in signs if os.path.lexists(target.with_name(sign)))[:1]


# -- the stage ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _staged(folder: Path) -> Iterator[tuple[Path, bool]]:
    """The stage of a folder, and whether nobody else can be in it; taken away again unless something has to stay."""
    stage = folder / STAGE
    handle, alone = _entered(folder, stage)
    try:
        yield stage, alone
    finally:
        if sys.platform == "win32":  # a file that is open cannot be removed there, not even by who opened it
            os.close(handle)
            _left(stage)
        else:
            _left(stage)
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)  # a child forked meanwhile has the handle too
            os.close(handle)


def _left(stage: Path) -> None:
    """Take the lock and the empty stage away."""
    with contextlib.suppress(OSError):
        (stage / _LOCK).unlink()
    with contextlib.suppress(OSError):
        stage.rmdir()


def _entered(folder: Path, stage: Path) -> tuple[int, bool]:
    """The lock of a stage, open and held by us, and whether the disk knows locks."""
    until, missed, pause = time.monotonic() + PATIENCE, 0, 0.001
    while True:
        _make_stage(folder, stage)
        try:
            handle = os.open(stage / _LOCK, os.O_RDWR | os.O_CREAT | NO_LINK, 0o666)
        except (FileNotFoundError, PermissionError):  # another run is taking it away, or nobody may write
            missed += 1
            if missed > MISSES:
                raise
            time.sleep(pause)
            continue
        try:
            got, known = _locked(handle)
            if got and _is_named(handle, stage / _LOCK):
                held, handle = handle, -1
                return held, known
        finally:
            if handle >= 0:
                os.close(handle)
        if not got:  # otherwise it was the lock of a stage that was taken away while we waited
            if time.monotonic() > until:
                raise _BusyError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(stage))
            time.sleep(pause)
            pause = min(2 * pause, 0.02)


def _make_stage(folder: Path, stage: Path) -> None:
    with contextlib.suppress(FileExistsError):
        stage.mkdir()
        with contextlib.suppress(OSError):  # whoever may write into the folder may finish what is left here
            stage.chmod(stat.S_IMODE(folder.stat().st_mode))
    if _is_foreign(stage):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(stage))


def _is_foreign(stage: Path) -> bool:
    """Whether something else has the name of the stage, such as a link: sweeping would sweep somewhere else."""
    return os.path.lexists(stage) and not stat.S_ISDIR(stage.lstat().st_mode)


def _locked(handle: int) -> tuple[bool, bool]:
    """Whether we may go on, and whether that is because we hold the lock: some network disks have none."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held = error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
        return not held, False
    return True, True


def _is_named(handle: int, path: Path) -> bool:
    """Whether an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False


def _mended(folder: Path, stage: Path, untouched: Untouched, *, alone: bool) -> tuple[Finding, ...]:
    """Finish the journals that are left in a stage, or undo them where something is missing, and sweep the rest."""
    findings: list[Finding] = []
    left = {path: path.lstat().st_mtime for path in stage.iterdir() if _OURS.fullmatch(path.name)}
    for journal in sorted(path for path in left if path.suffix == ".journal"):
        if not alone and time.time() - left[journal] < PATIENCE:
            raise _BusyError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(stage))
        steps = _steps_of(journal, folder)
        kept = _put_all(folder, stage, steps, untouched)
        if kept is None:
            _put_back(folder, stage, steps)
        words = (
            ("已恢复原有文件", "the earlier files were put back")
            if kept is None
            else ("已补写完成", "they were put in place")
        )
        if steps:
            names = "、".join(PurePosixPath(step.target).name for step in steps)
            findings += kept or ()
            findings.append(finding("O618", str(folder), names=names, what_zh=words[0], what_en=words[1]))
        _sync(folder)
        journal.unlink(missing_ok=True)
    for path, changed in left.items():
        if alone or time.time() - changed > DAY:
            path.unlink(missing_ok=True)
    return tuple(findings)


def _put_all(folder: Path, stage: Path, steps: Iterable[_Step], untouched: Untouched) -> tuple[Finding, ...] | None:
    """Do the steps of a killed run that it has not done; what was kept of edits, or ``None`` where they cannot be done."""
    steps = tuple(steps)
    if not all(_can_be_put(folder, stage, step) for step in steps):
        return None
    findings = []
    try:
        for step in steps:
            if _is_aside(stage, step):
                backup = _backup_now(folder / step.target, step, untouched)
                _put(folder, stage, step._replace(backup=backup))
                if backup:
                    findings.append(finding("O602", str(folder / step.target), backup=backup, found=backup))
    except OSError:
        return None
    return tuple(findings)


def _sweep(stage: Path, token: str) -> None:
    """Take away what one run has put into the stage, unless its journal had to stay."""
    with contextlib.suppress(OSError):
        if not (stage / f"{token}.journal").exists():
            for path in [path for path in stage.iterdir() if path.name.startswith(f"{token}.")]:
                path.unlink(missing_ok=True)


# -- a set ----------------------------------------------------------------------------------------


def _prepared(folder: Path, stage: Path, name: str, target: Path, data: bytes, untouched: Untouched) -> _Step:
    """One file of a set in the stage: the new one whole and on the disk, the old one under a second name."""
    aside, old, backup = stage / f"{name}.new", "", ""
    _write(aside, data)
    new = hashlib.sha256(data).hexdigest()
    if _digest(aside) != new:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(aside))
    if os.path.lexists(target):
        old = _digest(target)
        _give_name(target, aside.with_suffix(".old"))
        if not target.is_symlink():
            with contextlib.suppress(OSError):  # disks without modes
                shutil.copymode(target, aside)
        if target.is_symlink() or not untouched(target):
            backup = _free_name(target)
    return _Step((target.absolute().relative_to(folder)).as_posix(), aside.name, new, old, backup)


def _write(path: Path, data: bytes) -> None:
    """A new file with these bytes, on the disk."""
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    """The names in a folder, on the disk; Windows and some network disks do that by themselves or not at all."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _digest(path: Path) -> str:
    """The hash of a file, or of where a link points; "" where there is nothing."""
    if path.is_symlink():
        return hashlib.sha256(b"link " + os.fsencode(path.readlink())).hexdigest()
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _give_name(path: Path, name: Path) -> None:
    """A second name for a file: for the file itself, or where the disk knows no such thing, for a copy of it."""
    if path.is_symlink():
        name.symlink_to(path.readlink())
        return
    try:
        name.hardlink_to(path)
    except OSError:
        _write(name, path.read_bytes())
        shutil.copystat(path, name)


def _free_name(target: Path) -> str:
    """The name beside the target under which a file that was edited by hand is kept."""
    number = 1
    while True:
        ending = f"（手工修改{number}）{target.suffix}"
        stem = target.stem
        while len((stem + ending).encode(errors="surrogateescape")) > LONGEST_NAME:
            stem = stem[:-1]
        name = _on_disk(stem + ending)
        if not os.path.lexists(target.with_name(name)):
            return name
        number += 1


def _on_disk(name: str) -> str:
    """A name as the system's calls take it, also in a locale that does not know its characters."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return os.fsdecode(name.encode(errors="surrogateescape"))
    return name


def _decide(stage: Path, token: str, steps: Sequence[_Step]) -> None:
    """Write the journal of a set; when it is there, the set is decided."""
    journal = stage / f"{token}.journal"
    draft = journal.with_name(f"{journal.name}.new")
    _write(draft, json.dumps([step._asdict() for step in steps]).encode())
    draft.replace(journal)
    _sync(stage)


def _steps_of(journal: Path, folder: Path) -> tuple[_Step, ...]:
    """What a journal says; nothing where it says what no run of ours has written, such as a way out of the folder."""
    try:
        with journal.open("rb") as stream:
            steps = tuple(_Step(**entry) for entry in json.loads(stream.read(_JOURNAL_SIZE)))
        steps = tuple(step._replace(target=_on_disk(step.target), backup=_on_disk(step.backup)) for step in steps)
        return steps if all(_is_sound(step, folder) for step in steps) else ()
    except (OSError, ValueError, TypeError, AttributeError):
        return ()


def _is_sound(step: _Step, folder: Path) -> bool:
    target = folder / step.target
    return (
        all(isinstance(value, str) for value in step)
        and bool(_OURS.fullmatch(step.aside) and step.aside.endswith(".new"))
        and Path(step.backup).name == step.backup
        and target.name not in ("", "..")
        and target.parent.resolve().is_relative_to(folder.resolve())
    )


def _is_aside(stage: Path, step: _Step) -> bool:
    """Whether the new file of a step is still in the stage, whole."""
    return _digest(stage / step.aside) == step.new


def _can_be_put(folder: Path, stage: Path, step: _Step) -> bool:
    """Whether a step can be done or was done; a target that is neither old nor new was edited after it was done."""
    if os.path.lexists(stage / step.aside):
        return _is_aside(stage, step)
    return _digest(folder / step.target) != step.old or step.new == step.old


def _backup_now(target: Path, step: _Step, untouched: Untouched) -> str:
    """The name to keep what is at the target under: somebody may have edited it after the run was killed."""
    now = _digest(target)
    if now in ("", step.new) or (not target.is_symlink() and untouched(target)):
        return ""
    as_planned = step.backup and now == step.old
    return step.backup if as_planned and _digest(target.with_name(step.backup)) in ("", now) else _free_name(target)


def _put(folder: Path, stage: Path, step: _Step) -> None:
    """Do one step: first keep what somebody edited, then replace the target at one stroke."""
    target = folder / step.target
    if step.backup:
        backup, kept = target.with_name(step.backup), (stage / step.aside).with_suffix(".kept")
        if not os.path.lexists(backup):
            kept.unlink(missing_ok=True)
            _give_name(target, kept)
            kept.rename(backup)
    (stage / step.aside).replace(target)


def _put_back(folder: Path, stage: Path, steps: Iterable[_Step]) -> None:
    """Undo the steps that were done, with the backups that they made, and take the journal away."""
    for step in steps:
        target, old = folder / step.target, (stage / step.aside).with_suffix(".old")
        if not _is_aside(stage, step) and _digest(target) == step.new != step.old:
            if not step.old:
                target.unlink()
            elif _digest(old) == step.old:
                old.replace(target)
        backup = target.with_name(step.backup) if step.backup else None
        if backup and step.old == _digest(target) == _digest(backup):
            backup.unlink()
    for token in {step.aside.partition(".")[0] for step in steps}:
        (stage / f"{token}.journal").unlink(missing_ok=True)

"""Files, folders and patterns → the workbooks that are meant, each once, and what is wrong with the list."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from xl2report.findings import Finding, finding
from xl2report.guards import no_file
from xl2report.packages import CUSTOM, PROPERTY, file_stem, untouched

ENDINGS = (".xlsx", ".xlsm")
LARGEST_OUTPUT = 64 << 20
"""Bytes unpacked beyond which a package in a folder is not looked into to see whether the program wrote it."""
_MAGIC = re.compile(r"[*?\[]")


class Workbook(NamedTuple):
    """A workbook to work on, and the folder that its outputs go to."""

    path: Path
    folder: Path


class Refused(NamedTuple):
    """Something on the list that is not worked on: its name as it was given, and why."""

    name: str
    finding: Finding


def collected(
    arguments: Iterable[str | Path], out: Path | None = None, *, writes: bool = True
) -> tuple[Workbook | Refused, ...]:
    """The workbooks that files, folders and patterns mean, each once, and what of them is not worked on, in order.

    A folder means the workbooks in it, a pattern what it matches (``**``: at any depth), both in natural order. Lock
    files, hidden files and what the program itself wrote are passed over there. Under ``out`` the folders below the
    deepest one that holds all folders and patterns are kept.

    Args:
        arguments: paths and patterns; a file whose name looks like a pattern is a file.
        out: the folder for the outputs; beside each workbook by default.
        writes: whether outputs are written, so that two workbooks must not have the same.
    """
    given = [str(argument) for argument in arguments]
    found: list[tuple[Path, Path | None] | Refused] = []
    roots: list[Path] = []
    for name in given:
        path = Path(name)
        is_folder = os.path.isdir(path)  # noqa: PTH112 - a name that no disk takes is none, and nothing is raised
        if is_folder or (not os.path.lexists(path) and _MAGIC.search(name)):
            start, paths = (path, _listed(path)) if is_folder else _matched(name)
            roots.append(start.absolute())
            found += [(p, start) for p in paths]
            if not paths:
                found.append(Refused(name, finding("B901", name)))
        elif len(given) == 1 or not (path.name.startswith("~$") or _is_output(path)):
            found.append((path, None))
    base = _common(roots)
    listed: list[Workbook | Refused] = []
    seen: dict[object, Path] = {}
    taken: dict[str, Path] = {}
    for one in found:
        if isinstance(one, Refused):
            listed.append(one)
            continue
        path, root = one
        if (special := _special(path)) is not None:
            listed.append(Refused(str(path), special))
            continue
        identity = _identity(path)
        if identity in seen:
            if seen[identity].absolute() != path.absolute():
                listed.append(Refused(str(path), finding("B903", str(path), other=str(seen[identity]))))
            continue
        seen[identity] = path
        folder = _folder(path, root, base, out)
        key = folded(folder / file_stem(path.stem))
        if writes and key in taken:
            listed.append(Refused(str(path), finding("B902", str(path), other=str(taken[key]))))
            continue
        taken[key] = path
        listed.append(Workbook(path, folder))
    return tuple(listed)


def folded(path: Path) -> str:
    """A path as the systems compare it that tell fewest names apart: no case, composed characters."""
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def natural(path: Path) -> tuple[object, ...]:
    """A key that sorts names as people number them.

    >>> [p.name for p in sorted(map(Path, ["单位10.xlsx", "单位9.xlsx"]), key=natural)]
    ['单位9.xlsx', '单位10.xlsx']
    """
    parts = (re.split(r"(\d+)", part.casefold()) for part in path.with_suffix("").parts)
    return tuple(tuple((int(t), "") if t.isdecimal() else (0, t) for t in part) for part in parts), str(path)


def _matched(pattern: str) -> tuple[Path, tuple[Path, ...]]:
    """The folder that a pattern begins in, and the workbooks that it matches; links to folders are not followed by ``**``."""
    parts = Path(pattern).parts
    first = next(at for at, part in enumerate(parts) if _MAGIC.search(part))
    root = Path(*parts[:first])
    rest = [*parts[first:], *(["*"] if parts[-1] == "**" else [])]
    try:
        matches = sorted(root.glob("/".join(rest)), key=natural)
    except (OSError, ValueError):  # no pattern at all (a**b), or a folder that nobody may read
        return root, ()
    shown = [p for p in matches if not any(part.startswith(".") for part in p.relative_to(root).parts)]
    deep = "**" in rest  # the folders are walked already
    return root, tuple(
        p for m in shown for p in (() if m.is_dir() and deep else _listed(m) if m.is_dir() else _wanted([m]))
    )


def _listed(folder: Path) -> tuple[Path, ...]:
    """The workbooks in a folder itself, in natural order; none where it cannot be read."""
    try:
        return tuple(_wanted(sorted(folder.iterdir(), key=natural)))
    except OSError:
        return ()


def _wanted(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        named = path.suffix.lower() in ENDINGS and not path.name.startswith(("~$", "."))
        if named and not path.stem.endswith("-schedules") and not path.is_dir() and not _is_output(path):
            yield path


def _is_output(path: Path) -> bool:
    """Whether the program wrote a file (schedules, an annotated copy, a summary) and nobody has changed it."""
    if not os.path.isfile(path):  # noqa: PTH113 - as above
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if CUSTOM not in sizes or sum(sizes.values()) > LARGEST_OUTPUT:
                return False
            ours = b'name="' + PROPERTY.encode() + b'"' in archive.read(CUSTOM)
    except Exception:  # whatever zipfile raises of a broken file; reading it will tell
        return False
    return ours and untouched(path)


def _special(path: Path) -> Finding | None:
    """The finding that a path is no regular file, where it is there at all."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # reading it will tell
    return None if stat.S_ISDIR(mode) else no_file(mode, str(path))


def _identity(path: Path) -> object:
    """What is the same for two names of one file: links of either sort, other spellings of the path."""
    try:
        known = path.stat()
    except OSError:
        return os.path.realpath(path)
    return (known.st_dev, known.st_ino) if known.st_ino else os.path.realpath(path)


def _common(roots: Sequence[Path]) -> Path | None:
    try:
        return Path(os.path.commonpath(roots)) if roots else None
    except ValueError:  # on different drives
        return None


def _folder(path: Path, root: Path | None, base: Path | None, out: Path | None) -> Path:
    """Where the outputs of a workbook go: beside it, or into the folder for them, below it as it lies below the base."""
    if out is None:
        return path.parent
    if root is None:
        return out
    return out / path.parent.absolute().relative_to(base or root.absolute())

"""Things that take long to make, kept between runs: a few files in a folder that only their owner may write to.

What is kept is read by ``marshal`` or ``pickle``, which can run code; so a folder or a file that another user owns or may write to
is not used. Whatever goes wrong here is no fault: the thing is made again, and nothing is said.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from xl2report import __version__

VARIABLE = "XL2REPORT_CACHE"
"""Names the folder; empty or 0: nothing is kept."""
MOST = 16
"""How many files of a kind are kept, the newest."""
_MAGIC = b"x2r1"
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_STALE = 3600
"""After so many seconds an unfinished file is one that nobody goes on with."""


def folder() -> Path | None:
    """Where things are kept, ``None`` where they are not."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named not in ("", "0") else None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")  # noqa: PTH111 - Path.expanduser raises where there is no home
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        base = base if base.startswith("/") else os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(base) / "xl2report" if Path(base).is_absolute() else None


def kept(kind: str, key: str) -> bytes | None:
    """What was kept under a key, ``None`` where nothing is that can be trusted."""
    place = folder()
    if place is None:
        return None
    try:
        if not _trusted(place.stat(), stat.S_ISDIR):
            return None
        handle = os.open(
            place / _name(kind, key), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        )
        with open(handle, "rb") as stream:  # noqa: PTH123 - there is a handle already
            if not _trusted(os.fstat(handle), stat.S_ISREG):
                return None
            data = stream.read()
    except (OSError, ValueError):
        return None
    body = data[8:]
    return body if data[:4] == _MAGIC and data[4:8] == zlib.crc32(body).to_bytes(4, "big") else None


def keep(kind: str, key: str, body: bytes) -> None:
    """Keep something under a key: whole or not at all, and what is older than the newest few goes."""
    place = folder()
    if place is None:
        return
    aside = None
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _trusted(place.stat(), stat.S_ISDIR):
            return
        aside = place / f".{os.getpid()}.{os.urandom(4).hex()}.tmp"
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with open(handle, "wb") as stream:  # noqa: PTH123
            stream.write(_MAGIC + zlib.crc32(body).to_bytes(4, "big") + body)
        aside.replace(place / _name(kind, key))
        aside = None
        _sweep(place, kind)
    except (OSError, ValueError):
        pass
    finally:
        if aside is not None:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)


def _name(kind: str, key: str) -> str:
    return f"{kind}-{key[:40]}"


def _trusted(found: os.stat_result, is_kind: object) -> bool:
    """Whether something is of the kind that is wanted, belongs to the user and cannot be written to by others."""
    if not (callable(is_kind) and is_kind(found.st_mode)):
        return False
    if not hasattr(os, "geteuid"):
        return True  # on Windows the folder lies in the user's own profile
    return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_MAY_WRITE


def _sweep(place: Path, kind: str) -> None:
    """Take away what is older than the newest files of a kind, and what was left unfinished."""
    own = []
    for entry in os.scandir(place):
        with contextlib.suppress(OSError):
            changed = entry.stat(follow_symlinks=False).st_mtime
            if entry.name.startswith(f"{kind}-"):
                own.append((changed, entry.path))
            elif entry.name.endswith(".tmp") and changed < time.time() - _STALE:
                os.unlink(entry.path)  # noqa: PTH108 - the entry is a path as text
    for _, path in sorted(own, reverse=True)[MOST:]:
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def versions(libraries: Iterable[str], modules: Iterable[str]) -> str | None:
    """What a thing depends on beside its own content: the program, libraries, Python, and the source of some of our modules.

    ``None`` where the version of a library cannot be told: then nothing is kept.
    """
    found = [__version__, sys.implementation.cache_tag or "", hex(sys.hexversion)]
    for library in libraries:
        version = _version(library)
        if version is None:
            return None
        found.append(version)
    with contextlib.suppress(OSError):  # installed without its source it does not change between releases
        found += [format(zlib.crc32((_HERE / f"{module}.py").read_bytes()), "x") for module in modules]
    return "\n".join(found)


_HERE = Path(__file__).parent


def _version(library: str) -> str | None:
    """A library and its version as they are installed; importing the library, or asking ``importlib.metadata``, takes far longer."""
    return next((name for name in _installed() if name.lower().startswith(f"{library}-")), None)


@cache
def _installed() -> tuple[str, ...]:
    found = []
    for place in sys.path:
        with contextlib.suppress(OSError):
            found += [name for name in os.listdir(place or ".") if name.endswith((".dist-info", ".egg-info"))]  # noqa: PTH208
    return tuple(found)

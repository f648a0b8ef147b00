"""What stands before every parser: only ordinary files and sound packages of bearable size pass.

A package is believed in nothing that it says of itself: its members are counted, inflated no further than the limits, compared with
their checksums and searched for a document type, before anything in it is parsed. Nothing is allocated from a number in a header.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xl2report.findings import Finding, finding

LARGEST_FILE = 20 * 2**20
LARGEST_UNPACKED = 64 * 2**20
MOST_MEMBERS = 500
KEPT = 8 * 2**20
"""As much of a package is kept unpacked; what is larger is inflated once more where it is parsed."""
_PIECE = 2**18
_FEED = 2**16
_LOCAL = struct.Struct("<4s5H3L2H")
_DOCTYPE = b"<!DOCTYPE"
_ENCODING = re.compile(rb"""<\?xml[^>]{,200}?encoding\s*=\s*["']([^"']{,40})["']""")
_ENCODINGS = {
    b"utf-8",
    b"utf8",
    b"utf-16",
    b"utf-16le",
    b"utf-16be",
    b"us-ascii",
    b"ascii",
    b"iso-8859-1",
    b"windows-1252",
}
"""What Office and other writers declare; in each of them a document type is found by its letters."""
_XML_NAME = re.compile(r"\.(?:xml|rels|vml)$", re.IGNORECASE)
_OTHER_MARKUP = re.compile(r"\.(?:svg|html?|mht|xht(?:ml)?)$", re.IGNORECASE)
_LEAVES = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)")
_KINDS = (
    (stat.S_ISFIFO, "管道（FIFO）", "a named pipe (FIFO)"),
    (stat.S_ISCHR, "设备", "a device"),
    (stat.S_ISBLK, "设备", "a device"),
    (stat.S_ISSOCK, "套接字", "a socket"),
)


REFUSALS = frozenset({"F013", "F014", "F015", "F016", "F017", "F018", "F019"})
"""The codes of packages that are whole and are not opened all the same; one that is damaged is F005."""


class RefusedError(ValueError):
    """Why a package is not opened: a code and its words."""

    def __init__(self, code: str, **words: str) -> None:
        self.code = code
        self.words: dict[str, Any] = {**words}
        super().__init__(self.finding("").message.zh)

    def finding(self, place: str) -> Finding:
        """The same as a finding about a file."""
        return finding(self.code, place, **self.words)


def content_of(path: Path, place: str = "") -> bytes | Finding:
    """The bytes of an ordinary file, or the finding that says why there are none; never waits for a pipe or a device."""
    place = place or str(path)
    try:
        refused = no_file(path.stat().st_mode, place)
        if refused:
            return refused
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        with os.fdopen(os.open(path, flags), "rb") as stream:
            status = os.fstat(stream.fileno())
            refused = no_file(status.st_mode, place)
            if refused:
                return refused
            data = stream.read(min(status.st_size, LARGEST_FILE) + 1)
            if len(data) > status.st_size:  # it grows, or its size is not known
                data += stream.read(max(0, LARGEST_FILE + 1 - len(data)))
            if len(data) > LARGEST_FILE:
                return finding(
                    "F013", place, found=_mib(max(status.st_size, len(data))), expected=f"≤ {_mib(LARGEST_FILE)}"
                )
            return data
    except FileNotFoundError:
        return finding("F001", place, found=str(path))
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        return finding("F009", place, reason=getattr(error, "strerror", None) or str(error))


def no_file(mode: int, place: str) -> Finding | None:
    """The finding that something is no ordinary file, if it is none."""
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return finding("F009", place, reason=os.strerror(errno.EISDIR))
    zh, en = next(((zh, en) for test, zh, en in _KINDS if test(mode)), ("特殊文件", "a special file"))
    return finding("F012", place, kind_zh=zh, kind_en=en)


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


class Package:
    """The members of a package that passed: their bytes by name, whole or piece by piece.

    Raises:
        RefusedError: where it does not pass.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > LARGEST_FILE:
            raise RefusedError("F013", found=_mib(len(data)), expected=f"≤ {_mib(LARGEST_FILE)}")
        self._data = data
        self._members = _members(data)
        self._parts: dict[str, bytes] = {}
        kept = 0
        for name, info in self._members.items():
            if info.file_size + kept <= KEPT:
                part = b"".join(self._inflated(info))
                kept += len(part)
                self._parts[name] = part
                _search(name, (part,))
            else:
                _search(name, self._inflated(info))

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __getitem__(self, name: str) -> bytes:
        return self._parts[name] if name in self._parts else b"".join(self._inflated(self._members[name]))

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of one member, a piece at a time."""
        part = self._parts.get(name)
        if part is None:
            yield from self._inflated(self._members[name])
        else:
            for start in range(0, len(part), _PIECE):
                yield part[start : start + _PIECE]

    def _inflated(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """The bytes of a member as far as it says that it goes; what is longer, shorter or changed is refused."""
        start = self._start_of(info)
        raw = memoryview(self._data)[start : start + info.compress_size]
        size, crc = 0, 0
        try:
            for piece in (raw,) if info.compress_type == zipfile.ZIP_STORED else _unpacked(raw):
                size += len(piece)
                if size > info.file_size:
                    raise RefusedError("F005", reason=f"{info.filename}: > {info.file_size} bytes")
                crc = zlib.crc32(piece, crc)
                yield bytes(piece)
        except zlib.error as error:
            raise RefusedError("F005", reason=f"{info.filename}: {error}") from None
        if size != info.file_size or crc != info.CRC:
            raise RefusedError("F005", reason=f"Bad CRC-32 for file {info.filename!r}")

    def _start_of(self, info: zipfile.ZipInfo) -> int:
        """Where the data of a member begins; its own header must say the same name as the list of members."""
        start = info.header_offset + _LOCAL.size
        if info.header_offset >= 0 and start <= len(self._data):
            signature, _, flags, *_, name_length, extra_length = _LOCAL.unpack_from(self._data, info.header_offset)
            name = self._data[start : start + name_length]
            begin = start + name_length + extra_length
            encoding = "utf-8" if flags & 0x800 else "cp437"
            right = name.decode(encoding, "replace") == info.orig_filename
            if signature == b"PK\x03\x04" and right and begin + info.compress_size <= len(self._data):
                return int(begin)
        raise RefusedError("F005", reason=f"Bad header of {info.filename!r}")


def unpacked(data: bytes) -> dict[str, bytes]:
    """All parts of a package by name.

    Raises:
        RefusedError: where it does not pass.
    """
    package = Package(data)
    return {name: package[name] for name in package}


def refused(data: bytes) -> RefusedError | None:
    """Why a package is not opened though it is whole; ``None`` too where the bytes are no package."""
    try:
        Package(data)
    except RefusedError as error:
        return error if error.code in REFUSALS else None
    return None


def refusal(data: bytes, place: str) -> Finding | None:
    """The finding that a package is not opened though it is whole."""
    error = refused(data)
    return error.finding(place) if error else None


def _unpacked(raw: memoryview) -> Iterator[bytes]:
    """A deflated member, a piece at a time."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for start in range(0, len(raw), _FEED):
        waiting: bytes | memoryview = raw[start : start + _FEED]
        while len(waiting):
            piece = inflater.decompress(waiting, _PIECE)
            waiting = inflater.unconsumed_tail
            if piece:
                yield piece
            elif inflater.eof:
                return
    if not inflater.eof:
        raise zlib.error("incomplete or truncated stream")


def _members(data: bytes) -> dict[str, zipfile.ZipInfo]:
    """The members of a package by name, as its list has them."""
    if data.count(b"PK\x01\x02") > 20 * MOST_MEMBERS:  # before a list of millions is made of them
        raise RefusedError("F015", expected=f"≤ {MOST_MEMBERS}", found=f"> {20 * MOST_MEMBERS}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
    except Exception as error:  # zipfile raises many kinds of errors on lists that are damaged
        raise RefusedError("F005", reason=str(error) or type(error).__name__) from None
    if len(infos) > MOST_MEMBERS:
        raise RefusedError("F015", found=str(len(infos)), expected=f"≤ {MOST_MEMBERS}")
    members: dict[str, zipfile.ZipInfo] = {}
    folded: set[str] = set()
    for info in infos:
        name = info.filename
        if _LEAVES.search(name) or "\x00" in info.orig_filename or name.casefold() in folded:
            raise RefusedError("F017", found=info.orig_filename[:120])
        if info.flag_bits & 0x1:
            raise RefusedError("F019", found=name[:120])
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusedError("F005", reason=f"{name}: compression method {info.compress_type}")
        folded.add(name.casefold())
        members[name] = info
    declared = sum(info.file_size for info in infos)
    if declared > LARGEST_UNPACKED:
        largest = max(infos, key=lambda info: info.file_size)
        raise RefusedError(
            "F014", part=largest.filename[:120], found=_mib(declared), expected=f"≤ {_mib(LARGEST_UNPACKED)}"
        )
    return members


def _search(name: str, pieces: Iterator[bytes] | tuple[bytes, ...]) -> None:
    """Read a member to its end; refuse a document type in XML, and XML in which one could hide."""
    tail = b""
    is_xml = False
    for number, piece in enumerate(pieces):
        if not number:
            head = piece[:1024].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
            is_xml = bool(_XML_NAME.search(name)) or (head.startswith(b"<") and not _OTHER_MARKUP.search(name))
            declared = _ENCODING.match(head)
            if is_xml and declared and declared[1].lower() not in _ENCODINGS:
                raise RefusedError("F016", part=name[:120], found=declared[1].decode("latin-1"))
            if is_xml and head.startswith(b"\x4c\x6f\xa7\x94"):
                raise RefusedError("F016", part=name[:120], found="EBCDIC")
        if is_xml:
            text = tail + piece
            if b"\x00" in text:  # UTF-16 and UTF-32 are ASCII with zeros between
                text = text.replace(b"\x00", b"")
            if _DOCTYPE in text:
                raise RefusedError("F016", part=name[:120], found="DOCTYPE")
            tail = text[-len(_DOCTYPE) :]

"""Office packages as they leave the program: same input, same bytes; complete or not at all; hand edits kept.

Every output carries a fingerprint of its parts in ``docProps/custom.xml``, a PDF in its ID. A file whose fingerprint is gone or
no longer right was saved by somebody, and is set aside before a new one takes its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from xl2report.findings import Finding, finding

STAMP = (1980, 1, 1, 0, 0, 0)
CONTENT_TYPES = "[Content_Types].xml"
RELATIONS = "_rels/.rels"
CUSTOM = "docProps/custom.xml"
PROPERTY = "xl2report"
INPUTS = "xl2report-inputs"
"""The property with the hash of everything that an output was made from."""
_CUSTOM_TYPE = b"application/vnd.openxmlformats-officedocument.custom-properties+xml"
_CUSTOM_RELATION = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
_CUSTOM_SPACES = (
    b' xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"'
    b' xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"'
)
_CUSTOM_END = re.compile(rb"</(?:\w+:)?Properties\s*>\s*$")
_OWN = re.compile(
    rb'<(\w+:)?property\s[^>]*name="(?:' + f"{PROPERTY}|{INPUTS}".encode() + rb')"[^>]*>.*?</\1?property\s*>', re.DOTALL
)
_INPUTS = re.compile(rb'name="' + INPUTS.encode() + rb'"[^>]*><vt:lpwstr>([0-9a-f]+)<')

_PDF_ID = re.compile(rb"(/ID\s*\[\s*<)[0-9A-Fa-f]{32}(>\s*<)[0-9A-Fa-f]{32}(>)")


def parts_of(package: bytes) -> dict[str, bytes]:
    """The parts of a package by name."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(parts: Mapping[str, bytes]) -> bytes:
    """A package of these parts: content types first, the rest sorted, no clock and no system in it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(parts, key=lambda n: (n != CONTENT_TYPES, n)):
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            info.external_attr = 0
            archive.writestr(info, parts[name], compresslevel=6)
    return stream.getvalue()


def fingerprint(parts: Mapping[str, bytes]) -> str:
    """The hash of all parts but the one that carries it."""
    digest = hashlib.sha256()
    for name in sorted(parts):
        if name not in (CUSTOM, CONTENT_TYPES, RELATIONS):
            digest.update(f"{name}\0{len(parts[name])}\0".encode())
            digest.update(parts[name])
    return digest.hexdigest()


def sealed(package: Mapping[str, bytes], inputs: str = "") -> bytes:
    """A package of these parts with fixed dates and its fingerprint as a document property beside those that it has.

    ``inputs`` is the hash of what it was made from, a second property; that of an older package is not kept.
    """
    parts = dict(package)
    others = _OWN.sub(b"", parts.get(CUSTOM, b""))
    numbers = [int(number) for number in re.findall(rb'\spid="(\d+)"', others)]
    own = b"".join(
        b'<property%s fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="%d" name="%s">'
        b"<vt:lpwstr>%s</vt:lpwstr></property>"
        % (_CUSTOM_SPACES if numbers else b"", number, name.encode(), value.encode())
        for number, (name, value) in enumerate(
            ((PROPERTY, fingerprint(parts)), *([(INPUTS, inputs)] if inputs else [])), max(numbers, default=1) + 1
        )
    )
    if numbers:
        parts[CUSTOM] = _CUSTOM_END.sub(lambda end: own + end[0], others)
    else:
        head = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Properties' + _CUSTOM_SPACES + b">"
        parts[CUSTOM] = head + own + b"</Properties>"
    override = b'<Override PartName="/' + CUSTOM.encode() + b'" ContentType="' + _CUSTOM_TYPE + b'"/>'
    if b'PartName="/' + CUSTOM.encode() + b'"' not in parts[CONTENT_TYPES]:
        parts[CONTENT_TYPES] = parts[CONTENT_TYPES].replace(b"</Types>", override + b"</Types>")
    if _CUSTOM_RELATION not in parts[RELATIONS]:
        relation = b'<Relationship Id="rIdFingerprint" Type="' + _CUSTOM_RELATION + b'" Target="docProps/custom.xml"/>'
        parts[RELATIONS] = parts[RELATIONS].replace(b"</Relationships>", relation + b"</Relationships>")
    return pack(parts)


def sealed_pdf(pdf: bytes, created: datetime) -> bytes:
    """A PDF of LibreOffice with one date instead of the clock, and its hash as its ID; no byte changes its place.

    >>> sealed_pdf(b"/CreationDate(D:20261122095719+08'00')", datetime(2024, 9, 27))
    b"/CreationDate(D:20240927000000+00'00')"
    """
    stamp = f"{created:%Y%m%d%H%M%S}".encode()

    def date(match: re.Match[bytes]) -> bytes:
        return match[1] + stamp + re.sub(rb"\d", b"0", match[2])

    pdf = re.sub(rb"(/(?:CreationDate|ModDate)\s*\(D:)\d{14}([^)]*)", date, pdf)
    pdf = re.sub(rb"(/DocChecksum\s*/)[0-9A-Fa-f]{32}", lambda match: match[1] + b"0" * 32, pdf)
    return _with_own_id(pdf)


def _with_own_id(pdf: bytes) -> bytes:
    """The PDF with the hash of everything but the ID as its ID."""

    def written(number: bytes) -> bytes:
        return _PDF_ID.sub(lambda match: match[1] + number + match[2] + number + match[3], pdf)

    digest = hashlib.sha256(written(b"0" * 32)).hexdigest()
    return written(digest[:32].upper().encode())


def untouched(path: Path) -> bool:
    """Whether a file is just as the program wrote it."""
    try:
        data = path.read_bytes()
        if data.startswith(b"%PDF-"):
            return _with_own_id(data) == data
        if data.startswith((b"{", CSV_HEAD)):
            return own_seal(data) == data
        parts = parts_of(data)
    except (OSError, zipfile.BadZipFile, ValueError):
        return False
    return fingerprint(parts).encode() in parts.get(CUSTOM, b"")


CSV_HEAD = "\ufeff工作簿,部门名称".encode()
"""How a summary in CSV begins: there is no place for a hash in it, so any that begins so counts as untouched."""


def own_seal(document: bytes) -> bytes:
    """A JSON document of ours with the hash of everything else in it as its first entry; a CSV file as it is.

    >>> own_seal(b'{"a": 1}')[:20]
    b'{"sha256": "f9d86028'
    """
    if not document.startswith(b"{"):
        return document
    bare = re.sub(rb'^\{\s*"sha256": "[0-9a-f]{64}",', b"{", document)
    return b'{"sha256": "%s",%s' % (hashlib.sha256(bare).hexdigest().encode(), bare[1:])


def inputs_of(path: Path) -> str | None:
    """The hash of what a file was made from, where it is just as the program wrote it; "" for a PDF, ``None`` otherwise."""
    try:
        data = path.read_bytes()
        if data.startswith(b"%PDF-"):
            return "" if _with_own_id(data) == data else None
        parts = parts_of(data)
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, zlib.error, NotImplementedError):
        return None
    custom = parts.get(CUSTOM, b"")
    stated = _INPUTS.search(custom)
    return stated[1].decode() if stated and fingerprint(parts).encode() in custom else None


LONGEST_STEM = 120
"""Bytes of the name of an output before ``-schedules.xlsx``: every system takes the whole name."""
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)")


def file_stem(name: str) -> str:
    r"""A name as every system takes it in a file's: no separators, controls or other signs of paths, not too long.

    >>> file_stem("../县:政府\n办."), file_stem("CON"), file_stem("办" * 99) == "办" * 40
    ('.._县_政府_办', '_CON', True)
    """
    clean = re.sub(r'[/\\:*?"<>|\x00-\x1f\x7f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]', "_", name)
    clean = clean.encode()[:LONGEST_STEM].decode(errors="ignore").rstrip(". ") or "_"
    return f"_{clean}" if _RESERVED.match(clean) else clean


def document_date(published: str, year: int) -> datetime:
    """The one date that goes into document properties: SOURCE_DATE_EPOCH, the date of publication, or the year's end."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return datetime.fromtimestamp(int(epoch), UTC).replace(tzinfo=None)
    return datetime.fromisoformat(published) if published else datetime(year, 12, 31, tzinfo=UTC).replace(tzinfo=None)


class Written(NamedTuple):
    """What writing did: the files that are there now, and what is to be said about it."""

    paths: tuple[Path, ...]
    findings: tuple[Finding, ...]


def write_all(outputs: Mapping[Path, bytes]) -> Written:
    """Write every file or none: each is complete beside its target before the first one is put in place.

    An existing file that was edited by hand is kept under another name, and that is reported. Nothing is
    raised: what cannot be written is a finding, and then the files that were there are still there.
    """
    waiting: dict[Path, Path] = {}
    kept: list[tuple[Path, Path]] = []
    placed: list[Path] = []
    findings: list[Finding] = []
    target = next(iter(outputs), Path())
    try:
        for target, data in outputs.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                raise IsADirectoryError(21, "是一个文件夹 (is a folder)", str(target))
            waiting[target] = _written_aside(target, data)
        for target, aside in waiting.items():
            if target.exists():
                backup = _free_name(target, edited=not untouched(target))
                target.rename(backup)
                kept.append((backup, target))
            aside.replace(target)
            placed.append(target)
    except OSError as error:
        for path in placed:
            path.unlink(missing_ok=True)
        for backup, path in reversed(kept):
            backup.replace(path)
        for aside in waiting.values():
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
        return Written((), (finding("O601", str(target), reason=error.strerror or str(error)),))
    for backup, path in kept:
        if backup.name.startswith("."):
            backup.unlink(missing_ok=True)
        else:
            findings.append(finding("O602", str(path), backup=backup.name, found=backup.name))
    return Written(tuple(outputs), tuple(findings))


def _written_aside(target: Path, data: bytes) -> Path:
    """The bytes in a hidden file beside the target, on the disk."""
    aside = target.with_name(f".{target.stem[:40]}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        with aside.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    return aside


def _free_name(target: Path, *, edited: bool) -> Path:
    """A name beside the target to set it aside: for good where it was edited by hand, hidden otherwise."""
    if not edited:
        return target.with_name(f".{target.stem[:40]}.{os.getpid()}.{os.urandom(4).hex()}.old")
    number = 1
    while (path := target.with_name(f"{target.stem}（手工修改{number}）{target.suffix}")).exists():
        number += 1
    return path

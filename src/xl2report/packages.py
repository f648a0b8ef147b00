"""Office packages as they leave the program: same input, same bytes; complete or not at all; hand edits kept.

Every output carries a fingerprint of its parts in ``docProps/custom.xml``, a PDF in its ID. A file whose fingerprint is gone or
no longer right was saved by somebody, and is set aside before a new one takes its place.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from xl2report.findings import Finding
from xl2report.guards import RefusedError, content_of, unpacked
from xl2report.placing import Written, mended, place

STAMP = (1980, 1, 1, 0, 0, 0)
"""The one date of all members of all packages."""
_TIME, _DATE = 0, (STAMP[0] - 1980) << 9 | STAMP[1] << 5 | STAMP[2]
CONTENT_TYPES = "[Content_Types].xml"
RELATIONS = "_rels/.rels"
CUSTOM = "docProps/custom.xml"
PROPERTY = "xl2report"
LAST_EPOCH = 253_402_300_799
"""The last second of the year 9999."""
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
    """The parts of a package that the program made, by name; those of users go through the guards."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class Deflated(bytes):
    """A part that stays the same in many packages: its bytes, and once needed how they stand in a package."""

    stored: tuple[bytes, int]
    """The deflated bytes, and the check sum of the others."""
    plain: bool
    """Whether it has no marks, and nothing to be marked."""


def deflated(part: bytes) -> tuple[bytes, int]:
    """A part as it stands in a package, and its check sum; of one that is known to come again it is computed once."""
    ready: tuple[bytes, int] | None = getattr(part, "stored", None)
    if ready is None:
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        ready = deflate.compress(part) + deflate.flush(), zlib.crc32(part)
        if isinstance(part, Deflated):
            part.stored = ready
    return ready


def pack(parts: Mapping[str, bytes]) -> bytes:
    """A package of these parts: content types first, the rest sorted, no clock and no system in it.

    It is what :mod:`zipfile` writes, byte for byte, but that what is deflated already is not deflated again.
    """
    pieces: list[bytes] = []
    directory: list[bytes] = []
    at = 0
    for name in sorted(parts, key=lambda n: (n != CONTENT_TYPES, n)):
        data, check = deflated(parts[name])
        try:
            encoded, flags = name.encode("ascii"), 0
        except UnicodeEncodeError:
            encoded, flags = name.encode(), 0x800
        about = (flags, 8, _TIME, _DATE, check, len(data), len(parts[name]), len(encoded), 0)
        pieces += (struct.pack("<4sBB4H3L2H", b"PK\3\4", 20, 0, *about), encoded, data)
        directory += (struct.pack("<4s4B4H3L5H2L", b"PK\1\2", 20, 0, 20, 0, *about, 0, 0, 0, 0o600 << 16, at), encoded)
        at += len(data) + len(encoded) + 30
    listed = b"".join(directory)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(parts), len(parts), len(listed), at, 0)
    return b"".join((*pieces, listed, end))


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
        data = content_of(path)
        if isinstance(data, Finding):
            return False
        if data.startswith(b"%PDF-"):
            return bool(_PDF_ID.search(data)) and _with_own_id(data) == data
        if data.startswith(b"{") or _CSV_SEAL.search(data):
            return own_seal(data) == data
        parts = unpacked(data)
    except RefusedError:
        return False
    return fingerprint(parts).encode() in parts.get(CUSTOM, b"")


def is_epoch(text: str) -> bool:
    """Whether SOURCE_DATE_EPOCH says a moment: seconds since 1970 in plain digits, no later than the year 9999."""
    return bool(re.fullmatch(r"[0-9]{1,12}", text)) and int(text) <= LAST_EPOCH


_JSON_SEAL = re.compile(rb'^\{\s*"sha256": "[0-9a-f]{64}",')
_CSV_SEAL = re.compile(rb",sha256:[0-9a-f]{64}(?=\r?\n)")


def own_seal(document: bytes) -> bytes:
    r"""A summary of ours with the hash of everything else in it: the first entry of JSON, the last heading of CSV.

    >>> own_seal(b'{"a": 1}')[:20], own_seal(b"a,b\r\n1,2\r\n")[:20]
    (b'{"sha256": "f9d86028', b'a,b,sha256:ea14f99c4')
    """
    if document.startswith(b"{"):
        bare = _JSON_SEAL.sub(b"{", document)
        return b'{"sha256": "%s",%s' % (hashlib.sha256(bare).hexdigest().encode(), bare[1:])
    head, end, rows = _CSV_SEAL.sub(b"", document, count=1).partition(b"\r\n")
    return b"%s,sha256:%s%s%s" % (head, hashlib.sha256(head + end + rows).hexdigest().encode(), end, rows)


def inputs_of(path: Path) -> str | None:
    """The hash of what a file was made from, where it is just as the program wrote it; "" for a PDF, ``None`` otherwise."""
    try:
        data = content_of(path)
        if isinstance(data, Finding):
            return None
        if data.startswith(b"%PDF-"):
            return "" if untouched(path) else None
        parts = unpacked(data)
    except RefusedError:
        return None
    custom = parts.get(CUSTOM, b"")
    stated = _INPUTS.search(custom)
    return stated[1].decode() if stated and fingerprint(parts).encode() in custom else None


LONGEST_STEM = 120
"""Bytes of the name of an output before ``-schedules.xlsx``: every system takes the whole name."""
_NO_NAME = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f\ud800-\udc7f\udd00-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]')
"""Signs that have no place in a name; those that stand for characters that the locale does not know may stay."""
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)")


def file_stem(name: str) -> str:
    r"""A name as every system takes it in a file's: no separators, controls or other signs of paths, not too long.

    >>> file_stem("../县:政府\n办."), file_stem("CON"), file_stem("办" * 99) == "办" * 40
    ('.._县_政府_办', '_CON', True)
    >>> file_stem("a" + "\udce5\udc8a\udc9e" * 99) == "a" + "\udce5\udc8a\udc9e" * 39  # 办 where the locale is C
    True
    """
    clean = _NO_NAME.sub("_", name)
    octets, most = clean.encode(errors="surrogateescape"), LONGEST_STEM
    if not _is_text(octets):
        clean = octets.decode(errors="replace").replace("\ufffd", "_")
        octets = clean.encode()
    while 0 < most < len(octets) and octets[most] & 0xC0 == 0x80:  # inside a character
        most -= 1
    while len(clean.encode(errors="surrogateescape")) > most:
        clean = clean[:-1]
    clean = clean.rstrip(". ") or "_"
    return f"_{clean}" if _RESERVED.match(clean) else clean


def _is_text(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def document_date(published: str, year: int) -> datetime:
    """The one date that goes into document properties: SOURCE_DATE_EPOCH, the date of publication, or the year's end."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if is_epoch(epoch):
        return datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(seconds=int(epoch))
    return datetime.fromisoformat(published) if published else datetime(year, 12, 31, tzinfo=UTC).replace(tzinfo=None)


def write_all(outputs: Mapping[Path, bytes]) -> Written:
    """Write every file or none; an existing one that was edited by hand is kept under another name. Nothing is raised."""
    return place(outputs, untouched)


def finish_earlier(folder: Path) -> tuple[Finding, ...]:
    """What a killed run left half done in a folder is finished; what was done is told."""
    return mended(folder, untouched)

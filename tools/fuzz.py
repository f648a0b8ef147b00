"""Feed the program damaged and hostile files for some time: ``python tools/fuzz.py reading --seconds 180``.

Allowed are a result and findings. Whatever is raised, takes more than 10 seconds or needs more than 1 GiB is a bug: the input is kept in
tests/data/fuzz, where the tests run it from then on. Packages are changed inside and packed again with right checksums; now and
then their own bytes are. Where atheris is installed, ``--guided`` lets the coverage of the code choose what is changed further.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import random
import re
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "tests" / "data" / "fuzz"
SECONDS = 10
MEMORY = 2**30
sys.path.insert(0, str(ROOT / "tests"))

NASTY = [
    b"", b"0", b"-1", b"1e999", b"NaN", b"4294967296", b"99999999999999999999", b"\xef\xbc\x91", b"true", b"A1048577", b"XFD1", b"ZZZZ1",
    b"{{ 7*7 }}", b"{% for x in y %}", b"{% endfor %}", b"{{ x.", b"}}", b"%}", b"\xe2\x80\x8f", b"\xef\xb7\x90", b"&#0;", b"&#x10FFFF;",
    b"&lt;", b"&e;", b"<!DOCTYPE x>", b"<![CDATA[", b"]]>", b"<!--", b"<x/>", b"_x0000_", b"../../x", b"\x00", b"\xff", b"=1/0", b"[]", b"[[x]]",
]  # fmt: skip
PIECE = re.compile(rb"<[^<>]{1,400}>|\"[^\"]{0,200}\"|[^<>\"]{1,200}")


# -- what is changed ------------------------------------------------------------------------------------


def changed(content: bytes, chance: random.Random) -> bytes:
    """A part with a few of its elements, attributes and texts taken out, doubled, exchanged or replaced."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        start = chance.randrange(max(1, len(content) - 2000))
        pieces = list(PIECE.finditer(content, start, start + 4000))
        if not pieces:
            return content + chance.choice(NASTY)
        one, two = chance.choice(pieces), chance.choice(pieces)
        a, b = one.span()
        match chance.randrange(8):
            case 0:
                content = content[:a] + content[b:]
            case 1:
                content = content[:b] + content[a:b] * chance.choice((1, 1, 3, 300)) + content[b:]
            case 2:
                content = content[:a] + two[0] + content[b:]
            case 3:
                content = content[:a] + chance.choice(NASTY) + content[b:]
            case 4:
                content = content[:a] + b'"' + chance.choice(NASTY) + b'"' + content[b:]
            case 5:
                content = content[: min(a, two.start())] + content[max(b, two.end()) :]
            case 6:
                at = chance.randrange(len(content))
                content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
            case _:
                content = content[:b] + chance.choice(NASTY) + content[b:]
    return content


def package_changed(data: bytes, chance: random.Random) -> bytes:
    """A package with one or two of its parts changed, or with its own bytes changed."""
    if chance.random() < 0.08:
        broken = bytearray(data)
        for _ in range(chance.choice((1, 2, 20))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        return bytes(broken[: chance.randrange(len(broken))] if chance.random() < 0.2 else broken)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = {name: package.read(name) for name in package.namelist()}
    except Exception:  # it was damaged before
        return changed(data, chance)
    names = [name for name in parts if name.endswith((".xml", ".rels"))] or list(parts)
    for _ in range(chance.choice((1, 1, 2))):
        name = chance.choice(names)
        match chance.randrange(20):
            case 0:
                parts.pop(name, None)
            case 1:
                parts[name] = parts.get(chance.choice(names), b"")
            case _:
                parts[name] = changed(parts.get(name, b""), chance)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()


# -- what is fed ----------------------------------------------------------------------------------------


@cache
def accounts() -> Any:
    import xl2report

    return xl2report.load(xl2report.example())


def told(findings: Sequence[Any]) -> None:
    """Say the findings, in both languages."""
    from xl2report.cli import describe

    for found in findings:
        describe(found, "zh")
        describe(found, "en")


def reading(data: bytes) -> None:
    """Read a workbook."""
    from xl2report.loading import load_profile
    from xl2report.reader import read, values_of

    book, findings = read(data, load_profile("sichuan/2023"), "accounts.xlsx")
    assert book is not None or findings
    told(findings)
    values_of(data)


def linting(data: bytes) -> None:
    """Check a template, and fill it where nothing is wrong with it."""
    from xl2report.findings import has_errors
    from xl2report.linting import lint

    report = accounts()
    findings = tuple(mistake.finding for mistake in lint(data, report.profile, "template.docx", report.book.info))
    told(findings)
    if not has_errors(findings):
        with tempfile.NamedTemporaryFile(suffix=".docx") as file:
            file.write(data)
            file.flush()
            made, said = report.narrative(file.name, toc="none")
        told(said)
        assert made is not None or has_errors(said)


def profile(data: bytes) -> None:
    """Load a profile that changes one file of another."""
    from xl2report.loading import ProfileError, load_profile

    with tempfile.TemporaryDirectory() as folder:
        name, _, content = data.partition(b"\n")
        for file, text in {"profile.toml": b'extends = "sichuan/2023"\n', name.decode("latin-1"): content}.items():
            if re.fullmatch(r"[a-z]+\.(toml|csv)", file):
                (Path(folder) / file).write_bytes(text)
        with contextlib.suppress(ProfileError):
            load_profile(folder)


@cache
def fresh() -> Any:
    from xl2report.marks import read_marks

    data, _ = accounts().narrative(toc="none")
    return read_marks(data)


def verifying(data: bytes) -> None:
    """Compare an edited report, or schedules, with the accounts."""
    from xl2report.guards import refusal
    from xl2report.marks import read_marks
    from xl2report.verifying import made_otherwise, verify_report
    from xl2report.verifying_schedules import grids, verify_schedules

    refused = refusal(data, "report.docx")
    told((refused,) if refused else ())
    edited, now, report = read_marks(data), fresh(), accounts()
    if edited is not None:
        told(made_otherwise(edited, now.manifest.origin, "report.docx"))
        told(tuple(verify_report(edited, now, report.profile, "report.docx", now.manifest.origin.year)))
    elif (sheets := grids(data)) is not None:
        told(tuple(verify_schedules(sheets, printed(), report.sheets, "schedules.xlsx")))


@cache
def printed() -> Any:
    from xl2report.verifying_schedules import grids

    return grids(accounts().schedules())


def seeds(target: str) -> list[bytes]:
    """What the inputs are made from."""
    import hostile

    import xl2report
    from xl2report.loading import folder_of

    if target == "reading":
        texts = {"xl/sharedStrings.xml": f'<sst xmlns="{hostile.MAIN}"><si><t>a</t></si></sst>'.encode()}
        own = [
            hostile.with_relation("sharedStrings", "sharedStrings.xml", texts),
            hostile.with_amount('<c r="D2"><f>A1</f></c>'),
        ]
        return [*own * 3, xl2report.example().read_bytes()]
    if target == "linting":
        return [Path(accounts().profile.template).read_bytes()]
    if target == "verifying":
        report, _ = accounts().narrative(toc="none")
        return [report, report, accounts().schedules()]
    folder = folder_of("sichuan/2023")
    return [path.name.encode() + b"\n" + path.read_bytes() for path in sorted(folder.glob("*.toml"))]


TARGETS: dict[str, Callable[[bytes], None]] = {
    "reading": reading,
    "linting": linting,
    "profile": profile,
    "verifying": verifying,
}


# -- running --------------------------------------------------------------------------------------------


def mutated(target: str, data: bytes, chance: random.Random) -> bytes:
    if target != "profile":
        return package_changed(data, chance)
    name, _, content = data.partition(b"\n")
    return name + b"\n" + changed(content, chance)


def keep(target: str, data: bytes) -> Path:
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{target}-{hashlib.sha256(data).hexdigest()[:12]}"
    with contextlib.suppress(Exception), zipfile.ZipFile(io.BytesIO(data)) as package:  # as small as it can be
        parts, stream = {name: package.read(name) for name in package.namelist()}, io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as smaller:
            for name, content in parts.items():
                smaller.writestr(name, content)
        data = stream.getvalue()
    path.write_bytes(data)
    return path


def at_random(target: str, seconds: float, seed: int) -> int:
    """Change inputs at random; return how many bugs of different places were found."""
    chance, sources, places = random.Random(seed), seeds(target), set()
    slowest, runs, end = 0.0, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutated(target, chance.choice(sources), chance)
        began = time.process_time()
        try:
            TARGETS[target](data)
            place = f"more than {SECONDS} s" if time.process_time() - began > SECONDS else ""
        except (Exception, RecursionError, MemoryError):
            place = traceback.format_exc()
        slowest = max(slowest, time.process_time() - began)
        runs += 1
        last = " ".join(re.findall(r'File ".*?(\w+\.py)", line (\d+)', place)[-1] if "File" in place else [place])
        if place and last not in places:
            places.add(last)
            print(f"{keep(target, data)}\n{place}", flush=True)
    print(f"{target}: {runs} inputs in {seconds:g} s, slowest {slowest:.2f} s, {len(places)} bugs")
    return len(places)


def guided(target: str, seconds: float) -> None:
    """Let atheris choose by the coverage of the code what is changed further; it ends at the first bug."""
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["xl2report"]):
        import xl2report.cli
        import xl2report.linting
        import xl2report.loading
        import xl2report.marks
        import xl2report.reader
        import xl2report.verifying  # noqa: F401
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(seeds(target)):
            (Path(corpus) / str(number)).write_bytes(data)
        KEPT.mkdir(parents=True, exist_ok=True)
        options = [
            f"-max_total_time={seconds:g}",
            f"-timeout={SECONDS}",
            f"-rss_limit_mb={MEMORY // 2**20}",
            "-max_len=4000000",
        ]
        atheris.Setup(
            [sys.argv[0], *options, f"-artifact_prefix={KEPT}/{target}-", corpus],
            TARGETS[target],
            custom_mutator=lambda data, size, seed: mutated(target, data, random.Random(seed))[:size],
        )
        atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--guided", action="store_true", help="by coverage, with atheris")
    args = parser.parse_args()
    if args.guided:
        guided(args.target, args.seconds)
        return 0
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    return 1 if at_random(args.target, args.seconds, args.seed) else 0


if __name__ == "__main__":
    sys.exit(main())

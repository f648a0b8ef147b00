"""How long a compile takes, next to what a script of the usual libraries takes for the same outputs.

``python bench/bench.py [--rounds N] [--json FILE]`` compiles byte code, makes sure that both write the same cells and
the same text (and refuses to go on otherwise), times both as whole processes, as one more call in a warm process, and
stage by stage, and prints the tables: ours, the script's, and the floor that Python and zlib set.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import io
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any, Literal
from xml.parsers import expat

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
TEMPLATE = ROOT / "docx_templates" / "sichuan.docx"
EXAMPLE = ROOT / "workbook_templates" / "sichuan-2023-example.xlsx"
CHART = re.compile(r'(<w:r><w:drawing>(?:(?!</w:drawing>).)*?descr="chart:([^"]+)".*?</w:drawing></w:r>)', re.DOTALL)
PACKAGES = (
    "xl2report",
    "openpyxl",
    "et_xmlfile",
    "defusedxml",
    "xlsxwriter",
    "docxtpl",
    "docx",
    "jinja2",
    "lxml",
    "matplotlib",
    "numpy",
)
LIBRARIES = ("openpyxl", "XlsxWriter", "docxtpl", "python-docx", "Jinja2", "lxml", "matplotlib")
LEAST_ROUNDS = 9
MIB = 1024

LAUNCHER = """
import os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
start = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - start
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss, os.waitstatus_to_exitcode(status))
"""
"""A bare interpreter that starts the command: on Linux a child's peak memory is never below that of its parent."""

OURS_STAGES = (
    "profile load", "read", "derive + layout", "check", "schedules", "narrative", "charts", "marks", "contents", "write",
)  # fmt: skip
OURS = "xl2report compile"
WITH_MARKS = "… with marks"
NAIVE_STAGES = ("read", "compute", "pictures", "schedules", "narrative")
OTHER = "(between stages)"
WARM = (OURS, WITH_MARKS, "naive", "docxtpl")
WARM_ROUNDS, CALLS, STAGE_CALLS = 5, 5, 15
CHANGING = ("word/document.xml", "word/charts", "customXml", "xl/worksheets/", "xl/sharedStrings.xml")
"""The parts that differ from one department to the next; the rest can be kept deflated."""

Runs = list[dict[str, float]]
Carrier = Literal["bookmark", "control", "none"]


@dataclass
class Measured:
    """Everything that one run of the bench measured."""

    processes: dict[str, Runs]
    warm: dict[str, Runs]
    """Program -> the median warm call of each round."""
    stages: dict[str, Runs]
    floor: Runs


# -- whole processes ------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """The environment of the timed processes: byte code is kept, output is buffered."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return kept | {"PYTHONPATH": str(BENCH)}


def compile_byte_code() -> None:
    """Compile what is run, so that no timed process has to."""
    compileall.compile_dir(BENCH, quiet=1)
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            compileall.compile_dir(folder, quiet=1)


def launched(command: Sequence[str]) -> dict[str, float]:
    """One run of a command: wall and processor seconds, peak memory in KiB."""
    start = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(start, env=environment(), capture_output=True, text=True, check=True)
    wall, processor, memory, status = done.stdout.split()
    if int(status):
        raise SystemExit(f"{' '.join(command)} ended with {status}:\n{done.stderr}")
    return {"wall": float(wall), "cpu": float(processor), "rss": float(memory)}


def template_with_tags(folder: Path) -> Path:
    """Our template as the script needs it: a tag for a picture where ours has a native chart."""
    target = folder / "template.docx"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(TEMPLATE) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
            for name in source.namelist():
                part = source.read(name)
                if name == "word/document.xml":
                    tagged, count = CHART.subn(r"<w:r><w:t>{{ 图.\2 }}</w:t></w:r>", part.decode())
                    assert count == 7, f"{count} charts in the template"
                    part = tagged.encode()
                copy.writestr(name, part)
    return target


def commands(folder: Path) -> dict[str, list[str]]:
    """What is timed, each with an output folder of its own; the naive script has its byte code compiled too."""
    ours = str(Path(sys.executable).with_name("xl2report"))
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "xl2report --version": [ours, "--version"],
        "xl2report --help": [ours, "--help"],
        "naive.py": [
            sys.executable,
            "-m",
            "naive",
            str(EXAMPLE),
            str(folder / "naive"),
            str(template_with_tags(folder.parent)),
        ],
        OURS: compiling(folder / "ours", "none", "none"),
        WITH_MARKS: compiling(folder / "marks", "none", "bookmark"),
        "… --toc field": compiling(folder / "field", "field", "none"),
    }


def compiling(folder: Path, toc: str, marks: str) -> list[str]:
    """The command that compiles the example; the script has neither contents nor marks."""
    ours = str(Path(sys.executable).with_name("xl2report"))
    return [ours, "compile", str(EXAMPLE), "-o", str(folder), "--toc", toc, "--marks", marks]


def whole_processes(rounds: int, folder: Path) -> dict[str, Runs]:
    """Every command in turn, one unrecorded round first."""
    runs: dict[str, Runs] = {name: [] for name in commands(folder)}
    for number in range(rounds + 1):
        for name, command in commands(folder / str(number)).items():
            run = launched(command)
            if number:
                runs[name].append(run)
    return runs


# -- the same results -----------------------------------------------------------------------------


def check(folder: Path) -> None:
    """Compile once with each, and end the program where the results differ."""
    made = commands(folder)
    for name in ("naive.py", OURS):
        launched(made[name])
    done = subprocess.run(
        [sys.executable, __file__, "--part", "check", str(folder)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, end="")
    if done.returncode:
        raise SystemExit(f"{done.stderr}\nnot timed: the results differ")


def part_check(folder: Path) -> int:
    """Print what was compared, or the first differences."""
    ours, naive = folder / "ours" / EXAMPLE.stem, folder / "naive"
    compared = {
        "schedules": (cells_of(Path(f"{ours}-schedules.xlsx")), cells_of(naive / "schedules.xlsx")),
        "report": (texts_of(Path(f"{ours}-report.docx")), texts_of(naive / "report.docx")),
    }
    status = 0
    for name, (left, right) in compared.items():
        different = [key for key in left.keys() | right.keys() if left.get(key) != right.get(key)]
        for key in sorted(different, key=str)[:10]:
            print(f"{name} {key}: ours {left.get(key)!r}, naive {right.get(key)!r}")
        print(f"{name}: {len(left)} places compared, {len(different)} differ")
        status = status or int(bool(different))
    return status


def cells_of(path: Path) -> dict[Any, Any]:
    """Every cell with value, formula, number format and borders, and the merged ranges of each sheet."""
    from openpyxl import load_workbook

    formulas, values = load_workbook(path), load_workbook(path, data_only=True)
    found: dict[Any, Any] = {"sheets": formulas.sheetnames}
    for sheet in formulas.worksheets:
        found[sheet.title, "merged"] = sorted(str(area) for area in sheet.merged_cells.ranges)
        for row in sheet.iter_rows():
            for cell in row:
                edges = (getattr(cell.border, side).style for side in ("left", "right", "top", "bottom"))
                value = values[sheet.title][cell.coordinate].value
                found[sheet.title, cell.coordinate] = (cell.value, value, cell.number_format, *edges)
    return found


def texts_of(path: Path) -> dict[Any, Any]:
    """Every paragraph with its style, and every cell of every table."""
    from docx import Document

    document = Document(str(path))
    found: dict[Any, Any] = {
        ("paragraph", at): (paragraph.style.name if paragraph.style else "", paragraph.text)
        for at, paragraph in enumerate(document.paragraphs, 1)
    }
    for number, table in enumerate(document.tables, 1):
        for at, row in enumerate(table.rows, 1):
            found["table", number, at] = [cell.text for cell in row.cells]
    return found


# -- one warm process -----------------------------------------------------------------------------


class Clock:
    """Time by stage; a stage inside another one is counted once, as its own."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.running = [OTHER]
        self.since = 0.0

    def turn(self) -> None:
        """Book the time since the last turn on the stage that is running."""
        now = perf_counter()
        self.spent[self.running[-1]] = self.spent.get(self.running[-1], 0.0) + now - self.since
        self.since = now

    def of(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time booked on a stage."""

        def timed(*arguments: Any, **named: Any) -> Any:
            self.turn()
            self.running.append(stage)
            try:
                return function(*arguments, **named)
            finally:
                self.turn()
                self.running.pop()

        return timed

    def measured(self, function: Callable[[], object]) -> dict[str, float]:
        """The time of one call by stage."""
        self.spent, self.since = {}, perf_counter()
        function()
        self.turn()
        return dict(self.spent)


def ours_with(clock: Clock) -> Callable[[Path, Carrier], object]:
    """``compile`` with a clock on each stage; the figures derived on demand are booked where they are derived."""
    from xl2report import marks as marking
    from xl2report import narrative, pipeline, sentences
    from xl2report.derive import Figures

    stages: tuple[tuple[Any, str, str], ...] = (
        (pipeline, "load_profile", "profile load"),
        (pipeline, "opened", "read"),
        (pipeline, "read", "read"),
        (pipeline, "lay_out", "derive + layout"),
        (Figures, "__getitem__", "derive + layout"),
        (pipeline, "check", "check"),
        (pipeline.Report, "schedules", "schedules"),
        (pipeline.Report, "narrative", "narrative"),
        (narrative, "place", "charts"),
        (marking, "place_marks", "marks"),
        (marking, "manifest_of", "marks"),
        (marking, "open_marks", "marks"),
        (sentences, "sentences_of", "marks"),
        (marking, "put_manifest", "marks"),
        (marking, "clean", "marks"),
        (narrative, "with_contents", "contents"),
        (pipeline, "write_all", "write"),
    )
    for owner, name, stage in stages:
        setattr(owner, name, clock.of(stage, getattr(owner, name)))
    return lambda folder, marks: pipeline.compile(EXAMPLE, folder, toc="none", marks=marks)


def naive_with(clock: Clock, template: Path) -> Callable[[Path], object]:
    """The naive script with a clock on each stage."""
    import naive

    names = ("read", "compute", "pictures", "write_schedules", "write_report")
    for name, stage in zip(names, NAIVE_STAGES, strict=True):
        setattr(naive, name, clock.of(stage, getattr(naive, name)))
    return lambda folder: naive.main([str(EXAMPLE), str(folder), str(template)])


def program(name: str, clock: Clock | None, template: Path) -> Callable[[Path], object]:
    """What one warm process calls again and again, with a folder of its own each time; with stages or without."""
    if name == "naive":
        import naive

        return (
            naive_with(clock, template)
            if clock
            else lambda folder: naive.main([str(EXAMPLE), str(folder), str(template)])
        )
    if name == "docxtpl":
        import naive

        found = naive.compute(naive.read(EXAMPLE))

        def render(folder: Path) -> None:
            folder.mkdir()
            naive.write_report(found, {}, folder / "report.docx", TEMPLATE)

        return render
    from xl2report import pipeline

    marks: Carrier = "bookmark" if name == WITH_MARKS else "none"
    if clock:
        ours = ours_with(clock)
        return lambda folder: ours(folder, marks)
    return lambda folder: pipeline.compile(EXAMPLE, folder, toc="none", marks=marks)


def part_warm(name: str, calls: int, *, staged: bool) -> int:
    """Print the times of every call of one program as JSON: by stage, or as one number."""
    clock = Clock()
    found: Runs = []
    with tempfile.TemporaryDirectory() as folder:
        template = template_with_tags(Path(folder) / "with")
        call = program(name, clock if staged else None, template)
        for number in range(calls + 1):
            target = Path(folder) / str(number)
            found.append(clock.measured(lambda to=target: call(to)))
    print(json.dumps(found))
    return 0


def part_floor(calls: int) -> int:
    """Print as JSON what nobody who writes the same two files can do without, once for each call.

    Inflating and parsing the workbook, deflating what is different in every output, reading the report once to know
    that it is XML, and writing both files to the disk.
    """
    from xl2report import pipeline

    source = EXAMPLE.read_bytes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = pipeline.compile(EXAMPLE, folder, toc="none", marks="none")
        outputs = [path.read_bytes() for path in made.paths]
        found: Runs = []
        for _ in range(calls + 1):
            clock = Clock()
            found.append(clock.measured(lambda watch=clock: floor(watch, source, outputs, folder)))
    print(json.dumps(found))
    return 0


def floor(clock: Clock, source: bytes, outputs: Sequence[bytes], folder: Path) -> None:
    """The least that has to be done for these outputs, each kind of work booked on the clock."""

    def parse(part: bytes) -> None:
        expat.ParserCreate().Parse(part, True)

    def read() -> None:
        with zipfile.ZipFile(io.BytesIO(source)) as archive:
            for name in archive.namelist():
                if name.endswith((".xml", ".rels")):
                    parse(archive.read(name))

    clock.of("inflate and parse the workbook", read)()
    for output in outputs:
        with zipfile.ZipFile(io.BytesIO(output)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        changing = [part for name, part in parts.items() if name.startswith(CHANGING)]
        clock.of("deflate what changes", lambda own=changing: [zlib.compress(part, 6) for part in own])()
        if "word/document.xml" in parts:
            clock.of("parse the report", parse)(parts["word/document.xml"])
    clock.of("write both files", lambda: [written(folder / f"{at}.bin", data) for at, data in enumerate(outputs)])()


def written(path: Path, data: bytes) -> None:
    """A file on the disk."""
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def part(*arguments: str) -> Runs:
    """What one process of this program measured."""
    command = [sys.executable, __file__, "--part", *arguments]
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    found: Runs = json.loads(done.stdout)
    return found


def warm(rounds: int) -> dict[str, Runs]:
    """The median warm call of each program, a process of its own for each round, the programs in turn."""
    found: dict[str, Runs] = {name: [] for name in WARM}
    for _ in range(rounds):
        for name in WARM:
            calls = [sum(run.values()) for run in part("warm", name)[1:]]
            found[name].append({"wall": statistics.median(calls)})
    return found


# -- tables ---------------------------------------------------------------------------------------


def median(runs: Runs, key: str) -> float:
    """The median of one measure."""
    return statistics.median(run.get(key, 0.0) for run in runs)


def ratio(ours: Runs, naive: Runs, key: str) -> str:
    """The ratio of the medians, and that of adjacent runs, which a change in the machine's speed touches least."""
    pairs = [own[key] / other[key] for own, other in zip(ours, naive, strict=True)]
    low, middle, high = statistics.quantiles(pairs, n=4)
    of_medians = median(ours, key) / median(naive, key)
    return f"{of_medians:.3f} (adjacent runs: median {middle:.3f}, quartiles {low:.3f}–{high:.3f})"


def process_table(runs: Mapping[str, Runs]) -> Iterator[str]:
    """Whole processes, each next to the naive script and to the floor."""
    floor, naive = runs["python -c pass"], runs["naive.py"]
    yield f"{'whole process':<20}{'wall ms':>9}{'min–max':>14}{'cpu ms':>8}{'peak MiB':>10}{'x naive':>9}{'x pass':>8}"
    for name, own in runs.items():
        walls = [run["wall"] * 1000 for run in own]
        yield (
            f"{name:<20}{statistics.median(walls):>9.1f}{f'{min(walls):.0f}–{max(walls):.0f}':>14}"
            f"{median(own, 'cpu') * 1000:>8.0f}{median(own, 'rss') / MIB:>10.1f}"
            f"{median(own, 'wall') / median(naive, 'wall'):>9.3f}{median(own, 'wall') / median(floor, 'wall'):>8.2f}"
        )
    for key, what in (("wall", "wall"), ("cpu", "processor time"), ("rss", "peak memory")):
        yield f"xl2report compile / naive.py, {what}: {ratio(runs[OURS], naive, key)}"
    for key, what in (("wall", "wall"), ("cpu", "processor time")):
        yield f"with marks / without, {what}: {ratio(runs[WITH_MARKS], runs[OURS], key)}"


def stage_table(name: str, runs: Runs, stages: Sequence[str]) -> Iterator[str]:
    """One program's stages: the first call, then the median of the others."""
    first, later = runs[0], runs[1:]
    whole = statistics.median(sum(run.values()) for run in later)
    yield f"{name + ', one process':<26}{'first ms':>10}{'warm ms':>10}{'min–max':>14}{'share':>8}"
    for stage in (*stages, OTHER):
        times = [run.get(stage, 0.0) * 1000 for run in later]
        spread = f"{min(times):.1f}–{max(times):.1f}"
        share = statistics.median(times) / (whole * 1000)
        yield (
            f"{stage:<26}{first.get(stage, 0.0) * 1000:>10.1f}{statistics.median(times):>10.1f}{spread:>14}{share:>8.0%}"
        )
    sums = [sum(run.values()) * 1000 for run in later]
    yield (
        f"{'sum':<26}{sum(first.values()) * 1000:>10.1f}{statistics.median(sums):>10.1f}"
        f"{f'{min(sums):.1f}–{max(sums):.1f}':>14}{1:>8.0%}"
    )


def targets(measured: Measured) -> Iterator[str]:
    """What the program sets out to reach, and what was measured in this run."""
    runs, warm_calls, stages = measured.processes, measured.warm, measured.stages
    narrative = statistics.median(run.get("narrative", 0.0) for run in stages[OURS][1:])
    naive, bare = median(runs["naive.py"], "wall"), median(runs["python -c pass"], "wall")
    rows = (
        ("whole process / naive", median(runs[OURS], "wall") / naive, 0.15, 0.10),
        ("  with marks (the default)", median(runs[WITH_MARKS], "wall") / naive, 0.15, 0.10),
        (
            "one more, warm / naive",
            median(warm_calls[OURS], "wall") / median(warm_calls["naive"], "wall"),
            1 / 12,
            1 / 20,
        ),
        (
            "  with marks (the default)",
            median(warm_calls[WITH_MARKS], "wall") / median(warm_calls["naive"], "wall"),
            1 / 12,
            1 / 20,
        ),
        ("peak memory, MiB", median(runs[WITH_MARKS], "rss") / MIB, 64, 32),
        ("narrative / docxtpl, warm", narrative / median(warm_calls["docxtpl"], "wall"), 1 / 15, 1 / 40),
        ("--version / python -c pass", median(runs["xl2report --version"], "wall") / bare, 4, 2),
    )
    yield f"{'target':<30}{'measured':>10}{'bar':>8}{'aim':>8}"
    for what, found, bar, aim in rows:
        yield f"{what:<30}{found:>10.3g}{bar:>8.3g}{aim:>8.3g}  {'met' if found <= bar else 'NOT met'}"


def markdown(measured: Measured, where: str) -> Iterator[str]:
    """The table for the README."""
    runs, warm_calls = measured.processes, measured.warm
    least = statistics.median(sum(run.values()) - run[OTHER] for run in measured.floor[1:])
    bare = median(runs["python -c pass"], "wall")
    yield "| the example, median | floor | script | xl2report | with marks | ratio to the script |"
    yield "|---|---:|---:|---:|---:|---:|"
    rows = (
        ("whole process", bare + least, runs["naive.py"], runs[OURS], runs[WITH_MARKS]),
        ("one more in the same process", least, warm_calls["naive"], warm_calls[OURS], warm_calls[WITH_MARKS]),
    )
    for what, floor_, script, ours, marked in rows:
        times = [median(each, "wall") for each in (script, ours, marked)]
        cells = " | ".join(f"{seconds * 1000:.0f} ms" for seconds in (floor_, *times))
        yield f"| {what} | {cells} | {times[1] / times[0]:.3f}, {times[2] / times[0]:.3f} |"
    memory = [median(runs[name], "rss") / MIB for name in ("python -c pass", "naive.py", OURS, WITH_MARKS)]
    cells = " | ".join(f"{size:.0f} MiB" for size in memory)
    yield f"| peak memory | {cells} | {memory[2] / memory[1]:.2f}, {memory[3] / memory[1]:.2f} |"
    version = median(runs["xl2report --version"], "wall")
    yield f"| `xl2report --version` | {bare * 1000:.0f} ms | | {version * 1000:.0f} ms | | {version / bare:.1f} × floor |"
    yield ""
    yield f"{where}; medians of {len(runs[OURS])} processes and of {len(warm_calls[OURS])} × {CALLS} warm calls, alternating."


def machine() -> dict[str, str]:
    """What was measured, and on what."""
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "commit": git.stdout.strip(),
        "libraries": ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES),
    }


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rounds", type=int, default=15, metavar="N", help=f"processes of each, {LEAST_ROUNDS} or more"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every single measurement")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    found = parser.parse_args()
    if found.rounds < LEAST_ROUNDS:
        parser.error(f"--rounds: {LEAST_ROUNDS} or more")
    return found


def part_of(kind: str, name: str = "") -> int:
    """Measure one part in this process."""
    if kind == "check":
        return part_check(Path(name))
    return (
        part_floor(STAGE_CALLS)
        if kind == "floor"
        else part_warm(name, CALLS if kind == "warm" else STAGE_CALLS, staged=kind == "stages")
    )


def main() -> int:
    """Check, time, print."""
    given = options()
    if given.part:
        return part_of(*given.part)
    compile_byte_code()
    before = machine()
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder) / "check")
        processes = whole_processes(given.rounds, Path(folder))
    measured = Measured(
        processes,
        warm(WARM_ROUNDS),
        {name: part("stages", name) for name in (OURS, WITH_MARKS, "naive")},
        part("floor"),
    )
    after = machine()
    if before["commit"] != after["commit"]:
        print(f"note: the sources went from {before['commit']} to {after['commit']} meanwhile")
    print("\n".join(f"{key}: {value}" for key, value in before.items()))
    print(f"load after: {after['load']}; rounds: {given.rounds}\n")
    naive = measured.warm["naive"]
    lines = (
        *process_table(processes),
        "",
        *stage_table(OURS, measured.stages[OURS], OURS_STAGES),
        "",
        *stage_table(WITH_MARKS, measured.stages[WITH_MARKS], OURS_STAGES),
        "",
        *stage_table("naive", measured.stages["naive"], NAIVE_STAGES),
        "",
        *stage_table("floor", measured.floor, tuple(measured.floor[0])),
        "",
        *(f"{name} / naive, warm: {ratio(measured.warm[name], naive, 'wall')}" for name in (OURS, WITH_MARKS)),
        "",
        *targets(measured),
        "",
        *markdown(measured, f"{before['python']}, {before['system']}"),
    )
    print("\n".join(lines))
    if given.json:
        given.json.write_text(json.dumps({"machine": before, **vars(measured)}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

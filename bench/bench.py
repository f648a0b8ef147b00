"""How long a compile takes, next to what a script of the same three libraries takes for the same outputs.

``python bench/bench.py [--rounds N] [--json FILE]`` compiles byte code, makes sure that both write the same cells and
the same text (and refuses to go on otherwise), times both as whole processes and stage by stage, and prints the tables.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import itertools
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

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
WITH_MARKS = "… with marks"
NAIVE_STAGES = ("read", "compute", "schedules", "narrative")
OTHER = "(between stages)"

Runs = list[dict[str, float]]
Carrier = Literal["bookmark", "control", "none"]


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
        "xl2report --help": [ours, "--help"],
        "naive.py": [
            sys.executable,
            "-m",
            "naive",
            str(EXAMPLE),
            str(folder / "naive"),
            str(template_with_tags(folder.parent)),
        ],
        "xl2report compile": compiling(folder / "ours", "none", "none"),
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
    for name in ("naive.py", "xl2report compile"):
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
    from xl2report import narrative, pipeline
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
        (narrative, "place_marks", "marks"),
        (narrative, "manifest_of", "marks"),
        (narrative, "put_manifest", "marks"),
        (narrative, "with_contents", "contents"),
        (pipeline, "write_all", "write"),
    )
    for owner, name, stage in stages:
        setattr(owner, name, clock.of(stage, getattr(owner, name)))
    return lambda folder, marks: pipeline.compile(EXAMPLE, folder, toc="none", marks=marks)


def naive_with(clock: Clock) -> Callable[[Path], object]:
    """The naive script with a clock on each stage."""
    import naive

    names = ("read", "compute", "write_schedules", "write_report")
    for name, stage in zip(names, NAIVE_STAGES, strict=True):
        setattr(naive, name, clock.of(stage, getattr(naive, name)))
    return lambda folder: naive.main([str(EXAMPLE), str(folder)])


def part_warm(rounds: int) -> int:
    """Print the times by stage of every call as JSON: all libraries imported, both in turn, the first call of each apart."""
    import docxtpl  # noqa: F401
    import openpyxl  # noqa: F401
    import xlsxwriter  # noqa: F401

    clock = Clock()
    ours = ours_with(clock)
    programs: dict[str, Callable[[Path], object]] = {
        "xl2report": lambda folder: ours(folder, "none"),
        WITH_MARKS: lambda folder: ours(folder, "bookmark"),
        "naive": naive_with(clock),
    }
    found: dict[str, Runs] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as folder:
        numbers: Iterator[int] = itertools.count()
        for _ in range(rounds + 1):
            for name, program in programs.items():
                target = Path(folder) / str(next(numbers))
                found[name].append(clock.measured(lambda run=program, to=target: run(to)))
    print(json.dumps(found))
    return 0


def warm(rounds: int) -> dict[str, Runs]:
    """The calls of one warm process by program; the first one of each is the cold one."""
    command = [sys.executable, __file__, "--part", "warm", "--rounds", str(rounds)]
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Runs] = json.loads(done.stdout)
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
        yield f"xl2report compile / naive.py, {what}: {ratio(runs['xl2report compile'], naive, key)}"
    for key, what in (("wall", "wall"), ("cpu", "processor time")):
        yield f"with marks / without, {what}: {ratio(runs[WITH_MARKS], runs['xl2report compile'], key)}"


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


def total(runs: Runs) -> Runs:
    """The warm calls as one measure each."""
    return [{"wall": sum(run.values())} for run in runs[1:]]


def markdown(runs: Mapping[str, Runs], stages: Mapping[str, Runs], where: str) -> Iterator[str]:
    """The table for the README."""
    ours, naive = runs["xl2report compile"], runs["naive.py"]
    ours_warm, naive_warm = total(stages["xl2report"]), total(stages["naive"])
    help_, floor = median(runs["xl2report --help"], "wall"), median(runs["python -c pass"], "wall")
    yield "| the example, median | script | xl2report | ratio |"
    yield "|---|---:|---:|---:|"
    for what, left, right in (("whole process", ours, naive), ("one more in the same process", ours_warm, naive_warm)):
        own, other = median(left, "wall"), median(right, "wall")
        yield f"| {what} | {other:.2f} s | {own:.2f} s | {own / other:.2f} |"
    own, other = median(ours, "rss") / MIB, median(naive, "rss") / MIB
    yield f"| peak memory | {other:.0f} MiB | {own:.0f} MiB | {own / other:.2f} |"
    yield f"| `xl2report --help` (beside `python -c pass`) | {floor:.3f} s | {help_:.3f} s | {help_ / floor:.1f} |"
    yield ""
    yield f"{where}; medians of {len(ours)} runs, alternating. The script writes the same cells and the same text"
    yield "(checked before timing) and checks nothing; xl2report also reads every sheet against its declaration,"
    yield "applies all rules and seals both files."


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
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help=f"rounds of each, {LEAST_ROUNDS} or more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every single measurement")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    found = parser.parse_args()
    if found.rounds < LEAST_ROUNDS:
        parser.error(f"--rounds: {LEAST_ROUNDS} or more")
    return found


def main() -> int:
    """Check, time, print."""
    given = options()
    if given.part:
        return part_check(Path(given.part[1])) if given.part[0] == "check" else part_warm(given.rounds)
    compile_byte_code()
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder) / "check")
        before = machine()
        runs = whole_processes(given.rounds, Path(folder))
    stages = warm(given.rounds)
    after = machine()
    if before["commit"] != after["commit"]:
        print(f"note: the sources went from {before['commit']} to {after['commit']} meanwhile")
    print("\n".join(f"{key}: {value}" for key, value in before.items()))
    print(f"load after: {after['load']}; rounds: {given.rounds}\n")
    lines = (
        *process_table(runs),
        "",
        *stage_table("xl2report", stages["xl2report"], OURS_STAGES),
        "",
        *stage_table("naive", stages["naive"], NAIVE_STAGES),
        "",
        *stage_table("with marks", stages[WITH_MARKS], OURS_STAGES),
        f"with marks / without, warm: {ratio(total(stages[WITH_MARKS]), total(stages['xl2report']), 'wall')}",
        f"xl2report / naive, warm: {ratio(total(stages['xl2report']), total(stages['naive']), 'wall')}",
        "",
        *markdown(runs, stages, f"{before['python']}, {before['system']}"),
    )
    print("\n".join(lines))
    if given.json:
        given.json.write_text(json.dumps({"machine": before, "processes": runs, "warm": stages}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

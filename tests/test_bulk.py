"""Many workbooks: which are meant, what one that is bad does to the others (nothing), and the same bytes everywhere."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from slim import slim_bytes

import xl2report
from xl2report import bulk
from xl2report.bulk import Item, Limits, Order, Outcome, compile_many, cores
from xl2report.cli import main
from xl2report.collecting import Refused, Workbook, collected, natural
from xl2report.findings import finding
from xl2report.loading import ProfileError, load_profile
from xl2report.packages import file_stem, inputs_of, pack, parts_of, untouched
from xl2report.progress import Bar
from xl2report.summary import Compiled, KeyFigure, summary

DEPARTMENT = "峨边彝族自治县人民政府办公室"
INFO = "xl/worksheets/sheet2.xml"
FAST = {"toc": "none", "marks": "none"}
posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX only")


def department(number: int) -> bytes:
    """The slim example as the accounts of a department of its own."""
    parts = dict(parts_of(slim_bytes()))
    name, sheet = (f">{text}<".encode("ascii", "xmlcharrefreplace") for text in (DEPARTMENT, f"第{number}局"))
    assert name in parts[INFO]
    parts[INFO] = parts[INFO].replace(name, sheet)
    return pack(parts)


def several(folder: Path, *names: str) -> list[Path]:
    """Different workbooks with these names in a folder."""
    paths = [folder / name for name in names]
    for number, path in enumerate(paths, 1):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(department(number))
    return paths


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder and below it."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def touched(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A folder of three workbooks, and what single runs make of them."""
    folder = tmp_path_factory.mktemp("three")
    for path in several(folder / "in", "甲.xlsx", "乙.xlsx", "丙.xlsx"):
        assert xl2report.compile(path, folder / "out", toc="none").status == 0
    return folder / "in", files(folder / "out")


# -- which workbooks are meant ------------------------------------------------------------------------


def names(listed: tuple[Workbook | Refused, ...]) -> list[str]:
    """What is listed: names of workbooks, codes of what is refused."""
    return [one.path.name if isinstance(one, Workbook) else one.finding.code for one in listed]


def test_a_folder_means_its_own_workbooks_in_natural_order(tmp_path: Path, outputs: tuple[Path, Path]) -> None:
    touched(tmp_path, "单位10.xlsx", "单位9.xlsm", "单位2.XLSX", "~$单位9.xlsx", ".hidden.xlsx", "x.xls", "a.docx")
    touched(tmp_path, "单位9-schedules.xlsx", "below/单位1.xlsx")
    (tmp_path / "folder.xlsx").mkdir()
    (tmp_path / "copy of what the program wrote.xlsx").write_bytes(outputs[0].read_bytes())

    assert names(collected([tmp_path])) == ["单位2.XLSX", "单位9.xlsm", "单位10.xlsx"]
    assert names(collected([f"{tmp_path}/**"])) == ["单位1.xlsx", "单位2.XLSX", "单位9.xlsm", "单位10.xlsx"]
    assert names(collected([f"{tmp_path}/**/*1*.xlsx"])) == ["单位1.xlsx", "单位10.xlsx"]
    assert names(collected([f"{tmp_path}/*.xls", tmp_path / "folder.xlsx", f"{tmp_path}/a**b"])) == ["B901"] * 3
    (tmp_path / "[1].xlsx").touch()
    assert names(collected([tmp_path / "[1].xlsx"])) == ["[1].xlsx"]


def test_what_a_shell_has_expanded_is_passed_over_like_what_we_expand(
    tmp_path: Path, outputs: tuple[Path, Path]
) -> None:
    touched(tmp_path, "a.xlsx", "~$a.xlsx")
    (tmp_path / "a-schedules.xlsx").write_bytes(outputs[0].read_bytes())

    assert names(collected(sorted(tmp_path.iterdir()))) == ["a.xlsx"]
    assert names(collected([tmp_path / "a-schedules.xlsx"])) == ["a-schedules.xlsx"]


def test_sub_folders_are_kept_below_the_output_folder(tmp_path: Path) -> None:
    touched(tmp_path, "县/甲/a.xlsx", "县/乙/a.xlsx", "市/a.xlsx")

    def folders(*arguments: str) -> list[str]:
        listed = collected([tmp_path / a for a in arguments], tmp_path / "out")
        return [one.folder.relative_to(tmp_path).as_posix() for one in listed if isinstance(one, Workbook)]

    assert folders("县/甲") == ["out"]
    assert folders("县/**") == ["out/乙", "out/甲"]
    assert folders("县/*/a.xlsx") == ["out/乙", "out/甲"]
    assert folders("县/甲", "市") == ["out/县/甲", "out/市"]
    assert folders("县/甲/a.xlsx") == ["out"]
    assert [one.folder for one in collected([tmp_path / "县/**"]) if isinstance(one, Workbook)] == [
        tmp_path / "县/乙",
        tmp_path / "县/甲",
    ]


def test_the_same_output_twice_is_told_before_anything_is_written(tmp_path: Path) -> None:
    touched(tmp_path, "1/Caf\u00e9.xlsx", "2/cafe\u0301.xlsx", "3/CAF\u00c9.xlsx", "4/x:y.xlsx", "5/x?y.xlsx")
    listed = collected(sorted(tmp_path.rglob("*.xlsx")), tmp_path / "out")

    assert names(listed) == ["Caf\u00e9.xlsx", "B902", "B902", "x:y.xlsx", "B902"]
    assert names(collected(sorted(tmp_path.rglob("*.xlsx")), writes=False)).count("B902") == 0


@posix
def test_one_file_by_several_names_is_taken_once(tmp_path: Path) -> None:
    touched(tmp_path, "a.xlsx")
    (tmp_path / "b.xlsx").symlink_to("a.xlsx")
    (tmp_path / "c.xlsx").hardlink_to(tmp_path / "a.xlsx")
    (tmp_path / "loop.xlsx").symlink_to("loop.xlsx")
    (tmp_path / "deep").symlink_to(".", target_is_directory=True)
    (tmp_path / "wide").symlink_to(".", target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.xlsx")
    started = time.perf_counter()
    listed = collected([tmp_path, f"{tmp_path}/**/*.xlsx", tmp_path / "a.xlsx"])

    assert names(listed) == ["a.xlsx", "B903", "B903", "loop.xlsx", "F012", "B903", "B903", "F012"]
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("stem", "made"),
    [
        ("县财政局 2023", "县财政局 2023"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j"),
        ("x\0\n\x1f\u202e\udc80y", "x_____y"),
        ("name. . ", "name"),
        ("..", "_"),
        ("con", "_con"),
        ("Nul.x", "_Nul.x"),
        ("console", "console"),
        ("局" * 85, "局" * 40),
    ],
)
def test_the_name_of_an_output_is_one_that_every_system_takes(stem: str, made: str) -> None:
    assert file_stem(stem) == made
    assert len(f"{made}-schedules.xlsx".encode()) <= 135


@posix
def test_outputs_stay_in_the_output_folder_whatever_the_workbook_is_called(tmp_path: Path) -> None:
    book = tmp_path / "in" / ("..\\..\\" + "局" * 75 + " :.xlsx")
    book.parent.mkdir()
    book.write_bytes(department(1))
    result = xl2report.compile(book, tmp_path / "out", **FAST)

    assert result.status == 0
    assert {path.resolve().parent for path in result.paths} == {tmp_path / "out"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


# -- one bad workbook and the others ------------------------------------------------------------------


@posix
def test_bad_workbooks_never_stop_the_others(
    three: tuple[Path, dict[str, bytes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, expected = three
    book = tmp_path / "县"
    book.mkdir()
    for path in made.iterdir():
        (book / path.name).write_bytes(path.read_bytes())
    whole = department(9)
    for name, data in {"0字节": b"", "截断": whole[: len(whole) // 2], "不是": b"%PDF-1.7", "~$锁": b"x"}.items():
        (book / f"{name}.xlsx").write_bytes(data)
    (book / "loop.xlsx").symlink_to("loop.xlsx")
    os.mkfifo(book / "pipe.xlsx")
    (book / "folder.xlsx").mkdir()
    (book / "甲2.xlsx").symlink_to("甲.xlsx")
    totals = [tmp_path / f"s.{ending}" for ending in ("json", "csv", "xlsx")]
    arguments = ["compile", str(book), "-o", str(tmp_path / "out"), "--toc", "none", "-j", "2", "--lang", "zh"]
    status = main([*arguments, *(f"--summary={path}" for path in totals)])
    said = capsys.readouterr().out

    assert status == 2
    assert files(tmp_path / "out") == expected
    assert "共9个工作簿：已编制 3，有错误 5，略过 1；错误 5 个，" in said
    assert [line.split()[0] for line in said.partition("有错误的工作簿：")[2].splitlines()[1:6]] == [
        str(book / f"{name}.xlsx") for name in ("0字节", "loop", "pipe", "不是", "截断")
    ]
    document = json.loads(totals[0].read_text(encoding="utf-8"))
    states = {Path(row["workbook"]).stem: row["state"] for row in document["results"]}
    assert [name for name, state in states.items() if state == "written"] == ["丙", "乙", "甲"]
    [row] = [row for row in document["results"] if Path(row["workbook"]).stem == "乙"]
    assert (row["department"], row["year"], row["status"]) == ("第2局", "2023", 0)
    assert row["figures"]["三公经费"] == {"label": "“三公”经费", "unit": "万元", "value": "3.57", "exact": "35700"}
    assert [Path(path).name for path in row["outputs"]] == ["乙-schedules.xlsx", "乙-report.docx"]
    with totals[1].open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["“三公”经费（万元）"] for row in rows if row["结果"] == "已编制"] == ["3.57"] * 3
    sheet = load_workbook(totals[2]).active
    assert sheet is not None
    assert sheet.max_row == 10
    links = [cell.hyperlink.target.replace("\\", "/") for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"out/{name}-{part}" for name in "丙乙甲" for part in ("schedules.xlsx", "report.docx")]


FAULTS = """
import json, os, signal, sys, time
from pathlib import Path
from xl2report import bulk
quick = {p.name: bulk.make(p, sys.argv[2], toc="none", marks="none") for p in Path(sys.argv[1]).glob("?.xlsx")}

def make(path, out=None, **options):
    if "杀" in path.name: os.kill(os.getpid(), signal.SIGKILL)
    if "慢" in path.name: time.sleep(60)
    if "死" in path.name:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(60)
    if "大" in path.name: bytearray(8 << 30)
    if "错" in path.name: raise KeyError("no such thing")
    return quick[path.name]

for name in bulk.LIBRARIES:
    __import__(name)
bulk.make, bulk.START, bulk.GRACE = make, "fork", 1
result = bulk.compile_many(sys.argv[1], sys.argv[2], jobs=2, limits=bulk.Limits(seconds=1), toc="none", marks="none")
print(json.dumps({r.workbook.stem: [f.code for f in r.findings if f.severity == "error"] for r in result.results}))
"""


@posix
def test_a_worker_that_dies_hangs_or_runs_out_of_memory_costs_only_its_own_workbook(tmp_path: Path) -> None:
    several(tmp_path / "in", "1.xlsx", "2.xlsx")
    touched(tmp_path / "in", "3杀.xlsx", "4慢.xlsx", "5死.xlsx", "6大.xlsx", "7错.xlsx", "8杀.xlsx")
    several(tmp_path / "in", "9.xlsx")
    command = [sys.executable, "-c", FAULTS, str(tmp_path / "in"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=True)

    assert json.loads(done.stdout) == {
        "1": [], "2": [], "3杀": ["B907"], "4慢": ["B905"], "5死": ["B905"], "6大": ["B906"], "7错": ["B908"],
        "8杀": ["B907"], "9": [],
    }  # fmt: skip
    assert len(files(tmp_path / "out")) == 6


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command in a process group of its own, two workers, one of its lines already printed."""
    command = [sys.executable, "-m", "xl2report", "compile", str(folder / "in"), "-o", str(folder / "out")]
    command += ["--toc", "none", "--marks", "none", "-j", "2", "--lang", "en", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("[1/")
    return process


def whole(folder: Path) -> set[str]:
    """The names of the workbooks of which there are outputs, after making sure that all are complete."""
    made = list(folder.iterdir())
    assert all(untouched(path) for path in made), "a fragment"
    pairs = {p.name.rpartition("-")[0] for p in made}
    assert sorted(p.name for p in made) == sorted(f"{n}-{s}" for n in pairs for s in ("report.docx", "schedules.xlsx"))
    return pairs


@posix
def test_ctrl_c_leaves_whole_files_and_resume_goes_on(tmp_path: Path) -> None:
    everything = {p.stem for p in several(tmp_path / "in", *(f"{n}.xlsx" for n in range(1, 9)))}
    process = started(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    made = whole(tmp_path / "out")

    assert process.returncode == 130
    assert said.strip() == (
        f"interrupted: {len(made)} done (0 of them failed), {8 - len(made)} not begun or not finished; --resume goes on from here"
    )
    assert 0 < len(made) < 8

    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()}
    process = started(tmp_path, "--resume")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert whole(tmp_path / "out") == everything
    assert f"8 workbooks: written {8 - len(made)}, unchanged {len(made)};" in out
    assert {p: t for p in before if (t := (tmp_path / "out" / p).stat().st_mtime_ns)} == before


@posix
def test_a_second_ctrl_c_stops_at_once_and_leaves_no_fragment_either(tmp_path: Path) -> None:
    several(tmp_path / "in", *(f"{n}.xlsx" for n in range(1, 9)))
    process = started(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)

    assert process.returncode in (130, -signal.SIGINT)  # the latter where it comes when the first has ended the command
    assert len(whole(tmp_path / "out")) < 8


@posix
def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    everything = {p.stem for p in several(tmp_path / "in", *(f"{n}.xlsx" for n in range(1, 7)))}
    process = started(tmp_path)
    workers = subprocess.run(
        ["ps", "-o", "pid=,args=", "-g", str(process.pid)], capture_output=True, text=True, check=True
    ).stdout
    forked = [int(line.split()[0]) for line in workers.splitlines() if "forkserver" in line]
    os.kill(max(forked), signal.SIGKILL)
    out, error = process.communicate(timeout=60)

    assert (process.returncode, error) == (0, "")
    assert "6 workbooks: written 6;" in out
    assert whole(tmp_path / "out") == everything


@posix
def test_no_worker_outlives_a_command_that_is_killed(tmp_path: Path) -> None:
    several(tmp_path / "in", *(f"{n}.xlsx" for n in range(1, 7)))
    process = started(tmp_path)
    process.kill()
    process.communicate(timeout=30)  # which ends when nobody has its pipes any more
    until = time.monotonic() + 20
    group = ["ps", "-o", "pid=,args=", "-g", str(process.pid)]
    while "forkserver" in subprocess.run(group, capture_output=True, text=True, check=False).stdout:
        assert time.monotonic() < until, "workers are still there"
        time.sleep(0.1)

    assert all(untouched(path) for path in (tmp_path / "out").iterdir() if path.is_file())


# -- the same bytes, wherever the work is done ----------------------------------------------------------


def test_worker_processes_and_any_executor_give_the_bytes_of_single_runs(
    three: tuple[Path, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, expected = three
    monkeypatch.chdir(folder)
    told: list[tuple[int, int]] = []
    done = compile_many(".", tmp_path / "1", jobs=2, toc="none", progress=lambda _, n, of: told.append((n, of)))

    assert [result.workbook.name for result in done.results] == ["丙.xlsx", "乙.xlsx", "甲.xlsx"]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert files(tmp_path / "1") == expected
    with ThreadPoolExecutor(2) as executor:
        result = compile_many(folder, tmp_path / "2", executor=executor, carry="bytes", chunk=2, toc="none")
    assert result.ok
    assert files(tmp_path / "2") == expected
    assert [p.name for p in result.results[1].paths] == ["乙-schedules.xlsx", "乙-report.docx"]


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_gives_the_bytes_of_single_runs(
    three: tuple[Path, dict[str, bytes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.environ.get("XL2REPORT_SKIP_NOTHING"):
        import distributed
    else:
        distributed = pytest.importorskip("distributed")
    folder, expected = three
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(protocol="tcp", host="127.0.0.1", **settings) as cluster:
        with distributed.Client(cluster) as client:
            result = compile_many(folder, tmp_path / "1", executor=client.get_executor(), jobs=2, toc="none")
        assert result.ok
        assert files(tmp_path / "1") == expected
        address = cluster.scheduler_address
        options = ["--dask", address, "--carry", "bytes", "--toc", "none"]
        assert main(["compile", str(folder), "-o", str(tmp_path / "2"), *options]) == 0
    assert files(tmp_path / "2") == expected
    assert capsys.readouterr().out.count("已生成") == 6


class Stubborn(ThreadPoolExecutor):
    """An executor that loses every chunk of more than one workbook, and what is called 坏."""

    def submit(self, function, /, order, items):  # type: ignore[no-untyped-def, override]
        def lost(order: object, items: object) -> None:
            raise ConnectionError("worker lost")

        bad = len(items) > 1 or "坏" in items[0].workbook.name
        return super().submit(lost if bad else function, order, items)


def test_what_an_executor_loses_is_tried_alone_and_then_told(tmp_path: Path) -> None:
    several(tmp_path / "in", "1.xlsx", "2坏.xlsx")
    with Stubborn(2) as executor:
        result = compile_many(tmp_path / "in", tmp_path / "out", executor=executor, chunk=2, **FAST)

    assert [r.state for r in result.results] == ["written", "failed"]
    error = result.results[1].first_error
    assert error is not None
    assert (error.code, "ConnectionError: worker lost" in error.message.en) == ("B907", True)
    executor.shutdown()
    gone = compile_many(tmp_path / "in", tmp_path / "out", executor=executor, **FAST)
    assert [found.code for r in gone.results for found in r.findings] == ["B907", "B907"]


def test_never_more_than_a_few_chunks_are_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def quick(_order: Order, items: tuple[Item, ...]) -> list[Outcome]:
        return [Outcome(item.number, Compiled(item.workbook, "written", 0)) for item in items]

    monkeypatch.setattr(bulk, "work", quick)
    out: list[int] = []

    class Counted(ThreadPoolExecutor):
        def submit(self, function, /, *arguments):  # type: ignore[no-untyped-def, override]
            out.append(self._work_queue.qsize())
            return super().submit(function, *arguments)

    with Counted(2) as executor:
        listed = [Workbook(Path(f"{number}.xlsx"), tmp_path) for number in range(2000)]
        results = bulk.run(Order("compile"), listed, executor=executor)

    assert [int(r.workbook.stem) for r in results] == list(range(2000))
    assert len(out) == 125  # chunks of 16
    assert max(out) <= 4


# -- what is already compiled -------------------------------------------------------------------------


def test_resume_leaves_out_what_was_compiled_from_the_same_inputs(tmp_path: Path) -> None:
    [book] = several(tmp_path, "甲.xlsx")
    out = tmp_path / "out"

    def state(**options: object) -> tuple[str, list[str]]:
        [result] = compile_many(book, out, resume=True, **{**FAST, **options}).results  # type: ignore[arg-type]
        if result.state == "kept":
            assert (result.department, len(result.paths)) == ("第1局", 2)
            assert result.figures
        return result.state, [found.code for found in result.findings if found.code[0] in "OB"]

    assert state() == ("written", [])
    assert len({inputs_of(path) for path in out.iterdir()}) == 1
    assert state() == ("kept", [])
    assert state(with_tables=True) == ("written", [])
    assert state(with_tables=True) == ("kept", [])
    book.write_bytes(department(1))
    assert state(with_tables=True) == ("kept", [])  # saved again, but the same
    parts = dict(parts_of((out / "甲-report.docx").read_bytes()))
    parts["docProps/app.xml"] += b"<!-- saved by somebody -->"
    (out / "甲-report.docx").write_bytes(pack(parts))
    assert state(with_tables=True) == ("written", ["O602"])
    (out / "甲-schedules.xlsx").unlink()
    assert state(with_tables=True) == ("written", [])
    parts = dict(parts_of(department(1)))
    parts[INFO] += b"\n"
    book.write_bytes(pack(parts))
    assert state(with_tables=True)[0] == "written"


def test_resume_compiles_again_with_another_template_profile_date_or_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xl2report.pipeline import inputs_key

    [book] = several(tmp_path, "甲.xlsx")
    template = tmp_path / "t.docx"
    template.write_bytes(b"1")
    (tmp_path / "own").mkdir()
    own = tmp_path / "own" / "profile.toml"
    own.write_text('extends = "sichuan/2023"\n', encoding="utf-8")
    keys = [
        inputs_key(book, None, None, {}),
        inputs_key(book, template, None, {}),
        inputs_key(book, None, own.parent, {}),
    ]
    template.write_bytes(b"2")
    keys.append(inputs_key(book, template, None, {}))
    own.write_text('extends = "sichuan/2023"\nprofile.title = "别的"\n', encoding="utf-8")
    keys.append(inputs_key(book, None, own.parent, {}))
    keys.append(inputs_key(book, None, None, {"toc": "none"}))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    keys.append(inputs_key(book, None, None, {}))
    monkeypatch.setattr("xl2report.pipeline.__version__", "9")
    keys.append(inputs_key(book, None, None, {}))

    assert len(set(keys)) == 8
    assert inputs_key(tmp_path / "none.xlsx", None, None, {}) == ""


def test_a_workbook_with_errors_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"no workbook")

    assert [compile_many(tmp_path, resume=True).results[0].state for _ in range(2)] == ["failed", "failed"]


# -- the summary, the bar, the profile ------------------------------------------------------------------


RESULT = Compiled(
    Path("=a.xlsx"),
    "failed",
    1,
    findings=(finding("F001", "@x"), finding("O602", "b", backup="b")),
    department="=HYPERLINK(1)",
    year="+2023",
    figures=(KeyFigure("三公经费", "“三公”经费", "万元", Decimal("-3.50"), Decimal(-35000)),),
    seconds=1.25,
)


def test_no_text_in_a_summary_is_a_formula(tmp_path: Path) -> None:
    results = [RESULT, replace(RESULT, figures=(), department="县\u0000局", paths=(tmp_path / "#甲 1.xlsx",))]
    target = tmp_path / "s.xlsx"
    made = {ending: summary(results, target.with_suffix(f".{ending}")) for ending in ("json", "csv", "xlsx")}

    assert all(isinstance(data, bytes) for data in made.values())
    assert summary([replace(RESULT, seconds=9), results[1]], target) == made["xlsx"]
    assert isinstance(made["csv"], bytes)
    assert made["csv"].startswith("\ufeff工作簿,部门名称".encode())
    rows = list(csv.reader(io.StringIO(made["csv"].decode("utf-8-sig"))))
    assert rows[1][:9] == [
        "'=a.xlsx",
        "'=HYPERLINK(1)",
        "'+2023",
        "没有编制",
        "1",
        "1",
        "0",
        "F001 @x 找不到文件",
        "-3.50",
    ]
    assert isinstance(made["xlsx"], bytes)
    with zipfile.ZipFile(io.BytesIO(made["xlsx"])) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml").replace(b"<filter", b"")
    sheet = load_workbook(io.BytesIO(made["xlsx"])).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][:9] == [
        "=a.xlsx", "=HYPERLINK(1)", "+2023", "没有编制", 1, 1, 0, "F001 @x 找不到文件", -3.5
    ]  # fmt: skip
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", "A1:J3")
    assert sheet["J3"].hyperlink.target == "%23%E7%94%B2%201.xlsx"
    assert summary(results, Path("s.txt")).code == "O607"  # type: ignore[union-attr]


def test_a_summary_is_replaced_but_not_one_that_somebody_has_changed(tmp_path: Path) -> None:
    done = bulk.BulkResult((RESULT,))
    for name in ("s.json", "s.csv", "s.xlsx"):
        assert [done.write_summary(tmp_path / name).findings for _ in range(2)] == [(), ()]
    for name in ("s.json", "s.csv"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes().replace("万元".encode(), "元".encode()))
        assert [found.code for found in done.write_summary(path).findings] == ["O602"]
    assert len(list(tmp_path.iterdir())) == 5


def test_a_summary_of_another_ending_is_a_slip(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compile", "a.xlsx", "--summary", "s.txt", "--lang", "zh"])
    assert "汇总表的扩展名应为 .json、.csv 或 .xlsx：s.txt" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_fits_the_terminal_and_says_how_long_it_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Iterator[float] = iter((0.0, 0.01, 10.0, 20.0))
    stream = Terminal()
    bar = Bar(stream, "{bar} {done}/{total}　失败{failed}　每秒{rate}个　约剩{left}", lambda: next(clock))
    bar.show(1, 200, 0)
    assert stream.getvalue() == ""  # just begun
    bar.show(50, 200, 2)
    assert stream.getvalue() == "\r█████░░░░░░░░░░░░░░░ 50/200　失败2　每秒5.0个　约剩0:30\x1b[K"
    monkeypatch.setattr(bar, "columns", lambda: 36)
    bar.show(50, 200, 2)
    assert stream.getvalue().endswith("\r█████░░░░░░░░░░░░░░░ 50/200　失败2\x1b[K")
    bar.clear()
    assert stream.getvalue().endswith("\r\x1b[K")
    silent = io.StringIO()
    Bar(silent, "{bar}").show(1, 2, 0)
    assert silent.getvalue() == ""


def test_the_profile_says_which_figures_a_summary_has(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text(
        'extends = "sichuan/2023"\n[summary]\nmeasures = ["三公经费", "三公费"]\n', encoding="utf-8"
    )

    assert "三公经费" in load_profile("sichuan/2024").summary
    with pytest.raises(ProfileError, match=r"\[summary\] “measures”: no measure “三公费”; nearest: 三公经费"):
        load_profile(tmp_path)


def test_many_are_told_on_a_line_each_and_json_tells_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touched(tmp_path, *(f"{n}.xlsx" for n in range(1, 8)))
    assert main(["check", str(tmp_path), "--lang", "zh", "-j", "1"]) == 2
    said = capsys.readouterr()
    lines = [line for line in said.out.splitlines() if line.startswith("[")]
    assert [line.partition("]")[0] for line in lines] == [f"[{n}/7" for n in range(1, 8)]
    assert lines[0] == f"[1/7] 有错误 {tmp_path / '1.xlsx'}  错误 1 个，提示 0 个，说明 0 个"
    assert said.out.splitlines()[-1].startswith("共7个工作簿：有错误 7；错误 7 个，提示 0 个，说明 0 个；用时0:0")
    assert main(["check", str(tmp_path), "--format", "json", "-j", "1"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert [Path(result["workbook"]).stem for result in document["results"]] == [str(n) for n in range(1, 8)]


def test_natural_order_and_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(map(Path, ["b", "a10", "a9", "A1", "9", "甲2", "甲10"]), key=natural) == list(
        map(Path, ["9", "A1", "a9", "a10", "b", "甲2", "甲10"])
    )
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5})
        assert 1 <= cores() <= 3


def test_limits_of_a_single_workbook_are_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [book] = several(tmp_path, "a.xlsx")
    slow: Callable[..., object] = lambda *_, **__: time.sleep(30)  # noqa: E731
    monkeypatch.setattr(bulk, "make", slow)
    started = time.perf_counter()
    [result] = compile_many(book, limits=Limits(seconds=1)).results

    assert [found.code for found in result.findings] == ["B905"]
    assert time.perf_counter() - started < 5

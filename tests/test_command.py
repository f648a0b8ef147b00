"""The command line: exit codes, languages, JSON with stable keys, speed of --help, and the public API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import broken
import jsonschema
import pytest

import xl2report
from xl2report.cli import default_language, main
from xl2report.findings import CODES
from xl2report.loading import load_profile


def run(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xl2report", *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=env, check=False)


def test_compile_writes_both_files_beside_the_workbook_and_says_so(example: Path, tmp_path: Path) -> None:
    book = tmp_path / "县 政府办" / "决算.xlsx"
    book.parent.mkdir()
    book.write_bytes(example.read_bytes())
    done = run("compile", "决算.xlsx", "--toc", "field", cwd=book.parent)

    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in book.parent.iterdir()) == ["决算-report.docx", "决算-schedules.xlsx", "决算.xlsx"]
    assert "已生成 决算-schedules.xlsx" in done.stdout
    assert "错误 0 个，提示 7 个" in done.stdout
    assert book.read_bytes() == example.read_bytes()


def test_check_writes_nothing_and_tells_the_same(example: Path, tmp_path: Path) -> None:
    done = run("check", str(example), cwd=tmp_path)

    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []
    assert done.stdout.count("R066") == 2
    assert "核对完毕，错误 0 个，提示 7 个" in done.stdout


def test_strict_makes_warnings_errors(example: Path, tmp_path: Path) -> None:
    done = run("compile", str(example), "-o", str(tmp_path), "--toc", "field", "--strict")

    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []
    assert "没有生成文件，错误 7 个" in done.stdout


def test_messages_are_chinese_unless_the_locale_or_the_option_says_english(
    example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    english = run("check", str(example), "--lang", "en").stdout

    assert "the number of subordinate units is not the sum of their kinds" in english
    assert "checked; 0 errors, 7 warnings, 1 notes" in english
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert default_language() == "zh"
    for value, lang in (("en_GB.UTF-8", "en"), ("zh_CN.UTF-8", "zh"), ("C.UTF-8", "zh"), ("de_DE", "zh")):
        monkeypatch.setenv("LANG", value)
        assert default_language() == lang


def test_json_has_stable_keys(example: Path, tmp_path: Path) -> None:
    done = run("compile", str(example), "-o", str(tmp_path), "--toc", "field", "--format", "json")
    document = json.loads(done.stdout)
    [result] = document["results"]

    assert set(document) == {"version", "results"}
    assert set(result) == {"workbook", "status", "outputs", "rules_checked", "rules_left_out", "findings"}
    assert [Path(p).name for p in result["outputs"]] == sorted(p.name for p in tmp_path.iterdir())[::-1]
    for found in result["findings"]:
        assert set(found) == {
            "code", "severity", "place", "sheet", "cell", "also", "message", "found", "expected", "terms", "action",
        }  # fmt: skip
    assert (result["findings"][0]["sheet"], result["findings"][0]["cell"]) == ("基本信息", "B11")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "EXAMPLE"),
        ("check", "EXAMPLE", "nothing.xlsx", "--lang", "en"),
        ("compile", "EXAMPLE", "-o", "out", "--toc", "field"),
        ("new", "EXAMPLE"),
        ("explain",),
        ("explain", "R999"),
        ("template", "vars"),
        ("profile", "lint", "sichuan/2023"),
    ],
    ids=" ".join,
)
def test_what_json_says_is_what_the_schema_promises(
    arguments: tuple[str, ...],
    example: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    schema = json.loads((Path(__file__).parents[1] / "docs" / "findings.schema.json").read_text(encoding="utf-8"))
    main([*(a.replace("EXAMPLE", str(example)) for a in arguments), "--format", "json"])
    document = json.loads(capsys.readouterr().out)

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    assert document["results"]


def test_findings_are_told_sheet_by_sheet_and_the_worst_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "accounts.xlsx"
    broken.edited(lambda book: broken.item(book, "三公经费", "公务接待费", 10800, "决算数"), path)
    main(["check", str(path), "--lang", "zh"])
    said = capsys.readouterr().out

    groups = re.findall(r"^【(.*)】$", said, re.MULTILINE)
    assert groups == ["三公经费", "基本信息", "文字材料", "支出预算"]
    assert next(line.split()[0] for line in said.splitlines() if re.match("(错误|提示|说明) [A-Z]", line)) == "错误"
    assert re.findall(r"文字材料!D(\d+)", said.partition("【支出预算】")[0].partition("【文字材料】")[2])[:2] == [
        "44",
        "48",
    ]


def test_rules_over_a_sheet_with_an_error_wait_and_the_others_do_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def spoil(book: Any) -> None:
        broken.put(book, "支出决算", "金额", "31万", **broken.OFFICE)
        broken.item(book, "基本信息", "编制总数", 39)

    main(["check", str(broken.edited(spoil, tmp_path / "accounts.xlsx")), "--lang", "zh"])
    said = capsys.readouterr().out

    assert {"V201", "R064", "R063", "R066"} <= set(re.findall(r"^(?:错误|提示|说明) (\w+)", said, re.MULTILINE))
    waiting = re.search(r"有 (\d+) 条规则所需的表有错误，改正后再核对：(.*)", said)
    assert waiting is not None
    codes = waiting[2].split("、")
    assert len(codes) == int(waiting[1])
    assert {"R005", "R015", "R050", "R083"} <= set(codes)
    assert not {"R053", "R064", "R101"} & set(codes)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chek", "a.xlsx"), "没有命令 chek；可用的有 compile, check, "),
        (("compile", "a.xlsx", "--toc", "yes"), "--toc yes；可用的有 auto, paginate, field, none"),
        (("verify", "a.xlsx", "a-report.docx"), "两个文件的次序反了：先写报告（或附表），后写工作簿"),
        (("refresh", "a.xlsx", "a-report.docx", "-o", "b.docx"), "两个文件的次序反了"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_slip_on_the_command_line_is_told_in_chinese(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--lang", "zh"])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", [("check", "nothing.xlsx"), ("verify", "nothing.docx", "nothing.xlsx")])
def test_what_cannot_be_used_is_not_said_to_be_checked(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--lang", "zh"]) == 2
    assert capsys.readouterr().out.splitlines()[-1] == "无法处理，错误 1 个，提示 0 个，说明 0 个"


def test_explain_says_what_a_code_means_and_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "r50", "--lang", "zh"]) == 0
    one = capsys.readouterr().out
    assert one.splitlines()[0] == "R050 错误  〈名称〉的决算数与财政拨款支出中相应经济科目不符"
    assert [line.split("：")[0].strip() for line in one.splitlines()[1:]] == [
        "断言", "断言", "断言", "断言", "为什么", "依据", "怎么办", "成立", "不成立", "不成立"
    ]  # fmt: skip
    assert main(["explain", "--lang", "en"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == [*CODES, *sorted(load_profile("sichuan/2023").rules)]


def test_several_workbooks_are_compiled_and_the_worst_status_counts(example: Path, tmp_path: Path) -> None:
    missing, same = tmp_path / "缺.xlsx", tmp_path / example.name
    same.write_bytes(example.read_bytes())
    done = run(
        "compile", str(example), str(missing), str(same), str(example), "-o", str(tmp_path / "out"), "--toc", "field"
    )

    assert done.returncode == 2
    assert "F001" in done.stdout
    assert "两个工作簿的输出同名" in done.stdout
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_new_writes_the_blank_workbook_and_never_overwrites(tmp_path: Path) -> None:
    target = tmp_path / "新.xlsx"

    assert run("new", str(target)).returncode == 0
    first = target.read_bytes()
    again = run("new", str(target))
    assert (again.returncode, target.read_bytes()) == (1, first)
    assert "O603" in again.stdout


def test_the_blank_workbook_compiles_to_findings_not_to_zeros(tmp_path: Path) -> None:
    target = tmp_path / "空.xlsx"
    xl2report.new_workbook(target)
    result = xl2report.compile(target)

    assert result.status == 1
    assert result.paths == ()
    assert {f.code for f in result.findings if f.severity == "error"} == {"V211"}


def test_an_unknown_profile_is_a_finding(example: Path) -> None:
    done = run("compile", str(example), "--profile", "sichuan/1999")

    assert done.returncode == 2
    assert "F008" in done.stdout
    assert "sichuan/2023" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--help"], ["compile", "--help"], ["nonsense"], ["compile"]])
def test_usage_speaks_the_user_s_language(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    said = capsys.readouterr()

    assert "用法：" in said.out + said.err


def test_help_answers_before_anything_heavy_is_imported() -> None:
    script = (
        "import sys; from xl2report.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('openpyxl', 'xlsxwriter', 'docxtpl', 'docx', 'lxml', 'jinja2', 'numpy', 'rich')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_and_the_help_take_little_more_than_the_interpreter() -> None:
    def took(*command: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], capture_output=True, check=True)
        return time.perf_counter() - started

    commands = (("-c", "pass"), ("-m", "xl2report", "--version"), ("-m", "xl2report", "--help"))
    bare, version, help_ = zip(*[[took(*command) for command in commands] for _ in range(7)], strict=True)

    assert median(version) < 4 * median(bare)
    assert median(help_) < 10 * median(bare)


def test_the_api_gives_exact_values_text_company_and_cells(report: xl2report.Report) -> None:
    figure = report["一般公共预算支出"]

    assert report.ok
    assert figure.value == Decimal("12311600.00")
    assert (figure.text, figure.label) == ("1231.16", "一般公共预算财政拨款支出")
    assert (figure.prior.text, figure.change.text, figure.growth.text) == ("1617.69", "-386.53", "-23.89%")
    assert (figure.budget.text, figure.execution.text, figure.share.text) == ("1249.88", "98.5%", "85.68%")
    assert str(figure.cells()[0]) == "支出决算!H4"
    assert len(figure.cells()) == 38
    assert report["因公出国费"].growth.gap == "基数为零"
    with pytest.raises(KeyError, match="一般公共预算支出"):
        report["一般公共预算支岀"]


def test_load_never_raises_on_user_data(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"not a workbook")
    report = xl2report.load(path)

    assert not report.ok
    assert report["一般公共预算支出"].value is None
    assert report["一般公共预算支出"].gap == "未填"
    assert report.write_schedules(tmp_path / "s.xlsx").paths == ()


def test_the_input_is_never_the_output(report: xl2report.Report, edited: Callable[..., Path]) -> None:
    def nothing(book: Any) -> None:
        pass

    path = edited(nothing)
    before = path.read_bytes()
    result = xl2report.load(path).write_schedules(path)

    assert [f.code for f in result.findings if f.severity == "error"] == ["O604"]
    assert path.read_bytes() == before


def test_a_reader_that_stops_reading_is_no_fault(example: Path) -> None:
    command = f"'{sys.executable}' -m xl2report template vars | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)

    assert done.stdout.count("\n") == 1
    assert done.stderr == ""

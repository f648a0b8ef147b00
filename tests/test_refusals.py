"""What cannot be compiled is refused: one clear finding, an exit status, no traceback, and nothing is written."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import docx
import pytest
from openpyxl import load_workbook

import xl2report
from xl2report.cli import main

OLD_OFFICE_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
OLD_WORKBOOK = OLD_OFFICE_FILE + "Workbook".encode("utf-16-le")
WITH_PASSWORD = OLD_OFFICE_FILE + "EncryptedPackage".encode("utf-16-le")
EXAMPLE = xl2report.example().read_bytes()


def example_with(sheet: str, cell: str, value: Any) -> bytes:
    """The example with one cell changed."""
    book = load_workbook(io.BytesIO(EXAMPLE))
    book[sheet][cell] = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def example_without(sheet: str) -> bytes:
    book = load_workbook(io.BytesIO(EXAMPLE))
    del book[sheet]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def word_document() -> bytes:
    stream = io.BytesIO()
    docx.Document().save(stream)
    return stream.getvalue()


def damaged_inside() -> bytes:
    """A package that is whole as an archive, but the XML of a sheet breaks off."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(EXAMPLE)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[: len(data) // 2] if name == "xl/worksheets/sheet4.xml" else data)
    return stream.getvalue()


@cache
def zip_bomb() -> bytes:
    """A small archive that unpacks to more than any workbook."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(9):
            package.writestr(f"xl/worksheets/sheet{number}.xml", bytes(32 * 2**20))
    return stream.getvalue()


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, hidden ones too, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def errors_printed(text: str) -> list[str]:
    """The first lines of the errors: ``F001 accounts.xlsx  找不到文件``."""
    return re.findall(r"^错误 ([A-Z]\d{3} .*)$", text, re.MULTILINE)


@pytest.fixture
def old_outputs(tmp_path: Path, outputs: tuple[Path, Path]) -> Path:
    """A folder with the outputs of an earlier run."""
    folder = tmp_path / "out"
    folder.mkdir()
    for old, name in zip(outputs, ("accounts-schedules.xlsx", "accounts-report.docx"), strict=True):
        (folder / name).write_bytes(old.read_bytes())
    return folder


REFUSED: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "a wrong word in a closed list": (
        lambda: example_with("支出决算", "A12", "一般预算"),
        1,
        "V203 支出决算!A12  “资金性质”只能填规定的词语",
    ),
    "a text in an amount": (
        lambda: example_with("支出决算", "H12", "约二十五万"),
        1,
        "V201 支出决算!H12  金额不是数字",
    ),
    "a formula without a value": (
        lambda: example_with("支出决算", "H12", "=H11*2"),
        1,
        "V202 支出决算!H12  公式没有计算结果",
    ),
    "a missing sheet": (lambda: example_without("支出决算"), 1, "S101 accounts.xlsx  缺少工作表“支出决算”"),
    "a rule that does not hold": (
        lambda: example_with("政府采购", "B7", 1),
        1,
        "R061 政府采购!B7  授予中小企业的合同金额大于政府采购支出总额",
    ),
    "the accounts of another year": (
        lambda: example_with("基本信息", "B7", 2019),
        2,
        "F006 基本信息!B7  工作簿的年度与所用口径不符",
    ),
    "a workbook of the old format": (lambda: OLD_WORKBOOK, 2, "F004 accounts.xlsx  这是旧格式的工作簿（.xls）"),
    "a workbook with a password": (lambda: WITH_PASSWORD, 2, "F003 accounts.xlsx  工作簿有打开密码"),
    "a text file": (
        lambda: "部门名称,某某局\n".encode("gb18030"),
        2,
        "F002 accounts.xlsx  不是 Excel 工作簿（.xlsx），而是文本文件",
    ),
    "a web page": (
        lambda: b"<html><table></table></html>",
        2,
        "F002 accounts.xlsx  不是 Excel 工作簿（.xlsx），而是网页（HTML）",
    ),
    "a Word document": (
        word_document,
        2,
        "F002 accounts.xlsx  不是 Excel 工作簿（.xlsx），而是 Word 文档（.docx）",
    ),
    "an empty file": (lambda: b"", 2, "F002 accounts.xlsx  不是 Excel 工作簿（.xlsx），而是空文件"),
    "a file cut off": (
        lambda: EXAMPLE[: len(EXAMPLE) // 2],
        2,
        "F005 accounts.xlsx  工作簿已损坏，无法读取：File is not a zip file",
    ),
    "a file with broken XML": (damaged_inside, 1, "S111 支出决算  工作表“支出决算”已损坏，无法读取："),
    "a file that unpacks without end": (
        zip_bomb,
        2,
        "F014 accounts.xlsx  文件解开后太大，最大的部件是“xl/worksheets/sheet0.xml”",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_cannot_be_compiled_is_refused_and_old_outputs_stay(
    what: str, tmp_path: Path, old_outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, status, message = REFUSED[what]
    path = tmp_path / "accounts.xlsx"
    path.write_bytes(make())
    before = snapshot(tmp_path)
    assert main(["compile", str(path), "-o", str(old_outputs), "--lang", "zh"]) == status
    printed = capsys.readouterr()
    (error,) = errors_printed(printed.out)
    assert error.startswith(message)
    assert "没有生成文件" in printed.out
    assert "办法：" in printed.out
    assert (printed.err, "Traceback" in printed.out) == ("", False)
    assert snapshot(tmp_path) == before


def test_a_refused_file_makes_no_folder_for_outputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "accounts.xlsx"
    path.write_bytes(OLD_WORKBOOK)
    assert main(["compile", str(path), "-o", str(tmp_path / "out"), "--lang", "zh"]) == 2
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "message"),
    [("没有.xlsx", "F001 没有.xlsx  找不到文件"), ("folder.xlsx", "B901 {folder}/folder.xlsx  这里没有工作簿")],
)
def test_a_path_that_is_no_file_is_refused(
    name: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    assert main(["compile", str(tmp_path / name), "-o", str(tmp_path / "out"), "--lang", "zh"]) == 2
    printed = capsys.readouterr()
    assert (errors_printed(printed.out), printed.err) == ([message.format(folder=tmp_path)], "")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("sheet", "cell", "value"),
    [
        pytest.param("支出决算", "H12", 1e60, id="an amount of sixty digits"),
        pytest.param("核对数", "D4", 1e60, id="a check figure of sixty digits"),
        pytest.param("基本信息", "B4", "办公室" * 100, id="a name of three hundred characters"),
        pytest.param("基本信息", "B15", "9" * 80, id="a number of people of eighty digits"),
        pytest.param("基本信息", "B7", "9" * 5000, id="a year of five thousand digits"),
    ],
)
def test_no_value_of_a_cell_makes_the_program_fail(sheet: str, cell: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    path.write_bytes(example_with(sheet, cell, value))
    result = xl2report.compile(path, tmp_path / "out")
    assert result.status in (0, 1, 2)


def test_one_bad_workbook_does_not_hold_up_a_good_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.xlsx", tmp_path / "bad.xlsx"
    good.write_bytes(EXAMPLE)
    bad.write_bytes(WITH_PASSWORD)
    assert main(["compile", str(bad), str(good), "-o", str(tmp_path / "out"), "--toc", "field", "--lang", "zh"]) == 2
    assert errors_printed(capsys.readouterr().out) == ["F003 bad.xlsx  工作簿有打开密码"]
    assert sorted(snapshot(tmp_path / "out")) == ["good-report.docx", "good-schedules.xlsx"]


def test_strict_refuses_for_a_warning(tmp_path: Path, old_outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "accounts.xlsx"
    path.write_bytes(EXAMPLE)
    before = snapshot(old_outputs)
    assert main(["compile", str(path), "-o", str(old_outputs), "--toc", "field", "--lang", "zh", "--strict"]) == 1
    assert [error.split()[0] for error in errors_printed(capsys.readouterr().out)] == [
        "R063",
        "R099",
        "R066",
        "R066",
        "R088",
        "R074",
        "R085",
    ]
    assert snapshot(old_outputs) == before


def test_an_output_that_cannot_be_replaced_leaves_both_as_they_were(
    tmp_path: Path, old_outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "accounts.xlsx"
    path.write_bytes(EXAMPLE)
    (old_outputs / "accounts-report.docx").unlink()
    (old_outputs / "accounts-report.docx").mkdir()
    before = snapshot(old_outputs)
    assert main(["compile", str(path), "-o", str(old_outputs), "--toc", "field", "--lang", "zh"]) == 1
    (error,) = errors_printed(capsys.readouterr().out)
    assert error == f"O611 {old_outputs / 'accounts-report.docx'}  这里已有一个同名的文件夹，不能写成文件"
    assert snapshot(old_outputs) == before


# -- what is there already ----------------------------------------------------------------------------


def test_unedited_outputs_are_replaced_and_edited_ones_are_kept_under_another_name(
    tmp_path: Path, old_outputs: Path, outputs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "accounts.xlsx"
    path.write_bytes(EXAMPLE)
    arguments = ["compile", str(path), "-o", str(old_outputs), "--toc", "field", "--lang", "zh"]

    assert main(arguments) == 0, "nobody edited them"
    assert "O602" not in capsys.readouterr().out
    compiled = snapshot(old_outputs)
    assert main(arguments) == 0
    assert snapshot(old_outputs) == compiled

    report = old_outputs / "accounts-report.docx"
    document = docx.Document(str(report))
    document.paragraphs[0].add_run("（送审稿）")
    document.save(str(report))
    edited = report.read_bytes()

    assert main(arguments) == 0, "edited once"
    assert (
        f"提示 O602 {report}  原有文件被手工改过，已另存为“accounts-report（手工修改1）.docx”"
        in capsys.readouterr().out
    )
    assert snapshot(old_outputs) == {**compiled, "accounts-report（手工修改1）.docx": edited}

    report.write_bytes(edited)
    assert main(arguments) == 0, "edited twice: the first edits are not lost"
    assert snapshot(old_outputs) == {
        **compiled,
        "accounts-report（手工修改1）.docx": edited,
        "accounts-report（手工修改2）.docx": edited,
    }


def test_a_file_of_somebody_else_under_the_same_name_is_kept(tmp_path: Path) -> None:
    path, own = tmp_path / "accounts.xlsx", tmp_path / "accounts-schedules.xlsx"
    path.write_bytes(EXAMPLE)
    own.write_bytes(b"mine")
    result = xl2report.compile(path)
    assert [found.code for found in result.findings if found.code.startswith("O")] == ["O602"]
    assert (tmp_path / "accounts-schedules（手工修改1）.xlsx").read_bytes() == b"mine"

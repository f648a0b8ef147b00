"""Every built-in finding once: an input that is wrong in one way, and all that is said about it, word by word."""

from __future__ import annotations

import contextlib
import copy
import errno
import io
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import docx
import hostile
import pytest
from docx.oxml.ns import qn
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart
from slim import slim_example

import xl2report
from xl2report import bulk, placing
from xl2report.cli import describe, main
from xl2report.findings import CODES, Finding
from xl2report.loading import load_profile
from xl2report.marks import W
from xl2report.packages import pack, parts_of, sealed_pdf, write_all
from xl2report.reader import read

pytestmark = pytest.mark.usefixtures("compiled_once")

Said = list[tuple[str, str]]
"""What is said about an input: each finding as text, in Chinese and in English."""
Make = Callable[[], Said]

CASES: dict[str, tuple[Make, str, str]] = {}
"""Code -> the function that makes the wrong input in the current folder and reads it, and what it must be told."""


def case(code: str, *, zh: str, en: str) -> Callable[[Make], Make]:
    """Enter a case in the table."""

    def enter(make: Make) -> Make:
        assert code not in CASES
        CASES[code] = make, textwrap.dedent(zh).strip(), textwrap.dedent(en).strip()
        return make

    return enter


# -- how an input is made and read --------------------------------------------------------------------


def said(findings: Iterable[Finding]) -> Said:
    """The findings as text; where in the XML a parser stumbled depends on the versions of libraries."""
    texts = ((describe(found, "zh"), describe(found, "en")) for found in findings)
    return [(re.sub(r"column \d+", "column …", zh), re.sub(r"column \d+", "column …", en)) for zh, en in texts]


def example(**cells: Any) -> Workbook:
    """The example workbook with some cells changed: ``example(支出决算={"H12": "十万"})``."""
    book = slim_example()
    for sheet, changes in cells.items():
        for place, value in changes.items():
            book[sheet][place] = value
    return book


def saved(**cells: Any) -> None:
    """Save the example with some cells changed; unchanged it is the very file, which need not be read again."""
    if cells:
        example(**cells).save("accounts.xlsx")
    else:
        Path("accounts.xlsx").write_bytes(xl2report.example().read_bytes())


def placed(trouble: contextlib.AbstractContextManager[object] | None = None) -> Said:
    """What is said when a report is put into the folder ``out``."""
    with trouble or contextlib.nullcontext():
        return said(write_all({Path("out/accounts-report.docx"): b""}).findings)


@contextlib.contextmanager
def failing_with(error: int) -> Iterator[None]:
    """A disk that fails when it is to hold something for good."""

    def fsync(_: int) -> None:
        raise OSError(error, os.strerror(error))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield


def compiled(book: Workbook, template: str | None = None, **options: Any) -> Said:
    book.save("accounts.xlsx")
    options = {"marks": "none", **options}
    return said(xl2report.compile("accounts.xlsx", "out", template=template, **options).findings)


def compiled_with_office(script: str, **options: Any) -> Said:
    """The example compiled where LibreOffice is a script of ours, or nothing."""
    programs = Path("programs").absolute()
    programs.mkdir()
    if script:
        (programs / "soffice").write_text(f"#!{sys.executable}\n{script}", encoding="utf-8")
        (programs / "soffice").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(programs))
        patch.setattr("xl2report.office.USUAL", ())
        return compiled(example(), **options)


def edited_report(*changes: tuple[str, str], marks: Any = "bookmark", **cells: Any) -> Said:
    """The example's report with texts of its body changed, verified against the example with cells changed."""
    data, _ = xl2report.load(xl2report.example()).narrative(marks=marks)
    assert data is not None
    report = docx.Document(io.BytesIO(data))
    for old, new in changes:
        text = next(t for t in report.element.body.iter(f"{W}t") if old in (t.text or ""))
        text.text = text.text.replace(old, new)
    report.save("report.docx")
    return verified(**cells)


def edited_parts(old: bytes, new: bytes) -> Said:
    """The example's report with something else in one of its parts, verified against the example."""
    data, _ = xl2report.load(xl2report.example()).narrative()
    assert data is not None
    parts = parts_of(data)
    name = next(name for name, part in parts.items() if old in part)
    parts[name] = parts[name].replace(old, new)
    Path("report.docx").write_bytes(pack(parts))
    return verified()


def verified(name: str = "report.docx", **cells: Any) -> Said:
    saved(**cells)
    return said(xl2report.verify(name, "accounts.xlsx").findings)


def edited_schedules(edit: Callable[[Any], None]) -> Said:
    Path("schedules.xlsx").write_bytes(xl2report.load(xl2report.example()).schedules())
    schedules = load_workbook("schedules.xlsx")
    edit(schedules)
    schedules.save("schedules.xlsx")
    return verified("schedules.xlsx")


def compiled_bytes(data: bytes) -> Said:
    Path("accounts.xlsx").write_bytes(data)
    return said(xl2report.compile("accounts.xlsx", "out").findings)


def was_read(data: bytes) -> Said:
    """What is said when a workbook is read; the accounts in it are not looked at any further."""
    return said(read(data, load_profile("sichuan/2023"), "accounts.xlsx")[1])


def compiled_with(*paragraphs: str) -> Said:
    """The example compiled with a Word template of these paragraphs."""
    template = docx.Document()
    for text in paragraphs:
        template.add_paragraph(text)
    template.save("template.docx")
    return compiled(example(), "template.docx")


def printed(*arguments: str) -> Said:
    """The one finding that the command line prints before its last line, the count."""
    texts = []
    for lang in ("zh", "en"):
        with contextlib.redirect_stdout(io.StringIO()) as stream:
            main([*arguments, "--lang", lang])
        texts.append(stream.getvalue().strip().rpartition("\n")[0])
    return [(texts[0], texts[1])]


def without(book: Workbook, sheet: str, first_cell: str) -> Workbook:
    """The workbook without the rows of a sheet that begin with a word."""
    page = book[sheet]
    for row in range(page.max_row, 0, -1):
        if page.cell(row, 1).value == first_cell:
            page.delete_rows(row)
    return book


OLD_OFFICE_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


# -- files ----------------------------------------------------------------------------------------


@case(
    "F001",
    zh="""
    错误 F001 accounts.xlsx  找不到文件
        现为：决算/accounts.xlsx
        办法：请检查路径和文件名。
    """,
    en="""
    error F001 accounts.xlsx  file not found
        found: 决算/accounts.xlsx
        what to do: Check the path and the file name.
    """,
)
def a_path_where_nothing_is() -> Said:
    return said(xl2report.compile("决算/accounts.xlsx", "out").findings)


@case(
    "F002",
    zh="""
    错误 F002 accounts.xlsx  不是 Excel 工作簿（.xlsx），而是文本文件
        办法：请用 Excel 或 WPS 打开原文件，另存为“Excel 工作簿（.xlsx）”。
    """,
    en="""
    error F002 accounts.xlsx  not an Excel workbook (.xlsx) but a text file
        what to do: Open the original in Excel or WPS and save it as “Excel workbook (.xlsx)”.
    """,
)
def a_text_file_named_xlsx() -> Said:
    return compiled_bytes("部门名称,某某局\n".encode())


@case(
    "F003",
    zh="""
    错误 F003 accounts.xlsx  工作簿有打开密码
        办法：请在 Excel 或 WPS 中取消打开密码后保存。
    """,
    en="""
    error F003 accounts.xlsx  the workbook is protected by a password
        what to do: Remove the password in Excel or WPS and save.
    """,
)
def a_workbook_with_a_password() -> Said:
    return compiled_bytes(OLD_OFFICE_FILE + "EncryptedPackage".encode("utf-16-le"))


@case(
    "F004",
    zh="""
    错误 F004 accounts.xlsx  这是旧格式的工作簿（.xls）
        办法：请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”。
    """,
    en="""
    error F004 accounts.xlsx  this is a workbook of the old format (.xls)
        what to do: Open it in Excel or WPS and save it as “Excel workbook (.xlsx)”.
    """,
)
def a_workbook_of_the_old_format() -> Said:
    return compiled_bytes(OLD_OFFICE_FILE + "Workbook".encode("utf-16-le"))


@case(
    "F005",
    zh="""
    错误 F005 accounts.xlsx  工作簿已损坏，无法读取：File is not a zip file
        办法：请用 Excel 或 WPS 打开并修复后另存；打不开时请用备份。
    """,
    en="""
    error F005 accounts.xlsx  the workbook is damaged and cannot be read: File is not a zip file
        what to do: Open it in Excel or WPS, let it repair the file and save; otherwise use a backup.
    """,
)
def a_workbook_cut_off_in_the_middle() -> Said:
    return compiled_bytes(xl2report.example().read_bytes()[:20_000])


@case(
    "F006",
    zh="""
    错误 F006 基本信息!B7  工作簿的年度与所用口径不符
        现为：2022
        应为：2023、2024
        办法：请改正“基本信息”中的年度，或用 --profile 指定相应年度的口径。
    """,
    en="""
    error F006 基本信息!B7  the workbook's year is not that of the profile in use
        found: 2022
        expected: 2023、2024
        what to do: Correct 年度 in 基本信息, or choose the profile of that year with --profile.
    """,
)
def the_accounts_of_another_year() -> Said:
    return compiled(example(基本信息={"B7": 2022}))


@case(
    "F007",
    zh="""
    错误 F007 accounts.xlsx  工作簿中没有可读取的工作表
        办法：请核对是不是这个文件；标准工作簿可用 xl2report new 生成。
    """,
    en="""
    error F007 accounts.xlsx  the workbook holds no sheet that can be read
        what to do: Check that it is the right file; xl2report new makes a standard workbook.
    """,
)
def a_workbook_of_nothing_but_a_chart() -> Said:
    book = Workbook()
    book.create_chartsheet("图表").add_chart(BarChart())
    book.remove(book["Sheet"])
    return compiled(book)


@case(
    "F008",
    zh="""
    错误 F008 sichuan/2032  口径（profile）无法使用：没有这个口径 (no such profile)；可用 (available): sichuan/2024、sichuan/2023
        办法：请按提示改正口径文件，或换用随程序提供的口径。
    """,
    en="""
    error F008 sichuan/2032  the profile cannot be used: 没有这个口径 (no such profile)；可用 (available): sichuan/2024、sichuan/2023
        what to do: Correct the profile as said, or use one that comes with the program.
    """,
)
def a_profile_that_does_not_exist() -> Said:
    return printed("check", "accounts.xlsx", "--profile", "sichuan/2032")


@case(
    "F009",
    zh="""
    错误 F009 accounts.xlsx  无法读取文件：Is a directory
        办法：请检查它是不是普通文件，以及是否有读取权限。
    """,
    en="""
    error F009 accounts.xlsx  the file cannot be read: Is a directory
        what to do: Check that it is an ordinary file and that you may read it.
    """,
)
def a_folder_named_xlsx() -> Said:
    Path("accounts.xlsx").mkdir()
    return said(xl2report.compile("accounts.xlsx", "out").findings)


@case(
    "F010",
    zh="""
    错误 F010 R500  没有这个代码
        应为：R100、F001、F002、F003、F004、F005、F006、F007…
        办法：请核对代码；xl2report explain 列出全部代码。
    """,
    en="""
    error F010 R500  there is no such code
        expected: R100、F001、F002、F003、F004、F005、F006、F007…
        what to do: Check the code; xl2report explain lists all of them.
    """,
)
def a_code_that_does_not_exist() -> Said:
    return printed("explain", "R500")


@case(
    "F012",
    zh="""
    错误 F012 accounts.xlsx  不是普通文件，而是管道（FIFO）
        办法：请给出普通的文件。
    """,
    en="""
    error F012 accounts.xlsx  not an ordinary file but a named pipe (FIFO)
        what to do: Name an ordinary file.
    """,
)
def a_pipe_instead_of_a_file() -> Said:
    os.mkfifo("accounts.xlsx")
    return said(xl2report.compile("accounts.xlsx", "out").findings)


@case(
    "F013",
    zh="""
    错误 F013 accounts.xlsx  文件太大
        现为：21.0 MiB
        应为：≤ 20.0 MiB
        办法：请核对是不是这个文件；若是，请删去图片和多余的工作表后另存。
    """,
    en="""
    error F013 accounts.xlsx  the file is too large
        found: 21.0 MiB
        expected: ≤ 20.0 MiB
        what to do: Check that it is the right file; if so, take out pictures and sheets that are not needed, and save.
    """,
)
def a_file_of_21_mib() -> Said:
    return was_read(b"PK\x03\x04" + bytes(21 * 2**20))


@case(
    "F014",
    zh="""
    错误 F014 accounts.xlsx  文件解开后太大，最大的部件是“xl/media/image1.bmp”
        现为：70.0 MiB
        应为：≤ 64.0 MiB
        办法：请核对文件的来源；若没有问题，请把数据复制到空白的标准文件中。
    """,
    en="""
    error F014 accounts.xlsx  the file unpacks to too much; its largest part is “xl/media/image1.bmp”
        found: 70.0 MiB
        expected: ≤ 64.0 MiB
        what to do: Check where the file comes from; if it is sound, copy its data into a blank one.
    """,
)
def a_package_that_unpacks_to_70_mib() -> Said:
    return was_read(hostile.workbook({"xl/media/image1.bmp": bytes(70 * 2**20)}))


@case(
    "F015",
    zh="""
    错误 F015 accounts.xlsx  文件里的部件太多
        现为：600
        应为：≤ 500
        办法：请核对文件的来源；若没有问题，请把数据复制到空白的标准文件中。
    """,
    en="""
    error F015 accounts.xlsx  the file has too many parts
        found: 600
        expected: ≤ 500
        what to do: Check where the file comes from; if it is sound, copy its data into a blank one.
    """,
)
def a_package_of_600_members() -> Said:
    return was_read(hostile.workbook({f"xl/media/{number}.png": b"" for number in range(586)}))


@case(
    "F016",
    zh="""
    错误 F016 accounts.xlsx  文件的部件“xl/sharedStrings.xml”含有不允许的 XML 声明
        现为：DOCTYPE
        办法：Office 和 WPS 不会这样写；请核对文件的来源，或用它们打开后另存。
    """,
    en="""
    error F016 accounts.xlsx  the part “xl/sharedStrings.xml” of the file has an XML declaration that is not allowed
        found: DOCTYPE
        what to do: Office and WPS write no such thing; check where the file comes from, or save it anew with them.
    """,
)
def a_part_with_a_document_type() -> Said:
    return was_read(hostile.workbook({"xl/sharedStrings.xml": b"<!DOCTYPE sst><sst/>"}))


@case(
    "F017",
    zh="""
    错误 F017 accounts.xlsx  文件里有不正常的部件名
        现为：../evil.xml
        办法：部件名不能重复，也不能指向文件之外；请核对文件的来源，或用 Office、WPS 打开后另存。
    """,
    en="""
    error F017 accounts.xlsx  a part of the file has a name that is not allowed
        found: ../evil.xml
        what to do: Names stand once and stay inside the file; check where it comes from, or save it anew with Office or WPS.
    """,
)
def a_member_that_leads_outside() -> Said:
    return was_read(hostile.workbook({"../evil.xml": b"<x/>"}))


@case(
    "F018",
    zh="""
    错误 F018 accounts.xlsx  文件太复杂，部件“_rels/.rels”0秒内读不完
        办法：请核对文件的来源；若没有问题，请把数据复制到空白的标准文件中。
    """,
    en="""
    error F018 accounts.xlsx  the file is too complex; its part “_rels/.rels” is not read within 0 seconds
        what to do: Check where the file comes from; if it is sound, copy its data into a blank one.
    """,
)
def a_workbook_that_takes_too_long() -> Said:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xl2report.spreadsheet.SECONDS", 0.0)
        return was_read(hostile.workbook())


@case(
    "F019",
    zh="""
    错误 F019 accounts.xlsx  文件里有加密的部件
        现为：xl/workbook.xml
        办法：请去掉密码后再交给程序。
    """,
    en="""
    error F019 accounts.xlsx  a part of the file is encrypted
        found: xl/workbook.xml
        what to do: Remove the password first.
    """,
)
def an_encrypted_member() -> Said:
    package = bytearray(hostile.workbook())
    package[package.rindex(b"xl/workbook.xml") - 38] |= 1
    return was_read(bytes(package))


@case(
    "F020",
    zh="""
    提示 F020 accounts.xlsx  工作簿链接了外部数据
        现为：财政一体化
        办法：已按保存时的数读取，没有更新，也不会写进附表和报告；请核对这些数。
    """,
    en="""
    warning F020 accounts.xlsx  the workbook is linked with data outside
        found: 财政一体化
        what to do: The numbers were read as they were saved; nothing was fetched, no link is carried over. Check them.
    """,
)
def a_workbook_that_is_linked_with_a_source_of_data() -> Said:
    connection = f'<connections xmlns="{hostile.MAIN}"><connection id="1" name="财政一体化"/></connections>'
    parts = {"xl/connections.xml": connection.encode()}
    return was_read(hostile.with_relation("connections", "connections.xml", parts))


@case(
    "F021",
    zh="""
    说明 F021 accounts.xlsx  工作簿含有宏，已略过
        办法：无需处理；附表和报告里没有宏。
    """,
    en="""
    note F021 accounts.xlsx  the workbook holds macros, which were left alone
        what to do: Nothing needs doing; there are no macros in the outputs.
    """,
)
def a_workbook_with_macros() -> Said:
    return was_read(hostile.with_relation("vbaProject", "vbaProject.bin", {"xl/vbaProject.bin": b"x"}))


@case(
    "F022",
    zh="""
    错误 F022 支出预算!B1  有501个功能科目编码不在科目表中，整张表未读取
        现为：9000000、9000001、9000002、9000003…
        应为：≤ 500
        办法：请检查这一列是不是粘贴了别的内容（如项目编号、凭证号）。
    """,
    en="""
    error F022 支出预算!B1  501 codes are none of the list of 功能科目; the sheet was not read
        found: 9000000、9000001、9000002、9000003…
        expected: ≤ 500
        what to do: Check whether something else was pasted into the column (such as numbers of projects or vouchers).
    """,
)
def a_column_of_other_numbers() -> Said:
    rows = (
        f'<row r="{at}"><c r="B{at}"><v>{9_000_000 + at - 200}</v></c><c r="D{at}"><v>1</v></c></row>'
        for at in range(200, 701)
    )
    return was_read(hostile.with_budget("".join(rows)))


@case(
    "F023",
    zh="""
    错误 F023 文字材料  文字太多，整张表未读取
        现为：3,014,656
        应为：≤ 3,000,000
        办法：请检查是不是把别的文件整个粘贴进来了；确有这么多文字的，请删减。
    """,
    en="""
    error F023 文字材料  there is too much text; the sheet was not read
        found: 3,014,656
        expected: ≤ 3,000,000
        what to do: Check whether a whole other file was pasted in; if there really is so much text, shorten it.
    """,
)
def a_novel() -> Said:
    book = Workbook()
    book.active.title = "文字材料"
    book.active.append(["位置", "序号", "样式", "文字"])
    for _ in range(92):
        book.active.append(["甲", "", "", "字" * 32_767])
    data = io.BytesIO()
    book.save(data)
    found = was_read(data.getvalue())
    return [one for one in found if " F023 " in one[0]]  # there are no other sheets


# -- sheets and headings --------------------------------------------------------------------------


@case(
    "F011",
    zh="""
    错误 F011 1455.8  没有叫“1455.8”的数，也没有这样印出的数或这样的单元格
        现为：1455.8
        应为：收入总计 1455.7、支出总计 1455.7、收入支出总计 1455.7
        办法：请核对名称、印出的文字或单元格（如 支出决算!H12、03!C5）；xl2report template vars 列出全部名称。
    """,
    en="""
    error F011 1455.8  no number is called “1455.8” or printed so, and there is no such cell
        found: 1455.8
        expected: 收入总计 1455.7、支出总计 1455.7、收入支出总计 1455.7
        what to do: Check the name, the printed text or the cell (such as 03!C5); xl2report template vars lists all names.
    """,
)
def a_trace_of_a_number_that_nothing_prints() -> Said:
    saved()
    return said(xl2report.load("accounts.xlsx").trace("1455.8").findings)


@case(
    "S101",
    zh="""
    错误 S101 accounts.xlsx  缺少工作表“支出预算”
        现为：支出预算表
        应为：支出预算
        办法：请补上这张表；若只是改了名，请改回原名。
    """,
    en="""
    error S101 accounts.xlsx  the sheet “支出预算” is missing
        found: 支出预算表
        expected: 支出预算
        what to do: Add the sheet; if it was only renamed, give it its name back.
    """,
)
def a_sheet_is_missing() -> Said:
    book = example()
    book["支出预算"].title = "支出预算表"
    return compiled(book)


@case(
    "S102",
    zh="""
    提示 S102 accounts.xlsx  不认识工作表“支出决算明细”，未读取
        现为：支出决算明细
        应为：支出决算
        办法：若它是某张标准表，请改成标准表名；否则可以不管。
    """,
    en="""
    warning S102 accounts.xlsx  the sheet “支出决算明细” is unknown and was not read
        found: 支出决算明细
        expected: 支出决算
        what to do: If it is one of the standard sheets, give it that name; otherwise leave it.
    """,
)
def a_sheet_of_an_unknown_name() -> Said:
    book = example()
    book.create_sheet("支出决算明细")
    return compiled(book)


@case(
    "S103",
    zh="""
    错误 S103 支出决算  工作表“支出决算”缺少列“资金性质”
        现为：资金来源、功能科目编码、功能科目名称、支出类型、经济科目编码、经济科目名称、项目名称、金额
        应为：资金性质
        办法：请补上这一列，或把表头改回标准名称。
    """,
    en="""
    error S103 支出决算  the sheet “支出决算” lacks the column “资金性质”
        found: 资金来源、功能科目编码、功能科目名称、支出类型、经济科目编码、经济科目名称、项目名称、金额
        expected: 资金性质
        what to do: Add the column, or give it its standard heading.
    """,
)
def a_column_has_another_heading() -> Said:
    return compiled(example(支出决算={"A3": "资金来源"}))


@case(
    "S104",
    zh="""
    提示 S104 支出预算!E3  不认识列“预算数（调整前）”，未读取
        现为：预算数（调整前）
        办法：若它是某个标准列，请改成标准表头；否则可以不管。
    """,
    en="""
    warning S104 支出预算!E3  the column “预算数（调整前）” is unknown and was not read
        found: 预算数（调整前）
        what to do: If it is one of the standard columns, give it that heading; otherwise leave it.
    """,
)
def a_column_of_ones_own() -> Said:
    return compiled(example(支出预算={"E3": "预算数（调整前）", "E4": 7402800}))


@case(
    "S105",
    zh="""
    错误 S105 支出预算  工作表“支出预算”的前10行里找不到表头
        现为：支出预算　（金额单位见“基本信息”）
        应为：资金性质、功能科目编码、功能科目名称、全年预算数
        办法：请把标准表头放在前10行内的同一行。
    """,
    en="""
    error S105 支出预算  no heading row in the first 10 rows of the sheet “支出预算”
        found: 支出预算　（金额单位见“基本信息”）
        expected: 资金性质、功能科目编码、功能科目名称、全年预算数
        what to do: Put the standard headings in one of the first 10 rows.
    """,
)
def the_headings_are_gone() -> Said:
    book = example()
    book["支出预算"].delete_rows(3)
    return compiled(book)


@case(
    "S106",
    zh="""
    错误 S106 支出预算!E3  列“全年预算数”出现了两次
        现为：支出预算!D3、支出预算!E3
        办法：请只保留一列。
    """,
    en="""
    error S106 支出预算!E3  the column “全年预算数” stands twice
        found: 支出预算!D3、支出预算!E3
        what to do: Keep one of them.
    """,
)
def a_heading_twice() -> Said:
    return compiled(example(支出预算={"E3": "全年预算数"}))


@case(
    "S107",
    zh="""
    说明 S107 支出决算  隐藏的行也已读取
        现为：12–13、15
        办法：若不应计入，请删除，而不是隐藏。
    """,
    en="""
    note S107 支出决算  hidden rows were read too
        found: 12–13、15
        what to do: Delete what should not count instead of hiding it.
    """,
)
def hidden_rows() -> Said:
    book = example()
    for row in (12, 13, 15):
        book["支出决算"].row_dimensions[row].hidden = True
    return compiled(book)


@case(
    "S108",
    zh="""
    提示 S108 政府采购!B3  金额单位不一致：本列为万元，“基本信息”为元
        现为：万元
        应为：元
        办法：已按本列的单位换算；请确认无误。
    """,
    en="""
    warning S108 政府采购!B3  mixed units: this column is in 万元, 基本信息 in 元
        found: 万元
        expected: 元
        what to do: It was read in the unit of this column; make sure that this is meant.
    """,
)
def one_column_in_ten_thousands() -> Said:
    return compiled(example(政府采购={"B3": "金额（万元）"}))


@case(
    "S109",
    zh="""
    错误 S109 accounts.xlsx  两张工作表都是“支出决算 ”
        办法：请只保留一张。
    """,
    en="""
    error S109 accounts.xlsx  two sheets are both “支出决算 ”
        what to do: Keep one of them.
    """,
)
def a_sheet_twice() -> Said:
    book = example()
    book.copy_worksheet(book["支出决算"]).title = "支出决算 "
    return compiled(book)


@case(
    "S110",
    zh="""
    错误 S110 支出预算  工作表“支出预算”的内容在文件里找不到
        办法：请用 Excel 或 WPS 打开并修复后另存；打不开时请用备份。
    """,
    en="""
    error S110 支出预算  the content of the sheet “支出预算” is not in the file
        what to do: Open it in Excel or WPS, let it repair the file and save; otherwise use a backup.
    """,
)
def a_sheet_whose_part_is_missing() -> Said:
    return was_read(hostile.workbook({hostile.part_of("支出预算"): None}))


@case(
    "S111",
    zh="""
    错误 S111 支出预算  工作表“支出预算”已损坏，无法读取：xl/worksheets/sheet5.xml: no element found: line 2, column …
        办法：请用 Excel 或 WPS 打开并修复后另存；打不开时请用备份。
    """,
    en="""
    error S111 支出预算  the sheet “支出预算” is damaged and cannot be read: xl/worksheets/sheet5.xml: no element found: line 2, column …
        what to do: Open it in Excel or WPS, let it repair the file and save; otherwise use a backup.
    """,
)
def a_sheet_cut_off_in_the_middle() -> Said:
    return was_read(hostile.workbook({hostile.part_of("支出预算"): hostile.budget()[:-30]}))


@case(
    "S112",
    zh="""
    错误 S112 支出预算!A1048576  这一格在可读取的范围之外（到 GR20000 为止），整张表未读取
        现为：1
        应为：GR20000
        办法：请清除这一格；确有这么多数据的，请分开填报。
    """,
    en="""
    error S112 支出预算!A1048576  this cell lies outside what is read (up to GR20000); the sheet was not read
        found: 1
        expected: GR20000
        what to do: Clear the cell; if there really are so many rows, divide them.
    """,
)
def a_value_in_the_last_row_of_all() -> Said:
    return was_read(hostile.with_budget('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'))


@case(
    "S113",
    zh="""
    错误 S113 支出预算!D2  文件里这一格有两份，整张表未读取
        现为：2
        办法：请用 Excel 或 WPS 打开，核对这一格后另存。
    """,
    en="""
    error S113 支出预算!D2  the file holds this cell twice; the sheet was not read
        found: 2
        what to do: Open the file in Excel or WPS, check the cell and save.
    """,
)
def a_cell_twice_in_the_file() -> Said:
    return was_read(hostile.with_amount('<c r="D2"><v>1</v></c><c r="D2"><v>2</v></c>'))


@case(
    "S114",
    zh="""
    错误 S114 支出预算!D2  这一格的文字在文件里找不到，整张表未读取
        现为：7
        办法：请用 Excel 或 WPS 打开，核对这一格后另存；打不开时请用备份。
    """,
    en="""
    error S114 支出预算!D2  the text of this cell is not in the file; the sheet was not read
        found: 7
        what to do: Open the file in Excel or WPS, check the cell and save; otherwise use a backup.
    """,
)
def a_shared_text_that_is_not_there() -> Said:
    return was_read(hostile.with_amount('<c r="D2" t="s"><v>7</v></c>'))


@case(
    "S115",
    zh="""
    提示 S115 支出预算!D3  合并单元格下面还有内容，看不见，未读取
        现为：D3
        办法：请取消合并，核对后删去多余的内容。
    """,
    en="""
    warning S115 支出预算!D3  there is content under merged cells, where nobody sees it; it was not read
        found: D3
        what to do: Undo the merge, check what stands there and delete what is too much.
    """,
)
def a_value_under_a_merged_cell() -> Said:
    rows = hostile.row_of(2, hostile.FUND, "2010301", "行政运行", 5) + hostile.row_of(3, None, None, None, 9)
    return was_read(hostile.with_budget(rows, below='<mergeCells><mergeCell ref="D2:D3"/></mergeCells>'))


# -- values ---------------------------------------------------------------------------------------


@case(
    "V201",
    zh="""
    错误 V201 支出决算!H12  金额不是数字
        现为：约二十五万
        办法：请改成数字，如 123456.78；没有的填 0 或留空。
    """,
    en="""
    error V201 支出决算!H12  not an amount
        found: 约二十五万
        what to do: Enter a number such as 123456.78; 0 or nothing where there is none.
    """,
)
def a_word_for_an_amount() -> Said:
    return compiled(example(支出决算={"H12": "约二十五万"}))


@case(
    "V202",
    zh="""
    错误 V202 支出决算!H12  公式没有计算结果
        现为：=H11*2
        办法：请用 Excel 或 WPS 打开工作簿，保存后再编译。
    """,
    en="""
    error V202 支出决算!H12  the formula was never calculated
        found: =H11*2
        what to do: Open the workbook in Excel or WPS, save it, and compile again.
    """,
)
def a_formula_that_was_never_calculated() -> Said:
    return compiled(example(支出决算={"H12": "=H11*2"}))


@case(
    "V203",
    zh="""
    错误 V203 支出决算!A12  “资金性质”只能填规定的词语
        现为：一般公共预算拨款
        应为：一般公共预算财政拨款、政府性基金预算财政拨款、国有资本经营预算财政拨款、非财政拨款
        办法：请从下拉列表中选择。
    """,
    en="""
    error V203 支出决算!A12  “资金性质” takes only the words of its list
        found: 一般公共预算拨款
        expected: 一般公共预算财政拨款、政府性基金预算财政拨款、国有资本经营预算财政拨款、非财政拨款
        what to do: Choose one from the drop-down list.
    """,
)
def a_word_that_is_not_in_the_list() -> Said:
    return compiled(example(支出决算={"A12": "一般公共预算拨款"}))


@case(
    "V204",
    zh="""
    错误 V204 支出决算!A12  “资金性质”未填
        应为：一般公共预算财政拨款、政府性基金预算财政拨款、国有资本经营预算财政拨款、非财政拨款
        办法：请填写这一格。
    """,
    en="""
    error V204 支出决算!A12  “资金性质” is not filled in
        expected: 一般公共预算财政拨款、政府性基金预算财政拨款、国有资本经营预算财政拨款、非财政拨款
        what to do: Fill in this cell.
    """,
)
def a_row_without_its_fund() -> Said:
    return compiled(example(支出决算={"A12": None}))


@case(
    "V205",
    zh="""
    提示 V205 支出预算!B14  科目编码不在当年的科目表中
        现为：2130598
        办法：请核对编码；确属新增科目的可以不管。
    """,
    en="""
    warning V205 支出预算!B14  the code is not in the year's list
        found: 2130598
        what to do: Check the code; if it is a new one, leave it.
    """,
)
def a_code_that_the_list_does_not_have() -> Said:
    return compiled(example(支出预算={"B14": "2130598"}))


@case(
    "V206",
    zh="""
    提示 V206 支出预算!C14  科目名称与当年的科目表不一致
        现为：其他农村振兴支出
        应为：2130599 其他巩固脱贫攻坚成果衔接乡村振兴支出
        办法：报告按科目表的名称印出；请核对编码与名称。
    """,
    en="""
    warning V206 支出预算!C14  the name is not that of the year's list
        found: 其他农村振兴支出
        expected: 2130599 其他巩固脱贫攻坚成果衔接乡村振兴支出
        what to do: The report prints the list's name; check code and name.
    """,
)
def a_name_that_is_not_in_the_list() -> Said:
    return compiled(example(支出预算={"C14": "其他农村振兴支出"}))


@case(
    "V207",
    zh="""
    说明 V207 文字材料!D194  文字中有不可见的控制字符，已去掉
        现为：厉行节约。
        办法：无需处理；可在工作簿中删去这些字符。
    """,
    en="""
    note V207 文字材料!D194  invisible control characters were removed from the text
        found: 厉行节约。
        what to do: Nothing needs doing; you may delete them in the workbook.
    """,
)
def a_line_break_that_was_pasted_from_word() -> Said:
    return compiled(example(文字材料={"A194": "绩效管理", "D194": "厉行_x000B_节约。"}))


@case(
    "V208",
    zh="""
    错误 V208 三公经费!A7  “三公经费”没有这个项目
        现为：招待费
        应为：公务接待费
        办法：请改成标准项目名称。
    """,
    en="""
    error V208 三公经费!A7  “三公经费” has no such item
        found: 招待费
        expected: 公务接待费
        what to do: Use the standard name of the item.
    """,
)
def an_item_of_another_name() -> Said:
    return compiled(example(三公经费={"A7": "招待费"}))


@case(
    "V209",
    zh="""
    错误 V209 三公经费!A10  项目“公务接待费”重复填写
        现为：三公经费!A7
        办法：请只保留一行。
    """,
    en="""
    error V209 三公经费!A10  the item “公务接待费” is entered twice
        found: 三公经费!A7
        what to do: Keep one row.
    """,
)
def an_item_twice() -> Said:
    return compiled(example(三公经费={"A10": "公务接待费", "C10": 10700}))


@case(
    "V210",
    zh="""
    错误 V210 支出决算!H12  金额超过15位有效数字，Excel 无法准确保存
        现为：24690012345678.90
        办法：请核对金额，保留到分。
    """,
    en="""
    error V210 支出决算!H12  the amount has more than 15 significant digits, which Excel cannot keep
        found: 24690012345678.90
        what to do: Check the amount; two decimals of 元 are enough.
    """,
)
def an_amount_of_sixteen_digits() -> Said:
    return compiled(example(支出决算={"H12": "24690012345678.90"}))


@case(
    "V211",
    zh="""
    错误 V211 基本信息!B4  “基本信息”缺少必填项“部门名称”
        办法：请在“基本信息”中补填。
    """,
    en="""
    error V211 基本信息!B4  基本信息 lacks the required item “部门名称”
        what to do: Add it to 基本信息.
    """,
)
def no_name_of_the_department() -> Said:
    return compiled(example(基本信息={"B4": None}))


@case(
    "V212",
    zh="""
    错误 V212 基本信息!B9  “公开日期”的内容不对
        现为：2024年9月
        应为：YYYY-MM-DD（2024-09-27）
        办法：请按要求改正。
    """,
    en="""
    error V212 基本信息!B9  the value of “公开日期” is wrong
        found: 2024年9月
        expected: YYYY-MM-DD（2024-09-27）
        what to do: Correct it as expected.
    """,
)
def a_date_without_a_day() -> Said:
    return compiled(example(基本信息={"B9": "2024年9月"}))


@case(
    "V213",
    zh="""
    提示 V213 支出预算!B14  科目编码未细化到项级
        现为：21305 巩固脱贫攻坚成果衔接乡村振兴
        办法：请填到项级；附表按所填级次印出。
    """,
    en="""
    warning V213 支出预算!B14  the code does not go down to the level 项
        found: 21305 巩固脱贫攻坚成果衔接乡村振兴
        what to do: Enter the code of that level; the schedules print it at the level given.
    """,
)
def a_code_of_the_middle_level() -> Said:
    return compiled(example(支出预算={"B14": "21305", "C14": None}))


@case(
    "V214",
    zh="""
    错误 V214 支出决算!B12  “功能科目编码”不是编码
        现为：行政运行
        应为：七位项级编码，如 2010301
        办法：请填数字编码。
    """,
    en="""
    error V214 支出决算!B12  “功能科目编码” is not a code
        found: 行政运行
        expected: 七位项级编码，如 2010301
        what to do: Enter a code of digits.
    """,
)
def a_name_in_place_of_a_code() -> Said:
    return compiled(example(支出决算={"B12": "行政运行"}))


@case(
    "V216",
    zh="""
    提示 V216 上年决算!B7  金额精确到了分以下
        现为：1910400.004
        办法：决算以分为最小单位；请核对，必要时四舍五入到分。
    """,
    en="""
    warning V216 上年决算!B7  the amount is more exact than a fen
        found: 1910400.004
        what to do: Accounts are kept to the fen; check it, and round it if need be.
    """,
)
def an_amount_of_a_part_of_a_fen() -> Said:
    return compiled(example(上年决算={"B7": 1910400.004}))


@case(
    "V217",
    zh="""
    提示 V217 支出预算!C9  科目（名称）已停用，只用到2020年
        现为：其他扶贫支出
        应为：其他巩固脱贫攻坚成果衔接乡村振兴支出
        办法：请改用现行的科目和名称；报告按当年的科目表印出。
    """,
    en="""
    warning V217 支出预算!C9  the code or its name ended with the year 2020
        found: 其他扶贫支出
        expected: 其他巩固脱贫攻坚成果衔接乡村振兴支出
        what to do: Use the present code and name; the report prints the year's list.
    """,
)
def a_name_of_an_earlier_year() -> Said:
    return compiled(example(支出预算={"B9": "2130599", "C9": "其他扶贫支出"}))


@case(
    "V218",
    zh="""
    提示 V218 文字材料!D49  文字用了已停用的科目名称“医疗卫生与计划生育支出”，它只用到2018年
        现为：其中医疗卫生与计划生育支出20.74万
        应为：卫生健康支出
        办法：请改用现行名称。
    """,
    en="""
    warning V218 文字材料!D49  the text uses the name of a code that ended with the year 2018: “医疗卫生与计划生育支出”
        found: 其中医疗卫生与计划生育支出20.74万
        expected: 卫生健康支出
        what to do: Use the present name.
    """,
)
def a_text_with_the_name_of_an_earlier_year() -> Said:
    return compiled(example(文字材料={"D49": "其中医疗卫生与计划生育支出20.74万元。"}))


@case(
    "V219",
    zh="""
    说明 V219 支出预算!C9  沿用了上一年度（2022年）的科目（名称）
        现为：其他巩固脱贫衔接乡村振兴支出
        应为：其他巩固脱贫攻坚成果衔接乡村振兴支出
        办法：是上年结转资金的可以保留；否则请改用现行的科目和名称。
    """,
    en="""
    note V219 支出预算!C9  a code or name of last year (2022) is used
        found: 其他巩固脱贫衔接乡村振兴支出
        expected: 其他巩固脱贫攻坚成果衔接乡村振兴支出
        what to do: Keep it for money carried over; otherwise use the present code and name.
    """,
)
def a_name_of_last_year() -> Said:
    return compiled(example(支出预算={"B9": "2130599", "C9": "其他巩固脱贫衔接乡村振兴支出"}))


@case(
    "V220",
    zh="""
    错误 V220 支出预算!C2  文字超过 32,767 个字，Excel 的单元格放不下
        现为：行政运行行政运行行政运行行政运行行政运行行政运行行政运行行政运行行政运行行政运行…
        办法：请缩短这段文字。
    """,
    en="""
    error V220 支出预算!C2  the text has more than 32,767 characters, which no cell of Excel can hold
        found: 行政运行行政运行行政运行行政运行行政运行行政运行行政运行行政运行行政运行行政运行…
        what to do: Shorten the text.
    """,
)
def a_text_of_40000_characters() -> Said:
    row = hostile.row_of(2, hostile.FUND, "2010301", "行政运行" * 10_000, 5)
    return was_read(hostile.with_budget(row))


@case(
    "V221",
    zh="""
    说明 V221 支出预算!D2  2 格金额是文本，已按数字读取
        依据：“1,234.50” → 1234.50（D2）；“（１２）” → -12（D3）
        办法：请核对；Excel 的公式不会把文本计入合计。
    """,
    en="""
    note V221 支出预算!D2  2 amounts are texts and were read as numbers
        terms: “1,234.50” → 1234.50（D2）; “（１２）” → -12（D3）
        what to do: Check them; formulas of Excel leave texts out of totals.
    """,
)
def amounts_that_are_texts() -> Said:
    rows = hostile.row_of(2, hostile.FUND, "2010301", "行政运行", "1,234.50")
    rows += hostile.row_of(3, hostile.FUND, "2010302", "一般行政管理事务", "（１２）")
    return was_read(hostile.with_budget(rows))


# -- control totals -------------------------------------------------------------------------------


@case(
    "C301",
    zh="""
    错误 C301 结转结余!D5  合计与明细之和不符
        现为：187200.01
        应为：187200
        依据：差额 0.01；187200（结转结余!D4）
        办法：请核对明细行和合计行；合计行不参加计算。
    """,
    en="""
    error C301 结转结余!D5  the total (合计) is not the sum of its rows
        found: 187200.01
        expected: 187200
        terms: difference 0.01; 187200（结转结余!D4）
        what to do: Check the rows and the total; totals are compared, never added.
    """,
)
def a_total_that_is_one_fen_too_much() -> Said:
    return compiled(example(结转结余={"A5": "合计", "D5": 187200.01}))


@case(
    "C302",
    zh="""
    错误 C302 核对数!D4  核对数与编译结果不符
        现为：14557000.01
        应为：14557000
        依据：差额 0.01元；公开01表 30 总计，决算数 14557000（01!C36）
        办法：请核对工作簿中的明细与决算系统中的数。
    """,
    en="""
    error C302 核对数!D4  the check figure is not what was computed
        found: 14557000.01
        expected: 14557000
        terms: difference 0.01元; 公开01表 30 总计，决算数 14557000（01!C36）
        what to do: Compare the workbook with the accounts in the official system.
    """,
)
def a_check_figure_that_does_not_agree() -> Said:
    return compiled(example(核对数={"A4": "01", "B4": "总计", "C4": "决算数", "D4": 14557000.01}))


@case(
    "C303",
    zh="""
    错误 C303 核对数!D4  附表中找不到核对数所指的行、列
        现为：02，人大事务，事业收入
        应为：行：合计、一般公共服务支出、政府办公厅（室）及相关机构事务、行政运行…；列：事业收入、本年收入合计、财政拨款收入、上级补助收入…
        办法：请填附表编号（如 01）、行（项目、行次或科目编码）和列（表头）。
    """,
    en="""
    error C303 核对数!D4  no such row and column in the schedule of this check figure
        found: 02，人大事务，事业收入
        expected: 行：合计、一般公共服务支出、政府办公厅（室）及相关机构事务、行政运行…；列：事业收入、本年收入合计、财政拨款收入、上级补助收入…
        what to do: Give the schedule (01), the row (label, line number or code) and the column (heading).
    """,
)
def a_check_figure_of_a_row_that_is_not_there() -> Said:
    return compiled(example(核对数={"A4": "02", "B4": "人大事务", "C4": "事业收入", "D4": 0}))


@case(
    "C304",
    zh="""
    错误 C304 支出决算!H12  这笔金额没有列入公开附表08：50101不属于本表所列科目
        现为：一般公共预算财政拨款，2010301，基本支出，50101
        办法：请核对该行的科目编码、资金性质和支出类型。
    """,
    en="""
    error C304 支出决算!H12  this amount does not appear in schedules 08: 50101 is none of its codes
        found: 一般公共预算财政拨款，2010301，基本支出，50101
        what to do: Check the codes, the fund and the kind of expenditure of this row.
    """,
)
def an_economic_code_that_the_schedule_has_no_place_for() -> Said:
    return compiled(example(支出决算={"E12": "50101"}))


@case(
    "C305",
    zh="""
    错误 C305 核对数!D4  核对数在附表中对应不止一格
        现为：04，一般公共预算财政拨款，决算数
        应为：1（04!C7）、29（04!C35）
        办法：请用行次或科目编码指明行。
    """,
    en="""
    error C305 核对数!D4  the check figure fits more than one cell of the schedule
        found: 04，一般公共预算财政拨款，决算数
        expected: 1（04!C7）、29（04!C35）
        what to do: Name the row by its line number or code.
    """,
)
def a_check_figure_that_fits_two_rows() -> Said:
    return compiled(example(核对数={"A4": "04", "B4": "一般公共预算财政拨款", "C4": "决算数", "D4": 187200}))


# -- narrative ------------------------------------------------------------------------------------


@case(
    "N401",
    zh="""
    错误 N401 实物量  报告需要“因公出国（境）人次”，但没有数
        办法：请在工作表“实物量”填写“因公出国（境）人次”；确实没有的填 0。
    """,
    en="""
    error N401 实物量  the report needs “因公出国（境）人次”, which has no value
        what to do: Fill in “因公出国（境）人次” on the sheet 实物量; enter 0 where there is none.
    """,
)
def a_quantity_that_the_report_needs() -> Said:
    return compiled(example(实物量={"B5": None}))


@case(
    "N402",
    zh="""
    提示 N402 文字材料  缺少文字材料“原因：机关运行经费”
        应为：接在“主要原因是”之后
        办法：请在“文字材料”增加一行，位置填“原因：机关运行经费”。报告里相应的句子已略去。
    """,
    en="""
    warning N402 文字材料  the text “原因：机关运行经费” is missing
        expected: 接在“主要原因是”之后
        what to do: Add a row to 文字材料 with 位置 “原因：机关运行经费”. The sentence is left out of the report.
    """,
)
def a_change_that_nobody_explains() -> Said:
    return compiled(without(example(), "文字材料", "原因：机关运行经费"))


@case(
    "N403",
    zh="""
    提示 N403 名词解释  科目表没有1个项级科目的解释，报告的名词解释中未列
        现为：2010404 战略规划与实施
        办法：请在“名词解释”中补充：一个科目一行，名词填科目编码，解释填说明。
    """,
    en="""
    warning N403 名词解释  the code list has no explanation of 1 codes; the glossary leaves them out
        found: 2010404 战略规划与实施
        what to do: Add a row to 名词解释 for each, with the code as 名词.
    """,
)
def a_code_without_an_explanation() -> Said:
    code, name = "2010404", "战略规划与实施"
    ledger = {"B40": code, "C40": name, "B41": code, "C41": name}
    return compiled(example(支出决算=ledger, 支出预算={"B14": code, "C14": name}, 收入决算={"A13": code, "B13": name}))


@case(
    "N404",
    zh="""
    提示 N404 文字材料!A194  没有“位置”叫“原因：三公”，这段文字未使用
        现为：原因：三公
        应为：原因：三公经费
        办法：请从下拉列表中选择位置。
    """,
    en="""
    warning N404 文字材料!A194  there is no 位置 “原因：三公”; the text is not used
        found: 原因：三公
        expected: 原因：三公经费
        what to do: Choose a 位置 from the drop-down list.
    """,
)
def a_text_at_a_position_of_its_own() -> Said:
    return compiled(example(文字材料={"A194": "原因：三公", "D194": "厉行节约。"}))


@case(
    "N405",
    zh="""
    提示 N405 上年决算  “机关运行经费”没有上年数，报告写作“无上年数据，不作比较”
        办法：新成立的单位可以不管；否则请在“上年决算”补填“机关运行经费”的上年数。
    """,
    en="""
    warning N405 上年决算  “机关运行经费” has no 上年数; the report says “无上年数据，不作比较”
        what to do: Leave it for a new unit; otherwise fill in “机关运行经费” on the sheet 上年决算.
    """,
)
def no_figure_of_the_prior_year() -> Said:
    return compiled(example(上年决算={"B7": None}))


@case(
    "N406",
    zh="""
    错误 N406 因公出国费.增长率  “因公出国（境）费的增长率”算不出来：基数为零
        办法：请在 Word 模板中加条件，只在有数时印出。
    """,
    en="""
    error N406 因公出国费.增长率  “因公出国（境）费的增长率” cannot be computed: 基数为零
        what to do: Put a condition around it in the Word template.
    """,
)
def a_rate_from_nothing() -> Said:
    return compiled_with("因公出国（境）费增长{{ 因公出国费.增长率 }}。")


NUMBERING_OFFICE = """
import sys, zipfile
from pathlib import Path
out = Path(sys.argv[sys.argv.index("--outdir") + 1])
out.mkdir()
with zipfile.ZipFile(sys.argv[-1]) as source, zipfile.ZipFile(out / "report.docx", "w") as target:
    for name in source.namelist():
        target.writestr(name, source.read(name).replace(b">?<", b">7<"))
"""
"""A LibreOffice that has every heading on page 7."""


@case(
    "N410",
    zh="""
    错误 N410 文字材料!D37  “原因：收支总计”有1处文字还是上年的，标着【待更新】
        现为：D37
        办法：请按本年情况修改，改好后删去【待更新】；不再需要的，删去整行。
    """,
    en="""
    error N410 文字材料!D37  1 texts of “原因：收支总计” are still last year's, marked 【待更新】
        found: D37
        what to do: Bring them up to date and take out 【待更新】; delete the rows that are no longer needed.
    """,
)
def a_text_of_last_year() -> Said:
    return compiled(example(文字材料={"D37": "【待更新】人员增加"}))


@case(
    "N407",
    zh="""
    说明 N407 report.docx  目录的页码已用 LibreOffice 分页核定
        办法：若在 Word 或 WPS 中分页不同，请右击目录，选“更新域”，只更新页码。
    """,
    en="""
    note N407 report.docx  the page numbers of the contents are those of LibreOffice's pages
        what to do: Where Word or WPS break pages elsewhere, right-click the contents, choose “Update field”, page numbers only.
    """,
)
def contents_with_page_numbers() -> Said:
    return compiled_with_office(NUMBERING_OFFICE, toc="paginate")


@case(
    "N408",
    zh="""
    说明 N408 report.docx  目录没有印页码：没有找到 LibreOffice
        办法：请在 Word 或 WPS 中点目录，按 F9，选“只更新页码”；或安装 LibreOffice 后再编译。
    """,
    en="""
    note N408 report.docx  the contents have no page numbers: LibreOffice was not found
        what to do: Click the contents in Word or WPS, press F9, page numbers only; or install LibreOffice and compile again.
    """,
)
def contents_without_libreoffice() -> Said:
    return compiled_with_office("", toc="auto")


@case(
    "N409",
    zh="""
    提示 N409 report.docx  目录没有印页码，分页没有成功：LibreOffice 没有完成转换：没有生成文件（返回值77）
        办法：请在 Word 或 WPS 中点目录，按 F9，选“只更新页码”；或检查 LibreOffice 后再编译。
    """,
    en="""
    warning N409 report.docx  the contents have no page numbers, because the report could not be paginated: LibreOffice did not convert the report: it wrote no file (exit status 77)
        what to do: Click the contents in Word or WPS, press F9, page numbers only; or look after LibreOffice and compile again.
    """,
)
def contents_with_a_libreoffice_that_cannot_start() -> Said:
    return compiled_with_office("raise SystemExit(77)", toc="auto")


# -- template -------------------------------------------------------------------------------------


@case(
    "T501",
    zh="""
    错误 T501 template.docx document 第2段  模板标签写得不对：不认识标签 iff
        现为：{% iff 三公经费 %}压减支出。{% endif %}
        应为：if
        办法：请在 Word 模板中改正这个标签。
    """,
    en="""
    error T501 template.docx document 第2段  a tag of the template cannot be understood: unknown tag 'iff'
        found: {% iff 三公经费 %}压减支出。{% endif %}
        expected: if
        what to do: Correct the tag in the Word template.
    """,
)
def a_tag_of_an_unknown_kind() -> Said:
    return compiled_with("说明", "{% iff 三公经费 %}压减支出。{% endif %}")


@case(
    "T502",
    zh="""
    错误 T502 template.docx document 第2段  模板用了不存在的名称“三公经废”
        现为：支出{{ 三公经废 }}万元。
        应为：三公经费
        办法：请在 Word 模板中改正名称。
    """,
    en="""
    error T502 template.docx document 第2段  the template uses a name that does not exist: “三公经废”
        found: 支出{{ 三公经废 }}万元。
        expected: 三公经费
        what to do: Correct the name in the Word template.
    """,
)
def a_name_with_a_wrong_character() -> Said:
    return compiled_with("说明", "支出{{ 三公经废 }}万元。")


@case(
    "T503",
    zh="""
    错误 T503 template.docx document 第2段  模板无法套打：division by zero
        现为：人均{{ 1 / 0 }}万元。
        办法：请在 Word 模板中改正此处。
    """,
    en="""
    error T503 template.docx document 第2段  the template cannot be rendered: division by zero
        found: 人均{{ 1 / 0 }}万元。
        what to do: Correct this place of the Word template.
    """,
)
def a_division_by_nothing() -> Said:
    return compiled_with("说明", "人均{{ 1 / 0 }}万元。")


@case(
    "T504",
    zh="""
    错误 T504 template.docx  不是 Word 模板（.docx）
        现为：BadZipFile: File is not a zip file
        办法：请用 Word 或 WPS 另存为“Word 文档（.docx）”。
    """,
    en="""
    error T504 template.docx  not a Word template (.docx)
        found: BadZipFile: File is not a zip file
        what to do: Save it as “Word document (.docx)” in Word or WPS.
    """,
)
def a_template_that_is_no_word_document() -> Said:
    Path("template.docx").write_text("人均万元。", encoding="utf-8")
    return compiled(example(), "template.docx")


@case(
    "T505",
    zh="""
    错误 T505 template.docx document  报告内容不完整，未写出：Opening and ending tag mismatch: p line 1 and t, line 1, column … (<string>, line 1)
        办法：请检查模板；若模板未改动，请报告此问题。
    """,
    en="""
    error T505 template.docx document  the report is not complete and was not written: Opening and ending tag mismatch: p line 1 and t, line 1, column … (<string>, line 1)
        what to do: Check the template; if it is ours, report this as a fault.
    """,
)
def a_template_that_prints_broken_xml() -> Said:
    return compiled_with("说明", "{{ '<w:p>'|safe }}")


@case(
    "T506",
    zh="""
    错误 T506 template.docx document 第2段  模板标签“{{ 三公经费 万元。”没有写完整
        现为：支出{{ 三公经费 万元。
        应为：}}
        办法：请在同一段里补上“}}”；标签不能跨段。
    """,
    en="""
    error T506 template.docx document 第2段  the tag “{{ 三公经费 万元。” is not complete
        found: 支出{{ 三公经费 万元。
        expected: }}
        what to do: Add “}}” in the same paragraph; a tag cannot go on in the next one.
    """,
)
def a_tag_without_its_closing_braces() -> Said:
    return compiled_with("说明", "支出{{ 三公经费 万元。")


@case(
    "T507",
    zh="""
    错误 T507 template.docx document 第2段  模板标签的括号不对：“｛｛ ｝｝”
        现为：支出｛｛ 三公经费 ｝｝万元。
        应为：{{ }}
        办法：请用英文半角括号，成对书写，中间不留空格：“{{ }}”。
    """,
    en="""
    error T507 template.docx document 第2段  the braces of a tag are wrong: “｛｛ ｝｝”
        found: 支出｛｛ 三公经费 ｝｝万元。
        expected: {{ }}
        what to do: Type ordinary braces, in pairs and without spaces between them: “{{ }}”.
    """,
)
def braces_typed_in_full_width() -> Said:
    return compiled_with("说明", "支出｛｛ 三公经费 ｝｝万元。")


@case(
    "T508",
    zh="""
    错误 T508 template.docx document 第2段  模板标签“{% if 三公经费 %}”没有与之成对的“{% endif %}”
        现为：{% if 三公经费 %}压减支出。
        办法：请补上“{% endif %}”，或删去这个标签。
    """,
    en="""
    error T508 template.docx document 第2段  the tag “{% if 三公经费 %}” has no “{% endif %}” that goes with it
        found: {% if 三公经费 %}压减支出。
        what to do: Add “{% endif %}”, or remove this tag.
    """,
)
def a_condition_that_never_ends() -> Said:
    return compiled_with("说明", "{% if 三公经费 %}压减支出。")


@case(
    "T509",
    zh="""
    错误 T509 template.docx document 第1段  模板标签“{%p if 三公经费 %}”会去掉整个段落，同处的内容将丢失：“压减支出。”
        现为：{%p if 三公经费 %}压减支出。
        办法：请让这个标签单独占一段（一行、一格），或改用“{% … %}”。
    """,
    en="""
    error T509 template.docx document 第1段  the tag “{%p if 三公经费 %}” takes away what it stands in, and this is lost: “压减支出。”
        found: {%p if 三公经费 %}压减支出。
        what to do: Put the tag in a paragraph (row, cell) of its own, or write “{% … %}” instead.
    """,
)
def a_sentence_beside_a_paragraph_tag() -> Said:
    return compiled_with("{%p if 三公经费 %}压减支出。", "{%p endif %}")


@case(
    "T510",
    zh="""
    错误 T510 template.docx comments 第1段  此处的模板标签不会被替换
        现为：{{ 三公经费 }}
        办法：请把标签移到正文、页眉、页脚或脚注；批注、尾注、图表和文档属性里的标签原样留在报告里。
    """,
    en="""
    error T510 template.docx comments 第1段  a tag in this place is never filled in
        found: {{ 三公经费 }}
        what to do: Move the tag to the text, a header, a footer or a footnote; in comments, endnotes, charts and properties it stays as it is.
    """,
)
def a_tag_in_a_comment() -> Said:
    template = docx.Document()
    template.add_comment(template.add_paragraph().add_run("说明"), "{{ 三公经费 }}")
    template.save("template.docx")
    return compiled(example(), "template.docx")


@case(
    "T511",
    zh="""
    错误 T511 template.docx document 第1段  模板标签“{% if 三公经费 %}”的位置不对：结束在另一格、另一行或表格之外（第2段的 {% endif %}）
        现为：{% if 三公经费 %}甲
        办法：表格中一格之内的标签在同一格结束；重复整行用“{%tr … %}”，首尾各占一行，并在同一个表格里。
    """,
    en="""
    error T511 template.docx document 第1段  the tag “{% if 三公经费 %}” stands in the wrong place: it ends with {% endif %} of paragraph 2, outside its cell or row
        found: {% if 三公经费 %}甲
        what to do: A tag in a cell ends in that cell; to repeat rows use “{%tr … %}”, each end in a row of its own, in one table.
    """,
)
def a_condition_from_one_cell_to_the_next() -> Said:
    template = docx.Document()
    cells = template.add_table(1, 2).rows[0].cells
    cells[0].text, cells[1].text = "{% if 三公经费 %}甲", "乙{% endif %}"
    template.save("template.docx")
    return compiled(example(), "template.docx")


@case(
    "T512",
    zh="""
    错误 T512 template.docx document 第2段  模板用了不存在的过滤器或判断“uper”
        现为：支出{{ 三公经费|uper }}万元。
        应为：upper
        办法：请在 Word 模板中改正，或删去它；数字本身已按规定的位数印出。
    """,
    en="""
    error T512 template.docx document 第2段  the template uses a filter or test that does not exist: “uper”
        found: 支出{{ 三公经费|uper }}万元。
        expected: upper
        what to do: Correct or remove it in the Word template; figures are printed with the right number of decimals anyway.
    """,
)
def a_filter_that_does_not_exist() -> Said:
    return compiled_with("说明", "支出{{ 三公经费|uper }}万元。")


@case(
    "T513",
    zh="""
    错误 T513 template.docx document 第2段  “{{ }}”不能用于一组清单：{{ 支出构成 }}
        现为：其中：{{ 支出构成 }}。
        办法：数字和文字可以直接印出；一组内容要用“{% for … in … %}”逐项印出；需要计算的数请在口径里声明。
    """,
    en="""
    error T513 template.docx document 第2段  “{{ }}” cannot be used with a list: {{ 支出构成 }}
        found: 其中：{{ 支出构成 }}。
        what to do: Print figures and texts as they are, groups with “{% for … in … %}”; declare a number that needs computing in the profile.
    """,
)
def a_list_printed_as_a_figure() -> Said:
    return compiled_with("说明", "其中：{{ 支出构成 }}。")


@case(
    "T514",
    zh="""
    提示 T514 template.docx  模板里没有 {{ 附表表格 }} 标签，附表没有印入报告
        办法：请在模板的第五部分加一个只写 {{ 附表表格 }} 的段落，或不用 --with-tables。
    """,
    en="""
    warning T514 template.docx  the template has no tag {{ 附表表格 }}; the schedules are not in the report
        what to do: Add a paragraph with {{ 附表表格 }} to part five of the template, or leave out --with-tables.
    """,
)
def a_template_without_a_place_for_the_schedules() -> Said:
    compiled_with("说明")
    return said(xl2report.compile("accounts.xlsx", "out", template="template.docx", with_tables=True).findings)


def a_chart_named(name: str) -> None:
    """Save a template whose one chart bears a name in its alternative text."""
    template = docx.Document(str(load_profile().template))
    for properties in template.element.body.iter("{*}docPr"):
        if properties.get("descr") == "chart:收入构成":
            properties.set("descr", f"chart:{name}")
    template.save("template.docx")


@case(
    "T515",
    zh="""
    错误 T515 template.docx document 第36段  没有叫“收支总计变化”的图
        现为：chart:收支总计变化
        应为：收支总计变动
        办法：请改正这个图的替代文字“chart:收支总计变化”。
    """,
    en="""
    error T515 template.docx document 第36段  there is no chart “收支总计变化”
        found: chart:收支总计变化
        expected: 收支总计变动
        what to do: Correct the alternative text “chart:收支总计变化” of the chart.
    """,
)
def a_chart_of_a_name_that_the_profile_does_not_have() -> Said:
    a_chart_named("收支总计变化")
    return compiled(example(), "template.docx")


@case(
    "T516",
    zh="""
    提示 T516 template.docx  图“收支总计变动”没有数据，已从报告中去掉
        办法：请在模板中用“{%p if 图表.收支总计变动 %}”和“{%p endif %}”把图和图题括起来。
    """,
    en="""
    warning T516 template.docx  the chart “收支总计变动” has no data and was left out
        what to do: Put “{%p if 图表.收支总计变动 %}” and “{%p endif %}” around the chart and its caption in the template.
    """,
)
def a_chart_without_data_that_stands_without_a_condition() -> Said:
    a_chart_named("收支总计变动")
    return compiled(example(上年决算={"B4": None}), "template.docx")


@case(
    "T517",
    zh="""
    错误 T517 template.docx document 第2段  模板要做的太多：文字或列表超过 1000000 个字符
        现为：{{ '支出' * 1000000000 }}
        办法：请检查这里的循环、重复（*）和宏；报告不需要这么多。
    """,
    en="""
    error T517 template.docx document 第2段  the template asks for too much: a text or list of more than 1000000 characters
        found: {{ '支出' * 1000000000 }}
        what to do: Check the loops, repetitions (*) and macros here; no report needs that much.
    """,
)
def a_template_that_repeats_a_text_without_end() -> Said:
    return compiled_with("说明", "{{ '支出' * 1000000000 }}")


# -- outputs --------------------------------------------------------------------------------------


@case(
    "O601",
    zh="""
    错误 O601 out/accounts-report.docx  无法写入：Input/output error
        办法：请关闭已打开的文件，或检查文件夹的写入权限。
    """,
    en="""
    error O601 out/accounts-report.docx  cannot write: Input/output error
        what to do: Close the file if it is open, or check that you may write to the folder.
    """,
)
def a_disk_that_fails() -> Said:
    return placed(failing_with(errno.EIO))


@case(
    "O611",
    zh="""
    错误 O611 out/accounts-report.docx  这里已有一个同名的文件夹，不能写成文件
        办法：请把这个文件夹改名或移走，或换一个输出文件夹。
    """,
    en="""
    error O611 out/accounts-report.docx  a folder of this name is in the way of the file
        what to do: Rename the folder or move it away, or choose another folder for the outputs.
    """,
)
def a_folder_where_the_report_should_be() -> Said:
    Path("out/accounts-report.docx").mkdir(parents=True)
    return compiled(example())


@case(
    "O612",
    zh="""
    错误 O612 out/accounts-report.docx  磁盘已满或超出限额，没有写入；原有文件未动
        办法：请清理磁盘，或换一个磁盘再编制。
    """,
    en="""
    error O612 out/accounts-report.docx  the disk is full or the quota is used up; nothing was written, and the old files are as they were
        what to do: Free some space or choose another disk, then try again.
    """,
)
def a_disk_that_is_full() -> Said:
    return placed(failing_with(errno.ENOSPC))


@case(
    "O613",
    zh="""
    错误 O613 out/accounts-report.docx  文件正被其他程序打开，或设成了只读，不能替换
        办法：请在 Excel、Word 或 WPS 中关闭它，或取消“只读”属性，再试一次。
    """,
    en="""
    error O613 out/accounts-report.docx  the file is open in another program or write-protected and cannot be replaced
        what to do: Close it in Excel, Word or WPS, or take the write protection off, and try again.
    """,
)
def a_report_that_is_write_protected() -> Said:
    Path("out").mkdir()
    Path("out/accounts-report.docx").write_bytes(b"")
    Path("out/accounts-report.docx").chmod(0o444)
    return placed()


@case(
    "O614",
    zh="""
    错误 O614 out  不能写入这个文件夹：它是一个文件，不是文件夹
        办法：请换一个输出文件夹，或请管理员开通写入权限。
    """,
    en="""
    error O614 out  this folder cannot be written to: it is a file, not a folder
        what to do: Choose another folder for the outputs, or ask for the right to write here.
    """,
)
def a_file_where_the_folder_should_be() -> Said:
    Path("out").write_bytes(b"")
    return compiled(example())


@case(
    "O615",
    zh="""
    错误 O615 out  另一个 xl2report 正在写入这个文件夹，等了半分钟还没有结束
        办法：请等它结束再试一次。
    """,
    en="""
    error O615 out  another xl2report is writing into this folder and was not done within half a minute
        what to do: Wait until it has ended and try again.
    """,
)
def another_run_that_does_not_end() -> Said:
    Path("out").mkdir()
    with placing._staged(Path("out")), pytest.MonkeyPatch.context() as patch:
        patch.setattr(placing, "PATIENCE", 0)
        return placed()


@case(
    "O616",
    zh=f"""
    错误 O616 {"办" * 83}-report.docx  文件名或路径太长（文件名95个字）
        办法：请缩短工作簿的文件名，或用一个路径较短的输出文件夹。
    """,
    en=f"""
    error O616 {"办" * 83}-report.docx  the name or the path of the file is too long (the name has 95 characters)
        what to do: Shorten the name of the workbook, or choose a folder with a shorter path.
    """,
)
def a_report_whose_name_is_long() -> Said:
    (found,) = xl2report.load(xl2report.example()).write_narrative("办" * 83 + "-report.docx").findings[-1:]
    return said([found])


@case(
    "O617",
    zh="""
    提示 O617 out/accounts-report.docx  文件好像正在其他程序中打开，那里显示的还是旧内容
        办法：请在那里不保存就关闭，再重新打开；没有打开的，删除“.~lock.accounts-report.docx#”即可。
    """,
    en="""
    warning O617 out/accounts-report.docx  the file seems to be open in another program, which still shows the old one
        what to do: Close it there without saving, and open it again; if it is open nowhere, delete “.~lock.accounts-report.docx#”.
    """,
)
def a_report_that_libreoffice_has_open() -> Said:
    Path("out").mkdir()
    Path("out/.~lock.accounts-report.docx#").write_text(",clerk,pc,22.11.2026 10:00,file:///;", encoding="utf-8")
    return placed()


@case(
    "O618",
    zh="""
    说明 O618 {here}/out  上次写入中途被打断，已补写完成：accounts-schedules.xlsx
        办法：不需要处理。
    """,
    en="""
    note O618 {here}/out  an earlier run was cut off while it wrote these files; they were put in place: accounts-schedules.xlsx
        what to do: Nothing is to be done.
    """,
)
def a_run_that_was_killed() -> Said:
    stage = Path("out") / placing.STAGE
    stage.mkdir(parents=True)
    (stage / "0123abcd.0.new").write_bytes(b"")
    step = placing._Step("accounts-schedules.xlsx", "0123abcd.0.new", sha256(b"").hexdigest(), "", "")
    placing._decide(stage, "0123abcd", [step])
    return [tuple(text.replace(str(Path.cwd()), "{here}") for text in texts) for texts in placed()]


@case(
    "O619",
    zh="""
    提示 O619 out/accounts-report.pdf  这份 PDF 是以前编制的，这次没有更新
        办法：请加 --pdf 再编制一次，或删除它，以免与报告不一致。
    """,
    en="""
    warning O619 out/accounts-report.pdf  this PDF is of an earlier compile and was not written anew
        what to do: Compile again with --pdf, or delete it, lest it differ from the report.
    """,
)
def a_pdf_of_an_earlier_compile() -> Said:
    Path("out").mkdir()
    pdf = b"%PDF-1.7 /ID [ <" + b"0" * 32 + b"> <" + b"0" * 32 + b"> ]"
    Path("out/accounts-report.pdf").write_bytes(sealed_pdf(pdf, datetime(2024, 1, 1, tzinfo=UTC)))
    return compiled(example())


@case(
    "O602",
    zh="""
    提示 O602 out/accounts-report.docx  原有文件被手工改过，已另存为“accounts-report（手工修改1）.docx”
        现为：accounts-report（手工修改1）.docx
        办法：请把需要保留的修改转到新文件。
    """,
    en="""
    warning O602 out/accounts-report.docx  the existing file had been edited by hand and was kept as “accounts-report（手工修改1）.docx”
        found: accounts-report（手工修改1）.docx
        what to do: Carry over the edits that you want to keep.
    """,
)
def a_report_that_was_edited_by_hand() -> Said:
    Path("out").mkdir()
    edited = docx.Document()
    edited.save("out/accounts-report.docx")
    return compiled(example())


@case(
    "O603",
    zh="""
    错误 O603 accounts.xlsx  文件已存在，未覆盖
        办法：请换一个文件名，或先移走原文件。
    """,
    en="""
    error O603 accounts.xlsx  the file exists and was not overwritten
        what to do: Choose another name, or move the file away first.
    """,
)
def a_new_workbook_where_one_is() -> Said:
    Path("accounts.xlsx").write_bytes(b"")
    return said(xl2report.new_workbook("accounts.xlsx").findings)


@case(
    "O604",
    zh="""
    错误 O604 accounts.xlsx  不能写入输入文件本身
        办法：请换一个文件名或文件夹。
    """,
    en="""
    error O604 accounts.xlsx  the input itself cannot be the output
        what to do: Choose another name or folder.
    """,
)
def schedules_in_place_of_the_workbook() -> Said:
    saved()
    return said(xl2report.load("accounts.xlsx").write_schedules("accounts.xlsx").findings)


@case(
    "O605",
    zh="""
    错误 O605 accounts-report.pdf  没有找到 LibreOffice（soffice）
        办法：请安装 LibreOffice 并把它加入 PATH；或不用 --pdf、--toc paginate。
    """,
    en="""
    error O605 accounts-report.pdf  LibreOffice (soffice) was not found
        what to do: Install LibreOffice and put it on the PATH; or leave out --pdf and --toc paginate.
    """,
)
def a_pdf_without_libreoffice() -> Said:
    return compiled_with_office("", pdf=True)


@case(
    "O606",
    zh="""
    错误 O606 accounts-report.pdf  LibreOffice 没有完成转换：没有生成文件（返回值77）
        办法：请检查 LibreOffice 能否打开报告；或不用 --pdf、--toc paginate。
    """,
    en="""
    error O606 accounts-report.pdf  LibreOffice did not convert the report: it wrote no file (exit status 77)
        what to do: See whether LibreOffice opens the report; or leave out --pdf and --toc paginate.
    """,
)
def a_libreoffice_that_cannot_start() -> Said:
    return compiled_with_office("raise SystemExit(77)", pdf=True)


@case(
    "O607",
    zh="""
    错误 O607 checked.xls  文件名的扩展名应为 .xlsx
        现为：.xls
        应为：.xlsx
        办法：请改用这个扩展名：扩展名与内容不符的工作簿，Excel 打不开。
    """,
    en="""
    error O607 checked.xls  the name of the file must end in .xlsx
        found: .xls
        expected: .xlsx
        what to do: Use that ending: Excel does not open a workbook whose ending is not that of its content.
    """,
)
def an_annotated_copy_of_the_old_format() -> Said:
    saved()
    return said(xl2report.load("accounts.xlsx").annotate("checked.xls").findings)


# -- reports that were edited --------------------------------------------------------------------------


@case(
    "D801",
    zh="""
    错误 D801 report.docx 第120段  人员经费被手工改过：印出的是 985.25，现为 958.25，账上是 985.25
        现为：人员经费958.25万元，主要包括：基本工资、津贴补贴、奖金、伙食补助费、绩效工资、机关事业单位基本养老保险缴费、职业年金缴费、职工基本医疗保险缴费、公务员医疗补助缴费、其他社会保障缴费、住房公积金、其他工资福利支出、抚恤金等。
        应为：人员经费985.25万元，主要包括：基本工资、津贴补贴、奖金、伙食补助费、绩效工资、机关事业单位基本养老保险缴费、职业年金缴费、职工基本医疗保险缴费、公务员医疗补助缴费、其他社会保障缴费、住房公积金、其他工资福利支出、抚恤金等。
        依据：人员经费 985.25万元（支出决算!H4:H8、支出决算!H20:H25、支出决算!H33:H39）；算法 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=301|303
        办法：请改回；账错了就改工作簿，再更新报告。
    """,
    en="""
    error D801 report.docx 第120段  人员经费 was changed by hand: printed 985.25, now 958.25, the accounts say 985.25
        found: 人员经费958.25万元，主要包括：基本工资、津贴补贴、奖金、伙食补助费、绩效工资、机关事业单位基本养老保险缴费、职业年金缴费、职工基本医疗保险缴费、公务员医疗补助缴费、其他社会保障缴费、住房公积金、其他工资福利支出、抚恤金等。
        expected: 人员经费985.25万元，主要包括：基本工资、津贴补贴、奖金、伙食补助费、绩效工资、机关事业单位基本养老保险缴费、职业年金缴费、职工基本医疗保险缴费、公务员医疗补助缴费、其他社会保障缴费、住房公积金、其他工资福利支出、抚恤金等。
        terms: 人员经费 985.25万元（支出决算!H4:H8、支出决算!H20:H25、支出决算!H33:H39）; formula 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=301|303
        what to do: Change it back; if the accounts are wrong, correct the workbook and refresh the report.
    """,
)
def a_number_changed_in_the_report() -> Said:
    return edited_report(("985.25", "958.25"))


@case(
    "D802",
    zh="""
    错误 D802 report.docx 第134段  国内公务接待批次已过时：报告为 6，账上是 7
        现为：国内公务接待6批次，108人次（包括陪同人员），共计支出1.07万元，具体内容包括：主要用于接待省、市、县来检查调研考察等工作及招商引资工作。
        应为：国内公务接待7批次，108人次（包括陪同人员），共计支出1.07万元，具体内容包括：主要用于接待省、市、县来检查调研考察等工作及招商引资工作。
        依据：国内公务接待批次 7个（实物量!B12）；算法 表=实物量，项目=国内公务接待批次
        办法：工作簿在编制报告之后改过，请更新报告。
    """,
    en="""
    error D802 report.docx 第134段  国内公务接待批次 is stale: the report says 6, the accounts 7
        found: 国内公务接待6批次，108人次（包括陪同人员），共计支出1.07万元，具体内容包括：主要用于接待省、市、县来检查调研考察等工作及招商引资工作。
        expected: 国内公务接待7批次，108人次（包括陪同人员），共计支出1.07万元，具体内容包括：主要用于接待省、市、县来检查调研考察等工作及招商引资工作。
        terms: 国内公务接待批次 7个（实物量!B12）; formula 表=实物量，项目=国内公务接待批次
        what to do: The workbook was changed after the report was compiled; refresh the report.
    """,
)
def a_report_that_is_older_than_the_accounts() -> Said:
    return edited_report(实物量={"B12": 7})


@case(
    "D803",
    zh="""
    错误 D803 report.docx 第134段  国内公务接待人次被手工改过，账也变了：印出的是 108，现为 110，账上是 109
        现为：国内公务接待6批次，110人次（包括陪同人员），共计支出1.07万元，具体内容包括：主要用于接待省、市、县来检查调研考察等工作及招商引资工作。
        应为：国内公务接待6批次，109人次（包括陪同人员），共计支出1.07万元，具体内容包括：主要用于接待省、市、县来检查调研考察等工作及招商引资工作。
        依据：国内公务接待人次 109个（实物量!B13）；算法 表=实物量，项目=国内公务接待人次
        办法：请按账上的改；账错了就改工作簿，再更新报告。
    """,
    en="""
    error D803 report.docx 第134段  国内公务接待人次 was changed by hand, and the accounts changed too: printed 108, now 110, the accounts say 109
        found: 国内公务接待6批次，110人次（包括陪同人员），共计支出1.07万元，具体内容包括：主要用于接待省、市、县来检查调研考察等工作及招商引资工作。
        expected: 国内公务接待6批次，109人次（包括陪同人员），共计支出1.07万元，具体内容包括：主要用于接待省、市、县来检查调研考察等工作及招商引资工作。
        terms: 国内公务接待人次 109个（实物量!B13）; formula 表=实物量，项目=国内公务接待人次
        what to do: Write what the accounts say; if they are wrong, correct the workbook and refresh the report.
    """,
)
def a_number_changed_in_the_report_and_in_the_accounts() -> Said:
    return edited_report(("108", "110"), 实物量={"B13": 109})


@case(
    "D804",
    zh="""
    错误 D804 report.docx 第120段  人员经费与账不符：报告为 958.25，账上是 985.25
        现为：人员经费958.25万元，主要包括：基本工资、津贴补贴、奖金、伙食补助费、绩效工资、机关事业单位基本养老保险缴费、职业年金缴费、职工基本医疗保险缴费、公务员医疗补助缴费、其他社会保障缴费、住房公积金、其他工资福利支出、抚恤金等。
        应为：人员经费985.25万元，主要包括：基本工资、津贴补贴、奖金、伙食补助费、绩效工资、机关事业单位基本养老保险缴费、职业年金缴费、职工基本医疗保险缴费、公务员医疗补助缴费、其他社会保障缴费、住房公积金、其他工资福利支出、抚恤金等。
        依据：人员经费 985.25万元（支出决算!H4:H8、支出决算!H20:H25、支出决算!H33:H39）；算法 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=301|303
        办法：请按账上的改；账错了就改工作簿。
    """,
    en="""
    error D804 report.docx 第120段  人员经费 is not that of the accounts: the report says 958.25, the accounts 985.25
        found: 人员经费958.25万元，主要包括：基本工资、津贴补贴、奖金、伙食补助费、绩效工资、机关事业单位基本养老保险缴费、职业年金缴费、职工基本医疗保险缴费、公务员医疗补助缴费、其他社会保障缴费、住房公积金、其他工资福利支出、抚恤金等。
        expected: 人员经费985.25万元，主要包括：基本工资、津贴补贴、奖金、伙食补助费、绩效工资、机关事业单位基本养老保险缴费、职业年金缴费、职工基本医疗保险缴费、公务员医疗补助缴费、其他社会保障缴费、住房公积金、其他工资福利支出、抚恤金等。
        terms: 人员经费 985.25万元（支出决算!H4:H8、支出决算!H20:H25、支出决算!H33:H39）; formula 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=301|303
        what to do: Write what the accounts say; if they are wrong, correct the workbook.
    """,
)
def a_wrong_number_in_a_report_without_marks() -> Said:
    return edited_report(("985.25", "958.25"), marks="none")


@case(
    "D805",
    zh="""
    提示 D805 report.docx 第120段  报告里没有账上的公用经费
        现为：—
        应为：公用经费155.91万元，主要包括：办公费、印刷费、邮电费、差旅费、因公出国（境）费用、公务接待费、劳务费、工会经费、福利费、其他交通费用、其他商品和服务支出等。
        依据：公用经费 155.91万元（支出决算!H9:H19、支出决算!H26:H32）；算法 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=302|307|310|312|399
        办法：被删去的请补上；确实不需要的可以不管。
    """,
    en="""
    warning D805 report.docx 第120段  the report does not say what the accounts have: 公用经费
        found: —
        expected: 公用经费155.91万元，主要包括：办公费、印刷费、邮电费、差旅费、因公出国（境）费用、公务接待费、劳务费、工会经费、福利费、其他交通费用、其他商品和服务支出等。
        terms: 公用经费 155.91万元（支出决算!H9:H19、支出决算!H26:H32）; formula 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=302|307|310|312|399
        what to do: Put it back if it was deleted; leave it if it is not wanted.
    """,
)
def a_sentence_deleted_from_the_report() -> Said:
    data, _ = xl2report.load(xl2report.example()).narrative()
    assert data is not None
    report = docx.Document(io.BytesIO(data))
    gone = next(p for p in report.paragraphs if p.text.startswith("公用经费"))
    gone._p.getparent().remove(gone._p)
    report.save("report.docx")
    return verified()


@case(
    "D806",
    zh="""
    提示 D806 report.docx 第122段  公用经费被复制到这里，又说了一遍
        现为：公用经费155.91万元，主要包括：办公费、印刷费、邮电费、差旅费、因公出国（境）费用、公务接待费、劳务费、工会经费、福利费、其他交通费用、其他商品和服务支出等。
        办法：多余的请删去；确需再说的可以不管，更新时两处一起改。
    """,
    en="""
    warning D806 report.docx 第122段  公用经费 was copied to here and is said twice
        found: 公用经费155.91万元，主要包括：办公费、印刷费、邮电费、差旅费、因公出国（境）费用、公务接待费、劳务费、工会经费、福利费、其他交通费用、其他商品和服务支出等。
        what to do: Delete what is too much; if it is meant, leave it: both are refreshed.
    """,
)
def a_paragraph_of_the_report_copied() -> Said:
    data, _ = xl2report.load(xl2report.example()).narrative()
    assert data is not None
    report = docx.Document(io.BytesIO(data))
    twice = next(p for p in report.paragraphs if p.text.startswith("公用经费"))
    twice._p.addnext(copy.deepcopy(twice._p))
    report.save("report.docx")
    return verified()


@case(
    "D807",
    zh="""
    错误 D807 report.docx 第195段  手工键入的 958.25万元 不是账上的数，像是人员经费（985.25）
        现为：3.用958.25万元搞好信息调研工作，为县政府领导决策当好参谋助手并搞好服务。
        应为：3.用985.25万元搞好信息调研工作，为县政府领导决策当好参谋助手并搞好服务。
        依据：人员经费 985.25万元（支出决算!H4:H8、支出决算!H20:H25、支出决算!H33:H39）；算法 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=301|303
        办法：请按账上的改。
    """,
    en="""
    error D807 report.docx 第195段  958.25万元 was typed in and is not of the accounts; 人员经费 seems to be meant (985.25)
        found: 3.用958.25万元搞好信息调研工作，为县政府领导决策当好参谋助手并搞好服务。
        expected: 3.用985.25万元搞好信息调研工作，为县政府领导决策当好参谋助手并搞好服务。
        terms: 人员经费 985.25万元（支出决算!H4:H8、支出决算!H20:H25、支出决算!H33:H39）; formula 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=301|303
        what to do: Write what the accounts say.
    """,
)
def a_number_typed_in_with_its_digits_exchanged() -> Said:
    return edited_report(("3.搞好信息调研工作", "3.用958.25万元搞好信息调研工作"))


@case(
    "D808",
    zh="""
    提示 D808 report.docx 第195段  手工键入的 985.25万元 就是人员经费，但没有标记，账变了不会跟着变
        现为：3.用985.25万元搞好信息调研工作，为县政府领导决策当好参谋助手并搞好服务。
        依据：人员经费 985.25万元（支出决算!H4:H8、支出决算!H20:H25、支出决算!H33:H39）；算法 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=301|303
        办法：可以不管；工作簿再改时请记得核对。
    """,
    en="""
    warning D808 report.docx 第195段  985.25万元 was typed in; it is 人员经费, but has no mark and will not follow the accounts
        found: 3.用985.25万元搞好信息调研工作，为县政府领导决策当好参谋助手并搞好服务。
        terms: 人员经费 985.25万元（支出决算!H4:H8、支出决算!H20:H25、支出决算!H33:H39）; formula 表=支出决算，资金性质=一般公共预算财政拨款，支出类型=基本支出，经济科目=301|303
        what to do: Leave it, and look at it again when the workbook changes.
    """,
)
def a_number_typed_in_that_is_right() -> Said:
    return edited_report(("3.搞好信息调研工作", "3.用985.25万元搞好信息调研工作"))


@case(
    "D809",
    zh="""
    提示 D809 report.docx 第195段  手工键入的 7.77万元 在账上没有对应的数
        现为：3.用7.77万元搞好信息调研工作，为县政府领导决策当好参谋助手并搞好服务。
        办法：请核对来源；是部门自己的数可以不管。
    """,
    en="""
    warning D809 report.docx 第195段  7.77万元 was typed in; no figure of the accounts is like it
        found: 3.用7.77万元搞好信息调研工作，为县政府领导决策当好参谋助手并搞好服务。
        what to do: Check where it is from; leave it if it is a number of your own.
    """,
)
def a_number_typed_in_that_no_figure_is_like() -> Said:
    return edited_report(("3.搞好信息调研工作", "3.用7.77万元搞好信息调研工作"))


@case(
    "D810",
    zh="""
    错误 D810 report.docx 第143段  说的方向与账不符：报告为“比2022年度增加35.13万元，增长18.39%”，账上是“比2022年度减少35.13万元，下降18.39%”
        现为：2023年度，峨边彝族自治县人民政府办公室机关运行经费支出155.91万元，比2022年度增加35.13万元，增长18.39%。
        应为：2023年度，峨边彝族自治县人民政府办公室机关运行经费支出155.91万元，比2022年度减少35.13万元，下降18.39%。
        依据：机关运行经费的增减 35.13万元（支出决算!H9:H19、支出决算!H26:H32、上年决算!B7）；算法 机关运行经费 - 机关运行经费.上年；机关运行经费的增长率 18.39%（支出决算!H9:H19、支出决算!H26:H32、上年决算!B7）；算法 机关运行经费.增减 / 机关运行经费.上年
        办法：请按账上的改，并核对这句话和原因说明。
    """,
    en="""
    error D810 report.docx 第143段  the direction is not that of the accounts: the report says 比2022年度增加35.13万元，增长18.39%, the accounts 比2022年度减少35.13万元，下降18.39%
        found: 2023年度，峨边彝族自治县人民政府办公室机关运行经费支出155.91万元，比2022年度增加35.13万元，增长18.39%。
        expected: 2023年度，峨边彝族自治县人民政府办公室机关运行经费支出155.91万元，比2022年度减少35.13万元，下降18.39%。
        terms: 机关运行经费的增减 35.13万元（支出决算!H9:H19、支出决算!H26:H32、上年决算!B7）; formula 机关运行经费 - 机关运行经费.上年; 机关运行经费的增长率 18.39%（支出决算!H9:H19、支出决算!H26:H32、上年决算!B7）; formula 机关运行经费.增减 / 机关运行经费.上年
        what to do: Write what the accounts say, and read the sentence and its reasons again.
    """,
)
def a_direction_turned_in_the_report() -> Said:
    return edited_report(("减少35.13万元，下降", "增加35.13万元，增长"))


@case(
    "D811",
    zh="""
    提示 D811 report.docx 第195段  留有没有改好的字样“XX”
        现为：3.搞好XX调研工作，为县政府领导决策当好参谋助手并搞好服务。
        办法：请补上实际内容，或改正、删去。
    """,
    en="""
    warning D811 report.docx 第195段  the words “XX” were left over
        found: 3.搞好XX调研工作，为县政府领导决策当好参谋助手并搞好服务。
        what to do: Put in what is meant, or correct or delete it.
    """,
)
def a_placeholder_in_the_report() -> Said:
    return edited_report(("3.搞好信息调研工作", "3.搞好XX调研工作"))


@case(
    "D812",
    zh="""
    错误 D812 report.docx  图“支出构成”画的不是账上的数
        现为：基本支出 97.41；项目支出 20.59
        应为：基本支出 79.41%；项目支出 20.59%
        依据：基本支出的占比 79.41%（支出决算!H4:H44）；算法 基本支出 / 本年支出合计（最大余额法，支出决算结构各项之和为100%）；项目支出的占比 20.59%（支出决算!H4:H44）；算法 项目支出 / 本年支出合计（最大余额法，支出决算结构各项之和为100%）
        办法：请更新报告，或在图的数据表中改正。
    """,
    en="""
    error D812 report.docx  the chart 支出构成 does not draw the accounts
        found: 基本支出 97.41；项目支出 20.59
        expected: 基本支出 79.41%；项目支出 20.59%
        terms: 基本支出的占比 79.41%（支出决算!H4:H44）; formula 基本支出 / 本年支出合计（最大余额法，支出决算结构各项之和为100%）; 项目支出的占比 20.59%（支出决算!H4:H44）; formula 项目支出 / 本年支出合计（最大余额法，支出决算结构各项之和为100%）
        what to do: Refresh the report, or correct the data of the chart.
    """,
)
def a_chart_that_draws_something_else() -> Said:
    return edited_parts(b"<c:v>79.41</c:v>", b"<c:v>97.41</c:v>")


@case(
    "D813",
    zh="""
    提示 D813 report.docx  报告是按另一个年度编制的
        现为：2022
        应为：2023
        办法：请核对工作簿、口径（--profile）和模板（--template）是否拿对；下面按现在的核对。
    """,
    en="""
    warning D813 report.docx  the report was compiled with another year
        found: 2022
        expected: 2023
        what to do: See whether workbook, profile (--profile) and template (--template) are the right ones; it is compared with these.
    """,
)
def a_report_of_another_year() -> Said:
    return edited_parts(b'year="2023"', b'year="2022"')


@case(
    "D814",
    zh="""
    说明 D814 report.docx 第143段  文字材料[原因：机关运行经费]的文字在报告里改写过，与工作簿不同，其中的数没有变
        现为：主要原因是单位人员减少，相应的机关运行经费比上年也有少量减少，机关运行经费因此少了。
        应为：主要原因是单位人员减少，相应的机关运行经费比上年也有少量减少，所以机关运行经费较上年有所减少。
        依据：文字材料[原因：机关运行经费] 单位人员减少，相应的机关运行经费比上年也有少量减少，所以机关运行经费较上年有所减少（文字材料!D44）
        办法：可以不管；希望下次编制也用新的文字，请改工作簿。
    """,
    en="""
    note D814 report.docx 第143段  the words of 文字材料[原因：机关运行经费] were rewritten in the report and differ from the workbook; no number in them changed
        found: 主要原因是单位人员减少，相应的机关运行经费比上年也有少量减少，机关运行经费因此少了。
        expected: 主要原因是单位人员减少，相应的机关运行经费比上年也有少量减少，所以机关运行经费较上年有所减少。
        terms: 文字材料[原因：机关运行经费] 单位人员减少，相应的机关运行经费比上年也有少量减少，所以机关运行经费较上年有所减少（文字材料!D44）
        what to do: Leave it; to have the new words next time too, put them into the workbook.
    """,
)
def a_reason_rewritten_in_the_report() -> Said:
    return edited_report(("所以机关运行经费较上年有所减少", "机关运行经费因此少了"))


@case(
    "D815",
    zh="""
    说明 D815 report.docx  报告里没有标记（编制时没有作，或在别的程序里丢了），按文字对照核对
        办法：改写很多的句子可能对不上；请尽量用编制出来的文件修改。
    """,
    en="""
    note D815 report.docx  the report has no marks (none were made, or another program lost them); it is compared by its words
        what to do: Sentences that were much rewritten may not be found; better edit the file that was compiled.
    """,
)
def a_report_without_marks() -> Said:
    return edited_report(marks="none")


@case(
    "D816",
    zh="""
    错误 D816 report.docx  不能核对：既不是 Word 报告（.docx），也不是 Excel 附表（.xlsx）
        办法：请用 Word、Excel 或 WPS 打开，另存为 .docx 或 .xlsx。
    """,
    en="""
    error D816 report.docx  cannot be verified: neither a Word report (.docx) nor a schedules workbook (.xlsx)
        what to do: Open it in Word, Excel or WPS and save it as .docx or .xlsx.
    """,
)
def a_report_that_is_none() -> Said:
    Path("report.docx").write_bytes(b"2023")
    return verified()


@case(
    "D817",
    zh="""
    错误 D817 schedules.xlsx!03 支出决算表!C10  附表里的数或文字与账不符
        现为：740.29
        应为：740.28
        依据：行政运行 740.28（支出决算!H4:H19）；算法 功能科目=2010301，本年支出合计
        办法：请按账上的改；账错了就改工作簿，再重新编制。
    """,
    en="""
    error D817 schedules.xlsx!03 支出决算表!C10  the schedule does not say what the accounts say
        found: 740.29
        expected: 740.28
        terms: 行政运行 740.28（支出决算!H4:H19）; formula 功能科目=2010301，本年支出合计
        what to do: Write what the accounts say; if they are wrong, correct the workbook and compile again.
    """,
)
def a_cell_of_the_schedules_changed() -> Said:
    def change(book: Any) -> None:
        book["03 支出决算表"]["C10"] = 740.29

    return edited_schedules(change)


@case(
    "D818",
    zh="""
    错误 D818 schedules.xlsx!03 支出决算表  附表里少了这张表
        办法：请补上或删去；账错了就改工作簿，再重新编制。
    """,
    en="""
    error D818 schedules.xlsx!03 支出决算表  in the schedules this sheet is missing
        what to do: Put it back or delete it; if the accounts are wrong, correct the workbook and compile again.
    """,
)
def a_schedule_deleted() -> Said:
    def delete(book: Any) -> None:
        del book["03 支出决算表"]

    return edited_schedules(delete)


# -- profiles -----------------------------------------------------------------------------------------


def linted(text: str) -> Said:
    """A profile of one's own that extends sichuan/2023, checked by ``profile lint``."""
    Path("county").mkdir()
    Path("county/profile.toml").write_text(f'extends = "sichuan/2023"\n{text}', encoding="utf-8")
    return printed("profile", "lint", "county")


@case(
    "P701",
    zh="""
    提示 P701 profile.toml [schedule.05]  口径中可疑：与 sichuan/2023 相同，没有改变什么
        现为：variant
        办法：若不是有意如此，请改正或删去。
    """,
    en="""
    warning P701 profile.toml [schedule.05]  suspicious in the profile: says the same as sichuan/2023 and changes nothing
        found: variant
        what to do: Correct it or take it out, unless it is meant.
    """,
)
def an_overlay_that_says_what_its_base_says() -> Said:
    return linted('[schedule."05"]\nvariant = "按经济分类"\n')


@case(
    "P702",
    zh="""
    说明 P702 profile.toml [measure.人均公用经费]  附表、规则、图、文字材料和本口径的模板都没有用到它
        办法：自己的模板（--template）可以用它；若不是为此，可以删去。
    """,
    en="""
    note P702 profile.toml [measure.人均公用经费]  no schedule, rule, chart or text, nor the profile's template, uses it
        what to do: A template of your own (--template) may; if it is not meant for one, take it out.
    """,
)
def a_number_that_nothing_asks_for() -> Said:
    return linted('[measure."人均公用经费"]\nformula = "公用经费 / 在职人员总数"\nunit = "万元"\n')


# -- a new year -----------------------------------------------------------------------------------------


def next_year(code: str, sheet: str) -> Said:
    """What is said of a sheet when the workbook of 2024 is made from the example."""
    Path("2024").mkdir()
    text = 'extends = "sichuan/2023"\n[profile]\ntitle = "次年度"\nyear = 2024\n'
    Path("2024/profile.toml").write_text(text, encoding="utf-8")
    found = xl2report.new_workbook("new.xlsx", "2024", last=xl2report.example()).findings
    return said(f for f in found if (f.code, f.place) == (code, sheet))


@case(
    "O608",
    zh="""
    说明 O608 结转结余  从上年工作簿带入1行：上年“年末结转和结余”带入“年初结转和结余”
        现为：一般公共预算财政拨款
        办法：请核对；有变化的，直接修改。
    """,
    en="""
    note O608 结转结余  1 rows carried from last year's workbook: last year's 年末结转和结余 as 年初结转和结余
        found: 一般公共预算财政拨款
        what to do: Look them over and change what is different now.
    """,
)
def the_balances_of_last_year() -> Said:
    return next_year("O608", "结转结余")


@case(
    "O609",
    zh="""
    说明 O609 收入决算  没有从上年工作簿带入
        办法：请按本年数据填写。
    """,
    en="""
    note O609 收入决算  nothing was carried from last year's workbook
        what to do: Fill it in with this year's data.
    """,
)
def the_income_of_last_year() -> Said:
    return next_year("O609", "收入决算")


@case(
    "O610",
    zh="""
    提示 O610 new.xlsx  还没有2099年度的口径，新工作簿按 某省/2098 生成
        办法：可以先填；核对和编制要等有了2099年度的口径，用 --profile 指定。
    """,
    en="""
    warning O610 new.xlsx  there is no profile of 2099 yet; the new workbook is made by 某省/2098
        what to do: Fill it in now; check and compile when there is a profile of 2099, with --profile.
    """,
)
def a_year_without_a_profile() -> Said:
    Path("某省/2098").mkdir(parents=True)
    text = 'extends = "sichuan/2023"\n[profile]\ntitle = "二〇九八年度"\nyear = 2098\n'
    Path("某省/2098/profile.toml").write_text(text, encoding="utf-8")
    example(基本信息={"B7": 2098}).save("last.xlsx")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xl2report.pipeline.available", lambda: ())
        found = xl2report.new_workbook("new.xlsx", "某省/2098", last="last.xlsx").findings
    return said(f for f in found if f.code == "O610")


# -- refresh ------------------------------------------------------------------------------------------


def refreshed(
    *paragraphs: str,
    edit: Callable[[Any], object] = lambda _: None,
    prepare: Callable[[Any], object] = lambda _: None,
    other: str = "",
    marks: Any = "bookmark",
    track: bool = False,
    **cells: Any,
) -> Said:
    """The example's report from a template of some paragraphs, edited, then refreshed to accounts with some cells changed."""
    template = docx.Document()
    for text in paragraphs:
        template.add_paragraph(text)
    prepare(template)
    template.save("own.docx")
    template.add_paragraph(other)
    template.save("other.docx")
    saved()
    xl2report.compile("accounts.xlsx", "out", template="own.docx", toc="none", marks=marks)
    document = docx.Document("out/accounts-report.docx")
    edit(document)
    document.save("report.docx")
    saved(**cells)
    used = "other.docx" if other else "own.docx"
    return said(xl2report.refresh("report.docx", "accounts.xlsx", "new.docx", template=used, track=track).findings)


RECEPTION = {"三公经费": {"C7": 20_700, "C8": 20_700}, "支出决算": {"H14": 20_700, "H4": 1_976_400}}
"""公务接待费 2.07万元 instead of 1.07万元."""
CHART = '{{ chart("三公经费构成") }}'
NEW_ITEM = {
    "收入决算": {"A15": "2010399", "C15": 50_000},
    "支出决算": {"A45": "一般公共预算财政拨款", "B45": "2010399", "D45": "基本支出", "E45": "30201", "H45": 50_000},
    "支出预算": {"A16": "一般公共预算财政拨款", "B16": "2010399", "D16": 50_000},
}
"""5万元 of an item that the example does not have."""


def with_rows(document: Any) -> None:
    """A table with a row for each item of the list."""
    table = document.add_table(3, 2)
    table.rows[0].cells[0].text = "{%tr for 项 in 一般公共预算支出按项 %}"
    table.rows[1].cells[0].text = "{{ 项.项 }}"
    table.rows[1].cells[1].text = "{{ 项 }}"
    table.rows[2].cells[0].text = "{%tr endfor %}"


def without_drawing(document: Any) -> None:
    drawing = next(document.element.body.iter(qn("w:drawing")))
    drawing.getparent().remove(drawing)


def with_other_points(document: Any) -> None:
    chart = next(part for part in document.part.package.parts if "charts/chart" in part.partname)
    chart._blob = chart.blob.replace(b"<c:v>29.97</c:v>", b"<c:v>30</c:v>")


def copied(document: Any) -> None:
    """The first paragraph once more, as LibreOffice pastes it."""
    again = copy.deepcopy(document.paragraphs[0]._p)
    for mark in again.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd")):
        mark.set(qn("w:id"), "77")
    for mark in again.iter(qn("w:bookmarkStart")):
        mark.set(qn("w:name"), f"{mark.get(qn('w:name'))}1")
    document.paragraphs[0]._p.addnext(again)


def unmarked(document: Any) -> None:
    for mark in list(document.element.body.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd"))):
        if mark.get(qn("w:id")) == "1":
            mark.getparent().remove(mark)


def says(text: str, new: str) -> Callable[[Any], None]:
    """An edit: the run that says a text says another."""

    def edit(document: Any) -> None:
        run = next(r for r in document.element.body.iter(qn("w:t")) if r.text == text)
        run.text = new

    return edit


def refreshed_text() -> Said:
    Path("report.docx").write_text("一段文字", encoding="utf-8")
    return said(xl2report.refresh("report.docx", xl2report.example(), "new.docx").findings)


@case(
    "D851",
    zh="""
    错误 D851 report.docx  报告中没有来源标记，无法更新
        办法：请用 compile 重新编制一份带标记的报告，把手写的文字移过去；以后就能用 refresh 更新。
    """,
    en="""
    error D851 report.docx  the report has no marks, so it cannot be refreshed
        what to do: Compile a marked report anew and carry the prose over; from then on refresh can bring it up to date.
    """,
)
def a_report_without_marks_to_be_refreshed() -> Said:
    return refreshed("{{ 公务接待费 }}万元", marks="none")


@case(
    "D852",
    zh="""
    错误 D852 report.docx  不是可读的 Word 文档（.docx）
        办法：请用 Word 或 WPS 打开原文件，另存为“Word 文档（.docx）”。
    """,
    en="""
    error D852 report.docx  not a Word document (.docx) that can be read
        what to do: Open the original in Word or WPS and save it as “Word document (.docx)”.
    """,
)
def a_report_that_is_no_word_document() -> Said:
    return refreshed_text()


@case(
    "D855",
    zh="""
    提示 D855 report.docx  编制这份报告的模板与现在的模板不同
        现为：own.docx
        应为：other.docx
        办法：用自己的模板编制的，请用 --template 指定；模板确实改了的，下面列出措辞不同的句子。
    """,
    en="""
    warning D855 report.docx  the report was compiled from another template
        found: own.docx
        expected: other.docx
        what to do: Name your own template with --template; where the template was changed, sentences that differ are listed.
    """,
)
def a_report_from_another_template() -> Said:
    return refreshed("{{ 公务接待费 }}万元", other="另一段")


@case(
    "D861",
    zh="""
    提示 D861 report.docx 第1段  手工改过的数，已改为账上的数：接待费1.1万元。
        现为：1.1
        应为：2.07
        依据：公务接待费 1.07 → 2.07（三公经费!C7）
        办法：请核对：手工改的数如果是对的，应改工作簿。
    """,
    en="""
    warning D861 report.docx 第1段  a number that was changed by hand is now that of the accounts: 接待费1.1万元。
        found: 1.1
        expected: 2.07
        terms: 公务接待费 1.07 → 2.07（三公经费!C7）
        what to do: See which is right; where it is the one typed in, correct the workbook.
    """,
)
def a_number_of_the_report_changed_by_hand() -> Said:
    return refreshed("接待费{{ 公务接待费 }}万元。", edit=says("1.07", "1.1"), **RECEPTION)


@case(
    "D862",
    zh="""
    提示 D862 report.docx 第1段  手工改过的文字，保留未动：接待费略有减少。
        现为：略有减少
        应为：增加0.58万元，增长38.93%
        依据：公务接待费.变动 减少0.42万元，下降28.19% → 增加0.58万元，增长38.93%；公务接待费.增减 0.58（三公经费!C7、三公经费!D7）；公务接待费.增长率 38.93%（三公经费!C7、三公经费!D7）
        办法：请对照应印的文字，自行修改。
    """,
    en="""
    warning D862 report.docx 第1段  words that were changed by hand were left as they are: 接待费略有减少。
        found: 略有减少
        expected: 增加0.58万元，增长38.93%
        terms: 公务接待费.变动 减少0.42万元，下降28.19% → 增加0.58万元，增长38.93%; 公务接待费.增减 0.58（三公经费!C7、三公经费!D7）; 公务接待费.增长率 38.93%（三公经费!C7、三公经费!D7）
        what to do: Compare them with what would be printed and change them yourself.
    """,
)
def a_phrase_of_the_report_changed_by_hand() -> Said:
    return refreshed("接待费{{ 公务接待费.变动 }}。", edit=says("减少0.42万元，下降28.19%", "略有减少"), **RECEPTION)


@case(
    "D863",
    zh="""
    提示 D863 report.docx 第1段  这些句子的措辞会变，未作改动
        现为：接待较少，1.07万元。
        应为：接待较多，2.07万元。
        办法：请对照应印的句子，自行修改。
    """,
    en="""
    warning D863 report.docx 第1段  these sentences would be worded otherwise; they were left as they are
        found: 接待较少，1.07万元。
        expected: 接待较多，2.07万元。
        what to do: Compare them with what would be printed and change them yourself.
    """,
)
def a_branch_that_goes_another_way() -> Said:
    return refreshed("接待{% if 公务接待费 > 2 %}较多{% else %}较少{% endif %}，{{ 公务接待费 }}万元。", **RECEPTION)


@case(
    "D864",
    zh="""
    提示 D864 report.docx 第1段  现在会多印这些句子，报告中没有
        应为：超过2万元。
        办法：需要的话，请在此段之后补上。
    """,
    en="""
    warning D864 report.docx 第1段  these sentences would be printed now; the report does not have them
        expected: 超过2万元。
        what to do: Add them after this paragraph where they are wanted.
    """,
)
def a_sentence_more() -> Said:
    return refreshed("接待费{{ 公务接待费 }}万元。{% if 公务接待费 > 2 %}超过2万元。{% endif %}", **RECEPTION)


@case(
    "D865",
    zh="""
    提示 D865 report.docx 第1段  现在不会再印这些句子，未作改动
        现为：不到2万元。
        办法：请核对，不再需要的删去。
    """,
    en="""
    warning D865 report.docx 第1段  these sentences would not be printed any more; they were left as they are
        found: 不到2万元。
        what to do: See whether they still hold, and delete those that do not.
    """,
)
def a_sentence_less() -> Said:
    return refreshed("接待费{{ 公务接待费 }}万元。{% if 公务接待费 < 2 %}不到2万元。{% endif %}", **RECEPTION)


@case(
    "D866",
    zh="""
    提示 D866 report.docx 第1段  有的数或文字在报告中已没有标记，没有更新
        现为：接待费1.07万元，共3.57万元。
        应为：接待费2.07万元，共4.57万元。
        依据：公务接待费 1.07 → 2.07
        办法：句子还在的，请对照应印的句子改数；已删去的，不必处理。
    """,
    en="""
    warning D866 report.docx 第1段  numbers or texts have no mark in the report any more and were not refreshed
        found: 接待费1.07万元，共3.57万元。
        expected: 接待费2.07万元，共4.57万元。
        terms: 公务接待费 1.07 → 2.07
        what to do: Where the sentence is still there, correct it as it would be printed; where it was deleted, do nothing.
    """,
)
def a_number_of_the_report_without_its_mark() -> Said:
    return refreshed("接待费{{ 公务接待费 }}万元，共{{ 三公经费 }}万元。", edit=unmarked, **RECEPTION)


@case(
    "D867",
    zh="""
    说明 D867 report.docx 第1段  同一个数在几处（复制而来），都已更新
        现为：1.07
        应为：2.07
        依据：公务接待费 2.07（report.docx 第1段）；公务接待费 2.07（report.docx 第2段）
        办法：无需处理。
    """,
    en="""
    note D867 report.docx 第1段  a number that stands in several places, by copying, was refreshed in all of them
        found: 1.07
        expected: 2.07
        terms: 公务接待费 2.07（report.docx 第1段）; 公务接待费 2.07（report.docx 第2段）
        what to do: Nothing to do.
    """,
)
def a_paragraph_copied_and_refreshed() -> Said:
    return refreshed("接待费{{ 公务接待费 }}万元。", edit=copied, **RECEPTION)


@case(
    "D868",
    zh="""
    提示 D868 report.docx  图“三公经费构成”没有更新：报告中已没有这张图
        现为：因公出国（境）费 70.03%；公务接待费 29.97%
        应为：因公出国（境）费 70.03%；公务接待费 29.97%
        办法：请自行增删或修改。
    """,
    en="""
    warning D868 report.docx  the chart “三公经费构成” was not refreshed: it is no longer in the report
        found: 因公出国（境）费 70.03%；公务接待费 29.97%
        expected: 因公出国（境）费 70.03%；公务接待费 29.97%
        what to do: Add, delete or change it yourself.
    """,
)
def a_chart_of_the_report_taken_out() -> Said:
    return refreshed("{{ 三公经费 }}", CHART, edit=without_drawing)


@case(
    "D869",
    zh="""
    说明 D869 report.docx  图中的数已更新，图的改动不能作为修订
        现为：三公经费构成
        办法：审阅时请一并看图。
    """,
    en="""
    note D869 report.docx  charts have their new numbers; changes of charts cannot be tracked
        found: 三公经费构成
        what to do: Look at the charts too when you review the changes.
    """,
)
def a_chart_refreshed_while_texts_are_tracked() -> Said:
    return refreshed("{{ 三公经费 }}", CHART, track=True, **RECEPTION)


@case(
    "D870",
    zh="""
    提示 D870 report.docx 第2段  手写的文字里像是还有上年的年份或数，未作改动
        现为：接待只花了1.07万元。
        依据：1.07 2.07
        办法：请核对，需要的自行修改。
    """,
    en="""
    warning D870 report.docx 第2段  words that people wrote seem to have years or numbers of last time; they were left as they are
        found: 接待只花了1.07万元。
        terms: 1.07 2.07
        what to do: See whether they still hold and change them yourself.
    """,
)
def a_number_of_last_time_typed_into_the_report() -> Said:
    return refreshed(
        "接待费{{ 公务接待费 }}万元。",
        edit=lambda document: document.add_paragraph("接待只花了1.07万元。"),
        **RECEPTION,
    )


@case(
    "D872",
    zh="""
    提示 D872 report.docx 第4段  表格的行会变，未作改动
        应为：其他政府办公厅（室）及相关机构事务支出　5
        办法：请对照应印的行，自行修改表格。
    """,
    en="""
    warning D872 report.docx 第4段  rows of a table would change; they were left as they are
        expected: 其他政府办公厅（室）及相关机构事务支出　5
        what to do: Compare them with what would be printed and change the table yourself.
    """,
)
def rows_of_a_table_that_was_changed_by_hand() -> Said:
    return refreshed("附表", prepare=with_rows, edit=says("行政运行", "运行"), **NEW_ITEM)


@case(
    "D873",
    zh="""
    提示 D873 report.docx  图“三公经费构成”的数手工改过，已改为账上的数
        现为：因公出国（境）费 70.03；公务接待费 30
        应为：因公出国（境）费 70.03%；公务接待费 29.97%
        办法：请核对：手工改的数如果是对的，应改工作簿。
    """,
    en="""
    warning D873 report.docx  the numbers of the chart “三公经费构成” were changed by hand; they are now those of the accounts
        found: 因公出国（境）费 70.03；公务接待费 30
        expected: 因公出国（境）费 70.03%；公务接待费 29.97%
        what to do: See which are right; where it is those typed in, correct the workbook.
    """,
)
def a_chart_of_the_report_changed_by_hand() -> Said:
    return refreshed("{{ 三公经费 }}", CHART, edit=with_other_points)


@case(
    "D874",
    zh="""
    说明 D874 report.docx 第2段  表格没有人改过，行已按现在的账换过：去掉0行，增加1行
        现为：0
        应为：1
        办法：请看一下表格的版面。
    """,
    en="""
    note D874 report.docx 第2段  the rows of a table that nobody had changed were renewed: 0 taken out, 1 put in
        found: 0
        expected: 1
        what to do: Look at the layout of the table.
    """,
)
def rows_of_a_table_that_nobody_changed() -> Said:
    return refreshed("附表", prepare=with_rows, **NEW_ITEM)


@case(
    "D881",
    zh="""
    说明 D881 report.docx  报告的1处标记中，更新了1处
        现为：1
        应为：1
        办法：无需处理。
    """,
    en="""
    note D881 report.docx  of 1 marks in the report 1 were refreshed
        found: 1
        expected: 1
        what to do: Nothing to do.
    """,
)
def a_report_refreshed() -> Said:
    return refreshed("接待费{{ 公务接待费 }}万元。", **RECEPTION)


# -- many workbooks ------------------------------------------------------------------------------------


def compiled_together(*paths: str, out: str | None = None, fault: BaseException | None = None, **options: Any) -> Said:
    """What is said of workbooks that are compiled together; with a fault of the program while it makes the outputs."""
    with pytest.MonkeyPatch.context() as patch:
        if fault is not None:
            patch.setattr(bulk, "make", raising(fault))
            patch.setattr(bulk, "_WORKER", bulk._Worker(memory=2048))
        results = bulk.compile_many(paths, out, toc="none", marks="none", **options).results
    return said(found for result in results for found in result.findings)


def raising(fault: BaseException) -> Callable[..., object]:
    def make(*_: object, **__: object) -> object:
        raise fault

    return make


@case(
    "B901",
    zh="""
    错误 B901 县  这里没有工作簿
        办法：请检查文件夹或通配符；文件夹只找其中的 .xlsx 和 .xlsm，要连下级文件夹一起找，写“文件夹/**”。
    """,
    en="""
    error B901 县  there is no workbook here
        what to do: Check the folder or pattern; of a folder the .xlsx and .xlsm files in it are taken, “folder/**” takes those below it too.
    """,
)
def a_folder_without_workbooks() -> Said:
    Path("县/乡").mkdir(parents=True)
    Path("县/乡/accounts.xlsx").touch()
    return compiled_together("县")


@case(
    "B902",
    zh="""
    错误 B902 2/ACCOUNTS.xlsx  两个工作簿的输出同名：1/accounts.xlsx
        办法：请改一个文件名，或分别编制到不同的文件夹。文件名只有大小写不同的也算同名。
    """,
    en="""
    error B902 2/ACCOUNTS.xlsx  two workbooks would write the same file: 1/accounts.xlsx
        what to do: Rename one of them, or compile them into different folders. Names that differ only in case are the same.
    """,
)
def two_workbooks_of_one_name() -> Said:
    for path in (Path("1/accounts.xlsx"), Path("2/ACCOUNTS.xlsx")):
        path.parent.mkdir()
        path.write_bytes(xl2report.example().read_bytes())
    return compiled_together("1/accounts.xlsx", "2/ACCOUNTS.xlsx", out="out")


@case(
    "B903",
    zh="""
    说明 B903 b.xlsx  与“accounts.xlsx”是同一个文件，只处理一次
        办法：无需处理。
    """,
    en="""
    note B903 b.xlsx  this is the same file as accounts.xlsx and was taken once
        what to do: Nothing to do.
    """,
)
def one_file_by_two_names() -> Said:
    saved()
    Path("b.xlsx").hardlink_to("accounts.xlsx")
    return compiled_together("accounts.xlsx", "b.xlsx", out="out")


@case(
    "B905",
    zh="""
    错误 B905 accounts.xlsx  300秒内没有处理完，已停止
        办法：请单独处理这个工作簿，看它是否特别大；需要更长时间的，用 --timeout。
    """,
    en="""
    error B905 accounts.xlsx  not done in 300 seconds, and stopped
        what to do: Compile this workbook by itself and see whether it is very large; --timeout gives it more time.
    """,
)
def a_workbook_that_takes_longer_than_the_others_may() -> Said:
    return compiled_together("accounts.xlsx", fault=bulk._OutOfTimeError())


@case(
    "B906",
    zh="""
    错误 B906 accounts.xlsx  所需内存超过每个进程的上限（2048 MiB）
        办法：请检查工作簿是否特别大，删去与决算无关的工作表。
    """,
    en="""
    error B906 accounts.xlsx  it needs more memory than a worker may have (2048 MiB)
        what to do: See whether the workbook is very large; take out sheets that have nothing to do with the accounts.
    """,
)
def a_workbook_that_needs_too_much_memory() -> Said:
    return compiled_together("accounts.xlsx", fault=MemoryError())


@case(
    "B907",
    zh="""
    错误 B907 accounts.xlsx  处理它的进程意外结束：RuntimeError: cannot schedule new futures after shutdown
        办法：请单独处理这个工作簿；如果仍然这样，请把它发给程序的维护者。
    """,
    en="""
    error B907 accounts.xlsx  the process that worked on it ended: RuntimeError: cannot schedule new futures after shutdown
        what to do: Compile this workbook by itself; if it happens again, send it to those who maintain the program.
    """,
)
def a_workbook_whose_worker_is_gone() -> Said:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    return compiled_together("accounts.xlsx", executor=executor)


@case(
    "B909",
    zh="""
    提示 B909 乙.xlsx  “峨边彝族自治县人民政府办公室”2023年度有两个工作簿，另一个是 accounts.xlsx
        办法：请核对哪一个是对的，删去另一个的输出。
    """,
    en="""
    warning B909 乙.xlsx  峨边彝族自治县人民政府办公室 has two workbooks for 2023; the other one is accounts.xlsx
        what to do: See which of them is right, and delete the outputs of the other.
    """,
)
def two_workbooks_of_one_department() -> Said:
    saved()
    Path("乙.xlsx").write_bytes(Path("accounts.xlsx").read_bytes())
    with ThreadPoolExecutor(1) as executor:
        return compiled_together("accounts.xlsx", "乙.xlsx", out="out", executor=executor)


@case(
    "B908",
    zh="""
    错误 B908 accounts.xlsx  程序内部出错：KeyError: '收入决算' (test_finding_codes.py:…)
        办法：请把这个工作簿和这条信息发给程序的维护者；其他工作簿不受影响。
    """,
    en="""
    error B908 accounts.xlsx  an error inside the program: KeyError: '收入决算' (test_finding_codes.py:…)
        what to do: Send this workbook and this message to those who maintain the program; the other workbooks are not affected.
    """,
)
def a_workbook_on_which_the_program_fails() -> Said:
    told = compiled_together("accounts.xlsx", fault=KeyError("收入决算"))
    return [(re.sub(r"py:\d+", "py:…", zh), re.sub(r"py:\d+", "py:…", en)) for zh, en in told]


# -- the tests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", [pytest.param(code, id=f"{code} {make.__name__}") for code, (make, *_) in CASES.items()]
)
def test_a_wrong_input_is_told_what_is_wrong_and_nothing_else(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make, zh, en = CASES[code]
    found = make()
    assert [text for text in found if text[0].split()[1] == code] == [(zh, en)]
    errors = [chinese for chinese, _ in found if chinese.startswith("错误")]
    assert errors == ([zh] if CODES[code].severity == "error" else [])


@pytest.mark.parametrize("code", CODES)
def test_every_built_in_code_has_a_case(code: str) -> None:
    assert code in CASES


def test_every_case_is_a_built_in_code() -> None:
    assert set(CASES) <= set(CODES)

"""Whatever file it is given, the program says in short time and little memory what is wrong with it and where."""

from __future__ import annotations

import json
import os
import random
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hostile
import pytest
from hostile import FUND, OFFICE, RELATIONS, part_of, row_of, text_cell, with_amount, with_budget

import xl2report
from xl2report import fresh, guards, spreadsheet
from xl2report.facts import Book
from xl2report.findings import Finding
from xl2report.loading import load_profile
from xl2report.pipeline import lint_template, verify
from xl2report.reader import read
from xl2report.refreshing import refresh

BUDGET = part_of(hostile.BUDGET)
MIB = 2**20


def reading(data: bytes) -> tuple[Book | None, tuple[Finding, ...]]:
    return read(data, load_profile("sichuan/2023"), "accounts.xlsx")


def said(data: bytes) -> list[str]:
    """What is found in a workbook, in short: ``V201 支出预算!D2  #DIV/0!``."""
    return [f"{found.code} {found.place}  {found.found}".strip() for found in reading(data)[1]]


def amount_in(data: bytes) -> str | None:
    """The amount of D2 of 支出预算."""
    book, _ = reading(data)
    assert book is not None
    return next((str(fact.amount) for fact in book.facts if str(fact.cell) == "支出预算!D2"), None)


def test_the_workbook_that_all_tests_here_change_is_read_without_findings() -> None:
    assert (said(hostile.workbook()), amount_in(hostile.workbook())) == ([], "5")


# -- time and memory ----------------------------------------------------------------------------------

BLANK_ROWS = "".join(f'<row r="{number}"/>' for number in range(3, 1_000_000))
COSTLY: dict[str, tuple[Callable[[], bytes], list[str], float]] = {
    "a zip bomb of spaces": (
        lambda: hostile.workbook({BUDGET: b" " * (200 * MIB)}),
        ["F014 accounts.xlsx"],
        1,
    ),
    "a zip bomb that says it is small": (
        lambda: hostile.lying_about_size(hostile.workbook({BUDGET: b" " * (200 * MIB)}), BUDGET, 1000),
        ["F005 accounts.xlsx"],
        1,
    ),
    "two million cells": (
        lambda: with_budget("".join(f'<row r="{n}">{"<c><v>1</v></c>" * 20}</row>' for n in range(2, 100_001))),
        ["S112 支出预算!A20001"],
        5,
    ),
    "a million empty rows": (lambda: with_budget(BLANK_ROWS), [], 2),
    "a million rows of blanks with a format": (
        lambda: with_budget("".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(2, 1_000_000))),
        [],
        2,
    ),
    "three hundred thousand merged cells": (
        lambda: with_budget(
            below="<mergeCells>"
            + "".join(f'<mergeCell ref="A{n}:C{n}"/>' for n in range(10, 300_010))
            + '<mergeCell ref="A3:XFD1048576"/></mergeCells>'
        ),
        [],
        2,
    ),
    "a count of four thousand million texts": (
        lambda: hostile.with_relation(
            "sharedStrings",
            "sharedStrings.xml",
            {
                "xl/sharedStrings.xml": f'<sst xmlns="{hostile.MAIN}" count="4000000000" uniqueCount="4000000000"/>'.encode(),
            },
        ),
        [],
        1,
    ),
    "a text of fifty million characters": (
        lambda: with_budget(row_of(2, FUND, "2010301", "行政运行" * 2_000_000, 5)),
        ["V220 支出预算!C2"],
        2,
    ),
    "elements half a million deep": (lambda: with_budget("<row>" * 500_000 + "</row>" * 500_000), [], 3),
}
CHILD = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
sys.path.insert(0, sys.argv[1])
import test_hostile_workbooks as tests
import xl2report
from pathlib import Path
from xl2report.loading import load_profile
from xl2report.reader import read

def status(key):
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if key in line)

xl2report.load(sys.argv[2])
for name, (make, _, _) in tests.COSTLY.items():
    Path("accounts.xlsx").write_bytes(make())
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    began = time.process_time()
    found = [f"{f.code} {f.place}" for f in read(Path("accounts.xlsx"), load_profile("sichuan/2023"))[1]]
    took, grew = time.process_time() - began, (status("VmHWM") - before) / 1024
    print(json.dumps([name, found, took, grew]), flush=True)
heavy = {"openpyxl", "lxml", "numpy", "python_calamine", "matplotlib"}
print(json.dumps(sorted(heavy & {name.partition(".")[0] for name in sys.modules if name.startswith(tuple(heavy))})))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measures memory as Linux tells it")
def test_a_costly_workbook_is_refused_or_read_in_little_time_and_memory(tmp_path: Path, example: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(example)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    *lines, natives = [json.loads(line) for line in run.stdout.splitlines()]
    for name, found, took, grew in lines:
        _, expected, seconds = COSTLY[name]
        assert found == expected, name
        assert took <= 2 * seconds, (name, took)  # the machine that tests may be slow or busy
        assert grew <= 128, (name, grew)
    assert len(lines) == len(COSTLY)
    assert natives == []  # no library that could end the process takes part in reading


def test_a_part_that_takes_too_long_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "SECONDS", 0.0)
    assert said(hostile.workbook()) == ["F018 accounts.xlsx"]


# -- the package --------------------------------------------------------------------------------------


def test_what_a_zip_bomb_unpacks_to_is_told_with_its_largest_part() -> None:
    (found,) = reading(hostile.workbook({"xl/media/bomb.bin": b"\0" * (65 * MIB)}))[1]
    assert (found.code, "xl/media/bomb.bin" in found.message.zh, found.expected) == ("F014", True, "≤ 64.0 MiB")


def test_a_package_of_thousands_of_members_is_refused() -> None:
    assert said(hostile.workbook({f"xl/media/{n}.bin": b"" for n in range(500)})) == ["F015 accounts.xlsx  514"]
    many = hostile.workbook({f"{n}": b"" for n in range(10_500)})
    assert said(many) == ["F015 accounts.xlsx  > 10000"]


ENTITIES = (
    '<!DOCTYPE sst [<!ENTITY a "' + "a" * 50 + '">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + f']><sst xmlns="{hostile.MAIN}"><si><t>&i;</t></si></sst>'
)  # fmt: skip


@pytest.mark.parametrize(
    ("part", "content"),
    [
        pytest.param("xl/sharedStrings.xml", ENTITIES.encode(), id="billion laughs"),
        pytest.param("xl/sharedStrings.xml", ENTITIES.encode("utf-16"), id="in UTF-16"),
        pytest.param("xl/sharedStrings.xml", b"\xfe\xff" + ENTITIES.encode("utf-16-be"), id="in UTF-16, other order"),
        pytest.param("xl/sharedStrings.xml", ENTITIES.encode("utf-16-le"), id="in UTF-16 without a mark"),
        pytest.param("docProps/app.xml", b"<!-- -->\n<!DOCTYPE x><x/>", id="in a part that is not read"),
        pytest.param("xl/strange.bin", b"<!DOCTYPE x SYSTEM 'x.dtd'><x/>", id="in a part with another ending"),
        pytest.param(BUDGET, b" " * 300_000 + b"<!DOCTYPE x><x/>", id="far down in a large part"),
    ],
)
def test_a_document_type_anywhere_is_refused_before_anything_is_parsed(part: str, content: bytes) -> None:
    (found,) = reading(hostile.workbook({part: content}))[1]
    assert (found.code, found.found, part in found.message.zh) == ("F016", "DOCTYPE", True)


@pytest.mark.parametrize("encoding", ["UTF-7", "utf-32", "IBM037", "GB18030"])
def test_an_encoding_that_could_hide_a_document_type_is_refused(encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?><x/>'.encode()
    assert said(hostile.workbook({"docProps/app.xml": xml})) == [f"F016 accounts.xlsx  {encoding}"]


def test_nothing_is_fetched_for_an_external_entity() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        asked = []
        thread = threading.Thread(target=lambda: asked.append(_accepted(server)))
        thread.start()
        xml = f'<!DOCTYPE x SYSTEM "http://127.0.0.1:{port}/x.dtd" [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
        assert said(hostile.workbook({BUDGET: xml.encode()})) == ["F016 accounts.xlsx  DOCTYPE"]
        thread.join()
    assert asked == [False]


def _accepted(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(
    "name", ["../../evil.xml", "/etc/evil.xml", "xl\\..\\..\\evil.xml", "C:evil.xml", "XL/Workbook.xml"]
)
def test_a_member_that_leads_outside_or_stands_twice_is_refused(name: str) -> None:
    assert said(hostile.workbook({name: b"<x/>"})) == [f"F017 accounts.xlsx  {name}"]


def test_an_encrypted_member_is_told_by_its_name() -> None:
    package = bytearray(hostile.workbook())
    at = package.rindex(BUDGET.encode()) - 46
    package[at + 8] |= 1
    assert said(bytes(package)) == [f"F019 accounts.xlsx  {BUDGET}"]


def test_a_flipped_bit_is_found_or_changes_nothing() -> None:
    whole = hostile.workbook()
    right, _ = reading(whole)
    chance = random.Random(6)
    caught = 0
    for _ in range(400):
        at = chance.randrange(len(whole) * 8)
        broken = bytearray(whole)
        broken[at // 8] ^= 1 << at % 8
        book, findings = reading(bytes(broken))
        if book != right:
            assert findings, at
            assert book is None or findings[0].severity == "error", at
            caught += 1
    assert caught > 300


@pytest.mark.parametrize("length", [0, 1, 4, 30, 500, -1, -21, -22])
def test_a_file_that_was_cut_off_is_refused(length: int) -> None:
    (found,) = reading(hostile.workbook()[:length] if length else b"")[1]
    assert found.code in ("F002", "F005")


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (OLE + "EncryptedPackage".encode("utf-16-le"), "F003 工作簿有打开密码"),
        (OLE + "Workbook".encode("utf-16-le"), "F004 这是旧格式的工作簿（.xls）"),
        (b"<html><table/></html>", "F002 不是 Excel 工作簿（.xlsx），而是网页（HTML）"),
        ("部门,金额\n".encode(), "F002 不是 Excel 工作簿（.xlsx），而是文本文件"),
        (b'<?xml version="1.0"?><Workbook/>', "F002 不是 Excel 工作簿（.xlsx），而是 XML 文件"),
        (b"\x00\x01\x02" * 99, "F002 不是 Excel 工作簿（.xlsx），而是其他格式的文件"),
        (hostile.packed({"xl/workbook.bin": b"x"}), "F002 不是 Excel 工作簿（.xlsx），而是二进制工作簿（.xlsb）"),
        (
            hostile.packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
            "F002 不是 Excel 工作簿（.xlsx），而是 OpenDocument 文件",
        ),
        (hostile.packed({"word/document.xml": b"<x/>"}), "F002 不是 Excel 工作簿（.xlsx），而是 Word 文档（.docx）"),
        (hostile.packed({"a.txt": b"x"}), "F002 不是 Excel 工作簿（.xlsx），而是压缩文件"),
    ],
)
def test_a_file_of_another_format_is_named_by_what_is_in_it(data: bytes, message: str) -> None:
    (found,) = reading(data)[1]
    assert f"{found.code} {found.message.zh}" == message


def test_a_strict_workbook_is_read_like_any_other() -> None:
    assert reading(hostile.packed(hostile.strictly(hostile.standard()))) == reading(hostile.workbook())


# -- relations and sheets -----------------------------------------------------------------------------


def relations_with(old: str, new: str) -> bytes:
    name = "xl/_rels/workbook.xml.rels"
    return hostile.workbook({name: hostile.standard()[name].replace(old.encode(), new.encode())})


def test_a_sheet_whose_part_is_missing_is_an_error_by_its_name() -> None:
    assert said(hostile.workbook({BUDGET: None})) == ["S110 支出预算"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (f'Target="{BUDGET[3:]}"', 'Target="worksheets/nothing.xml"', "S110 支出预算"),
        (f'Target="{BUDGET[3:]}"', 'Target="../../../etc/passwd"', "S110 支出预算"),
        (f'Target="{BUDGET[3:]}"', 'Target="http://example.org/s.xml" TargetMode="External"', "S110 支出预算"),
        (f'Target="{BUDGET[3:]}"', 'Target="workbook.xml"', "S111 支出预算"),
    ],
)
def test_a_relation_that_leads_nowhere_or_elsewhere_is_an_error_of_its_sheet(old: str, new: str, message: str) -> None:
    assert said(relations_with(old, new)) == [message]


def test_a_sheet_without_a_relation_is_an_error_by_its_name() -> None:
    name, number = "xl/_rels/workbook.xml.rels", hostile.titles().index(hostile.BUDGET) + 1
    xml = hostile.standard()[name].replace(f'Id="rId{number}"'.encode(), b'Id="other"')
    assert said(hostile.workbook({name: xml})) == ["S110 支出预算"]


def test_a_workbook_that_is_another_thing_inside_is_refused() -> None:
    assert said(hostile.workbook({"xl/workbook.xml": b"<x/>"})) == ["F005 accounts.xlsx"]


@pytest.mark.parametrize(
    "target", [f"/{BUDGET}", f"../{BUDGET}", BUDGET[3:].upper(), f"./{BUDGET[3:]}", BUDGET[3:].replace("s", "%73")]
)
def test_a_relation_may_be_written_in_any_right_way(target: str) -> None:
    assert said(relations_with(f'Target="{BUDGET[3:]}"', f'Target="{target}"')) == []


def test_a_damaged_sheet_is_told_and_the_others_are_read() -> None:
    parts = {BUDGET: hostile.budget()[:-30], part_of("收入决算"): hostile.sheet_xml("")}
    assert [found.split()[0] for found in said(hostile.workbook(parts))] == ["S105", "S111"]


def renamed(new: str, state: str = "") -> bytes:
    xml = hostile.standard()["xl/workbook.xml"].decode()
    return hostile.workbook({"xl/workbook.xml": xml.replace('name="支出预算"', f'name="{new}"{state}').encode()})


@pytest.mark.parametrize("name", ["支出预算 ", "　支出预算", "支出\u200b预算", "支出预算\u200f"])
def test_a_name_of_a_sheet_that_only_looks_the_same_is_the_same(name: str) -> None:
    book, findings = reading(renamed(name))
    assert (findings, book and book.sheets["支出预算"]) == ((), name)
    assert [str(fact.amount) for fact in book.facts if fact.cell.sheet == name] == ["5"]  # type: ignore[union-attr]


def test_a_sheet_of_another_name_is_told_with_the_nearest() -> None:
    assert said(renamed("支出预算表")) == ["S101 accounts.xlsx  支出预算表", "S102 accounts.xlsx  支出预算表"]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_read_and_that_is_said(state: str) -> None:
    data = renamed("支出预算", f' state="{state}"')
    assert (said(data), amount_in(data)) == (["S107 支出预算  支出预算"], "5")


def test_external_links_programs_and_connections_are_told_and_values_kept() -> None:
    part = "xl/externalLinks/externalLink1.xml"
    link = f'<externalLink xmlns="{hostile.MAIN}"><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    far = f'<Relationship Id="r" Type="{OFFICE}/externalLinkPath" Target="file:///S:/预算.xlsx" TargetMode="External"/>'
    data = hostile.with_relation(
        "externalLink",
        "externalLinks/externalLink1.xml",
        {
            part: link.encode(),
            "xl/externalLinks/_rels/externalLink1.xml.rels": f'<Relationships xmlns="{RELATIONS}">{far}</Relationships>'.encode(),
            BUDGET: hostile.amount('<c r="D2"><f>[1]Sheet1!A1</f><v>7</v></c>'),
        },
    )
    assert (said(data), amount_in(data)) == (["F020 accounts.xlsx  DDE cmd|/c calc、file:///S:/预算.xlsx"], "7")
    connection = f'<connections xmlns="{hostile.MAIN}"><connection id="1" name="财政一体化"/></connections>'.encode()
    data = hostile.with_relation("connections", "connections.xml", {"xl/connections.xml": connection})
    assert said(data) == ["F020 accounts.xlsx  财政一体化"]


def test_macros_are_left_alone_and_that_is_said() -> None:
    data = hostile.with_relation("vbaProject", "vbaProject.bin", {"xl/vbaProject.bin": b"\0" * 9})
    assert (said(data), amount_in(data)) == (["F021 accounts.xlsx"], "5")


# -- cells --------------------------------------------------------------------------------------------


def test_the_declared_dimension_is_not_believed() -> None:
    assert said(with_budget(above='<dimension ref="A1:XFD1048576"/>')) == []
    assert amount_in(with_budget(above='<dimension ref="A1"/>')) == "5"


@pytest.mark.parametrize("ref", ["XFD1048576", "A1048576", "A20001", "GS2", "XFD6000"])
def test_a_value_far_outside_is_an_error_at_its_cell(ref: str) -> None:
    row = ref.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert said(with_budget(f'<row r="{row}"><c r="{ref}"><v>1</v></c></row>')) == [f"S112 支出预算!{ref}  1"]


def test_blanks_with_a_format_may_stand_anywhere() -> None:
    rows = (
        row_of(2, FUND, "2010301", "行政运行", 5) + '<row r="1048576"><c r="A1048576" s="0"/><c r="XFD1048576"/></row>'
    )
    assert (said(with_budget(rows)), amount_in(with_budget(rows))) == ([], "5")


def test_what_stands_under_merged_cells_is_told_and_not_read() -> None:
    rows = row_of(2, FUND, "2010301", "行政运行", 5) + row_of(3, FUND, "2010301", "行政运行", 9)
    data = with_budget(rows, below='<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="D2:D3"/></mergeCells>')
    assert said(data)[0] == "S115 支出预算!A3  A3、D3"
    assert amount_in(data) == "5"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        pytest.param('<c r="D2"><f>SUM(A1)</f></c>', "V202 支出预算!D2  =SUM(A1)", id="formula without a value"),
        pytest.param('<c r="D2" t="e"><v>#DIV/0!</v></c>', "V201 支出预算!D2  #DIV/0!", id="error value"),
        pytest.param('<c r="D2"><v>NaN</v></c>', "V201 支出预算!D2  NaN", id="NaN"),
        pytest.param('<c r="D2"><v>inf</v></c>', "V201 支出预算!D2  inf", id="infinity"),
        pytest.param('<c r="D2"><v>1e999</v></c>', "V201 支出预算!D2  inf", id="a number without end"),
        pytest.param('<c r="D2"><v>1_000</v></c>', "V201 支出预算!D2  1_000", id="an underscore"),
        pytest.param('<c r="D2"><v>0x10</v></c>', "V201 支出预算!D2  0x10", id="another base"),
        pytest.param('<c r="D2" t="b"><v>1</v></c>', "V201 支出预算!D2  True", id="a truth value"),
        pytest.param('<c r="D2" t="d"><v>2023-05-01</v></c>', "V201 支出预算!D2  2023-05-01", id="a date"),
        pytest.param(f'<c r="D2"><v>{"9" * 300}</v></c>', f"V210 支出预算!D2  {'9' * 60}", id="300 digits"),
        pytest.param(f'<c r="D2"><v>{"9" * 5000}</v></c>', f"V210 支出预算!D2  {'9' * 60}", id="5,000 digits"),
        pytest.param(text_cell("D2", "{{ 7*7 }}"), "V201 支出预算!D2  {{ 7*7 }}", id="an expression"),
        pytest.param(text_cell("D2", "=1+1"), "V201 支出预算!D2  =1+1", id="a text like a formula"),
        pytest.param('<c r="D2" t="s"><v>7</v></c>', "S114 支出预算!D2  7", id="a shared text that is not there"),
        pytest.param('<c r="D2" t="s"><v>-1</v></c>', "S114 支出预算!D2  -1", id="a shared text before the first"),
        pytest.param('<c r="D2" t="s"><v>x</v></c>', "S114 支出预算!D2  x", id="a shared text without a number"),
        pytest.param('<c r="D2"><v>1</v></c><c r="D2"><v>2</v></c>', "S113 支出预算!D2  2", id="a cell twice"),
        pytest.param('<c r="D2"><v>1</v></c><c r="D0"><v>2</v></c>', "S111 支出预算", id="a row 0"),
        pytest.param('<c r="D2"><v>1</v></c></row><row r="0"><c r="A0"><v>2</v></c>', "S111 支出预算", id="row 0 itself"),
        pytest.param('<c r="D2"><v>1</v></c><c r="ÄÖ2"><v>2</v></c>', "S111 支出预算", id="letters of no column"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_an_error_at_its_cell(cell: str, message: str) -> None:
    assert said(with_amount(cell)) == [message]


def test_rows_and_cells_may_stand_in_any_order() -> None:
    rows = row_of(3, FUND, "2010301", "行政运行", 6) + f'<row r="2"><c r="D2"><v>5</v></c>{"".join(text_cell(f"{c}2", v) for c, v in zip("CBA", ("行政运行", "2010301", FUND), strict=True))}</row>'  # fmt: skip
    assert (said(with_budget(rows)), amount_in(with_budget(rows))) == ([], "5")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("１２３", "123"),
        ("（12.5）", "-12.5"),
        ("12\u00a0", "12"),
        ("１，２３４．５", "1234.5"),
    ],
)
def test_a_number_that_is_a_text_is_converted_by_rule_and_listed(text: str, amount: str) -> None:
    data = with_amount(text_cell("D2", text))
    (found,) = reading(data)[1]
    assert (found.code, found.place, amount_in(data)) == ("V221", "支出预算!D2", amount)
    assert [(term.value, term.place) for term in found.terms] == [(f"“{text.strip()}” → {amount}", "D2")]


@pytest.mark.parametrize("sign", ["\u200b", "\u200f", "\u202e", "\ufeff", "\xad", "_x0001_"])
def test_signs_that_nobody_sees_make_no_other_name_and_are_told(sign: str) -> None:
    data = with_budget(row_of(2, f"一般公共{sign}预算财政拨款", f"20103{sign}01", "行政运行", 5))
    assert said(data) == [f"V207 支出预算!A2  {FUND}", "V207 支出预算!B2  2010301"]
    assert amount_in(data) == "5"


def test_a_text_longer_than_a_cell_is_an_error() -> None:
    data = with_budget(row_of(2, FUND, "2010301", "字" * 32_768, 5))
    assert said(data) == [f"V220 支出预算!C2  {'字' * 40}…"]
    assert said(with_budget(row_of(2, FUND, "2010301", "行政运行" + " " * 40_000, 5))) == []


# -- files that are none ------------------------------------------------------------------------------


def loaded(path: Path) -> list[str]:
    return [f"{found.code} {found.message.zh}" for found in xl2report.load(path).findings]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_only_ordinary_files_are_read_and_nothing_is_waited_for(tmp_path: Path) -> None:
    pipe, loop, link, empty = (tmp_path / f"{name}.xlsx" for name in ("pipe", "loop", "link", "empty"))
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    (tmp_path / "right.xlsx").write_bytes(hostile.workbook())
    link.symlink_to(tmp_path / "right.xlsx")
    empty.write_bytes(b"")
    assert loaded(pipe) == ["F012 不是普通文件，而是管道（FIFO）"]
    assert loaded(Path("/dev/zero")) == ["F012 不是普通文件，而是设备"]
    assert loaded(tmp_path) == ["F009 无法读取文件：Is a directory"]
    assert loaded(loop) == ["F009 无法读取文件：Too many levels of symbolic links"]
    assert loaded(empty) == ["F002 不是 Excel 工作簿（.xlsx），而是空文件"]
    assert loaded(tmp_path / "a\0b.xlsx") == ["F009 无法读取文件：embedded null byte"]
    assert not [found for found in loaded(link) if found[0] in "FS"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    with path.open("wb") as stream:
        stream.truncate(21 * MIB)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert loaded(path) == ["F013 文件太大"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10 * 1024


# -- the other packages that are opened ---------------------------------------------------------------


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory, example: Path) -> Callable[[str], Path]:
    """A Word document with something in it, as a file."""
    template = guards.unpacked(Path(load_profile("sichuan/2023").template).read_bytes())
    changes = {
        "size": {"word/media/bomb.bin": b"\0" * (65 * MIB)},
        "entities": {"word/settings.xml": b"<!DOCTYPE x><x/>"},
        "leaves": {"../evil.xml": b"<x/>"},
    }

    def make(what: str) -> Path:
        path = tmp_path_factory.mktemp("bombs") / f"{what}.docx"
        path.write_bytes(hostile.packed({**template, **changes[what]}, level=1))
        return path

    return make


@pytest.mark.parametrize(("what", "code"), [("size", "F014"), ("entities", "F016"), ("leaves", "F017")])
def test_templates_and_reports_pass_the_same_guards(
    what: str, code: str, bomb: Callable[[str], Path], example: Path, tmp_path: Path
) -> None:
    path = bomb(what)

    def codes(result: Any) -> list[str]:
        return [found.code for found in result.findings if found.code[0] in "FT"]

    assert codes(lint_template(path)) == [code]
    assert codes(verify(path, example)) == [code]
    assert codes(refresh(path, example, out=tmp_path / "new.docx")) == [code]
    compiled = xl2report.compile(example, tmp_path / "out", template=path, toc="none")
    assert (codes(compiled), compiled.paths) == ([code], ())


def test_a_report_of_hundreds_of_strange_sentences_is_verified_in_seconds(
    report: xl2report.Report, example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "MOST_COMPARED", 10_000)  # a tenth of it, so that the test is short
    data, _ = report.narrative(toc="none")
    assert data is not None
    words = "年度部门决算支出收入万元增加减少主要原因是一般公共预算财政拨款"
    sentences = ("".join(words[(i * i + at * (i % 53 + 1)) % len(words)] for at in range(60)) for i in range(800))
    body = "".join(f"<w:p><w:r><w:t>{sentence}</w:t></w:r></w:p>" for sentence in sentences)
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'.encode()
    path = tmp_path / "report.docx"
    path.write_bytes(hostile.packed({**guards.unpacked(data), "word/document.xml": document}))
    began = time.process_time()
    assert verify(path, example).status == 1
    assert time.process_time() - began < 5

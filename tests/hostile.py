"""Packages that nobody should send, made in memory: a small standard workbook with one thing wrong with it."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from functools import cache
from xml.sax.saxutils import escape

from xl2report.facts import letters
from xl2report.loading import load_profile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
BUDGET = "支出预算"
FUND = "一般公共预算财政拨款"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def text_cell(ref: str, text: str) -> str:
    return f'<c r="{ref}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def row_of(number: int, *values: object) -> str:
    """One row: texts, numbers, or XML of cells as it is."""
    cells = ""
    for column, value in enumerate(values):
        ref = f"{letters(column)}{number}"
        if isinstance(value, str) and value.startswith("<c"):
            cells += value
        elif isinstance(value, str):
            cells += text_cell(ref, value)
        elif value is not None:
            cells += f'<c r="{ref}"><v>{value}</v></c>'
    return f'<row r="{number}">{cells}</row>'


def sheet_xml(rows: str, *, above: str = "", below: str = "") -> bytes:
    xml = f'{DECLARATION}<worksheet xmlns="{MAIN}">{above}<sheetData>{rows}</sheetData>{below}</worksheet>'
    return xml.encode()


@cache
def titles() -> tuple[str, ...]:
    return tuple(table.name for table in load_profile("sichuan/2023").tables.values() if table.required)


def part_of(title: str) -> str:
    """The part of one of the standard sheets."""
    return f"xl/worksheets/sheet{titles().index(title) + 1}.xml"


@cache
def heads(title: str) -> tuple[str, ...]:
    columns = load_profile("sichuan/2023").tables[title].columns
    return tuple(column.heading for column in columns if not column.optional)


def standard() -> dict[str, bytes]:
    """The parts of a workbook with all required sheets, one row in 支出预算 (its amount in D2), and no findings."""
    sheets = "".join(
        f'<sheet name="{title}" sheetId="{at}" r:id="rId{at}"/>' for at, title in enumerate(titles(), start=1)
    )
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(titles()) + 1)
    )
    root = f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}">{root}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">{relations}</Relationships>',
    }
    found = {name: (DECLARATION + xml).encode() for name, xml in parts.items()}
    for title in titles():
        found[part_of(title)] = sheet_xml(row_of(1, *heads(title)))
    found[part_of("基本信息")] = sheet_xml(
        row_of(1, "项目", "内容") + row_of(2, "部门名称", "某某局") + row_of(3, "年度", 2023)
    )
    return found | {part_of(BUDGET): budget()}


def budget(rows: str | None = None, *, above: str = "", below: str = "") -> bytes:
    """The sheet 支出预算 with these rows under its headings; by default one row that is right."""
    data = row_of(2, FUND, "2010301", "行政运行", 5) if rows is None else rows
    return sheet_xml(
        row_of(1, "资金性质", "功能科目编码", "功能科目名称", "全年预算数") + data, above=above, below=below
    )


def amount(cell: str) -> bytes:
    """The sheet 支出预算 with this XML as the cell of its amount, D2."""
    return budget(row_of(2, FUND, "2010301", "行政运行", cell))


def packed(parts: Mapping[str, bytes], level: int = 6) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return stream.getvalue()


def workbook(changes: Mapping[str, bytes | None] | None = None) -> bytes:
    """The standard workbook with some parts changed, added or (None) missing."""
    parts: dict[str, bytes | None] = {**standard(), **(changes or {})}
    return packed({name: data for name, data in parts.items() if data is not None})


def with_budget(rows: str | None = None, *, above: str = "", below: str = "") -> bytes:
    return workbook({part_of(BUDGET): budget(rows, above=above, below=below)})


def with_amount(cell: str) -> bytes:
    return workbook({part_of(BUDGET): amount(cell)})


def with_relation(kind: str, target: str, parts: Mapping[str, bytes], mode: str = "") -> bytes:
    """The workbook with one more relation, and the parts that belong to it."""
    name = "xl/_rels/workbook.xml.rels"
    relation = f'<Relationship Id="rIdX" Type="{OFFICE}/{kind}" Target="{target}"{mode}/></Relationships>'
    return workbook({name: standard()[name].replace(b"</Relationships>", relation.encode()), **parts})


def replaced(package: bytes, old: bytes, new: bytes) -> bytes:
    """The package with something in its lists of members changed."""
    assert old in package
    return package.replace(old, new)


def lying_about_size(package: bytes, name: str, size: int) -> bytes:
    """The package whose list says another size of a member than it has."""
    at = package.rindex(name.encode()) - 46
    assert package[at : at + 4] == b"PK\x01\x02"
    return package[: at + 24] + struct.pack("<L", size) + package[at + 28 :]


def strictly(parts: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same parts in the namespaces of strict OOXML."""
    spaces = {
        MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
        OFFICE: "http://purl.oclc.org/ooxml/officeDocument/relationships",
    }
    found = {}
    for name, data in parts.items():
        text = data.decode()
        for transitional, strict in spaces.items():
            text = text.replace(transitional, strict)
        found[name] = text.encode()
    return found

"""Marks: unseen, one for every number that is printed, right after LibreOffice and after edits; nothing else changes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from openpyxl import load_workbook
from openpyxl.utils.cell import rows_from_range
from test_rules import Entries, consistent, entry
from test_same_files import saved, sheets_of, shuffled_columns

import xl2report
from xl2report.cli import main
from xl2report.derive import Figures
from xl2report.facts import TABLE, Book
from xl2report.manifest import BEGIN, END, SAID, Carrier, manifest_in, written
from xl2report.marks import Found, Mark, Marked, read_marks
from xl2report.narrative import render
from xl2report.packages import pack, parts_of
from xl2report.sheets import lay_out
from xl2report.template_text import template_text

pytestmark = pytest.mark.usefixtures("compiled_once")

Convert = Callable[[Path, str], Path]
CARRIERS: tuple[Carrier, ...] = ("bookmark", "control")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?[%％]?")


@pytest.fixture(scope="module")
def marked(report: xl2report.Report, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Carrier], Path]:
    """The example with its schedules as tables, marked in a way; compiled once for each."""
    folder = tmp_path_factory.mktemp("marked")

    @cache
    def made(carrier: Carrier) -> Path:
        data, findings = report.narrative(with_tables=True, marks=carrier)
        assert data is not None, findings
        (folder / f"{carrier}.docx").write_bytes(data)
        return folder / f"{carrier}.docx"

    return made


def read(data: bytes | Path) -> Marked:
    found = read_marks(data.read_bytes() if isinstance(data, Path) else data)
    assert found is not None
    return found


def mark_of(marked: Marked, found: Found) -> Mark:
    mark = marked.mark(found.name)
    assert mark is not None
    return mark


def texts(path: Path) -> list[str]:
    """Every text of body, tables, headers and footers, as python-docx sees it."""
    return template_text(path.read_bytes()).splitlines()


def filled(report: xl2report.Report, tmp_path: Path, *paragraphs: str, carrier: Carrier = "bookmark") -> bytes:
    """What a template of some paragraphs makes."""
    document: Any = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    path = tmp_path / "own.docx"
    document.save(path)
    data, findings = report.narrative(path, marks=carrier)
    assert data is not None, findings
    return data


def said(data: bytes) -> list[str]:
    return [p.text for p in Document(io.BytesIO(data)).paragraphs]


def printed(data: bytes) -> list[tuple[str, str]]:
    """(key, text) of every mark."""
    marked = read(data)
    return [(mark_of(marked, found).key, found.text) for found in marked.found]


def sentinels(data: bytes) -> list[str]:
    """The parts that hold a character which is not for readers (bullets are, of a font of symbols)."""
    return [
        name
        for name, part in parts_of(data).items()
        if name.endswith((".xml", ".rels")) and name != "word/numbering.xml"
        if re.search(f"[{BEGIN}-{END}\ue000-\uf8ff]", part.decode())
    ]


# -- nothing else changes -----------------------------------------------------------------------------


def test_a_marked_report_reads_as_one_without_marks(marked: Callable[[Carrier], Path]) -> None:
    assert texts(marked("bookmark")) == texts(marked("none"))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_text_of_every_part_is_that_of_the_report_without_marks(
    marked: Callable[[Carrier], Path], carrier: Carrier
) -> None:
    def plain(path: Path) -> dict[str, list[str]]:
        parts = {n: p for n, p in parts_of(path.read_bytes()).items() if re.match(r"word/[a-z]+\d*\.xml$", n)}
        return {name: ["".join(p.itertext()) for p in etree.fromstring(x).iter(qn("w:p"))] for name, x in parts.items()}

    assert plain(marked(carrier)) == plain(marked("none"))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_letter_keeps_its_formatting(marked: Callable[[Carrier], Path], carrier: Carrier) -> None:
    def letters(path: Path) -> list[tuple[str, bytes]]:
        found = []
        for run in etree.fromstring(parts_of(path.read_bytes())["word/document.xml"]).iter(qn("w:r")):
            properties = run.find(qn("w:rPr"))
            look = etree.tostring(properties, method="c14n", exclusive=True) if properties is not None else b""
            found += [(letter, look) for text in run.iter(qn("w:t")) for letter in text.text or ""]
        return found

    assert letters(marked(carrier)) == letters(marked("none"))


def test_a_report_without_marks_carries_nothing(marked: Callable[[Carrier], Path]) -> None:
    parts = parts_of(marked("none").read_bytes())

    assert [name for name, part in parts.items() if b"_x2r_" in part or b"xl2report:marks" in part] == []
    assert read(marked("none")).manifest is None
    assert read(marked("none")).found == ()


@pytest.mark.parametrize("carrier", ["bookmark", "control", "none"])
def test_the_schema_validator_has_nothing_to_say(
    marked: Callable[[Carrier], Path], validator: str, carrier: Carrier
) -> None:
    done = subprocess.run([validator, marked(carrier)], capture_output=True, text=True, timeout=120, check=False)

    assert json.loads(done.stdout)["errors"] == []


def test_the_pages_are_the_same(
    marked: Callable[[Carrier], Path], converted: Convert, needs: Callable[[str], str]
) -> None:
    def pages(carrier: Carrier, *how: str) -> str:
        command = [needs("pdftotext"), *how, str(converted(marked(carrier), "pdf")), "-"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def words(carrier: Carrier) -> list[tuple[str, float, float]]:
        found = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)"[^>]*>(.*?)</word>', pages(carrier, "-bbox"))
        return [(word, float(x), float(y)) for x, y, word in found]

    assert pages("bookmark", "-layout") == pages("none", "-layout")
    before, after = words("none"), words("bookmark")
    assert [word for word, *_ in after] == [word for word, *_ in before]
    # LibreOffice measures the text between two bookmarks by itself, so words move by less than a tenth of a letter
    assert max(abs(x - u) for (_, x, _), (_, u, _) in zip(before, after, strict=True)) < 1.6
    assert [y for *_, y in after] == [y for *_, y in before]


@pytest.mark.parametrize("carrier", ["bookmark", "control", "none"])
def test_the_same_accounts_give_the_same_bytes(
    marked: Callable[[Carrier], Path], example: Path, carrier: Carrier
) -> None:
    again, _ = xl2report.load(example).narrative(with_tables=True, marks=carrier)

    assert again == marked(carrier).read_bytes()


def test_contents_and_their_headings_are_as_without_marks(report: xl2report.Report) -> None:
    def links(carrier: Carrier) -> list[tuple[str, str]]:
        data, _ = report.narrative(toc="field", marks=carrier)
        assert data is not None
        body: Any = Document(io.BytesIO(data)).element.body
        return [
            (link.get(qn("w:anchor")), "".join(t.text for t in link.iter(qn("w:t"))))
            for link in body.iter(qn("w:hyperlink"))
        ]

    assert len(links("none")) > 30
    assert links("bookmark") == links("none")
    assert links("control") == links("none")


# -- where a template prints --------------------------------------------------------------------------


def test_sentinels_never_leak_into_what_a_template_compares_cuts_or_prints_elsewhere(
    report: xl2report.Report, tmp_path: Path
) -> None:
    document: Any = Document()
    for text in (
        "{% if 三公经费 ~ '' == '3.57' and 三公经费.变动 == '减少82.2万元，下降95.84%' %}对{% endif %}",
        "{% set 数 %}{{ 三公经费 }}{% endset %}{% if 数 == '3.57' %}对{% endif %}{{ 数 }}",
        "{% macro 写(数) %}{{ 数 }}万元{% endmacro %}{% if 写(三公经费) == '3.57万元' %}对{% endif %}{{ 写(三公经费) }}",
        "{% filter replace('3.57', '三点五七') %}{{ 三公经费 }}{% endfilter %}",
        "{{ 三公经费 | string | length }}{{ 三公经费.变动[:2] }}{{ 三公经费.变动 | replace('减少', '少') }}",
        "{{ 三公经费构成 | join('、') }}；{{ 三公经费构成 | join('、', '名称') }}；{{ 收入构成 | join('+', '占比') }}",
        "{{ 三公经费 ~ '万元' }}",
        "1.{{ 三公经费 }}",
    ):
        document.add_paragraph(text)
    section = document.sections[0]
    section.header.paragraphs[0].text = "{{ 部门名称 }}{{ 三公经费 }}"
    section.footer.paragraphs[0].text = "{{ 三公经费.占比 if false else 三公经费.增长率 }}"
    picture = document.add_paragraph().add_run()
    image = next(Path(xl2report.__file__).parents[2].glob("docs/*.png"), None)
    picture.add_picture(io.BytesIO(PNG) if image is None else str(image))
    next(document.element.body.iter(qn("wp:docPr"))).set("descr", "{{ 三公经费 }}万元")
    table = document.add_table(1, 3)
    table.rows[0].cells[0].text = "{% colspan 三公经费构成 | length %}{{ 三公经费 }}"
    field = document.add_paragraph().add_run()
    instruction = OxmlElement("w:instrText")
    instruction.text = "{{ 三公经费 }}"
    field._r.append(instruction)
    path = tmp_path / "own.docx"
    document.save(path)
    documents = {}
    for carrier in ("none", *CARRIERS):
        data, findings = report.narrative(path, marks=carrier)
        assert data is not None, findings
        documents[carrier] = data

    assert [sentinels(data) for data in documents.values()] == [[], [], []]
    assert said(documents["bookmark"]) == said(documents["none"])
    assert said(documents["none"])[:4] == ["对", "对3.57", "对3.57万元", "三点五七"]
    for data in (documents["bookmark"], documents["control"]):
        found = printed(data)
        body = Counter(found)
        assert ("部门名称", "峨边彝族自治县人民政府办公室") in body
        assert ("三公经费.增长率", "-95.84%") in body
        assert body["三公经费", "3.57"] == 3  # in the list, in the table and in the header
        assert [text for key, text in found if key in ("因公出国费", "公务用车费", "公务接待费")] == [
            "2.5",
            "0",
            "1.07",
        ]
        assert len([text for key, text in found if key.endswith(".占比")]) == len(report.figures.listed("收入构成"))
        assert b'descr="3.57\xe4\xb8\x87\xe5\x85\x83"' in parts_of(data)["word/document.xml"]


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf50"
    "0f0003860180a0f2b5d50000000049454e44ae426082"
)


def test_texts_of_the_workbook_that_hold_sentinels_are_printed_without_them(
    edited: Callable[..., Path], tmp_path: Path
) -> None:
    def write(book: Any) -> None:
        sheet = book["基本信息"]
        row = next(r for r in range(1, 60) if sheet.cell(r, 1).value == "部门名称")
        sheet.cell(row, 2).value = f"甲{BEGIN}7{SAID}乙{END}局"

    data, findings = xl2report.load(edited(write)).narrative()
    assert data is not None, findings

    assert sentinels(data) == []
    assert ("部门名称", "甲7乙局") in printed(data)  # what is between them is a text like any other


def test_a_mark_keeps_breaks_and_tabs_inside(edited: Callable[..., Path], tmp_path: Path) -> None:
    def write(book: Any) -> None:
        sheet = book["绩效项目"]
        sheet.cell(4, 12).value = "甲\n乙\t丙"

    report = xl2report.load(edited(write))
    name = next(n for n, cell in report.book.table("绩效项目")[0].cells.items() if cell.ref == "L4")
    for carrier in CARRIERS:
        data = filled(report, tmp_path, "前{{ 绩效项目[0]." + name + " }}后", carrier=carrier)
        assert [text for _, text in printed(data)] == ["甲\n乙\t丙"]
        assert said(data)[:1] == (["前甲\n乙\t丙后"] if carrier == "bookmark" else ["前后"])


def test_a_report_made_a_template_loses_its_old_marks(report: xl2report.Report, tmp_path: Path) -> None:
    for carrier in CARRIERS:
        old = filled(report, tmp_path, "去年{{ 三公经费 }}万元", carrier=carrier)
        document: Any = Document(io.BytesIO(old))
        document.add_paragraph("今年{{ 公务接待费 }}万元")
        document.save(tmp_path / "again.docx")
        data, findings = report.narrative(tmp_path / "again.docx", marks=carrier)
        assert data is not None, findings
        assert printed(data) == [("公务接待费", "1.07")]
        assert len([name for name in parts_of(data) if re.fullmatch(r"customXml/item\d+\.xml", name)]) == 2
        body = etree.fromstring(parts_of(data)["word/document.xml"])
        texts = ["".join(p.itertext()) for p in body.iter(qn("w:p"))]
        assert texts == ["去年3.57万元", "今年1.07万元"]


def test_identifiers_of_bookmarks_are_unique_beside_those_of_the_template(
    report: xl2report.Report, tmp_path: Path
) -> None:
    document: Any = Document()
    document.add_heading("{{ 年度 }}年", 1)
    paragraph = document.add_paragraph("{{ 目录 }}")
    paragraph = document.add_paragraph("{{ 三公经费 }}")
    for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
        bookmark = OxmlElement(tag)
        bookmark.set(qn("w:id"), "41")
        if tag == "w:bookmarkStart":
            bookmark.set(qn("w:name"), "自己的")
        paragraph._p.append(bookmark)
    document.sections[0].header.paragraphs[0].text = "{{ 公务接待费 }}"
    document.save(tmp_path / "own.docx")
    data, findings = report.narrative(tmp_path / "own.docx", toc="field")
    assert data is not None, findings
    identifiers = [
        start.get(qn("w:id"))
        for name, part in parts_of(data).items()
        if re.match(r"word/[a-z]+\d*\.xml$", name)
        for start in etree.fromstring(part).iter(qn("w:bookmarkStart"))
    ]

    assert len(identifiers) == 5  # the template's own, the heading's, three marks
    assert len(set(identifiers)) == 5


# -- the manifest -------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_mark_is_where_the_manifest_says_and_holds_what_was_printed(
    marked: Callable[[Carrier], Path], carrier: Carrier
) -> None:
    found = read(marked(carrier))

    assert found.manifest is not None
    assert len(found.found) == len(found.manifest.marks) > 800
    assert (found.missing, found.duplicated) == ((), ())
    assert [(f, mark_of(found, f)) for f in found.found if f.text != mark_of(found, f).text] == []
    assert {f.by for f in found.found} == {"bookmark" if carrier == "bookmark" else "tag"}
    assert [m for m in found.manifest.marks if not m.parts and m.key not in found.manifest.sources] == []
    assert {m.kind for m in found.manifest.marks} == {"figure", "item", "phrase", "text", "box"}


def test_the_manifest_says_where_a_number_comes_from(
    marked: Callable[[Carrier], Path], report: xl2report.Report, example: Path
) -> None:
    manifest = read(marked("bookmark")).manifest
    assert manifest is not None
    rate = manifest.sources["一般公共预算支出.完成率"]
    item = next(m for m in manifest.marks if m.key == "一般公共预算支出按项[2010301]")
    phrase = next(m for m in manifest.marks if m.key == "三公经费.较上年度变动")
    box = next(m for m in manifest.marks if m.key == "03!C8")

    assert rate.value == report["一般公共预算支出"].execution.value
    assert (rate.unit, rate.how, rate.label) == (
        "%",
        "一般公共预算支出 / 一般公共预算支出.预算",
        "一般公共预算财政拨款支出的完成率",
    )
    assert rate.cells[0].startswith("支出决算!")
    assert (item.kind, item.within, item.text) == ("item", "一般公共预算支出按项", "740.28")
    assert phrase.case == "减少"
    assert [(p.key, p.text, phrase.text[p.at : p.at + len(p.text)] == p.text) for p in phrase.parts] == [
        ("三公经费.增减", "82.2", True),
        ("三公经费.增长率", "95.84%", True),
    ]
    assert {p.key for p in phrase.parts} <= manifest.sources.keys()
    assert manifest.sources["三公经费.增减"].value == Decimal("-822000")
    assert manifest.sources[box.key].cells
    assert manifest.sources["年度"].cells == ("基本信息!B7",)
    assert manifest.origin.workbook == "sichuan-2023-example.xlsx"
    assert manifest.origin.workbook_sha256 == hashlib.sha256(example.read_bytes()).hexdigest()
    assert (manifest.origin.profile, manifest.origin.year) == ("sichuan/2023", 2023)
    assert manifest.origin.program == xl2report.__version__


def test_the_cells_of_every_source_are_those_of_its_figure(
    marked: Callable[[Carrier], Path], report: xl2report.Report
) -> None:
    manifest = read(marked("bookmark")).manifest
    assert manifest is not None
    known = [
        key
        for key, source in manifest.sources.items()
        if source.unit and key.partition(".")[0].partition("[")[0] in report.profile.measures
    ]

    assert len(known) > 80
    for key in known:
        places = [area.rpartition("!") for area in manifest.sources[key].cells]
        cells = {f"{sheet}!{ref}" for sheet, _, area in places for row in rows_from_range(area) for ref in row}
        assert cells == set(map(str, report.figures[key].cells())), key


def test_the_amounts_of_all_schedules_are_marked(marked: Callable[[Carrier], Path], report: xl2report.Report) -> None:
    found = read(marked("bookmark"))
    boxes = {
        f"{sheet.key}!{box.ref}": f"{box.figure.unit.rounded(box.figure.value):,}"
        for sheet in report.sheets
        for box in sheet.amounts
        if box.figure is not None and box.figure.value is not None
    }

    assert {mark_of(found, f).key: f.text for f in found.found if mark_of(found, f).kind == "box"} == boxes


def test_rows_in_another_order_change_nothing_but_the_cells(example: Path, tmp_path: Path) -> None:
    other = xl2report.load(saved(shuffled_columns(sheets_of(load_workbook(example))), tmp_path / example.name))
    (left, _), (right, _) = xl2report.load(example).narrative(), other.narrative()
    assert left is not None
    assert right is not None
    before, after = parts_of(left), parts_of(right)

    assert sorted(n for n in before if before[n] != after[n]) == [
        "customXml/item2.xml",
        "customXml/itemProps2.xml",  # its GUID is that of the manifest
        "docProps/custom.xml",  # the fingerprint of the report
    ]


@pytest.mark.parametrize("program", ["xl2report", "LibreOffice"])
def test_the_points_of_all_charts_are_in_the_manifest(
    marked: Callable[[Carrier], Path], converted: Convert, program: str
) -> None:
    path = marked("bookmark")
    found = read(path if program == "xl2report" else converted(path, "docx"))

    assert len(found.drawn) == 7
    for chart, drawn in found.drawn:
        assert drawn is not None
        assert [p.category for p in chart.points] == list(drawn.categories)
        assert [Decimal(p.text.rstrip("%")) for p in chart.points] == list(map(Decimal, drawn.values))
    assert found.manifest is not None
    assert {p.key for chart, _ in found.drawn for p in chart.points} <= found.manifest.sources.keys()


def test_a_manifest_is_read_as_it_was_written(marked: Callable[[Carrier], Path]) -> None:
    manifest = read(marked("control")).manifest
    assert manifest is not None
    hostile = replace(manifest, marks=(manifest.marks[0]._replace(text="<&\"'>\n\t\r“", key="]]>"),))

    assert manifest_in(written(manifest)) == manifest
    assert manifest_in(written(hostile)) == hostile


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<a/>",
        b'<report xmlns="urn:xl2report:marks" version="2"/>',
        b'<report xmlns="urn:xl2report:marks" version="x"/>',
        b'<report xmlns="urn:xl2report:marks" version="1"><source key="a" value="b"/></report>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><report xmlns="urn:xl2report:marks">&b;</report>',
    ],
)
def test_what_is_no_manifest_is_not_taken_for_one(xml: bytes) -> None:
    found = manifest_in(xml)

    assert found is None or found.marks == ()


def test_the_command_has_the_option(example: Path, tmp_path: Path) -> None:
    by = {}
    for carrier in ("bookmark", "control", "none"):
        assert main(["compile", str(example), "-o", str(tmp_path / carrier), "--toc", "none", "--marks", carrier]) == 0
        found = read(tmp_path / carrier / "sichuan-2023-example-report.docx")
        by[carrier] = {f.by for f in found.found}

    assert by == {"bookmark": {"bookmark"}, "control": {"tag"}, "none": set()}


def test_a_pdf_is_made_from_bookmarks(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_: list[bytes] = []

    def convert(data: bytes, to: str, place: str) -> bytes:
        given_.append(data)
        return b"%PDF-1.6 /ID [<" + b"0" * 32 + b"><" + b"0" * 32 + b">]"

    monkeypatch.setattr("xl2report.office.convert", convert)
    result = xl2report.compile(example, tmp_path, marks="control", pdf=True)
    assert result.ok, result.findings

    assert b"<w:sdt>" in parts_of(result.paths[1].read_bytes())["word/document.xml"]
    assert b"<w:sdt>" not in parts_of(given_[-1])["word/document.xml"]


# -- every number is marked or explained --------------------------------------------------------------


def part_two(marked: Marked) -> Iterator[int]:
    """The places of the paragraphs of the second part."""
    inside = False
    for at, paragraph in enumerate(marked.paragraphs):
        if paragraph.text.startswith(("第二部分　", "第三部分　")):
            inside = paragraph.text.startswith("第二部分　")
        if inside:
            yield at


def classes(data: bytes, book: Book) -> Counter[str]:
    """How many numbers of part two are marked, and the others by the reason why they are not."""
    marked = read(data)
    own = {line.strip() for row in book.table("文字材料") for line in row.text("文字").split("\n")}
    held: dict[int, list[tuple[int, int]]] = {}
    for found in marked.found:
        held.setdefault(found.paragraph, []).append((found.start, found.end))
    reasons = Counter[str]()
    for at in part_two(marked):
        text = marked.paragraphs[at].text
        for number in NUMBER.finditer(text):
            around = text[max(0, number.start() - 8) : number.end() + 8]
            if any(start <= number.start() and number.end() <= end for start, end in held.get(at, ())):
                reason = "marked"
            elif text in own:
                reason = "text of the department"
            elif number.start() == 0 and re.match(r"\d+\.", text):
                reason = "list number"
            elif re.match(rf"图{number[0]}　", text):
                reason = "number of a chart"
            elif re.search(r"年12月31日", around) or "单价100万元以上" in around:
                reason = "words of the template"
            else:
                reason = f"left over: {around}"
            reasons[reason] += 1
    return reasons


def test_every_number_of_part_two_of_the_example_is_marked_or_explained(
    report: xl2report.Report, marked: Callable[[Carrier], Path]
) -> None:
    data, _ = report.narrative(toc="none")
    assert data is not None

    found = classes(data, report.book)
    assert {reason: n for reason, n in found.items() if reason.startswith("left over")} == {}
    assert found == {
        "marked": 175,
        "text of the department": 3,
        "list number": 14,
        "number of a chart": 7,
        "words of the template": 5,
    }


@settings(max_examples=12, deadline=None)
@given(st.lists(entry, min_size=1, max_size=25))
def test_every_number_of_part_two_of_other_accounts_is_marked_or_explained(entries: Entries) -> None:
    given_, report = consistent(entries), xl2report.load(xl2report.example())
    kept = tuple(fact for fact in report.book.facts if fact.marks[TABLE] not in given_.rows)
    book = replace(report.book, facts=(*given_.facts, *kept), rows={**report.book.rows, **given_.rows})
    figures = Figures(report.profile, book)
    sheets = lay_out(report.profile, book, figures)
    made = render(
        Path(report.profile.template),
        report.profile,
        book,
        figures,
        sheets,
        datetime(2024, 1, 1, tzinfo=UTC),
        toc="none",
    )
    assert made.data is not None, made.findings

    found = classes(made.data, book)
    assert {reason: n for reason, n in found.items() if reason.startswith("left over")} == {}
    assert found["marked"] > 100
    assert {f.text for f in read(made.data).found} <= {m.text for m in read(made.data).manifest.marks}  # type: ignore[union-attr]


# -- read back after other programs and people --------------------------------------------------------


@pytest.mark.parametrize("carrier", CARRIERS)
def test_marks_and_manifest_survive_libreoffice(
    marked: Callable[[Carrier], Path], converted: Convert, carrier: Carrier
) -> None:
    before, after = read(marked(carrier)), read(converted(marked(carrier), "docx"))

    assert after.manifest == before.manifest
    assert (after.missing, after.duplicated) == ((), ())
    assert {f.name: f.text for f in after.found} == {f.name: f.text for f in before.found}
    assert Counter(f.by for f in after.found)["bookmark" if carrier == "bookmark" else "control"] > 800


SENTENCE = (
    "“三公”经费支出{{ 三公经费 }}万元，{{ 三公经费.变动 }}；公务接待费{{ 公务接待费 }}万元。另一句{{ 公务用车费 }}。"
)
Edit = Callable[[Any], None]


def start_of(body: Any, number: int) -> Any:
    return next(s for s in body.iter(qn("w:bookmarkStart")) if s.get(qn("w:name")) == f"_x2r_{number:06d}")


def run_after(body: Any, number: int) -> Any:
    return start_of(body, number).getnext()


def retyped(body: Any) -> None:
    run_after(body, 1).find(qn("w:t")).text = "4.2"


def typed_over(body: Any) -> None:
    """The whole number replaced in LibreOffice: the bookmark keeps the first digit only."""
    start = start_of(body, 1)
    run, end = start.getnext(), start.getnext().getnext()
    run.find(qn("w:t")).text = "4"
    rest = OxmlElement("w:r")
    rest.append(OxmlElement("w:t"))
    rest[0].text = "8.21"
    end.addnext(rest)


def typed_behind(body: Any) -> None:
    """A digit typed right behind the mark."""
    end = run_after(body, 1).getnext()
    text = end.getnext().find(qn("w:t"))
    text.text = f"9{text.text}"


def typed_before(body: Any) -> None:
    before = start_of(body, 1).getprevious().find(qn("w:t"))
    before.text += "1"


def deleted(body: Any) -> None:
    """The number and its bookmark deleted, as Word does."""
    start = start_of(body, 1)
    run, end = start.getnext(), start.getnext().getnext()
    for element in (start, run, end):
        element.getparent().remove(element)


def emptied(body: Any) -> None:
    """The number deleted, its bookmark left behind."""
    run = run_after(body, 1)
    run.getparent().remove(run)


def copied(body: Any) -> None:
    """The paragraph pasted once more; LibreOffice gives the bookmark a new name."""
    paragraph = start_of(body, 1).getparent()
    again = etree.fromstring(etree.tostring(paragraph))
    for mark in again.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd")):
        mark.set(qn("w:id"), str(int(mark.get(qn("w:id"))) + 900))
        if mark.get(qn("w:name")):
            mark.set(qn("w:name"), mark.get(qn("w:name")) + "1")
    paragraph.addnext(again)


def split(body: Any) -> None:
    """Enter pressed inside the second mark, the phrase."""
    start = start_of(body, 2)
    run, paragraph = start.getnext(), start.getparent()
    after = OxmlElement("w:p")
    later = etree.fromstring(etree.tostring(run))
    text = run.find(qn("w:t"))
    later.find(qn("w:t")).text, text.text = text.text[2:], text.text[:2]
    rest = list(run.itersiblings())
    after.append(later)
    after.extend(rest)
    paragraph.addnext(after)


def tracked(body: Any) -> None:
    """The number changed while changes are tracked."""
    run = run_after(body, 1)
    gone, new = OxmlElement("w:del"), OxmlElement("w:ins")
    for change in (gone, new):
        change.set(qn("w:id"), "7")
        change.set(qn("w:author"), "甲")
    run.addprevious(gone)
    run.addnext(new)
    new.append(etree.fromstring(etree.tostring(run)))
    new[0].find(qn("w:t")).text = "5"
    gone.append(run)
    run.find(qn("w:t")).tag = qn("w:delText")


def bold(body: Any) -> None:
    """Half of the number made bold: its run is split."""
    run = run_after(body, 1)
    again = etree.fromstring(etree.tostring(run))
    run.find(qn("w:t")).text, again.find(qn("w:t")).text = "3.", "57"
    run.addnext(again)


def reworded(body: Any) -> None:
    start_of(body, 1).getprevious().find(qn("w:t")).text = "全年“三公”经费共"


def moved(body: Any) -> None:
    """The paragraph moved to the end of the document, behind a new one."""
    paragraph = start_of(body, 1).getparent()
    parent = paragraph.getparent()
    new = OxmlElement("w:p")
    parent.insert(len(parent) - 1, new)
    parent.insert(len(parent) - 1, paragraph)


@pytest.mark.parametrize(
    ("edit", "text", "by", "missing", "duplicated"),
    [
        (retyped, ["4.2"], "bookmark", 0, 0),
        (typed_over, ["48.21"], "number", 0, 0),
        (typed_behind, ["3.579"], "number", 0, 0),
        (typed_before, ["13.57"], "number", 0, 0),
        (deleted, [], "", 1, 0),
        (emptied, [""], "bookmark", 0, 0),
        (copied, ["3.57", "3.57"], "bookmark", 0, 4),
        (split, ["3.57"], "bookmark", 0, 0),
        (tracked, ["5"], "bookmark", 0, 0),
        (bold, ["3.57"], "bookmark", 0, 0),
        (reworded, ["3.57"], "bookmark", 0, 0),
        (moved, ["3.57"], "bookmark", 0, 0),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_number_that_was_edited_is_read_as_it_is_now(
    report: xl2report.Report, tmp_path: Path, edit: Edit, text: list[str], by: str, missing: int, duplicated: int
) -> None:
    parts = parts_of(filled(report, tmp_path, SENTENCE))
    body = etree.fromstring(parts["word/document.xml"])
    edit(body)
    parts["word/document.xml"] = etree.tostring(body)
    marked = read(pack(parts))
    first = [f for f in marked.found if f.name == "_x2r_000001"]

    assert [f.text for f in first] == text
    assert {f.by for f in first} == ({by} if by else set())
    assert (len(marked.missing), len(marked.duplicated)) == (missing, duplicated)
    others = {f.name: f.text.replace("\n", "") for f in marked.found if f not in first}
    assert others == {
        "_x2r_000002": "减少82.2万元，下降95.84%",
        "_x2r_000003": "1.07",
        "_x2r_000004": "0",
    }
    for found in marked.found:
        paragraphs = marked.paragraphs[found.paragraph : found.until + 1]
        if len(paragraphs) == 1:
            assert paragraphs[0].text[found.start : found.end] == found.text


def test_a_place_has_part_paragraph_and_sentence(report: xl2report.Report, tmp_path: Path) -> None:
    marked = read(filled(report, tmp_path, "第一段", SENTENCE))
    last = marked.found[-1]

    assert (marked.paragraphs[last.paragraph].part, marked.paragraphs[last.paragraph].number) == (
        "word/document.xml",
        2,
    )
    assert marked.sentence(last) == "另一句0。"
    assert marked.sentence(marked.found[0]) == "“三公”经费支出3.57万元，减少82.2万元，下降95.84%；"


def test_a_number_beside_other_digits_is_not_read_beyond_its_mark(report: xl2report.Report, tmp_path: Path) -> None:
    data = filled(
        report, tmp_path, "1.{{ 三公经费 }}-{{ 公务接待费 }}{{ 公务用车费 }}", "{{ 三公经费 }}{{ 公务接待费 }}"
    )

    assert [text for _, text in printed(data)] == ["3.57", "1.07", "0", "3.57", "1.07"]


@pytest.mark.parametrize("anonymous", [False, True], ids=["tagged", "anonymous"])
def test_in_a_control_the_whole_new_text_is_read(report: xl2report.Report, tmp_path: Path, anonymous: bool) -> None:
    """LibreOffice drops the tag and keeps the control; its bookmark may shrink."""
    parts = parts_of(filled(report, tmp_path, SENTENCE, carrier="control"))
    body = etree.fromstring(parts["word/document.xml"])
    typed_over(body)
    for properties in list(body.iter(qn("w:sdtPr"))) if anonymous else ():
        properties.remove(properties.find(qn("w:tag")))
    parts["word/document.xml"] = etree.tostring(body)
    marked = read(pack(parts))

    assert [f.text for f in marked.found] == ["48.21", "减少82.2万元，下降95.84%", "1.07", "0"]
    assert {f.by for f in marked.found} == {"control" if anonymous else "tag"}


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", pack({"[Content_Types].xml": b"<a/>"}), pack({"word/document.xml": b"<"})]
)
def test_what_is_no_word_document_is_not_read(data: bytes) -> None:
    assert read_marks(data) is None


def test_a_document_that_was_never_marked_has_no_manifest() -> None:
    document: Any = Document()
    document.add_paragraph("2023年3.57万元")
    stream = io.BytesIO()
    document.save(stream)
    marked = read(stream.getvalue())

    assert (marked.manifest, marked.found, marked.missing) == (None, (), ())
    assert [p.text for p in marked.paragraphs] == ["2023年3.57万元"]

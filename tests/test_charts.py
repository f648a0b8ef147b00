"""Charts: caches, embedded workbook and text say the same; designers' charts keep their looks; nothing is orphaned."""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from lxml import etree
from openpyxl import load_workbook

import xl2report
from xl2report.charts import C, ChartData, chart_data, chart_xml, drawing_xml, place
from xl2report.packages import pack, parts_of

Edit = Callable[[Any], None]
NAMES = [
    "收支总计变动",
    "收入构成",
    "支出构成",
    "财政拨款收支总计变动",
    "一般公共预算支出变动",
    "一般公共预算支出构成",
    "三公经费构成",
]


def cached(xml: bytes) -> tuple[list[str], list[str]]:
    """The categories and values in the caches of a chart part."""
    space = etree.fromstring(xml)

    def points(kind: str) -> list[str]:
        return [p.findtext(f"{{{C}}}v") or "" for p in space.find(f".//{{{C}}}{kind}").iter(f"{{{C}}}pt")]  # type: ignore[union-attr]

    return points("cat"), points("val")


def embedded(book: bytes) -> tuple[list[str], list[str]]:
    rows = list(load_workbook(io.BytesIO(book)).active.iter_rows(min_row=2, values_only=True))  # type: ignore[union-attr]
    return [str(r[0]) for r in rows], [str(Decimal(repr(r[1])).normalize()) for r in rows]


def charts_of(parts: dict[str, bytes]) -> dict[str, tuple[bytes, bytes]]:
    """Alternative text -> (chart part, embedded workbook) in reading order."""
    relations = dict(
        re.findall(r'Id="([^"]+)"[^>]*Target="(charts/[^"]+)"', parts["word/_rels/document.xml.rels"].decode())
    )
    relations |= {
        i: t
        for t, i in re.findall(
            r'Target="(charts/[^"]+)"[^>]*Id="([^"]+)"', parts["word/_rels/document.xml.rels"].decode()
        )
    }
    found = {}
    document = parts["word/document.xml"].decode()
    for text, identifier in re.findall(r'<wp:docPr [^>]*descr="([^"]*)".*?<c:chart [^>]*r:id="([^"]+)"', document):
        part = relations[identifier]
        rels = parts[f"word/charts/_rels/{part.partition('/')[2]}.rels"].decode()
        book = re.search(r'Target="\.\./(embeddings/[^"]+)"', rels)
        assert book is not None
        found[text] = (parts[f"word/{part}"], parts[f"word/{book[1]}"])
    return found


def test_the_seven_charts_say_what_the_text_says(outputs: tuple[Path, Path], report: xl2report.Report) -> None:
    found = charts_of(parts_of(outputs[1].read_bytes()))
    data = chart_data(report.profile, report.figures)
    text = "".join(p.text for p in Document(str(outputs[1])).paragraphs)

    assert list(found) == [data[name].alternative for name in NAMES]
    for name, (part, book) in zip(NAMES, found.values(), strict=True):
        categories, values = cached(part)
        assert (categories, values) == (list(data[name].categories), [str(v) for v in data[name].values])
        assert embedded(book)[0] == categories
        assert [Decimal(v) for v in embedded(book)[1]] == [Decimal(v) for v in values]
        for label, value in zip(data[name].labels, values, strict=True):
            assert label.removesuffix("%") == f"{Decimal(value):f}".rstrip("0").rstrip(".")
            assert label in text or name.endswith("变动")
        if data[name].kind == "pie":
            assert sum(Decimal(v) for v in values) == 100


def test_captions_are_numbered_in_the_order_of_printing(outputs: tuple[Path, Path]) -> None:
    captions = [p.text for p in Document(str(outputs[1])).paragraphs if p.style.name == "图题"]

    assert [c[:2] for c in captions] == [f"图{n}" for n in range(1, 8)]
    assert captions[6] == "图7　“三公”经费财政拨款支出结构图"


def test_column_axes_start_at_zero_and_fonts_are_named_for_chinese(outputs: tuple[Path, Path]) -> None:
    parts = parts_of(outputs[1].read_bytes())
    charts = [data.decode() for name, data in parts.items() if name.startswith("word/charts/chart")]

    assert len(charts) == 7
    for xml in charts:
        assert '<a:ea typeface="宋体"/>' in xml
        if "barChart" in xml:
            assert '<c:min val="0"/>' in xml


def test_a_chart_without_data_is_left_out_with_its_caption_and_parts(
    edited: Callable[[Edit], Path], tmp_path: Path
) -> None:
    def forget(book: Any) -> None:
        for row in book["上年决算"].iter_rows(min_row=4):
            row[1].value = None

    path = tmp_path / "report.docx"
    assert xl2report.load(edited(forget)).write_narrative(path).ok
    parts = parts_of(path.read_bytes())
    captions = [p.text for p in Document(str(path)).paragraphs if p.style.name == "图题"]

    assert [c.partition("　")[0] for c in captions] == ["图1", "图2", "图3", "图4"]
    assert captions[0].endswith("收入决算结构图")
    assert len([n for n in parts if n.startswith("word/charts/chart")]) == 4
    assert len([n for n in parts if n.startswith("word/embeddings/")]) == 4
    assert parts["[Content_Types].xml"].count(b"/word/charts/") == 4
    assert parts["word/_rels/document.xml.rels"].count(b"charts/chart") == 4


def data_of(*values: str, kind: str = "pie") -> ChartData:
    names = tuple(f"项目{n}&<" for n in range(len(values)))
    return ChartData("x", "图", kind, "占比", names, tuple(map(Decimal, values)), (), "替代文字")


def package(name: str, copies: int = 1, own: bytes | None = None) -> dict[str, bytes]:
    """A document whose charts a tag has just made, or that share one chart part of a designer."""
    document: Any = Document()
    stream = io.BytesIO()
    document.save(stream)
    parts = parts_of(stream.getvalue())
    drawing = drawing_xml(name).replace('r:id="new"', 'r:id="rIdOwn"' if own else 'r:id="new"')
    body = f"<w:p><w:r>{drawing}</w:r></w:p>" * copies
    parts["word/document.xml"] = parts["word/document.xml"].replace(b"<w:sectPr", body.encode() + b"<w:sectPr", 1)
    if own:
        parts["word/charts/chart9.xml"] = own
        parts["word/_rels/document.xml.rels"] = parts["word/_rels/document.xml.rels"].replace(
            b"</Relationships>",
            b'<Relationship Id="rIdOwn" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/chart"'
            b' Target="charts/chart9.xml"/></Relationships>',
        )
        parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
            b"</Types>",
            b'<Override PartName="/word/charts/chart9.xml"'
            b' ContentType="application/vnd.openxmlformats-officedocument.drawingml.chart+xml"/></Types>',
        )
    return parts


@pytest.mark.parametrize(
    "data",
    [
        data_of("100"),
        data_of(*["11.11"] * 8, "11.12"),
        data_of("0", "1455.7", kind="column"),
        data_of("-12.5", "3", kind="column"),
    ],
    ids=["one slice", "nine slices", "zero prior year", "negative"],
)
def test_any_number_of_points_makes_a_valid_chart(data: ChartData, validator: str, tmp_path: Path) -> None:
    parts = package("x")
    place(parts, {"x": data})
    path = tmp_path / "chart.docx"
    path.write_bytes(pack(parts))
    [(part, book)] = charts_of(parts).values()
    done = subprocess.run([validator, path], capture_output=True, text=True, timeout=60, check=False)

    assert json.loads(done.stdout)["errors"] == []
    assert cached(part)[1] == [str(v) for v in data.values]
    assert embedded(book)[0] == list(data.categories)
    assert (b'<c:min val="0"/>' in part) == (data.kind == "column" and min(data.values) >= 0)


def test_a_designer_s_chart_keeps_its_looks_and_gets_the_points_it_needs() -> None:
    own = (
        chart_xml(data_of("60", "30", "10"))
        .replace(b"1F4E79", b"ABCDEF")
        .replace(b'firstSliceAng val="0"', b'firstSliceAng val="77"')
    )
    parts = package("x", own=own)
    place(parts, {"x": data_of("25", "25", "25", "15", "10")})
    [xml] = [data for name, data in parts.items() if name.startswith("word/charts/chart")]

    assert b"ABCDEF" in xml
    assert b'firstSliceAng val="77"' in xml
    assert xml.count(b"<c:dPt>") == 5
    assert cached(xml)[1] == ["25", "25", "25", "15", "10"]


def test_a_chart_in_a_loop_is_cloned_once_a_copy() -> None:
    parts = package("x", copies=3, own=chart_xml(data_of("60", "40")))
    place(parts, {"x": data_of("70", "30")})
    names = [name for name in parts if name.startswith("word/charts/chart")]

    assert len(names) == 3
    assert {tuple(cached(parts[name])[1]) for name in names} == {("70", "30")}
    assert len(set(re.findall(rb'docPr id="(\d+)"', parts["word/document.xml"]))) == 3


def test_a_tag_makes_a_chart_where_the_template_has_none(report: xl2report.Report, tmp_path: Path) -> None:
    document: Any = Document()
    document.add_paragraph('{{ chart("收入构成") }}')
    template = tmp_path / "own.docx"
    document.save(template)
    assert report.write_narrative(tmp_path / "report.docx", template).ok

    found = charts_of(parts_of((tmp_path / "report.docx").read_bytes()))
    assert [cached(part)[1] for part, _ in found.values()] == [["85.68", "14.32"]]


def test_a_chart_of_an_unknown_name_is_an_error_of_the_template(report: xl2report.Report, tmp_path: Path) -> None:
    document: Any = Document()
    document.add_paragraph('{{ chart("收入结构") }}')
    template = tmp_path / "own.docx"
    document.save(template)
    result = report.write_narrative(tmp_path / "report.docx", template)

    assert [f.code for f in result.findings if f.severity == "error"] == ["T502"]

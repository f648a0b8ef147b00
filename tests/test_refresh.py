"""Refresh: new numbers in a report that people worked on; what they wrote stays, what cannot be known is told."""

from __future__ import annotations

import copy
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from lxml import etree
from openpyxl import load_workbook

import xl2report
from xl2report.cli import describe, main
from xl2report.findings import Finding
from xl2report.manifest import Carrier
from xl2report.marks import Marked, read_marks
from xl2report.packages import pack, parts_of, untouched
from xl2report.pipeline import CompileResult, Report

pytestmark = pytest.mark.usefixtures("compiled_once")

Convert = Callable[[Path, str], Path]
Edit = Callable[[Any], None]


def row_of(sheet: Any, name: str) -> int:
    return next(row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 1).value == name)


def next_year(book: Any) -> None:
    """The example's accounts a year later: 10万元 more, last year's numbers those of the example."""
    book["基本信息"].cell(row_of(book["基本信息"], "年度"), 2).value = "2024"
    book["基本信息"].cell(row_of(book["基本信息"], "公开日期"), 2).value = "2025-09-20"
    for sheet, cell in (("收入决算", "C4"), ("支出决算", "H4"), ("支出预算", "D4")):
        book[sheet][cell].value = float(book[sheet][cell].value) + 100_000
    for name, amount in (
        ("收入支出总计", 14_557_000),
        ("财政拨款收入支出总计", 14_557_000),
        ("一般公共预算财政拨款支出", 12_311_600),
        ("机关运行经费", 1_559_100),
    ):
        book["上年决算"].cell(row_of(book["上年决算"], name), 2).value = amount
    for name, amount in (("因公出国（境）费", 25_000), ("公务用车购置费", 0), ("公务接待费", 10_700)):
        book["三公经费"].cell(row_of(book["三公经费"], name), 4).value = amount


def with_a_new_item(book: Any) -> None:
    """5万元 of an item that the example does not have."""
    next_year(book)
    for sheet, cells in (
        ("收入决算", {1: "2010399", 3: 50_000}),
        ("支出决算", {1: "一般公共预算财政拨款", 2: "2010399", 4: "基本支出", 5: "30201", 8: 50_000}),
        ("支出预算", {1: "一般公共预算财政拨款", 2: "2010399", 4: 50_000}),
    ):
        row = next(r for r in range(4, 400) if book[sheet].cell(r, 1).value is None)
        for column, value in cells.items():
            book[sheet].cell(row, column).value = value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The accounts of the next year, the same with an item more, their profile; the example's report, plain and with tables."""
    made = tmp_path_factory.mktemp("refresh")
    for name, change in (("next", next_year), ("item", with_a_new_item)):
        book = load_workbook(xl2report.example())
        change(book)
        book.save(made / f"{name}.xlsx")
    (made / "profile").mkdir()
    (made / "profile" / "profile.toml").write_text(
        'extends = "sichuan/2023"\n[profile]\ntitle = "四川省2024年度部门决算公开"\nyear = 2024\n', encoding="utf-8"
    )
    report = xl2report.load(xl2report.example())
    for name, carrier, tables in (
        ("report", "bookmark", False),
        ("tables", "bookmark", True),
        ("control", "control", True),
    ):
        (made / f"{name}.docx").write_bytes(compiled(report, carrier, tables))  # type: ignore[arg-type]
    return made


def compiled(report: Report, carrier: Carrier = "bookmark", with_tables: bool = False) -> bytes:
    data, findings = report.narrative(with_tables=with_tables, marks=carrier)
    assert data is not None, findings
    return data


def refreshed(folder: Path, report: Path, workbook: str = "next", **options: Any) -> tuple[Path, CompileResult]:
    """A report refreshed to the accounts of the next year."""
    out = folder / f"{report.stem}-{workbook}{'-track' if options.get('track') else ''}-out.docx"
    result = xl2report.refresh(report, folder / f"{workbook}.xlsx", out, profile=folder / "profile", **options)
    return out, result


def told(result: CompileResult) -> list[Finding]:
    """What refresh itself has to say, but for how many marks it refreshed."""
    return [f for f in result.findings if f.code[0] == "D" and f.code != "D881"]


def said(result: CompileResult) -> list[str]:
    return [describe(f, "zh") for f in told(result)]


def read(path: Path) -> Marked:
    marked = read_marks(path.read_bytes())
    assert marked is not None
    return marked


def paragraphs(path: Path) -> list[str]:
    """Every text of the body; page breaks, which LibreOffice puts elsewhere, left out."""
    return [p.text.replace("\n", "") for p in read(path).paragraphs if p.part == "word/document.xml"]


def fresh(folder: Path, workbook: str = "next", *, with_tables: bool = False) -> Path:
    path = folder / f"{workbook}-{with_tables}-fresh.docx"
    if not path.exists():
        path.write_bytes(
            compiled(xl2report.load(folder / f"{workbook}.xlsx", folder / "profile"), "bookmark", with_tables)
        )
    return path


def edited(folder: Path, name: str, change: Edit, source: str = "report") -> Path:
    """A copy of a report whose body was changed."""
    parts = parts_of((folder / f"{source}.docx").read_bytes())
    body = etree.fromstring(parts["word/document.xml"])
    change(body)
    parts["word/document.xml"] = etree.tostring(body, xml_declaration=True, encoding="UTF-8", standalone=True)
    path = folder / f"{name}.docx"
    path.write_bytes(pack(parts))
    return path


def paragraph_with(body: Any, text: str) -> Any:
    return next(p for p in body.iter(qn("w:p")) if text in "".join(t.text or "" for t in p.iter(qn("w:t"))))


def run_with(body: Any, paragraph: str, text: str) -> Any:
    """The run of a paragraph that says just a text."""
    runs = paragraph_with(body, paragraph).iter(qn("w:r"))
    return next(r for r in runs if "".join(t.text or "" for t in r.iter(qn("w:t"))) == text)


def element(tag: str, text: str = "", **attributes: str) -> Any:
    made = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    if text:
        made.append(OxmlElement("w:t"))
        made[0].text = text
    return made


def accepted(path: Path) -> list[str]:
    """The texts of the body as they are once every tracked change is accepted."""
    return _texts(path, "w:del", "w:ins")


def rejected(path: Path) -> list[str]:
    """The texts of the body as they are once every tracked change is rejected."""
    return _texts(path, "w:ins", "w:del")


def _texts(path: Path, gone: str, _kept: str) -> list[str]:
    body = etree.fromstring(parts_of(path.read_bytes())["word/document.xml"])
    for row in [row for row in body.iter(qn("w:tr")) if row.find(f"{qn('w:trPr')}/{qn(gone)}") is not None]:
        row.getparent().remove(row)
    for change in list(body.iter(qn(gone))):
        change.getparent().remove(change)
    words = (qn("w:t"), qn("w:delText"))
    return ["".join(t.text or "" for t in p.iter(*words)) for p in body.iter(qn("w:p"))]


def errors(validator: str, path: Path) -> list[Any]:
    done = subprocess.run([validator, path], capture_output=True, text=True, timeout=120, check=False)
    found: list[Any] = json.loads(done.stdout)["errors"]
    return found


# -- a report that nobody changed ----------------------------------------------------------------------


@pytest.mark.parametrize("source", ["report", "tables", "control"])
def test_a_report_that_nobody_changed_becomes_the_one_that_would_be_compiled(folder: Path, source: str) -> None:
    out, result = refreshed(folder, folder / f"{source}.docx")

    assert result.status == 0
    assert said(result) == []
    assert paragraphs(out) == paragraphs(fresh(folder, with_tables=source != "report"))
    assert any("2024年度部门决算情况说明" in text for text in paragraphs(out)[:60])  # the contents


@pytest.mark.parametrize("source", ["report", "tables", "control"])
def test_the_same_after_libreoffice(folder: Path, converted: Convert, source: str) -> None:
    saved = folder / f"{source}-saved.docx"
    shutil.copy(converted(folder / f"{source}.docx", "docx"), saved)
    out, result = refreshed(folder, saved)

    assert said(result) == []
    assert paragraphs(out) == paragraphs(fresh(folder, with_tables=source != "report"))
    assert xl2report.verify(out, folder / "next.xlsx", folder / "profile").findings == ()


def test_verify_is_clean_and_a_second_refresh_changes_nothing(folder: Path) -> None:
    out, _ = refreshed(folder, folder / "tables.docx")
    again, result = refreshed(folder, out)

    assert xl2report.verify(out, folder / "next.xlsx", folder / "profile").findings == ()
    assert said(result) == []
    assert parts_of(again.read_bytes()) == parts_of(out.read_bytes())


def test_there_and_back_again_gives_the_words_that_were(folder: Path) -> None:
    out, _ = refreshed(folder, folder / "tables.docx", "item")
    back = folder / "back.docx"
    result = xl2report.refresh(out, xl2report.example(), back)

    assert [f.code for f in told(result)].count("D874") == 7
    assert read(back).missing == ()
    assert paragraphs(back) == paragraphs(folder / "tables.docx")


def test_the_manifest_describes_the_refreshed_report(folder: Path) -> None:
    out, _ = refreshed(folder, folder / "tables.docx")
    before, after, now = read(folder / "tables.docx"), read(out), read(fresh(folder, with_tables=True))
    assert before.manifest is not None
    assert after.manifest is not None
    assert now.manifest is not None

    assert after.manifest == now.manifest
    assert [found.name for found in after.found] == [found.name for found in before.found]
    assert [f.text for f in after.found] == [m.text for f in after.found if (m := after.mark(f.name))]
    assert untouched(out)


def test_parts_that_need_no_change_are_the_same_bytes(folder: Path) -> None:
    out, _ = refreshed(folder, folder / "tables.docx")
    before, after = parts_of((folder / "tables.docx").read_bytes()), parts_of(out.read_bytes())

    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert {re.sub(r"\d", "", name) for name in changed} == {
        "[Content_Types].xml",
        "customXml/item.xml",
        "customXml/itemProps.xml",
        "docProps/core.xml",
        "docProps/custom.xml",
        "word/charts/chart.xml",
        "word/document.xml",
        "word/embeddings/chart.xlsx",
    }
    assert "word/charts/chart7.xml" not in changed  # of the three public expenses: nothing of it changed


def test_the_same_input_gives_the_same_bytes(folder: Path) -> None:
    for track in (False, True):
        out, _ = refreshed(folder, folder / "report.docx", track=track)
        first = out.read_bytes()
        out.unlink()
        refreshed(folder, folder / "report.docx", track=track)

        assert out.read_bytes() == first


def test_charts_have_new_caches_workbooks_and_texts_and_the_old_looks(folder: Path) -> None:
    out, _ = refreshed(folder, folder / "report.docx")
    before, after = (parts_of(p.read_bytes()) for p in (folder / "report.docx", out))
    drawn, now = read(out).charts, read(fresh(folder)).charts

    def looks(parts: dict[str, bytes], name: str) -> bytes:
        return re.sub(rb"<c:(tx|cat|val)>.*?</c:\1>", b"", parts[name], flags=re.DOTALL)

    assert drawn == now
    assert looks(after, "word/charts/chart1.xml") == looks(before, "word/charts/chart1.xml")
    sheet = load_workbook(io.BytesIO(after["word/embeddings/chart1.xlsx"])).active
    assert [[cell.value for cell in row] for row in sheet["A2:B3"]] == [["2023年度", 1455.7], ["2024年度", 1465.7]]


def test_the_validator_has_nothing_to_say(folder: Path, validator: str) -> None:
    for source, workbook, track in (
        ("tables", "next", False),
        ("tables", "item", True),
        ("control", "item", False),
        ("control", "next", True),
    ):
        out, _ = refreshed(folder, folder / f"{source}.docx", workbook, track=track)
        assert errors(validator, out) == [], out


# -- what people wrote ---------------------------------------------------------------------------------


def worked_on(body: Any) -> None:
    """Prose typed into a sentence and as a paragraph, a number made bold by half, a remark, changes of others, still open."""
    run = run_with(body, "本年收入合计", "1436.98")
    half = copy.deepcopy(run)
    run.find(qn("w:t")).text, half.find(qn("w:t")).text = "14", "36.98"
    for one in (run, half):
        if one.find(qn("w:rPr")) is None:
            one.insert(0, OxmlElement("w:rPr"))
        one.find(qn("w:rPr")).insert(0, OxmlElement("w:b"))
        one.find(qn("w:rPr")).append(element("w:highlight", val="yellow"))
    run.addnext(half)
    paragraph = paragraph_with(body, "本年支出合计")
    paragraph.append(element("w:r", "我们想补充一句。"))
    new = element("w:p")
    new.append(element("w:r", "这一段是人写的，写到了1455.7万元和2022年。"))
    paragraph.addnext(new)
    inserted = element("w:ins", id="900", author="甲", date="2024-01-01T00:00:00Z")
    number = run_with(body, "一般公共预算支出决算数为", "1231.16")
    number.addprevious(inserted)
    inserted.append(number)
    gone = element("w:del", id="901", author="甲", date="2024-01-01T00:00:00Z")
    gone.append(element("w:r"))
    gone[0].append(OxmlElement("w:delText"))
    gone[0][0].text = "旧话"
    inserted.addprevious(gone)


@pytest.mark.parametrize("track", [False, True])
def test_prose_formatting_remarks_and_open_changes_stay(folder: Path, validator: str, track: bool) -> None:
    source = edited(folder, f"worked-on-{track}", worked_on)
    document: Any = Document(source)
    noted = next(p for p in document.paragraphs if p.text.startswith("2023年度本年收入合计"))
    document.add_comment(next(r for r in noted.runs if r.text == "14"), "请核对", "甲")
    document.save(source)
    out, result = refreshed(folder, source, track=track)
    body = etree.fromstring(parts_of(out.read_bytes())["word/document.xml"])
    assert result.ok

    assert [text for text in accepted(out) if "人" in text and "1455.7" in text] == [
        "这一段是人写的，写到了1455.7万元和2022年。"
    ]
    assert next(text for text in accepted(out) if "本年支出合计" in text) == (
        "2024年度本年支出合计1446.98万元，其中：基本支出1151.16万元，占79.56%；项目支出295.82万元，占20.44%。我们想补充一句。"
    )
    bold = run_with(body, "本年收入合计", "1446.98")
    assert bold.find(f"{qn('w:rPr')}/{qn('w:b')}") is not None
    assert bold.find(f"{qn('w:rPr')}/{qn('w:highlight')}") is not None
    paragraph = paragraph_with(body, "本年收入合计")
    order = [e.tag for e in paragraph.iter(qn("w:commentRangeStart"), qn("w:commentRangeEnd"), qn("w:r"))]
    assert order.index(qn("w:commentRangeStart")) < order.index(qn("w:commentRangeEnd")) - 1
    assert [comment.text for comment in Document(str(out)).comments] == ["请核对"]
    assert [d.get(qn("w:author")) for d in body.iter(qn("w:del"))].count("甲") == 1
    assert "旧话" in "".join(t.text for t in body.iter(qn("w:delText")))
    ours = run_with(body, "一般公共预算支出决算数为", "1241.16")
    assert ours.getparent().get(qn("w:author")) == ("xl2report" if track else "甲")
    assert errors(validator, out) == []
    assert [text for text in said(result) if "D869" not in text] == [
        (
            f"提示 D870 {source.name} 第{place_of(source, '这一段是人写的')}段  手写的文字里像是还有上年的年份或数，未作改动\n"
            "    现为：这一段是人写的，写到了1455.7万元和2022年。\n"
            "    依据：1455.7 1465.7；2022 2023\n"
            "    办法：请核对，需要的自行修改。"
        )
    ]


def place_of(path: Path, text: str) -> int:
    """The number of the paragraph that a text stands in."""
    return next(p.number for p in read(path).paragraphs if text in p.text)


def test_tracked_changes_accepted_give_the_refreshed_report_and_rejected_the_old_one(folder: Path) -> None:
    for source, workbook in (("tables", "next"), ("tables", "item"), ("control", "next")):
        tracked, _ = refreshed(folder, folder / f"{source}.docx", workbook, track=True)
        plain, _ = refreshed(folder, folder / f"{source}.docx", workbook)
        body = etree.fromstring(parts_of(tracked.read_bytes())["word/document.xml"])
        changes = [*body.iter(qn("w:ins")), *body.iter(qn("w:del"))]

        assert accepted(tracked) == rejected(plain) == accepted(plain)
        assert rejected(tracked) == rejected(folder / f"{source}.docx")
        assert {(c.get(qn("w:author")), c.get(qn("w:date"))) for c in changes} == {
            ("xl2report", "2025-09-20T00:00:00Z")
        }
        assert len({c.get(qn("w:id")) for c in changes}) == len(changes) > 200
        if workbook == "next":
            assert xl2report.verify(tracked, folder / "next.xlsx", folder / "profile").findings == ()


def test_libreoffice_reads_tracked_changes_as_the_new_text(folder: Path, converted: Convert) -> None:
    tracked, _ = refreshed(folder, folder / "report.docx", track=True)
    saved = converted(tracked, "docx")

    assert paragraphs(saved) == paragraphs(fresh(folder))
    assert rejected(saved)[: len(rejected(folder / "report.docx"))] != accepted(saved)


# -- what cannot be known ------------------------------------------------------------------------------


def retyped(body: Any) -> None:
    run_with(body, "本年收入合计", "1436.98").find(qn("w:t")).text = "1437"


def shrunk(body: Any) -> None:
    """A number typed over in LibreOffice: the bookmark holds its first digit only."""
    run = run_with(body, "本年收入合计", "1436.98")
    end = run.getnext()
    run.find(qn("w:t")).text = "1"
    end.addnext(element("w:r", "437.5"))


def reworded(body: Any) -> None:
    run = next(
        r
        for r in paragraph_with(body, "财政拨款收、支总计均为").iter(qn("w:r"))
        if "各减少" in str(r.findtext(qn("w:t")))
    )
    run.find(qn("w:t")).text = "各减少约181万元，下降一成"


def deleted(body: Any) -> None:
    run = run_with(body, "本年收入合计", "1436.98")
    for one in (run.getprevious(), run.getnext(), run):
        one.getparent().remove(one)


def copied(body: Any) -> None:
    paragraph = paragraph_with(body, "一般公共预算财政拨款基本支出1141.16")
    again = copy.deepcopy(paragraph)
    for mark in again.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd")):
        mark.set(qn("w:id"), str(int(mark.get(qn("w:id"))) + 5000))
        if mark.get(qn("w:name")):
            mark.set(qn("w:name"), mark.get(qn("w:name")) + "1")
    paragraph.addnext(again)


SUM = "    依据：本年收入合计 1436.98 → 1446.98（收入决算!C4:C14、收入决算!D4:D14、收入决算!E4:E14…）\n"
CHECK = "    办法：请核对：手工改的数如果是对的，应改工作簿。"


@pytest.mark.parametrize(
    ("edit", "found", "now"),
    [
        (
            retyped,
            [
                (
                    "提示 D861 retyped.docx 第86段  手工改过的数，已改为账上的数："
                    "2023年度本年收入合计1437万元，其中：一般公共预算财政拨款收入1231.16万元，占85.68%；\n"
                    f"    现为：1437\n    应为：1446.98\n{SUM}{CHECK}"
                )
            ],
            "2024年度本年收入合计1446.98万元，其中：一般公共预算财政拨款收入1241.16万元",
        ),
        (
            shrunk,
            [
                (
                    "提示 D861 shrunk.docx 第86段  手工改过的数，已改为账上的数："
                    "2023年度本年收入合计1437.5万元，其中：一般公共预算财政拨款收入1231.16万元，占85.68%；\n"
                    f"    现为：1437.5\n    应为：1446.98\n{SUM}{CHECK}"
                )
            ],
            "2024年度本年收入合计1446.98万元，其中：一般公共预算财政拨款收入1241.16万元",
        ),
        (
            reworded,
            [
                (
                    "提示 D862 reworded.docx 第94段  手工改过的文字，保留未动："
                    "与2022年度相比，财政拨款收、支总计各减少约181万元，下降一成。\n"
                    "    现为：各减少约181万元，下降一成\n"
                    "    应为：各增加10万元，较上年增长0.69%\n"
                    "    依据：财政拨款收入支出总计.各变动 各减少180.71万元，较上年下降11.04% → 各增加10万元，较上年增长0.69%；"
                    "财政拨款收入支出总计.增减 10（收入决算!C4:C14、收入决算!D4:D14、收入决算!E4:E14…）；"
                    "财政拨款收入支出总计.增长率 0.69%（收入决算!C4:C14、收入决算!D4:D14、收入决算!E4:E14…）\n"
                    "    办法：请对照应印的文字，自行修改。"
                )
            ],
            "与2023年度相比，财政拨款收、支总计各减少约181万元，下降一成。",
        ),
        (
            deleted,
            [
                (
                    "提示 D866 deleted.docx 第86段  有的数或文字在报告中已没有标记，没有更新\n"
                    "    现为：2023年度本年收入合计万元，其中：\n"
                    "    应为：2024年度本年收入合计1446.98万元，其中：\n"
                    "    依据：本年收入合计 1436.98 → 1446.98\n"
                    "    办法：句子还在的，请对照应印的句子改数；已删去的，不必处理。"
                )
            ],
            "2024年度本年收入合计万元",
        ),
        (
            copied,
            [
                f"说明 D867 copied.docx 第119段  同一个数在几处（复制而来），都已更新\n    现为：{old}\n    应为：{new}\n"
                f"    依据：{name} {new}（copied.docx 第119段）；{name} {new}（copied.docx 第120段）\n    办法：无需处理。"
                for name, old, new in (
                    ("年度", "2023", "2024"),
                    ("一般公共预算财政拨款基本支出", "1141.16", "1151.16"),
                )
            ],
            "2024年度一般公共预算财政拨款基本支出1151.16万元",
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_people_changed_in_a_mark_is_told(folder: Path, edit: Edit, found: list[str], now: str) -> None:
    out, result = refreshed(folder, edited(folder, edit.__name__, edit))

    assert said(result) == found
    assert len([text for text in paragraphs(out) if now in text]) == (2 if edit is copied else 1)


def test_a_number_that_had_shrunk_is_whole_again(folder: Path) -> None:
    out, _ = refreshed(folder, edited(folder, "shrunk-again", shrunk))
    name = next(m.name for m in read(out).manifest.marks if m.key == "本年收入合计")  # type: ignore[union-attr]

    assert [(f.text, f.by) for f in read(out).found if f.name == name] == [("1446.98", "bookmark")]


def test_branches_and_lists_that_would_change_are_told_and_left(folder: Path) -> None:
    book = load_workbook(folder / "item.xlsx")
    book["基本信息"].cell(row_of(book["基本信息"], "国内接待含陪同人员"), 2).value = "否"
    for sheet, cell, more in (
        ("三公经费", "C7", 10_000),
        ("三公经费", "C8", 10_000),
        ("支出决算", "H14", 10_000),
        ("支出决算", "H4", -10_000),
    ):
        book[sheet][cell].value = float(book[sheet][cell].value) + more
    book.save(folder / "branch.xlsx")
    out, result = refreshed(folder, folder / "report.docx", "branch")
    title = "一般公共服务（类）政府办公厅（室）及相关机构事务（款）其他政府办公厅（室）及相关机构事务支出（项）"

    assert [(f.code, f.place.rpartition(" ")[2], f.found, f.expected) for f in told(result)] == [
        ("D864", "第109段", "", f"3.{title}：\n支出决算为5万元，完成预算100%。"),
        (
            "D863",
            "第134段",
            "国内公务接待6批次，108人次（包括陪同人员），共计支出1.07万元，具体内容包括：",
            "国内公务接待6批次，108人次（不包括陪同人员），共计支出2.07万元，具体内容包括：",
        ),
        ("D864", "第166段", "", f"12.{title}：\n反映除上述项目以外的其他政府办公厅（室）及相关机构事务支出。"),
    ]
    assert "国内公务接待6批次，108人次（包括陪同人员），共计支出1.07万元" in "".join(paragraphs(out))
    assert "国内公务接待支出2.07万元" in "".join(paragraphs(out))


def test_a_sentence_that_would_no_longer_be_printed_is_told(folder: Path) -> None:
    later, _ = refreshed(folder, fresh(folder, "item"), "item")
    result = xl2report.refresh(later, folder / "next.xlsx", folder / "less.docx", profile=folder / "profile")

    assert [(f.code, f.found, f.expected) for f in told(result)][:1] == [
        (
            "D865",
            (
                "3.一般公共服务（类）政府办公厅（室）及相关机构事务（款）其他政府办公厅（室）及相关机构事务支出（项）：\n"
                "支出决算为5万元，完成预算100%。"
            ),
            "",
        )
    ]
    assert "支出决算为5万元" in "".join(paragraphs(folder / "less.docx"))


def test_rows_of_a_table_that_somebody_changed_are_told_and_left(folder: Path) -> None:
    def change(body: Any) -> None:
        run = next(r for r in body.iter(qn("w:r")) if str(r.findtext(qn("w:t"))).strip() == "行政单位医疗")
        run.find(qn("w:t")).text = "行政医疗"

    source = edited(folder, "row", change, "tables")
    before = len(list(etree.fromstring(parts_of(source.read_bytes())["word/document.xml"]).iter(qn("w:tr"))))
    out, result = refreshed(folder, source, "item")
    after = len(list(etree.fromstring(parts_of(out.read_bytes())["word/document.xml"]).iter(qn("w:tr"))))

    codes = [f.code for f in told(result)]
    assert (codes.count("D872"), codes.count("D874")) == (1, 6)
    assert after == before + 6
    assert next(f.expected for f in told(result) if f.code == "D872").startswith("2010399")


def test_a_chart_that_was_taken_out_is_told(folder: Path) -> None:
    def change(body: Any) -> None:
        drawing = next(body.iter(qn("w:drawing")))
        drawing.getparent().remove(drawing)

    _, result = refreshed(folder, edited(folder, "chartless", change))

    assert [(f.code, f.message.zh, f.expected) for f in told(result)] == [
        ("D868", "图“收支总计变动”没有更新：报告中已没有这张图", "2023年度 1455.7；2024年度 1465.7")
    ]


@pytest.mark.parametrize("content", [b"", b"<a/>", b"<c:chartSpace/>"], ids=["empty", "foreign", "broken"])
def test_a_chart_that_cannot_be_read_is_told_and_left(folder: Path, content: bytes) -> None:
    parts = parts_of((folder / "report.docx").read_bytes())
    parts["word/charts/chart1.xml"] = content
    source = folder / "odd.docx"
    source.write_bytes(pack(parts))
    out, result = refreshed(folder, source)

    assert [f.code for f in told(result)] == ["D868"]
    assert parts_of(out.read_bytes())["word/charts/chart1.xml"] == content
    assert "2024年度本年收入合计1446.98万元" in "".join(paragraphs(out))


@pytest.mark.parametrize(
    "lost", ["word/_rels/document.xml.rels", "word/styles.xml", "docProps/core.xml", "docProps/custom.xml"]
)
def test_a_package_that_lacks_a_part_raises_nothing(folder: Path, lost: str) -> None:
    parts = parts_of((folder / "report.docx").read_bytes())
    del parts[lost]
    source = folder / "less-parts.docx"
    source.write_bytes(pack(parts))
    _, result = refreshed(folder, source)

    assert result.ok == (lost != "word/_rels/document.xml.rels")


# -- the command ---------------------------------------------------------------------------------------


def test_the_command_writes_or_says_why_not(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, book, out = str(folder / "report.docx"), str(folder / "next.xlsx"), tmp_path / "out.docx"
    profile = ["--profile", str(folder / "profile"), "--lang", "zh"]
    shutil.copy(report, tmp_path / "own.docx")
    own = (tmp_path / "own.docx").read_bytes()

    assert main(["refresh", report, book, "-o", str(out), *profile]) == 0
    assert f"已生成 {out}" in capsys.readouterr().out
    written = out.read_bytes()
    assert main(["refresh", report, book, "-o", str(out), "--strict", *profile]) == 1  # the accounts have warnings
    assert "没有生成文件" in capsys.readouterr().out
    assert out.read_bytes() == written
    assert main(["refresh", str(tmp_path / "own.docx"), book, "-o", str(tmp_path / "own.docx"), *profile]) == 1
    assert "O604" in capsys.readouterr().out
    assert (tmp_path / "own.docx").read_bytes() == own
    assert main(["refresh", report, book, "-o", str(out), "--profile", "sichuan/2023", "--lang", "zh"]) == 2
    assert "F006" in capsys.readouterr().out  # the year is not the profile's
    assert main(["refresh", report, book, "-o", str(tmp_path / "2024.docx"), "--lang", "zh"]) == 0
    assert main(["refresh", str(tmp_path / "none.docx"), book, "-o", str(out), *profile]) == 2


def test_a_file_that_somebody_changed_is_kept_beside_the_new_one(folder: Path, tmp_path: Path) -> None:
    document: Any = Document(folder / "report.docx")
    document.save(tmp_path / "out.docx")
    result = xl2report.refresh(
        folder / "report.docx", folder / "next.xlsx", tmp_path / "out.docx", profile=folder / "profile"
    )

    assert [f.code for f in result.findings if f.code[0] == "O"] == ["O602"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.docx", "out（手工修改1）.docx"]


def test_accounts_with_errors_are_refused(folder: Path) -> None:
    def change(book: Any) -> None:
        book["支出决算"]["H4"].value = "十万"

    result = xl2report.refresh(folder / "report.docx", edited_workbook(folder, change), folder / "never.docx")

    assert (result.paths, result.status) == ((), 1)
    assert "V201" in {f.code for f in result.findings}
    assert not (folder / "never.docx").exists()


def edited_workbook(folder: Path, change: Edit) -> Path:
    book = load_workbook(xl2report.example())
    change(book)
    book.save(folder / "wrong.xlsx")
    return folder / "wrong.xlsx"

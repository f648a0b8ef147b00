"""The annotated copy: what the user had is as it was; colours, comments and the first sheet say what was found."""

from __future__ import annotations

import io
import json
import re
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

import xl2report
from xl2report.annotation import COLOURS, annotated
from xl2report.cli import describe, main
from xl2report.comments import LINE
from xl2report.facts import Cell
from xl2report.findings import Finding, Term, finding
from xl2report.packages import pack, parts_of, untouched

Convert = Callable[[Path, str], Path]
Edited = Callable[..., Path]
pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning:openpyxl")  # of extensions that it would drop
BOOK, STYLES, TYPES = "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"
EVERY_TIME = {BOOK, STYLES, TYPES, "xl/_rels/workbook.xml.rels", "docProps/app.xml"}
"""The parts that a further sheet changes."""


# -- workbooks ----------------------------------------------------------------------------------------


def picture() -> bytes:
    """A red PNG of one point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    )


def rich(stream: Any, *, macros: bytes | None = None) -> None:
    """A workbook with all that Excel users put into one."""
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_custom_property("文号", "峨府办〔2024〕1号")
    money = book.add_format({"num_format": "#,##0.00", "bold": True, "border": 1, "locked": False, "align": "right"})
    grey = book.add_format({"bg_color": "#D9D9D9", "num_format": "0.0%", "italic": True})
    column = book.add_format({"font_color": "#0000FF", "num_format": "0.000"})
    first, data, hidden, chart = (book.add_worksheet(name) for name in ("说明", "数 据's", "隐藏", "图"))
    first.write_rich_string("A1", "甲", money, "乙", "丙")
    first.write_url("A2", "internal:'数 据''s'!A1")
    first.set_header("&C&G", {"image_center": "red.png", "image_data_center": io.BytesIO(picture())})
    data.set_column("F:G", 12, column)
    data.set_row(11, 30, grey)
    data.write_row("A3", ["项目", "金额", "比例", "备注"], grey)
    for row in range(3, 10):
        data.write_string(row, 0, f"第{row}项")
        data.write_number(row, 1, row * 1000.005, money)
        data.write_formula(row, 2, f"=B{row + 1}/SUM($B$4:$B$10)", grey, row / 42)
    data.merge_range("A14:C16", "合并", grey)
    data.data_validation("D4:D10", {"validate": "list", "source": ["是", "否"]})
    data.conditional_format("B4:B10", {"type": "data_bar", "data_bar_2010": True})
    data.conditional_format("C4:C10", {"type": "cell", "criteria": ">", "value": 0.2, "format": grey})
    data.write_comment("B5", "科长：请核实这个数", {"author": "张科长"})
    data.write_comment("D9", "不要动", {"author": "李会计", "color": "#CCFFCC", "x_scale": 2})
    data.insert_button("H2", {"macro": "go", "caption": "汇总"})
    data.insert_image("H8", "red.png", {"image_data": io.BytesIO(picture())})
    data.add_table("I3:J5", {"columns": [{"header": "名"}, {"header": "数"}], "data": [["一", 1], ["二", 2]]})
    data.print_area("A1:D20")
    data.repeat_rows(2)
    data.autofilter("A3:D10")
    data.freeze_panes(3, 1)
    data.protect("secret")
    data.activate()
    hidden.write_number("B2", 7, money)
    hidden.hide()
    pie = book.add_chart({"type": "pie"})
    pie.add_series({"values": "='数 据''s'!$B$4:$B$10", "categories": "='数 据''s'!$A$4:$A$10"})
    chart.insert_chart("B2", pie)
    chart.print_area("A1:H20")
    book.define_name("总额", "=SUM('数 据''s'!$B$4:$B$10)")
    book.define_name("图!局部", "=图!$A$1")
    if macros:
        book.add_vba_project(io.BytesIO(macros), is_stream=True)
    book.close()


DATA = "数 据's"
FOUND = (
    finding("V201", Cell(DATA, "B5"), found="10.0万"),
    finding("V206", Cell(DATA, "B5"), found="名", expected="1 名")._replace(severity="warning"),
    finding("V201", Cell(DATA, "B7"), found="<坏&>"),
    finding("V206", Cell(DATA, "C8"), found="名", expected="另一个")._replace(severity="warning"),
    finding("V201", Cell(DATA, "B15"), found="合")._replace(severity="note"),
    finding("V204", Cell(DATA, "F9"), heading="备注"),
    finding("V204", Cell(DATA, "E12"), heading="备注"),
    finding("V204", Cell(DATA, "B40"), heading="备注"),
    finding("V201", Cell("隐藏", "B2"), found="7"),
    finding("S105", "图", sheet="图", expected="项目"),
    finding("S105", "01!C3", sheet="图")._replace(terms=(Term("总", "1", "图!C9"),)),
)
"""Findings at all kinds of cells: with a comment, with a colour, merged, blank, in a row that is not there, hidden."""


COLOURED = {(DATA, ref) for ref in ("B5", "B7", "C8", "A14", "F9", "E12", "B40")} | {("隐藏", "B2")}
BLANK = {(DATA, ref) for ref in ("F9", "E12", "B40")}
"""Cells of which the original has only the format of their column or row."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rich") / "rich.xlsx"
    rich(path)
    return path


@pytest.fixture(scope="module")
def copy(original: Path) -> Path:
    path = original.with_name("rich-checked.xlsx")
    path.write_bytes(annotated(original.read_bytes(), FOUND, "rich.xlsx", "zh"))
    return path


def same(cell: Any) -> tuple[Any, ...]:
    """The value of a cell and its looks but for the fill."""
    return cell.value, cell.number_format, *map(repr, (cell.font, cell.border, cell.alignment, cell.protection))


def names(holder: Any) -> dict[str, str]:
    """The names that a workbook or a sheet defines."""
    return {name: defined.value for name, defined in holder.defined_names.items()}


def compare(before: Path, after: Path, but: set[tuple[str, str]], first: str = "检查结果") -> None:
    """The copy has one sheet more, and the rest is as before, but for the fill of some cells."""
    for data_only in (False, True):
        ours, theirs = load_workbook(before, data_only=data_only), load_workbook(after, data_only=data_only)
        assert theirs.sheetnames == [first, *ours.sheetnames]
        assert theirs.active.title == first
        assert [s.title for s in theirs if s.sheet_view.tabSelected] == [first]
        assert names(theirs) == names(ours)
        for sheet in ours.worksheets:
            other = theirs[sheet.title]
            assert (other.print_area, other.print_title_rows) == (sheet.print_area, sheet.print_title_rows)
            assert names(other) == names(sheet)
            assert other.sheet_state == sheet.sheet_state
            assert other.merged_cells.ranges == sheet.merged_cells.ranges
            assert [(v.sqref, v.formula1) for v in other.data_validations.dataValidation] == [
                (v.sqref, v.formula1) for v in sheet.data_validations.dataValidation
            ]
            assert len(list(other.conditional_formatting)) == len(list(sheet.conditional_formatting))
            assert (len(other._charts), len(other._images)) == (len(sheet._charts), len(sheet._images))
            assert dict(other.tables.items()) == dict(sheet.tables.items())
            for row in other.iter_rows():
                for cell in row:
                    was = sheet[cell.coordinate]
                    assert cell.value == was.value, cell
                    if (sheet.title, cell.coordinate) in BLANK:
                        continue
                    assert same(cell) == same(was), cell
                    coloured = repr(cell.fill.fgColor) != repr(was.fill.fgColor)
                    assert coloured == ((sheet.title, cell.coordinate) in but), cell


def comments(path: Path) -> dict[tuple[str, str], str]:
    """The comments of a workbook but those of the list of findings, line ends as they are in XML."""
    return {
        (sheet.title, cell.coordinate): cell.comment.text
        for sheet in load_workbook(path).worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }


# -- what was there -----------------------------------------------------------------------------------


def test_what_need_not_change_is_copied_byte_for_byte(original: Path, copy: Path) -> None:
    before, after = parts_of(original.read_bytes()), parts_of(copy.read_bytes())
    changed = {name for name, part in before.items() if after.get(name) != part}

    assert changed == EVERY_TIME | {
        "xl/worksheets/sheet2.xml", "xl/worksheets/sheet3.xml", "xl/comments1.xml", "xl/drawings/vmlDrawing2.vml",
        "docProps/custom.xml",
    }  # fmt: skip
    assert set(after) - set(before) == {
        "xl/worksheets/sheet5.xml", "xl/worksheets/_rels/sheet3.xml.rels", "xl/comments2.xml",
        "xl/drawings/vmlDrawing3.vml",
    }  # fmt: skip
    assert (
        before["docProps/custom.xml"].partition(b"<property")[2].partition(b"</Properties>")[0]
        in after["docProps/custom.xml"]
    )
    assert untouched(copy)


def test_values_formulas_and_looks_are_those_of_the_user(original: Path, copy: Path) -> None:
    compare(original, copy, COLOURED)


def test_of_a_sheet_only_its_marked_cells_and_the_tab_change(original: Path, copy: Path) -> None:
    """The XML of a sheet is the same text when styles, added blanks and the selection of the tab are left out."""

    def bare(part: bytes) -> str:
        text = re.sub(r'(<c r="[A-Z]+\d+") s="\d+"', r"\1", part.decode())
        text = re.sub(r'<c r="(E12|F9|B40)"/>|<dimension [^>]*>| tabSelected="1"|<\?xml[^>]*>\s*', "", text)
        return text.replace("></row>", "/>").replace('<row r="40"/>', "")

    before, after = parts_of(original.read_bytes()), parts_of(copy.read_bytes())

    assert bare(after["xl/worksheets/sheet2.xml"]) == bare(before["xl/worksheets/sheet2.xml"])


def test_the_colour_is_that_of_the_worst_finding(copy: Path) -> None:
    book = load_workbook(copy)
    colours = {ref: book[sheet][ref].fill.fgColor.rgb for sheet, ref in COLOURED}

    assert colours == {
        **dict.fromkeys(("B5", "B7", "F9", "E12", "B40", "B2"), COLOURS["error"]),
        "C8": COLOURS["warning"],
        "A14": COLOURS["note"],
    }
    assert book[DATA]["F9"].number_format == "0.000"
    assert book[DATA]["E12"].number_format == "0.0%"


# -- what was found -----------------------------------------------------------------------------------


def words_of(found: Finding, lang: str = "zh") -> str:
    """A finding as the command prints it, without its place and without indents."""
    return describe(found, lang).replace(f" {found.place}  ", "  ", 1).replace("\n    ", "\n")


def test_comments_stand_at_their_cells_and_say_what_the_command_says(copy: Path) -> None:
    said = comments(copy)
    numbers = {
        f: n for n, f in enumerate(sorted(FOUND, key=lambda f: ["error", "warning", "note"].index(f.severity)), 1)
    }
    texts = {f: f"【{numbers[f]}】{words_of(f)}" for f in FOUND}

    assert set(said) == COLOURED | {(DATA, "D9")}
    assert said[DATA, "D9"] == "不要动"
    assert said[DATA, "B5"] == f"科长：请核实这个数\n{LINE}\n{texts[FOUND[0]]}\n{texts[FOUND[1]]}"
    assert said[DATA, "A14"] == texts[FOUND[4]]
    for found in (FOUND[2], FOUND[3], *FOUND[5:9]):
        assert found.cell is not None
        assert said[found.cell.sheet, found.cell.ref] == texts[found]


def test_a_comment_box_stands_beside_its_cell_and_holds_its_text(copy: Path) -> None:
    drawing = parts_of(copy.read_bytes())["xl/drawings/vmlDrawing2.vml"].decode()
    boxes = {}
    for shape in drawing.split("<v:shape ")[1:]:
        anchor, row, column = (re.search(f"<x:{name}>(.*?)</x:{name}>", shape) for name in ("Anchor", "Row", "Column"))
        if anchor and row and column:
            boxes[int(row[1]), int(column[1])] = [int(number) for number in anchor[1].split(",")]
    ids = re.findall(r'id="(_x0000_s\d+)"', drawing)

    assert len(ids) == len(set(ids)) == len(boxes) + 1  # the button is a shape too
    for row, column in ((6, 1), (7, 2), (8, 5), (11, 4), (39, 1)):
        left, _, top, _, right, _, bottom, _ = boxes[row, column]
        assert (left, top) == (column + 1, row - 1)
        assert right - left >= 4
        assert bottom > top
    assert boxes[13, 0][0] == 3  # to the right of the merged cells
    assert boxes[4, 1][6] - boxes[4, 1][2] > 6  # the user's comment has become higher


def test_the_first_sheet_lists_all_worst_first_and_links_to_the_cells(copy: Path) -> None:
    sheet: Worksheet = load_workbook(copy)["检查结果"]
    rows = [[cell.value for cell in row[:9]] for row in sheet.iter_rows(min_row=4)]

    assert sheet["A1"].value == "检查结果：rich.xlsx"
    assert sheet["A2"].value == "错误 8 个，提示 2 个，说明 1 个"
    assert rows[0] == ["序号", "级别", "代码", "位置", "问题", "现为", "应为", "依据", "办法"]
    assert [row[0] for row in rows[1:]] == list(range(1, 12))
    assert [row[1] for row in rows[1:]] == ["错误"] * 8 + ["提示"] * 2 + ["说明"]
    first = FOUND[0]
    assert rows[1] == [1, "错误", "V201", f"{DATA}!B5", first.message.zh, "10.0万", None, None, first.action.zh]
    links = {sheet[f"D{row}"].value: getattr(sheet[f"D{row}"].hyperlink, "location", None) for row in range(5, 16)}
    assert links[f"{DATA}!B15"] == "'数 据''s'!B15"
    assert links["图"] == "'图'!A1"
    assert links["01!C3"] == "'图'!C9"
    assert sheet.auto_filter.ref == "A4:I15"
    assert (sheet.freeze_panes, sheet.print_title_rows) == ("A5", "$4:$4")
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.column_dimensions["J"].hidden
    assert all(sheet.row_dimensions[row].height >= 18 for row in range(4, 16))


def test_where_nothing_was_found_the_first_sheet_says_so(original: Path) -> None:
    book = load_workbook(io.BytesIO(annotated(original.read_bytes(), (), "rich.xlsx", "zh")))

    assert book["检查结果"]["A2"].value == "错误 0 个，提示 0 个，说明 0 个"
    assert book["检查结果"]["A5"].value == "没有发现问题"


def test_the_words_are_english_where_asked(original: Path, tmp_path: Path) -> None:
    path = tmp_path / "en.xlsx"
    path.write_bytes(annotated(original.read_bytes(), FOUND, "rich.xlsx", "en"))
    sheet = load_workbook(path)["检查结果"]

    assert [sheet.cell(4, column).value for column in (1, 2, 9)] == ["no.", "severity", "what to do"]
    assert comments(path)[DATA, "B7"] == f"【2】{words_of(FOUND[2], 'en')}"


# -- real programs ------------------------------------------------------------------------------------


def messages(validator: str, path: Path) -> list[Any]:
    done = subprocess.run([validator, path], capture_output=True, text=True, timeout=120, check=False)
    return [(e["description"], e["path"]) for e in json.loads(done.stdout)["errors"]]


def test_the_schema_validator_says_no_more_than_of_the_original(
    original: Path, copy: Path, example: Path, validator: str, tmp_path: Path
) -> None:
    checked = tmp_path / "example.xlsx"
    assert xl2report.load(example).annotate(checked).ok

    assert messages(validator, checked) == []
    assert messages(validator, copy) == messages(validator, original)


def test_libreoffice_opens_the_copy_with_comments_and_everything_else(
    original: Path, copy: Path, converted: Convert
) -> None:
    before, after = converted(original, "xlsx"), converted(copy, "xlsx")

    assert comments(after) == comments(copy)
    ours, theirs = load_workbook(before), load_workbook(after)
    assert theirs.sheetnames == ["检查结果", *ours.sheetnames]
    for sheet in ours.worksheets:
        other = theirs[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                if (sheet.title, cell.coordinate) not in BLANK:
                    assert same(cell) == same(other[cell.coordinate]), cell
        assert (len(other._charts), len(other._images)) == (len(sheet._charts), len(sheet._images))
        assert len(list(other.conditional_formatting)) == len(list(sheet.conditional_formatting))
        assert other.merged_cells.ranges == sheet.merged_cells.ranges


def test_a_workbook_of_libreoffice_is_annotated_like_any(original: Path, converted: Convert, tmp_path: Path) -> None:
    theirs, checked = converted(original, "xlsx"), tmp_path / "checked.xlsx"
    checked.write_bytes(annotated(theirs.read_bytes(), FOUND, "rich.xlsx", "zh"))

    compare(theirs, checked, COLOURED)
    assert set(comments(checked)) == COLOURED | {(DATA, "D9")}


# -- again --------------------------------------------------------------------------------------------


def test_the_same_workbook_gives_the_same_bytes(original: Path, copy: Path) -> None:
    assert annotated(original.read_bytes(), FOUND, "rich.xlsx", "zh") == copy.read_bytes()


def test_annotating_an_annotated_copy_piles_nothing_up(copy: Path) -> None:
    assert annotated(copy.read_bytes(), FOUND, "rich.xlsx", "zh") == copy.read_bytes()


def test_a_mended_copy_is_as_the_original_was(original: Path, copy: Path, tmp_path: Path) -> None:
    mended = tmp_path / "mended.xlsx"
    mended.write_bytes(annotated(copy.read_bytes(), (), "rich.xlsx", "zh"))

    compare(original, mended, set())
    assert comments(mended) == comments(original)
    assert not any(name.startswith("xl/comments2") for name in parts_of(mended.read_bytes()))
    assert not any(b"comments2" in part for part in parts_of(mended.read_bytes()).values())


def test_a_copy_saved_by_libreoffice_gets_its_colours_back(
    original: Path, copy: Path, converted: Convert, tmp_path: Path
) -> None:
    """Another program numbers styles anew, shares the strings and writes comments its own way."""
    mended = tmp_path / "mended.xlsx"
    mended.write_bytes(annotated(converted(copy, "xlsx").read_bytes(), (), "rich.xlsx", "zh"))

    compare(converted(original, "xlsx"), mended, set())
    assert comments(mended) == comments(original)


def test_a_colour_goes_back_to_its_cell_when_rows_were_inserted(original: Path, copy: Path, tmp_path: Path) -> None:
    """The comment takes the number of its finding along; openpyxl moves cells with their styles and comments."""
    moved = tmp_path / "moved.xlsx"
    book = load_workbook(copy)
    sheet = book[DATA]
    source, target = sheet["C8"], sheet["C30"]
    target._style, target.comment = source._style, Comment(source.comment.text, source.comment.author)
    source.comment = None
    book.save(moved)
    mended = load_workbook(io.BytesIO(annotated(moved.read_bytes(), (), "x", "zh")))[DATA]

    assert mended["C30"].fill.fgColor.rgb == "FFD9D9D9"
    assert mended["C8"].fill.fgColor.rgb == "FFD9D9D9"  # by its place


def test_a_sheet_of_the_user_with_that_name_stays(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "检查结果"
    book.active["A1"] = "我的"
    book.save(tmp_path / "own.xlsx")
    once = annotated((tmp_path / "own.xlsx").read_bytes(), FOUND, "own.xlsx", "zh")
    twice = annotated(once, FOUND, "own.xlsx", "zh")

    assert load_workbook(io.BytesIO(once)).sheetnames == ["检查结果（2）", "检查结果"]
    assert twice == once
    assert load_workbook(io.BytesIO(twice))["检查结果"]["A1"].value == "我的"


# -- other producers ----------------------------------------------------------------------------------

PREFIXED = {
    TYPES: '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml"'
    ' ContentType="application/xml"/><Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override'
    ' PartName="/xl/tables/One.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<p:Relationships xmlns:p="http://schemas.openxmlformats.org/package/2006/relationships"><p:Relationship'
    ' Id="R1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
    ' Target="/xl/workbook.xml"/></p:Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"'
    ' Target="/xl/tables/One.xml"/></Relationships>',
    BOOK: '<x:workbook xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:q="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><x:sheets>'
    '<x:sheet name="表" sheetId="7" q:id="a"/></x:sheets></x:workbook>',
    "xl/tables/One.xml": '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
    "<x:row><x:c><x:v>1</x:v></x:c><x:c><x:v>2</x:v></x:c></x:row><x:row><x:c><x:f>A1+B1</x:f><x:v>3</x:v></x:c></x:row>"
    "</x:sheetData></x:worksheet>",
}  # fmt: skip
"""Prefixes, absolute targets, no numbers at rows and cells, no styles, no properties."""


def test_prefixes_missing_numbers_and_missing_parts_are_no_hindrance(tmp_path: Path, validator: str) -> None:
    found = (finding("V201", Cell("表", "B1"), found="2"), finding("V201", Cell("表", "C2"), found=""))
    data = pack({name: text.encode() for name, text in PREFIXED.items()})
    once = annotated(data, found, "p.xlsx", "zh")
    path = tmp_path / "p.xlsx"
    path.write_bytes(once)
    sheet = load_workbook(path)["表"]

    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [[1, 2, None], ["=A1+B1", None, None]]
    assert sheet["B1"].fill.fgColor.rgb == sheet["C2"].fill.fgColor.rgb == COLOURS["error"]
    assert set(comments(path)) == {("表", "B1"), ("表", "C2")}
    assert annotated(once, found, "p.xlsx", "zh") == once
    assert messages(validator, path) == []


def test_comments_of_openpyxl_are_continued(tmp_path: Path) -> None:
    """They have no runs, and their boxes no anchor."""
    path = tmp_path / "o.xlsx"
    book = Workbook()
    book.active.title = "表"
    book.active["B2"], book.active["B2"].comment = 5, Comment("科长：请核实", "张科长")
    book.save(path)
    found = finding("V201", Cell("表", "B2"), found="5")
    path.write_bytes(annotated(path.read_bytes(), (found,), "o.xlsx", "zh"))

    assert comments(path) == {("表", "B2"): f"科长：请核实\n{LINE}\n【1】{words_of(found)}"}
    assert b"Anchor>2, 14, 0, 8, " in parts_of(path.read_bytes())["xl/drawings/commentsDrawing1.vml"]
    assert annotated(path.read_bytes(), (found,), "o.xlsx", "zh") == path.read_bytes()
    path.write_bytes(annotated(path.read_bytes(), (), "o.xlsx", "zh"))
    assert comments(path) == {("表", "B2"): "科长：请核实"}


def test_properties_of_the_user_stay_wherever_they_are(original: Path) -> None:
    parts = parts_of(original.read_bytes())
    parts["docProps/own.xml"] = parts.pop("docProps/custom.xml")
    for name in (TYPES, "_rels/.rels"):
        parts[name] = parts[name].replace(b"docProps/custom.xml", b"docProps/own.xml")
    after = parts_of(annotated(pack(parts), (), "x", "zh"))

    assert after["docProps/custom.xml"].count(b"<property") == 2
    assert "峨府办〔2024〕1号" in after["docProps/custom.xml"].decode()
    assert after["_rels/.rels"].count(b"custom-properties") == 1
    assert not any(b"own.xml" in part for part in after.values())


THREAD = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"


def test_threads_stay_and_are_answered(original: Path, validator: str, tmp_path: Path) -> None:
    parts = parts_of(original.read_bytes())
    person, root = "{11111111-1111-4111-8111-111111111111}", "{22222222-2222-4222-8222-222222222222}"
    parts["xl/persons/person.xml"] = (
        f'<personList xmlns="{THREAD}"><person displayName="张" id="{person}" userId="z" providerId="None"/></personList>'
    ).encode()
    parts["xl/threadedComments/threadedComment1.xml"] = (
        f'<ThreadedComments xmlns="{THREAD}"><threadedComment ref="B5" dT="2024-05-01T08:00:00.00" personId="{person}"'
        f' id="{root}"><text>请核实</text></threadedComment></ThreadedComments>'
    ).encode()
    for rels, kind, target in (
        ("xl/_rels/workbook.xml.rels", "person", "persons/person.xml"),
        ("xl/worksheets/_rels/sheet2.xml.rels", "threadedComment", "../threadedComments/threadedComment1.xml"),
    ):
        relation = f'<Relationship Id="t1" Type="http://schemas.microsoft.com/office/2017/10/relationships/{kind}" Target="{target}"/>'
        parts[rels] = parts[rels].replace(b"</Relationships>", relation.encode() + b"</Relationships>")
    overrides = (
        '<Override PartName="/xl/persons/person.xml" ContentType="application/vnd.ms-excel.person+xml"/><Override'
        ' PartName="/xl/threadedComments/threadedComment1.xml" ContentType="application/vnd.ms-excel.threadedcomments+xml"/>'
    )
    parts[TYPES] = parts[TYPES].replace(b"</Types>", overrides.encode() + b"</Types>")
    before, after = tmp_path / "before.xlsx", tmp_path / "after.xlsx"
    before.write_bytes(pack(parts))
    after.write_bytes(annotated(before.read_bytes(), FOUND, "t.xlsx", "zh"))
    answered = parts_of(after.read_bytes())
    thread = answered["xl/threadedComments/threadedComment1.xml"].decode()

    assert "<text>请核实</text>" in thread
    assert f'parentId="{root}"' in thread
    assert words_of(FOUND[0]) in thread
    assert b"xl2report" in answered["xl/persons/person.xml"]
    assert annotated(after.read_bytes(), FOUND, "t.xlsx", "zh") == after.read_bytes()
    assert messages(validator, after) == messages(validator, before)
    mended = parts_of(annotated(after.read_bytes(), (), "t.xlsx", "zh"))
    for name in ("xl/threadedComments/threadedComment1.xml", "xl/persons/person.xml"):
        assert b"xl2report" not in mended[name]


def test_order_of_calculation_properties_and_titles_stay_right(original: Path) -> None:
    parts = parts_of(original.read_bytes())
    parts["xl/calcChain.xml"] = (
        b'<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="C4" i="2"/></calcChain>'
    )
    after = parts_of(annotated(pack(parts), FOUND, "x", "zh"))
    ids = dict(re.findall(r'<sheet name="([^"]+)" sheetId="(\d+)"', after[BOOK].decode()))
    titles = re.findall("<vt:lpstr>(.*?)</vt:lpstr>", after["docProps/app.xml"].decode())

    assert after["xl/calcChain.xml"] == parts["xl/calcChain.xml"]
    assert ids == {"检查结果": "5", "说明": "1", DATA: "2", "隐藏": "3", "图": "4"}
    assert "检查结果" in titles
    assert titles.index("检查结果") + 1 == titles.index("说明")
    assert b"fullCalcOnLoad" not in after[BOOK] or b"fullCalcOnLoad" in parts[BOOK]
    assert "文号" in after["docProps/custom.xml"].decode()


# -- the command --------------------------------------------------------------------------------------


def spoilt(book: Any) -> None:
    book["三公经费"]["C7"] = book["三公经费"]["C7"].value + 100
    book["三公经费"]["C8"] = book["三公经费"]["C8"].value + 100


def test_check_annotates_where_there_are_errors(edited: Edited, capsys: pytest.CaptureFixture[str]) -> None:
    path = edited(spoilt)
    out = path.with_name("accounts-checked.xlsx")
    status = main(["check", str(path), "--annotate", str(out), "--lang", "zh"])
    said = capsys.readouterr().out

    assert status == 1
    assert "错误 R050 三公经费!C7" in said
    assert f"已生成 {out}" in said
    told = xl2report.load(path).findings
    assert set(comments(out)) == {(f.cell.sheet, f.cell.ref) for f in told if f.cell} > {("三公经费", "C7")}
    main(["check", str(path), "--lang", "zh"])
    assert capsys.readouterr().out.partition("核对完毕")[0] == said.partition("已生成")[0]


def test_the_annotated_copy_is_read_and_compiled_like_the_workbook(example: Path, tmp_path: Path) -> None:
    copy = tmp_path / example.name
    assert main(["check", str(example), "--annotate", str(copy), "--lang", "zh"]) == 0
    result = xl2report.compile(copy, tmp_path / "out", marks="none")  # marks name the file by its fingerprint
    expected = xl2report.compile(example, tmp_path / "expected", marks="none")
    *found, noted = result.findings

    assert noted.code == "N408"  # of the contents
    assert [(f.code, f.place) for f in found] == [(f.code, f.place) for f in xl2report.load(example).findings]
    for ours, theirs in zip(result.paths, expected.paths, strict=True):
        made, wanted = parts_of(ours.read_bytes()), parts_of(theirs.read_bytes())
        assert {name for name in wanted if made[name] != wanted[name]} == {
            "docProps/custom.xml"
        }  # the hash of the inputs


def test_an_earlier_copy_is_replaced_and_kept_where_it_was_edited(example: Path, tmp_path: Path) -> None:
    report, out = xl2report.load(example), tmp_path / "checked.xlsx"
    assert report.annotate(out).ok
    first = out.read_bytes()
    assert [f.code for f in report.annotate(out).findings if f.code[0] == "O"] == []
    book = load_workbook(out)
    book.save(out)
    result = report.annotate(out)

    assert [f.code for f in result.findings if f.code[0] == "O"] == ["O602"]
    assert out.read_bytes() == first
    assert (tmp_path / "checked（手工修改1）.xlsx").exists()


def test_the_workbook_itself_is_never_the_copy(edited: Edited) -> None:
    path = edited(spoilt)
    before = path.read_bytes()
    result = xl2report.load(path).annotate(path)

    assert [f.code for f in result.findings if f.severity == "error"] == ["R050", "O604"]
    assert (result.paths, path.read_bytes()) == ((), before)


def test_a_workbook_with_macros_keeps_them_and_its_ending(example: Path, tmp_path: Path) -> None:
    parts = parts_of(example.read_bytes())
    parts[TYPES] = parts[TYPES].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    parts["xl/vbaProject.bin"] = b"macros"
    source = tmp_path / "accounts.xlsm"
    source.write_bytes(pack(parts))
    report = xl2report.load(source)

    refused = report.annotate(tmp_path / "out.xlsx")
    assert ([f.code for f in refused.findings if f.severity == "error"], refused.paths) == (["O607"], ())
    assert report.annotate(tmp_path / "out.xlsm").ok
    assert parts_of((tmp_path / "out.xlsm").read_bytes())["xl/vbaProject.bin"] == b"macros"


def test_what_cannot_be_read_is_not_annotated(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"not a workbook")
    result = xl2report.load(tmp_path / "x.xlsx").annotate(tmp_path / "out.xlsx")

    assert ([f.code for f in result.findings], result.status) == (["F002"], 2)
    assert not (tmp_path / "out.xlsx").exists()


def test_one_copy_is_made_of_one_workbook(example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", str(example), str(example), "--annotate", str(tmp_path / "out.xlsx"), "--lang", "zh"])

    assert stopped.value.code == 2
    assert "--annotate 一次只能检查一个工作簿" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

"""The blank workbook as the person meets it who fills it in: names, totals, balances, colours, drop-downs, last year."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from openpyxl import Workbook, load_workbook
from openpyxl.formula.translate import Translator
from openpyxl.worksheet.worksheet import Worksheet

import xl2report
from xl2report.cli import main
from xl2report.loading import load_profile, shipped
from xl2report.packages import pack, parts_of
from xl2report.profile import Profile
from xl2report.reader import read
from xl2report.workbooks import BALANCES, INSTRUCTIONS, WORDS, blank_workbook, filled_workbook

Convert = Callable[[Path, str], Path]
ConvertTogether = Callable[[Sequence[Path], str], list[Path]]

GOLDEN = Path(__file__).parent / "golden"
TOP = 3
"""The row of the headings."""
NAME = "功能科目名称"
FUND = "一般公共预算财政拨款"


@pytest.fixture(scope="module")
def blank(profile: Profile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "blank.xlsx"
    path.write_bytes(blank_workbook(profile))
    return path


def columns_of(page: Worksheet) -> dict[str, int]:
    return {str(cell.value): cell.column for cell in page[TOP] if cell.value is not None}


def type_in(page: Worksheet, row: int, column: int, text: str, *, number: bool) -> None:
    cell = page.cell(row, column)
    cell.value = float(text) if number else text
    if not number:
        cell.data_type = "s"


def typed_by_hand(book: Workbook, profile: Profile) -> None:
    """Enter the example's accounts: codes, no names; a row of a closed list at its name."""
    for table in profile.tables.values():
        if not table.example:
            continue
        page = book[table.name]
        columns = columns_of(page)
        kinds = {c.heading: c.kind for c in table.columns}
        with Path(profile.example[table.name]).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        key = table.columns[0].heading
        listed = table.kind in ("items", "info")
        printed = {page.cell(row, 1).value: row for row in range(TOP + 1, page.max_row + 1)} if listed else {}
        for number, values in enumerate(rows, TOP + 1):
            row = printed[values[key]] if listed else number
            for heading, text in values.items():
                if text and kinds[heading] != "name" and not (listed and heading == key):
                    code = kinds[heading] == "mark" and text.isdigit()
                    amount = kinds[heading] == "amount" and re.fullmatch(r"-?[\d.]+", text) is not None
                    type_in(page, row, columns[heading], text, number=code or amount)


@pytest.fixture(scope="module")
def typed(
    blank: Path, example: Path, profile: Profile, converted: Convert, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The blank workbook, filled in and saved by LibreOffice, under the name of the example."""
    book = load_workbook(blank)
    typed_by_hand(book, profile)
    path = tmp_path_factory.mktemp("typed") / example.name
    book.save(path)
    return converted(path, "xlsx")


# -- filled in by hand --------------------------------------------------------------------------------


WITHOUT_INPUTS = re.compile(rb'<property [^>]*name="xl2report-inputs">.*?</property>')
"""The golden files are not compiled from a workbook's file."""


def canonical(part: bytes) -> bytes:
    try:
        return etree.tostring(etree.fromstring(part), method="c14n")
    except etree.XMLSyntaxError:
        return part


def test_what_is_typed_into_the_blank_workbook_compiles_to_the_golden_files(typed: Path, tmp_path: Path) -> None:
    result = xl2report.compile(typed, tmp_path)
    assert result.ok, result.findings
    for path, name in zip(result.paths, ("schedules.xlsx", "report.docx"), strict=True):
        ours, golden = (parts_of(data) for data in (path.read_bytes(), (GOLDEN / name).read_bytes()))
        assert sorted(ours) == sorted(golden)
        ours["docProps/custom.xml"] = WITHOUT_INPUTS.sub(b"", ours["docProps/custom.xml"])
        # the manifest of the marks names the workbook and its fingerprint, and the seal of the file knows the manifest
        about_the_file = ("customXml/", "docProps/custom.xml") if name.endswith(".docx") else ()
        same = [part for part in golden if not part.startswith(about_the_file)] if about_the_file else list(golden)
        assert [part for part in same if canonical(golden[part]) != canonical(ours[part])] == []


def test_names_totals_and_balances_appear_while_typing(typed: Path, example: Path) -> None:
    """What LibreOffice computes for codes typed as numbers is what the example was written with."""
    ours, theirs = (load_workbook(path, data_only=True) for path in (example, typed))
    for title in (BALANCES, "收入决算", "支出决算", "结转结余", "支出预算", "三公经费", "政府采购", "绩效项目"):
        for row in ours[title].iter_rows():
            for cell in row:
                there = theirs[title][cell.coordinate].value
                if isinstance(cell.value, int | float) and not isinstance(there, str):
                    assert (there or 0) == pytest.approx(cell.value, abs=1e-6), f"{title}!{cell.coordinate}"
                else:
                    assert str(there or "") == str(cell.value or ""), f"{title}!{cell.coordinate}"
    assert ours["支出决算"]["H2"].value == 14369800
    assert ours[BALANCES]["G4"].value == "√ 相符"


@pytest.mark.parametrize("name", ["sichuan-2023.xlsx", "sichuan-2023-example.xlsx"])
def test_libreoffice_computes_every_formula_as_it_is_stored(name: str, converted: Convert, tmp_path: Path) -> None:
    """It computes each anew, because the copy that it gets has no stored values."""
    path = shipped("workbook_templates", name)
    parts = parts_of(path.read_bytes())
    for part in (p for p in parts if p.startswith("xl/worksheets/sheet")):
        parts[part] = re.sub(rb'( t="str")?(><f>[^<]*</f>)<v>[^<]*</v>', rb"\2", parts[part])
    bare = tmp_path / name
    bare.write_bytes(pack(parts))
    formulas, ours = load_workbook(path), load_workbook(path, data_only=True)
    theirs = load_workbook(converted(bare, "xlsx"), data_only=True)
    count = 0
    for page in formulas.worksheets:
        for row in page.iter_rows():
            for cell in (c for c in row if c.data_type == "f"):
                stored, computed = (book[page.title][cell.coordinate].value for book in (ours, theirs))
                count += 1
                if isinstance(stored, int | float):
                    assert computed == pytest.approx(stored, abs=1e-6), f"{page.title}!{cell.coordinate} {cell.value}"
                else:
                    assert (computed or "") == (stored or ""), f"{page.title}!{cell.coordinate} {cell.value}"
    assert count > 800


def test_the_blank_workbook_reads_as_blank(blank: Path, profile: Profile) -> None:
    """Rows with nothing but a look-up are no rows, and a look-up that gives nothing is no fault."""
    book, findings = read(blank, profile)
    assert book is not None
    assert {f.code for f in findings} == {"V211"}
    assert all(book.table(t.name) == () for t in profile.tables.values() if t.kind not in ("items", "info"))
    assert blank.stat().st_size < 200_000


def test_a_code_is_named_however_it_is_typed_and_totals_are_not_added(
    blank: Path, converted_together: ConvertTogether, tmp_path: Path
) -> None:
    named = {"合计": None, "201": "一般公共服务支出"}
    paths = []
    for total in named:
        book = load_workbook(blank)
        page = book["支出预算"]
        codes = ("2010301", 2010301, " 2010301 ", "2089999", "9999999", total)
        for row, (code, amount) in enumerate(zip(codes, (10.25, 10.25, 10.25, 5, 2, 37.75), strict=True), 4):
            for column, value in zip((1, 2, 4), (FUND, code, amount), strict=True):
                page.cell(row, column).value = value
        paths.append(tmp_path / f"{total}.xlsx")
        book.save(paths[-1])
    for path, total in zip(converted_together(paths, "xlsx"), named, strict=True):
        page = load_workbook(path, data_only=True)["支出预算"]
        names = [*["行政运行"] * 3, "其他社会保障和就业支出", "（科目表无此编码）", named[total]]
        assert [page.cell(row, 3).value or None for row in range(4, 10)] == names
        assert page["D2"].value == 37.75


def test_what_does_not_balance_is_said_in_the_workbook(example: Path, converted: Convert, tmp_path: Path) -> None:
    broken = [
        ("支出决算", "H4", 1, "R005", "× 收入总计与支出总计不相等"),
        ("结转结余", "G4", 0, "R015", "× 一般公共预算财政拨款收支不平衡：本年收入＋年初结转 ≠ 本年支出＋年末结转"),
        ("三公经费", "C7", 10800, "R050", "× 公务接待费的决算数与财政拨款支出中相应经济科目不符"),
        ("三公经费", "C7", 10800, "R062", "× 国内公务接待费与外事接待费之和不等于公务接待费"),
        ("政府采购", "B8", 5, "R055", "× 授予小微企业的合同金额大于授予中小企业的"),
        ("支出预算", "D4", 5, "R057", "！一般公共预算财政拨款的全年预算数与可用资金（本年收入＋年初结转）不一致"),
        ("实物量", "B6", 1, "R054", "× 购置了公务用车，但公务用车购置费为零"),
        ("基本信息", "B16", 99, "R064", "！编制总数不等于各类编制之和"),
    ]
    book = load_workbook(example)
    for sheet, cell, value, *_ in broken:
        book[sheet][cell] = value
    path = tmp_path / "broken.xlsx"
    book.save(path)
    page = load_workbook(converted(path, "xlsx"), data_only=True)[BALANCES]
    lines = {(page.cell(row, 1).value, page.cell(row, 7).value) for row in range(4, page.max_row + 1)}
    assert {(rule, said) for *_, rule, said in broken} <= lines
    told = {f.code for f in xl2report.load(path).findings}
    assert {rule for *_, rule, _ in broken} - told == {"R005", "R057"}  # R015 has said it


def test_a_rule_added_to_a_profile_is_tried_in_its_workbook(
    converted_together: ConvertTogether, tmp_path: Path
) -> None:
    """Opening balance = last year's closing balance, in a row that the user adds to 上年决算."""
    rule = """
    extends = "sichuan/2023"
    [rule.R900]
    claim = "年初结转和结余 = 年末结转和结余.上年"
    message = { zh = "年初数不等于上年年末数", en = "x" }
    action = { zh = "请核对“结转结余”。", en = "x" }
    why = { zh = "上年年末就是本年年初。", en = "x" }
    source = "x"
    holds = [{ "年初结转和结余" = 1, "年末结转和结余.上年" = 1 }]
    breaks = [{ "年初结转和结余" = 1, "年末结转和结余.上年" = 2 }]
    """
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "profile.toml").write_text(rule, encoding="utf-8")
    blank = tmp_path / "blank.xlsx"
    assert xl2report.new_workbook(blank, tmp_path / "own").ok

    cases = {"（尚未填写）": None, "√ 相符": 5, "× 年初数不等于上年年末数": 4}
    paths = []
    for number, amount in enumerate(cases.values()):
        book = load_workbook(blank)
        book["结转结余"]["A4"], book["结转结余"]["D4"] = FUND, 5
        if amount is not None:
            book["上年决算"]["A8"], book["上年决算"]["B8"] = "年末结转和结余", amount
        paths.append(tmp_path / f"typed{number}.xlsx")
        book.save(paths[-1])
    for path, said in zip(converted_together(paths, "xlsx"), cases, strict=True):
        page = load_workbook(path, data_only=True)[BALANCES]
        assert next(page.cell(row, 7).value for row in range(4, 80) if page.cell(row, 1).value == "R900") == said


# -- colours ------------------------------------------------------------------------------------------

COLOURS = {"FFFFC7CE": "red", "FFFCE4D6": "orange", "FFFFF2CC": "yellow"}
SPENT = {"资金性质": FUND, "功能科目编码": "2010301", "支出类型": "基本支出", "经济科目编码": "30101", "金额": 5}
FAULTS: list[tuple[str, Mapping[str, object], dict[str, str]]] = [
    ("支出决算", SPENT, {}),
    ("支出决算", {**SPENT, "功能科目编码": 2010301}, {}),
    ("支出决算", {**SPENT, "功能科目编码": None}, {"功能科目编码": "red"}),
    ("支出决算", {**SPENT, "资金性质": None}, {"资金性质": "red"}),
    ("支出决算", {**SPENT, "金额": None}, {"金额": "yellow"}),
    ("支出决算", {"资金性质": FUND}, {"功能科目编码": "yellow", "支出类型": "yellow", "金额": "yellow"}),
    ("支出决算", {**SPENT, "功能科目编码": "2019998"}, {"功能科目编码": "red"}),
    ("支出决算", {**SPENT, "功能科目编码": "20103"}, {"功能科目编码": "orange"}),
    ("支出决算", {**SPENT, "经济科目编码": "39999999"}, {"经济科目编码": "red"}),
    ("支出决算", {**SPENT, "经济科目编码": None}, {"经济科目编码": "red"}),
    ("支出决算", {**SPENT, "资金性质": "非财政拨款", "经济科目编码": None}, {}),
    ("支出决算", {**SPENT, "支出类型": "项目支出"}, {"项目名称": "red"}),
    ("支出决算", {**SPENT, "支出类型": "项目支出", "项目名称": "维修"}, {}),
    ("支出决算", {**SPENT, "金额": "五元"}, {"金额": "red"}),
    ("支出决算", {**SPENT, "金额": "1,234.50"}, {}),
    ("支出决算", {**SPENT, "金额": "—"}, {}),
    ("支出决算", {**SPENT, "金额": -5}, {"金额": "orange"}),
    ("支出决算", {"资金性质": "合计", "金额": 5}, {}),
    ("支出决算", {**SPENT, "功能科目编码": None, "功能科目名称": "小 计", "经济科目编码": None}, {}),
    ("支出决算", {"资金性质": FUND, "功能科目名称": "小计", "金额": 5}, {}),
    ("支出预算", {"资金性质": FUND, "功能科目编码": "2010301", "全年预算数": 5}, {}),
    (
        "支出预算",
        {"资金性质": FUND, "功能科目编码": "2010350", "全年预算数": 5},
        {"功能科目编码": "red", "资金性质": "red"},
    ),
    (
        "支出预算",
        {"资金性质": FUND, "功能科目编码": 2010350, "全年预算数": 5},
        {"功能科目编码": "red", "资金性质": "red"},
    ),
    ("结转结余", {"资金性质": FUND, "年初结转和结余": 0}, {}),
    ("结转结余", {"资金性质": "政府性基金预算财政拨款", "年初结转和结余": 5}, {"功能科目编码": "red"}),
    ("文字材料", {"位置": "部门职责"}, {"文字": "yellow"}),
]


@pytest.fixture(scope="module")
def painted(blank: Path, converted: Convert, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """For each case the colour of each column: LibreOffice computes the rules, copied beside the row."""
    book = load_workbook(blank)
    rows: dict[str, int] = {}
    places = []
    for sheet, values, _ in FAULTS:
        page = book[sheet]
        row = rows[sheet] = rows.get(sheet, TOP) + 1
        columns = columns_of(page)
        for heading, value in values.items():
            page.cell(row, columns[heading]).value = value
        rules = []
        for area in page.conditional_formatting:
            for rule in area.rules:
                at = next(iter(area.sqref.ranges)).min_col
                formula = Translator(f"={rule.formula[0]}", f"A{TOP + 1}").translate_formula(f"A{row}")
                place = page.cell(row, 40 + len(rules))
                place.value = formula
                place.number_format = "General"
                colour = COLOURS[rule.dxf.fill.bgColor.rgb]
                rules.append((rule.priority, page.cell(TOP, at).value, colour, place.coordinate))
        places.append((sheet, rules))
    path = tmp_path_factory.mktemp("colours") / "colours.xlsx"
    book.save(path)
    computed = load_workbook(converted(path, "xlsx"), data_only=True)
    found = []
    for sheet, rules in places:
        colours: dict[str, str] = {}
        for _, heading, colour, place in sorted(rules):
            value = computed[sheet][place].value
            assert value in (True, False), f"{sheet} {heading} {colour}: {value}"
            if value:
                colours.setdefault(heading, colour)
        found.append(colours)
    return found


@pytest.mark.parametrize("case", range(len(FAULTS)))
def test_a_row_has_the_colours_of_what_is_wrong_with_it(painted: list[dict[str, str]], case: int) -> None:
    assert painted[case] == FAULTS[case][2]


def test_an_item_greater_than_the_one_it_is_part_of_is_coloured(blank: Path) -> None:
    page = load_workbook(blank)["三公经费"]
    rules = {str(area.sqref): [r.formula[0] for r in area.rules] for area in page.conditional_formatting}
    assert (page["A7"].value, page["A9"].value) == ("公务接待费", "其中：外事接待费")
    assert rules["C9"] == ["AND(ISNUMBER($C$9),ISNUMBER($C$7),$C$9>$C$7)"]


# -- drop-downs, hints, print set-up --------------------------------------------------------------------


def cells_of(names: Iterable[str], book: Workbook, name: str) -> list[object]:
    sheet, _, area = book.defined_names[name].value.partition("!")
    assert name in names
    return [row[0].value for row in book[sheet][area]]


def test_every_column_says_what_to_enter_and_closed_lists_and_codes_drop_down(blank: Path, profile: Profile) -> None:
    book = load_workbook(blank)
    for table in (t for t in profile.tables.values() if t.kind != "info"):
        page = book[table.name]
        rules = {next(iter(rule.sqref.ranges)).min_col: rule for rule in page.data_validations.dataValidation}
        for heading, at in columns_of(page).items():
            column, rule = table.column(heading), rules[at]
            assert rule.promptTitle == heading
            assert rule.prompt
            assert next(iter(rule.sqref.ranges)).min_row == TOP + 1
            mark = profile.marks.get(column.mark) if column.kind == "mark" else None
            if mark and mark.is_tree:
                assert (rule.type, rule.errorStyle) == ("list", "warning")
                leaves = [int(code) for code in sorted(mark.codes) if len(code) == mark.lengths[-1]]
                assert cells_of((rule.formula1,), book, f"{mark.name}编码表") == leaves
            elif column.values or (mark and mark.values):
                values = column.values or (mark.values if mark else ())
                assert (rule.type, rule.formula1) == ("list", f'"{",".join(values)}"')


def test_every_row_of_the_basic_information_has_a_hint_and_counts_are_numbers(blank: Path, profile: Profile) -> None:
    page = load_workbook(blank)["基本信息"]
    rules = {next(iter(rule.sqref.ranges)).min_row: rule for rule in page.data_validations.dataValidation}
    for row, info in enumerate(profile.infos.values(), TOP + 1):
        assert page.cell(row, 1).value == rules[row].promptTitle == info.name
        assert rules[row].prompt
        assert (page.cell(row, 2).number_format == "0") == (info.kind == "integer")


def test_every_sheet_prints_on_a4_with_its_headings(blank: Path, profile: Profile) -> None:
    book = load_workbook(blank)
    for page in book.worksheets:
        assert (page.page_setup.paperSize, page.page_setup.fitToWidth or 1, page.page_setup.fitToHeight) == (
            9,
            2 if page.title == "绩效项目" else 1,
            0,
        )
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert "&P" in page.oddFooter.center.text
        assert page.protection.sheet
        assert page.protection.password is None
        if page.title != INSTRUCTIONS:
            assert page.print_title_rows == f"${TOP}:${TOP}"
            assert page.freeze_panes is not None
    assert [page.title for page in book.worksheets] == [INSTRUCTIONS, *profile.tables, BALANCES, WORDS]


def test_the_worked_example_says_what_the_schedules_print(profile: Profile, tmp_path: Path) -> None:
    """The rows of the instructions, compiled: the amounts that the instructions name are those that are printed."""
    assert profile.sample is not None
    headings, *rows = profile.sample.rows
    spent = [dict(zip(headings, row, strict=True)) for row in rows]
    info = [{"项目": "部门名称", "内容": "某某局"}, {"项目": "年度", "内容": "2023"}]
    path = tmp_path / "sample.xlsx"
    path.write_bytes(filled_workbook(profile, {"基本信息": info, "支出决算": spent}))
    report = xl2report.load(path)
    sheet = next(s for s in report.sheets if s.key == "06")
    printed = [
        sheet.box("201", "小计"),
        sheet.box("2010301", "基本支出"),
        sheet.box("2010302", "项目支出"),
    ]
    texts = [report[name].text for name in ("一般公共预算支出", "人员经费", "公用经费")]
    texts += [box.figure.text for box in printed if box is not None and box.figure is not None]
    said = "".join(profile.sample.prints)
    assert len(texts) == 6
    assert [text for text in texts if f"{text}万元" not in said and f"{text} 万元" not in said] == []


# -- from last year's workbook --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def next_profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("口径") / "2099"
    folder.mkdir()
    text = 'extends = "sichuan/2023"\n[profile]\ntitle = "次年度"\nyear = 2024\n'
    (folder / "profile.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def following(example: Path, next_profile: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("following") / "2024.xlsx"
    result = xl2report.new_workbook(path, next_profile, last=example)
    assert result.paths == (path,), result.findings
    return path


def table_of(path: Path, sheet: str) -> dict[object, dict[str, Any]]:
    """The filled rows of a sheet by their first cell."""
    page = load_workbook(path, data_only=True)[sheet]
    headings = [cell.value for cell in page[TOP]]
    rows = (row for row in page.iter_rows(min_row=TOP + 1, values_only=True) if row[0])
    return {row[0]: {str(h): v for h, v in zip(headings, row, strict=True)} for row in rows}


def test_last_year_s_results_stand_in_the_prior_year_columns(following: Path, example: Path) -> None:
    last = xl2report.load(example)
    prior = {name: row["上年决算数"] for name, row in table_of(following, "上年决算").items()}
    assert prior == {
        "收入支出总计": last["收入支出总计"].value,
        "财政拨款收入支出总计": last["财政拨款收入支出总计"].value,
        "一般公共预算财政拨款支出": last["一般公共预算支出"].value,
        "机关运行经费": last["机关运行经费"].value,
        "年末结转和结余": last["年末结转和结余"].value,
        "年末财政拨款结转和结余": last["年末财政拨款结转和结余"].value,
    }
    receptions = table_of(following, "三公经费")["公务接待费"]
    assert receptions == {"项目": "公务接待费", "预算数": None, "决算数": None, "上年决算数": 10700}


def test_closing_balances_open_the_new_year(following: Path) -> None:
    assert table_of(following, "结转结余") == {
        FUND: {
            "资金性质": FUND,
            "功能科目编码": "2010302",
            "功能科目名称": "一般行政管理事务",
            "年初结转和结余": 187200,
            "使用非财政拨款结余": None,
            "结余分配": None,
            "年末结转和结余": None,
        }
    }


def test_the_new_year_s_prior_figures_are_those_that_last_year_s_report_printed(
    following: Path, next_profile: Path, example: Path
) -> None:
    last, new = xl2report.load(example), xl2report.load(following, next_profile)
    for name in ("收入支出总计", "财政拨款收入支出总计", "一般公共预算支出", "机关运行经费", "三公经费", "公务用车费"):
        assert new[name].prior.value == last[name].value


def test_nothing_else_is_carried(following: Path, next_profile: Path) -> None:
    book, _ = read(following, load_profile(next_profile))
    assert book is not None
    for sheet in ("收入决算", "支出决算", "支出预算", "绩效项目", "绩效指标", "核对数"):
        assert book.table(sheet) == ()
    assert {row["数量"] for row in table_of(following, "实物量").values()} == {None}
    assert {row["金额"] for row in table_of(following, "政府采购").values()} == {None}


def test_the_basic_information_is_of_the_next_year(following: Path) -> None:
    info = {name: row["内容"] for name, row in table_of(following, "基本信息").items()}
    assert (info["年度"], info["公开日期"], info["部门整体绩效自评得分"], info["在职人员总数"]) == (
        2024,
        None,
        None,
        None,
    )
    assert (info["自称"], info["编制总数"]) == ("我办", 38)


def test_texts_are_kept_and_marked_and_the_mark_is_an_error(following: Path, next_profile: Path) -> None:
    texts = load_workbook(following)["文字材料"]
    written = [texts.cell(row, 4).value for row in range(TOP + 1, texts.max_row + 1) if texts.cell(row, 1).value]
    assert len(written) == 190
    assert all(str(text).startswith("【待更新】") for text in written)
    report = xl2report.load(following, next_profile)
    errors = {f.code for f in report.findings if f.severity == "error"}
    # the texts, and the opening balance that no expenditure stands against yet
    assert errors == {"N410", "R015"}
    assert len([f for f in report.findings if f.code == "N410"]) == 17
    assert xl2report.compile(following, profile=next_profile).paths == ()


def test_a_last_year_that_still_bears_the_mark_is_refused(following: Path, next_profile: Path, tmp_path: Path) -> None:
    result = xl2report.new_workbook(tmp_path / "new.xlsx", next_profile, last=following)
    assert (result.status, result.paths) == (1, ())
    assert "N410" in {f.code for f in result.findings}


def test_own_rows_of_the_basic_information_and_the_glossary_are_kept(
    edited: Callable[..., Path], next_profile: Path, tmp_path: Path
) -> None:
    def add(book: Workbook) -> None:
        page = book["基本信息"]
        page.cell(page.max_row + 1, 1).value = "联系电话"
        page.cell(page.max_row, 2).value = "0833-5221234"

    path = tmp_path / "new.xlsx"
    assert xl2report.new_workbook(path, next_profile, last=edited(add)).ok
    assert table_of(path, "基本信息")["联系电话"]["内容"] == "0833-5221234"
    assert len(table_of(path, "名词解释")) == 22


def test_balances_of_zero_become_one_row_of_zero(
    edited: Callable[..., Path], next_profile: Path, tmp_path: Path
) -> None:
    def close(book: Workbook) -> None:
        page = book["结转结余"]
        page["D4"], page["G4"] = 0, 0
        book["收入决算"]["C4"] = 7402800
        page = book["支出预算"]
        page["D5"] = 0

    path = tmp_path / "new.xlsx"
    result = xl2report.new_workbook(path, next_profile, last=edited(close))
    assert result.ok, result.findings
    (row,) = table_of(path, "结转结余").values()
    assert (row["资金性质"], row["功能科目编码"], row["年初结转和结余"]) == (FUND, None, 0)


def test_a_workbook_in_ten_thousands_goes_on_in_ten_thousands(
    edited: Callable[..., Path], profile: Profile, next_profile: Path, tmp_path: Path
) -> None:
    def in_ten_thousands(book: Workbook) -> None:
        for table in profile.tables.values():
            page = book[table.name]
            columns = columns_of(page)
            for column in (c for c in table.amounts if c.unit == "元" and c.heading in columns):
                for row in range(TOP + 1, page.max_row + 1):
                    cell = page.cell(row, columns[column.heading])
                    if isinstance(cell.value, int | float):
                        cell.value /= 10000
        for row in range(TOP + 1, 12):
            if book["基本信息"].cell(row, 1).value == "金额单位":
                book["基本信息"].cell(row, 2).value = "万元"

    path = tmp_path / "new.xlsx"
    result = xl2report.new_workbook(path, next_profile, last=edited(in_ten_thousands))
    assert result.ok, result.findings
    assert table_of(path, "结转结余")[FUND]["年初结转和结余"] == 18.72
    assert xl2report.load(path, next_profile)["年初结转和结余"].value == 187200


def test_a_workbook_with_errors_is_refused_with_its_findings(
    edited: Callable[..., Path], next_profile: Path, tmp_path: Path
) -> None:
    def spoil(book: Workbook) -> None:
        book["支出决算"]["H5"] = "174.23万"

    path = tmp_path / "new.xlsx"
    result = xl2report.new_workbook(path, next_profile, last=edited(spoil))
    assert (result.status, result.paths, path.exists()) == (1, (), False)
    assert "V201" in {f.code for f in result.findings}


def test_the_command_says_what_was_carried_and_what_was_not(
    example: Path, next_profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new.xlsx"
    status = main(["new", str(path), "--from", str(example), "--profile", str(next_profile), "--lang", "zh"])
    said = capsys.readouterr().out
    assert status == 0
    assert "说明 O608 结转结余  从上年工作簿带入1行：上年“年末结转和结余”带入“年初结转和结余”" in said
    assert "说明 O609 支出决算  没有从上年工作簿带入" in said
    assert main(["new", str(path), "--from", str(example), "--lang", "zh"]) == 1
    assert "O603" in capsys.readouterr().out


def test_a_missing_last_year_is_a_finding(tmp_path: Path) -> None:
    result = xl2report.new_workbook(tmp_path / "new.xlsx", last=tmp_path / "nothing.xlsx")
    assert (result.status, [f.code for f in result.findings]) == (2, ["F001"])


def test_without_a_profile_of_the_next_year_the_last_one_is_taken_and_that_is_said(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xl2report.pipeline.available", lambda: ("sichuan/2023",))
    path = tmp_path / "new.xlsx"
    result = xl2report.new_workbook(path, last=example)
    assert result.paths == (path,)
    assert [f.message.zh for f in result.findings if f.code == "O610"] == [
        "还没有2024年度的口径，新工作簿按 sichuan/2023 生成"
    ]
    assert table_of(path, "基本信息")["年度"]["内容"] == 2024


def test_the_profile_of_the_next_year_is_taken_where_it_comes_with_the_program(
    example: Path, next_profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {"sichuan/2024": next_profile}
    monkeypatch.setattr("xl2report.pipeline.available", lambda: ("sichuan/2023", "sichuan/2024"))
    monkeypatch.setattr("xl2report.pipeline.load_profile", lambda name: load_profile(folders.get(str(name), name)))
    path = tmp_path / "new.xlsx"
    result = xl2report.new_workbook(path, last=example)
    assert result.paths == (path,)
    assert "O610" not in {f.code for f in result.findings}
    assert load_workbook(path)[WORDS]["A1"].value == "2024年度词表"

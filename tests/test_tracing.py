"""Traces: what each form of argument means, down to the cells, and from a cell to all that it flows into."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from test_rules import PROFILE, Entries, consistent, entry

import xl2report
from xl2report.cli import main
from xl2report.derive import Figures
from xl2report.facts import Book, Cell
from xl2report.manifest import BEGIN, END, SAID
from xl2report.packages import pack, parts_of, untouched
from xl2report.printed import Printed, printed_numbers
from xl2report.schedules import sheet_name
from xl2report.sheets import lay_out
from xl2report.trace_text import as_text
from xl2report.trace_workbook import DETAILS, NUMBERS
from xl2report.tracing import Number, Origins, Saying, Source, is_plain_sum

pytestmark = pytest.mark.usefixtures("compiled_once")


def names(report: xl2report.Report, what: str) -> list[str]:
    """The names of everything that an argument means."""
    return [str(m.cell) if isinstance(m, Source) else m.name for m in report.trace(what).meanings]


def told(report: xl2report.Report, what: str, lang: str = "zh", *, everything: bool = False) -> str:
    return as_text(report.trace(what), lang, everything=everything)


def lines(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


# -- what an argument means ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "meant"),
    [
        ("一般公共预算支出", ["一般公共预算支出"]),
        ("一般公共预算财政拨款支出", ["一般公共预算支出"]),
        (" “三公”经费 ", ["三公经费"]),
        ("三公经费.增长率", ["三公经费.增长率"]),
        ("“三公”经费.增长率", ["三公经费.增长率"]),
        ("三公经费.完成预算", ["三公经费.完成预算"]),
        ("一般公共预算支出按项[2010301]", ["一般公共预算支出按项[2010301]"]),
        ("一般公共预算支出按项[行政运行]", ["一般公共预算支出按项[2010301]"]),
        ("一般公共预算支出按项[行政运行].完成率", ["一般公共预算支出按项[2010301].完成率"]),
        ("行政运行", ["一般公共预算支出按项[2010301]"]),
        ("2010301", ["一般公共预算支出按项[2010301]"]),
        ("三公经费构成", ["因公出国费", "公务用车费", "公务接待费"]),
        ("图表.三公经费构成", ["因公出国费.占比", "公务接待费.占比"]),
        ("公务接待费", ["公务接待费", "公用经费科目[30217]"]),
        ("公务接待费.占比", ["公务接待费.占比"]),
        ("绩效项目[重点工作保障推进经费].全年执行数", ["绩效项目[重点工作保障推进经费].全年执行数"]),
        ("85.68%", ["一般公共预算财政拨款收入.占比", "一般公共预算支出.占比"]),
        ("８５．６８％", ["一般公共预算财政拨款收入.占比", "一般公共预算支出.占比"]),
        ("23.89%", ["一般公共预算支出.增长率"]),
        ("-23.89%", ["一般公共预算支出.增长率"]),
        ("72.16万元", ["一般公共预算支出按项[2080505]", "一般公共预算支出按项[2080505].预算", "人员经费科目[30108]"]),
        ("740.28", ["一般公共预算支出按项[2010301]", "一般公共预算支出按项[2010301].预算"]),
        ("7402800元", ["一般公共预算支出按项[2010301]", "一般公共预算支出按项[2010301].预算"]),
        ("67辆", ["公务用车保有量", "共有车辆"]),
        ("占79.41%；项目支出295.82万元", ["基本支出.占比", "项目支出"]),
        ("完成预算100%，较上年度减少82.2万元", ["三公经费.完成率", "三公经费.增减"]),
        ("03!C7", ["03!C7"]),
        ("3!$c$7", ["03!C7"]),
        ("公开03表!C7", ["03!C7"]),
        ("公开03表！C7", ["03!C7"]),
        ("'03 支出决算表'!C7", ["03!C7"]),
        ("支出决算表!C7", ["03!C7"]),
        ("03[合计, 基本支出]", ["03!D7"]),
        ("支出决算!H12", ["支出决算!H12"]),
        ("支出决算!$H$12", ["支出决算!H12"]),
        ("基本信息!B7", ["基本信息!B7"]),
    ],
)
def test_what_an_argument_means_is_decided_by_its_form(report: xl2report.Report, what: str, meant: list[str]) -> None:
    found = names(report, what)

    assert [name for name in found if "!" not in name or not re.fullmatch(r"[\d.,]+[^\d\[]*", what)] == meant
    assert report.trace(what).status == 0


def test_a_printed_text_means_the_boxes_that_print_it_too(report: xl2report.Report) -> None:
    assert names(report, "1,455.70") == names(report, "1455.7") == names(report, "1455.7万元")
    assert names(report, "1455.7")[-4:] == ["01!C36", "01!F36", "04!C38", "04!F38"]


def test_the_sheet_of_the_accounts_may_have_its_own_name(edited: Callable[..., Path]) -> None:
    def rename(book: Any) -> None:
        book["支出决算"].title = "支出 决算"

    report = xl2report.load(edited(rename))

    assert names(report, "支出 决算!H12") == names(report, "支出决算!H12") == ["支出 决算!H12"]


def test_a_sheet_that_is_called_like_a_schedule_means_both(report: xl2report.Report) -> None:
    book = Book(report.book.facts, report.book.rows, report.book.info, sheets={**report.book.sheets, "支出决算": "03"})
    cell = next(f.cell for f in book.facts if f.cell.sheet == "支出决算")
    facts = tuple(
        f if f.cell != cell else type(f)(f.amount, f.marks, Cell("03", "C7"), f.entered) for f in report.book.facts
    )
    both = Origins(
        report.profile, Book(facts, book.rows, book.info, sheets=book.sheets), report.figures, report.sheets, ()
    )

    assert [type(m) for m in both.of("03!C7").meanings] == [Number, Source]


def test_what_means_nothing_is_told_with_what_is_near(report: xl2report.Report) -> None:
    said = {
        "一般公共预算支": "一般公共预算支出",
        "三公经费.增长": "三公经费.增长率",
        "85.6%": "一般公共预算财政拨款收入.占比 85.68%",
        "支出决定!H4": "支出决算",
        "支出决算!Z99": "支出决算!H4",
        "03!A1": "03!C7",
        "99!C7": "03 支出决算表",
    }
    for what, near in said.items():
        trace = report.trace(what)
        assert trace.status == 2, what
        assert [f.code for f in trace.findings] == ["F011"]
        assert near in trace.findings[0].expected or what == "99!C7", what


# -- as text ------------------------------------------------------------------------------------------


def test_a_rate_is_told_down_to_the_cells_and_each_number_once(report: xl2report.Report) -> None:
    assert told(report, "公务接待费.增长率") == lines(
        """
        公务接待费.增长率  公务接待费的增长率 = -28.19%（≈-0.2818791946）
        ├ 怎样算出：公务接待费.增减 / 公务接待费.上年
        ├ 公务接待费.增减 = -0.42万元（-4200元）
        │ ├ 怎样算出：公务接待费 - 公务接待费.上年
        │ ├ 公务接待费 = 1.07万元（10700元）
        │ │ ├ 怎样算出：取自“三公经费”，列=决算数，项目=公务接待费
        │ │ └ 三公经费!C7  10700元  列 决算数，项目 公务接待费
        │ └ 公务接待费.上年 = 1.49万元（14900元）
        │   ├ 怎样算出：取自“三公经费”，列=上年决算数，项目=公务接待费
        │   └ 三公经费!D7  14900元  列 上年决算数，项目 公务接待费
        ├ 公务接待费.上年 = 1.49万元（14900元）（见上）
        └ 印在
          └ 报告“第二部分 七、 （二）“三公”经费财政拨款支出决算具体情况说明”第8段：…2023年度减少0.42万元，下降【28.19%】。主要原因是2023年我单位对公务接…
        """
    ).replace("…2023年度减少0.42万元", "…比2022年度减少0.42万元")


def test_long_sums_are_told_in_short_unless_all_is_asked_for(report: xl2report.Report) -> None:
    short, long = told(report, "03!C9"), told(report, "03!C9", everything=True)

    assert short == lines(
        """
        公开03表!C9  20103 政府办公厅（室）及相关机构事务，本年支出合计 = 896.90万元（8969000元）
        ├ 怎样算出：功能科目=20103，本年支出合计
        ├ 本表公式：SUM（C10、C11）
        └ 29个单元格，合计8969000元
          ├ 支出决算!H4  1986400元  资金性质 一般公共预算财政拨款，功能科目 2010301 行政运行，支出类型 基本支出，经济科目 30101 基本工资
          ├ 支出决算!H5  1742300元  资金性质 一般公共预算财政拨款，功能科目 2010301 行政运行，支出类型 基本支出，经济科目 30102 津贴补贴
          ├ 支出决算!H6  1553600元  资金性质 一般公共预算财政拨款，功能科目 2010301 行政运行，支出类型 基本支出，经济科目 30103 奖金
          ├ 支出决算!H7   248700元  资金性质 一般公共预算财政拨款，功能科目 2010301 行政运行，支出类型 基本支出，经济科目 30106 伙食补助费
          ├ 支出决算!H8   499000元  资金性质 一般公共预算财政拨款，功能科目 2010301 行政运行，支出类型 基本支出，经济科目 30199 其他工资福利支出
          └ … 还有24个，合计2939000元
        """
    )
    assert [f"支出决算!H{row} " in long for row in range(4, 34)] == [True] * 29 + [False]


def test_shares_say_that_they_are_of_the_largest_remainder(report: xl2report.Report) -> None:
    zh, en = (told(report, "公务接待费.占比", lang).split("\n")[1] for lang in ("zh", "en"))

    assert zh == "├ 怎样算出：公务接待费 / 三公经费（最大余额法，“三公”经费财政拨款支出结构各项之和为100%）"
    assert (
        en
        == "├ how: 公务接待费 / 三公经费; by the largest remainder, so that the shares of the list sum to exactly 100 %"
    )


def test_a_phrase_says_its_situation_and_its_numbers(report: xl2report.Report) -> None:
    (saying,) = report.trace("公务用车费.比上年度变动").meanings

    assert isinstance(saying, Saying)
    assert (saying.situation, saying.text) == ("本年为零", "比2022年度减少84.28万元，下降100%")
    assert [f.name for f in saying.numbers] == ["公务用车费.增减", "公务用车费.增长率"]
    assert [p.text for p in saying.printed] == ["84.28", "100%"]


def test_a_gap_says_what_is_missing_and_where(report: xl2report.Report) -> None:
    assert told(report, "基本支出.上年").split("\n")[0] == (
        "基本支出.上年  基本支出的上年 = 没有数：无上年数，应在“上年决算”填写“基本支出”"
    )
    assert told(report, "基本支出.上年", "en").split("\n")[0] == (
        "基本支出.上年  基本支出的上年 = no number: 无上年数; to be filled in: “基本支出” in sheet “上年决算”"
    )


def test_an_item_of_a_list_without_a_whole_has_no_share(report: xl2report.Report) -> None:
    assert told(report, "人员经费科目[30101].占比").startswith(
        "人员经费科目[30101].占比  30101 基本工资的占比 = 没有数：未填"
    )


@pytest.mark.parametrize(
    ("document", "what", "lang"),
    [
        ("README.md", "三公经费.完成率", "en"),
        ("README.zh-CN.md", "28.19%", "zh"),
        ("docs/traceability.md", "公务接待费.增长率", "en"),
    ],
)
def test_the_documents_show_what_is_told(report: xl2report.Report, document: str, what: str, lang: str) -> None:
    text = (Path(__file__).parents[1] / document).read_text(encoding="utf-8")

    assert f"{what}{' --lang en' if lang == 'en' else ''}\n{told(report, what, lang)}\n```" in text


def test_a_blank_box_and_an_empty_sum_say_so(report: xl2report.Report) -> None:
    assert told(report, "03!F7").split("\n")[1] == "└ 没有填过数，印成空白"
    assert told(report, "非财政拨款支出").split("\n")[2] == "├ 没有这样的行，为0"


def test_no_number_is_told_in_full_twice_in_one_output(report: xl2report.Report) -> None:
    text = told(report, "1455.7", everything=True)
    tree = [line.lstrip("├└│ ") for line in text.splitlines()]
    in_full = [before.split()[0] for before, line in pairwise(tree) if line.startswith("怎样算出")]

    assert "收入总计" in in_full
    assert len(in_full) == len(set(in_full))
    assert text.count("（见上）") > 1


# -- from a cell onwards ------------------------------------------------------------------------------


def test_a_cell_says_what_stands_in_it_and_what_it_flows_into(report: xl2report.Report) -> None:
    text = told(report, "三公经费!C7")

    assert text.split("\n├")[0] == "三公经费!C7 = 10700元  列 决算数，项目 公务接待费"
    assert (
        "│ └ 公务接待费 = 1.07万元，.增减 = -0.42万元，.增长率 = -28.19%，.差额 = 0万元，.完成率 = 100%，.占比 = 29.97%"
        in text
    )
    assert "公开13表：G8 3.57、L8 1.07" in text


def test_a_mark_of_a_row_flows_where_its_amount_flows(report: xl2report.Report) -> None:
    (amount,), (mark,) = report.trace("支出决算!H12").meanings, report.trace("支出决算!B12").meanings

    assert isinstance(amount, Source)
    assert isinstance(mark, Source)
    assert (mark.heading, mark.text) == ("功能科目编码", "2010301")
    assert mark.figures == amount.figures
    assert mark.boxes == amount.boxes


def test_a_cell_names_the_rules_that_use_it(report: xl2report.Report) -> None:
    def rules(what: str) -> set[str]:
        (source,) = report.trace(what).meanings
        assert isinstance(source, Source)
        return {rule.code for rule in source.rules}

    balance = {"R005"}  # total income = total expenditure
    assert balance <= rules("支出决算!H12")
    assert balance <= rules("收入决算!C4")
    assert not balance & rules("实物量!B4")
    assert "R025" in rules("支出决算!H12")  # a negative amount
    assert "R101" in rules("文字材料!D5")  # placeholders in texts


# -- for programs -------------------------------------------------------------------------------------


def test_json_has_stable_keys(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def asked(*arguments: str) -> dict[str, Any]:
        assert main(["trace", str(example), *arguments, "--format", "json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["version"] == 1
        (result,) = said["results"]
        return dict(result)

    result = asked("公务接待费.占比")
    (meaning,) = result["meanings"]
    assert (result["what"], result["status"], result["errors"]) == ("公务接待费.占比", 0, 0)
    assert list(meaning) == ["kind", "name", "label", "text", "figure", "sums", "printed"]
    assert list(meaning["figure"]) == [
        "name", "label", "value", "text", "unit", "how", "largest_remainder", "gap", "seen", "inputs", "cells",
    ]  # fmt: skip
    assert (meaning["figure"]["value"], meaning["figure"]["largest_remainder"]) == ("0.2997", True)
    assert meaning["figure"]["inputs"][0]["cells"] == [
        {
            "sheet": "三公经费",
            "cell": "C7",
            "amount": "10700",
            "entered": True,
            "marks": {"表": "三公经费", "列": "决算数", "项目": "公务接待费"},
        }
    ]
    assert list(meaning["printed"][0]) == [
        "place", "schedule", "cell", "section", "paragraph", "table", "row", "text", "passage",
    ]  # fmt: skip
    (cell,) = asked("支出决算!H12")["meanings"]
    assert list(cell) == ["kind", "name", "label", "text", "cells", "figures", "boxes", "rules"]
    (phrase,) = asked("三公经费.完成预算")["meanings"]
    assert list(phrase) == ["kind", "name", "label", "text", "situation", "figures", "printed"]


def test_the_command_says_what_is_wrong_with_its_question(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", str(example), "没有的数", "--lang", "zh"]) == 2
    assert "F011" in capsys.readouterr().out
    assert main(["trace", str(tmp_path / "none.xlsx"), "三公经费", "--lang", "zh"]) == 2
    assert "F001" in capsys.readouterr().out
    with pytest.raises(SystemExit) as exit_:
        main(["trace", str(example), "--lang", "zh"])
    assert exit_.value.code == 2
    assert "要查什么" in capsys.readouterr().err


@pytest.mark.parametrize(("lang", "says"), [("zh", "印出的文字（85.68%）"), ("en", "printed text (85.68%)")])
def test_the_help_says_what_may_be_asked(
    lang: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        main(["trace", "--help", "--lang", lang])
    assert says in re.sub(r"\s+", " ", capsys.readouterr().out)


def test_accounts_with_errors_are_traced_with_a_warning(
    edited: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(book: Any) -> None:
        book["支出决算"]["H12"] = 1

    path = edited(wrong)
    assert main(["trace", str(path), "支出决算!H12", "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("支出决算!H12 = 1元")
    assert "xl2report check" in said.splitlines()[-1]


def test_a_template_of_ones_own_is_told_of_and_its_mistakes_too(report: xl2report.Report, tmp_path: Path) -> None:
    import docx

    own = docx.Document()
    own.add_paragraph("共{{ 三公经费 }}万元，{{ 三公经费.变动 }}。{{ 收入支出总计 ~ '万元' }}")
    own.save(str(tmp_path / "own.docx"))
    (number,) = report.trace("三公经费", tmp_path / "own.docx").meanings
    assert isinstance(number, Number)
    assert [(p.paragraph, p.around()) for p in number.printed] == [(1, "共【3.57】万元，减少82.2万元，下降95.8…")]
    own.add_paragraph("{{ 没有 }}")
    own.save(str(tmp_path / "own.docx"))
    trace = report.trace("三公经费", tmp_path / "own.docx")
    assert [f.code for f in trace.findings] == ["T502"]
    assert trace.meanings


# -- all that is printed ------------------------------------------------------------------------------


def printed_of(book: Book, figures: Figures) -> tuple[Printed, ...]:
    printed, findings = printed_numbers(Path(PROFILE.template), PROFILE, book, figures, lay_out(PROFILE, book, figures))
    assert findings == ()
    return printed


def test_every_number_of_the_report_stands_where_the_trace_says(
    report: xl2report.Report, outputs: tuple[Path, Path]
) -> None:
    import docx

    document = docx.Document(str(outputs[1]))
    paragraphs = {p.text for p in document.paragraphs}
    rows = {" │ ".join(dict.fromkeys(c.text for c in row.cells)) for t in document.tables for row in t.rows}
    printed, _ = report._printed(None)
    for one in printed:
        if one.table:
            assert one.passage[one.start :].startswith(one.text)
            assert any(one.text in row for row in rows)
        elif one.kind in ("figure", "phrase"):
            assert one.passage in paragraphs
            assert one.passage[one.start :].startswith(one.text), one
    assert not any(re.search(f"[{BEGIN}{SAID}{END}]", one.passage + one.text) for one in printed)


def test_no_number_of_part_two_is_left_out(report: xl2report.Report) -> None:
    """In a paragraph of part two every digit belongs to a traced number, a year, a code or name, or a text of people."""
    printed, _ = report._printed(None)
    by_passage: dict[str, list[Printed]] = {}
    for one in printed:
        if one.section and one.section[0].startswith("第二部分") and one.kind in ("figure", "phrase"):
            by_passage.setdefault(one.passage, []).append(one)
    texts = [row.text(h) for rows in report.book.rows.values() for row in rows for h in row.texts]
    given = {piece for text in texts for piece in re.findall(r"\d[\d.]*", text)}
    for passage, numbers in by_passage.items():
        rest = list(passage)
        for one in numbers:
            rest[one.start : one.start + len(one.text)] = "□" * len(one.text)
        left = re.sub(r"20\d\d年|12月31日|^\d+\.|单价100万元|单价100", "", "".join(rest))
        assert [
            n for n in re.findall(r"\d[\d.]*", left) if n.rstrip(".") not in {g.rstrip(".") for g in given}
        ] == [], passage


@settings(max_examples=8, deadline=None)
@given(st.lists(entry, min_size=1, max_size=25))
def test_every_printed_number_rests_on_cells_and_every_cell_tells_what_it_flows_into(entries: Entries) -> None:
    book = consistent(entries)
    figures = Figures(PROFILE, book)
    printed = printed_of(book, figures)
    origins = Origins(PROFILE, book, figures, lay_out(PROFILE, book, figures), printed)
    boxes = {name: figure for _, name, figure in with_figures(origins)}

    # a number without cells is a sum of nothing, or a gap that says what is missing
    for one in printed:
        if not one.figure.cells():
            assert not one.figure.value, one.name
        if one.kind == "box":
            assert one.figure.cells()
    for fact in book.facts[:6]:
        (source, *_) = origins.of(str(fact.cell)).meanings
        assert isinstance(source, Source)
        assert {n.name for n in source.figures} == {n for n, f in origins.numbers.items() if fact.cell in f.cells()}
        assert {n.name for n in source.boxes} == {n for n, f in boxes.items() if fact.cell in f.cells()}


def with_figures(origins: Origins) -> Iterable[tuple[str, str, Any]]:
    for sheet in origins.sheets:
        for box in sheet.amounts:
            if box.figure is not None:
                yield sheet.key, f"{sheet.key}!{box.ref}", box.figure


def test_forward_and_backward_agree_for_every_cell_of_the_example(report: xl2report.Report) -> None:
    printed, _ = report._printed(None)
    origins = Origins(report.profile, report.book, report.figures, report.sheets, printed)
    into: dict[Cell, set[str]] = {}
    for name, figure in [*origins.numbers.items(), *((n, f) for _, n, f in with_figures(origins))]:
        for cell in figure.cells():
            into.setdefault(cell, set()).add(name)
    for fact in report.book.facts:
        (source,) = origins.of(str(fact.cell)).meanings
        assert isinstance(source, Source)
        found = {n.name for n in (*source.figures, *source.boxes) if n.kind != "project"}
        assert found == into.get(fact.cell, set()), fact.cell


def test_a_trace_of_five_hundred_rows_takes_less_than_two_seconds(report: xl2report.Report) -> None:
    codes = [c for c in PROFILE.marks["功能科目"].codes if len(c) == 7 and c[:3] not in ("227", "230", "233")]
    basic = [c for c in PROFILE.marks["经济科目"].codes if len(c) == 5 and c[:3] in ("301", "302", "303", "310")]
    entries = [
        (
            "一般公共预算财政拨款",
            codes[n % 40],
            "基本支出" if n % 2 else "项目支出",
            basic[n % 53],
            Decimal(n * 100 + 1),
        )
        for n in range(500)
    ]
    book = consistent(entries)
    start = process_time()
    figures = Figures(PROFILE, book)
    origins = Origins(PROFILE, book, figures, lay_out(PROFILE, book, figures), printed_of(book, figures))
    for what in ("一般公共预算支出.占比", "支出决算!H100", "0"):
        assert as_text(origins.of(what), "zh")
    assert process_time() - start < 2


# -- the workbook to be signed off --------------------------------------------------------------------


@pytest.fixture(scope="module")
def signed_off(report: xl2report.Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trace")
    accounts = folder / "账 2023#1.xlsx"
    accounts.write_bytes(report.source.read_bytes())
    result = xl2report.load(accounts).write_trace(folder / "复核" / "trace.xlsx")
    assert result.ok, result.findings
    return result.paths[0]


def test_the_workbook_has_a_row_for_every_printed_number(report: xl2report.Report, signed_off: Path) -> None:
    printed, _ = report._printed(None)
    sheet = load_workbook(signed_off)[NUMBERS]
    heads = [cell.value for cell in sheet[4]]
    rows = [dict(zip(heads, row, strict=True)) for row in sheet.iter_rows(min_row=5, values_only=True)]

    assert heads == [
        "序号", "印在何处", "名称", "印出的文字", "精确值（元）", "计量单位", "怎样算出", "来源单元格", "全部来源", "来源合计", "核对", "上下文",
        "复核人", "是否相符", "复核意见",
    ]  # fmt: skip
    assert [(r["印在何处"], r["印出的文字"]) for r in rows] == [(p.place(), p.text) for p in printed]
    assert [r["序号"] for r in rows] == list(range(1, len(printed) + 1))
    assert sheet.auto_filter.ref == f"A4:O{len(printed) + 4}"
    assert sheet.freeze_panes == "E5"
    assert sheet.print_title_rows == "$4:$4"
    (choice,) = sheet.data_validations.dataValidation
    assert choice.formula1 == '"相符,不符"'
    assert str(choice.sqref) == f"N5:N{len(printed) + 4}"


def test_the_links_lead_to_cells_that_there_are(report: xl2report.Report, signed_off: Path) -> None:
    book = load_workbook(signed_off)
    accounts = load_workbook(report.source)
    for sheet in book:
        links = [cell.hyperlink for row in sheet.iter_rows(min_row=5) for cell in row if cell.hyperlink]
        assert len(links) > 500
        for link in links:
            assert link.target == "../账%202023%231.xlsx"
            name, _, ref = link.location.partition("!")
            assert accounts[name.strip("'")][ref].value is not None or sheet.title == DETAILS


def test_the_cells_of_a_sum_add_up_to_it(report: xl2report.Report, signed_off: Path) -> None:
    book = load_workbook(signed_off, data_only=True)
    sums: dict[int, float] = {}
    cells: dict[int, set[str]] = {}
    for row in book[DETAILS].iter_rows(min_row=5, values_only=True):
        sums[row[0]] = sums.get(row[0], 0) + row[7]
        cells.setdefault(row[0], set()).add(f"{row[5]}!{row[6]}")
    printed, _ = report._printed(None)
    plain = 0
    for row, one in zip(book[NUMBERS].iter_rows(min_row=5, values_only=True), printed, strict=True):
        assert cells.get(row[0], set()) == {str(cell) for cell in one.figure.cells()}
        if is_plain_sum(one.figure):
            plain += 1
            assert row[9] == pytest.approx(row[4]) == pytest.approx(sums[row[0]])
            assert row[10] == "相符"
        else:
            assert row[9] is row[10] is None
    assert plain > 600
    assert all(is_plain_sum(one.figure) for one in printed if one.kind == "box")


def test_the_formulas_give_the_values_that_are_stored(signed_off: Path, converted: Callable[[Path, str], Path]) -> None:
    ours = load_workbook(signed_off, data_only=True)[NUMBERS]
    theirs = load_workbook(converted(signed_off, "xlsx"), data_only=True)[NUMBERS]
    for row in range(3, ours.max_row + 1):
        for column in (2, 4, 10, 11):
            mine, computed = ours.cell(row, column).value, theirs.cell(row, column).value
            assert computed == (pytest.approx(mine) if isinstance(mine, int | float) else mine), (row, column)


def test_the_workbook_is_valid_sealed_and_the_same_in_every_run(
    report: xl2report.Report, signed_off: Path, tmp_path: Path, validator: str
) -> None:
    import subprocess

    again = xl2report.load(signed_off.parents[1] / "账 2023#1.xlsx").write_trace(signed_off.parent / "again.xlsx")
    assert again.paths[0].read_bytes() == signed_off.read_bytes()
    assert untouched(signed_off)
    done = subprocess.run([validator, signed_off], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["ok"], done.stdout


def test_the_workbook_keeps_what_a_reviewer_wrote_and_never_replaces_the_accounts(
    report: xl2report.Report, tmp_path: Path
) -> None:
    accounts, out = tmp_path / "accounts.xlsx", tmp_path / "trace.xlsx"
    accounts.write_bytes(report.source.read_bytes())
    loaded = xl2report.load(accounts)
    loaded.write_trace(out)
    parts = parts_of(out.read_bytes())
    parts["xl/sharedStrings.xml"] = parts["xl/sharedStrings.xml"].replace(
        b"</sst>", "<si><t>李四</t></si></sst>".encode()
    )
    signed = pack(parts)
    out.write_bytes(signed)
    second = loaded.write_trace(out)
    assert [f.code for f in second.findings if f.code.startswith("O")] == ["O602"]
    assert (tmp_path / "trace（手工修改1）.xlsx").read_bytes() == signed
    refused = loaded.write_trace(accounts)
    assert refused.paths == ()
    assert [f.code for f in refused.findings if f.severity == "error"] == ["O604"]
    assert accounts.read_bytes() == report.source.read_bytes()


def test_the_workbook_has_the_ending_of_one(report: xl2report.Report, tmp_path: Path) -> None:
    result = report.write_trace(tmp_path / "trace.xls")

    assert [f.code for f in result.findings if f.severity == "error"] == ["O607"]
    assert list(tmp_path.iterdir()) == []


def test_accounts_with_errors_get_no_workbook(edited: Callable[..., Path], tmp_path: Path) -> None:
    def wrong(book: Any) -> None:
        book["支出决算"]["H12"] = 1

    result = xl2report.load(edited(wrong)).write_trace(tmp_path / "out" / "t.xlsx")

    assert result.paths == ()
    assert result.status == 1


def test_the_name_of_a_schedule_is_that_of_its_worksheet(report: xl2report.Report) -> None:
    for sheet in report.sheets:
        first = next(box for box in sheet.amounts)
        assert names(report, f"'{sheet_name(sheet)}'!{first.ref}") == [f"{sheet.key}!{first.ref}"]

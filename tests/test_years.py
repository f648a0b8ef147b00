"""A year is an overlay: its folder states what changed, and a workbook is compiled by the profile of its year."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

import xl2report
from xl2report.loading import PROFILES, ProfileError, available, load_profile
from xl2report.packages import parts_of
from xl2report.profile import Former
from xl2report.template_text import template_text

Edit = Callable[[Any], None]


def a_year_later(book: Any) -> None:
    """The example's accounts as those of the next year, with a code that is new in it."""
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and not cell.value.startswith("="):
                    cell.value = cell.value.replace("2023", "2024").replace("2022", "2023")
    book["基本信息"]["B7"] = 2024
    for sheet in book:
        for row in sheet.iter_rows():
            for cell, name in pairwise(row):
                if str(cell.value) == "2010301":
                    cell.value, name.value = "2013901", "行政运行"
                elif cell.value == "原因：2010301":
                    cell.value = "原因：2013901"


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The accounts of 2024 and what the default command writes from them: (workbook, schedules, report)."""
    folder = tmp_path_factory.mktemp("later")
    book = load_workbook(xl2report.example())
    a_year_later(book)
    path = folder / "accounts.xlsx"
    book.save(path)
    result = xl2report.compile(path, with_tables=True)
    assert result.ok, [(f.code, f.place, f.message.en, f.found) for f in result.findings]
    assert not {f.code for f in result.findings} & {"V205", "V206"}
    return (path, *result.paths)


def test_a_workbook_is_read_with_the_profile_of_its_year(later: tuple[Path, ...], example: Path) -> None:
    assert xl2report.load(later[0]).profile.name == "sichuan/2024"
    assert xl2report.load(example).profile.name == "sichuan/2023"


def test_the_outputs_bear_the_year_of_the_workbook(later: tuple[Path, ...]) -> None:
    _, schedules, report = later
    text = template_text(report.read_bytes())

    assert "2024年度" in text
    assert "与2023年度相比" in text
    assert "2022" not in text
    assert "社会工作事务（款）行政运行（项）" in text
    book = load_workbook(schedules)
    cells = [str(c.value) for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None]
    assert "2013901" in cells
    assert not any("2022年" in cell or "2023年" in cell for cell in cells)
    assert "四川省2024年度部门决算公开" in parts_of(schedules.read_bytes())["docProps/core.xml"].decode()


def test_the_outputs_of_either_year_are_valid(later: tuple[Path, ...], validator: str) -> None:
    for path in later[1:]:
        done = subprocess.run([validator, str(path)], capture_output=True, text=True, encoding="utf-8", check=False)
        report = json.loads(done.stdout)

        assert report["ok"], report["errors"]


def test_a_profile_given_for_another_year_is_refused(later: tuple[Path, ...], example: Path) -> None:
    for path, other in ((later[0], "sichuan/2023"), (example, "sichuan/2024")):
        report = xl2report.load(path, other)

        assert not report.readable
        (found,) = report.findings
        assert found.code == "F006"
        assert f"--profile {'sichuan/2024' if other.endswith('3') else 'sichuan/2023'}" in found.expected


def test_the_code_of_a_later_year_is_unknown_in_an_earlier_one(edited: Callable[[Edit], Path]) -> None:
    def edit(book: Any) -> None:
        a_year_later(book)
        book["基本信息"]["B7"] = 2023

    assert "V205" in {f.code for f in xl2report.load(edited(edit)).findings}


def test_the_folder_of_a_later_year_holds_what_differs_and_no_copy() -> None:
    for name in available():
        folder = PROFILES / name
        if name != "sichuan/2023":
            assert [p.name for p in folder.iterdir()] == ["profile.toml"]
            assert len((folder / "profile.toml").read_text(encoding="utf-8").splitlines()) < 25
        assert f"/{load_profile(name).year}" == name[-5:]


def test_new_writes_the_workbook_of_the_latest_year(tmp_path: Path) -> None:
    for name, profile in (("default", None), ("2024", "sichuan/2024"), ("2023", "sichuan/2023")):
        assert xl2report.new_workbook(tmp_path / f"{name}.xlsx", profile).ok
    default, later, earlier = ((tmp_path / f"{n}.xlsx").read_bytes() for n in ("default", "2024", "2023"))

    assert default == later != earlier
    shown = "".join(str(c.value) for row in load_workbook(tmp_path / "2024.xlsx")["填表说明"].iter_rows() for c in row)
    assert "四川省2024年度部门决算公开" in shown
    assert "2023" not in shown


def test_the_example_belongs_to_its_year(tmp_path: Path) -> None:
    target = tmp_path / "example.xlsx"
    refused = xl2report.new_workbook(target, "sichuan/2024", example=True)

    assert [f.code for f in refused.findings] == ["F006"]
    assert not target.exists()
    assert xl2report.new_workbook(target, example=True).ok
    assert xl2report.load(target).ok


# -- codes that came, went and changed their names ---------------------------------------------------


def test_codes_come_and_go_with_the_year() -> None:
    earlier, later = (load_profile(f"sichuan/{year}").marks["功能科目"] for year in (2023, 2024))

    for code in ("2013901", "2013950", "2013999", "20140", "2014004", "21017", "21018", "2101801"):
        assert code in later.codes, code
        assert code not in earlier.codes, code
    assert "2010308" in earlier.codes
    assert "2010308" not in later.codes
    assert (earlier.name_of("2013804"), later.name_of("2013804")) == ("市场主体管理", "经营主体管理")


def test_what_a_code_was_called_is_known_with_the_year_it_ended() -> None:
    earlier, later = (load_profile(f"sichuan/{year}").marks["功能科目"].former for year in (2023, 2024))

    assert [(f.name, f.until) for f in earlier["21305"]] == [("巩固脱贫衔接乡村振兴", 2022), ("扶贫", 2020)]
    assert later["2010308"] == (Former("2010308", "信访事务", 2023, "20140 信访事务"),)
    assert "2010308" not in earlier
    assert later["2013804"] == (Former("2013804", "市场主体管理", 2023, "经营主体管理"),)
    assert earlier["2080504"] == (Former("2080504", "未归口管理的行政单位离退休", 2019),)
    assert load_profile("sichuan/2024").marks["经济科目"].former["39906"][0].now == "39909 经常性赠与、39910 资本性赠与"


def test_carried_over_money_under_a_code_that_ended_is_printed_with_its_name(
    edited: Callable[[Edit], Path], tmp_path: Path
) -> None:
    def edit(book: Any) -> None:
        a_year_later(book)
        for sheet in book:
            for row in sheet.iter_rows():
                for cell, name in pairwise(row):
                    if str(cell.value) == "2013901":
                        cell.value, name.value = "2010308", "信访事务"

    result = xl2report.compile(edited(edit), tmp_path)
    text = template_text(result.paths[1].read_bytes())

    assert "政府办公厅（室）及相关机构事务（款）信访事务（项）" in text
    assert "2010308" not in text


def test_what_a_name_is_called_now_is_in_the_list_of_the_latest_year() -> None:
    for mark in load_profile("sichuan/2024").marks.values():
        names = {f"{c.code} {c.name}" for c in mark.codes.values()}
        for one in (one for several in mark.former.values() for one in several if one.now):
            for now in one.now.split("、"):
                assert now in names or f"{one.code} {now}" in names, one


def test_a_renamed_row_of_the_code_list_needs_no_other_entry(tmp_path: Path) -> None:
    mark = own_marks(tmp_path, "code,name,valid_from,valid_to\n10,旧名,,2022\n10,新名,2023,\n11,旧科目,,2021\n", "")

    assert mark.former == {"10": (Former("10", "旧名", 2022, "新名"),), "11": (Former("11", "旧科目", 2021),)}


def test_a_second_code_list_replaces_the_codes_that_it_names_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "functions-2025.csv").write_text(
        "code,name,valid_from,valid_to\n2010308,信访事务,,\n2013804,经营主体管理,,2024\n2013804,市场准入,2025,\n"
        "20141,新的款,2025,\n",
        encoding="utf-8",
    )
    lists = '[mark."功能科目"]\ncodes = ["functions.csv", "functions-2025.csv"]\n'
    (tmp_path / "profile.toml").write_text(
        f'extends = "sichuan/2024"\n[profile]\nyear = 2025\n{lists}', encoding="utf-8"
    )
    mark, before = load_profile(tmp_path).marks["功能科目"], load_profile("sichuan/2024").marks["功能科目"]

    assert {c: n.name for c, n in mark.codes.items() if before.codes.get(c) != n} == {
        "2010308": "信访事务",
        "2013804": "市场准入",
        "20141": "新的款",
    }
    assert mark.codes.keys() >= before.codes.keys()
    assert [(f.name, f.now) for f in mark.former["2013804"]] == [
        ("经营主体管理", "市场准入"),
        ("市场主体管理", "经营主体管理"),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("科目,12,旧名,2020,新名", "codes/former.csv line 2: 12 is not in the code list"),
        ("科目,10,旧名,,新名", "codes/former.csv line 2: “until” is missing: the last year of the name"),
        ("科目,10,旧名,2020年,新名", "codes/former.csv line 2: “until” should be a year, found '2020年'"),
        ("科目,1,旧名,2020,新名", "codes/former.csv line 2: expected a code of (2,) digits and a name"),
        ("科日,10,旧名,2020,新名", "codes/former.csv line 2: no mark “科日”"),
    ],
)
def test_a_mistake_among_former_names_is_named_with_its_line(tmp_path: Path, row: str, problem: str) -> None:
    with pytest.raises(ProfileError) as caught:
        own_marks(tmp_path, "code,name\n10,新名\n", f"mark,code,name,until,now\n{row}\n")

    assert f"[mark.科目] {problem}" in caught.value.problems


def test_a_code_list_that_is_not_utf_8_is_a_problem_of_its_mark(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"\[mark.科目\] codes/own.csv: .*utf-8"):
        own_marks(tmp_path, "code,name\n10,新名\n", "", encoding="gb18030")


def own_marks(folder: Path, codes: str, former: str, encoding: str = "utf-8") -> Any:
    """The mark of a profile of one's own with these code list and former names."""
    (folder / "codes").mkdir()
    (folder / "codes" / "own.csv").write_text(codes, encoding=encoding)
    (folder / "codes" / "former.csv").write_text(former, encoding="utf-8")
    declared = '[mark."科目"]\ncodes = "own.csv"\nformer = "former.csv"\nlengths = [2]\nlevels = ["款"]\n'
    (folder / "profile.toml").write_text(f'extends = "sichuan/2023"\n{declared}', encoding="utf-8")
    return load_profile(folder).marks["科目"]

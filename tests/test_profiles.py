"""Everything wrong with a profile is found when it is loaded, by the name of the entry."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import xl2report
from xl2report.loading import PROFILES, ProfileError, load_profile

Damage = Callable[[str, str, str], list[str]]


@pytest.fixture
def damaged(tmp_path: Path) -> Damage:
    """The problems found in a copy of the profile in which one text of one file was replaced."""

    def make(file: str, old: str, new: str) -> list[str]:
        folder = tmp_path / "sichuan" / "2023"
        shutil.copytree(PROFILES / "sichuan" / "2023", folder)
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ProfileError) as caught:
            load_profile(folder)
        return list(caught.value.problems)

    return make


@pytest.mark.parametrize(
    ("file", "old", "new", "entry", "problem"),
    [
        (
            "measures.toml",
            'formula = "本年收入合计 + 使用非财政拨款结余',
            'formula = "本年收入合 + 使用非财政拨款结余',
            "[measure.收入总计]",
            "no measure “本年收入合”; nearest: 本年收入合计",
        ),
        (
            "measures.toml",
            '"支出类型" = "基本支出" }\nwhole',
            '"支出类型" = "基本支岀" }\nwhole',
            "[measure.基本支出]",
            "“基本支岀” is no value of the mark “支出类型”; expected one of 基本支出",
        ),
        (
            "measures.toml",
            'formula = "收入总计"',
            'formula = "取整(收入总计)"',
            "[measure.收入支出总计]",
            "no function “取整”",
        ),
        (
            "measures.toml",
            'whole = "收入构成"',
            'hwole = "收入构成"',
            "[measure.一般公共预算财政拨款收入]",
            "unknown key “hwole”; known here: whole",
        ),
        (
            "measures.toml",
            '"项目" = "公务接待费" }',
            '"项目" = "公务招待费" }',
            "[measure.公务接待费]",
            "the sheet 三公经费 has no item “公务招待费”; nearest: 公务接待费",
        ),
        (
            "measures.toml",
            '"列" = "上级补助收入" }',
            '"列" = "上级补肋收入" }',
            "[measure.上级补助收入]",
            "the sheet 收入决算 has no amount “上级补肋收入”; it has 上级补助收入",
        ),
        (
            "measures.toml",
            '[measure."收入总计"]\nformula = "',
            '[measure."收入总计"]\nformula = "收入支出总计 + ',
            "[measure.收入总计]",
            "rests on itself: 收入总计 → 收入支出总计 → 收入总计",
        ),
        (
            "schedules.toml",
            'sums = "27-29"',
            'sums = "27-92"',
            "[schedule.01.sides 1]",
            "line 30 sums line 61, which does not exist",
        ),
        (
            "schedules.toml",
            'sums = ["基本支出", "项目支出"] }',
            'sums = ["基本支出", "专项支出"] }',
            "[schedule.06]",
            "column “小计” sums “专项支出”, which is no column",
        ),
        (
            "schedules.toml",
            'blocks = [["301"',
            'blocks = [["308"',
            "[schedule.08]",
            "“blocks”: 308 is not in the code list of 经济科目",
        ),
        (
            "schedules.toml",
            'variant = "按经济分类"',
            'variant = "按经济科目"',
            "[schedule.05]",
            "“variant” is “按经济科目”; expected one of 按经济分类",
        ),
        (
            "schedules.toml",
            '"支出类型" = "项目支出" }\ncovers',
            '"支出类别" = "项目支出" }\ncovers',
            "[schedule.09]",
            "no mark “支出类别”",
        ),
        (
            "phrases.toml",
            '"基数为零" = "增加{增减}万元（上年度无此项支出，不计算增长率）"\n',
            "",
            "[phrase.变动]",
            "no words for the case “基数为零” (nothing in the prior year)",
        ),
        (
            "phrases.toml",
            '"增加{增减}万元，增长{增长率}"',
            '"增加{增减额}万元，增长{增长率}"',
            "[phrase.变动]",
            "case “增加”: no word “增减额”; there are 增减",
        ),
        (
            "rules.toml",
            'claim = "01[30] = 01[60]"',
            'claim = "01[30] = 01[66]"',
            "[rule.R005]",
            "schedule 01 has no line “66” in 01[66]",
        ),
        (
            "rules.toml",
            'claim = "01[30] = 01[60]"',
            'claim = "01[30] - 01[60]"',
            "[rule.R005]",
            "expected a comparison",
        ),
        (
            "rules.toml",
            'when = "购置公务用车 > 0"',
            'when = "购置公车 > 0"',
            "[rule.R054]",
            "no measure “购置公车”; nearest: 购置公务用车",
        ),
        (
            "rules.toml",
            'severity = "warning"',
            'severity = "warn"',
            "[rule.R053]",
            "“severity” is “warn”; expected one of warning",
        ),
        (
            "narrative.toml",
            'explains = "收入支出总计.增减"',
            'explains = "收入支出总计.增加"',
            "[text.原因：收支总计]",
            "no measure “收入支出总计.增加”",
        ),
        (
            "tables.toml",
            '{ heading = "支出类型", mark',
            '{ heading = "支出类型", makr',
            "[table.支出决算.columns 4]",
            "unknown key “makr”; known here: mark",
        ),
        (
            "tables.toml",
            "lengths = [3, 5, 7]",
            "lengths = [3, 7, 5]",
            "[mark.功能科目]",
            "“codes” needs “lengths” in rising order",
        ),
        (
            "codes/functions.csv",
            "2010301,",
            "201030,",
            "[mark.功能科目]",
            "line 25: expected a code of (3, 5, 7) digits",
        ),
        ("profile.toml", "year = 2023", 'year = "2023"', "[profile]", "“year” should be a whole number, found '2023'"),
        ("profile.toml", "[fonts]", "[colours]", "[colours]", "unknown section"),
    ],
)
def test_a_mistake_is_named_with_its_entry(
    damaged: Damage, file: str, old: str, new: str, entry: str, problem: str
) -> None:
    problems = damaged(file, old, new)

    assert any(found.startswith(entry) and problem in found for found in problems), "\n".join(problems)


def test_every_mistake_is_reported_in_one_go(tmp_path: Path) -> None:
    folder = tmp_path / "2023"
    shutil.copytree(PROFILES / "sichuan" / "2023", folder)
    measures = folder / "measures.toml"
    text = measures.read_text(encoding="utf-8")
    measures.write_text(text.replace('whole = "收入构成"', 'hwole = "收入构成"'), encoding="utf-8")

    with pytest.raises(ProfileError) as caught:
        load_profile(folder)

    assert sum("unknown key “hwole”" in problem for problem in caught.value.problems) == 8


def test_a_profile_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(ProfileError, match="sichuan/2023"):
        load_profile("sichuan/2032")


def test_a_profile_that_is_no_toml_is_refused_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text("[profile\n", encoding="utf-8")

    with pytest.raises(ProfileError, match="line 1"):
        load_profile(tmp_path)


def own(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "county"
    folder.mkdir()
    (folder / "profile.toml").write_text(f'extends = "sichuan/2023"\n{text}', encoding="utf-8")
    return folder


def test_an_extending_profile_states_only_what_it_changes(tmp_path: Path, example: Path) -> None:
    folder = own(
        tmp_path,
        '[schedule."05"]\nvariant = "按功能分类"\n[schedule."07"]\nvariant = "全部的款"\n[rule]\nR063 = false\n',
    )

    report = xl2report.load(example, folder)
    sheets = {sheet.key: sheet for sheet in report.sheets}

    assert report.ok
    assert "R063" not in {f.code for f in report.findings}
    assert len(report.profile.measures) == len(load_profile().measures)
    assert sheets["05"].box("2120899", "30213").figure.text == "135.82"  # type: ignore[union-attr]
    assert sheets["07"].columns > 100
    assert sheets["07"].box("合计", "合计").figure.text == "1231.16"  # type: ignore[union-attr]


def test_a_profile_that_extends_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text('extends = "."\n', encoding="utf-8")

    with pytest.raises(ProfileError, match="circle"):
        load_profile(tmp_path)


WRONG = ["5", '"x"', "true", "[5]", '["x"]', "{ x = 5 }", '[{ x = "y" }]', "[]", "{}"]


@pytest.mark.parametrize(
    "place",
    [
        "[mark]\n功能科目", '[mark."功能科目"]\nlengths', "[table]\n基本信息", '[table."支出决算"]\ncolumns',
        "[measure]\n三公经费", '[measure."三公经费"]\nquery', "[list]\n收入构成", '[list."收入构成"]\nmeasures',
        "[chart]\n收入构成", '[schedule."01"]\nsides', '[schedule."03"]\nwhere', '[schedule."05"]\nvariants',
        '[schedule."06"]\ncovers', '[schedule."06"]\ncolumns', '[schedule."08"]\nblocks', '[schedule."08"]\nfeet',
        "[rule.R005]\nholds", "[rule.R015]\neach", "[rule.R005]\nmessage", '[phrase."变动"]\ncases', "[glossary]\nterms",
        "[words]\nzero", "\nfonts", "\nunit", "\nrule", "\nglossary", "\nwords", "\nphrase", "\ntext",
    ],
)  # fmt: skip
def test_a_value_of_a_wrong_kind_is_a_problem_never_a_traceback(tmp_path: Path, place: str) -> None:
    section, _, key = place.rpartition("\n")
    for number, value in enumerate(WRONG):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = f'extends = "sichuan/2023"\n{section}\n"{key}" = {value}\n'
        (folder / "profile.toml").write_text(text, encoding="utf-8")
        with contextlib.suppress(ProfileError):  # any other exception fails the test
            load_profile(folder)


def test_a_folder_that_is_changed_is_loaded_anew(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text('extends = "sichuan/2023"\n[profile]\ntitle = "一"\n', encoding="utf-8")
    assert load_profile(tmp_path).title == "一"
    (tmp_path / "profile.toml").write_text('extends = "sichuan/2023"\n[profile]\ntitle = "第二"\n', encoding="utf-8")

    assert load_profile(tmp_path).title == "第二"


@pytest.mark.parametrize("path", ["../../sichuan/2023/codes/functions.csv", "/etc/passwd", "很" * 300])
def test_a_code_list_stands_in_the_folder(damaged: Damage, path: str) -> None:
    (problem,) = damaged("tables.toml", 'codes = "functions.csv"', f'codes = "{path}"')[:1]

    assert "no such file" in problem

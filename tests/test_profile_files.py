"""``profile lint`` finds what is wrong and what looks wrong in a folder; ``profile export`` writes one to start from."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import docx
import pytest

import xl2report
from xl2report.cli import main
from xl2report.loading import PROFILES, available, load_profile
from xl2report.pipeline import export_profile, lint_profile
from xl2report.profile_files import START

Own = Callable[..., Path]


@pytest.fixture
def own(tmp_path: Path) -> Own:
    """A folder with a profile of one's own: its TOML without ``extends``, and further files."""

    def make(text: str = "", *, extends: str = "sichuan/2023", **files: str) -> Path:
        folder = tmp_path / "自己的 口径"
        folder.mkdir()
        (folder / "profile.toml").write_text(f'extends = "{extends}"\n{text}', encoding="utf-8")
        for name, content in files.items():
            path = folder / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return folder

    return make


def told(folder: Path) -> list[tuple[str, str, str, str, str]]:
    """What lint says: (code, place, message, found, expected)."""
    result = lint_profile(folder)
    return [(f.code, f.place, re.sub(r"^.*?: ", "", f.message.en), f.found, f.expected) for f in result.findings]


# -- what ships --------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_the_profiles_that_ship() -> None:
    for name in available():
        assert {f.code for f in lint_profile(name).findings} <= {"P702"}, name
    assert lint_profile("sichuan/2024").findings == ()


# -- what lint finds ---------------------------------------------------------------------------------


def test_each_mistake_is_told_at_its_file_and_entry(own: Own) -> None:
    folder = own(
        '[schedule."05"]\nvariant = "按科目"\n[rule]\nR999 = false\n',
        measures_toml='[measure."人均"]\nformula = "公用经费 / 人数"\nunit = "万元"\n',
    )
    found = told(folder)

    assert [(code, place) for code, place, *_ in found] == [
        ("F008", "measures.toml [measure.人均]"),
        ("F008", "profile.toml [schedule.05]"),
        ("F008", "profile.toml [rule.R999]"),
    ]
    assert "no measure “人数”" in found[0][2]
    assert "“variant” is “按科目”; expected one of 按经济分类、按功能分类" in found[1][2]
    assert "withdraws what is not there" in found[2][2]
    assert lint_profile(folder).status == 1


def test_a_mistake_that_an_overlay_makes_below_it_is_told_where_the_entry_stands(own: Own) -> None:
    found = told(own('[measure]\n"外事接待费" = false\n'))

    assert {code for code, *_ in found} == {"F008"}
    assert all(place.startswith("sichuan/2023/") for _, place, *_ in found)
    assert any("外事接待费" in message for _, _, message, *_ in found)


def test_every_file_that_is_no_toml_is_told_at_once(own: Own) -> None:
    found = told(own(measures_toml="[measure\n", rules_toml="[rule.R005\n"))

    assert [code for code, *_ in found] == ["F008", "F008"]
    assert [message.partition(":")[0] for _, _, message, *_ in found] == ["measures.toml", "rules.toml"]


@pytest.mark.parametrize(
    ("text", "files", "said"),
    [
        (
            '[list."一般公共预算支出按项"]\nzero = "keep"\nlevel = "项"\n',
            {},
            (
                "profile.toml [list.一般公共预算支出按项]",
                "says the same as sichuan/2023 and changes nothing",
                "level",
                "",
            ),
        ),
        (
            "[profile]\nyear = 2023\n",
            {},
            ("profile.toml [profile.year]", "says the same as sichuan/2023 and changes nothing", "", ""),
        ),
        ("", {"rule_toml": "[rule]\nR063 = false\n"}, ("rule.toml", "nothing reads this file", "", "rules.toml")),
        (
            "",
            {"codes__function_csv": "code,name\n"},
            ("codes/function.csv", "nothing reads this file", "", "codes/functions.csv"),
        ),
        (
            "",
            {"example__balances_csv": "资金性质,年初结余\n一般公共预算财政拨款,1\n"},
            (
                "sichuan/2023/tables.toml [table.结转结余]",
                "the example balances.csv has a column of no sheet",
                "年初结余",
                "年初结转和结余、资金性质、功能科目编码、功能科目名称、使用非财政拨款结余、结余分配、年末结转和结余",
            ),
        ),
        (
            '[mark."支出用途"]\ncodes = "uses.csv"\nlengths = [1, 2]\nlevels = ["大类", "小类"]\n',
            {"codes__uses_csv": "code,name,valid_to\n1,甲,2022\n11,乙,\n"},
            ("profile.toml [mark.支出用途]", "the code above it, 1, is not in the list of 2023", "11 乙", ""),
        ),
        (
            '[text."原因：食堂"]\nhint = "接在“主要原因是”之后"\n',
            {},
            ("profile.toml [text.原因：食堂]", "the template does not use it", "", ""),
        ),
        (
            '[chart."支出按资金"]\ncaption = "支出按资金"\nkind = "pie"\nlist = "支出构成"\n',
            {},
            ("profile.toml [chart.支出按资金]", "the template does not use it", "", ""),
        ),
    ],
)
def test_what_looks_wrong_is_a_warning(
    own: Own, text: str, files: dict[str, str], said: tuple[str, str, str, str]
) -> None:
    folder = own(text, **files)

    assert told(folder) == [("P701", *said)]
    assert lint_profile(folder).status == 0


def test_an_example_of_a_rule_that_does_not_do_what_it_stands_for_is_told(own: Own) -> None:
    found = told(own('[rule.R095]\nbreaks = [{ "部门整体绩效自评得分" = 99 }]\nholds = [{ "得分" = 1 }]\n'))

    assert [(code, place, message, said) for code, place, message, said, _ in found] == [
        ("P701", "profile.toml [rule.R095]", "an example lacks '部门整体绩效自评得分'", "得分 = 1"),
        ("P701", "profile.toml [rule.R095]", "an example that should break holds", "部门整体绩效自评得分 = 99"),
    ]


def test_a_rule_that_claims_what_another_one_does_is_told(own: Own) -> None:
    text = (PROFILES / "sichuan/2023/rules.toml").read_text(encoding="utf-8")
    rule = re.search(r"\[rule\.R061\].*?(?=\n\[rule)", text, re.DOTALL)
    assert rule is not None
    again = rule[0].replace("R061", "L001").replace('severity = "error"', 'severity = "warning"')
    found = told(own(again))

    assert [(code, place, message) for code, place, message, *_ in found] == [
        ("P701", "profile.toml [rule.L001]", "claims what the rule R061 claims")
    ]


def test_a_file_that_is_that_of_the_base_is_told(own: Own) -> None:
    folder = own()
    (folder / "codes").mkdir()
    shutil.copy(PROFILES / "sichuan/2023/codes/economics.csv", folder / "codes")

    assert [(code, place) for code, place, *_ in told(folder)] == [("P701", "codes/economics.csv")]


def test_the_mistakes_of_the_profiles_own_template_are_told(own: Own) -> None:
    folder = own('[profile]\ntemplate = "report.docx"\n')
    document = docx.Document()
    document.add_paragraph("{{ 三公经非 }}")
    document.save(str(folder / "report.docx"))
    found = lint_profile(folder)

    assert [f.expected for f in found.findings if f.code == "T502"] == ["三公经费"]
    assert found.status == 1


def test_an_example_that_is_not_utf_8_is_told_and_writes_no_workbook(own: Own, tmp_path: Path) -> None:
    folder = own()
    (folder / "example").mkdir()
    (folder / "example" / "balances.csv").write_text("资金性质\n", encoding="gb18030")

    assert [message for _, _, message, *_ in told(folder)] == ["the example balances.csv cannot be read"]
    assert main(["new", str(tmp_path / "x.xlsx"), "--example", "--profile", str(folder)]) == 2
    assert not (tmp_path / "x.xlsx").exists()


def test_lint_says_everything_as_json_and_a_missing_profile_is_status_2(
    own: Own, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = own('[schedule."05"]\nvariant = "按经济分类"\n')
    assert main(["profile", "lint", str(folder), "--format", "json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["profile"], result["status"], result["findings"][0]["code"]) == (str(folder), 0, "P701")
    assert main(["profile", "lint", "sichuan/1999"]) == 2
    assert "sichuan/2024、sichuan/2023" in capsys.readouterr().out


# -- list and export ---------------------------------------------------------------------------------


def test_list_names_what_ships(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "sichuan/2023  四川省2023年度部门决算公开",
        "sichuan/2024  四川省2024年度部门决算公开",
    ]
    assert main(["profile", "list", "--format", "json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["profiles"][1] == {"name": "sichuan/2024", "title": "四川省2024年度部门决算公开", "year": 2024}


@pytest.mark.parametrize("name", available())
def test_a_copy_of_a_profile_says_what_the_profile_says(tmp_path: Path, name: str) -> None:
    result = export_profile(tmp_path / "县 口径", name)
    copy, original = load_profile(tmp_path / "县 口径"), load_profile(name)

    assert sorted(result.paths) == sorted(p for p in (tmp_path / "县 口径").rglob("*") if p.is_file())
    assert (copy.measures, copy.rules, copy.marks) == (original.measures, original.rules, original.marks)


def test_export_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("keep", encoding="utf-8")

    assert export_profile(tmp_path / "empty", extends=True).ok
    for extends in (False, True):
        for taken in ("empty", "full", "full/notes.txt"):
            assert [f.code for f in export_profile(tmp_path / taken, extends=extends).findings] == ["O603"]
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["notes.txt"]


def test_only_a_profile_that_ships_is_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "export", str(tmp_path / "x"), "--profile", str(tmp_path)]) == 2
    assert "没有这个口径" in capsys.readouterr().out
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", available())
def test_an_overlay_to_start_from_changes_nothing_yet(tmp_path: Path, name: str) -> None:
    assert export_profile(tmp_path / "x", name, extends=True).ok
    text = (tmp_path / "x" / "profile.toml").read_text(encoding="utf-8")

    assert f'extends = "{name}"' in text
    assert f"某县{name[-4:]}年度" in text
    assert told(tmp_path / "x") == []
    assert load_profile(tmp_path / "x").rules == load_profile(name).rules


def test_every_example_in_the_overlay_is_right_once_its_sign_is_taken_away(tmp_path: Path) -> None:
    export_profile(tmp_path, extends=True)
    path = tmp_path / "profile.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(re.sub(r"^#(?=[^ ])", "", line) for line in lines), encoding="utf-8")
    shutil.copy(load_profile("sichuan/2024").template, tmp_path / "report.docx")
    profile = load_profile(tmp_path)

    assert told(tmp_path) == []
    assert "L001" in profile.rules
    assert "R063" not in profile.rules
    assert profile.title == "某县2024年度部门决算公开"
    assert sum(bool(re.match("#[^ ]", line)) for line in START.read_text(encoding="utf-8").splitlines()) > 25


# -- a folder of one's own, from anywhere ------------------------------------------------------------


def test_a_profile_is_found_by_a_relative_path_with_spaces_from_another_folder(
    own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = own('[schedule."05"]\nvariant = "按功能分类"\n')
    elsewhere = tmp_path / "别处 工作"
    elsewhere.mkdir()
    shutil.copy(xl2report.example(), elsewhere / "决算.xlsx")
    monkeypatch.chdir(elsewhere)

    for given in (f"../{folder.name}", str(folder), f"../{folder.name}/", "../别处 工作/../自己的 口径"):
        assert main(["compile", "决算.xlsx", "--profile", given, "-o", "out", "--toc", "field"]) == 0, given
        assert main(["profile", "lint", given]) == 0
    monkeypatch.chdir(folder)
    assert main(["check", "../别处 工作/决算.xlsx", "--profile", "."]) == 0
    assert "F008" not in capsys.readouterr().out


def test_a_folder_may_extend_a_folder_beside_it(own: Own, tmp_path: Path) -> None:
    city = own("[rule]\nR063 = false\n")
    county = tmp_path / "county"
    county.mkdir()
    (county / "profile.toml").write_text(
        f'extends = "../{city.name}"\n[rule.R053]\nseverity = "error"\n', encoding="utf-8"
    )
    profile = load_profile(county)

    assert "R063" not in profile.rules
    assert profile.rules["R053"].severity == "error"
    assert told(county) == []

"""The compiled example against the published disclosure it comes from, sentence by sentence and number by number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docx import Document

PUBLISHED = (Path(__file__).parent / "data" / "disclosure_2023_part_two.txt").read_text(encoding="utf-8")
PROJECT = "2023年县级衔接资金“两不愁三保障”及乡村建设治理临时补短项目"

# (what was published, what is right, why): the errata of the document
ERRATA = [
    ("较上年度减少82.2万元，下降95.83%", "较上年度减少82.2万元，下降95.84%", "82.2 / 85.77 was cut, not rounded"),
    ("支出决算2.5万元，占70.07%", "支出决算2.5万元，占70.03%", "2.5 / 3.57"),
    ("支出决算1.07万元，占29.92%", "支出决算1.07万元，占29.97%", "1.07 / 3.57; the shares summed to 99.99"),
    (
        "比2022年增加2.5万元，增长100%",
        "比2022年增加2.5万元（上年度无此项支出，不计算增长率）",
        "no rate on a base of zero",
    ),
    (
        "比2022年度增加/减少0万元，增长/下降0%",
        "比2022年度减少84.28万元，下降100%",
        "template alternatives left standing; the total fell by 82.2",
    ),
    ("维护费支出0万元，完成预算0%", "维护费支出0万元，年初未安排预算，未发生支出", "0 / 0"),
    ("主要用于…（具体工作）等所需的公务用车燃料费、维修费、过路过桥费、保险费等支出。", "", "placeholder"),
    ("共计支出1.07元", "共计支出1.07万元", "unit slip"),
    ("外事接待支出0万元，主要用于接待…（具体项目）", "外事接待支出0万元", "placeholder"),
    ("下降18.38%", "下降18.39%", "35.13 / 191.04"),
    ("主要用于…（具体工作）。", "", "placeholder"),
    ("，占政府采购支出总额的0%", "", "0 / 0"),
    (
        "，其他用车主要用于全县各部门、单位和县政府办公室的机关日常工作运转、县政府及办公室政策调研、专项检查、应急处突和国家、省、市、兄弟县来峨边调研考察等工作，以及全县的脱贫攻坚工作",
        "",
        "there are no other cars",
    ),
    ("县县人民政府", "县人民政府", "doubled 县"),
    ("全年预算数295.82，", "全年预算数295.82万元，", "unit missing"),
]

# slips of the published page that the list of errata passes over; the report is compiled and cannot have them
SLIPS = [
    ("完成预算1249.88的98.5%", "完成预算1249.88万元的98.5%", "unit missing, as in 十（四）"),
    ("支出决算数为53.55万元", "支出决算为53.55万元", "worded like the other items"),
    ("其他社会保障和就业支出：支出决算", "其他社会保障和就业支出（项）：支出决算", "（项） lost"),
    ("主要原因2023年", "主要原因是2023年", "是 lost"),
    (
        "2023年县级衔接资金“两不愁三保障”及乡村建设治理补短项目",
        PROJECT,
        "the project is named two ways; the ledger's name is printed",
    ),
    (
        f"形成峨边彝族自治县2023年重点工作保障推进经费项目部门整体（含部门预算项目）绩效自评报告、{PROJECT}专项预算项目绩效自评报告，其中{PROJECT}专项预算项目绩效自评报告部门整体（含部门预算项目）绩效自评得分",
        f"形成峨边彝族自治县人民政府办公室部门整体（含部门预算项目）绩效自评报告、重点工作保障推进经费项目绩效自评报告、{PROJECT}绩效自评报告，其中部门整体（含部门预算项目）绩效自评得分",
        "the reports are those of the department and of its projects",
    ),
    ("梳理填报本部门", "梳理填报，本部门", "comma lost"),
]

# clauses that the report has in other words, with the reason
EXPLAINED = {
    "人员经费985.25万元": "the published list of codes is neither in order nor complete; ours is compiled",
    "公用经费155.91万元": "the same",
}


def plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


def corrected() -> str:
    """The published text, paragraph by paragraph, with every erratum mended."""
    text = "\n".join(plain(line) for line in PUBLISHED.splitlines())
    for published, right, _ in (*ERRATA, *SLIPS):
        assert plain(published) in text, published
        text = text.replace(plain(published), plain(right))
    return text


@pytest.fixture(scope="module")
def part_two(outputs: tuple[Path, Path]) -> str:
    paragraphs = Document(str(outputs[1])).paragraphs
    texts = [plain(p.text) for p in paragraphs if p.style and not p.style.name.startswith("toc ")]
    first = next(i for i, t in enumerate(texts) if t.startswith("第二部分"))
    last = next(i for i, t in enumerate(texts) if t.startswith("第三部分"))
    return "".join(texts[first:last])


def clauses(text: str) -> list[str]:
    """The clauses that hold a figure, without the list number that some of them begin with."""
    found = []
    for paragraph in text.splitlines():
        for clause in re.split(r"[。；]", plain(re.sub(r"\[image:\w+\]", "", paragraph))):
            clause = re.sub(r"^\d\.|^10\.", "", clause)
            if re.search(r"\d", clause) and "情况说明" not in clause:
                found.append(clause)
    return found


def test_every_figure_clause_of_the_published_part_two_stands_in_the_report(part_two: str) -> None:
    found = clauses(corrected())
    missing = [clause for clause in found if clause not in part_two]

    assert len(found) > 60
    assert [clause.partition("，")[0] for clause in missing] == list(EXPLAINED)
    for start in EXPLAINED:
        assert f"{start}，主要包括：" in part_two


def test_every_published_number_that_the_report_lacks_is_an_erratum(part_two: str) -> None:
    numbers = re.compile(r"(?<!image)\d+(?:\.\d+)?(?:%|万元|元)?")
    lacking = sorted(set(numbers.findall(plain(PUBLISHED))) - set(numbers.findall(part_two)))

    assert lacking == [
        "1.07元",  # unit slip
        "1249.88",  # printed with its unit
        "18.38%",  # 18.39%
        "29.92%",  # 29.97%
        "295.82",  # printed with its unit
        "70.07%",  # 70.03%
        "95.83%",  # 95.84%
    ]


def test_nothing_is_left_of_a_form_that_was_filled_in_by_hand(part_two: str) -> None:
    for leftover in ("…", "XX", "增加/减少", "增长/下降", "（具体", "：；", "，，", "。。", "，。", "〈", "{{", "{%"):
        assert leftover not in part_two


def test_every_rate_and_amount_has_its_unit(part_two: str) -> None:
    assert re.findall(r"(?<![\d.])\d+\.\d+(?!\d|%|万元|\.)", part_two) == []

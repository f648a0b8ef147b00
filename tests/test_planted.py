"""Twenty mistakes planted in one copy of the example workbook: all found at their cells in one run, and nothing else."""

from __future__ import annotations

from pathlib import Path

import broken
from broken import OFFICE, PROJECT, TOWNS, add, item, put, say
from openpyxl import Workbook
from slim import slim_example

import xl2report


def plant(book: Workbook) -> list[tuple[str, str]]:
    """Make the mistakes; gives the code and the cell that each must be told with."""
    twenty: list[tuple[str, str]] = []

    def expect(code: str, place: str) -> None:
        twenty.append((code, place))

    # reading: one sheet with an error must not hide what is wrong in the others
    expect("V201", item(book, "实物量", "单价100万元以上设备（不含车辆）", "两台"))
    expect("V206", put(book, "支出决算", "功能科目名称", "行政营运", **OFFICE))
    expect("V217", put(book, "支出预算", "功能科目名称", "其他扶贫支出", 功能科目编码="2130599"))
    expect("V212", item(book, "基本信息", "公开日期", "2024年9月31日"))
    # accounts
    item(book, "三公经费", "公务接待费", 17000, "预算数")
    expect("R050", item(book, "三公经费", "公务接待费", 17000, "决算数"))
    expect("R049", put(book, "结转结余", "年初结转和结余", 187200, 功能科目编码="2010302"))
    add(book, "上年决算", 项目="年末结转和结余", 上年决算数=178200)
    item(book, "实物量", "国内公务接待人次", 8)
    expect("R076", item(book, "三公经费", "其中：国内公务接待费", 17000, "决算数"))
    expect("R082", item(book, "上年决算", "财政拨款收入支出总计", 17364100))
    row = add(book, "支出预算", 资金性质="政府性基金预算财政拨款", 功能科目编码="2120899", 全年预算数=0)
    expect(
        "R087", f"支出预算!{book['支出预算'].cell(row, broken.headings(book, '支出预算')[1]['全年预算数']).coordinate}"
    )
    # procurement, staff, projects
    item(book, "政府采购", "授予中小企业合同金额", 0)
    expect("R061", item(book, "政府采购", "授予中小企业合同金额", 20000))
    expect("R064", item(book, "基本信息", "编制总数", 39))
    expect("R065", item(book, "基本信息", "在职人员总数", 43))
    expect("R092", put(book, "绩效项目", "全年预算数", 2085200, 项目名称=PROJECT))
    expect("R088", put(book, "绩效项目", "项目名称", TOWNS.replace("两不愁三保障", "两不愁、三保障"), 项目名称=TOWNS))
    # texts
    expect("R097", say(book, "原因：因公出国（境）费", "严格控制出国，压减支出"))
    expect("R101", say(book, "用途：公务接待", "接待XX等单位"))
    expect("R102", put(book, "文字材料", "文字", "县县政府办公室2023年组织了自评。", 位置="绩效管理", 序号="1"))
    expect("R104", put(book, "文字材料", "文字", "2022年基本支出1141.16万元。", 位置="绩效管理", 序号="2"))
    expect("R106", put(book, "文字材料", "文字", "基本支出1114.16万元，资金来自财政。", 位置="附件1", 序号="32"))
    expect("R103", say(book, "原因：机关运行经费", "与2021年相比，单位人员减少"))
    return twenty


def test_twenty_planted_mistakes_are_found_at_their_cells_and_nothing_else(tmp_path: Path) -> None:
    book = slim_example()
    twenty = plant(book)
    book.save(tmp_path / "accounts.xlsx")
    report = xl2report.load(tmp_path / "accounts.xlsx")
    before = {(f.code, f.place) for f in xl2report.load(xl2report.example()).findings}
    found = [(f.code, f.place) for f in report.findings]

    assert len(twenty) == len(set(twenty)) == 20
    assert sorted(set(twenty) - set(found)) == []
    assert sorted(set(found) - before - set(twenty)) == []
    assert len(found) == len(set(found))

"""The same job as one script does it today: openpyxl reads, plain dicts and loops compute, xlsxwriter, docxtpl and matplotlib write.

``python naive.py WORKBOOK FOLDER TEMPLATE`` writes ``schedules.xlsx`` and ``report.docx`` with seven pictures. It serves as
the yardstick of bench.py: one workbook layout, one template, amounts in 元, no look at what may be wrong with the input.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import matplotlib
import openpyxl
import xlsxwriter
from docx.shared import Emu
from docxtpl import DocxTemplate, InlineImage
from jinja2 import Environment

matplotlib.use("Agg")

import matplotlib.pyplot as plt

plt.rcParams["font.family"] = ["Noto Sans CJK SC", "Noto Sans CJK JP", "sans-serif"]

ROOT = Path(__file__).resolve().parents[1]
CODES = ROOT / "src" / "xl2report" / "profiles" / "sichuan" / "2023" / "codes"
YEAR = "2023"
NUMBER = "#,##0.00_ ;-#,##0.00_ "

GENERAL, GOVERNMENT, CAPITAL = FUNDS = (
    "一般公共预算财政拨款",
    "政府性基金预算财政拨款",
    "国有资本经营预算财政拨款",
)
OTHER_INCOME = ("上级补助收入", "事业收入", "经营收入", "附属单位上缴收入", "其他收入")
KINDS = ("基本支出", "项目支出", "上缴上级支出", "经营支出", "对附属单位补助支出")
STAFF = ("301", "303")
RUNNING = ("302", "307", "310", "312", "399")
ABROAD, CAR_BOUGHT, CAR_RUN, RECEPTION = ("因公出国（境）费", "公务用车购置费", "公务用车运行维护费", "公务接待费")
CAR_USES = (
    "主要领导干部用车",
    "机要通信用车",
    "应急保障用车",
    "执法执勤用车",
    "特种专业技术用车",
    "离退休干部用车",
    "其他用车",
)
CLASSES = (
    ("201", "一、一般公共服务支出"),
    ("202", "二、外交支出"),
    ("203", "三、国防支出"),
    ("204", "四、公共安全支出"),
    ("205", "五、教育支出"),
    ("206", "六、科学技术支出"),
    ("207", "七、文化旅游体育与传媒支出"),
    ("208", "八、社会保障和就业支出"),
    ("210", "九、卫生健康支出"),
    ("211", "十、节能环保支出"),
    ("212", "十一、城乡社区支出"),
    ("213", "十二、农林水支出"),
    ("214", "十三、交通运输支出"),
    ("215", "十四、资源勘探工业信息等支出"),
    ("216", "十五、商业服务业等支出"),
    ("217", "十六、金融支出"),
    ("219", "十七、援助其他地区支出"),
    ("220", "十八、自然资源海洋气象等支出"),
    ("221", "十九、住房保障支出"),
    ("222", "二十、粮油物资储备支出"),
    ("223", "二十一、国有资本经营预算支出"),
    ("224", "二十二、灾害防治及应急管理支出"),
    ("229", "二十三、其他支出"),
    ("231", "二十四、债务还本支出"),
    ("232", "二十五、债务付息支出"),
    ("234", "二十六、抗疫特别国债安排的支出"),
)
FIRST_TERMS = (
    "财政拨款收入",
    "事业收入",
    "经营收入",
    "其他收入",
    "使用非财政拨款结余",
    "年初结转和结余",
    "结余分配",
    "年末结转和结余",
)
LAST_TERMS = ("基本支出", "项目支出", "“三公”经费", "机关运行经费")

Rows = list[dict[str, Any]]
Sums = dict[tuple[str, str], Decimal]


# -- reading --------------------------------------------------------------------------------------


def read(path: str | Path) -> dict[str, Any]:
    """The sheets as lists of dicts, and the two code lists."""
    book = openpyxl.load_workbook(path, data_only=True)
    sheets = {sheet.title: table(sheet) for sheet in book.worksheets if sheet.title not in ("填表说明", "词表")}
    return {
        "info": {row["项目"]: row["内容"] for row in sheets["基本信息"]},
        "sheets": sheets,
        "functions": code_list(CODES / "functions.csv"),
        "economics": code_list(CODES / "economics.csv"),
    }


def table(sheet: Any) -> Rows:
    """The rows under the heads, which stand in the third row."""
    rows = list(sheet.iter_rows(min_row=3, values_only=True))
    heads = rows[0]
    return [dict(zip(heads, row, strict=True)) for row in rows[1:] if any(value is not None for value in row)]


def code_list(path: Path) -> dict[str, dict[str, str]]:
    """Code -> its row in a code list, the codes of the year only."""
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            row["code"]: row
            for row in csv.DictReader(stream)
            if (row["valid_from"] or YEAR) <= YEAR <= (row["valid_to"] or YEAR)
        }


# -- computing ------------------------------------------------------------------------------------


def money(value: Any) -> Decimal | None:
    """The exact amount of a cell, ``None`` for a blank one."""
    return None if value is None else Decimal(str(value))


def ledger(data: dict[str, Any]) -> dict[str, Rows]:
    """Income, outlay, balances and budget, one dict an amount."""
    sheets = data["sheets"]
    fund_of = {f"{fund}收入": fund for fund in FUNDS} | dict.fromkeys(OTHER_INCOME, "非财政拨款")
    income = [
        {"code": row["功能科目编码"], "column": column, "fund": fund, "amount": money(row[column])}
        for row in sheets["收入决算"]
        for column, fund in fund_of.items()
        if row[column] is not None
    ]
    outlay = [
        {
            "fund": row["资金性质"],
            "code": row["功能科目编码"],
            "kind": row["支出类型"],
            "econ": row["经济科目编码"] or "",
            "project": row["项目名称"] or "",
            "amount": money(row["金额"]),
        }
        for row in sheets["支出决算"]
        if row["金额"] is not None
    ]
    balances = [
        {"fund": row["资金性质"], "code": row["功能科目编码"] or "", "column": column, "amount": money(row[column])}
        for row in sheets["结转结余"]
        for column in ("年初结转和结余", "使用非财政拨款结余", "结余分配", "年末结转和结余")
        if row[column] is not None
    ]
    budget = [
        {"fund": row["资金性质"], "code": row["功能科目编码"], "amount": money(row["全年预算数"])}
        for row in sheets["支出预算"]
        if row["全年预算数"] is not None
    ]
    return {"income": income, "outlay": outlay, "balances": balances, "budget": budget}


def total(rows: Iterable[dict[str, Any]]) -> Decimal:
    """The sum of the amounts."""
    return sum((row["amount"] for row in rows), Decimal(0))


def show(value: Decimal, places: int = 2) -> str:
    """A number with two places at most, rounded half up."""
    text = format(value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def percent(part: Decimal, whole: Decimal) -> str:
    """What a part is of a whole."""
    return show(part / whole * 100) + "%" if whole else ""


def shares(parts: Sequence[Decimal]) -> list[str]:
    """Percentages that sum to 100.00: what is missing goes to the largest remainders."""
    whole = sum(parts)
    if not whole:
        return [""] * len(parts)
    exact = [part / whole * 100 for part in parts]
    cut = [value.quantize(Decimal("0.01"), ROUND_DOWN) for value in exact]
    missing = int((100 - sum(cut)) * 100)
    for at in sorted(range(len(parts)), key=lambda i: (cut[i] - exact[i], i))[:missing]:
        cut[at] += Decimal("0.01")
    return [show(value) + "%" for value in cut]


class Amount:
    """A figure that prints itself; what else the template asks for it are plain attributes."""

    def __init__(self, value: Decimal, scale: int = 10000, **more: Any) -> None:
        self.value = value
        self.scale = scale
        self.已填 = True
        self.__dict__.update(more)

    def __str__(self) -> str:
        return show(self.value / self.scale)

    def __bool__(self) -> bool:
        return self.value != 0

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Amount) else other)

    def __hash__(self) -> int:
        return hash(self.value)


def change(own: Decimal, prior: Decimal, more: str, less: str, same: str, rate: str = "") -> str:
    """How a change against last year reads; ``rate`` stands before 增长 and 下降."""
    size, by = show(abs(own - prior) / 10000), percent(abs(own - prior), prior)
    if own == prior:
        return same
    if size == "0":
        return same.replace("持平", "基本持平")
    if prior == 0:
        what = "收支" if rate else "此项支出"
        return f"{more}{size}万元（上年度无{what}，不计算增长率）"
    return f"{more}{size}万元，{rate}增长{by}" if own > prior else f"{less}{size}万元，{rate}下降{by}"


def with_prior(value: Decimal, prior: Decimal, year: int) -> dict[str, Any]:
    """Last year's amount and the phrases of a change."""
    last = year - 1
    return {
        "上年": prior,
        "变动": change(value, prior, "增加", "减少", "持平"),
        "各变动": change(value, prior, "各增加", "各减少", "持平", "较上年"),
        "较上年度变动": change(value, prior, "较上年度增加", "较上年度减少", "与上年度持平"),
        "比上年变动": change(value, prior, f"比{last}年增加", f"比{last}年减少", f"与{last}年度持平"),
        "比上年度变动": change(value, prior, f"比{last}年度增加", f"比{last}年度减少", f"与{last}年度持平"),
    }


def with_budget(value: Decimal, budget: Decimal) -> dict[str, Any]:
    """The budget, its execution, and how they read."""
    rate = percent(value, budget)
    if budget == 0:
        done = "年初未安排预算" if value else "年初未安排预算，未发生支出"
    else:
        done = f"完成预算{rate}"
    if rate == "100%" or value == budget:
        compared = "决算数与预算数持平"
    else:
        compared = "决算数大于预算数" if value > budget else "决算数小于预算数"
    return {"预算": Amount(budget), "完成率": rate, "完成预算": done, "预算对比": compared}


def structure(parts: Iterable[tuple[str, Decimal]], *, zeros: bool = False) -> list[Amount]:
    """The items of a whole with their shares; items of zero are left out."""
    named = list(parts)
    rates = shares([value for _, value in named])
    return [
        Amount(value, 名称=name, 占比=rate) for (name, value), rate in zip(named, rates, strict=True) if value or zeros
    ]


def prose_name(functions: dict[str, dict[str, str]], code: str) -> str:
    """How running text calls a code."""
    row = functions.get(code)
    return (row["narrative"] or row["name"]) if row else code


def by_item(book: dict[str, Rows], data: dict[str, Any], fund: str, texts: dict[str, str]) -> list[Amount]:
    """The 项 of a fund with budget and reason."""
    functions = data["functions"]
    spent = [row for row in book["outlay"] if row["fund"] == fund]
    planned = [row for row in book["budget"] if row["fund"] == fund]
    found = []
    for code in sorted({row["code"] for row in (*spent, *planned)}):
        value = total(row for row in spent if row["code"] == code)
        if value:
            found.append(
                Amount(
                    value,
                    类=prose_name(functions, code[:3]),
                    款=prose_name(functions, code[:5]),
                    项=prose_name(functions, code),
                    原因=texts.get(f"原因：{code}", ""),
                    **with_budget(value, total(row for row in planned if row["code"] == code)),
                )
            )
    return found


def by_class(book: dict[str, Rows], data: dict[str, Any]) -> list[Amount]:
    """The 类 of the general budget with their shares."""
    spent = [row for row in book["outlay"] if row["fund"] == GENERAL]
    codes = sorted({row["code"][:3] for row in spent})
    return structure(
        (data["functions"][code]["name"], total(row for row in spent if row["code"].startswith(code))) for code in codes
    )


def paragraphs(data: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    """文字材料 by position, in the order of its numbers."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in sorted(data["sheets"]["文字材料"], key=lambda row: int(row["序号"])):
        for line in str(row["文字"]).split("\n"):
            if line.strip():
                found.setdefault(row["位置"], []).append({"文字": line.strip(), "样式": row["样式"] or "正文"})
    return found


def sentence(rows: list[dict[str, str]]) -> str:
    """A text without lead-in words and full stop."""
    text = "".join(row["文字"] for row in rows).rstrip("。；;. ")
    return re.sub(r"^主要(?:变动)?原因(?:是|：|:)", "", text)


def compute(data: dict[str, Any]) -> dict[str, Any]:
    """The amounts for the schedules and every name that the template asks for."""
    book = ledger(data)
    info, sheets = data["info"], data["sheets"]
    year = int(info["年度"])
    positions = paragraphs(data)
    texts = {position: sentence(rows) for position, rows in positions.items()}
    context: dict[str, Any] = {name: str(value) for name, value in info.items() if value is not None}
    date = str(info["公开日期"]).split("-")
    context |= {
        "年度": str(year),
        "上一年度": str(year - 1),
        "公开日期": "{}年{}月{}日".format(*map(int, date)),
        "文字": {name: positions.get(name, []) for name in ("部门职责", "机构设置", "绩效管理")},
        "原因": group(texts, "原因"),
        "用途": group(texts, "用途"),
        "内容": group(texts, "内容"),
        "绩效管理": group(texts, "绩效管理"),
        "附件": attachments(positions),
        "图表": {name: {"图号": at, "标题": title} for at, (name, title) in enumerate(CHARTS.items(), 1)},
        "附表": [{"序号": at, "名称": title} for at, title in enumerate(TITLES, 1)],
        "名词解释": glossary(data, book),
    }
    context["原因"]["因公出国费"] = texts.get("原因：因公出国（境）费", "")
    prior = {row["项目"]: money(row["上年决算数"]) or Decimal(0) for row in sheets["上年决算"]}
    context |= accounts(book, data, prior, texts, year)
    context |= three_public(sheets["三公经费"], year)
    context |= quantities(sheets["实物量"])
    context |= procurement(sheets["政府采购"])
    context |= projects(sheets)
    return {"book": book, "context": context, "info": info, "data": data}


def group(texts: dict[str, str], name: str) -> dict[str, str]:
    """The texts of the positions ``name：…``."""
    return {key.partition("：")[2]: text for key, text in texts.items() if key.startswith(f"{name}：")}


def accounts(
    book: dict[str, Rows], data: dict[str, Any], prior: dict[str, Decimal], texts: dict[str, str], year: int
) -> dict[str, Any]:
    """The figures of income and outlay."""
    income, outlay, balances = book["income"], book["outlay"], book["balances"]

    def balance(column: str, funds: Sequence[str] = (*FUNDS, "非财政拨款")) -> Decimal:
        return total(row for row in balances if row["column"] == column and row["fund"] in funds)

    in_all = total(income) + balance("使用非财政拨款结余") + balance("年初结转和结余")
    granted = total(row for row in income if row["fund"] in FUNDS) + balance("年初结转和结余", FUNDS)
    by_fund = [total(row for row in outlay if row["fund"] == fund) for fund in (*FUNDS, "非财政拨款")]
    general_budget = total(row for row in book["budget"] if row["fund"] == GENERAL)
    basic = [row for row in outlay if row["fund"] == GENERAL and row["kind"] == "基本支出"]
    staff = [row for row in basic if row["econ"].startswith(STAFF)]
    running = [row for row in basic if row["econ"].startswith(RUNNING)]
    columns = (*(f"{fund}收入" for fund in FUNDS), *OTHER_INCOME)
    return {
        "收入支出总计": Amount(in_all, **with_prior(in_all, prior["收入支出总计"], year)),
        "本年收入合计": Amount(total(income)),
        "收入构成": structure((c, total(row for row in income if row["column"] == c)) for c in columns),
        "本年支出合计": Amount(total(outlay)),
        "支出构成": structure((kind, total(row for row in outlay if row["kind"] == kind)) for kind in KINDS),
        "财政拨款收入支出总计": Amount(granted, **with_prior(granted, prior["财政拨款收入支出总计"], year)),
        "一般公共预算支出": Amount(
            by_fund[0],
            占比=shares(by_fund)[0],
            **with_prior(by_fund[0], prior["一般公共预算财政拨款支出"], year),
            **with_budget(by_fund[0], general_budget),
        ),
        "政府性基金预算支出": Amount(by_fund[1]),
        "国有资本经营预算支出": Amount(by_fund[2]),
        "一般公共预算支出按类": by_class(book, data),
        "一般公共预算支出按项": by_item(book, data, GENERAL, texts),
        "政府性基金支出按项": by_item(book, data, GOVERNMENT, texts),
        "国有资本经营支出按项": by_item(book, data, CAPITAL, texts),
        "一般公共预算基本支出": Amount(total(basic)),
        "人员经费": Amount(total(staff)),
        "人员经费科目": subjects(staff, data["economics"]),
        "公用经费": Amount(total(running)),
        "公用经费科目": subjects(running, data["economics"]),
        "机关运行经费": Amount(total(running), **with_prior(total(running), prior["机关运行经费"], year)),
    }


def subjects(rows: Rows, economics: dict[str, dict[str, str]]) -> list[Amount]:
    """The economic codes of some outlay, those of zero left out."""
    codes = sorted({row["econ"] for row in rows})
    return structure((economics[code]["name"], total(row for row in rows if row["econ"] == code)) for code in codes)


def three_public(rows: Rows, year: int) -> dict[str, Any]:
    """The figures of “三公”经费."""
    given = {row["项目"]: row for row in rows}

    def made(*names: str) -> dict[str, Decimal]:
        return {
            column: sum((money(given[name][column]) or Decimal(0) for name in names), Decimal(0))
            for column in ("预算数", "决算数", "上年决算数")
        }

    def amount(*names: str, **more: Any) -> Amount:
        sums = made(*names)
        value = sums["决算数"]
        return Amount(
            value, **with_prior(value, sums["上年决算数"], year), **with_budget(value, sums["预算数"]), **more
        )

    def detail(name: str) -> Amount:
        value = money(given.get(f"其中：{name}", {}).get("决算数"))
        found = Amount(value or Decimal(0))
        found.已填 = value is not None
        return found

    three = {ABROAD: (ABROAD,), "公务用车购置及运行维护费": (CAR_BOUGHT, CAR_RUN), RECEPTION: (RECEPTION,)}
    details = ("国内公务接待费", "外事接待费", "轿车购置费", "越野车购置费", "载客汽车购置费")
    return {
        "三公经费": amount(ABROAD, CAR_BOUGHT, CAR_RUN, RECEPTION),
        "三公经费构成": structure(((name, made(*of)["决算数"]) for name, of in three.items()), zeros=True),
        "因公出国费": amount(ABROAD),
        "公务用车费": amount(CAR_BOUGHT, CAR_RUN),
        "公务用车购置费": amount(CAR_BOUGHT),
        "公务用车运行维护费": amount(CAR_RUN),
        "公务接待费": amount(RECEPTION),
        **{name: detail(name) for name in details},
    }


def quantities(rows: Rows) -> dict[str, Any]:
    """Trips, cars, receptions, equipment."""
    given = {row["项目"]: money(row["数量"]) or Decimal(0) for row in rows}
    cars = ("轿车", "越野车", "载客汽车")
    uses = {use: given[f"车辆用途：{use}"] for use in CAR_USES}
    found: dict[str, Any] = {name: Amount(value, 1) for name, value in given.items()}
    found |= {f"购置{car}": Amount(given[f"购置公务用车：{car}"], 1) for car in cars}
    found |= {f"{car}保有量": Amount(given[f"公务用车保有量：{car}"], 1) for car in cars}
    return found | {
        "出国团组": Amount(given["因公出国（境）团组"], 1),
        "出国人次": Amount(given["因公出国（境）人次"], 1),
        "购置公务用车": Amount(sum((given[f"购置公务用车：{car}"] for car in cars), Decimal(0)), 1),
        "公务用车保有量": Amount(sum((given[f"公务用车保有量：{car}"] for car in cars), Decimal(0)), 1),
        "共有车辆": Amount(sum(uses.values(), Decimal(0)), 1),
        "车辆用途": [Amount(n, 1, 名称=use) for use, n in uses.items() if n or use == "其他用车"],
        "其他用车": Amount(uses["其他用车"], 1),
        "大型设备": Amount(given["单价100万元以上设备（不含车辆）"], 1),
    }


def procurement(rows: Rows) -> dict[str, Any]:
    """The figures of 政府采购."""
    given = {row["项目"]: money(row["金额"]) or Decimal(0) for row in rows}
    kinds = ("政府采购货物支出", "政府采购工程支出", "政府采购服务支出")
    whole = sum((given[kind] for kind in kinds), Decimal(0))
    small, smallest = given["授予中小企业合同金额"], given["其中：授予小微企业合同金额"]
    return {
        "政府采购支出": Amount(whole),
        **{kind: Amount(given[kind]) for kind in kinds},
        "中小企业合同金额": Amount(small, 占比=percent(small, whole)),
        "小微企业合同金额": Amount(smallest, 占比=percent(smallest, whole)),
    }


def projects(sheets: dict[str, Rows]) -> dict[str, Any]:
    """The projects with their indicators, and the figures over them."""
    rows = sheets["绩效项目"]
    spent = sum((money(row["全年执行数"]) or Decimal(0) for row in rows), Decimal(0))
    planned = sum((money(row["全年预算数"]) or Decimal(0) for row in rows), Decimal(0))
    return {
        "绩效项目": [project(row, sheets["绩效指标"]) for row in rows],
        "绩效项目数": len(rows),
        "事前评估项目数": sum(row["事前绩效评估"] == "是" for row in rows),
        "编制目标项目数": sum(row["编制绩效目标"] == "是" for row in rows),
        "绩效监控项目数": sum(row["绩效监控"] == "是" for row in rows),
        "绩效项目资金": Amount(spent, **with_budget(spent, planned)),
        "绩效项目明细": [Amount(money(row["全年执行数"]) or Decimal(0), 名称=row["项目名称"]) for row in rows],
    }


def project(row: dict[str, Any], indicators: Rows) -> dict[str, Any]:
    """One project as the template wants it."""
    amounts = {head: money(value) for head, value in row.items() if head.startswith(("全年", "中省", "县级", "其他"))}

    def rate(budget: str, outturn: str) -> str:
        return percent(amounts[outturn] or Decimal(0), amounts[budget] or Decimal(0))

    short = row["项目名称"].removesuffix("项目")
    own = [indicator for indicator in indicators if indicator["项目名称"] == row["项目名称"]]
    last: tuple[str, str] = ("", "")
    shown = []
    for indicator in own:
        first, second = indicator["一级指标"], indicator["二级指标"]
        texts = {head: "" if value is None else str(value) for head, value in indicator.items()}
        shown.append(texts | {"一级续": last[0] == first, "二级续": last == (first, second)})
        last = (first, second)
    return {
        **{head: "" if value is None else value for head, value in row.items()},
        **{head: "" if value is None else show(value / 10000) for head, value in amounts.items()},
        "项目简称": short,
        "项目全称": f"{short}项目",
        "执行率": rate,
        "指标": shown,
    }


def attachments(positions: dict[str, list[dict[str, str]]]) -> list[dict[str, Any]]:
    """附件1, 附件2 … with their titles."""
    numbers = sorted(int(name[2:]) for name in positions if re.fullmatch(r"附件\d+", name))
    return [
        {
            "序号": at,
            "标题": next((p["文字"] for p in positions[f"附件{number}"] if p["样式"] == "标题1"), ""),
            "段落": positions[f"附件{number}"],
        }
        for at, number in enumerate(numbers, 1)
    ]


def glossary(data: dict[str, Any], book: dict[str, Rows]) -> list[dict[str, str]]:
    """General terms, the 项 of the accounts, closing terms; the workbook's words come first."""
    functions = data["functions"]
    given = {str(row["名词"]): row["解释"] for row in data["sheets"]["名词解释"]}
    codes = {row["code"] for row in (*book["income"], *book["outlay"]) if row["amount"]}
    codes |= {code for code in given if code in functions and len(code) == 7}
    found = [{"名词": term, "解释": given[term]} for term in FIRST_TERMS]
    for code in sorted(codes):
        text = given.get(code) or functions[code]["explanation"]
        if text:
            names = (prose_name(functions, part) for part in (code[:3], code[:5], code))
            title = "".join(f"{name}（{level}）" for name, level in zip(names, ("类", "款", "项"), strict=True))
            found.append({"名词": title, "解释": text})
    return found + [{"名词": term, "解释": given[term]} for term in LAST_TERMS]


# -- schedules ------------------------------------------------------------------------------------

CHARTS = {
    "收支总计变动": "收、支决算总计变动情况图（单位：万元）",
    "收入构成": "收入决算结构图",
    "支出构成": "支出决算结构图",
    "财政拨款收支总计变动": "财政拨款收、支决算总计变动情况图（单位：万元）",
    "一般公共预算支出变动": "一般公共预算财政拨款支出决算变动情况图（单位：万元）",
    "一般公共预算支出构成": "一般公共预算财政拨款支出决算结构图",
    "三公经费构成": "“三公”经费财政拨款支出结构图",
}
"""The captions; the template has the tag ``{{ 图 }}`` with the name of each in place of our chart."""
TITLES = (
    "收入支出决算总表",
    "收入决算表",
    "支出决算表",
    "财政拨款收入支出决算总表",
    "财政拨款支出决算明细表",
    "一般公共预算财政拨款支出决算表",
    "一般公共预算财政拨款支出决算明细表",
    "一般公共预算财政拨款基本支出决算表",
    "一般公共预算财政拨款项目支出决算表",
    "政府性基金预算财政拨款收入支出决算表",
    "国有资本经营预算财政拨款收入支出决算表",
    "国有资本经营预算财政拨款支出决算表",
    "财政拨款“三公”经费支出决算表",
)
NOTES = (
    "注：1.本表反映部门本年度的总收支和年末结转结余情况。2.本套报表金额单位转换时可能存在尾数误差。",
    "注：本表反映部门本年度取得的各项收入情况。",
    "注：本表反映部门本年度各项支出情况。",
    "注：本表反映部门本年度一般公共预算财政拨款、政府性基金预算财政拨款和国有资本经营预算财政拨款的总收支和年末结转结余情况。",
    "注：本表反映部门本年度财政拨款实际支出情况。",
    "注：本表反映部门本年度一般公共预算财政拨款支出情况。",
    "注：本表反映部门本年度一般公共预算财政拨款支出的明细情况。",
    "注：本表反映部门本年度一般公共预算财政拨款基本支出明细情况。",
    "注：本表反映部门本年度一般公共预算财政拨款项目支出情况。",
    "注：本表反映部门本年度政府性基金预算财政拨款收入、支出及结转和结余情况。",
    "注：本表反映部门本年度国有资本经营预算财政拨款收入、支出及结转和结余情况。",
    "注：本表反映部门本年度国有资本经营预算财政拨款支出情况。",
    "注：本表反映部门本年度财政拨款“三公”经费支出预决算情况。其中，预算数为“三公”经费全年预算数，反映按规定程序调整后的预算数；决算数是包括当年财政拨款预算和以前年度结转资金安排的实际支出。",
)
EMPTY = {
    9: "{自称}{年度}年度没有一般公共预算财政拨款项目支出，故本表无数据。",
    10: "{自称}没有政府性基金预算财政拨款收入支出，故本表无数据。",
    11: "{自称}没有国有资本经营预算财政拨款收入支出，故本表无数据。",
    12: "{自称}没有使用国有资本经营预算财政拨款安排的支出，故本表无数据。",
    13: "{自称}{年度}年度没有财政拨款“三公”经费支出，故本表无数据。",
}
BREAKS_07 = (9, 16, 24, 32)
"""Where the pages of the wide schedule begin, set by hand in the print preview."""


class Page:
    """One worksheet with the formats that all of them share."""

    def __init__(self, book: Any, looks: dict[str, Any], number: int, info: dict[str, Any]) -> None:
        self.page = book.add_worksheet(f"{number:02d} {TITLES[number - 1]}"[:31])
        self.looks = looks
        self.number = number
        self.info = info
        self.filled = False

    def text(self, row: int, column: int, text: str, look: str, rows: int = 1, columns: int = 1) -> None:
        """A text in one cell or over several."""
        if rows > 1 or columns > 1:
            self.page.merge_range(row, column, row + rows - 1, column + columns - 1, text, self.looks[look])
        elif text:
            self.page.write_string(row, column, text, self.looks[look])
        else:
            self.page.write_blank(row, column, None, self.looks[look])

    def amount(
        self, row: int, column: int, value: Decimal | None, parts: Sequence[tuple[int, int]] = (), look: str = "amount"
    ) -> None:
        """An amount in 万元, as a SUM where it is made of others; a blank where there is none."""
        if value is None:
            self.page.write_blank(row, column, None, self.looks[look])
            return
        self.filled = self.filled or value != 0
        if parts:
            self.page.write_formula(row, column, sum_of(parts), self.looks[look], float(value / 10000))
        else:
            self.page.write_number(row, column, float(value / 10000), self.looks[look])

    def furniture(
        self,
        widths: Sequence[int],
        head: int,
        last: int,
        *,
        stub: int = 0,
        landscape: bool = False,
        breaks: Sequence[int] = (),
    ) -> None:
        """Title, number, department and unit, notes, widths and print set-up."""
        for column, width in enumerate(widths):
            self.page.set_column(column, column, width)
        self.page.set_default_row(18)
        self.page.set_row(0, 30)
        count = len(widths)
        pages = list(zip((stub, *breaks), (*breaks, count), strict=True)) if breaks else [(0, count)]
        department = f"部门：{self.info['部门名称']}"
        for first, end in pages:
            self.text(0, first, TITLES[self.number - 1], "title", columns=end - first)
            self.text(1, first, f"公开{self.number:02d}表", "right", columns=end - first)
            if breaks:
                self.text(2, first, "单位：万元", "right", columns=end - first)
        self.text(2, 0, department, "left", columns=stub if breaks else count - 1)
        if not breaks:
            self.text(2, count - 1, "单位：万元", "right")
        notes = [NOTES[self.number - 1]]
        if not self.filled and self.number in EMPTY:
            notes.append(EMPTY[self.number].format_map(self.info))
        for at, note in enumerate(notes):
            self.text(last + at, 0, note, "note", columns=breaks[0] if breaks else count)
        self.page.freeze_panes(head, stub)
        self.page.set_paper(9)
        self.page.set_margins(left=0.47, right=0.47, top=0.6, bottom=0.6)
        self.page.center_horizontally()
        self.page.set_footer("&C第 &P 页，共 &N 页")
        self.page.repeat_rows(0, head - 1)
        self.page.print_area(0, 0, last + len(notes) - 1, count - 1)
        if landscape:
            self.page.set_landscape()
        if breaks:
            self.page.set_print_scale(72)
            self.page.repeat_columns(0, stub - 1)
            self.page.set_v_pagebreaks(list(breaks))
        else:
            self.page.fit_to_pages(1, 0)

    def heads(
        self, paths: Sequence[tuple[str, ...]], first: int, top: int, depth: int, breaks: Sequence[int] = ()
    ) -> None:
        """Heads over columns: equal neighbours share a cell up to a page's edge, the last head reaches down."""
        for level in range(depth):
            column = 0
            while column < len(paths):
                path = paths[column]
                until = column + 1
                if level < len(path) - 1:
                    while (
                        until < len(paths)
                        and first + until not in breaks
                        and len(paths[until]) > level + 1
                        and paths[until][: level + 1] == path[: level + 1]
                    ):
                        until += 1
                if level < len(path):
                    rows = depth - level if level == len(path) - 1 else 1
                    self.text(top + level, first + column, path[level], "head", rows, until - column)
                column = until


def letters(column: int) -> str:
    """The letters of a column counted from 0."""
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def sum_of(parts: Sequence[tuple[int, int]]) -> str:
    """A SUM over cells, runs of neighbours as ranges."""
    runs: list[list[tuple[int, int]]] = []
    step = (0, 0)
    for row, column in parts:
        if runs:
            move = (row - runs[-1][-1][0], column - runs[-1][-1][1])
            if move in ((1, 0), (0, 1)) and (len(runs[-1]) == 1 or move == step):
                step = move
                runs[-1].append((row, column))
                continue
        runs.append([(row, column)])
    names = [[f"{letters(column)}{row + 1}" for row, column in (run[0], run[-1])] for run in runs]
    return f"=SUM({','.join(a if a == b else f'{a}:{b}' for a, b in names)})"


def sums_by(entries: Iterable[tuple[str, str, Decimal]], lengths: Sequence[int]) -> Sums:
    """(code, column) -> sum, for the codes, for those above them, and for "" over all."""
    found: Sums = {}
    for code, key, amount in entries:
        for part in ("", *(code[:length] for length in lengths if len(code) >= length)):
            found[part, key] = found.get((part, key), Decimal(0)) + amount
    return found


def tree(
    page: Page,
    columns: Sequence[tuple[str, tuple[str, ...], Sequence[str]]],
    sums: Sums,
    names: Callable[[str], str],
    *,
    lengths: Sequence[int] = (3, 5, 7),
    heads: tuple[str, str] = ("功能分类\n科目编码", "科目名称"),
    under: dict[str, dict[str, Decimal]] | None = None,
    landscape: bool = False,
    breaks: Sequence[int] = (),
) -> None:
    """A schedule of codes: 合计, then each code in its place; parents and totals as sums."""
    depth = max(len(path) for _, path, _ in columns)
    page.text(3, 0, "项目", "head", columns=2)
    for column, text in enumerate(heads):
        page.text(4, column, text, "head", rows=depth)
    page.heads([path for _, path, _ in columns], 2, 3, depth + 1, breaks)
    index = 4 + depth
    page.text(index, 0, "栏次", "index", columns=2)
    for at in range(len(columns)):
        page.text(index, 2 + at, str(at + 1), "index")
    place = {key: 2 + at for at, (key, _, _) in enumerate(columns)}
    rows: list[tuple[str, str, int]] = [("", "合计", -1)]
    for code in sorted({code for (code, _), amount in sums.items() if code and amount}):
        rows.append((code, names(code), lengths.index(len(code))))
        rows += [(f"{code}/{name}", name, len(lengths)) for name in (under or {}).get(code, {})]
    at_row = {key: index + 1 + at for at, (key, _, _) in enumerate(rows)}
    for code, name, level in rows:
        row, total_row = at_row[code], level <= 0
        look = "amount total" if total_row else "amount"
        if level < 0:
            page.text(row, 0, name, "name -1", columns=2)
        else:
            page.text(row, 0, "" if "/" in code else code, "code total" if total_row else "code")
            page.text(row, 1, name, f"name {level}")
        children = [
            at_row[other]
            for other, _, deeper in rows
            if deeper == level + 1 and other.startswith(code) and (other != code)
        ]
        for key, _, parts in columns:
            if "/" in code:
                value = (under or {})[code.partition("/")[0]].get(name)
            else:
                value = sums.get((code, key))
            addends = [(child, place[key]) for child in children] or [(row, place[part]) for part in parts if code]
            page.amount(row, place[key], value, addends, look)
    last = index + 1 + len(rows)
    widths = [12 if len(lengths) > 2 else 10, 42, *[13] * len(columns)]
    page.furniture(widths, index + 1, last, stub=2, landscape=landscape, breaks=breaks)


def lines(
    page: Page, row: int, column: int, rows: Sequence[tuple[int, str]], values: Sequence[Callable[[int], Any]]
) -> None:
    """Numbered lines: label, number, amounts; a value is an amount, or an amount with its addends."""
    for at, (number, label) in enumerate(rows):
        bold = " total" if label.endswith(("合计", "总计")) or label.startswith("年初财政") else ""
        page.text(row + at, column, label, "label" + bold)
        page.text(row + at, column + 1, str(number), "line" + bold)
        for offset, value in enumerate(values):
            found, parts = value(number) if label else (None, ())
            page.amount(row + at, column + 2 + offset, found, parts, "amount" + bold)


def summary(page: Page, sides: Sequence[tuple[str, Sequence[str], Sequence[tuple[int, str]], Sequence[Any]]]) -> None:
    """Schedules 01 and 04: income on the left, outlay on the right."""
    left, count, number, longest = 0, 0, 1, 0
    widths: list[int] = []
    for head, columns, rows, values in sides:
        count = 2 + len(columns)
        page.text(3, left, head, "head", columns=count)
        for at, text in enumerate(("项目", "行次", *columns)):
            page.text(4, left + at, text, "head")
        page.text(5, left, "栏次", "index")
        page.text(5, left + 1, "", "index")
        for at in range(len(columns)):
            page.text(5, left + 2 + at, str(number), "index")
            number += 1
        lines(page, 6, left, rows, values)
        widths += [34, 6, *[20 if len(columns) > 1 else 16] * len(columns)]
        left, longest = left + count, max(longest, len(rows))
    page.furniture(widths, 6, 6 + longest, landscape=left > 6)


def added(*values: Decimal | None) -> Decimal | None:
    """The sum of what is there, ``None`` where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


def first_schedule(page: Page, book: dict[str, Rows]) -> None:
    """01: all income and outlay."""
    columns = (*(f"{fund}收入" for fund in FUNDS), *OTHER_INCOME)
    income = sums_by(((row["column"], "", row["amount"]) for row in book["income"]), (99,))
    by_column: dict[str, Decimal] = {}
    for row in (*book["income"], *book["balances"]):
        by_column[row["column"]] = by_column.get(row["column"], Decimal(0)) + row["amount"]
    by_class = sums_by(((row["code"], "", row["amount"]) for row in book["outlay"]), (3,))
    all_in, all_out = income.get(("", "")), by_class.get(("", ""))
    left = {number: by_column.get(name) for number, name in enumerate(columns, 1)}
    left |= {27: all_in, 28: by_column.get("使用非财政拨款结余"), 29: by_column.get("年初结转和结余")}
    left[30] = added(left[27], left[28], left[29])
    right = {31 + at: by_class.get((code, "")) for at, (code, _) in enumerate(CLASSES)}
    right |= {57: all_out, 58: by_column.get("结余分配"), 59: by_column.get("年末结转和结余")}
    right[60] = added(right[57], right[58], right[59])
    numerals = "一二三四五六七八"
    labels = [(n, f"{numerals[n - 1]}、{name}") for n, name in enumerate(columns, 1)]
    labels += [(n, "") for n in range(9, 27)]
    labels += [(27, "本年收入合计"), (28, "使用非财政拨款结余（含专用结余）"), (29, "年初结转和结余"), (30, "总计")]
    outlay = [(31 + at, label) for at, (_, label) in enumerate(CLASSES)]
    outlay += [(57, "本年支出合计"), (58, "结余分配"), (59, "年末结转和结余"), (60, "总计")]
    parts_left = {27: range(6, 14), 30: range(32, 35)}
    parts_right = {57: range(6, 32), 60: range(32, 35)}
    summary(
        page,
        (
            ("收入", ("决算数",), labels, [lambda n: (left.get(n), [(row, 2) for row in parts_left.get(n, ())])]),
            ("支出", ("决算数",), outlay, [lambda n: (right.get(n), [(row, 5) for row in parts_right.get(n, ())])]),
        ),
    )


def fourth_schedule(page: Page, book: dict[str, Rows]) -> None:
    """04: income and outlay of the three funds."""
    income = sums_by(((row["fund"], "", row["amount"]) for row in book["income"] if row["fund"] in FUNDS), (99,))
    by_fund: dict[tuple[str, str], Decimal] = {}
    for row in book["income"]:
        by_fund["收入", row["fund"]] = by_fund.get(("收入", row["fund"]), Decimal(0)) + row["amount"]
    for row in book["balances"]:
        by_fund[row["column"], row["fund"]] = by_fund.get((row["column"], row["fund"]), Decimal(0)) + row["amount"]
    outlay = sums_by(
        (
            (row["code"], key, row["amount"])
            for row in book["outlay"]
            if row["fund"] in FUNDS
            for key in ("合计", row["fund"])
        ),
        (3,),
    )
    numerals = "一二三"
    left = {n: by_fund.get(("收入", fund)) for n, fund in enumerate(FUNDS, 1)}
    left |= {n: by_fund.get(("年初结转和结余", fund)) for n, fund in enumerate(FUNDS, 29)}
    left[27] = income.get(("", ""))
    left[28] = added(left[29], left[30], left[31])
    left[32] = added(left[27], left[28])
    labels = [(n, f"{numerals[n - 1]}、{fund}") for n, fund in enumerate(FUNDS, 1)]
    labels += [(n, "") for n in range(4, 27)]
    labels += [(27, "本年收入合计"), (28, "年初财政拨款结转和结余")]
    labels += [(n, f"{numerals[n - 29]}、{fund}") for n, fund in enumerate(FUNDS, 29)]
    labels += [(32, "总计")]
    rows = [(33 + at, label) for at, (_, label) in enumerate(CLASSES)]
    rows += [(59, "本年支出合计"), (60, "年末财政拨款结转和结余"), (61, ""), (62, ""), (63, ""), (64, "总计")]
    parts_left = {27: range(6, 9), 28: range(34, 37), 32: range(32, 34)}

    def value(key: str, column: int) -> Callable[[int], tuple[Decimal | None, list[tuple[int, int]]]]:
        def of(number: int) -> tuple[Decimal | None, list[tuple[int, int]]]:
            across = [(number - 27, c) for c in (6, 7, 8)] if key == "合计" else []
            funds = FUNDS if key == "合计" else (key,)
            closing = added(*(by_fund.get(("年末结转和结余", fund)) for fund in funds))
            if number == 59:
                return outlay.get(("", key)), [(row, column) for row in range(6, 32)]
            if number == 60:
                return closing, across
            if number == 64:
                return added(outlay.get(("", key)), closing), [(32, column), (33, column)]
            return outlay.get((CLASSES[number - 33][0], key)), across

        return of

    summary(
        page,
        (
            ("收入", ("决算数",), labels, [lambda n: (left.get(n), [(row, 2) for row in parts_left.get(n, ())])]),
            ("支出", ("合计", *FUNDS), rows, [value(key, 5 + at) for at, key in enumerate(("合计", *FUNDS))]),
        ),
    )


def flat(*keys: str, whole: str) -> list[tuple[str, tuple[str, ...], Sequence[str]]]:
    """Columns with one head each, the first one the sum of the rest."""
    return [(whole, (whole,), keys), *((key, (key,), ()) for key in keys)]


def outlay_columns() -> list[tuple[str, tuple[str, ...], Sequence[str]]]:
    """本年支出: 小计, 基本支出, 项目支出."""
    own = ("基本支出", "项目支出")
    return [("小计", ("本年支出", "小计"), own), *((key, ("本年支出", key), ()) for key in own)]


def fund_columns() -> list[tuple[str, tuple[str, ...], Sequence[str]]]:
    """05: each fund with its 小计, 基本支出, 项目支出."""
    columns: list[tuple[str, tuple[str, ...], Sequence[str]]] = [("合计", ("合计",), [f"{fund}小计" for fund in FUNDS])]
    for fund in FUNDS:
        own = [f"{fund}基本支出", f"{fund}项目支出"]
        columns.append((f"{fund}小计", (fund, "小计"), own))
        columns += [(key, (fund, key.removeprefix(fund)), ()) for key in own]
    return columns


def economic_columns(
    rows: Rows, economics: dict[str, dict[str, str]]
) -> list[tuple[str, tuple[str, ...], Sequence[str]]]:
    """07: each 类 with its 小计 and the 款 that were used."""
    used = {row["econ"] for row in rows if row["amount"]}
    groups = sorted({code for code in economics if len(code) == 3} | {code[:3] for code in used if code})
    columns: list[tuple[str, tuple[str, ...], Sequence[str]]] = [("合计", ("合计",), groups)]
    for group_code in groups:
        name = economics[group_code]["name"]
        kept = sorted(code for code in used if len(code) == 5 and code.startswith(group_code))
        columns.append((group_code, (name, "小计"), kept))
        columns += [(code, (name, economics[code]["name"]), ()) for code in kept]
    return columns


def eighth_schedule(page: Page, rows: Rows, economics: dict[str, dict[str, str]]) -> None:
    """08: the economic codes side by side in three blocks."""
    sums = sums_by(((row["econ"], "", row["amount"]) for row in rows), (3, 5))
    blocks = (("301", "303"), ("302",), ("307", "310", "312", "399"))
    used = {row["econ"] for row in rows if row["amount"]}
    under = {
        code: sorted(c for c in {*economics, *used} if len(c) == 5 and c.startswith(code))
        for block in blocks
        for code in block
    }
    foot = 5 + max(sum(1 + len(under[code]) for code in block) for block in blocks)
    place: dict[str, tuple[int, int]] = {}
    for number, block in enumerate(blocks):
        left, row = number * 3, 5
        for at, text in enumerate(("科目编码", "科目名称", "决算数")):
            page.text(3, left + at, text, "head")
        page.text(4, left, "栏次", "index", columns=2)
        page.text(4, left + 2, str(number + 1), "index")
        for code in block:
            place[code] = (row, left + 2)
            parts = [(row + 1 + at, left + 2) for at in range(len(under[code]))]
            page.text(row, left, code, "code total")
            page.text(row, left + 1, economics[code]["name"], "name 0")
            page.amount(row, left + 2, sums.get((code, "")), parts, "amount total")
            for child in under[code]:
                row += 1
                page.text(row, left, child, "code")
                page.text(row, left + 1, economics[child]["name"], "name 1")
                page.amount(row, left + 2, sums.get((child, "")))
            row += 1
        for blank in range(row, foot):
            page.text(blank, left, "", "code")
            page.text(blank, left + 1, "", "label")
            page.amount(blank, left + 2, None)
    for label, left, value, codes in (("人员经费合计", 0, 2, STAFF), ("公用经费合计", 3, 8, RUNNING)):
        page.text(foot, left, label, "name -1", columns=value - left)
        amount = added(*(sums.get((code, "")) for code in codes))
        page.amount(foot, value, amount, [place[code] for code in codes], "amount total")
    page.furniture([10, 32, 14, 10, 22, 14, 10, 40, 14], 5, foot + 1, landscape=True)


def last_schedule(page: Page, rows: Rows) -> None:
    """13: “三公”经费, budget and outturn in one row."""
    given = {row["项目"]: row for row in rows}
    paths: list[tuple[str, ...]] = []
    cells: list[tuple[Decimal | None, list[int]]] = []
    for head, column in (("预算数", "预算数"), ("决算数", "决算数")):
        abroad, bought, run, reception = (
            money(given[name][column]) for name in (ABROAD, CAR_BOUGHT, CAR_RUN, RECEPTION)
        )
        cars = "公务用车购置及运行维护费"
        first = len(paths)
        paths += [(head, "合计"), (head, ABROAD), (head, cars, "小计"), (head, cars, CAR_BOUGHT)]
        paths += [(head, cars, CAR_RUN), (head, RECEPTION)]
        cells += [(added(abroad, bought, run, reception), [first + 1, first + 2, first + 5]), (abroad, [])]
        cells += [(added(bought, run), [first + 3, first + 4]), (bought, []), (run, []), (reception, [])]
    page.heads(paths, 0, 3, 3)
    for at, (value, parts) in enumerate(cells):
        page.text(6, at, str(at + 1), "index")
        page.amount(7, at, value, [(7, part) for part in parts])
    page.furniture([13] * len(paths), 7, 8, landscape=True)


def formats(book: Any) -> dict[str, Any]:
    """The formats of the schedules by name."""
    base = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
    plain: dict[str, dict[str, Any]] = {
        "title": {"bold": True, "font_size": 18, "align": "center"},
        "right": {"align": "right"},
        "left": {"align": "left"},
        "note": {"align": "left", "text_wrap": True, "valign": "top"},
        "head": {"align": "center", "text_wrap": True, "border": 1},
        "index": {"align": "center", "border": 1},
        "code": {"align": "left", "border": 1, "num_format": "@"},
        "line": {"align": "center", "border": 1},
        "label": {"align": "left", "border": 1, "text_wrap": True},
        "amount": {"align": "right", "border": 1, "num_format": NUMBER},
        "name -1": {"align": "center", "border": 1, "text_wrap": True, "bold": True},
        "name 0": {"align": "left", "border": 1, "text_wrap": True, "bold": True},
        **{f"name {n}": {"align": "left", "border": 1, "text_wrap": True, "indent": n} for n in (1, 2, 3)},
    }
    bold = {f"{name} total": {**plain[name], "bold": True} for name in ("code", "line", "label", "amount")}
    return {name: book.add_format({**base, **look}) for name, look in (plain | bold).items()}


def write_schedules(found: dict[str, Any], path: str | Path) -> None:
    """The 13 schedules in one workbook."""
    data, book, info = found["data"], found["book"], found["info"]
    functions, economics = data["functions"], data["economics"]
    default = {"font_name": "宋体", "font_size": 10}
    target = xlsxwriter.Workbook(str(path), {"default_format_properties": default})
    looks = formats(target)
    pages = [Page(target, looks, number, info) for number in range(1, 14)]

    def function(code: str) -> str:
        return functions[code]["name"]

    def economic(code: str) -> str:
        return economics[code]["name"]

    outlay = book["outlay"]
    general = [row for row in outlay if row["fund"] == GENERAL]
    special = [row for row in general if row["kind"] == "项目支出"]
    granted = {f"{fund}收入" for fund in FUNDS}
    lengths = (3, 5, 7)

    first_schedule(pages[0], book)
    entries = [
        (row["code"], key, row["amount"])
        for row in book["income"]
        for key in ("本年收入合计", "财政拨款收入" if row["column"] in granted else row["column"])
    ]
    columns = flat("财政拨款收入", *OTHER_INCOME, whole="本年收入合计")
    tree(pages[1], columns, sums_by(entries, lengths), function)
    entries = [(row["code"], key, row["amount"]) for row in outlay for key in ("本年支出合计", row["kind"])]
    tree(pages[2], flat(*KINDS, whole="本年支出合计"), sums_by(entries, lengths), function)
    fourth_schedule(pages[3], book)
    entries = [
        (row["econ"], key, row["amount"])
        for row in outlay
        if row["fund"] in FUNDS
        for key in ("合计", f"{row['fund']}小计", f"{row['fund']}{row['kind']}")
    ]
    heads = ("经济分类\n科目编码", "科目名称")
    sums = sums_by(entries, (3, 5))
    tree(pages[4], fund_columns(), sums, economic, lengths=(3, 5), heads=heads, landscape=True)
    entries = [(row["code"], key, row["amount"]) for row in general for key in ("小计", row["kind"])]
    tree(pages[5], outlay_columns(), sums_by(entries, lengths), function)
    entries = [(row["code"], key, row["amount"]) for row in general for key in ("合计", row["econ"][:3], row["econ"])]
    columns = economic_columns(general, economics)
    tree(pages[6], columns, sums_by(entries, lengths), function, landscape=True, breaks=BREAKS_07)
    eighth_schedule(pages[7], [row for row in general if row["kind"] == "基本支出"], economics)
    under: dict[str, dict[str, Decimal]] = {}
    for row in special:
        own = under.setdefault(row["code"], {})
        own[row["project"]] = own.get(row["project"], Decimal(0)) + row["amount"]
    sums = sums_by(((row["code"], "金额", row["amount"]) for row in special), lengths)
    heads = ("功能分类\n科目编码", "科目名称（项目名称）")
    tree(pages[8], flat(whole="金额"), sums, function, heads=heads, under=under)
    for page, fund in ((pages[9], GOVERNMENT), (pages[10], CAPITAL)):
        tree(page, both_columns(), sums_by(both_entries(book, fund), lengths), function)
    entries = [
        (row["code"], key, row["amount"]) for row in outlay if row["fund"] == CAPITAL for key in ("合计", row["kind"])
    ]
    tree(pages[11], flat("基本支出", "项目支出", whole="合计"), sums_by(entries, lengths), function)
    last_schedule(pages[12], data["sheets"]["三公经费"])
    target.close()


def both_columns() -> list[tuple[str, tuple[str, ...], Sequence[str]]]:
    """10 and 11: opening balance, income, outlay, closing balance."""
    ends = [(key, (key,), ()) for key in ("年初结转和结余", "本年收入", "年末结转和结余")]
    return [*ends[:2], *outlay_columns(), ends[2]]


def both_entries(book: dict[str, Rows], fund: str) -> Iterable[tuple[str, str, Decimal]]:
    """The amounts of one fund for schedules 10 and 11."""
    for row in book["balances"]:
        if row["fund"] == fund and row["column"] in ("年初结转和结余", "年末结转和结余"):
            yield row["code"], row["column"], row["amount"]
    for row in book["income"]:
        if row["fund"] == fund:
            yield row["code"], "本年收入", row["amount"]
    for row in book["outlay"]:
        if row["fund"] == fund:
            yield row["code"], "小计", row["amount"]
            yield row["code"], row["kind"], row["amount"]


# -- narrative ------------------------------------------------------------------------------------


class Template(DocxTemplate):  # type: ignore[misc]  # docxtpl has no types
    """docxtpl with one tag more: ``{% 续行 condition %}`` merges a table cell with the one above."""

    def patch_xml(self, src_xml: str) -> str:
        """The patched source, with merged cells where the tag stands."""
        return re.sub(
            r"<w:tc>(?:(?!<w:tc>).)*?\{% 续行 .*?</w:tc>", merged, super().patch_xml(src_xml), flags=re.DOTALL
        )


def merged(match: re.Match[str]) -> str:
    """A cell that continues the one above while the condition of its tag is true."""
    condition = re.search(r"\{% 续行 (.*?) ?%\}", match[0])[1]  # type: ignore[index]  # the pattern found one
    cell = re.sub(r"\{% 续行 .*?%\}(.*?)</w:t>", rf"{{% if not {condition} %}}\1{{% endif %}}</w:t>", match[0])
    value = f"{{% if {condition} %}}continue{{% else %}}restart{{% endif %}}"
    return re.sub(r"(<w:tcPr><w:tcW[^>]*/>)", rf'\1<w:vMerge w:val="{value}"/>', cell)


def chinese_number(number: int) -> str:
    """A number up to 19 in Chinese."""
    digits = "零一二三四五六七八九十"
    return digits[number] if number <= 10 else f"十{digits[number - 10]}"


def columns_of(amount: Amount, year: int) -> bytes:
    """Last year's amount and this year's as a picture."""
    names = [f"{year - 1}年度", f"{year}年度"]
    values = [float(value / 10000) for value in (amount.上年, amount.value)]
    figure, axes = plt.subplots(figsize=(5.9, 3.15))
    bars = axes.bar(names, values, width=0.4, color="#1F4E79")
    axes.bar_label(bars, [f"{value:.2f}" for value in values])
    axes.set_ylim(0)
    return saved(figure)


def pie_of(items: Sequence[Amount]) -> bytes:
    """The shares of a structure as a picture."""
    shown = [item for item in items if item.value]
    figure, axes = plt.subplots(figsize=(5.9, 3.15))
    slices, _ = axes.pie([float(item.value) for item in shown], labels=[item.占比 for item in shown])
    axes.legend(slices, [item.名称 for item in shown], loc="center left", bbox_to_anchor=(1, 0.5))
    return saved(figure)


def saved(figure: Any) -> bytes:
    """A figure as PNG."""
    stream = io.BytesIO()
    figure.tight_layout()
    figure.savefig(stream, dpi=200)  # what a picture in a printed document needs
    plt.close(figure)
    return stream.getvalue()


def pictures(context: dict[str, Any], year: int) -> dict[str, bytes]:
    """The seven charts by name."""
    return {
        "收支总计变动": columns_of(context["收入支出总计"], year),
        "收入构成": pie_of(context["收入构成"]),
        "支出构成": pie_of(context["支出构成"]),
        "财政拨款收支总计变动": columns_of(context["财政拨款收入支出总计"], year),
        "一般公共预算支出变动": columns_of(context["一般公共预算支出"], year),
        "一般公共预算支出构成": pie_of(context["一般公共预算支出按类"]),
        "三公经费构成": pie_of(context["三公经费构成"]),
    }


def write_report(found: dict[str, Any], drawn: dict[str, bytes], path: str | Path, template: str | Path) -> None:
    """The Word report."""
    environment = Environment(autoescape=True)
    environment.filters["中文数字"] = chinese_number
    document = Template(str(template))
    images = {
        name: InlineImage(document, io.BytesIO(data), width=Emu(5400000), height=Emu(2880000))
        for name, data in drawn.items()
    }
    document.render(found["context"] | {"图": images}, jinja_env=environment)
    document.save(str(path))


def main(arguments: Sequence[str]) -> int:
    """Workbook in, two files out."""
    workbook, folder, template = map(Path, arguments)
    folder.mkdir(parents=True, exist_ok=True)
    found = compute(read(workbook))
    drawn = pictures(found["context"], int(found["info"]["年度"]))
    write_schedules(found, folder / "schedules.xlsx")
    write_report(found, drawn, folder / "report.docx", template)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

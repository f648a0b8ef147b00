"""What was found: one value for every message, and the words of the built-in codes in two languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Literal, NamedTuple

from xl2report.facts import Cell

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


class Words(NamedTuple):
    """One text in Chinese and in English."""

    zh: str
    en: str

    def in_language(self, lang: str) -> str:
        """The text in ``zh`` or ``en``."""
        return self.en if lang == "en" else self.zh


class Term(NamedTuple):
    """One number that takes part in a finding, by name, with the place it is printed or entered at."""

    name: str | Words
    value: str
    place: str = ""

    def called(self, lang: str) -> str:
        """The name; one that the program gives is in ``zh`` or ``en``, names of the accounts are as they are."""
        return self.name.in_language(lang) if isinstance(self.name, Words) else self.name


DIFFERENCE = Words("差额", "difference")
"""The name of the term that says by how much two sides differ."""


class Finding(NamedTuple):
    """One thing that was found: where, what, what was expected, what to do.

    ``place`` is a cell of the workbook (``支出决算!H12``), a box of a schedule (``01!C38``), a paragraph
    of the template, or a file; ``cell`` is given only where it is a cell of the user's workbook, and ``also``
    are further cells that have to do with it (the headings of all columns of a balance).
    """

    code: str
    severity: Severity
    place: str
    message: Words
    action: Words
    found: str = ""
    expected: str = ""
    terms: tuple[Term, ...] = ()
    cell: Cell | None = None
    also: tuple[Cell, ...] = ()

    def as_json(self, lang: str) -> dict[str, Any]:
        """The finding with stable keys."""
        return {
            "code": self.code,
            "severity": self.severity,
            "place": self.place,
            "sheet": self.cell.sheet if self.cell else None,
            "cell": self.cell.ref if self.cell else None,
            "also": [str(cell) for cell in self.also],
            "message": self.message.in_language(lang),
            "found": self.found,
            "expected": self.expected,
            "terms": [{"name": t.called(lang), "value": t.value, "place": t.place} for t in self.terms],
            "action": self.action.in_language(lang),
        }


class _Code(NamedTuple):
    severity: Severity
    message: Words
    action: Words


def _code(severity: Severity, zh: str, en: str, do_zh: str, do_en: str) -> _Code:
    return _Code(severity, Words(zh, en), Words(do_zh, do_en))


CODES: Mapping[str, _Code] = {
    # files -------------------------------------------------------------------------------------
    "F001": _code("error", "找不到文件", "file not found", "请检查路径和文件名。", "Check the path and the file name."),
    "F002": _code(
        "error",
        "不是 Excel 工作簿（.xlsx），而是{kind_zh}",
        "not an Excel workbook (.xlsx) but {kind_en}",
        "请用 Excel 或 WPS 打开原文件，另存为“Excel 工作簿（.xlsx）”。",
        "Open the original in Excel or WPS and save it as “Excel workbook (.xlsx)”.",
    ),
    "F003": _code(
        "error",
        "工作簿有打开密码",
        "the workbook is protected by a password",
        "请在 Excel 或 WPS 中取消打开密码后保存。",
        "Remove the password in Excel or WPS and save.",
    ),
    "F004": _code(
        "error",
        "这是旧格式的工作簿（.xls）",
        "this is a workbook of the old format (.xls)",
        "请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”。",
        "Open it in Excel or WPS and save it as “Excel workbook (.xlsx)”.",
    ),
    "F005": _code(
        "error",
        "工作簿已损坏，无法读取：{reason}",
        "the workbook is damaged and cannot be read: {reason}",
        "请用 Excel 或 WPS 打开并修复后另存；打不开时请用备份。",
        "Open it in Excel or WPS, let it repair the file and save; otherwise use a backup.",
    ),
    "F006": _code(
        "error",
        "工作簿的年度与所用口径不符",
        "the workbook's year is not that of the profile in use",
        "请改正“基本信息”中的年度，或用 --profile 指定相应年度的口径。",
        "Correct 年度 in 基本信息, or choose the profile of that year with --profile.",
    ),
    "F007": _code(
        "error",
        "工作簿中没有可读取的工作表",
        "the workbook holds no sheet that can be read",
        "请核对是不是这个文件；标准工作簿可用 xl2report new 生成。",
        "Check that it is the right file; xl2report new makes a standard workbook.",
    ),
    "F008": _code(
        "error",
        "口径（profile）无法使用：{reason}",
        "the profile cannot be used: {reason}",
        "请按提示改正口径文件，或换用随程序提供的口径。",
        "Correct the profile as said, or use one that comes with the program.",
    ),
    "F009": _code(
        "error",
        "无法读取文件：{reason}",
        "the file cannot be read: {reason}",
        "请检查它是不是普通文件，以及是否有读取权限。",
        "Check that it is an ordinary file and that you may read it.",
    ),
    "F010": _code(
        "error",
        "没有这个代码",
        "there is no such code",
        "请核对代码；xl2report explain 列出全部代码。",
        "Check the code; xl2report explain lists all of them.",
    ),
    "F011": _code(
        "error",
        "没有叫“{found}”的数，也没有这样印出的数或这样的单元格",
        "no number is called “{found}” or printed so, and there is no such cell",
        "请核对名称、印出的文字或单元格（如 支出决算!H12、03!C5）；xl2report template vars 列出全部名称。",
        "Check the name, the printed text or the cell (such as 03!C5); xl2report template vars lists all names.",
    ),
    "F012": _code(
        "error",
        "不是普通文件，而是{kind_zh}",
        "not an ordinary file but {kind_en}",
        "请给出普通的文件。",
        "Name an ordinary file.",
    ),
    "F013": _code(
        "error",
        "文件太大",
        "the file is too large",
        "请核对是不是这个文件；若是，请删去图片和多余的工作表后另存。",
        "Check that it is the right file; if so, take out pictures and sheets that are not needed, and save.",
    ),
    "F014": _code(
        "error",
        "文件解开后太大，最大的部件是“{part}”",
        "the file unpacks to too much; its largest part is “{part}”",
        "请核对文件的来源；若没有问题，请把数据复制到空白的标准文件中。",
        "Check where the file comes from; if it is sound, copy its data into a blank one.",
    ),
    "F015": _code(
        "error",
        "文件里的部件太多",
        "the file has too many parts",
        "请核对文件的来源；若没有问题，请把数据复制到空白的标准文件中。",
        "Check where the file comes from; if it is sound, copy its data into a blank one.",
    ),
    "F016": _code(
        "error",
        "文件的部件“{part}”含有不允许的 XML 声明",
        "the part “{part}” of the file has an XML declaration that is not allowed",
        "Office 和 WPS 不会这样写；请核对文件的来源，或用它们打开后另存。",
        "Office and WPS write no such thing; check where the file comes from, or save it anew with them.",
    ),
    "F017": _code(
        "error",
        "文件里有不正常的部件名",
        "a part of the file has a name that is not allowed",
        "部件名不能重复，也不能指向文件之外；请核对文件的来源，或用 Office、WPS 打开后另存。",
        "Names stand once and stay inside the file; check where it comes from, or save it anew with Office or WPS.",
    ),
    "F018": _code(
        "error",
        "文件太复杂，部件“{part}”{seconds}秒内读不完",
        "the file is too complex; its part “{part}” is not read within {seconds} seconds",
        "请核对文件的来源；若没有问题，请把数据复制到空白的标准文件中。",
        "Check where the file comes from; if it is sound, copy its data into a blank one.",
    ),
    "F019": _code(
        "error",
        "文件里有加密的部件",
        "a part of the file is encrypted",
        "请去掉密码后再交给程序。",
        "Remove the password first.",
    ),
    "F020": _code(
        "warning",
        "工作簿链接了外部数据",
        "the workbook is linked with data outside",
        "已按保存时的数读取，没有更新，也不会写进附表和报告；请核对这些数。",
        "The numbers were read as they were saved; nothing was fetched, no link is carried over. Check them.",
    ),
    "F021": _code(
        "note",
        "工作簿含有宏，已略过",
        "the workbook holds macros, which were left alone",
        "无需处理；附表和报告里没有宏。",
        "Nothing needs doing; there are no macros in the outputs.",
    ),
    "F022": _code(
        "error",
        "有{count}个{mark}编码不在科目表中，整张表未读取",
        "{count} codes are none of the list of {mark}; the sheet was not read",
        "请检查这一列是不是粘贴了别的内容（如项目编号、凭证号）。",
        "Check whether something else was pasted into the column (such as numbers of projects or vouchers).",
    ),
    "F023": _code(
        "error",
        "文字太多，整张表未读取",
        "there is too much text; the sheet was not read",
        "请检查是不是把别的文件整个粘贴进来了；确有这么多文字的，请删减。",
        "Check whether a whole other file was pasted in; if there really is so much text, shorten it.",
    ),
    # sheets and headings -----------------------------------------------------------------------
    "S101": _code(
        "error",
        "缺少工作表“{sheet}”",
        "the sheet “{sheet}” is missing",
        "请补上这张表；若只是改了名，请改回原名。",
        "Add the sheet; if it was only renamed, give it its name back.",
    ),
    "S102": _code(
        "warning",
        "不认识工作表“{sheet}”，未读取",
        "the sheet “{sheet}” is unknown and was not read",
        "若它是某张标准表，请改成标准表名；否则可以不管。",
        "If it is one of the standard sheets, give it that name; otherwise leave it.",
    ),
    "S103": _code(
        "error",
        "工作表“{sheet}”缺少列“{heading}”",
        "the sheet “{sheet}” lacks the column “{heading}”",
        "请补上这一列，或把表头改回标准名称。",
        "Add the column, or give it its standard heading.",
    ),
    "S104": _code(
        "warning",
        "不认识列“{heading}”，未读取",
        "the column “{heading}” is unknown and was not read",
        "若它是某个标准列，请改成标准表头；否则可以不管。",
        "If it is one of the standard columns, give it that heading; otherwise leave it.",
    ),
    "S105": _code(
        "error",
        "工作表“{sheet}”的前10行里找不到表头",
        "no heading row in the first 10 rows of the sheet “{sheet}”",
        "请把标准表头放在前10行内的同一行。",
        "Put the standard headings in one of the first 10 rows.",
    ),
    "S106": _code(
        "error",
        "列“{heading}”出现了两次",
        "the column “{heading}” stands twice",
        "请只保留一列。",
        "Keep one of them.",
    ),
    "S107": _code(
        "note",
        "隐藏的{what_zh}也已读取",
        "hidden {what_en} were read too",
        "若不应计入，请删除，而不是隐藏。",
        "Delete what should not count instead of hiding it.",
    ),
    "S108": _code(
        "warning",
        "金额单位不一致：{here_zh}为{found}，{there_zh}为{expected}",
        "mixed units: {here_en} is in {found}, {there_en} in {expected}",
        "已按{here_zh}的单位换算；请确认无误。",
        "It was read in the unit of {here_en}; make sure that this is meant.",
    ),
    "S109": _code(
        "error",
        "两张工作表都是“{sheet}”",
        "two sheets are both “{sheet}”",
        "请只保留一张。",
        "Keep one of them.",
    ),
    "S110": _code(
        "error",
        "工作表“{sheet}”的内容在文件里找不到",
        "the content of the sheet “{sheet}” is not in the file",
        "请用 Excel 或 WPS 打开并修复后另存；打不开时请用备份。",
        "Open it in Excel or WPS, let it repair the file and save; otherwise use a backup.",
    ),
    "S111": _code(
        "error",
        "工作表“{sheet}”已损坏，无法读取：{reason}",
        "the sheet “{sheet}” is damaged and cannot be read: {reason}",
        "请用 Excel 或 WPS 打开并修复后另存；打不开时请用备份。",
        "Open it in Excel or WPS, let it repair the file and save; otherwise use a backup.",
    ),
    "S112": _code(
        "error",
        "这一格在可读取的范围之外（到 {expected} 为止），整张表未读取",
        "this cell lies outside what is read (up to {expected}); the sheet was not read",
        "请清除这一格；确有这么多数据的，请分开填报。",
        "Clear the cell; if there really are so many rows, divide them.",
    ),
    "S113": _code(
        "error",
        "文件里这一格有两份，整张表未读取",
        "the file holds this cell twice; the sheet was not read",
        "请用 Excel 或 WPS 打开，核对这一格后另存。",
        "Open the file in Excel or WPS, check the cell and save.",
    ),
    "S114": _code(
        "error",
        "这一格的文字在文件里找不到，整张表未读取",
        "the text of this cell is not in the file; the sheet was not read",
        "请用 Excel 或 WPS 打开，核对这一格后另存；打不开时请用备份。",
        "Open the file in Excel or WPS, check the cell and save; otherwise use a backup.",
    ),
    "S115": _code(
        "warning",
        "合并单元格下面还有内容，看不见，未读取",
        "there is content under merged cells, where nobody sees it; it was not read",
        "请取消合并，核对后删去多余的内容。",
        "Undo the merge, check what stands there and delete what is too much.",
    ),
    # values ------------------------------------------------------------------------------------
    "V201": _code(
        "error",
        "金额不是数字",
        "not an amount",
        "请改成数字，如 123456.78；没有的填 0 或留空。",
        "Enter a number such as 123456.78; 0 or nothing where there is none.",
    ),
    "V202": _code(
        "error",
        "公式没有计算结果",
        "the formula was never calculated",
        "请用 Excel 或 WPS 打开工作簿，保存后再编译。",
        "Open the workbook in Excel or WPS, save it, and compile again.",
    ),
    "V203": _code(
        "error",
        "“{heading}”只能填规定的词语",
        "“{heading}” takes only the words of its list",
        "请从下拉列表中选择。",
        "Choose one from the drop-down list.",
    ),
    "V204": _code(
        "error",
        "“{heading}”未填",
        "“{heading}” is not filled in",
        "请填写这一格。",
        "Fill in this cell.",
    ),
    "V205": _code(
        "warning",
        "科目编码不在当年的科目表中",
        "the code is not in the year's list",
        "请核对编码；确属新增科目的可以不管。",
        "Check the code; if it is a new one, leave it.",
    ),
    "V206": _code(
        "warning",
        "科目名称与当年的科目表不一致",
        "the name is not that of the year's list",
        "报告按科目表的名称印出；请核对编码与名称。",
        "The report prints the list's name; check code and name.",
    ),
    "V207": _code(
        "note",
        "文字中有不可见的控制字符，已去掉",
        "invisible control characters were removed from the text",
        "无需处理；可在工作簿中删去这些字符。",
        "Nothing needs doing; you may delete them in the workbook.",
    ),
    "V208": _code(
        "error",
        "“{sheet}”没有这个项目",
        "“{sheet}” has no such item",
        "请改成标准项目名称。",
        "Use the standard name of the item.",
    ),
    "V209": _code(
        "error",
        "项目“{item}”重复填写",
        "the item “{item}” is entered twice",
        "请只保留一行。",
        "Keep one row.",
    ),
    "V210": _code(
        "error",
        "金额超过15位有效数字，Excel 无法准确保存",
        "the amount has more than 15 significant digits, which Excel cannot keep",
        "请核对金额，保留到分。",
        "Check the amount; two decimals of 元 are enough.",
    ),
    "V211": _code(
        "error",
        "“基本信息”缺少必填项“{item}”",
        "基本信息 lacks the required item “{item}”",
        "请在“基本信息”中补填。",
        "Add it to 基本信息.",
    ),
    "V212": _code(
        "error",
        "“{item}”的内容不对",
        "the value of “{item}” is wrong",
        "请按要求改正。",
        "Correct it as expected.",
    ),
    "V213": _code(
        "warning",
        "科目编码未细化到{level}级",
        "the code does not go down to the level {level}",
        "请填到{level}级；附表按所填级次印出。",
        "Enter the code of that level; the schedules print it at the level given.",
    ),
    "V214": _code(
        "error",
        "“{heading}”不是编码",
        "“{heading}” is not a code",
        "请填数字编码。",
        "Enter a code of digits.",
    ),
    "V216": _code(
        "warning",
        "金额精确到了分以下",
        "the amount is more exact than a fen",
        "决算以分为最小单位；请核对，必要时四舍五入到分。",
        "Accounts are kept to the fen; check it, and round it if need be.",
    ),
    "V217": _code(
        "warning",
        "科目（名称）已停用，只用到{until}年",
        "the code or its name ended with the year {until}",
        "请改用现行的科目和名称；报告按当年的科目表印出。",
        "Use the present code and name; the report prints the year's list.",
    ),
    "V218": _code(
        "warning",
        "文字用了已停用的科目名称“{name}”，它只用到{until}年",
        "the text uses the name of a code that ended with the year {until}: “{name}”",
        "请改用现行名称。",
        "Use the present name.",
    ),
    "V219": _code(
        "note",
        "沿用了上一年度（{until}年）的科目（名称）",
        "a code or name of last year ({until}) is used",
        "是上年结转资金的可以保留；否则请改用现行的科目和名称。",
        "Keep it for money carried over; otherwise use the present code and name.",
    ),
    "V220": _code(
        "error",
        "文字超过 32,767 个字，Excel 的单元格放不下",
        "the text has more than 32,767 characters, which no cell of Excel can hold",
        "请缩短这段文字。",
        "Shorten the text.",
    ),
    "V221": _code(
        "note",
        "{count} 格金额是文本，已按数字读取",
        "{count} amounts are texts and were read as numbers",
        "请核对；Excel 的公式不会把文本计入合计。",
        "Check them; formulas of Excel leave texts out of totals.",
    ),
    # control totals ----------------------------------------------------------------------------
    "C301": _code(
        "error",
        "{kind}与明细之和不符",
        "the total ({kind}) is not the sum of its rows",
        "请核对明细行和合计行；合计行不参加计算。",
        "Check the rows and the total; totals are compared, never added.",
    ),
    "C302": _code(
        "error",
        "核对数与编译结果不符",
        "the check figure is not what was computed",
        "请核对工作簿中的明细与决算系统中的数。",
        "Compare the workbook with the accounts in the official system.",
    ),
    "C303": _code(
        "error",
        "附表中找不到核对数所指的行、列",
        "no such row and column in the schedule of this check figure",
        "请填附表编号（如 01）、行（项目、行次或科目编码）和列（表头）。",
        "Give the schedule (01), the row (label, line number or code) and the column (heading).",
    ),
    "C304": _code(
        "error",
        "这笔金额没有列入公开附表{schedules}：{reason_zh}",
        "this amount does not appear in schedules {schedules}: {reason_en}",
        "请核对该行的科目编码、资金性质和支出类型。",
        "Check the codes, the fund and the kind of expenditure of this row.",
    ),
    "C305": _code(
        "error",
        "核对数在附表中对应不止一格",
        "the check figure fits more than one cell of the schedule",
        "请用行次或科目编码指明行。",
        "Name the row by its line number or code.",
    ),
    # narrative ---------------------------------------------------------------------------------
    "N401": _code(
        "error",
        "报告需要“{figure}”，但没有数",
        "the report needs “{figure}”, which has no value",
        "请在工作表“{sheet}”填写“{item}”；确实没有的填 0。",
        "Fill in “{item}” on the sheet {sheet}; enter 0 where there is none.",
    ),
    "N402": _code(
        "warning",
        "缺少文字材料“{position}”",
        "the text “{position}” is missing",
        "请在“文字材料”增加一行，位置填“{position}”。报告里相应的句子已略去。",
        "Add a row to 文字材料 with 位置 “{position}”. The sentence is left out of the report.",
    ),
    "N403": _code(
        "warning",
        "科目表没有{count}个项级科目的解释，报告的名词解释中未列",
        "the code list has no explanation of {count} codes; the glossary leaves them out",
        "请在“名词解释”中补充：一个科目一行，名词填科目编码，解释填说明。",
        "Add a row to 名词解释 for each, with the code as 名词.",
    ),
    "N404": _code(
        "warning",
        "没有“位置”叫“{position}”，这段文字未使用",
        "there is no 位置 “{position}”; the text is not used",
        "请从下拉列表中选择位置。",
        "Choose a 位置 from the drop-down list.",
    ),
    "N405": _code(
        "warning",
        "“{figure}”没有{what}，报告写作“{words}”",
        "“{figure}” has no {what}; the report says “{words}”",
        "新成立的单位可以不管；否则请在“{sheet}”补填“{item}”的{what}。",
        "Leave it for a new unit; otherwise fill in “{item}” on the sheet {sheet}.",
    ),
    "N406": _code(
        "error",
        "“{figure}”算不出来：{reason}",
        "“{figure}” cannot be computed: {reason}",
        "请在 Word 模板中加条件，只在有数时印出。",
        "Put a condition around it in the Word template.",
    ),
    "N407": _code(
        "note",
        "目录的页码已用 LibreOffice 分页核定",
        "the page numbers of the contents are those of LibreOffice's pages",
        "若在 Word 或 WPS 中分页不同，请右击目录，选“更新域”，只更新页码。",
        "Where Word or WPS break pages elsewhere, right-click the contents, choose “Update field”, page numbers only.",
    ),
    "N408": _code(
        "note",
        "目录没有印页码：{reason_zh}",
        "the contents have no page numbers: {reason_en}",
        "请在 Word 或 WPS 中点目录，按 F9，选“只更新页码”；或安装 LibreOffice 后再编译。",
        "Click the contents in Word or WPS, press F9, page numbers only; or install LibreOffice and compile again.",
    ),
    "N409": _code(
        "warning",
        "目录没有印页码，分页没有成功：{reason_zh}",
        "the contents have no page numbers, because the report could not be paginated: {reason_en}",
        "请在 Word 或 WPS 中点目录，按 F9，选“只更新页码”；或检查 LibreOffice 后再编译。",
        "Click the contents in Word or WPS, press F9, page numbers only; or look after LibreOffice and compile again.",
    ),
    "N410": _code(
        "error",
        "“{name}”有{count}处文字还是上年的，标着【待更新】",
        "{count} texts of “{name}” are still last year's, marked 【待更新】",
        "请按本年情况修改，改好后删去【待更新】；不再需要的，删去整行。",
        "Bring them up to date and take out 【待更新】; delete the rows that are no longer needed.",
    ),
    # template ----------------------------------------------------------------------------------
    "T501": _code(
        "error",
        "模板标签写得不对：{reason_zh}",
        "a tag of the template cannot be understood: {reason}",
        "请在 Word 模板中改正这个标签。",
        "Correct the tag in the Word template.",
    ),
    "T502": _code(
        "error",
        "模板用了不存在的名称“{name}”",
        "the template uses a name that does not exist: “{name}”",
        "请在 Word 模板中改正名称。",
        "Correct the name in the Word template.",
    ),
    "T503": _code(
        "error",
        "模板无法套打：{reason}",
        "the template cannot be rendered: {reason}",
        "请在 Word 模板中改正此处。",
        "Correct this place of the Word template.",
    ),
    "T504": _code(
        "error",
        "不是 Word 模板（.docx）",
        "not a Word template (.docx)",
        "请用 Word 或 WPS 另存为“Word 文档（.docx）”。",
        "Save it as “Word document (.docx)” in Word or WPS.",
    ),
    "T505": _code(
        "error",
        "报告内容不完整，未写出：{reason}",
        "the report is not complete and was not written: {reason}",
        "请检查模板；若模板未改动，请报告此问题。",
        "Check the template; if it is ours, report this as a fault.",
    ),
    "T506": _code(
        "error",
        "模板标签“{tag}”没有写完整",
        "the tag “{tag}” is not complete",
        "请在同一段里补上“{expected}”；标签不能跨段。",
        "Add “{expected}” in the same paragraph; a tag cannot go on in the next one.",
    ),
    "T507": _code(
        "error",
        "模板标签的括号不对：“{signs}”",
        "the braces of a tag are wrong: “{signs}”",
        "请用英文半角括号，成对书写，中间不留空格：“{expected}”。",
        "Type ordinary braces, in pairs and without spaces between them: “{expected}”.",
    ),
    "T508": _code(
        "error",
        "模板标签“{tag}”没有与之成对的“{other}”",
        "the tag “{tag}” has no “{other}” that goes with it",
        "请补上“{other}”，或删去这个标签。",
        "Add “{other}”, or remove this tag.",
    ),
    "T509": _code(
        "error",
        "模板标签“{tag}”会去掉整个{level}，同处的内容将丢失：“{lost}”",
        "the tag “{tag}” takes away what it stands in, and this is lost: “{lost}”",
        "请让这个标签单独占一段（一行、一格），或改用“{{% … %}}”。",
        "Put the tag in a paragraph (row, cell) of its own, or write “{{% … %}}” instead.",
    ),
    "T510": _code(
        "error",
        "此处的模板标签不会被替换",
        "a tag in this place is never filled in",
        "请把标签移到正文、页眉、页脚或脚注；批注、尾注、图表和文档属性里的标签原样留在报告里。",
        "Move the tag to the text, a header, a footer or a footnote; in comments, endnotes, charts and properties it stays as it is.",
    ),
    "T511": _code(
        "error",
        "模板标签“{tag}”的位置不对：{reason_zh}",
        "the tag “{tag}” stands in the wrong place: it {reason_en}",
        "表格中一格之内的标签在同一格结束；重复整行用“{{%tr … %}}”，首尾各占一行，并在同一个表格里。",
        "A tag in a cell ends in that cell; to repeat rows use “{{%tr … %}}”, each end in a row of its own, in one table.",
    ),
    "T512": _code(
        "error",
        "模板用了不存在的过滤器或判断“{name}”",
        "the template uses a filter or test that does not exist: “{name}”",
        "请在 Word 模板中改正，或删去它；数字本身已按规定的位数印出。",
        "Correct or remove it in the Word template; figures are printed with the right number of decimals anyway.",
    ),
    "T513": _code(
        "error",
        "“{what}”不能用于{kind_zh}：{tag}",
        "“{what}” cannot be used with {kind_en}: {tag}",
        "数字和文字可以直接印出；一组内容要用“{{% for … in … %}}”逐项印出；需要计算的数请在口径里声明。",
        "Print figures and texts as they are, groups with “{{% for … in … %}}”; declare a number that needs computing in the profile.",
    ),
    "T514": _code(
        "warning",
        "模板里没有 {{{{ 附表表格 }}}} 标签，附表没有印入报告",
        "the template has no tag {{{{ 附表表格 }}}}; the schedules are not in the report",
        "请在模板的第五部分加一个只写 {{{{ 附表表格 }}}} 的段落，或不用 --with-tables。",
        "Add a paragraph with {{{{ 附表表格 }}}} to part five of the template, or leave out --with-tables.",
    ),
    "T515": _code(
        "error",
        "没有叫“{name}”的图",
        "there is no chart “{name}”",
        "请改正这个图的替代文字“chart:{name}”。",
        "Correct the alternative text “chart:{name}” of the chart.",
    ),
    "T516": _code(
        "warning",
        "图“{chart}”没有数据，已从报告中去掉",
        "the chart “{chart}” has no data and was left out",
        "请在模板中用“{{%p if 图表.{chart} %}}”和“{{%p endif %}}”把图和图题括起来。",
        "Put “{{%p if 图表.{chart} %}}” and “{{%p endif %}}” around the chart and its caption in the template.",
    ),
    "T517": _code(
        "error",
        "模板要做的太多：{reason_zh}",
        "the template asks for too much: {reason_en}",
        "请检查这里的循环、重复（*）和宏；报告不需要这么多。",
        "Check the loops, repetitions (*) and macros here; no report needs that much.",
    ),
    # reports that were edited -------------------------------------------------------------------
    "D801": _code(
        "error",
        "{name}被手工改过：印出的是 {printed}，现为 {now}，账上是 {fresh}",
        "{name} was changed by hand: printed {printed}, now {now}, the accounts say {fresh}",
        "请改回；账错了就改工作簿，再更新报告。",
        "Change it back; if the accounts are wrong, correct the workbook and refresh the report.",
    ),
    "D802": _code(
        "error",
        "{name}已过时：报告为 {now}，账上是 {fresh}",
        "{name} is stale: the report says {now}, the accounts {fresh}",
        "工作簿在编制报告之后改过，请更新报告。",
        "The workbook was changed after the report was compiled; refresh the report.",
    ),
    "D803": _code(
        "error",
        "{name}被手工改过，账也变了：印出的是 {printed}，现为 {now}，账上是 {fresh}",
        "{name} was changed by hand, and the accounts changed too: printed {printed}, now {now}, the accounts say {fresh}",
        "请按账上的改；账错了就改工作簿，再更新报告。",
        "Write what the accounts say; if they are wrong, correct the workbook and refresh the report.",
    ),
    "D804": _code(
        "error",
        "{name}与账不符：报告为 {now}，账上是 {fresh}",
        "{name} is not that of the accounts: the report says {now}, the accounts {fresh}",
        "请按账上的改；账错了就改工作簿。",
        "Write what the accounts say; if they are wrong, correct the workbook.",
    ),
    "D805": _code(
        "warning",
        "报告里没有账上的{name}",
        "the report does not say what the accounts have: {name}",
        "被删去的请补上；确实不需要的可以不管。",
        "Put it back if it was deleted; leave it if it is not wanted.",
    ),
    "D806": _code(
        "warning",
        "{name}被复制到这里，又说了一遍",
        "{name} was copied to here and is said twice",
        "多余的请删去；确需再说的可以不管，更新时两处一起改。",
        "Delete what is too much; if it is meant, leave it: both are refreshed.",
    ),
    "D807": _code(
        "error",
        "手工键入的 {text} 不是账上的数，像是{name}（{expected_text}）",
        "{text} was typed in and is not of the accounts; {name} seems to be meant ({expected_text})",
        "请按账上的改。",
        "Write what the accounts say.",
    ),
    "D808": _code(
        "warning",
        "手工键入的 {text} 就是{name}，但没有标记，账变了不会跟着变",
        "{text} was typed in; it is {name}, but has no mark and will not follow the accounts",
        "可以不管；工作簿再改时请记得核对。",
        "Leave it, and look at it again when the workbook changes.",
    ),
    "D809": _code(
        "warning",
        "手工键入的 {text} 在账上没有对应的数",
        "{text} was typed in; no figure of the accounts is like it",
        "请核对来源；是部门自己的数可以不管。",
        "Check where it is from; leave it if it is a number of your own.",
    ),
    "D810": _code(
        "error",
        "说的方向与账不符：报告为“{now}”，账上是“{fresh}”",
        "the direction is not that of the accounts: the report says {now}, the accounts {fresh}",
        "请按账上的改，并核对这句话和原因说明。",
        "Write what the accounts say, and read the sentence and its reasons again.",
    ),
    "D811": _code(
        "warning",
        "留有没有改好的字样“{text}”",
        "the words “{text}” were left over",
        "请补上实际内容，或改正、删去。",
        "Put in what is meant, or correct or delete it.",
    ),
    "D812": _code(
        "error",
        "图“{chart}”画的不是账上的数",
        "the chart {chart} does not draw the accounts",
        "请更新报告，或在图的数据表中改正。",
        "Refresh the report, or correct the data of the chart.",
    ),
    "D813": _code(
        "warning",
        "报告是按另一个{what_zh}编制的",
        "the report was compiled with another {what_en}",
        "请核对工作簿、口径（--profile）和模板（--template）是否拿对；下面按现在的核对。",
        "See whether workbook, profile (--profile) and template (--template) are the right ones; it is compared with these.",
    ),
    "D814": _code(
        "note",
        "{name}的文字在报告里改写过，与工作簿不同，其中的数没有变",
        "the words of {name} were rewritten in the report and differ from the workbook; no number in them changed",
        "可以不管；希望下次编制也用新的文字，请改工作簿。",
        "Leave it; to have the new words next time too, put them into the workbook.",
    ),
    "D815": _code(
        "note",
        "报告里没有标记（编制时没有作，或在别的程序里丢了），按文字对照核对",
        "the report has no marks (none were made, or another program lost them); it is compared by its words",
        "改写很多的句子可能对不上；请尽量用编制出来的文件修改。",
        "Sentences that were much rewritten may not be found; better edit the file that was compiled.",
    ),
    "D816": _code(
        "error",
        "不能核对：既不是 Word 报告（.docx），也不是 Excel 附表（.xlsx）",
        "cannot be verified: neither a Word report (.docx) nor a schedules workbook (.xlsx)",
        "请用 Word、Excel 或 WPS 打开，另存为 .docx 或 .xlsx。",
        "Open it in Word, Excel or WPS and save it as .docx or .xlsx.",
    ),
    "D817": _code(
        "error",
        "附表里的数或文字与账不符",
        "the schedule does not say what the accounts say",
        "请按账上的改；账错了就改工作簿，再重新编制。",
        "Write what the accounts say; if they are wrong, correct the workbook and compile again.",
    ),
    "D818": _code(
        "error",
        "附表里{what_zh}",
        "in the schedules {what_en}",
        "请补上或删去；账错了就改工作簿，再重新编制。",
        "Put it back or delete it; if the accounts are wrong, correct the workbook and compile again.",
    ),
    # outputs -----------------------------------------------------------------------------------
    "O601": _code(
        "error",
        "无法写入：{reason}",
        "cannot write: {reason}",
        "请关闭已打开的文件，或检查文件夹的写入权限。",
        "Close the file if it is open, or check that you may write to the folder.",
    ),
    "O602": _code(
        "warning",
        "原有文件被手工改过，已另存为“{backup}”",
        "the existing file had been edited by hand and was kept as “{backup}”",
        "请把需要保留的修改转到新文件。",
        "Carry over the edits that you want to keep.",
    ),
    "O603": _code(
        "error",
        "文件已存在，未覆盖",
        "the file exists and was not overwritten",
        "请换一个文件名，或先移走原文件。",
        "Choose another name, or move the file away first.",
    ),
    "O604": _code(
        "error",
        "不能写入输入文件本身",
        "the input itself cannot be the output",
        "请换一个文件名或文件夹。",
        "Choose another name or folder.",
    ),
    "O605": _code(
        "error",
        "没有找到 LibreOffice（soffice）",
        "LibreOffice (soffice) was not found",
        "请安装 LibreOffice 并把它加入 PATH；或不用 --pdf、--toc paginate。",
        "Install LibreOffice and put it on the PATH; or leave out --pdf and --toc paginate.",
    ),
    "O606": _code(
        "error",
        "LibreOffice 没有完成转换：{reason_zh}",
        "LibreOffice did not convert the report: {reason_en}",
        "请检查 LibreOffice 能否打开报告；或不用 --pdf、--toc paginate。",
        "See whether LibreOffice opens the report; or leave out --pdf and --toc paginate.",
    ),
    # refresh -------------------------------------------------------------------------------------
    "D851": _code(
        "error",
        "报告中没有来源标记，无法更新",
        "the report has no marks, so it cannot be refreshed",
        "请用 compile 重新编制一份带标记的报告，把手写的文字移过去；以后就能用 refresh 更新。",
        "Compile a marked report anew and carry the prose over; from then on refresh can bring it up to date.",
    ),
    "D852": _code(
        "error",
        "不是可读的 Word 文档（.docx）",
        "not a Word document (.docx) that can be read",
        "请用 Word 或 WPS 打开原文件，另存为“Word 文档（.docx）”。",
        "Open the original in Word or WPS and save it as “Word document (.docx)”.",
    ),
    "D855": _code(
        "warning",
        "编制这份报告的模板与现在的模板不同",
        "the report was compiled from another template",
        "用自己的模板编制的，请用 --template 指定；模板确实改了的，下面列出措辞不同的句子。",
        "Name your own template with --template; where the template was changed, sentences that differ are listed.",
    ),
    "D861": _code(
        "warning",
        "手工改过的数，已改为账上的数：{sentence}",
        "a number that was changed by hand is now that of the accounts: {sentence}",
        "请核对：手工改的数如果是对的，应改工作簿。",
        "See which is right; where it is the one typed in, correct the workbook.",
    ),
    "D862": _code(
        "warning",
        "手工改过的文字，保留未动：{sentence}",
        "words that were changed by hand were left as they are: {sentence}",
        "请对照应印的文字，自行修改。",
        "Compare them with what would be printed and change them yourself.",
    ),
    "D863": _code(
        "warning",
        "这些句子的措辞会变，未作改动",
        "these sentences would be worded otherwise; they were left as they are",
        "请对照应印的句子，自行修改。",
        "Compare them with what would be printed and change them yourself.",
    ),
    "D864": _code(
        "warning",
        "现在会多印这些句子，报告中没有",
        "these sentences would be printed now; the report does not have them",
        "需要的话，请在此段之后补上。",
        "Add them after this paragraph where they are wanted.",
    ),
    "D865": _code(
        "warning",
        "现在不会再印这些句子，未作改动",
        "these sentences would not be printed any more; they were left as they are",
        "请核对，不再需要的删去。",
        "See whether they still hold, and delete those that do not.",
    ),
    "D866": _code(
        "warning",
        "有的数或文字在报告中已没有标记，没有更新",
        "numbers or texts have no mark in the report any more and were not refreshed",
        "句子还在的，请对照应印的句子改数；已删去的，不必处理。",
        "Where the sentence is still there, correct it as it would be printed; where it was deleted, do nothing.",
    ),
    "D867": _code(
        "note",
        "同一个数在几处（复制而来），都已更新",
        "a number that stands in several places, by copying, was refreshed in all of them",
        "无需处理。",
        "Nothing to do.",
    ),
    "D868": _code(
        "warning",
        "图“{chart}”没有更新：{zh}",
        "the chart “{chart}” was not refreshed: {en}",
        "请自行增删或修改。",
        "Add, delete or change it yourself.",
    ),
    "D869": _code(
        "note",
        "图中的数已更新，图的改动不能作为修订",
        "charts have their new numbers; changes of charts cannot be tracked",
        "审阅时请一并看图。",
        "Look at the charts too when you review the changes.",
    ),
    "D870": _code(
        "warning",
        "手写的文字里像是还有上年的年份或数，未作改动",
        "words that people wrote seem to have years or numbers of last time; they were left as they are",
        "请核对，需要的自行修改。",
        "See whether they still hold and change them yourself.",
    ),
    "D872": _code(
        "warning",
        "表格的行会变，未作改动",
        "rows of a table would change; they were left as they are",
        "请对照应印的行，自行修改表格。",
        "Compare them with what would be printed and change the table yourself.",
    ),
    "D873": _code(
        "warning",
        "图“{chart}”的数手工改过，已改为账上的数",
        "the numbers of the chart “{chart}” were changed by hand; they are now those of the accounts",
        "请核对：手工改的数如果是对的，应改工作簿。",
        "See which are right; where it is those typed in, correct the workbook.",
    ),
    "D874": _code(
        "note",
        "表格没有人改过，行已按现在的账换过：去掉{found}行，增加{expected}行",
        "the rows of a table that nobody had changed were renewed: {found} taken out, {expected} put in",
        "请看一下表格的版面。",
        "Look at the layout of the table.",
    ),
    "D881": _code(
        "note",
        "报告的{expected}处标记中，更新了{found}处",
        "of {expected} marks in the report {found} were refreshed",
        "无需处理。",
        "Nothing to do.",
    ),
    "O607": _code(
        "error",
        "文件名的扩展名应为 {expected}",
        "the name of the file must end in {expected}",
        "请改用这个扩展名：扩展名与内容不符的工作簿，Excel 打不开。",
        "Use that ending: Excel does not open a workbook whose ending is not that of its content.",
    ),
    "O608": _code(
        "note",
        "从上年工作簿带入{count}行：{what_zh}",
        "{count} rows carried from last year's workbook: {what_en}",
        "请核对；有变化的，直接修改。",
        "Look them over and change what is different now.",
    ),
    "O609": _code(
        "note",
        "没有从上年工作簿带入",
        "nothing was carried from last year's workbook",
        "请按本年数据填写。",
        "Fill it in with this year's data.",
    ),
    "O610": _code(
        "warning",
        "还没有{year}年度的口径，新工作簿按 {profile} 生成",
        "there is no profile of {year} yet; the new workbook is made by {profile}",
        "可以先填；核对和编制要等有了{year}年度的口径，用 --profile 指定。",
        "Fill it in now; check and compile when there is a profile of {year}, with --profile.",
    ),
    # putting files in place --------------------------------------------------------------------
    "O611": _code(
        "error",
        "这里已有一个同名的文件夹，不能写成文件",
        "a folder of this name is in the way of the file",
        "请把这个文件夹改名或移走，或换一个输出文件夹。",
        "Rename the folder or move it away, or choose another folder for the outputs.",
    ),
    "O612": _code(
        "error",
        "磁盘已满或超出限额，没有写入；原有文件未动",
        "the disk is full or the quota is used up; nothing was written, and the old files are as they were",
        "请清理磁盘，或换一个磁盘再编制。",
        "Free some space or choose another disk, then try again.",
    ),
    "O613": _code(
        "error",
        "文件正被其他程序打开，或设成了只读，不能替换",
        "the file is open in another program or write-protected and cannot be replaced",
        "请在 Excel、Word 或 WPS 中关闭它，或取消“只读”属性，再试一次。",
        "Close it in Excel, Word or WPS, or take the write protection off, and try again.",
    ),
    "O614": _code(
        "error",
        "不能写入这个文件夹：{reason_zh}",
        "this folder cannot be written to: {reason_en}",
        "请换一个输出文件夹，或请管理员开通写入权限。",
        "Choose another folder for the outputs, or ask for the right to write here.",
    ),
    "O615": _code(
        "error",
        "另一个 xl2report 正在写入这个文件夹，等了半分钟还没有结束",
        "another xl2report is writing into this folder and was not done within half a minute",
        "请等它结束再试一次。",
        "Wait until it has ended and try again.",
    ),
    "O616": _code(
        "error",
        "文件名或路径太长（文件名{count}个字）",
        "the name or the path of the file is too long (the name has {count} characters)",
        "请缩短工作簿的文件名，或用一个路径较短的输出文件夹。",
        "Shorten the name of the workbook, or choose a folder with a shorter path.",
    ),
    "O617": _code(
        "warning",
        "文件好像正在其他程序中打开，那里显示的还是旧内容",
        "the file seems to be open in another program, which still shows the old one",
        "请在那里不保存就关闭，再重新打开；没有打开的，删除“{sign}”即可。",
        "Close it there without saving, and open it again; if it is open nowhere, delete “{sign}”.",
    ),
    "O618": _code(
        "note",
        "上次写入中途被打断，{what_zh}：{names}",
        "an earlier run was cut off while it wrote these files; {what_en}: {names}",
        "不需要处理。",
        "Nothing is to be done.",
    ),
    "O619": _code(
        "warning",
        "这份 PDF 是以前编制的，这次没有更新",
        "this PDF is of an earlier compile and was not written anew",
        "请加 --pdf 再编制一次，或删除它，以免与报告不一致。",
        "Compile again with --pdf, or delete it, lest it differ from the report.",
    ),
    # many workbooks ----------------------------------------------------------------------------
    "B901": _code(
        "error",
        "这里没有工作簿",
        "there is no workbook here",
        "请检查文件夹或通配符；文件夹只找其中的 .xlsx 和 .xlsm，要连下级文件夹一起找，写“文件夹/**”。",
        "Check the folder or pattern; of a folder the .xlsx and .xlsm files in it are taken, “folder/**” takes those below it too.",
    ),
    "B902": _code(
        "error",
        "两个工作簿的输出同名：{other}",
        "two workbooks would write the same file: {other}",
        "请改一个文件名，或分别编制到不同的文件夹。文件名只有大小写不同的也算同名。",
        "Rename one of them, or compile them into different folders. Names that differ only in case are the same.",
    ),
    "B903": _code(
        "note",
        "与“{other}”是同一个文件，只处理一次",
        "this is the same file as {other} and was taken once",
        "无需处理。",
        "Nothing to do.",
    ),
    "B905": _code(
        "error",
        "{seconds}秒内没有处理完，已停止",
        "not done in {seconds} seconds, and stopped",
        "请单独处理这个工作簿，看它是否特别大；需要更长时间的，用 --timeout。",
        "Compile this workbook by itself and see whether it is very large; --timeout gives it more time.",
    ),
    "B906": _code(
        "error",
        "所需内存超过每个进程的上限（{limit} MiB）",
        "it needs more memory than a worker may have ({limit} MiB)",
        "请检查工作簿是否特别大，删去与决算无关的工作表。",
        "See whether the workbook is very large; take out sheets that have nothing to do with the accounts.",
    ),
    "B907": _code(
        "error",
        "处理它的进程意外结束：{reason}",
        "the process that worked on it ended: {reason}",
        "请单独处理这个工作簿；如果仍然这样，请把它发给程序的维护者。",
        "Compile this workbook by itself; if it happens again, send it to those who maintain the program.",
    ),
    "B908": _code(
        "error",
        "程序内部出错：{reason}",
        "an error inside the program: {reason}",
        "请把这个工作簿和这条信息发给程序的维护者；其他工作簿不受影响。",
        "Send this workbook and this message to those who maintain the program; the other workbooks are not affected.",
    ),
    "B909": _code(
        "warning",
        "“{department}”{year}年度有两个工作簿，另一个是 {other}",
        "{department} has two workbooks for {year}; the other one is {other}",
        "请核对哪一个是对的，删去另一个的输出。",
        "See which of them is right, and delete the outputs of the other.",
    ),
    # profiles ----------------------------------------------------------------------------------
    "P701": _code(
        "warning",
        "口径中可疑：{reason_zh}",
        "suspicious in the profile: {reason_en}",
        "若不是有意如此，请改正或删去。",
        "Correct it or take it out, unless it is meant.",
    ),
    "P702": _code(
        "note",
        "附表、规则、图、文字材料和本口径的模板都没有用到它",
        "no schedule, rule, chart or text, nor the profile's template, uses it",
        "自己的模板（--template）可以用它；若不是为此，可以删去。",
        "A template of your own (--template) may; if it is not meant for one, take it out.",
    ),
}


WHY: Mapping[str, Words] = {
    "F": Words("文件读不了，就什么也编不出来。", "Without a readable file nothing can be compiled."),
    "S": Words(
        "程序按表名和表头找数，找不到的数不会猜。",
        "Numbers are found by the names of sheets and headings, never guessed.",
    ),
    "V": Words(
        "每个数只填一次，一格填错，附表和报告处处都错。",
        "Each number is entered once; one wrong cell is wrong everywhere in schedules and report.",
    ),
    "C": Words(
        "合计、核对数、附表和明细必须是同一笔账。",
        "Totals, check figures, schedules and rows must be the same accounts.",
    ),
    "N": Words(
        "报告的每句话都要有数、有文字，没有的不会编造。",
        "Every sentence needs its number and its words; none are made up.",
    ),
    "T": Words(
        "模板里的标签写错，套打出来就不是一份完整的报告。",
        "With a wrong tag in it a template gives no complete report.",
    ),
    "D": Words(
        "报告改来改去，公开出去的每个数仍然必须是账上的数。",
        "However a report is edited, every number in it must still be that of the accounts.",
    ),
    "B": Words("一个工作簿出了问题，不应耽误其他的。", "What is wrong with one workbook must not hold up the others."),
    "O": Words("文件要么全部写好，要么保持原样。", "Files are written whole or left as they were."),
    "P": Words(
        "口径写错一处，用它编的每份报告都错。", "A slip in a profile is in every report that is compiled with it."
    ),
}
"""First letter of a built-in code -> why it is told."""


def finding(
    code: str,
    place: Cell | str,
    *,
    found: str = "",
    expected: str = "",
    terms: Iterable[Term] = (),
    **words: str,
) -> Finding:
    """The finding of a built-in code, its words filled in from ``words``, ``found`` and ``expected``."""
    entry = CODES[code]
    found, expected = readable(found), readable(expected)
    values = {"found": found, "expected": expected, **{name: readable(word) for name, word in words.items()}}
    return Finding(
        code,
        entry.severity,
        readable(str(place)),
        Words(entry.message.zh.format(**values), entry.message.en.format(**values)),
        Words(entry.action.zh.format(**values), entry.action.en.format(**values)),
        found,
        expected,
        tuple(terms),
        place if isinstance(place, Cell) else None,
    )


def readable(name: str) -> str:
    r"""The name of a file as text: where the locale does not know its characters, Python has kept its bytes instead.

    >>> readable("决算.xlsx"), readable("\udcbe\udcf6\udccb\udce3.xlsx")
    ('决算.xlsx', '决算.xlsx')
    """
    if name.isascii():
        return name
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, as Windows lets names have
        data = name.encode("utf-8", "replace")
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    return data.decode("utf-8", "replace")


def strictly(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same findings with every warning made an error."""
    return tuple(f._replace(severity="error") if f.severity == "warning" else f for f in findings)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding forbids writing."""
    return any(f.severity == "error" for f in findings)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, then warnings, then notes; within each the order in which they were found."""
    return tuple(sorted(findings, key=lambda f: SEVERITIES.index(f.severity)))


BETWEEN_SHEETS = Words("几张表之间", "between sheets")
"""The name of the group of findings that belong to no single sheet."""


def by_sheet(findings: Iterable[Finding]) -> tuple[tuple[Words, tuple[Finding, ...]], ...]:
    """The findings of each sheet (or file) together, worst first; the sheet with the worst before the others."""
    groups: dict[Words, list[Finding]] = {}
    for found in findings:
        groups.setdefault(_group(found), []).append(found)
    ordered = [(group, tuple(sorted(members, key=_rank))) for group, members in groups.items()]
    return tuple(sorted(ordered, key=lambda pair: SEVERITIES.index(pair[1][0].severity)))


def _group(found: Finding) -> Words:
    sheets = {cell.sheet for cell in (found.cell, *found.also) if cell}
    if len(sheets) > 1 or (not sheets and found.code[0] == "R"):
        return BETWEEN_SHEETS
    template, in_template, _ = found.place.partition(".docx ")
    name = sheets.pop() if sheets else f"{template}.docx" if in_template else found.place.partition("!")[0]
    return Words(name, name)


def _rank(found: Finding) -> tuple[int, int, int, str]:
    """Severity, then row, then column."""
    ref = found.cell.ref if found.cell else ""
    column = ref.rstrip("0123456789")
    return SEVERITIES.index(found.severity), int(ref[len(column) :] or 0), len(column), column


def nearest(word: str, words: Sequence[str]) -> str:
    """The word of a list that is most like a given one, or "" where none is.

    >>> nearest("一般公共预算拨款", ["一般公共预算财政拨款", "非财政拨款"])
    '一般公共预算财政拨款'
    """
    from difflib import get_close_matches

    close = get_close_matches(word, words, 1, 0.5) if word else []
    return close[0] if close else ""


def one_of(words: Sequence[str], word: str = "", most: int = 12) -> str:
    """A list of what would be right, the nearest to a wrong word first."""
    close = nearest(word, words)
    ordered = [*([close] if close else []), *islice((w for w in words if w != close), most + 1)]
    return "、".join(ordered[:most]) + ("…" if len(ordered) > most else "")

"""The command line: ``xl2report compile|check|verify|refresh|new|explain|trace|template|profile``.

Nothing heavy is imported before it is known what to do, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from xl2report import __version__

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from xl2report.explaining import Explanation
    from xl2report.findings import Finding
    from xl2report.progress import Bar
    from xl2report.summary import Compiled
    from xl2report.vocabulary import Entry

WORDS: dict[str, tuple[str, str]] = {
    "about": (
        "从一个标准工作簿编制部门决算公开：13张附表（xlsx）和报告（docx）。",
        "Compile a department's final-accounts disclosure from one workbook: 13 schedules (xlsx) and the report (docx).",
    ),
    "commands": ("命令", "commands"),
    "arguments": ("参数", "arguments"),
    "options": ("选项", "options"),
    "usage": ("用法：", "usage: "),
    "help": ("显示帮助", "show this help"),
    "version": ("显示版本", "show the version"),
    "lang": (
        "界面语言：zh 中文，en 英文（默认按系统语言，不是英文的用中文）",
        "language: zh or en (default: the locale; Chinese where it is not English)",
    ),
    "compile": ("编制附表和报告", "write the schedules and the report"),
    "check": ("只读取、计算、核对，不写文件", "read, derive and check; write nothing"),
    "annotate_workbook": (
        "另存一份工作簿：有问题的单元格标色并加批注，第一张表列出全部问题",
        "write a copy of the workbook: coloured cells, comments, and a first sheet that lists all findings",
    ),
    "annotate_one": ("--annotate 一次只能检查一个工作簿", "--annotate takes one workbook at a time"),
    "refresh": (
        "用工作簿更新改过的报告：只换数和表、图，保留手写的文字和格式",
        "bring an edited report up to date with a workbook: numbers, tables and charts; prose and formatting are kept",
    ),
    "marked_report": (
        "改过的报告（.docx，编制时带标记）",
        "the report that people worked on (.docx, compiled with marks)",
    ),
    "refreshed": ("要写入的报告（.docx）", "the report to write (.docx)"),
    "track": (
        "改动写成 Word 修订，供审阅接受或拒绝",
        "write the changes as tracked changes of Word, to accept or reject",
    ),
    "new": ("生成空白工作簿", "write a blank workbook"),
    "workbook": (
        "标准工作簿（.xlsx），可以有几个；也可以是文件夹或通配符（文件夹/**）",
        "standard workbooks (.xlsx), folders of them, or patterns (folder/**)",
    ),
    "out": ("输出文件夹（默认与工作簿同一文件夹）", "folder for the outputs (default: beside the workbook)"),
    "template": ("自己的 Word 模板（默认用口径自带的）", "a Word template of your own (default: the profile's)"),
    "profile": (
        "口径名称（如 sichuan/2023）或口径文件夹（默认按工作簿的年度；new 用最新的）",
        "a profile's name (sichuan/2023) or folder (default: by the workbook's year; the latest for new)",
    ),
    "strict": ("把提示也当作错误", "treat warnings as errors"),
    "toc": (
        "目录页码：paginate 用 LibreOffice 分页印出，field 在 Word 中更新，none 不要目录（默认 auto：能印就印）",
        "page numbers of the contents: paginate, LibreOffice's; field, updated in Word; none, no contents (default: auto)",
    ),
    "pdf": ("另用 LibreOffice 生成报告的 PDF", "write the report as PDF too, by LibreOffice"),
    "with_tables": (
        "把13张附表也印入报告（横向页面的 Word 表格）",
        "put the schedules into the report too, as Word tables on landscape pages",
    ),
    "marks": (
        "给每个印出的数作看不见的来源标记：bookmark 隐藏书签（默认），control 内容控件，none 不作",
        "unseen marks that tell where each number comes from: bookmark, hidden bookmarks (default); control, content controls; none",
    ),
    "format": ("输出格式：text 文字，json 供程序读取", "output: text, or json for programs"),
    "target": ("要生成的工作簿（.xlsx），不覆盖已有文件", "the workbook to write (.xlsx); never overwrites"),
    "from": (
        "上一年度的工作簿：决算数带入上年数，年末结转和结余带入年初，文字标【待更新】",
        "last year's workbook: results become prior-year amounts and opening balances, texts are marked",
    ),
    "example": ("不是空白的，而是填好的示例", "the filled-in example instead of a blank one"),
    "error": ("错误", "error"),
    "warning": ("提示", "warning"),
    "note": ("说明", "note"),
    "found": ("现为：", "found: "),
    "expected": ("应为：", "expected: "),
    "terms": ("依据：", "terms: "),
    "action": ("办法：", "what to do: "),
    "written": ("已生成", "written"),
    "nothing": ("没有生成文件", "nothing was written"),
    "checked": ("核对完毕", "checked"),
    "unusable": ("无法处理", "cannot be used"),
    "unchecked": (
        "有 {count} 条规则所需的表有错误，改正后再核对：{codes}",
        "{count} rules need a sheet that has errors and wait until they are mended: {codes}",
    ),
    "colon": ("：", ": "),
    "group": ("【{name}】", "[{name}]"),
    "explain": ("解释一个代码：为什么、怎么办、举例", "explain a code: why, what to do, examples"),
    "code": (
        "规则或提示的代码，如 R005、V201；不写则列出全部",
        "a code such as R005 or V201; all are listed without one",
    ),
    "counts": (
        "错误 {error} 个，提示 {warning} 个，说明 {note} 个",
        "{error} errors, {warning} warnings, {note} notes",
    ),
    "trace": ("一个数从哪里来，一个单元格到哪里去", "where a number comes from, where a cell goes to"),
    "traced": ("标准工作簿（.xlsx）", "the standard workbook (.xlsx)"),
    "what": (
        "数的名称（三公经费.增长率）、印出的文字（85.68%）、附表的格（03!C7）或工作簿的单元格（支出决算!H12）",
        "a figure's name (三公经费.增长率), a printed text (85.68%), a box (03!C7) or a cell of the workbook (支出决算!H12)",
    ),
    "all": ("列出全部单元格和全部含义", "tell all cells and all meanings"),
    "trace_xlsx": (
        "另存溯源工作簿：一行一个印出的数，链接到账上的单元格，供复核",
        "write a workbook: a row for each printed number, linked to its cells, to be signed off",
    ),
    "trace_nothing": (
        "要查什么？请写数的名称、印出的文字或单元格，或用 --xlsx",
        "trace what? give a name, a printed text or a cell, or use --xlsx",
    ),
    "wrong_accounts": (
        "工作簿有 {count} 个错误，改正前不能编制，数也未必对：xl2report check 逐条列出",
        "the workbook has {count} errors, so nothing can be compiled and numbers may be wrong: see xl2report check",
    ),
    "templates": ("Word 模板：可用的名称、检查、导出", "Word templates: names to use, mistakes, a copy to start from"),
    "vars": (
        "列出模板可以使用的全部名称及其含义、单位和现值",
        "list every name that a template may use with meaning, unit and value",
    ),
    "lint": ("检查 Word 模板，一次指出全部错误", "find every mistake of a Word template"),
    "export": ("导出口径自带的模板，供修改", "write a copy of the profile's template to start from"),
    "used_in": ("统计这个模板使用各名称的次数", "count how often this template uses each name"),
    "values_of": (
        "现值取自这个工作簿（默认用示例）；其“基本信息”中增加的行也可使用",
        "take the values, and rows added to 基本信息, from this workbook (default: the example)",
    ),
    "own_names": (
        "这个工作簿的“基本信息”中增加的行也可使用",
        "rows added to 基本信息 in this workbook are names too",
    ),
    "cheat_sheet": ("把名称列成 Word 表格，写入此文件", "write the names to this Word document"),
    "annotate": ("另存一份模板，错误处加批注", "write a copy with a Word comment at each mistake"),
    "linted": ("要检查的 Word 模板", "the template to check"),
    "exported": ("要写入的模板（.docx），不覆盖已有文件", "the template to write (.docx); never overwrites"),
    "template_checked": ("模板检查完毕", "the template was checked"),
    "profiles": ("口径：列出、检查、导出", "profiles: list them, mistakes, a folder to start from"),
    "profile_list": ("列出随程序提供的口径", "list the profiles that come with the program"),
    "profile_lint": (
        "检查一个口径，一次指出全部错误和可疑之处",
        "find everything that is wrong or looks wrong in a profile",
    ),
    "profile_export": (
        "导出一个口径文件夹，供修改",
        "write a folder to start a profile of your own from",
    ),
    "linted_profile": (
        "口径名称或文件夹（默认为最新的口径）",
        "a profile's name or folder (default: the latest)",
    ),
    "exported_profile": ("要写入的文件夹，不覆盖已有文件", "the folder to write; never overwrites"),
    "base_profile": (
        "从随程序提供的哪个口径开始（默认为最新的）",
        "the profile that ships to start from (default: the latest)",
    ),
    "extends": (
        "不复制，只写一个引用它的 profile.toml，注明可以改什么",
        "no copy, but a profile.toml that extends it and shows what may be changed",
    ),
    "profile_checked": ("口径检查完毕", "the profile was checked"),
    "verify": (
        "核对改过的报告（或附表）与工作簿是否一致",
        "compare a report (or the schedules) that was edited with the workbook",
    ),
    "edited": ("改过的报告（.docx）或附表（.xlsx）", "the report (.docx) or the schedules (.xlsx) that was edited"),
    "accounts": ("标准工作簿（.xlsx）", "the standard workbook (.xlsx)"),
    "template_of": (
        "编制报告时用的 Word 模板（默认用口径自带的）",
        "the template that the report was compiled with (default: the profile's)",
    ),
    "verified": ("与账一致", "in agreement with the accounts"),
    "swapped": (
        "两个文件的次序反了：先写报告（或附表），后写工作簿",
        "the two files are the wrong way round: the report (or schedules) first, then the workbook",
    ),
    "no_command": ("没有命令 ", "no such command: "),
    "choose": ("；可用的有 ", "; there are "),
    "differs": ("与账不一致", "not in agreement with the accounts"),
    "times": ("（使用{count}次）", " (used {count} times)"),
    "epoch": (
        "环境变量 SOURCE_DATE_EPOCH 应为1970年以来的秒数（只用数字，不晚于9999年）",
        "the environment variable SOURCE_DATE_EPOCH must be seconds since 1970 in digits, no later than the year 9999",
    ),
    "jobs": ("同时处理的进程数（默认：可用的核数）", "worker processes (default: the cores available)"),
    "timeout": (
        "一个工作簿最多处理多少秒（默认 {seconds}）",
        "seconds that one workbook may take (default: {seconds})",
    ),
    "resume": (
        "略过已经由同样的工作簿、口径、模板和选项编制、没有改过的",
        "leave out what was compiled from the same workbook, profile, template and options, and is untouched",
    ),
    "summary": (
        "另写汇总表（.json、.csv 或 .xlsx），一行一个工作簿；可以写几次",
        "write a summary, a row for each workbook (.json, .csv or .xlsx); may be given several times",
    ),
    "summary_ending": ("汇总表的扩展名应为 .json、.csv 或 .xlsx：", "a summary ends in .json, .csv or .xlsx: "),
    "dask": (
        "由这个地址的 Dask 集群处理（需要 pip install 'xl2report[dask]'）",
        "let the Dask cluster at this address do the work (needs pip install 'xl2report[dask]')",
    ),
    "carry": (
        "集群的机器看不到同样的文件夹时写 bytes：工作簿和输出随任务传送（默认 paths）",
        "bytes where the machines of a cluster do not share the folders: workbooks and outputs are sent (default: paths)",
    ),
    "no_dask": (
        "没有安装 Dask：请执行 pip install 'xl2report[dask]'",
        "Dask is not installed: pip install 'xl2report[dask]'",
    ),
    "no_cluster": ("连不上 Dask 集群 {address}：{reason}", "no Dask cluster at {address}: {reason}"),
    "kept": ("未变，没有重新编制", "unchanged, kept"),
    "state_written": ("已编制", "written"),
    "state_kept": ("未变", "unchanged"),
    "state_checked": ("已核对", "checked"),
    "state_skipped": ("略过", "passed over"),
    "state_failed": ("有错误", "failed"),
    "more_findings": (
        "{code} 还有{count}处，与上面的同类；--format json 列出全部",
        "{code}: {count} more of the same kind; --format json lists all of them",
    ),
    "more_terms": ("还有{count}处", "{count} more"),
    "more_errors": ("    还有{count}个错误", "    {count} more errors"),
    "bar": (
        "{bar} {done}/{total}　失败{failed}　每秒{rate}个　约剩{left}",
        "{bar} {done}/{total}  failed {failed}  {rate}/s  {left} left",
    ),
    "total": (
        "共{total}个工作簿：{states}；{counts}；用时{took}",
        "{total} workbooks: {states}; {counts}; took {took}",
    ),
    "failures": ("有错误的工作簿：", "workbooks with errors:"),
    "interrupted": (
        "已中断：完成{done}个（其中有错误{failed}个），没有开始或没有完成{left}个。再执行时加 --resume，从这里接着做。",
        "interrupted: {done} done ({failed} of them failed), {left} not begun or not finished; --resume goes on from here",
    ),
}
COLOURS = {"error": "31;1", "warning": "33;1", "note": "36"}


class _Words:
    """The program's own words in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __getitem__(self, key: str) -> str:
        return WORDS[key][self.lang == "en"]


def default_language() -> str:
    """``en`` where the locale is English, ``zh`` everywhere else."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "en" if value.lower().startswith("en") else "zh"
    return "zh"


class _Parser(argparse.ArgumentParser):
    """An argument parser whose own words are in the user's language."""

    def __init__(self, *, words: _Words, **options: Any) -> None:
        super().__init__(add_help=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        self.words = words
        self._positionals.title = words["arguments"]
        self._optionals.title = words["options"]
        self.add_argument("-h", "--help", action="help", help=words["help"])

    def format_help(self) -> str:
        return super().format_help().replace("usage: ", self.words["usage"], 1)

    def error(self, message: str) -> NoReturn:
        if self.words.lang == "zh":
            message = message.replace("the following arguments are required: ", "缺少：")
            message = message.replace("unrecognized arguments: ", "不认识：").replace(
                "expected one argument", "后面要有内容"
            )
            wrong = re.fullmatch(r"argument (.*): invalid choice: '(.*)' \(choose from (.*)\)", message)
            if wrong:
                what = wrong[1].strip() or self.words["no_command"].strip()
                message = f"{what} {wrong[2]}{self.words['choose']}{wrong[3].replace(chr(39), '')}"
        usage = self.format_usage().replace("usage: ", self.words["usage"], 1)
        self.exit(2, f"{usage}{self.prog}: {self.words['error']}: {message}\n")


def parser(words: _Words) -> argparse.ArgumentParser:
    """The command line as declared."""
    top = _Parser(words=words, prog="xl2report", description=words["about"])
    top.add_argument("--version", action="version", version=f"xl2report {__version__}", help=words["version"])
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=("zh", "en"), default=words.lang, help=words["lang"])
    common.add_argument("--format", choices=("text", "json"), default="text", help=words["format"])
    choice = argparse.ArgumentParser(add_help=False)
    choice.add_argument("--profile", metavar="NAME|DIR", help=words["profile"])

    parents: list[Any] = [common, choice]  # argparse's types want every parent to be of the subparsers' class
    commands = top.add_subparsers(
        dest="command",
        required=True,
        title=words["commands"],
        metavar="",
    )
    compile_ = commands.add_parser(
        "compile", words=words, parents=parents, help=words["compile"], description=words["compile"]
    )
    compile_.add_argument("workbooks", nargs="+", type=Path, metavar="WORKBOOK", help=words["workbook"])
    compile_.add_argument("-o", "--out", type=Path, metavar="DIR", help=words["out"])
    compile_.add_argument("--toc", choices=("auto", "paginate", "field", "none"), default="auto", help=words["toc"])
    compile_.add_argument("--pdf", action="store_true", help=words["pdf"])
    compile_.add_argument("--with-tables", action="store_true", help=words["with_tables"])
    compile_.add_argument("--marks", choices=("bookmark", "control", "none"), default="bookmark", help=words["marks"])
    check = commands.add_parser("check", words=words, parents=parents, help=words["check"], description=words["check"])
    check.add_argument("workbooks", nargs="+", type=Path, metavar="WORKBOOK", help=words["workbook"])
    check.add_argument("--annotate", type=Path, metavar="OUT.xlsx", help=words["annotate_workbook"])
    refresh = commands.add_parser(
        "refresh", words=words, parents=parents, help=words["refresh"], description=words["refresh"]
    )
    refresh.add_argument("report", type=Path, metavar="REPORT.docx", help=words["marked_report"])
    refresh.add_argument("workbook", type=Path, metavar="WORKBOOK", help=words["accounts"])
    refresh.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.docx", help=words["refreshed"])
    refresh.add_argument("--track", action="store_true", help=words["track"])
    for command in (compile_, check):
        _bulk_options(command, words)
    for command in (compile_, check, refresh):
        command.add_argument("--template", type=Path, metavar="DOCX", help=words["template"])
        command.add_argument("--strict", action="store_true", help=words["strict"])
    new = commands.add_parser("new", words=words, parents=parents, help=words["new"], description=words["new"])
    new.add_argument("target", type=Path, metavar="OUT.xlsx", help=words["target"])
    start = new.add_mutually_exclusive_group()
    start.add_argument("--example", action="store_true", help=words["example"])
    start.add_argument("--from", dest="last", type=Path, metavar="LAST.xlsx", help=words["from"])
    verify = commands.add_parser(
        "verify", words=words, parents=parents, help=words["verify"], description=words["verify"]
    )
    verify.add_argument("report", type=Path, metavar="REPORT.docx|SCHEDULES.xlsx", help=words["edited"])
    verify.add_argument("workbook", type=Path, metavar="WORKBOOK", help=words["accounts"])
    verify.add_argument("--template", type=Path, metavar="DOCX", help=words["template_of"])
    explain = commands.add_parser(
        "explain", words=words, parents=parents, help=words["explain"], description=words["explain"]
    )
    explain.add_argument("code", nargs="?", metavar="CODE", help=words["code"])
    trace = commands.add_parser("trace", words=words, parents=parents, help=words["trace"], description=words["trace"])
    trace.add_argument("workbook", type=Path, metavar="WORKBOOK", help=words["traced"])
    trace.add_argument("what", nargs="?", metavar="FIGURE|CELL|TEXT", help=words["what"].replace("%", "%%"))
    trace.add_argument("--all", action="store_true", help=words["all"])
    trace.add_argument("--xlsx", type=Path, metavar="OUT.xlsx", help=words["trace_xlsx"])
    trace.add_argument("--template", type=Path, metavar="DOCX", help=words["template"])
    _template_commands(commands, parents, words)
    _profile_commands(commands, [common], words)
    return top


def _bulk_options(command: argparse.ArgumentParser, words: _Words) -> None:
    """What ``compile`` and ``check`` take for many workbooks."""
    seconds = words["timeout"].format(seconds=300)
    command.add_argument("-j", "--jobs", type=_positive, metavar="N", help=words["jobs"])
    command.add_argument("--timeout", type=_positive, metavar="SECONDS", default=300, help=seconds)
    command.add_argument("--summary", type=Path, action="append", default=[], metavar="FILE", help=words["summary"])
    command.add_argument("--dask", metavar="ADDRESS", help=words["dask"])
    command.add_argument("--carry", choices=("paths", "bytes"), default="paths", help=words["carry"])
    if command.prog.endswith(" compile"):
        command.add_argument("--resume", action="store_true", help=words["resume"])


def _positive(text: str) -> int:
    """A number of at least one."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def _template_commands(commands: Any, parents: list[Any], words: _Words) -> None:
    """``template vars``, ``template lint`` and ``template export`` as declared."""
    template = commands.add_parser("template", words=words, help=words["templates"], description=words["templates"])
    about = template.add_subparsers(dest="about", required=True, title=words["commands"], metavar="")
    vars_, lint, export = (
        about.add_parser(name, words=words, parents=parents, help=words[name], description=words[name])
        for name in ("vars", "lint", "export")
    )
    vars_.add_argument("template", nargs="?", type=Path, metavar="TEMPLATE.docx", help=words["used_in"])
    vars_.add_argument("--workbook", type=Path, metavar="W.xlsx", help=words["values_of"])
    vars_.add_argument("-o", "--out", type=Path, metavar="CHEATSHEET.docx", help=words["cheat_sheet"])
    lint.add_argument("template", type=Path, metavar="TEMPLATE.docx", help=words["linted"])
    lint.add_argument("--workbook", type=Path, metavar="W.xlsx", help=words["own_names"])
    lint.add_argument("--annotate", type=Path, metavar="OUT.docx", help=words["annotate"])
    export.add_argument("target", type=Path, metavar="OUT.docx", help=words["exported"])


def _profile_commands(commands: Any, parents: list[Any], words: _Words) -> None:
    """``profile list``, ``profile lint`` and ``profile export`` as declared."""
    profile = commands.add_parser("profile", words=words, help=words["profiles"], description=words["profiles"])
    about = profile.add_subparsers(dest="about", required=True, title=words["commands"], metavar="")
    _, lint, export = (
        about.add_parser(
            name, words=words, parents=parents, help=words[f"profile_{name}"], description=words[f"profile_{name}"]
        )
        for name in ("list", "lint", "export")
    )
    lint.add_argument("profile", nargs="?", metavar="NAME|DIR", help=words["linted_profile"])
    export.add_argument("target", type=Path, metavar="DIR", help=words["exported_profile"])
    export.add_argument("--profile", metavar="NAME", help=words["base_profile"])
    export.add_argument("--extends", action="store_true", help=words["extends"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status (0 written, 1 errors, 2 the input cannot be used)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    declared = parser(_Words(_language_of(given)))
    options = declared.parse_args(given)
    words = _Words(options.lang)
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        from xl2report.packages import is_epoch

        if not is_epoch(epoch):
            declared.error(words["epoch"])
    if options.command == "check" and options.annotate and len(options.workbooks) > 1:
        declared.error(words["annotate_one"])
    if options.command == "trace" and not (options.what or options.xlsx):
        declared.error(words["trace_nothing"])
    if options.command in ("verify", "refresh") and _swapped(options.report, options.workbook):
        declared.error(words["swapped"])
    wrong = [path for path in getattr(options, "summary", ()) if path.suffix.lower() not in (".json", ".csv", ".xlsx")]
    if wrong:
        declared.error(f"{words['summary_ending']}{wrong[0]}")
    if options.command == "compile" or (options.command == "check" and not options.annotate):
        return _many(options, words)
    try:
        results = _run(options)
    except KeyboardInterrupt:
        return 130
    return _say(results, options, words)


def _swapped(report: Path, workbook: Path) -> bool:
    """Whether a Word file stands where the workbook belongs, and something else where the report does."""
    return workbook.suffix.lower() == ".docx" != report.suffix.lower()


def _language_of(arguments: Sequence[str]) -> str:
    """The language asked for, before the arguments are parsed: help and errors speak it too."""
    for at, argument in enumerate(arguments):
        value = argument.partition("=")[2] if argument.startswith("--lang=") else ""
        if argument == "--lang" and at + 1 < len(arguments):
            value = arguments[at + 1]
        if value in ("zh", "en"):
            return value
    return default_language()


def _run(options: argparse.Namespace) -> list[dict[str, Any]]:
    from xl2report.findings import finding
    from xl2report.loading import ProfileError, load_profile
    from xl2report.pipeline import DEFAULT_PROFILE, new_workbook, verify

    try:
        if options.command == "profile":
            return [_profile(options)]
        load_profile(options.profile or DEFAULT_PROFILE)
        if options.command == "new":
            result = new_workbook(options.target, options.profile, example=options.example, last=options.last)
            return [_result(str(options.target), result.status, result.paths, result.findings)]
    except ProfileError as error:
        found = tuple(finding("F008", str(options.profile), reason=problem) for problem in error.problems)
        return [_result(str(options.profile), 2, (), found)]
    if options.command == "template":
        return [_template(options)]
    if options.command == "verify":
        verified = verify(options.report, options.workbook, options.profile, template=options.template)
        return [_result(str(options.report), verified.status, (), verified.findings)]
    if options.command == "explain":
        return [_explain(options)]
    if options.command == "trace":
        return [_trace(options)]
    if options.command == "refresh":
        return [_refresh(options)]
    return [_annotated(options)]


def _template(options: argparse.Namespace) -> dict[str, Any]:
    from xl2report.pipeline import export_template, lint_template, template_names

    if options.about == "export":
        name, result = options.target, export_template(options.target, options.profile)
    elif options.about == "lint":
        name = options.template
        result = lint_template(name, options.workbook, options.profile, annotate=options.annotate, lang=options.lang)
    else:
        name = options.template
        result = template_names(name, options.workbook, options.profile, out=options.out, lang=options.lang)
    entries = result.entries if options.about == "vars" else None
    return _result(str(name or ""), result.status, result.paths, result.findings) | {"entries": entries}


def _explain(options: argparse.Namespace) -> dict[str, Any]:
    from xl2report.explaining import explanations
    from xl2report.findings import finding, one_of
    from xl2report.loading import load_profile
    from xl2report.pipeline import DEFAULT_PROFILE

    known = explanations(load_profile(options.profile or DEFAULT_PROFILE))
    code = (options.code or "").upper()
    code = code[:1] + code[1:].zfill(3) if code[1:].isdigit() else code  # r5 means R005
    if code and code not in known:
        unknown = finding("F010", options.code, expected=one_of(tuple(known), code, 8))
        return _result(options.code, 2, (), (unknown,))
    found = [known[code]] if code else list(known.values())
    return _result(code, 0, (), ()) | {"explanations": found}


def _profile(options: argparse.Namespace) -> dict[str, Any]:
    from xl2report.loading import available, load_profile
    from xl2report.pipeline import export_profile, latest_profile, lint_profile

    if options.about == "list":
        profiles = [load_profile(name) for name in available()]
        listed = [{"name": p.name, "title": p.title, "year": p.year} for p in profiles]
        return _result("", 0, (), ()) | {"profiles": listed}
    if options.about == "lint":
        name, result = options.profile or latest_profile(), lint_profile(options.profile)
    else:
        name, result = options.target, export_profile(options.target, options.profile, extends=options.extends)
    return _result(str(name), result.status, result.paths, result.findings)


def _trace(options: argparse.Namespace) -> dict[str, Any]:
    from xl2report.findings import has_errors
    from xl2report.pipeline import load

    report = load(options.workbook, options.profile)
    status, findings = (0, ()) if report.readable else (2, report.findings)
    paths: tuple[Path, ...] = ()
    if options.xlsx and report.readable:
        written = report.write_trace(options.xlsx, options.template)
        status, paths, findings = written.status, written.paths, written.findings
    found = report.trace(options.what, options.template) if options.what and report.readable else None
    if found is not None:
        findings = (*findings, *(f for f in found.findings if f not in findings))
        status = 2 if not found.meanings else max(status, int(has_errors(findings)))
    errors = sum(f.severity == "error" for f in report.findings)
    return _result(str(options.workbook), status, paths, findings) | {"trace": found, "errors": errors}


def _refresh(options: argparse.Namespace) -> dict[str, Any]:
    from xl2report.refreshing import refresh

    result = refresh(
        options.report,
        options.workbook,
        options.out,
        profile=options.profile,
        template=options.template,
        track=options.track,
        strict=options.strict,
    )
    return _result(str(options.report), result.status, result.paths, result.findings, left_out=result.left_out)


FEW = 5
"""Workbooks up to which everything is told of each; of more a line of each, and the errors."""
MOST_OF_A_CODE = 100
"""Findings of one code in one sheet that are printed."""
MOST_TERMS = 100
"""Numbers that are printed of one finding."""
MOST_ERRORS = 3
"""Errors that are told in full of each of many workbooks."""


def _many(options: argparse.Namespace, words: _Words) -> int:
    """Compile or check all workbooks, tell of them, write the summaries; the exit status."""
    from xl2report.bulk import Limits, Order, run
    from xl2report.collecting import collected
    from xl2report.findings import finding
    from xl2report.loading import ProfileError
    from xl2report.progress import Bar

    names = ("template", "profile", "strict", *(("toc", "pdf", "with_tables", "marks") if "toc" in options else ()))
    order = Order(options.command, {n: getattr(options, n) for n in names}, resume=getattr(options, "resume", False))
    out = getattr(options, "out", None)
    listed = collected(options.workbooks, out, writes=options.command == "compile")
    telling = _Telling(options, words, Bar(sys.stderr, words["bar"]), many=len(listed) > FEW)
    interrupted = False
    results: Sequence[Compiled] = ()
    try:
        with _cluster(options, words) as (executor, workers):
            results = run(
                order,
                listed,
                executor=executor,
                jobs=workers or options.jobs,
                progress=telling.of,
                carry=options.carry,
                limits=Limits(options.timeout),
            )
    except ProfileError as error:
        found = tuple(finding("F008", str(options.profile), reason=problem) for problem in error.problems)
        return _say([_result(str(options.profile), 2, (), found)], options, words)
    except KeyboardInterrupt:
        interrupted, results = True, telling.results
    status = telling.end(results)
    for path in options.summary:
        status = max(status, telling.summarize(results, path))
    if interrupted:
        failed = sum(result.status > 0 for result in results)
        left = len(listed) - len(results)
        telling.bar.clear()
        print(words["interrupted"].format(done=len(results), failed=failed, left=left), file=sys.stderr)
    return 130 if interrupted else status


@contextmanager
def _cluster(options: argparse.Namespace, words: _Words) -> Iterator[tuple[Executor | None, int]]:
    """The executor of the Dask cluster that was asked for, and how many workers it has; ``None`` for this machine."""
    if not options.dask:
        yield None, 0
        return
    try:
        from distributed import Client
    except ImportError:
        raise SystemExit(f"xl2report: {words['error']}: {words['no_dask']}") from None
    try:
        client = Client(options.dask, timeout=10)
    except (OSError, ValueError) as error:
        reason = words["no_cluster"].format(address=options.dask, reason=error)
        raise SystemExit(f"xl2report: {words['error']}: {reason}") from None
    with client:
        yield client.get_executor(pure=False), sum(client.ncores().values()) or 1


class _Telling:
    """Tells of workbooks: of a few everything at the end, of many a line each as they come."""

    def __init__(self, options: argparse.Namespace, words: _Words, bar: Bar, *, many: bool) -> None:
        self.options, self.words, self.bar, self.many = options, words, bar, many
        self.results: list[Compiled] = []
        self.failed = 0

    def of(self, result: Compiled, done: int, total: int) -> None:
        """Tell of one that is done: of many its line, and on a terminal only what is wrong."""
        self.results.append(result)
        self.failed += result.status > 0
        if self.many and self.options.format == "text" and (result.status or not self.bar.shown):
            self.bar.clear()
            with _open_stdout():
                print(f"[{done}/{total}] {self.line(result)}", flush=True)
        if total > 1:
            self.bar.show(done, total, self.failed)

    def line(self, result: Compiled) -> str:
        """What became of one workbook, and its first errors in full."""
        words = self.words
        errors = [found for found in result.findings if found.severity == "error"]
        told = [describe(found, words.lang) for found in errors[:MOST_ERRORS]]
        more = [words["more_errors"].format(count=len(errors) - MOST_ERRORS)] if len(errors) > MOST_ERRORS else []
        counts = words["counts"].format_map({s: result.count(s) for s in ("error", "warning", "note")})
        return "\n".join([f"{words[f'state_{result.state}']} {result.workbook}  {counts}", *told, *more])

    def end(self, results: Sequence[Compiled]) -> int:
        """Tell of all, and the worst status."""
        self.bar.clear()
        status = max((result.status for result in results), default=0)
        entries = [
            _result(str(r.workbook), r.status, r.paths, r.findings, left_out=r.left_out) | {"state": r.state}
            for r in results
        ]
        if self.options.format == "json" or not self.many:
            return _say(entries, self.options, self.words) if entries else status
        told = {id(result) for result in self.results}
        with _open_stdout():
            for result in results:
                twins = [found for found in result.findings if found.code == "B909"]
                for found in twins:
                    print(describe(found, self.words.lang))
                if id(result) not in told and result.findings and not twins:  # a folder without workbooks
                    print(self.line(result))
            self._table(results)
        return status

    def _table(self, results: Sequence[Compiled]) -> None:
        words = self.words
        comma = "，" if words.lang == "zh" else ", "
        states = ((s, sum(r.state == s for r in results)) for s in ("written", "kept", "checked", "failed", "skipped"))
        counts = {s: sum(r.count(s) for r in results) for s in ("error", "warning", "note")}
        failed = [result for result in results if result.status]
        if failed:
            print(words["failures"])
        for result in failed:
            error = result.first_error
            print(
                f"  {result.workbook}  {error.code} {error.place}  {error.message.in_language(words.lang)}"
                if error
                else ""
            )
        from xl2report.progress import duration

        total = words["total"].format(
            total=len(results),
            states=comma.join(f"{words[f'state_{state}']} {count}" for state, count in states if count),
            counts=words["counts"].format_map(counts),
            took=duration(self.bar.clock() - self.bar.begun),
        )
        print(total, flush=True)

    def summarize(self, results: Sequence[Compiled], path: Path) -> int:
        """Write a summary and say so; the status of that."""
        from xl2report.bulk import BulkResult

        written = BulkResult(tuple(results)).write_summary(path, lang=self.words.lang)
        stream = sys.stderr if self.options.format == "json" else sys.stdout
        for found in written.findings:
            print(describe(found, self.words.lang), file=stream)
        for name in written.paths:
            print(f"{self.words['written']} {name}", file=stream)
        return written.status


def _say(results: Sequence[dict[str, Any]], options: argparse.Namespace, words: _Words) -> int:
    """Print results; the worst status."""
    with _open_stdout():
        _print(results, options, words)
        sys.stdout.flush()
    return max(int(result["status"]) for result in results)


@contextmanager
def _open_stdout() -> Iterator[None]:
    """What is printed inside may be cut off by its reader (head, less), who has seen enough."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _annotated(options: argparse.Namespace) -> dict[str, Any]:
    from xl2report.findings import has_errors, strictly
    from xl2report.pipeline import load

    [path] = options.workbooks
    report = load(path, options.profile)
    _, findings = report.narrative(options.template, toc="none", marks="none")
    findings = strictly(findings) if options.strict else findings
    result = report.annotate(options.annotate, findings, lang=options.lang)
    status = 2 if not report.readable else int(has_errors(result.findings))
    return _result(str(path), status, result.paths, result.findings, left_out=report.left_out)


def _result(
    subject: str, status: int, paths: Sequence[Path], findings: Sequence[Finding], *, left_out: Sequence[str] = ()
) -> dict[str, Any]:
    return {"subject": subject, "status": status, "paths": paths, "findings": findings, "left_out": left_out}


# -- printing -------------------------------------------------------------------------------------


def _print(results: Sequence[dict[str, Any]], options: argparse.Namespace, words: _Words) -> None:
    if options.format == "json":
        import json

        named = {
            "template": "template",
            "profile": "profile",
            "explain": "code",
            "verify": "report",
            "refresh": "report",
        }
        subject = named.get(options.command, "workbook")
        entries = [
            {
                subject: result["subject"],
                "status": result["status"],
                "outputs": [str(path) for path in result["paths"]],
                "rules_checked": not result["left_out"] and result["status"] != 2,
                "rules_left_out": list(result["left_out"]),
                "findings": [f.as_json(words.lang) for f in result["findings"]],
            }
            | ({"names": [e.as_json() for e in result["entries"]]} if result.get("entries") is not None else {})
            | (_traced(result, options, words) if options.command == "trace" else {})
            | ({"codes": [e.as_json(words.lang) for e in result["explanations"]]} if "explanations" in result else {})
            | ({"profiles": result["profiles"]} if "profiles" in result else {})
            for result in results
        ]
        print(json.dumps({"version": 1, "results": entries}, ensure_ascii=False, indent=2))
        return
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for result in results:
        if len(results) > 1:
            print(f"== {result['subject']}")
        _print_one(result, options, words, colour=colour)


def _print_one(result: dict[str, Any], options: argparse.Namespace, words: _Words, *, colour: bool) -> None:
    from xl2report.findings import SEVERITIES, by_sheet

    findings = result["findings"]
    groups = by_sheet(findings)
    for name, members in groups:
        if len(groups) > 1:
            print(words["group"].format(name=name.in_language(words.lang)))
        told = Counter[str]()
        for found in members:
            told[found.code] += 1
            if told[found.code] <= MOST_OF_A_CODE:
                print(describe(found, words.lang, colour=colour))
        for code, count in told.items():
            if count > MOST_OF_A_CODE:
                print(words["more_findings"].format(code=code, count=count - MOST_OF_A_CODE))
    if result.get("entries") and not result["paths"]:
        _print_names(result["entries"], words)
        return
    if "explanations" in result:
        _print_explanations(result["explanations"], words)
        return
    if "profiles" in result:
        for one in result["profiles"]:
            print(f"{one['name']}  {one['title']}")
        return
    if options.command == "trace" and _print_trace(result, options, words):
        return
    counts: dict[str, int] = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    said = words["counts"].format_map(counts)
    comma = "，" if words.lang == "zh" else "; "
    if result["paths"]:
        for path in result["paths"]:
            print(f"{words['kept' if result.get('state') == 'kept' else 'written']} {path}")
        print(said)
    elif result["status"] == 2 and options.command in ("check", "verify", "explain"):
        print(f"{words['unusable']}{comma}{said}")
    elif options.command in ("template", "profile") and options.about == "lint":
        print(f"{words[f'{options.command}_checked']}{comma}{said}")
    elif options.command == "verify":
        print(f"{words['differs' if result['status'] else 'verified']}{comma}{said}")
    elif options.command == "check":
        print(f"{words['checked']}{comma}{said}")
    else:
        print(f"{words['nothing']}{comma}{said}")
    if result["left_out"]:
        codes = ("、" if words.lang == "zh" else ", ").join(result["left_out"])
        print(words["unchecked"].format(count=len(result["left_out"]), codes=codes))


def _traced(result: dict[str, Any], options: argparse.Namespace, words: _Words) -> dict[str, Any]:
    """What JSON tells of a trace beside what it tells of every command."""
    from xl2report.trace_text import as_json

    meanings = as_json(result["trace"], words.lang) if result["trace"] else []
    return {"what": options.what or "", "errors": result["errors"], "meanings": meanings}


def _print_trace(result: dict[str, Any], options: argparse.Namespace, words: _Words) -> bool:
    """The trees of a trace, and whether there is nothing more to say."""
    from xl2report.trace_text import as_text

    if result["trace"] and result["trace"].meanings:
        print(as_text(result["trace"], words.lang, everything=options.all))
    if result["errors"] and not options.xlsx and result["status"] != 2:
        print(words["wrong_accounts"].format(count=result["errors"]))
    return not options.xlsx


def _print_explanations(explanations: Sequence[Explanation], words: _Words) -> None:
    """One code in full, or all of them on a line each."""
    for one in explanations:
        print(f"{one.code} {words[one.severity]}  {one.message.in_language(words.lang)}")
        for label, says in one.facets if len(explanations) == 1 else ():
            print(f"    {label.in_language(words.lang)}{words['colon']}{says.in_language(words.lang)}")


def _print_names(entries: Sequence[Entry], words: _Words) -> None:
    """The names that a template may use, one on a line: tag, meaning, unit, value."""
    from xl2report.template_files import shortened
    from xl2report.vocabulary import SECTIONS

    for section, title in SECTIONS.items():
        print(f"== {title.in_language(words.lang)}")
        for entry in (e for e in entries if e.section == section):
            used = "" if entry.used is None else words["times"].format(count=entry.used)
            value = f" = {shortened(entry.value, 60)}" if entry.value else ""
            unit = f" [{entry.unit}]" if entry.unit else ""
            print(f"{entry.tag}  {entry.meaning}{unit}{value}{used}")


def describe(found: Finding, lang: str, *, colour: bool = False) -> str:
    """A finding as text: severity, code, place and message on the first line, the rest indented below."""
    words = _Words(lang)
    head = f"{words[found.severity]} {found.code}"
    if colour:
        head = f"\x1b[{COLOURS[found.severity]}m{head}\x1b[0m"
    lines = [f"{head} {found.place}  {found.message.in_language(lang)}"]
    if found.found:
        lines.append(f"    {words['found']}{found.found}")
    if found.expected:
        lines.append(f"    {words['expected']}{found.expected}")
    if found.terms:
        comma = "；" if lang == "zh" else "; "
        said = [
            f"{t.called(lang)} {t.value}".strip() + (f"（{t.place}）" if t.place else "")
            for t in found.terms[:MOST_TERMS]
        ]
        if len(found.terms) > MOST_TERMS:
            said.append(words["more_terms"].format(count=len(found.terms) - MOST_TERMS))
        lines.append(f"    {words['terms']}{comma.join(said)}")
    lines.append(f"    {words['action']}{found.action.in_language(lang)}")
    return "\n".join(lines)

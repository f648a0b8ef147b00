"""A workbook with its findings in it: coloured cells, comments, and a first sheet that lists them.

The package itself is edited: a part that need not change is copied byte for byte, so that what the program does not know
(charts, pictures, macros, threaded comments, extensions) stays as it was. What an earlier check put in is taken out first:
the sheet with the mark of :func:`xl2report.reader.is_results`, comments by our author, what stands below our line in the
comments of others, and our colours. What a cell was filled with before is kept in a hidden column of the sheet, by the
number of the finding, which the comment bears as well and takes along when rows are inserted or sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from xml.sax.saxutils import escape, quoteattr

from xl2report.comments import INK, NAMES, Comments
from xl2report.editing import (
    DECLARATION,
    LAST_COLUMN,
    LAST_ROW,
    MAIN,
    REF,
    REL,
    Package,
    Styles,
    Tab,
    cell_at,
    cells_of,
    insert,
    merged,
    row_and_column,
    rows_of,
    tag_of,
    text_of,
)
from xl2report.facts import letters
from xl2report.findings import SEVERITIES, Finding, Severity, Words, worst_first
from xl2report.packages import sealed
from xl2report.reader import HEADING_ROWS, RESULTS, RESULTS_MARK, clean
from xl2report.sheets import width_of

COLOURS: Mapping[Severity, str] = {"error": "FFF9C9C9", "warning": "FFFFEB9D", "note": "FFD6E6F7"}
"""No colour that Excel offers, so that a cell that has one was coloured here."""
LONGEST = 1000
"""How many characters of one text are shown."""
FOUND, EXPECTED = Words("现为：", "found: "), Words("应为：", "expected: ")
TERMS, ACTION = Words("依据：", "terms: "), Words("办法：", "what to do: ")
COLUMNS = (
    (Words("序号", "no."), 5.5),
    (Words("级别", "severity"), 7.5),
    (Words("代码", "code"), 7.0),
    (Words("位置", "place"), 17.0),
    (Words("问题", "problem"), 32.0),
    (Words("现为", "found"), 16.0),
    (Words("应为", "expected"), 18.0),
    (Words("依据", "terms"), 41.0),
    (Words("办法", "what to do"), 33.0),
)
HEADING = 4
"""The row of the headings."""
_COUNTS = Words(
    "错误 {error} 个，提示 {warning} 个，说明 {note} 个", "{error} errors, {warning} warnings, {note} notes"
)
_HINT = Words(
    "点“位置”可转到该单元格，其颜色和批注与本表对应。可以直接在本文件中改正，再用它核对、编制：本表不会当作数据读取。",
    "Click a place to go to its cell. You may mend this copy and check or compile it: this sheet is not read as data.",
)
_CLEAN = Words("没有发现问题", "nothing was found")

_EXTENDED = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
_VT = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"


def annotated(workbook: bytes, findings: Iterable[Finding], title: str, lang: str) -> bytes:
    """A copy of a workbook with its findings at their cells and in a first sheet.

    Args:
        workbook: an .xlsx or .xlsm that the reader could read.
        findings: what was found in it.
        title: what the first sheet calls the file.
        lang: ``zh`` or ``en``.
    """
    package = Package(workbook)
    package.settle_custom()
    styles = Styles(package)
    _forget(package, styles)
    numbered = list(enumerate(worst_first(findings), 1))
    covered: dict[int, str] = {}
    tabs = package.tabs
    for tab in tabs:
        here = [(number, f) for number, f in numbered if f.cell is not None and f.cell.sheet == tab.name]
        if here and tab.is_worksheet:
            covered |= _annotate(package, styles, tab, here, lang)
    _add_results(package, styles, numbered, covered, title, lang)
    return sealed(package.packed())


def file_ending(workbook: bytes) -> str:
    """The ending that a copy of a workbook must have: ``.xlsm`` where it holds macros.

    Excel opens no file whose ending is not that of its content.
    """
    package = Package(workbook)
    return ".xlsm" if "macroEnabled" in package.type_of(package.workbook) else ".xlsx"


def said(finding: Finding, lang: str) -> list[str]:
    """A finding as the lines of a comment, its place left out."""
    lines = [f"{NAMES[finding.severity].in_language(lang)} {finding.code}  {finding.message.in_language(lang)}"]
    lines += [FOUND.in_language(lang) + finding.found] if finding.found else []
    lines += [EXPECTED.in_language(lang) + finding.expected] if finding.expected else []
    if finding.terms:
        lines.append(TERMS.in_language(lang) + ("；" if lang == "zh" else "; ").join(_terms(finding, lang)))
    return [_shown(line) for line in [*lines, ACTION.in_language(lang) + finding.action.in_language(lang)]]


def _terms(finding: Finding, lang: str) -> list[str]:
    return [f"{t.called(lang)} {t.value}".strip() + (f"（{t.place}）" if t.place else "") for t in finding.terms]


def _shown(text: str) -> str:
    """A text that XML can hold, cut where it is too long."""
    text = clean(text)[0]
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


# -- cells ----------------------------------------------------------------------------------------


MOST_MARKED = 300
"""Findings of one sheet that are put to their cells: nobody reads thousands of comments, and each takes its time."""


def _annotate(
    package: Package, styles: Styles, tab: Tab, findings: Sequence[tuple[int, Finding]], lang: str
) -> dict[int, str]:
    """Colour the cells of one sheet and comment on them; what each finding's cell was filled with, by number."""
    sheet = package.edit(tab.part)
    findings = findings[:MOST_MARKED]  # the worst come first; the list has all of them
    at: dict[tuple[int, int, int], list[tuple[int, Finding]]] = {}
    for number, found in findings:
        place = row_and_column(found.cell.ref) if found.cell else None
        if place and place[0] <= LAST_ROW and place[1] <= LAST_COLUMN:
            at.setdefault(merged(sheet, *place), []).append((number, found))
    comments = Comments(package, tab)
    covered: dict[int, str] = {}
    for (row, column, last), here in sorted(at.items()):
        cell = cell_at(sheet, row, column)
        style = int(cell.get("s", "0"))
        fill = styles.fill_of(style)
        worst = min((found.severity for _, found in here), key=SEVERITIES.index)
        cell.set("s", str(styles.coloured(style, COLOURS[worst])))
        comments.say(row, column, last, [(number, found.severity, said(found, lang)) for number, found in here])
        covered |= {number: f"{letters(column)}{row + 1} {fill}".strip() for number, _ in here}
    return covered


# -- an earlier check -----------------------------------------------------------------------------


def _forget(package: Package, styles: Styles) -> None:
    """Take out what an earlier check put into the workbook."""
    results = next((tab for tab in package.tabs if tab.is_worksheet and _is_results(package, tab)), None)
    by_number, by_place = _remembered(package, results) if results else ({}, {})
    ours = styles.with_colours(COLOURS.values())
    for tab in package.tabs:
        if not tab.is_worksheet or (results and tab.part == results.part):
            continue
        numbers = Comments(package, tab).forget()
        if not ours or not (results or numbers):
            continue
        for row, element in rows_of(package.tree(tab.part).find(tag_of("sheetData"))):
            for column, cell in cells_of(element):
                style = int(cell.get("s", "0"))
                if style not in ours or not (results or (row, column) in numbers):
                    continue
                place = (tab.name, f"{letters(column)}{row + 1}")
                fill = by_number.get(numbers.get((row, column), 0), by_place.get(place, ""))
                old = styles.place("fills", styles.made(fill)) if fill else 0
                package.edit(tab.part)
                cell.set("s", str(styles.filled(style, old)))
    if results:
        _remove_tab(package, results)


def _mentions(data: bytes, text: str) -> bool:
    return text.encode() in data or text.encode("utf-16-le") in data


def _is_results(package: Package, tab: Tab) -> bool:
    shared = package.related(package.workbook, "sharedStrings")
    parts = [package.parts[tab.part], package.parts[shared] if shared else b""]
    if not any(_mentions(part, RESULTS_MARK) for part in parts):
        return False
    return any(RESULTS_MARK in row for row in _values(package, tab)[:HEADING_ROWS])


def _values(package: Package, tab: Tab) -> list[list[str]]:
    """The texts and numbers of a sheet, blanks left out."""
    rows = []
    for _, row in rows_of(package.tree(tab.part).find(tag_of("sheetData"))):
        texts = []
        for _, cell in cells_of(row):
            value, inline = cell.find(tag_of("v")), cell.find(tag_of("is"))
            if inline is not None:
                texts.append(text_of(inline))
            elif value is not None and cell.get("t") == "s":
                texts.append(package.strings[int(value.text)])
            elif value is not None:
                texts.append(value.text or "")
        rows.append(texts)
    return rows


def _remembered(package: Package, results: Tab) -> tuple[dict[int, str], dict[tuple[str, str], str]]:
    """What the cells were filled with, by the number of the finding and by sheet and cell."""
    by_number: dict[int, str] = {}
    by_place: dict[tuple[str, str], str] = {}
    for row in _values(package, results):
        sheet, mark, rest = row[-1].rpartition("!") if row else ("", "", "")
        ref, _, fill = rest.partition(" ")
        if mark and row_and_column(ref) and row[0].isdigit():
            by_number[int(row[0])] = by_place[sheet, ref] = fill
    return by_number, by_place


def _remove_tab(package: Package, tab: Tab) -> None:
    """Take a sheet out of the workbook."""
    at = [other.part for other in package.tabs].index(tab.part)
    root = package.edit(package.workbook)
    tab.element.getparent().remove(tab.element)
    package.unrelate(package.workbook, tab.part)
    package.remove(tab.part)
    for name in list(root.iter(tag_of("definedName"))):
        local = name.get("localSheetId")
        if local is not None and int(local) == at:
            name.getparent().remove(name)
        elif local is not None and int(local) > at:
            name.set("localSheetId", str(int(local) - 1))
    names = root.find(tag_of("definedNames"))
    if names is not None and len(names) == 0:
        root.remove(names)
    _retitle(package, tab.name, add=False)


# -- the first sheet ------------------------------------------------------------------------------

_AFTER_NAMES = (
    "calcPr", "oleSize", "customWorkbookViews", "pivotCaches", "smartTagPr", "smartTagTypes", "webPublishing",
    "fileRecoveryPr", "webPublishObjects", "extLst",
)  # fmt: skip


def _add_results(
    package: Package,
    styles: Styles,
    numbered: Sequence[tuple[int, Finding]],
    covered: Mapping[int, str],
    title: str,
    lang: str,
) -> None:
    """Put the list of all findings before the other sheets."""
    from lxml import etree

    tabs = package.tabs
    taken, name, number = {tab.name for tab in tabs}, RESULTS, 2
    while name in taken:
        name, number = f"{RESULTS}（{number}）", number + 1
    for tab in tabs:
        if b"tabSelected" in package.parts.get(tab.part, b""):
            for view in package.edit(tab.part).iter(tag_of("sheetView")):
                view.attrib.pop("tabSelected", None)
    part = package.free(package.beside_workbook("worksheets/sheet{}.xml"))
    package.add(part, _results(styles, numbered, covered, tabs, title, lang), _SHEET_TYPE)
    root = package.edit(package.workbook)
    sheets = root.find(tag_of("sheets"))
    sheet = etree.Element(tag_of("sheet"), nsmap={**sheets.nsmap, "r": REL})
    sheet.set("name", name)
    sheet.set("sheetId", str(max(int(tab.element.get("sheetId", "0")) for tab in tabs) + 1))
    sheet.set(f"{{{REL}}}id", package.relate(package.workbook, "worksheet", part))
    sheets.insert(0, sheet)
    for view in root.iter(tag_of("workbookView")):
        for shown in ("activeTab", "firstSheet"):
            view.attrib.pop(shown, None)
    for defined in root.iter(tag_of("definedName")):
        if defined.get("localSheetId") is not None:
            defined.set("localSheetId", str(int(defined.get("localSheetId")) + 1))
    names = root.find(tag_of("definedNames"))
    if names is None:
        names = etree.Element(tag_of("definedNames"), nsmap=root.nsmap)
        insert(root, names, _AFTER_NAMES)
    last = HEADING + max(len(numbered), 1)
    for kind, area in (("_FilterDatabase", f"$A${HEADING}:$I${last}"), ("Print_Titles", f"${HEADING}:${HEADING}")):
        defined = etree.SubElement(names, tag_of("definedName"))
        defined.set("name", f"_xlnm.{kind}")
        defined.set("localSheetId", "0")
        if kind == "_FilterDatabase":
            defined.set("hidden", "1")
        defined.text = f"{_quoted(name)}!{area}"
    _retitle(package, name, add=True)


def _quoted(sheet: str) -> str:
    return "'" + sheet.replace("'", "''") + "'"


def _retitle(package: Package, name: str, *, add: bool) -> None:
    """Put a sheet into, or take it out of, the names of sheets in the document properties, if they list them."""
    from lxml import etree

    part = package.related("", "extended-properties")
    if part is None:
        return
    root = package.tree(part)
    titles = root.find(f"{{{_EXTENDED}}}TitlesOfParts/{{{_VT}}}vector")
    pairs = root.find(f"{{{_EXTENDED}}}HeadingPairs/{{{_VT}}}vector")
    count = next(pairs.iter(f"{{{_VT}}}i4"), None) if pairs is not None else None
    if titles is None or count is None:
        return
    old = next((title for title in titles if title.text == name), None)
    if add:
        title = etree.Element(f"{{{_VT}}}lpstr", nsmap=titles.nsmap)
        title.text = name
        titles.insert(0, title)
    elif old is not None:
        titles.remove(old)
    if add or old is not None:
        package.edit(part)
        count.text = str(int(count.text) + (1 if add else -1))
        titles.set("size", str(len(titles)))


def _target(finding: Finding, tabs: Sequence[Tab]) -> str:
    """The cell that the list links to: that of the finding, its sheet, or the first of its terms; "" for none."""
    names = {tab.name for tab in tabs}
    if finding.cell is not None and finding.cell.sheet in names:
        return f"{_quoted(finding.cell.sheet)}!{finding.cell.ref}"
    if finding.place in names:
        return f"{_quoted(finding.place)}!A1"
    for place in (finding.place, *(term.place for term in finding.terms)):
        sheet, _, ref = place.rpartition("!")
        if sheet in names and REF.fullmatch(ref):
            return f"{_quoted(sheet)}!{ref}"
    return ""


def _results(
    styles: Styles,
    numbered: Sequence[tuple[int, Finding]],
    covered: Mapping[int, str],
    tabs: Sequence[Tab],
    title: str,
    lang: str,
) -> bytes:
    """The list of all findings as a sheet."""
    white, black = '<color rgb="FFFFFFFF"/>', '<color rgb="FF000000"/>'
    middle = 'vertical="center" wrapText="1"'
    looks: dict[str, int] = {
        "title": styles.look(f'<b/><sz val="16"/>{black}', border=False, alignment='vertical="center"'),
        "counts": styles.look(f'<b/><sz val="11"/>{black}', border=False, alignment='vertical="center"'),
        "hint": styles.look('<sz val="10"/><color rgb="FF595959"/>', border=False, alignment='vertical="center"'),
        "head": styles.look(
            f'<b/><sz val="11"/>{white}', "FF1F4E79", alignment='horizontal="center" vertical="center"'
        ),
        "text": styles.look(f'<sz val="10"/>{black}', alignment=middle),
        "short": styles.look(f'<sz val="10"/>{black}', alignment=f'horizontal="center" {middle}'),
        "link": styles.look('<u/><sz val="10"/><color rgb="FF0563C1"/>', alignment=middle),
        **{
            severity: styles.look(
                f'<b/><sz val="10"/><color rgb="{INK[severity]}"/>',
                COLOURS[severity],
                alignment=f'horizontal="center" {middle}',
            )
            for severity in SEVERITIES
        },
    }
    counts: dict[str, int] = {s: sum(f.severity == s for _, f in numbered) for s in SEVERITIES}
    heads = [(head.in_language(lang), "head") for head, _ in COLUMNS]
    rows = [
        _row(1, [(f"{RESULTS if lang == 'zh' else 'Findings'}：{title}", "title")], looks, 30),
        _row(2, [(_COUNTS.in_language(lang).format_map(counts), "counts")], looks, 20),
        _row(3, [(_HINT.in_language(lang), "hint")], looks, 20),
        _row(HEADING, [*heads, (RESULTS_MARK, "hint")], looks, 24),
    ]
    links = []
    for number, found in numbered:
        at = HEADING + number
        target = _target(found, tabs)
        if target:
            links.append(f'<hyperlink ref="D{at}" location={quoteattr(target)} display={quoteattr(found.place)}/>')
        texts = [
            (str(number), "short"),
            (NAMES[found.severity].in_language(lang), found.severity),
            (found.code, "short"),
            (found.place, "link" if target else "text"),
            (found.message.in_language(lang), "text"),
            (found.found, "text"),
            (found.expected, "text"),
            ("\n".join(_terms(found, lang)), "text"),
            (found.action.in_language(lang), "text"),
        ]
        remembered = f"{found.cell.sheet}!{covered[number]}" if found.cell and number in covered else ""
        rows.append(_row(at, [*((_shown(t), look) for t, look in texts), (remembered, "hint")], looks))
    merges = [f"A{row}:I{row}" for row in (1, 2, 3)]
    if not numbered:
        at = HEADING + 1
        merges.append(f"A{at}:I{at}")
        rows.append(_row(at, [(_CLEAN.in_language(lang), "short"), *[("", "short")] * 8], looks, 24))
    widths = "".join(
        f'<col min="{at}" max="{at}" width="{width + 0.7109375}" customWidth="1"/>'
        for at, (_, width) in enumerate(COLUMNS, 1)
    )
    hidden = len(COLUMNS) + 1
    colour = COLOURS[next((s for s in SEVERITIES if counts[s]), "note")]
    view = (
        '<sheetView showGridLines="0" tabSelected="1" workbookViewId="0">'
        f'<pane ySplit="{HEADING}" topLeftCell="A{HEADING + 1}" activePane="bottomLeft" state="frozen"/>'
        f'<selection pane="bottomLeft" activeCell="A{HEADING + 1}" sqref="A{HEADING + 1}"/></sheetView>'
    )
    last = HEADING + max(len(numbered), 1)
    pages = "第 &amp;P 页，共 &amp;N 页" if lang == "zh" else "&amp;P / &amp;N"
    return (
        DECLARATION
        + (
            f'<worksheet xmlns="{MAIN}" xmlns:r="{REL}"><sheetPr><tabColor rgb="{colour}"/>'
            f'<pageSetUpPr fitToPage="1"/></sheetPr><dimension ref="A1:J{last}"/><sheetViews>{view}</sheetViews>'
            f'<sheetFormatPr defaultRowHeight="15"/><cols>{widths}'
            f'<col min="{hidden}" max="{hidden}" width="9.7109375" hidden="1" customWidth="1"/></cols>'
            f'<sheetData>{"".join(rows)}</sheetData><autoFilter ref="A{HEADING}:I{last}"/>'
            f'<mergeCells count="{len(merges)}">{"".join(f"""<mergeCell ref="{area}"/>""" for area in merges)}</mergeCells>'
            + (f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else "")
            + '<printOptions horizontalCentered="1"/>'
            '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.3" footer="0.3"/>'
            '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
            f"<headerFooter><oddFooter>&amp;C{pages}</oddFooter></headerFooter></worksheet>"
        ).encode()
    )


def _row(number: int, cells: Sequence[tuple[str, str]], looks: Mapping[str, int], height: float = 0) -> str:
    """One row of the list, as high as its texts need."""
    said = []
    for at, (text, look) in enumerate(cells):
        ref, style = f"{letters(at)}{number}", looks[look]
        if not text:
            said.append(f'<c r="{ref}" s="{style}"/>')
        elif at == 0 and text.isdigit():
            said.append(f'<c r="{ref}" s="{style}"><v>{text}</v></c>')
        else:
            body = f'<is><t xml:space="preserve">{escape(text)}</t></is>'
            said.append(f'<c r="{ref}" s="{style}" t="inlineStr">{body}</c>')
    if not height:
        lines = [
            sum(max(1, ceil(width_of(line) * 1.06 / (width - 0.5))) for line in text.split("\n"))
            for (text, _), (_, width) in zip(cells, COLUMNS, strict=False)
        ]
        height = min(max(lines) * 13.5 + 7, 409)
    return f'<row r="{number}" ht="{height:g}" customHeight="1">{"".join(said)}</row>'

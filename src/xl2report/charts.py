"""Native charts for Word: their data, their parts, and the designer's own charts refilled.

A chart of a template is found by its alternative text ``chart:NAME`` and keeps its looks; only its numbers, its
ranges and its embedded workbook change. ``{{ chart("NAME") }}`` makes one where the template has none. All work is
done on the parts of the rendered package, so docxtpl need not know of it.
"""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from copy import deepcopy
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from xl2report import caching
from xl2report.derive import Figures
from xl2report.figures import Figure
from xl2report.manifest import fingerprint_of
from xl2report.packages import CONTENT_TYPES, Deflated, pack, parts_of
from xl2report.profile import Chart, Profile
from xl2report.trees import escape, has_tree, parsed, put_tree, quoted, serialised, tree_of

DOCUMENT = "word/document.xml"
MARKER = "chart:"
"""What the alternative text of a template's chart begins with; the name of the chart follows."""
SHEET = "数据"
PALETTE = ("1F4E79", "C55A11", "7F7F7F", "BF9000", "2E75B6", "548235", "843C0C", "7030A0", "3A3838")
C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
CHART_RELATION = f"{R}/chart"
EMBEDDED_RELATION = f"{R}/package"
CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
WIDTH, HEIGHT = 5400000, 2880000
"""Size of a chart that a tag makes, in EMU: 15 cm by 8 cm."""


class ChartData(NamedTuple):
    """What one chart shows: the points by name, the values as they are printed, and a text that says the same."""

    name: str
    caption: str
    kind: str
    series: str
    categories: tuple[str, ...]
    values: tuple[Decimal, ...]
    labels: tuple[str, ...]
    alternative: str
    shown: tuple[Figure, ...] = ()
    """The figures that the values are of."""

    @property
    def number_format(self) -> str:
        """The format that makes a label read as the text does."""
        return 'General"%"' if self.kind == "pie" else "General"


def chart_data(profile: Profile, figures: Figures) -> dict[str, ChartData]:
    """The charts that have something to show, by name; one without a figure or with negative parts has not."""
    found = {}
    for chart in profile.charts.values():
        data = _pie(chart, figures) if chart.kind == "pie" else _columns(chart, figures)
        if data is not None:
            found[chart.name] = data
    return found


def _pie(chart: Chart, figures: Figures) -> ChartData | None:
    """The shares of a list, those of zero left out."""
    names, shares, texts = [], [], []
    for item in figures.listed(chart.list):
        own, share = figures[item.measure], figures[f"{item.measure}.占比"]
        if share.value is None or own.value is None:
            return None
        texts.append(f"{item.label}{own.text}{own.unit.name}，占{share.text}")
        if share.unit.rounded(share.value) > 0:
            names.append(item.label)
            shares.append(share)
    if not names:
        return None
    return _data(chart, "占比", names, shares, texts)


def _columns(chart: Chart, figures: Figures) -> ChartData | None:
    """Last year's figure and this year's."""
    year = int(figures.book.info.get("年度", figures.profile.year))
    own, prior = figures[chart.measure], figures[f"{chart.measure}.上年"]
    if own.value is None or prior.value is None or not (own.value or prior.value):
        return None
    names = [f"{year - 1}年度", f"{year}年度"]
    both = [prior, own]
    texts = [f"{name}{figure.text}{figure.unit.name}" for name, figure in zip(names, both, strict=True)]
    return _data(chart, own.label or chart.measure, names, both, texts)


def _data(chart: Chart, series: str, names: Sequence[str], shown: Sequence[Figure], texts: Sequence[str]) -> ChartData:
    values = tuple(f.unit.rounded(f.value or Decimal(0)) for f in shown)
    kind = "饼图" if chart.kind == "pie" else "柱形图"
    alternative = f"{chart.caption}（{kind}）：{'；'.join(texts)}。"
    labels = tuple(f.text for f in shown)
    return ChartData(
        chart.name, chart.caption, chart.kind, series, tuple(names), values, labels, alternative, tuple(shown)
    )


# -- the parts of a chart -------------------------------------------------------------------------


def embedded_workbook(data: ChartData) -> bytes:
    """The workbook behind a chart: names in column A, values in column B, so that “edit data” works in Word."""
    texts: dict[str, int] = {}

    def text(ref: str, said: str) -> str:
        return f'<c r="{ref}" t="s"><v>{texts.setdefault(said, len(texts))}</v></c>'

    rows = [f'<row r="1" spans="1:2">{text("B1", data.series)}</row>']
    for row, (name, value) in enumerate(zip(data.categories, data.values, strict=True), 2):
        rows.append(f'<row r="{row}" spans="1:2">{text(f"A{row}", name)}<c r="B{row}"><v>{value:f}</v></c></row>')
    parts = _empty_workbook()
    sheet = parts[_SHEET].decode().replace('ref="A1"', f'ref="A1:B{len(rows)}"')
    sheet = sheet.replace("<sheetData/>", f"<sheetData>{''.join(rows)}</sheetData>")
    strings = "".join(
        f"<si><t{' xml:space=' + chr(34) + 'preserve' + chr(34) if said != said.strip() else ''}>{escape(said)}</t></si>"
        for said in texts
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    strings = f'{head} count="{len(rows)}" uniqueCount="{len(texts)}">{strings}</sst>'
    return pack({**parts, _SHEET: sheet.encode(), _STRINGS: strings.encode()})


_SHEET, _STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


@cache
def _empty_workbook() -> Mapping[str, Deflated]:
    """The parts of a workbook behind a chart, without its rows; they are made once and kept."""
    versions = caching.versions(["xlsxwriter"], ["charts"])
    known = caching.kept("embedded", fingerprint_of(versions.encode())) if versions else None
    parts = parts_of(known) if known else _made_workbook()
    if versions and not known:
        caching.keep("embedded", fingerprint_of(versions.encode()), pack(parts))
    return {name: Deflated(part) for name, part in parts.items()}


def _made_workbook() -> dict[str, bytes]:
    """A workbook with the one sheet for a chart's data, and no data."""
    from datetime import datetime

    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"created": datetime(2024, 1, 1)})  # noqa: DTZ001 - the same in every chart
    sheet = book.add_worksheet(SHEET)
    sheet.set_column(0, 0, 36)
    sheet.write_string(0, 0, SHEET)  # for the part of the texts to be there
    book.close()
    parts = parts_of(stream.getvalue())
    parts[_SHEET] = re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData/>", parts[_SHEET])
    return parts


def chart_xml(data: ChartData) -> bytes:
    """A chart part: a pie with its percentages, or columns from zero upwards."""
    plot = _pie_plot(data) if data.kind == "pie" else _column_plot(data)
    legend = (
        f'<c:legend><c:legendPos val="b"/><c:overlay val="0"/>{_font(1050)}</c:legend>' if data.kind == "pie" else ""
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<c:chartSpace xmlns:c="{C}" xmlns:a="{A}" xmlns:r="{R}"><c:date1904 val="0"/><c:lang val="zh-CN"/>'
        f'<c:roundedCorners val="0"/><c:chart><c:autoTitleDeleted val="1"/><c:plotArea><c:layout/>{plot}</c:plotArea>'
        f'{legend}<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart>'
        "<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>"
        f'{_font(1050)}<c:externalData r:id="rId1"><c:autoUpdate val="0"/></c:externalData></c:chartSpace>'
    ).encode()


def _font(size: int) -> str:
    return (
        f'<c:txPr><a:bodyPr/><a:lstStyle/><a:p><a:pPr><a:defRPr sz="{size}"><a:latin typeface="Times New Roman"/>'
        '<a:ea typeface="宋体"/></a:defRPr></a:pPr><a:endParaRPr lang="zh-CN"/></a:p></c:txPr>'
    )


def _fill(colour: str) -> str:
    return f'<c:spPr><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></c:spPr>'


def _labels(data: ChartData, position: str) -> str:
    shown = {"LegendKey": 0, "Val": 1, "CatName": 0, "SerName": 0, "Percent": 0, "BubbleSize": 0}
    flags = "".join(f'<c:show{name} val="{on}"/>' for name, on in shown.items())
    leader = '<c:showLeaderLines val="1"/>' if data.kind == "pie" else ""
    return (
        f'<c:dLbls><c:numFmt formatCode={quoted(data.number_format)} sourceLinked="0"/><c:spPr><a:noFill/></c:spPr>'
        f'{_font(1050)}<c:dLblPos val="{position}"/>{flags}{leader}</c:dLbls>'
    )


def _text_points(names: Sequence[str]) -> str:
    points = "".join(f'<c:pt idx="{i}"><c:v>{escape(name)}</c:v></c:pt>' for i, name in enumerate(names))
    return f'<c:ptCount val="{len(names)}"/>{points}'


def _references(data: ChartData) -> tuple[str, str, str]:
    """The name of the series, its categories and its values, with their ranges and caches."""
    last = len(data.categories) + 1
    names = _text_points(data.categories)
    points = "".join(f'<c:pt idx="{i}"><c:v>{value}</c:v></c:pt>' for i, value in enumerate(data.values))
    numbers = f'<c:formatCode>General</c:formatCode><c:ptCount val="{len(data.values)}"/>{points}'
    return (
        f"<c:tx><c:strRef><c:f>{SHEET}!$B$1</c:f><c:strCache>{_text_points([data.series])}</c:strCache></c:strRef></c:tx>",
        f"<c:cat><c:strRef><c:f>{SHEET}!$A$2:$A${last}</c:f><c:strCache>{names}</c:strCache></c:strRef></c:cat>",
        f"<c:val><c:numRef><c:f>{SHEET}!$B$2:$B${last}</c:f><c:numCache>{numbers}</c:numCache></c:numRef></c:val>",
    )


def _pie_plot(data: ChartData) -> str:
    name, categories, values = _references(data)
    points = "".join(
        f'<c:dPt><c:idx val="{i}"/><c:bubble3D val="0"/>{_fill(PALETTE[i % len(PALETTE)])}</c:dPt>'
        for i in range(len(data.values))
    )
    return (
        f'<c:pieChart><c:varyColors val="1"/><c:ser><c:idx val="0"/><c:order val="0"/>{name}{points}'
        f'{_labels(data, "outEnd")}{categories}{values}</c:ser><c:firstSliceAng val="0"/></c:pieChart>'
    )


def _column_plot(data: ChartData) -> str:
    name, categories, values = _references(data)
    minimum = "" if min(data.values) < 0 else '<c:min val="0"/>'
    line = '<c:spPr><a:ln w="9525"><a:solidFill><a:srgbClr val="7F7F7F"/></a:solidFill></a:ln></c:spPr>'
    grid = '<c:majorGridlines><c:spPr><a:ln w="6350"><a:solidFill><a:srgbClr val="D9D9D9"/></a:solidFill></a:ln></c:spPr></c:majorGridlines>'
    marks = '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>'
    return (
        '<c:barChart><c:barDir val="col"/><c:grouping val="clustered"/><c:varyColors val="0"/><c:ser><c:idx val="0"/>'
        f'<c:order val="0"/>{name}{_fill(PALETTE[0])}<c:invertIfNegative val="0"/>{_labels(data, "outEnd")}{categories}{values}'
        '</c:ser><c:gapWidth val="150"/><c:axId val="111111111"/><c:axId val="222222222"/></c:barChart>'
        '<c:catAx><c:axId val="111111111"/><c:scaling><c:orientation val="minMax"/></c:scaling><c:delete val="0"/>'
        f'<c:axPos val="b"/><c:numFmt formatCode="General" sourceLinked="0"/>{marks}{line}{_font(1050)}'
        '<c:crossAx val="222222222"/><c:crosses val="autoZero"/><c:auto val="1"/><c:lblAlgn val="ctr"/>'
        '<c:lblOffset val="100"/><c:noMultiLvlLbl val="0"/></c:catAx>'
        f'<c:valAx><c:axId val="222222222"/><c:scaling><c:orientation val="minMax"/>{minimum}</c:scaling>'
        f'<c:delete val="0"/><c:axPos val="l"/>{grid}<c:numFmt formatCode="General" sourceLinked="0"/>{marks}'
        f'<c:spPr><a:ln><a:noFill/></a:ln></c:spPr>{_font(1050)}<c:crossAx val="111111111"/><c:crosses val="autoZero"/>'
        '<c:crossBetween val="between"/></c:valAx>'
    )


def drawing_xml(name: str) -> str:
    """The run content for a chart that a tag makes; its relationship is filled in by :func:`place`."""
    return (
        f'<w:drawing><wp:inline xmlns:wp="{WP}" distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{WIDTH}" cy="{HEIGHT}"/><wp:docPr id="1" name={quoted(name)} descr={quoted(MARKER + name)}/>'
        f'<wp:cNvGraphicFramePr/><a:graphic xmlns:a="{A}"><a:graphicData uri="{C}">'
        f'<c:chart xmlns:c="{C}" xmlns:r="{R}" r:id="new"/></a:graphicData></a:graphic></wp:inline></w:drawing>'
    )


# -- charts in a package --------------------------------------------------------------------------


def has_charts(parts: Mapping[str, bytes]) -> bool:
    """Whether there are charts in a template."""
    return any(name.startswith("word/charts/") for name in parts)


def place(parts: MutableMapping[str, bytes], charts: Mapping[str, ChartData]) -> tuple[str, ...]:
    """Fill every chart of a rendered document with its data; drop the parts of those that are no longer there.

    Args:
        parts: the parts of the package, changed in place.
        charts: the data by name. A chart that bears no name keeps what the template shows.

    Returns:
        The names of the charts that were taken out because there is no data for them.
    """
    relations_part = parts.get(_relations_of(DOCUMENT), b"")
    if not has_tree(parts, DOCUMENT) and MARKER.encode() not in parts[DOCUMENT] and b"charts/" not in relations_part:
        return ()
    document = tree_of(parts, DOCUMENT)
    found = list(_charts_in(document))
    if not found and b"charts/" not in relations_part:
        return ()
    relations = parsed(relations_part)
    targets = {r.get("Id"): r for r in relations if r.get("Type") == CHART_RELATION}
    taken: set[str] = set()
    dropped: list[str] = []
    for number, (properties, reference) in enumerate(found, 1):
        name = _name_of(properties)
        relation = targets.get(reference.get(f"{{{R}}}id"))
        if name and name not in charts:
            dropped.append(name)
            _take_out(reference)
            continue
        if not name:
            if relation is not None:
                taken.add(relation.get("Id"))
            continue
        if relation is None or relation.get("Id") in taken:
            relation = _add(parts, relations, charts[name], relation)
            reference.set(f"{{{R}}}id", relation.get("Id"))
        else:
            part = posixpath.join("word", relation.get("Target"))
            _refill(parts, part, charts[name])
        taken.add(relation.get("Id"))
        properties.set("descr", charts[name].alternative)
        properties.set("name", f"图{number}")
        properties.attrib.pop("title", None)
    for identifier, relation in targets.items():
        if identifier not in taken:
            relations.remove(relation)
            _remove(parts, posixpath.join("word", relation.get("Target")))
    for number, properties in enumerate(document.iter(f"{{{WP}}}docPr"), 1):
        properties.set("id", str(number))
    put_tree(parts, DOCUMENT, document)
    parts[_relations_of(DOCUMENT)] = serialised(relations)
    return tuple(dropped)


class Drawn(NamedTuple):
    """A chart as a document shows it: the name and alternative text of its drawing, its categories, its values; its part."""

    drawing: str
    alternative: str
    categories: tuple[str, ...]
    values: tuple[str, ...]
    part: str = ""


def charts_drawn(parts: Mapping[str, bytes]) -> Iterator[Drawn]:
    """Every chart of a document in reading order, with what its caches hold; one that cannot be read is passed over."""
    from lxml import etree

    if not has_tree(parts, DOCUMENT) and C.encode() not in parts[DOCUMENT]:
        return
    document = tree_of(parts, DOCUMENT)
    relations: Any = etree.fromstring(parts[_relations_of(DOCUMENT)], etree.XMLParser(resolve_entities=False))
    targets = {r.get("Id"): posixpath.join("/word", r.get("Target", ""))[1:] for r in relations}
    for properties, reference in _charts_in(document):
        part = targets.get(reference.get(f"{{{R}}}id"), "")
        data = parts.get(part)
        if properties is None or data is None:
            continue
        try:
            space: Any = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
        except etree.XMLSyntaxError:
            continue
        categories, values = (
            tuple(str(v.text or "") for v in space.iterfind(f".//{{{C}}}{tag}//{{{C}}}pt/{{{C}}}v"))
            for tag in ("cat", "val")
        )
        yield Drawn(properties.get("name") or "", properties.get("descr") or "", categories, values, part)


def chart_drawings(parts: Mapping[str, bytes]) -> tuple[tuple[str, str], ...]:
    """The names and the alternative texts of the drawings of charts, in reading order."""
    if not has_tree(parts, DOCUMENT) and C.encode() not in parts[DOCUMENT]:
        return ()
    found = (properties for properties, _ in _charts_in(tree_of(parts, DOCUMENT)))
    return tuple((one.get("name") or "", one.get("descr") or "") for one in found if one is not None)


def redraw(parts: MutableMapping[str, bytes], part: str, data: ChartData) -> bool:
    """New numbers in a chart of an edited report; a workbook behind it where a program left it out; whether it was possible."""
    from lxml import etree

    space: Any = etree.fromstring(parts[part], etree.XMLParser(resolve_entities=False))
    if space.find(f".//{{{C}}}ser") is None:
        return False
    if space.find(f"{{{C}}}externalData") is None and _relations_of(part) not in parts:
        _embed(parts, part, data, "rId1")
        behind = space.find(f"{{{C}}}printSettings")
        behind = space.find(f"{{{C}}}userShapes") if behind is None else behind
        behind = space.find(f"{{{C}}}extLst") if behind is None else behind
        external = etree.fromstring(
            f'<c:externalData xmlns:c="{C}" xmlns:r="{R}" r:id="rId1"><c:autoUpdate val="0"/></c:externalData>'
        )
        if behind is None:
            space.append(external)
        else:
            behind.addprevious(external)
        parts[part] = serialised(space)
    _refill(parts, part, data)
    return True


def described(document: Any, alternatives: Mapping[str, str]) -> bool:
    """Give the drawings of charts new alternative texts, by their relations; whether any changed."""
    changed = False
    for properties, reference in _charts_in(document):
        text = alternatives.get(reference.get(f"{{{R}}}id"))
        if properties is not None and text is not None and properties.get("descr") != text:
            properties.set("descr", text)
            changed = True
    return changed


def _take_out(reference: Any) -> None:
    """Remove the run in which a chart stands."""
    element = reference
    while element.tag.rpartition("}")[2] != "r":
        element = element.getparent()
    element.getparent().remove(element)


def _relations_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return f"{folder}/_rels/{name}.rels"


def _charts_in(document: Any) -> Iterator[tuple[Any, Any]]:
    """(docPr, c:chart) of every chart in reading order."""
    for reference in document.iter(f"{{{C}}}chart"):
        frame = reference
        while frame is not None and frame.tag not in (f"{{{WP}}}inline", f"{{{WP}}}anchor"):
            frame = frame.getparent()
        if frame is not None:
            yield frame.find(f"{{{WP}}}docPr"), reference


def _name_of(properties: Any) -> str:
    for attribute in ("descr", "title"):
        text = properties.get(attribute) or ""
        if text.startswith(MARKER):
            return str(text.removeprefix(MARKER).strip())
    return ""


def _add(parts: MutableMapping[str, bytes], relations: Any, data: ChartData, like: Any) -> Any:
    """A new chart part with its workbook: a copy of one that is taken already, or our own; returns its relationship."""
    number = 1
    while f"word/charts/chart{number}.xml" in parts:
        number += 1
    part = f"word/charts/chart{number}.xml"
    if like is None:
        parts[part] = chart_xml(data)
        _embed(parts, part, data, "rId1")
    else:
        parts[part] = parts[posixpath.join("word", like.get("Target"))]
        _embed(parts, part, data, "rId1")
        parts[part] = re.sub(rb'(<c:externalData[^>]*r:id=")[^"]*', rb"\g<1>rId1", parts[part])
        _refill(parts, part, data)
    override = f'<Override PartName="/{part}" ContentType="{CHART_TYPE}"/>'.encode()
    parts[CONTENT_TYPES] = parts[CONTENT_TYPES].replace(b"</Types>", override + b"</Types>")
    relation = relations.makeelement(f"{{{PACKAGE}}}Relationship")
    relation.set("Id", f"rIdChart{number}")
    relation.set("Type", CHART_RELATION)
    relation.set("Target", f"charts/chart{number}.xml")
    relations.append(relation)
    return relation


def _embed(parts: MutableMapping[str, bytes], part: str, data: ChartData, identifier: str) -> None:
    """Put a chart's workbook beside it."""
    number = re.sub(r"\D", "", posixpath.basename(part))
    parts[f"word/embeddings/chart{number}.xlsx"] = embedded_workbook(data)
    parts[_relations_of(part)] = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="{identifier}" Type="{EMBEDDED_RELATION}" Target="../embeddings/chart{number}.xlsx"/></Relationships>'
    ).encode()
    if b'Extension="xlsx"' not in parts[CONTENT_TYPES]:
        kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        default = b'<Default Extension="xlsx" ContentType="' + kind + b'"/>'
        parts[CONTENT_TYPES] = re.sub(rb"(<Types[^>]*>)", rb"\1" + default, parts[CONTENT_TYPES], count=1)


def _remove(parts: MutableMapping[str, bytes], part: str) -> None:
    """Take a chart out of the package, with everything that only it refers to."""
    relations = parts.pop(_relations_of(part), b"").decode()
    gone = [part]
    for target in re.findall(r'Target="([^"]+)"', relations):
        gone.append(posixpath.normpath(posixpath.join(posixpath.dirname(part), target)))
    for name in gone:
        parts.pop(name, None)
        parts[CONTENT_TYPES] = re.sub(
            rb'<Override [^>]*PartName="/' + re.escape(name.encode()) + rb'"[^>]*/>', b"", parts[CONTENT_TYPES]
        )


def _refill(parts: MutableMapping[str, bytes], part: str, data: ChartData) -> None:
    """New numbers in a designer's chart: caches, ranges and embedded workbook; its looks stay."""
    from lxml import etree

    space: Any = etree.fromstring(parts[part])
    plots = list(dict.fromkeys(series.getparent() for series in space.iter(f"{{{C}}}ser")))
    for plot in plots[1:]:
        plot.getparent().remove(plot)
    series = plots[0].findall(f"{{{C}}}ser")
    for extra in series[1:]:
        plots[0].remove(extra)
    name, categories, values = (etree.fromstring(_declared(x)) for x in _references(data))
    _replace(series[0], "tx", name)
    _replace(series[0], "cat", categories)
    _replace(series[0], "val", values)
    points = len(data.values)
    for tag in ("dPt", "dLbl"):
        for one in list(series[0].iter(f"{{{C}}}{tag}")):
            if int(one.find(f"{{{C}}}idx").get("val")) >= points:
                one.getparent().remove(one)
    _colour(series[0], points)
    for minimum in space.iter(f"{{{C}}}min"):
        if min(data.values) < 0:
            minimum.getparent().remove(minimum)
    parts[part] = serialised(space)
    relations = parts.get(_relations_of(part), b"").decode()
    target = re.search(
        rf'Type="{re.escape(EMBEDDED_RELATION)}"[^>]*Target="([^"]+)"|Target="([^"]+)"[^>]*Type="{re.escape(EMBEDDED_RELATION)}"',
        relations,
    )
    if target:
        book = posixpath.normpath(posixpath.join(posixpath.dirname(part), target[1] or target[2]))
        parts[book] = embedded_workbook(data)


def _declared(fragment: str) -> str:
    return re.sub(r"^<(c:\w+)", rf'<\1 xmlns:c="{C}"', fragment, count=1)


ORDER = ("idx", "order", "tx", "spPr", "invertIfNegative", "explosion", "pictureOptions", "marker", "dPt", "dLbls",
         "trendline", "errBars", "cat", "val", "smooth", "shape", "extLst")  # fmt: skip
"""The order that the schema wants the children of a series in."""


def _replace(series: Any, tag: str, new: Any) -> None:
    """Put a child in the place of the one of its kind, or where the schema wants it."""
    old = series.find(f"{{{C}}}{tag}")
    if old is not None:
        series.replace(old, new)
        return
    later = ORDER[ORDER.index(tag) + 1 :]
    for at, child in enumerate(series):
        if child.tag.rpartition("}")[2] in later:
            series.insert(at, new)
            return
    series.append(new)


def _colour(series: Any, points: int) -> None:
    """Give points without a colour of their own one, where the designer coloured points at all."""
    from lxml import etree

    given = series.findall(f"{{{C}}}dPt")
    if not given:
        return
    for index in range(len(given), points):
        fresh = deepcopy(given[-1])
        fresh.find(f"{{{C}}}idx").set("val", str(index))
        old = fresh.find(f"{{{C}}}spPr")
        new = etree.fromstring(
            _declared(_fill(PALETTE[index % len(PALETTE)])).replace("<c:spPr ", f'<c:spPr xmlns:a="{A}" ')
        )
        if old is not None:
            fresh.replace(old, new)
        else:
            fresh.append(new)
        given[-1].addnext(fresh)
        given.append(fresh)

"""The contents and the PDF: entries are the headings, numbers are those printed on their pages, and no program is needed."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import docx
import pytest
from lxml import etree

import xl2report
from xl2report import contents, office
from xl2report.cli import main
from xl2report.contents import MARK, W, with_contents
from xl2report.packages import pack, parts_of, sealed, untouched

PAGE = re.compile(r"—\s*(\d+)\s*—")


def rendered(*paragraphs: tuple[str, str]) -> dict[str, bytes]:
    """A report of these paragraphs (text, style), as it leaves the template."""
    document = docx.Document()
    for text, style in paragraphs:
        document.add_paragraph(text, style)
    stream = io.BytesIO()
    document.save(stream)
    return parts_of(stream.getvalue())


def tree(package: bytes | Mapping[str, bytes]) -> Any:
    parts = parts_of(package) if isinstance(package, bytes) else package
    return etree.fromstring(parts["word/document.xml"])


def entries(package: bytes | Mapping[str, bytes]) -> list[tuple[int, str, str]]:
    """Level, text and page of every line of the contents."""
    found = []
    for paragraph in tree(package).iter(f"{W}p"):
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        text = "".join(t.text or "" if t.tag == f"{W}t" else "\t" for t in paragraph.iter(f"{W}t", f"{W}tab"))
        if style is not None and style.get(f"{W}val", "").startswith("TOC") and "\t" in text:
            found.append((int(style.get(f"{W}val")[3:]), *text.split("\t")))
    return found


@pytest.fixture(scope="module")
def paginated(example: Path, tmp_path_factory: pytest.TempPathFactory, needs: Callable[[str], str]) -> tuple[Path, ...]:
    """The example with page numbers and PDF: (schedules, report, PDF)."""
    needs("soffice")
    result = xl2report.compile(example, tmp_path_factory.mktemp("paginated"), toc="auto", pdf=True)
    assert [f.code for f in result.findings if f.code.startswith("N4")] == ["N407"]
    return result.paths


@pytest.fixture
def no_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without LibreOffice."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(office, "USUAL", ())


# -- the example -----------------------------------------------------------------------------------


def test_the_entries_are_the_headings_without_those_inside_the_attachments(outputs: tuple[Path, Path]) -> None:
    expected: list[tuple[int, str, str]] = []
    inside = False
    for paragraph in docx.Document(str(outputs[1])).paragraphs:
        style = paragraph.style.name if paragraph.style else ""
        if style == "附件编号":
            inside = True
            expected.append((2, paragraph.text, ""))
        elif style == "附件标题":
            expected[-1] = (2, f"{expected[-1][1]}　{paragraph.text}", "")
        elif style.startswith("Heading"):
            inside = inside and style != "Heading 1"
            expected += [] if inside else [(int(style[-1]), paragraph.text, "")]

    assert entries(outputs[1].read_bytes()) == expected
    assert [text for level, text, _ in expected if level == 1] == [
        "第一部分　部门概况",
        "第二部分　2023年度部门决算情况说明",
        "第三部分　名词解释",
        "第四部分　附件",
        "第五部分　附表",
    ]
    assert sum(text.startswith("附件") for _, text, _ in expected) == 3


def test_the_numbers_are_those_at_the_foot_of_the_headings_pages(
    paginated: tuple[Path, ...], needs: Callable[[str], str]
) -> None:
    text = subprocess.run(
        [needs("pdftotext"), "-layout", paginated[2], "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = [page for page in text.split("\f") if "....." not in page]
    lines = [
        (found[-1], re.sub(r"\s", "", line))
        for page in pages
        if (found := PAGE.findall(page))
        for line in page.splitlines()
    ]
    at = 0
    for _, heading, number in entries(paginated[1].read_bytes()):
        start = re.sub(r"\s", "", heading)[:14]
        start = start[:3] if start.startswith("附件") and len(start) > 3 else start  # its title is another line
        at = next(i for i in range(at, len(lines)) if lines[i][1].startswith(start) and "：" not in lines[i][1][:4])
        assert number == lines[at][0], heading


def test_the_printed_contents_are_those_of_the_document(
    paginated: tuple[Path, ...], needs: Callable[[str], str]
) -> None:
    text = subprocess.run(
        [needs("pdftotext"), "-layout", paginated[2], "-"], capture_output=True, text=True, check=True
    ).stdout
    printed = re.findall(r"\.{5,}\s*(\d+)\s*$", text, re.MULTILINE)

    assert printed == [page for _, _, page in entries(paginated[1].read_bytes())]


def test_page_numbers_and_pdf_are_the_same_bytes_in_every_run(
    paginated: tuple[Path, ...], example: Path, tmp_path: Path
) -> None:
    again = xl2report.compile(example, tmp_path, toc="paginate", pdf=True)

    assert [p.read_bytes() for p in again.paths] == [p.read_bytes() for p in paginated]


def test_an_untouched_pdf_is_known_and_an_edited_one_too(paginated: tuple[Path, ...], tmp_path: Path) -> None:
    edited = tmp_path / "report.pdf"
    edited.write_bytes(paginated[2].read_bytes() + b"% a note")

    assert untouched(paginated[2])
    assert not untouched(edited)


def test_only_the_numbers_differ_from_the_report_without_them(
    paginated: tuple[Path, ...], outputs: tuple[Path, Path]
) -> None:
    with_numbers, without = parts_of(paginated[1].read_bytes()), parts_of(outputs[1].read_bytes())
    number = (
        rb'<w:r><w:t xml:space="preserve">\d+</w:t></w:r>(<w:r><w:fldChar w:fldCharType="end"/></w:r></w:hyperlink>)'
    )

    assert re.sub(number, rb"\1", with_numbers["word/document.xml"]) == without["word/document.xml"]
    assert {n for n in without if with_numbers[n] != without[n]} == {"word/document.xml", "docProps/custom.xml"}


def test_every_entry_is_a_link_to_a_bookmark_and_word_is_asked_nothing(outputs: tuple[Path, Path]) -> None:
    parts = parts_of(outputs[1].read_bytes())
    body = etree.fromstring(parts["word/document.xml"])
    named = [b.get(f"{W}name", "") for b in body.iter(f"{W}bookmarkStart")]
    bookmarks = [name for name in named if name.startswith("_Toc")]  # the others are marks
    links = [link.get(f"{W}anchor") for link in body.iter(f"{W}hyperlink")]
    fields = [(i.text or "").strip() for i in body.iter(f"{W}instrText")]

    assert links == bookmarks
    assert len(set(bookmarks)) == len(bookmarks) > 30
    assert fields == [r'TOC \o "1-3" \h \z \u', *(rf"PAGEREF {name} \h" for name in bookmarks)]
    assert b"updateFields" not in parts["word/settings.xml"]
    assert b"w:dirty" not in parts["word/document.xml"]


def test_the_tab_of_the_entries_stands_at_the_width_of_the_text(outputs: tuple[Path, Path]) -> None:
    document = docx.Document(str(outputs[1]))
    section = document.sections[0]
    width = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)

    for level in (1, 2, 3):
        style: Any = document.styles[f"toc {level}"]
        assert [(t.position, str(t.leader)) for t in style.paragraph_format.tab_stops] == [(width, "DOTS (1)")]


@pytest.mark.parametrize("toc", ["paginate", "none"])
def test_the_validator_has_nothing_to_say(
    toc: contents.Toc, paginated: tuple[Path, ...], example: Path, tmp_path: Path, validator: str
) -> None:
    path = paginated[1] if toc == "paginate" else xl2report.compile(example, tmp_path, toc=toc).paths[1]
    done = subprocess.run([validator, path], capture_output=True, text=True, timeout=120, check=False)

    assert json.loads(done.stdout)["errors"] == []


# -- what may be asked for -------------------------------------------------------------------------


def test_without_contents_there_is_no_trace_of_them(example: Path, tmp_path: Path) -> None:
    result = xl2report.compile(example, tmp_path, toc="none", marks="none")
    document = docx.Document(str(result.paths[1]))

    assert not {"N407", "N408", "N409"} & {f.code for f in result.findings}
    assert not any(re.sub(r"\s", "", p.text) == "目录" for p in document.paragraphs)
    assert "TOC" not in document.element.body.xml
    assert "bookmarkStart" not in document.element.body.xml


@pytest.mark.usefixtures("no_office")
def test_without_libreoffice_the_contents_are_a_field_and_that_is_said(
    example: Path, outputs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    assert main(["compile", str(example), "-o", str(out), "--lang", "zh"]) == 0
    assert "说明 N408 report.docx  目录没有印页码：没有找到 LibreOffice" in capsys.readouterr().out
    assert (out / outputs[1].name).read_bytes() == outputs[1].read_bytes()


@pytest.mark.usefixtures("no_office")
@pytest.mark.parametrize("option", [["--pdf"], ["--toc", "paginate"], ["--toc", "none", "--pdf"]])
def test_what_needs_libreoffice_is_one_error_without_it_and_nothing_is_written(
    option: list[str], example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    assert main(["compile", str(example), "-o", str(out), "--lang", "en", *option]) == 1
    said = capsys.readouterr().out
    assert re.findall(r"^error (\w+)", said, re.MULTILINE) == ["O605"]
    assert "nothing was written; 1 errors" in said
    assert not out.exists()


def test_a_libreoffice_that_hangs_is_ended_with_its_children(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, alive = tmp_path / "programs", tmp_path / "alive"
    programs.mkdir()
    child = f"import time, pathlib; time.sleep(2); pathlib.Path({str(alive)!r}).touch()"
    (programs / "soffice").write_text(
        f"#!{sys.executable}\nimport subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])\n"
    )
    (programs / "soffice").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(office, "TIMEOUT", 0.5)
    result = xl2report.compile(example, tmp_path / "out", toc="none", pdf=True)

    assert [(f.code, f.message.en) for f in result.findings if f.severity == "error"] == [
        ("O606", "LibreOffice did not convert the report: not done in 0.5 seconds")
    ]
    assert not (tmp_path / "out").exists()
    time.sleep(2)
    assert not alive.exists()


def test_an_unknown_way_is_refused(example: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["compile", str(example), "--toc", "yes"])

    assert stopped.value.code == 2


# -- templates -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_office")
def test_a_template_without_the_tag_needs_nothing_and_stays_as_it_is() -> None:
    parts = rendered(("第一部分", "Heading 1"))

    assert with_contents(parts, "paginate", "r.docx") == contents.Contents(parts)


def test_the_mark_is_replaced_once_and_printed_nowhere() -> None:
    package = rendered((MARK, "Normal"), ("一部", "Heading 1"), (f"见{MARK}。", "Normal"), (MARK, "Normal"))
    done = with_contents(package, "field", "r.docx").parts
    assert done is not None

    assert entries(done) == [(1, "一部", "")]
    assert MARK.encode() not in done["word/document.xml"]
    assert "见。" in [p.text for p in docx.Document(io.BytesIO(sealed(done))).paragraphs]


def test_headings_of_other_levels_and_empty_ones_are_left_out_and_breaks_are_spaces() -> None:
    package = rendered((MARK, "Normal"), ("一\n二", "Heading 1"), ("", "Heading 2"), ("四级", "Heading 4"))
    done = with_contents(package, "field", "r.docx").parts
    assert done is not None

    assert entries(done) == [(1, "一 二", "")]


def test_a_template_saved_by_a_word_of_other_names_has_the_same_contents() -> None:
    """Chinese Word numbers its style ids, Word Online calls the document document2.xml, a section may end at the tag."""
    parts = rendered((MARK, "Normal"), ("一部", "Heading 1"), ("一节", "Heading 2"))
    section = b"<w:sectPr><w:pgNumType/></w:sectPr>"
    document = parts.pop("word/document.xml").replace(b'"Heading1"', b'"10"')
    document = document.replace(b'<w:pStyle w:val="Normal"/>', b"").replace(b"<w:pPr/>", b"")
    document = document.replace(b"<w:p><w:r>", b"<w:p><w:pPr>" + section + b"</w:pPr><w:r>", 1)
    toc = b'<w:style w:type="paragraph" w:styleId="21"><w:name w:val="TOC 1"/></w:style></w:styles>'
    parts["word/styles.xml"] = (
        parts["word/styles.xml"].replace(b'styleId="Heading1"', b'styleId="10"').replace(b"</w:styles>", toc)
    )
    parts["word/document2.xml"] = document
    parts["word/_rels/document2.xml.rels"] = parts.pop("word/_rels/document.xml.rels")
    for name in ("[Content_Types].xml", "_rels/.rels"):
        parts[name] = parts[name].replace(b"word/document.xml", b"word/document2.xml")
    done = with_contents(parts, "field", "r.docx").parts
    assert done is not None
    written = done["word/document2.xml"]

    assert [s.get(f"{W}val") for s in etree.fromstring(written).iter(f"{W}pStyle")] == [
        "21",
        "TOC2",
        "21",
        "10",
        "Heading2",
    ]
    assert written.count(b"<w:pgNumType") == 1


def test_a_report_without_headings_has_empty_contents() -> None:
    done = with_contents(rendered((MARK, "Normal"), ("正文", "Normal")), "field", "r.docx").parts
    assert done is not None

    assert entries(done) == []


def numbering(pages: Callable[[int], str]) -> Callable[[bytes, str, str], bytes]:
    """A LibreOffice that gives every heading the page of the round."""
    rounds = iter(range(1, 10))

    def convert(data: bytes, to: str, place: str) -> bytes:
        parts = parts_of(data)
        page = pages(next(rounds)).encode()
        parts["word/document.xml"] = parts["word/document.xml"].replace(b">?<", b">" + page + b"<")
        return pack(parts)

    return convert


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        (lambda _: "iv", "iv"),  # as it is printed, not as pages are counted
        (lambda n: "3" if n == 1 else "4", "4"),  # the numbers themselves moved a heading
        (str, "the page numbers do not settle"),
        (lambda _: "", "it gave no page numbers"),
        (lambda _: "?", "it gave no page numbers"),
    ],
)
def test_numbers_are_printed_only_when_a_second_measuring_confirms_them(
    pages: Callable[[int], str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "convert", numbering(pages))
    done = with_contents(rendered((MARK, "Normal"), ("一部", "Heading 1")), "paginate", "r.docx")

    if done.parts is None:
        assert [(f.code, f.message.en) for f in done.findings] == [
            ("O606", f"LibreOffice did not convert the report: {expected}")
        ]
    else:
        assert entries(done.parts) == [(1, "一部", expected)]

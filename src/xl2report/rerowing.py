"""Rows of a table of an edited report that come and go: a table that nobody touched gets the rows that would be printed now.

A new row is a copy of one that looks as the fresh report's rows look to each other, so it has the formatting that people gave the table;
its texts and marks are those of the fresh report.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from xl2report.manifest import Mark, Wording
from xl2report.marks import HIDDEN, Opened, W
from xl2report.rewriting import Tracker, letters, like, run_as_deleted
from xl2report.sentences import Sentence

_MERGE = re.compile(r"<w:vMerge[^>]*/>")


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to be put in: the row of the edited report to copy, the row of the fresh one to say, where it goes."""

    pattern: Any
    fresh: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Rows:
    """What is done with one table: rows that stay, as (edited, fresh); rows to take out; rows to put in, in order.

    ``edited`` and ``fresh`` are all rows of the table as it is and as it is to be.
    """

    same: tuple[tuple[Sentence, Sentence], ...]
    gone: tuple[Any, ...]
    new: tuple[NewRow, ...]
    edited: tuple[Sentence, ...]
    fresh: tuple[Sentence, ...]

    @property
    def stayed(self) -> dict[str, str]:
        """Name of a mark of the fresh report -> that of the mark in the row that stays."""
        return {f.name: e.name for old, new in self.same for e, f in zip(old.marks, new.marks, strict=True)}


def row_elements(opened: Opened) -> dict[int, Any]:
    """Number of a row -> its element."""
    found: dict[int, Any] = {}
    for root in opened.trees.values():
        for row in root.iter(f"{W}tr"):
            if not any(True for _ in row.iterancestors(f"{W}tr", *HIDDEN)):
                found[len(found) + 1] = row
    return found


def planned(
    edited: Sequence[Sentence], fresh: Sequence[Sentence], here: Mapping[int, Any], there: Mapping[int, Any]
) -> Rows | None:
    """How one table becomes another; ``None`` where no row of it can serve as a pattern for a new one."""
    same: list[tuple[Sentence, Sentence]] = []
    gone: list[Any] = []
    wanted: list[tuple[int, Sentence]] = []
    matcher = SequenceMatcher(None, [s.digest for s in edited], [s.digest for s in fresh], autojunk=False)
    for what, first, last, begin, end in matcher.get_opcodes():
        if what == "equal":
            same += zip(edited[first:last], fresh[begin:end], strict=True)
            continue
        gone += [here[s.row] for s in edited[first:last]]
        wanted += [(last - 1, s) for s in fresh[begin:end]]
    if not same or any(at < 0 for at, _ in wanted):
        return None
    new = []
    patterns = [(_look(there[f.row]), here[e.row]) for e, f in same] + [(_look(row), row) for row in gone]
    for at, sentence in wanted:
        row, after = there[sentence.row], here[edited[at].row]
        look = _look(row)
        fitting = [(known, pattern) for known, pattern in patterns if len(known) == len(look)]
        if not fitting:
            return None
        _, pattern = max(fitting, key=lambda one: (_likeness(one[0], look), one[1] is after))
        new.append(NewRow(pattern, row, after))
    return Rows(tuple(same), tuple(gone), tuple(new), tuple(edited), tuple(fresh))


def _look(row: Any) -> list[tuple[str, str, str]]:
    """How each cell of a row looks: the cell, its paragraph, its letters ("" where there are none)."""
    from lxml import etree

    def said(element: Any) -> str:
        return "" if element is None else _MERGE.sub("", etree.tostring(element, encoding="unicode", with_tail=False))

    cells = row.findall(f"{W}tc")
    return [
        (said(cell.find(f"{W}tcPr")), said(cell.find(f"{W}p/{W}pPr")), said(cell.find(f".//{W}r/{W}rPr")))
        for cell in cells
    ]


def _likeness(one: list[tuple[str, str, str]], other: list[tuple[str, str, str]]) -> int:
    """In how much two rows of as many cells look the same; cells without letters say nothing of letters."""
    pairs = zip(one, other, strict=True)
    return sum((a == b) + (c == d) + (e == f and bool(e)) for (a, c, e), (b, d, f) in pairs)


@dataclass
class Namer:
    """Gives new bookmarks names and numbers that the report does not use."""

    mark: int
    identifier: int

    def next(self) -> tuple[str, str]:
        """A name of a mark and a number."""
        self.mark += 1
        self.identifier += 1
        return f"_x2r_{self.mark:06d}", str(self.identifier)


def rerow(rows: Rows, known: Mapping[str, Mark], namer: Namer, tracker: Tracker | None) -> dict[str, str]:
    """Put in and take out the rows of one table; returns the names that the marks of the fresh report have now."""
    names: dict[str, str] = {}
    made = [(row, _made(row, known, names, namer, tracker)) for row in rows.new]
    for row, element in reversed(made):
        row.after.addnext(element)
    for gone in rows.gone:
        if tracker is None:
            gone.getparent().remove(gone)
        else:
            _strike(gone, tracker)
    return names


def wording_of(rows: Rows, names: Mapping[str, str]) -> Iterator[Wording]:
    """The wording of the whole table as it is now; ``names`` as :func:`rerow` gives them."""
    known = {**rows.stayed, **names}
    for sentence in rows.fresh:
        yield Wording(sentence.digest, tuple(known[found.name] for found in sentence.marks))


def tables_of(sentences: Iterable[Sentence], rows: Mapping[int, Any]) -> list[tuple[Sentence, ...]]:
    """The rows of each table of a report."""
    tables: dict[Any, list[Sentence]] = {}
    for sentence in sentences:
        if sentence.row in rows:
            table = next(rows[sentence.row].iterancestors(f"{W}tbl"))
            tables.setdefault(table, []).append(sentence)
    return [tuple(table) for table in tables.values()]


def _made(row: NewRow, known: Mapping[str, Mark], names: dict[str, str], namer: Namer, tracker: Tracker | None) -> Any:
    """A row like the pattern that says what the fresh one does."""
    made = copy.deepcopy(row.pattern)
    for change in [*made.iterfind(f"{W}trPr/{W}ins"), *made.iterfind(f"{W}trPr/{W}del")]:
        change.getparent().remove(change)
    for attribute in [name for name in made.attrib if name.rpartition("}")[2] in ("paraId", "textId")]:
        del made.attrib[attribute]
    for cell, fresh in zip(made.findall(f"{W}tc"), row.fresh.findall(f"{W}tc"), strict=True):
        _merge_as(cell, fresh)
        first = cell.find(f"{W}p")
        for paragraph in cell.findall(f"{W}p")[1:]:
            cell.remove(paragraph)
        pattern = copy.deepcopy(first)
        for at, said in enumerate(fresh.findall(f"{W}p")):
            paragraph = first if at == 0 else copy.deepcopy(pattern)
            if at:
                cell.append(paragraph)
            _say(paragraph, said, row.pattern, known, names, namer, tracker)
    if tracker is not None:
        _properties(made).append(tracker.change(made, "ins"))
    return made


def _merge_as(cell: Any, fresh: Any) -> None:
    """Let a cell continue the one above it where the fresh one does."""
    properties, other = cell.find(f"{W}tcPr"), fresh.find(f"{W}tcPr/{W}vMerge")
    if properties is None:
        return
    old = properties.find(f"{W}vMerge")
    if old is not None and other is not None:
        old.attrib.clear()
        old.attrib.update(other.attrib)
    elif old is not None:
        properties.remove(old)
    elif other is not None:
        before = [properties.find(f"{W}{tag}") for tag in ("gridSpan", "tcW", "cnfStyle")]
        last = next((element for element in before if element is not None), None)
        made = properties.makeelement(other.tag, other.attrib)
        if last is None:
            properties.insert(0, made)
        else:
            last.addnext(made)


def _say(
    paragraph: Any,
    fresh: Any,
    row: Any,
    known: Mapping[str, Mark],
    names: dict[str, str],
    namer: Namer,
    tracker: Tracker | None,
) -> None:
    """Give a paragraph the texts and marks of another, in its own formatting or else in that of its row."""
    own = next(paragraph.iter(f"{W}r"), None)
    run = own if own is not None else next(row.iter(f"{W}r"), None)
    for child in list(paragraph):
        if child.tag != f"{W}pPr":
            paragraph.remove(child)
    ends: dict[str, str] = {}
    for element in fresh.iter(f"{W}bookmarkStart", f"{W}bookmarkEnd", f"{W}r"):
        if element.tag == f"{W}bookmarkStart" and element.get(f"{W}name") in known:
            name, number = namer.next()
            names[element.get(f"{W}name")] = name
            ends[element.get(f"{W}id")] = number
            paragraph.append(_bookmark(paragraph, "bookmarkStart", number, name))
        elif element.tag == f"{W}bookmarkEnd" and element.get(f"{W}id") in ends:
            paragraph.append(_bookmark(paragraph, "bookmarkEnd", ends[element.get(f"{W}id")]))
        elif element.tag == f"{W}r":
            signs = {f"{W}tab": "\t", f"{W}br": "\n"}
            text = "".join(signs.get(child.tag, child.text or "") for child in element if child.tag != f"{W}rPr")
            if text:
                pattern = element if run is None else run
                said = like(pattern, letters(pattern, text))
                if tracker is not None:
                    inserted = tracker.change(said, "ins")
                    inserted.append(said)
                    said = inserted
                paragraph.append(said)


def _bookmark(near: Any, tag: str, number: str, name: str = "") -> Any:
    made = near.makeelement(f"{W}{tag}")
    made.set(f"{W}id", number)
    if name:
        made.set(f"{W}name", name)
    return made


def _properties(row: Any) -> Any:
    """The properties of a row, made where it has none."""
    properties = row.find(f"{W}trPr")
    if properties is None:
        properties = row.makeelement(f"{W}trPr")
        exceptions = row.find(f"{W}tblPrEx")
        if exceptions is None:
            row.insert(0, properties)
        else:
            exceptions.addnext(properties)
    return properties


def _strike(row: Any, tracker: Tracker) -> None:
    """Mark a row as deleted; its marks go, as it is not of the report any more."""
    for bookmark in list(row.iter(f"{W}bookmarkStart", f"{W}bookmarkEnd")):
        bookmark.getparent().remove(bookmark)
    for run in list(row.iter(f"{W}r")):
        if not any(True for _ in run.iterancestors(f"{W}del")):
            run_as_deleted(run, tracker)
    _properties(row).append(tracker.change(row, "del"))

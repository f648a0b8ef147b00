"""New texts in the XML of an edited report, in place of old ones: everything around them stays, formatting and marks too.

A text takes the formatting of the first letter that it replaces. As a tracked change the old letters stay, as deleted, and the new
ones stand behind the first of them, inside the mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from xl2report.manifest import PREFIX
from xl2report.marks import Found, Opened, W

AUTHOR = "xl2report"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_INSERTIONS = (f"{W}ins", f"{W}moveTo")
_SIGNS = {"\t": f"{W}tab", "\n": f"{W}br"}


@dataclass(frozen=True, slots=True)
class Change:
    """A text to be put in place of the one that was found."""

    found: Found
    text: str


@dataclass
class Tracker:
    """What tracked changes bear: the author, one date, numbers that the report does not use yet."""

    date: datetime
    number: int = field(default=0)

    @classmethod
    def of(cls, opened: Opened, date: datetime) -> Tracker:
        """The tracker of a report; its numbers follow the highest of the report."""
        return cls(date, highest_number(opened))

    def change(self, run: Any, tag: str) -> Any:
        """An empty ``w:ins`` or ``w:del``."""
        self.number += 1
        made = run.makeelement(f"{W}{tag}")
        made.set(f"{W}id", str(self.number))
        made.set(f"{W}author", AUTHOR)
        made.set(f"{W}date", f"{self.date:%Y-%m-%dT%H:%M:%SZ}")
        return made


def highest_number(opened: Opened) -> int:
    """The highest number that a bookmark, a comment or a change of a report has."""
    used = [0]
    for root in opened.trees.values():
        used += [int(i) for e in root.iter() if (i := str(e.get(f"{W}id", ""))).isdigit() and len(i) < 9]
    return max(used)


def rewrite(opened: Opened, changes: Iterable[Change], tracker: Tracker | None) -> set[str]:
    """Put new texts in place of old ones, in the trees of a report; returns the names of the parts that changed.

    Args:
        opened: the report; its trees are changed, its positions hold no longer.
        changes: at most one for each place, each in one paragraph, of letters that are there.
        tracker: makes tracked changes; ``None`` replaces the old letters.
    """
    changed: set[str] = set()
    # from the end to the beginning, so that the positions before a change still hold
    for change in sorted(changes, key=lambda c: (c.found.paragraph, c.found.start), reverse=True):
        found = change.found
        part = opened.marked.paragraphs[found.paragraph].part
        runs = list(_runs_of(opened.signs[found.paragraph], found.start, found.end))[::-1]
        if not runs:
            continue
        if found.by == "number":
            _move_bookmark(opened.trees[part], found.name, runs)
        _replace(runs, change.text, tracker)
        changed.add(part)
    return changed


def serialised(root: Any) -> bytes:
    """A tree as the XML of a part."""
    from lxml import etree

    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data


def replaceable(opened: Opened, found: Found) -> bool:
    """Whether the letters of a place can be replaced: there are some, in one paragraph, each in a run."""
    if found.paragraph != found.until or found.end <= found.start:
        return False
    signs = [sign for at, sign in opened.signs[found.paragraph] if at < found.end and at + _length(sign) > found.start]
    return bool(signs) and all(sign.getparent().tag == f"{W}r" for sign in signs)


def _length(sign: Any) -> int:
    return len(sign.text or "") if sign.tag == f"{W}t" else 1


def _runs_of(signs: tuple[tuple[int, Any], ...], start: int, end: int) -> Iterator[Any]:
    """Runs that hold just the letters of a range, from the last to the first; the runs of the paragraph are split for it."""
    for at, sign in reversed(signs):
        length = _length(sign)
        if at >= end or at + length <= start or not length:
            continue
        if at + length > end:
            sign.addnext(_text(sign, sign.text[end - at :]))
            sign.text = sign.text[: end - at]
        if at < start:
            own = _text(sign, sign.text[start - at :])
            sign.addnext(own)
            sign.text = sign.text[: start - at]
            sign.set(_SPACE, "preserve")
        else:
            own = sign
        yield _alone(own)


def _text(near: Any, text: str) -> Any:
    made = near.makeelement(f"{W}t", {_SPACE: "preserve"})
    made.text = text
    return made


def _alone(sign: Any) -> Any:
    """The run that holds a sign and nothing else: its own, with what stood before and behind in runs like it."""
    run = sign.getparent()
    behind = list(sign.itersiblings())
    if behind:
        run.addnext(like(run, behind))
    if any(child.tag != f"{W}rPr" for child in sign.itersiblings(preceding=True)):
        own = like(run, [sign])
        run.addnext(own)
        return own
    return run


def like(run: Any, children: list[Any]) -> Any:
    """A run with the formatting of another."""
    made = run.makeelement(run.tag, run.attrib)
    properties = run.find(f"{W}rPr")
    if properties is not None:
        made.append(properties.__copy__())
    made.extend(children)
    return made


def _replace(runs: list[Any], text: str, tracker: Tracker | None) -> None:
    """Put a text in place of some runs; its formatting is that of the first."""
    new = like(runs[0], letters(runs[0], text))
    if tracker is None:
        runs[0].addprevious(new)
        for run in runs:
            run.getparent().remove(run)
        return
    for run in runs:
        run_as_deleted(run, tracker)
    inserted = tracker.change(new, "ins")
    inserted.append(new)
    gone = runs[0].getparent()
    around = gone.getparent()
    if around.tag not in _INSERTIONS:
        gone.addnext(inserted)
        return
    rest = around.makeelement(around.tag, around.attrib)  # an insertion of somebody else goes on behind ours
    rest.set(f"{W}id", tracker.change(new, "ins").get(f"{W}id"))
    rest.extend(list(gone.itersiblings()))
    around.addnext(inserted)
    if len(rest):
        inserted.addnext(rest)


def run_as_deleted(run: Any, tracker: Tracker) -> None:
    """Mark a run as deleted."""
    gone = tracker.change(run, "del")
    run.addprevious(gone)
    gone.append(run)
    for text in run.iter(f"{W}t"):
        text.tag = f"{W}delText"
        text.set(_SPACE, "preserve")


def letters(near: Any, text: str) -> list[Any]:
    """A text as the children of a run: letters, tabs, breaks."""
    made = []
    for piece in re.split("([\t\n])", text):
        if piece:
            made.append(near.makeelement(_SIGNS[piece]) if piece in _SIGNS else _text(near, piece))
    return made


def _move_bookmark(root: Any, name: str, runs: list[Any]) -> None:
    """Put a bookmark that had shrunk around all the letters of its number again."""
    starts = [s for s in root.iter(f"{W}bookmarkStart") if str(s.get(f"{W}name", "")).startswith(name)]
    if len(starts) != 1 or not name.startswith(PREFIX):
        return
    number = starts[0].get(f"{W}id")
    ends = [e for e in root.iter(f"{W}bookmarkEnd") if e.get(f"{W}id") == number]
    if len(ends) == 1:
        runs[0].addprevious(starts[0])
        runs[-1].addnext(ends[0])

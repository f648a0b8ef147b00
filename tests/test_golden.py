"""The example's outputs against golden files, part by part; ``python tools/generate.py`` brings them up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from xl2report.packages import parts_of
from xl2report.template_text import template_text

GOLDEN = Path(__file__).parent / "golden"


def canonical(part: bytes) -> bytes:
    """A part with its XML in canonical form, without the hash of its inputs; what is no XML as it is."""
    part = re.sub(rb'<property [^>]*name="xl2report-inputs">.*?</property>', b"", part)
    try:
        return etree.tostring(etree.fromstring(part), method="c14n")
    except etree.XMLSyntaxError:
        return part


@pytest.mark.parametrize(("position", "name"), [(0, "schedules.xlsx"), (1, "report.docx")])
def test_every_part_is_as_it_was(outputs: tuple[Path, Path], position: int, name: str) -> None:
    golden = parts_of((GOLDEN / name).read_bytes())
    written = parts_of(outputs[position].read_bytes())

    assert sorted(written) == sorted(golden)
    assert [part for part in golden if canonical(golden[part]) != canonical(written[part])] == []


def test_the_report_reads_as_it_did(outputs: tuple[Path, Path]) -> None:
    assert template_text(outputs[1].read_bytes()) == (GOLDEN / "report.txt").read_text(encoding="utf-8")


def test_the_dump_beside_the_template_is_its_text() -> None:
    root = Path(__file__).parents[1] / "docx_templates"

    assert template_text((root / "sichuan.docx").read_bytes()) == (root / "sichuan.txt").read_text(encoding="utf-8")

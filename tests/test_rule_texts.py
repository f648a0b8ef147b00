"""Every rule once: a workbook that breaks it, and what it says, word by word, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken import BROKEN, TAMPERED, said

from xl2report.loading import load_profile

GOLDEN = Path(__file__).parent / "golden" / "rules.txt"
PAGES = {
    page.split("\n", 1)[0].removeprefix("# "): page.rstrip()
    for page in GOLDEN.read_text(encoding="utf-8").split("\n\n")
}


@pytest.mark.parametrize("code", sorted(load_profile("sichuan/2023").rules))
def test_a_rule_says_where_what_and_what_to_do(code: str, tmp_path: Path) -> None:
    assert said(code, tmp_path) == PAGES[code]


def test_every_page_belongs_to_a_rule() -> None:
    assert set(PAGES) == set(load_profile("sichuan/2023").rules)
    assert set(BROKEN) | set(TAMPERED) < set(PAGES)

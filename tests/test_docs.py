"""The examples in the docstrings run, and the documents name what exists."""

from __future__ import annotations

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

import xl2report
from xl2report.findings import CODES

ROOT = Path(__file__).parents[1]
MODULES = sorted(p.stem for p in Path(xl2report.__file__).parent.glob("*.py") if p.stem != "__main__")


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_run(module: str) -> None:
    found = doctest.testmod(import_module("xl2report" if module == "__init__" else f"xl2report.{module}"))

    assert found.failed == 0


def test_every_public_name_has_a_docstring() -> None:
    for name in xl2report.__all__:
        assert getattr(xl2report, name).__doc__, name


def test_the_words_of_every_code_say_where_to_look_and_what_to_do_in_both_languages() -> None:
    for code, entry in CODES.items():
        for words in (entry.message, entry.action):
            assert re.search("[一-鿿]", words.zh), code
            assert not re.search(
                "[一-鿿]", re.sub(r"基本信息|文字材料|名词解释|附表表格|图表|待更新|年度|位置|名词|元", "", words.en)
            ), code


@pytest.mark.parametrize("path", [p.relative_to(ROOT) for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))], ids=str)
def test_links_inside_the_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", (ROOT / path).read_text(encoding="utf-8")):
        assert ((ROOT / path).parent / target).exists(), target

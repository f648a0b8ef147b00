"""What fuzzing once found, and a few seconds of it; ``python tools/fuzz.py`` goes on for as long as one likes."""

from __future__ import annotations

import random
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import hostile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
KEPT = sorted((ROOT / "tests" / "data" / "fuzz").iterdir())


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    spec = spec_from_file_location("fuzz", ROOT / "tools" / "fuzz.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_what_was_found_once_ends_in_findings(path: Path, fuzz: ModuleType) -> None:
    fuzz.TARGETS[path.name.partition("-")[0]](path.read_bytes())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**64))
def test_a_workbook_changed_inside_is_read_or_refused(fuzz: ModuleType, seed: int) -> None:
    cells = '<c r="D2"><f>A1</f><v>5</v></c>'
    data = hostile.workbook({"xl/worksheets/sheet5.xml": hostile.amount(cells)})
    fuzz.reading(fuzz.package_changed(data, random.Random(seed)))

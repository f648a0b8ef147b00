"""A module imports only what stands above it in docs/design.md, and each heavy library has one home."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import xl2report

SOURCE = Path(xl2report.__file__).parent
ORDER = [
    "caching", "facts", "figures", "formulas", "findings", "guards", "profile", "loading", "spreadsheet", "reader", "derive", "phrasing", "sheets", "prose", "scopes", "sources",
    "checks", "explaining", "schedules", "placing", "packages", "trees", "live", "workbooks", "carrying", "editing", "comments", "annotation", "office",
    "contents", "manifest", "charts", "tables", "marks", "sentences", "rewriting", "redrawing", "rerowing", "planning", "views",
    "sandbox", "vocabulary", "linting", "template_text", "template_files", "profile_files", "filling", "preparing", "narrative", "printed", "tracing", "trace_text",
    "trace_workbook", "meaning", "fresh", "verifying", "verifying_schedules", "pipeline", "collecting",
    "summary", "bulk", "refreshing", "progress", "cli", "__main__",
]  # fmt: skip
HOMES = {
    "openpyxl": set(),
    "xlsxwriter": {"schedules", "workbooks", "charts", "trace_workbook", "summary"},
    "distributed": {"cli"},
    "docxtpl": {"preparing"},
    "docx": {"template_text", "template_files"},
    "jinja2": {"linting", "narrative", "views", "sandbox", "filling"},
    "lxml": {
        "trees",
        "editing",
        "comments",
        "annotation",
        "linting",
        "narrative",
        "filling",
        "charts",
        "tables",
        "contents",
        "printed",
        "manifest",
        "marks",
        "rewriting",
        "rerowing",
    },
}


def imports(module: Path) -> list[tuple[str, bool]]:
    """(module imported, whether at the top level) for every import statement."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    found = []
    for node in ast.walk(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found += [(name, id(node) in top) for name in names]
    return found


def test_every_module_has_its_place() -> None:
    assert sorted(p.stem for p in SOURCE.glob("*.py")) == sorted([*ORDER, "__init__"])


def test_modules_import_only_what_stands_above_them() -> None:
    for module in ORDER:
        used = {name.removeprefix("xl2report.") for name, _ in imports(SOURCE / f"{module}.py") if "xl2report." in name}
        below = set(ORDER[ORDER.index(module) :])

        assert used & below == set(), module


def test_heavy_libraries_are_imported_where_they_are_used_and_never_at_the_top() -> None:
    for module in ORDER:
        for name, at_top in imports(SOURCE / f"{module}.py"):
            library = name.partition(".")[0]
            if library in HOMES:
                assert module in HOMES[library], f"{module} imports {library}"
                assert not at_top, f"{module} imports {library} at the top"


def test_no_float_is_made_in_the_engine() -> None:
    for module in (
        "facts",
        "figures",
        "formulas",
        "derive",
        "phrasing",
        "sheets",
        "prose",
        "scopes",
        "sources",
        "checks",
    ):
        tree = ast.parse((SOURCE / f"{module}.py").read_text(encoding="utf-8"))
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "float"]
        floats = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)]

        assert calls + floats == [], module


def test_rounding_happens_in_one_module() -> None:
    for module in ORDER:
        text = (SOURCE / f"{module}.py").read_text(encoding="utf-8")

        assert module == "figures" or ".quantize(" not in text, module


WRITING = {"write_bytes", "write_text", "touch", "rename", "replace", "mkdir"}


@cache
def calls_of(module: str) -> list[ast.Call]:
    tree = ast.parse((SOURCE / f"{module}.py").read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_files_are_written_by_one_module() -> None:
    """``office``, ``caching`` and ``bulk`` write too, but only into folders of their own."""
    for module in ORDER:
        for call in calls_of(module):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            modes = [a.value for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.Constant)]
            writes = name in WRITING - {"replace"} or (
                name == "open" and {"w", "wb", "xb", "x", "a", "ab"} & set(modes)
            )
            writes = writes or (name == "replace" and len(call.args) == 1 and not call.keywords)

            assert not writes or module in ("placing", "office", "caching", "bulk"), f"{module}:{call.lineno}"


def test_texts_are_read_in_a_stated_encoding() -> None:
    for module in ORDER:
        for call in calls_of(module):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            modes = {a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
            on_os = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in ("os", "webbrowser")
            if name in ("open", "read_text", "write_text") and not on_os and not any("b" in mode for mode in modes):
                assert any(keyword.arg == "encoding" for keyword in call.keywords), f"{module}:{call.lineno}"

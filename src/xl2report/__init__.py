"""Compile statutory reports from one workbook of accounts.

>>> import xl2report
>>> report = xl2report.load(xl2report.example())
>>> report["一般公共预算支出"].text
'1231.16'
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # what type checkers take for typing's own; importing that takes as long as all of --version
if TYPE_CHECKING:
    from xl2report.bulk import BulkResult, Limits, compile_many
    from xl2report.facts import Cell
    from xl2report.figures import Figure
    from xl2report.findings import Finding
    from xl2report.loading import ProfileError
    from xl2report.pipeline import (
        CompileResult,
        Measured,
        Report,
        VerifyResult,
        compile,
        example,
        load,
        new_workbook,
        verify,
    )
    from xl2report.refreshing import refresh
    from xl2report.summary import Compiled, KeyFigure
    from xl2report.tracing import Trace

__all__ = [
    "BulkResult",
    "Cell",
    "CompileResult",
    "Compiled",
    "Figure",
    "Finding",
    "KeyFigure",
    "Limits",
    "Measured",
    "ProfileError",
    "Report",
    "Trace",
    "VerifyResult",
    "compile",
    "compile_many",
    "example",
    "load",
    "new_workbook",
    "refresh",
    "verify",
]

_HOME = {
    "BulkResult": "bulk",
    "Compiled": "summary",
    "KeyFigure": "summary",
    "Limits": "bulk",
    "compile_many": "bulk",
    "Cell": "facts",
    "Figure": "figures",
    "Finding": "findings",
    "ProfileError": "loading",
    "refresh": "refreshing",
    "Trace": "tracing",
}


def __getattr__(name: str) -> object:
    """The public names, imported when they are first used: ``--help`` must not wait for them."""
    if name not in __all__:
        raise AttributeError(f"module 'xl2report' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"xl2report.{_HOME.get(name, 'pipeline')}"), name)

"""The example workbook without what only helps while it is filled in: most tests change a cell of it and read it."""

from __future__ import annotations

import io
from functools import cache

from openpyxl import Workbook, load_workbook
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.worksheet.datavalidation import DataValidationList

import xl2report


def slim_example() -> Workbook:
    """The accounts of the example with their formats; names of codes as texts, no look-ups, drop-downs and colours."""
    return load_workbook(io.BytesIO(slim_bytes()))


@cache
def slim_bytes() -> bytes:
    """The same as a file."""
    book, values = (load_workbook(xl2report.example(), data_only=only) for only in (False, True))
    for name in ("词表", "平衡检查"):
        del book[name]
    for page in book.worksheets:
        page.data_validations = DataValidationList()
        page.conditional_formatting = ConditionalFormattingList()
        for cell in (cell for row in page.iter_rows() for cell in row if cell.data_type == "f"):
            cell.value = values[page.title][cell.coordinate].value or None
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()

"""Cells of a CSV that Excel shows as they are, where it would take some for formulas, which may run programs."""

import re
from typing import Any

EXCEL = "write CSVs so that Excel shows Chinese and takes no cell for a formula; kdxf reads both forms"
"""Help of the option ``--excel``."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")


def guarded(cell: Any) -> Any:
    """Return a cell that Excel shows as it is: with a ``'`` before a text that it would take for a formula."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.match(cell):
        return f"'{cell}"
    return cell


def unguarded(cell: str) -> str:
    """Take away what :func:`guarded` has added."""
    return cell[1:] if cell.startswith("'") and guarded(cell[1:]) == cell else cell

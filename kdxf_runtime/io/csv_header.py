"""The header of a CSV: the names of its columns, and the sign between them."""

import csv
import io
from pathlib import Path

from kdxf_runtime.errors import UserError
from kdxf_runtime.log import LOG

_SEPARATORS = (",", "\t", ";")
_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons"}
_HEAD = 1 << 24


def read_header(text: str, path: Path) -> tuple[list[str], str]:
    """Return the names of the columns and the sign that separates them.

    Commas do, in a ``.tsv`` tabs. Where that gives a single column and another of comma, tab and semicolon gives
    several, it is taken, and that is logged.

    Args:
        text: The text of the table.
        path: Its file, for messages.

    Raises:
        UserError: It is empty, or its header is no row of a CSV.
    """
    if not text.strip():
        raise UserError(f"{path}: not a CSV with a header: No columns to parse from file")
    head = text[:_HEAD].lstrip("\r\n")
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    found = {usual: _cells(head, usual, path)}
    separator = usual
    if len(found[usual]) == 1:
        found |= {sign: _cells(head, sign, path) for sign in _SEPARATORS}
        separator = max(_SEPARATORS, key=lambda sign: (len(found[sign]), sign == usual))
    if separator != usual:
        LOG.warning(f"{path}: is read with {_NAMES[separator]} between the columns")
    return found[separator], separator


def _cells(head: str, separator: str, path: Path) -> list[str]:
    try:
        row = next(csv.reader(io.StringIO(head), delimiter=separator, skipinitialspace=True), [])
    except csv.Error as error:
        raise UserError(f"{path}: not a CSV with a header: {error}") from error
    return [name.strip() for name in row]

"""Griffe extension: the reStructuredText in docstrings (roles, simple tables, literal blocks) as Markdown."""

import re
import unicodedata
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r":(?:class|meth|func|attr|mod|exc|data|obj):`~?([^`]+)`")
BORDER = re.compile(r"^( *)=+(?:  ?=+)+ *$")


class RestDocstrings(Extension):
    """Converts every docstring before its sections are parsed."""

    def on_instance(self, *, obj: Object, **kwargs: Any) -> None:
        """Convert the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(text: str) -> str:
    """Return a docstring with its roles, tables and literal blocks as Markdown."""
    text = ROLE.sub(r"`\1`", text)
    text = re.sub(r"(?<=[^\s:])::$", ":", text, flags=re.MULTILINE)
    lines: list[str] = []
    table: list[str] = []  # the lines of a table so far, its borders included
    source = text.splitlines()
    for number, line in enumerate(source):
        if not table and not BORDER.match(line):
            lines.append(line)
            continue
        table.append(line)
        borders = sum(bool(BORDER.match(row)) for row in table)
        ends = number + 1 == len(source) or not source[number + 1].strip()
        if BORDER.match(line) and (borders == 3 or (borders == 2 and ends)):
            lines += _table(table, headless=borders == 2)
            table = []
    return "\n".join(lines + table)


def _table(rows: list[str], headless: bool) -> list[str]:
    """Return a simple table (border, head, border, rows, border; or without a head) as a Markdown table's lines."""
    indent = " " * (len(rows[0]) - len(rows[0].lstrip()))
    starts = [match.start() for match in re.finditer("=+", rows[0])]
    body = [_cells(row, starts) for row in rows if row.strip() and not BORDER.match(row)]
    head = [""] * len(starts) if headless else body.pop(0)
    merged: list[list[str]] = []
    for cells in body:
        if merged and not cells[0]:  # the row above goes on
            merged[-1] = [f"{above} {cell}".strip() for above, cell in zip(merged[-1], cells, strict=True)]
        else:
            merged.append(cells)
    out = [head, ["---"] * len(starts), *merged]
    return [f"{indent}| {' | '.join(cells)} |" for cells in out]


def _cells(row: str, starts: list[int]) -> list[str]:
    """Cut a row at columns, where wide characters count two."""
    cells = [""] * len(starts)
    column = 0
    for character in row:
        index = max((i for i, start in enumerate(starts) if start <= column), default=0)
        cells[index] += character
        column += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return [cell.strip().replace("|", "\\|").replace("[", "\\[") for cell in cells]

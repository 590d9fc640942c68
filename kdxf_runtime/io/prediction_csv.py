"""CSV files of predictions, one row per image."""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.cells import guarded
from kdxf_runtime.io.files import NOT_UTF8, replacing

SEPARATOR = "|"
"""What joins the labels of an image, as in annotation files."""


def joined(values: Iterable[Any]) -> str:
    """Join what is said of each label of an image; no label gives an empty cell."""
    return SEPARATOR.join(map(str, values))


def row_writer(file: TextIO, header: Iterable[str], excel: bool = False) -> Callable[[Iterable[Any]], Any]:
    """Write the names of the columns, and return what writes a row of cells; None gives an empty cell.

    Args:
        file: A text file in UTF-8.
        header: The names of the columns.
        excel: Whether a person opens it in Excel (:mod:`kdxf.io.csv_tables`).
    """
    plain = csv.writer(file, lineterminator="\n")
    quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)  # the other one does not quote "\r"

    def write(row: Iterable[Any]) -> None:
        cells = [guarded(cell) if excel else cell for cell in row]
        (quoted if any(isinstance(cell, str) and "\r" in cell for cell in cells) else plain).writerow(cells)

    if excel:
        file.write(codecs.BOM_UTF8.decode())
    write(header)
    return write


@contextmanager
def open_replacing(path: str | Path, option: str) -> Iterator[TextIO]:
    """Open a UTF-8 text file that takes the place of ``path`` when the block ends without an exception.

    Args:
        path: The file to make; its folder is made as well.
        option: The command-line option that named it.

    Raises:
        UserError: The file cannot be written; this is known before the block begins.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{option} {path}: is a folder; name a file in it")
    with ExitStack() as stack:
        try:
            temporary = stack.enter_context(replacing(path))
            file = stack.enter_context(temporary.open("w", encoding="utf-8", errors=NOT_UTF8, newline=""))
        except OSError as error:
            raise UserError(
                f"{option} {path}: cannot be written there ({error.strerror}); choose another place"
            ) from error
        yield file

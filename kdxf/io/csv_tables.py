"""Reading and writing of CSV tables, also as spreadsheets write and show them.

Excel takes a CSV for the machine's old encoding unless it begins with a byte order mark, and a cell that begins with
``=``, ``+``, ``-``, ``@``, a tab or a new line for a formula, which may run programs. A file that is written *for
Excel* has the mark, and a ``'`` before each such cell that is no number. What the guard has added is taken away when
kdxf reads a file with the mark, so that such a file says the same as one without.
"""

import codecs
import csv
import io
import re
import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv

from kdxf.errors import UserError
from kdxf_runtime.io.bounds import check_columns
from kdxf_runtime.io.cells import guarded, unguarded
from kdxf_runtime.io.csv_header import read_header
from kdxf_runtime.io.files import write_whole
from kdxf_runtime.io.text_files import has_mark, read_text, shown


def read_csv(path: Path, needed: Iterable[str] = (), advice: str = "") -> pd.DataFrame:
    """Read a table with a header; every cell is the text that stands there.

    Commas separate the columns, in a ``.tsv`` tabs. Where that gives a single column and another of comma, tab and
    semicolon gives several, it is taken, and that is logged.

    Args:
        path: The file, which exists.
        needed: Columns that must be there.
        advice: What to do if one is not, for the message.

    Returns:
        A frame of texts; an empty cell is ``''``. ``NA``, ``007`` and ``1.0`` stay as they are.

    Raises:
        UserError: It is no text (:func:`kdxf_runtime.io.text_files.read_text`) or no table: rows have more cells
            than the header, a quote has no end, two columns have one name, there are too many, or a needed one is not
            there.
    """
    text = read_text(path)
    header, separator = read_header(text, path)
    guards = has_mark(path)
    header = [unguarded(name) for name in header] if guards else header
    check_columns(header, path)
    if missing := [name for name in needed if name not in header]:
        columns = "column" if len(missing) == 1 else "columns"
        then = f"; {advice}" if advice else ""
        raise UserError(f"{path}: no {columns} {', '.join(map(repr, missing))} (found: {shown(header)}){then}")
    frame = _read_simple(text, header, separator)
    if frame is None:
        frame = _read_any(text, header, separator, path)
    frame = frame.fillna("")  # rows that are shorter than the header
    return frame.map(unguarded) if guards else frame


def _read_simple(text: str, header: list[str], separator: str) -> pd.DataFrame | None:
    """Read a table without quotes, without space before a cell or the header, and with rows of the header's length.

    Arrow reads it in a sixth of the time that pandas takes, to the same frame. Returns None for any other table.
    """
    if text[0] in "\n \t" or '"' in text or "\r" in text:
        return None
    spaces = [space for space in " \t" if space != separator and space in text]
    if any(start + space in text for start in ("\n", separator) for space in spaces):
        return None
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(text.encode()),
            arrow_csv.ReadOptions(use_threads=False, column_names=header, skip_rows=1),
            arrow_csv.ParseOptions(delimiter=separator),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.large_string())),
        )
    except pa.ArrowInvalid:
        return None
    kind = pd.Series([], dtype="str").dtype
    return table.to_pandas(types_mapper=lambda _: kind)


def _read_any(text: str, header: list[str], separator: str, path: Path) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            frame = pd.read_csv(
                io.BytesIO(text.encode()),
                sep=separator,
                dtype="str",
                encoding="utf-8",
                index_col=False,
                skipinitialspace=True,
                keep_default_na=False,
            )
            frame.columns = pd.Index(header, dtype="str")
    except (ValueError, pd.errors.ParserWarning) as error:
        raise UserError(f"{path}: not a CSV with a header: {' '.join(str(error).split())}") from error
    return frame


def as_numbers(frame: pd.DataFrame, texts: Iterable[str]) -> pd.DataFrame:
    """Turn columns of numbers into numbers, where nothing is lost.

    A column with an id such as ``007``, ``+1`` or twenty digits stays as it is.

    Args:
        frame: A frame of texts.
        texts: Columns that stay texts; an empty cell of theirs becomes a missing value.

    Returns:
        The frame, with missing values for empty cells.
    """
    columns = {}
    for name in frame.columns:
        values = frame[name].where(frame[name] != "")
        columns[name] = values if name in texts else _number(values)
    return pd.DataFrame(columns, index=frame.index)


_INTEGER = re.compile(r"-?(0|[1-9]\d{0,18})\Z")
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,17})?([eE][+-]?\d{1,3})?\Z")


def _number(values: pd.Series) -> pd.Series | pd.api.extensions.ExtensionArray:
    written = values.dropna().unique()
    if not len(written):
        return values
    if all(_INTEGER.match(text) and abs(int(text)) < 1 << 63 for text in written):
        if values.hasnans:  # as floats, 12 would become 12.0
            return pd.array([None if pd.isna(text) else int(text) for text in values], "Int64")
        return pd.to_numeric(values)
    return pd.to_numeric(values) if all(_DECIMAL.match(text) for text in written) else values


def table_text(frame: pd.DataFrame, excel: bool = False) -> bytes:
    """Return a frame as a CSV in UTF-8.

    Args:
        frame: The table; its index is left out.
        excel: Whether a person opens it in Excel, see above.
    """
    if excel:
        names = {name: guarded(name) for name in frame.columns}
        texts = [not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
        cells = {name: frame[name].map(guarded) for name, text in zip(frame.columns, texts, strict=True) if text}
        frame = frame.assign(**cells).rename(columns=names)
    mark = codecs.BOM_UTF8 if excel else b""
    text = frame.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # the csv module does not quote it, and readers take it for the end of the row
        text = frame.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_ALL)
    return mark + text.encode()


def write_csv(frame: pd.DataFrame, path: Path, excel: bool = False) -> None:
    """Write :func:`table_text`: to a temporary name first, so that ``path`` is never half-written."""
    write_whole(table_text(frame, excel), path)

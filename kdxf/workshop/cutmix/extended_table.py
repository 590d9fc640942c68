"""Writes an OCR table that has the rows of another one and more."""

from collections.abc import Iterable
from pathlib import Path

from kdxf.errors import UserError
from kdxf.text.ocr.record import OCRRecord
from kdxf.text.ocr.table import OCRTable, part_files
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf.whole_files import copy_whole


def check_extended_table(table: OCRTable, out: Path, overwrite: bool) -> None:
    """Finds out before the work whether :func:`write_extended_table` may write to ``out``.

    Raises:
        UserError: ``out`` is the table itself or a file, holds a table without ``overwrite``, or several engines filled
            the table.
    """
    if out.resolve() == table.path.resolve():
        raise UserError(f"{out}: is an input, which is never changed; choose another folder for the new OCR table")
    if out.is_file():
        raise UserError(f"{out}: is a file, and an OCR table is a folder of parts; choose another name")
    if out.is_dir() and part_files(out) and not overwrite:
        raise UserError(f"{out}: holds an OCR table already; choose another folder, or replace it with --overwrite")
    if len(table.engines) > 1:
        raise UserError(f"{table.path}: was read by several engines ({', '.join(table.engines)}); read it with one")


def write_extended_table(table: OCRTable, records: Iterable[OCRRecord], out: Path, overwrite: bool = False) -> None:
    """Copies a table and adds records as a part of its own.

    Args:
        table: Stays as it is.
        records: The rows to add.
        out: Folder of the new table.
        overwrite: Whether a table that is there is replaced.

    Raises:
        UserError: See :func:`check_extended_table`.
    """
    check_extended_table(table, out, overwrite)
    engine = (table.engines or [""])[0]
    OCRTableWriter(out, engine, overwrite=overwrite).close()  # removes the parts of a table that is replaced
    parts = part_files(table.path) if table.path.is_dir() else [table.path]
    for number, part in enumerate(parts):
        copy_whole(part, out / f"part-{number:06d}.parquet")
    with OCRTableWriter(out, engine) as writer:
        for record in records:
            writer.add(record)

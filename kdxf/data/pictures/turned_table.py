"""Pictures that an OCR table says are turned, and the table of the pictures that stand upright."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from kdxf.errors import UserError
from kdxf.text.ocr.table import OCRTable
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.io.part_files import part_files
from kdxf_runtime.ocr.record import SURE_ANGLE, file_stamp


def turns_of(table: OCRTable) -> dict[str, int]:
    """Return the pictures whose text surely does not stand upright, and the degrees clockwise that put that right.

    Raises:
        UserError: No row has an angle.
    """
    check_angles(table)
    angles = table.column("angle").fill_null(0).to_numpy()
    sure = table.column("angle_score").fill_null(0).to_numpy() >= SURE_ANGLE
    images, last = table.column("image"), table.rows_of(table.images)
    rows = np.flatnonzero((angles > 0) & sure & (last == np.arange(len(table))))
    return {images[row].as_py(): int(angles[row]) for row in rows.tolist()}


def check_angles(table: OCRTable) -> None:
    """Check that a table tells of any picture which way up it lies.

    Raises:
        UserError: It does not.
    """
    if len(table) and pc.all(pc.is_null(table.column("angle"))).as_py():
        raise UserError(
            f"{table.path}: has no angles, as its text was read in one direction only; make it anew with tools/ocr.py "
            "--engine-options rotations=0,90,180,270"
        )


def check_new_table(table: OCRTable, out: Path, overwrite: bool) -> None:
    """Check before the work that a table may be written to ``out``.

    Raises:
        UserError: It is the table that is read, or is there and ``overwrite`` is off.
    """
    if out.resolve() == table.path.resolve():
        raise UserError(f"{out}: is an input, which is never changed; choose another folder for the result")
    if out.is_dir() and part_files(out) and not overwrite:
        raise UserError(f"{out}: is there already; choose another folder, or replace it with --overwrite")


def write_upright_table(table: OCRTable, files: Mapping[str, tuple[str, Path]], out: Path, overwrite: bool) -> None:
    """Write the table of pictures that were turned upright.

    The boxes of a turned picture are turned as well; like all others they stay in pixels of the picture that was read.

    Args:
        table: The table of the pictures as they were.
        files: The new name and the new file of each image; one that the table lacks gets no row.
        out: The new table.
        overwrite: Whether it may replace another.

    Raises:
        UserError: As of :func:`check_new_table`.
    """
    check_new_table(table, out, overwrite)
    with OCRTableWriter(out, " ".join(table.engines), overwrite=overwrite) as writer:
        for image, row in _rows(table, files):
            name, file = files[image]
            size, time = file_stamp(file)
            upright = table.record(row).upright()
            writer.add(replace(upright, image=name, digest=file_digest(file), file_size=size, file_time=time))


def _rows(table: OCRTable, images: Iterable[str]) -> list[tuple[str, int]]:
    names = list(images)
    return [(image, row) for image, row in zip(names, table.rows_of(names).tolist(), strict=True) if row >= 0]

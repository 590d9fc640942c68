"""Pictures that were replaced after their text was read: the table still has the text of what was there before."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.io.images import ImageReadError
from kdxf_runtime.io.shard_members import split_member
from kdxf_runtime.ocr.image_source import ImageSource
from kdxf_runtime.ocr.record import file_stamp

FEW = 200
"""So many pictures are read again to compare them, where a warning is all that depends on it."""


def changed_pictures(
    table: OCRTable,
    images: Sequence[str],
    files: Sequence[str],
    most: int | None = None,
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """Tell which pictures are no longer those whose text the table has.

    A picture counts as unchanged while its file has the size and the time of last change that the table remembers.
    Otherwise its digest decides, so that copies of a dataset, whose files all have new times, are not taken for others.

    Args:
        table: The table.
        images: n keys in it.
        files: The n pictures' paths, also into tar shards.
        most: The number of pictures whose digest is computed, evenly spread over those of which it is needed; by
            default all. A file of another size has changed, without a digest.
        rows: Where the images are in the table, as :meth:`OCRTable.rows_of` says, if that is known.

    Returns:
        bool (n,); False for a picture that is missing, that the table lacks, or of which it has no digest.
    """
    rows = table.rows_of(images) if rows is None else rows
    chosen = pa.array(rows, mask=rows < 0)
    digests = table.column("digest").take(chosen)
    sizes, times = (table.column(name).take(chosen).fill_null(0).to_numpy() for name in ("file_size", "file_time"))
    source, changed, doubtful = ImageSource(Path()), np.zeros(len(rows), bool), []
    for place in np.flatnonzero(pc.is_valid(digests).to_numpy()).tolist():
        inside = split_member(files[place])
        size, time = file_stamp(files[place] if inside is None else inside[0])
        if time == 0 or (size, time) == (sizes[place], times[place]):
            continue
        if size != sizes[place] and inside is None:
            changed[place] = True
        else:
            doubtful.append(place)
    if most is not None and len(doubtful) > most:
        doubtful = [doubtful[index * len(doubtful) // most] for index in range(most)]
    for place in doubtful:
        changed[place] = _digest(source, files[place]) not in (None, digests[place].as_py())
    return changed


def _digest(source: ImageSource, file: str) -> str | None:
    try:
        return hashlib.sha256(source.read_bytes(file)).hexdigest()
    except ImageReadError:  # gone, or a broken shard: reading it says so
        return None


def warning_of_changes(
    table: OCRTable, images: Sequence[str], files: Sequence[str], what: str, rows: np.ndarray | None = None
) -> str | None:
    """Return a line about the pictures that were replaced after their text was read; None without any.

    Args:
        table: The table.
        images: n keys in it.
        files: The n pictures' paths.
        what: Whose images they are, such as a file of annotations.
        rows: Where the images are in the table, as :meth:`OCRTable.rows_of` says, if that is known.
    """
    changed = changed_pictures(table, images, files, most=FEW, rows=rows)
    if not changed.any():
        return None
    return (
        f"{changed.sum()} of {len(images)} images of {what} have changed since {table.path} was made (first: "
        f"{images[int(changed.argmax())]}): their text may be that of other pictures, unless they were only resized or "
        "encoded anew; run tools/ocr.py again, which reads those that have changed"
    )

"""A fingerprint of what an OCR table says of some images; a table may grow by others."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kdxf.text.ocr.table import OCRTable

_COLUMNS = ("texts", "scores", "boxes", "width", "height", "engine")


def table_digest(path: str | Path, images: Sequence[str]) -> str:
    """Gives the SHA-256 of the lines of images and of the names of the engines that read them, 64 hexadecimal digits.

    Args:
        path: An OCR table.
        images: Keys, as the table has them; one that it lacks counts as an image without text.

    Raises:
        UserError: There is no table, or a file of it is not one.
    """
    table = OCRTable.open(path)
    rows = table.rows_of(images)
    chosen = pa.array(rows, mask=rows < 0)
    digest = hashlib.sha256()
    for name in _COLUMNS:
        column = table.column(name)
        _add(digest, column.cast(_large(column.type)).take(chosen))
    return digest.hexdigest()


def _large(kind: pa.DataType) -> pa.DataType:
    """Gives the type with offsets of 64 bits: ``take`` puts chunks together, and 2 GiB of text overflow 32 bits."""
    if pa.types.is_list(kind):
        return pa.large_list(_large(kind.value_type))
    # The engine's names come as a dictionary.
    return pa.large_string() if pa.types.is_string(kind) or pa.types.is_dictionary(kind) else kind


def _add(digest: Any, column: pa.ChunkedArray) -> None:
    """Adds the lengths of lists and of texts, then what is in them; how it is cut into chunks does not count."""
    while pa.types.is_large_list(column.type):
        digest.update(pc.list_value_length(column).fill_null(0).to_numpy().tobytes())
        column = pc.list_flatten(column)
    if pa.types.is_large_string(column.type):
        digest.update(pc.binary_length(column).fill_null(0).to_numpy().tobytes())
        digest.update("".join(column.fill_null("").to_pylist()).encode())
    else:
        digest.update(column.fill_null(0).to_numpy().tobytes())

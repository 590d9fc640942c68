"""Fingerprints of many pictures as columns, cached in a Parquet file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kdxf.data.duplicates.fingerprint import COLOUR_SIZE, CROPS, DIGEST_BYTES, SIZE, Fingerprint, fingerprint
from kdxf.data.parallel import parallel_map
from kdxf.errors import UserError
from kdxf.io.parquet_tables import read_parquet, read_parquet_schema
from kdxf_runtime.io.files import replacing
from kdxf_runtime.io.unicode_names import find_file

# To be changed whenever fingerprints change.
_FORMAT = b"kdxf fingerprints 1"
# Standard deviation in grey levels.
_PLAIN = 3.0
_EMPTY = ("digest", "error")  # of a missing file, and of one that can be read
_GREY, _COLOUR = SIZE * SIZE, COLOUR_SIZE * COLOUR_SIZE * 3
_SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("bytes", pa.int64()),
        ("mtime", pa.int64()),
        ("digest", pa.binary()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("hashes", pa.binary(8 * len(CROPS))),
        ("grey", pa.binary(_GREY)),
        ("colour", pa.binary(_COLOUR)),
        ("error", pa.string()),
    ],
    metadata={b"format": _FORMAT},
)


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of n pictures; see :class:`kdxf.data.duplicates.fingerprint.Fingerprint`.

    Attributes:
        digests: str (n,), in hexadecimal; empty for a missing file.
        pixels: int64 (n,), width times height; 0 for a picture that cannot be read.
        hashes: uint64 (n, 3).
        grey: uint8 (n, 48, 48).
        colour: uint8 (n, 8, 8, 3).
        errors: Why a picture cannot be read, or None.
    """

    digests: np.ndarray
    pixels: np.ndarray
    hashes: np.ndarray
    grey: np.ndarray
    colour: np.ndarray
    errors: list[str | None]

    def __len__(self) -> int:
        return len(self.errors)

    def take(self, rows: np.ndarray) -> "Fingerprints":
        """Return the fingerprints of the given rows."""
        arrays = (self.digests, self.pixels, self.hashes, self.grey, self.colour)
        digests, pixels, hashes, grey, colour = (array[rows] for array in arrays)
        return Fingerprints(digests, pixels, hashes, grey, colour, [self.errors[row] for row in rows.tolist()])

    def plain(self) -> np.ndarray:
        """Return which pictures show almost nothing, so that their looks cannot tell them apart: bool (n,)."""
        return self.grey.reshape(len(self), -1).std(axis=1) < _PLAIN


def take_fingerprints(paths: Sequence[Path], workers: int, cache: Path | None = None) -> Fingerprints:
    """Return the fingerprints of pictures; compute those that ``cache`` does not hold.

    Args:
        paths: The files.
        workers: Number of processes.
        cache: A Parquet file, created or extended, even if the work is interrupted. A row is valid while path, size and
            modification time are those of the file.

    Raises:
        UserError: ``cache`` is another kind of file.
    """
    wanted = _keys(paths)
    known = _SCHEMA.empty_table() if cache is None or not cache.exists() else _read(cache)
    rows = _find(wanted, known)
    missing = np.flatnonzero(rows < 0)
    computed: list[Fingerprint] = []
    try:
        computed.extend(parallel_map(fingerprint, [paths[row] for row in missing.tolist()], workers, "fingerprints"))
    finally:
        fresh = _to_arrow(wanted.take(pa.array(missing[: len(computed)])), computed)
        table = pa.concat_tables([known, fresh])
        if cache is not None and computed:
            _write(table, cache)
    rows[missing] = len(known) + np.arange(len(missing))
    return _from_arrow(table.take(pa.array(rows)))


def _keys(paths: Sequence[Path]) -> pa.Table:
    """Return path, size and modification time of each file; -1 for a missing file."""
    names, sizes, times = [], [], []
    for path in paths:
        names.append(os.path.abspath(path).encode(errors="replace").decode())
        try:
            status = find_file(path).stat()
        except OSError:
            size, time = -1, -1
        else:
            size, time = status.st_size, status.st_mtime_ns
        sizes.append(size)
        times.append(time)
    return pa.table([names, sizes, times], schema=pa.schema(list(_SCHEMA)[:3]))


def _find(wanted: pa.Table, known: pa.Table) -> np.ndarray:
    """Return the row of ``known`` for each row of ``wanted``; -1 if it is missing or the file has changed."""
    last = known["path"].take(pa.array(np.arange(len(known))[::-1]))  # the newest row of a path counts
    rows = pc.index_in(wanted["path"], value_set=last).fill_null(len(known)).to_numpy().astype(np.int64)
    rows = len(known) - 1 - rows
    for name in ("bytes", "mtime"):
        now = wanted[name].to_numpy()
        then = known[name].to_numpy()[rows] if len(known) else now
        rows = np.where((now == then) & (now >= 0), rows, -1)
    return rows


def _to_arrow(keys: pa.Table, prints: Sequence[Fingerprint]) -> pa.Table:
    columns = [
        [item.digest for item in prints],
        [item.width for item in prints],
        [item.height for item in prints],
        [np.array(item.hashes, np.uint64).tobytes() for item in prints],
        [item.grey.tobytes() for item in prints],
        [item.colour.tobytes() for item in prints],
        [item.error for item in prints],
    ]
    types = [field.type for field in _SCHEMA][3:]
    arrays = [pa.chunked_array([pa.array(column, kind)]) for column, kind in zip(columns, types, strict=True)]
    return pa.table([*keys.columns, *arrays], schema=_SCHEMA)


def _from_arrow(table: pa.Table) -> Fingerprints:
    count = len(table)
    digests = np.array([(item or b"").hex() for item in table["digest"].to_pylist()], f"U{2 * DIGEST_BYTES}")
    pixels = table["width"].to_numpy().astype(np.int64) * table["height"].to_numpy()
    return Fingerprints(
        digests,
        pixels,
        _bytes_of(table["hashes"]).view(np.uint64).reshape(count, len(CROPS)),
        _bytes_of(table["grey"]).reshape(count, SIZE, SIZE),
        _bytes_of(table["colour"]).reshape(count, COLOUR_SIZE, COLOUR_SIZE, 3),
        table["error"].to_pylist(),
    )


def _bytes_of(column: pa.ChunkedArray) -> np.ndarray:
    """Return the bytes of a fixed-width column, one value after the other."""
    width = column.type.byte_width
    chunks = [
        np.frombuffer(chunk.buffers()[1], np.uint8, len(chunk) * width, chunk.offset * width) for chunk in column.chunks
    ]
    return np.concatenate([np.zeros(0, np.uint8), *chunks])


def _read(path: Path) -> pa.Table:
    advice = "it is no cache of fingerprints, so give another --cache"
    metadata = read_parquet_schema(path, advice).metadata or {}
    if metadata.get(b"format") != _FORMAT:
        raise UserError(f"{path}: not a cache of fingerprints of this version; give another --cache or remove it")
    table = read_parquet(path, advice, _SCHEMA.names)
    if table.schema != _SCHEMA or any(table[field.name].null_count for field in _SCHEMA if field.name not in _EMPTY):
        raise UserError(f"{path}: a damaged cache of fingerprints; remove it, and they are taken anew")
    return table


def _write(table: pa.Table, path: Path) -> None:
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")

"""The OCR table: one row per image, in Parquet, as one file or as a folder of ``part-*.parquet``; its digest."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kdxf.errors import UserError
from kdxf.io.parquet_tables import read_parquet
from kdxf.text.ocr.mapped_table import Mapped, is_large, kept_file, map_table, text_bytes
from kdxf_runtime.io.files import replacing, write_whole
from kdxf_runtime.io.part_files import part_files
from kdxf_runtime.ocr.quarter_turns import ROTATIONS
from kdxf_runtime.ocr.record import OCRRecord

SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("texts", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),
        ("boxes", pa.list_(pa.list_(pa.float32()))),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("engine", pa.string()),
        ("error", pa.string()),
        ("digest", pa.string()),
        ("file_size", pa.int64()),
        ("file_time", pa.int64()),
        ("angle", pa.int16()),
        ("angle_score", pa.float32()),
    ]
)
# Tables of other programs and of earlier versions lack these: of their rows nobody knows what picture was read, or
# which way up it stands.
_OPTIONAL = ("digest", "file_size", "file_time", "angle", "angle_score")

_CORNERS = 8  # four of x and y
_PARTS_AT_ONCE = 32
_RECORDS_KEPT = 4096
_TAKEN_AT_ONCE = 1 << 19  # rows
_LONG = 1 << 19  # pictures of a list of which it is kept where they stand in a large table
# Arrow's offsets have 32 bits: parts that are already large are not packed into one.
_PACKED_BYTES = 1 << 28


class OCRTable:
    """An OCR table in memory, as Arrow columns: no Python object per row, so forked loader workers share it.

    If an image has several rows, the last one counts; :func:`kdxf.text.ocr.run_ocr` writes one row per image.
    A pickled table is only its path.

    Use :meth:`open`; ``len(table)``, ``image in table`` and ``for record in table`` work. To look up many images, use
    :meth:`rows_of`: ``in`` searches the whole column.
    """

    def __init__(self, table: pa.Table, path: Path, mapped: Mapped | None = None) -> None:
        self.path = path
        self._table = table
        self._mapped = mapped
        batches = table.to_batches()
        self._batches = [_Batch(batch) for batch in batches]
        lengths = [batch.num_rows for batch in batches]
        self._starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self._known = lru_cache(maxsize=_RECORDS_KEPT)(partial(_record, self._batches, self._starts))

    @classmethod
    def open(cls, path: str | Path) -> "OCRTable":
        """Open a table.

        Args:
            path: A Parquet file, or a folder of ``part-*.parquet``.

        Raises:
            UserError: There is no table, or a file of it is not one.
        """
        path = Path(path)
        files = _files(path)
        groups = [files[start : start + _PARTS_AT_ONCE] for start in range(0, len(files), _PARTS_AT_ONCE)]
        return cls(pa.concat_tables([_read_parts(group) for group in groups]), path)

    @classmethod
    def map(cls, path: str | Path) -> "OCRTable":
        """Open a table that is only looked up; a large one is mapped (:mod:`kdxf.text.ocr.mapped_table`), not read.

        Args:
            path: As of :meth:`open`.

        Raises:
            UserError: As of :meth:`open`, or there is no room to unpack it.
        """
        path = Path(path)
        files = _files(path)
        if not is_large(files):
            return cls.open(path)
        mapped = map_table(files, _read_parts)
        return cls(mapped.rows, path, mapped)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __contains__(self, image: object) -> bool:
        return bool(pc.any(pc.equal(self._table["image"], image)).as_py()) if isinstance(image, str) else False

    def __iter__(self) -> Iterator[OCRRecord]:
        return (self.record(row) for row in range(len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return OCRTable.open if self._mapped is None else OCRTable.map, (self.path,)

    @property
    def images(self) -> list[str]:
        """The key of every row, as a new list."""
        return self._table["image"].to_pylist()

    @property
    def engines(self) -> list[str]:
        """The names of the engines that wrote the rows, sorted."""
        return sorted(name for name in pc.unique(self._table["engine"]).to_pylist() if name is not None)

    def column(self, name: str) -> pa.ChunkedArray:
        """Return the Arrow column ``name``, to count and filter without making Python objects."""
        return self._table[name]

    def rows_of(self, images: Sequence[str] | pa.ChunkedArray) -> np.ndarray:
        """Find the rows of many images at once.

        Args:
            images: Keys, as the table has them.

        Returns:
            int64 (len(images),): row numbers for :meth:`record`, -1 for an image that the table lacks.
        """
        wanted = _column(images)
        file = self._kept_file(wanted, ".npy")
        if file is not None and file.exists():
            return np.load(file, mmap_mode="r")
        known = self._table["image"].cast(wanted.type)
        if self._mapped is not None and self._mapped.has_each_once:
            rows = _positions(wanted, known, -1)
        else:
            newest_first = known.take(pa.array(np.arange(len(self))[::-1]))
            rows = len(self) - 1 - _positions(wanted, newest_first, len(self))
        if file is not None:
            with replacing(file) as temporary, open(temporary, "wb") as target:
                np.save(target, rows)
        return rows

    def _kept_file(self, images: pa.ChunkedArray, suffix: str) -> Path | None:
        if self._mapped is None or len(images) < _LONG:
            return None
        return kept_file(self._mapped.folder, images, suffix)

    def record(self, row: int) -> OCRRecord:
        """Return row ``row``; its arrays are read-only views into the table, and the last records are kept.

        Raises:
            IndexError: There is no such row.
        """
        return self._known(row)


def _column(images: Sequence[str] | pa.ChunkedArray) -> pa.ChunkedArray:
    return images if isinstance(images, pa.ChunkedArray) else pa.chunked_array([pa.array(images, pa.string())])


def _positions(wanted: pa.ChunkedArray, known: pa.ChunkedArray, missing: int) -> np.ndarray:
    return pc.index_in(wanted, value_set=known).fill_null(missing).to_numpy(zero_copy_only=False).astype(np.int64)


def _files(path: Path) -> list[Path]:
    """List the parts of a table.

    Raises:
        UserError: There is none.
    """
    files = part_files(path) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise UserError(f"{path}: no OCR table (a Parquet file or a folder of parts); make one with tools/ocr.py")
    return files


def _record(batches: Sequence["_Batch"], starts: np.ndarray, row: int) -> OCRRecord:
    if not 0 <= row < starts[-1]:
        raise IndexError(f"row {row} of an OCR table with {starts[-1]} rows")
    part = int(np.searchsorted(starts, row, side="right")) - 1
    return batches[part].record(row - int(starts[part]))


class _Batch:
    """Some rows of a table. Lists and numbers are NumPy views, since making Arrow scalars of them takes longer."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._images, self._engines, self._errors = (batch.column(name) for name in ("image", "engine", "error"))
        self._widths, self._heights = (_numbers(batch.column(name)) for name in ("width", "height"))
        self._digests = batch.column("digest")
        self._sizes, self._times = (_numbers(batch.column(name)) for name in ("file_size", "file_time"))
        self._angles, self._angle_scores = batch.column("angle"), _numbers(batch.column("angle_score"))
        self._texts, self._text_starts, self._text_ends = _lists(batch.column("texts"))
        scores, self._score_starts, self._score_ends = _lists(batch.column("scores"))
        boxes, self._box_starts, self._box_ends = _lists(batch.column("boxes"))
        corners, self._corner_starts, self._corner_ends = _lists(boxes)
        self._scores, self._corners = _numbers(scores), _numbers(corners)

    def record(self, row: int) -> OCRRecord:
        """Return row ``row`` of the batch."""
        texts = self._texts[self._text_starts[row] : self._text_ends[row]].to_pylist()
        scores = self._scores[self._score_starts[row] : self._score_ends[row]]
        first, end = self._box_starts[row], self._box_ends[row]
        if len(scores) and end > first:
            boxes = self._corners[self._corner_starts[first] : self._corner_ends[end - 1]].reshape(-1, 4, 2)
        else:
            scores, boxes = np.zeros(0, np.float32), np.zeros((0, 4, 2), np.float32)
        width, height = int(self._widths[row]), int(self._heights[row])
        engine, error = self._engines[row].as_py() or "", self._errors[row].as_py()
        origin = self._digests[row].as_py(), int(self._sizes[row]), int(self._times[row])
        angle = self._angles[row].as_py(), float(self._angle_scores[row])
        return OCRRecord(self._images[row].as_py(), texts, scores, boxes, width, height, engine, error, *origin, *angle)


def _numbers(column: pa.Array) -> np.ndarray:
    """Return a column as NumPy array, without copying it unless there are nulls, which become 0."""
    return (column.fill_null(0) if column.null_count else column).to_numpy(zero_copy_only=False)


def _lists(column: pa.ListArray) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Return the values of all lists of a column, and where in them the list of each row starts and ends."""
    offsets = column.offsets.to_numpy()
    starts, ends = offsets[:-1], offsets[1:]
    if column.null_count:
        ends = np.where(column.is_valid().to_numpy(zero_copy_only=False), ends, starts)
    return column.values, starts, ends


def to_arrow(records: Sequence[OCRRecord]) -> pa.Table:
    """Turn records into rows of :data:`SCHEMA`."""
    columns = {name: [getattr(record, name) for record in records] for name in SCHEMA.names}
    columns["scores"] = [scores.tolist() for scores in columns["scores"]]
    columns["boxes"] = [boxes.reshape(-1, 8).tolist() for boxes in columns["boxes"]]
    return pa.table(columns, schema=SCHEMA)


_ADVICE = "make one with tools/ocr.py"


def read_part(file: Path) -> pa.Table:
    """Read one Parquet file of a table, and check it.

    Raises:
        UserError: The file is not Parquet or unpacks to too much, lacks columns, a column has another type, or a row
            has an image without a name, a line without text, or another number of scores or boxes than of lines.
    """
    table = read_parquet(file, "make the table anew", SCHEMA.names)
    if twice := [name for name in SCHEMA.names if table.column_names.count(name) > 1]:
        raise UserError(f"{file}: not an OCR table, two columns are called {twice[0]}; {_ADVICE}")
    lacking = [name for name in SCHEMA.names if name not in table.column_names]
    if missing := [name for name in lacking if name not in _OPTIONAL]:
        raise UserError(f"{file}: not an OCR table, it lacks {', '.join(missing)}; {_ADVICE}")
    for name in lacking:
        table = table.append_column(SCHEMA.field(name), pa.nulls(len(table), SCHEMA.field(name).type))
    try:
        for field in SCHEMA:  # a cast would write numbers as texts
            if _is_text(field.type) and not _is_text(table.schema.field(field.name).type):
                raise pa.ArrowTypeError(f"{field.name} is {table.schema.field(field.name).type}, not {field.type}")
        table = table.select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise UserError(
            f"{file}: not an OCR table, a column has another type ({_first_line(error)}); {_ADVICE}"
        ) from error
    if wrong := _fault(table):
        raise UserError(f"{file}: not an OCR table, {' '.join(wrong.split())}; {_ADVICE}")
    table = table.set_column(0, SCHEMA.field(0), pc.utf8_normalize(table["image"], form="NFC"))
    # The engine's name is the same in most rows; keep it once.
    return table.set_column(SCHEMA.get_field_index("engine"), "engine", table["engine"].dictionary_encode())


def _is_text(kind: pa.DataType) -> bool:
    """Tell whether a type is text, or lists of it; a column without any value may become one."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)


def _fault(table: pa.Table) -> str | None:
    """Return what is wrong with the values of a table, which may come from a stranger."""
    if table["image"].null_count:
        return "a row has no image"
    lines = pc.list_flatten(table["texts"])
    if lines.null_count:
        return "a line has no text"
    expected = _lengths(table["texts"])
    for name in ("scores", "boxes"):
        lengths = _lengths(table[name])
        wrong = (lengths != expected) & (lengths > 0)  # texts from elsewhere have neither
        if wrong.any():
            row = int(wrong.argmax())
            return f"{table['image'][row]} has {expected[row]} lines and {lengths[row]} {name}"
    boxes = pc.list_flatten(table["boxes"])
    if boxes.null_count or (_lengths(boxes) != _CORNERS).any():
        return f"a box has not {_CORNERS} numbers"
    numbers = {"a score": pc.list_flatten(table["scores"]), "a box": pc.list_flatten(boxes)}
    for name, values in {**numbers, "an angle_score": table["angle_score"].fill_null(0)}.items():
        if values.null_count or not np.isfinite(values.to_numpy()).all():
            return f"{name} is no number"
    for name in ("width", "height"):
        if (pc.min(table[name]).as_py() or 0) < 0:
            return f"the {name} of a picture is below 0"
    if odd := set(pc.unique(table["angle"]).to_pylist()) - {None, *ROTATIONS}:
        return f"the angle of a picture is {min(odd)}, and not one of {', '.join(map(str, ROTATIONS))}"
    return None


def _lengths(lists: pa.ChunkedArray) -> np.ndarray:
    return pc.list_value_length(lists).fill_null(0).to_numpy()


def _read_parts(files: Sequence[Path]) -> pa.Table:
    """Read some parts and pack them: a freshly read part takes nearly twice the memory that its rows need."""
    table = pa.concat_tables([read_part(file) for file in files])
    if table.nbytes < _PACKED_BYTES:
        table = table.unify_dictionaries().combine_chunks()
        pa.default_memory_pool().release_unused()
    return table


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


_COLUMNS = ("texts", "scores", "boxes", "width", "height", "engine")


def table_digest(path: str | Path, images: Sequence[str] | pa.ChunkedArray) -> str:
    """Return the SHA-256 (64 hexadecimal digits) of the lines of images, the engines that read them, and known angles.

    Args:
        path: An OCR table.
        images: Keys, as the table has them; one that it lacks counts as an image without text.

    Raises:
        UserError: There is no table, or a file of it is not one.
    """
    table, wanted = OCRTable.map(path), _column(images)
    file = table._kept_file(wanted, ".digest")
    if file is not None and file.exists():
        return file.read_text()
    digest = _digest(table, table.rows_of(wanted))
    if file is not None:
        write_whole(digest.encode(), file)
    return digest


def _digest(table: OCRTable, rows: np.ndarray) -> str:
    names: tuple[str, ...] = _COLUMNS
    if any(part.null_count < len(part) for part in _taken(table.column("angle"), rows)):
        names = (*names, "angle")  # so the digest of a table without angles is what it always was
    digest = hashlib.sha256()
    for name in names:
        _add(digest, table.column(name), rows)
    return digest.hexdigest()


def _taken(column: pa.ChunkedArray, rows: np.ndarray) -> Iterator[pa.Array]:
    """Yield the values of rows in their order, some at a time; those of row -1 are null.

    Arrow's own ``take`` joins all chunks of a column first, gigabytes in a large table.
    """
    kind = _large(column.type)
    starts = np.concatenate([[0], np.cumsum([len(chunk) for chunk in column.chunks])]).astype(np.int64)
    for first in range(0, len(rows), _TAKEN_AT_ONCE):
        wanted = rows[first : first + _TAKEN_AT_ONCE]
        chunks = np.searchsorted(starts, wanted, side="right") - 1
        order = np.argsort(chunks, kind="stable")
        pieces = []
        for places in np.split(order, np.flatnonzero(np.diff(chunks[order])) + 1):
            number = int(chunks[places[0]])
            if number < 0:
                pieces.append(pa.nulls(len(places), kind))
            else:
                pieces.append(column.chunk(number).take(pa.array(wanted[places] - starts[number])).cast(kind))
        yield pa.concat_arrays(pieces).take(pa.array(np.argsort(order)))


def _large(kind: pa.DataType) -> pa.DataType:
    """Return the type with 64-bit offsets: 2 GiB of text overflow 32 bits."""
    if pa.types.is_list(kind):
        return pa.large_list(_large(kind.value_type))
    # The engine's names come as a dictionary.
    return pa.large_string() if pa.types.is_string(kind) or pa.types.is_dictionary(kind) else kind


def _add(digest: Any, column: pa.ChunkedArray, rows: np.ndarray) -> None:
    """Add the lengths of lists and texts, then their contents, to the digest; chunk borders do not matter."""
    few = list(_taken(column, rows)) if len(rows) <= _TAKEN_AT_ONCE else None

    def flat(depth: int) -> Iterator[pa.Array]:
        """Yield what is in the lists of the rows, so many lists deep."""
        for part in _taken(column, rows) if few is None else few:
            for _ in range(depth):
                part = pc.list_flatten(part)
            yield part

    kind, depth = _large(column.type), 0
    if pa.types.is_large_list(kind):  # without a look at the lists themselves; the last is that of row -1
        digest.update(np.append(_lengths(column), 0).astype(np.int64)[rows])
        kind, depth = kind.value_type, 1
    while pa.types.is_large_list(kind):
        for part in flat(depth):
            digest.update(pc.list_value_length(part).fill_null(0).to_numpy(zero_copy_only=False))
        kind, depth = kind.value_type, depth + 1
    if pa.types.is_large_string(kind):
        for part in flat(depth):
            digest.update(pc.binary_length(part).fill_null(0).to_numpy(zero_copy_only=False))
        for part in flat(depth):
            digest.update(text_bytes(part.fill_null("")))
    else:
        for part in flat(depth):
            digest.update(part.fill_null(0).to_numpy(zero_copy_only=False))

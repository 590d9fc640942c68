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
# Arrow's offsets have 32 bits: parts that are already large are not packed into one.
_PACKED_BYTES = 1 << 28


class OCRTable:
    """An OCR table in memory, as Arrow columns: no Python object per row, so forked loader workers share it.

    If an image has several rows, the last one counts; :func:`kdxf.text.ocr.run_ocr` writes one row per image.
    A pickled table is only its path.

    Use :meth:`open`; ``len(table)``, ``image in table`` and ``for record in table`` work. To look up many images, use
    :meth:`rows_of`: ``in`` searches the whole column.
    """

    def __init__(self, table: pa.Table, path: Path) -> None:
        self.path = path
        self._table = table
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
        files = part_files(path) if path.is_dir() else [path]
        if not files or not files[0].exists():
            raise UserError(f"{path}: no OCR table (a Parquet file or a folder of parts); make one with tools/ocr.py")
        groups = [files[start : start + _PARTS_AT_ONCE] for start in range(0, len(files), _PARTS_AT_ONCE)]
        return cls(pa.concat_tables([_read_parts(group) for group in groups]), path)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __contains__(self, image: object) -> bool:
        return bool(pc.any(pc.equal(self._table["image"], image)).as_py()) if isinstance(image, str) else False

    def __iter__(self) -> Iterator[OCRRecord]:
        return (self.record(row) for row in range(len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return OCRTable.open, (self.path,)

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
        newest_first = self._table["image"].take(pa.array(np.arange(len(self))[::-1]))
        wanted = images if isinstance(images, pa.ChunkedArray) else pa.array(images, pa.string())
        matches = pc.index_in(wanted, value_set=newest_first.cast(wanted.type))
        position = matches.fill_null(len(self)).to_numpy(zero_copy_only=False).astype(np.int64)
        return len(self) - 1 - position

    def record(self, row: int) -> OCRRecord:
        """Return row ``row``; its arrays are read-only views into the table, and the last records are kept.

        Raises:
            IndexError: There is no such row.
        """
        return self._known(row)


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


def table_digest(path: str | Path, images: Sequence[str]) -> str:
    """Return the SHA-256 (64 hexadecimal digits) of the lines of images, the engines that read them, and known angles.

    Args:
        path: An OCR table.
        images: Keys, as the table has them; one that it lacks counts as an image without text.

    Raises:
        UserError: There is no table, or a file of it is not one.
    """
    table = OCRTable.open(path)
    rows = table.rows_of(images)
    chosen = pa.array(rows, mask=rows < 0)
    columns = {name: _taken(table, name, chosen) for name in (*_COLUMNS, "angle")}
    if columns["angle"].null_count == len(rows):  # so the digest of a table without angles is what it always was
        del columns["angle"]
    digest = hashlib.sha256()
    for column in columns.values():
        _add(digest, column)
    return digest.hexdigest()


def _taken(table: OCRTable, name: str, rows: pa.Array) -> pa.ChunkedArray:
    column = table.column(name)
    return column.cast(_large(column.type)).take(rows)


def _large(kind: pa.DataType) -> pa.DataType:
    """Return the type with 64-bit offsets: ``take`` joins chunks, and 2 GiB of text overflow 32 bits."""
    if pa.types.is_list(kind):
        return pa.large_list(_large(kind.value_type))
    # The engine's names come as a dictionary.
    return pa.large_string() if pa.types.is_string(kind) or pa.types.is_dictionary(kind) else kind


def _add(digest: Any, column: pa.ChunkedArray) -> None:
    """Add the lengths of lists and texts, then their contents, to the digest; chunk borders do not matter."""
    while pa.types.is_large_list(column.type):
        digest.update(pc.list_value_length(column).fill_null(0).to_numpy().tobytes())
        column = pc.list_flatten(column)
    if pa.types.is_large_string(column.type):
        digest.update(pc.binary_length(column).fill_null(0).to_numpy().tobytes())
        digest.update("".join(column.fill_null("").to_pylist()).encode())
    else:
        digest.update(column.fill_null(0).to_numpy().tobytes())

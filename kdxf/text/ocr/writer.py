"""Rows appended to an OCR table so that a job that is killed at any moment leaves only complete parts."""

import fcntl
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kdxf.errors import UserError
from kdxf.text.ocr.table import SCHEMA, OCRTable, part_files, read_part, to_arrow
from kdxf_runtime.io.files import replacing
from kdxf_runtime.ocr.record import OCRRecord


class OCRTableWriter:
    """Writer that adds parts to the table in ``folder``, each written under a temporary name and then renamed.

    A second writer on the same folder is refused. As a context manager it saves the pending rows when the block ends,
    even with an exception.

    Args:
        folder: The table, a folder of parts; created if missing.
        engine: Name of the engine that fills it; a table never mixes engines.
        part_rows: A part is written when it has this many rows ...
        part_seconds: ... or when its first row is this old.
        overwrite: Whether to remove existing parts.

    Raises:
        UserError: ``folder`` is a file or cannot be written to, another job writes to it, or another engine wrote it.
    """

    def __init__(
        self, folder: Path, engine: str, part_rows: int = 1000, part_seconds: float = 30.0, overwrite: bool = False
    ) -> None:
        if folder.is_file():
            raise UserError(f"{folder}: is a file, and OCR adds parts to a folder; choose another --out")
        self.folder = folder
        self.part_rows = part_rows
        self.part_seconds = part_seconds
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(folder)
        except OSError as error:
            raise UserError(
                f"{folder}: cannot be written to ({error.strerror}); put that right, or choose another --out"
            ) from error
        self._rows: list[OCRRecord] = []
        self._first_row_time = 0.0
        try:
            self._take_over(engine, overwrite)
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> "OCRTableWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def missing(self, images: Sequence[str]) -> list[str]:
        """Return those of ``images`` that the table lacks, in their order."""
        if not part_files(self.folder):
            return list(images)
        rows = OCRTable.open(self.folder).rows_of(images)
        return [image for image, row in zip(images, rows.tolist(), strict=True) if row < 0]

    def drop_errors(self) -> int:
        """Remove the rows that have an error, so that their images are missing again; return how many."""
        return self._keep(lambda rows: pc.is_null(rows["error"]))

    def drop(self, images: Sequence[str]) -> int:
        """Remove the rows of ``images``, so that they are missing again; return how many."""
        dropped = pa.array(images, pa.string())
        return self._keep(lambda rows: pc.invert(pc.is_in(rows["image"], value_set=dropped))) if images else 0

    def _keep(self, keep: Callable[[pa.Table], pa.ChunkedArray]) -> int:
        dropped = 0
        for part in part_files(self.folder):
            table = read_part(part)
            good = table.filter(keep(table))
            if good.num_rows < table.num_rows:
                dropped += table.num_rows - good.num_rows
                _write(good.cast(SCHEMA), part)
        return dropped

    def add(self, record: OCRRecord) -> None:
        """Add a row; it is written to disk with its part, with the errors of :meth:`flush`."""
        if not self._rows:
            self._first_row_time = time.monotonic()
        self._rows.append(record)
        if len(self._rows) >= self.part_rows or time.monotonic() - self._first_row_time >= self.part_seconds:
            self.flush()

    def flush(self) -> None:
        """Write the pending rows as a part.

        Raises:
            UserError: The disk is full, or the folder cannot be written to any more.
        """
        if not self._rows:
            return
        taken = [int(mark) for part in part_files(self.folder) if (mark := part.stem.removeprefix("part-")).isdecimal()]
        number = max(taken, default=-1) + 1
        _write(to_arrow(self._rows), self.folder / f"part-{number:06d}.parquet")
        self._rows = []

    def close(self) -> None:
        """Release the lock after a last :meth:`flush`, which may raise."""
        try:
            self.flush()
        finally:
            os.close(self._lock)

    def _take_over(self, engine: str, overwrite: bool) -> None:
        for stale in self.folder.glob(".part-*.tmp"):  # of a job that was killed
            stale.unlink()
        parts = part_files(self.folder)
        if overwrite:
            for part in parts:
                part.unlink()
        elif parts and (others := [name for name in OCRTable.open(self.folder).engines if name != engine]):
            raise UserError(
                f"{self.folder}: was read by '{others[0]}', not by '{engine}'; "
                "choose another --out, or read it anew with --overwrite"
            )


def _lock(folder: Path) -> int:
    """Take the folder's lock, which the system releases when the process ends.

    A separate file, because network file systems lock only what is open for writing.
    """
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise UserError(f"{folder}: another OCR job writes to it; wait for it, or choose another --out") from error
    return handle


def _write(table: pa.Table, path: Path) -> None:
    data = pa.BufferOutputStream()
    pq.write_table(table, data, compression="zstd")
    try:
        with replacing(path) as temporary, open(temporary, "wb") as file:
            file.write(data.getvalue())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UserError(
            f"{path.parent}: the next part cannot be written ({error.strerror}); "
            "put that right and run the same command again: it continues with what is missing"
        ) from error

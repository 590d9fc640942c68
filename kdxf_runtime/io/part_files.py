"""A folder of Parquet parts that grows while a job runs: a job that is killed at any moment leaves only whole parts."""

import fcntl
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

Row = TypeVar("Row")


def part_files(folder: Path) -> list[Path]:
    """List the parts in a folder in the order in which they were written."""
    return sorted(folder.glob("part-*.parquet"))


class PartWriter(ABC, Generic[Row]):
    """Writer that adds parts to a folder, each written under a temporary name and then renamed.

    A second writer on the same folder is refused. As a context manager it saves the pending rows when the block ends,
    even with an exception.

    Args:
        folder: The folder; created if missing.
        option: The command-line option that names it, for messages.
        part_rows: A part is written when it has this many rows ...
        part_seconds: ... or when its first row is this old.

    Raises:
        UserError: ``folder`` is a file or cannot be written to, or another job writes to it.
    """

    def __init__(self, folder: Path, option: str, part_rows: int = 1000, part_seconds: float = 30.0) -> None:
        if folder.is_file():
            raise UserError(f"{folder}: is a file, and parts are added to a folder; choose another {option}")
        self.folder = folder
        self.part_rows = part_rows
        self.part_seconds = part_seconds
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(folder, option)
        except OSError as error:
            raise UserError(
                f"{folder}: cannot be written to ({error.strerror}); put that right, or choose another {option}"
            ) from error
        self._rows: list[Row] = []
        self._first_row_time = 0.0
        try:
            for stale in folder.glob(".part-*.tmp"):  # of a job that was killed
                stale.unlink()
            self._take_over()
        except BaseException:
            os.close(self._lock)
            raise

    @abstractmethod
    def _take_over(self) -> None:
        """Check the parts that are there already."""

    @abstractmethod
    def _to_arrow(self, rows: Sequence[Row]) -> "pa.Table":
        """Turn rows into a part."""

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, row: Row) -> None:
        """Add a row; it is written to disk with its part, with the errors of :meth:`flush`."""
        if not self._rows:
            self._first_row_time = time.monotonic()
        self._rows.append(row)
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
        write_part(self._to_arrow(self._rows), self.folder / f"part-{number:06d}.parquet")
        self._rows = []

    def close(self) -> None:
        """Release the lock after a last :meth:`flush`, which may raise."""
        try:
            self.flush()
        finally:
            os.close(self._lock)


def write_part(table: "pa.Table", path: Path) -> None:
    """Write a part, which is on the disk when this returns.

    Raises:
        UserError: It cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

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


def _lock(folder: Path, option: str) -> int:
    """Take the folder's lock, which the system releases when the process ends.

    A separate file, because network file systems lock only what is open for writing.
    """
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise UserError(f"{folder}: another job writes to it; wait for it, or choose another {option}") from error
    return handle

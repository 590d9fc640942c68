"""A ``.npy`` matrix that grows row by row on disk, so that it never has to fit into memory."""

from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

_ROWS_AT_ONCE = 8192


class MatrixFile:
    """Writes a matrix of which only the width is known at first.

    Args:
        path: The ``.npy`` file to write.
        width: The number of columns.
        dtype: ``'float32'`` or ``'float16'``.
    """

    def __init__(self, path: Path, width: int, dtype: str) -> None:
        self.rows = 0
        self._path = path
        self._width = width
        self._dtype = np.dtype(dtype)
        self._file: IO[bytes] = path.open("w+b")
        self._write_header()

    def add(self, rows: np.ndarray) -> None:
        """Append rows; (n, width)."""
        self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).data)
        self.rows += len(rows)

    def close(self) -> None:
        """Write the true number of rows into the header."""
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def discard(self) -> None:
        """Close the file of a matrix that is not going to be finished."""
        self._file.close()

    def keep_rows(self, keep: np.ndarray) -> None:
        """Drop rows of the closed file in place; (rows,) bool."""
        kept = np.flatnonzero(keep)
        for start in range(0, len(kept), _ROWS_AT_ONCE):
            rows = kept[start : start + _ROWS_AT_ONCE]
            matrix = np.load(self._path, mmap_mode="r+")  # anew each time, so that memory does not fill with it
            matrix[start : start + len(rows)] = matrix[rows]  # a row only ever moves up
            del matrix
        self.rows = len(kept)
        with self._path.open("r+b") as self._file:
            self._write_header()
            self._file.truncate(self._file.tell() + self.rows * self._width * self._dtype.itemsize)

    def _write_header(self) -> None:
        # NumPy pads this header so that its length does not depend on the number of rows.
        shape = (self.rows, self._width)
        header = {"descr": npy.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(self._file, header)

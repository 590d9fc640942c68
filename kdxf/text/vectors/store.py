"""Writing of a vector store (:mod:`kdxf_runtime.vectors.store_meta`): completely or not at all."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from kdxf.errors import UserError
from kdxf.text.vectors.index import build_index
from kdxf.version import __version__
from kdxf_runtime.spelling.speller import build_spelling_index
from kdxf_runtime.vectors.store_meta import META_FILE, VECTORS_FILE
from kdxf_runtime.vectors.vocabulary import VocabularyWriter

_ROWS_AT_ONCE = 8192


class MatrixFile:
    """Writer of a matrix whose number of rows is not known in advance.

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
        """Append rows, (n, width)."""
        self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).data)
        self.rows += len(rows)

    def close(self) -> None:
        """Write the true number of rows into the header."""
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def discard(self) -> None:
        """Close the file of an unfinished matrix."""
        self._file.close()

    def keep_rows(self, keep: np.ndarray) -> None:
        """Drop rows of the closed file in place; (rows,) bool."""
        kept = np.flatnonzero(keep)
        for start in range(0, len(kept), _ROWS_AT_ONCE):
            rows = kept[start : start + _ROWS_AT_ONCE]
            matrix = np.load(self._path, mmap_mode="r+")  # reopened each time, so that it does not fill the memory
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


_PACKAGES = ("numpy", "gensim", "annoy", "jieba")


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that make vectors, for ``StoreMeta``."""
    return {"kdxf": __version__} | {name: version(name) for name in _PACKAGES}


class StoreWriter:
    """Writer of words and their vectors into a folder, chunk by chunk.

    Args:
        folder: An existing folder, such as that of :func:`new_store`.
        dim: The width of a vector.
        dtype: ``'float32'`` or ``'float16'``.
    """

    def __init__(self, folder: Path, dim: int, dtype: str = "float32") -> None:
        self._folder = folder
        self._words = VocabularyWriter(folder)
        self._vectors = MatrixFile(folder / VECTORS_FILE, dim, dtype)

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        self._words.discard()
        self._vectors.discard()

    def add(self, words: Sequence[bytes], vectors: np.ndarray) -> None:
        """Append words, as UTF-8, and their vectors, (n, D)."""
        self._words.add(words)
        self._vectors.add(vectors)

    def finish(self, trees: int) -> tuple[int, int]:
        """Write the vocabulary and the indexes (no annoy index for 0 trees); the first of repeated words stays.

        Returns:
            tuple[int, int]: The number of words in the store, and of repeated words that were left out.
        """
        first = self._words.close()
        self._vectors.close()
        if not first.all():
            self._vectors.keep_rows(first)
        build_spelling_index(self._folder)
        if trees:
            build_index(self._folder / VECTORS_FILE, trees)
        return self._vectors.rows, len(first) - self._vectors.rows


def check_target(folder: Path, overwrite: bool) -> None:
    """Check before long work that a store may be written to a folder.

    Raises:
        UserError: The folder exists, and it is not a store or must not be replaced.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / META_FILE).is_file():
        raise UserError(f"{folder} exists and is not a word vector folder: choose another --out")
    if not overwrite:
        raise UserError(f"{folder} holds word vectors already: choose another --out, or add --overwrite")


@contextmanager
def new_store(folder: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty folder to build a store in; at the end it is renamed to ``folder``, unless an exception is raised.

    Processes that have the replaced store open can go on using it.

    Raises:
        UserError: See :func:`check_target`.
    """
    check_target(folder, overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial, replaced = (folder.with_name(f".{folder.name}.{state}") for state in ("partial", "replaced"))
    for left_over in (partial, replaced):  # of a run that was killed
        shutil.rmtree(left_over, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        if folder.exists():
            folder.rename(replaced)
        partial.rename(folder)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)

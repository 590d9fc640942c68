"""The folder of a vector store: its files, and how they are written completely or not at all.

==================== =================================================================================================
file                 content
==================== =================================================================================================
``meta.json``        the description: :class:`StoreMeta`
``vectors.npy``      the vectors, (V, D) float32 or float16, the most frequent word's first
``words.*``          the words: :mod:`kdxf.text.vectors.vocabulary`
``counts.npy``       how often each occurs in the training text, (V,) int64; not in a converted store
``ngrams.npy``       the vectors of hashed n-grams, (buckets, D); only for fastText
``spelling.npy``     finds words of similar spelling: :mod:`kdxf.text.spelling.speller`; older stores lack it
``words.ann``        finds words of similar vectors: :mod:`kdxf.text.vectors.index`; not with ``--trees 0``
``words.ann.sha256`` its digest: :mod:`kdxf.text.vectors.annoy_file`
``axes.npy``         the principal axes, for vectors of more than 100 numbers
==================== =================================================================================================
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from kdxf.errors import UserError
from kdxf.io.text_files import read_json_text
from kdxf.text.spelling.speller import build_spelling_index
from kdxf.text.vectors.index import build_index
from kdxf.text.vectors.vocabulary import VocabularyWriter
from kdxf.version import __version__

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


VECTORS_FILE = "vectors.npy"
NGRAMS_FILE = "ngrams.npy"
COUNTS_FILE = "counts.npy"
META_FILE = "meta.json"
FORMAT = 1
_PACKAGES = ("numpy", "gensim", "annoy", "jieba")


def _versions() -> dict[str, str]:
    return {"kdxf": __version__} | {name: version(name) for name in _PACKAGES}


@dataclass(frozen=True)
class StoreMeta:
    """The description of a store in ``meta.json``.

    Attributes:
        kind: ``'word2vec'`` or ``'fasttext'`` (trained here), or ``'converted'`` (from a published file).
        words: The number of words.
        dim: The width of a vector.
        dtype: The type of the stored vectors, ``'float32'`` or ``'float16'``.
        compose: How an unknown word is composed: of ``'characters'`` (their sum) or ``'ngrams'`` (their mean).
        ngrams: The least and the greatest length of an n-gram, for ``compose='ngrams'``.
        source: The files that the vectors come from, as given by the user.
        tokenizer: The config of the tokenizer that cut the training text, None for a converted file.
        details: How the vectors were made: settings, and the figures of the corpus or of the conversion.
        versions: The versions of the packages that made them.
        format: The version of this folder's format.
    """

    kind: str
    words: int
    dim: int
    dtype: str
    compose: str
    ngrams: list[int] | None = None
    source: list[str] = field(default_factory=list)
    tokenizer: dict[str, Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=_versions)
    format: int = FORMAT

    def save(self, folder: Path) -> None:
        """Write ``meta.json``, the last file of a store."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / META_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "StoreMeta":
        """Read ``meta.json``.

        Raises:
            UserError: The folder is not a vector store, or one of another format.
        """
        path = folder / META_FILE
        if not path.is_file():
            raise UserError(f"{folder} is not a word vector folder (no {META_FILE}): make one with tools/word2vec.py")
        advice = "make the vectors anew with tools/word2vec.py"
        try:
            values = read_json_text(path)
        except UserError as error:
            raise UserError(f"{error}: {advice}") from error
        try:
            if values["format"] != FORMAT:
                raise UserError(f"{path}: format {values['format']}, this kdxf reads {FORMAT}: make the vectors anew")
            meta = cls(**values)
        except (KeyError, TypeError) as error:
            raise UserError(f"{path} is damaged: {advice}") from error
        if wrong := meta._wrong():
            raise UserError(f"{path} is damaged ({wrong} is {values.get(wrong)!r}): {advice}")
        return meta

    def _wrong(self) -> str | None:
        """Return the name of a value that no store has; the file may come from a stranger."""
        sound = {
            "kind": self.kind in ("word2vec", "fasttext", "converted"),
            "words": type(self.words) is int and self.words > 0,
            "dim": type(self.dim) is int and self.dim > 0,
            "dtype": self.dtype in ("float32", "float16"),
            "compose": self.compose == ("characters" if self.ngrams is None else "ngrams"),
            "ngrams": self.ngrams is None or are_lengths(self.ngrams),
            "tokenizer": self.tokenizer is None or (isinstance(self.tokenizer, dict) and "type" in self.tokenizer),
        }
        return next((name for name, is_sound in sound.items() if not is_sound), None)


def are_lengths(ngrams: Any) -> bool:
    """Tell whether a value from a file is the least and the greatest length of an n-gram."""
    is_pair = isinstance(ngrams, list | tuple) and len(ngrams) == 2 and all(type(length) is int for length in ngrams)
    return is_pair and 1 <= ngrams[0] <= ngrams[1]


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

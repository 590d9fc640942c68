"""Opens word vectors as they are published: the text or the binary format of the word2vec tool, plain or gzipped."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from kdxf.errors import UserError
from kdxf.text.word2vec_binary import read_binary
from kdxf.text.word2vec_text import read_text

Chunk = tuple[list[bytes], np.ndarray]

_GZIP_MAGIC = b"\x1f\x8b"
_LOOKED_AT = 4096
_LONGEST_HEADER = 100
# What text never holds and four bytes of a number often do: control characters other than tab, line end and return.
_CONTROL = bytes(set(range(0x20)) - set(b"\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"))


@dataclass(frozen=True)
class Word2VecFile:
    """A file that is open for reading.

    Attributes:
        words: The number of words that its first line promises.
        dim: The width of a vector.
        chunks: Words (UTF-8, unchecked) and their vectors, (n, D) float32, to be read once. Reading ends with
            :class:`~kdxf.errors.UserError` at the first line or word that is wrong.
    """

    words: int
    dim: int
    chunks: Iterator[Chunk]


@contextmanager
def open_word2vec(path: Path, max_words: int | None = None) -> Iterator[Word2VecFile]:
    """Open a file of word vectors; its content tells which format it has.

    Args:
        path: The file.
        max_words: The number of words to read, of those that come first; published files are
            sorted by frequency.

    Raises:
        UserError: The file is missing, or not in either format.
    """
    with _reading(path):
        raw = path.open("rb")
    with raw:
        with _reading(path):
            zipped = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            raw.seek(0)
            stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if zipped else raw
            words, dim = _read_header(stream, path)
            wanted = words if max_words is None else min(words, max_words)
            read = read_binary if _is_binary(stream) else read_text
        yield Word2VecFile(words, dim, _guarded(read(stream, path, words, wanted, dim), path))


def _guarded(chunks: Iterator[Chunk], path: Path) -> Iterator[Chunk]:
    with _reading(path):
        yield from chunks


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Name the file in errors of reading it; errors of those who use what was read pass by."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{path} is a damaged gzip file ({error}): fetch it again") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None


def _read_header(stream: BinaryIO, path: Path) -> tuple[int, int]:
    line = stream.readline(_LONGEST_HEADER)
    fields = line.split()
    if len(fields) == 2 and all(field.isdigit() and int(field) > 0 for field in fields):
        return int(fields[0]), int(fields[1])
    shown = line[:40].decode("utf-8", "replace").strip()
    raise UserError(
        f"{path}: line 1 is '{shown}', not '<number of words> <dimension>': this is not a file in word2vec format"
    )


def _is_binary(stream: BinaryIO) -> bool:
    """Look at the first numbers: text holds no control characters and is mostly ASCII digits."""
    beginning = stream.peek(_LOOKED_AT)[:_LOOKED_AT]  # type: ignore[attr-defined]
    return len(beginning.translate(None, _CONTROL)) < len(beginning)

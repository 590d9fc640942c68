"""Read published word vectors: the text or the binary format of the word2vec tool, plain or gzipped.

The word itself cannot hold a space: what follows the first one would be read as numbers.
"""

import gzip
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from kdxf.errors import UserError
from kdxf_runtime.io.bounds import lines_of

_WORDS_AT_ONCE = 1024
_LONGEST_WORD = 4096
# No training gives numbers like these. Parts of numbers and most letters, read as a number, exceed the limit; three
# bytes and a space, which is last and most significant, fall into the range.
_TOO_LARGE = 1e9
_ENDS_IN_SPACE = 2.0**-63, 2.0**-61


def read_binary(
    stream: BinaryIO, path: Path, words: int, wanted: int, dim: int
) -> Iterator[tuple[list[bytes], np.ndarray]]:
    """Yield words and vectors from a stream positioned after the header.

    Args:
        stream: The file.
        path: The path of the file, for messages.
        words: The number of words in the header.
        wanted: The number of words to read.
        dim: The width of a vector.

    Raises:
        UserError: The file ends too early or too late, a word has no end, or its numbers make no sense; the message
            has the word's number.
    """
    size = 4 * dim
    left = b""
    for start in range(0, wanted, _WORDS_AT_ONCE):
        texts: list[bytes] = []
        vectors: list[bytes] = []
        data, position = left, 0
        for number in range(start + 1, min(start + _WORDS_AT_ONCE, wanted) + 1):
            if len(data) - position < size + _LONGEST_WORD:
                data = data[position:] + stream.read(_WORDS_AT_ONCE * size + _LONGEST_WORD)
                position = 0
            space = data.find(b" ", position, position + _LONGEST_WORD)
            if space < 0:
                raise UserError(f"{path}: no end of word {number} of {words}; does line 1 give the right dimension?")
            end = space + 1 + size
            if end > len(data):
                raise UserError(f"{path} ends inside word {number} of {words}; is the file complete?")
            texts.append(data[position:space].lstrip(b"\n"))
            vectors.append(data[space + 1 : end])
            position = end
        left = data[position:]
        numbers = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(texts), dim)
        _check_numbers(path, texts, numbers, start)
        yield texts, numbers
    if wanted == words and (left + stream.read(2)).strip():
        raise UserError(f"{path} goes on after its {words} words; does line 1 give the right number and dimension?")


def _check_numbers(path: Path, words: list[bytes], numbers: np.ndarray, read: int) -> None:
    sizes = np.abs(numbers)
    least, above = _ENDS_IN_SPACE
    odd = (sizes > _TOO_LARGE) & np.isfinite(sizes) | (numbers >= least) & (numbers < above)
    if odd.any():
        i = int(np.flatnonzero(odd.any(axis=1))[0])
        word = words[i].decode("utf-8", "replace")
        raise UserError(
            f"{path}: what follows word {read + i + 1} ('{word}') is no vector: does the word hold a space, which this "
            "format cannot tell from its end, or line 1 give another dimension?"
        )


_LINES_AT_ONCE = 1024


def read_text(
    stream: BinaryIO, path: Path, words: int, wanted: int, dim: int
) -> Iterator[tuple[list[bytes], np.ndarray]]:
    """Yield words and vectors from a stream positioned after the header.

    Args:
        stream: The file.
        path: The path of the file, for messages.
        words: The number of words in the header.
        wanted: The number of words to read.
        dim: The width of a vector.

    Raises:
        UserError: A line is wrong, or the number of lines; the message has the line's number.
    """
    line_number = 1
    for start in range(0, wanted, _LINES_AT_ONCE):
        expected = min(_LINES_AT_ONCE, wanted - start)
        lines = list(islice(lines_of(stream, path), expected))
        pairs = [_split(line, dim, path, line_number + i) for i, line in enumerate(lines, 1)]
        if len(lines) < expected:
            found = start + len(lines)
            raise UserError(
                f"{path} ends after line {found + 1}: line 1 promises {words} words, there are {found}; "
                "is the file complete?"
            )
        if start == 0 and len(pairs) > 1 and all(_is_decimal(word.rpartition(b" ")[2]) for word, _ in pairs):
            raise UserError(f"{path}: line 2 holds {dim + 1} numbers after the word, not {dim}")
        yield [word for word, _ in pairs], _numbers([numbers for _, numbers in pairs], dim, path, line_number + 1)
        line_number += len(lines)
    if wanted == words and stream.read(1).strip():
        raise UserError(f"{path}: line {line_number + 1} is one too many, line 1 promises {words} words")


def _split(line: bytes, dim: int, path: Path, line_number: int) -> tuple[bytes, bytes]:
    """Divide a line into the word and the text of its numbers."""
    line = line.rstrip()
    word, _, numbers = line.partition(b" ")
    if numbers.count(b" ") == dim - 1 and word:
        return word, numbers
    # Tabs, several spaces, a word with spaces, or a line that is wrong: the last fields are the numbers.
    fields = line.rsplit(None, dim)
    if len(fields) <= dim:
        raise UserError(f"{path}: line {line_number} holds {len(line.split()[1:])} numbers after the word, not {dim}")
    excess = fields[0].split()[1:]
    if len(excess) > 1 and all(map(_is_decimal, excess)):
        raise UserError(f"{path}: line {line_number} holds {dim + len(excess)} numbers after the word, not {dim}")
    return fields[0].strip(), b" ".join(fields[1:])


def _numbers(texts: list[bytes], dim: int, path: Path, first_line: int) -> np.ndarray:
    """Parse the numbers of several lines at once, (n, D) float32."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # older NumPy warns where newer raises
        try:
            numbers = np.fromstring(b" ".join(texts), dtype=np.float32, sep=" ")
        except ValueError:
            numbers = np.zeros(0, dtype=np.float32)
    if len(numbers) == len(texts) * dim:
        return numbers.reshape(len(texts), dim)
    for line_number, text in enumerate(texts, first_line):
        for field in text.split():
            if not _is_number(field):
                shown = field.decode("utf-8", "replace")
                raise UserError(f"{path}: line {line_number} holds '{shown}' where a number should be")
    raise UserError(f"{path}: lines {first_line} to {first_line + len(texts) - 1} hold text that is not numbers")


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _is_decimal(field: bytes) -> bool:
    return b"." in field and _is_number(field)


Chunk = tuple[list[bytes], np.ndarray]

_GZIP_MAGIC = b"\x1f\x8b"
_LOOKED_AT = 4096
_LONGEST_HEADER = 100
_WIDEST = 1 << 16
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
    """Open a file of word vectors; its format is detected from its content.

    Args:
        path: The file.
        max_words: The number of words to read, from the beginning; published files are sorted by frequency.

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
    """Name the file in errors of reading it; other errors pass unchanged."""
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
        words, dim = map(int, fields)
        if dim > _WIDEST:
            raise UserError(f"{path}: line 1 gives vectors of {dim} numbers, and at most {_WIDEST} are read")
        return words, dim
    shown = line[:40].decode("utf-8", "replace").strip()
    raise UserError(
        f"{path}: line 1 is '{shown}', not '<number of words> <dimension>': this is not a file in word2vec format"
    )


def _is_binary(stream: BinaryIO) -> bool:
    """Look at the first numbers: text holds no control characters and is mostly ASCII digits."""
    beginning = stream.peek(_LOOKED_AT)[:_LOOKED_AT]  # type: ignore[attr-defined]
    return len(beginning.translate(None, _CONTROL)) < len(beginning)

"""The binary format: a word, a space, its little-endian float32 numbers; a line end before the next word or none."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from kdxf.errors import UserError

_WORDS_AT_ONCE = 1024
_LONGEST_WORD = 4096


def read_binary(
    stream: BinaryIO, path: Path, words: int, wanted: int, dim: int
) -> Iterator[tuple[list[bytes], np.ndarray]]:
    """Yield words and vectors from a stream that stands after the header.

    Args:
        stream: The file.
        path: Its name, for messages.
        words: The number of words in the header.
        wanted: The number of words to read.
        dim: The width of a vector.

    Raises:
        UserError: The file ends too early or too late, or a word has no end; the message has the word's number.
    """
    size = 4 * dim
    left = b""
    for start in range(0, wanted, _WORDS_AT_ONCE):
        found: list[bytes] = []
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
            found.append(data[position:space].lstrip(b"\n"))
            vectors.append(data[space + 1 : end])
            position = end
        left = data[position:]
        yield found, np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(found), dim)
    if wanted == words and (left + stream.read(2)).strip():
        raise UserError(f"{path} goes on after its {words} words; does line 1 give the right number and dimension?")

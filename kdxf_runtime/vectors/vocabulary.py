"""The words of a vector store on disk: found in microseconds, opened without reading, shared between processes.

Four files: the words as UTF-8, one after another (``words.bin``); where each begins (``words.offsets.npy``, uint64,
one more than words); their 64-bit hashes, sorted (``words.hashes.npy``); and for each hash the row of its word
(``words.rows.npy``). A look-up is a binary search among the hashes, and the word that it finds is compared byte by
byte, so that two words with one hash cannot be mistaken for each other.
"""

import mmap
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.arrays import open_array

WORDS_FILE = "words.bin"
OFFSETS_FILE = "words.offsets.npy"
HASHES_FILE = "words.hashes.npy"
ROWS_FILE = "words.rows.npy"
MISSING = -1


def word_hashes(words: Sequence[bytes]) -> np.ndarray:
    """Return the 64-bit hash (BLAKE2b) of each word; (L,) uint64."""
    return np.frombuffer(b"".join([blake2b(word, digest_size=8).digest() for word in words]), dtype="<u8")


class Vocabulary(Sequence[str]):
    """The words of a store in the order of their vectors, memory-mapped.

    Args:
        folder: The store's folder.

    Raises:
        OSError: A file is missing.
        ValueError: The files do not match.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with (folder / WORDS_FILE).open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._offsets = open_array(folder / OFFSETS_FILE, (None,), ["uint64"])
        count = len(self._offsets) - 1
        self._hashes = open_array(folder / HASHES_FILE, (None,), ["uint64"])
        self._rows = open_array(folder / ROWS_FILE, (None,), ["uint32"])
        if not len(self._hashes) == len(self._rows) == count or self._offsets[-1] != len(self._bytes):
            raise ValueError("the files of the vocabulary do not fit each other")

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> str:  # type: ignore[override]
        """Return the word of a row; slices are not supported."""
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of a vocabulary of {len(self)} words")
        return self._text(row)

    def __iter__(self) -> Iterator[str]:
        return (self._text(row) for row in range(len(self)))

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and bool(self.rows_of([word])[0] != MISSING)

    def rows_of(self, words: Sequence[str]) -> np.ndarray:
        """Return the row of each word, -1 for an unknown word; (L,) int64.

        Raises:
            UserError: A file of the store is damaged.
        """
        if not words:
            return np.zeros(0, dtype=np.int64)
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        hashes = word_hashes(encoded)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self) - 1)
        rows = self._rows[places].astype(np.int64)
        if rows.max() >= len(self):  # looked at here, since opening reads nothing
            raise UserError(f"{self._folder}: {ROWS_FILE} is damaged; make the vectors anew with tools/word2vec.py")
        begins, ends = self._offsets[rows].tolist(), self._offsets[rows + 1].tolist()
        for i, word in enumerate(encoded):
            if self._bytes[begins[i] : ends[i]] != word:
                rows[i] = self._search_equal_hashes(word, hashes[i], int(places[i]) + 1)
        return rows

    def _search_equal_hashes(self, word: bytes, word_hash: np.uint64, place: int) -> int:
        """Search the words after the first one with a hash; there are almost never any."""
        while place < len(self) and self._hashes[place] == word_hash:
            row = int(self._rows[place])
            if self._word(row) == word:
                return row
            place += 1
        return MISSING

    def _text(self, row: int) -> str:
        try:
            return self._word(row).decode()
        except UnicodeDecodeError as error:
            raise UserError(
                f"{self._folder}: the word {row} in {WORDS_FILE} is no UTF-8; make the vectors anew"
            ) from error

    def _word(self, row: int) -> bytes:
        return self._bytes[int(self._offsets[row]) : int(self._offsets[row + 1])]


class VocabularyWriter:
    """Writer of the files of a :class:`Vocabulary`; takes 16 bytes of memory per word until it is closed.

    Args:
        folder: An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / WORDS_FILE).open("wb")
        self._offsets = array("Q", [0])
        self._hashes = array("Q")

    def add(self, words: Sequence[bytes]) -> None:
        """Append words, each as UTF-8 bytes."""
        self._file.write(b"".join(words))
        for word in words:
            self._offsets.append(self._offsets[-1] + len(word))
        self._hashes.frombytes(word_hashes(words).tobytes())

    def close(self) -> np.ndarray:
        """Leave out repeated words, and write the files.

        Returns:
            np.ndarray: (rows added,) bool, False for a repeated word; the rows of the others move up.
        """
        self._file.close()
        offsets = np.array(self._offsets, dtype=np.uint64)
        hashes = np.array(self._hashes, dtype=np.uint64)
        self._offsets, self._hashes = array("Q"), array("Q")  # the annoy index comes next and needs the memory
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        first = self._first_occurrences(offsets, hashes, order)
        if not first.all():
            offsets = self._drop_words(offsets, first)
            hashes, order = hashes[first[order]], order[first[order]]
        np.save(self._folder / OFFSETS_FILE, offsets)
        np.save(self._folder / HASHES_FILE, hashes)
        np.save(self._folder / ROWS_FILE, (np.cumsum(first) - 1)[order].astype(np.uint32))
        return first

    def discard(self) -> None:
        """Close the file of an unfinished vocabulary."""
        self._file.close()

    def _first_occurrences(self, offsets: np.ndarray, hashes: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Return for each row whether its word is new; only words of one hash need to be compared."""
        first = np.ones(len(order), dtype=bool)
        repeats = np.flatnonzero(hashes[1:] == hashes[:-1]) + 1
        if not len(repeats):
            return first
        words = (self._folder / WORDS_FILE).read_bytes()
        for place in repeats.tolist():
            row, earlier = order[place], place - 1
            word = words[offsets[row] : offsets[row + 1]]
            while earlier >= 0 and hashes[earlier] == hashes[place] and first[row]:
                other = order[earlier]
                first[row] = words[offsets[other] : offsets[other + 1]] != word
                earlier -= 1
        return first

    def _drop_words(self, offsets: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """Rewrite the words without those not to keep, and return the new offsets."""
        lengths = np.diff(offsets)
        path = self._folder / WORDS_FILE
        np.fromfile(path, dtype=np.uint8)[np.repeat(keep, lengths.astype(np.int64))].tofile(path)
        return np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(lengths[keep])]).astype(np.uint64)

"""An index that finds words spelled almost like a given one, among millions, without reading them all.

Two spellings that differ by one letter have a key in common: the word's skeleton, whole or without one of its letters
(deletion neighbourhood; Bocek, Hunt and Stiller, "Fast Similarity Search in Large Dictionaries", 2007). The file
``spelling.npy`` holds an entry per key and word, uint64 and sorted: the key's 32-bit hash, then the word's row in the
vocabulary. A look-up is a few binary searches in the mapped file. Chinese words are not in it: see
:func:`~kdxf.text.spelling.distance.limit`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kdxf.text.spelling.distance import is_chinese, limit, skeleton
from kdxf.text.vectors.vocabulary import Vocabulary, word_hashes

SPELLING_FILE = "spelling.npy"
_ROW_BITS = np.uint64(32)
_ROW_MASK = np.uint64(0xFFFFFFFF)
_ENTRIES_AT_ONCE = 65536
# The most words returned per key, the most frequent ones.
_MOST = 64


def build_spelling_index(folder: Path) -> None:
    """Write the index of a store's words next to its vocabulary; takes 16 bytes of memory per entry."""
    parts = list(_entries(Vocabulary(folder)))
    entries = np.concatenate(parts)
    entries.sort()
    np.save(folder / SPELLING_FILE, entries)


def _entries(vocabulary: Vocabulary) -> Iterator[np.ndarray]:
    keys: list[bytes] = []
    rows: list[int] = []
    for row, word in enumerate(tqdm(vocabulary, total=len(vocabulary), desc="spelling", unit="word")):
        if is_indexed(word):
            new = _keys(word)
            keys += new
            rows += [row] * len(new)
        if len(rows) >= _ENTRIES_AT_ONCE:
            yield _hashes(keys) | np.array(rows, dtype=np.uint64)
            keys, rows = [], []
    yield _hashes(keys) | np.array(rows, dtype=np.uint64)


def is_indexed(word: str) -> bool:
    """Return whether the index holds a word."""
    return limit(word) > 0 and not is_chinese(word)


def _keys(word: str) -> list[bytes]:
    """Return the skeleton of a word, whole and without each of its letters."""
    whole = skeleton(word)
    parts = {whole, *(whole[:i] + whole[i + 1 :] for i in range(len(whole)))}
    return [part.encode("utf-8", "surrogatepass") for part in sorted(parts)]


def _hashes(keys: list[bytes]) -> np.ndarray:
    """Return the upper 32 bits of each key's hash, with zeros where the row belongs; (keys,) uint64."""
    return word_hashes(keys) >> _ROW_BITS << _ROW_BITS


class SpellingIndex:
    """The index of a store, memory-mapped.

    Args:
        folder: The store's folder.

    Raises:
        OSError: There is no index.
        ValueError: The file is not an index.
    """

    def __init__(self, folder: Path) -> None:
        self._entries = np.load(folder / SPELLING_FILE, mmap_mode="r").view(np.ndarray)
        if self._entries.ndim != 1 or self._entries.dtype != np.uint64:
            raise ValueError(f"{SPELLING_FILE} is not an index of spellings")

    def near(self, word: str) -> set[int]:
        """Return the rows of words whose skeletons are about one letter away, and rarely of others."""
        firsts = _hashes(_keys(word))
        begins = np.searchsorted(self._entries, firsts)
        ends = np.searchsorted(self._entries, firsts | _ROW_MASK, side="right")
        rows: set[int] = set()
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            rows.update((self._entries[begin : min(end, begin + _MOST)] & _ROW_MASK).tolist())
        return rows

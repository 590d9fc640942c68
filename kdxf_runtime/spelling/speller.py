"""Known words for unknown ones that OCR misread, and the index that finds them among millions of words.

Two spellings that differ by one letter have a key in common: the word's skeleton, whole or without one of its letters
(deletion neighbourhood; Bocek, Hunt and Stiller, "Fast Similarity Search in Large Dictionaries", 2007). The file
``spelling.npy`` holds an entry per key and word, uint64 and sorted: the key's 32-bit hash, then the word's row in the
vocabulary. A look-up is a few binary searches in the mapped file. Chinese words are not in it: see
:func:`~kdxf_runtime.spelling.distance.limit`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein
from tqdm import tqdm

from kdxf_runtime.io.arrays import open_array
from kdxf_runtime.spelling.distance import distance, is_chinese, is_short, limit, skeleton
from kdxf_runtime.spelling.look_alikes import look_alikes
from kdxf_runtime.vectors.vocabulary import MISSING, Vocabulary, word_hashes

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
        self._entries = open_array(folder / SPELLING_FILE, (None,), ["uint64"])

    def near(self, word: str) -> set[int]:
        """Return the rows of words whose skeletons are about one letter away, and rarely of others."""
        firsts = _hashes(_keys(word))
        begins = np.searchsorted(self._entries, firsts)
        ends = np.searchsorted(self._entries, firsts | _ROW_MASK, side="right")
        rows: set[int] = set()
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            rows.update((self._entries[begin : min(end, begin + _MOST)] & _ROW_MASK).tolist())
        return rows


# Short words are matched only to frequent words: this share of the vocabulary, or all of a small one.
_FREQUENT_SHARE, _SMALL = 0.2, 10_000


class Speller:
    """Finder of known words that differ by a look-alike, or, with an index, by any one letter.

    Args:
        vocabulary: The known words, the most frequent first.
        index: Their index; None for a store without one.
    """

    def __init__(self, vocabulary: Vocabulary, index: SpellingIndex | None) -> None:
        self._vocabulary = vocabulary
        self._index = index
        self._frequent = max(_SMALL, int(_FREQUENT_SHARE * len(vocabulary)))

    def row_of(self, word: str) -> int:
        """Return the row of the known word that a word was most likely misread from, -1 when none is near enough.

        Of equally near words the one with fewer edits in its plain spelling wins, then the more frequent one. The word
        itself does not count.
        """
        most = limit(word)
        if not most:
            return MISSING
        rows = self._swapped(word)
        if self._index is not None and is_indexed(word):
            rows |= self._index.near(word)
        # A damaged index may name rows that are not there.
        last = min(self._frequent, len(self._vocabulary)) if is_short(word) else len(self._vocabulary)
        ranks = []
        for row in rows:
            if row < last:
                other = self._vocabulary[row]
                if other != word and limit(other) and (cost := distance(word, other)) <= most:
                    ranks.append((cost, Levenshtein.distance(word, other), row))
        return min(ranks)[-1] if ranks else MISSING

    def _swapped(self, word: str) -> set[int]:
        """Return the rows of words that have a look-alike in place of one character."""
        spellings = [
            word[:i] + other + word[i + 1 :]
            for i, character in enumerate(word)
            for other in look_alikes().get(character, "")
        ]
        rows = self._vocabulary.rows_of(spellings)
        return set(rows[rows != MISSING].tolist())

"""Vectors for words that a store does not hold, composed from their pieces."""

from typing import Protocol

import numpy as np

from kdxf_runtime.vectors.vocabulary import Vocabulary

_FNV_OFFSET, _FNV_PRIME, _32_BITS = 2166136261, 16777619, 0xFFFFFFFF


class Composer(Protocol):
    """Interface of functions that make a vector for an unknown word."""

    def __call__(self, word: str) -> np.ndarray | None:
        """Return the vector, (D,) float32, or None when no piece of the word is known."""


class CharacterComposer:
    """The sum of the vectors of the characters that are words of the store.

    For Chinese, whose characters carry meaning. D is the width of a vector, V the number of words.

    Args:
        vocabulary: The words of the store.
        vectors: Their vectors, (V, D).
    """

    def __init__(self, vocabulary: Vocabulary, vectors: np.ndarray) -> None:
        self._vocabulary = vocabulary
        self._vectors = vectors

    def __call__(self, word: str) -> np.ndarray | None:
        """Return the sum over the known characters, (D,) float32; None if no character is known."""
        rows = self._vocabulary.rows_of(list(word))
        known = rows[rows >= 0]  # -1, an unknown character, would be the last vector of the store
        return self._vectors[known].sum(axis=0, dtype=np.float32) if len(known) else None


class NgramComposer:
    """The mean of the vectors of a word's character n-grams, as in fastText (https://arxiv.org/abs/1607.04606).

    An n-gram that no word of the training corpus has is a row of zeros, and takes part in the mean: the less of a
    word is known, the shorter its vector.

    Args:
        ngrams: The vectors of the n-gram buckets, (buckets, D).
        shortest: The least number of characters of an n-gram; the word's begin and end count as one each.
        longest: The greatest number of characters.
    """

    def __init__(self, ngrams: np.ndarray, shortest: int, longest: int) -> None:
        self._ngrams = ngrams
        self._shortest = shortest
        self._longest = longest

    def __call__(self, word: str) -> np.ndarray | None:
        """Return the mean over the n-grams, (D,) float32; None when none of them is known."""
        buckets = ngram_buckets(word, self._shortest, self._longest, len(self._ngrams))
        if not buckets:
            return None
        vector = self._ngrams[buckets].mean(axis=0, dtype=np.float32)
        return vector if vector.any() else None


def ngram_buckets(word: str, shortest: int, longest: int, buckets: int) -> list[int]:
    """Return the bucket of each character n-gram of ``<word>``.

    With ``shortest=3`` and ``longest=4``, ``ost`` has the n-grams ``<os``, ``<ost``, ``ost``, ``ost>``, ``st>``.
    The marks ``<`` and ``>`` alone are not n-grams.
    """
    characters = [character.encode("utf-8", "surrogatepass") for character in f"<{word}>"]
    end = len(characters)
    numbers = []
    for start in range(end):
        value = _FNV_OFFSET
        for stop in range(start, min(start + longest, end)):
            value = _hash_on(value, characters[stop])
            length = stop - start + 1
            if length >= shortest and not (length == 1 and start in (0, end - 1)):
                numbers.append(value % buckets)
    return numbers


def word_bucket(word: str, buckets: int) -> int:
    """Return the bucket of ``<word>`` as a whole; the same as that of an n-gram of these characters."""
    return _hash_on(_FNV_OFFSET, f"<{word}>".encode("utf-8", "surrogatepass")) % buckets


def _hash_on(value: int, text: bytes) -> int:
    """Continue a 32-bit FNV-1a hash. As in fastText's own code, a byte counts as signed."""
    for byte in text:
        signed = byte | 0xFFFFFF00 if byte > 127 else byte
        value = ((value ^ signed) * _FNV_PRIME) & _32_BITS
    return value

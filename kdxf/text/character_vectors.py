"""Vectors for single Chinese characters, of which unknown words are composed."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from kdxf.text.tokenizers.cleaning import HAN_CHARACTER


def character_vectors(
    words: Sequence[str], counts: np.ndarray, vectors: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Give vectors to the Chinese characters that occur in words but are no words themselves.

    A segmenter leaves few characters alone, so a small corpus has vectors for few of the pieces that
    :class:`~kdxf.text.subwords.CharacterComposer` needs. A character gets the mean, over its occurrences, of the
    vectors of the words around it: with ``手机`` (3 times) and ``手表`` (once), ``手`` is (3 ``手机`` + ``手表``) / 4.

    Args:
        words: The V words of a trained vocabulary.
        counts: How often each word occurs, (V,).
        vectors: Their vectors, (V, D).

    Returns:
        tuple[list[str], np.ndarray]: The characters, sorted, and their vectors, (characters, D) float32.
    """
    known = set(words)
    sums: dict[str, np.ndarray] = {}
    occurrences: Counter[str] = Counter()
    for word, count, vector in zip(words, counts.tolist(), vectors, strict=True):
        for character in set(HAN_CHARACTER.findall(word)) - known:
            sums[character] = sums.get(character, 0) + count * vector
            occurrences[character] += count
    characters = sorted(sums)
    means = [sums[character] / occurrences[character] for character in characters]
    return characters, np.array(means, dtype=np.float32).reshape(len(characters), vectors.shape[1])

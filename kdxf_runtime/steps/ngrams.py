"""Hashed character n-grams of words."""

import math
from functools import lru_cache

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.steps.step import Step
from kdxf_runtime.vectors.subwords import ngram_buckets, word_bucket


class HashNgrams(Step):
    """Hashes each word and its character n-grams into buckets, whose vectors ``NgramEncoder`` learns.

    No word vectors are needed, and a word that OCR misread still shares most of its n-grams with the true word. The
    n-grams are those of ``<word>``, so that beginnings and ends differ from middles.

    Required keys: ``tokens``, ``token_scores``. Added keys: ``ngram_ids`` (int64 (M,), 0 for padding) and
    ``ngram_weight`` (float32 (M,), 0 for padding): the OCR score of the word / sqrt(n-grams of the word) / sqrt(words),
    so that a long word counts as a short one, and the size of the weighted sum does not grow with the document.

    With ``shortest=2``, ``longest=2`` and ``max_ngrams=8``:

    ======================  ==============================  ===========================
    tokens                  buckets of ``ngram_ids``        ``ngram_weight``
    ======================  ==============================  ===========================
    none                                                    0 (8 times)
    ab(1)                   <a ab b> <ab>                   0.5 (4 times), 0 (4)
    ab(1) cd(.5)            <a ab b> <ab> <c cd d> <cd>     0.354 (4 times), 0.177 (4)
    ab(1) cd(.5) e(1)       <a ab b> <ab> <c cd d> <cd>     0.354 (4 times), 0.177 (4)
    ======================  ==============================  ===========================

    Args:
        buckets: Number of buckets, the same as ``NgramEncoder.buckets``.
        shortest: The least number of characters of an n-gram; the word's begin and end count as one each.
        longest: The greatest number of characters. For Chinese, whose characters carry meaning, 1 to 3 suits better
            than the default.
        max_ngrams: M. A word that does not fit any more is left out, and a first word that is longer is cut; shorter
            documents are padded, and ``pad_collate`` removes padding that no document of the batch needs.

    Raises:
        UserError: A number is not positive, or ``shortest`` exceeds ``longest``.
    """

    length_option, length_unit = "max_ngrams", "n-grams"

    def __init__(self, buckets: int = 2**15, shortest: int = 2, longest: int = 5, max_ngrams: int = 512) -> None:
        for name, value in (("buckets", buckets), ("shortest", shortest), ("max_ngrams", max_ngrams)):
            if value < 1:
                raise UserError(f"HashNgrams: {name} is {value}; give a number above 0")
        if shortest > longest:
            raise UserError(f"HashNgrams: shortest is {shortest}, but longest is {longest}; give at least as much")
        self.buckets = buckets
        self.shortest = shortest
        self.longest = longest
        self.max_ngrams = max_ngrams

    def length(self, results: dict) -> int:
        """Return how many n-grams the ``tokens`` of a sample have, with those that are left out."""
        return sum(len(word_ngrams(word, self.shortest, self.longest, self.buckets)) for word in results["tokens"])

    def transform(self, results: dict) -> dict:
        """Hash ``tokens`` into ``ngram_ids`` and ``ngram_weight``."""
        ids = np.zeros(self.max_ngrams, dtype=np.int64)
        weight = np.zeros(self.max_ngrams, dtype=np.float32)
        end = words = 0
        for word, score in zip(results["tokens"], results["token_scores"].tolist(), strict=True):
            buckets = word_ngrams(word, self.shortest, self.longest, self.buckets)[: self.max_ngrams]
            start, stop = end, end + len(buckets)
            if stop <= self.max_ngrams:
                ids[start:stop] = buckets
                weight[start:stop] = score / math.sqrt(len(buckets))
                end, words = stop, words + 1
        results["ngram_ids"] = ids
        results["ngram_weight"] = weight / math.sqrt(max(words, 1))
        return results


@lru_cache(maxsize=2**15)  # the same words occur in every epoch, and hashing is pure Python
def word_ngrams(word: str, shortest: int, longest: int, buckets: int) -> tuple[int, ...]:
    """Return the bucket of each n-gram of ``<word>`` and, at the end, that of the word itself.

    A word so short that it is one of its own n-grams is not counted again.
    """
    numbers = ngram_buckets(word, shortest, longest, buckets)
    if not shortest <= len(word) + 2 <= longest:
        numbers.append(word_bucket(word, buckets))
    return tuple(numbers)

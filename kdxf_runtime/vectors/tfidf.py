"""TF-IDF of character n-grams and words, reduced to a few hundred numbers: fitted without labels, kept in a folder.

A linear model on TF-IDF is the plainest text classifier, and on the short texts of pictures it is hard to beat. Its
input has tens of thousands of columns. The leading singular vectors of the training texts (latent semantic analysis,
Deerwester et al. 1990) keep most of their variance in a few hundred numbers, so one linear layer over these is about as
good as logistic regression on TF-IDF.

The channels are these vectors turned by a random rotation. Distances stay, but each channel has the same variance:
Adam makes steps of one size in every channel, and would learn the noise of the last singular vectors as fast as the
meaning of the first.

==================== =================================================================================================
file                 content
==================== =================================================================================================
``tfidf.json``       what it is: :class:`TfidfMeta`
``terms.txt``        the terms, one per line, UTF-8: ``=word`` is a whole word, anything else a character n-gram
``idf.npy``          the inverse document frequency of each term, (V,) float32
``components.npy``   the singular vectors, rotated, (V, C) float32
==================== =================================================================================================

Shapes: V terms, C channels, n documents.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.arrays import check_finite, open_array
from kdxf_runtime.io.files import write_whole
from kdxf_runtime.io.text_files import read_json_text, read_utf8
from kdxf_runtime.vectors.store_meta import are_lengths

FORMAT = 1
_META, _TERMS, _IDF, _COMPONENTS = "tfidf.json", "terms.txt", "idf.npy", "components.npy"


@dataclass(frozen=True)
class TfidfMeta:
    """What a folder holds.

    Attributes:
        documents: The number of documents that it was fitted on.
        terms: V.
        channels: C.
        ngrams: The least and the greatest number of characters of an n-gram.
        explained: The share of the texts' variance that the channels keep, from 0 to 1.
        tokenizer: The config of the tokenizer that cut the texts.
        format: Version of the folder's format.
    """

    documents: int
    terms: int
    channels: int
    ngrams: tuple[int, int]
    explained: float
    tokenizer: dict[str, Any]
    format: int = FORMAT


def count_terms(words: Iterable[str], shortest: int, longest: int) -> Counter[str]:
    """Count the terms of a document: each word, and the character n-grams of the words with a space on both sides.

    ===================== ================================================
    words, n-grams of 2-3 terms
    ===================== ================================================
    ``ab``                ``=ab``, ``" a"``, ``ab``, ``"b "``, ``" ab"``, ``"ab "``
    none                  none
    ===================== ================================================

    Args:
        words: The words, in any case; upper and lower case are one.
        shortest: The least number of characters of an n-gram.
        longest: The greatest number.
    """
    return Counter(term for word in words for term in _terms(word, shortest, longest))


def _terms(word: str, shortest: int, longest: int) -> Iterator[str]:
    word = word.casefold()
    yield f"={word}"
    padded = f" {word} "
    for size in range(shortest, min(longest, len(padded)) + 1):
        for start in range(len(padded) - size + 1):
            yield padded[start : start + size]


class Tfidf:
    """Turns the words of a document into C numbers: sublinear TF-IDF of unit length, projected on the channels.

    Args:
        meta: What it was fitted on.
        terms: The terms, in the order of the rows.
        idf: (V,) float32.
        components: (V, C) float32.
    """

    def __init__(self, meta: TfidfMeta, terms: Sequence[str], idf: np.ndarray, components: np.ndarray) -> None:
        self.meta = meta
        self._rows = {term: row for row, term in enumerate(terms)}
        self._idf = idf
        self._components = components
        # The same words occur in every epoch, and finding their terms is pure Python.
        self._rows_of = lru_cache(maxsize=2**15)(self._find_rows)
        self.folder: Path | None = None

    def encode(self, words: Sequence[str]) -> np.ndarray:
        """Return the vector of a document (C,), float32; zeros where it has none of the terms."""
        rows, values = self.weigh(words)
        return (values @ self._components[rows]).astype(np.float32)

    def _find_rows(self, word: str) -> np.ndarray:
        terms = _terms(word, *self.meta.ngrams)
        return np.array([self._rows[term] for term in terms if term in self._rows], np.int64)

    def weigh(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the terms of a document, ascending, and the weight of each."""
        found = [np.empty(0, np.int64), *map(self._rows_of, words)]
        rows, counts = np.unique(np.concatenate(found), return_counts=True)
        values = (1.0 + np.log(counts)).astype(np.float32) * self._idf[rows]
        norm = float(np.sqrt((values**2).sum()))
        return rows, values / norm if norm else values

    def save(self, folder: Path) -> None:
        """Write the folder; the file that makes it one, ``tfidf.json``, comes last."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _META).unlink(missing_ok=True)
        write_whole("".join(f"{term}\n" for term in self._rows).encode(), folder / _TERMS)
        for name, array in ((_IDF, self._idf), (_COMPONENTS, self._components)):
            np.save(folder / name, array)
        write_whole(json.dumps(asdict(self.meta), ensure_ascii=False, indent=2).encode(), folder / _META)

    @classmethod
    def open(cls, folder: str | Path) -> "Tfidf":
        """Open a folder; its matrix is memory-mapped, so that processes share it.

        Raises:
            UserError: It is no such folder, or its files do not fit each other.
        """
        folder = Path(folder)
        advice = "make it with tools/tfidf.py"
        if not (folder / _META).is_file():
            raise UserError(f"{folder} is no TF-IDF folder (it has no {_META}); {advice}")
        try:
            facts = read_json_text(folder / _META)
            if not are_lengths(facts["ngrams"]):
                raise ValueError(f"ngrams are {facts['ngrams']!r}")
            meta = TfidfMeta(**{**facts, "ngrams": tuple(facts["ngrams"])})
            terms = read_utf8(folder / _TERMS).decode().split("\n")[:-1]
            if meta.format != FORMAT or not len(terms) == len(set(terms)) == meta.terms:
                raise ValueError(f"it has the format {meta.format!r} and {len(set(terms))} terms, not {meta.terms!r}")
            idf = open_array(folder / _IDF, (len(terms),), ["float32"])
            components = open_array(folder / _COMPONENTS, (len(terms), None), ["float32"])
            if components.shape[1] != meta.channels:
                raise ValueError(f"{_COMPONENTS} has {components.shape[1]} channels, {_META} says {meta.channels!r}")
            check_finite(idf, _IDF)
            check_finite(components, _COMPONENTS)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f"{folder}: the TF-IDF folder is damaged ({error}); {advice} anew") from error
        found = cls(meta, terms, idf, components)
        found.folder = folder
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to other processes as the path."""
        if self.folder is None:
            return (Tfidf, (self.meta, list(self._rows), self._idf, self._components))
        return (Tfidf.open, (self.folder,))

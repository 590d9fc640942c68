"""Word vectors on disk: opened instantly at any size, shared between processes, with vectors for unknown words."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.arrays import open_array
from kdxf_runtime.spelling.speller import SPELLING_FILE, Speller, SpellingIndex
from kdxf_runtime.vectors.store_meta import COUNTS_FILE, META_FILE, NGRAMS_FILE, VECTORS_FILE, StoreMeta
from kdxf_runtime.vectors.subwords import CharacterComposer, Composer, NgramComposer
from kdxf_runtime.vectors.vocabulary import MISSING, Vocabulary

_UNKNOWN_KEPT = 8192
_ROWS_KEPT = 32768


class WordVectors:
    """The vectors of a store made by ``tools/word2vec.py``; use :meth:`open`.

    All files are memory-mapped: opening reads almost nothing, and processes share one copy. A pickled object is only
    the path of its folder. L is the number of tokens, D the width of a vector, V the number of words.

    Looking up ``["牛奶", "奶牛"]`` in a store that holds ``牛奶``, ``牛`` and ``奶``:

    ================ ==================================== =========
    token            vector                               found
    ================ ==================================== =========
    ``牛奶``         its own                              True
    ``奶牛``         that of ``奶`` plus that of ``牛``   True
    ``牛X``          that of ``牛``                       True
    ``午奶``         that of ``牛奶``, which looks alike  True
    ``XY``           zeros                                False
    ================ ==================================== =========

    A fastText store uses the mean of character n-grams instead of the sum of characters.
    :class:`~kdxf_runtime.spelling.speller.Speller` decides which unknown words are misread known ones; without it every
    unknown word is composed.

    Attributes:
        folder: The store's folder.
        meta: The description of the store.
        dim: D.
        words: The words, in the order of the vectors.
        vectors: (V, D) float32 or float16, memory-mapped.
        counts: (V,) int64, how often each word occurs in the training text; None for a converted file, which does not
            tell.
    """

    def __init__(
        self,
        folder: Path,
        meta: StoreMeta,
        words: Vocabulary,
        vectors: np.ndarray,
        counts: np.ndarray | None,
        composer: Composer,
        speller: Speller | None,
    ) -> None:
        self.folder = folder
        self.meta = meta
        self.dim = meta.dim
        self.words = words
        self.vectors = vectors
        self.counts = counts
        self._known_rows: dict[str, int] = {}
        self._compose = lru_cache(maxsize=_UNKNOWN_KEPT)(partial(_compose, composer))
        self._respells = speller is not None
        row_of = _no_row if speller is None else speller.row_of
        self._respell = lru_cache(maxsize=_UNKNOWN_KEPT)(row_of)

    @classmethod
    def open(cls, folder: str | Path, respell: bool = True) -> "WordVectors":
        """Open a store.

        Args:
            folder: The store.
            respell: Whether an unknown word gets the vector of the known word that it was most likely misread from.

        Raises:
            UserError: The folder is not a complete vector store.
        """
        folder = Path(folder).absolute()
        meta = StoreMeta.load(folder)
        try:
            words = Vocabulary(folder)
            if len(words) != meta.words:
                raise ValueError(f"the vocabulary has {len(words)} words, {META_FILE} says {meta.words}")
            vectors = open_array(folder / VECTORS_FILE, (meta.words, meta.dim), [meta.dtype])
            counts = None if meta.kind == "converted" else open_array(folder / COUNTS_FILE, (meta.words,), ["int64"])
            composer: Composer = CharacterComposer(words, vectors)
            if meta.ngrams is not None:
                ngrams = open_array(folder / NGRAMS_FILE, (None, meta.dim), ["float32", "float16"])
                if not len(ngrams):
                    raise ValueError(f"{NGRAMS_FILE} has no rows")
                composer = NgramComposer(ngrams, *meta.ngrams)
            # Older stores lack it: then only words with one look-alike are found.
            index = SpellingIndex(folder) if respell and (folder / SPELLING_FILE).is_file() else None
        except (OSError, ValueError) as error:
            raise UserError(f"{folder} is not complete ({error}): make the vectors anew") from None
        speller = Speller(words, index) if respell else None
        return cls(folder, meta, words, vectors, counts, composer, speller)

    def __reduce__(self) -> tuple[Callable[[Path, bool], "WordVectors"], tuple[Path, bool]]:
        return WordVectors.open, (self.folder, self._respells)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.words

    def index(self, words: Sequence[str]) -> np.ndarray:
        """Return the row of each word, -1 for a word that the store does not hold; (L,) int64."""
        return self.words.rows_of(words)

    def lookup(self, tokens: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the vectors of tokens: for an unknown word, that of the word it was misread from, or of its pieces.

        Returns:
            tuple[np.ndarray, np.ndarray]: The vectors, (L, D) float32, and (L,) bool: False, with a vector of zeros,
            where not even a piece of the token is known.

        Raises:
            UserError: A vector is NaN or infinite; the store is damaged.
        """
        rows = self._rows(tokens)
        found = rows >= 0
        if found.all():
            vectors = self.vectors[rows].astype(np.float32, copy=False)
        else:
            vectors = np.zeros((len(tokens), self.dim), dtype=np.float32)
            vectors[found] = self.vectors[rows[found]]
            for position in np.flatnonzero(~found).tolist():
                vector = self._vector_of_unknown(tokens[position])
                if vector is not None:
                    vectors[position] = vector
                    found[position] = True
        if not np.isfinite(vectors).all():
            token = tokens[int((~np.isfinite(vectors)).any(axis=1).argmax())]
            raise UserError(f"{self.folder}: the vector of {token!r} is NaN or infinite: make the vectors anew")
        return vectors, found

    def _rows(self, tokens: Sequence[str]) -> np.ndarray:
        """Return what :meth:`index` does, and remember it: few words make up most of a text."""
        known = self._known_rows
        if new := [token for token in tokens if token not in known]:
            if len(known) + len(new) > _ROWS_KEPT:
                known.clear()
                new = list(tokens)
            known.update(zip(new, self.index(new).tolist(), strict=True))
        return np.array([known[token] for token in tokens], dtype=np.int64)

    def _vector_of_unknown(self, word: str) -> np.ndarray | None:
        row = self._respell(word)
        return self.compose(word) if row == MISSING else self.vectors[row]

    def respell(self, word: str) -> str | None:
        """Return the other known word that a word was most likely misread from; None if there is none."""
        row = self._respell(word)
        return None if row == MISSING else self.words[row]

    def compose(self, word: str) -> np.ndarray | None:
        """Make a vector from the pieces of a word, whether the store holds the word or not.

        Returns:
            np.ndarray | None: (D,) float32, not to be written to; None when no piece is known.
        """
        return self._compose(word)


def _no_row(_word: str) -> int:
    return MISSING


def _compose(composer: Composer, word: str) -> np.ndarray | None:
    vector = composer(word)
    if vector is not None:
        vector.flags.writeable = False  # it is cached and returned again
    return vector

"""Known words for unknown ones that OCR misread."""

from rapidfuzz.distance import Levenshtein

from kdxf.text.spelling.distance import distance, is_short, limit
from kdxf.text.spelling.index import SpellingIndex, is_indexed
from kdxf.text.spelling.look_alikes import look_alikes
from kdxf.text.vectors.vocabulary import MISSING, Vocabulary

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
        last = self._frequent if is_short(word) else len(self._vocabulary)
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

"""What share of a text word vectors cover, and which words they lack."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kdxf.errors import UserError
from kdxf.text.vectors.corpus import tokenized
from kdxf_runtime.tokenizers.base import BaseTokenizer
from kdxf_runtime.vectors.word_vectors import WordVectors

_SHOWN = 20
_KINDS = {
    "own": "have a vector",
    "respelled": "have that of a word which was likely misread as theirs",
    "composed": "have one that is made of their pieces",
    "none": "have none",
}


@dataclass(frozen=True)
class VocabularyReport:
    """How the words of a text get their vectors.

    Attributes:
        documents: The number of documents.
        empty_documents: The number of documents without a word.
        uncovered_documents: The number of the others of which no word has a vector.
        words: A row per word, the most frequent first: ``word``, ``count``, ``share`` of all tokens, ``vector``
            (``own``, ``respelled``, ``composed`` or ``none``, as
            :meth:`~kdxf_runtime.vectors.word_vectors.WordVectors.lookup` finds it), and ``instead``, the known word
            that a respelled one is taken for.
    """

    documents: int
    empty_documents: int
    uncovered_documents: int
    words: pd.DataFrame

    def __str__(self) -> str:
        counts = self.words["count"]
        lines = [
            f"documents       {self.documents} ({self.empty_documents} without words, {self.uncovered_documents} "
            "without a word that has a vector)",
            f"tokens          {counts.sum()}, {len(counts)} different words",
        ]
        for kind, meaning in _KINDS.items():
            those = self.words["vector"] == kind
            share = counts[those].sum() / counts.sum()
            lines.append(f"{kind:<16}{share:.1%} of the tokens, {those.mean():.1%} of the different words {meaning}")
        unknown = self.words[self.words["vector"] != "own"].head(_SHOWN)
        shown = (f"{word} {count}" for word, count in zip(unknown["word"], unknown["count"], strict=True))
        lines.append("unknown, by frequency: " + ("  ".join(shown) or "none"))
        return "\n".join(lines)


def report_vocabulary(vectors: WordVectors, sources: Sequence[Path], tokenizer: BaseTokenizer) -> VocabularyReport:
    """Count the words of a text, and tell where each gets its vector from.

    Args:
        vectors: The word vectors.
        sources: OCR tables, or UTF-8 text files with one document per line.
        tokenizer: Cuts the text.

    Raises:
        UserError: A source cannot be read, or there are no words in any of them.
    """
    counts: Counter[str] = Counter()
    documents: list[frozenset[str]] = []
    for words in tokenized(sources, tokenizer):
        counts.update(words)
        documents.append(frozenset(words))
    if not counts:
        names = ", ".join(map(str, sources))
        raise UserError(f"{names}: no words in {len(documents)} documents; is this the right table and tokenizer?")
    origins = {word: _origin(vectors, word) for word in counts}
    uncovered = sum(bool(words) and all(origins[word][0] == "none" for word in words) for words in documents)
    rows = [
        (word, count, count / counts.total(), *origins[word])
        for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    frame = pd.DataFrame(rows, columns=["word", "count", "share", "vector", "instead"])
    return VocabularyReport(len(documents), documents.count(frozenset()), uncovered, frame)


def _origin(vectors: WordVectors, word: str) -> tuple[str, str]:
    if word in vectors:
        return "own", ""
    if (known := vectors.respell(word)) is not None:
        return "respelled", known
    return ("none" if vectors.compose(word) is None else "composed"), ""

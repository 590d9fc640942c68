"""The text of images, class by class: how much there is, which words, and which classes share them.

n rows, K classes, V words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array, diags_array

from kdxf.data.sampling import ranks_in_class
from kdxf.data.word_scores import NAMING, telling_words
from kdxf.text.ocr.table import OCRTable
from kdxf.text.tokenizers import BaseTokenizer

# The number of rows of the table of class pairs that are computed at once.
_BLOCK = 256


@dataclass(frozen=True)
class ClassWords:
    """The number of images of each class that contain each word.

    Attributes:
        words: The V words.
        counts: int64 (K, V), images of the class that contain the word.
        images: int64 (K,), images of the class that were examined and have text.
    """

    words: list[str]
    counts: csr_array
    images: np.ndarray

    def distinctive(self, number: int) -> list[list[tuple[str, int]]]:
        """Return the words that set each class apart, the best first, with the images of the class that show them.

        They are chosen by :func:`kdxf.data.word_scores.telling_words` from those without digits, single letters left
        out: the most frequent words are the same in every class.
        """
        naming = [place for place, word in enumerate(self.words) if NAMING.match(word)]
        result: list[list[tuple[str, int]]] = [[] for _ in self.images]
        if naming:
            table = telling_words(self.counts[:, naming], self.images, number)
            for label, word, images in zip(table["class"], table["word"], table["images"], strict=True):
                result[label].append((self.words[naming[word]], int(images)))
        return result


def texts_of(frame: pd.DataFrame, table: OCRTable | None) -> pa.Array:
    """Return the text of each row, lines joined by line breaks; empty if there is none.

    Args:
        frame: The list.
        table: The OCR table; without one, the column ``text`` of the list is used.

    Returns:
        string (n,); null for a row without either.
    """
    if table is not None:
        rows = pa.array(table.rows_of(frame["image"].tolist()))
        lines = table.column("texts").take(pc.if_else(pc.greater_equal(rows, 0), rows, None))
        joined = pc.binary_join(lines, "\n")
        return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
    return pa.array(frame["text"].astype("object").where(frame["text"].notna(), None), pa.string())


def text_lengths(texts: pa.Array) -> np.ndarray:
    """Count the characters of each text without line breaks and outer spaces, int64 (n,)."""
    plain = pc.utf8_trim_whitespace(pc.replace_substring(texts, "\n", ""))
    return pc.utf8_length(plain).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)


def text_per_class(lengths: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Describe how much text each class has.

    Args:
        lengths: int64 (n,), of :func:`text_lengths`.
        labels: int64 (n,), class indices.
        classes: The K class names.

    Returns:
        One row per class: ``class``, ``images``, ``with_text`` (share of the images) and ``characters`` (median of
        those that have text).
    """
    rows = pd.DataFrame({"label": labels, "length": lengths})
    has = rows[rows["length"] > 0]
    images = rows["label"].value_counts().reindex(range(len(classes)), fill_value=0)
    with_text = has["label"].value_counts().reindex(range(len(classes)), fill_value=0) / images.clip(lower=1)
    median = has.groupby("label")["length"].median().reindex(range(len(classes)), fill_value=0)
    return pd.DataFrame(
        {"class": list(classes), "images": images, "with_text": with_text.round(3), "characters": median.astype(int)}
    )


def count_words(
    frame: pd.DataFrame, texts: pa.Array, labels: np.ndarray, number: int, tokenizer: BaseTokenizer, most: int
) -> ClassWords:
    """Count the words of each class.

    Args:
        frame: The list.
        texts: string (n,), of :func:`texts_of`.
        labels: int64 (n,), class indices.
        number: K.
        tokenizer: The tokenizer of the lines.
        most: The number of images drawn from a class with more.
    """
    chosen = np.flatnonzero((ranks_in_class(frame["image"], labels, 0) < most) & (text_lengths(texts) > 0))
    numbers: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for label, text in zip(labels[chosen].tolist(), texts.take(pa.array(chosen)).to_pylist(), strict=True):
        for word in dict.fromkeys(word for line in text.splitlines() for word in tokenizer.tokenize(line)):
            rows.append(label)
            columns.append(numbers.setdefault(word, len(numbers)))
    counts = csr_array((np.ones(len(rows), np.int64), (rows, columns)), shape=(number, max(len(numbers), 1)))
    counts.sum_duplicates()
    return ClassWords(list(numbers), counts, np.bincount(labels[chosen], minlength=number))


def overlapping_classes(words: ClassWords, classes: Sequence[str], number: int) -> pd.DataFrame:
    """Find the pairs of classes whose texts are most alike.

    A class is the vector of the shares of its images that contain a word, times ``log(K' / k)`` for a word of ``k`` of
    the ``K'`` classes that have text, so that a word of all classes (``g``, ``ml``) counts for nothing. Words in only
    one image are skipped.

    Args:
        words: The word counts.
        classes: The K class names.
        number: The number of pairs to return.

    Returns:
        ``class``, ``other``, ``cosine`` (0 to 1), ``words`` (those that the pair has in common, by weight).
    """
    often = np.asarray(words.counts.sum(axis=0)).ravel() > 1
    counts = words.counts[:, np.flatnonzero(often)].astype(np.float64)
    kept = [word for word, many in zip(words.words, often, strict=True) if many]
    with_text = max(int((words.images > 0).sum()), 1)
    rarity = np.log(with_text / np.maximum((counts > 0).sum(axis=0), 1))
    weighted = diags_array(1 / np.maximum(words.images, 1)) @ counts @ diags_array(rarity)
    weighted = csr_array(weighted)
    weighted.eliminate_zeros()
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    unit = csr_array(diags_array(1 / np.where(lengths > 0, lengths, 1)) @ weighted)
    best: list[tuple[float, int, int]] = []
    for start in range(0, len(classes), _BLOCK):
        block = (unit[start : start + _BLOCK] @ unit.T).tocoo()
        above = block.col > block.row + start  # each pair once
        values, rows, columns = block.data[above], block.row[above] + start, block.col[above]
        top = np.argsort(-values, kind="stable")[:number]
        best += zip(values[top].tolist(), rows[top].tolist(), columns[top].tolist(), strict=True)
    best.sort(key=lambda item: (-item[0], item[1:]))
    table = []
    for cosine, one, other in best[:number]:
        common = unit[[one]].multiply(unit[[other]]).tocoo()
        weights = zip((-common.data).round(9), (kept[column] for column in common.col), strict=True)
        shown = [word for _, word in sorted(weights)[:6]]
        table.append((classes[one], classes[other], round(cosine, 3), " ".join(shown)))
    return pd.DataFrame(table, columns=["class", "other", "cosine", "words"])

"""Which images and classes are alike: a map of the images as the model sees them, and classes with the same words."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.manifold import TSNE

_TINY = 1e-6
_PERPLEXITY = 30
_LEAST = 3  # images that a map needs


def map_images(scores: np.ndarray, most: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Lay images out in a plane so that those which the model scores alike are near each other.

    t-SNE (van der Maaten and Hinton, 2008) of the log-probabilities, which every file of predictions has.

    Args:
        scores: Probabilities (n, K).
        most: The number of images m at most; of more, some are drawn at random.

    Returns:
        Indices of the images, ascending, int64 (m,), and their places, float32 (m, 2). No image of fewer than 3.
    """
    rows = np.arange(len(scores))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
    if len(rows) < _LEAST:
        return rows[:0], np.empty((0, 2), np.float32)
    logs = np.log(np.maximum(scores[rows].astype(np.float64), _TINY))
    tsne = TSNE(perplexity=min(_PERPLEXITY, (len(rows) - 1) / 3), init="pca", random_state=0)
    return rows, tsne.fit_transform(logs - logs.mean(axis=1, keepdims=True)).astype(np.float32)


def alike_in_words(labels: Sequence[int], texts: Sequence[str], classes: Sequence[str], most: int = 3) -> pd.DataFrame:
    """Return for each class the classes whose words are most alike.

    Args:
        labels: The class index of each image.
        texts: Its words, separated by spaces.
        classes: K names.
        most: Neighbours of a class at most.

    Returns:
        ``class``, ``neighbour`` and ``similarity``, the cosine of the TF-IDF vectors of all their words, from 0 to
        1, for pairs that share a word; the most alike come first. Classes without text are left out.
    """
    documents = pd.Series(list(texts)).groupby(np.asarray(labels)).agg(" ".join)
    documents = documents[documents.str.strip() != ""]
    try:
        vectors = TfidfVectorizer(token_pattern=r"(?u)\w+", sublinear_tf=True).fit_transform(documents)
    except ValueError:  # there is no word
        return pd.DataFrame(columns=["class", "neighbour", "similarity"])
    similar = (vectors @ vectors.T).toarray()
    np.fill_diagonal(similar, 0.0)
    rows = [
        (classes[documents.index[row]], classes[documents.index[column]], float(similar[row, column]))
        for row in range(len(similar))
        for column in np.argsort(-similar[row], kind="stable")[:most]
        if similar[row, column] > 0
    ]
    table = pd.DataFrame(rows, columns=["class", "neighbour", "similarity"])
    return table.sort_values("similarity", ascending=False, kind="stable").reset_index(drop=True)

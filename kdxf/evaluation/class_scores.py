"""Scores class by class, and which classes are taken for which. n images, K classes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kdxf_runtime.trust.wilson import wilson

_LEVEL = 0.95


def class_scores(labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Return precision, recall and F1 of each class that has images or is predicted, in percent.

    Args:
        labels: int64 (n,); bool (n, K) where an image may have several.
        predicted: The same.
        classes: K names.

    Returns:
        ``class``, ``images``, ``predicted`` (how many images are taken for it), ``precision``, ``recall``, ``f1``, and
        the 95 % intervals of the first two (Wilson, 1927) as ``precision low``, ``precision high``, ``recall low`` and
        ``recall high``. A score of a class without images, or that is never predicted, is missing.
    """
    has, gives = (one_hot(values, len(classes)) for values in (labels, predicted))
    hits, images, taken = (has & gives).sum(axis=0), has.sum(axis=0), gives.sum(axis=0)
    columns = {"class": list(classes), "images": images, "predicted": taken}
    for name, of in (("precision", taken), ("recall", images)):
        low, high = wilson(hits, of)
        share = np.divide(hits, of, out=np.full(len(of), np.nan), where=of > 0)
        columns |= {name: 100 * share, f"{name} low": 100 * low, f"{name} high": 100 * high}
    both = images + taken
    columns["f1"] = 100 * np.divide(2 * hits, both, out=np.full(len(both), np.nan), where=both > 0)
    return pd.DataFrame(columns)[both > 0].reset_index(drop=True)


def one_hot(values: np.ndarray, num_classes: int) -> np.ndarray:
    """Return class indices int64 (n,) as bool (n, K); what is bool (n, K) already is returned."""
    return values if values.ndim == 2 else values[:, None] == np.arange(num_classes)


def average_precisions(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the average precision of each class in percent, float64 (K,); NaN for a class without images.

    Args:
        labels: bool (n, K), the true classes.
        scores: (n, K).
    """
    from sklearn.metrics import average_precision_score

    found = np.full(scores.shape[1], np.nan)
    for index in np.flatnonzero(labels.any(axis=0)).tolist():
        found[index] = 100 * average_precision_score(labels[:, index], scores[:, index])
    return found


def confused_pairs(labels: np.ndarray, predicted: np.ndarray, most: int = 50) -> pd.DataFrame:
    """Return the pairs of classes that are confused most.

    Args:
        labels: int64 (n,); bool (n, K) where an image may have several.
        predicted: The same.
        most: The number of pairs at most.

    Returns:
        ``label``, ``predicted`` (class indices), ``images`` (how many images of the one are not found to be, and are
        taken for the other, which they are not) and ``share`` (of the images of the one, in percent), most images
        first.
    """
    from scipy.sparse import csr_matrix

    count = labels.shape[1] if labels.ndim == 2 else 1 + max(labels.max(initial=0), predicted.max(initial=0))
    has, gives = one_hot(labels, count), one_hot(predicted, count)
    images = csr_matrix(has & ~gives, dtype=np.int64).T @ csr_matrix(gives & ~has, dtype=np.int64)
    pairs = images.tocoo()
    counted = pd.DataFrame({"label": pairs.row, "predicted": pairs.col, "images": pairs.data}, dtype=np.int64)
    counted = counted.sort_values(["label", "predicted"])
    counted["share"] = 100 * counted["images"] / has.sum(axis=0)[counted["label"].to_numpy()]
    return counted.sort_values(["images", "share"], ascending=False, kind="stable")[:most].reset_index(drop=True)


def cluster_order(matrix: np.ndarray) -> np.ndarray:
    """Order classes so that those which are confused with each other stand side by side.

    Average linkage of how often two classes are confused, with the leaves in the best order (Bar-Joseph et al., 2001).

    Args:
        matrix: Confusions (K, K), a row per true class.

    Returns:
        int64 (K,): class indices.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(matrix) < 3:
        return np.arange(len(matrix))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    distances = 1.0 - (shares + shares.T) / 2
    np.fill_diagonal(distances, 0.0)
    return leaves_list(linkage(squareform(distances, checks=False), "average", optimal_ordering=True)).astype(np.int64)

"""Scores class by class, and which classes are taken for which. n images with one label, K classes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

_LEVEL = 0.95


def class_scores(labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Return precision, recall and F1 of each class that has images or is predicted, in percent.

    Args:
        labels: int64 (n,).
        predicted: int64 (n,).
        classes: K names.

    Returns:
        ``class``, ``images``, ``predicted`` (how many images are taken for it), ``precision``, ``recall``, ``f1``, and
        the 95 % intervals of the first two (Wilson, 1927) as ``precision low``, ``precision high``, ``recall low`` and
        ``recall high``. A score of a class without images, or that is never predicted, is missing.
    """
    matrix = confusion_matrix(labels, predicted, labels=np.arange(len(classes)))
    hits, images, taken = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    columns = {"class": list(classes), "images": images, "predicted": taken}
    for name, of in (("precision", taken), ("recall", images)):
        low, high = wilson(hits, of)
        share = np.divide(hits, of, out=np.full(len(of), np.nan), where=of > 0)
        columns |= {name: 100 * share, f"{name} low": 100 * low, f"{name} high": 100 * high}
    both = images + taken
    columns["f1"] = 100 * np.divide(2 * hits, both, out=np.full(len(both), np.nan), where=both > 0)
    return pd.DataFrame(columns)[both > 0].reset_index(drop=True)


def wilson(hits: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % intervals of shares (Wilson, JASA 1927), from 0 to 1, of the shape of both; NaN for none of 0."""
    pairs = zip(np.ravel(hits).tolist(), np.ravel(count).tolist(), strict=True)
    nothing = (np.nan, np.nan)
    bounds = [binomtest(hit, of).proportion_ci(_LEVEL, "wilson") if of else nothing for hit, of in pairs]
    low, high = np.array(bounds, np.float64).reshape(-1, 2).T
    return low.reshape(np.shape(count)), high.reshape(np.shape(count))


def confused_pairs(labels: np.ndarray, predicted: np.ndarray, most: int = 50) -> pd.DataFrame:
    """Return the pairs of classes that are confused most.

    Args:
        labels: int64 (n,).
        predicted: int64 (n,).
        most: The number of pairs at most.

    Returns:
        ``label``, ``predicted`` (class indices), ``images`` (how many images of the one are taken for the other) and
        ``share`` (of the images of the one, in percent), most images first.
    """
    wrong = labels != predicted
    pairs = pd.DataFrame({"label": labels[wrong], "predicted": predicted[wrong]})
    counted = pairs.groupby(["label", "predicted"]).size().rename("images").reset_index()
    sizes = np.bincount(labels)
    counted["share"] = 100 * counted["images"] / sizes[counted["label"].to_numpy()]
    return counted.sort_values(["images", "share"], ascending=False, kind="stable")[:most].reset_index(drop=True)


def cluster_order(matrix: np.ndarray) -> np.ndarray:
    """Order classes so that those which are confused with each other stand side by side.

    Average linkage of how often two classes are confused, with the leaves in the best order (Bar-Joseph et al., 2001).

    Args:
        matrix: Confusions (K, K), a row per true class.

    Returns:
        int64 (K,): class indices.
    """
    if len(matrix) < 3:
        return np.arange(len(matrix))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    distances = 1.0 - (shares + shares.T) / 2
    np.fill_diagonal(distances, 0.0)
    return leaves_list(linkage(squareform(distances, checks=False), "average", optimal_ordering=True)).astype(np.int64)

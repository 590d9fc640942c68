"""Means of the scores of several models: arithmetic, geometric, and of ranks.

Each is a weighted sum in a space of its own: scores enter the space, are summed there, and leave it. So a mean inside a
group and a mean between groups are one sum, whose weights are products. n images, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

FLOOR = 1e-7


@dataclass(frozen=True)
class Mean:
    """A way to average scores.

    Attributes:
        name: Its name on the command line.
        probabilities: Whether its results are probabilities if the scores are.
        enter: Takes float32 (n, K) into the space; leaves the array as it is.
        leave: Takes such a sum, and whether an image may have several labels, back to scores; may work in place.
    """

    name: str
    probabilities: bool
    enter: Callable[[np.ndarray], np.ndarray]
    leave: Callable[[np.ndarray, bool], np.ndarray]


def _as_it_is(scores: np.ndarray, several: bool = False) -> np.ndarray:
    return scores


def _logarithm(scores: np.ndarray) -> np.ndarray:
    floored = np.maximum(scores, np.float32(FLOOR))
    return np.log(floored, out=floored)


def _exponential(total: np.ndarray, several: bool) -> np.ndarray:
    if several:
        return np.exp(total, out=total)
    total -= total.max(axis=1, keepdims=True)
    np.exp(total, out=total)
    total /= total.sum(axis=1, keepdims=True)
    return total


def _relative_ranks(scores: np.ndarray) -> np.ndarray:
    ranks, count = np.empty_like(scores), len(scores)
    for index in range(scores.shape[1]):
        column = np.ascontiguousarray(scores[:, index])
        order = column.argsort()  # not stable, and so several times faster than scipy.stats.rankdata
        ordered = column[order]
        edges = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, [count]])
        ranks[order, index] = np.repeat((edges[:-1] + edges[1:] + 1) / (2 * count), np.diff(edges))
    return ranks


MEANS = {
    mean.name: mean
    for mean in (
        Mean("arithmetic", True, _as_it_is, _as_it_is),
        Mean("geometric", True, _logarithm, _exponential),
        Mean("rank", False, _relative_ranks, _as_it_is),
    )
}
"""By name.

``arithmetic``
    ``sum_m w_m p_m``.
``geometric``
    ``prod_m p_m ** w_m``, divided by its sum over the classes where an image has one label. Scores below
    :data:`FLOOR` count as it, so that no model alone rules a class out.
``rank``
    Each class ranks the images by its score; the mean of these ranks divided by n (equal scores share the mean of
    their ranks). What comes out is 1 for an image that all models rank first in that class: good for metrics that go
    class by class (ROC-AUC, average precision), but no probability, and classes of an image cannot be compared by it.
"""

"""Averages of several models' predictions, computed file by file with at most two of them in memory.

Each is a weighted sum in its own space: scores enter the space, are summed, and leave it. So a mean inside a group and
a mean between groups are one sum, whose weights are products. n images, K classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kdxf.io.predictions import Predictions
from kdxf.io.provenance import Input, Provenance
from kdxf.recipes.ensembles.members import Facts, Unit, read_alike

FLOOR = 1e-7


@dataclass(frozen=True)
class Mean:
    """A way to average scores.

    Attributes:
        name: Its name on the command line.
        probabilities: Whether its results are probabilities if the scores are.
        enter: Maps float32 (n, K) into the space, without changing its argument.
        leave: Maps such a sum back to scores, given whether an image may have several labels; may work in place.
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
"""The means by name.

``arithmetic``
    ``sum_m w_m p_m``.
``geometric``
    ``prod_m p_m ** w_m``, divided by its sum over the classes if an image has one label. Scores below
    :data:`FLOOR` count as :data:`FLOOR`, so that no single model rules out a class.
``rank``
    Each class ranks the images by its score; the mean of these ranks divided by n (equal scores share the mean of
    their ranks). The result is 1 for an image that all models rank first in that class: good for metrics per class
    (ROC-AUC, average precision), but not a probability, and it cannot compare the classes of an image.
"""


_HALF = 0.5 - 1e-6  # float32 sums of weights


def average(units: Sequence[Unit], weights: Sequence[float], mean: str = "arithmetic", origin: str = "") -> Predictions:
    """Average predictions: models count equally inside a group, and groups by their weights.

    With several labels per image, a label is predicted if models with at least half of the weight predict it.

    Args:
        units: Models and groups of models.
        weights: One for each unit; their sum is 1. Units of weight 0 are not read.
        mean: A name of :data:`~kdxf.recipes.ensembles.average.MEANS`.
        origin: Where the weights come from, for ``source``.

    Returns:
        The mean. ``seen`` is True for images that any model has seen, and ``fold`` is set where all files agree, see
        :class:`~kdxf.recipes.ensembles.members.Facts`; ``source`` has ``mean``, ``weights`` (their origin) and, for
        each of the ``inputs``, its ``file``, ``digest``, ``unit``, ``weight`` and ``source``.

    Raises:
        UserError: A file cannot be read, or files differ in images, classes or labels.
    """
    shares = {
        file: (unit.name, weight / len(unit.files))
        for unit, weight in zip(units, weights, strict=True)
        for file in unit.files
        if weight
    }
    space, facts = MEANS[mean], Facts()
    inputs: list[Input] = []
    total = votes = np.zeros(1, np.float32)
    for file, predictions in read_alike(shares):
        unit, share = shares[file]
        facts.add(file, predictions)
        inputs.append(Input.of_file(file, predictions.source, unit=unit, weight=share))
        part = space.enter(predictions.scores) * np.float32(share)
        total = np.add(part, total, out=part)
        if predictions.predicted is not None:
            votes = votes + predictions.predicted * np.float32(share)
    return Predictions(
        images=facts.images,
        scores=space.leave(total, facts.multi_label),
        classes=facts.classes,
        labels=facts.labels,
        predicted=votes >= _HALF if facts.multi_label else None,
        seen=facts.seen,
        errors=facts.errors,
        fold=facts.fold,
        source=Provenance(
            tool="tools/recipes/ensemble.py", mean=mean, inputs=tuple(inputs), details={"weights": origin}
        ),
    )

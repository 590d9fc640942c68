"""Which images a report shows: the worst errors, and the right answers that were almost wrong. n images, K classes."""

from dataclasses import dataclass

import numpy as np

from kdxf.analysis.report.evidence import Evidence
from kdxf.io.predictions import margins

_TINY = 1e-12


@dataclass(frozen=True)
class Example:
    """One image.

    Attributes:
        index: Which of the n.
        loss: As in :func:`losses`.
        best: Indices of the best classes with their probabilities, best first.
    """

    index: int
    loss: float
    best: tuple[tuple[int, float], ...]


def losses(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the cross entropy of each image, float64 (n,), from probabilities (n, K).

    Args:
        scores: The probabilities.
        labels: int64 (n,); bool (n, K) where an image may have several: then the mean over all classes of the cross
            entropy of "is of the class" and "is not".
    """
    if labels.ndim == 2:
        right = np.where(labels, scores, 1 - scores).astype(np.float64)
        return -np.log(np.maximum(right, _TINY)).mean(axis=1)
    return -np.log(np.maximum(scores[np.arange(len(labels)), labels].astype(np.float64), _TINY))


def worst_errors(evidence: Evidence, most: int) -> list[Example]:
    """Return the wrong answers of the greatest loss."""
    loss = losses(evidence.predictions.scores, evidence.labels)
    wrong = np.flatnonzero(~evidence.right)
    return [_example(evidence, index, loss) for index in wrong[np.argsort(-loss[wrong], kind="stable")][:most].tolist()]


def narrow_hits(evidence: Evidence, most: int) -> list[Example]:
    """Return the right answers of the least margin; none where an image may have several labels: there is no margin."""
    if evidence.multi_label:
        return []
    margin, loss = margins(evidence.predictions.scores), losses(evidence.predictions.scores, evidence.labels)
    right = np.flatnonzero(evidence.right)
    order = right[np.argsort(margin[right], kind="stable")][:most]
    return [_example(evidence, index, loss) for index in order.tolist()]


def _example(evidence: Evidence, index: int, loss: np.ndarray, shown: int = 5) -> Example:
    row = evidence.predictions.scores[index]
    order = np.argsort(-row, kind="stable")[:shown]
    return Example(index, float(loss[index]), tuple((int(best), float(row[best])) for best in order))

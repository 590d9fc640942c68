"""Chooses the images whose predicted class is sure enough to be trained on. n images, K classes."""

from dataclasses import dataclass

import numpy as np

_ROWS = 1 << 16  # at a time, so that a copy of all scores is never made


@dataclass(frozen=True)
class Choice:
    """Which predictions are kept; all conditions that are given must hold.

    Attributes:
        threshold: The best score must be at least this.
        margin: The best score must be above the second by at least this.
        per_class: Of each class the surest this many that fulfil the others.
    """

    threshold: float | None = None
    margin: float | None = None
    per_class: int | None = None


def best_two(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finds the best class of each image, its score, and the second best score (0 where there is one class).

    Args:
        scores: float32 (n, K).

    Returns:
        int64 (n,), float32 (n,), float32 (n,).
    """
    best = scores.argmax(axis=1)
    first = scores[np.arange(len(scores)), best]
    second = np.zeros(len(scores), np.float32)
    if scores.shape[1] > 1:
        for start in range(0, len(scores), _ROWS):
            rows = slice(start, start + _ROWS)
            second[rows] = np.partition(scores[rows], -2, axis=1)[:, -2]
    return best, first, second


def choose(
    choice: Choice, classes: np.ndarray, first: np.ndarray, second: np.ndarray, usable: np.ndarray
) -> np.ndarray:
    """Chooses images.

    Args:
        choice: The conditions.
        classes, first, second: What :func:`best_two` gives.
        usable: bool (n,), images that may be chosen at all.

    Returns:
        The indices of the chosen ones, ascending.
    """
    keep = usable.copy()
    if choice.threshold is not None:
        keep &= first >= np.float32(choice.threshold)
    if choice.margin is not None:
        keep &= first - second >= np.float32(choice.margin)
    rows = np.flatnonzero(keep)
    if choice.per_class is None:
        return rows
    order = rows[np.lexsort((-first[rows], classes[rows]))]  # by class, the surest first; the earlier one of equals
    starts = np.searchsorted(classes[order], classes[order], side="left")
    return np.sort(order[np.arange(len(order)) - starts < choice.per_class])

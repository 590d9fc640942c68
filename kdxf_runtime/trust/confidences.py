"""How sure a model is of each image, and whether it is right. n images, K classes."""

import numpy as np


def confidences(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the score of the best class, float64 (n,), and whether that class is the true one, bool (n,).

    Args:
        scores: Probabilities, float (n, K).
        labels: True classes, int (n,).

    Raises:
        ValueError: There are no images, the shapes do not fit together, a label is no class, or a score is no
            probability.
    """
    check_scores(scores, labels)
    guesses = scores.argmax(axis=1)
    return scores[np.arange(len(scores)), guesses].astype(np.float64), guesses == labels


def check_scores(scores: np.ndarray, labels: np.ndarray) -> None:
    """Check that scores and labels are of the same images, and that the labels are classes.

    Raises:
        ValueError: See :func:`confidences`.
    """
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not scores.size:
        raise ValueError(f"scores (n, K) and labels (n,) of one image or more, not {scores.shape} and {labels.shape}")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise ValueError(f"labels from 0 to {scores.shape[1] - 1}, not {labels.min()} to {labels.max()}")
    if not (scores.min() >= 0 and scores.max() <= 1.0001):  # also for NaN
        raise ValueError(f"scores are probabilities from 0 to 1, not {scores.min()} to {scores.max()}")

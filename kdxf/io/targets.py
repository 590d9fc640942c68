"""Training targets: soft labels, mixed with the ground truth. n images, K classes."""

import numpy as np

GROUND_TRUTH_RATIO = 0.7
"""The default part of the ground truth: seven parts truth, three of the model, a recipe that won competitions."""


def mix_ground_truth(scores: np.ndarray, labels: np.ndarray, ratio: float) -> np.ndarray:
    """Return ``ratio * truth + (1 - ratio) * scores``, float32 (n, K).

    Args:
        scores: float32 (n, K), what a model says.
        labels: int64 (n,), the true class, -1 where it is not known: then the scores alone are the target. Or
            bool (n, K), all true classes.
        ratio: The part of the ground truth, from 0 to 1.
    """
    part = np.float32(ratio)
    if labels.ndim == 2:
        return (1 - part) * scores + part * labels
    known = np.flatnonzero(labels >= 0)
    mixed = scores.copy()
    mixed[known] *= 1 - part
    mixed[known, labels[known]] += part
    return mixed

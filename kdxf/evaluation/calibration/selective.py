"""The accuracy of the predictions that are accepted, for each number of them. n images, K classes."""

import numpy as np
import pandas as pd

from kdxf_runtime.trust.confidences import confidences
from kdxf_runtime.trust.selective import coverage_curve


def coverage_accuracy(scores: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Return the accuracy of the surest images, for each number of them.

    Args:
        scores: Probabilities, float (n, K).
        labels: True classes, int (n,).

    Returns:
        A row for each confidence that occurs, highest first: ``coverage``, the share of images that are at least as
        sure, ``accuracy``, the share of those that is right, both from 0 to 1, and ``threshold``, the confidence.

    Raises:
        ValueError: As of :func:`kdxf_runtime.trust.confidences.confidences`.
    """
    coverage, accuracy, threshold = coverage_curve(*confidences(scores, labels))
    return pd.DataFrame({"coverage": coverage, "accuracy": accuracy, "threshold": threshold})

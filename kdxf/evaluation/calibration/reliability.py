"""How far confidence is from accuracy, and how much of that is chance. n images, K classes, B bins."""

import numpy as np
import pandas as pd

from kdxf_runtime.trust.confidences import confidences


def bin_edges(confidence: np.ndarray, bins: int, equal_mass: bool) -> np.ndarray:
    """Return the inner edges, float64 (B - 1,), of bins that include their upper edge.

    Args:
        confidence: Of each image, float (n,).
        bins: B, at least 1.
        equal_mass: Bins of equally many images instead of equal width.
    """
    if bins < 1:
        raise ValueError(f"bins must be 1 or more, got {bins}")
    shares = np.arange(1, bins) / bins
    return np.quantile(confidence, shares) if equal_mass else shares


def expected_error(confidence: np.ndarray, right: np.ndarray, edges: np.ndarray) -> float:
    """Return the expected calibration error of n confidences (n,), from 0 to 1, in bins that end at ``edges``.

    It is the mean over images of the distance, in their bin, between mean confidence and accuracy. The difference of
    sums is n_b times that of means.
    """
    return float(np.abs(np.bincount(_bins(confidence, edges), right - confidence)).sum() / len(confidence))


def _bins(confidence: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.searchsorted(edges, confidence, side="left")


def expected_calibration_error(
    scores: np.ndarray, labels: np.ndarray, bins: int = 15, equal_mass: bool = False
) -> float:
    """Return the expected calibration error, from 0 to 1; see :func:`expected_error`.

    Of few images it is too large: :func:`error_by_chance` says what a perfect model would have.

    Args:
        scores: Probabilities, float (n, K).
        labels: True classes, int (n,).
        bins: B.
        equal_mass: Bins of equally many images instead of equal width.

    Raises:
        ValueError: ``bins`` is not positive, or as of :func:`kdxf_runtime.trust.confidences.confidences`.
    """
    confidence, right = confidences(scores, labels)
    return expected_error(confidence, right, bin_edges(confidence, bins, equal_mass))


def error_by_chance(
    scores: np.ndarray, bins: int = 15, equal_mass: bool = False, draws: int = 1000
) -> tuple[float, float]:
    """Return the calibration error that scores have by chance alone if they are true probabilities.

    Each image is right with its confidence as the probability, drawn anew each time.

    Args:
        scores: Probabilities, float (n, K).
        bins: B.
        equal_mass: Bins of equally many images instead of equal width.
        draws: How often it is drawn.

    Returns:
        The mean, and the value that 95 % of the draws stay below.
    """
    confidence = scores.max(axis=1).astype(np.float64)
    edges, random = bin_edges(confidence, bins, equal_mass), np.random.default_rng(0)
    errors = [expected_error(confidence, random.random(len(confidence)) < confidence, edges) for _ in range(draws)]
    return float(np.mean(errors)), float(np.quantile(errors, 0.95))


def debiased_calibration_error(scores: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Return the root mean square of the distance between confidence and accuracy, from 0 to 1, without its bias.

    Chance adds accuracy_b * (1 - accuracy_b) / (n_b - 1) to the square of the distance in bin b; it is subtracted
    (https://arxiv.org/abs/1909.10155, section 4). The root of the sum is at least as large as the expected calibration
    error that endlessly many images would have in these bins, which hold equally many images. A sum below 0, as chance
    may give, counts as 0.

    Args:
        scores: Probabilities, float (n, K).
        labels: True classes, int (n,).
        bins: B, or fewer, so that each holds two images.

    Returns:
        The distance; NaN of a single image.

    Raises:
        ValueError: As of :func:`expected_calibration_error`.
    """
    confidence, right = confidences(scores, labels)
    edges = bin_edges(confidence, min(bins, max(len(labels) // 2, 1)), equal_mass=True)
    table = _table(confidence, right, edges)
    several = table[table["count"] > 1]
    if several.empty:
        return float("nan")
    accuracy, count = several["accuracy"], several["count"]
    squares = (accuracy - several["confidence"]) ** 2 - accuracy * (1 - accuracy) / (count - 1)
    return float(np.sqrt(max((squares * count).sum() / count.sum(), 0.0)))


def reliability(scores: np.ndarray, labels: np.ndarray, bins: int = 15, equal_mass: bool = False) -> pd.DataFrame:
    """Return the points of a reliability diagram.

    Args:
        scores: Probabilities, float (n, K).
        labels: True classes, int (n,).
        bins: B.
        equal_mass: Bins of equally many images instead of equal width.

    Returns:
        A row for each bin with images, by rising confidence: ``confidence`` and ``accuracy``, the means from 0 to 1,
        and ``count``, the number of images.

    Raises:
        ValueError: As of :func:`expected_calibration_error`.
    """
    confidence, right = confidences(scores, labels)
    return _table(confidence, right, bin_edges(confidence, bins, equal_mass))


def _table(confidence: np.ndarray, right: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({"confidence": confidence, "accuracy": right.astype(np.float64)})
    groups = frame.groupby(_bins(confidence, edges))
    return groups.mean().assign(count=groups.size()).reset_index(drop=True)

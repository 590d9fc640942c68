"""Which predictions to accept and which a person should see, by confidence. n images, K classes."""

from dataclasses import dataclass

import numpy as np

from kdxf_runtime.trust.wilson import wilson


@dataclass(frozen=True)
class Accepted:
    """The images whose confidence is at least a threshold.

    Attributes:
        threshold: The least confidence; infinite where no image is accepted.
        coverage: Their share of all images, from 0 to 1.
        accuracy: The share of them that is right; NaN where no image is accepted.
        low: The lower bound of its interval, 95 % by Wilson, which also holds where all are right.
        high: The upper bound.
        count: How many images were accepted, of those that tell the accuracy.
    """

    threshold: float
    coverage: float
    accuracy: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        if not self.count:
            return "expected: every image goes to a person"
        return (
            f"expected: {1 - self.coverage:.1%} of the images go to a person, and {self.accuracy:.1%} of the rest are "
            f"right ({self.low:.1%} to {self.high:.1%}, by {self.count} calibration images)"
        )

    @classmethod
    def at(cls, threshold: float, confidence: np.ndarray, right: np.ndarray) -> "Accepted":
        """Count the images at a threshold, by confidence, float (n,), and whether they are right, bool (n,)."""
        kept = confidence >= threshold
        count, hits = int(kept.sum()), int(right[kept].sum())
        if not count:
            return cls(float("inf"), 0.0, float("nan"), 0.0, 1.0, 0)
        low, high = (float(bound) for bound in wilson(np.array(hits), np.array(count)))
        return cls(float(threshold), count / len(kept), hits / count, low, high, count)


def coverage_curve(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the accuracy of the surest images, for each number of them.

    Args:
        confidence: Of each image, float (n,).
        right: Whether the model is right, bool (n,).

    Returns:
        For each confidence that occurs, highest first: the share of images that are at least as sure, the share of
        those that is right, both from 0 to 1, and the confidence.
    """
    order = np.argsort(-confidence, kind="stable")
    confidence, hits = confidence[order], np.cumsum(right[order])
    last = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True))  # of images that are equally sure
    count = last + 1
    return count / len(order), hits[last] / count, confidence[last]


def for_budget(confidence: np.ndarray, right: np.ndarray, share: float) -> Accepted:
    """Find the threshold that sends a share of the images to a person.

    Args:
        confidence: Of each image, float (n,).
        right: Whether the model is right, bool (n,).
        share: Of the images, from 0 to 1, those with the lowest confidence. Of images that are equally sure, all are
            accepted or none, so that the share that is sent is at most this one.

    Raises:
        ValueError: The share is out of its range.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, got {share}")
    sent = int(np.floor(share * len(confidence) + 1e-9))  # 0.29 * 100 is less than 29
    rising = np.sort(confidence)
    return Accepted.at(rising[sent] if sent < len(rising) else np.inf, confidence, right)


def for_precision(confidence: np.ndarray, right: np.ndarray, precision: float) -> Accepted:
    """Find the threshold that accepts most images while the wanted share of them is right.

    Args:
        confidence: Of each image, float (n,).
        right: Whether the model is right, bool (n,).
        precision: The share that is to be right, from 0 to 1. It holds for these images; for others, see the interval.

    Returns:
        What is accepted: no image, where no threshold has this precision.

    Raises:
        ValueError: ``precision`` is out of its range.
    """
    if not 0 <= precision <= 1:
        raise ValueError(f"precision must be from 0 to 1, got {precision}")
    _, accuracy, threshold = coverage_curve(confidence, right)
    enough = threshold[accuracy >= precision]
    return Accepted.at(enough[-1] if len(enough) else np.inf, confidence, right)

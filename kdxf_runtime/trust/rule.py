"""Which images need their text read: those of which the picture alone is not sure enough. n images, K classes.

The model answers every image without its text first. Where the calibrated score of its best class is at least a
threshold that answer stands; the other images have their text read, and are answered by both. The threshold is the
lowest down to which the loss of accuracy against reading every text stays within a budget on the calibration images.
A still lower one where it happens to be within the budget again would be luck, and lose more on other images. Without
text the model is sure to another degree than with it, so these scores have a temperature of their own.

On photographs of groceries the margin between the two best classes and scores as they come do as well, within the noise
(``benchmarks/routing.py``); a calibrated score is the one whose threshold says something.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kdxf_runtime.trust.temperature import Temperature, apply_temperature

Fit = Callable[[np.ndarray, np.ndarray], Temperature]
"""Fits a temperature to scores (n, K) and labels (n,)."""


@dataclass(frozen=True, eq=False)
class Rule:
    """Who answers an image, and with which scores.

    Attributes:
        threshold: The least calibrated score of the picture alone with which it answers; infinite where it never does.
        full: The temperature of the scores with text.
        image: The temperature of the scores without it.
    """

    threshold: float
    full: Temperature
    image: Temperature

    def look(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Calibrate the model's own scores without text, float (n, K), and tell where they answer.

        Returns:
            float32 (n, K) and bool (n,).
        """
        scores = apply_temperature(image, self.image)
        return scores, scores.max(axis=1) >= np.float64(self.threshold)

    def route(self, full: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer images whose scores with and without text are both known: the model's own, float (n, K).

        Returns:
            The calibrated scores, float32 (n, K), and where the picture alone answers, bool (n,).
        """
        scores, by_image = self.look(image)
        return np.where(by_image[:, None], scores, apply_temperature(full, self.full)), by_image


def fit_rule(
    full: np.ndarray, image: np.ndarray, labels: np.ndarray, budget: float, fit_full: Fit, fit_image: Fit
) -> Rule:
    """Fit both temperatures and the threshold to images that the model was not trained on.

    Args:
        full: The model's own scores with text, float (n, K).
        image: The same without text.
        labels: True classes, int (n,).
        budget: The accuracy that may be lost, from 0 to 1.
        fit_full: Fits the temperature of the first.
        fit_image: Fits that of the others.
    """
    temperature = fit_image(image, labels)
    confidence = apply_temperature(image, temperature).max(axis=1)
    lost = losses(full.argmax(axis=1) == labels, image.argmax(axis=1) == labels)
    return Rule(lowest_threshold(confidence, lost, budget), fit_full(full, labels), temperature)


def losses(full_right: np.ndarray, other_right: np.ndarray) -> np.ndarray:
    """Return what the other answer loses on each image: 1, 0 or -1, int64 (n,), of who is right, both bool (n,)."""
    return full_right.astype(np.int64) - other_right


def lowest_threshold(confidence: np.ndarray, lost: np.ndarray, budget: float) -> float:
    """Return the lowest confidence from which on the picture alone may answer; infinite where nothing may be spared.

    No higher one loses more than the budget, either.

    Args:
        confidence: Of the picture alone, float (n,).
        lost: What its answer loses, see :func:`losses`.
        budget: The share of all n images that may be lost.
    """
    order = np.argsort(-confidence, kind="stable")
    confidence, total = confidence[order], np.cumsum(lost[order])
    last = np.append(confidence[1:] != confidence[:-1], True)  # of images that are equally sure
    within = total[last] <= budget * len(order) + 1e-9
    allowed = confidence[last][np.logical_and.accumulate(within)]
    return float(allowed[-1]) if len(allowed) else float("inf")

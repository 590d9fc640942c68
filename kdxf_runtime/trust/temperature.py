"""Scores at a temperature: q = softmax(log(p) / T) (https://arxiv.org/abs/1706.04599). n images, K classes.

T is above 1 for a model that is too sure, and below 1 for one that is not sure enough. The best class stays the best.
T may depend on the class that the model gives: some classes are overestimated more than others.
"""

import numpy as np

MANY_CLASSES = 1000
"""From so many classes on, files of predictions hold float16."""

_SMALLEST = float(np.finfo(np.float32).tiny)
_SMALLEST_HALF = 2.0**-25  # in float16 smaller scores are 0

Temperature = float | np.ndarray
"""A temperature of all images, or float64 (K,), one for each class that the model may give."""


def log_scores(scores: np.ndarray) -> np.ndarray:
    """Return the logarithms of scores, float64 (n, K), none of them infinite."""
    smallest = _SMALLEST if scores.shape[1] < MANY_CLASSES else _SMALLEST_HALF
    return np.log(np.maximum(scores, smallest, dtype=np.float64))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of logits (n, K)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def apply_temperature(scores: np.ndarray, temperature: Temperature) -> np.ndarray:
    """Return scores at a temperature, float32 (n, K), whose rows sum to 1.

    Args:
        scores: Probabilities, float (n, K).
        temperature: One, or one for each class that the model may give, float (K,).

    Raises:
        ValueError: A temperature is not positive, or there is not one for each class.
    """
    temperatures = np.asarray(temperature, np.float64)
    if temperatures.ndim and temperatures.shape != scores.shape[1:]:
        raise ValueError(f"{temperatures.size} temperatures for {scores.shape[1]} classes; give one for each, or one")
    if not (temperatures > 0).all():
        raise ValueError(f"a temperature is positive, not {temperatures.min()}")
    if temperatures.ndim:
        temperatures = temperatures[scores.argmax(axis=1), None]
    return softmax(log_scores(scores) / temperatures).astype(np.float32)

"""How far features lie from their mean. n images, C channels."""

from dataclasses import dataclass

import numpy as np

_LEAST = 0.01
"""Of the mean variance, added to that of every channel: one that hardly ever varied would outweigh all others."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and variance of a feature.

    Attributes:
        mean: float64 (C,).
        variance: float64 (C,).
    """

    mean: np.ndarray
    variance: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> "Moments":
        """Compute those of features (n, C), each channel by itself."""
        features = features.astype(np.float64)
        return cls(features.mean(axis=0), features.var(axis=0))

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Return how far features (n, C) lie from the mean, in standard deviations: the RMS over channels, (n,)."""
        return _distances(features.astype(np.float64), self.mean, self.variance)


def distances_from_others(features: np.ndarray) -> np.ndarray:
    """Return how far each of n features (n, C) lies from the mean of the others, as :meth:`Moments.distances` does.

    A feature is closer to a mean that it is part of than a new one is; two hundred images show it.

    Raises:
        ValueError: There are fewer than three.
    """
    count = len(features)
    if count < 3:
        raise ValueError(f"three features or more are needed, got {count}")
    features = features.astype(np.float64)
    features = features - features.mean(axis=0)  # so that the difference of squares below keeps its digits
    mean = -features / (count - 1)
    square = ((features**2).sum(axis=0) - features**2) / (count - 1)
    return _distances(features, mean, np.maximum(square - mean**2, 0))


def _distances(features: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    scale = variance + _LEAST * variance.mean(axis=-1, keepdims=True) + np.finfo(np.float64).tiny
    return np.sqrt(((features - mean) ** 2 / scale).mean(axis=1))

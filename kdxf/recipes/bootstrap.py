"""Confidence intervals from resampling the images."""

from collections.abc import Callable, Sequence

import numpy as np

LEVEL = 0.95


def bootstrap(
    values: Callable[[np.ndarray], Sequence[float] | np.ndarray], count: int, draws: int = 1000
) -> tuple[np.ndarray, np.ndarray]:
    """Finds between which bounds :data:`LEVEL` of the values lie when the images are drawn again with replacement.

    Values of one call are of the same images, so that a difference of two models is compared image by image. The same
    images are drawn each time.

    Args:
        values: Gives an array of values, of the images of these indices, int64 (count,); NaN where one is not defined.
        count: The number of images.
        draws: How often they are drawn.

    Returns:
        The lower bounds and the upper ones: float64 arrays of the shape of the values.
    """
    random = np.random.default_rng(0)
    drawn = np.array([values(random.integers(count, size=count)) for _ in range(draws)])
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high

"""How much worse one of two classifiers is on the same images, and how much of that is chance."""

import numpy as np

_Z = 1.959964  # 95 %


def paired_interval(lost: int, won: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of the share of images that the second classifier loses to the first one.

    The score interval of a difference of paired shares (Tango, Statistics in Medicine 1998). Of classifiers that agree
    on every image it is not empty, as a bootstrap's would be, but shrinks with the number of images.

    Args:
        lost: Images of which only the first classifier is right.
        won: Images of which only the second one is right.
        count: All images.

    Returns:
        The bounds of (lost - won) / count.

    Raises:
        ValueError: The counts do not fit together.
    """
    from scipy.optimize import brentq

    if lost < 0 or won < 0 or lost + won > count or not count:
        raise ValueError(f"{lost} lost and {won} won of {count} images")

    def score(difference: float) -> float:
        """Return the standardized distance from the difference that was found, which falls as the difference grows."""
        half = (2 * count - lost + won) * difference - lost - won
        root = np.sqrt(half**2 + 8 * count * won * difference * (1 - difference))
        only_second = max(root - half, 0.0) / (4 * count)  # the most likely share of it at this difference
        variance = count * max(2 * only_second + difference * (1 - difference), 1e-300)
        return float((lost - won - count * difference) / np.sqrt(variance))

    found, edge = (lost - won) / count, 1 - 1e-12
    low = -1.0 if score(-edge) <= _Z else brentq(lambda difference: score(difference) - _Z, -edge, found)
    high = 1.0 if score(edge) >= -_Z else brentq(lambda difference: score(difference) + _Z, found, edge)
    return float(low), float(high)

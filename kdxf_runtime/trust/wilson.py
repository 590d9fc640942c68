"""Intervals of shares (Wilson, Journal of the American Statistical Association 22, 1927)."""

import numpy as np

_Z = 1.959963984540054  # of 95 %


def wilson(hits: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % intervals of shares, from 0 to 1, of the shape of both; NaN for none of 0."""
    hits, count = np.asarray(hits, np.float64), np.asarray(count, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, square = hits / count, _Z**2 / count
        centre = (share + square / 2) / (1 + square)
        half = _Z * np.sqrt(share * (1 - share) / count + square / count / 4) / (1 + square)
    # Exactly 0 and 1 where none and where all are hits, whatever the rounding.
    low, high = np.where(hits == 0, 0.0, centre - half), np.where(hits == count, 1.0, centre + half)
    return np.where(count > 0, low, np.nan), np.where(count > 0, high, np.nan)

"""The two-sample test of Kolmogorov and Smirnov."""

from dataclasses import dataclass

import numpy as np

_TERMS = np.arange(1, 101)


@dataclass(frozen=True)
class TwoSampleTest:
    """The outcome of :func:`two_sample_test`.

    Attributes:
        distance: The largest difference, over all values, of the shares at or below it; from 0 to 1.
        chance: The probability that two samples of one distribution are as far apart, the p-value.
    """

    distance: float
    chance: float


def two_sample_test(first: np.ndarray, second: np.ndarray) -> TwoSampleTest:
    r"""Compare two samples of numbers, float (n,) and (m,), each sorted and of one number or more.

    .. math:: p = 2 \sum_{k \ge 1} (-1)^{k-1} e^{-2 k^2 \lambda^2},\quad
              \lambda = (\sqrt e + 0.12 + 0.11 / \sqrt e) D,\quad e = n m / (n + m)

    where D is the distance. It is the limit for many numbers with the correction of Stephens (1970, "Use of the
    Kolmogorov-Smirnov, Cramer-Von Mises and related statistics without extensive tables", Journal of the Royal
    Statistical Society B 32), which is close from a handful of numbers on.
    """
    values = np.concatenate([first, second])
    shares = [np.searchsorted(sample, values, side="right") / len(sample) for sample in (first, second)]
    distance = float(np.abs(shares[0] - shares[1]).max())
    root = np.sqrt(len(first) * len(second) / (len(first) + len(second)))
    scaled = (root + 0.12 + 0.11 / root) * distance
    if scaled < 0.2:
        return TwoSampleTest(distance, 1.0)  # to the 12th digit; the series does not converge at 0
    signs = np.where(_TERMS % 2, 2.0, -2.0)
    chance = float((signs * np.exp(-2 * (_TERMS * scaled) ** 2)).sum())
    return TwoSampleTest(distance, min(max(chance, 0.0), 1.0))

import numpy as np
import pytest
from scipy.stats import ks_2samp

from kdxf_runtime.drift.kolmogorov import two_sample_test


def test_by_hand():
    """Of 1 2 3 4 and 3 4 5 6: at 2 the shares are 0.5 and 0, the largest difference."""
    found = two_sample_test(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6]))
    scaled = (np.sqrt(2) + 0.12 + 0.11 / np.sqrt(2)) * 0.5
    terms = [np.exp(-2 * (k * scaled) ** 2) for k in (1, 2, 3)]
    assert found.distance == 0.5 and found.chance == pytest.approx(2 * (terms[0] - terms[1] + terms[2]), abs=1e-8)


def test_the_same_numbers():
    found = two_sample_test(np.arange(50.0), np.arange(50.0))
    assert (found.distance, found.chance) == (0.0, 1.0)


@pytest.mark.parametrize("sizes", [(30, 30), (30, 300), (300, 300), (10_000, 300)])
@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5])
def test_against_scipy(sizes, shift):
    random = np.random.default_rng(0)
    first, second = np.sort(random.normal(size=sizes[0])), np.sort(random.normal(shift, size=sizes[1]))
    second[:5] = first[:5]  # ties
    second.sort()
    expected = ks_2samp(first, second, method="asymp")
    found = two_sample_test(first, second)
    assert found.distance == pytest.approx(expected.statistic, abs=1e-12)
    assert found.chance == pytest.approx(expected.pvalue, rel=0.15, abs=1e-8)

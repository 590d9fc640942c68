"""Wilson's intervals, against SciPy and by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest

from kdxf_runtime.trust.wilson import wilson


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (0, 30), (1, 1), (3, 4), (7, 10), (499, 500), (500, 500)])
def test_against_scipy(hits, count):
    expected = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    assert wilson(np.array(hits), np.array(count)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_none_and_all_are_exact():
    low, high = wilson(np.array([0, 7]), np.array([7, 7]))
    assert (low[0], high[1]) == (0, 1)


def test_wilson():
    """Ten of ten: the lower bound is 1 / (1 + z^2 / 10). The other is that of R's prop.test(3, 10, correct=FALSE)."""
    low, high = wilson(np.array([10, 3, 0]), np.array([10, 10, 0]))
    assert low[:2] == pytest.approx([1 / (1 + 1.959964**2 / 10), 0.1077914], abs=1e-6)
    assert high[:2] == pytest.approx([1, 0.6032219], abs=1e-6)
    assert np.isnan([low[2], high[2]]).all()

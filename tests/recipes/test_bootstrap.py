import numpy as np
from scipy.stats import binom

from kdxf.recipes.bootstrap import bootstrap


def test_a_share_is_binomial():
    right = np.arange(200) < 140  # of 200 images drawn again, Binomial(200, 0.7) are right
    low, high = bootstrap(lambda rows: right[rows].mean(), 200)
    assert abs(low - binom.ppf(0.025, 200, 0.7) / 200) <= 0.01 and abs(high - binom.ppf(0.975, 200, 0.7) / 200) <= 0.01
    assert bootstrap(lambda rows: right[rows].mean(), 200) == (low, high)


def test_all_values_are_of_the_same_images():
    one = np.random.default_rng(1).random(50)

    def values(rows):
        first, second = one[rows].mean(), (one + 1)[rows].mean()
        return [[first, second], [second - first, np.nan if rows[0] % 2 else 3]]

    low, high = bootstrap(values, 50)
    assert low.shape == high.shape == (2, 2) and low[0, 0] < one.mean() < high[0, 0]
    np.testing.assert_allclose([low[1], high[1]], [[1, 3], [1, 3]])

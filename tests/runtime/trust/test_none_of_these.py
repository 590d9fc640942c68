import math

import numpy as np
import pytest
from scipy.stats import entropy

from kdxf_runtime.trust.none_of_these import fit_limit, spread


def test_spread():
    scores = np.float32([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4, [0.7, 0.2, 0.1, 0]])
    np.testing.assert_allclose(spread(scores), entropy(scores, axis=1), rtol=1e-6)
    assert spread(scores)[:3] == pytest.approx([0, math.log(2), math.log(4)])


def test_the_limit_has_its_false_alarms():
    scores = np.random.default_rng(0).dirichlet(np.ones(5), 1000)
    assert (spread(scores) > fit_limit(scores, 0.05)).sum() == 50
    assert (spread(scores) > fit_limit(scores, 0.2)).sum() == 200

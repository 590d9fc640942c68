import numpy as np
import pytest
from scipy.stats import rankdata

from kdxf.recipes.ensemble_means import FLOOR, MEANS


def mean(name, *scores, weights=(0.5, 0.5), several=False):
    space = MEANS[name]
    parts = [space.enter(np.array(one, np.float32)) * weight for one, weight in zip(scores, weights, strict=True)]
    return space.leave(np.sum(parts, axis=0, dtype=np.float32), several)


def test_arithmetic():
    found = mean("arithmetic", [[0.5, 0.5]], [[1, 0]], weights=(0.6, 0.4))
    np.testing.assert_allclose(found, [[0.7, 0.3]], rtol=1e-6)


def test_geometric():
    # sqrt(0.1 * 0.4) = 0.2 and sqrt(0.9 * 0.6) = 0.7348; their sum is 0.9348.
    one, other = [[0.1, 0.9]], [[0.4, 0.6]]
    np.testing.assert_allclose(mean("geometric", one, other), [[0.2 / 0.934847, 0.734847 / 0.934847]], rtol=1e-5)
    np.testing.assert_allclose(mean("geometric", one, other, several=True), [[0.2, 0.734847]], rtol=1e-5)


def test_no_model_alone_rules_a_class_out():
    found = mean("geometric", [[0.0, 1.0]], [[1.0, 0.0]])
    np.testing.assert_allclose(found, [[0.5, 0.5]], rtol=1e-5)
    found = mean("geometric", [[0.0]], [[1.0]], several=True)
    np.testing.assert_allclose(found, [[np.sqrt(FLOOR)]], rtol=1e-4)


def test_rank():
    one = [[0.1, 0.9], [0.2, 0.8], [0.3, 0.8]]  # ranks 1 2 3 and 3 1.5 1.5
    other = [[0.9, 0.3], [0.5, 0.2], [0.4, 0.1]]  # ranks 3 2 1 and 3 2 1
    expected = np.array([[2, 3], [2, 1.75], [2, 1.25]]) / 3
    np.testing.assert_allclose(mean("rank", one, other), expected, rtol=1e-6)


def test_equal_scores_share_the_mean_of_their_ranks():
    scores = np.random.default_rng(0).integers(-2, 3, (500, 7)).astype(np.float32) / 4
    expected = rankdata(scores, axis=0) / 500
    np.testing.assert_allclose(MEANS["rank"].enter(scores), expected, rtol=1e-6)


def test_ranks_of_many_classes():
    scores = np.random.default_rng(0).random((3, 600)).astype(np.float32)
    expected = (scores.argsort(axis=0).argsort(axis=0) + 1) / 3
    np.testing.assert_allclose(MEANS["rank"].enter(scores.copy()), expected, rtol=1e-6)


@pytest.mark.parametrize("name", list(MEANS))
def test_memory_is_float32(name):
    assert mean(name, [[0.25, 0.75]], [[0.5, 0.5]]).dtype == np.float32

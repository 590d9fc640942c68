import numpy as np
import pytest

from kdxf_runtime.drift.joint_feature import Moments, distances_from_others


def test_distances_by_hand():
    """Means 2 and 10, variances 1 and 9, of which 5 on average: 0.05 is added to each."""
    moments = Moments.of(np.array([[1, 7], [3, 13]], np.float32))
    assert (moments.mean.tolist(), moments.variance.tolist()) == ([2, 10], [1, 9])
    found = moments.distances(np.array([[2, 10], [4, 10], [2, 16]]))
    assert found == pytest.approx([0, np.sqrt(4 / 1.05 / 2), np.sqrt(36 / 9.05 / 2)])


def test_each_is_measured_by_the_others():
    features = np.random.default_rng(0).normal(1000, [1, 5, 0.1], (7, 3))
    expected = [Moments.of(np.delete(features, row, axis=0)).distances(features[row : row + 1])[0] for row in range(7)]
    np.testing.assert_allclose(distances_from_others(features), expected, rtol=1e-6)


def test_new_features_are_as_far_as_those_measured_by_the_others():
    """Of 40 features in 500 channels: those that are part of the mean are closer to it, unless each is left out."""
    random = np.random.default_rng(0)
    old, new = random.normal(size=(40, 500)), random.normal(size=(400, 500))
    moments = Moments.of(old)
    far = np.median(moments.distances(new))
    assert np.median(moments.distances(old)) < far - 0.03
    assert np.median(distances_from_others(old)) == pytest.approx(far, abs=0.02)


def test_a_channel_that_hardly_varied_does_not_outweigh_the_others():
    features = np.zeros((50, 2))
    features[:, 0] = np.arange(50) % 2
    features[0, 1] = 1e-6
    moments = Moments.of(features)
    assert moments.distances(np.array([[0.5, 0.05]]))[0] == pytest.approx(np.sqrt(0.05**2 / 0.00125 / 2), rel=1e-3)


def test_features_that_are_all_equal():
    assert distances_from_others(np.ones((4, 2))).tolist() == [0] * 4
    assert np.isfinite(Moments.of(np.ones((4, 2))).distances(np.ones((1, 2)))).all()


def test_too_few():
    with pytest.raises(ValueError, match="three features or more are needed, got 2"):
        distances_from_others(np.ones((2, 5)))

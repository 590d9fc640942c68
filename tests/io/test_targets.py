import numpy as np

from kdxf.io.targets import GROUND_TRUTH_RATIO, mix_ground_truth

SCORES = np.array([[0.5, 0.25, 0.25], [0.25, 0.75, 0.0]], np.float32)


def test_one_class_or_none():
    mixed = mix_ground_truth(SCORES, np.array([2, -1]), GROUND_TRUTH_RATIO)
    np.testing.assert_allclose(mixed, [[0.15, 0.075, 0.775], [0.25, 0.75, 0]], atol=1e-6)
    assert mixed.dtype == np.float32 and SCORES[0, 2] == 0.25


def test_several_classes():
    labels = np.array([[True, False, True], [False, False, False]])
    mixed = mix_ground_truth(SCORES, labels, 0.5)
    assert mixed.tolist() == [[0.75, 0.125, 0.625], [0.125, 0.375, 0]] and mixed.dtype == np.float32

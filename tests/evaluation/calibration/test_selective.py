import numpy as np

from kdxf.evaluation.calibration.selective import coverage_accuracy

# Confidences 0.9 right, 0.8 right, 0.8 wrong, 0.7 right, 0.6 wrong.
SURE = np.array([0.6, 0.8, 0.9, 0.8, 0.7])
SCORES = np.stack([SURE, 1 - SURE], axis=1)
LABELS = np.array([1, 0, 0, 1, 0])


def test_curve():
    curve = coverage_accuracy(SCORES, LABELS)
    assert curve.columns.tolist() == ["coverage", "accuracy", "threshold"]
    np.testing.assert_allclose(curve, [[0.2, 1, 0.9], [0.6, 2 / 3, 0.8], [0.8, 3 / 4, 0.7], [1, 3 / 5, 0.6]])

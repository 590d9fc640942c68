import numpy as np
import pytest

from kdxf_runtime.trust.confidences import confidences


def test_the_best_class_counts():
    confidence, right = confidences(np.float32([[0.25, 0.75], [0.5, 0.5], [1, 0]]), np.array([1, 1, 0]))
    assert confidence.tolist() == [0.75, 0.5, 1]
    assert right.tolist() == [True, False, True]  # of equals the first is the best


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (np.empty((0, 2)), np.empty(0, int), r"of one image or more, not \(0, 2\) and \(0,\)"),
        (np.ones(2), np.array([0, 0]), r"scores \(n, K\) and labels \(n,\) .* not \(2,\) and \(2,\)"),
        (np.ones((2, 2)), np.array([0]), r"not \(2, 2\) and \(1,\)"),
        (np.ones((2, 2)), np.array([0, -1]), "labels from 0 to 1, not -1 to 0"),
        (np.ones((2, 2)), np.array([0, 2]), "labels from 0 to 1, not 0 to 2"),
        (np.array([[0.5, 2.0]]), np.array([0]), "scores are probabilities from 0 to 1, not 0.5 to 2.0"),
        (np.array([[0.5, np.nan]]), np.array([0]), "scores are probabilities from 0 to 1, not nan to nan"),
    ],
)
def test_bad_input(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        confidences(scores, labels)

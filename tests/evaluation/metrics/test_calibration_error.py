import math
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from kdxf.errors import UserError
from kdxf.evaluation.metrics import CalibrationError


def test_by_hand(score):
    # Two bins. (0, 0.5]: 0.5 right. (0.5, 1]: 0.6 right, 0.9 wrong, 0.9 right: |2/3 - 2.4/3|.
    # ECE = 1/4 * 0.5 + 3/4 * |2 - 2.4| / 3. Adaptive: the median of 0.5, 0.6, 0.9, 0.9 is 0.75, so |1 - 0.55| and
    # |1/2 - 0.9|, half of each.
    scores = [[0.5, 0.5], [0.4, 0.6], [0.9, 0.1], [0.9, 0.1]]
    result = score(CalibrationError(num_bins=2), scores, [0, 1, 1, 0])
    assert result == {
        "calibration/ece": pytest.approx(100 * (0.125 + 0.1)),
        "calibration/adaptive_ece": pytest.approx(100 * (0.225 + 0.2)),
        "calibration/nll": pytest.approx(-(math.log(0.5) + math.log(0.6) + math.log(0.1) + math.log(0.9)) / 4),
        "calibration/brier": pytest.approx((0.5 + 2 * 0.16 + 2 * 0.81 + 2 * 0.01) / 4),
    }


def naive_error(scores, labels, edges):
    confidence, right = scores.max(1), scores.argmax(1) == labels
    total = 0.0
    for low, high in pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return 100 * total


def test_against_loops_and_scikit_learn(score, single_label):
    scores, labels = single_label
    scores = np.float64(np.float32(scores))
    result = score(CalibrationError(), scores, labels)
    scores /= scores.sum(axis=1, keepdims=True)  # what float32 left open; scikit-learn warns of it
    assert result["calibration/ece"] == pytest.approx(naive_error(scores, labels, np.linspace(0, 1, 16)), abs=1e-5)
    edges = [-1, *np.quantile(scores.max(1), np.linspace(0, 1, 16)[1:])]
    assert result["calibration/adaptive_ece"] == pytest.approx(naive_error(scores, labels, edges), abs=1e-5)
    assert result["calibration/nll"] == pytest.approx(log_loss(labels, scores, labels=range(6)))
    brier = brier_score_loss(labels, scores, labels=range(6), scale_by_half=False)
    assert result["calibration/brier"] == pytest.approx(brier)


def test_perfect_and_sure(score):
    result = score(CalibrationError(), np.eye(3), [0, 1, 2])
    assert result == {f"calibration/{name}": pytest.approx(0) for name in ("ece", "adaptive_ece", "nll", "brier")}


def test_a_score_of_zero_is_finite(score):
    result = score(CalibrationError(), [[1.0, 0.0]], [1])
    assert result["calibration/nll"] == pytest.approx(23 * math.log(2))  # float32's epsilon is 2 to the power of -23
    assert result["calibration/brier"] == 2


def test_scores_that_are_no_probabilities(score):
    with pytest.raises(UserError, match=r"CalibrationError: the scores of image None sum to 1.500, not to 1: it needs"):
        score(CalibrationError(), [[0.6, 0.9]], [1])


def test_bins():
    with pytest.raises(ValueError, match="num_bins must be 1 or more, got 0"):
        CalibrationError(num_bins=0)

"""Scores at a temperature, by hand and by torch."""

import math

import numpy as np
import pytest
import torch

from kdxf_runtime.trust.temperature import apply_temperature, log_scores, softmax


def test_by_hand():
    # Odds of 4 : 1; at T they are 4 ** (1 / T) : 1.
    scores = np.array([[0.8, 0.2]])
    np.testing.assert_allclose(apply_temperature(scores, math.log(4) / math.log(3))[0], [0.75, 0.25], rtol=1e-6)
    np.testing.assert_allclose(apply_temperature(scores, 0.5)[0], [16 / 17, 1 / 17], rtol=1e-6)
    np.testing.assert_allclose(apply_temperature(scores, 1.0), scores, rtol=1e-6)


def test_against_torch():
    random = np.random.default_rng(0)
    logits = random.standard_normal((5, 7)) * 50
    expected = torch.tensor(logits).softmax(1).numpy()
    np.testing.assert_allclose(softmax(logits), expected, rtol=1e-9)
    np.testing.assert_allclose(softmax(logits + 1000), expected, rtol=1e-9)  # no overflow
    scores = torch.tensor(random.standard_normal((5, 7))).softmax(1)
    cooled = apply_temperature(scores.numpy(), 3.0)
    np.testing.assert_allclose(cooled, (scores.log() / 3).softmax(1).numpy(), rtol=1e-6)
    assert cooled.dtype == np.float32


def test_each_row_by_the_class_that_it_gives():
    scores = np.array([[0.8, 0.2], [0.2, 0.8]])
    np.testing.assert_allclose(
        apply_temperature(scores, np.array([0.5, 1.0])), [[16 / 17, 1 / 17], [0.2, 0.8]], rtol=1e-6
    )


def test_a_score_of_zero_stays_finite():
    assert np.isfinite(log_scores(np.array([[1.0, 0.0]]))).all()


def test_of_many_classes_what_half_precision_loses_counts_as_the_smallest_half():
    scores = np.zeros((1, 1000))
    scores[0, 0] = 1
    cooled = apply_temperature(scores, 1.0)
    assert cooled[0, 1] == pytest.approx(2.0**-25, rel=1e-4)
    assert apply_temperature(scores[:, :999], 1.0)[0, 1] < 1e-37


def test_bad_temperatures():
    scores = np.array([[0.5, 0.5]])
    with pytest.raises(ValueError, match="a temperature is positive, not 0"):
        apply_temperature(scores, 0.0)
    with pytest.raises(ValueError, match="3 temperatures for 2 classes"):
        apply_temperature(scores, np.ones(3))

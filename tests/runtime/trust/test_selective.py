"""Thresholds of confidence, by five images that can be counted by hand."""

import math

import numpy as np
import pytest

from kdxf_runtime.trust.confidences import confidences
from kdxf_runtime.trust.selective import Accepted, coverage_curve, for_budget, for_precision

# Confidences 0.9 right, 0.8 right, 0.8 wrong, 0.7 right, 0.6 wrong.
SURE = np.array([0.6, 0.8, 0.9, 0.8, 0.7])
SCORES = np.stack([SURE, 1 - SURE], axis=1)
LABELS = np.array([1, 0, 0, 1, 0])
RATED = confidences(SCORES, LABELS)


def wilson(hits, count, z=1.959963984540054):
    middle, spread = (
        hits / count + z**2 / (2 * count),
        z * math.sqrt(hits * (count - hits) / count**3 + z**2 / (4 * count**2)),
    )
    return (middle - spread) / (1 + z**2 / count), (middle + spread) / (1 + z**2 / count)


def test_the_surest_images():
    coverage, accuracy, threshold = coverage_curve(*RATED)
    np.testing.assert_allclose(coverage, [0.2, 0.6, 0.8, 1])
    np.testing.assert_allclose(accuracy, [1, 2 / 3, 3 / 4, 3 / 5])
    assert threshold.tolist() == [0.9, 0.8, 0.7, 0.6]


def test_a_budget():
    rest = for_budget(*RATED, 0.2)
    assert (rest.threshold, rest.coverage, rest.accuracy, rest.count) == (0.7, 0.8, 0.75, 4)
    assert (rest.low, rest.high) == pytest.approx(wilson(3, 4))
    assert for_budget(*RATED, 0.39) == rest
    assert for_budget(*RATED, 0.6).threshold == 0.8  # its three images are accepted together
    assert for_budget(*RATED, 0.8).threshold == 0.9
    everything = for_budget(*RATED, 0)
    assert (everything.coverage, everything.accuracy) == (1, 0.6)


def test_all_for_a_person():
    nothing = for_budget(*RATED, 1)
    assert (nothing.threshold, nothing.coverage, nothing.count) == (math.inf, 0, 0)
    assert math.isnan(nothing.accuracy)
    assert (nothing.low, nothing.high) == (0, 1)


def test_a_wanted_precision():
    assert for_precision(*RATED, 0.75).threshold == 0.7
    assert for_precision(*RATED, 0.9).threshold == 0.9
    assert for_precision(*RATED, 0.6).coverage == 1
    assert for_precision(*confidences(SCORES, 1 - LABELS), 0.9).count == 0


def test_an_interval_where_all_are_right():
    best = for_precision(*RATED, 1)
    assert (best.accuracy, best.high) == (1, 1)
    assert best.low == pytest.approx(wilson(1, 1)[0])


def test_out_of_range():
    with pytest.raises(ValueError, match="share must be from 0 to 1, got 5"):
        for_budget(*RATED, 5)
    with pytest.raises(ValueError, match="precision must be from 0 to 1, got 98"):
        for_precision(*RATED, 98)


def test_in_words():
    assert str(for_budget(*RATED, 0.2)) == (
        "expected: 20.0% of the images go to a person, and 75.0% of the rest are right (30.1% to 95.4%, by 4 "
        "calibration images)"
    )
    assert str(Accepted.at(2.0, *RATED)) == "expected: every image goes to a person"

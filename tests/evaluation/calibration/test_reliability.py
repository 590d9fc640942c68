import math

import numpy as np
import pytest

from kdxf.evaluation.calibration.reliability import (
    debiased_calibration_error,
    error_by_chance,
    expected_calibration_error,
    reliability,
)

# Confidences 0.5 right, 0.6 right, 0.9 wrong, 0.9 right.
SCORES = np.array([[0.5, 0.5], [0.4, 0.6], [0.9, 0.1], [0.9, 0.1]])
LABELS = np.array([0, 1, 1, 0])


def perfect(count, seed=0):
    """Return scores of two classes that are true probabilities, and their labels."""
    random = np.random.default_rng(seed)
    sure = random.uniform(0.5, 1, count)
    return np.stack([sure, 1 - sure], axis=1), (random.random(count) > sure).astype(int)


def test_expected_calibration_error():
    # Two bins of equal width: (0, 0.5] and (0.5, 1]; of equal mass they part at the median, 0.75.
    assert expected_calibration_error(SCORES, LABELS, 2) == pytest.approx(0.25 * 0.5 + 0.75 * (0.8 - 2 / 3))
    assert expected_calibration_error(SCORES, LABELS, 2, equal_mass=True) == pytest.approx(0.5 * 0.45 + 0.5 * 0.4)


def test_reliability():
    rows = reliability(SCORES, LABELS, 2)
    assert rows.columns.tolist() == ["confidence", "accuracy", "count"]
    np.testing.assert_allclose(rows, [[0.5, 1, 1], [0.8, 2 / 3, 3]])
    np.testing.assert_allclose(reliability(SCORES, LABELS, 2, equal_mass=True), [[0.55, 1, 2], [0.9, 0.5, 2]])
    assert reliability(SCORES, LABELS, 10)["count"].tolist() == [1, 1, 2]  # bins without images are left out


def test_the_diagram_and_the_error_agree():
    scores, labels = perfect(500)
    for equal_mass in (False, True):
        rows = reliability(scores, labels, 15, equal_mass)
        error = ((rows["confidence"] - rows["accuracy"]).abs() * rows["count"]).sum() / 500
        assert expected_calibration_error(scores, labels, 15, equal_mass) == pytest.approx(error)


def test_without_bias():
    # Bins {0.5, 0.6} and {0.9, 0.9}: 0.45 ** 2 and 0.4 ** 2, minus 0 and 0.5 * 0.5 / 1.
    expected = math.sqrt((2 * 0.45**2 + 2 * (0.4**2 - 0.25)) / 4)
    assert debiased_calibration_error(SCORES, LABELS, 2) == pytest.approx(expected)
    # |0.5 - 0.5| in the only bin, minus its variance: below 0.
    assert debiased_calibration_error(np.array([[0.5, 0.5]] * 2), np.array([0, 1]), 1) == 0


def test_small_lists_look_worse_than_they_are():
    plain, debiased = [], []
    for seed in range(40):
        scores, labels = perfect(300, seed)
        plain.append(expected_calibration_error(scores, labels, equal_mass=True))
        debiased.append(debiased_calibration_error(scores, labels) ** 2)
    by_chance, upper = error_by_chance(perfect(300)[0], equal_mass=True)
    assert np.mean(plain) == pytest.approx(by_chance, abs=0.005)
    assert 0.06 < by_chance < upper
    assert np.mean(np.array(plain) < upper) > 0.85
    assert np.mean(debiased) < 0.2 * np.mean(np.square(plain))


def test_a_shift_is_found_without_bias():
    scores, labels = perfect(20000)
    scores = scores + np.array([-0.1, 0.1])  # half of the best classes change; among the others 0.1 is missing
    sure = scores[:, 0] >= 0.5
    assert debiased_calibration_error(scores[sure], labels[sure]) == pytest.approx(0.1, abs=0.01)


def test_bins():
    with pytest.raises(ValueError, match="bins must be 1 or more, got 0"):
        expected_calibration_error(SCORES, LABELS, 0)

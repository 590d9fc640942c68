import math

import numpy as np
import pytest
import torch

from kdxf.evaluation.calibration.temperature import (
    HIGHEST,
    LOWEST,
    choose_temperature,
    cross_fitted,
    fit_class_temperatures,
    fit_temperature,
    surprise,
)
from kdxf_runtime.trust.temperature import apply_temperature


def drawn(count, classes, seed=0, spread=2.0):
    """Return true probabilities (n, K) and labels that are drawn from them."""
    random = np.random.default_rng(seed)
    scores = torch.tensor(spread * random.standard_normal((count, classes))).softmax(1).numpy()
    labels = (scores.cumsum(1) < random.random((count, 1))).sum(1).clip(max=classes - 1)
    return scores, labels


def at(scores, temperature):
    """Return softmax(log(p) / T), by torch."""
    return (torch.tensor(scores).log() / temperature).softmax(1).numpy()


def test_by_hand():
    # Two classes with odds of 4 : 1 that are right three times of four: odds of 3 : 1, so log(4) / T = log(3).
    scores, labels = np.array([[0.8, 0.2]] * 40000), np.array([0, 0, 0, 1] * 10000)
    assert fit_temperature(scores, labels) == pytest.approx(math.log(4) / math.log(3), rel=1e-4)


@pytest.mark.parametrize("true", [0.5, 2.0])
def test_against_gradient_descent(true):
    scores, labels = drawn(300, 5)
    scores = at(scores, 1 / true)
    inverse = torch.ones((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([inverse], max_iter=100, tolerance_grad=1e-10, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(torch.tensor(scores).log() * inverse, torch.tensor(labels))
        value = value + inverse.log() ** 2 / (2 * len(labels))
        value.backward()
        return value

    optimizer.step(loss)
    assert fit_temperature(scores, labels) == pytest.approx(1 / inverse.item(), rel=1e-4)
    assert fit_temperature(scores, labels) == pytest.approx(true, rel=0.15)


def test_the_bounds():
    scores = np.array([[0.51, 0.49]] * 100000)
    assert fit_temperature(scores, np.zeros(100000, int)) == LOWEST
    scores = np.array([[0.9, 0.1]] * 100000)
    assert fit_temperature(scores, np.ones(100000, int)) == HIGHEST


def test_few_images_that_are_all_right_do_not_make_the_scores_1():
    scores = np.array([[0.8, 0.2]] * 10)
    temperature = fit_temperature(scores, np.zeros(10, int))
    # -log T / 10 = log(4) / T * (1 - q), with q the score at T.
    wrong = 1 - apply_temperature(scores, temperature)[0, 0]
    assert -math.log(temperature) / 10 == pytest.approx(math.log(4) / temperature * wrong, rel=1e-3)
    assert 0.3 < temperature < 0.5


def test_a_score_of_zero_stays_finite():
    scores = np.float32([[1, 0], [1, 0], [0, 1], [0.5, 0.5]])
    temperature = fit_temperature(scores, np.array([0, 1, 1, 0]))
    assert LOWEST < temperature <= HIGHEST
    assert np.isfinite(apply_temperature(scores, temperature)).all()
    assert np.isfinite(surprise(scores, np.array([1, 1, 1, 0]))).all()


def test_classes_with_enough_images_get_their_own_temperature():
    scores, labels = drawn(6000, 3)
    given = scores.argmax(1)
    shown = np.where((given == 0)[:, None], at(scores, 0.5), at(scores, 2.0))
    few = np.flatnonzero(given == 2)[:49]
    rows = np.concatenate([np.flatnonzero(given < 2), few])
    temperatures = fit_class_temperatures(shown[rows], labels[rows])
    assert temperatures[:2] == pytest.approx([2.0, 0.5], rel=0.15)
    assert temperatures[2] == fit_temperature(shown[rows], labels[rows])
    np.testing.assert_allclose(
        apply_temperature(shown, np.array([2.0, 0.5, 0.5])), scores, atol=1e-6
    )  # each row by the class that it gives


def test_class_temperatures_are_chosen_where_they_are_better():
    scores, labels = drawn(1500, 3)
    assert isinstance(choose_temperature(scores, labels), float)  # all classes need 1
    shown = np.where((scores.argmax(1) == 0)[:, None], at(scores, 0.5), at(scores, 2.0))
    chosen = choose_temperature(shown, labels)
    assert isinstance(chosen, np.ndarray)
    assert chosen.tolist() == fit_class_temperatures(shown, labels).tolist()
    assert isinstance(choose_temperature(shown[:60], labels[:60]), float)  # no class has enough


def test_cross_fitting_leaves_the_image_itself_out():
    scores, labels = drawn(40, 3)
    seen = []

    def fit(part, truth):
        seen.append(part)
        return fit_temperature(part, truth)

    fitted = cross_fitted(scores, labels, folds=4, seed=1, fit=fit)
    assert [len(part) for part in seen] == [30] * 4
    for row in range(40):
        (others,) = [part for part in seen if not (part == scores[row]).all(1).any()]  # the one fold without the image
        rows = [int(np.flatnonzero((scores == one).all(1))[0]) for one in others]
        expected = apply_temperature(scores[row : row + 1], fit_temperature(others, labels[rows]))
        np.testing.assert_allclose(fitted[row], expected[0], rtol=1e-5)


def test_a_wrong_label_moves_the_other_folds_alone():
    scores, labels = drawn(40, 3)
    changed = labels.copy()
    changed[0] = (labels[0] + 1) % 3
    before, after = cross_fitted(scores, labels), cross_fitted(scores, changed)
    same = (before == after).all(1)
    assert same[0]
    assert same.sum() == 8


@pytest.mark.parametrize("folds", [1, 5])
def test_folds(folds):
    scores, labels = drawn(4, 2)
    with pytest.raises(ValueError, match=f"{folds} folds of 4 images: give 2 folds or more"):
        cross_fitted(scores, labels, folds=folds)


def test_labels_out_of_range():
    with pytest.raises(ValueError, match="labels from 0 to 1"):
        fit_temperature(np.array([[0.5, 0.5]]), np.array([2]))

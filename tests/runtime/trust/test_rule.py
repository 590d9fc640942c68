import numpy as np
import pytest

from kdxf.evaluation.calibration.temperature import fit_temperature
from kdxf_runtime.trust.rule import Rule, fit_rule, losses, lowest_threshold
from kdxf_runtime.trust.temperature import apply_temperature


def test_losses():
    full, image = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert losses(full, image).tolist() == [0, 1, -1, 0]


@pytest.mark.parametrize(("budget", "expected"), [(0, np.inf), (0.19, np.inf), (0.2, 0.3), (0.39, 0.3), (0.4, 0.2)])
def test_threshold_by_hand(budget, expected):
    # From the surest on 1 is lost by 0.9, 0 by both 0.8 together, 1 by 0.3 and 2 by 0.2, of five.
    confidence, lost = np.array([0.2, 0.8, 0.9, 0.8, 0.3]), np.array([1, -1, 1, 0, 1])
    assert lowest_threshold(confidence, lost, budget) == expected


def test_nothing_can_be_spared():
    assert lowest_threshold(np.array([0.9, 0.5]), np.array([1, 0]), 0.1) == np.inf


def test_threshold_is_the_lowest_of_all():
    random = np.random.default_rng(0)
    for _ in range(200):
        confidence = random.integers(0, 8, 12) / 8
        lost, budget = random.integers(-1, 2, 12), random.random() / 5
        loss = {t: lost[confidence >= t].sum() for t in confidence.tolist()}
        allowed = [t for t in loss if all(loss[higher] <= budget * 12 for higher in loss if higher >= t)]
        assert lowest_threshold(confidence, lost, budget) == min(allowed, default=np.inf)


def test_the_picture_answers_from_the_threshold_on():
    image = np.array([[0.8, 0.2], [0.7, 0.3], [0.1, 0.9]])
    full = np.array([[0.4, 0.6], [0.2, 0.8], [0.5, 0.5]])
    rule = Rule(threshold=float(apply_temperature(image, 2.0)[0].max()), full=0.5, image=2.0)
    scores, by_image = rule.route(full, image)
    assert by_image.tolist() == [True, False, True]
    # 0.8 and 0.2 at T = 2: 2 : 1; 0.2 and 0.8 at T = 0.5: 1 : 16; 0.1 and 0.9 at T = 2: 1 : 3.
    np.testing.assert_allclose(scores, [[2 / 3, 1 / 3], [1 / 17, 16 / 17], [1 / 4, 3 / 4]], rtol=1e-5)
    look, same = rule.look(image)
    assert same.tolist() == by_image.tolist()
    np.testing.assert_allclose(look[1], [7**0.5 / (7**0.5 + 3**0.5), 3**0.5 / (7**0.5 + 3**0.5)], rtol=1e-5)


def test_fit_is_that_of_each_part():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 60)
    full, image = (random.dirichlet(np.ones(3), 60) + skill * np.eye(3)[labels] for skill in (1, 0.3))
    full, image = (scores / scores.sum(axis=1, keepdims=True) for scores in (full, image))
    rule = fit_rule(full, image, labels, 0.05, fit_temperature, fit_temperature)
    assert rule.full == fit_temperature(full, labels)
    assert rule.image == fit_temperature(image, labels)
    right = [scores.argmax(axis=1) == labels for scores in (full, image)]
    found = {}
    for threshold in apply_temperature(image, rule.image).max(axis=1):
        by_image = apply_temperature(image, rule.image).max(axis=1) >= threshold
        found[float(threshold)] = right[0].mean() - np.where(by_image, right[1], right[0]).mean()
    too_much = max(threshold for threshold, loss in found.items() if loss > 0.05 + 1e-9)
    assert rule.threshold == min(threshold for threshold in found if threshold > too_much)

"""Routing of made-up scores: the picture alone is right on most images, and sure of these."""

from functools import partial

import numpy as np
import pytest

from kdxf.evaluation.calibration.temperature import deal, fit_temperature
from kdxf.evaluation.routing.fit import Saving, fit_routing
from kdxf.evaluation.routing.paired import paired_interval
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.conformal import ConformalSets, fit_sets
from kdxf_runtime.trust.none_of_these import spread
from kdxf_runtime.trust.rule import fit_rule


def drawn(count, seed=0, hard=0.3):
    """Scores with and without text (n, 4), and labels; a share of the images is hard without text."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, count)
    skill = np.where(random.random(count) < hard, 0.2, 4.0)
    parts = [random.normal(size=(count, 4)) + power[:, None] * np.eye(4)[labels] for power in (skill + 2, skill)]
    full, image = (np.exp(part) / np.exp(part).sum(axis=1, keepdims=True) for part in parts)
    return full, image, labels


def fitted(full, image, labels, budget=0.01, level=0.9):
    calibration = Calibration(
        tuple("abcd"), fit_temperature(full, labels), ConformalSets(level, "lac", np.ones(4)), 1.0, False,
        np.zeros(2), np.ones(2, bool), np.arange(3),
    )  # fmt: skip
    return fit_routing(full, image, labels, calibration, budget, 5, partial(fit_sets, level=level))


def test_saving_by_hand():
    by_image, full = np.array([True, True, True, False]), np.array([True, True, False, True])
    found = Saving.of(by_image, full, np.array([False, True, False, True]))
    assert (found.spared, found.loss) == (0.75, 0.25)
    assert (found.low, found.high) == paired_interval(1, 0, 4)
    assert str(found).startswith(
        "75.0% of the images need no text read, at a loss of 25.00 points of accuracy (95 % int"
    )


def test_cross_fitted_by_an_independent_loop():
    full, image, labels = drawn(200)
    report = fitted(full, image, labels)
    fold, spared, lost = deal(200, 5), 0, 0
    for number in range(5):
        held = fold == number
        rule = fit_rule(full[~held], image[~held], labels[~held], 0.01, fit_temperature, fit_temperature)
        for row in np.flatnonzero(held):
            sharp = image[row] ** (1 / rule.image)
            by_image = sharp.max() / sharp.sum() >= rule.threshold - 1e-7
            answer = (image if by_image else full)[row].argmax()
            spared += by_image
            lost += int(full[row].argmax() == labels[row]) - int(answer == labels[row])
    assert report.cross_fitted.spared == pytest.approx(spared / 200)
    assert report.cross_fitted.loss == pytest.approx(lost / 200)
    assert 0.3 < report.cross_fitted.spared < 1
    assert report.in_sample.loss <= 0.01 + 1e-9
    assert report.routing.about["cross_fitted"]["loss"] == report.cross_fitted.loss


def test_sets_hold_the_true_class_of_other_routed_images():
    full, image, labels = drawn(1500)
    routing = fitted(full, image, labels, level=0.8).routing
    full, image, labels = drawn(3000, seed=1)
    scores, by_image = routing.rule.route(full, image)
    inside = routing.calibration.sets.of(scores)[np.arange(3000), labels]
    assert 0.3 < by_image.mean() < 1
    assert inside.mean() == pytest.approx(0.8, abs=0.03)
    # 5 % of known classes look like none, by the scores that each image is answered with.
    own = np.where(by_image[:, None], image, full)
    assert routing.calibration.is_unlike(own).mean() == pytest.approx(0.05, abs=0.02)


def test_the_limit_of_spread_is_that_of_the_scores_that_answer():
    full, image, labels = drawn(200)
    routing = fitted(full, image, labels).routing
    _, by_image = routing.rule.route(full, image)
    own = [image[row] if by_image[row] else full[row] for row in range(200)]
    entropies = [-(scores * np.log(scores)).sum() for scores in own]
    assert routing.calibration.spread_limit == pytest.approx(np.quantile(entropies, 0.95))


def test_the_share_for_a_person_holds_for_other_routed_images():
    full, image, labels = drawn(1500)
    routing = fitted(full, image, labels).routing
    accepted = routing.calibration.for_budget(0.2)
    full, image, labels = drawn(3000, seed=1)
    scores, by_image = routing.rule.route(full, image)
    own = np.where(by_image[:, None], image, full)
    kept = scores.max(axis=1) - (spread(own) > routing.calibration.spread_limit) >= accepted.threshold
    assert kept.mean() == pytest.approx(0.8, abs=0.03)
    assert accepted.low <= (scores.argmax(axis=1) == labels)[kept].mean() <= accepted.high


def test_halves_and_text():
    report = fitted(*drawn(300))
    assert report.coverage == pytest.approx(0.9, abs=0.02)
    lines = str(report).splitlines()
    assert lines[0] == f"routing, budget 1 points: {report.cross_fitted}"
    assert lines[2] == f"{report.in_sample}."
    assert lines[4].startswith("sets (lac) for 90%, routed: ")
    assert report.routing.calibration.classes == tuple("abcd")
    assert report.routing.calibration.images.tolist() == [0, 1, 2]


def test_nothing_can_be_spared():
    labels = drawn(100)[2]
    report = fitted(0.97 * np.eye(4)[labels] + 0.01, np.roll(0.97 * np.eye(4)[labels] + 0.01, 1, axis=1), labels)
    assert report.routing.rule.threshold == np.inf
    assert report.cross_fitted.spared == 0
    assert str(report) == (
        "routing: no text can be spared at a loss of at most 1 points; --read-text auto reads every text"
    )


def test_scores_without_text_have_a_calibration_of_their_own():
    full, image, labels = drawn(200)
    alone = fitted(full, image, labels).routing.alone
    assert alone.temperature == fit_temperature(image, labels)
    sharp = image ** (1 / alone.temperature)
    sharp /= sharp.sum(axis=1, keepdims=True)
    expected = fit_sets(sharp.astype(np.float32), labels, 0.9)
    np.testing.assert_allclose(alone.sets.thresholds, expected.thresholds, atol=1e-6)
    assert alone.spread_limit == pytest.approx(np.quantile(spread(image), 0.95))
    fold, sure = deal(200, 5), np.empty(200)
    for number in range(5):
        held = fold == number
        powers = image[held] ** (1 / fit_temperature(image[~held], labels[~held]))
        sure[held] = (powers / powers.sum(axis=1, keepdims=True)).max(axis=1)
    np.testing.assert_allclose(alone.sureness, sure - (spread(image) > alone.spread_limit), atol=1e-6)
    assert alone.right.tolist() == (image.argmax(axis=1) == labels).tolist()
    assert (alone.classes, alone.tta, alone.about) == (tuple("abcd"), False, {})

import math

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from kdxf_runtime.trust.conformal import fit_sets, least_images


def drawn(count, classes=4, seed=0):
    random = np.random.default_rng(seed)
    logits = 2 * random.standard_normal((count, classes))
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (scores.cumsum(1) < random.random((count, 1))).sum(1).clip(max=classes - 1)
    return scores**0.5 / (scores**0.5).sum(1, keepdims=True), labels  # a model that is not sure enough


class Stored(ClassifierMixin, BaseEstimator):
    """A classifier whose scores are its inputs."""

    def __init__(self, classes=4):
        self.classes = classes

    def fit(self, scores, labels):
        self.classes_ = np.arange(self.classes)
        return self

    def predict_proba(self, scores):
        return scores

    def predict(self, scores):
        return scores.argmax(1)


def mapie_sets(scores, labels, new, level):
    mapie = pytest.importorskip("mapie.classification").SplitConformalClassifier(
        Stored().fit(None, None), level, "lac", prefit=True
    )
    return mapie.conformalize(scores, labels).predict_set(new)[1][:, :, 0]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_against_mapie(level):
    (scores, labels), (new, _) = drawn(99), drawn(200, seed=1)
    np.testing.assert_array_equal(fit_sets(scores, labels, level).of(new), mapie_sets(scores, labels, new, level))


@pytest.mark.filterwarnings("ignore:WARNING. your conformalization dataset has less labels")
def test_per_class_against_mapie():
    """Mondrian sets: whether a class is in them is decided by the images of that class alone."""
    (scores, labels), (new, _) = drawn(200), drawn(100, seed=1)
    found = fit_sets(scores, labels, 0.9, per_class=True)
    assert found.too_few == ()
    for index in range(4):
        own = labels == index
        expected = mapie_sets(scores[own], labels[own], new, 0.9)[:, index]
        np.testing.assert_array_equal(found.of(new)[:, index], expected)


@pytest.mark.parametrize("kind", ["lac", "aps"])
def test_against_loops(kind):
    (scores, labels), (new, _) = drawn(60), drawn(30, seed=1)

    def strangeness(row, index):
        return 1 - row[index] if kind == "lac" else sum(score for score in row if score > row[index])

    known = sorted(strangeness(row, label) for row, label in zip(scores, labels, strict=True))
    limit = known[math.ceil(61 * 0.8) - 1]
    expected = [[strangeness(row, index) <= limit + 1e-12 for index in range(4)] for row in new]
    assert fit_sets(scores, labels, 0.8, kind).of(new).tolist() == expected


@pytest.mark.parametrize("kind", ["lac", "aps"])
def test_coverage(kind):
    covered, sizes = [], []
    for seed in range(100):
        scores, labels = drawn(400, seed=seed)
        inside = fit_sets(scores[:200], labels[:200], 0.9, kind).of(scores[200:])
        covered.append(inside[np.arange(200), labels[200:]].mean())
        sizes.append(inside.sum(1).min())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.015)
    assert kind == "lac" or min(sizes) == 1  # never empty


def test_each_class_is_covered():
    covered = np.zeros((2, 4))
    for seed in range(60):
        scores, labels = drawn(800, seed=seed)
        scores = scores * [1, 1, 1, 0.3]  # a class that the model overlooks
        scores /= scores.sum(1, keepdims=True)
        for row, per_class in enumerate((False, True)):
            inside = fit_sets(scores[:400], labels[:400], 0.9, per_class=per_class).of(scores[400:])
            hit = inside[np.arange(400), labels[400:]]
            covered[row] += [hit[labels[400:] == index].mean() / 60 for index in range(4)]
    assert covered[0, 3] < 0.85
    assert (covered[1] > 0.89).all()


def test_a_class_with_too_few_images_has_the_threshold_of_all():
    scores, labels = drawn(300)
    rows = np.concatenate([np.flatnonzero(labels != 2), np.flatnonzero(labels == 2)[:8]])
    found = fit_sets(scores[rows], labels[rows], 0.9, per_class=True)
    assert found.too_few == (2,)
    assert found.thresholds[2] == fit_sets(scores[rows], labels[rows], 0.9).thresholds[0]
    assert len(set(found.thresholds)) > 2


def test_the_least_number_of_images():
    assert [least_images(level) for level in (0.5, 0.8, 0.9, 0.95, 0.99)] == [1, 4, 9, 19, 99]
    scores, labels = drawn(9)
    assert np.isfinite(fit_sets(scores, labels, 0.9).thresholds).all()
    assert fit_sets(scores[:8], labels[:8], 0.9).of(scores).all()  # too few for any threshold: all classes


def test_mistakes():
    scores, labels = drawn(20)
    with pytest.raises(ValueError, match="level must lie between 0 and 1, got 90"):
        fit_sets(scores, labels, 90)
    with pytest.raises(ValueError, match="kind must be lac or aps, got 'raps'"):
        fit_sets(scores, labels, kind="raps")

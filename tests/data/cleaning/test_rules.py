import numpy as np
import pytest

from kdxf.data.cleaning.rules import improbable, last_of_class, reasons, reliable
from kdxf.errors import UserError
from kdxf.io.predictions import Predictions


def said(predicted, score=None):
    """The best classes, and no scores of the others."""
    score = np.full(len(predicted), 0.8) if score is None else score
    images, scores = list(map(str, range(len(predicted)))), np.empty((len(predicted), 0), np.float32)
    return Predictions(images, scores, (), best_class=np.array(predicted), best_score=np.array(score, np.float32))


def test_a_class_at_the_limit_is_kept_whole_and_another_loses_its_errors():
    """Class 0: 23 of 25 right, which is 0.92. Class 1: 2 of 3."""
    labels = np.array([0] * 25 + [1] * 3)
    model = said([0] * 23 + [1, 1] + [1, 0, 1])
    verdict = reliable(labels, model)
    assert np.flatnonzero(verdict.wrong).tolist() == [26]
    assert np.flatnonzero(verdict.kept_whole).tolist() == [23, 24]
    assert verdict.suggested.tolist() == model.best()[0].tolist()
    stricter = reliable(labels, model, accuracy=0.93)
    assert np.flatnonzero(stricter.wrong).tolist() == [23, 24, 26] and not stricter.kept_whole.any()
    assert not reliable(labels, model, accuracy=0).wrong.any()


def test_an_accuracy_is_a_share():
    with pytest.raises(UserError, match=r"^--accuracy: is a share between 0 and 1, not 92$"):
        reliable(np.array([0]), said([0]), accuracy=92)


def model_of(scores):
    scores = np.array(scores, np.float32)
    return Predictions(list(map(str, range(len(scores)))), scores, tuple(map(str, range(scores.shape[1]))))


def test_a_label_below_the_bound_is_wrong():
    """Rows: below it; at it; far from the best and above it; right; below it, with the bound above all scores."""
    labels = np.array([0, 0, 0, 1, 2])
    scores = [[0.04, 0.96, 0], [0.05, 0.95, 0], [0.3, 0.7, 0], [0.2, 0.8, 0], [0.34, 0.33, 0.33]]
    verdict = improbable(labels, model_of(scores))
    assert verdict.wrong.tolist() == [True, False, False, False, False]
    assert verdict.suggested.tolist() == [1, 1, 1, 1, 0] and not verdict.kept_whole.any()
    np.testing.assert_allclose(verdict.score, [0.96, 0.95, 0.7, 0.8, 0.34], atol=1e-6)
    np.testing.assert_allclose(verdict.suspicion, [0.92, 0.9, 0.4, 0, 0.01], atol=1e-6)
    # Row 3 is predicted as labelled, whatever the bound.
    assert improbable(labels, model_of(scores), 1).wrong.tolist() == [True, True, True, False, True]
    assert not improbable(labels, model_of(scores), 0).wrong.any()


def test_what_improbable_needs():
    with pytest.raises(UserError, match=r"^--min-score: lies between 0 and 1, not 50$"):
        improbable(np.array([0]), model_of([[1, 0]]), 50)
    message = r"^--rule improbable: needs the scores of all classes; write them with --out NAME.parquet$"
    with pytest.raises(UserError, match=message):
        improbable(np.array([0]), said([1]))


def test_one_row_stays_of_a_class_that_would_lose_all():
    labels = np.array([0, 0, 1, 1, 1, 2, 3])
    wrong = np.array([False, True, True, True, True, True, False])
    kept = last_of_class(labels, wrong)
    assert (kept & wrong).sum() == kept.sum() == 2
    assert kept[[2, 3, 4]].sum() == 1 and kept[5]
    assert len({int(last_of_class(labels, wrong, seed).argmax()) for seed in range(20)}) == 3
    assert np.array_equal(last_of_class(labels, wrong, 5), last_of_class(labels, wrong, 5))
    assert not last_of_class(labels, np.zeros(7, bool)).any()


CLASSES = ["milk", "oat", "soy"]


def test_reasons():
    model = said([1, 2, 0, 1], [0.934, 0.5, 0.75, 0.5])
    spared, whole = np.array([False, False, True, False]), np.array([False, True, False, False])
    assert reasons(np.array([0, 0, 1, 2]), model, CLASSES, whole, spared) == [
        "model says oat (0.93), label says milk",
        "model says soy (0.50), label says milk; its class is kept whole",
        "model says milk (0.75), label says oat; kept as the last of its class",
        "model says oat (0.50), label says soy",
    ]

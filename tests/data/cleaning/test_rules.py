import sys

import numpy as np
import pytest

from kdxf.data.cleaning.rules import confident, last_of_class, quarrel, reasons, reliable
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


def test_witnesses_that_agree_outweigh_a_label_that_none_defends():
    """Rows: both against; both against, not as one; one against, one for; one silent; both for; two against one."""
    labels = np.zeros(6, np.int64)
    image = said([1, 1, 1, 1, 0, 1], [0.9, 0.9, 0.9, 0.9, 0.9, 0.6])
    text = said([1, 2, 0, 1, 0, 2], [0.7, 0.95, 0.8, 0.3, 0.9, 0.9])
    layout = said([0, 2, 1, 1, 0, 1], [0.2, 0.2, 0.2, 0.2, 0.2, 0.6])
    verdict = quarrel(labels, [image, text, layout], 0.5)
    assert verdict.wrong.tolist() == [True, False, False, False, False, True]
    assert verdict.suggested.tolist() == [1, 2, 1, 1, -1, 1]
    np.testing.assert_allclose(verdict.score, [0.8, 0.95, 0.9, 0.9, 0, 0.6], atol=1e-6)  # of those who suggest it
    np.testing.assert_allclose(verdict.suspicion, [1.6, 0.95, 0.1, 0.9, -1.8, 1.2], atol=1e-6)
    # Heard at any score: in row 0 the third witness defends the label, in row 3 all three agree.
    assert quarrel(labels, [image, text, layout], 0).wrong.tolist() == [False, True, False, True, False, True]


def test_a_quarrel_needs_two_and_a_score():
    with pytest.raises(
        UserError, match=r"^--rule quarrel: needs two witnesses or more; give --witness NAME FILE... tw"
    ):
        quarrel(np.array([0]), [said([0])])
    with pytest.raises(UserError, match=r"^--min-score: lies between 0 and 1, not 50$"):
        quarrel(np.array([0]), [said([0]), said([1])], 50)


def test_one_row_stays_of_a_class_that_would_lose_all():
    labels = np.array([0, 0, 1, 1, 1, 2, 3])
    wrong = np.array([False, True, True, True, True, True, False])
    kept = last_of_class(labels, wrong)
    assert (kept & wrong).sum() == kept.sum() == 2
    assert kept[[2, 3, 4]].sum() == 1 and kept[5]
    assert len({int(last_of_class(labels, wrong, seed).argmax()) for seed in range(20)}) == 3
    assert np.array_equal(last_of_class(labels, wrong, 5), last_of_class(labels, wrong, 5))
    assert not last_of_class(labels, np.zeros(7, bool)).any()


def model_of(scores):
    scores = np.array(scores, np.float32)
    return Predictions(list(map(str, range(len(scores)))), scores, tuple(map(str, range(scores.shape[1]))))


def test_finds_what_the_paper_finds_by_hand():
    """Thresholds: class 0 (.9 + .8 + .7 + .1) / 4 = .625, class 1 (.9 + .9 + .45 + .8) / 4 = .7625.

    Counted as (label, class): (0, 0) 3 times, (0, 1) once (.9), (1, 1) 3 times. The row (.55, .45) reaches neither
    threshold, so it is not counted, though class 0 is predicted. Scaled to 4 rows per label, one row of label 0 is
    really of class 1: the one with the margin .9 - .1.
    """
    pytest.importorskip("cleanlab")
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    scores = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9], [0.1, 0.9], [0.1, 0.9], [0.55, 0.45], [0.2, 0.8]]
    verdict = confident(labels, model_of(scores))
    assert verdict.wrong.tolist() == [False, False, False, True, False, False, False, False]
    assert verdict.suggested.tolist() == [0, 0, 0, 1, 1, 1, 0, 1]
    np.testing.assert_allclose(verdict.suspicion, [0, 0, 0, 0.8, 0, 0, 0.1, 0], atol=1e-6)
    assert not verdict.kept_whole.any()


def test_finds_swapped_labels_among_many_classes_of_which_one_is_empty():
    pytest.importorskip("cleanlab")
    true = np.arange(200) % 5
    scores = np.full((200, 6), 0.04)
    scores[np.arange(200), true] = 0.8
    labels = true.copy()
    labels[:10] = (true[:10] + 1) % 5
    verdict = confident(labels, model_of(scores))
    assert np.flatnonzero(verdict.wrong).tolist() == list(range(10))


def test_names_the_extra_that_brings_cleanlab(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(UserError, match=r"^--rule confident needs the package .*: pip install 'kdxf\[clean\]'"):
        confident(np.array([0, 1]), model_of([[0.9, 0.1], [0.2, 0.8]]))


def test_says_what_it_cannot_judge():
    pytest.importorskip("cleanlab")
    model = model_of([[0.9, 0.1], [0.2, 0.8]])
    with pytest.raises(UserError, match=r"^--rule confident: all labels are of one class; it compares classes$"):
        confident(np.array([0, 0]), model)
    with pytest.raises(UserError, match=r"^--rule confident: needs the scores of all classes; write them with --out"):
        confident(np.array([0, 1]), said([0, 1]))


CLASSES = ["milk", "oat", "soy"]


def test_models_that_agree_speak_as_one():
    models = [
        ("image", said([1, 1, 2, 0], [0.934, 0.9, 0.5, 0.5])),
        ("text", said([1, 0, 2, 1], [0.88, 0.4, 0.25, 0.5])),
        ("model", said([2, 1, 2, 2], [0.5, 1.0, 0.75, 0.5])),
    ]
    spared, whole = np.array([False, False, True, False]), np.array([False, True, False, False])
    assert reasons(np.array([0, 0, 1, 0]), models, CLASSES, whole, spared) == [
        "image and text both say oat (0.93, 0.88), model says soy (0.50), label says milk",
        "image and model both say oat (0.90, 1.00), text says milk (0.40), label says milk; its class is kept whole",
        "image, text and model all say soy (0.50, 0.25, 0.75), label says oat; kept as the last of its class",
        "image says milk (0.50), text says oat (0.50), model says soy (0.50), label says milk",
    ]

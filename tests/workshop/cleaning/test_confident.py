import sys

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.workshop.cleaning.confident import confident
from kdxf.workshop.cleaning.predictions import Predictions


def model_of(scores):
    scores = np.array(scores, np.float32)
    return Predictions("model", scores.argmax(axis=1), scores.max(axis=1), scores)


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
    with pytest.raises(ValueError, match=r"^the predictions of 'text' have no scores of all classes$"):
        confident(np.array([0, 1]), Predictions("text", model.predicted, model.score))

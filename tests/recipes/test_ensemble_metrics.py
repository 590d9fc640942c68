import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from kdxf.recipes.ensemble_metrics import METRICS

# Three images: the first two belong to class 0, guessed right and wrong; the third to class 1, right.
SCORES = np.array([[0.75, 0.25], [0.4, 0.6], [0.25, 0.75]], np.float32)
LABELS = np.array([0, 0, 1])


def value(name, scores, labels):
    metric = METRICS[name]
    return metric.value(*metric.details(scores, labels))


def test_by_hand():
    assert value("accuracy", SCORES, LABELS) == pytest.approx(200 / 3)
    assert value("log-loss", SCORES, LABELS) == pytest.approx(-np.log(0.75 * 0.4 * 0.75) / 3)
    # Guesses by confidence: 0.75 right and 0.75 right share one precision, 2/2 each; 0.6 is wrong. (1 + 1) / 3.
    assert value("GAP", SCORES, LABELS) == pytest.approx(200 / 3)
    # Class 0 ranks 0.75 0.4 | 0.25, class 1 ranks 0.75 | 0.6 0.25: both perfect.
    assert value("roc-auc", SCORES, LABELS) == 100 and value("mAP", SCORES, LABELS) == 100
    # Class 0: its images rank second (1/2) and third (2/3); class 1: its image ranks third (1/3).
    assert value("mAP", SCORES, np.array([1, 0, 0])) == pytest.approx(100 * ((1 / 2 + 2 / 3) / 2 + 1 / 3) / 2)
    assert value("GAP", SCORES, np.array([1, 0, 0])) == 0


def random_case(several):
    random = np.random.default_rng(0)
    scores = random.integers(1, 9, (60, 5)).astype(np.float32) / 10  # with equal scores
    return scores, random.random((60, 5)) < 0.3 if several else random.integers(0, 4, 60)  # class 4 is empty


@pytest.mark.parametrize("several", [False, True])
def test_classes_as_scikit_learn_has_them(several):
    scores, labels = random_case(several)
    belongs = labels if several else np.eye(5, dtype=bool)[labels]
    columns = [column for column in range(5) if belongs[:, column].any()]
    for name, function in (("roc-auc", roc_auc_score), ("mAP", average_precision_score)):
        expected = np.mean([function(belongs[:, column], scores[:, column]) for column in columns])
        assert value(name, scores, labels) == pytest.approx(100 * expected)


def test_probabilities_as_scikit_learn_has_them():
    scores, labels = random_case(False)
    scores /= scores.sum(axis=1, keepdims=True)
    assert value("log-loss", scores, labels) == pytest.approx(log_loss(labels, scores, labels=range(5)), rel=1e-5)
    right = scores.argmax(axis=1) == labels
    expected = average_precision_score(right, scores.max(axis=1)) * right.mean()
    assert value("GAP", scores, labels) == pytest.approx(100 * expected)


def test_several_labels():
    scores = np.array([[0.75, 0.25], [0.5, 0.125]], np.float32)
    labels = np.array([[True, True], [False, False]])
    expected = -np.log([[0.75, 0.25], [0.5, 0.875]]).mean()
    assert value("log-loss", scores, labels) == pytest.approx(expected)
    # One of the two images has a label, and its guess, the surer one, is right.
    assert value("GAP", scores, labels) == 100


def test_a_class_that_all_images_belong_to():
    assert np.isnan(value("roc-auc", SCORES, np.zeros(3, int)))


def test_zero_is_no_infinite_loss():
    assert value("log-loss", np.array([[0, 1]], np.float32), np.array([0])) == pytest.approx(-np.log(1e-7), rel=1e-5)

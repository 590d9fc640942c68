"""Scores class by class, against scikit-learn and numbers by hand."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from kdxf.evaluation.class_scores import average_precisions, class_scores, cluster_order, confused_pairs


def test_equal_scikit_learn():
    random = np.random.default_rng(0)
    labels, predicted = random.integers(5, size=80), random.integers(5, size=80)
    table = class_scores(labels, predicted, list("abcde"))
    precision, recall, f1, support = precision_recall_fscore_support(labels, predicted)
    np.testing.assert_allclose(table["precision"], 100 * precision)
    np.testing.assert_allclose(table["recall"], 100 * recall)
    np.testing.assert_allclose(table["f1"], 100 * f1)
    assert table["images"].tolist() == support.tolist()
    assert (table["recall low"] < table["recall"]).all() and (table["recall"] < table["recall high"]).all()


def test_a_class_without_images_or_predictions():
    """Class b has no image but a prediction, class c no prediction, class d neither."""
    table = class_scores(np.array([0, 0, 2]), np.array([0, 1, 0]), list("abcd"))
    assert table["class"].tolist() == ["a", "b", "c"]
    assert table["precision"].tolist() == pytest.approx([50, 0, np.nan], nan_ok=True)
    assert table["recall"].tolist() == pytest.approx([50, np.nan, 0], nan_ok=True)
    assert table["f1"].tolist() == [50, 0, 0]


def test_several_labels_equal_scikit_learn():
    random = np.random.default_rng(0)
    labels, predicted = random.random((2, 80, 5)) < 0.4
    table = class_scores(labels, predicted, list("abcde"))
    precision, recall, f1, support = precision_recall_fscore_support(labels, predicted)
    np.testing.assert_allclose(table["precision"], 100 * precision)
    np.testing.assert_allclose(table["recall"], 100 * recall)
    np.testing.assert_allclose(table["f1"], 100 * f1)
    assert table["images"].tolist() == support.tolist()


def test_average_precision():
    """The images of class 0 are first and third of three, class 1 has none."""
    labels = np.array([[1, 0], [0, 0], [1, 0]], bool)
    scores = np.array([[0.9, 0.1], [0.5, 0.2], [0.1, 0.3]])
    assert average_precisions(labels, scores) == pytest.approx([100 * (1 + 2 / 3) / 2, np.nan], nan_ok=True)


def test_pairs():
    labels, predicted = np.array([0, 0, 0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 0, 1, 2])
    table = confused_pairs(labels, predicted, most=2)
    assert table.to_dict("list") == {"label": [0, 1], "predicted": [1, 0], "images": [2, 1], "share": [50.0, 50.0]}
    assert len(confused_pairs(labels, predicted)) == 3
    assert confused_pairs(labels, labels).empty


def test_pairs_of_several_labels():
    """Image 0 misses a and gets b and c instead, image 1 misses a, image 2 gets b beside a."""
    labels = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0]], bool)
    predicted = np.array([[0, 1, 1], [0, 0, 0], [1, 1, 0]], bool)
    table = confused_pairs(labels, predicted)
    assert table.drop(columns="share").to_dict("list") == {"label": [0, 0], "predicted": [1, 2], "images": [1, 1]}
    assert table["share"].tolist() == pytest.approx([100 / 3] * 2)


def test_classes_that_are_confused_stand_side_by_side():
    """Classes 0 and 3, and 1 and 4, are confused; 2 is always right."""
    labels = np.array([0, 0, 3, 3, 1, 1, 4, 4, 2, 2])
    predicted = np.array([0, 3, 3, 0, 1, 4, 4, 1, 2, 2])
    order = cluster_order(confusion_matrix(labels, predicted)).tolist()
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert abs(order.index(0) - order.index(3)) == 1 and abs(order.index(1) - order.index(4)) == 1
    assert cluster_order(np.eye(2)).tolist() == [0, 1]

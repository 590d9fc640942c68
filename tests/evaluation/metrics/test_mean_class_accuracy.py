import numpy as np
import pytest

from kdxf.evaluation.metrics import MeanClassAccuracy


def test_by_hand(score):
    # Class 0: 3 of 4 right, class 1: 0 of 1, class 2 does not occur though it is guessed: (3/4 + 0) / 2.
    eye = np.eye(3)
    scores = [eye[0], eye[0], eye[0], eye[2], eye[0]]
    result = score(MeanClassAccuracy(), scores, [0, 0, 0, 0, 1])
    assert result == {"per-class/mean_accuracy": pytest.approx(37.5), "per-class/mean_error": pytest.approx(62.5)}


def test_against_loops(score, single_label):
    scores, labels = single_label
    accuracies = []
    for true in set(labels.tolist()):
        members = [row for row, label in zip(scores, labels, strict=True) if label == true]
        accuracies.append(sum(row.argmax() == true for row in members) / len(members))
    assert len(accuracies) == 5 and 0.1 < np.mean(accuracies) < 0.9
    found = score(MeanClassAccuracy(), scores, labels)["per-class/mean_accuracy"]
    assert found == pytest.approx(100 * np.mean(accuracies))

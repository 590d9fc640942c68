import numpy as np
import pytest

from kdxf.evaluation.metrics import MeanROCAUC


def test_by_hand(score):
    # Class 0: 0.9 and 0.3 against 0.8 and 0.4: 2 of 4 pairs in order. Class 1: 0.2 and 0.6 against 0.1 and 0.7: 2 of 4.
    # Class 2: 0.5 against 0, 0.5, 0: 2.5 of 3.
    scores = [[0.9, 0.1, 0.0], [0.8, 0.2, 0.5], [0.4, 0.6, 0.5], [0.3, 0.7, 0.0]]
    result = score(MeanROCAUC(), scores, [[0], [1], [1, 2], [0]])
    assert result == {"roc-auc/mean": pytest.approx(100 * (0.5 + 0.5 + 2.5 / 3) / 3)}


def test_against_loops(score, single_label, multi_label):
    for scores, labels in (single_label, multi_label):
        areas = []
        for column in range(6):
            belongs = np.array([column in np.atleast_1d(classes) for classes in labels])
            pairs = [
                (yes > no) + (yes == no) / 2
                for yes in np.float32(scores)[belongs, column]
                for no in np.float32(scores)[~belongs, column]
            ]
            areas += [np.mean(pairs)] if pairs else []
        assert len(areas) in (4, 5)  # one class without a positive, and in the second set one without a negative
        assert score(MeanROCAUC(), scores, labels)["roc-auc/mean"] == pytest.approx(100 * np.mean(areas))

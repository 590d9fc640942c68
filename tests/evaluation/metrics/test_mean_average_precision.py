import numpy as np
import pytest
from mmpretrain.evaluation import AveragePrecision

from kdxf.evaluation.metrics import MeanAveragePrecision


def test_by_hand(score):
    # Class 0 by falling score: yes 0.9, no 0.8, no 0.4, yes 0.3: 1/2 (1/1 + 2/4). Class 1: no 0.7, yes 0.6, yes 0.2,
    # no 0.1: 1/2 (1/2 + 2/3).
    scores = [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]
    result = score(MeanAveragePrecision(), scores, [0, 1, 1, 0])
    assert result == {"average-precision/mAP": pytest.approx(100 / 2 * (0.75 + 7 / 12))}


def test_voc_by_hand(score):
    # Class 1 above: precision 1/2 at recall 1/2, then 2/3 at recall 1; the envelope is 2/3 throughout.
    scores = [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]
    result = score(MeanAveragePrecision(voc=True), scores, [0, 1, 1, 0])
    assert result == {"average-precision/mAP": pytest.approx(100 / 2 * (0.75 + 2 / 3))}


def naive(scores, labels, voc):
    averages = []
    for column in range(scores.shape[1]):
        belongs = np.array([column in np.atleast_1d(classes) for classes in labels])
        if not belongs.any():
            continue
        average, recall_before = 0.0, 0.0
        thresholds = sorted(set(scores[:, column]), reverse=True)
        points = []
        for threshold in thresholds:
            taken = scores[:, column] >= threshold
            points.append((belongs[taken].sum() / belongs.sum(), belongs[taken].mean()))
        for recall, precision in points:
            best = max(other for reached, other in points if reached >= recall)
            average += (recall - recall_before) * (best if voc else precision)
            recall_before = recall
        averages.append(average)
    return 100 * np.mean(averages)


@pytest.mark.parametrize("voc", [False, True])
def test_against_loops(score, single_label, multi_label, voc):
    for scores, labels in (single_label, multi_label):
        found = score(MeanAveragePrecision(voc=voc), scores, labels)["average-precision/mAP"]
        assert found == pytest.approx(naive(np.float32(scores), labels, voc))


def test_like_mmpretrain_where_no_scores_are_equal_and_no_class_is_absent(score):
    random = np.random.default_rng(3)
    scores, targets = random.random((30, 4)), random.random((30, 4)) < 0.4
    labels = [np.flatnonzero(row).tolist() for row in targets]
    theirs = AveragePrecision.calculate(np.float32(scores), np.float32(targets))
    assert score(MeanAveragePrecision(), scores, labels)["average-precision/mAP"] == pytest.approx(float(theirs))


def test_the_order_of_the_files_does_not_matter(score, single_label):
    scores, labels = single_label
    order = np.argsort(labels)
    values = [
        score(MeanAveragePrecision(), scores[way], labels[way])["average-precision/mAP"] for way in (order, order[::-1])
    ]
    assert values[0] == pytest.approx(values[1])

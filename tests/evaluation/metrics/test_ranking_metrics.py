import math

import numpy as np
import pytest
import torch
from mmpretrain.evaluation import AveragePrecision

from kdxf.errors import UserError
from kdxf.evaluation.metrics import Accuracy, MeanAveragePrecision, MeanROCAUC
from kdxf.evaluation.metrics import ranking_metrics as column_metric
from kdxf.evaluation.metrics.ranking_metrics import check_memory


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(column_metric, "print_log", lambda message, **kwargs: lines.append(message))
    return lines


def test_classes_that_are_left_out_are_logged_once(score, log):
    metric = MeanAveragePrecision()
    for _ in range(2):
        score(metric, [[0.5, 0.3, 0.2]], [0])
    assert log == ["MeanAveragePrecision: 2 of 3 classes have no positive image and are left out of the mean"]


def test_no_class_is_left(score, log):
    assert math.isnan(score(MeanROCAUC(), [[0.5, 0.5]], [0])["roc-auc/mean"])
    assert log == ["MeanROCAUC: 2 of 2 classes have no positive or no negative image and are left out of the mean"]


def test_more_classes_than_one_block(score):
    # 600 classes, one image each, that scores highest on its own class.
    scores = np.full((600, 600), 1 / 1200) + np.eye(600) / 2
    assert score(MeanAveragePrecision(), scores, range(600))["average-precision/mAP"] == 100
    assert score(MeanAveragePrecision(), scores, np.roll(range(600), 1))["average-precision/mAP"] < 1


def test_without_labels():
    with pytest.raises(UserError, match="MeanROCAUC: image a.jpg has no label; score a list that has the column"):
        MeanROCAUC().process(None, [{"img_path": "a.jpg", "pred_score": torch.zeros(2)}])


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


def test_by_hand_of_mean_roc_auc(score):
    # Class 0: 0.9 and 0.3 against 0.8 and 0.4: 2 of 4 pairs in order. Class 1: 0.2 and 0.6 against 0.1 and 0.7: 2 of 4.
    # Class 2: 0.5 against 0, 0.5, 0: 2.5 of 3.
    scores = [[0.9, 0.1, 0.0], [0.8, 0.2, 0.5], [0.4, 0.6, 0.5], [0.3, 0.7, 0.0]]
    result = score(MeanROCAUC(), scores, [[0], [1], [1, 2], [0]])
    assert result == {"roc-auc/mean": pytest.approx(100 * (0.5 + 0.5 + 2.5 / 3) / 3)}


def test_against_loops_of_mean_roc_auc(score, single_label, multi_label):
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


@pytest.mark.parametrize("metric", [MeanAveragePrecision, MeanROCAUC])
def test_only_the_best_scores_are_kept(score, single_label, multi_label, metric):
    scores = np.random.default_rng(0).random((40, 6), np.float32)
    cut = np.where(scores >= np.sort(scores, axis=1)[:, -2:-1], scores, 0)
    assert (np.count_nonzero(cut, axis=1) == 2).all()
    for _, labels in (single_label, multi_label):
        found = metric(topk=2)
        assert score(found, scores, labels) == pytest.approx(score(metric(), cut, labels))
        assert score(metric(topk=6), scores, labels) == score(metric(), scores, labels)


def test_scores_that_take_too_much_memory_are_refused(monkeypatch):
    monkeypatch.setattr(column_metric, "MOST_BYTES", 1 << 30)
    check_memory(MeanROCAUC(), 5365, 50_030)
    check_memory(MeanROCAUC(topk=10), 1_000_000, 50_030)
    check_memory(Accuracy(), 10**9, 50_030)
    message = (
        r"MeanROCAUC: 5366 images of 50030 classes take more than 1 GiB of scores; keep only the best of each image "
        r"with topk=10, or take GlobalAveragePrecision, which needs one score per image"
    )
    with pytest.raises(UserError, match=message):
        check_memory(MeanROCAUC(), 5366, 50_030)
    monkeypatch.setattr(column_metric, "MOST_BYTES", 7)
    with pytest.raises(UserError, match="MeanAveragePrecision: 1 images of 2 classes"):
        MeanAveragePrecision().process(None, [{"pred_score": torch.zeros(2), "gt_label": torch.tensor([0])}])


def test_no_scores_at_all_cannot_be_kept():
    with pytest.raises(ValueError, match="topk must be 1 or more, got 0"):
        MeanROCAUC(topk=0)

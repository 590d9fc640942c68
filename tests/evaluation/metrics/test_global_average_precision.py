import numpy as np
import pytest
import torch

from kdxf.evaluation.metrics import GlobalAveragePrecision


def test_by_hand(score):
    # By confidence: 0.9 right, 0.8 wrong, 0.7 right, 0.6 wrong, so 1/4 * (1/1 + 2/3).
    scores = [[0.3, 0.7], [0.9, 0.1], [0.8, 0.2], [0.4, 0.6]]
    result = score(GlobalAveragePrecision(), scores, [1, 0, 1, 0])
    assert result == {"average-precision/GAP": pytest.approx(100 / 4 * (1 + 2 / 3))}


def test_global_is_not_the_mean_over_batches(score):
    # Batch one: right at 0.6, so 1. Batch two: wrong at 0.9, right at 0.7, so 1/2 * 1/2. Their mean by images would be
    # 1/3 * 1 + 2/3 * 1/4 = 1/2; all together: wrong, right, right gives 1/3 * (1/2 + 2/3) = 7/18.
    metric = GlobalAveragePrecision()
    one = {"pred_score": torch.tensor([0.6, 0.4]), "gt_label": torch.tensor([0])}
    two = [
        {"pred_score": torch.tensor([0.9, 0.1]), "gt_label": torch.tensor([1])},
        {"pred_score": torch.tensor([0.3, 0.7]), "gt_label": torch.tensor([1])},
    ]
    metric.process(None, [one])
    metric.process(None, two)
    assert metric.evaluate(3)["average-precision/GAP"] == pytest.approx(100 * 7 / 18)


def naive(scores, labels):
    """The definition with loops: every image enters with those as sure as it is."""
    guesses = [(row.max(), row.argmax() in np.atleast_1d(classes)) for row, classes in zip(scores, labels, strict=True)]
    total = 0.0
    for confidence, right in guesses:
        as_sure = [other_right for other, other_right in guesses if other >= confidence]
        total += right * sum(as_sure) / len(as_sure)
    return 100 * total / sum(np.size(classes) > 0 for classes in labels)


def test_against_loops(score, single_label, multi_label):
    for scores, labels in (single_label, multi_label):
        found = score(GlobalAveragePrecision(), scores, labels)["average-precision/GAP"]
        assert found == pytest.approx(naive(np.float32(scores), labels))
        assert 5 < found < 95


def test_images_without_a_class_are_false_guesses(score):
    # 0.9 on an image without a class, then 0.8 right: 1/1 * 1/2, since one image only could be right.
    assert score(GlobalAveragePrecision(), [[0.9, 0.1], [0.8, 0.2]], [[], [0]])["average-precision/GAP"] == 50


def test_nothing_right(score):
    assert score(GlobalAveragePrecision(), [[0.9, 0.1]], [1])["average-precision/GAP"] == 0

import math

import numpy as np
import pytest
import torch

from kdxf.errors import UserError
from kdxf.evaluation.metrics import MeanAveragePrecision, MeanROCAUC, column_metric


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

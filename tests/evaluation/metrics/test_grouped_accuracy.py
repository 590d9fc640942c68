import math

import pytest
import torch

from kdxf.errors import UserError
from kdxf.evaluation.metrics import GroupedAccuracy


def _sample(true: int, predicted: int) -> dict:
    return {"gt_label": torch.tensor([true]), "pred_score": torch.eye(4)[predicted]}


def test_each_group_counts_only_its_true_classes():
    metric = GroupedAccuracy({"packages": [0, 1], "fruit": [2], "absent": [3]})
    metric.process(None, [_sample(0, 0), _sample(0, 2), _sample(1, 1), _sample(1, 1)])
    metric.process(None, [_sample(2, 0)])
    result = metric.evaluate(5)
    assert result == {
        "grouped/packages": 75.0,  # three of four
        "grouped/packages_stderr": pytest.approx(100 * math.sqrt(0.75 * 0.25 / 4)),
        "grouped/fruit": 0.0,
        "grouped/fruit_stderr": 0.0,
    }


@pytest.mark.parametrize("groups", [{}, {"packages": []}])
def test_empty_groups_are_refused(groups):
    with pytest.raises(UserError, match="GroupedAccuracy: groups must name at least one group"):
        GroupedAccuracy(groups)

import pytest
import torch

from kdxf.errors import UserError
from kdxf.evaluation.metrics.true_classes import only_class, true_classes


@pytest.mark.parametrize("classes", [[], [2], [0, 3]])
def test_any_number_of_classes(classes):
    label = torch.tensor(classes, dtype=torch.int64)
    assert true_classes({"gt_label": label, "gt_score": torch.ones(4)}, "M").tolist() == classes


def test_without_a_label():
    with pytest.raises(UserError, match="M: image a.jpg has no label; score a list that has the column 'label'"):
        true_classes({"img_path": "a.jpg"}, "M")


def test_one_class():
    assert only_class({"gt_label": torch.tensor([2])}, "M") == 2
    with pytest.raises(UserError, match="M: image a.jpg has 2 classes, and this metric takes exactly one; for several"):
        only_class({"gt_label": torch.tensor([0, 2]), "img_path": "a.jpg"}, "M")

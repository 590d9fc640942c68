import pytest
import torch
from mmpretrain.models.heads import LinearClsHead, MultiLabelLinearClsHead

from kdxf.models import MoEClsHead, MultiLabelMoEClsHead
from kdxf.models.heads.predicted_classes import is_multi_label, predicted_classes

SCORE = torch.tensor([0.5, 0.875, 0.25])
MULTI_LABEL = (MultiLabelMoEClsHead, MultiLabelLinearClsHead)


@pytest.mark.parametrize("kind", MULTI_LABEL)
@pytest.mark.parametrize(
    ("options", "expected"), [({}, [0, 1]), ({"thr": 0.6}, [1]), ({"thr": 0.9}, []), ({"topk": 2}, [1, 0])]
)
def test_heads_for_several_labels(kind, options, expected):
    head = kind(3, 2, **options)
    assert is_multi_label(head)
    assert predicted_classes(head, SCORE).tolist() == expected


@pytest.mark.parametrize("kind", MULTI_LABEL)
@pytest.mark.parametrize("options", [{}, {"thr": 0.6}, {"topk": 1}])
def test_the_rule_is_that_of_the_head(kind, options):
    torch.manual_seed(0)
    head = kind(3, 2, **options)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    for sample in head.predict((torch.randn(9, 2),)):
        assert predicted_classes(head, sample.pred_score).tolist() == sample.pred_label.tolist()


@pytest.mark.parametrize("head", [None, LinearClsHead(3, 2), MoEClsHead(3, 2)])
def test_heads_for_one_label(head):
    assert not is_multi_label(head)
    assert predicted_classes(head, SCORE).tolist() == [1]

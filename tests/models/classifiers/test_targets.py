"""Targets that a head cannot learn are named; weights are collected."""

import pytest
import torch
from mmpretrain.models.heads import LinearClsHead, MultiLabelLinearClsHead
from mmpretrain.structures import DataSample

from kdxf.errors import UserError
from kdxf.models import HierarchicalClsHead, MoEClsHead, MultiLabelMoEClsHead
from kdxf.models.classifiers.targets import check_targets, loss_weights


def sample(labels=None, score=None, weight=None):
    built = DataSample(metainfo={"img_path": "train/x.jpg"})
    if labels is not None:
        built.set_gt_label(labels)
    if score is not None:
        built.set_gt_score(torch.tensor(score))
    if weight is not None:
        built.set_field(torch.tensor([weight]), "sample_weight", dtype=torch.Tensor)
    return built


@pytest.fixture
def hierarchical(tmp_path):
    def make(**kwargs):
        (tmp_path / "tree.csv").write_text("fine,coarse\na,x\nb,x\nc,y\n")
        fine = {"type": "LinearClsHead", "in_channels": 2}
        return HierarchicalClsHead(fine, tmp_path / "tree.csv", ["a", "b", "c"], **kwargs)

    return make


@pytest.mark.parametrize("head", [MoEClsHead(3, 2), LinearClsHead(3, 2, cal_acc=True)])
def test_one_label(head):
    check_targets([sample(1), sample([2])], head)
    for labels, count in (([0, 1], 2), ([], 0)):
        message = (
            rf"^train/x.jpg has {count} labels, and {type(head).__name__} learns one per image: take "
            "MultiLabelMoEClsHead or MultiLabelLinearClsHead, or remove multi_label from the dataset$"
        )
        with pytest.raises(UserError, match=message):
            check_targets([sample(1), sample(labels)], head)


@pytest.mark.parametrize("head", [MultiLabelMoEClsHead(3, 2), MultiLabelLinearClsHead(3, 2)])
def test_several_labels(head):
    check_targets([sample([0, 2]), sample([]), sample(1), sample(None, [0.5, 0.5, 0.0])], head)


@pytest.mark.parametrize("head", [None, MoEClsHead(3, 2), MultiLabelMoEClsHead(3, 2)])
def test_no_target(head):
    message = (
        r"^training met an image without a label, train/x.jpg: name a list with labels in train_dataloader, or give "
        r"its dataset a soft_label_file$"
    )
    with pytest.raises(UserError, match=message):
        check_targets([sample(1), sample()], head)


def test_hits_of_soft_targets_are_not_counted(hierarchical):
    soft = [sample(1, [0.25, 0.75, 0.0])]
    counting = hierarchical(branches={"coarse": {"cal_acc": True}})
    for head in (LinearClsHead(3, 2), hierarchical()):
        check_targets(soft, head)
    for head in (LinearClsHead(3, 2, cal_acc=True), counting):
        message = f"^{type(head).__name__}: cal_acc=True cannot count the hits of soft targets; set cal_acc=False in mo"
        with pytest.raises(UserError, match=message):
            check_targets(soft, head)


def test_a_hierarchical_head_learns_one_label(hierarchical):
    check_targets([sample(1), sample([2])], hierarchical())
    with pytest.raises(UserError, match="^train/x.jpg has 2 labels, and HierarchicalClsHead learns one per image: "):
        check_targets([sample([0, 1])], hierarchical())


def test_weights():
    assert loss_weights([sample(1), sample(2)], torch.device("cpu")) == {}
    found = loss_weights([sample(1), sample(2, weight=0.5), sample(0, weight=3.0)], torch.device("cpu"))
    assert found.keys() == {"weight"} and found["weight"].tolist() == [1, 0.5, 3]
    assert loss_weights([sample(1, weight=2.0)], torch.device("meta"))["weight"].device.type == "meta"

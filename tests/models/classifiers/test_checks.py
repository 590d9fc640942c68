"""Targets that a head cannot learn are named; weights are collected."""

import pytest
import torch
from mmpretrain.models.heads import LinearClsHead, MultiLabelLinearClsHead
from mmpretrain.structures import DataSample
from torch import nn

from kdxf.errors import UserError
from kdxf.models import HierarchicalClsHead, ImageTextDataPreprocessor, MoEClsHead, MultiLabelMoEClsHead
from kdxf.models.classifiers import checks as normalization
from kdxf.models.classifiers.checks import check_targets, loss_weights, warn_of_other_normalization


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


HALF = ((127.5,) * 3, (127.5,) * 3)
IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


class Backbone(nn.Module):
    model_name = "some_net"

    def __init__(self, numbers):
        super().__init__()
        self.normalization = numbers


@pytest.fixture
def lines(monkeypatch):
    logged = []
    monkeypatch.setattr(normalization, "print_log", lambda line, *_: logged.append(line))
    return logged


@pytest.mark.parametrize(
    ("wanted", "mean", "std"),
    [
        (IMAGENET, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
        (IMAGENET, [124, 116, 104], [58, 57, 57]),
        (HALF, [127.5], [127.5]),
        (None, [0, 0, 0], [1, 1, 1]),
    ],
)
def test_what_fits_is_silent(wanted, mean, std, lines):
    warn_of_other_normalization(Backbone(wanted), ImageTextDataPreprocessor(mean=mean, std=std))
    assert lines == []


def test_other_backbones_and_none_are_passed_over(lines):
    warn_of_other_normalization(nn.Identity(), ImageTextDataPreprocessor())
    warn_of_other_normalization(None, ImageTextDataPreprocessor())
    assert lines == []


@pytest.mark.parametrize("numbers", [{"mean": IMAGENET[0], "std": IMAGENET[1]}, {}])
def test_other_numbers_are_warned_of(numbers, lines):
    warn_of_other_normalization(Backbone(HALF), ImageTextDataPreprocessor(**numbers))
    assert lines == [
        "the weights of some_net were trained with mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], to_rgb=True; "
        "data_preprocessor has other numbers"
    ]

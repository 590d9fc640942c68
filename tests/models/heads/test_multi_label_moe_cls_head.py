"""The mixture of experts for images of several classes, with the losses that MMPretrain has for them."""

import math

import pytest
import torch
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import MoEClsHead, MultiLabelMoEClsHead
from kdxf.registry import MODELS

C, K = 2, 3
LN2, LN3 = math.log(2), math.log(3)
FEATS = (torch.zeros(2, C),)


def build(**options):
    return MODELS.build(
        {"type": "MultiLabelMoEClsHead", "num_classes": K, "in_channels": C, "hidden_channels": 4, **options}
    )


def head_of_logits(*logits, **options):
    """A head that gives these logits whatever it sees: three experts of even gates 1/4 and the dummy."""
    head = build(num_experts=3, **options)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        head.experts.fc.bias.copy_(torch.tensor(logits).repeat(3) / 0.75)
    return head


def samples(*labels):
    return [DataSample().set_gt_label(list(indices)) for indices in labels]


def loss(head, truth, **options):
    return head.loss(FEATS, truth, **options)["loss"].item()


def test_logits_are_those_of_the_mixture_for_one_label():
    torch.manual_seed(0)
    head, one = build(se_reduction=2), MoEClsHead(K, C, hidden_channels=4, se_reduction=2)
    one.load_state_dict(head.state_dict())
    feats = (torch.randn(5, C),)
    assert_close(head(feats), one(feats))
    assert isinstance(head, MultiLabelMoEClsHead) and head.gates(feats).shape == (5, 5)


def test_loss_is_the_sum_over_classes_and_the_mean_over_samples():
    head = head_of_logits(LN3, 0.0, -LN3)  # probabilities 3/4, 1/2, 1/4
    # -ln of: 3/4, 1/2, 3/4 for the class 0 alone; 1/4, 1/2, 3/4 for none
    expected = (-2 * math.log(0.75) + LN2 + -math.log(0.25) + LN2 - math.log(0.75)) / 2
    assert loss(head, samples([0], [])) == pytest.approx(expected, abs=1e-6)
    assert loss(head, samples([0], []), weight=torch.tensor([2.0, 0.0])) == pytest.approx(
        -2 * math.log(0.75) + LN2, abs=1e-6
    )
    losses = head.loss(FEATS, samples([0], []))
    assert losses["dummy_gate"].item() == pytest.approx(0.25)


def test_soft_targets():
    head = head_of_logits(LN3, LN3, LN3)
    truth = [DataSample().set_gt_label([0]).set_gt_score(torch.tensor([1.0, 0.5, 0.0])) for _ in range(2)]
    halves = -(math.log(0.75) + math.log(0.25)) / 2
    assert loss(head, truth) == pytest.approx(-math.log(0.75) + halves - math.log(0.25), abs=1e-6)


@pytest.mark.parametrize(
    ("config", "logit", "positive", "negative"),
    [
        ({"type": "CrossEntropyLoss", "use_sigmoid": True, "pos_weight": [3.0] * K}, 0.0, 3 * LN2, LN2),
        ({"type": "CrossEntropyLoss", "use_sigmoid": True, "class_weight": [0.5] * K}, 0.0, LN2 / 2, LN2 / 2),
        (
            {"type": "FocalLoss", "gamma": 2.0, "alpha": 0.25},
            LN3,
            -math.log(0.75) / 64,
            -0.75 * 9 / 16 * math.log(0.25),
        ),
        (
            {"type": "AsymmetricLoss", "gamma_pos": 0.0, "gamma_neg": 4.0, "clip": 0.05},
            0.0,
            LN2,
            -math.log(0.55) * 0.45**4,
        ),
        (
            {"type": "LabelSmoothLoss", "label_smooth_val": 0.1, "mode": "multi_label", "use_sigmoid": True},
            LN3,
            -0.9 * math.log(0.75) - 0.1 * math.log(0.25),
            -0.1 * math.log(0.75) - 0.9 * math.log(0.25),
        ),
    ],
)
def test_losses_of_mmpretrain(config, logit, positive, negative):
    head = head_of_logits(logit, logit, logit, loss=config)
    expected = (positive + 2 * negative + 2 * positive + negative) / 2
    assert loss(head, samples([1], [0, 2])) == pytest.approx(expected, abs=1e-5)
    weighted = (0.5 * (positive + 2 * negative) + 3 * (2 * positive + negative)) / 2
    assert loss(head, samples([1], [0, 2]), weight=torch.tensor([0.5, 3.0])) == pytest.approx(weighted, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "expected"), [({}, [0, 1]), ({"thr": 0.7}, [0]), ({"thr": 0.8}, []), ({"topk": 2}, [0, 1])]
)
def test_predictions(options, expected):
    first, second = head_of_logits(LN3, 0.0, -LN3, **options).predict(FEATS)
    assert_close(first.pred_score, torch.tensor([0.75, 0.5, 0.25]))
    assert first.pred_label.tolist() == second.pred_label.tolist() == expected
    truth = samples([2], [])
    assert head_of_logits(LN3, 0.0, -LN3).predict(FEATS, truth)[0] is truth[0]


def test_predictions_are_those_of_mmpretrain():
    linear = MultiLabelLinearClsHead(K, C)
    with torch.no_grad():
        linear.fc.bias.copy_(torch.tensor([LN3, 0.0, -LN3]))
    for ours, theirs in zip(head_of_logits(LN3, 0.0, -LN3).predict(FEATS), linear.predict(FEATS), strict=True):
        assert_close(ours.pred_score, theirs.pred_score)


def test_it_learns_several_labels_and_none():
    torch.manual_seed(0)
    head = build()
    feats = (torch.tensor([[3.0, -3.0], [-3.0, 3.0], [3.0, 3.0]]),)
    truth = samples([0, 1], [2], [])
    optimizer = torch.optim.Adam(head.parameters(), 0.05)
    for _ in range(60):
        optimizer.zero_grad()
        head.loss(feats, truth)["loss"].backward()
        optimizer.step()
    assert [sample.pred_label.tolist() for sample in head.predict(feats)] == [[0, 1], [2], []]


@pytest.mark.parametrize(
    "config",
    [
        {"type": "LabelSmoothFocalLoss"},
        {"type": "CrossEntropyLoss"},
        {"type": "LabelSmoothLoss", "label_smooth_val": 0.1, "num_classes": K},
        {"type": "AsymmetricLoss", "use_sigmoid": False},
    ],
)
def test_losses_for_one_label(config):
    message = (
        rf"^MultiLabelMoEClsHead: {config['type']} as it is set shares one probability among the classes; set "
        r"loss=dict\(_delete_=True, type='CrossEntropyLoss', use_sigmoid=True\)$"
    )
    with pytest.raises(UserError, match=message):
        build(loss=config)


def test_accuracy_in_training_is_not_offered():
    with pytest.raises(TypeError, match="cal_acc"):
        build(cal_acc=True)

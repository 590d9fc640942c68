import math

import pytest
import torch
from torch.testing import assert_close

from kdxf.models import SupervisedContrastiveLoss

# Of unit length: e1, e1, e2, -e2. Samples 0 and 1 share their class; samples 2 and 3 are alone.
FEATURE = torch.tensor([[1.0, 0.0], [5.0, 0.0], [0.0, 2.0], [0.0, -3.0]])
LABEL = torch.tensor([0, 0, 1, 2])


def test_the_pair_by_hand():
    # Similarities of sample 0: 1 to its pair, 0 to both others; -log(e^2 / (e^2 + 1 + 1)) with temperature 0.5.
    expected = math.log(1 + 2 * math.exp(-2))
    assert_close(SupervisedContrastiveLoss(0.5)(FEATURE, LABEL), torch.tensor(expected))
    assert_close(SupervisedContrastiveLoss(0.5, loss_weight=3.0)(FEATURE, LABEL), torch.tensor(3 * expected))
    weighted = SupervisedContrastiveLoss(0.5)(FEATURE, LABEL, torch.tensor([2.0, 0.0, 7.0, 7.0]))
    assert_close(weighted, torch.tensor((2 * expected + 0 * expected) / 2))


def test_several_positives_are_averaged_outside_of_the_logarithm():
    torch.manual_seed(0)
    feature, label = torch.randn(6, 3), torch.tensor([0, 1, 0, 1, 0, 2])
    unit = feature / feature.norm(dim=1, keepdim=True)
    losses = []
    for i in range(5):
        others = [a for a in range(6) if a != i]
        total = sum(math.exp(float(unit[i] @ unit[a]) / 0.1) for a in others)
        positives = [p for p in others if label[p] == label[i]]
        losses.append(-sum(float(unit[i] @ unit[p]) / 0.1 - math.log(total) for p in positives) / len(positives))
    assert_close(SupervisedContrastiveLoss()(feature, label), torch.tensor(sum(losses) / 5))


@pytest.mark.parametrize("count", [1, 3])
def test_without_a_pair_it_is_0_with_a_gradient_of_0(count):
    feature = torch.randn(count, 2, requires_grad=True)
    loss = SupervisedContrastiveLoss()(feature, torch.arange(count))
    loss.backward()
    assert loss.item() == 0 and feature.grad.abs().max() == 0


def test_half_precision_is_computed_in_full():
    loss = SupervisedContrastiveLoss()(FEATURE.half(), LABEL)
    assert loss.dtype == torch.float32 and loss.isfinite()


def test_the_temperature_must_be_positive():
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        SupervisedContrastiveLoss(0)

import math

import pytest
import torch
from torch.testing import assert_close

from kdxf.models import BatchHardTripletLoss

# On a line: class 0 at 0, 1 and 3, class 1 at 5 and 6, class 2 at 10.
FEATURE = torch.tensor([[0.0], [1.0], [3.0], [5.0], [6.0], [10.0]])
LABEL = torch.tensor([0, 0, 0, 1, 1, 2])
# Farthest of the own class minus nearest of another: 3 - 5, 2 - 4, 3 - 2, 1 - 2, 1 - 3; class 2 has no pair.
GAPS = (-2.0, -2.0, 1.0, -1.0, -2.0)


def test_the_hardest_pairs_by_hand():
    # With a margin of 1.5: 0, 0, 2.5, 0.5, 0.
    assert_close(BatchHardTripletLoss(1.5)(FEATURE, LABEL), torch.tensor(3.0 / 5))
    assert_close(BatchHardTripletLoss(1.5, loss_weight=0.1)(FEATURE, LABEL), torch.tensor(0.3 / 5))
    soft = sum(math.log(1 + math.exp(gap)) for gap in GAPS) / 5
    assert_close(BatchHardTripletLoss()(FEATURE, LABEL), torch.tensor(soft))
    weighted = BatchHardTripletLoss(1.5)(FEATURE, LABEL, torch.tensor([9.0, 9.0, 2.0, 1.0, 9.0, 9.0]))
    assert_close(weighted, torch.tensor((2 * 2.5 + 0.5) / 5))


def test_the_gradient_pulls_the_farthest_and_pushes_the_nearest():
    feature = FEATURE.clone().requires_grad_()
    BatchHardTripletLoss(0.0)(feature, LABEL).backward()  # only sample 2, with 3 - 2 > 0: moves from 5 towards 0
    assert_close(feature.grad.flatten() * 5, torch.tensor([-1.0, 0.0, 2.0, -1.0, 0.0, 0.0]))


@pytest.mark.parametrize("label", [[0, 1, 2], [0, 0, 0]])
def test_without_a_triplet_it_is_0_with_a_gradient_of_0(label):
    feature = torch.randn(3, 2, requires_grad=True)
    loss = BatchHardTripletLoss()(feature, torch.tensor(label))
    loss.backward()
    assert loss.item() == 0 and feature.grad.abs().max() == 0


def test_two_samples_in_one_place_have_a_finite_gradient():
    feature = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], requires_grad=True)
    loss = BatchHardTripletLoss(1.0)(feature, torch.tensor([0, 0, 1]))
    loss.backward()
    assert loss.item() == 1 and feature.grad.isfinite().all()


def test_the_margin_must_not_be_negative():
    with pytest.raises(ValueError, match="margin must be 0 or more, or None for the soft margin, got -1"):
        BatchHardTripletLoss(-1)

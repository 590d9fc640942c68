import pytest
import torch
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import BatchHardTripletLoss
from kdxf.models.losses import FeatureLosses

CONFIG = dict(
    contrastive=dict(type="SupervisedContrastiveLoss", loss_weight=0.5), triplet=dict(type="BatchHardTripletLoss")
)
FEATURE = torch.tensor([[0.0, 1.0], [1.0, 1.0], [3.0, 0.0]], requires_grad=True)


def samples(*labels):
    return [DataSample(metainfo={"img_path": f"{i}.jpg"}).set_gt_label(label) for i, label in enumerate(labels)]


def test_each_loss_has_its_name_and_the_weights():
    weight = torch.tensor([1.0, 2.0, 3.0])
    found = FeatureLosses(CONFIG)(FEATURE, samples(0, 0, 1), mixed=False, weight=weight)
    assert list(found) == ["contrastive_loss", "triplet_loss"]
    assert_close(found["triplet_loss"], BatchHardTripletLoss()(FEATURE, torch.tensor([0, 0, 1]), weight))


def test_what_cannot_be_compared_is_refused():
    losses = FeatureLosses(CONFIG)
    with pytest.raises(
        UserError, match=r"feature_losses \(contrastive, triplet\) compare whole samples by their class"
    ):
        losses(FEATURE, samples(0, 0, 1), mixed=True)
    with pytest.raises(UserError, match="need exactly one label for each image, and 1.jpg has 2: leave feature_losses"):
        losses(FEATURE, samples(0, [0, 1]), mixed=False)
    unlabelled = [DataSample(metainfo={"img_path": "x.jpg"}).set_gt_score(torch.ones(2))]
    with pytest.raises(UserError, match="need exactly one label for each image, and x.jpg has 0"):
        losses(FEATURE, unlabelled, mixed=False)
    with pytest.raises(UserError, match="would change nothing, as no part before the joint feature learns: put one"):
        losses(FEATURE.detach(), samples(0, 0, 1), mixed=False)

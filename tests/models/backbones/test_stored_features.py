import pytest
import torch

from kdxf.errors import UserError
from kdxf.models import StoredFeatures


def test_hands_on_features_and_refuses_images():
    backbone = StoredFeatures(4)
    feature = torch.randn(2, 4, 1, 1)
    assert backbone(feature)[-1] is feature and backbone.out_channels == 4
    with pytest.raises(UserError, match=r"out_channels is 4, but the pipeline gives \(3, 32, 32\); load LoadFeature's"):
        backbone(torch.zeros(2, 3, 32, 32))

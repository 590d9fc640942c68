"""Fusion by joining the features end to end. Shapes: N batch, Ci image channels, Ct text channels."""

import torch
from torch import Tensor, nn

from kdxf.registry import MODELS


@MODELS.register_module()
class ConcatFusion(nn.Module):
    """Join the image feature and the text feature, in this order, without scaling either."""

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        """Join (N, Ci) and (N, Ct) to (N, Ci + Ct)."""
        return torch.cat((image, text), dim=1)

"""Fusion by joining the features end to end. Shapes: N batch, C channels of a modality."""

import torch
from torch import Tensor, nn

from kdxf.registry import MODELS


@MODELS.register_module()
class ConcatFusion(nn.Module):
    """Join the features of image, text and table, whichever there are, in this order, without scaling any."""

    def forward(self, *features: Tensor) -> Tensor:
        """Join features (N, C), each of its own width, to one whose width is the sum of theirs."""
        return torch.cat(features, dim=1)

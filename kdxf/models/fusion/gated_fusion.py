"""Fusion by a gate for every channel. Shapes: N batch, Ci image, Ct text and C joint channels."""

import torch
from torch import Tensor, nn

from kdxf.registry import MODELS


@MODELS.register_module()
class GatedFusion(nn.Module):
    r"""Weigh image against text, channel by channel: the Gated Multimodal Unit (https://arxiv.org/abs/1702.01992).

    .. math::
        h_v = \tanh(\mathrm{LN}(W_v x_v)), \quad h_t = \tanh(\mathrm{LN}(W_t x_t)), \quad
        z = \sigma(W_z [h_v; h_t] + b_z), \quad h = z \odot h_v + (1 - z) \odot h_t

    with the image feature x_v, the text feature x_t and the joint feature h. Two things differ from the paper. The
    layer normalisation keeps tanh out of saturation whatever the features' scales, and the gate sees h_v and h_t,
    which have one scale, instead of x_v and x_t. The gates start at 1/2.

    Args:
        image_channels: Ci.
        text_channels: Ct.
        out_channels: C.
    """

    def __init__(self, image_channels: int, text_channels: int, out_channels: int) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.image = _same_width(image_channels, out_channels)
        self.text = _same_width(text_channels, out_channels)
        self.gate = nn.Linear(2 * out_channels, out_channels)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        """Fuse the features (N, Ci) and (N, Ct) to (N, C), float32."""
        image, text = self.image(image), self.text(text)
        return (self._gates(image, text) * torch.stack((image, text), dim=1)).sum(dim=1)

    def gates(self, image: Tensor, text: Tensor) -> Tensor:
        """Return the gates of a batch, for logs and plots.

        Args:
            image: Image features (N, Ci).
            text: Text features (N, Ct).

        Returns:
            (N, 2, C), float32: weight of the image, then of the text, in each channel; the two sum to 1.
        """
        return self._gates(self.image(image), self.text(text))

    def _gates(self, image: Tensor, text: Tensor) -> Tensor:
        """Return the gates (N, 2, C) of features of one width, (N, C) each."""
        z = torch.sigmoid(self.gate(torch.cat((image, text), dim=1)).float())
        return torch.stack((z, 1 - z), dim=1)


def _same_width(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_channels, out_channels), nn.LayerNorm(out_channels), nn.Tanh())

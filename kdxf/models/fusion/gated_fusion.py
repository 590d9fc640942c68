"""Fusion by a gate for every channel. Shapes: N batch, M modalities, C joint channels."""

import torch
from torch import Tensor, nn

from kdxf.registry import MODELS

MODALITIES = ("image", "text", "table")
"""The order in which a fusion gets the features."""


@MODELS.register_module()
class GatedFusion(nn.Module):
    r"""Weigh image, text and table, channel by channel: the Gated Multimodal Unit (https://arxiv.org/abs/1702.01992).

    .. math::
        h_m = \tanh(\mathrm{LN}(W_m x_m)), \quad z = \mathrm{softmax}(W_z [h_1; \dots; h_M] + b_z), \quad
        h = \sum_m z_m \odot h_m

    with the features x_m of the modalities and the joint feature h. The last modality's row of W_z is zero, so that
    with two modalities the softmax is the paper's sigmoid. Two things differ from the paper. The layer normalisation
    keeps tanh out of saturation whatever the features' scales, and the gates see h_m, which have one scale, instead of
    x_m. The gates start at 1/M.

    Args:
        image_channels: Width of the image feature; None for a model without.
        text_channels: Width of the text feature; None for a model without.
        out_channels: C.
        table_channels: Width of the table's feature; None for a model without.

    Raises:
        ValueError: There are fewer than two modalities.
    """

    def __init__(
        self,
        image_channels: int | None,
        text_channels: int | None,
        out_channels: int,
        table_channels: int | None = None,
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        widths = dict(zip(MODALITIES, (image_channels, text_channels, table_channels), strict=True))
        self.modalities = tuple(name for name, width in widths.items() if width is not None)
        if len(self.modalities) < 2:
            raise ValueError(f"GatedFusion weighs two modalities or more, got the channels of {self.modalities}")
        for name, width in widths.items():
            if width is not None:
                setattr(self, name, _same_width(width, out_channels))
        others = len(self.modalities) - 1
        self.gate = nn.Linear((others + 1) * out_channels, others * out_channels)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)

    def forward(self, *features: Tensor) -> Tensor:
        """Fuse the features of :attr:`modalities`, in this order, each (N, its width), to (N, C), float32."""
        hidden = self._hidden(features)
        return (self._gates(hidden) * torch.stack(hidden, dim=1)).sum(dim=1)

    def gates(self, *features: Tensor) -> Tensor:
        """Return the gates of a batch, for logs and plots.

        Args:
            *features: As of :meth:`forward`.

        Returns:
            (N, M, C), float32: the weight of each of :attr:`modalities` in each channel; they sum to 1 over them.
        """
        return self._gates(self._hidden(features))

    def _hidden(self, features: tuple[Tensor, ...]) -> list[Tensor]:
        return [getattr(self, name)(feature) for name, feature in zip(self.modalities, features, strict=True)]

    def _gates(self, hidden: list[Tensor]) -> Tensor:
        """Return the gates (N, M, C) of features of one width, (N, C) each."""
        others = self.gate(torch.cat(hidden, dim=1)).float().unflatten(1, (-1, self.out_channels))
        return torch.cat((others, torch.zeros_like(others[:, :1])), dim=1).softmax(dim=1)


def _same_width(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_channels, out_channels), nn.LayerNorm(out_channels), nn.Tanh())

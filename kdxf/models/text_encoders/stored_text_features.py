"""The place of a text encoder whose features are stored. Shapes: N batch, D documents of a sample, C channels."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.registry import MODELS


@MODELS.register_module()
class StoredTextFeatures(BaseModule):
    """Hand on the features of a frozen text encoder that ``LoadTextFeature`` loaded.

    A document without text is a learned vector, as of ``TransformerTextEncoder``.

    Args:
        out_channels: C, the width of the frozen encoder's feature.
        dropout: Dropout probability of the result.
        init_cfg: Initialization, as everywhere in MMEngine.
    """

    input_keys = ("text_feature", "text_feature_weight")
    """Keys of the batch inputs that :meth:`forward` takes, in order."""

    def __init__(self, out_channels: int, dropout: float = 0.0, init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels = out_channels
        self.no_text = nn.Parameter(torch.zeros(out_channels))
        self.dropout = nn.Dropout(dropout)

    def forward(self, text_feature: Tensor, text_feature_weight: Tensor) -> Tensor:
        """Hand on a batch of features.

        Args:
            text_feature: Features (N, D, C); D is 1, or 2 where a batch augmentation mixed two documents.
            text_feature_weight: What each counts (N, D); 0 is no text.

        Returns:
            Text features (N, C), of two documents their mean weighted by what they count.

        Raises:
            UserError: The features have another width.
        """
        if text_feature.shape[-1] != self.out_channels:
            raise UserError(
                f"StoredTextFeatures: out_channels is {self.out_channels}, but LoadTextFeature gives "
                f"{text_feature.shape[-1]}; set it to that"
            )
        total = text_feature_weight.sum(dim=1, keepdim=True)
        shares = text_feature_weight / torch.where(total > 0, total, 1.0)
        feature = (shares.unsqueeze(-1) * text_feature).sum(dim=1)
        return self.dropout(torch.where(total > 0, feature.to(self.no_text.dtype), self.no_text))

"""Text encoder on reduced TF-IDF vectors. Shapes: N batch, D documents of a sample, C channels."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.registry import MODELS


@MODELS.register_module()
class TfidfEncoder(BaseModule):
    """Hand on a document's reduced TF-IDF vector (``EncodeTfidf``), scaled for training by gradient.

    It has no layer of its own: one linear layer behind it is logistic regression on TF-IDF. The vectors have at most
    unit length, for which logistic regression makes up by large weights; ``scale`` saves a short training from having
    to learn them. A document without text is a learned vector.

    Args:
        in_channels: C, ``channels`` of the TF-IDF folder.
        scale: Factor of the vectors.
        dropout: Dropout probability of the channels.
        init_cfg: Initialization, as everywhere in MMEngine.
    """

    input_keys = ("tfidf", "tfidf_weight")
    """Keys of the batch inputs that :meth:`forward` takes, in order."""

    def __init__(
        self, in_channels: int, scale: float = 10.0, dropout: float = 0.2, init_cfg: dict | list[dict] | None = None
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels = in_channels
        self.scale = scale
        self.no_text = nn.Parameter(torch.zeros(in_channels))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tfidf: Tensor, tfidf_weight: Tensor) -> Tensor:
        """Encode a batch of documents.

        Args:
            tfidf: Vectors (N, D, C); D is 1, or 2 where a batch augmentation mixed two documents.
            tfidf_weight: What each counts (N, D); 0 is no text.

        Returns:
            Text features (N, C).

        Raises:
            UserError: If the vectors have another number of channels than the encoder.
        """
        if tfidf.shape[-1] != self.out_channels:
            raise UserError(
                f"TfidfEncoder: in_channels is {self.out_channels}, but the TF-IDF folder gives {tfidf.shape[-1]}; set "
                "it to 'channels' of the folder's tfidf.json"
            )
        feature = self.scale * (tfidf_weight.unsqueeze(-1) * tfidf).sum(dim=1)
        has_text = (tfidf_weight > 0).any(dim=1, keepdim=True)
        return self.dropout(torch.where(has_text, feature.to(self.no_text.dtype), self.no_text))

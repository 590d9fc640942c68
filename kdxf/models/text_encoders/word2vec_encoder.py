"""Text encoder on word vectors. Shapes: N batch, L tokens, D width of a word vector, C channels."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from kdxf.models.text_encoders.document_norm import DocumentNorm
from kdxf.registry import MODELS

POOLINGS = ("mean", "attention")


@MODELS.register_module()
class Word2VecEncoder(BaseModule):
    """Pool the word vectors of a document and send them through a small MLP.

    ``'mean'`` pooling is the mean weighted by ``text_weight``. ``'attention'`` pooling also multiplies each weight by
    the exponential of a learned linear score of the word; it starts as the mean. A document without a word of positive
    weight pools to the zero vector.

    The pooled vector is standardized (:class:`DocumentNorm`), since sets of word vectors differ in scale and share a
    large common component; a document without text gets a learned vector in its place. A layer of the MLP is linear,
    layer normalisation, leaky ReLU, dropout.

    Args:
        in_channels: D.
        hidden_channels: Width of the MLP's hidden layer.
        out_channels: C, width of the text feature.
        pooling: ``'mean'`` or ``'attention'``.
        dropout: Dropout probability after each layer.
        init_cfg: Initialization, as everywhere in MMEngine.

    Raises:
        ValueError: If ``pooling`` is unknown.
    """

    input_keys = ("text", "text_weight")
    """Keys of the batch inputs that :meth:`forward` takes, in order."""

    def __init__(
        self,
        in_channels: int = 200,
        hidden_channels: int = 512,
        out_channels: int = 1024,
        pooling: str = "mean",
        dropout: float = 0.3,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, got {pooling!r}")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.score = nn.Linear(in_channels, 1, bias=False) if pooling == "attention" else None
        if self.score is not None:
            nn.init.zeros_(self.score.weight)
        self.norm = DocumentNorm(in_channels)
        self.mlp = nn.Sequential(
            *_layer(in_channels, hidden_channels, dropout),
            *_layer(hidden_channels, out_channels, dropout),
        )

    def forward(self, text: Tensor, text_weight: Tensor) -> Tensor:
        """Encode a batch of documents.

        Args:
            text: Word vectors (N, L, D).
            text_weight: Weight of each word (N, L), >= 0; 0 is padding.

        Returns:
            Text features (N, C).

        Raises:
            ValueError: If the word vectors are not D wide.
        """
        if text.size(-1) != self.in_channels:
            raise ValueError(
                f"the word vectors are {text.size(-1)} wide, but text_encoder.in_channels is {self.in_channels}: "
                "set it to the width of the vectors"
            )
        has_text = (text_weight > 0).any(dim=1)
        return self.mlp(self.norm(self.pool(text, text_weight), has_text))

    def pool(self, text: Tensor, text_weight: Tensor) -> Tensor:
        """Pool word vectors (N, L, D) by weights (N, L) to document vectors (N, D)."""
        shares = self.shares(text, text_weight).to(text.dtype)
        return torch.bmm(shares.unsqueeze(1), text).squeeze(1)  # (N, 1, L) x (N, L, D)

    def shares(self, text: Tensor, text_weight: Tensor) -> Tensor:
        """Give the share of each word in its document vector.

        Args:
            text: Word vectors (N, L, D).
            text_weight: Weight of each word (N, L).

        Returns:
            (N, L) in float32; rows sum to 1, or to 0 where no word has a positive weight.
        """
        weight = text_weight.float()
        tiny = torch.finfo(weight.dtype).tiny
        if self.score is not None:
            scores = self.score(text).squeeze(-1).float()  # (N, L)
            scores = scores.masked_fill(weight <= 0, torch.finfo(scores.dtype).min)
            weight = weight * (scores - scores.amax(dim=1, keepdim=True)).exp()
        return weight / weight.sum(dim=1, keepdim=True).clamp_min(tiny)


def _layer(in_channels: int, out_channels: int, dropout: float) -> tuple[nn.Module, ...]:
    return (
        nn.Linear(in_channels, out_channels),
        nn.LayerNorm(out_channels),
        nn.LeakyReLU(inplace=True),
        nn.Dropout(dropout),
    )

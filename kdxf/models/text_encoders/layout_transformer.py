"""A small transformer over the words of a picture.

Shapes: N batch, L tokens, D width of a word vector, W width of the transformer.
"""

import math

import torch
from torch import Tensor, nn

from kdxf.models.text_encoders.document_norm import DocumentNorm

_FREQUENCIES = 4
_BOX_FEATURES = 4 * (1 + 2 * _FREQUENCIES)


class LayoutTransformer(nn.Module):
    """Let each word attend to the others: their vectors, places, sizes and OCR scores.

    Layout as an input is the idea of LayoutLM (https://arxiv.org/abs/1912.13318), here from scratch and for little
    data. The word vectors are standardized (:class:`DocumentNorm`, over words instead of documents) and projected to
    W channels; embeddings of the box and of the OCR score are added; pre-norm transformer layers
    (https://arxiv.org/abs/2002.04745) follow; a projection back to D channels, zero at the start, is added to the
    standardized vectors. So an untrained layout transformer only standardizes.

    Words have no order except their boxes: the order in which OCR returns them is arbitrary.

    Args:
        channels: D.
        width: W, a multiple of ``num_heads``.
        depth: Number of layers.
        num_heads: Attention heads.
        dropout: Dropout probability of the embeddings and in the layers.

    Raises:
        ValueError: ``width`` is not a multiple of ``num_heads``.
    """

    def __init__(
        self, channels: int, width: int = 64, depth: int = 2, num_heads: int = 4, dropout: float = 0.2
    ) -> None:
        super().__init__()
        if width % num_heads:
            raise ValueError(f"width must be a multiple of num_heads ({num_heads}), got {width}")
        self.norm = DocumentNorm(channels)
        self.word = nn.Linear(channels, width)
        self.box = nn.Linear(_BOX_FEATURES, width)
        self.no_box = nn.Parameter(torch.zeros(width))
        self.score = nn.Linear(1, width)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, num_heads, 2 * width, dropout, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(depth)
        )
        self.last_norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, text: Tensor, text_weight: Tensor, text_box: Tensor) -> Tensor:
        """Return the words in context.

        Args:
            text: Word vectors (N, L, D).
            text_weight: OCR score of each word (N, L); 0 is padding, which no word sees.
            text_box: Box of each word (N, L, 4): centre x and y, width and height in fractions of the picture; zeros
                if it is unknown.

        Returns:
            (N, L, D); finite even for a document without words.
        """
        is_word = text_weight > 0
        words = self.norm(text.flatten(0, 1), is_word.flatten()).view_as(text)
        known = text_box.any(dim=-1, keepdim=True)
        hidden = self.word(words) + self.score(2 * text_weight.unsqueeze(-1) - 1)
        hidden = self.dropout(hidden + torch.where(known, self.box(box_features(text_box)), self.no_box))
        # Attention over nothing is NaN: the padding of a document without words sees itself.
        padding = ~is_word & is_word.any(dim=1, keepdim=True)
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=padding)
        return words + self.out(self.last_norm(hidden))


def box_features(box: Tensor) -> Tensor:
    """Return features (..., 36), float32, of boxes (..., 4) that a linear layer can tell apart.

    These are the numbers themselves, scaled to -1..1, and their sines and cosines of wavelengths 2, 1, 1/2 and 1/4.
    """
    box = box.float()
    angle = box.unsqueeze(-1) * (math.pi * 2.0 ** torch.arange(_FREQUENCIES, device=box.device))
    return torch.cat((2 * box - 1, angle.sin().flatten(-2), angle.cos().flatten(-2)), dim=-1)

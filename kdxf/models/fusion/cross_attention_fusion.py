"""Fusion by cross-attention.

Shapes: N batch, Ci image and Ct text channels, H x W places of the image map, L tokens, D width.
"""

import torch
from mmpretrain.models.utils import build_2d_sincos_position_embedding
from torch import Tensor, nn

from kdxf.registry import MODELS


@MODELS.register_module()
class CrossAttentionFusion(nn.Module):
    """Let the words look at the places of the image, and the places at the words, before either is pooled.

    Both are projected to D channels; the places get 2-D sine position embeddings. In every layer (pre-norm, as in
    the co-attention of ViLBERT, https://arxiv.org/abs/1908.02265, without its self-attention) the words attend to the
    places while the places attend to the words, and an MLP follows on either side. The image's mean over its places
    and the text's mean over its words are joined.

    A word's weight w is its share in the text's mean, and log w is added to the scores with which the places attend to
    it. So a word that OCR was unsure of counts less, and padding (weight 0) not at all. A document without any word
    consists of one learned word.

    Args:
        image_channels: Ci.
        text_channels: Ct.
        embed_dims: D, a multiple of 4 and of ``num_heads``. The joint feature has 2 D channels (``out_channels``).
        num_layers: Layers of cross-attention.
        num_heads: Attention heads.
        feedforward_ratio: Hidden width of the MLPs in multiples of D.
        dropout: Dropout probability of attention and MLP outputs.

    Raises:
        ValueError: ``embed_dims`` is not a multiple of 4 and of ``num_heads``.
    """

    takes_sequences = True
    """:meth:`forward` takes the image map and the tokens, not pooled features."""

    def __init__(
        self,
        image_channels: int,
        text_channels: int,
        embed_dims: int = 192,
        num_layers: int = 1,
        num_heads: int = 4,
        feedforward_ratio: int = 2,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if embed_dims % 4 or embed_dims % num_heads:
            raise ValueError(f"embed_dims must be a multiple of 4 and of num_heads ({num_heads}), got {embed_dims}")
        self.embed_dims = embed_dims
        self.out_channels = 2 * embed_dims
        self.image = nn.Linear(image_channels, embed_dims)
        self.text = nn.Linear(text_channels, embed_dims)
        self.no_text = nn.Parameter(torch.randn(embed_dims) * 0.02)
        self.layers = nn.ModuleList(
            CoAttentionLayer(embed_dims, num_heads, feedforward_ratio * embed_dims, dropout) for _ in range(num_layers)
        )
        self.image_norm = nn.LayerNorm(embed_dims)
        self.text_norm = nn.LayerNorm(embed_dims)

    def forward(self, image_map: Tensor, tokens: Tensor, token_weight: Tensor) -> Tensor:
        """Fuse an image map and tokens.

        Args:
            image_map: Last feature map of the image backbone (N, Ci, H, W).
            tokens: Token features (N, L, Ct).
            token_weight: Weight of each token (N, L), >= 0; 0 is padding.

        Returns:
            Joint feature (N, 2 D): the image's half, then the text's.
        """
        places = self.image(image_map.flatten(2).transpose(1, 2))  # (N, H W, D)
        places = places + self._positions(image_map)
        words, weight = self._with_no_text_word(self.text(tokens), token_weight.float())
        # Weights may be learned: the logarithm of padding must not reach the gradient.
        bias = torch.where(weight > 0, weight, 1).log().masked_fill(weight <= 0, -torch.inf)
        for layer in self.layers:
            places, words = layer(places, words, bias)
        shares = (weight / weight.sum(dim=1, keepdim=True)).unsqueeze(-1)  # (N, 1 + L, 1)
        return torch.cat((self.image_norm(places).mean(dim=1), (self.text_norm(words) * shares).sum(dim=1)), dim=1)

    def _positions(self, image_map: Tensor) -> Tensor:
        """Return the position embeddings (1, H W, D), row by row; MMPretrain's function counts column by column."""
        height, width = image_map.shape[-2:]
        return build_2d_sincos_position_embedding((width, height), self.embed_dims).to(image_map.device)

    def _with_no_text_word(self, words: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Put the learned word before the others: (N, 1 + L, D) and weights (N, 1 + L), 0 where there is text."""
        no_text = (weight <= 0).all(dim=1, keepdim=True)
        learned = self.no_text.to(words.dtype).expand(words.size(0), 1, -1)
        return torch.cat((learned, words), dim=1), torch.cat((no_text.to(weight.dtype), weight), dim=1)


class CoAttentionLayer(nn.Module):
    """One layer: two cross-attentions side by side, then an MLP on each side; residual and pre-norm throughout.

    Args:
        embed_dims: D.
        num_heads: Attention heads.
        hidden_channels: Width of the MLPs' hidden layers.
        dropout: Dropout probability of attention and MLP outputs.
    """

    def __init__(self, embed_dims: int, num_heads: int, hidden_channels: int, dropout: float) -> None:
        super().__init__()
        self.image_norm = nn.LayerNorm(embed_dims)
        self.text_norm = nn.LayerNorm(embed_dims)
        self.image_to_text = nn.MultiheadAttention(embed_dims, num_heads, batch_first=True)
        self.text_to_image = nn.MultiheadAttention(embed_dims, num_heads, batch_first=True)
        self.image_mlp = _mlp(embed_dims, hidden_channels, dropout)
        self.text_mlp = _mlp(embed_dims, hidden_channels, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, places: Tensor, words: Tensor, word_bias: Tensor) -> tuple[Tensor, Tensor]:
        """Let places and words attend to each other.

        Args:
            places: (N, H W, D).
            words: (N, L, D).
            word_bias: Addend (N, L) to the attention scores of the words, float32: -inf for padding, finite for at
                least one word.

        Returns:
            ``places`` and ``words``, of the same shapes.
        """
        image, text = self.image_norm(places), self.text_norm(words)
        from_words, _ = self.image_to_text(image, text, text, key_padding_mask=word_bias, need_weights=False)
        from_places, _ = self.text_to_image(text, image, image, need_weights=False)
        places, words = places + self.dropout(from_words), words + self.dropout(from_places)
        return places + self.image_mlp(places), words + self.text_mlp(words)


def _mlp(channels: int, hidden_channels: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(channels),
        nn.Linear(channels, hidden_channels),
        nn.GELU(),
        nn.Linear(hidden_channels, channels),
        nn.Dropout(dropout),
    )

"""Text encoder on word vectors. Shapes: N batch, L tokens, D width of a word vector, C channels."""

import math

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from kdxf.models.text_encoders.document_norm import DocumentNorm
from kdxf.models.text_encoders.layout_transformer import LayoutTransformer
from kdxf.registry import MODELS

READABILITY_CHANNELS = 4

_MANY = 64  # words; a constant, because L may be that of the longest document in the batch


def readability(text_weight: Tensor, text_box: Tensor) -> Tensor:
    """Describe the text of each picture in four numbers near 0..1.

    ===================== ============================================================== ================
    number                for n words                                                    without words
    ===================== ============================================================== ================
    amount                log(1 + n) / log(1 + 64)                                       0
    mean confidence       mean OCR score                                                 0
    highest confidence    highest OCR score                                              0
    area                  square root of the share of the picture under boxes, at most 1 0
    ===================== ============================================================== ================

    Args:
        text_weight: OCR score of each word (N, L); 0 is padding.
        text_box: Box of each word (N, L, 4) in fractions of the picture; only width and height count.

    Returns:
        (N, 4), float32.
    """
    weight = text_weight.float()
    is_word = weight > 0
    count = is_word.sum(dim=1)
    amount = torch.log1p(count.float()) / math.log1p(_MANY)
    area = (text_box.float()[..., 2:].prod(dim=-1) * is_word).sum(dim=1).clamp(max=1)
    return torch.stack(
        (amount, weight.sum(dim=1) / count.clamp_min(1), weight.amax(dim=1).clamp_min(0), area.sqrt()), dim=1
    )


POOLINGS = ("mean", "attention", "transformer")


@MODELS.register_module()
class Word2VecEncoder(BaseModule):
    """Pool the word vectors of a document and pass the result through a small MLP.

    ``'mean'`` pooling is the mean weighted by ``text_weight``. ``'attention'`` pooling also multiplies each weight by
    the exponential of a learned linear score of the word; it starts as the mean. ``'transformer'`` pooling is attention
    pooling of words in the context of the others and of their places in the picture (:class:`LayoutTransformer`); it
    starts as the mean as well. A document without a word of positive weight pools to the zero vector.

    The pooled vector is standardized (:class:`DocumentNorm`), since sets of word vectors differ in scale and share a
    large common component; a document without text gets a learned vector instead. A layer of the MLP consists of a
    linear layer, layer normalisation, leaky ReLU and dropout.

    Args:
        in_channels: D.
        hidden_channels: Width of the MLP's hidden layer.
        out_channels: C, width of the text feature.
        pooling: ``'mean'``, ``'attention'`` or ``'transformer'``.
        dropout: Dropout probability after each layer.
        transformer: Settings of the :class:`LayoutTransformer` for this pooling: ``width``, ``depth``, ``num_heads``,
            ``dropout``.
        readability: Append :func:`~kdxf.models.text_encoders.word2vec_encoder.readability` to the standardized vector:
            the amount of text, and how sure OCR was of it.
        init_cfg: Initialization, as everywhere in MMEngine.

    Attributes:
        input_keys: Keys of the batch inputs that :meth:`forward` and :meth:`encode_tokens` take, in order.
        out_channels: C.
        token_channels: Width of the features of :meth:`encode_tokens`, also C.

    Raises:
        ValueError: ``pooling`` is unknown, or ``transformer`` is given for another pooling.
    """

    def __init__(
        self,
        in_channels: int = 200,
        hidden_channels: int = 512,
        out_channels: int = 1024,
        pooling: str = "mean",
        dropout: float = 0.3,
        transformer: dict | None = None,
        readability: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, got {pooling!r}")
        if transformer is not None and pooling != "transformer":
            raise ValueError(f"transformer is for pooling='transformer', but pooling is {pooling!r}")
        self.in_channels = in_channels
        self.out_channels = self.token_channels = out_channels
        self.layout = LayoutTransformer(in_channels, **(transformer or {})) if pooling == "transformer" else None
        self.readability = readability
        boxes = readability or self.layout is not None
        self.input_keys = ("text", "text_weight", "text_box") if boxes else ("text", "text_weight")
        self.score = None if pooling == "mean" else nn.Linear(in_channels, 1, bias=False)
        if self.score is not None:
            nn.init.zeros_(self.score.weight)
        self.norm = DocumentNorm(in_channels)
        self.mlp = nn.Sequential(
            *_layer(in_channels + READABILITY_CHANNELS * readability, hidden_channels, dropout),
            *_layer(hidden_channels, out_channels, dropout),
        )

    def forward(self, text: Tensor, text_weight: Tensor, text_box: Tensor | None = None) -> Tensor:
        """Encode a batch of documents.

        Args:
            text: Word vectors (N, L, D).
            text_weight: Weight of each word (N, L), >= 0; 0 is padding.
            text_box: Box of each word (N, L, 4), centre x and y, width and height in fractions of the picture, zeros
                if it is unknown; needed if ``input_keys`` names it.

        Returns:
            Text features (N, C).

        Raises:
            ValueError: The word vectors are not D wide, or boxes are needed but not given.
        """
        words = self._words(text, text_weight, text_box)
        document = self.norm(self.pool(words, text_weight), (text_weight > 0).any(dim=1))
        if self.readability:
            document = torch.cat((document, readability(text_weight, _needed(text_box))), dim=1)
        return self.mlp(document)

    def encode_tokens(self, text: Tensor, text_weight: Tensor, text_box: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encode each word like a document, standardized and through the MLP, for fusions that work on sequences.

        Args:
            text: As of :meth:`forward`.
            text_weight: As of :meth:`forward`.
            text_box: As of :meth:`forward`.

        Returns:
            Word features (N, L, C), and the share of each word in its document (N, L): see :meth:`shares`.

        Raises:
            ValueError: As of :meth:`forward`.
        """
        words = self._words(text, text_weight, text_box)
        tokens = self.norm(words.flatten(0, 1), (text_weight > 0).flatten()).view_as(words)
        if self.readability:
            document = readability(text_weight, _needed(text_box))
            tokens = torch.cat((tokens, document.unsqueeze(1).expand(-1, tokens.size(1), -1)), dim=2)
        return self.mlp(tokens), self.shares(words, text_weight)

    def _words(self, text: Tensor, text_weight: Tensor, text_box: Tensor | None) -> Tensor:
        """Return the vectors to pool (N, L, D): the word vectors, or the words in context."""
        if text.size(-1) != self.in_channels:
            raise ValueError(
                f"the word vectors are {text.size(-1)} wide, but text_encoder.in_channels is {self.in_channels}: "
                "set it to the width of the vectors"
            )
        return text if self.layout is None else self.layout(text, text_weight, _needed(text_box))

    def pool(self, words: Tensor, text_weight: Tensor) -> Tensor:
        """Pool words (N, L, D) by weights (N, L) to document vectors (N, D)."""
        shares = self.shares(words, text_weight).to(words.dtype)
        return torch.bmm(shares.unsqueeze(1), words).squeeze(1)  # (N, 1, L) x (N, L, D)

    def shares(self, words: Tensor, text_weight: Tensor) -> Tensor:
        """Return the share of each word in its document vector.

        Args:
            words: Vectors to pool (N, L, D).
            text_weight: Weight of each word (N, L).

        Returns:
            (N, L) in float32; rows sum to 1, or to 0 if no word has a positive weight.
        """
        weight = text_weight.float()
        tiny = torch.finfo(weight.dtype).tiny
        if self.score is not None:
            scores = self.score(words).squeeze(-1).float()  # (N, L)
            scores = scores.masked_fill(weight <= 0, torch.finfo(scores.dtype).min)
            weight = weight * (scores - scores.amax(dim=1, keepdim=True)).exp()
        return weight / weight.sum(dim=1, keepdim=True).clamp_min(tiny)


def _needed(text_box: Tensor | None) -> Tensor:
    if text_box is None:
        raise ValueError("pooling='transformer' and readability=True need text_box")
    return text_box


def _layer(in_channels: int, out_channels: int, dropout: float) -> tuple[nn.Module, ...]:
    return (
        nn.Linear(in_channels, out_channels),
        nn.LayerNorm(out_channels),
        nn.LeakyReLU(inplace=True),
        nn.Dropout(dropout),
    )

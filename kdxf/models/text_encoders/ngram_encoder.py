"""Text encoder on hashed character n-grams. Shapes: N batch, M n-grams, C channels."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.registry import MODELS

INIT_STD = 0.01


@MODELS.register_module()
class NgramEncoder(BaseModule):
    """Sum the vectors of a document's hashed character n-grams, all of them learned with the classifier.

    The bag of n-grams of fastText's supervised classifier (https://arxiv.org/abs/1607.01759), on the n-grams of
    ``HashNgrams``. It needs no word vectors, and sees what the vectors of a small corpus lose: the letters. The
    weighted sum goes through layer normalisation and dropout. A document without text gets a learned vector.

    Args:
        buckets: Number of vectors, the same as ``HashNgrams.buckets``.
        out_channels: C.
        dropout: Dropout probability of the result.
        init_cfg: Initialization, as everywhere in MMEngine.
    """

    input_keys = ("ngram_ids", "ngram_weight")
    """Keys of the batch inputs that :meth:`forward` takes, in order."""

    def __init__(
        self,
        buckets: int = 2**15,
        out_channels: int = 128,
        dropout: float = 0.3,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels = out_channels
        self.embedding = nn.EmbeddingBag(buckets, out_channels, mode="sum")
        nn.init.normal_(self.embedding.weight, std=INIT_STD)
        self.norm = nn.LayerNorm(out_channels)
        self.no_text = nn.Parameter(torch.zeros(out_channels))
        self.dropout = nn.Dropout(dropout)

    def forward(self, ngram_ids: Tensor, ngram_weight: Tensor) -> Tensor:
        """Encode a batch of documents.

        Args:
            ngram_ids: Bucket of each n-gram (N, M), int64.
            ngram_weight: Weight of each n-gram (N, M), >= 0; 0 is padding.

        Returns:
            Text features (N, C).

        Raises:
            UserError: An n-gram is in a bucket that the encoder does not have (checked on the CPU only).
        """
        self._check_ids(ngram_ids)
        weight = ngram_weight.to(self.embedding.weight.dtype)
        feature = self.norm(self._sum(ngram_ids, weight))
        has_text = (ngram_weight > 0).any(dim=1, keepdim=True)
        return self.dropout(torch.where(has_text, feature, self.no_text))

    def _sum(self, ngram_ids: Tensor, weight: Tensor) -> Tensor:
        """Return the weighted sum (N, C) of the vectors of n-grams (N, M)."""
        if not torch.compiler.is_exporting():
            return self.embedding(ngram_ids, per_sample_weights=weight)
        # ONNX has no bags of vectors.
        return torch.bmm(weight.unsqueeze(1), nn.functional.embedding(ngram_ids, self.embedding.weight)).squeeze(1)

    def _check_ids(self, ngram_ids: Tensor) -> None:
        if torch.compiler.is_exporting():  # there are no values
            return
        # Reading the values would wait for a GPU, which reports such an id itself, in other words.
        buckets = self.embedding.num_embeddings
        if ngram_ids.device.type == "cpu" and int(ngram_ids.max()) >= buckets:
            raise UserError(
                f"the documents have an n-gram in bucket {int(ngram_ids.max())}, but the text encoder has {buckets} "
                "buckets: give HashNgrams and NgramEncoder the same number of buckets"
            )

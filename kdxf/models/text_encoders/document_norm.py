"""Standardization of pooled word vectors. Shapes: N batch, D width of a word vector."""

import torch
from torch import Tensor, nn

HORIZON = 100


class DocumentNorm(nn.Module):
    """Standardize document vectors to mean 0 and variance 1 per dimension; documents without text get a learned vector.

    Word vectors share a large common component, above all those of a small corpus, and sets of them differ in scale;
    unless the mean is subtracted, an MLP hardly sees the differences between documents. The statistics are those of
    documents with text only, averaged over the training batches, and the same in training and evaluation, so that a
    batch may hold a single document.

    Args:
        channels: D.
        eps: Added to the variance.

    Attributes:
        horizon: Number of batches that the statistics average over, after that many were seen.
    """

    mean: Tensor
    var: Tensor
    num_batches: Tensor

    def __init__(self, channels: int, eps: float = 1e-8) -> None:
        super().__init__()
        self.eps = eps
        self.horizon = HORIZON
        self.no_text = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))
        self.register_buffer("num_batches", torch.tensor(0))

    def forward(self, document: Tensor, has_text: Tensor) -> Tensor:
        """Standardize a batch of documents; in training mode, update the statistics first.

        Args:
            document: Document vectors (N, D).
            has_text: Whether each document has any text, bool (N,).

        Returns:
            (N, D) in float32.
        """
        document = document.float()
        if self.training:
            self._update(document.detach()[has_text])
        standardized = (document - self.mean) * torch.rsqrt(self.var + self.eps)
        return torch.where(has_text.unsqueeze(1), standardized, self.no_text)

    def _update(self, document: Tensor) -> None:
        """Update the statistics with the documents that have text (M, D); the variance needs two."""
        if len(document) < 2:
            return
        self.num_batches += 1
        share = 1 / self.num_batches.clamp(max=self.horizon)
        var, mean = torch.var_mean(document, dim=0)
        self.mean.lerp_(mean, share)
        self.var.lerp_(var, share)

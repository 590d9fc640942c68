"""Triplet loss with the hardest pairs of a batch. Shapes: N batch, C channels of the joint feature."""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, softplus

from kdxf.registry import MODELS


@MODELS.register_module()
class BatchHardTripletLoss(nn.Module):
    r"""Keep each sample nearer to all of its class than to any other ("batch hard", https://arxiv.org/abs/1703.07737).

    With the Euclidean distance d, the farthest sample of the own class and the nearest of another one:

    .. math:: L_i = \left[ m + \max_{p:\, y_p = y_i} d(f_i, f_p) - \min_{n:\, y_n \neq y_i} d(f_i, f_n) \right]_+

    With ``margin=None`` the hinge :math:`[m + x]_+` is the soft one of the paper, :math:`\log(1 + e^x)`. The loss is
    the mean over the samples that share their class with another of the batch and meet another class, and 0 where
    there are none: take a batch that is large for the number of classes. In a distributed run each process compares
    the samples of its own batch.

    Args:
        margin: m, in units of the feature; None: the soft margin.
        loss_weight: Factor on the result.

    Raises:
        ValueError: The margin is negative.
    """

    def __init__(self, margin: float | None = None, loss_weight: float = 1.0) -> None:
        super().__init__()
        if margin is not None and not margin >= 0:
            raise ValueError(f"margin must be 0 or more, or None for the soft margin, got {margin}")
        self.margin = margin
        self.loss_weight = loss_weight

    def forward(self, feature: Tensor, label: Tensor, weight: Tensor | None = None) -> Tensor:
        """Compute the loss, a float32 scalar.

        Args:
            feature: (N, C).
            label: Class indices (N,).
            weight: Weight of each sample (N,); the sum of weighted losses is divided by the number of samples in it.
        """
        feature = feature.float()
        # Through a matrix product, small distances would be rounding errors.
        distance = torch.cdist(feature, feature, compute_mode="donot_use_mm_for_euclid_dist")  # (N, N)
        same = label.unsqueeze(0) == label.unsqueeze(1)
        farthest = distance.masked_fill(~same, 0).amax(dim=1)
        nearest = distance.masked_fill(same, float("inf")).amin(dim=1)
        usable = (same.sum(dim=1) > 1) & ~same.all(dim=1)
        gap = (farthest - nearest)[usable]
        per_sample = softplus(gap) if self.margin is None else relu(gap + self.margin)
        if weight is not None:
            per_sample = per_sample * weight.float()[usable]
        # The sum over no sample still belongs to the graph, so that every process of a distributed run has a gradient.
        return self.loss_weight * per_sample.sum() / usable.sum().clamp_min(1)

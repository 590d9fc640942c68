"""Supervised contrastive loss. Shapes: N batch, C channels of the joint feature."""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from kdxf.registry import MODELS


@MODELS.register_module()
class SupervisedContrastiveLoss(nn.Module):
    r"""Pull the features of a class together and push all others away (https://arxiv.org/abs/2004.11362).

    For features :math:`z` of unit length, the other samples :math:`P(i)` of the batch with the class of sample i, and
    the temperature :math:`\tau` (equation 2 of the paper, "out"):

    .. math:: L_i = - \frac{1}{|P(i)|} \sum_{p \in P(i)} \log
              \frac{\exp(z_i \cdot z_p / \tau)}{\sum_{a \neq i} \exp(z_i \cdot z_a / \tau)}

    The loss is the mean over the samples that share their class with another of the batch, and 0 where there are none:
    take a batch that is large for the number of classes. There is no projection network between the feature and the
    loss. In a distributed run each process compares the samples of its own batch.

    Args:
        temperature: :math:`\tau`; a smaller one gives hard pairs more weight. 0.1 in the paper.
        loss_weight: Factor on the result.

    Raises:
        ValueError: The temperature is not positive.
    """

    def __init__(self, temperature: float = 0.1, loss_weight: float = 1.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        self.temperature = temperature
        self.loss_weight = loss_weight

    def forward(self, feature: Tensor, label: Tensor, weight: Tensor | None = None) -> Tensor:
        """Compute the loss, a float32 scalar.

        Args:
            feature: (N, C), of any length.
            label: Class indices (N,).
            weight: Weight of each sample (N,); the sum of weighted losses is divided by the number of samples in it.
        """
        unit = normalize(feature.float(), dim=1)
        same = label.unsqueeze(0) == label.unsqueeze(1)  # (N, N)
        itself = torch.eye(len(label), dtype=torch.bool, device=label.device)
        log_p = (unit @ unit.T / self.temperature).masked_fill(itself, torch.finfo(unit.dtype).min).log_softmax(dim=1)
        positive = same & ~itself
        count = positive.sum(dim=1)
        per_sample = -log_p.masked_fill(~positive, 0).sum(dim=1) / count.clamp_min(1)
        if weight is not None:
            per_sample = per_sample * weight.float()
        return self.loss_weight * per_sample.sum() / (count > 0).sum().clamp_min(1)

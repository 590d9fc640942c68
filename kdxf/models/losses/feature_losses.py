"""Losses on the joint feature, added to that of the head. Shapes: N batch, C channels."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import ModuleDict
from mmpretrain.structures import DataSample
from torch import Tensor

from kdxf.errors import UserError
from kdxf.registry import MODELS


class FeatureLosses(ModuleDict):
    """Losses that compare the features of a batch by their labels.

    Args:
        losses: Mapping from a name to the config of a loss that takes a feature (N, C), labels (N,) and weights, such
            as ``SupervisedContrastiveLoss`` or ``BatchHardTripletLoss``. It is logged as ``<name>_loss``.
    """

    def __init__(self, losses: Mapping[str, dict[str, Any]]) -> None:
        super().__init__({name: MODELS.build(dict(loss)) for name, loss in losses.items()})

    def forward(
        self, feature: Tensor, samples: Sequence[DataSample], *, mixed: bool, weight: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Compute the losses.

        Args:
            feature: (N, C).
            samples: N samples with ``gt_label``.
            mixed: Whether batch augmentations mixed the samples.
            weight: Weight of each sample (N,).

        Raises:
            UserError: The samples are mixed, one has not exactly one label, or nothing before the feature learns.
        """
        names = ", ".join(self)
        if mixed:
            raise UserError(
                f"feature_losses ({names}) compare whole samples by their class, and batch_augments (train_cfg) mix "
                "them: leave one of both out"
            )
        if torch.is_grad_enabled() and not feature.requires_grad:
            raise UserError(
                f"feature_losses ({names}) would change nothing, as no part before the joint feature learns: put one "
                "there, such as image_neck=dict(type='LinearNeck', ...)"
            )
        label = _single_labels(samples, names).to(feature.device)
        return {f"{name}_loss": loss(feature, label, weight) for name, loss in self.items()}


def _single_labels(samples: Sequence[DataSample], names: str) -> Tensor:
    for sample in samples:
        count = len(sample.gt_label) if "gt_label" in sample else 0
        if count != 1:
            raise UserError(
                f"feature_losses ({names}) need exactly one label for each image, and {sample.get('img_path')} has "
                f"{count}: leave feature_losses out"
            )
    return torch.cat([sample.gt_label for sample in samples])

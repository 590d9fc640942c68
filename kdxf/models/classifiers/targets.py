"""What a model is trained towards: checks of the samples' targets, and their weights. Shapes: N batch, K classes."""

from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from kdxf.errors import UserError
from kdxf.models.heads.hierarchical_cls_head import HierarchicalClsHead
from kdxf.models.heads.predicted_classes import is_multi_label


def check_targets(samples: Sequence[DataSample], head: Any) -> None:
    """Check that samples have targets that a head can learn.

    Args:
        samples: N samples; ``gt_score`` (K,) wins over ``gt_label``.
        head: A classification head.

    Raises:
        UserError: A sample has neither, or several labels for a head that gives one, or a soft target whose hits the
            head shall count.
    """
    name = type(head).__name__
    gives_one = isinstance(head, ClsHead | HierarchicalClsHead) and not is_multi_label(head)
    for sample in samples:
        if "gt_label" not in sample and "gt_score" not in sample:
            raise UserError(
                f"training met an image without a label, {sample.get('img_path')}: name a list with labels in "
                "train_dataloader, or give its dataset a soft_label_file"
            )
        if gives_one and "gt_label" in sample and len(sample.gt_label) != 1:
            raise UserError(
                f"{sample.get('img_path')} has {len(sample.gt_label)} labels, and {name} learns one per image: take "
                "MultiLabelMoEClsHead or MultiLabelLinearClsHead, or remove multi_label from the dataset"
            )
    if getattr(head, "cal_acc", False) and any("gt_score" in sample for sample in samples):
        raise UserError(f"{name}: cal_acc=True cannot count the hits of soft targets; set cal_acc=False in model.head")


def loss_weights(samples: Sequence[DataSample], device: torch.device) -> dict[str, Tensor]:
    """Give ``weight`` (N,) for the loss module, 1 for a sample without ``sample_weight``; nothing if none has one."""
    if not any("sample_weight" in sample for sample in samples):
        return {}
    weights = [sample.sample_weight if "sample_weight" in sample else torch.ones(1) for sample in samples]
    return {"weight": torch.cat([weight.to(device) for weight in weights])}

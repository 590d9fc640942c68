"""Check the targets of samples and the normalization of images. Shapes: N batch, K classes."""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

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


def warn_of_other_normalization(backbone: Any, data_preprocessor: nn.Module) -> None:
    """Logs a warning where images are not normalized as those that the backbone's weights were trained with.

    Weights of AdvProp, EfficientNetV2 and Inception want x * 2 - 1, which is mean = std = 127.5; with ImageNet's usual
    numbers they start from a worse place, and nothing fails.

    Args:
        backbone: One with the attribute ``normalization`` of ``TIMMBackbone``; others, and none, are passed over.
        data_preprocessor: What normalizes, with ``mean`` and ``std`` where it does.
    """
    wanted = getattr(backbone, "normalization", None)
    if wanted is None:
        return
    found = [getattr(data_preprocessor, name, torch.zeros(0)).flatten() for name in ("mean", "std")]
    fits = all(
        values.numel() in (1, 3) and torch.allclose(values.cpu().float(), torch.tensor(row), atol=1.0)
        for values, row in zip(found, wanted, strict=True)
    )
    if not fits:
        mean, std = ([round(value, 3) for value in row] for row in wanted)
        print_log(
            f"the weights of {backbone.model_name} were trained with mean={mean}, std={std}, to_rgb=True; "
            "data_preprocessor has other numbers",
            "current",
            logging.WARNING,
        )

"""Labels for scores that were changed after the head, such as means over views. Shapes: K classes."""

from typing import Any

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from torch import Tensor

from kdxf.models.heads.multi_label_moe_cls_head import MultiLabelMoEClsHead


def is_multi_label(head: Any) -> bool:
    """Return whether a head may predict several classes for an image, or none."""
    return isinstance(head, MultiLabelClsHead | MultiLabelMoEClsHead)


def predicted_classes(head: Any, score: Tensor) -> Tensor:
    """Return the classes that a head predicts for given scores.

    Args:
        head: A multi-label head predicts the classes with at least its ``thr``, or its ``topk`` best; any other head
            the best one.
        score: Scores of the classes (K,).

    Returns:
        Class indices (n,), int64; n = 1 unless the head is multi-label.
    """
    if not is_multi_label(head):
        return score.argmax(dim=0, keepdim=True)
    return score.topk(head.topk).indices if head.thr is None else torch.where(score >= head.thr)[0]

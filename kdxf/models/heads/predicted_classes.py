"""From scores to labels, for scores that did not come out of a head just so: means over views. K classes."""

from typing import Any

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from torch import Tensor

from kdxf.models.heads.multi_label_moe_cls_head import MultiLabelMoEClsHead


def is_multi_label(head: Any) -> bool:
    """Say whether a head may give an image several classes, or none."""
    return isinstance(head, MultiLabelClsHead | MultiLabelMoEClsHead)


def predicted_classes(head: Any, score: Tensor) -> Tensor:
    """Give the classes that a head predicts at a score.

    Args:
        head: For a multi-label head the classes from its ``thr`` on, else its ``topk`` best; for any other the best.
        score: (K,).

    Returns:
        Class indices, int64.
    """
    if not is_multi_label(head):
        return score.argmax(dim=0, keepdim=True)
    return score.topk(head.topk).indices if head.thr is None else torch.where(score >= head.thr)[0]

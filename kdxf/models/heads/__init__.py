"""Classification heads and the blocks they are made of."""

from kdxf.models.heads.arcface_cls_head import ArcFaceClsHead, Embedding
from kdxf.models.heads.hierarchical_cls_head import HierarchicalClsHead
from kdxf.models.heads.late_fusion_cls_head import LateFusionClsHead
from kdxf.models.heads.mixture_of_experts import Experts, Router, SqueezeExcitation
from kdxf.models.heads.moe_cls_head import MoEClsHead
from kdxf.models.heads.multi_label_moe_cls_head import MultiLabelMoEClsHead

__all__ = [
    "ArcFaceClsHead",
    "Embedding",
    "Experts",
    "HierarchicalClsHead",
    "LateFusionClsHead",
    "MoEClsHead",
    "MultiLabelMoEClsHead",
    "Router",
    "SqueezeExcitation",
]

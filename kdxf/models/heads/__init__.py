"""Classification heads and the blocks they are made of."""

from kdxf.models.heads.mixture_of_experts import Experts, Router, SqueezeExcitation
from kdxf.models.heads.moe_cls_head import MoEClsHead

__all__ = ["Experts", "MoEClsHead", "Router", "SqueezeExcitation"]

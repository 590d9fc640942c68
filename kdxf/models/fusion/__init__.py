"""Modules that join the features of image, text and table into one."""

from kdxf.models.fusion.concat_fusion import ConcatFusion
from kdxf.models.fusion.cross_attention_fusion import CrossAttentionFusion
from kdxf.models.fusion.gated_fusion import GatedFusion

__all__ = ["ConcatFusion", "CrossAttentionFusion", "GatedFusion"]

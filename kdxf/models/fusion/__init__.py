"""Modules that join the image feature and the text feature into one."""

from kdxf.models.fusion.concat_fusion import ConcatFusion
from kdxf.models.fusion.cross_attention_fusion import CrossAttentionFusion
from kdxf.models.fusion.gated_fusion import GatedFusion

__all__ = ["ConcatFusion", "CrossAttentionFusion", "GatedFusion"]

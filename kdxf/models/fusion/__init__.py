"""Modules that join an image feature and a text feature into one."""

from kdxf.models.fusion.concat_fusion import ConcatFusion

__all__ = ["ConcatFusion"]

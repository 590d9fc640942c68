"""Image backbones that MMPretrain does not have, or not in the way that kdxf needs them."""

from kdxf.models.backbones import wheel_weights  # noqa: F401  (registers wheel://)
from kdxf.models.backbones.clip_image_encoder import ClipImageEncoder
from kdxf.models.backbones.hugging_face_backbone import HuggingFaceBackbone
from kdxf.models.backbones.stored_features import StoredFeatures
from kdxf.models.backbones.timm_backbone import TIMMBackbone

__all__ = ["ClipImageEncoder", "HuggingFaceBackbone", "StoredFeatures", "TIMMBackbone"]

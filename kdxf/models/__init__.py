"""Model parts: each subfolder holds one kind; importing this package registers them all."""

import kdxf.registry  # isort: skip

import kdxf.engine  # noqa: F401  isort: skip  (makes mmengine load weights safely)

from kdxf.models.backbones import ClipImageEncoder, HuggingFaceBackbone, StoredFeatures, TIMMBackbone
from kdxf.models.batch_augments import CutMix, Mixup, ResizeMix
from kdxf.models.classifiers import EnsembleClassifier, ImageTextClassifier
from kdxf.models.data_preprocessors import ImageTextDataPreprocessor
from kdxf.models.distillation import Distillation
from kdxf.models.fusion import ConcatFusion, CrossAttentionFusion, GatedFusion
from kdxf.models.heads import (
    ArcFaceClsHead,
    HierarchicalClsHead,
    LateFusionClsHead,
    MoEClsHead,
    MultiLabelMoEClsHead,
)
from kdxf.models.losses import BatchHardTripletLoss, LabelSmoothFocalLoss, SupervisedContrastiveLoss
from kdxf.models.table_encoders import TabularEncoder
from kdxf.models.text_encoders import (
    ClipTextEncoder,
    JoinedTextEncoder,
    LayoutTextEncoder,
    NgramEncoder,
    StoredTextFeatures,
    TfidfEncoder,
    TransformerTextEncoder,
    Word2VecEncoder,
)
from kdxf.models.tta import BatchedClsScoreTTA

__all__ = [
    "ArcFaceClsHead",
    "BatchHardTripletLoss",
    "BatchedClsScoreTTA",
    "ClipImageEncoder",
    "ClipTextEncoder",
    "ConcatFusion",
    "CrossAttentionFusion",
    "CutMix",
    "Distillation",
    "EnsembleClassifier",
    "GatedFusion",
    "HierarchicalClsHead",
    "HuggingFaceBackbone",
    "ImageTextClassifier",
    "ImageTextDataPreprocessor",
    "JoinedTextEncoder",
    "LabelSmoothFocalLoss",
    "LateFusionClsHead",
    "LayoutTextEncoder",
    "Mixup",
    "MoEClsHead",
    "MultiLabelMoEClsHead",
    "NgramEncoder",
    "ResizeMix",
    "StoredFeatures",
    "StoredTextFeatures",
    "SupervisedContrastiveLoss",
    "TIMMBackbone",
    "TabularEncoder",
    "TfidfEncoder",
    "TransformerTextEncoder",
    "Word2VecEncoder",
]

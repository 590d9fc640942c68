"""Datasets and the transforms of their pipelines; those of MMPretrain are available by name, too."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

from kdxf.datasets.class_balanced_dataset import ClassBalancedDataset
from kdxf.datasets.collate import pad_collate
from kdxf.datasets.ocr_text_dataset import OCRTextDataset
from kdxf.datasets.transforms import (
    Albumentations,
    BlankImage,
    CenterCropKeepText,
    ConfuseCharacters,
    DropLines,
    DropModality,
    DropWords,
    EncodeTfidf,
    EraseText,
    FlipUnlessText,
    HashNgrams,
    Letterbox,
    LoadFeature,
    LoadImage,
    LoadTextFeature,
    LookUpWordVectors,
    MixTraditional,
    PackImageTextInputs,
    RandomResizedCropKeepText,
    ShuffleLines,
    SilenceText,
    SplitLines,
    TokenizeForTransformer,
    TokenizeOCR,
)

__all__ = [
    "Albumentations",
    "BlankImage",
    "CenterCropKeepText",
    "ClassBalancedDataset",
    "ConfuseCharacters",
    "DropLines",
    "DropModality",
    "DropWords",
    "EncodeTfidf",
    "EraseText",
    "FlipUnlessText",
    "HashNgrams",
    "Letterbox",
    "LoadFeature",
    "LoadImage",
    "LoadTextFeature",
    "LookUpWordVectors",
    "MixTraditional",
    "OCRTextDataset",
    "PackImageTextInputs",
    "RandomResizedCropKeepText",
    "ShuffleLines",
    "SilenceText",
    "SplitLines",
    "TokenizeForTransformer",
    "TokenizeOCR",
    "pad_collate",
]

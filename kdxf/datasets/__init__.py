"""Datasets and the transforms of their pipelines; MMPretrain's are there by name as well."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

from kdxf.datasets.class_balanced_dataset import ClassBalancedDataset
from kdxf.datasets.ocr_text_dataset import OCRTextDataset
from kdxf.datasets.transforms import (
    DropModality,
    DropWords,
    FlipUnlessText,
    LoadImage,
    LookUpWordVectors,
    PackImageTextInputs,
    TokenizeOCR,
)

__all__ = [
    "ClassBalancedDataset",
    "DropModality",
    "DropWords",
    "FlipUnlessText",
    "LoadImage",
    "LookUpWordVectors",
    "OCRTextDataset",
    "PackImageTextInputs",
    "TokenizeOCR",
]

"""Transforms that load, tokenize, look up, augment and pack. Each documents the keys that it reads and writes."""

from kdxf.datasets.transforms.albumentations import Albumentations
from kdxf.datasets.transforms.color_jitter import ColorJitter
from kdxf.datasets.transforms.covering import CoverRegion
from kdxf.datasets.transforms.dropping import DropModality, DropWords, EraseText
from kdxf.datasets.transforms.features import LoadFeature, LoadTextFeature
from kdxf.datasets.transforms.geometry import (
    CenterCropKeepText,
    FlipUnlessText,
    Letterbox,
    RandomResizedCrop,
    RandomResizedCropKeepText,
)
from kdxf.datasets.transforms.lines import ConfuseCharacters, DropLines, MixTraditional, ShuffleLines, SplitLines
from kdxf.datasets.transforms.loading import BLANK_BGR, BlankImage, ForgetTable, ForgetText, LoadImage, SilenceText
from kdxf.datasets.transforms.packing import PackImageTextInputs
from kdxf.datasets.transforms.text import LookUpWordVectors, TokenizeOCR
from kdxf.datasets.transforms.transformer_tokens import TokenizeForTransformer
from kdxf.registry import TRANSFORMS
from kdxf_runtime.steps.ngrams import HashNgrams
from kdxf_runtime.steps.table import EncodeTable
from kdxf_runtime.steps.tfidf import EncodeTfidf

for _kind in (EncodeTable, EncodeTfidf, HashNgrams):
    TRANSFORMS.register_module(module=_kind)

__all__ = [
    "BLANK_BGR",
    "Albumentations",
    "BlankImage",
    "CenterCropKeepText",
    "ColorJitter",
    "ConfuseCharacters",
    "CoverRegion",
    "DropLines",
    "DropModality",
    "DropWords",
    "EncodeTable",
    "EncodeTfidf",
    "EraseText",
    "FlipUnlessText",
    "ForgetTable",
    "ForgetText",
    "HashNgrams",
    "Letterbox",
    "LoadFeature",
    "LoadImage",
    "LoadTextFeature",
    "LookUpWordVectors",
    "MixTraditional",
    "PackImageTextInputs",
    "RandomResizedCrop",
    "RandomResizedCropKeepText",
    "ShuffleLines",
    "SilenceText",
    "SplitLines",
    "TokenizeForTransformer",
    "TokenizeOCR",
]

"""Transforms: load, tokenize, look up, augment, pack. Each names the keys that it touches."""

from kdxf.datasets.transforms.augmenting import Albumentations
from kdxf.datasets.transforms.cropping import CenterCropKeepText, RandomResizedCropKeepText
from kdxf.datasets.transforms.dropping import DropModality, DropWords
from kdxf.datasets.transforms.erasing import EraseText
from kdxf.datasets.transforms.flipping import FlipUnlessText
from kdxf.datasets.transforms.letterbox import Letterbox
from kdxf.datasets.transforms.lines import DropLines, ShuffleLines, SplitLines
from kdxf.datasets.transforms.loading import BLANK_BGR, LoadImage
from kdxf.datasets.transforms.ngrams import HashNgrams
from kdxf.datasets.transforms.ocr_noise import ConfuseCharacters
from kdxf.datasets.transforms.packing import PackImageTextInputs
from kdxf.datasets.transforms.silencing import BlankImage, SilenceText
from kdxf.datasets.transforms.text import LookUpWordVectors, TokenizeOCR
from kdxf.datasets.transforms.traditional import MixTraditional
from kdxf.datasets.transforms.transformer_tokens import TokenizeForTransformer

__all__ = [
    "BLANK_BGR",
    "Albumentations",
    "BlankImage",
    "CenterCropKeepText",
    "ConfuseCharacters",
    "DropLines",
    "DropModality",
    "DropWords",
    "EraseText",
    "FlipUnlessText",
    "HashNgrams",
    "Letterbox",
    "LoadImage",
    "LookUpWordVectors",
    "MixTraditional",
    "PackImageTextInputs",
    "RandomResizedCropKeepText",
    "ShuffleLines",
    "SilenceText",
    "SplitLines",
    "TokenizeForTransformer",
    "TokenizeOCR",
]

"""Transforms: load, tokenize, look up, augment, pack. Each names the keys that it touches."""

from kdxf.datasets.transforms.dropping import DropModality, DropWords
from kdxf.datasets.transforms.flipping import FlipUnlessText
from kdxf.datasets.transforms.loading import BLANK_BGR, LoadImage
from kdxf.datasets.transforms.packing import PackImageTextInputs
from kdxf.datasets.transforms.text import LookUpWordVectors, TokenizeOCR

__all__ = [
    "BLANK_BGR",
    "DropModality",
    "DropWords",
    "FlipUnlessText",
    "LoadImage",
    "LookUpWordVectors",
    "PackImageTextInputs",
    "TokenizeOCR",
]

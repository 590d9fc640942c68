"""Crops, flips and resizing that keep the text of a picture readable.

Put them before any other transform that crops or rotates. They leave the boxes in ``ocr`` as they are: see
:mod:`kdxf_runtime.steps.line_boxes`. A picture without text, or with text of unknown place, is cropped as by
MMPretrain's transforms.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpretrain.datasets import RandomResizedCrop as HostRandomResizedCrop

from kdxf.datasets.transforms.dropping import check_probability
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf_runtime.steps import images
from kdxf_runtime.steps.images import CenterCropKeepText
from kdxf_runtime.steps.line_boxes import line_boxes

TRANSFORMS.register_module(module=CenterCropKeepText)

_WHOLE = 0.95  # the fraction of a line in the crop that counts as whole: boxes are a little larger than their letters


@TRANSFORMS.register_module()
class RandomResizedCrop(HostRandomResizedCrop):
    """Crops with random size, shape and place: MMPretrain's transform, without its copy of the crop.

    Required and modified key: ``img``. Added key: ``img_shape``. The arguments are MMPretrain's.
    """

    def transform(self, results: dict) -> dict:
        """Crop and resize ``img``."""
        return self.cut(results, *self.rand_crop_params(results["img"]))

    def cut(self, results: dict, top: int, left: int, height: int, width: int) -> dict:
        """Cut a window out of ``img``, and resize it to ``scale``."""
        results["img"] = mmcv.imresize(
            results["img"][top : top + height, left : left + width],
            tuple(self.scale[::-1]),
            interpolation=self.interpolation,
            backend=self.backend,
        )
        results["img_shape"] = results["img"].shape
        return results


@TRANSFORMS.register_module()
class RandomResizedCropKeepText(BaseTransform):
    """Crops with random size, shape and place like MMPretrain's ``RandomResizedCrop``, but not through the text.

    Crops are drawn as by ``RandomResizedCrop`` until one shows whole lines of at least ``min_text`` of the text's area;
    lines that are cut do not count. If none of ``candidates`` does, the best of them is used: the one with the most
    text in whole lines, among equals with the most text in total.

    Required keys: ``img``, ``ocr``. Modified key: ``img``. Added key: ``img_shape``.

    Args:
        scale: Edge of the result in pixels, or (height, width).
        min_text: The fraction of the text's area that a crop should keep, 0 to 1.
        candidates: The maximum number of crops to draw.
        **kwargs: ``crop_ratio_range`` and the others of ``RandomResizedCrop``.

    Raises:
        UserError: ``min_text`` is not in 0..1, or ``candidates`` is not positive.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(
        self, scale: int | tuple[int, int], min_text: float = 0.6, candidates: int = 10, **kwargs: Any
    ) -> None:
        if not 0 <= min_text <= 1:
            raise UserError(f"RandomResizedCropKeepText: min_text is {min_text}; give a part of the text, from 0 to 1")
        if candidates < 1:
            raise UserError(f"RandomResizedCropKeepText: candidates is {candidates}; give a number above 0")
        self.min_text = min_text
        self.candidates = candidates
        self.crop = RandomResizedCrop(scale, **kwargs)

    @cache_randomness
    def _choose(self, image: np.ndarray, boxes: np.ndarray) -> tuple[int, int, int, int]:
        """Draw the crop: (top, left, height, width)."""
        drawn = []
        for _ in range(self.candidates):
            window = self.crop.rand_crop_params(image)
            drawn.append((_kept_text(boxes, *window), window))
            if drawn[-1][0][0] >= self.min_text:
                return window
        return max(drawn, key=lambda candidate: candidate[0])[1]

    def transform(self, results: dict) -> dict:
        """Crop and resize ``img``."""
        image = results["img"]
        return self.crop.cut(results, *self._choose(image, line_boxes(results["ocr"], image)))


def _kept_text(boxes: np.ndarray, top: int, left: int, height: int, width: int) -> tuple[float, float]:
    """Return the fraction of the text's area that a crop keeps in whole lines, and in total; 1 and 1 without text."""
    if not len(boxes):
        return 1.0, 1.0
    low, high = boxes[:, :2], boxes[:, 2:]
    shown = (np.minimum(high, [left + width, top + height]) - np.maximum(low, [left, top])).clip(0).prod(axis=1)
    areas = (high - low).prod(axis=1)
    return float(areas[shown >= _WHOLE * areas].sum() / areas.sum()), float(shown.sum() / areas.sum())


@TRANSFORMS.register_module()
class FlipUnlessText(BaseTransform):
    """Mirrors an image left to right with probability ``prob``, unless OCR found text in it.

    Mirrored letters teach the image backbone nothing useful. With ``prob=1`` it makes the mirrored view
    of test-time augmentation; an image with text then has two equal views.

    Required keys: ``img``, ``ocr``. Modified key: ``img``. Added key: ``flip`` (bool).

    Args:
        prob: Probability for an image without text.

    Raises:
        UserError: ``prob`` is not a probability.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, prob: float = 0.5) -> None:
        check_probability("FlipUnlessText", "prob", prob)
        self.prob = prob

    @cache_randomness
    def _draw(self) -> float:
        return np.random.rand()

    def transform(self, results: dict) -> dict:
        """Mirror ``img`` at random."""
        results["flip"] = bool(self._draw() < self.prob and not results["ocr"].texts)
        if results["flip"]:
            results["img"] = cv2.flip(results["img"], 1)
        return results


@TRANSFORMS.register_module()
class Letterbox(images.Letterbox):
    """:class:`kdxf_runtime.steps.images.Letterbox`, which mirrors the picture at its edges with a probability.

    Required key: ``img``. Modified keys: ``img``, and ``ocr`` if it exists and has boxes. Added keys:
    ``img_shape``, ``scale_factor`` (width, height).

    It may differ between training and tests: 0.7 and 1 give a mix in training and mirrors in tests.

    Args:
        scale: Edge of the frame in pixels, or (width, height).
        pad_val: Colour of the fill: one number for all channels, or three, BGR.
        reflect_prob: Probability of filling with the mirrored picture instead.
        interpolation: As in ``mmcv.imresize``.

    Raises:
        UserError: A size is not positive, a colour is neither one number nor three, or ``reflect_prob`` is not
            a probability.
    """

    def __init__(
        self,
        scale: int | tuple[int, int],
        pad_val: float | Sequence[float] = 0,
        reflect_prob: float = 0.0,
        interpolation: str = "bilinear",
    ) -> None:
        super().__init__(scale, pad_val, interpolation=interpolation)
        check_probability("Letterbox", "reflect_prob", reflect_prob)
        self.reflect_prob = reflect_prob

    @cache_randomness
    def _draw(self) -> float:
        return np.random.rand()

    def transform(self, results: dict) -> dict:
        """Resize and pad ``img``."""
        self.reflect = self._draw() < self.reflect_prob
        return super().transform(results)

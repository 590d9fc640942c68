"""Crops, flips and resizing that keep the text of a picture readable.

Put them before any other transform that crops or rotates. They leave the boxes in ``ocr`` as they are: see
:mod:`kdxf.datasets.transforms.line_boxes`. A picture without text, or with text of unknown place, is cropped as by
MMPretrain's transforms.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpretrain.datasets import RandomResizedCrop

from kdxf.datasets.transforms.dropping import check_probability
from kdxf.datasets.transforms.line_boxes import line_boxes
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr.record import OCRRecord

_WHOLE = 0.95  # the fraction of a line in the crop that counts as whole: boxes are a little larger than their letters


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
        top, left, height, width = self._choose(image, line_boxes(results["ocr"], image))
        results["img"] = mmcv.imresize(
            image[top : top + height, left : left + width],
            tuple(self.crop.scale[::-1]),
            interpolation=self.crop.interpolation,
            backend=self.crop.backend,
        )
        results["img_shape"] = results["img"].shape
        return results


def _kept_text(boxes: np.ndarray, top: int, left: int, height: int, width: int) -> tuple[float, float]:
    """Return the fraction of the text's area that a crop keeps in whole lines, and in total; 1 and 1 without text."""
    if not len(boxes):
        return 1.0, 1.0
    low, high = boxes[:, :2], boxes[:, 2:]
    shown = (np.minimum(high, [left + width, top + height]) - np.maximum(low, [left, top])).clip(0).prod(axis=1)
    areas = (high - low).prod(axis=1)
    return float(areas[shown >= _WHOLE * areas].sum() / areas.sum()), float(shown.sum() / areas.sum())


@TRANSFORMS.register_module()
class CenterCropKeepText(BaseTransform):
    """Crops the centre, shifted and enlarged if that keeps text: the test-time counterpart of the random crop.

    The crop is enlarged, with the same aspect ratio, until the text fits or the picture ends, and resized to
    ``crop_size``. It is placed where it shows the most of the text's area, as near to the centre as possible. After
    ``ResizeEdge`` to 8/7 of the crop, a crop is enlarged by 8/7 at most.

    Required keys: ``img``, ``ocr``. Modified key: ``img``. Added key: ``img_shape``.

    Args:
        crop_size: Edge of the result in pixels, or (width, height). A picture that is smaller is enlarged.

    Raises:
        UserError: A size is not positive.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, crop_size: int | tuple[int, int]) -> None:
        width, height = (crop_size, crop_size) if isinstance(crop_size, int) else crop_size
        self.crop_size = (width, height)
        if min(self.crop_size) < 1:
            raise UserError(f"CenterCropKeepText: crop_size is {crop_size}; give a number of pixels above 0")

    def transform(self, results: dict) -> dict:
        """Crop ``img``, and resize it if the crop was enlarged."""
        image = results["img"]
        left, top, width, height = self.choose(np.array(image.shape[1::-1]), line_boxes(results["ocr"], image))
        image = image[top : top + height, left : left + width]
        if (width, height) != self.crop_size:
            image = mmcv.imresize(image, self.crop_size)
        results["img"] = image
        results["img_shape"] = image.shape[:2]
        return results

    def choose(self, size: np.ndarray, boxes: np.ndarray) -> tuple[int, int, int, int]:
        """Return left, top, width and height of the crop.

        Args:
            size: Width and height of the picture, int (2,).
            boxes: float32 (n, 4), the lines of text in it, as of :func:`line_boxes`.
        """
        window = self._window(size, boxes)
        return (*_best_place(size, window, boxes), int(window[0]), int(window[1]))

    def _window(self, size: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Return width and height of the crop, int (2,), in an image of width and height ``size``."""
        largest = (size / self.crop_size).min()
        needed = 1.0
        if len(boxes):
            needed = ((boxes[:, 2:].max(axis=0) - boxes[:, :2].min(axis=0)) / self.crop_size).max()
        zoom = min(max(needed, 1.0), largest)
        return np.minimum(np.ceil(np.multiply(self.crop_size, zoom)).astype(int), size)


def _best_place(size: np.ndarray, window: np.ndarray, boxes: np.ndarray) -> tuple[int, int]:
    """Find left and top of the window that shows the most text, and of these the one nearest to the centre.

    The amount of visible text changes linearly as the window moves, until one of its edges meets an edge of a box: so
    the maximum is where the window begins or ends with a box, or at the centre.
    """
    starts, distances, shown = [], [], []
    for axis in (0, 1):
        low, high = boxes[:, axis], boxes[:, 2 + axis]
        room = size[axis] - window[axis]
        centre = round(room / 2)
        start = np.concatenate([[centre], np.floor(low), np.ceil(high) - window[axis]]).clip(0, room).astype(int)
        starts.append(start)
        distances.append((start - centre) ** 2)
        shown.append((np.minimum(high, start[:, None] + window[axis]) - np.maximum(low, start[:, None])).clip(0))
    area = shown[0] @ shown[1].T  # (places in x, places in y)
    distance = distances[0][:, None] + distances[1]
    x, y = np.unravel_index(np.where(area >= area.max() * (1 - 1e-6), distance, np.inf).argmin(), area.shape)
    return int(starts[0][x]), int(starts[1][y])


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
class Letterbox(BaseTransform):
    """Resizes an image to fit into a frame, centres it, and fills the rest.

    The rest of the frame is filled with a colour, or with the picture mirrored at its edges. Mirrored text is
    illegible, so a colour suits pictures with much text. ``reflect_prob`` may differ between training and tests: 0.7
    and 1 give a mix in training and mirrors in tests.

    The boxes in ``ocr`` move with the picture, so that transforms that use the place of the text work after this one
    as well as before it; token boxes are then relative to the frame. Put augmentations that rotate or crop blindly
    after all of them.

    Required key: ``img``. Modified keys: ``img``, and ``ocr`` if it exists and has boxes. Added keys:
    ``img_shape``, ``scale_factor`` (width, height).

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
        self.scale = (scale, scale) if isinstance(scale, int) else tuple(scale)
        if len(self.scale) != 2 or min(self.scale) < 1:
            raise UserError(f"Letterbox: scale is {scale}; give a number of pixels above 0, or (width, height)")
        colour = tuple(pad_val) if isinstance(pad_val, Sequence) else (pad_val,) * 3
        if len(colour) != 3 or not all(isinstance(value, int | float) and 0 <= value <= 255 for value in colour):
            raise UserError(f"Letterbox: pad_val is {pad_val!r}; give a number from 0 to 255, or three, BGR")
        check_probability("Letterbox", "reflect_prob", reflect_prob)
        self.pad_val = colour
        self.reflect_prob = reflect_prob
        self.interpolation = interpolation

    @cache_randomness
    def _draw(self) -> float:
        return np.random.rand()

    def transform(self, results: dict) -> dict:
        """Resize and pad ``img``."""
        image = results["img"]
        height, width = image.shape[:2]
        zoom = min(self.scale[0] / width, self.scale[1] / height)
        size = [max(1, min(room, round(edge * zoom))) for edge, room in zip((width, height), self.scale, strict=True)]
        left, top = (self.scale[0] - size[0]) // 2, (self.scale[1] - size[1]) // 2
        results["img"] = cv2.copyMakeBorder(
            mmcv.imresize(image, tuple(size), interpolation=self.interpolation),
            top,
            self.scale[1] - size[1] - top,
            left,
            self.scale[0] - size[0] - left,
            cv2.BORDER_REFLECT_101 if self._draw() < self.reflect_prob else cv2.BORDER_CONSTANT,
            value=self.pad_val,
        )
        results["img_shape"] = results["img"].shape[:2]
        results["scale_factor"] = (size[0] / width, size[1] / height)
        if "ocr" in results:
            results["ocr"] = self._move(results["ocr"], size, (left, top))
        return results

    def _move(self, record: OCRRecord, size: list[int], corner: tuple[int, int]) -> OCRRecord:
        """Return the record of the framed picture, or the same record if it has no known places of text."""
        if not (record.width and record.height and record.boxes.any()):
            return record
        boxes = record.boxes * np.divide(size, (record.width, record.height)) + corner
        boxes[~record.boxes.any(axis=(1, 2))] = 0  # the mark of an unknown place
        boxes = boxes.astype(np.float32)
        return dataclasses.replace(record, boxes=boxes, width=self.scale[0], height=self.scale[1])

"""Resizing that keeps the shape of a picture, and fills the rest."""

import dataclasses
from collections.abc import Sequence

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from kdxf.datasets.transforms.dropping import check_probability
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr.record import OCRRecord


@TRANSFORMS.register_module()
class Letterbox(BaseTransform):
    """Resizes an image until it fits into a frame, puts it into the middle, and fills what is left.

    The rest of the frame is filled with a colour, or with what the picture's edges mirror. Mirrored text is illegible:
    a colour suits pictures that are full of it. ``reflect_prob`` may differ between training and tests: 0.7 and 1
    give a mix in training and mirrors in tests.

    The boxes in ``ocr`` move with the picture, so that transforms which ask where the text is may stand behind this one
    as well as before it; token boxes, too, are then parts of the frame. Augmentations that turn or crop blindly stand
    behind them all.

    Required key: ``img``. Modified keys: ``img``, and ``ocr`` where it is there and has boxes. Added keys:
    ``img_shape``, ``scale_factor`` (width, height).

    Args:
        scale: Edge of the frame in pixels, or (width, height).
        pad_val: Colour of the fill: one number for all channels, or three, BGR.
        reflect_prob: Probability that the picture is mirrored into the rest instead.
        interpolation: As in ``mmcv.imresize``.

    Raises:
        UserError: A size is not positive, a colour is neither one number nor three, or ``reflect_prob`` is no
            probability.
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
        """Resizes and pads ``img``."""
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
        """Gives the record of the framed picture, or the same one where it does not know the place of any text."""
        if not (record.width and record.height and record.boxes.any()):
            return record
        boxes = record.boxes * np.divide(size, (record.width, record.height)) + corner
        boxes[~record.boxes.any(axis=(1, 2))] = 0  # which says that the place is not known
        boxes = boxes.astype(np.float32)
        return dataclasses.replace(record, boxes=boxes, width=self.scale[0], height=self.scale[1])

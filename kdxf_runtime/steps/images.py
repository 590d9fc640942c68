"""Loading, resizing and cropping of a picture. An ``img`` is uint8 (H, W, 3) in BGR order."""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.images import ImageReadError, decode_image, read_image
from kdxf_runtime.ocr.quarter_turns import turn_pixels
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps.line_boxes import line_boxes
from kdxf_runtime.steps.step import Step

INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}
"""MMCV's names."""


def resized(image: np.ndarray, size: tuple[int, int], interpolation: str = "bilinear") -> np.ndarray:
    """Return an image in another size, (width, height)."""
    return cv2.resize(image, size, interpolation=INTERPOLATIONS[interpolation])


# ImageNet's mean colour: after the usual normalization a blank image is close to zero.
BLANK_BGR = (104, 116, 124)


class LoadImage(Step):
    """Loads an image; one that cannot be read becomes a blank image with the reason under ``error``.

    Required keys: ``img_path``, or ``img_bytes``, the file's content, or ``img_pixels``, the decoded image. Added keys:
    ``img`` (uint8 (H, W, 3), BGR), ``img_shape``, ``ori_shape``, and ``error`` (str) only if the image cannot be read.
    With ``upright`` also required and modified: ``ocr``.

    Args:
        min_edge: A JPEG may be decoded at 1/2, 1/4 or 1/8 scale as long as its shorter edge keeps this many pixels.
            Choose the size of the following resize, or about ``s / sqrt(a)`` for a random crop of at least area ``a``
            that is resized to ``s``. ``None`` always decodes in full.
        blank_size: Edge of the blank image, in pixels.
        upright: Turn an image whose text lies on its side or upside down, with the places of its lines, so that the
            text stands upright: by the angle that OCR in several directions found
            (:meth:`~kdxf_runtime.ocr.record.OCRRecord.upright`). An image of which it is not sure stays as it is. EXIF
            is always obeyed.

    Raises:
        UserError: A size is not positive, or the text of an image to be turned was read in one direction only.
    """

    ocr_option = "upright"

    def __init__(self, min_edge: int | None = None, blank_size: int = 224, upright: bool = False) -> None:
        for name, value in (("min_edge", min_edge), ("blank_size", blank_size)):
            if value is not None and value < 1:
                raise UserError(f"LoadImage: {name} is {value}; give a number of pixels above 0")
        self.min_edge = min_edge
        self.blank_size = blank_size
        self.upright = upright
        self.needs_ocr = upright

    def transform(self, results: dict) -> dict:
        """Load the image at ``img_path``."""
        try:
            image = self.load(results)
        except ImageReadError as error:
            image = np.full((self.blank_size, self.blank_size, 3), BLANK_BGR, dtype=np.uint8)
            results["error"] = str(error)
        if self.upright:
            record = results["ocr"]
            _check_angle(record)
            image = turn_pixels(image, record.turn)
            results["ocr"] = record.upright()
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results

    def load(self, results: dict) -> np.ndarray:
        """Return the image, uint8 (H, W, 3), BGR.

        Raises:
            ImageReadError: It cannot be read.
        """
        if "img_pixels" in results:
            return results["img_pixels"]
        if results.get("img_bytes") is not None:
            return decode_image(results["img_bytes"], self.min_edge)
        return read_image(results["img_path"], self.min_edge)


def _check_angle(record: OCRRecord) -> None:
    if record.texts and record.width and record.angle is None:  # text without a width was typed, not read
        raise UserError(
            f"LoadImage: upright=True needs the angle of {record.image}, whose text was read in one direction only; "
            "set rotations=(0, 90, 180, 270) in ocr_engine, or make the OCR table anew with tools/ocr.py "
            "--engine-options rotations=0,90,180,270"
        )


class Resize(Step):
    """Resizes an image to a size, whatever its shape; the same as MMCV's ``Resize``.

    Required and modified key: ``img``. Added key: ``img_shape``.

    Args:
        scale: Edge of the result in pixels, or (width, height).
        keep_ratio: Keep the shape instead: the largest size whose longer and shorter edge fit into ``scale``.
        interpolation: A name of :data:`INTERPOLATIONS`.
    """

    def __init__(self, scale: int | tuple[int, int], keep_ratio: bool = False, interpolation: str = "bilinear") -> None:
        self.scale = (scale, scale) if isinstance(scale, int) else (int(scale[0]), int(scale[1]))
        self.keep_ratio = keep_ratio
        self.interpolation = interpolation

    def transform(self, results: dict) -> dict:
        """Resize ``img``."""
        height, width = results["img"].shape[:2]
        size = self.scale
        if self.keep_ratio:
            factor = min(max(self.scale) / max(height, width), min(self.scale) / min(height, width))
            size = (int(width * factor + 0.5), int(height * factor + 0.5))
        results["img"] = resized(results["img"], size, self.interpolation)
        results["img_shape"] = results["img"].shape[:2]
        return results


EDGES = ("short", "long", "width", "height")


class ResizeEdge(Step):
    """Resizes an image until an edge has a length, and keeps its shape; the same as MMPretrain's ``ResizeEdge``.

    Required and modified key: ``img``. Added key: ``img_shape``.

    Args:
        scale: The length in pixels.
        edge: Of :data:`EDGES`.
        interpolation: A name of :data:`INTERPOLATIONS`.
    """

    def __init__(self, scale: int, edge: str = "short", interpolation: str = "bilinear") -> None:
        self.scale = scale
        self.edge = edge
        self.interpolation = interpolation

    def transform(self, results: dict) -> dict:
        """Resize ``img``."""
        height, width = results["img"].shape[:2]
        is_width = {"short": width < height, "long": width > height, "width": True, "height": False}[self.edge]
        if is_width:
            size = (self.scale, int(self.scale * height / width))
        else:
            size = (int(self.scale * width / height), self.scale)
        results["img"] = resized(results["img"], size, self.interpolation)
        results["img_shape"] = results["img"].shape[:2]
        return results


class CenterCrop(Step):
    """Crops the centre of an image; the same as MMCV's ``CenterCrop``. An edge that is shorter stays.

    Required and modified key: ``img``. Added key: ``img_shape``.

    Args:
        crop_size: Edge of the result in pixels, or (width, height).
    """

    def __init__(self, crop_size: int | tuple[int, int]) -> None:
        self.crop_size = (crop_size, crop_size) if isinstance(crop_size, int) else tuple(crop_size)

    def transform(self, results: dict) -> dict:
        """Crop ``img``."""
        height, width = results["img"].shape[:2]
        crop_width, crop_height = min(self.crop_size[0], width), min(self.crop_size[1], height)
        top, left = round((height - crop_height) / 2), round((width - crop_width) / 2)
        results["img"] = results["img"][top : top + crop_height, left : left + crop_width]
        results["img_shape"] = results["img"].shape[:2]
        return results


class CenterCropKeepText(Step):
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
            image = resized(image, self.crop_size)
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


class FlipUnlessText(Step):
    """Mirrors an image left to right, unless OCR found text in it: mirrored letters say nothing.

    Required keys: ``img``, ``ocr``. Modified key: ``img``. Added key: ``flip`` (bool).

    Args:
        prob: 1 mirrors, 0 does not: the two views of test-time augmentation.

    Raises:
        UserError: ``prob`` is neither.
    """

    needs_ocr = True

    def __init__(self, prob: float = 0.0) -> None:
        if prob not in (0, 1):
            raise UserError(f"FlipUnlessText: prob is {prob}; a view is mirrored or not, give 0 or 1")
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mirror ``img``."""
        results["flip"] = bool(self.prob and not results["ocr"].texts)
        if results["flip"]:
            results["img"] = cv2.flip(results["img"], 1)
        return results


class Letterbox(Step):
    """Resizes an image to fit into a frame, centres it, and fills the rest.

    The rest of the frame is filled with a colour, or with the picture mirrored at its edges. Mirrored text is
    illegible, so a colour suits pictures with much text.

    The boxes in ``ocr`` move with the picture, so that transforms that use the place of the text work after this one
    as well as before it; token boxes are then relative to the frame. Put augmentations that rotate or crop blindly
    after all of them.

    Required key: ``img``. Modified keys: ``img``, and ``ocr`` if it exists and has boxes. Added keys:
    ``img_shape``, ``scale_factor`` (width, height).

    Args:
        scale: Edge of the frame in pixels, or (width, height).
        pad_val: Colour of the fill: one number for all channels, or three, BGR.
        reflect: Fill with the mirrored picture instead.
        interpolation: A name of :data:`INTERPOLATIONS`.

    Raises:
        UserError: A size is not positive, or a colour is neither one number nor three.
    """

    def __init__(
        self,
        scale: int | tuple[int, int],
        pad_val: float | Sequence[float] = 0,
        reflect: bool = False,
        interpolation: str = "bilinear",
    ) -> None:
        self.scale = (scale, scale) if isinstance(scale, int) else tuple(scale)
        if len(self.scale) != 2 or min(self.scale) < 1:
            raise UserError(f"Letterbox: scale is {scale}; give a number of pixels above 0, or (width, height)")
        colour = tuple(pad_val) if isinstance(pad_val, Sequence) else (pad_val,) * 3
        if len(colour) != 3 or not all(isinstance(value, int | float) and 0 <= value <= 255 for value in colour):
            raise UserError(f"Letterbox: pad_val is {pad_val!r}; give a number from 0 to 255, or three, BGR")
        self.pad_val = colour
        self.reflect = reflect
        self.interpolation = interpolation

    def transform(self, results: dict) -> dict:
        """Resize and pad ``img``."""
        image = results["img"]
        height, width = image.shape[:2]
        zoom = min(self.scale[0] / width, self.scale[1] / height)
        size = [max(1, min(room, round(edge * zoom))) for edge, room in zip((width, height), self.scale, strict=True)]
        left, top = (self.scale[0] - size[0]) // 2, (self.scale[1] - size[1]) // 2
        results["img"] = cv2.copyMakeBorder(
            resized(image, tuple(size), self.interpolation),
            top,
            self.scale[1] - size[1] - top,
            left,
            self.scale[0] - size[0] - left,
            cv2.BORDER_REFLECT_101 if self.reflect else cv2.BORDER_CONSTANT,
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

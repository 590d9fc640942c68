"""Pictures with outlined and numbered lines of text."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

# More elongated images are folded into columns or rows, as a newspaper folds a long text.
_LONGEST = 2.5
_COLOUR = (200, 0, 200)  # BGR; magenta is rare in print

Colour = tuple[int, int, int]


def draw_boxes(
    image: np.ndarray,
    boxes: np.ndarray,
    side: int,
    numbers: Sequence[int] | None = None,
    colours: Sequence[Colour] | None = None,
) -> np.ndarray:
    """Draw boxes that are clearly visible when the picture is shown at ``side`` pixels.

    Args:
        image: uint8 (H, W, 3), BGR; not changed.
        boxes: float32 (n, 4, 2), corners (x, y) in pixels; box i gets the number i + 1.
        side: The longer side in pixels of the picture when it is shown.
        numbers: Other numbers of the n boxes.
        colours: Their colours, BGR; by default magenta.

    Returns:
        uint8 (h, w, 3), no longer than ``side``; very tall or wide images are cut, and the parts set side by side.
    """
    folds = _folds(image.shape)
    height, width = image.shape[0] / folds[0] * folds[1], image.shape[1] / folds[1] * folds[0]
    scale = min(1.0, side / max(height, width))
    thickness = max(1, round(1.2 / scale))
    picture = image.copy()
    colours = [_COLOUR] * len(boxes) if colours is None else colours
    numbers = range(1, len(boxes) + 1) if numbers is None else numbers
    for box, colour in zip(boxes, colours, strict=True):
        cv2.polylines(picture, [np.round(box).astype(np.int32)], True, colour, thickness, cv2.LINE_AA)
    for number, box, colour in zip(numbers, boxes, colours, strict=True):
        _draw_number(picture, str(number), box, 0.36 / scale, thickness, colour)
    picture = _folded(picture, folds)
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _draw_number(
    picture: np.ndarray, number: str, box: np.ndarray, size: float, thickness: int, colour: Colour
) -> None:
    """Write the number in white on a patch at the box's first corner, inside the picture."""
    (width, height), _ = cv2.getTextSize(number, cv2.FONT_HERSHEY_SIMPLEX, size, thickness)
    margin = 2 * thickness
    left = int(np.clip(box[0, 0], 0, max(0, picture.shape[1] - width - margin)))
    bottom = int(np.clip(box[0, 1], height + margin, picture.shape[0]))
    cv2.rectangle(picture, (left, bottom - height - margin), (left + width + margin, bottom), colour, cv2.FILLED)
    place = (left + margin // 2, bottom - margin // 2)
    cv2.putText(picture, number, place, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), thickness, cv2.LINE_AA)


def _folds(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return into how many parts to cut the height and the width; one of the two is 1."""
    height, width = shape[:2]
    parts = round(math.sqrt(max(height, width) / min(height, width)))
    if max(height, width) <= _LONGEST * min(height, width):
        return 1, 1
    return (parts, 1) if height > width else (1, parts)


def _folded(picture: np.ndarray, folds: tuple[int, int]) -> np.ndarray:
    """Cut a tall picture into columns or a wide one into rows, the last filled up with white."""
    axis = 0 if folds[0] > 1 else 1
    parts = max(folds)
    short = -picture.shape[axis] % parts
    padding = [(0, short if index == axis else 0) for index in range(3)]
    padded = np.pad(picture, padding, constant_values=255)
    return np.concatenate(np.split(padded, parts, axis), axis=1 - axis)

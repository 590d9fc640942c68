"""Pictures turned by quarter turns, and the points in them. Degrees are clockwise."""

import cv2
import numpy as np

ROTATIONS = (0, 90, 180, 270)
"""The turns in degrees."""

_CV_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def turn_pixels(image: np.ndarray, degrees: int) -> np.ndarray:
    """Turn a picture (H, W, 3) by ``degrees`` of :data:`ROTATIONS`; by 0 it is returned as it is."""
    return cv2.rotate(image, _CV_ROTATIONS[degrees]) if degrees else image


def turn_size(width: int, height: int, degrees: int) -> tuple[int, int]:
    """Return width and height of a turned picture."""
    return (height, width) if degrees % 180 else (width, height)


def turn_points(points: np.ndarray, degrees: int, width: int, height: int) -> np.ndarray:
    """Return where points of a picture lie after it has been turned.

    Args:
        points: (..., 2), x and y in pixels of the picture.
        degrees: Of :data:`ROTATIONS`.
        width: Width of the picture before it is turned, in pixels.
        height: Its height.

    Returns:
        float32 (..., 2), in pixels of the turned picture.
    """
    x, y = points[..., 0], points[..., 1]
    places = {0: (x, y), 90: (height - y, x), 180: (width - x, height - y), 270: (y, width - x)}
    return np.stack(places[degrees], axis=-1).astype(np.float32)

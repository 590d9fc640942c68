"""Pixels of any mode as RGB or BGR, converted in strips, so that little memory is needed beside picture and result."""

import cv2
import numpy as np
from PIL import Image

_STRIP_PIXELS = 2**20  # converted at once


def to_rgb(image: Image.Image) -> Image.Image:
    """Turn any mode into RGB: 16 bit is scaled to 8, transparent pixels stand on white as a page would show them."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    return Image.fromarray(pixels(image))


def shrink(image: np.ndarray, longest: int) -> np.ndarray:
    """Return a picture (H, W) or (H, W, C) whose longer side is at most ``longest``; a smaller one as it is."""
    scale = longest / max(image.shape[:2])
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def pixels(image: Image.Image, bgr: bool = False) -> np.ndarray:
    """Return the pixels of a decoded picture of any mode, as :func:`to_rgb` sees them.

    Args:
        image: The picture.
        bgr: Whether to return them in BGR order, otherwise RGB.

    Returns:
        uint8 (H, W, 3).
    """
    width, height = image.size
    result = np.empty((height, width, 3), np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    strips = [(top, min(top + rows, height)) for top in range(0, height, rows)]
    white = _white(image, strips) if _is_deep(image) else None
    for top, bottom in strips:
        strip = image.crop((0, top, width, bottom))
        rgb = np.asarray(_strip_to_rgb(strip)) if white is None else _deep_grey_to_rgb(strip, white)
        result[top:bottom] = rgb[..., ::-1] if bgr else rgb
    return result


def _strip_to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        page = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(page, rgba).convert("RGB")
    return image.convert("RGB")


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _white(image: Image.Image, strips: list[tuple[int, int]]) -> float:
    """Find white in integers of 16 or 32 bits and floats: 65535 where the format says so, else by the largest value."""
    if image.mode.startswith("I;16"):
        return 65535.0
    tops = (_values(image.crop((0, top, image.width, bottom))).max(initial=0.0) for top, bottom in strips)
    largest = float(max(tops))
    return next((white for white in (1.0, 255.0, 65535.0) if largest <= white), largest)


def _values(image: Image.Image) -> np.ndarray:
    return np.nan_to_num(np.asarray(image, dtype=np.float64))


def _deep_grey_to_rgb(image: Image.Image, white: float) -> np.ndarray:
    grey = (_values(image).clip(0.0, white) * (255.0 / white)).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)

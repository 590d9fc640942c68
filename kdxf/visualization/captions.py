"""Pictures with lines of text below them."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from PIL import Image, ImageDraw, ImageFont

from kdxf.io.fonts import NO_CHINESE_FONT, Font, chinese_font

Colour = tuple[int, int, int]
"""Red, green, blue."""

_PAPER = (255, 255, 255)
_SMALLEST, _MARGIN = 14, 8
_told: set[str] = set()


def with_caption(image: np.ndarray, lines: Sequence[tuple[str, Colour]]) -> np.ndarray:
    """Add lines of text below a picture; long ones are broken.

    Args:
        image: uint8 (H, W, 3), BGR; not changed.
        lines: Text and its colour.

    Returns:
        uint8 (H + h, W, 3), BGR; at least 240 pixels wide, a narrower picture stands on white.
    """
    width = max(240, image.shape[1])
    size = max(_SMALLEST, width // 36)
    face = _font_of("".join(text for text, _ in lines)).at(size)
    broken = [(part, colour) for text, colour in lines for part in _broken(text, face, width - 2 * _MARGIN)]
    step = round(size * 1.4)
    page = Image.new("RGB", (width, image.shape[0] + step * len(broken) + 2 * _MARGIN), _PAPER)
    page.paste(Image.fromarray(np.ascontiguousarray(image[..., ::-1])), ((width - image.shape[1]) // 2, 0))
    pen = ImageDraw.Draw(page)
    for number, (text, colour) in enumerate(broken):
        place = (_MARGIN, image.shape[0] + _MARGIN + step * (number + 0.5))
        pen.text(place, text, fill=colour, font=face, anchor="lm")
    return np.ascontiguousarray(np.asarray(page)[..., ::-1])


def _font_of(text: str) -> Font:
    """Return a font that has the characters; without one for Chinese, say so once."""
    font = chinese_font()
    if font is not None:
        return font
    if any(ord(character) > 0x2E7F for character in text) and NO_CHINESE_FONT not in _told:
        _told.add(NO_CHINESE_FONT)
        print_log(NO_CHINESE_FONT, "current", logging.WARNING)
    from matplotlib import get_data_path  # takes long, and nearly every run draws nothing

    return Font(str(Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")))


def _broken(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break a line where it would become wider than ``width``, after a space if there is one in its second half."""
    parts = []
    while text and face.getlength(text) > width:
        length = next((n for n in range(1, len(text)) if face.getlength(text[: n + 1]) > width), len(text))
        space = text.rfind(" ", length // 2, length + 1)
        cut = space if space > 0 else length
        parts.append(text[:cut])
        text = text[cut:].lstrip(" ")
    return [*parts, text] if text or not parts else parts

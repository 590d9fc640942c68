"""Draws a paper, and notes each line of text with its place."""

import math
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kdxf_runtime.ocr.record import OCRLine
from papers.kinds import Kind, other_mark
from papers.words import price, vocabulary

_WIDTH = {"receipt": 340, "letter": 380, "form": 400}
_WIDE = 0.3  # of the forms lie on their side
_HONEST = 0.8  # of the papers have the mark of their kind
_MARK = 70  # pixels


@lru_cache
def _font(size: int, path: str | None) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Open a font, by default the one in Pillow."""
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)


class Page:
    """A page to write on, from top to bottom; what does not fit is cut.

    Args:
        size: Width and height in pixels.
        rng: The random generator of the look.
        font: A font file; by default Pillow's own.
    """

    def __init__(self, size: tuple[int, int], rng: random.Random, font: Path | None = None) -> None:
        self.image = Image.new("RGB", size, tuple(rng.randint(225, 255) for _ in range(3)))
        self.pen = ImageDraw.Draw(self.image)
        self.ink = tuple(rng.randint(0, 90) for _ in range(3))
        self.lines: list[OCRLine] = []
        self._font = None if font is None else str(font)

    def write(self, text: str, x: float, y: float, size: int, right: bool = False) -> None:
        """Write one line at the left, or to the left, of a point at its top."""
        font = _font(size, self._font)
        if right:
            x -= font.getlength(text)
        self.pen.text((x, y), text, fill=self.ink, font=font)
        box = self.pen.textbbox((x, y), text, font=font)
        left, top, end, bottom = np.array(box).clip(0, [*self.image.size] * 2)
        corners = np.array([[left, top], [end, top], [end, bottom], [left, bottom]], np.float32)
        self.lines.append(OCRLine(text, 1.0, corners))

    def fit(self, words: Sequence[str], width: float, size: int) -> int:
        """Return how many of the words fit into a line, at least one."""
        font, count = _font(size, self._font), 1
        while count < len(words) and font.getlength(" ".join(words[: count + 1])) <= width:
            count += 1
        return count


def draw(kind: Kind, author: int, words: Sequence[str], rng: random.Random, font: Path | None = None) -> Page:
    """Draw a paper.

    Args:
        kind: Its kind.
        author: Number of its author, whose type and margins it has.
        words: What it says.
        rng: The random generator.
        font: A font file; by default Pillow's own.
    """
    style = random.Random(f"style {author}")
    size, margin = style.choice((11, 12, 13)), style.randint(14, 30)
    wide = kind.layout == "form" and rng.random() < _WIDE
    width = _WIDTH[kind.layout] * (2 if wide else 1)
    # Longer than any paper; the end is cut off.
    page = Page((width, 3000), rng, font)
    y = margin + rng.randint(0, 10)
    page.write(" ".join(vocabulary(f"author {author}", 3)).title(), margin, y, size + 6)
    body = {"receipt": _rows, "letter": _paragraphs, "form": _fields}[kind.layout]
    y = body(page, list(words), y + 2 * size + 10, (margin, width - margin), size, rng) + size
    mark = kind.mark if rng.random() < _HONEST else other_mark(kind)
    _draw_mark(page, mark, rng.randint(margin, width - margin - _MARK), y, rng)
    height = y + _MARK + margin
    if kind.layout != "receipt" and not wide:
        height = max(height, rng.randint(round(1.7 * width), round(2.2 * width)))
    page.image = page.image.crop((0, 0, width, height))
    return page


def _rows(page: Page, words: list[str], y: int, sides: tuple[int, int], size: int, rng: random.Random) -> int:
    """Write rows of a few words and a price, and return where they end."""
    left, right = sides
    while words:
        count = min(page.fit(words, right - left - 5 * size, size), rng.randint(3, 6))
        page.write(" ".join(words[:count]), left, y, size)
        page.write(price(rng), right, y, size, right=True)
        del words[:count]
        y += size + 4
    page.pen.line((left, y + 2, right, y + 2), fill=page.ink, width=2)
    return y


def _paragraphs(page: Page, words: list[str], y: int, sides: tuple[int, int], size: int, rng: random.Random) -> int:
    left, right = sides
    while words:
        for _ in range(rng.randint(3, 7)):
            if words:
                count = page.fit(words, right - left, size)
                page.write(" ".join(words[:count]), left, y, size)
                del words[:count]
                y += size + 5
        y += size
    return y


def _fields(page: Page, words: list[str], y: int, sides: tuple[int, int], size: int, rng: random.Random) -> int:
    """Write labelled boxes."""
    left, right = sides
    middle = left + (right - left) * 2 // 5
    while words:
        count = min(page.fit(words, middle - left - 8, size), 2)
        page.write(" ".join(words[:count]), left, y, size)
        del words[:count]
        rows = rng.randint(1, 3)
        page.pen.rectangle((middle, y - 3, right, y + rows * (size + 4) + 2), outline=page.ink)
        for _ in range(rows):
            if words:
                count = page.fit(words, right - middle - 8, size)
                page.write(" ".join(words[:count]), middle + 5, y, size)
                del words[:count]
            y += size + 4
        y += 10
    return y


def _draw_mark(page: Page, mark: str, x: int, y: int, rng: random.Random) -> None:
    pen, ink = page.pen, page.ink
    if mark == "bars":
        for left in range(0, _MARK, 4):
            pen.rectangle((x + left, y, x + left + rng.randint(0, 2), y + _MARK - 20), fill=ink)
    elif mark == "squares":
        for row in range(0, _MARK, 7):
            for column in range(0, _MARK, 7):
                if rng.random() < 0.5:
                    pen.rectangle((x + column, y + row, x + column + 6, y + row + 6), fill=ink)
    elif mark == "seal":
        pen.ellipse((x, y, x + _MARK, y + _MARK), fill=(170, 50, 50))
        pen.ellipse((x + 12, y + 12, x + _MARK - 12, y + _MARK - 12), outline=(240, 200, 200), width=3)
    elif mark == "signature":
        points = [(x + step, y + 30 + 25 * math.sin(step / 4 + rng.uniform(0, 2))) for step in range(0, _MARK, 4)]
        pen.line(points, fill=(30, 40, 150), width=2)
    elif mark == "photograph":
        pen.rectangle((x, y, x + _MARK - 15, y + _MARK), fill=(150, 170, 190))
        pen.ellipse((x + 15, y + 12, x + _MARK - 30, y + 42), fill=(220, 180, 150))
    else:
        pen.rectangle((x, y + 10, x + _MARK, y + 50), outline=(40, 120, 60), width=5)
        pen.line((x + 8, y + 30, x + 25, y + 44, x + _MARK - 8, y + 16), fill=(40, 120, 60), width=5)

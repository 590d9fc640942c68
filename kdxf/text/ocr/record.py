"""The result of OCR: a line of text, and all lines of one image."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kdxf.io.images import ImageReadError, read_image

if TYPE_CHECKING:
    from kdxf.text.ocr.base import BaseOCREngine


@dataclass(frozen=True)
class OCRLine:
    """One line of text in an image.

    Attributes:
        text: What the line says; never empty.
        score: The engine's confidence, from 0 to 1.
        box: float32 (4, 2), the corners (x, y) in pixels of the image, clockwise from the text's top-left corner.
    """

    text: str
    score: float
    box: np.ndarray


@dataclass(frozen=True)
class OCRRecord:
    """The lines that an engine read in one image; n is the number of lines.

    Attributes:
        image: POSIX path relative to the image root: the key that the annotations use.
        texts: The n lines in reading order.
        scores: float32 (n,), confidence from 0 to 1.
        boxes: float32 (n, 4, 2), corners (x, y) in pixels, clockwise from the text's top-left corner.
        width: Width of the upright image in pixels; 0 when it could not be read.
        height: Height in pixels; 0 when it could not be read.
        engine: Name of the engine.
        error: Why there is no text, in one line; None when the image was read.
    """

    image: str
    texts: list[str]
    scores: np.ndarray
    boxes: np.ndarray
    width: int
    height: int
    engine: str
    error: str | None

    @classmethod
    def empty(
        cls, image: str, error: str | None = None, *, engine: str = "", width: int = 0, height: int = 0
    ) -> "OCRRecord":
        """Return a record without text, for an image that has none or could not be read."""
        no_scores, no_boxes = np.zeros(0, np.float32), np.zeros((0, 4, 2), np.float32)
        return cls(image, [], no_scores, no_boxes, width, height, engine, error)

    @classmethod
    def from_text(cls, image: str, text: str) -> "OCRRecord":
        """Return a record of text that came with the annotations: lines with score 1 and boxes of zeros."""
        lines = [stripped for line in text.splitlines() if (stripped := line.strip())]
        count = len(lines)
        return cls(
            image, lines, np.ones(count, np.float32), np.zeros((count, 4, 2), np.float32), 0, 0, "annotation", None
        )


def read_text(
    engine: "BaseOCREngine",
    path: str | Path,
    image: str | None = None,
    load: Callable[[str | Path], np.ndarray] = read_image,
) -> OCRRecord:
    """Read the text in one image; failures become a record with ``error``.

    Args:
        engine: The engine.
        path: The file, or whatever ``load`` accepts.
        image: The key to store; by default the path.
        load: Returns the pixels of ``path``, uint8 (H, W, 3) in BGR order, or raises ``ImageReadError``.

    Returns:
        The record; without text and with ``error`` if the image cannot be read or the engine fails on it.
    """
    key = Path(path).as_posix() if image is None else image
    try:
        pixels = load(path)
    except ImageReadError as error:
        return OCRRecord.empty(key, str(error), engine=engine.name)
    height, width = pixels.shape[:2]
    try:
        lines = engine.read(pixels)
    except Exception as error:  # one odd image must not end a job of a million
        reason = f"the OCR engine failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return OCRRecord.empty(key, reason, engine=engine.name, width=width, height=height)
    scores = np.array([line.score for line in lines], np.float32)
    boxes = np.array([line.box for line in lines], np.float32).reshape(-1, 4, 2)
    return OCRRecord(key, [line.text for line in lines], scores, boxes, width, height, engine.name, None)

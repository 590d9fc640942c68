"""The result of OCR: a line of text, and all lines of one image."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kdxf_runtime.io.images import ImageReadError, decode_image
from kdxf_runtime.ocr.image_source import ImageSource
from kdxf_runtime.ocr.quarter_turns import turn_points, turn_size

if TYPE_CHECKING:
    from kdxf_runtime.ocr.base import BaseOCREngine

SURE_ANGLE = 0.1
"""The score from which on the angle of a picture is believed; docs/text.md says what was measured with it."""


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
        digest: SHA-256 of the picture's bytes, 64 hexadecimal digits; None where that is unknown: in a table of an
            earlier version, or for text that came with the annotations.
        file_size: Size in bytes, when it was read, of the file that holds the picture: its own, or its shard; else 0.
        file_time: Time in nanoseconds at which that file was last modified; else 0.
        angle: Degrees, of 0, 90, 180 and 270, by which the picture has to be turned clockwise to stand upright. None
            where that is unknown: it has no text, was read in one direction only, or the table is of an earlier
            version.
        angle_score: How sure that is, from 0 to 1; see :data:`SURE_ANGLE`.
    """

    image: str
    texts: list[str]
    scores: np.ndarray
    boxes: np.ndarray
    width: int
    height: int
    engine: str
    error: str | None
    digest: str | None = None
    file_size: int = 0
    file_time: int = 0
    angle: int | None = None
    angle_score: float = 0.0

    @classmethod
    def empty(
        cls, image: str, error: str | None = None, *, engine: str = "", width: int = 0, height: int = 0
    ) -> "OCRRecord":
        """Return a record without text, for an image that has none or could not be read."""
        no_scores, no_boxes = np.zeros(0, np.float32), np.zeros((0, 4, 2), np.float32)
        return cls(image, [], no_scores, no_boxes, width, height, engine, error)

    @property
    def turn(self) -> int:
        """The degrees by which to turn the picture clockwise: its angle, or 0 where that is not sure."""
        return self.angle if self.angle and self.angle_score >= SURE_ANGLE else 0

    def upright(self) -> "OCRRecord":
        """Return the record of the picture turned by :attr:`turn`."""
        if not self.turn:
            return self
        boxes = turn_points(self.boxes, self.turn, self.width, self.height)
        boxes[~self.boxes.any(axis=(1, 2))] = 0  # the mark of an unknown place
        width, height = turn_size(self.width, self.height, self.turn)
        return replace(self, boxes=boxes, width=width, height=height, angle=0)

    @classmethod
    def from_text(cls, image: str, text: str) -> "OCRRecord":
        """Return a record of text that came with the annotations: lines with score 1 and boxes of zeros."""
        lines = [stripped for line in text.splitlines() if (stripped := line.strip())]
        count = len(lines)
        return cls(
            image, lines, np.ones(count, np.float32), np.zeros((count, 4, 2), np.float32), 0, 0, "annotation", None
        )


def read_text(
    engine: "BaseOCREngine", path: str | Path, image: str | None = None, source: ImageSource | None = None
) -> OCRRecord:
    """Read the text in one image; failures become a record with ``error``.

    Args:
        engine: The engine.
        path: The file, or the key of an image in ``source``.
        image: The key to store; by default the path.
        source: Where the image lies; by default a file.

    Returns:
        The record; without text and with ``error`` if the image cannot be read or the engine fails on it.
    """
    key = Path(path).as_posix() if image is None else image
    source = source or ImageSource(Path())
    size, time = file_stamp(source.file_of(path))
    origin: dict[str, Any] = {"file_size": size, "file_time": time}
    try:
        data = source.read_bytes(path)
        origin["digest"] = hashlib.sha256(data).hexdigest()
        pixels = decode_image(data)
    except ImageReadError as error:
        return replace(OCRRecord.empty(key, str(error), engine=engine.name), **origin)
    return replace(read_pixels(engine, pixels, key), **origin)


def read_pixels(engine: "BaseOCREngine", pixels: np.ndarray, image: str) -> OCRRecord:
    """Read the text in pixels, uint8 (H, W, 3) in BGR order; a failure becomes a record with ``error``.

    Args:
        engine: The engine.
        pixels: The image.
        image: The key to store.
    """
    height, width = pixels.shape[:2]
    try:
        found = engine.find(pixels)
    except Exception as error:  # one odd image must not end a job of a million
        reason = f"the OCR engine failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return OCRRecord.empty(image, reason, engine=engine.name, width=width, height=height)
    scores = np.array([line.score for line in found.lines], np.float32)
    boxes = np.array([line.box for line in found.lines], np.float32).reshape(-1, 4, 2)
    record = OCRRecord(image, [line.text for line in found.lines], scores, boxes, width, height, engine.name, None)
    return replace(record, angle=found.angle, angle_score=found.angle_score)


def file_stamp(path: str | Path) -> tuple[int, int]:
    """Return size in bytes and time of the last change in nanoseconds of a file; zeros if there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # missing, or a name that no file can have
        return 0, 0
    return status.st_size, status.st_mtime_ns

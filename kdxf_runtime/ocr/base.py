"""The interface of OCR engines, and the options that all engines share: rotations, tiles, scores and image sizes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np

from kdxf_runtime.ocr.quarter_turns import ROTATIONS, turn_pixels, turn_points, turn_size
from kdxf_runtime.ocr.record import OCRLine
from kdxf_runtime.ocr.tiling import read_tiled

_TALL = 0.9  # the weight of a character in a tall line
_FEW = 20  # characters: textures are read as some, in any direction


class Found(NamedTuple):
    """The text of an image, and which way up it stands.

    Attributes:
        lines: The lines in the reading order of the upright image, with boxes in pixels of the image as it lies.
        angle: Degrees by which the image has to be turned clockwise for its text to stand upright; None where that is
            unknown: without text, or where only one direction was tried.
        angle_score: How sure that is, from 0 to 1; see :func:`read_rotated`.
    """

    lines: list[OCRLine]
    angle: int | None = None
    angle_score: float = 0.0


def read_rotated(read: Callable[[np.ndarray], list[OCRLine]], image: np.ndarray, rotations: Sequence[int]) -> Found:
    """Read ``image`` once for each rotation and return the reading with the most confident text.

    Confidence is the sum over the lines of score times number of characters: an engine reads little of text that is
    upside down, and with low scores. Some engines rotate tall lines themselves and read sideways text as well as
    upright text, so a line that is taller than wide counts a little less. Of equal readings the first wins.

    ``angle_score`` is ``(a - b) / (a + 20)``, or 0 where that is below: ``a`` is the confidence of the reading without
    its tall lines, and ``b`` the highest of the others. So little text never makes it sure: textures that are taken for
    text may look so in a single direction.

    Args:
        read: The function that reads an image.
        image: uint8 (H, W, 3), BGR.
        rotations: Degrees of :data:`ROTATIONS` by which the image is turned clockwise before it is read.

    Returns:
        The best reading.
    """
    readings = {degrees: read(turn_pixels(image, degrees)) for degrees in rotations}
    angle = max(readings, key=lambda degrees: _confidence(readings[degrees], _TALL))
    size = turn_size(image.shape[1], image.shape[0], angle)
    lines = [replace(line, box=turn_points(line.box, -angle % 360, *size)) for line in readings[angle]]
    if len(readings) == 1 or not lines:
        return Found(lines)
    best, *others = (_confidence(readings[degrees], 0) for degrees in sorted(readings, key=lambda one: one != angle))
    return Found(lines, angle, max(0.0, (best - max(others)) / (best + _FEW)))


def _confidence(lines: Sequence[OCRLine], tall: float) -> float:
    """Return the characters that were read, weighted by their scores, and those of tall lines by ``tall`` as well."""
    return sum(line.score * len(line.text) * (tall if _is_tall(line.box) else 1.0) for line in lines)


def _is_tall(box: np.ndarray) -> bool:
    width, height = np.ptp(box, axis=0)
    return bool(height > width)


@dataclass(frozen=True)
class Reading:
    """The options that all engines share.

    Attributes:
        rotations: Degrees, of 0, 90, 180 and 270, by which the image is turned clockwise before it is read. With
            several it is read once for each, and the reading with the most confident text is kept: for pictures that
            may be sideways or upside down.
        max_aspect: An image more elongated than this and longer than 2000 px, such as a long screenshot, is read in
            tiles of at most this ratio; None reads it whole.
        tile_overlap: The overlap of neighbouring tiles, as a fraction of a tile.
        min_score: Lines below this score, 0 to 1, are dropped. The default keeps all.

    Raises:
        ValueError: An option is out of its range.
    """

    rotations: tuple[int, ...] = (0,)
    max_aspect: float | None = 2.5
    tile_overlap: float = 0.1
    min_score: float = 0.0

    def __post_init__(self) -> None:
        rotations = (self.rotations,) if isinstance(self.rotations, int) else tuple(self.rotations)
        object.__setattr__(self, "rotations", rotations)
        if not rotations or len(set(rotations)) < len(rotations) or not set(rotations) <= set(ROTATIONS):
            raise ValueError(f"rotations must be some of {ROTATIONS}, each once, not {rotations}")
        if self.max_aspect is not None and self.max_aspect < 1:
            raise ValueError(f"max_aspect must be at least 1, or None, not {self.max_aspect}")
        if not 0 <= self.tile_overlap <= 0.5:
            raise ValueError(f"tile_overlap must be from 0 to 0.5, not {self.tile_overlap}")
        if not 0 <= self.min_score <= 1:
            raise ValueError(f"min_score must be from 0 to 1, not {self.min_score}")

    def read(self, find_lines: Callable[[np.ndarray], list[OCRLine]], image: np.ndarray) -> Found:
        """Read ``image``, uint8 (H, W, 3), with an engine's ``find_lines``."""

        def confident(part: np.ndarray) -> list[OCRLine]:
            return [line for line in find_lines(part) if line.score >= self.min_score]

        if self.max_aspect is None:
            return read_rotated(confident, image, self.rotations)
        tiled = partial(read_tiled, confident, max_aspect=self.max_aspect, overlap=self.tile_overlap)
        return read_rotated(tiled, image, self.rotations)

    def __str__(self) -> str:
        """Return the options as they appear in an engine's name: those for tiling, and changed ones."""
        words = [f"max_aspect={self.max_aspect}"]
        words += [f"tile_overlap={self.tile_overlap}"] if self.max_aspect is not None else []
        words += [f"rotations={','.join(map(str, self.rotations))}"] if self.rotations != (0,) else []
        words += [f"min_score={self.min_score}"] if self.min_score else []
        return " ".join(words)


class BaseOCREngine(ABC):
    """Base class of engines that read the text in images.

    Subclasses implement :meth:`find_lines` and register in ``OCR_ENGINES``. A worker process builds one engine and
    reads many images with it. An engine finds every line that it can, whatever its score: the score is stored with the
    line, and users of the text filter or weigh by it.

    Args:
        reading: ``rotations``, ``max_aspect``, ``tile_overlap``, ``min_score``; see
            :class:`Reading`. A subclass passes them on; one that has no constructor, or does
            not call this one, reads with the defaults.

    Attributes:
        name: Package, version, model and all settings that change what is read, ``str(self.reading)`` among them; the
            OCR table stores it with every row, and a job that resumes a table refuses to mix two names.
        reading: The options above.
    """

    name: str
    reading = Reading()

    def __init__(self, **reading: Any) -> None:
        self.reading = Reading(**reading)

    def read(self, image: np.ndarray) -> list[OCRLine]:
        """Read ``image``, uint8 (H, W, 3) in BGR order, with the options, and return its lines in reading order."""
        return self.find(image).lines

    def find(self, image: np.ndarray) -> Found:
        """Read ``image`` in the same way, and tell which way up it stands."""
        return self.reading.read(self.find_lines, image)

    @abstractmethod
    def find_lines(self, image: np.ndarray) -> list[OCRLine]:
        """Return the lines of ``image``, uint8 (H, W, 3) in BGR order, read as it is: neither rotated nor tiled."""


@dataclass(frozen=True)
class SideLimits:
    """Limits of an image's sides in pixels.

    Attributes:
        min_side: Smaller images are enlarged until their shorter side has this many pixels.
        max_side: The longer side never exceeds this many pixels; it wins over ``min_side``.

    Raises:
        ValueError: The limits are not positive, or not in order.
    """

    min_side: int
    max_side: int

    def __post_init__(self) -> None:
        if not 0 < self.min_side <= self.max_side:
            raise ValueError(f"min_side ({self.min_side}) must be positive and at most max_side ({self.max_side})")

    def scale(self, image: np.ndarray) -> tuple[np.ndarray, float]:
        """Scale ``image``, uint8 (H, W, 3), into the limits; return it and the factor."""
        short, long = sorted(image.shape[:2])
        scale = min(max(1.0, self.min_side / short), self.max_side / long)
        if scale == 1.0:
            return image, scale
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        return cv2.resize(image, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA), scale

    def __str__(self) -> str:
        """Return the limits as they appear in an engine's name."""
        return f"side={self.min_side}-{self.max_side}"

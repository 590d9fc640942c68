"""CutMix that keeps lines of text whole: a crop of one picture is pasted into another, and the lines move along.

After CutMix (Yun et al., 2019), but made once and stored: the crop shows the class, whatever is behind it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from kdxf_runtime.ocr.record import OCRRecord

# Edges of the crop as fractions of the picture's, and of its place as fractions of the background's.
_CROP = (0.5, 0.9)
_PLACE = (0.5, 0.8)
_PLACES_TRIED = 16
# A background line that is covered by more than this cannot be read any more.
_COVERED = 0.1


@dataclass(frozen=True)
class Lines:
    """Lines of text in a picture; n is their number.

    Attributes:
        texts: The n lines.
        scores: float32 (n,), confidence from 0 to 1.
        quads: float32 (n, 4, 2), corners (x, y) in pixels of the picture.
    """

    texts: list[str]
    scores: np.ndarray
    quads: np.ndarray

    @classmethod
    def of_record(cls, record: OCRRecord, image: np.ndarray) -> "Lines":
        """Return the lines whose place is known, scaled to the picture at hand, which may have been resized."""
        if not (record.width and record.height):
            return cls([], np.zeros(0, np.float32), np.zeros((0, 4, 2), np.float32))
        known = np.flatnonzero(record.boxes.any(axis=(1, 2)))
        scale = np.array([image.shape[1] / record.width, image.shape[0] / record.height], np.float32)
        return cls([record.texts[i] for i in known], record.scores[known], record.boxes[known] * scale)

    @property
    def hulls(self) -> np.ndarray:
        """float32 (n, 4): upright boxes (x0, y0, x1, y1)."""
        return np.concatenate([self.quads.min(axis=1), self.quads.max(axis=1)], axis=1).reshape(-1, 4)

    def chosen(self, mask: np.ndarray, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> "Lines":
        """Return the lines where ``mask``, bool (n,), is True, their corners scaled and then shifted."""
        texts = [text for text, wanted in zip(self.texts, mask, strict=True) if wanted]
        return Lines(texts, self.scores[mask], (self.quads[mask] * scale + np.array(shift)).astype(np.float32))


@dataclass(frozen=True)
class Composite:
    """A picture made by :func:`compose`.

    Attributes:
        image: uint8 (H, W, 3), BGR.
        lines: Its text: that of the crop, and what is still legible of the background, from top to bottom.
        pasted: (x0, y0, x1, y1): the place of the crop, in pixels.
    """

    image: np.ndarray
    lines: Lines
    pasted: tuple[int, int, int, int]


def compose(
    foreground: np.ndarray,
    foreground_lines: Lines,
    background: np.ndarray | None,
    background_lines: Lines,
    rng: np.random.Generator,
) -> Composite:
    """Cut a piece of 50 to 90 % of the edges out of one picture and paste it into another.

    The piece grows until it cuts no line of text, and is scaled to fit a place of 50 to 80 % of the background's edges.
    Of several places the one that cuts the fewest lines of the background is used; lines that it covers, partly or
    completely, are not in the result.

    Args:
        foreground: uint8 (H, W, 3), BGR: the picture that the crop is taken from.
        foreground_lines: Its text.
        background: uint8 (H', W', 3), BGR, which determines the size of the result; None: a plain area of the colour at
            the crop's border, as large as the foreground.
        background_lines: Its text; none where ``background`` is None.
        rng: The random generator.
    """
    x0, y0, x1, y1 = _whole_lines(_draw_crop(foreground.shape, rng), foreground_lines.hulls, foreground.shape)
    crop = foreground[y0:y1, x0:x1]
    canvas = _padding(crop, foreground.shape) if background is None else background.copy()
    height, width = canvas.shape[:2]
    scale = rng.uniform(*_PLACE) * min(width / crop.shape[1], height / crop.shape[0])
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    left, top = _draw_place(size, (width, height), background_lines.hulls, rng)
    area = (left, top, left + size[0], top + size[1])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    canvas[top : area[3], left : area[2]] = cv2.resize(crop, size, interpolation=interpolation)
    inside = _share(foreground_lines.hulls, (x0, y0, x1, y1)) > 0.5  # the crop cuts none: all or nothing
    pasted = foreground_lines.chosen(inside, scale, (left - x0 * scale, top - y0 * scale))
    rest = background_lines.chosen(_share(background_lines.hulls, area) <= _COVERED)
    return Composite(canvas, _from_top(pasted, rest), area)


def _draw_crop(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw a piece, more often near the middle, where the subject of a picture usually is."""
    height, width = (max(1, round(length * rng.uniform(*_CROP))) for length in shape[:2])
    left, top = (shape[1] - width) * rng.beta(2, 2), (shape[0] - height) * rng.beta(2, 2)
    return int(left), int(top), int(left) + width, int(top) + height


def _whole_lines(
    area: tuple[int, int, int, int], hulls: np.ndarray, shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Grow the area until each line is completely inside or outside."""
    grown = np.array(area, np.float32)
    limit = np.array([shape[1], shape[0]] * 2, np.float32)
    while len(hulls):
        touched = hulls[((hulls[:, :2] < grown[2:]) & (hulls[:, 2:] > grown[:2])).all(axis=1)]
        low = np.minimum(grown[:2], touched[:, :2].min(axis=0, initial=np.inf))
        high = np.maximum(grown[2:], touched[:, 2:].max(axis=0, initial=-np.inf))
        larger = np.concatenate([np.floor(low), np.ceil(high)]).clip(0, limit)
        if (larger == grown).all():
            break
        grown = larger
    x0, y0, x1, y1 = grown.astype(int).tolist()
    return x0, y0, x1, y1


def _padding(crop: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    rim = np.concatenate([crop[0], crop[-1], crop[:, 0], crop[:, -1]])
    return np.full(shape, np.median(rim, axis=0).round(), np.uint8)


def _draw_place(
    size: tuple[int, int], within: tuple[int, int], hulls: np.ndarray, rng: np.random.Generator
) -> tuple[int, int]:
    """Draw several places for the crop and return the first of those that cut the fewest lines."""
    room = (within[0] - size[0] + 1, within[1] - size[1] + 1)
    best, fewest = (0, 0), None
    for _ in range(_PLACES_TRIED if len(hulls) else 1):
        left, top = (int(value) for value in rng.integers(0, room))
        share = _share(hulls, (left, top, left + size[0], top + size[1]))
        cut = int(np.count_nonzero((share > 0) & (share < 1)))
        if fewest is None or cut < fewest:
            best, fewest = (left, top), cut
        if fewest == 0:
            break
    return best


def _share(hulls: np.ndarray, area: tuple[float, ...]) -> np.ndarray:
    """Return the share of each box that the area covers, float32 (n,)."""
    low, high = np.maximum(hulls[:, :2], area[:2]), np.minimum(hulls[:, 2:], area[2:])
    covered = (high - low).clip(0).prod(axis=1)
    return covered / np.maximum((hulls[:, 2:] - hulls[:, :2]).prod(axis=1), 1e-6)


def _from_top(first: Lines, second: Lines) -> Lines:
    quads = np.concatenate([first.quads, second.quads])
    order = np.lexsort((quads[:, :, 0].min(axis=1), quads[:, :, 1].mean(axis=1)))
    texts = first.texts + second.texts
    return Lines([texts[i] for i in order], np.concatenate([first.scores, second.scores])[order], quads[order])

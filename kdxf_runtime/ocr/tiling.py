"""Read very tall or very wide images, such as long screenshots, tile by tile, and join the lines at the seams."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np

from kdxf_runtime.ocr.record import OCRLine

# Two boxes show the same line if they share this fraction of the smaller one, within the strip that both tiles show.
_SAME_LINE = 0.5
# The larger of two readings of a line is the more complete one, unless they differ by less than this.
_SAME_SIZE = 0.9
# How many characters the overlap of two cut readings may be off from what their boxes say; how many must agree.
_SLACK, _AGREEING = 3, 2


def join_lines(before: Sequence[OCRLine], after: Sequence[OCRLine], strip: tuple[int, int], axis: int) -> list[OCRLine]:
    """Join the lines of the tiles read so far with those of the next tile.

    Args:
        before: Lines so far.
        after: Lines of the next tile.
        strip: Start and end, along ``axis``, of the strip that both show.
        axis: 0 if the tiles are side by side, 1 if they are one below the other.

    Returns:
        The lines of ``before``, then those of ``after`` that are new. Of two readings of one line the larger is kept,
        of about equal ones the more confident. A line along the axis that neither has whole is joined from both.
    """
    joined, fresh = list(before), []
    for line in after:
        matches = [index for index, other in enumerate(joined) if _same(other, line, strip, axis)]
        if not matches:
            fresh.append(line)
            continue
        largest = max(matches, key=lambda index: _area(joined[index]))
        whole = _whole(joined[largest], line, axis)
        if whole is not joined[largest]:
            joined[largest] = whole
            fragments = set(matches) - {largest}
            joined = [other for index, other in enumerate(joined) if index not in fragments]
    return joined + fresh


def _whole(one: OCRLine, other: OCRLine, axis: int) -> OCRLine:
    """Return the better of two readings of a line, ``one`` in the earlier tile."""
    (low, high), (other_low, other_high) = _extent(one, axis), _extent(other, axis)
    across = max(np.ptp(line.box[:, 1 - axis]) for line in (one, other))
    spare = (1 - _SAME_SIZE) * min(high - low, other_high - other_low)
    if other_high - low > across and other_low > low + spare and other_high > high + spare:
        return _stitched(one, other, axis)
    small, large = sorted((_area(one), _area(other)))
    return max(one, other, key=_area if small < _SAME_SIZE * large else lambda line: line.score)


def _stitched(one: OCRLine, other: OCRLine, axis: int) -> OCRLine:
    """Return the line whose beginning is ``one`` and whose end is ``other``."""
    (low, high), (other_low, other_high) = _extent(one, axis), _extent(other, axis)
    shared = max(0.0, high - other_low)
    tail = round(len(one.text) * shared / (high - low))
    head = round(len(other.text) * shared / (other_high - other_low))
    text = _spliced(one.text, other.text, tail, head)
    weights = [len(one.text), len(other.text)]
    box = np.where((one.box[:, axis] < (low + high) / 2)[:, None], one.box, other.box)
    return OCRLine(text, float(np.average([one.score, other.score], weights=weights)), box)


def _spliced(one: str, other: str, tail: int, head: int) -> str:
    """Join two texts of which the last ``tail`` characters of one and the first ``head`` of the other are the same.

    The seam spoils the characters next to it, so the texts are joined where they agree; if they agree nowhere, in the
    middle.
    """
    start = max(0, len(one) - tail - _SLACK)
    match = SequenceMatcher(None, one[start:], other[: head + _SLACK], autojunk=False).find_longest_match()
    if match.size >= _AGREEING:
        return one[: start + match.a] + other[match.b :]
    return one[: len(one) - tail // 2] + other[head - head // 2 :]


def _same(one: OCRLine, other: OCRLine, strip: tuple[int, int], axis: int) -> bool:
    lows, highs = (np.array([corners(line.box, axis=0) for line in (one, other)]) for corners in (np.min, np.max))
    lows[:, axis], highs[:, axis] = lows[:, axis].clip(*strip), highs[:, axis].clip(*strip)
    shared = np.prod((highs.min(0) - lows.max(0)).clip(0))
    return bool(shared > 0 and shared >= _SAME_LINE * np.prod(highs - lows, axis=1).min())


def _extent(line: OCRLine, axis: int) -> tuple[float, float]:
    return float(line.box[:, axis].min()), float(line.box[:, axis].max())


def _area(line: OCRLine) -> float:
    return float(np.prod(np.ptp(line.box, axis=0)))


# No tile is shorter: engines read this many pixels without shrinking them, so cutting would gain nothing.
SHORTEST_TILE = 2000


def read_tiled(
    read: Callable[[np.ndarray], list[OCRLine]], image: np.ndarray, max_aspect: float, overlap: float
) -> list[OCRLine]:
    """Read an elongated image in tiles along its longer side, any other image whole.

    An engine shrinks a large image to a longer side that it can process; the text of a screenshot ten times as tall as
    wide is then lost. Neighbouring tiles overlap, and their lines are joined: a line that a seam cuts appears in the
    result once, whole.

    Args:
        read: The function that reads an image.
        image: uint8 (H, W, 3), BGR.
        max_aspect: A tile's longer side is at most this many times its shorter side, or :data:`SHORTEST_TILE`.
        overlap: The overlap of neighbours, as a fraction of a tile. Lines up to this height always stay whole.

    Returns:
        The lines, tile by tile, with boxes in the image.
    """
    height, width = image.shape[:2]
    axis = 1 if height > width else 0  # of a box's corners (x, y)
    tile = max(SHORTEST_TILE, int(max_aspect * min(height, width)))
    spans = tile_spans(max(height, width), tile, overlap)
    if len(spans) == 1:
        return read(image)
    lines: list[OCRLine] = []
    seen = 0
    for start, stop in spans:
        part = read(image[start:stop] if axis else image[:, start:stop])
        offset = np.eye(2, dtype=np.float32)[axis] * start
        lines = join_lines(lines, [replace(line, box=line.box + offset) for line in part], (start, seen), axis)
        seen = stop
    return lines


def tile_spans(length: int, tile: int, overlap: float) -> list[tuple[int, int]]:
    """Cut ``length`` pixels into as few equal spans of at most ``tile`` pixels as possible.

    Args:
        length: The number of pixels.
        tile: The longest span.
        overlap: The least overlap of neighbours, as a fraction of ``tile``.

    Returns:
        Start and end of each span; ``tile_spans(100, 40, 0.25)`` is ``[(0, 40), (30, 70), (60, 100)]``.
    """
    if length <= tile:
        return [(0, length)]
    shared = int(overlap * tile)
    count = math.ceil((length - shared) / (tile - shared))
    size = math.ceil((length + (count - 1) * shared) / count)
    starts = np.linspace(0, length - size, count).astype(int).tolist()
    return [(start, start + size) for start in starts]

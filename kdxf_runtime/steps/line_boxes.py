"""The places of an OCR record's lines in an image, and pieces of a line's quad.

A record's boxes are in pixels of the whole upright picture, and stay so whatever happens to the image, since the model
also gets the text of the whole picture. A transform that uses the place of the text scales them to its image, which
must therefore still show the whole picture: decoded or resized to any size, not yet cropped or rotated.
"""

import numpy as np

from kdxf_runtime.ocr.record import OCRRecord

_TALL = 1.5


def line_quads(record: OCRRecord, image: np.ndarray) -> np.ndarray:
    """Return the corners of the lines in an image that shows the whole picture.

    Args:
        record: The text of the picture.
        image: uint8 (H, W, 3), the picture at any size.

    Returns:
        float32 (n, 4, 2): corners (x, y) in pixels of ``image``, of the n lines whose place is known. That of text
        from the annotations is unknown.
    """
    if not (record.width and record.height):
        return np.zeros((0, 4, 2), np.float32)
    height, width = image.shape[:2]
    known = record.boxes[record.boxes.any(axis=(1, 2))]
    return known * np.array([width / record.width, height / record.height], np.float32)


def line_boxes(record: OCRRecord, image: np.ndarray) -> np.ndarray:
    """Return the upright bounding boxes of the lines, clipped to the image; see :func:`line_quads`.

    Returns:
        float32 (n, 4): (x0, y0, x1, y1) in pixels of ``image``, each with an area above 0.
    """
    return _upright(line_quads(record, image), image.shape[1], image.shape[0])


def upright_boxes(record: OCRRecord) -> np.ndarray:
    """Return the same as :func:`line_boxes` in pixels of the picture itself, without the picture."""
    known = record.boxes[record.boxes.any(axis=(1, 2))]
    return _upright(known, record.width, record.height)


def _upright(quads: np.ndarray, width: int, height: int) -> np.ndarray:
    boxes = np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1).clip(0, [width, height, width, height])
    return boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)].astype(np.float32)


def text_sides(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sides of lines' quads where their text begins and ends.

    As in OCR engines, text runs from left to right, or from top to bottom in a quad over 1.5 times as tall as wide.

    Args:
        quads: float32 (..., 4, 2) in pixels, clockwise from the text's top-left corner.

    Returns:
        Two float32 (..., 2, 2): the corners of the first side, and those of the last side, opposite to them.
    """
    down = _run_down(quads)[..., None, None]
    first = np.where(down, quads[..., [0, 1], :], quads[..., [0, 3], :])
    return first, np.where(down, quads[..., [3, 2], :], quads[..., [1, 2], :])


def cut_quad(quad: np.ndarray, start: float, end: float) -> np.ndarray:
    """Cut the piece from ``start`` to ``end`` (0 to 1, fractions of the text) out of a line's quad, across the text.

    Args:
        quad: float32 (4, 2) in pixels, clockwise from the text's top-left corner.
        start: Where the piece starts.
        end: Where it ends.

    Returns:
        float32 (4, 2), in the same order of corners.
    """
    first, last = text_sides(quad)
    low, high = first + (last - first) * start, first + (last - first) * end
    return np.stack([low[0], low[1], high[1], high[0]] if _run_down(quad) else [low[0], high[0], high[1], low[1]])


def _run_down(quads: np.ndarray) -> np.ndarray:
    sides = np.linalg.norm(quads[..., [2, 1], :] - quads[..., [1, 0], :], axis=-1)
    return np.asarray(sides[..., 0] > _TALL * sides[..., 1])

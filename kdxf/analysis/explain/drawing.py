"""Pictures of an explanation: the photograph with its lines of text coloured, and with the heatmap laid over it."""

import cv2
import numpy as np

from kdxf.analysis.explain.explanation import Explanation
from kdxf.analysis.line_drawing import Colour, draw_boxes

# BGR; a pair that people with colour blindness tell apart, and grey for what does not count.
FOR, AGAINST, NEUTRAL = (0, 94, 213), (178, 114, 0), (150, 150, 150)
CAPTION = (
    "Boxes: orange lines speak for the predicted class (without the line its probability falls), blue ones against it, "
    "grey ones count for nothing; the deeper the colour, the more. The numbers are those of the lines."
)
HEATMAP_CAPTION = (
    "Heatmap: red places speak most for the predicted class; what is dark at the edges the model does not see."
)
_WEAKEST_FULL = 0.05  # a change of this much gets the full colour where no line changes more


def draw_explanation(image: np.ndarray, explanation: Explanation, side: int = 640) -> np.ndarray:
    """Draw the lines of text on the photograph, coloured by what leaving them out does; :data:`CAPTION` says how.

    Args:
        image: The photograph, uint8 (H, W, 3), BGR, upright; not changed.
        explanation: Its explanation.
        side: The longer side in pixels of the picture.

    Returns:
        uint8 (h, w, 3), BGR.
    """
    image, record = _fitting(image, side), explanation.record
    known = np.flatnonzero(record.boxes.any(axis=(1, 2)))
    boxes = record.boxes[known]
    if record.width and record.height:
        boxes = boxes * np.array([image.shape[1] / record.width, image.shape[0] / record.height], np.float32)
    effects = explanation.line_effects[:, 0]
    return draw_boxes(image, boxes, side, (known + 1).tolist(), [effect_colour(effects, row) for row in known.tolist()])


def effect_colour(effects: np.ndarray, row: int) -> Colour:
    """Return the colour of one of n lines, BGR, by its part of the greatest effect, float32 (n,)."""
    strength = float(abs(effects[row]) / max(np.abs(effects).max(), _WEAKEST_FULL))
    mixed = np.multiply(FOR if effects[row] < 0 else AGAINST, strength) + np.multiply(NEUTRAL, 1 - strength)
    blue, green, red = mixed.round().astype(int).tolist()
    return blue, green, red


def draw_heatmap(image: np.ndarray, heatmap: np.ndarray, side: int = 640) -> np.ndarray:
    """Lay a heatmap over its photograph; :data:`HEATMAP_CAPTION` says how to read it.

    Args:
        image: The photograph, uint8 (H, W, 3), BGR, upright.
        heatmap: float32 (h, w), as of :class:`~kdxf.analysis.explain.explanation.Explanation`.
        side: The longer side in pixels of the picture.

    Returns:
        uint8 (h, w, 3), BGR.
    """
    picture = _fitting(image, side).astype(np.float32)
    size = picture.shape[1::-1]
    unseen = cv2.resize(np.isnan(heatmap).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    values = cv2.resize(np.nan_to_num(heatmap), size, interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap((values * 255).round().astype(np.uint8), cv2.COLORMAP_JET).astype(np.float32)
    weight = (0.25 + 0.4 * values)[..., None]
    laid = (1 - weight) * picture + weight * colours
    laid[unseen] = 0.35 * picture[unseen]
    return laid.round().astype(np.uint8)


def _fitting(image: np.ndarray, side: int) -> np.ndarray:
    """Return a picture enlarged or shrunk to a longer side."""
    scale = side / max(image.shape[:2])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)

"""The size at which an engine reads: text must be neither too small nor the image too large."""

from dataclasses import dataclass

import cv2
import numpy as np


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

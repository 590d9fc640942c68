"""Mirroring that leaves text readable."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from kdxf.datasets.transforms.dropping import check_probability
from kdxf.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FlipUnlessText(BaseTransform):
    """Mirrors an image left to right with probability ``prob``, unless OCR found text in it.

    Mirrored letters teach the image backbone nothing that it will ever meet. With ``prob=1`` it makes the mirrored view
    of test-time augmentation; an image with text then has two equal views.

    Required keys: ``img``, ``ocr``. Modified key: ``img``. Added key: ``flip`` (bool).

    Args:
        prob: Probability for an image without text.

    Raises:
        UserError: ``prob`` is not a probability.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, prob: float = 0.5) -> None:
        check_probability("FlipUnlessText", "prob", prob)
        self.prob = prob

    @cache_randomness
    def _draw(self) -> float:
        return np.random.rand()

    def transform(self, results: dict) -> dict:
        """Mirrors ``img``, or not."""
        results["flip"] = bool(self._draw() < self.prob and not results["ocr"].texts)
        if results["flip"]:
            results["img"] = cv2.flip(results["img"], 1)
        return results

"""A part of every picture covered, to see what a model makes of the rest."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS


@TRANSFORMS.register_module()
class CoverRegion(BaseTransform):
    """Paints a part of the picture in the mean colour of the rest.

    Put it right behind the transform that loads, so that it covers the same part of every photograph.

    Required and modified key: ``img``.

    Args:
        region: Left, top, right and bottom of the part, in fractions of the picture's width and height.

    Raises:
        UserError: ``region`` is no part of a picture.
    """

    def __init__(self, region: Sequence[float]) -> None:
        left, top, right, bottom = region
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise UserError(f"CoverRegion: region is {tuple(region)}; give left, top, right, bottom from 0 to 1")
        self.region = (left, top, right, bottom)

    def transform(self, results: dict) -> dict:
        """Paint over the region in a copy of ``img``."""
        image = results["img"].copy()
        height, width = image.shape[:2]
        left, top, right, bottom = np.round(np.multiply(self.region, (width, height, width, height))).astype(int)
        covered = np.zeros(image.shape[:2], bool)
        covered[top:bottom, left:right] = True
        if covered.any():
            rest = image if covered.all() else image[~covered]
            image[covered] = rest.reshape(-1, image.shape[2]).mean(axis=0).round().astype(image.dtype)
        results["img"] = image
        return results

"""A part of every picture is covered, to see what a model makes of the rest."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS


@TRANSFORMS.register_module()
class CoverRegion(BaseTransform):
    """Paints a part of the picture in the mean colour of the rest, or the rest in the mean colour of that part.

    Put it right behind the transform that loads, so that it covers the same part of every photograph.

    Required and modified key: ``img``.

    Args:
        region: Left, top, right and bottom of the part, in fractions of the picture's width and height.
        outside: Cover the rest.

    Raises:
        UserError: ``region`` is no part of a picture.
    """

    def __init__(self, region: Sequence[float], outside: bool = False) -> None:
        left, top, right, bottom = region
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise UserError(f"CoverRegion: region is {tuple(region)}; give left, top, right, bottom from 0 to 1")
        self.region = (left, top, right, bottom)
        self.outside = outside

    def transform(self, results: dict) -> dict:
        """Paint over a part of a copy of ``img``."""
        image = results["img"].copy()
        height, width = image.shape[:2]
        left, top, right, bottom = np.round(np.multiply(self.region, (width, height, width, height))).astype(int)
        covered = np.full(image.shape[:2], self.outside)
        covered[top:bottom, left:right] = not self.outside
        if covered.any():
            rest = image if covered.all() else image[~covered]
            image[covered] = rest.reshape(-1, image.shape[2]).mean(axis=0).round().astype(image.dtype)
        results["img"] = image
        return results

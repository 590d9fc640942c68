"""Loading of images that never stops a run."""

import numpy as np
from mmcv.transforms import BaseTransform

from kdxf.errors import UserError
from kdxf.image_io import ImageReadError, read_image
from kdxf.registry import TRANSFORMS

# ImageNet's mean colour: after the usual normalization a blank image is close to zero.
BLANK_BGR = (104, 116, 124)


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Loads an image; one that cannot be read becomes a blank one with its reason under ``error``.

    Required keys: ``img_path``. Added keys: ``img`` (uint8 (H, W, 3), BGR), ``img_shape``, ``ori_shape``, and ``error``
    (str) only where the image cannot be read.

    Args:
        min_edge: A JPEG may be decoded at 1/2, 1/4 or 1/8 scale so long as its shorter edge keeps this many pixels.
            Choose it by what follows: the size of the resize, or for a random crop of at least area ``a`` resized to
            ``s`` about ``s / sqrt(a)``. ``None`` always decodes in full.
        blank_size: Edge of the blank image, in pixels.

    Raises:
        UserError: A size is not positive.
    """

    def __init__(self, min_edge: int | None = None, blank_size: int = 224) -> None:
        for name, value in (("min_edge", min_edge), ("blank_size", blank_size)):
            if value is not None and value < 1:
                raise UserError(f"LoadImage: {name} is {value}; give a number of pixels above 0")
        self.min_edge = min_edge
        self.blank_size = blank_size

    def transform(self, results: dict) -> dict:
        """Loads the image at ``img_path``."""
        try:
            image = read_image(results["img_path"], self.min_edge)
        except ImageReadError as error:
            image = np.full((self.blank_size, self.blank_size, 3), BLANK_BGR, dtype=np.uint8)
            results["error"] = str(error)
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results

"""Random colours, by tables of 256 entries in place of arithmetic on every pixel."""

from typing import Any

import cv2
import numpy as np
from mmpretrain.datasets import ColorJitter as HostColorJitter

from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS

# By the numbers that MMPretrain gives to brightness, contrast and saturation.
_BLENDED_WITH = ((0, 0), (1, 0), (0, 1))
_LEVELS = np.arange(256, dtype=np.float32)[:, None]


@TRANSFORMS.register_module()
class ColorJitter(HostColorJitter):
    """Change brightness, contrast and saturation at random: MMPretrain's transform, several times as fast.

    With ``backend='cv2'`` and without ``hue`` it draws the same numbers and gives the same pixels. Other settings are
    left to MMPretrain's code.

    Required key: ``img``, uint8 (H, W, 3), BGR. It is modified, or with ``on_device`` ``img_jitter`` is added, float32
    (3, 3), a row for each step: its factor, and the shares of the mean grey and of each pixel's grey in what the image
    is blended with, which is black where both are 0.

    Args:
        brightness: The factor is drawn from ``1 - brightness`` (at least 0) to ``1 + brightness``, or from the given
            (least, greatest).
        contrast: Likewise.
        saturation: Likewise.
        hue: The shift is drawn from ``-hue`` to ``hue``, 0.5 at most, or from the given (least, greatest).
        backend: ``'cv2'`` or ``'pillow'``.
        on_device: Only draw the numbers; the model's data preprocessor
            (:class:`~kdxf.models.data_preprocessors.ImageTextDataPreprocessor`) changes the whole batch where it lies,
            after all other transforms. For a GPU that waits for its loader.

    Raises:
        UserError: ``on_device`` with ``hue`` or ``backend='pillow'``, which the preprocessor has no code for.
    """

    def __init__(self, *args: Any, on_device: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if on_device and (self.hue is not None or self.backend != "cv2"):
            raise UserError("ColorJitter: on_device=True has no hue, and gives the pixels of backend='cv2' alone")
        self.on_device = on_device

    def transform(self, results: dict) -> dict:
        """Change the colours of ``img``, or say how they are to be changed."""
        image = results["img"]
        if self.on_device:
            order, *factors, _ = self._rand_params()
            known = [1.0 if factor is None else factor for factor in factors]
            steps = [(known[step], *_BLENDED_WITH[step]) for step in order if step < len(known)]
            results["img_jitter"] = np.array(steps, np.float32)
            return results
        if self.backend != "cv2" or self.hue is not None or image.dtype != np.uint8:
            return super().transform(results)
        order, brightness, contrast, saturation, _ = self._rand_params()
        for step in order:
            if step == 0 and brightness is not None:
                image = cv2.LUT(image, blended_levels(brightness, 0))
            elif step == 1 and contrast is not None:
                grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
                image = cv2.LUT(image, blended_levels(contrast, round(cv2.sumElems(grey)[0] / grey.size)))
            elif step == 2 and saturation is not None:
                grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
                image = cv2.addWeighted(image, saturation, grey, 1 - saturation, 0)
        results["img"] = image
        return results


def blended_levels(factor: float, grey: int) -> np.ndarray:
    """Return ``level * factor + grey * (1 - factor)`` for each level 0..255, clipped and cut to uint8 (256, 1)."""
    blended = cv2.addWeighted(_LEVELS, factor, np.full_like(_LEVELS, grey), 1 - factor, 0)
    return blended.clip(0, 255).astype(np.uint8)

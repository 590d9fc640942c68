"""albumentations' transforms and policies."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from kdxf.datasets.transforms.albumentations_policy import build_policy, read_policy
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Albumentations(BaseTransform):
    """Applies transforms of albumentations, listed in the config or in a policy file.

    Takes the place of MMPretrain's class of this name. The transforms see the image in RGB, as albumentations expects,
    and nothing else of the sample; their random numbers come from NumPy's, so that a seed repeats a run and no two
    loader workers draw the same. Names and options of albumentations 1.x are translated, with a line in the log:
    :mod:`kdxf.datasets.transforms.albumentations_names`. Options that a config leaves out have the defaults of 2.x: the
    border of ``Rotate`` and ``ShiftScaleRotate`` is black there (``border_mode=0``), not mirrored (4) as in 1.x.
    ``Normalize`` and ``ToTensorV2`` at the end are left out, for the data preprocessor does that.

    The boxes in ``ocr`` stay as they are: whatever asks where the text is (``RandomResizedCropKeepText``,
    ``EraseText``, ...) stands before this transform. Mirrors and quarter turns make text illegible, as elsewhere.

    Needs ``pip install 'kdxf[augment]'``.

    Required key: ``img``. Modified key: ``img``. Added key: ``img_shape``.

    Args:
        transforms: Dicts with ``type``, the name of a class, and its options; ``OneOf`` and the like hold
            ``transforms`` of their own.
        file: In place of them a JSON or YAML file that ``albumentations.save`` wrote, such as AutoAlbument's
            ``latest.json``.

    Raises:
        UserError: Not just one of the two is given, the file is none, or albumentations lacks a transform or option.
    """

    def __init__(self, transforms: Sequence[dict[str, Any]] | None = None, file: str | Path | None = None) -> None:
        if (transforms is None) == (file is None):
            raise UserError("Albumentations: give transforms or file, one of the two")
        self.where = "transforms" if file is None else str(file)
        parts, p = (list(transforms or ()), 1.0) if file is None else read_policy(file)
        self.policy = build_policy(parts, p, self.where)
        self._numpy, self._python = np.random.default_rng(0), random.Random(0)
        self.policy.set_random_state(self._numpy, self._python)

    @cache_randomness
    def _draw_seed(self) -> int:
        return int(np.random.randint(2**32, dtype=np.uint32))

    def transform(self, results: dict) -> dict:
        """Augments ``img``.

        Raises:
            UserError: The policy cannot be applied to this image, or does not give an image of 8 bits.
        """
        seed = self._draw_seed()
        self._numpy.bit_generator.state = np.random.PCG64(seed).state  # all transforms share these two
        self._python.seed(seed)
        height, width = results["img"].shape[:2]
        try:
            image = self.policy(image=cv2.cvtColor(results["img"], cv2.COLOR_BGR2RGB))["image"]
        except Exception as error:  # what a transform does to an image that is too small may fail anywhere
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(
                f"Albumentations: {self.where} fails on an image of {width}x{height} pixels: {reason}"
            ) from error
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3:
            kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
            raise UserError(f"Albumentations: {self.where} gives {kind} in place of an image of 8 bits; take that out")
        results["img"] = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        results["img_shape"] = results["img"].shape[:2]
        return results

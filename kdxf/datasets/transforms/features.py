"""Stored features of a frozen backbone in place of the image. Shapes: C channels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from kdxf.datasets.feature_store import FeatureStore
from kdxf.io.images import ImageReadError
from kdxf.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadFeature(BaseTransform):
    """Load the feature that a frozen backbone gave of an image (:class:`~kdxf.datasets.feature_store.FeatureStore`).

    ``tools/features.py CONFIG`` computes the features; the model's backbone is then ``StoredFeatures``. In prediction
    an image that the store lacks is encoded at that moment, so the same config predicts new images.

    Required keys: ``img_path``. Added keys: ``img`` (float32 (1, 1, C)), ``img_blank`` (the same of a blank image), and
    ``error`` (str) only where the image cannot be read; ``img`` is then ``img_blank``.

    Args:
        folder: The store.
        backbone: Config of the backbone that computed it, with ``init_cfg``.
        test_image: Transforms of the test view.
        train_image: Transforms of a training view.
        views: Training views per image.
        seed: Of the training views.
        train: Take one of the training views, or the test view, at random; otherwise the test view.

    Raises:
        UserError: The store is damaged or its settings contradict each other.
    """

    def __init__(
        self,
        folder: str,
        backbone: Mapping[str, Any],
        test_image: Sequence[dict],
        train_image: Sequence[dict] = (),
        views: int = 0,
        seed: int = 0,
        train: bool = False,
    ) -> None:
        self.store = FeatureStore(folder, backbone, test_image, train_image, views, seed)
        self.train = train

    def transform(self, results: dict) -> dict:
        """Load the feature of ``img_path``."""
        view = np.random.randint(self.store.views) if self.train else 0
        blank = self.store.blank[None, None]
        try:
            feature = self.store.feature(results["img_path"], view)[None, None]
        except ImageReadError as error:
            feature, results["error"] = blank, str(error)
        results["img"] = feature
        results["img_blank"] = blank
        return results

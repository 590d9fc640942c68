"""Stored features of frozen encoders in place of the image or the text. Shapes: C channels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from kdxf.datasets.feature_store import FeatureStore
from kdxf.datasets.text_feature_store import TextFeatureStore
from kdxf.registry import TRANSFORMS
from kdxf_runtime.io.images import ImageReadError


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


@TRANSFORMS.register_module()
class LoadTextFeature(BaseTransform):
    """Load the feature that a frozen text encoder gave of a text.

    ``tools/features.py CONFIG`` computes the features; the model's text encoder is then ``StoredTextFeatures``. In
    prediction a text that the store lacks is encoded at that moment, so the same config predicts new images. See
    :class:`~kdxf.datasets.text_feature_store.TextFeatureStore`.

    Required keys: ``ocr``. Added keys: ``text_feature`` (float32 (1, C)) and ``text_feature_weight`` (float32 (1,)): 1,
    or 0 where the text has no token. The text stands there as its single token, so that whatever drops or mixes tokens
    works on it as on others.

    Args:
        folder: The store.
        encoder: Config of the text encoder that computed it.
        text: Transforms in front of the encoder.

    Raises:
        UserError: The store is damaged, or the encoder lacks weights.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, folder: str, encoder: Mapping[str, Any], text: Sequence[dict]) -> None:
        self.store = TextFeatureStore(folder, encoder, text)

    def transform(self, results: dict) -> dict:
        """Load the feature of ``ocr``."""
        feature = self.store.feature(results["ocr"])
        results["text_feature"] = feature[None]
        results["text_feature_weight"] = np.array([feature.any()], np.float32)
        return results

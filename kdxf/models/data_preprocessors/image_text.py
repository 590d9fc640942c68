"""Data preprocessor for both modalities. Shapes: N batch, L tokens, D width of a word vector."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from kdxf.errors import UserError
from kdxf.registry import MODELS


@MODELS.register_module()
class ImageTextDataPreprocessor(ClsDataPreprocessor):
    """MMPretrain's ``ClsDataPreprocessor`` for inputs that hold an image, a text, or both.

    Images go through MMPretrain's code (BGR to RGB, normalisation, padding, batch augmentations), texts are moved to
    the device. Inputs that are not a mapping are images alone and take exactly MMPretrain's way.

    Args:
        *args: As of ``ClsDataPreprocessor``.
        **kwargs: As of ``ClsDataPreprocessor``: ``mean``, ``std`` (RGB order when ``to_rgb``), ``to_rgb``,
            ``pad_size_divisor``, ``num_classes``, ``to_onehot``, ``batch_augments``.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a batch.

        Args:
            data: ``inputs``: a mapping with ``img`` (N, 3, H, W) and/or ``text`` (N, L, D), ``text_weight`` (N, L) and
                the like, or a list of such mappings of single samples, or images alone. ``data_samples``: a list of N,
                optional.
            training: Whether batch augmentations apply.

        Returns:
            ``inputs`` and ``data_samples`` as the model takes them.

        Raises:
            UserError: If batch augmentations are set and the samples have a text, which they do not mix.
        """
        inputs = data["inputs"]
        if isinstance(inputs, Sequence) and inputs and isinstance(inputs[0], Mapping):
            inputs = {key: [sample[key] for sample in inputs] for key in inputs[0]}
        if not isinstance(inputs, Mapping):
            return super().forward(data, training)

        texts = {key: self._text(value) for key, value in inputs.items() if key != "img"}
        if texts and training and self.batch_augments is not None:
            raise UserError(
                "batch_augments mix images only, but the samples have a text as well: remove batch_augments "
                "(train_cfg) or train on the image alone"
            )
        # Without images, ones without a pixel let MMPretrain's code put the labels into place.
        images = inputs.get("img", torch.empty(1, 3, 0, 0))
        batch = super().forward({**data, "inputs": images}, training)
        if "img" in inputs:
            texts["img"] = batch["inputs"]
        return {**batch, "inputs": texts}

    def _text(self, value: Any) -> Tensor:
        """Stack (if need be) and move one text input; numbers that are not whole become float32."""
        tensor = self.cast_data(torch.stack(list(value)) if isinstance(value, Sequence) else value)
        return tensor.float() if tensor.is_floating_point() else tensor

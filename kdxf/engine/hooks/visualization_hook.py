"""Draws predictions on the images of any batch."""

from collections.abc import Sequence
from typing import Any

from mmpretrain.engine.hooks import VisualizationHook as HostVisualizationHook
from mmpretrain.structures import DataSample

from kdxf.registry import HOOKS


@HOOKS.register_module()
class VisualizationHook(HostVisualizationHook):
    """MMPretrain's hook, for batches with images and text, and for several views of an image.

    Of several views the first is drawn. A batch without images (a text model's) is not drawn. Channels are turned
    from BGR, which the pipelines of kdxf and MMPretrain load, to the RGB that the visualizer draws on.
    """

    def _draw_samples(
        self, batch_idx: int, data_batch: dict[str, Any], data_samples: Sequence[DataSample], step: int = 0
    ) -> None:
        images = data_batch["inputs"]
        if isinstance(data_batch["data_samples"][0], (list, tuple)):
            images = images[0]
        if isinstance(images, dict):
            images = images.get("img")
        if self.enable and images is not None:
            images = [image.flip(0) for image in images]
            super()._draw_samples(batch_idx, {"inputs": images}, data_samples, step)

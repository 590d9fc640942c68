"""Draws predictions below the photographs of any batch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.dist import is_main_process
from mmpretrain.engine.hooks import VisualizationHook as HostVisualizationHook
from mmpretrain.structures import DataSample

from kdxf.registry import HOOKS
from kdxf.visualization.captions import Colour, with_caption
from kdxf_runtime.io.files import write_whole
from kdxf_runtime.io.images import ImageReadError, read_image
from kdxf_runtime.io.pixels import shrink

_RIGHT, _WRONG, _PLAIN = (20, 110, 50), (180, 30, 30), (40, 40, 40)


@HOOKS.register_module()
class VisualizationHook(HostVisualizationHook):
    """MMPretrain's hook, for batches with images and text, and for several views of an image.

    What is drawn is the photograph, read again from its file, and not the input of the network, which is small and cut.
    The prediction and the label stand below it, in a font with Chinese characters
    (:func:`kdxf.io.fonts.chinese_font`). Where a file cannot be read, the input of the network is drawn and the caption
    says so; of several views it is the first. Where the network got no image (a text model, stored features), nothing
    is drawn then.

    With ``out_dir`` the pictures are ``NUMBER_NAME_STEP.jpg``, numbered in the order of the dataset, so that pictures
    of the same name in different folders do not overwrite each other.

    Args:
        enable: Whether to draw.
        interval: Draw each ``interval``-th sample.
        show: Whether to show the pictures in a window.
        out_dir: The folder of the pictures; without it they go to the backends of the visualizer.
        longest: The longer edge in pixels that larger photographs are scaled down to.
    """

    def __init__(
        self,
        enable: bool = False,
        interval: int = 5000,
        show: bool = False,
        out_dir: str | None = None,
        longest: int = 960,
    ) -> None:
        super().__init__(enable, interval, show, out_dir)
        self.longest = longest
        self._seen = 0

    def _draw_samples(
        self, batch_idx: int, data_batch: dict[str, Any], data_samples: Sequence[DataSample], step: int = 0
    ) -> None:
        first = 0 if batch_idx == 0 else self._seen
        self._seen = first + len(data_samples)
        if not (self.enable and is_main_process()):
            return
        inputs = _images_of(data_batch)
        classes = (self._visualizer.dataset_meta or {}).get("classes")
        for place in range(-first % self.interval, len(data_samples), self.interval):
            sample = data_samples[place]
            drawn = self._draw(sample, None if inputs is None else inputs[place], classes)
            if drawn is not None:
                self._put(drawn, f"{first + place:06d}_{Path(sample.get('img_path', '')).stem}", step)

    def _draw(
        self, sample: DataSample, pixels: torch.Tensor | None, classes: Sequence[str] | None
    ) -> np.ndarray | None:
        lines = _lines(sample, classes)
        try:
            image = read_image(sample.get("img_path", ""), min_edge=self.longest)
        except ImageReadError as error:
            if pixels is None or pixels.ndim != 3 or pixels.shape[0] != 3:  # stored features instead of an image
                return None
            image = np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy().astype(np.uint8))
            lines.append((f"the input of the network is shown: {error}", _PLAIN))
        return with_caption(shrink(image, self.longest), lines)

    def _put(self, drawn: np.ndarray, name: str, step: int) -> None:
        if self.show:
            self._visualizer.show(drawn[..., ::-1], win_name=name)
        if self.out_dir is None:
            self._visualizer.add_image(name, drawn[..., ::-1], step=step)
        else:
            write_whole(cv2.imencode(".jpg", drawn)[1].tobytes(), Path(self.out_dir, f"{name}_{step}.jpg"))


def _images_of(batch: Mapping[str, Any]) -> torch.Tensor | None:
    """Return the images of a batch, of several views the first: (N, 3, H, W), BGR."""
    images = batch["inputs"]
    if isinstance(batch["data_samples"][0], (list, tuple)):
        images = images[0]
    return images.get("img") if isinstance(images, dict) else images


def _lines(sample: DataSample, classes: Sequence[str] | None) -> list[tuple[str, Colour]]:
    """Return the prediction, green if it is right and red if it is wrong, and the label."""

    def name(index: int) -> str:
        return str(index) if classes is None else classes[index]

    predicted = sample.pred_label.tolist() if "pred_label" in sample else []
    labels = sample.gt_label.tolist() if "gt_label" in sample else []
    scores = [f" {sample.pred_score[index].item():.2f}" if "pred_score" in sample else "" for index in predicted]
    colour = _PLAIN if not labels else _RIGHT if set(predicted) == set(labels) else _WRONG
    said = ", ".join(f"{name(index)}{score}" for index, score in zip(predicted, scores, strict=True))
    lines = [(f"predicted: {said or 'no class'}", colour)]
    return [*lines, (f"labelled: {', '.join(map(name, labels))}", _PLAIN)] if labels else lines

"""Samples of a dataset to look at, also after batch augmentations. N is the batch size."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmpretrain.structures import DataSample
from torch import Tensor

from kdxf.datasets.collate import collate_function
from kdxf.datasets.image_keys import leaf_datasets
from kdxf.engine.config import type_name
from kdxf.errors import UserError
from kdxf.registry import MODELS


@dataclass(frozen=True, eq=False)
class Draw:
    """A sample as one pass through the pipeline made it.

    Attributes:
        packed: The dataset's output, which the loader makes batches of.
        results: The pipeline's results before its last transform, which packs them.
    """

    packed: dict[str, Any]
    results: dict[str, Any]

    @property
    def inputs(self) -> Mapping[str, Tensor]:
        """Inputs of the model by name; images alone are ``img``."""
        inputs = self.packed["inputs"]
        return inputs if isinstance(inputs, Mapping) else {"img": inputs}

    @property
    def sample(self) -> DataSample:
        """Data sample with the target."""
        return self.packed["data_samples"]

    @property
    def image(self) -> np.ndarray | None:
        """Image that the model gets, uint8 (H, W, 3) in BGR order, before normalization; None without one.

        Stored features in its place are not an image.
        """
        image = self.inputs.get("img")
        return None if image is None or image.shape[0] != 3 else np.ascontiguousarray(image.numpy().transpose(1, 2, 0))


class Draws:
    """Source of samples, which go through the dataset's own pipeline.

    Args:
        dataset: A dataset with a ``pipeline``, or wrappers around one or several.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._results: dict[str, Any] = {}
        self.pipelines = [leaf.pipeline for leaf in leaf_datasets(dataset)]
        for pipeline in self.pipelines:
            pipeline.transforms.insert(len(pipeline.transforms) - 1, self._record)

    def draw(self, index: int) -> Draw:
        """Send the sample at ``index`` through the pipeline, whose random transforms differ from call to call."""
        packed = self.dataset[index]
        return Draw(packed, self._results)

    def _record(self, results: dict[str, Any]) -> dict[str, Any]:
        self._results = dict(results)
        return results


@dataclass(frozen=True, eq=False)
class Mixed:
    """A sample of a mixed batch.

    Attributes:
        image: uint8 (H, W, 3) in BGR order; None without one.
        sample: With the mixed target.
        shares: The samples whose texts were mixed, by their positions in the batch, and the weight of each; None
            where the model takes no text.
    """

    image: np.ndarray | None
    sample: DataSample
    shares: dict[int, float] | None


class Mixer:
    """The data preprocessor of a config, on its own.

    Args:
        cfg: A config with batch augmentations in ``model.train_cfg`` or ``data_preprocessor.batch_augments``.
        loader: The config of the loader that makes the batches.

    Raises:
        UserError: There are none.
    """

    def __init__(self, cfg: Config, loader: Mapping[str, Any]) -> None:
        kind = "ImageTextDataPreprocessor" if type_name(cfg.model) == "ImageTextClassifier" else "ClsDataPreprocessor"
        settings = dict(cfg.model.get("data_preprocessor") or cfg.get("data_preprocessor") or {})
        settings = {"type": kind, "batch_augments": cfg.model.get("train_cfg"), **settings}
        if not settings["batch_augments"]:
            raise UserError(
                f"--mix: config {cfg.filename} has no batch augmentations; set model.train_cfg, or leave --mix out"
            )
        self.preprocessor = MODELS.build(settings)
        self._collate = collate_function(loader)

    def mix(self, draws: Sequence[Draw]) -> list[Mixed]:
        """Make a batch of N samples and apply the batch augmentations to it."""
        batch = self._collate([draw.packed for draw in draws])
        tracer = self._add_tracer(batch)
        batch = self.preprocessor(batch, training=True)
        inputs = batch["inputs"] if isinstance(batch["inputs"], Mapping) else {"img": batch["inputs"]}
        images = [None] * len(draws) if "img" not in inputs else [self._picture(image) for image in inputs["img"]]
        shares = [None] * len(draws) if tracer is None else _shares(inputs[tracer[0]], inputs[tracer[1]])
        return [Mixed(*parts) for parts in zip(images, batch["data_samples"], shares, strict=True)]

    def _add_tracer(self, batch: dict) -> tuple[str, str] | None:
        """Give every sample a text of one word, its position in the batch; after mixing it names the partner."""
        inputs = batch["inputs"]
        if not isinstance(inputs, Mapping) or set(inputs) == {"img"}:
            return None
        keys = ("ngram_ids", "ngram_weight") if "ngram_ids" not in inputs else ("text_ids", "text_mask")
        count = len(batch["data_samples"])
        batch["inputs"] = {**inputs, keys[0]: torch.arange(count)[:, None], keys[1]: torch.ones(count, 1)}
        return keys

    def _picture(self, image: Tensor) -> np.ndarray:
        """Turn an input (3, H, W) of the model back into pixels."""
        if self.preprocessor._enable_normalize:
            image = image * self.preprocessor.std + self.preprocessor.mean
        pixels = image.round().clamp(0, 255).byte().cpu().numpy().transpose(1, 2, 0)
        return np.ascontiguousarray(pixels[..., ::-1] if self.preprocessor.to_rgb else pixels)


def _shares(places: Tensor, weights: Tensor) -> list[dict[int, float]]:
    """Read the tracer after mixing: (N, 1) where nothing was mixed, else two words of each sample."""
    rows = zip(places.flatten(1).tolist(), weights.flatten(1).tolist(), strict=True)
    return [{place: weight for place, weight in zip(*row, strict=True) if weight > 0} for row in rows]

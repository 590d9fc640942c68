"""Takes samples out of a dataset, with what they were before they were packed."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmpretrain.structures import DataSample
from torch import Tensor

from kdxf.datasets.image_keys import leaf_datasets


@dataclass(frozen=True, eq=False)
class Draw:
    """A sample as one pass through the pipeline made it.

    Attributes:
        packed: What the dataset gives, and the loader makes batches of.
        results: What the pipeline had before its last transform, which packs.
    """

    packed: dict[str, Any]
    results: dict[str, Any]

    @property
    def inputs(self) -> Mapping[str, Tensor]:
        """The inputs of the model by name; images alone are ``img``."""
        inputs = self.packed["inputs"]
        return inputs if isinstance(inputs, Mapping) else {"img": inputs}

    @property
    def sample(self) -> DataSample:
        """The data sample."""
        return self.packed["data_samples"]

    @property
    def image(self) -> np.ndarray | None:
        """The image that the model gets, uint8 (H, W, 3) in BGR order, before normalization; None without one."""
        image = self.inputs.get("img")
        return None if image is None else np.ascontiguousarray(image.numpy().transpose(1, 2, 0))


class Draws:
    """Draws samples from a dataset by its own pipeline.

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
        """Sends the sample at ``index`` through the pipeline; each time it may come out another."""
        packed = self.dataset[index]
        return Draw(packed, self._results)

    def _record(self, results: dict[str, Any]) -> dict[str, Any]:
        self._results = dict(results)
        return results

"""A bundle's graph in eight bits: ranges by training pictures, judged on labelled test pictures. N pictures, K classes.

Texts are those that the datasets have; none is read for it. Both graphs are judged with the same inputs.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kdxf.engine.config import building
from kdxf.errors import UserError
from kdxf.export.quantize import judge_quantized, quantize_graph
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts, dataset_images
from kdxf.inference.pipeline import dataset_config
from kdxf.inference.score_file import dataset_labels
from kdxf.registry import DATASETS
from kdxf_runtime.bundle import GRAPH
from kdxf_runtime.runner import Picture, Runner, open_graph

TRAINING = 256
"""So many training pictures give the ranges, where there are as many."""
TESTED = 2000
"""So many test pictures are judged, where there are as many."""

_BATCH = 8
_REPEATED = 5
_WEIGHTS = f"{GRAPH}.data"


@dataclass(frozen=True)
class Quantized:
    """What quantization gained and lost, for the model card.

    Attributes:
        training_pictures: How many gave the ranges.
        test_pictures: How many judged it.
        shrink: How many times smaller the graph is.
        speedup: How many times faster.
        accuracy_before: Top-1 accuracy in float32, in percent.
        accuracy_after: Top-1 accuracy in int8, in percent.
    """

    training_pictures: int
    test_pictures: int
    shrink: float
    speedup: float
    accuracy_before: float
    accuracy_after: float


def quantize(inferencer: KDXFInferencer, runner: Runner) -> Quantized:
    """Replace the graph of a bundle by one whose image encoder has eight bits.

    Args:
        inferencer: The model, whose config names the training and the test dataset.
        runner: Of the bundle, in float32.

    Raises:
        UserError: It does not pay, the model gives several labels, or a dataset cannot be used. The graph is as it was
            then.
    """
    if runner.bundle.manifest.multi_label is not None:
        raise UserError("--quantize int8: is judged by the one best class, and this model gives several; leave it out")
    path = runner.bundle.path(GRAPH)
    if path.with_name(_WEIGHTS).exists():
        raise UserError(
            "--quantize int8: the graph has weights of more than 2 GB, which cannot be quantized; leave it out"
        )
    training = _Pictures(inferencer, runner, "train_dataloader", TRAINING)
    tests = _Pictures(inferencer, runner, "test_dataloader", TESTED, labelled=True)
    target = path.with_name("int8.onnx")
    try:
        sizes = quantize_graph(path, target, training.batches())
        manifest = runner.bundle.manifest
        graphs = [open_graph(file, manifest.inputs, len(manifest.classes)) for file in (path, target)]
        before, after = tests.scores(graphs)
        seconds = _seconds(graphs, next(tests.batches()))
        judged = judge_quantized(before, after, tests.labels, sizes, *seconds)
        if judged.refusal is not None:
            raise UserError(judged.refusal)
        os.replace(target, path)
    finally:
        target.unlink(missing_ok=True)
    return Quantized(
        len(training),
        len(tests),
        judged.shrink,
        judged.speedup,
        judged.accuracy_before,
        judged.accuracy_after,
    )


class _Pictures:
    """Some pictures of a dataset, evenly spread over it, as inputs of the graph; ``labels`` are int64 (N,)."""

    def __init__(
        self, inferencer: KDXFInferencer, runner: Runner, loader: str, most: int, labelled: bool = False
    ) -> None:
        dataset = _dataset(inferencer, loader)
        images = dataset_images(dataset)
        texts = InputTexts.from_dataset(images, dataset) if inferencer.needs_text else None
        labels = _labels(dataset, inferencer) if labelled else np.zeros(len(images), np.int64)
        rows = np.flatnonzero(labels >= 0)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(np.int64)]
        self.labels = labels[rows]
        self._images = [(images[row], None if texts is None else texts[row]) for row in rows.tolist()]
        self._runner = runner

    def __len__(self) -> int:
        return len(self._images)

    def batches(self) -> Iterator[Mapping[str, np.ndarray]]:
        for start in range(0, len(self), _BATCH):
            part = self._images[start : start + _BATCH]
            pictures = [Picture.read(image.path, image.image_id, image.columns) for image, _ in part]
            ((inputs,), _) = self._runner.prepare(zip(pictures, (record for _, record in part), strict=True))
            yield inputs

    def scores(self, graphs: Sequence[Any]) -> list[np.ndarray]:
        """Return the scores (N, K) of each graph."""
        found = [[graph.run(["scores"], inputs)[0] for graph in graphs] for inputs in self.batches()]
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def _labels(dataset: Any, inferencer: KDXFInferencer) -> np.ndarray:
    """Return the true classes of all pictures, -1 where one has none."""
    labels = dataset_labels(dataset, inferencer.classes)
    if labels is None or labels.ndim != 1 or not (labels >= 0).any():
        raise UserError("--quantize int8: the test dataset has no pictures with one label each; leave it out")
    return labels


def _dataset(inferencer: KDXFInferencer, loader: str) -> Any:
    if inferencer.cfg.get(loader) is None:
        raise UserError(f"--quantize int8: the config has no {loader}, whose pictures it needs; leave it out")
    try:
        with building(inferencer.cfg):
            return DATASETS.build({**dataset_config(inferencer.cfg, loader), "pipeline": []})
    except (UserError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"--quantize int8: the dataset of {loader} cannot be opened ({reason})") from error


def _seconds(graphs: Sequence[Any], inputs: Mapping[str, np.ndarray]) -> list[float]:
    """Return the shortest time of each graph for a batch, measured in turn: other work slows both."""
    times: list[list[float]] = [[] for _ in graphs]
    for _ in range(_REPEATED):
        for graph, found in zip(graphs, times, strict=True):
            start = time.perf_counter()
            graph.run(["scores"], dict(inputs))
            found.append(time.perf_counter() - start)
    return [min(found) for found in times]

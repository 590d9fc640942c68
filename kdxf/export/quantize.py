"""The image encoder of a graph in eight bits: a quarter of its size, and faster where processors multiply bytes.

Weights become int8, one scale per output channel, and the numbers between the layers uint8, with ranges that are
measured on training pictures (static quantization, in the form of QuantizeLinear and DequantizeLinear). Only
convolutions and linear layers of the image encoder change: text encoders, fusion and head stay as they are, since they
cost little and the scores depend on them directly. Shapes: N samples, K classes.
"""

import ast
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from kdxf.errors import UserError
from kdxf_runtime.io.files import replacing
from kdxf_runtime.optional import require

LEAST_SHRINK = 3.0
"""A quantized file must be smaller by this factor."""
LEAST_SPEEDUP = 1.0
"""It must be faster by more than this factor."""
MOST_LOST = 0.5
"""It may lose this many percentage points of accuracy."""

_LAYERS = ("Conv", "ConvTranspose", "MatMul", "Gemm")
_ENCODERS = ("image_backbone", "backbone", "frozen_image")
_SCOPES = "pkg.torch.onnx.name_scopes"  # torch's exporter notes there in which modules a node arose


@dataclass(frozen=True)
class Sizes:
    """Sizes of a file before and after quantization, in bytes.

    Attributes:
        before: In float32.
        after: In int8.
        layers: Number of convolutions and linear layers that were quantized.
    """

    before: int
    after: int
    layers: int


def quantize_graph(source: Path, target: Path, batches: Iterable[Mapping[str, np.ndarray]]) -> Sizes:
    """Quantize the image encoder of a graph.

    Args:
        source: A graph of :func:`~kdxf.export.graph.export_graph`, with the weights inside.
        target: The file to write.
        batches: Inputs of training samples, for the ranges; some hundred samples are enough.

    Raises:
        UserError: The graph has no layers of an image encoder, there is no batch, or a package is missing.
    """
    onnx: Any = require("onnx", "export", "--quantize int8")
    quantization: Any = require("onnxruntime.quantization", "export", "--quantize int8")
    shapes: Any = require("onnxruntime.quantization.shape_inference", "export", "--quantize int8")
    layers = image_layers(onnx.load(str(source)))
    if not layers:
        raise UserError(f"--quantize int8: {source.name} has no convolution or linear layer of an image encoder")
    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        raise UserError("--quantize int8: there are no training samples to measure the ranges of numbers with")
    reader = _reader(quantization, chain([first], batches))
    with replacing(target) as temporary, tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder, "prepared.onnx")
        # Merging of nodes would lose which module they are of.
        shapes.quant_pre_process(str(source), str(prepared), skip_optimization=True, skip_symbolic_shape=True)
        quantization.quantize_static(
            str(prepared),
            str(temporary),
            reader,
            quant_format=quantization.QuantFormat.QDQ,
            nodes_to_quantize=layers,
            op_types_to_quantize=list(_LAYERS),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
    return Sizes(source.stat().st_size, target.stat().st_size, len(layers))


def image_layers(graph: Any) -> list[str]:
    """Return the names of the nodes with weights that belong to an image encoder.

    Args:
        graph: An ``onnx.ModelProto``.
    """
    weights = {tensor.name for tensor in graph.graph.initializer}
    return [
        node.name
        for node in graph.graph.node
        if node.op_type in _LAYERS and weights.intersection(node.input) and _is_of_an_image_encoder(node)
    ]


@dataclass(frozen=True)
class Judgement:
    """What quantization gained and lost.

    Attributes:
        shrink: How many times smaller the file is.
        speedup: How many times faster.
        accuracy_before: Top-1 accuracy in float32, in percent.
        accuracy_after: Top-1 accuracy in int8, in percent.
        refusal: Why the quantized graph is not to be used, in one line; None where it is.
    """

    shrink: float
    speedup: float
    accuracy_before: float
    accuracy_after: float
    refusal: str | None

    @property
    def lost(self) -> float:
        """Percentage points of accuracy that are lost; negative where some are gained."""
        return self.accuracy_before - self.accuracy_after


def judge_quantized(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, sizes: Sizes, seconds_before: float, seconds_after: float
) -> Judgement:
    """Decide whether a quantized graph is worth using.

    Args:
        before: Scores in float32 (N, K).
        after: Scores in int8 (N, K), of the same samples.
        labels: Their true classes (N,).
        sizes: Of the files.
        seconds_before: Time of the same batch in float32.
        seconds_after: Time of it in int8.

    Raises:
        ValueError: There are no samples, or the arrays do not fit together.
    """
    if before.shape != after.shape or len(before) != len(labels) or not len(labels):
        raise ValueError(
            f"scores {before.shape} and {after.shape} and labels {labels.shape} must be of the same samples, one at "
            "least"
        )
    shrink, speedup = sizes.before / sizes.after, seconds_before / seconds_after
    first, second = (100 * float((scores.argmax(axis=1) == labels).mean()) for scores in (before, after))
    lost = first - second
    pays = shrink >= LEAST_SHRINK and speedup > LEAST_SPEEDUP and lost <= MOST_LOST + 1e-9  # 0.5 may come out larger
    refusal = (
        f"--quantize int8 does not pay here: {shrink:.2f} times smaller (at least {LEAST_SHRINK:g} are needed), "
        f"{speedup:.2f} times as fast (more than {LEAST_SPEEDUP:g}), {lost:.2f} points lost of {first:.2f} % (at most "
        f"{MOST_LOST:g}); leave it out"
    )
    return Judgement(shrink, speedup, first, second, None if pays else refusal)


def _is_of_an_image_encoder(node: Any) -> bool:
    noted = next((item.value for item in node.metadata_props if item.key == _SCOPES), "[]")
    return any(scope.rpartition(".")[2] in _ENCODERS for scope in ast.literal_eval(noted))


def _reader(quantization: Any, batches: Iterable[Mapping[str, np.ndarray]]) -> Any:
    """Return onnxruntime's kind of iterator."""

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.batches = iter(batches)

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.batches, None)
            return None if batch is None else dict(batch)

    return Reader()

"""Does an ONNX graph answer as its model does? Random inputs of the real shapes through both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from kdxf.datasets.transforms.loading import TEXT_WEIGHTS
from kdxf.datasets.transforms.packing import TABLE_KEY
from kdxf.errors import UserError
from kdxf.export.parts import part_outputs
from kdxf.export.portable import OUTPUTS, GraphInput, Portable
from kdxf_runtime.optional import require
from kdxf_runtime.steps.transformer_tokens import BOX_UNITS

TOLERANCE = 1e-4
"""The largest difference of a score that is no fault."""
_RELATIVE = 1e-3  # of a part's outputs and of the feature, by their largest value


@dataclass(frozen=True)
class Parity:
    """How well a graph and its model agree.

    Attributes:
        score: The largest difference of a score.
        feature: The largest difference of a number of the feature, as a share of its largest number.
    """

    score: float
    feature: float


def check_graph(path: Path, portable: Portable) -> Parity:
    """Compare a graph with its model: one and three samples, long and short texts, and none.

    Args:
        path: The ONNX file.
        portable: The model.

    Raises:
        UserError: A score differs by more than :data:`TOLERANCE`, or the feature by a thousandth. The message names the
            first part of the model whose output does.
    """
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    has_text = any(item.name in (*TEXT_WEIGHTS, TABLE_KEY) for item in portable.inputs)
    worst = Parity(0.0, 0.0)
    for batch, share in ((1, 1.0), (3, 0.5), (1, 0.0)):
        for with_text in (True, False) if has_text else (True,):
            inputs = random_inputs(portable.inputs, batch, share, with_text, seed=batch)
            found = session.run(list(OUTPUTS), {name: value.numpy() for name, value in inputs.items()})
            with torch.inference_mode():
                expected = [value.numpy() for value in portable.model(inputs)]
            parity = Parity(_difference(found[0], expected[0]), _share(found[1], expected[1]))
            # Written so that a number that is none fails too.
            if not (parity.score <= TOLERANCE and parity.feature <= _RELATIVE):
                text = (" with text" if with_text else " without text") if has_text else ""
                raise UserError(
                    f"{path.name}: graph and model disagree in a batch of {batch}{text}: a score by {parity.score:.2g} "
                    f"({TOLERANCE:g} is allowed), the feature by {parity.feature:.2g} of its largest number "
                    f"({_RELATIVE:g} is allowed); {_first_difference(path, portable, inputs)}"
                )
            worst = Parity(max(worst.score, parity.score), max(worst.feature, parity.feature))
    return worst


def random_inputs(
    inputs: Sequence[GraphInput], batch: int, share_of_length: float, with_text: bool, seed: int = 0
) -> dict[str, Tensor]:
    """Draw inputs of a model.

    Args:
        inputs: Their names, types and shapes.
        batch: Number of samples.
        share_of_length: Documents are this share of their greatest length, at least one word long.
        with_text: Whether there are text and table; otherwise the weights of all words, and the table, are zero.
        seed: Other seeds give other inputs.

    Returns:
        Images are noise, word vectors are normal, and every document ends in padding, but for those of a single word.
    """
    random = np.random.default_rng(seed)
    drawn = {}
    for item in inputs:
        length = max(1, round((item.length or 0) * share_of_length))
        shape = [batch, *(length if size is None else size for size in item.shape[1:])]
        drawn[item.name] = torch.from_numpy(np.ascontiguousarray(_draw(item, shape, with_text, random)))
    return drawn


def _draw(item: GraphInput, shape: list[int], with_text: bool, random: np.random.Generator) -> np.ndarray:
    if item.dtype == "uint8":
        return random.integers(0, 256, shape, dtype=np.uint8)
    if item.ids is not None:
        return random.integers(0, item.ids, shape).astype(item.dtype)
    if item.name in TEXT_WEIGHTS:
        weight = random.uniform(0.1, 1, shape)
        weight[:, -(shape[1] // 3) or shape[1] :] = 0
        return (weight * with_text).astype(item.dtype)
    if item.name == TABLE_KEY:
        return (random.normal(size=shape) * with_text).astype(item.dtype)
    if item.name == "text_boxes":  # left and top, then right and bottom
        corners = np.sort(random.integers(0, BOX_UNITS + 1, (*shape[:2], 2, 2)), axis=2)
        return corners.reshape(shape).astype(item.dtype)
    if item.name == "text_box":
        return random.uniform(0, 0.4, shape).astype(item.dtype)
    return random.normal(size=shape).astype(item.dtype)


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max()) if found.shape == expected.shape else float("inf")


def _share(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference as a share of the largest expected number."""
    return _difference(found, expected) / max(float(np.abs(expected).max()), 1e-6)


def _first_difference(path: Path, portable: Portable, inputs: Mapping[str, Tensor]) -> str:
    """Tell which part of the model is the first whose output differs."""
    onnx: Any = require("onnx", "export", "the check of an ONNX graph")
    with torch.inference_mode():
        expected, _ = part_outputs(portable.model, dict(inputs))
    graph = onnx.load(str(path))  # with the weights that lie beside it
    known = {name for node in graph.graph.node for name in node.output}
    names = [name for name in expected if name in known]
    graph.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(names, {name: value.numpy() for name, value in inputs.items()}) if names else []
    for name, value in zip(names, found, strict=True):
        share = _share(value, expected[name].numpy())
        if not share <= _RELATIVE:
            return f"the first part that differs is {name}, by {share:.2g} of its largest number"
    return "all parts that have names in the graph agree, so the difference arises behind the last one"

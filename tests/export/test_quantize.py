"""Eight bits for the image encoder alone, and the judgement of what that gained and lost."""

import re

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from kdxf.errors import UserError
from kdxf.export import Sizes, judge_quantized, quantize_graph
from kdxf.export.parity import random_inputs
from kdxf.export.quantize import image_layers


def batches(portable, count):
    for seed in range(count):
        inputs = random_inputs(portable.inputs, batch=2, share_of_length=1.0, with_text=True, seed=seed)
        yield {name: value.numpy() for name, value in inputs.items()}


@pytest.fixture(scope="module")
def quantized(exported, tmp_path_factory):
    path = tmp_path_factory.mktemp("quantized") / "model.onnx"
    return path, quantize_graph(exported.path, path, batches(exported.portable, 4))


def test_only_layers_of_the_image_encoder(exported, quantized):
    path, sizes = quantized
    model = onnx.load(str(exported.path))
    chosen = set(image_layers(model))
    convolutions = {node.name for node in model.graph.node if node.op_type == "Conv"}
    assert chosen == convolutions and sizes.layers == len(chosen) == 20  # of a ResNet-18, with 3 on its shortcuts
    after = onnx.load(str(path))
    kinds = [
        (tensor.data_type, tensor.name)
        for tensor in after.graph.initializer
        if len(tensor.dims) >= 2 and tensor.data_type != onnx.TensorProto.INT64
    ]
    assert sum(kind == onnx.TensorProto.INT8 for kind, _ in kinds) == 20
    # What belongs to text encoder and head is as it was.
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    kept = {tensor.name: numpy_helper.to_array(tensor) for tensor in after.graph.initializer}
    same = [name for name in weights if name.split(".")[-3:-2] != [] and ("text_encoder" in name or "head" in name)]
    assert len(same) > 4 and all(np.array_equal(weights[name], kept[name]) for name in same)


def test_scores_stay_close(exported, quantized):
    path, sizes = quantized
    assert sizes.after == path.stat().st_size and sizes.before == exported.path.stat().st_size
    (inputs,) = batches(exported.portable, 1)
    first, second = (
        onnxruntime.InferenceSession(str(file)).run(["scores"], inputs)[0] for file in (exported.path, path)
    )
    assert 0 < np.abs(first - second).max() < 0.05


def test_ranges_need_samples(exported, tmp_path):
    with pytest.raises(UserError, match=r"^--quantize int8: there are no training samples to measure the ranges of"):
        quantize_graph(exported.path, tmp_path / "model.onnx", [])
    assert list(tmp_path.iterdir()) == []


def test_graphs_without_an_image_encoder(exported, tmp_path):
    model = onnx.load(str(exported.path))
    for node in model.graph.node:
        del node.metadata_props[:]
    onnx.save(model, str(tmp_path / "text.onnx"))
    message = "--quantize int8: text.onnx has no convolution or linear layer of an image encoder"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        quantize_graph(tmp_path / "text.onnx", tmp_path / "out.onnx", batches(exported.portable, 1))


LABELS = np.arange(200) % 2
RIGHT = np.eye(2)[LABELS]


def wrong(count):
    """Return scores of which the first ``count`` are wrong."""
    scores = RIGHT.copy()
    scores[:count] = 1 - scores[:count]
    return scores


def test_a_good_one():
    judged = judge_quantized(wrong(10), wrong(11), LABELS, Sizes(400, 100, 1), 2.0, 1.0)
    assert (judged.shrink, judged.speedup, judged.accuracy_before, judged.accuracy_after) == (4.0, 2.0, 95.0, 94.5)
    assert judged.lost == 0.5 and judged.refusal is None


@pytest.mark.parametrize(
    ("after", "sizes", "seconds", "figures"),
    [
        (12, Sizes(400, 100, 1), 1.0, ("4.00", "2.00", "1.00")),
        (10, Sizes(299, 100, 1), 1.0, ("2.99", "2.00", "0.00")),
        (10, Sizes(300, 100, 1), 2.0, ("3.00", "1.00", "0.00")),
        (12, Sizes(200, 100, 1), 4.0, ("2.00", "0.50", "1.00")),
    ],
)
def test_refusals(after, sizes, seconds, figures):
    judged = judge_quantized(wrong(10), wrong(after), LABELS, sizes, 2.0, seconds)
    smaller, faster, lost = figures
    assert judged.refusal == (
        f"--quantize int8 does not pay here: {smaller} times smaller (at least 3 are needed), {faster} times as fast "
        f"(more than 1), {lost} points lost of 95.00 % (at most 0.5); leave it out"
    )


def test_gains_are_no_loss():
    assert judge_quantized(wrong(10), wrong(0), LABELS, Sizes(300, 100, 1), 2.0, 1.0).refusal is None


@pytest.mark.parametrize(("scores", "labels"), [(RIGHT[:3], LABELS), (RIGHT[:0], LABELS[:0])])
def test_other_samples(scores, labels):
    with pytest.raises(ValueError, match="must be of the same samples, one at least$"):
        judge_quantized(scores, scores, labels, Sizes(4, 1, 1), 2.0, 1.0)

"""A graph that answers otherwise is refused, and the part is named at which it begins to differ."""

import re

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from kdxf.errors import UserError
from kdxf.export import GraphInput, check_graph
from kdxf.export.parity import random_inputs

TEXT = (
    GraphInput("img", "uint8", (None, 3, 4, 5)),
    GraphInput("text", "float32", (None, None, 2), 9),
    GraphInput("text_weight", "float32", (None, None), 9),
    GraphInput("text_box", "float32", (None, None, 4), 9),
    GraphInput("text_ids", "int64", (None, None), 6, 11),
    GraphInput("text_mask", "float32", (None, None), 6),
)


def test_a_graph_that_agrees(exported):
    parity = check_graph(exported.path, exported.portable)
    assert parity == exported.parity and 0 < parity.feature < 1e-4


@pytest.mark.parametrize("part", ["image_backbone", "text_encoder", "head"])
def test_the_first_part_that_differs_is_named(exported, tmp_path, part):
    model = onnx.load(str(exported.path))
    damage(model, part)
    onnx.save(model, str(tmp_path / "damaged.onnx"))
    message = (
        r"damaged\.onnx: graph and model disagree in a batch of 1 with text: a score by \S+ \(0\.0001 is allowed\), "
        rf"the feature by \S+ of its largest number \(0\.001 is allowed\); the first part that differs is {part}, by "
        r"\S+ of its largest number"
    )
    with pytest.raises(UserError, match=f"^{message}$"):
        check_graph(tmp_path / "damaged.onnx", exported.portable)


def damage(model, part):
    """Mix up the channels of the first weights that a part uses."""
    name = next(tensor.name for tensor in model.graph.initializer if part in tensor.name and len(tensor.dims) >= 2)
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    tensor.CopyFrom(numpy_helper.from_array(3 * np.roll(numpy_helper.to_array(tensor), 1, axis=0), name))


def test_numbers_that_are_none_are_refused(exported, tmp_path):
    model = onnx.load(str(exported.path))
    bias = next(tensor for tensor in model.graph.initializer if "head" in tensor.name and len(tensor.dims) == 1)
    bias.CopyFrom(numpy_helper.from_array(np.full_like(numpy_helper.to_array(bias), np.nan), bias.name))
    onnx.save(model, str(tmp_path / "damaged.onnx"))
    with pytest.raises(UserError, match="a score by nan .* the first part that differs is head, by nan"):
        check_graph(tmp_path / "damaged.onnx", exported.portable)


def test_a_difference_behind_the_last_part(exported, tmp_path):
    model = onnx.load(str(exported.path))
    softmax = next(node for node in model.graph.node if "scores" in node.output)
    assert softmax.op_type == "Softmax"
    softmax.op_type = "Sigmoid"
    del softmax.attribute[:]
    onnx.save(model, str(tmp_path / "damaged.onnx"))
    message = "all parts that have names in the graph agree, so the difference arises behind the last one"
    with pytest.raises(UserError, match=f"{re.escape(message)}$"):
        check_graph(tmp_path / "damaged.onnx", exported.portable)


def test_random_inputs():
    drawn = random_inputs(TEXT, batch=3, share_of_length=1.0, with_text=True)
    assert [(name, tuple(value.shape), value.dtype) for name, value in drawn.items()] == [
        ("img", (3, 3, 4, 5), torch.uint8),
        ("text", (3, 9, 2), torch.float32),
        ("text_weight", (3, 9), torch.float32),
        ("text_box", (3, 9, 4), torch.float32),
        ("text_ids", (3, 6), torch.int64),
        ("text_mask", (3, 6), torch.float32),
    ]
    assert (drawn["text_weight"] > 0).tolist() == [[True] * 6 + [False] * 3] * 3
    assert (drawn["text_mask"] > 0).tolist() == [[True] * 4 + [False] * 2] * 3
    assert drawn["text_ids"].min() >= 0 and drawn["text_ids"].max() < 11 and len(drawn["text_ids"].unique()) > 3
    assert drawn["text_box"].min() >= 0 and drawn["text_box"].max() <= 1


def test_random_boxes():
    (boxes,) = random_inputs((GraphInput("text_boxes", "int64", (None, None, 4), 6),), 3, 1.0, True).values()
    assert boxes.shape == (3, 6, 4) and boxes.dtype == torch.int64 and boxes.min() >= 0 and boxes.max() <= 1000
    assert (boxes[..., :2] <= boxes[..., 2:]).all() and len(boxes.unique()) > 30


def test_documents_of_one_word_and_none():
    one = random_inputs(TEXT, batch=1, share_of_length=0.0, with_text=True)
    assert one["text_weight"].shape == (1, 1) and one["text_weight"].item() > 0
    none = random_inputs(TEXT, batch=2, share_of_length=0.5, with_text=False)
    assert none["text"].shape == (2, 4, 2) and not none["text_weight"].any() and not none["text_mask"].any()

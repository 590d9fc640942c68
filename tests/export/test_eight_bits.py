"""A bundle's graph in eight bits, with pictures of the config's lists."""

import re
import shutil

import numpy as np
import onnx
import pytest

from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.export import eight_bits, quantize
from kdxf.inference.inferencer import KDXFInferencer
from kdxf_runtime.bundle import Bundle
from kdxf_runtime.runner import Runner, open_graph


@pytest.fixture
def inferencer(shop):
    return KDXFInferencer(load_config(shop.config), shop.checkpoint, device="cpu")


@pytest.fixture
def lenient(monkeypatch):
    """So small a graph gets hardly smaller."""
    monkeypatch.setattr(quantize, "LEAST_SHRINK", 0.0)
    monkeypatch.setattr(quantize, "LEAST_SPEEDUP", 0.0)
    monkeypatch.setattr(quantize, "MOST_LOST", 100.0)


def test_the_graph_is_replaced(inferencer, bundle_copy, bundled, lenient):
    runner = Runner(Bundle.open(bundle_copy))
    found = eight_bits.quantize(inferencer, runner)
    assert (found.training_pictures, found.test_pictures) == (5, 5)
    before, after = (folder / "model.onnx" for folder in (bundled.path, bundle_copy))
    assert found.shrink == before.stat().st_size / after.stat().st_size and found.speedup > 0
    kinds = {node.op_type for node in onnx.load(str(after)).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    assert [path.name for path in bundle_copy.iterdir() if "int8" in path.name or path.name.startswith(".")] == []
    # The accuracy of both, by graphs that are run here: the labels are 0, 1, 2, 0, 1.
    pictures = eight_bits._Pictures(inferencer, runner, "test_dataloader", 10, labelled=True)
    assert pictures.labels.tolist() == [0, 1, 2, 0, 1]
    manifest = runner.bundle.manifest
    graphs = [open_graph(file, manifest.inputs, 3) for file in (before, after)]
    first, second = (100 * (scores.argmax(1) == [0, 1, 2, 0, 1]).mean() for scores in pictures.scores(graphs))
    assert (found.accuracy_before, found.accuracy_after) == (first, second)


def test_what_does_not_pay_leaves_the_bundle_as_it_was(inferencer, bundle_copy):
    before = (bundle_copy / "model.onnx").read_bytes()
    message = r"^--quantize int8 does not pay here: \d\.\d\d times smaller \(at least 3 .*\), .* points lost of .* %"
    with pytest.raises(UserError, match=message):
        eight_bits.quantize(inferencer, Runner(Bundle.open(bundle_copy)))
    assert (bundle_copy / "model.onnx").read_bytes() == before
    Bundle.open(bundle_copy)  # nothing was left beside it


def test_texts_and_labels_are_those_of_the_list(inferencer, bundled):
    """The last picture has no text, and none is read for it."""
    runner = Runner(Bundle.open(bundled.path))
    pictures = eight_bits._Pictures(inferencer, runner, "test_dataloader", 3, labelled=True)
    assert len(pictures) == 3 and pictures.labels.tolist() == [0, 2, 1]  # the first, the third and the last
    (batch,) = pictures.batches()
    assert batch["img"].shape == (3, 3, 32, 32) and batch["img"].dtype == np.uint8
    assert batch["text_weight"].tolist() == [[1.0], [1.0], [0.0]]
    assert batch["text"][0, 0].tolist() == [1, 0, 0, 0, 0] and batch["text"][1, 0].tolist() == [0, 0, 1, 0, 0]


def test_pictures_without_a_label_do_not_judge(inferencer, bundled, monkeypatch):
    monkeypatch.setattr(eight_bits, "dataset_labels", lambda *_: np.array([0, -1, 2, -1, 1]))
    pictures = eight_bits._Pictures(inferencer, Runner(Bundle.open(bundled.path)), "test_dataloader", 10, labelled=True)
    assert pictures.labels.tolist() == [0, 2, 1]
    (batch,) = pictures.batches()
    assert batch["text"][1, 0].tolist() == [0, 0, 1, 0, 0]  # the third picture says red


def test_several_labels(inferencer, with_manifest):
    runner = Runner(Bundle.open(with_manifest(multi_label={"topk": 1})))
    message = "--quantize int8: is judged by the one best class, and this model gives several; leave it out"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        eight_bits.quantize(inferencer, runner)


def test_weights_beside_the_graph(inferencer, bundle_copy):
    runner = Runner(Bundle.open(bundle_copy))
    shutil.copyfile(bundle_copy / "model.onnx", bundle_copy / "model.onnx.data")
    with pytest.raises(UserError, match="^--quantize int8: the graph has weights of more than 2 GB, which cannot be"):
        eight_bits.quantize(inferencer, runner)


def test_lists_that_cannot_be_used(shop, bundled, tmp_path):
    runner = Runner(Bundle.open(bundled.path))

    def refused(message, options):
        model = KDXFInferencer(load_config(shop.config, options), shop.checkpoint, device="cpu")
        with pytest.raises(UserError, match=message):
            eight_bits.quantize(model, runner)

    message = "^--quantize int8: the config has no train_dataloader, whose pictures it needs; leave it out$"
    refused(message, {"train_dataloader": None})
    gone = {"train_dataloader.dataset.ann_file": "gone.csv"}
    refused(r"^--quantize int8: the dataset of train_dataloader cannot be opened \(.*gone\.csv.*\)$", gone)
    (tmp_path / "unlabelled.csv").write_text("image\nshop 0/图 0.png\n", encoding="utf-8")
    unlabelled = {"test_dataloader.dataset.ann_file": str(tmp_path / "unlabelled.csv")}
    message = "^--quantize int8: the test dataset has no pictures with one label each; leave it out$"
    refused(message, {**unlabelled, "test_dataloader.dataset.classes": ["奶粉", "手机", "lipstick"]})


def test_the_shortest_time_counts(monkeypatch):
    """Of runs that take 3, 1, 2, 2, 2 and 5, 5, 4, 5, 5 ticks, in turn."""
    ticks, now = iter([3, 5, 1, 5, 2, 4, 2, 5, 2, 5]), [0.0]
    monkeypatch.setattr(eight_bits.time, "perf_counter", lambda: now[0])

    class Graph:
        def run(self, names, inputs):
            now[0] += next(ticks)

    assert eight_bits._seconds([Graph(), Graph()], {}) == [1, 4]

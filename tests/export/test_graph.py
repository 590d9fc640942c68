"""ONNX files: they answer like prediction does, and every kind of part in the configs can be written."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from export_fixtures import portable_of
from torch import nn

from kdxf.apis.stages import last_stage
from kdxf.engine.config import building, load_config
from kdxf.errors import UserError
from kdxf.export import OPSET, TOLERANCE, GraphInput, Portable, PortableModel, export_graph, graph, make_portable
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts
from kdxf.inference.pipeline import InferenceDataset, iterate_batches
from kdxf.registry import MODELS
from kdxf.smoke import find_configs
from kdxf.smoke.made_up_model import made_up_model, make_up_weights
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.inputs import collect_images

REPO = Path(__file__).parents[2]
PARTS = ("image_backbone", "image_neck", "text_encoder", "table_encoder", "fusion", "head")


def test_it_answers_as_prediction_does(lab, exported):
    inferencer = KDXFInferencer(lab.moe, lab.moe_checkpoint, engine={"type": "BrightnessOCR"}, device="cpu")
    expected = inferencer([lab.images], ocr_table=lab.root / "ocr", ocr_root=lab.images)
    images = collect_images([lab.images], lab.images)
    texts = InputTexts.from_table(images, OCRTable.open(lab.root / "ocr"))
    texts.read_missing(inferencer.reader, 0, progress=False)
    with building(inferencer.cfg):
        dataset = InferenceDataset(images, texts, exported.portable.pipeline)
    session = onnxruntime.InferenceSession(str(exported.path))
    keys = [item.name for item in exported.portable.inputs]
    for size in (1, 2):
        found = [
            session.run(["scores"], {key: batch["inputs"][key].numpy() for key in keys})[0]
            for batch, _ in iterate_batches(dataset, inferencer.cfg, size, 0)
        ]
        np.testing.assert_allclose(np.concatenate(found), [one.scores for one in expected], atol=TOLERANCE, rtol=0)


def test_the_file(exported):
    model = onnx.load(str(exported.path))
    assert [(item.domain, item.version) for item in model.opset_import if not item.domain] == [("", OPSET)]
    assert OPSET == 18
    shapes = {
        item.name: [size.dim_param or size.dim_value for size in item.type.tensor_type.shape.dim]
        for item in [*model.graph.input, *model.graph.output]
    }
    assert shapes == {
        "img": ["batch", 3, 32, 32],
        "text": ["batch", "text_1", 5],
        "text_weight": ["batch", "text_1"],
        "scores": ["batch", 3],
        "feature": ["batch", 40],
    }
    # The parts' outputs have names; those of image_neck and fusion are parts of the feature or the feature itself.
    assert {"image_backbone", "text_encoder", "head"} <= {name for node in model.graph.node for name in node.output}
    assert 0 <= exported.parity.score < TOLERANCE
    assert [file.name for file in exported.path.parent.iterdir()] == ["model.onnx"]


def test_large_weights_lie_beside_it(exported, tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "_LARGEST", 0)
    monkeypatch.setattr(graph, "_trace", lambda _: exported.program)
    parity = export_graph(exported.portable, tmp_path / "large.onnx")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["large.onnx", "large.onnx.data"]
    assert parity.score < TOLERANCE
    session = onnxruntime.InferenceSession(str(tmp_path / "large.onnx"))
    assert [item.name for item in session.get_outputs()] == ["scores", "feature"]


def test_ensembles(tmp_path):
    member = dict(
        type="ImageTextClassifier",
        text_encoder=dict(type="NgramEncoder", buckets=9, out_channels=4),
        head=dict(type="LinearClsHead", num_classes=3, in_channels=4),
    )
    model = MODELS.build(dict(type="EnsembleClassifier", members=[member, member], weights=[1, 3], _scope_="kdxf"))
    make_up_weights(model.eval())
    ids = GraphInput("ngram_ids", "int64", (None, None), 5, 9)
    inputs = ids, GraphInput("ngram_weight", "float32", (None, None), 5)
    portable = Portable(PortableModel(model, None, None, True), inputs, [])
    assert export_graph(portable, tmp_path / "model.onnx").score <= TOLERANCE
    names = {name for node in onnx.load(str(tmp_path / "model.onnx")).graph.node for name in node.output}
    assert {f"members.{index}.{part}" for index in (0, 1) for part in ("text_encoder", "head")} <= names


class LooksAtValues(nn.Module):
    """A neck whose way depends on the numbers."""

    def forward(self, feats):
        pooled = feats[-1].mean(dim=(2, 3))
        return (pooled if pooled.sum() > 0 else -pooled,)


def test_the_part_that_cannot_be_exported_is_named(lab, tmp_path):
    portable = portable_of(lab.image, lab.image_checkpoint)
    portable.model.classifier.image_neck = LooksAtValues()
    message = r"image_neck \(LooksAtValues\) cannot be exported: Could not guard on data-dependent expression"
    with pytest.raises(UserError, match=f"^{message}"):
        export_graph(portable, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_disagrees_is_not_kept(exported, tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "_trace", lambda _: exported.program)
    monkeypatch.setattr(graph, "check_graph", lambda path, portable: (_ for _ in ()).throw(UserError("other scores")))
    with pytest.raises(UserError, match="^other scores$"):
        export_graph(exported.portable, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def parts(model) -> set[str]:
    """Name the kinds of parts of a model's config, where it stands: ``head MoEClsHead``."""
    found = set()
    for place in PARTS:
        part = model.get(place)
        for kind in [part, *part.get("encoders", ()), *part.get("heads", {}).values()] if part else ():
            options = [str(kind[name]) for name in ("pooling", "readability") if kind.get(name)]
            found.add(" ".join([place, kind["type"], *options]))
    return found


def covering() -> list[Path]:
    """Choose configs that have every kind of part between them, each time the one with the most that are missing."""
    models = {path: last_stage(load_config(path)).model for path in find_configs([REPO / "configs"])}
    having = {path: parts(model) for path, model in models.items() if "members" not in model}
    missing, chosen = set().union(*having.values()), []
    while missing:
        chosen.append(max(having, key=lambda path: len(having[path] & missing)))  # of several the first
        missing -= having[chosen[-1]]
    return chosen


@pytest.mark.slow
def test_every_kind_of_part_in_the_configs(shallow, tmp_path):
    """What a part costs to export grows with its layers, most of which are alike."""
    override = REPO / "configs" / "_base_" / "smoke.py"
    chosen, faults = covering(), {}
    assert 5 < len(chosen) < 20
    for config in chosen:
        torch.manual_seed(0)
        try:
            portable = make_portable(*made_up_model(config, tmp_path / "data", override))
            assert export_graph(portable, tmp_path / "model.onnx").score <= TOLERANCE
        except UserError as error:
            faults[str(config.relative_to(REPO))] = str(error)
    assert faults == {}

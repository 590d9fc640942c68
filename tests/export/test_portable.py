"""Scores and features are those of ``predict`` and ``extract_feat``, from tensors as the pipeline packs them."""

import re

import numpy as np
import pytest
import torch
from export_fixtures import portable_of
from mmengine.config import Config
from torch.testing import assert_close

from kdxf.engine.config import building, load_config, model_config
from kdxf.errors import UserError
from kdxf.export import GraphInput, make_portable
from kdxf.export.parity import random_inputs
from kdxf.export.portable import check_size
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.model import load_model
from kdxf.inference.pipeline import InferenceDataset, iterate_batches
from kdxf.models import BatchedClsScoreTTA
from kdxf.registry import MODELS, TRANSFORMS
from kdxf.smoke.made_up_data import write_class_tree
from kdxf_runtime.inputs import collect_images
from kdxf_runtime.ocr.record import OCRRecord

BACKBONE = dict(type="ResNet", depth=18, stem_channels=4, base_channels=4)
IMAGE = dict(
    type="ImageTextClassifier",
    image_backbone=BACKBONE,
    image_neck=dict(type="GlobalAveragePooling"),
    data_preprocessor=dict(mean=[120.0, 110.0, 100.0], std=[60.0, 55.0, 50.0], to_rgb=True, pad_size_divisor=32),
)
PIPELINE = [dict(type="LoadImage"), dict(type="Resize", scale=(40, 48)), dict(type="PackImageTextInputs")]


def make(model, pipeline=PIPELINE):
    """Build a portable model of configs, with random weights."""
    torch.manual_seed(0)
    built = MODELS.build(dict(model, _scope_="kdxf"))
    built.train(False)
    cfg = Config(dict(default_scope="kdxf", test_dataloader=dict(dataset=dict(pipeline=pipeline))))
    return make_portable(built, cfg), built


def agrees(portable, model):
    """Compare a portable model with the model's own prediction."""
    inputs = random_inputs(portable.inputs, batch=3, share_of_length=1.0, with_text=True)
    with torch.inference_mode():
        scores, feature = portable.model(inputs)
        prepared = model.data_preprocessor({"inputs": inputs if portable.model.mapping else inputs["img"]})["inputs"]
        expected = torch.stack([sample.pred_score for sample in model.predict(prepared)])
        assert_close(feature, model.extract_feat(prepared)[-1].flatten(1), rtol=0, atol=0)
    assert scores.dtype == feature.dtype == torch.float32 and len(scores.unique()) > 3
    assert_close(scores, expected, rtol=0, atol=0)


def head(kind, **options):
    return {
        "type": kind,
        "num_classes": 5,
        "in_channels": 32,
        "init_cfg": dict(type="Normal", layer="Linear"),
        **options,
    }


@pytest.mark.parametrize(
    "config",
    [
        head("LinearClsHead"),
        head("MoEClsHead", hidden_channels=8),
        head("ArcFaceClsHead", embedding_channels=8),
        head("MultiLabelMoEClsHead", hidden_channels=8),
        head("MultiLabelLinearClsHead"),
    ],
    ids=lambda config: config["type"],
)
def test_heads(config):
    portable, model = make(dict(IMAGE, head=config))
    assert portable.inputs[0].shape == (None, 3, 48, 40) and portable.inputs[0].dtype == "uint8"
    agrees(portable, model)


@pytest.mark.parametrize("agree_with_tree", [False, True])
def test_class_trees(tmp_path, agree_with_tree):
    classes = [f"class {index}" for index in range(5)]
    write_class_tree(tmp_path / "tree.csv", classes, ["coarse"])
    fine = head("LinearClsHead")
    config = dict(
        type="HierarchicalClsHead", fine=fine, class_tree=str(tmp_path / "tree.csv"), classes=classes,
        agree_with_tree=agree_with_tree,
    )  # fmt: skip
    agrees(*make(dict(IMAGE, head=config)))


def test_ensembles_average_by_their_weights():
    member = dict(IMAGE, head=head("LinearClsHead"))
    config = dict(
        type="EnsembleClassifier",
        members=[member, member],
        weights=[1, 3],
        data_preprocessor=IMAGE["data_preprocessor"],
    )
    portable, model = make(config)
    agrees(portable, model)


def test_the_hosts_classifier():
    config = dict(
        type="ImageClassifier", backbone=BACKBONE, neck=dict(type="GlobalAveragePooling"), head=head("LinearClsHead"),
        data_preprocessor=dict(type="ClsDataPreprocessor", mean=[120.0] * 3, std=[60.0] * 3, to_rgb=True),
    )  # fmt: skip
    portable, model = make(config, [*PIPELINE[:-1], dict(type="PackInputs")])
    assert not portable.model.mapping
    agrees(portable, model)


def test_image_and_text(lab):
    portable = portable_of(lab.moe, lab.moe_checkpoint)
    described = [(item.name, item.dtype, item.shape, item.length, item.ids) for item in portable.inputs]
    assert described == [
        ("img", "uint8", (None, 3, 32, 32), None, None),
        ("text", "float32", (None, None, 5), 4, None),
        ("text_weight", "float32", (None, None), 4, None),
    ]
    assert portable.pipeline == list(load_config(lab.moe).test_dataloader.dataset.pipeline)
    agrees(portable, portable.model.classifier)


def test_views_are_left_outside(lab):
    cfg = load_config(lab.moe)
    model = load_model(cfg, str(lab.moe_checkpoint))[0]
    assert make_portable(BatchedClsScoreTTA(model), cfg).model.classifier is model


def test_stored_image_features_become_pictures(frozen_lab):
    cfg = load_config(frozen_lab.config)
    torch.manual_seed(1)
    with building(cfg):
        model = MODELS.build(model_config(cfg)).eval()
    torch.nn.init.normal_(model.head.fc.weight)
    checkpoint = frozen_lab.work.parent / "head.pth"
    torch.save({"state_dict": model.state_dict(), "meta": {}}, checkpoint)
    inferencer = KDXFInferencer(frozen_lab.config, checkpoint, device="cpu")
    expected = inferencer([frozen_lab.images / "val"])
    portable = make_portable(model, cfg)
    assert [step["type"] for step in portable.pipeline] == ["LoadImage", "Resize", "PackImageTextInputs"]
    assert [(item.name, item.dtype, item.shape) for item in portable.inputs] == [("img", "uint8", (None, 3, 32, 32))]
    assert_close(
        scores_of(portable, inferencer, frozen_lab.images / "val"),
        torch.from_numpy(np.array([p.scores for p in expected])),
    )


def scores_of(portable, inferencer, folder):
    """Return the scores of a folder's pictures, prepared by the portable model's pipeline."""
    with building(inferencer.cfg):
        dataset = InferenceDataset(collect_images([folder], None), None, portable.pipeline)
    batches = [batch["inputs"] for batch, _ in iterate_batches(dataset, inferencer.cfg, 4, 0)]
    with torch.inference_mode():
        return torch.cat([portable.model(batch)[0] for batch in batches])


def test_stored_text_features_become_tokens(frozen_text_config):
    cfg = load_config(frozen_text_config)
    with building(cfg):
        model = MODELS.build(model_config(cfg)).eval()
        stored = TRANSFORMS.build(cfg.test_dataloader.dataset.pipeline[0])
    torch.nn.init.normal_(model.head.fc.weight)
    torch.nn.init.normal_(model.text_encoder.no_text)
    portable = make_portable(model, cfg)
    assert [(item.name, item.dtype, item.shape, item.length, item.ids) for item in portable.inputs] == [
        ("text_ids", "int64", (None, None), 8, 12),
        ("text_mask", "float32", (None, None), 8, None),
    ]
    records = [OCRRecord.from_text("a.jpg", text) for text in ("milk 牛", "", "a b a")]
    with building(cfg):
        tokenize = TRANSFORMS.build(portable.pipeline[0])
    tokens = [tokenize({"ocr": record}) for record in records]
    batch = {key: torch.stack([torch.from_numpy(row[key]) for row in tokens]) for key in ("text_ids", "text_mask")}
    features = [stored({"ocr": record}) for record in records]
    loaded = {
        key: torch.stack([torch.from_numpy(row[key]) for row in features])
        for key in ("text_feature", "text_feature_weight")
    }
    with torch.inference_mode():
        expected = torch.stack([sample.pred_score for sample in model.predict(loaded)])
        assert_close(portable.model(batch)[0], expected)


class OtherScores(torch.nn.Module):
    """No head that kdxf knows."""

    num_classes = 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            dict(head=None),
            "head is None, so there are no scores to export; set model.head=dict(type='MoEClsHead', ...)",
        ),
        (
            dict(head=OtherScores()),
            "head (OtherScores) cannot be exported: its scores are not the softmax or sigmoid of its logits; take a "
            "head that is, such as LinearClsHead or MoEClsHead",
        ),
        (
            dict(image_backbone=dict(type="StoredFeatures", out_channels=3), head=head("LinearClsHead", in_channels=3)),
            "StoredFeatures cannot be exported: the test pipeline has no LoadFeature, which names the frozen encoder "
            "that belongs into the graph",
        ),
        (
            dict(
                text_encoder=dict(type="NgramEncoder", buckets=9, out_channels=4),
                head=head("LinearClsHead", in_channels=36),
            ),
            "the model takes ngram_ids, but its test pipeline gives img only; it cannot be exported",
        ),
    ],
)
def test_what_cannot_be_exported(change, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        make({**IMAGE, "head": head("LinearClsHead"), **change})


def test_pictures_of_several_sizes():
    pipeline = [PIPELINE[0], dict(type="ResizeEdge", scale=32), PIPELINE[-1]]
    message = (
        "the test pipeline gives img of different sizes ((3, 32, 42) and (3, 50, 32)), which cannot be exported: end "
        "it with a crop or resize to one size, such as CenterCrop or Letterbox"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        make(dict(IMAGE, head=head("LinearClsHead")), pipeline)


def test_two_encoders_of_one_input(frozen_text_config):
    cfg = load_config(frozen_text_config)
    pipeline = list(cfg.test_dataloader.dataset.pipeline)
    bert = pipeline[0]["encoder"]["pretrained"]
    encoders = [
        dict(type="StoredTextFeatures", out_channels=8),
        dict(type="TransformerTextEncoder", pretrained=bert),
    ]
    config = dict(
        type="ImageTextClassifier",
        text_encoder=dict(type="JoinedTextEncoder", encoders=encoders),
        head=head("LinearClsHead", in_channels=16),
    )
    message = (
        "LoadTextFeature cannot be exported: its encoder and the model's own both take text_ids, prepared differently"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        make(config, pipeline)


def test_views_have_the_size_of_the_graph():
    inputs = [GraphInput("img", "uint8", (None, 3, 8, 8))]
    load, pack = [{"type": "LoadImage"}], [{"type": "PackImageTextInputs"}]
    with building(Config({"default_scope": "kdxf"})):
        check_size([*load, {"type": "Resize", "scale": (8, 8)}, *pack], inputs)
        check_size([*load, *pack], [])  # a model of text alone
        message = r"^a view has pictures of the size \(3, 4, 6\), and the graph takes \(3, 8, 8\)$"
        with pytest.raises(UserError, match=message):
            check_size([*load, {"type": "Resize", "scale": (6, 4)}, *pack], inputs)

"""Stored features computed in the model: the same numbers, from what the stores' own steps prepare."""

import re

import pytest
import torch
from torch.testing import assert_close

from kdxf.engine.config import building, load_config
from kdxf.errors import UserError
from kdxf.export.frozen import FrozenTextEncoder, without_stores
from kdxf.registry import TRANSFORMS
from kdxf_runtime.ocr.record import OCRRecord


def test_pipelines_without_stores_stay_as_they_are(lab):
    cfg = load_config(lab.moe)
    with building(cfg):
        unstored = without_stores(cfg.test_dataloader.dataset.pipeline)
    assert unstored.pipeline == list(cfg.test_dataloader.dataset.pipeline)
    assert unstored.image is None and unstored.text is None


def test_image_features(frozen_lab):
    cfg = load_config(frozen_lab.config)
    picture = str(next((frozen_lab.images / "val").rglob("*.png")))
    with building(cfg):
        step, pack = cfg.test_dataloader.dataset.pipeline
        unstored = without_stores([step, pack])
        expected = TRANSFORMS.build(step)({"img_path": picture})["img"].reshape(1, -1)
        results = {"img_path": picture}
        for made in map(TRANSFORMS.build, unstored.pipeline):
            results = made(results)
    assert [part["type"] for part in unstored.pipeline] == ["LoadImage", "Resize", "PackImageTextInputs"]
    with torch.inference_mode():
        assert_close(unstored.image(results["inputs"]["img"][None]), torch.from_numpy(expected), atol=1e-5, rtol=1e-5)


def test_text_features(frozen_text_config):
    cfg = load_config(frozen_text_config)
    with building(cfg):
        step = cfg.test_dataloader.dataset.pipeline[0]
        unstored = without_stores([step])
        stored, tokenize = TRANSFORMS.build(step), TRANSFORMS.build(unstored.pipeline[0])
    assert [part["type"] for part in unstored.pipeline] == ["TokenizeForTransformer"]
    records = [OCRRecord.from_text("a.jpg", text) for text in ("milk", "", "a b a b a")]
    tokens = [tokenize({"ocr": record}) for record in records]
    batch = {key: torch.stack([torch.from_numpy(row[key]) for row in tokens]) for key in ("text_ids", "text_mask")}
    with torch.inference_mode():
        found = unstored.text(batch)
    for key in ("text_feature", "text_feature_weight"):
        expected = torch.stack([torch.from_numpy(stored({"ocr": record})[key]) for record in records])
        assert_close(found[key], expected, atol=1e-5, rtol=1e-5)
    assert found["text_feature_weight"].flatten().tolist() == [1, 0, 1] and not found["text_feature"][1].any()


def test_two_stores_of_a_kind(frozen_lab):
    cfg = load_config(frozen_lab.config)
    step = cfg.test_dataloader.dataset.pipeline[0]
    message = "the test pipeline has LoadFeature twice, of which one cannot be exported; leave one"
    with building(cfg), pytest.raises(UserError, match=f"^{message}$"):
        without_stores([step, step])


def test_an_encoder_that_does_not_tell_padding():
    encoder = torch.nn.Identity()
    encoder.input_keys = ("text", "text_box")
    message = (
        "LoadTextFeature: Identity cannot be exported: none of its inputs (text, text_box) tells tokens from padding"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        FrozenTextEncoder(encoder)

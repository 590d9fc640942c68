"""Tiny models in the folders that Hugging Face's library writes."""

import json
import re

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import HuggingFaceBackbone
from kdxf.models.classifiers import checks
from kdxf.registry import MODELS

transformers = pytest.importorskip("transformers")

TOWER = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 32,
    "patch_size": 16,
}
STAGES = {"image_size": 64, "num_channels": 3}
SWIN = {"embed_dim": 4, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "window_size": 2, "patch_size": 4}
CONVNEXT = {"hidden_sizes": [4, 8, 8, 16], "depths": [1, 1, 1, 1]}
# model_type, settings, width of the feature
MODELS_ALONE = [
    ("dinov2", {**TOWER, "image_size": 28, "patch_size": 14}, 16),
    ("dinov2_with_registers", {**TOWER, "image_size": 28, "patch_size": 14}, 16),
    ("dinov3_vit", TOWER, 16),
    ("vit", TOWER, 16),
    ("clip_vision_model", TOWER, 16),
    ("siglip_vision_model", TOWER, 16),
    ("convnext", {**STAGES, **CONVNEXT}, 16),
    ("convnextv2", {**STAGES, **CONVNEXT}, 16),
    ("swin", {**STAGES, **SWIN}, 32),
    ("swinv2", {**STAGES, **SWIN}, 32),
]
TEXT = {**TOWER, "vocab_size": 20, "max_position_embeddings": 8}
MODELS_OF_TWO = ["siglip", "clip", "chinese_clip"]


def make(kind, **settings):
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **settings)).eval()
    for parameter in model.parameters():  # what starts as zero or one hides differences
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def make_pair(kind):
    return make(kind, vision_config=TOWER, text_config=TEXT, projection_dim=8)


def weights(folder):
    return {"type": "Pretrained", "checkpoint": str(folder)}


def built(folder):
    backbone = HuggingFaceBackbone(weights(folder)).eval()
    backbone.init_weights()
    return backbone


@pytest.mark.parametrize(("kind", "settings", "width"), MODELS_ALONE)
def test_gives_the_feature_of_the_library(kind, settings, width, tmp_path):
    model = make(kind, **settings)
    model.save_pretrained(tmp_path)
    size = settings["image_size"]
    image = torch.randn(2, 3, size, size)
    output = model(pixel_values=image)
    expected = output.last_hidden_state[:, 0] if kind == "vit" else output.pooler_output
    backbone = built(tmp_path)
    (feature,) = backbone(image)
    assert feature.shape == (2, width, 1, 1)
    assert backbone.out_channels == width
    assert_close(feature[..., 0, 0], expected)
    # Images of another size, and every weight learns.
    (feature,) = backbone.train()(torch.randn(2, 3, 2 * size, 3 * size))
    assert feature.shape == (2, width, 1, 1)
    feature.square().sum().backward()
    assert [name for name, one in backbone.named_parameters() if one.requires_grad and one.grad is None] == []


@pytest.mark.parametrize("kind", MODELS_OF_TWO)
@pytest.mark.parametrize("safe", [True, False])
def test_takes_the_image_tower_of_a_model_of_image_and_text(kind, safe, tmp_path):
    model = make_pair(kind)
    model.save_pretrained(tmp_path)
    if not safe:
        torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
        (tmp_path / "model.safetensors").unlink()
    image = torch.randn(2, 3, 32, 32)
    expected = model.vision_model(pixel_values=image).pooler_output
    assert_close(built(tmp_path)(image)[0][..., 0, 0], expected)


def test_trains_in_a_classifier_and_predicts_without_its_weights(tmp_path, monkeypatch):
    make_pair("siglip").save_pretrained(tmp_path)
    half = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(half))
    lines = []
    monkeypatch.setattr(checks, "print_log", lambda line, *_: lines.append(line))
    config = {
        "type": "ImageTextClassifier",
        "image_backbone": {"type": "HuggingFaceBackbone", "init_cfg": weights(tmp_path)},
        "image_neck": {"type": "GlobalAveragePooling"},
        "head": {"type": "LinearClsHead", "num_classes": 3, "in_channels": 16},
        "data_preprocessor": {"mean": [127.5] * 3, "std": [127.5] * 3, "to_rgb": True},
    }
    model = MODELS.build(config)
    assert lines == []
    model.init_weights()
    wrapper = build_optim_wrapper(model, {"optimizer": {"type": "SGD", "lr": 0.1}})
    images = torch.randint(0, 255, (3, 3, 32, 32), dtype=torch.uint8)
    samples = [DataSample().set_gt_label(index) for index in range(3)]
    assert torch.isfinite(model.train_step({"inputs": {"img": images}, "data_samples": samples}, wrapper)["loss"])
    (tmp_path / "model.safetensors").unlink()
    second = MODELS.build(config)
    second.load_state_dict(model.state_dict())
    data = model.eval().data_preprocessor({"inputs": {"img": images}}, False)["inputs"]
    assert_close(second.eval()(data, mode="tensor"), model(data, mode="tensor"))

    (tmp_path / "preprocessor_config.json").write_text('{"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.2, 0.2]}')
    MODELS.build(config)
    assert len(lines) == 1
    assert lines[0].startswith(
        f"the weights of {tmp_path.name} were trained with mean=[102.0, 127.5, 153.0], std=[51.0, "
    )


def test_from_scratch():
    backbone = HuggingFaceBackbone(config={"model_type": "dinov2", **TOWER})
    backbone.init_weights()
    assert backbone(torch.randn(1, 3, 32, 32))[0].shape == (1, 16, 1, 1)
    assert backbone.normalization is None
    message = re.escape("give init_cfg=dict(type='Pretrained', checkpoint='FOLDER'), or config to train from scratch")
    for init_cfg in (None, {"type": "Kaiming"}, {"type": "Pretrained"}):
        with pytest.raises(UserError, match=f"^HuggingFaceBackbone: {message}$"):
            HuggingFaceBackbone(init_cfg)


def test_other_models_are_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    message = (
        f"HuggingFaceBackbone: checkpoint {tmp_path}: the model_type 'bert' is none of chinese_clip_vision_model, "
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}.*; take TIMMBackbone for other models$"):
        HuggingFaceBackbone(weights(tmp_path))
    with pytest.raises(UserError, match="^HuggingFaceBackbone: config: the model_type None is none of "):
        HuggingFaceBackbone(config={"hidden_size": 8})
    with pytest.raises(UserError, match="^HuggingFaceBackbone: checkpoint google/siglip is a name on the Hugging Face"):
        HuggingFaceBackbone(weights("google/siglip"))


def test_weights_of_another_model_are_refused(tmp_path):
    make("vit", **TOWER).save_pretrained(tmp_path)
    settings = {**json.loads((tmp_path / "config.json").read_text()), "num_hidden_layers": 3}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match=r"of the model's \d+ weights are missing"):
        built(tmp_path)


def test_lora(tmp_path):
    pytest.importorskip("peft")
    make("dinov2", **{**TOWER, "image_size": 28, "patch_size": 14}).save_pretrained(tmp_path)
    image = torch.randn(1, 3, 28, 28)
    backbone = HuggingFaceBackbone(weights(tmp_path), lora={"r": 2, "target_modules": ["q_proj", "v_proj"]}).eval()
    backbone.init_weights()
    expected = built(tmp_path)(image)[0]
    assert_close(backbone(image)[0], expected)
    trained = [name for name, weight in backbone.named_parameters() if weight.requires_grad]
    assert len(trained) == 8 and all(".lora_" in name for name in trained)
    backbone.merge_lora()
    assert_close(backbone(image)[0], expected)
    assert not any(".lora_" in name for name in backbone.state_dict())
    with pytest.raises(
        UserError, match="^HuggingFaceBackbone: lora: set target_modules to names of linear layers; the"
    ):
        HuggingFaceBackbone(weights(tmp_path), lora={"target_modules": ["query"]})

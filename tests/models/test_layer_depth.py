import copy

import pytest
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from torch import nn

from kdxf.errors import UserError
from kdxf.models.layer_depth import layer_depth
from kdxf.registry import MODELS

TINY = {"stem_channels": 8, "base_channels": 8}
WORDS = {"type": "Word2VecEncoder", "in_channels": 4, "hidden_channels": 8, "out_channels": 6}


def depths(image, text, *names):
    image, text = (MODELS.build(part) if isinstance(part, dict) else part for part in (image, text))
    return [layer_depth(image, text, name) for name in names]


def bert(**options):
    tiny = {"hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 9}
    pytest.importorskip("transformers")
    return {"type": "TransformerTextEncoder", "config": {"model_type": "bert", **tiny, **options}}


def test_resnets():
    names = ("conv1.weight", "layer1.0.conv1.weight", "layer3.0.conv2.weight", "layer4.1.bn1.bias")
    names = [*(f"image_backbone.{name}" for name in names), "text_encoder.embed.weight", "head.fc.weight"]
    # Every stage of a small one is a depth; of ResNet-50 MMPretrain cuts the third, whose first blocks are depth 4.
    assert depths({"type": "ResNet", "depth": 18, **TINY}, WORDS, *names) == [
        *((0, 6), (1, 6), (3, 6), (4, 6)),
        *((5, 6), (5, 6)),
    ]
    assert depths({"type": "ResNet", "depth": 50, **TINY}, WORDS, *names) == [
        *((0, 8), (1, 8), (4, 8), (6, 8)),
        *((7, 8), (7, 8)),
    ]


def test_timm():
    names = ("conv1.0.weight", "layer1.0.conv1.weight", "layer4.0.conv1.weight")
    names = [*(f"image_backbone.timm_model.{name}" for name in names), "head.fc.weight"]
    # Stem, one block in each of four stages, head.
    assert depths({"type": "TIMMBackbone", "model_name": "resnet10t"}, None, *names) == [(0, 6), (1, 6), (4, 6), (5, 6)]


def test_transformer_alone():
    names = ("model.embeddings.word_embeddings.weight", "model.encoder.layer.0.output.dense.weight")
    names = [*names, "model.encoder.layer.2.output.dense.weight", "no_text"]
    names = [*(f"text_encoder.{name}" for name in names), "head.fc.weight"]
    assert depths(None, bert(), *names) == [(0, 5), (1, 5), (3, 5), (4, 5), (4, 5)]


def test_both_end_at_the_same_depth():
    joined = {"type": "JoinedTextEncoder", "encoders": [WORDS, bert()]}
    names = ["image_backbone.conv1.weight", "image_backbone.layer4.0.conv1.weight", "text_encoder.encoders.0.no_text"]
    inner = "text_encoder.encoders.1.model"
    names += [f"{inner}.embeddings.word_embeddings.weight", f"{inner}.encoder.layer.2.output.dense.weight"]
    found = depths({"type": "ResNet", "depth": 18, **TINY}, joined, *names)
    assert found == [(0, 6), (4, 6), (5, 6), (1, 6), (4, 6)]


def test_shared_layers_and_weights_around_them():
    albert = bert(model_type="albert", embedding_size=8)
    names = ["text_encoder.model.embeddings.word_embeddings.weight", "text_encoder.no_text"]
    assert depths(None, albert, *names) == [(0, 2), (1, 2)]
    xlnet = bert(model_type="xlnet", d_model=8, n_layer=3, n_head=2, d_inner=8)
    names = ["word_embedding.weight", "layer.1.ff.layer_1.weight", "mask_emb"]
    assert depths(None, xlnet, *(f"text_encoder.model.{name}" for name in names)) == [(0, 5), (2, 5), (3, 5)]


def test_encoders_without_depths():
    message = "layer-wise learning rates need an encoder that defines its layers' depths, {} does not"
    with pytest.raises(UserError, match=message.format("Word2VecEncoder")):
        depths(None, WORDS, "head.fc.weight")
    with pytest.raises(UserError, match=message.format("LeNet5")):
        depths({"type": "LeNet5"}, None, "head.fc.weight")
    with pytest.raises(UserError, match=message.format("Linear")):
        depths(nn.Linear(1, 1), bert(), "head.fc.weight")


def test_learning_rates():
    model = MODELS.build(
        {
            "type": "ImageTextClassifier",
            "image_backbone": {"type": "ResNet", "depth": 18, **TINY},
            "image_neck": {"type": "GlobalAveragePooling"},
            "text_encoder": bert(),
            "head": {"type": "LinearClsHead", "num_classes": 3, "in_channels": 72},
        }
    )
    cfg = ConfigDict(
        optimizer={"type": "AdamW", "lr": 1.0, "weight_decay": 0.1},
        constructor="LearningRateDecayOptimWrapperConstructor",
        paramwise_cfg={"layer_decay_rate": 0.5, "norm_decay_mult": 0.0},
    )
    groups = build_optim_wrapper(model, copy.deepcopy(cfg)).optimizer.param_groups
    rates = {group["param_name"]: group["lr"] for group in groups}
    assert rates["head.fc.weight"] == 1.0
    assert rates["image_backbone.layer4.0.conv1.weight"] == 0.5
    assert rates["image_backbone.conv1.weight"] == 0.5**5
    assert rates["text_encoder.model.encoder.layer.2.output.dense.weight"] == 0.5
    assert rates["text_encoder.model.embeddings.word_embeddings.weight"] == 0.5**4
    assert len(groups) == len(list(model.parameters()))
    decays = {group["param_name"]: group["weight_decay"] for group in groups}
    assert decays["image_backbone.bn1.weight"] == 0 and decays["head.fc.weight"] == 0.1


def test_a_table_alone_has_no_depths():
    with pytest.raises(UserError, match="a table encoder does not"):
        layer_depth(None, None, "head.fc.weight")

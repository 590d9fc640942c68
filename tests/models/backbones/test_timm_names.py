import re

import pytest
from timm.models import is_model_pretrained

from kdxf.errors import UserError
from kdxf.models.backbones import timm_names
from kdxf.models.backbones.timm_names import OTHER_NAMES, present_name


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

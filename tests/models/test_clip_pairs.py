"""What a folder says of a pair, and what is wrong with it."""

import json
import math
import re

import pytest
import torch
from torch import nn

from kdxf.errors import UserError
from kdxf.models.clip_pairs import load_projection, read_pair, read_scale

OPTION = "ClipTextEncoder: pretrained"


def refused(message):
    return pytest.raises(UserError, match=f"^{re.escape(message)}")


def test_settings(pair_folders):
    clip, siglip = (read_pair(pair_folders[kind], OPTION) for kind in ("clip", "siglip"))
    assert (clip.kind, clip.channels, clip.text["hidden_size"]) == ("clip", 8, 16)
    assert (siglip.kind, siglip.channels, siglip.text["projection_size"]) == ("siglip", None, 8)
    assert read_pair({"model_type": "clip"}, OPTION).channels == 512  # the library's default


def test_other_models_are_refused(tiny_bert, tmp_path):
    with refused(f"{OPTION} {tiny_bert}: the model_type 'bert' is no pair of image and text; known are chinese_clip, "):
        read_pair(tiny_bert, OPTION)
    (tmp_path / "open_clip_config.json").write_text("{}", encoding="utf-8")
    with refused(
        f"{OPTION} {tmp_path} is a model of open_clip, which kdxf does not read; take the same model in Hugging"
    ):
        read_pair(tmp_path, OPTION)
    with refused(f"{OPTION} hub/name is a name on the Hugging Face hub"):
        read_pair("hub/name", OPTION)


def test_projection(pair_folders):
    from safetensors.torch import load_file

    folder = pair_folders["clip"]
    projection = nn.Linear(16, 8, bias=False)
    load_projection(projection, folder, "visual_projection.", OPTION)
    assert torch.equal(projection.weight, load_file(folder / "model.safetensors")["visual_projection.weight"])
    with refused(f"{OPTION} {folder}: the weight visual_projection.weight of shape (4, 16) has the shape (8, 16); the"):
        load_projection(nn.Linear(16, 4, bias=False), folder, "visual_projection.", OPTION)
    with refused(f"{OPTION} {folder}: the weight other.weight of shape (8, 16) is missing; the weights are another"):
        load_projection(projection, folder, "other.", OPTION)


def test_scale(pair_folders, tiny_bert):
    scale = json.loads((pair_folders["clip"] / "config.json").read_text())["logit_scale_init_value"]
    assert read_scale(pair_folders["clip"], OPTION) == pytest.approx(math.exp(scale))  # 14.3
    with refused(f"{OPTION} {tiny_bert}: the weight logit_scale is missing; the weights are incomplete"):
        read_scale(tiny_bert, OPTION)

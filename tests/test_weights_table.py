"""The table of weights to start from in docs/training.md: each line of it builds, and licences and sizes are right."""

import ast
import re

import pytest
import torch
from timm.models import get_pretrained_cfg

from kdxf.registry import MODELS

# Tiny models of the architectures of the Hugging Face folders, by the name of the folder.
LAYERS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
TEXT = {**LAYERS, "vocab_size": 20, "max_position_embeddings": 16}
PICTURE = {**LAYERS, "image_size": 32, "patch_size": 16}
TINY = {
    "OFA-Sys/chinese-clip-vit-base-patch16": ("chinese_clip", {"vision_config": PICTURE, "text_config": TEXT}),
    "hfl/chinese-roberta-wwm-ext": ("bert", TEXT),
    "FacebookAI/xlm-roberta-base": ("xlm-roberta", TEXT),
    "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2": ("bert", TEXT),
}
# The architectures that they are published in, where they are not transformers' defaults.
FULL = {
    "OFA-Sys/chinese-clip-vit-base-patch16": {
        "vision_config": {"patch_size": 16},
        "text_config": {"vocab_size": 21128},
    },
    "hfl/chinese-roberta-wwm-ext": {"vocab_size": 21128},
    "FacebookAI/xlm-roberta-base": {"vocab_size": 250002, "max_position_embeddings": 514, "type_vocab_size": 1},
    "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2": {
        "vocab_size": 250037,
        "hidden_size": 384,
        "intermediate_size": 1536,
    },
}


def read_rows(page):
    """Return weights, licence, size in MB and settings of each row."""
    form = r"^\| `([^`]+)` \| ([^|]+) \| ([\d.]+) (MB|GB) \| [^`|]*`(type=[^`]+)` \|$"
    return {
        weights: (licence, float(size) * (1000 if unit == "GB" else 1), settings)
        for weights, licence, size, unit, settings in re.findall(form, page, re.MULTILINE)
    }


@pytest.fixture(scope="module")
def rows(repo):
    return read_rows((repo / "docs" / "training.md").read_text(encoding="utf-8"))


def settings_of(text):
    call = ast.parse(f"dict({text})", mode="eval").body
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}


def size_of(model):
    """Return the size of a model's parameters in MB."""
    return sum(parameter.numel() for parameter in model.parameters()) * 4 / 1e6


def test_both_languages_have_the_same_table(repo, rows):
    chinese = read_rows((repo / "docs" / "zh" / "training.md").read_text(encoding="utf-8"))
    assert {name: row[1:] for name, row in chinese.items()} == {name: row[1:] for name, row in rows.items()}
    assert len(rows) == 10


def test_models_of_timm(rows):
    """On torch's meta device, which has shapes without numbers."""
    import timm

    found = {name: row for name, row in rows.items() if "TIMMBackbone" in row[2]}
    assert len(found) == 6
    for weights, (licence, size, text) in found.items():
        settings = settings_of(text)
        edge = settings.get("img_size", 224)
        backbone = MODELS.build(
            {**settings, "device": "meta", "init_cfg": {"type": "Pretrained", "checkpoint": weights}}
        )
        (feature,) = backbone(torch.empty(2, 3, edge, edge, device="meta"))
        assert feature.shape[:2] == (2, backbone.out_channels)
        published = get_pretrained_cfg(settings["model_name"])
        if not weights.startswith("wheel://"):
            assert published.hf_hub_id == weights
            assert licence.lower() == published.license
        with torch.device("meta"):
            assert size_of(timm.create_model(settings["model_name"])) == pytest.approx(size, rel=0.03)


@pytest.mark.parametrize("name", TINY)
def test_folders_of_hugging_face(rows, name, tmp_path):
    transformers = pytest.importorskip("transformers")
    kind, tiny = TINY[name]
    transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **tiny)).save_pretrained(tmp_path)
    settings = settings_of(rows[name][2])
    if settings["type"] == "TransformerTextEncoder":
        encoder = MODELS.build({**settings, "pretrained": str(tmp_path)})
        encoder.init_weights()
        assert encoder(torch.ones(2, 5, dtype=torch.int64), torch.ones(2, 5)).shape == (2, 16)
    else:
        backbone = MODELS.build({**settings, "init_cfg": {"type": "Pretrained", "checkpoint": str(tmp_path)}})
        backbone.init_weights()
        assert backbone(torch.zeros(2, 3, 32, 32))[0].shape == (2, 16, 1, 1)
    with torch.device("meta"):
        model = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **FULL[name]))
    assert size_of(model) == pytest.approx(rows[name][1], rel=0.03)

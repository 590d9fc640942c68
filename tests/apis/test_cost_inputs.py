import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.apis.config import load_config
from kdxf.apis.cost_inputs import sample_maker
from kdxf.errors import UserError
from kdxf.models.text_encoders import Word2VecEncoder


def _sample(cfg, model=None):
    with DefaultScope.overwrite_default_scope("kdxf"):
        return sample_maker(cfg, model or nn.Identity())()


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("grocery/moe_r18", {"img": (3, 96, 96), "text": (32, 100), "text_weight": (32,), "text_box": (32, 4)}),
        (
            "grocery/moe_r18_keep-text",
            {"img": (3, 96, 96), "text": (32, 100), "text_weight": (32,), "text_box": (32, 4)},
        ),
        ("grocery/image_r18", {"img": (3, 96, 96)}),
        ("grocery/text_ngrams", {"ngram_ids": (512,), "ngram_weight": (512,)}),
        ("moe_r101_bert", {"img": (3, 224, 224), "text_ids": (256,), "text_mask": (256,)}),
        ("text_bert", {"text_ids": (256,), "text_mask": (256,)}),
    ],
)
def test_shapes_of_training_without_its_files(repo, tmp_path, monkeypatch, name, shapes):
    monkeypatch.chdir(tmp_path)  # no data, no vectors, no tokenizer here
    model = nn.ModuleDict({"text_encoder": Word2VecEncoder(in_channels=100)})
    packed = _sample(load_config(repo / "configs" / f"{name}.py"), model)
    assert {key: tuple(value.shape) for key, value in packed["inputs"].items()} == shapes
    assert packed["data_samples"].gt_label.tolist() == [0]


def test_texts_are_long(repo):
    packed = _sample(load_config(repo / "configs/grocery/text_ngrams.py"))
    assert (packed["inputs"]["ngram_weight"] > 0).sum() > 480  # a word that no longer fits is left out


def test_images_alone(tiny_config):
    packed = _sample(load_config(tiny_config))
    assert isinstance(packed["inputs"], torch.Tensor) and packed["inputs"].shape == (3, 1440, 1080)


def test_no_pipeline(tiny_config):
    cfg = load_config(tiny_config)
    cfg.train_dataloader = None
    with pytest.raises(UserError, match="config .*tiny.py has no train_dataloader.dataset.pipeline, which says"):
        _sample(cfg)


def test_no_encoder_for_the_vectors(repo):
    with pytest.raises(UserError, match="the pipeline looks word vectors up, but the model has no text encoder that"):
        _sample(load_config(repo / "configs/grocery/moe_r18.py"))

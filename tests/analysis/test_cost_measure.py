import types

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.analysis import cost_measure
from kdxf.analysis.cost_measure import largest_batch, machine, measure, sample_maker, search
from kdxf.engine.config import load_config
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
        ("text_lilt", {"text_ids": (256,), "text_mask": (256,), "text_boxes": (256, 4)}),
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


@pytest.mark.parametrize("limit", [2, 3, 4, 5, 31, 32, 33, 100, 4095, 4096])
def test_search_finds_the_limit(limit):
    asked = []

    def fits(size):
        asked.append(size)
        return size <= limit

    assert search(fits) == limit
    assert len(asked) == len(set(asked)) <= 24


def test_the_ends():
    assert search(lambda size: False) == 0
    assert search(lambda size: True) == 4096
    assert search(lambda size: size <= 9, least=3, most=7) == 7


def test_trying_on_a_gpu(monkeypatch):
    fractions, tried = [], []
    properties = types.SimpleNamespace(total_memory=24 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", fractions.append)
    for name in ("empty_cache", "synchronize"):
        monkeypatch.setattr(torch.cuda, name, lambda: None)

    def step(size):
        tried.append(size)
        if size > 20:
            raise torch.OutOfMemoryError

    assert largest_batch(step, 6 * 2**30) == 20
    assert fractions == [0.25, 1.0]  # the limit is taken back
    assert tried.count(16) == 2  # the optimizer's state comes with the first of two steps


RESNET18 = """
default_scope = "kdxf"
data_preprocessor = dict(num_classes=1000, mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True)
model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(
        type="ResNet", depth=18, init_cfg=dict(type="Pretrained", checkpoint="/does/not/exist.pth")
    ),
    image_neck=dict(type="GlobalAveragePooling"),
    head=dict(type="LinearClsHead", num_classes=1000, in_channels=512, loss=dict(type="CrossEntropyLoss")),
    train_cfg=dict(augments=dict(type="Mixup", alpha=1.0)),
)
pipeline = [dict(type="LoadImage"), dict(type="CenterCrop", crop_size=224), dict(type="PackImageTextInputs")]
train_dataloader = dict(
    batch_size=2, dataset=dict(type="RepeatDataset", times=2, dataset=dict(type="OCRTextDataset", pipeline=pipeline))
)
optim_wrapper = dict(optimizer=dict(type="AdamW", lr=1e-3))
test_cfg = dict(fp16=True)
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "resnet.py").write_text(RESNET18)
    return load_config(tmp_path / "resnet.py")


def test_resnet18_as_torchvision_has_it(config, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(cost_measure.time, "perf_counter", lambda: next(clock) ** 2)
    cost = measure(config, steps=1)
    assert cost.parameters == 11_689_512
    assert round(cost.macs / 1e9, 3) == 1.814
    assert (cost.inputs, cost.batch_size, cost.largest_batch) == ({"img": (3, 224, 224)}, 2, None)
    # Two warm-ups and one step: the third takes from 4² to 5², after the predictions from 10² to 11².
    assert (cost.predict_seconds, cost.train_seconds) == (9, 21)
    assert 2**28 < cost.predict_memory <= cost.train_memory < 2**35


def test_out_of_memory(config, monkeypatch):
    def fail(*args):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(cost_measure, "_time", fail)
    with pytest.raises(UserError, match="out of memory at batch size 8; give a smaller one with --batch-size"):
        measure(config, batch_size=8)


def test_a_mistake_in_the_config(config):
    config.model.head.type = "NoSuchHead"
    with pytest.raises(UserError, match="the config names 'NoSuchHead', which is not in the kdxf::model registry"):
        measure(config)


def test_the_machine_is_named():
    assert f"torch {torch.__version__}" in machine()

"""The configs hold what the document's tables hold."""

import pytest
from mmengine.config import Config

from kdxf.engine.config import load_config
from kdxf.registry import MODELS

IMAGES = {
    "efficientnet-b4": ("tf_efficientnet_b4_ns", 512),
    "efficientnetv2-m": ("tf_efficientnetv2_m_in21ft1k", 512),
    "nfnet-l1": ("eca_nfnet_l1", 384),
    "resnet200d": ("resnet200d", 384),
    "swin-base": ("swin_base_patch4_window12_384", 384),
}
TEXTS = {
    "roberta-wwm-ext": ("chinese-roberta-wwm-ext", True),
    "bert-wwm-ext": ("chinese-bert-wwm-ext", True),
    "bert-wwm": ("chinese-bert-wwm", False),
}


@pytest.fixture
def load(repo):
    return lambda name: load_config(repo / "configs" / "recipes" / "xfyun_ad" / f"{name}.py")


def _of(steps: list, kind: str) -> list:
    return [step for step in steps if step["type"] == kind]


def _averages(cfg: Config) -> bool:
    return any(hook["type"] == "SWAHook" for hook in cfg.custom_hooks)


def _check_training(cfg: Config, lr: float) -> None:
    assert (cfg.train_cfg.max_epochs, cfg.train_dataloader.batch_size) == (30, 64)
    assert (cfg.optim_wrapper.optimizer.type, cfg.optim_wrapper.optimizer.lr) == ("AdamW", lr)
    assert (cfg.param_scheduler.type, cfg.param_scheduler.eta_max) == ("OneCycleLR", lr)
    assert cfg.optim_wrapper.clip_grad.max_norm == 10
    assert cfg.model.head.num_classes == cfg.num_classes == 137
    assert cfg.val_dataloader is cfg.val_evaluator is cfg.val_cfg is None


@pytest.mark.parametrize("name", IMAGES)
def test_image_models(load, name):
    cfg, (model, size) = load(f"image_{name}"), IMAGES[name]
    _check_training(cfg, 1e-3)
    assert (cfg.model.image_backbone.model_name, cfg.model.image_backbone.drop_rate) == (model, 0.3)
    assert cfg.image_size == size
    pipelines = (cfg.train_dataloader.dataset.pipeline, cfg.test_dataloader.dataset.pipeline, cfg.tta_pipeline)
    assert [_of(steps, "Resize")[0]["scale"] for steps in pipelines] == [(size, size)] * 3
    assert len(_of(pipelines[0], "Albumentations")) == 1 and not _of(pipelines[1], "Albumentations")
    assert cfg.model.train_cfg.augments == dict(type="Mixup", alpha=0.4)
    assert (cfg.model.head.loss.label_smooth_val, cfg.model.head.loss.gamma) == (0.1, 0)
    assert cfg.train_dataloader.dataset.ann_file == "train_full.csv" and _averages(cfg)


@pytest.mark.parametrize("name", TEXTS)
def test_text_models(load, name):
    cfg, (folder, averages) = load(f"text_{name}"), TEXTS[name]
    _check_training(cfg, 2e-5)
    folder = f"data/pretrained/{folder}"
    assert (cfg.model.text_encoder.pretrained, cfg.model.text_encoder.dropout) == (folder, 0.3)
    shuffle, tokenize, _ = cfg.train_dataloader.dataset.pipeline
    assert (shuffle.type, shuffle.prob) == ("ShuffleLines", 1)
    assert (tokenize.tokenizer, tokenize.max_length) == (folder, 256)
    assert cfg.test_dataloader.dataset.pipeline[0] == tokenize
    assert cfg.model.head.loss.label_smooth_val == 0.1 and cfg.model.get("train_cfg") is None
    assert cfg.train_dataloader.dataset.ann_file == "train_full.csv" and _averages(cfg) == averages


@pytest.mark.parametrize(
    ("name", "lr"), [("image_efficientnet-b0_student", 1e-3), ("text_roberta-wwm-ext_student", 2e-5)]
)
def test_students_are_held_back_less(load, name, lr):
    cfg = load(name)
    _check_training(cfg, lr)
    dataset = cfg.train_dataloader.dataset
    assert (dataset.ann_file, dataset.soft_label_file) == ("pseudo.csv", "pseudo.parquet")
    part = cfg.model.get("image_backbone") or cfg.model.text_encoder
    assert part.get("drop_rate", part.get("dropout")) == 0.1
    assert cfg.model.head.loss.label_smooth_val == 0 and not cfg.model.get("train_cfg") and not _averages(cfg)
    assert not _of(dataset.pipeline, "Albumentations") and not _of(dataset.pipeline, "ShuffleLines")


def test_small_student(load):
    cfg = load("image_efficientnet-b0_student")
    assert (cfg.model.image_backbone.model_name, cfg.image_size) == ("tf_efficientnet_b0_ns", 384)


@pytest.mark.parametrize("name", [*IMAGES, "efficientnet-b0_student"])
def test_heads_and_pictures_fit_the_backbones(load, name):
    """On torch's meta device: shapes without numbers."""
    cfg = load(f"image_{name}")
    backbone = MODELS.build({**cfg.model.image_backbone, "device": "meta"})
    assert backbone.out_channels == cfg.model.head.in_channels
    mean, std = backbone.normalization
    assert mean == pytest.approx(cfg.data_preprocessor.mean, abs=0.01)
    assert std == pytest.approx(cfg.data_preprocessor.std, abs=0.01)

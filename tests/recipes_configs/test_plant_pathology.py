"""The configs hold what the document holds."""

import numpy as np
import pytest

from kdxf.engine.config import load_config
from kdxf.registry import MODELS, TRANSFORMS


@pytest.fixture
def load(repo):
    return lambda name: load_config(repo / "configs" / "recipes" / "plant_pathology" / f"image_se-resnext50{name}.py")


def test_the_documents_training(load):
    cfg = load("")
    assert cfg.model.image_backbone.model_name == "se_resnext50_32x4d"
    assert (cfg.train_dataloader.batch_size, cfg.train_cfg.max_epochs) == (32, 70)
    assert cfg.optim_wrapper.optimizer == dict(type="Adam", lr=1e-3)
    assert (cfg.param_scheduler.type, cfg.param_scheduler.eta_max) == ("OneCycleLR", 1e-3)
    assert cfg.optim_wrapper.clip_grad.max_norm == 1
    assert cfg.default_hooks.checkpoint.save_best == "roc-auc/mean"
    hooks = {hook["type"]: hook for hook in cfg.custom_hooks}
    assert (hooks["TopCheckpointsHook"]["k"], hooks["TopCheckpointsHook"]["metric"]) == (6, "roc-auc/mean")
    stopping = hooks["EarlyStoppingHook"]
    assert (stopping["patience"], stopping["min_epochs"], stopping["monitor"]) == (10, 70, "roc-auc/mean")


def test_pictures_are_768_wide_and_480_high_and_views_differ(load):
    cfg = load("")
    picture = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    resize, view = (TRANSFORMS.build(dict(step)) for step in cfg.train_pipeline[1:3])
    resized = resize({"img": picture})["img"]
    assert resized.shape == (480, 768, 3)
    first, second = (view({"img": resized})["img"] for _ in range(2))
    assert first.shape == second.shape == resized.shape
    assert (first != second).any() and (first != resized).any()
    assert cfg.tta_pipeline[-1]["transforms"][0] == [cfg.train_pipeline[2]] * 8


def test_variants(load):
    assert load("_distilled").train_dataloader.dataset.soft_label_file == "soft.parquet"
    schedule = load("_sgdr").param_scheduler
    assert (schedule.type, schedule.periods, schedule.eta_min) == ("CosineRestartLR", [10, 20, 40], 1e-5)
    several = load("_multi-label")
    loaders = (several.train_dataloader, several.val_dataloader, several.test_dataloader)
    assert all(loader.dataset.multi_label for loader in loaders)
    assert (several.model.head.type, several.model.head.loss.use_sigmoid) == ("MultiLabelLinearClsHead", True)


@pytest.mark.parametrize("name", ["", "_multi-label"])
def test_the_head_fits_the_backbone(load, name):
    cfg = load(name)
    backbone = MODELS.build({**cfg.model.image_backbone, "device": "meta"})
    assert backbone.out_channels == cfg.model.head.in_channels
    assert backbone.normalization[0] == pytest.approx(cfg.data_preprocessor.mean, abs=0.01)

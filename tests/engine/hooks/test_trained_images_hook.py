from pathlib import Path

import numpy as np
import pandas as pd
import torch

from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.datasets.image_keys import image_keys
from kdxf.engine.config import load_config
from kdxf.engine.hooks import TrainedImagesHook
from kdxf.io.predictions import read_predictions


def test_what_was_trained_on_is_known_afterwards(tiny_config, tiny_trained, tmp_path):
    cfg = load_config(tiny_config)
    run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "p.parquet")
    assert not read_predictions(tmp_path / "p.parquet").seen.any()

    cfg.test_dataloader.dataset = {**cfg.train_dataloader.dataset, "pipeline": cfg.test_dataloader.dataset.pipeline}
    run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "p.parquet")
    found = read_predictions(tmp_path / "p.parquet")
    assert found.seen.all()
    log = max(Path(cfg.work_dir).glob("*/*.log")).read_text()
    assert f"{len(found)} of the {len(found)} images of the test set were trained on: its scores are no test" in log


def test_weights_that_do_not_say(tiny_config, tiny_trained, tmp_path):
    checkpoint = torch.load(tiny_trained.checkpoint, weights_only=False)
    torch.save(checkpoint["state_dict"], tmp_path / "bare.pth")
    run_test(load_config(tiny_config), tmp_path / "bare.pth", out=tmp_path / "p.parquet")
    assert read_predictions(tmp_path / "p.parquet").seen is None
    assert pd.read_parquet(tmp_path / "p.parquet").seen.isna().all()


def test_weights_bring_their_images_along(tiny_config, tiny_trained, tmp_path):
    cfg = load_config(tiny_config)
    cfg.work_dir = str(tmp_path / "second")
    cfg.load_from = str(tiny_trained.checkpoint)
    cfg.train_dataloader.dataset = {**cfg.val_dataloader.dataset, "test_mode": False}
    cfg.train_cfg.max_epochs = 1
    checkpoint = torch.load(train(cfg, validate=False).checkpoint, weights_only=False)
    first = torch.load(tiny_trained.checkpoint, weights_only=False)["meta"]["trained_on"]
    both = checkpoint["meta"]["trained_on"]
    assert len(both) > len(first) and np.isin(first, both).all()


def test_seen():
    hook = TrainedImagesHook()
    assert hook.seen(["a"]) is None
    hook.after_load_checkpoint(None, {"meta": {"trained_on": torch.from_numpy(image_keys(["img/a.jpg"]))}})
    assert hook.seen(["./img/a.jpg", "img/b.jpg"]).tolist() == [True, False]
    hook.after_load_checkpoint(None, {})
    assert hook.keys is None

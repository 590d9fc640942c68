from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope
from torch.testing import assert_close

from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.hooks import SWAHook
from kdxf.errors import UserError
from kdxf.registry import DATASETS, MODELS

BATCH_NORM = {"model.backbone.norm_cfg": {"_delete_": True, "type": "BN"}}


def config(path, work, begin_epoch=2, **options):
    hooks = [{"type": "SWAHook", "begin_epoch": begin_epoch}]
    schedule = {"param_scheduler": None, "train_cfg.max_epochs": 3, "default_hooks.checkpoint.max_keep_ckpts": -1}
    return load_config(path, {"custom_hooks": hooks, "work_dir": str(work), **schedule, **options})


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_trained):
    """Three epochs of a model with batch norm, the last two averaged, with EMA beside."""
    cfg = config(tiny_trained.checkpoint.parent / "tiny.py", tmp_path_factory.mktemp("swa"), **BATCH_NORM)
    cfg.custom_hooks.append({"type": "EMAHook", "momentum": 0.3})
    return cfg, train(cfg)


def weights(folder, name):
    return load_checkpoint(Path(folder, name))["state_dict"]


def own_weights(folder, epoch):
    """What the optimizer worked on, which mmengine keeps under this name beside an EMA."""
    averaged = load_checkpoint(Path(folder, f"epoch_{epoch}.pth"))["ema_state_dict"]
    return {name[7:]: value for name, value in averaged.items() if name.startswith("module.")}


def test_mean_of_the_last_epochs(trained):
    cfg, _ = trained
    mean = load_checkpoint(Path(cfg.work_dir, "swa.pth"))
    second, third = (own_weights(cfg.work_dir, epoch) for epoch in (2, 3))
    for name, value in mean["state_dict"].items():
        if "running" not in name and "tracked" not in name:
            assert_close(value, (second[name] + third[name]) / 2)
    assert mean["meta"]["averaged_epochs"] == 2 and mean["meta"]["epoch"] == 3 and mean["meta"]["dataset_meta"]
    assert not {"optimizer", "ema_state_dict", "swa"} & mean.keys()


def test_batch_norm_sees_the_training_data(trained):
    cfg, _ = trained
    state = weights(cfg.work_dir, "swa.pth")
    with DefaultScope.overwrite_default_scope("kdxf"):
        model = MODELS.build({**cfg.model, "data_preprocessor": cfg.data_preprocessor}).eval()
        samples = list(DATASETS.build(cfg.train_dataloader.dataset))
    model.load_state_dict(state)
    batch = model.data_preprocessor({"inputs": [sample["inputs"] for sample in samples]})
    with torch.no_grad():
        values = model.backbone.conv1(batch["inputs"]).transpose(0, 1).flatten(1)  # (C, all pixels)
    assert_close(state["backbone.bn1.running_mean"], values.mean(1), rtol=1e-4, atol=1e-4)
    # Variances are within batches of eight, so they are only near those of all.
    assert_close(state["backbone.bn1.running_var"], values.var(1), rtol=0.1, atol=0)


def test_scores_are_those_of_the_checkpoint(trained, tmp_path):
    cfg, result = trained
    scores = run_test(
        load_config(Path(cfg.work_dir, "tiny.py"), {"work_dir": str(tmp_path)}), cfg.work_dir + "/swa.pth"
    )
    assert result.metrics["accuracy/top1_swa"] == pytest.approx(scores["accuracy/top1"])
    (log,) = Path(cfg.work_dir).glob("*/*.log")
    assert "mean of the weights of 2 epochs, saved as swa.pth, accuracy/top1_swa " in log.read_text()


@pytest.mark.parametrize("epoch", [1, 2, 3])  # before the first that counts, in between, and when all is done
def test_resumed(trained, tmp_path, epoch):
    cfg, result = trained
    again = cfg.copy()
    again.work_dir = str(tmp_path)
    resumed = train(again, resume=Path(cfg.work_dir, f"epoch_{epoch}.pth"))
    one, other = weights(cfg.work_dir, "swa.pth"), weights(tmp_path, "swa.pth")
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert resumed.metrics["accuracy/top1_swa"] == result.metrics["accuracy/top1_swa"]


def test_a_mean_that_begins_late(tiny_config, tmp_path):
    plain = config(tiny_config, tmp_path / "a", custom_hooks=[], **{"train_cfg.max_epochs": 2})
    first = train(plain).checkpoint
    cfg = config(tiny_config, tmp_path / "b")
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    result = train(cfg, resume=first, validate=False)
    (log,) = Path(cfg.work_dir).glob("*/*.log")
    text = log.read_text()
    assert "SWAHook: the checkpoint of epoch 2 has no mean of weights, which now begins with the next epoch" in text
    assert "mean of the weights of 1 epochs, saved as swa.pth\n" in text
    last = weights(cfg.work_dir, "epoch_3.pth")
    assert all(torch.equal(last[name], value) for name, value in weights(cfg.work_dir, "swa.pth").items())
    assert "accuracy/top1_swa" not in result.metrics


def test_stopped_before_the_first_epoch_that_counts(tiny_config, tmp_path):
    stop = {"type": "EarlyStoppingHook", "monitor": "accuracy/top1", "patience": 1, "min_delta": 100}
    cfg = config(tiny_config, tmp_path, begin_epoch=3)
    cfg.custom_hooks.append(stop)
    train(cfg)
    (log,) = tmp_path.glob("*/*.log")
    assert "SWAHook: training stopped before epoch 3; nothing is averaged" in log.read_text()
    assert not Path(tmp_path, "swa.pth").exists()


def test_too_late(tiny_config, tmp_path):
    with pytest.raises(UserError, match="SWAHook: begin_epoch is 4, but training ends with epoch 3: take an earlier"):
        train(config(tiny_config, tmp_path, begin_epoch=4))


def test_iterations(tiny_config, tmp_path):
    cfg = config(tiny_config, tmp_path)
    cfg.train_cfg = {"by_epoch": False, "max_iters": 3, "val_interval": 3}
    with pytest.raises(UserError, match="SWAHook averages the ends of epochs: set train_cfg=dict.by_epoch=True"):
        train(cfg)


def test_arguments():
    with pytest.raises(ValueError, match="begin_epoch must be 1 or more, got 0"):
        SWAHook(0)

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.hooks import BudgetHook, budget_hook
from kdxf.errors import UserError


def budget(**settings):
    return {"custom_hooks": [{"type": "BudgetHook", **settings}]}


def log_of(folder):
    return "".join(path.read_text() for path in sorted(Path(folder).glob("*/*.log")))


def test_ends_within_an_epoch_and_goes_on(tiny_config, tmp_path):
    whole = train(load_config(tiny_config, {"work_dir": str(tmp_path / "whole")}))
    cfg = load_config(tiny_config, budget(steps=2))
    first = train(cfg)
    assert not first.finished and first.epoch == 0 and first.checkpoint.name == "iter_2.pth"
    assert "accuracy/top1" in first.metrics and first.best_checkpoint.name == "best_accuracy_top1_iter_2.pth"
    assert "the budget is spent: stopped at iteration 2 of 6; --resume goes on" in log_of(cfg.work_dir)
    second = train(cfg, resume=True)
    assert (second.finished, second.epoch, second.checkpoint.name) == (False, 1, "iter_4.pth")
    third = train(cfg, resume=True)
    assert third.finished and third.epoch == 2 and third.checkpoint.name == "epoch_2.pth"
    one, other = (load_checkpoint(result.checkpoint)["state_dict"] for result in (whole, third))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert third.metrics["accuracy/top1"] == whole.metrics["accuracy/top1"]


def test_ends_within_an_epoch_where_the_config_imports_the_loop(tiny_config):
    """MMEngine's lazy configs have classes in place of names."""
    imported = "from mmengine.runner import EpochBasedTrainLoop\n"
    loop = "train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=2)\n"
    tiny_config.write_text(imported + tiny_config.read_text() + loop)
    result = train(load_config(tiny_config, budget(steps=2)), validate=False)
    assert not result.finished and result.checkpoint.name == "iter_2.pth"


def test_hours(tiny_config, monkeypatch):
    clock = iter(range(0, 100 * 1800, 1800))  # half an hour passes from look to look
    monkeypatch.setattr(budget_hook, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    result = train(load_config(tiny_config, budget(hours=1.5)), validate=False)
    assert not result.finished and result.checkpoint.name == "iter_3.pth" and result.metrics == {}


def test_iterations(tiny_config):
    cfg = load_config(tiny_config, budget(steps=2))
    cfg.train_cfg = {"by_epoch": False, "max_iters": 5, "val_interval": 5}
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=5)
    cfg.param_scheduler = None
    result = train(cfg)
    assert result.checkpoint.name == "iter_2.pth" and "accuracy/top1" in result.metrics
    assert load_checkpoint(result.checkpoint)["meta"]["iter"] == 2
    assert train(cfg, resume=True).checkpoint.name == "iter_4.pth"
    assert train(cfg, resume=True).finished


def test_enough_for_all(tiny_config):
    result = train(load_config(tiny_config, budget(steps=6)))
    assert result.finished and result.checkpoint.name == "epoch_2.pth"


def test_needs_checkpoints(tiny_config):
    cfg = load_config(tiny_config, budget(steps=1))
    cfg.default_hooks.checkpoint = None
    with pytest.raises(UserError, match="BudgetHook: the run has no CheckpointHook, so it could not be resumed"):
        train(cfg)


def test_arguments():
    with pytest.raises(ValueError, match="give hours or steps"):
        BudgetHook()
    with pytest.raises(ValueError, match="hours must be positive, got 0"):
        BudgetHook(hours=0)
    with pytest.raises(ValueError, match="steps must be positive, got -1"):
        BudgetHook(steps=-1)

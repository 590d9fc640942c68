from math import inf, nan
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.hooks import TopCheckpointsHook
from kdxf.errors import UserError


class Runner:
    def __init__(self, folder, resume=False):
        self.work_dir, self._resume = str(folder), resume
        self.epoch = self.iter = 0
        self.train_loop = None
        self.logger = Mock()

    def save_checkpoint(self, folder, name, **kwargs):
        Path(folder, name).touch()


def validate(hook, runner, *scores):
    for score in scores:
        runner.epoch += 1
        hook.after_val_epoch(runner, {"accuracy/top1": score})


def names(folder):
    return sorted(path.name for path in folder.glob("top_*"))


def test_keeps_the_best(tmp_path):
    hook, runner = TopCheckpointsHook("accuracy/top1", k=2), Runner(tmp_path)
    hook.before_train(runner)
    validate(hook, runner, 50.0, 60.0)
    assert names(tmp_path) == ["top_accuracy_top1_50.0000_epoch_1.pth", "top_accuracy_top1_60.0000_epoch_2.pth"]
    validate(hook, runner, 40.0, 55.0, 55.0)  # no; in place of 50; as good as one that is there
    assert names(tmp_path) == ["top_accuracy_top1_55.0000_epoch_4.pth", "top_accuracy_top1_60.0000_epoch_2.pth"]


def test_a_score_that_is_no_number_displaces_none(tmp_path):
    hook, runner = TopCheckpointsHook("accuracy/top1", k=2), Runner(tmp_path)
    hook.before_train(runner)
    validate(hook, runner, 0.5, nan, 0.9, inf, 0.8, 0.95)
    assert names(tmp_path) == ["top_accuracy_top1_0.9000_epoch_3.pth", "top_accuracy_top1_0.9500_epoch_6.pth"]
    assert [call.args[0] for call in runner.logger.warning.call_args_list] == [
        "TopCheckpointsHook: accuracy/top1 is nan; these weights are not kept",
        "TopCheckpointsHook: accuracy/top1 is inf; these weights are not kept",
    ]


def test_less_is_better(tmp_path):
    hook, runner = TopCheckpointsHook("accuracy/top1", k=1, rule="less"), Runner(tmp_path)
    hook.before_train(runner)
    validate(hook, runner, 2.0, 3.0, 1.0)
    assert names(tmp_path) == ["top_accuracy_top1_1.0000_epoch_3.pth"]


@pytest.mark.parametrize("resume", [True, False])
def test_resumed_run_remembers(tmp_path, resume):
    (tmp_path / "top_accuracy_top1_70.5000_epoch_1.pth").touch()
    hook, runner = TopCheckpointsHook("accuracy/top1", k=1), Runner(tmp_path, resume)
    hook.before_train(runner)
    validate(hook, runner, 60.0)
    # A new run leaves the files of an older one alone.
    assert len(names(tmp_path)) == (1 if resume else 2)
    validate(hook, runner, 80.0)
    assert ("top_accuracy_top1_70.5000_epoch_1.pth" in names(tmp_path)) != resume


def test_resumed_run_validates_an_epoch_again(tmp_path):
    hook, runner = TopCheckpointsHook("accuracy/top1", k=2), Runner(tmp_path)
    hook.before_train(runner)
    validate(hook, runner, 50.0, 60.0)
    hook, runner = TopCheckpointsHook("accuracy/top1", k=2), Runner(tmp_path, resume=True)
    hook.before_train(runner)
    runner.epoch = 1
    validate(hook, runner, 60.0)  # epoch 2
    assert names(tmp_path) == ["top_accuracy_top1_50.0000_epoch_1.pth", "top_accuracy_top1_60.0000_epoch_2.pth"]


def test_in_a_run(tiny_config):
    cfg = load_config(
        tiny_config, {"custom_hooks": [{"type": "TopCheckpointsHook", "metric": "accuracy/top1", "k": 1}]}
    )
    cfg.default_hooks.checkpoint.max_keep_ckpts = 1
    result = train(cfg)
    (kept,) = Path(cfg.work_dir).glob("top_accuracy_top1_*_epoch_*.pth")
    saved = load_checkpoint(kept)
    assert "optimizer" not in saved and f"epoch_{saved['meta']['epoch']}.pth" in kept.name
    assert result.checkpoint.name == "epoch_2.pth" and not Path(cfg.work_dir, "epoch_1.pth").exists()


def test_iterations(tiny_config):
    cfg = load_config(
        tiny_config, {"custom_hooks": [{"type": "TopCheckpointsHook", "metric": "accuracy/top1", "k": 1}]}
    )
    cfg.train_cfg = {"by_epoch": False, "max_iters": 2, "val_interval": 2}
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=1)
    cfg.param_scheduler = None
    train(cfg)
    assert len(list(Path(cfg.work_dir).glob("top_*_iter_2.pth"))) == 1
    assert Path(cfg.work_dir, "iter_1.pth").exists()  # a checkpoint every step


def test_unknown_score():
    hook = TopCheckpointsHook("mAP")
    with pytest.raises(UserError, match="TopCheckpointsHook: the validation has no score 'mAP', only accuracy/top1"):
        hook.after_val_epoch(SimpleNamespace(), {"accuracy/top1": 1.0})


def test_arguments():
    with pytest.raises(ValueError, match="k must be 1 or more, got 0"):
        TopCheckpointsHook("a", k=0)
    with pytest.raises(ValueError, match="rule must be 'greater' or 'less', got 'more'"):
        TopCheckpointsHook("a", rule="more")

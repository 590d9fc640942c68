from math import inf, nan
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.hooks import FiniteLossHook, finite_loss_hook
from kdxf.errors import UserError
from kdxf.registry import HOOKS


@HOOKS.register_module()
class SpoilWeightsHook(Hook):
    """Makes a weight NaN after this iteration, as a step with a NaN gradient does."""

    priority = "VERY_HIGH"

    def __init__(self, step):
        self.step = step

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.step:
            next(runner.model.parameters()).data.view(-1)[0] = nan


def spoiled(config, step, **options):
    hook = {"custom_hooks": [{"type": "SpoilWeightsHook", "step": step}]}
    return load_config(config, {**hook, "default_hooks.checkpoint.max_keep_ckpts": 1, **options})


def weights_are_finite(path):
    return all(weight.isfinite().all() for weight in load_checkpoint(path)["state_dict"].values())


@pytest.mark.parametrize(
    ("step", "reason"),
    [(5, "the loss is nan since iteration 6"), (6, "the weights are NaN or infinite after iteration 6")],
)
def test_a_run_that_diverges_keeps_its_last_good_checkpoint(tiny_config, step, reason):
    # Three iterations in an epoch; with max_keep_ckpts=1 the next checkpoint would remove that of epoch 1.
    cfg = spoiled(tiny_config, step)
    kept = Path(cfg.work_dir, "epoch_1.pth")
    with pytest.raises(UserError, match=rf"^{reason}: training has diverged and is stopped; the last good") as error:
        train(cfg)
    assert f"checkpoint is {kept}. Try a lower learning rate (now 0.0" in str(error.value)
    assert str(error.value).endswith("), warm-up, or clip_grad=dict(max_norm=1.0) in optim_wrapper")
    assert weights_are_finite(kept) and not Path(cfg.work_dir, "epoch_2.pth").exists()


def test_checkpoints_of_iterations(tiny_config):
    cfg = spoiled(tiny_config, 4, param_scheduler=None)
    cfg.train_cfg = {"by_epoch": False, "max_iters": 40, "val_interval": 40}
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=2)
    with pytest.raises(UserError, match="the weights are NaN or infinite after iteration 4"):
        train(cfg)
    assert weights_are_finite(Path(cfg.work_dir, "iter_2.pth")) and not Path(cfg.work_dir, "iter_4.pth").exists()


def test_before_the_first_checkpoint(tiny_config):
    cfg = spoiled(tiny_config, 2)
    with pytest.raises(UserError, match="loss is nan since iteration 3: .* stopped; no checkpoint was saved before"):
        train(cfg)


class Runner(SimpleNamespace):
    """The parts of a runner that the hook looks at."""

    def __init__(self, **parts):
        super().__init__(
            iter=0,
            hooks=[],
            model=torch.nn.Linear(1, 1),
            message_hub=Mock(log_scalars={"train/loss": Mock()}, get_info=lambda name: None),
            optim_wrapper=Mock(get_lr=lambda: {"lr": [0.1, 0.3]}),
            **parts,
        )

    def step(self, hook, *losses):
        for loss in losses:
            self.message_hub.log_scalars["train/loss"].current.return_value = loss
            hook.after_train_iter(self, 0)
            self.iter += 1


def test_some_losses_may_be_infinite_while_the_weights_are_good():
    """As with loss scaling in float16, which leaves such a step out."""
    hook, runner = FiniteLossHook(), Runner()
    runner.step(hook, 1.0, *[inf] * 9, 1.0, *[nan] * 9)  # iterations 2 to 10, 12 to 20
    hook.after_train_epoch(runner)
    runner.optim_wrapper = Mock(spec=AmpOptimWrapper, get_lr=lambda: {"lr": [0.1, 0.3]})
    with pytest.raises(UserError, match=r"the loss is inf since iteration 12: .*\(now 0.3\).*, or to train without"):
        runner.step(hook, *[inf] * 10)
    assert runner.iter + 1 == 30


def test_a_bad_loss_and_bad_weights_end_the_run_within_ten_iterations():
    hook, runner = FiniteLossHook(), Runner()
    runner.step(hook, 1.0)
    runner.model.weight.data[0] = inf
    with pytest.raises(UserError, match="the loss is nan since iteration 2"):
        runner.step(hook, *[nan] * 10)
    assert runner.iter + 1 == 10


def test_all_processes_end_together(monkeypatch):
    hook, runner = FiniteLossHook(), Runner()
    runner.model.weight.data[0] = nan
    monkeypatch.setattr(finite_loss_hook, "all_reduce", lambda worst, op: worst.fill_(3))  # another's losses
    with pytest.raises(UserError, match="the weights are NaN or infinite after iteration 10"):
        runner.step(hook, *[1.0] * 10)


def test_masks_may_hold_minus_infinity():
    hook, runner = FiniteLossHook(), Runner()
    runner.model.register_buffer("mask", torch.tensor([0.0, -inf]))
    hook.after_train_epoch(runner)
    runner.model.register_buffer("mean", torch.tensor([nan]))
    with pytest.raises(UserError, match="the weights are NaN or infinite after iteration 0"):
        hook.after_train_epoch(runner)


def test_before_what_is_saved_at_the_end():
    runner = Runner()
    runner.model.bias.data[0] = nan
    with pytest.raises(UserError, match="the weights are NaN"):
        FiniteLossHook().after_train(runner)

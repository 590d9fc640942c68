"""Stops a run whose loss or weights have become NaN or infinite."""

from math import isfinite
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import Runner
from torch import nn

from kdxf.engine.dist import unwrapped
from kdxf.engine.hooks.checkpoint_due import checkpoint_is_due
from kdxf.errors import DivergedError
from kdxf.registry import HOOKS

INTERVAL = 10
"""Iterations from one check to the next, and the number of losses in a row that end the run on their own."""


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops a run that has diverged, before it replaces a good checkpoint.

    Weights that are NaN never become numbers again: such a run would go on to its last epoch, and overwrite what it had
    learnt. Every tenth iteration the losses since the last check are looked at, as mmengine has logged them, so a step
    does not wait for the GPU once more. The run ends

    - if one of them is NaN or infinite and the weights are as well;
    - if ten in a row are, though the weights are still numbers. Fewer may happen in float16, where the loss scaling
      leaves such steps out.

    The weights are also looked at whenever a checkpoint is due, so the last one that was written is good. In a
    distributed run the losses of all processes count, and all end together.
    """

    # After the hook that logs the loss, before those that average weights or save.
    priority = "HIGH"

    def __init__(self) -> None:
        self._bad = 0  # losses in a row that are no numbers
        self._since = 0  # the iteration of the first of them
        self._loss = 0.0

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Note the loss, and check when that is due.

        Raises:
            DivergedError: The run has diverged.
        """
        logged = runner.message_hub.log_scalars.get("train/loss")
        self._loss = 0.0 if logged is None else float(logged.current())
        if isfinite(self._loss):
            self._bad = 0
        else:
            self._since = self._since if self._bad else runner.iter + 1
            self._bad += 1
        if (runner.iter + 1) % INTERVAL == 0 or checkpoint_is_due(runner):
            self._check(runner, runner.iter + 1, saving=checkpoint_is_due(runner))

    def after_train_epoch(self, runner: Runner) -> None:
        """Check before the checkpoint of the epoch.

        Raises:
            DivergedError: The run has diverged.
        """
        self._check(runner, runner.iter, saving=True)

    def after_train(self, runner: Runner) -> None:
        """Check before the hooks that save at the end, such as ``BudgetHook``.

        Raises:
            DivergedError: The run has diverged.
        """
        self._check(runner, runner.iter, saving=True)

    def _check(self, runner: Any, step: int, saving: bool) -> None:
        worst = _largest(self._bad)
        if worst < INTERVAL and not ((saving or worst) and _largest(_has_diverged(unwrapped(runner.model)))):
            return
        what = f"the weights are NaN or infinite after iteration {step}"
        if self._bad:
            what = f"the loss is {self._loss} since iteration {self._since}"
        last = runner.message_hub.get_info("last_ckpt")
        kept = f"the last good checkpoint is {last}" if last else "no checkpoint was saved before"
        rate = max(rate for group in runner.optim_wrapper.get_lr().values() for rate in group)
        scaled = ", or to train without --amp" if isinstance(runner.optim_wrapper, AmpOptimWrapper) else ""
        raise DivergedError(
            f"{what}: training has diverged and is stopped; {kept}. Try a lower learning rate (now {rate:.3g}), "
            f"warm-up, or clip_grad=dict(max_norm=1.0) in optim_wrapper{scaled}"
        )


def _largest(value: int) -> int:
    """Return the largest value of all processes."""
    found = torch.tensor(int(value))
    all_reduce(found, "max")
    return int(found)


def _has_diverged(model: nn.Module) -> bool:
    """Tell whether a weight is NaN or infinite, or a statistic NaN. (Masks are buffers that may hold -inf.)"""
    found = [~p.detach().isfinite().all() for p in model.parameters()]
    found += [buffer.isnan().any() for buffer in model.buffers() if buffer.is_floating_point()]
    return bool(torch.stack([flag.to(found[0].device) for flag in found]).any()) if found else False

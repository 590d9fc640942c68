"""Ends a run when its time is up."""

import time
from typing import Any

from mmengine.dist import broadcast_object_list
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner

from kdxf.errors import UserError
from kdxf.registry import HOOKS


@HOOKS.register_module()
class BudgetHook(Hook):
    """Ends a run cleanly when its hours or its steps are spent: it is saved and validated, and can be resumed.

    The budget is that of one command: a resumed run has all of it again. The checkpoint is ``iter_<n>.pth``; saving
    and validating come on top of the hours. ::

        custom_hooks = [dict(type="BudgetHook", hours=11.5)]

    Args:
        hours: Time for training and the validations in it.
        steps: Iterations.

    Attributes:
        ended_run: Whether the hook has ended the run before its last iteration.

    Raises:
        ValueError: Neither is given, or one is not positive.
    """

    # After the hook that saves checkpoints.
    priority = "LOWEST"

    def __init__(self, hours: float | None = None, steps: int | None = None) -> None:
        if hours is None and steps is None:
            raise ValueError("give hours or steps")
        for name, value in (("hours", hours), ("steps", steps)):
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be positive, got {value}")
        self.hours = hours
        self.steps = steps
        self.ended_run = False

    def before_train(self, runner: Runner) -> None:
        """Start the clock.

        Raises:
            UserError: Nothing saves checkpoints.
        """
        if not any(isinstance(hook, CheckpointHook) for hook in runner.hooks):
            raise UserError("BudgetHook: the run has no CheckpointHook, so it could not be resumed; set one")
        self._start = time.monotonic()
        self._first = runner.iter

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """End the run when the budget is spent before the last iteration."""
        if runner.iter + 1 < runner.max_iters and self._is_spent(runner):
            self.ended_run = True
            runner.train_loop.stop_training = True

    def after_train(self, runner: Runner) -> None:
        """Save a checkpoint and validate, if the budget has ended the run."""
        if not self.ended_run:
            return
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook):
                if hook.by_epoch:  # from here on it names files by iterations
                    hook.by_epoch, hook.filename_tmpl = False, "iter_{}.pth"
                meta = {"epoch": runner.epoch, "iter": runner.iter}
                hook._save_checkpoint_with_step(runner, runner.iter, meta)
        if runner.val_loop is not None:
            runner.val_loop.run()
        runner.logger.info(
            f"the budget is spent: stopped at iteration {runner.iter} of {runner.max_iters}; --resume goes on"
        )

    def _is_spent(self, runner: Runner) -> bool:
        steps = runner.iter + 1 - self._first
        spent = [
            (self.steps is not None and steps >= self.steps)
            or (self.hours is not None and time.monotonic() - self._start >= 3600 * self.hours)
        ]
        broadcast_object_list(spent)  # the clocks of several processes differ
        return spent[0]

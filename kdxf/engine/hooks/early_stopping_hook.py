"""Stops a run that no longer improves."""

from math import inf, isfinite
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import EarlyStoppingHook as HostHook
from mmengine.runner import IterBasedTrainLoop, Runner

from kdxf.errors import UserError
from kdxf.registry import HOOKS
from kdxf_runtime.io.files import read_json, write_json


@HOOKS.register_module()
class EarlyStoppingHook(HostHook):
    """mmengine's hook, with a minimum of epochs, scores that survive a restart, and no training data in a test.

    A resumed run continues to count: the scores of all validations are kept in ``early_stopping_<metric>.json`` in the
    work folder, and those up to the checkpoint are counted again. A run that had stopped early stays stopped, unless it
    is given more ``patience``. (mmengine's hook starts counting from zero.) ::

        custom_hooks = [dict(type="EarlyStoppingHook", monitor="accuracy/top1", patience=10, min_epochs=70)]

    Args:
        monitor: A validation score, such as ``'accuracy/top1'``.
        min_epochs: Epochs (iterations, where training counts those) to be trained in any case. Validations without
            progress count before that too. A score that is not finite stops at once.
        **kwargs: Arguments of mmengine's hook: ``rule`` (``'greater'`` or ``'less'`` is better), ``patience``
            (validations), ``min_delta`` (0.1 by default, a tenth of a percent point of an accuracy; take less
            for scores between 0 and 1), ``stopping_threshold``, ``check_finite``.

    Raises:
        ValueError: ``min_epochs`` is negative.
    """

    def __init__(self, monitor: str, min_epochs: int = 0, **kwargs: Any) -> None:
        if min_epochs < 0:
            raise ValueError(f"min_epochs must not be negative, got {min_epochs}")
        super().__init__(monitor, **kwargs)
        self.min_epochs = min_epochs
        self._scores: list[tuple[int, float]] = []

    def before_run(self, runner: Runner) -> None:
        """Do nothing: mmengine's hook takes the training loop here, which would be built for a test too."""

    def before_train(self, runner: Runner) -> None:
        """Count the earlier scores of a resumed run."""
        self.wait_count, self.best_score = 0, -inf if self.rule == "greater" else inf
        scores: list[Any] = [[]]
        if runner._resume and is_main_process():
            scores = [read_json(self._path(runner)) or []]
        broadcast_object_list(scores)
        self._scores = [(step, score) for step, score in scores[0] if step <= _step(runner)]
        checks = [self._check_stop_condition(score) for _, score in self._scores]
        if checks:
            self._stop(runner, *checks[-1])

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Stop when there was no progress in the last ``patience`` validations.

        Raises:
            UserError: The validation has no such score.
        """
        if not metrics or self.monitor not in metrics:
            raise UserError(
                f"EarlyStoppingHook: the validation has no score {self.monitor!r}, only {', '.join(metrics or {})}"
            )
        if self._scores and self._scores[-1][0] == _step(runner):
            return  # a resumed run validates its last epoch again
        score = float(metrics[self.monitor])
        self._scores.append((_step(runner), score))
        if is_main_process():
            write_json(self._scores, self._path(runner))
        self._stop(runner, *self._check_stop_condition(score))

    def _stop(self, runner: Runner, due: bool, reason: str) -> None:
        """Stop after the last of the scores, if that is due and the minimum is reached."""
        step, score = self._scores[-1]
        if due and (step >= self.min_epochs or not isfinite(score)):
            runner.train_loop.stop_training = True
            runner.logger.info(f"stopped early: {reason}")

    def _path(self, runner: Runner) -> Path:
        return Path(runner.work_dir, f"early_stopping_{self.monitor.replace('/', '_')}.json")


def _step(runner: Runner) -> int:
    return runner.iter if isinstance(runner.train_loop, IterBasedTrainLoop) else runner.epoch

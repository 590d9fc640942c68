"""Keeps the weights of the k best validations."""

import re
from math import isfinite
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from kdxf.errors import UserError
from kdxf.registry import HOOKS


@HOOKS.register_module()
class TopCheckpointsHook(Hook):
    """Keeps the weights of the k best validations, to be averaged later (``kdxf soup``).

    Use it together with ``CheckpointHook``, which keeps the last ones (``max_keep_ckpts``) and the single best
    (``save_best``). Files are named ``top_<metric>_<score>_epoch_<n>.pth`` (``_iter_<n>`` where training counts
    iterations) and hold no optimizer state. A resumed run reads its earlier ones back from their names. Weights whose
    score is NaN or infinite are not kept.

    Args:
        metric: A validation score, such as ``'accuracy/top1'``.
        k: Number of checkpoints to keep.
        rule: ``'greater'`` or ``'less'`` is better.

    Raises:
        ValueError: ``k`` is not positive, or ``rule`` is another word.
    """

    priority = "VERY_LOW"

    def __init__(self, metric: str, k: int = 6, rule: str = "greater") -> None:
        if k < 1:
            raise ValueError(f"k must be 1 or more, got {k}")
        if rule not in ("greater", "less"):
            raise ValueError(f"rule must be 'greater' or 'less', got {rule!r}")
        self.metric = metric
        self.k = k
        self._sign = 1 if rule == "greater" else -1
        self._prefix = f"top_{metric.replace('/', '_')}_"
        self._kept: list[tuple[float, str]] = []

    def before_train(self, runner: Runner) -> None:
        """Find the checkpoints that a resumed run kept before."""
        self._kept = []
        pattern = re.compile(re.escape(self._prefix) + r"(-?\d+\.\d+)_(?:epoch|iter)_\d+\.pth")
        if runner._resume:
            for path in Path(runner.work_dir).iterdir():
                if match := pattern.fullmatch(path.name):
                    self._kept.append((float(match[1]), path.name))

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Save the weights when they are among the best, and remove those that no longer are.

        Raises:
            UserError: The validation has no such score.
        """
        if not metrics or self.metric not in metrics:
            raise UserError(
                f"TopCheckpointsHook: the validation has no score {self.metric!r}, only {', '.join(metrics or {})}"
            )
        score = round(float(metrics[self.metric]), 4)
        if not isfinite(score):  # NaN compares as neither better nor worse, so it would displace better weights
            runner.logger.warning(f"TopCheckpointsHook: {self.metric} is {score}; these weights are not kept")
            return
        if len(self._kept) >= self.k and self._sign * score <= min(self._sign * kept for kept, _ in self._kept):
            return
        by_iter = isinstance(runner.train_loop, IterBasedTrainLoop)
        step = f"iter_{runner.iter}" if by_iter else f"epoch_{runner.epoch}"
        name = f"{self._prefix}{score:.4f}_{step}.pth"
        if any(name == kept for _, kept in self._kept):
            return  # a resumed run validates its last epoch again
        runner.save_checkpoint(
            runner.work_dir,
            name,
            save_optimizer=False,
            save_param_scheduler=False,
            meta={"epoch": runner.epoch, "iter": runner.iter},
            by_epoch=False,
        )
        self._kept.append((score, name))
        self._kept.sort(key=lambda item: -self._sign * item[0])
        for _, dropped in self._kept[self.k :]:
            if is_main_process():
                Path(runner.work_dir, dropped).unlink(missing_ok=True)
        del self._kept[self.k :]

"""Makes the buffers of all processes equal before they are saved or validated."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from mmengine.dist import all_reduce, broadcast, get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner
from torch import Tensor

from kdxf.engine.dist import unwrapped
from kdxf.engine.hooks.checkpoint_due import checkpoint_is_due
from kdxf.registry import HOOKS


@HOOKS.register_module()
class EqualBuffersHook(Hook):
    """In a distributed run, averages what layers count: the statistics of batch norms and of ``DocumentNorm``.

    Each process updates them with its own part of a batch, and gradients are all that it exchanges. Without this hook
    each would validate with its own statistics, and the checkpoint hold those of the main process: ``save_best`` would
    judge a model that is not saved.

    Buffers that are no floating-point numbers (counters, index tables) become those of the main process. The
    copies that ``EMAHook`` keeps are treated likewise. Averaging comes before each checkpoint and validation, if there
    was a training step since the last time.
    """

    # After EMAHook, which copies the buffers of this step; before SWAHook and whatever saves.
    priority = "NORMAL"

    def __init__(self) -> None:
        self._differ = False

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Average before a checkpoint within an epoch."""
        self._differ = True
        if checkpoint_is_due(runner):
            self._equalize(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Average before the checkpoint of the epoch."""
        self._equalize(runner)

    def before_val_epoch(self, runner: Runner) -> None:
        """Average before a validation within an epoch."""
        self._equalize(runner)

    def after_train(self, runner: Runner) -> None:
        """Average before the hooks that save at the end, such as ``BudgetHook``."""
        self._equalize(runner)

    def _equalize(self, runner: Any) -> None:
        if not self._differ or get_world_size() == 1:
            return
        self._differ = False
        models = [unwrapped(runner.model)]
        models += [hook.ema_model for hook in runner.hooks if isinstance(hook, EMAHook)]
        equalize(buffer for model in models for buffer in model.buffers())


@torch.no_grad()
def equalize(buffers: Iterable[Tensor]) -> None:
    """Give all processes the mean of floating-point buffers, and the main process's of others; in place.

    Args:
        buffers: The same number, of the same shapes and types, in each process.
    """
    by_type: dict[torch.dtype, list[Tensor]] = defaultdict(list)
    for buffer in buffers:
        by_type[buffer.dtype].append(buffer)
    for kind, group in by_type.items():
        flat = torch.cat([buffer.flatten() for buffer in group])
        if kind.is_floating_point:
            all_reduce(flat, "mean")
        else:
            broadcast(flat, src=0)
        for buffer, part in zip(group, flat.split([buffer.numel() for buffer in group]), strict=True):
            buffer.copy_(part.view_as(buffer))

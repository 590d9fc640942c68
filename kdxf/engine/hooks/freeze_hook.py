"""Freezes parts of a model for a while."""

import gc
from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from kdxf.engine.dist import unwrapped
from kdxf.errors import UserError
from kdxf.registry import HOOKS

# Attribute of a parameter: how many hooks keep it frozen, as they may overlap.
_HOLDS = "_freeze_hooks"


@HOOKS.register_module()
class FreezeHook(Hook):
    """Keeps parts of the model from learning, for some epochs or for the whole run.

    A frozen part gets no gradient, so the optimizer leaves it alone, weight decay and momentum included; and it runs
    in evaluation mode: batch norms take and keep their statistics, dropout does nothing. Where nothing before a part
    learns, its activations are not kept, so a frozen backbone leaves room for larger batches. ::

        custom_hooks = [
            dict(type="FreezeHook", modules=["image_backbone"], end=2),  # the first two epochs
            dict(type="FreezeHook", modules=["image_backbone.conv1", "image_backbone.layer1"]),  # always
        ]

    Args:
        modules: Dotted names of parts of the model. What the model itself keeps frozen (``frozen_stages``) stays so.
        begin: Number of finished epochs (or iterations) at which the parts become frozen.
        end: Number at which they learn again; None is never.
        by_epoch: False counts iterations.

    Raises:
        TypeError: ``modules`` is not a list.
        ValueError: ``begin`` is negative, or ``end`` does not come after it.
    """

    def __init__(self, modules: Sequence[str], begin: int = 0, end: int | None = None, by_epoch: bool = True) -> None:
        if isinstance(modules, str):
            raise TypeError(f"modules must be a list of names, got {modules!r}")
        if begin < 0 or (end is not None and end <= begin):
            raise ValueError(f"begin and end must be 0 <= begin < end, got {begin} and {end}")
        self.modules = list(modules)
        self.begin = begin
        self.end = end
        self.by_epoch = by_epoch
        self._frozen: list[nn.Parameter] | None = None  # None while the parts learn
        self._changed = False

    def before_train(self, runner: Runner) -> None:
        """Check that the model has the parts.

        Raises:
            UserError: The model has no such part, or there are no epochs to count.
        """
        if self.by_epoch and not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise UserError("FreezeHook counts epochs, but training goes by iterations: set its by_epoch=False")
        self._parts(runner)

    def before_train_epoch(self, runner: Runner) -> None:
        """Freeze or release the parts when their epoch has come."""
        if self.by_epoch:
            self._update(runner, runner.epoch)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Freeze or release the parts when their iteration has come; the loop has set all to training mode.

        Raises:
            UserError: Nothing is left to train.
        """
        if not self.by_epoch:
            self._update(runner, runner.iter)
        if self._changed:
            self._changed = False
            self._rewrap(runner)
        self._evaluate(runner)

    def _evaluate(self, runner: Runner) -> None:
        """Set the parts to evaluation mode while they are frozen."""
        if self._frozen is not None:
            for part in self._parts(runner):
                if part.training:
                    part.eval()

    def _update(self, runner: Runner, step: int) -> None:
        due = self.begin <= step and (self.end is None or step < self.end)
        if due == (self._frozen is not None):
            return
        if due:
            self._freeze(runner)
        else:
            self._release(runner)
        self._changed = True

    def _freeze(self, runner: Runner) -> None:
        self._frozen = []
        for parameter in {id(p): p for part in self._parts(runner) for p in part.parameters()}.values():
            holds = getattr(parameter, _HOLDS, 0)
            if parameter.requires_grad or holds:
                setattr(parameter, _HOLDS, holds + 1)
                parameter.requires_grad_(False)
                parameter.grad = None  # of gradients that accumulate over several iterations
                self._frozen.append(parameter)
        count = sum(parameter.numel() for parameter in self._frozen)
        until = "the end" if self.end is None else f"{'epoch' if self.by_epoch else 'iteration'} {self.end}"
        runner.logger.info(f"frozen until {until}: {', '.join(self.modules)} ({count:,} weights)")

    def _release(self, runner: Runner) -> None:
        for parameter in self._frozen or ():
            holds = getattr(parameter, _HOLDS) - 1
            setattr(parameter, _HOLDS, holds)
            parameter.requires_grad_(holds == 0)
        self._frozen = None
        # Not part.train(): what stays in evaluation mode (norm_eval, frozen_stages) is known to the whole model only.
        unwrapped(runner.model).train()
        for hook in runner.hooks:
            if isinstance(hook, FreezeHook):
                hook._evaluate(runner)
        runner.logger.info(f"learning again: {', '.join(self.modules)}")

    def _rewrap(self, runner: Any) -> None:
        """Wrap the model again: DistributedDataParallel waits for gradients of what could learn when it was made."""
        if not any(parameter.requires_grad for parameter in runner.model.parameters()):
            raise UserError(f"FreezeHook: with {', '.join(self.modules)} frozen, nothing is left to train")
        if not is_model_wrapper(runner.model):
            return
        if not isinstance(runner.model, DistributedDataParallel):
            raise UserError(f"FreezeHook needs MMDistributedDataParallel, not {type(runner.model).__name__}")
        model = runner.model.module
        runner.model = None
        gc.collect()  # the old wrapper takes its hooks off the parameters
        runner.model = runner.wrap_model(runner.cfg.get("model_wrapper_cfg"), model)
        runner._maybe_compile("train_step")

    def _parts(self, runner: Any) -> list[nn.Module]:
        """Find the parts by name."""
        return [_find(unwrapped(runner.model), name) for name in self.modules]


def _find(model: nn.Module, name: str) -> nn.Module:
    part, path = model, "the model"
    for step in name.split("."):
        children = dict(part.named_children())
        if step not in children:
            raise UserError(f"FreezeHook: {path} has no part {step!r}; its parts are {', '.join(children) or 'none'}")
        part, path = children[step], step if part is model else f"{path}.{step}"
    return part

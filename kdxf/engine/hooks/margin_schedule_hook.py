"""Raises the margin of ArcFace heads from 0."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.errors import UserError
from kdxf.models.heads.arcface_cls_head import ArcFaceClsHead
from kdxf.registry import HOOKS


@HOOKS.register_module()
class MarginScheduleHook(Hook):
    """Raises the margin of every ``ArcFaceClsHead`` in the model linearly from 0 to the value in its config.

    The margin follows from the epoch and the iteration alone, so a resumed run continues with the right one. The
    fraction in use is logged as ``margin_factor``. It multiplies the margins of ``SetAdaptiveMarginsHook`` too.

    Args:
        begin: The epoch, counted from 0 and not necessarily whole, until which there is no margin.
        end: The epoch from which on the margin is whole.

    Raises:
        UserError: ``begin`` is negative, or ``end`` does not come after it.
    """

    def __init__(self, begin: float, end: float) -> None:
        if not 0 <= begin < end:
            raise UserError(f"MarginScheduleHook: needs 0 <= begin < end, got begin={begin} and end={end}")
        self.begin = begin
        self.end = end
        self.heads: list[ArcFaceClsHead] = []

    def before_train(self, runner: Runner) -> None:
        """Find the heads.

        Raises:
            UserError: The model has no such head.
        """
        self.heads = [module for module in runner.model.modules() if isinstance(module, ArcFaceClsHead)]
        if not self.heads:
            raise UserError("MarginScheduleHook: the model has no ArcFaceClsHead; drop the hook from custom_hooks")

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Set the factor of the margins for this step."""
        epoch = runner.epoch + batch_idx / len(runner.train_dataloader)
        factor = min(max((epoch - self.begin) / (self.end - self.begin), 0.0), 1.0)
        for head in self.heads:
            head.margin_factor.fill_(factor)
        runner.message_hub.update_scalar("train/margin_factor", factor)

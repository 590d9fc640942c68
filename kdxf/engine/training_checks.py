"""What must fit together before a model is trained: batches, schedules, and the classes of data and model."""

from collections.abc import Mapping
from typing import Any

from mmengine.runner import Runner

from kdxf.engine.class_checks import check_names, check_number_of_classes, class_names
from kdxf.engine.config import type_name
from kdxf.engine.dist import unwrapped
from kdxf.errors import UserError


def check_training(runner: Runner) -> None:
    """Build the data and the loops of a run, and check that they fit its schedules and its model.

    Raises:
        UserError: No batch is complete; a schedule begins after the last step; the model has another number of classes
            than the data; or training and validation name classes differently.
    """
    loop = runner.train_loop
    _check_batches(loop.dataloader)
    _check_schedules(runner, loop)
    dataset = loop.dataloader.dataset
    check_number_of_classes(unwrapped(runner.model), dataset, "train_dataloader")
    if runner.val_loop is not None:
        check_names(
            class_names(dataset), class_names(runner.val_loop.dataloader.dataset), "train_dataloader", "val_dataloader"
        )


def _check_batches(loader: Any) -> None:
    if len(loader) == 0:
        raise UserError(
            f"train_dataloader: {len(loader.dataset)} images make no batch of {loader.batch_size}; lower batch_size, "
            "set drop_last=False, or take more images"
        )


def _check_schedules(runner: Runner, loop: Any) -> None:
    """Check that each schedule begins before the end: one for what follows a warm-up has nothing to do otherwise."""
    schedulers = runner.cfg.get("param_scheduler") or []
    for one in [schedulers] if isinstance(schedulers, Mapping) else schedulers:
        if not isinstance(one, Mapping):
            continue
        by_epoch, begin = one.get("by_epoch", True), one.get("begin", 0)
        unit, end = ("epochs", loop.max_epochs) if by_epoch else ("iters", loop.max_iters)
        if begin >= end:
            raise UserError(
                f"param_scheduler: {type_name(one)} begins after {begin} {unit}, but training ends after "
                f"max_{unit}={end}: raise max_{unit} above {begin}, or shorten the warm-up before it"
            )

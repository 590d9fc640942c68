"""What must fit together before a model is trained: batches, schedules, classes of data and model, table columns."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner

from kdxf.data.table.leaks import find_leaks
from kdxf.datasets.image_keys import leaf_datasets
from kdxf.datasets.transforms import ColorJitter, PackImageTextInputs
from kdxf.engine.class_checks import check_names, check_number_of_classes, class_names
from kdxf.engine.config import type_name
from kdxf.engine.dist import unwrapped
from kdxf.errors import UserError
from kdxf.evaluation.metrics.ranking_metrics import check_memory
from kdxf.models.data_preprocessors import ImageTextDataPreprocessor
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.steps.table import EncodeTable


def check_training(runner: Runner) -> None:
    """Build the data and the loops of a run, and check that they fit its schedules and its model.

    Columns of a table that give the label away, or that were fitted on another list, are warned of.

    Raises:
        UserError: No batch is complete; nothing changes the colours that are to be changed on the device; a schedule
            begins after the last step; the model has another number of classes than the data; training and validation
            name classes differently; or a metric keeps more scores than memory should hold.
    """
    loop = runner.train_loop
    _check_batches(loop.dataloader)
    _check_colors(loop.dataloader.dataset, unwrapped(runner.model))
    _check_schedules(runner, loop)
    dataset = loop.dataloader.dataset
    check_number_of_classes(unwrapped(runner.model), dataset, "train_dataloader")
    if is_main_process():
        _warn_of_columns(dataset)
    if runner.val_loop is not None:
        validation = runner.val_loop.dataloader.dataset
        check_names(class_names(dataset), class_names(validation), "train_dataloader", "val_dataloader")
        for metric in runner.val_loop.evaluator.metrics:
            check_memory(metric, len(validation), len(class_names(dataset) or ()))


def _check_batches(loader: Any) -> None:
    if len(loader) == 0:
        raise UserError(
            f"train_dataloader: {len(loader.dataset)} images make no batch of {loader.batch_size}; lower batch_size, "
            "set drop_last=False, or take more images"
        )


def _check_colors(dataset: Any, model: Any) -> None:
    """Check that what ``ColorJitter(on_device=True)`` draws reaches a preprocessor that knows what to do with it."""
    pipelines: list[Any] = [
        getattr(getattr(leaf, "pipeline", None), "transforms", ()) for leaf in leaf_datasets(dataset)
    ]
    drawing = [steps for steps in pipelines if any(isinstance(step, ColorJitter) and step.on_device for step in steps)]
    preprocessor = getattr(model, "data_preprocessor", None)
    for steps in drawing:
        if not isinstance(steps[-1], PackImageTextInputs) or not isinstance(preprocessor, ImageTextDataPreprocessor):
            found = f"{type(steps[-1]).__name__} and {type(preprocessor).__name__}"
            raise UserError(
                "ColorJitter: on_device=True needs PackImageTextInputs at the end of the pipeline and "
                f"ImageTextDataPreprocessor in the model, not {found}; leave on_device out"
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


def _warn_of_columns(dataset: Any) -> None:
    """Warn of columns of the training list that should not be learned from, and of a table of another list."""
    while hasattr(dataset, "dataset"):
        dataset = dataset.dataset
    if not getattr(dataset, "columns", ()):
        return
    cells = pd.DataFrame({name: column.to_pylist() for name, column in dataset.data_list.columns.items()}, dtype=object)
    one_label = dataset.data_list.labels is not None and not dataset.multi_label
    warnings = find_leaks(cells, dataset.get_gt_labels() if one_label else None)
    trained_on = Path(dataset.ann_file)
    for step in dataset.pipeline.transforms:
        if isinstance(step, EncodeTable) and step.columns.source.get("sha256") != file_digest(trained_on):
            warnings.append(
                f"{step.file} was fitted on another list ({step.columns.source.get('list')}, "
                f"{step.columns.source.get('rows')} rows) than is trained on; fit it on this one with tools/table.py"
            )
    for line in warnings:
        print_log(f"{trained_on}: {line}", logger="current", level=logging.WARNING)

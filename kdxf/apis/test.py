"""Testing as a function."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import copy
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import get_world_size, is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner

from kdxf.apis.stages import last_stage
from kdxf.datasets.image_keys import paths_of
from kdxf.engine.checkpoint import trusting_checkpoints
from kdxf.engine.config import config_digest, explaining_config_errors, set_loader_defaults
from kdxf.engine.dist import start_distributed
from kdxf.engine.hooks import LoadedWeightsHook, TrainedImagesHook, TrainingDataHook
from kdxf.engine.runner import open_runner
from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import CALIBRATED_BY, used_images
from kdxf.evaluation.calibration.use import calibrate_steps, fitting_calibration, is_fair
from kdxf.evaluation.drift.response import watching
from kdxf.evaluation.drift.stored import read_fingerprint
from kdxf.evaluation.missing_modality import remove_modality
from kdxf.evaluation.prediction_table import PredictionTable, check_name
from kdxf.evaluation.shuffled_text import shuffle_text
from kdxf.inference.inputs import InputTexts, dataset_images
from kdxf.inference.pipeline import needs_ocr
from kdxf.io.predictions import check_each_once
from kdxf.io.provenance import Provenance
from kdxf_runtime.drift.comparison import describe_drift
from kdxf_runtime.drift.fingerprint import Fingerprint, sample
from kdxf_runtime.drift.response import Response
from kdxf_runtime.io.files import write_json
from kdxf_runtime.trust.calibration import Calibration


def test(
    cfg: Config,
    checkpoint: str | Path,
    *,
    out: str | Path | None = None,
    excel: bool = False,
    topk: int | None = None,
    tta: bool = False,
    without: str | None = None,
    shuffle: str | None = None,
    amp: bool = False,
    show_dir: str | Path | None = None,
    show_interval: int = 1,
    pin_memory: bool = True,
    launcher: str = "none",
    trust_checkpoint: bool = False,
    calibrated: bool = True,
    responses: dict[str, Response] | None = None,
) -> dict[str, Any]:
    """Score a checkpoint on the test set of a config.

    Where a calibration lies beside the checkpoint (:mod:`kdxf.evaluation.calibration.stored`), the scores go through
    it. They stay those of the model, with a warning, where the test set has images that it was fitted on, and where it
    is for predictions of another kind, such as those of all views or of both modalities.

    Where a fingerprint lies there (:mod:`kdxf_runtime.drift`), a warning after the scores says in what the test set
    differs from it; none where modalities are taken away, or several processes share the test set.

    Args:
        cfg: A config from :func:`kdxf.engine.config.load_config`; not changed. Of one with stages the last is tested.
        checkpoint: The weights.
        out: Table of predictions, ``.csv`` or ``.parquet`` (:mod:`kdxf.io.predictions`);
            the scores go into ``<name>.metrics.json`` in the same folder.
        excel: Whether a person opens the ``.csv`` in Excel (:mod:`kdxf.io.csv_tables`).
        topk: Write only so many of the best scores of each image into a ``.parquet`` table; None means all.
        tta: Average the predictions over the views of ``cfg.tta_pipeline``, with ``cfg.tta_model``.
        without: ``'image'`` blanks every image, ``'text'`` removes every text, ``'table'`` all columns, to measure what
            each contributes.
        shuffle: ``'text'`` gives each image the text of another one of the list.
        amp: Mixed precision: float16 on a GPU, bfloat16 on a CPU.
        show_dir: Folder for images with the prediction drawn on them.
        show_interval: Draw every n-th image.
        pin_memory: False never pins pages for the GPU.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        trust_checkpoint: Load a checkpoint that runs code, see :mod:`kdxf.engine.checkpoint`.
        calibrated: False leaves the scores as they are, and compares nothing, whatever lies beside the checkpoint.
        responses: Filled with what the model makes of some of the images, by their paths
            (:func:`kdxf.evaluation.drift.response.watching`); not with several processes.

    Returns:
        The scores by name.

    Raises:
        UserError: The config or the checkpoint cannot be used, or a ``.parquet`` table would have an image twice.
    """
    source = Provenance()
    if out is not None:
        check_name(out, topk)
        source = Provenance.of_model(str(cfg.filename), config_digest(cfg), checkpoint, tta=tta)
        source = source.with_values(without=without, shuffle=shuffle)
    elif topk is not None:
        raise UserError("--topk: says what a table of predictions has; name one with --out NAME.parquet")
    missing = without or (f"the right {shuffle}" if shuffle else None)
    calibration = fitting_calibration(checkpoint, tta=tta, without=missing) if calibrated else None
    fingerprint = read_fingerprint(checkpoint) if calibrated and missing is None else None
    cfg = last_stage(copy.deepcopy(cfg))
    cfg.load_from, cfg.resume = str(checkpoint), False
    if cfg.get("test_dataloader") is None or cfg.get("test_cfg") is None:
        raise UserError(f"config {cfg.filename} has no test set: it needs test_dataloader, test_cfg and test_evaluator")
    if amp:
        cfg.test_cfg.fp16 = True
    if show_dir is not None:
        _set_visualization(cfg, show_dir, show_interval)
    if without is not None:
        remove_modality(cfg, without)
    if shuffle is not None:
        shuffle_text(cfg)
    if tta:
        _set_tta(cfg)
    cfg.custom_hooks = [*(cfg.get("custom_hooks") or []), {"type": "kdxf.CostReportHook"}]
    set_loader_defaults(cfg, pin_memory=pin_memory)
    start_distributed(cfg, launcher)
    with trusting_checkpoints(trust_checkpoint), explaining_config_errors(), open_runner(cfg) as runner:
        runner.register_hook(LoadedWeightsHook(strict=True))
        dataset = runner.test_loop.dataloader.dataset
        paths = paths_of(dataset)
        is_watched = get_world_size() == 1 and (fingerprint is not None or responses is not None)
        fair = calibration if calibration is not None and is_fair(calibration, paths) else None
        with watching(runner.model, sample(len(paths)).tolist() if is_watched else ()) as heard:
            if fair is not None:
                calibrate_steps(runner.model, fair)
                source = source.with_values(**{CALIBRATED_BY: fair.digest})
            if out is not None:
                _add_table(runner, out, source, excel, topk)
            metrics = {name: _plain(value) for name, value in runner.test().items()}
        if out is not None and is_main_process():
            write_json(metrics, Path(out).with_suffix(".metrics.json"))
        if responses is not None:
            responses.update({paths[index]: response for index, response in heard.items()})
        is_same = calibration is not None and bool(used_images(calibration, paths).all())
        if fingerprint is not None and heard and not is_same:
            _warn_of_drift(fingerprint, dataset, heard, fair, needs_ocr(cfg.test_dataloader.dataset))
    return metrics


def _warn_of_drift(
    fingerprint: Fingerprint,
    dataset: Any,
    responses: Mapping[int, Response],
    calibration: Calibration | None,
    has_text: bool,
) -> None:
    images = dataset_images(dataset)
    texts = InputTexts.from_dataset(images, dataset) if has_text else None
    drift = describe_drift(fingerprint, [image.path for image in images], texts, responses, calibration)
    if drift is not None:
        print_log(drift, logger="current", level=logging.WARNING)


def _add_table(runner: Runner, out: str | Path, source: Provenance, excel: bool, topk: int | None) -> None:
    dataset = runner.test_loop.dataloader.dataset
    image_root = os.path.join(getattr(dataset, "img_prefix", ""), "")
    if Path(out).suffix == ".parquet":
        images = [path.removeprefix(image_root) for path in paths_of(dataset)]
        check_each_once(images, getattr(dataset, "ann_file", "") or "the test set")
    hook = next(hook for hook in runner.hooks if isinstance(hook, TrainedImagesHook))
    data = next(hook for hook in runner.hooks if isinstance(hook, TrainingDataHook))
    table = PredictionTable(
        out,
        image_root=image_root,
        seen=hook.seen,
        source=lambda: replace(source, training_data=tuple(data.data)),
        excel=excel,
        topk=topk,
    )
    table.dataset_meta = runner.test_evaluator.dataset_meta
    runner.test_evaluator.metrics.append(table)


def _set_visualization(cfg: Config, folder: str | Path, interval: int) -> None:
    if "visualization" not in (cfg.get("default_hooks") or {}):
        raise UserError("--show-dir needs default_hooks.visualization = dict(type='VisualizationHook') in the config")
    cfg.default_hooks.visualization.update(enable=True, out_dir=str(folder), interval=interval)


def _set_tta(cfg: Config) -> None:
    for field in ("tta_model", "tta_pipeline"):
        if cfg.get(field) is None:
            raise UserError(f"--tta needs {field} in the config; see configs/_base_/datasets/demo.py for an example")
    cfg.model = ConfigDict({**cfg.tta_model, "module": cfg.model})
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, (torch.Tensor, np.ndarray, np.generic)) else value

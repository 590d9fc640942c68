"""Training as a function."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import copy
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner

from kdxf.apis.stages import train_stages
from kdxf.apis.teachers import load_teachers
from kdxf.engine.checkpoint import trusting_checkpoints
from kdxf.engine.config import explaining_config_errors, set_loader_defaults, type_name
from kdxf.engine.config_keys import check_keys
from kdxf.engine.dist import start_distributed
from kdxf.engine.hooks import BudgetHook, LoadedWeightsHook
from kdxf.engine.runner import open_runner
from kdxf.engine.training_checks import check_training
from kdxf.errors import UserError
from kdxf.io.locks import owning
from kdxf.io.run_record import TrainResult, last_checkpoint


def train(
    cfg: Config,
    *,
    resume: bool | str | Path = False,
    amp: bool = False,
    validate: bool = True,
    auto_scale_lr: bool = False,
    pin_memory: bool = True,
    persistent_workers: bool = True,
    launcher: str = "none",
    seed: int | None = None,
    deterministic: bool = False,
    trust_checkpoint: bool = False,
    hooks: Sequence[Hook] = (),
) -> TrainResult:
    """Train the model of a config, in stages where it has ``stages``. It may be called repeatedly in one process.

    Where the weights come from, first match wins:

    1. ``resume`` (all state: weights, optimizer, schedulers, EMA, epoch), from the path or, where there is one, from
       the last checkpoint in ``work_dir``;
    2. ``cfg.load_from`` (weights only, those that fit, see :class:`kdxf.engine.hooks.LoadedWeightsHook`);
    3. ``init_cfg`` of the model's parts, else from scratch.

    Stages (:func:`kdxf.apis.stages.train_stages`) have the folders ``<work_dir>/<number>_<name>``; with ``resume``
    finished ones are skipped.

    Args:
        cfg: A config from :func:`kdxf.engine.config.load_config`; not changed.
        resume: True or ``'auto'`` continues from the last checkpoint in ``work_dir``, a path from that checkpoint.
        amp: Mixed precision: float16 with loss scaling on a GPU, bfloat16 on a CPU.
        validate: False leaves validation out.
        auto_scale_lr: Scale the learning rate by the batch size over ``cfg.auto_scale_lr.base_batch_size``.
        pin_memory: False never pins pages for the GPU.
        persistent_workers: False restarts the loader workers in each epoch.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        seed: Replaces ``cfg.randomness.seed``.
        deterministic: Take cuDNN's reproducible algorithms.
        trust_checkpoint: Load checkpoints that run code, see :mod:`kdxf.engine.checkpoint`.
        hooks: Hooks besides those of the config; of stages, they are those of each.

    Returns:
        The result; of stages, that of the last.

    Raises:
        UserError: The config or a checkpoint cannot be used, or another process is training in the work folder.
    """
    options: dict[str, Any] = {
        "amp": amp,
        "validate": validate,
        "auto_scale_lr": auto_scale_lr,
        "seed": seed,
        "deterministic": deterministic,
    }

    def run(one: Config) -> TrainResult:
        return _train(
            one,
            resume=resume,
            pin_memory=pin_memory,
            persistent_workers=persistent_workers,
            launcher=launcher,
            trust_checkpoint=trust_checkpoint,
            hooks=hooks,
            **options,
        )

    if not cfg.get("stages"):
        return run(cfg)
    if resume not in (False, True, "auto"):
        raise UserError(f"--resume {resume}: the config has stages; --resume alone goes on with the unfinished one")
    resume = bool(resume or cfg.get("resume"))
    return train_stages(cfg, run, resume=resume, options=options)


def _train(
    cfg: Config,
    *,
    resume: bool | str | Path,
    amp: bool,
    validate: bool,
    auto_scale_lr: bool,
    pin_memory: bool,
    persistent_workers: bool,
    launcher: str,
    seed: int | None,
    deterministic: bool,
    trust_checkpoint: bool,
    hooks: Sequence[Hook],
) -> TrainResult:
    """Train one config, with the arguments of :func:`train`."""
    start = time.perf_counter()
    cfg = copy.deepcopy(cfg)
    check_keys(cfg)
    if not validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if amp:
        _set_mixed_precision(cfg)
    if auto_scale_lr:
        _set_auto_scale_lr(cfg)
    if resume or cfg.get("resume"):
        _set_resume(cfg, resume)
    _set_loop(cfg)
    randomness = {"seed": None, **cfg.get("randomness", {})}
    cfg.randomness = {
        **randomness,
        "seed": randomness["seed"] if seed is None else seed,
        "deterministic": deterministic or randomness.get("deterministic", False),
    }
    set_loader_defaults(cfg, pin_memory=pin_memory, persistent_workers=persistent_workers)
    start_distributed(cfg, launcher)
    with (
        owning(Path(cfg.work_dir), "--work-dir") if is_main_process() else nullcontext(),
        trusting_checkpoints(trust_checkpoint),
        explaining_config_errors(),
        open_runner(cfg) as runner,
    ):
        for hook in (LoadedWeightsHook(), *hooks):
            runner.register_hook(hook)
        check_training(runner)
        load_teachers(runner)
        runner.train()
        result = _result(runner)
    return replace(result, seconds=time.perf_counter() - start)


def _set_resume(cfg: Config, resume: bool | str | Path) -> None:
    """Set the checkpoint to resume from; mmengine alone would ignore ``load_from`` where there is none yet."""
    if resume in (False, True, "auto"):
        # With `resume = True` in the config, mmengine takes `load_from` as the checkpoint to resume from.
        named = cfg.get("load_from") if resume is False else None
        found = named or last_checkpoint(Path(cfg.work_dir))
    else:
        found = resume
    cfg.resume = found is not None
    if found is not None:
        cfg.load_from = str(found)


def _set_mixed_precision(cfg: Config) -> None:
    wrapper = cfg.optim_wrapper
    name = type_name(wrapper) or "OptimWrapper"
    if name.endswith(("AmpOptimWrapper", "AutocastOptimWrapper")):
        return
    if name != "OptimWrapper":
        raise UserError(f"--amp cannot be combined with optim_wrapper.type={name!r}, only with OptimWrapper")
    if torch.cuda.is_available():
        wrapper.type = "AmpOptimWrapper"
        wrapper.setdefault("loss_scale", "dynamic")
    else:
        wrapper.type = "kdxf.AutocastOptimWrapper"
        wrapper.dtype = "bfloat16"


def _set_loop(cfg: Config) -> None:
    """Replace mmengine's loop over epochs by the one that can resume within an epoch."""
    loop = cfg.train_cfg
    if loop.get("by_epoch") or type_name(loop) == "EpochBasedTrainLoop":
        loop.pop("by_epoch", None)
        loop.type = "kdxf.ResumableEpochLoop"


def _set_auto_scale_lr(cfg: Config) -> None:
    if "base_batch_size" not in (cfg.get("auto_scale_lr") or {}):
        raise UserError(
            "--auto-scale-lr needs auto_scale_lr = dict(base_batch_size=...) in the config, "
            "the total batch size that its learning rate was chosen for"
        )
    cfg.auto_scale_lr.enable = True


def _result(runner: Runner) -> TrainResult:
    scalars = runner.message_hub.log_scalars
    infos = runner.message_hub.runtime_info
    last, best = infos.get("last_ckpt"), infos.get("best_ckpt") or _first_best(runner)
    window = runner.log_processor.window_size
    return TrainResult(
        metrics={name[4:]: float(value.current()) for name, value in scalars.items() if name.startswith("val/")},
        loss=float(scalars["train/loss"].mean(window)) if "train/loss" in scalars else float("nan"),
        epoch=runner.epoch,
        checkpoint=Path(last) if last else None,
        best_checkpoint=Path(best) if best else None,
        finished=not any(isinstance(hook, BudgetHook) and hook.ended_run for hook in runner.hooks),
    )


def _first_best(runner: Runner) -> str | None:
    """Return the best checkpoint by the first of several metrics, for each of which mmengine keeps one."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook) and hook.save_best:
            return runner.message_hub.runtime_info.get(f"best_ckpt_{hook.key_indicators[0]}")
    return None

"""One trial: a training with the settings that were drawn, of one list or of folds, and its score."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import gc
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from kdxf.apis.stages import last_stage, training_files
from kdxf.apis.train import train
from kdxf.engine.config import config_digest, load_config
from kdxf.errors import UserError
from kdxf.io.run_record import CONFIG_OR_OPTIONS
from kdxf.recipes.folds.plan import chosen_folds, plan_folds

WHOLE = 1000
"""How far a trial is that has finished all its folds, in the steps of :class:`ProgressHook`."""


class ProgressHook(Hook):
    """Tells what each validation of a training scores.

    Args:
        metric: The score, such as ``accuracy/top1``.
        tell: Gets the score, and how far the training is, 0..1. What it raises ends the training.
    """

    def __init__(self, metric: str, tell: Callable[[float, float], None]) -> None:
        self._metric, self._tell = metric, tell

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Tell the score."""
        by_iteration = isinstance(runner.train_loop, IterBasedTrainLoop)
        done, all_steps = (runner.iter, runner.max_iters) if by_iteration else (runner.epoch, runner.max_epochs)
        self._tell(score(metrics or {}, self._metric), done / all_steps)


def score(metrics: Mapping[str, float], metric: str) -> float:
    """Return a score of a validation.

    Raises:
        UserError: There is no such score, or it is not a number.
    """
    if metric not in metrics:
        raise UserError(f"--metric {metric}: the validation gives {', '.join(metrics) or 'no scores'}")
    value = float(metrics[metric])
    if not math.isfinite(value):
        raise UserError(f"{metric} is {value}")
    return value


@dataclass(frozen=True)
class Task:
    """What the trials of a search train.

    Attributes:
        config: The config file.
        options: ``--cfg-options``.
        metric: The score of the validation that counts.
        folds: Folder of ``tools/data/kfold.py --lists``; None validates on the config's own list.
        only: Numbers of the folds that count; none is all.
        seed: Seed of all trainings; None leaves the config's.
        amp: Mixed precision.
    """

    config: Path
    metric: str
    options: Mapping[str, Any] = field(default_factory=dict)
    folds: Path | None = None
    only: Sequence[int] = ()
    seed: int | None = None
    amp: bool = False

    def configs(self, settings: Mapping[str, Any], folder: Path) -> list[Config]:
        """Return the configs that a trial trains, one or that of each fold.

        Raises:
            UserError: A setting does not fit the config, or it cannot be validated.
        """
        options = {**self.options, **settings}
        if self.folds is not None:
            plan = plan_folds(self.config, self.folds, folder, options, seed=self.seed, amp=self.amp)
            return [fold.cfg for fold in chosen_folds(plan, self.only)]
        cfg = load_config(self.config, options)
        cfg.work_dir, cfg.resume = str(folder), False
        if any(last_stage(cfg).get(name) is None for name in ("val_dataloader", "val_cfg", "val_evaluator")):
            raise UserError(f"config {self.config} has no validation, whose scores a search compares; add one")
        return [cfg]

    def facts(self, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
        """Return all that decides the scores besides the space, and fingerprints of the files of the trainings."""
        configs = self.configs({}, folder)
        files: dict[str, str] = {}
        for number, cfg in enumerate(configs):
            files |= {f"{name} of {number}" if number else name: digest for name, digest in training_files(cfg).items()}
        settings = {
            CONFIG_OR_OPTIONS: config_digest(load_config(self.config, self.options)),
            "--metric": self.metric,
            "--folds": len(configs) if self.folds is not None else None,
            "--fold": list(self.only),
            "--seed": self.seed,
            "--amp": self.amp,
        }
        return settings, files

    def run(self, settings: Mapping[str, Any], folder: Path, tell: Callable[[float, int], None]) -> float:
        """Train with some settings and return the score: of the last validation, as a mean over the folds.

        The weights are deleted again; logs and curves stay.

        Args:
            settings: Settings by their keys, over :attr:`options`.
            folder: Folder of the trial.
            tell: Gets the mean of the scores so far, and how far the trial is, 1..:data:`WHOLE`. It is not called after
                the last validation. Of a config with stages it is not called at all.

        Raises:
            UserError: The training fails, or the score is missing or no number.
        """
        configs = self.configs(settings, folder)
        found: list[float] = []
        for cfg in configs:

            def step(value: float, part: float) -> None:
                progress = round(WHOLE * (len(found) + part) / len(configs))
                if progress < WHOLE:
                    tell(float(np.mean([*found, value])), progress)

            hooks = [] if cfg.get("stages") else [ProgressHook(self.metric, step)]
            try:
                result = train(cfg, seed=self.seed, amp=self.amp, hooks=hooks)
            finally:
                for weights in Path(cfg.work_dir).rglob("*.pth"):
                    weights.unlink()
                gc.collect()  # models and loaders refer to themselves
            if not result.finished:
                raise UserError(f"{cfg.work_dir}: its BudgetHook has ended the training before its last epoch")
            found.append(score(result.metrics, self.metric))
        return float(np.mean(found))

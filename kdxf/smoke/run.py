"""A smoke run: does a config train, resume, test and predict?"""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import math
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.apis.stages import plan_stages
from kdxf.apis.test import test
from kdxf.apis.train import train
from kdxf.engine.config import building, load_config, model_config
from kdxf.errors import UserError
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.io.config_files import read_config
from kdxf.registry import MODELS
from kdxf.smoke.made_up_data import COUNT, IMAGES
from kdxf.smoke.small_config import small_config


def find_configs(paths: Iterable[str | Path]) -> list[Path]:
    """Give the configs among files and folders: every ``.py`` file outside ``_base_`` that holds a model.

    Raises:
        UserError: A path does not exist, or there is no config.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise UserError(f"{path} does not exist; give configs, or folders of configs")
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        found += [file for file in files if path == file or ("_base_" not in file.parts and _holds_a_model(file))]
    if not found:
        raise UserError(f"there is no config in {', '.join(map(str, paths))}")
    return found


def smoke_all(configs: Sequence[Path], override: Path, jobs: int = 1) -> Iterator[tuple[Path, str | None, float]]:
    """Try configs, each as :func:`smoke` does.

    Args:
        configs: The configs.
        override: The override file.
        jobs: Processes at once, each with its own data.

    Yields:
        A config, what went wrong with it, and the seconds that it took, in the order in which they end.
    """
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(jobs, spawn, initializer=_one_thread) as pool:
        futures = {pool.submit(_timed, config, Path(folder), override): config for config in configs}
        for future in as_completed(futures):
            yield (futures[future], *future.result())


def _one_thread() -> None:
    """Use one thread: processes side by side would only take the cores from each other."""
    torch.set_num_threads(1)


def _timed(config: Path, folder: Path, override: Path) -> tuple[str | None, float]:
    start = time.monotonic()
    fault = smoke(config, folder / str(os.getpid()), override)
    return fault, time.monotonic() - start


def _holds_a_model(file: Path) -> bool:
    """Tell a config from a recipe's pipeline, which has stages and no model; a broken file counts as a config."""
    try:
        return "model" in read_config(file)
    except UserError:
        return True


def smoke(path: Path, folder: Path, override: Path, *, whole: bool = True) -> str | None:
    """Build a config's model, train it for a few steps, resume, test it and predict with it; each stage of it.

    An ensemble, whose members are trained by their own configs, is tested and predicts as it is built.

    Args:
        path: The config.
        folder: For data, shared between configs, and runs, which are removed.
        override: The override file.
        whole: False only builds everything, reads a batch of each dataset, and trains for a single step.

    Returns:
        What went wrong, in one line; None where all went well.
    """
    runs = folder / "run"
    try:
        with redirect_stdout(StringIO()):
            cfg, changes = load_config(path), read_config(override)
            weights = None
            for stage in [stage.cfg for stage in plan_stages(cfg)] if cfg.get("stages") else [cfg]:
                small = small_config(stage, folder, changes)
                small.work_dir = str(runs / Path(stage.work_dir).name)
                if small.model.type == "EnsembleClassifier":
                    _try_out(small, _untrained(small, runs), folder)
                elif whole:
                    weights = _run(small, changes.steps, weights, folder)
                else:
                    _run_one_step(small)
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    finally:
        shutil.rmtree(runs, ignore_errors=True)
    return None


def _run(cfg: Config, steps: int, weights: Path | None, folder: Path) -> Path:
    """Train, resume, test and predict; give the last checkpoint."""
    cfg.load_from = None if weights is None else str(weights)
    _train(cfg, steps, resume=False)
    checkpoint = _train(cfg, 2 * steps, resume=True)
    _try_out(cfg, checkpoint, folder)
    return checkpoint


def _try_out(cfg: Config, checkpoint: Path, folder: Path) -> None:
    """Test and predict."""
    if cfg.get("test_dataloader") is not None and not test(cfg, checkpoint):
        raise UserError("the test gave no score")
    predictions = KDXFInferencer(cfg, checkpoint)(
        [folder / "images"], ocr_table=folder / "ocr", ocr_root=folder / "images"
    )
    if sorted(prediction.image_id for prediction in predictions) != sorted(IMAGES) or len(predictions) != COUNT:
        raise UserError(f"prediction gave {[prediction.image_id for prediction in predictions]}")


def _untrained(cfg: Config, folder: Path) -> Path:
    """Write a checkpoint of a model as it is built."""
    with building(cfg):
        model = MODELS.build(model_config(cfg))
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": model.state_dict()}, folder / "untrained.pth")
    return folder / "untrained.pth"


def _run_one_step(cfg: Config) -> None:
    """Train for one step, and save nothing."""
    cfg.default_hooks.checkpoint.update(interval=-1, save_last=False)
    cfg.custom_hooks = [*cfg.custom_hooks[:-1], _OneStepHook()]  # in place of the BudgetHook, which saves
    if math.isnan(train(cfg).loss):
        raise UserError("the training step gave no loss, or one that is not a number")


class _OneStepHook(Hook):
    """Reads a batch of each dataset and ends the run after its first step."""

    priority = "LOWEST"

    def before_train(self, runner: Runner) -> None:
        """Build the loops of validation and test, with their datasets and metrics, and read a batch of each."""
        for loop in (runner.val_loop, runner.test_loop):
            if loop is not None:
                next(iter(loop.dataloader))

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """End the run."""
        runner.train_loop.stop_training = True


def _train(cfg: Config, expected: int, resume: bool) -> Path:
    checkpoint = train(cfg, resume=resume).checkpoint
    if checkpoint is None or not checkpoint.is_file():
        raise UserError("training saved no checkpoint")
    done = int(checkpoint.stem.rpartition("_")[2])
    if done != expected:
        raise UserError(f"training ended at iteration {done} of {expected} ({checkpoint.name})")
    return checkpoint

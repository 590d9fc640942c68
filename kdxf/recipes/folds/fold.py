"""Training of one fold and prediction with its model; finished results are kept."""

import copy
import gc
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from kdxf.apis.stages import last_stage
from kdxf.apis.test import test
from kdxf.apis.train import train
from kdxf.engine.config import set_list
from kdxf.engine.config_files import config_contents
from kdxf.errors import UserError
from kdxf.io.predictions import read_predictions, read_source, write_predictions
from kdxf.io.provenance import check_unseen
from kdxf.io.run_record import TrainResult, changed_settings
from kdxf.recipes.folds.plan import RESULT, Fold
from kdxf_runtime.io.digests import file_digest

OUT_OF_FOLD = "val"
TOOL = "tools/recipes/kfold.py"
_FILES = "files"
UNSEEN_WEIGHTS = "let the training start from weights (load_from) that have not seen the images of the fold"


@dataclass(frozen=True)
class Wanted:
    """The predictions to make with a fold's model.

    Attributes:
        lists: More lists, by the name of the file of their predictions.
        checkpoint: ``'last'`` or ``'best'``.
        tta: Test-time augmentation.
    """

    lists: Mapping[str, Path]
    checkpoint: str = "last"
    tta: bool = False

    def names(self) -> list[str]:
        """Return the names of all files of predictions."""
        return [OUT_OF_FOLD, *self.lists]


def run_fold(fold: Fold, wanted: Wanted, *, seed: int | None = None, amp: bool = False) -> None:
    """Train a fold from where it stopped, and predict its ``val.csv`` and the other lists.

    Args:
        fold: The fold.
        wanted: What to predict.
        seed, amp: As of :func:`kdxf.apis.train.train`.

    Raises:
        UserError: The folder holds a fold with other settings, no checkpoint was saved, the training's budget is
            spent, or its weights were trained on an image that they are to predict.
    """
    fold.check_settings()
    fold.write_settings()
    result = _trained(fold, seed, amp)
    checkpoint = result.best_checkpoint if wanted.checkpoint == "best" else result.checkpoint
    if checkpoint is None:
        raise UserError(
            f"{fold.folder}: no {wanted.checkpoint} checkpoint was saved; see default_hooks.checkpoint (save_last, "
            "save_best), or choose the other with --checkpoint"
        )
    for name in wanted.names():
        if not is_predicted(fold, wanted, name):
            _predict(fold, wanted, name, checkpoint, seed)


def is_predicted(fold: Fold, wanted: Wanted, name: str) -> bool:
    """Return whether the predictions of a list exist and were made with these settings and files."""
    path = prediction_file(fold, name)
    if not path.is_file():
        return False
    source = read_source(path).to_dict()
    if changed_settings(source, _facts(fold, wanted, name)):
        return False
    return not changed_settings(source.get(_FILES, {}), files=_files(fold, wanted, name))


def prediction_file(fold: Fold, name: str) -> Path:
    """Return the path of a fold's predictions."""
    return fold.folder / f"{name}.parquet"


def _facts(fold: Fold, wanted: Wanted, name: str) -> dict[str, Any]:
    """Return what decides the predictions, besides the files that the config names."""
    return {
        "tool": TOOL,
        "fold": fold.number,
        "settings": fold.digest,
        "list_digest": file_digest(_list(fold, wanted, name)),
        "checkpoint_choice": wanted.checkpoint,
        "tta": wanted.tta,
    }


def _files(fold: Fold, wanted: Wanted, name: str) -> dict[str, str]:
    """Return the fingerprints of the files that the config names for the predictions of a list."""
    cfg = _test_config(fold, name, _list(fold, wanted, name))
    parts = ("test_dataloader", "tta_pipeline") if wanted.tta else ("test_dataloader",)
    return config_contents({part: cfg.get(part) for part in parts})


def _list(fold: Fold, wanted: Wanted, name: str) -> Path:
    return fold.lists / "val.csv" if name == OUT_OF_FOLD else wanted.lists[name]


def _trained(fold: Fold, seed: int | None, amp: bool) -> TrainResult:
    path = fold.folder / RESULT
    if path.is_file():
        return TrainResult.read(path)[0]
    result = train(fold.cfg, resume=True, seed=seed, amp=amp)
    if not result.finished:
        raise UserError(f"{fold.folder}: the budget of the training is spent; the same command goes on with it")
    result.write(path, fold.digest)
    gc.collect()  # models and loaders refer to themselves; let this one go before the next is made
    return result


def _predict(fold: Fold, wanted: Wanted, name: str, checkpoint: Path, seed: int | None) -> None:
    file = _list(fold, wanted, name)
    raw = fold.folder / "tests" / f"{name}.parquet"
    test(_test_config(fold, name, file), checkpoint, out=raw, tta=wanted.tta)
    predictions = read_predictions(raw)
    if name == OUT_OF_FOLD:
        check_unseen(predictions, str(prediction_file(fold, name)), advice=UNSEEN_WEIGHTS)
    facts = {**_facts(fold, wanted, name), _FILES: _files(fold, wanted, name), "list": str(file), "seed": seed}
    source = predictions.source.with_values(**facts)
    write_predictions(replace(predictions, source=source), prediction_file(fold, name))
    raw.unlink()
    raw.with_suffix(".metrics.json").unlink()


def _test_config(fold: Fold, name: str, file: Path) -> Config:
    """Make the config that predicts a list, without scores, as a list may have no labels."""
    cfg = copy.deepcopy(last_stage(fold.cfg))
    cfg.work_dir = str(fold.folder / "tests")
    if name == OUT_OF_FOLD:
        cfg.test_dataloader = copy.deepcopy(cfg.val_dataloader)
        cfg.test_cfg = ConfigDict(fp16=cfg.val_cfg.get("fp16", False))
    else:
        set_list(cfg, "test_dataloader", file, "--predict")
        cfg.test_cfg = cfg.get("test_cfg") or ConfigDict()
    cfg.test_evaluator = []
    return cfg

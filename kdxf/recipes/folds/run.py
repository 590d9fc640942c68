"""Cross-validation: trains the folds of a list and gathers their out-of-fold predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kdxf.apis.stages import last_stage
from kdxf.errors import UserError
from kdxf.evaluation.scoring import evaluate, fold_table, markdown
from kdxf.io.annotations import read_annotations
from kdxf.io.locks import lock, unlock
from kdxf.io.predictions import (
    Predictions,
    check_each_once,
    concatenate,
    read_predictions,
    read_source,
    write_predictions,
)
from kdxf.io.provenance import Input, Provenance, check_unseen, soft_label_warning
from kdxf.recipes.ensembles.average import average
from kdxf.recipes.ensembles.members import make_units
from kdxf.recipes.folds.fold import OUT_OF_FOLD, TOOL, UNSEEN_WEIGHTS, Wanted, is_predicted, prediction_file, run_fold
from kdxf.recipes.folds.plan import Fold, chosen_folds, plan_folds
from kdxf_runtime.io.files import write_whole

_OWN_NAMES = (OUT_OF_FOLD, "oof")


def kfold(
    config: str | Path,
    folds: str | Path,
    work_dir: str | Path,
    *,
    only: Sequence[int] = (),
    predict: Mapping[str, Path] | None = None,
    checkpoint: str = "last",
    tta: bool = False,
    options: Mapping[str, Any] | None = None,
    seed: int | None = None,
    amp: bool = False,
) -> pd.DataFrame | None:
    """Train folds and gather their predictions.

    A fold continues where it stopped, and finished results are kept: the same call may be made again at any time.
    Several machines share the folds when each makes this call over one ``work_dir``: a fold that another one is
    working on is skipped. Or each has folds of its own (``only``), in folders that are merged afterwards. The call that
    finds all folds finished gathers them.

    ``work_dir`` gets ``fold_<K>/val.parquet`` and ``fold_<K>/<name>.parquet``, then ``oof.parquet`` (each image once,
    in the order of the lists, with its ``fold``), ``<name>.parquet`` (the mean of the folds' models), ``metrics.csv``
    and ``metrics.md``.

    Args:
        config: A config file, with or without ``stages``.
        folds: Folder with ``fold_<K>/train.csv`` and ``val.csv`` (``tools/data/kfold.py --lists``).
        work_dir: Folder of all results.
        only: Numbers of the folds to train; none is all.
        predict: More lists to predict with every fold's model, by name; labels are not needed. They take the place of
            the list of the config's test dataset.
        checkpoint: ``'last'``, or ``'best'`` on the fold's ``val.csv``, whose scores are then optimistic.
        tta: Predict with test-time augmentation.
        options: ``--cfg-options``.
        seed: Replaces ``randomness.seed``.
        amp: Mixed precision in training.

    Returns:
        The table of scores (:func:`kdxf.evaluation.scoring.fold_table`); None while folds are missing.

    Raises:
        UserError: An argument cannot be used, a folder holds a fold with other settings, or a model was trained on an
            image that it predicts out of its fold.
    """
    plan = plan_folds(config, folds, work_dir, options, seed=seed, amp=amp)
    wanted = Wanted({name: Path(file) for name, file in (predict or {}).items()}, checkpoint, tta)
    _check(plan, wanted, config)
    waiting = chosen_folds(plan, only)
    for _ in range(2):  # another process may have stopped within a fold by the time that the others are done
        waiting = [fold for fold in waiting if not _run_unless_taken(fold, wanted, len(plan), seed, amp)]
    missing = [fold.number for fold in plan if not all(is_predicted(fold, wanted, name) for name in wanted.names())]
    if missing:
        print(f"not gathered yet: the folds {', '.join(map(str, missing))} are missing", flush=True)
        return None
    return _gather(plan, wanted, Path(work_dir))


def _run_unless_taken(fold: Fold, wanted: Wanted, count: int, seed: int | None, amp: bool) -> bool:
    """Run a fold and return True, or False where another process is working on it."""
    with lock(fold.folder / ".lock") as held:
        taken = held is None
        note = ": another process is at it, left out" if taken else ""
        print(f"fold {fold.number} of {count}: {fold.folder}{note}", flush=True)
        if held is not None:
            try:
                run_fold(fold, wanted, seed=seed, amp=amp)
            finally:
                unlock(held)  # loader workers that live on have it too
    return not taken


def _check(plan: Sequence[Fold], wanted: Wanted, config: str | Path) -> None:
    """Check the arguments before hours of training.

    Raises:
        UserError: One cannot be used.
    """
    for name, file in wanted.lists.items():
        if name in _OWN_NAMES or Path(name).name != name:
            raise UserError(f"--predict: {name!r} cannot name a file of predictions; give another, as NAME={file}")
        if not file.is_file():
            raise UserError(f"--predict {file}: there is no such list")
        check_each_once(read_annotations(file, empty_labels=True)["image"].tolist(), file)
    cfg = last_stage(plan[0].cfg)
    if wanted.lists and cfg.get("test_dataloader") is None:
        raise UserError(f"--predict: config {config} has no test_dataloader, which says how images are prepared")
    if wanted.tta and (cfg.get("tta_model") is None or cfg.get("tta_pipeline") is None):
        raise UserError(f"--tta: config {config} has no tta_model and tta_pipeline; add them, or leave --tta out")
    saving = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    if wanted.checkpoint == "best" and not saving.get("save_best"):
        raise UserError(
            f"--checkpoint best: config {config} keeps none; set default_hooks.checkpoint.save_best, or take last"
        )
    for fold in plan:
        fold.check_settings()


def _gather(plan: Sequence[Fold], wanted: Wanted, work_dir: Path) -> pd.DataFrame:
    parts = {fold.number: read_predictions(prediction_file(fold, OUT_OF_FOLD)) for fold in plan}
    for fold in plan:
        check_unseen(parts[fold.number], str(prediction_file(fold, OUT_OF_FOLD)), advice=UNSEEN_WEIGHTS)
    together = replace(_joined(list(parts.values()), plan), source=_source(plan, wanted))
    write_predictions(together, work_dir / "oof.parquet")
    for name in wanted.lists:
        units = make_units([prediction_file(fold, name) for fold in plan])
        mean = average(units, [1 / len(units)] * len(units), origin="equal")
        write_predictions(replace(mean, source=replace(mean.source, tool=TOOL)), work_dir / f"{name}.parquet")
    cfg = last_stage(plan[0].cfg)
    scores = {number: (len(part), evaluate(cfg, part)) for number, part in parts.items()}
    table = fold_table(scores, (len(together), evaluate(cfg, together)))
    write_whole(table.to_csv(index=False).encode(), work_dir / "metrics.csv")
    note = soft_label_warning("These models", together.source)
    write_whole(markdown(table, wanted.checkpoint, note).encode(), work_dir / "metrics.md")
    return table


def _joined(parts: Sequence[Predictions], plan: Sequence[Fold]) -> Predictions:
    """Concatenate the predictions of the folds; ``fold`` counts them from 0, in the order of ``inputs``."""
    for part, fold in zip(parts, plan, strict=True):
        if part.classes != parts[0].classes:
            raise UserError(f"{fold.folder} and {plan[0].folder} have different classes; train both with the same ones")
    numbers = np.repeat(np.arange(len(parts), dtype=np.int16), [len(part) for part in parts])
    return replace(concatenate(parts), fold=numbers)


def _source(plan: Sequence[Fold], wanted: Wanted) -> Provenance:
    files = [prediction_file(fold, OUT_OF_FOLD) for fold in plan]
    inputs = tuple(Input.of_file(file, read_source(file)) for file in files)
    details = {"folds": len(plan), "checkpoint_choice": wanted.checkpoint}
    return Provenance(tool=TOOL, tta=wanted.tta, inputs=inputs, details=details)

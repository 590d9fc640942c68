"""Comparison of configs over several seeds and folds: mean, spread and differences of their scores."""

import copy
import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from mmengine.config import Config, ConfigDict

from kdxf.analysis.config_baselines import baselines_of_config
from kdxf.apis.stages import training_files
from kdxf.apis.test import test
from kdxf.apis.train import train
from kdxf.engine.config import config_digest, default_work_dir, load_config, set_list
from kdxf.errors import UserError
from kdxf.evaluation.missing_modality import remove_modality
from kdxf.io.pages import markdown_table
from kdxf.io.run_record import CONFIG_OR_OPTIONS, check_unchanged
from kdxf_runtime.io.files import read_json, write_json, write_whole
from kdxf_runtime.io.machine import available_cores

RUN_COLUMNS = ("model", "input", "fold", "seed", "seconds")
"""Columns of a table of runs that are not scores."""

_LEGEND = """
Mean ± standard deviation over the runs. Δ: difference to the run of {first} with the same input, fold and seed.
Seconds: training of one run.
"""
_BASELINES = """
Baselines, top-1 in percent on the lists of {first} (logistic regression on TF-IDF, on features of the image, on both):

"""
STATISTICS = ("mean", "std", "diff", "diff std")


def summarize(runs: pd.DataFrame) -> pd.DataFrame:
    """Sum up the runs of each model and input.

    The difference is that to the first model's run of the same input, fold and seed. What is easy for one model is
    easy for another, so differences vary less than scores and show the better model with fewer runs.

    Args:
        runs: A row per run and input: :data:`RUN_COLUMNS`, then a column per score.

    Returns:
        A row per ``model`` and ``input``, in the order of their first runs: the number of ``runs``, their mean
        ``seconds``, and for each score ``<score> mean`` and ``std``, ``<score> diff`` and ``diff std``. Standard
        deviations have n - 1 in the denominator; that of one run is NaN.
    """
    scores = [name for name in runs.columns if name not in RUN_COLUMNS]
    pairs = runs.merge(
        runs[runs.model == runs.model.iloc[0]], how="left", on=["input", "fold", "seed"], suffixes=("", " of first")
    )
    for score in scores:
        pairs[f"{score} of first"] = pairs[score] - pairs[f"{score} of first"]
    groups = pairs.groupby(["model", "input"], sort=False)
    table = groups.agg(runs=("seed", "size"), seconds=("seconds", "mean"))
    for score in scores:
        of_runs, of_differences = groups[score], groups[f"{score} of first"]
        values = (of_runs.mean(), of_runs.std(), of_differences.mean(), of_differences.std())
        table = table.assign(**{f"{score} {name}": value for name, value in zip(STATISTICS, values, strict=True)})
    return table.reset_index()


def markdown(table: pd.DataFrame) -> str:
    """Format the table of :func:`summarize` in Markdown, without standard errors (``<score>_stderr``)."""
    scores = [name.removesuffix(" mean") for name in table.columns if name.endswith(" mean")]
    scores = [name for name in scores if not name.endswith("_stderr")]
    first = table.model.iloc[0]
    head = ["model", "input", "runs", *(title for score in scores for title in (score, "Δ")), "seconds"]
    rows = []
    for row in table.to_dict("records"):
        cells = [row["model"], row["input"], str(row["runs"])]
        for score in scores:
            mean, std, diff, diff_std = (row[f"{score} {name}"] for name in STATISTICS)
            cells += [_cell(f"{mean:.1f}", std), "" if row["model"] == first else _cell(f"{diff:+.1f}", diff_std)]
        rows.append([*cells, f"{row['seconds']:.0f}"])
    return markdown_table(head, rows) + _LEGEND.format(first=first)


def _cell(value: str, std: float) -> str:
    return value if math.isnan(std) else f"{value} ± {std:.1f}"


RESULT = "result.json"
BOTH = "all"


@dataclass(frozen=True)
class Variant:
    """Settings under a name.

    Attributes:
        name: Name, which follows the config's in the table.
        options: Dotted keys and values, as of ``--cfg-options``.
    """

    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One training; ``model`` and ``fold`` are names, '' for the config's own lists."""

    model: str
    fold: str
    seed: int
    cfg: Config

    @property
    def folder(self) -> Path:
        """Folder of its weights, logs and :data:`RESULT`."""
        return Path(self.cfg.work_dir)


def compare(
    configs: Sequence[str | Path],
    *,
    seeds: Sequence[int],
    work_dir: str | Path,
    options: Mapping[str, Any] | None = None,
    variants: Sequence[Variant] = (),
    folds: Sequence[str | Path] = (),
    without: Sequence[str] = (),
) -> pd.DataFrame:
    """Train every config in every variant on every fold with every seed, and score the last epoch on ``val``.

    A finished run is not repeated, so a comparison may be stopped, continued and extended; a run that was stopped is
    repeated, so that its time and its random numbers are those of an uninterrupted one. After every run ``runs.csv``,
    ``summary.csv`` and ``summary.md`` in ``work_dir`` are up to date; in the end ``summary.md`` also says what the
    plainest models reach on the lists of the first config (:mod:`kdxf.analysis.baselines`). Several processes may share
    the seeds out among them; one more call with all seeds then trains nothing and writes the tables of all.

    Args:
        configs: Config files.
        seeds: Seeds of all random numbers.
        work_dir: Gets a folder per run: ``<config>/<variant>/<fold>/seed_<seed>``.
        options: ``--cfg-options`` for all.
        variants: Settings that each config is run with; none runs the config as it is.
        folds: Folders with ``train.csv`` and ``val.csv`` in place of the config's ``ann_file``.
        without: Score also without ``'text'`` or ``'image'``, see :func:`kdxf.apis.test.test`.

    Returns:
        The summary (:func:`summarize`).

    Raises:
        UserError: A config cannot be used, a list or a modality is missing, two runs have one name, or a folder holds
            a run with other settings or files.
    """
    work_dir = Path(work_dir)
    lists: list[Path | None] = [Path(folder) for folder in folds] or [None]
    runs = [
        plan_run(Path(config), variant, fold, seed, work_dir, options or {})
        for seed in seeds
        for fold in lists
        for config in configs
        for variant in variants or [Variant()]
    ]
    if twice := [folder for folder, count in Counter(run.folder for run in runs).items() if count > 1]:
        raise UserError(f"two of the runs would be {twice[0]}; give variants, folds and seeds that differ by name")
    for run in runs:
        check_settings(run)
        for modality in without:
            remove_modality(copy.deepcopy(run.cfg), modality)
    for number, run in enumerate(runs, start=1):
        print(f"run {number} of {len(runs)}: {run.folder}", flush=True)
        finish_run(run, without)
        # All finished runs, later ones included: a comparison may be extended and stopped.
        rows = [row for each in runs if (result := read_result(each)) for row in _rows(each, result, without)]
        summary = _write_tables(pd.DataFrame(rows), work_dir)
    first = {run.fold: run for run in reversed(runs)}  # the first run of each fold
    page = markdown(summary) + _baselines([first[fold] for fold in dict.fromkeys(run.fold for run in runs)], work_dir)
    write_whole(page.encode(), work_dir / "summary.md")
    return summary


def _baselines(runs: Sequence[Run], work_dir: Path) -> str:
    """Return the section on the baselines: one line per fold, or why there are none."""
    lines = []
    for run in runs:
        fold = f"Fold {run.fold}: " if run.fold else ""
        try:
            table = baselines_of_config(run.cfg, work_dir / "baselines", available_cores())
        except UserError as error:
            lines.append(f"{fold}none, for {error}.")
            continue
        rows = zip(table["name"], table["top-1"], strict=True)
        lines.append(fold + ", ".join(f"{name} {top1:.1f}" for name, top1 in rows) + ".")
    return _BASELINES.format(first=runs[0].model) + "\n".join(f"- {line}" for line in lines) + "\n"


def plan_run(
    config: Path, variant: Variant, fold: Path | None, seed: int, work_dir: Path, options: Mapping[str, Any]
) -> Run:
    """Make the config of a run, which keeps only the last checkpoint and is tested on the validation set.

    Args:
        config: The config file.
        variant: Its settings.
        fold: A folder with ``train.csv`` and ``val.csv``, or None.
        seed: Of all random numbers.
        work_dir: Gets the folder of the run.
        options: Other settings.

    Raises:
        UserError: The config has no validation set, or the fold lacks a list.
    """
    cfg = load_config(config, {**options, **variant.options})
    if any(cfg.get(name) is None for name in ("val_dataloader", "val_cfg", "val_evaluator")):
        raise UserError(f"config {config} has no validation set to compare on: it needs val_dataloader, val_evaluator")
    if fold is not None:
        for loader, name in (("train_dataloader", "train.csv"), ("val_dataloader", "val.csv")):
            if not (fold / name).is_file():
                raise UserError(f"--folds {fold}: there is no {name}; give folders with train.csv and val.csv")
            set_list(cfg, loader, fold.resolve() / name, "--folds")
    cfg.test_dataloader, cfg.test_evaluator = copy.deepcopy(cfg.val_dataloader), copy.deepcopy(cfg.val_evaluator)
    cfg.test_cfg = ConfigDict(fp16=cfg.val_cfg.get("fp16", False))
    hooks = cfg.get("default_hooks") or {}
    checkpoint = {**hooks.get("checkpoint", {"type": "CheckpointHook"}), "save_best": None, "rule": None}
    checkpoint.update(interval=-1, save_last=True, save_optimizer=False)
    cfg.default_hooks = {**hooks, "checkpoint": checkpoint}
    cfg.randomness = {**cfg.get("randomness", {}), "seed": seed}
    cfg.resume = False
    model = "/".join(filter(None, (*default_work_dir(config).parts[1:], variant.name)))
    fold_name = "" if fold is None else fold.resolve().name
    cfg.work_dir = str(work_dir / model / fold_name / f"seed_{seed}")
    return Run(model, fold_name, seed, cfg)


def check_settings(run: Run) -> None:
    """Check that a finished run in the folder was made with the same settings and files.

    Raises:
        UserError: It was not.
    """
    if result := read_result(run):
        noted = {**result.get("files", {}), CONFIG_OR_OPTIONS: result["settings"]}
        check_unchanged(run.folder, "run", noted, {CONFIG_OR_OPTIONS: config_digest(run.cfg)}, training_files(run.cfg))


def finish_run(run: Run, without: Sequence[str]) -> None:
    """Train a run and score it with all inputs and without the modalities named, as far as that is not done.

    Raises:
        UserError: The config saves no checkpoint, or cannot be used.
    """
    result = read_result(run)
    if result is None:
        files = training_files(run.cfg)
        # The finished stages of a run that was stopped are kept.
        trained = train(run.cfg, validate=False, resume=bool(run.cfg.get("stages")))
        if trained.checkpoint is None:
            raise UserError(f"{run.folder}: nothing was saved; default_hooks.checkpoint must save the last epoch")
        result = {"settings": config_digest(run.cfg), "files": files, "seconds": trained.seconds, "scores": {}}
        result["checkpoint"] = os.path.relpath(trained.checkpoint, run.folder)
        write_json(result, run.folder / RESULT)
    for modality in (None, *without):
        name = _input(modality)
        if name not in result["scores"]:
            result["scores"][name] = test(run.cfg, run.folder / result["checkpoint"], without=modality)
            write_json(result, run.folder / RESULT)


def _input(without: str | None) -> str:
    return BOTH if without is None else f"without {without}"


def read_result(run: Run) -> dict[str, Any] | None:
    """Return what :func:`finish_run` left in the folder, with the ``scores`` by input; None where it left nothing."""
    return read_json(run.folder / RESULT)


def _rows(run: Run, result: Mapping[str, Any], without: Sequence[str]) -> Iterable[dict[str, Any]]:
    """Yield a row per input that is scored; scores that are not numbers stay in :data:`RESULT`."""
    for name in map(_input, (None, *without)):
        if name not in result["scores"]:
            continue
        numbers = {key: value for key, value in result["scores"][name].items() if isinstance(value, int | float)}
        yield {
            **{"model": run.model, "input": name, "fold": run.fold, "seed": run.seed, "seconds": result["seconds"]},
            **numbers,
        }


def _write_tables(runs: pd.DataFrame, folder: Path) -> pd.DataFrame:
    summary = summarize(runs)
    write_whole(runs.to_csv(index=False).encode(), folder / "runs.csv")
    write_whole(summary.to_csv(index=False).encode(), folder / "summary.csv")
    write_whole(markdown(summary).encode(), folder / "summary.md")
    return summary

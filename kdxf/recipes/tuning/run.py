"""Search for the settings with which a config scores best."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from mmengine.config import Config

from kdxf.analysis.runs.training import less_is_better
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.io.csv_tables import write_csv
from kdxf.io.run_record import check_unchanged
from kdxf.recipes.tuning.best_config import check_base, write_best
from kdxf.recipes.tuning.space import Space, read_space
from kdxf.recipes.tuning.study import HAND_SET, give_up_dead_trials, open_study, run_trial
from kdxf.recipes.tuning.table import INTERRUPTED, best_trial, markdown, trial_table
from kdxf.recipes.tuning.trial import Task
from kdxf_runtime.io.files import read_json, write_json
from kdxf_runtime.io.machine import available_cores

if TYPE_CHECKING:
    import optuna

SETTINGS, BEST, TABLE = "settings.json", "best.py", "trials.csv"
_APART = 1000  # seeds of two processes


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        task: What each trial trains.
        space: What is tried.
        folder: For the journal, the trials, ``trials.csv`` and ``best.py``.
        maximize: Whether a higher score is better.
        trials: How many trials there shall be in all, the hand-set one included; None is no limit.
        deadline: When this process begins no more of them, in seconds since the epoch; None is no limit.
    """

    task: Task
    space: Space
    folder: Path
    maximize: bool
    trials: int | None
    deadline: float | None


def main_metric(cfg: Config) -> str:
    """Return the score by which a config keeps its best weights (``save_best``), else top-1 accuracy."""
    wanted = ((cfg.get("default_hooks") or {}).get("checkpoint") or {}).get("save_best")
    wanted = wanted[0] if isinstance(wanted, list | tuple) and wanted else wanted
    return wanted if isinstance(wanted, str) and wanted != "auto" else "accuracy/top1"


def tune(
    config: str | Path,
    space: str | Path,
    work_dir: str | Path,
    *,
    trials: int | None = None,
    minutes: float | None = None,
    workers: int = 1,
    metric: str | None = None,
    options: dict[str, Any] | None = None,
    folds: str | Path | None = None,
    only: tuple[int, ...] = (),
    seed: int | None = None,
    amp: bool = False,
) -> str:
    """Search, from where an earlier call with the same folder has stopped.

    The first trial is the config as it is, so that the result is never below it. Several processes, also on several
    machines, search together when each makes this call over one ``work_dir``.

    ``work_dir`` gets ``journal.log`` (Optuna's), ``trials.csv`` (:func:`kdxf.recipes.tuning.table.trial_table`), and
    ``best.py``, a config that builds on ``config``; and for each trial a folder with its log and curves.

    Args:
        config: A config file.
        space: A file of :mod:`kdxf.recipes.tuning.space`.
        work_dir: Folder of all results.
        trials: How many trials there shall be in all, the hand-set one included.
        minutes: After these no trial is begun; one that has begun is finished.
        workers: Processes of this call.
        metric: The score of the validation to search by; by default :func:`main_metric`. One that is a loss by its name
            is minimized.
        options: ``--cfg-options``, settings of all trials.
        folds: Score by cross-validation with these folds (``tools/data/kfold.py --lists``).
        only: Numbers of the folds that count; none is all.
        seed: Of all trainings, and of what is drawn from the space.
        amp: Mixed precision.

    Returns:
        The best trials as a Markdown table, and what to think of them.

    Raises:
        UserError: An argument cannot be used, the folder holds a search with other settings, the hand-set config
            cannot be trained, or ten trials in a row have failed.
    """
    if trials is None and minutes is None:
        raise UserError("tune: give --trials, --minutes or both, so that the search has an end")
    if only and folds is None:
        raise UserError("--fold: needs --folds, the folder of the folds")
    check_base(config)
    searched, options = read_space(space), options or {}
    searched.check(config, options)
    cfg = load_config(config, options)
    metric = metric or main_metric(cfg)
    task = Task(Path(config), metric, options, None if folds is None else Path(folds), only, seed, amp)
    deadline = None if minutes is None else time.time() + 60 * minutes
    search = Search(task, searched, Path(work_dir), not less_is_better(metric), trials, deadline)
    _check_settings(search)
    study = _open(search, 0)
    try:
        _run(search, workers)
    finally:
        _write_table(search, study)
        _write_best(search, study)
    return _summary(search, study)


def _check_settings(search: Search) -> None:
    settings, files = search.task.facts(search.folder)
    settings["--space"] = search.space.digest
    path = search.folder / SETTINGS
    noted = read_json(path)
    check_unchanged(search.folder, "search", noted, settings, files)
    write_json({**(noted or {}), **settings, **files}, path)


def _open(search: Search, worker: int) -> "optuna.Study":
    hand_set = search.space.parameters(load_config(search.task.config, search.task.options))
    seed = None if search.task.seed is None else search.task.seed + _APART * worker
    return open_study(search.folder, maximize=search.maximize, hand_set=hand_set, seed=seed)


def _run(search: Search, workers: int) -> None:
    if workers == 1:
        _work(search, 0)
        return
    context = multiprocessing.get_context("spawn")
    threads = max(1, available_cores() // workers)
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=torch.set_num_threads, initargs=(threads,)
    ) as pool:
        for done in [pool.submit(_work, search, worker) for worker in range(workers)]:
            done.result()


def _work(search: Search, worker: int) -> None:
    """Run trials until there are enough, or the time is up."""
    study = _open(search, worker)
    give_up_dead_trials(study, search.folder)

    def objective(trial: "optuna.Trial", folder: Path, tell: Callable[[float, int], None]) -> float:
        if HAND_SET in trial.user_attrs:
            for key in trial.user_attrs[HAND_SET]:
                search.space.entries[key].suggest(key, trial, folder)  # Optuna learns where the config stands
            return search.task.run({}, folder, tell)
        return search.task.run(search.space.suggest(trial, folder), folder, tell)

    while not _is_over(search, study):
        run_trial(study, search.folder, objective)
        _write_table(search, study)


def _is_over(search: Search, study: "optuna.Study") -> bool:
    if search.deadline is not None and time.time() >= search.deadline:
        return True
    states = trial_table(study)["state"]
    return search.trials is not None and int((states != INTERRUPTED).sum()) >= search.trials


def _write_table(search: Search, study: "optuna.Study") -> None:
    write_csv(trial_table(study), search.folder / TABLE)


def _write_best(search: Search, study: "optuna.Study") -> None:
    from optuna.trial import FixedTrial

    best = best_trial(study)
    if best is None:
        return
    hand_set = HAND_SET in best.user_attrs
    settings = {} if hand_set else search.space.suggest(FixedTrial(best.params), search.folder)
    task = search.task
    score = f"{task.metric} {best.value:.4g}" + ("" if task.folds is None else f", the mean of folds of {task.folds}")
    about = (
        f"The best of {len(trial_table(study))} trials of a search, trial {best.number}: {score}.\n\n"
        f"Search   kdxf tune {task.config} --space {search.space.file}\n"
        "Result   the trials were compared by this score, so it is optimistic\n"
    )
    write_best(search.folder / BEST, task.config, task.options, settings, about)


def _summary(search: Search, study: "optuna.Study") -> str:
    """Say which trials are the best, and whether they are better than the hand-set one."""
    table, best = trial_table(study), best_trial(study)
    if best is None:
        return f"no trial has finished in time: give more --minutes; {search.folder} keeps what there is\n"
    text = markdown(table, search.task.metric, maximize=search.maximize) + "\n"
    if HAND_SET in best.user_attrs:
        return text + f"no trial is better than the hand-set config, which {search.folder / BEST} repeats\n"
    hand_set = next(trial for trial in study.trials if HAND_SET in trial.user_attrs and trial.value is not None)
    return text + (
        f"trial {best.number} has {best.value:.4g}, the hand-set config {hand_set.value:.4g}. As the best of "
        f"{len(table)}, it is optimistic: train {search.folder / BEST} and {search.task.config}, and compare them on "
        "images that the search has not seen\n"
    )

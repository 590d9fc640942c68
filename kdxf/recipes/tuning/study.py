"""The trials of a search in one file, which several processes and machines may share (Optuna's journal).

The sampler is Optuna's TPE (Bergstra et al., Algorithms for Hyper-Parameter Optimization, NIPS 2011); trials that
promise little are pruned by asynchronous successive halving (Li et al., A System for Massively Parallel Hyperparameter
Tuning, MLSys 2020, https://arxiv.org/abs/1810.05934).
"""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdxf.errors import UserError
from kdxf.io.locks import is_locked, lock, unlock
from kdxf.recipes.tuning.trial import WHOLE
from kdxf_runtime.optional import require

if TYPE_CHECKING:
    import optuna

HAND_SET = "hand-set"
"""Attribute of the hand-set trial: what Optuna calls the config's own values."""
REASON = "reason"
"""Attribute of a failed trial."""
JOURNAL = "journal.log"
_NAME = "search"
_FAILURES = 10  # in a row
_THIRD = 3  # of the trials go on at 1/9 and at 1/3 of the training


def open_study(folder: Path, *, maximize: bool, hand_set: Mapping[str, Any], seed: int | None) -> "optuna.Study":
    """Open the search of a folder, or begin it; its first trial is the config as it is.

    Args:
        folder: Gets the journal.
        maximize: Whether a higher score is better.
        hand_set: What Optuna calls the config's own values (:meth:`kdxf.recipes.tuning.space.Space.parameters`).
        seed: Of what is drawn, after which a search that goes on draws something else; another one for each process.
    """
    optuna: Any = require("optuna", "tune", "tune")
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
        direction = "maximize" if maximize else "minimize"
        try:
            study: optuna.Study = optuna.create_study(study_name=_NAME, storage=storage, direction=direction)
            study.enqueue_trial(dict(hand_set), user_attrs={HAND_SET: dict(hand_set)})
        except optuna.exceptions.DuplicatedStudyError:
            study = optuna.load_study(study_name=_NAME, storage=storage)
        seed = None if seed is None else seed + len(study.trials)
        # With several processes, a trial that is running counts as a poor one, so that none is tried twice.
        study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        study.pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=WHOLE // 9, reduction_factor=_THIRD)
    return study


def trial_folder(folder: Path, number: int) -> Path:
    """Return the folder of a trial."""
    return folder / f"trial_{number:04d}"


def give_up_dead_trials(study: "optuna.Study", folder: Path) -> None:
    """Note trials whose process has died, and have them tried again."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        path = trial_folder(folder, trial.number) / ".lock"
        if path.is_file() and not is_locked(path):  # one that has just begun has no folder yet
            _give_up(study, trial)


def run_trial(
    study: "optuna.Study",
    folder: Path,
    objective: Callable[["optuna.Trial", Path, Callable[[float, int], None]], float],
) -> None:
    """Draw a trial, and run and record it.

    A trial that fails is recorded with the reason, and the search goes on; but the hand-set one must succeed. One that
    is interrupted has failed without a reason, and is drawn again by the next process.

    Args:
        study: Of :func:`open_study`.
        folder: The folder of the search.
        objective: Returns the score of a trial. It gets the trial, its folder, and a function that it calls with scores
            and progress on the way.

    Raises:
        UserError: The hand-set trial has failed, or ten in a row have.
    """
    from optuna.exceptions import TrialPruned
    from optuna.trial import TrialState

    trial = study.ask()
    hand_set = HAND_SET in trial.user_attrs

    def tell(value: float, progress: int) -> None:
        trial.report(value, progress)
        poor = trial.should_prune()  # this also notes the score, with which later trials are compared
        if poor and not hand_set:
            raise TrialPruned

    own = trial_folder(folder, trial.number)
    with lock(own / ".lock") as held:
        try:
            study.tell(trial, objective(trial, own, tell))
        except TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        except Exception as error:
            if hand_set:
                _give_up(study, study.trials[trial.number])
                raise
            trial.set_user_attr(REASON, _described(error))
            study.tell(trial, state=TrialState.FAIL)
            print(f"trial {trial.number} has failed: {_described(error)}", flush=True)
            _check_failures(study)
        except BaseException:
            _give_up(study, study.trials[trial.number])
            raise
        finally:
            if held is not None:
                unlock(held)  # loader workers that live on have it too


def _described(error: Exception) -> str:
    message = " ".join(str(error).split())
    return message if isinstance(error, UserError) else f"{type(error).__name__}: {message}"


def _give_up(study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> None:
    """Note that a trial was interrupted, and have its settings tried again."""
    from optuna.trial import TrialState

    study.tell(trial.number, state=TrialState.FAIL)
    study.enqueue_trial(trial.user_attrs.get(HAND_SET, trial.params), user_attrs=trial.user_attrs)


def _check_failures(study: "optuna.Study") -> None:

    ended = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()][-_FAILURES:]
    failed = [trial.user_attrs[REASON] for trial in ended if REASON in trial.user_attrs]
    if len(failed) == _FAILURES:
        raise UserError(f"{_FAILURES} trials in a row have failed, the last with: {failed[-1]}")

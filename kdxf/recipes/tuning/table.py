"""The table of a search: a row for each trial."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from kdxf.io.pages import markdown_table
from kdxf.recipes.tuning.study import HAND_SET, REASON
from kdxf.recipes.tuning.trial import WHOLE

if TYPE_CHECKING:
    import optuna

FINISHED, PRUNED, FAILED, INTERRUPTED, RUNNING = "finished", "pruned", "failed", "interrupted", "running"
_SHOWN = 10
_COLUMNS = ("trial", "state", "hand-set", "score", "done", "minutes", "reason")


def trial_table(study: "optuna.Study") -> pd.DataFrame:
    """Lay out the trials of a search.

    Args:
        study: Of :func:`kdxf.recipes.tuning.study.open_study`.

    Returns:
        A row per trial, in their order: ``trial`` (its number), ``state`` (finished, pruned, failed, interrupted or
        running), whether it is the ``hand-set`` one, ``score`` (of a pruned one, its last), ``done`` (how far it is,
        0..1), ``minutes``, the ``reason`` of a failure; then what the space sets, by the keys.
    """
    from optuna.trial import TrialState

    states = {TrialState.COMPLETE: FINISHED, TrialState.PRUNED: PRUNED, TrialState.RUNNING: RUNNING}
    rows: list[dict[str, Any]] = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state == TrialState.WAITING:
            continue
        failed = FAILED if REASON in trial.user_attrs else INTERRUPTED
        last = trial.last_step
        finished = trial.state == TrialState.COMPLETE
        row = {
            "trial": trial.number,
            "state": states.get(trial.state, failed),
            "hand-set": HAND_SET in trial.user_attrs,
            "score": trial.value if finished else None if last is None else trial.intermediate_values[last],
            "done": 1.0 if finished else (last or 0) / WHOLE,
            "minutes": None if trial.duration is None else round(trial.duration.total_seconds() / 60, 2),
            "reason": trial.user_attrs.get(REASON),
        }
        rows.append({**row, **trial.params})
    keys = dict.fromkeys(key for row in rows for key in row if key not in _COLUMNS)
    return pd.DataFrame(rows, columns=[*_COLUMNS, *keys])


def best_trial(study: "optuna.Study") -> "optuna.trial.FrozenTrial | None":
    """Return the finished trial with the best score, the first of several; None while there is none."""
    from optuna.trial import TrialState

    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    sign = 1 if study.direction.name == "MINIMIZE" else -1
    return min(finished, key=lambda trial: sign * (trial.value or 0.0), default=None)


def markdown(table: pd.DataFrame, metric: str, *, maximize: bool) -> str:
    """Return the ten best finished trials and how many there are of each state.

    Args:
        table: Of :func:`trial_table`.
        metric: What ``score`` is.
        maximize: Whether a higher score is better.
    """
    finished = table[table["state"] == FINISHED].sort_values("score", ascending=not maximize, kind="stable")
    keys = [str(column) for column in table if column not in _COLUMNS]
    rows = []
    for row in finished.head(_SHOWN).to_dict("records"):
        name = f"{row['trial']} (hand-set)" if row["hand-set"] else str(row["trial"])
        rows.append([name, f"{row['score']:.4g}", f"{row['minutes']:.1f}", *(_cell(row[key]) for key in keys)])
    counts = table["state"].value_counts()
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    return markdown_table(["trial", metric, "minutes", *keys], rows) + f"\n{len(table)} trials: {states}\n"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.3g}"
    return str(value)

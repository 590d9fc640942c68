"""The ledger: a row for every training below a folder, as a table, a page or a CSV."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kdxf.analysis.runs.training import SESSION, Training, less_is_better, read_trainings
from kdxf.errors import UserError
from kdxf.io.pages import HTMLReport, markdown_table

BEST, LAST = "best ", "last "
_SHORT = 8
_COLUMNS = (
    *("run", "config", "started", "state", "done", "planned", "unit", "minutes", "seed", "device", "parameters"),
    *("version", "commit", "config digest", "training list", "validation list", "data digest", "epoch of best"),
)
_DIGESTS = ("config digest", "data digest")
_NEEDLESS = ("_stderr",)


def find_trainings(folder: Path) -> list[Training]:
    """Read all trainings in a folder and those below it, in the order of their paths; links are not followed.

    Raises:
        UserError: The folder does not exist or holds no training, or a file of one cannot be read.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; name one that holds runs, such as work_dirs")
    found = []
    for parent, names, _ in os.walk(folder):
        sessions = [name for name in names if SESSION.match(name)]
        names[:] = sorted(set(names) - set(sessions))
        if sessions:
            found += read_trainings(Path(parent))
    if not found:
        raise UserError(f"{folder}: holds no training (a folder such as 20260131_120000 with its log)")
    return sorted(found, key=lambda training: (training.folder, training.started))


def ledger(trainings: Sequence[Training], folder: Path) -> pd.DataFrame:
    """Lay out trainings as a table.

    Args:
        trainings: At least one.
        folder: The paths of runs start here.

    Returns:
        A row per training: ``run`` (its folder), ``config``, ``started``, ``state``, ``done`` of ``planned`` epochs or
        iterations (``unit``), ``minutes``, ``seed``, ``device``, ``parameters`` (numbers in the weights), ``version``
        of kdxf, git ``commit``, ``config digest``, ``training list``, ``validation list``, ``data digest``, ``epoch
        of best`` (or iteration); and for each score ``best <score>``, its value there, and ``last <score>``.
        What is not known is missing.
    """
    rows = [_row(training, folder) for training in trainings]
    scores = sorted({column for row in rows for column in row} - set(_COLUMNS), key=_order)
    table = pd.DataFrame(rows, columns=[*_COLUMNS, *scores])
    whole = ("done", "planned", "seed", "parameters", "epoch of best")
    return table.astype(dict.fromkeys(whole, "Int64"))


def _row(training: Training, folder: Path) -> dict[str, Any]:
    values = (
        os.path.relpath(training.folder, folder),
        training.config,
        f"{training.started:%Y-%m-%d %H:%M}",
        training.state,
        training.done,
        training.planned,
        "epochs" if training.by_epoch else "iterations",
        training.minutes,
        training.seed,
        training.device,
        training.parameters,
        training.version,
        training.commit,
        training.digest,
        training.training_lists,
        training.validation_lists,
        training.data_digest,
        training.best_step,
    )
    row = dict(zip(_COLUMNS, values, strict=True))
    if training.best_step is not None:
        row |= {BEST + name: value for name, value in training.scores[training.best_step].items()}
        row |= {LAST + name: value for name, value in list(training.scores.values())[-1].items()}
    return row


def _order(column: str) -> tuple[str, bool]:
    """Put the last value of a score behind its best."""
    return column[len(BEST) :], column.startswith(LAST)


def main_score(trainings: Sequence[Training]) -> str | None:
    """Return the score by which most of the trainings keep their best weights; None where none was validated."""
    names = Counter(training.main_score for training in trainings if training.main_score is not None)
    return names.most_common(1)[0][0] if names else None


def sort_ledger(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sort a ledger by a score, the best first, or by another column, ascending; rows without a value come last.

    Args:
        table: Of :func:`ledger`.
        by: A score, such as ``accuracy/top1``, whose best values count, or a column.

    Raises:
        UserError: There is no such score or column.
    """
    scores = [column.removeprefix(BEST) for column in map(str, table) if column.startswith(BEST)]
    if by not in table and by not in scores:
        raise UserError(f"--sort {by}: there is no such score or column; take one of {', '.join([*scores, *_COLUMNS])}")
    column = by if by in table else BEST + by
    is_score = column.startswith((BEST, LAST)) and column not in _COLUMNS
    ascending = not is_score or less_is_better(column)
    return table.sort_values(column, ascending=ascending, kind="stable", na_position="last", ignore_index=True)


def markdown(table: pd.DataFrame, score: str | None) -> str:
    """Return the columns that a terminal has room for.

    Args:
        table: Of :func:`ledger`.
        score: The score to show; None shows none.
    """
    scores = [] if score is None else [BEST + score, LAST + score]
    titles = ["run", "config", *scores, "done", "state", "minutes", "seed", "config digest", "data digest", "started"]
    rows = []
    for row in table.to_dict("records"):
        done = f"{row['done']}/{'?' if pd.isna(row['planned']) else row['planned']}"
        cells = {**row, "done": done, "minutes": f"{row['minutes']:.1f}"}
        cells |= {name: row[name][:_SHORT] for name in _DIGESTS}
        cells |= {name: "" if pd.isna(row[name]) else f"{row[name]:.2f}" for name in scores}
        rows.append(["" if pd.isna(cells[name]) else str(cells[name]) for name in titles])
    return markdown_table(titles, rows)


def write_page(table: pd.DataFrame, score: str | None, path: Path) -> None:
    """Write a ledger as a page whose table a click sorts.

    Args:
        table: Of :func:`ledger`.
        score: The score of the sentence on top; None where nothing was validated.
        path: The file.
    """
    page = HTMLReport("Runs")
    count, folders = len(table), table["run"].nunique()
    page.summary(f"{count} training{'s' * (count != 1)} in {folders} folder{'s' * (folders != 1)}.")
    best = [] if score is None else _best_of_lists(table, score)
    if len(best) == 1:
        _, _, value, run, after = best[0]
        page.summary(f"The best {score} is {value:.2f}, of {run} after {after}.")
    elif best:
        page.summary(f"They were validated on {len(best)} lists; only scores on the same list can be compared.")
    if open_runs := table["run"][table["state"] == "not finished"].tolist():
        page.summary(
            f"Not finished: {', '.join(open_runs)}. One of them may still be running; --resume goes on with the others."
        )
    if len(best) > 1:
        page.heading("Best on each validation list")
        page.table(["validation list", "trainings", f"best {score}", "run", "after"], best, sortable=True)
        page.heading("All trainings")
    page.text(
        "Best: the scores after the epoch with the best main score. Parameters: all numbers in the weights of the last "
        "checkpoint. Equal digests mean equal settings, or equal training files; the CSV has all their digits."
    )
    scores = [name for name in map(str, table) if name not in _COLUMNS and not name.endswith(_NEEDLESS)]
    columns = ["run", "config", *scores, *(name for name in _COLUMNS if name not in ("run", "config"))]
    rows = ([_cell(name, row[name]) for name in columns] for row in table.to_dict("records"))
    page.table(columns, rows, sortable=True)
    page.save(path)


def _best_of_lists(table: pd.DataFrame, score: str) -> list[tuple[str, int, float, str, str]]:
    """Return for each validation list its name, its trainings with this score, and value, run and epoch of the best.

    A list that no config names is ``""``.
    """
    scored = sort_ledger(table.dropna(subset=[BEST + score]), score)
    found = []
    for name, group in scored.groupby("validation list", sort=True):
        best = group.iloc[0]
        after = f"{best['unit'].removesuffix('s')} {best['epoch of best']}"
        found.append((str(name), len(group), float(best[BEST + score]), best["run"], after))
    return found


def _cell(column: str, value: Any) -> Any:
    if column in _DIGESTS:
        return value[:_SHORT]
    return None if pd.isna(value) else value

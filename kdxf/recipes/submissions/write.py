"""Write submissions, average finished ones, and summarize the classes they predict."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.errors import UserError
from kdxf.io.annotations import label_indices, read_annotations
from kdxf.io.predictions import Predictions
from kdxf.recipes.submissions.ids import check_ids, read_table
from kdxf_runtime.io.files import write_whole


def write_submission(table: pd.DataFrame, file: Path, *, as_json: bool = False, decimals: int = 6) -> None:
    """Write the rows of a submission as UTF-8; an existing file is replaced once the new one is complete.

    Args:
        table: The rows.
        file: The file.
        as_json: Writes a list of objects in place of a CSV.
        decimals: Digits of scores after the point.
    """
    if as_json:
        records = [
            {key: round(value, decimals) if isinstance(value, float) else value for key, value in row.items()}
            for row in table.to_dict("records")
        ]
        text = json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    else:
        text = table.to_csv(index=False, lineterminator="\n", float_format=f"%.{decimals}f")
    write_whole(text.encode(), file)


def average_submissions(files: Sequence[Path], sample: Path | None = None) -> pd.DataFrame:
    """Take the mean of the numeric columns of submissions.

    Args:
        files: CSVs: ids, then scores. Rows and columns may be in any order.
        sample: A sample submission, whose ids and columns the files must have; its order is kept, by default that of
            the first file.

    Raises:
        UserError: There is one file alone; a file cannot be read or has an id twice; files differ in ids or columns;
            or a column holds text, or classes.
    """
    if len(files) < 2:
        raise UserError("--average: give at least two submissions")
    model = sample or files[0]
    first = read_table(model)
    key, *columns = first.columns
    check_ids(first[key], model)
    total = np.zeros((len(first), len(columns)))
    for file in files:
        table = read_table(file)
        if set(table.columns) != set(first.columns):
            raise UserError(
                f"{file} and {model} have different columns: {', '.join(table.columns[:8])} and "
                f"{', '.join(first.columns[:8])}; average submissions of one format"
            )
        check_ids(table[key], file)
        table = table.set_index(key)
        for owner, other, lacking in (
            (file, model, first[key][~first[key].isin(table.index)]),
            (model, file, table.index[~table.index.isin(first[key])]),
        ):
            if len(lacking):
                raise UserError(f"{owner}: lacks {len(lacking)} ids of {other}, such as {lacking[:1].item()}")
        total += _numbers(table.loc[first[key], columns], file)
    mean = pd.DataFrame(total / len(files), columns=columns)
    mean.insert(0, key, first[key])
    return mean


def _numbers(table: pd.DataFrame, file: Path) -> np.ndarray:
    for name in table.columns:
        numbers = pd.to_numeric(table[name], errors="coerce")
        if numbers.isna().any():
            value = table[name][numbers.isna()].iloc[0]
            raise UserError(f"{file}: the column {name} holds {value!r}, which is no number; average files of scores")
        if table[name].str.isdecimal().all() and (numbers > 1).any():
            raise UserError(
                f"{file}: the column {name} holds whole numbers such as {int(numbers.max())}, which are classes and no "
                "scores; average files of scores"
            )
    return table.astype(float).to_numpy()


_ROWS = 20


def class_shares(predictions: Predictions, train: Path | None = None) -> pd.DataFrame:
    """Count the classes; an image of several labels counts for each.

    Args:
        predictions: Of n images and K classes.
        train: The training list.

    Returns:
        K rows: ``class``, ``predicted`` (images) and ``predicted %``; with a training list ``trained``, ``trained %``
        and ``difference``, of the shares, in points. The most predicted first.

    Raises:
        UserError: The training list has no labels, or others.
    """
    if predictions.predicted is None:
        counts = np.bincount(predictions.scores.argmax(axis=1), minlength=len(predictions.classes))
    else:
        counts = predictions.predicted.sum(axis=0)
    table = pd.DataFrame({"class": predictions.classes, "predicted": counts, "predicted %": _percent(counts)})
    if train is not None:
        trained = _trained(train, predictions.classes)
        table = table.assign(**{"trained": trained, "trained %": _percent(trained)})
        table["difference"] = table["predicted %"] - table["trained %"]
    return table.sort_values("predicted", ascending=False, kind="stable", ignore_index=True)


def describe(table: pd.DataFrame) -> str:
    """Write the first rows of :func:`class_shares`, and a line about the others."""
    text = table.head(_ROWS).to_string(index=False, float_format=lambda value: f"{value:.1f}")
    if len(table) > _ROWS:
        rest = table[_ROWS:]
        text += f"\nand {len(rest)} classes more, with {rest['predicted'].sum()} predictions together"
    never = table["predicted"].eq(0)
    if "trained" in table:
        never &= table["trained"].gt(0)
    return text + (f"\n{never.sum()} classes are never predicted" if never.any() else "")


def _percent(counts: np.ndarray) -> np.ndarray:
    return 100 * counts / max(int(counts.sum()), 1)


def _trained(train: Path, classes: Sequence[str]) -> np.ndarray:
    frame = read_annotations(train, empty_labels=True)
    if "label" not in frame.columns:
        raise UserError(f"--train {train}: has no labels; give the list that was trained on")
    labels = frame["label"]
    if not set(labels) <= set(classes):
        labels = labels.str.split("|").explode().str.strip()
    return np.bincount(label_indices(labels[labels != ""], classes, train), minlength=len(classes))

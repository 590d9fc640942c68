"""Averages finished submissions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.errors import UserError
from kdxf.recipes.submission_ids import check_ids, read_table


def average_submissions(files: Sequence[Path], sample: Path | None = None) -> pd.DataFrame:
    """Takes the mean of the numeric columns of submissions.

    Args:
        files: CSVs: ids, then scores. Rows and columns may stand in any order.
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

"""Columns that should not be learned from: those that give the label away, and identifiers. n rows, K classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.table.fit import pick_columns
from kdxf.io.annotations import read_annotations
from kdxf_runtime.table_columns import read_number

TELLS = 0.9
"""A column that alone names the class of this share of the rows is warned of."""
UNIQUE = 0.9
"""A column of categories with this many different values per row is an identifier."""
FEWEST, MOST = 20, 20_000
"""Columns with fewer cells are not judged; of more rows so many are drawn."""
_FOLDS = 5
_ROWS_PER_BIN = 5


def find_leaks_in_list(path: Path, names: Sequence[str]) -> list[str]:
    """Check columns of a list, as :func:`find_leaks`; one without labels is checked for identifiers only.

    Raises:
        UserError: The list cannot be read, or lacks a column.
    """
    frame = read_annotations(path, empty_labels=True, as_written=names)
    labels = None
    if "label" in frame:
        labels, _ = pd.factorize(frame["label"])
    return find_leaks(pick_columns(frame, names, path), labels)


def find_leaks(columns: pd.DataFrame, labels: np.ndarray | None) -> list[str]:
    """Say which columns give the label away, and which are identifiers.

    Args:
        columns: n rows, texts as written, None for an empty cell.
        labels: int64 (n,), class indices, -1 for a row without; None for unlabelled rows.

    Returns:
        A sentence for each such column.
    """
    if len(columns) > MOST:
        drawn = np.sort(np.random.default_rng(0).permutation(len(columns))[:MOST])
        columns, labels = columns.iloc[drawn], None if labels is None else labels[drawn]
    found = []
    for name in columns:
        cells = columns[name]
        known = cells.notna().to_numpy()
        if known.sum() < FEWEST:
            continue
        if (share := identifier_share(cells[known])) is not None:
            found.append(
                f"the column {name!r} is an identifier: {share:.0%} of its cells differ from all others, so that a "
                "model can only learn it by heart; leave it out"
            )
        if labels is not None:
            right, chance = accuracy_alone(cells, labels)
            if right >= TELLS and right > (1 + chance) / 2:
                found.append(
                    f"the column {name!r} alone names the class of {right:.0%} of the images (chance {chance:.0%}): "
                    "leave it out, unless it is known of new images before their class is"
                )
    return found


def identifier_share(cells: pd.Series) -> float | None:
    """Return the share of different values of an identifier; None of a column that is none.

    An identifier is a column of texts most of which differ, or of whole numbers that all do.
    """
    values = cells.unique()
    numbers = [read_number(value) for value in values]
    if any(number is None for number in numbers):
        looks_dated = all(value[:4].isdecimal() and any(map(str.isdecimal, value[5:7])) for value in values)
        return len(values) / len(cells) if len(values) >= UNIQUE * len(cells) and not looks_dated else None
    whole = all(value.isdecimal() for value in values)
    return 1.0 if whole and len(values) == len(cells) else None


def accuracy_alone(cells: pd.Series, labels: np.ndarray) -> tuple[float, float]:
    """Return how often the commonest class of a value is right, cross-fitted, and how often that of all rows is.

    A column of numbers counts by its values and by intervals of equally many rows, whichever is better.

    Args:
        cells: n texts, None for an empty cell.
        labels: int64 (n,); rows with -1 do not count.
    """
    labelled = labels >= 0
    cells, labels = cells[labelled].reset_index(drop=True), labels[labelled]
    if not len(labels):
        return 0.0, 0.0
    codes, _ = pd.factorize(cells)
    ways = [codes]
    numbers = cells.map(lambda cell: None if cell is None else read_number(cell)).astype(float)
    if numbers.notna().sum() == cells.notna().sum() and numbers.notna().any():
        count = max(2, len(labels) // _ROWS_PER_BIN)
        bins = pd.qcut(numbers.rank(method="dense"), count, labels=False, duplicates="drop")
        ways.append(bins.fillna(-1).to_numpy(np.int64))
    folds = np.random.default_rng(0).permutation(len(labels)) % _FOLDS
    return max(_cross_fitted(way, labels, folds) for way in ways), _cross_fitted(np.zeros_like(codes), labels, folds)


def _cross_fitted(codes: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> float:
    """Return the share of rows whose class is the commonest one of the other folds' rows of the same code."""
    right = 0
    for fold in range(_FOLDS):
        seen, new = folds != fold, folds == fold
        if seen.any() and new.any():
            commonest = _commonest(codes[seen], labels[seen])
            overall = int(np.bincount(labels[seen]).argmax())
            guess = pd.Series(codes[new]).map(commonest).fillna(overall).to_numpy()
            right += int((guess == labels[new]).sum())
    return right / len(labels)


def _commonest(codes: np.ndarray, labels: np.ndarray) -> pd.Series:
    """Return the commonest class of each code."""
    counts = pd.DataFrame({"code": codes, "label": labels}).value_counts(sort=True).reset_index()
    return counts.drop_duplicates("code").set_index("code")["label"]

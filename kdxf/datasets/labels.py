"""Labels of a list beyond one class per image: several classes, and sample weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from kdxf.errors import UserError
from kdxf.io.annotations import label_indices
from kdxf_runtime.io.prediction_csv import SEPARATOR

_LISTS = pa.list_(pa.int64())


def read_multi_labels(frame: pd.DataFrame, classes: Sequence[str], source: str | Path) -> pa.ListArray | None:
    """Find the classes of each row.

    Args:
        frame: What :func:`kdxf.io.annotations.read_annotations` read. Its column ``label`` holds class names or
            indices, joined by ``|``; empty for an image of no class. A list without it has one column per class,
            named like the class and filled with 0 and 1.
        classes: The K class names.
        source: The annotation file, for messages.

    Returns:
        The class indices of each row, ascending; None for an unlabelled list.

    Raises:
        UserError: A label is not a class, a class name holds ``|``, or the columns of the classes are not complete.
    """
    if joined := [name for name in classes if SEPARATOR in name]:
        raise UserError(f"{source}: the class name {joined[0]!r} holds {SEPARATOR!r}, which joins labels; rename it")
    if "label" in frame:
        codes, written = pd.factorize(frame["label"])
        parts = [_split(labels) for labels in written]
        labels = list(dict.fromkeys(label for row in parts for label in row))
        index = dict(zip(labels, label_indices(labels, classes, source), strict=True))
        rows = pa.array([sorted({index[label] for label in row}) for row in parts], _LISTS)
        return rows.take(pa.array(codes))
    present = [name for name in classes if name in frame]
    if not present:
        return None
    if len(present) < len(classes):
        missing = next(name for name in classes if name not in frame)
        raise UserError(
            f"{source}: no column {missing!r}, while {present[0]!r} has one; give every class its column of 0 and 1, "
            "or write a column 'label'"
        )
    return lists_of(_ones(frame[present], source))


def lists_of(chosen: np.ndarray) -> pa.ListArray:
    """Return the indices that are True in each row of a bool array (n, K)."""
    ends = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))])
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(np.nonzero(chosen)[1], pa.int64()))


def _split(labels: str) -> list[str]:
    return [part.strip() for part in labels.split(SEPARATOR)] if labels else []


def _ones(columns: pd.DataFrame, source: str | Path) -> np.ndarray:
    values = columns.apply(pd.to_numeric, errors="coerce")
    invalid = ~values.isin([0, 1]).to_numpy()
    if invalid.any():
        row, column = np.argwhere(invalid)[0]
        raise UserError(
            f"{source}: data row {row + 1} has something else than 0 and 1 in the column {columns.columns[column]!r}, "
            "which is named like a class; correct it"
        )
    return values.to_numpy() == 1


def read_weights(column: pd.Series, source: str | Path) -> np.ndarray:
    """Read a column of weights.

    Args:
        column: n entries, as :func:`kdxf.io.annotations.read_annotations` read them.
        source: The annotation file, for messages.

    Returns:
        float32 (n,).

    Raises:
        UserError: An entry is missing or is not a number >= 0.
    """
    weights = pd.to_numeric(column, errors="coerce").to_numpy(np.float32)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        value = "nothing" if pd.isna(column.iloc[row]) else repr(str(column.iloc[row]))
        raise UserError(f"{source}: data row {column.index[row] + 1} has {value} as its weight; give a number >= 0")
    return weights

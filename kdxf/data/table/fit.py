"""Fitting of the columns of a training list (:mod:`kdxf_runtime.table_columns`). n rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.table_columns import (
    KINDS,
    BooleanColumn,
    CategoryColumn,
    Column,
    DateColumn,
    NumberColumn,
    TableColumns,
    read_boolean,
    read_date,
    read_number,
)

SCALINGS = ("quantile", "standard")
RESERVED = ("image", "label", "text", "weight")
"""Columns of a list that mean something else."""


def fit_columns(
    path: Path,
    names: Sequence[str],
    kinds: Mapping[str, str] | None = None,
    *,
    scaling: str = "quantile",
    bins: int = 8,
    min_count: int = 2,
) -> TableColumns:
    """Fit columns on a training list.

    Args:
        path: The list.
        names: The columns to take.
        kinds: What a column holds, of :data:`kdxf_runtime.table_columns.KINDS`, where that is not to be guessed.
        scaling: Of numbers: ``'quantile'`` or ``'standard'``.
        bins: Intervals of ``'quantile'`` at most.
        min_count: A category of fewer rows counts as the unknown value, so that this has examples to learn from.

    Returns:
        The columns, with the name and the digest of the list.

    Raises:
        UserError: The list cannot be read or lacks a column, a column is empty or not of its kind, or an option is out
            of its range.
    """
    if scaling not in SCALINGS:
        raise UserError(f"--scaling {scaling}: give {' or '.join(SCALINGS)}")
    kinds = dict(kinds or {})
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise UserError(f"--kind {name}={kind}: give one of {', '.join(KINDS)}")
        if name not in names:
            raise UserError(f"--kind {name}={kind}: {name!r} is not among the columns {', '.join(names)}")
    frame = read_columns(path, names)
    fitted = [_fit(path, frame[name], kinds.get(name), scaling, bins, min_count) for name in names]
    source = {"list": path.name, "sha256": file_digest(path), "rows": len(frame)}
    return TableColumns(tuple(fitted), source)


def read_columns(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Read columns of a list as they are written, in this order; an empty cell is None.

    Raises:
        UserError: The list cannot be read, or a column is not there, twice, or means something else.
    """
    frame = read_annotations(path, empty_labels=True, as_written=names)
    return pick_columns(frame, names, path)


def pick_columns(frame: pd.DataFrame, names: Sequence[str], path: str | Path) -> pd.DataFrame:
    """Return columns of a list that was read, in this order; an empty cell is None.

    Raises:
        UserError: A column is not there, twice, or means something else.
    """
    for place, name in enumerate(names):
        if name in RESERVED:
            raise UserError(f"{path}: the column {name!r} is no feature; name other columns")
        if name in names[:place]:
            raise UserError(f"{path}: the column {name!r} is named twice; name it once")
        if name not in frame:
            found = ", ".join(map(str, frame.columns))
            raise UserError(f"{path}: has no column {name!r} (found: {found}); correct the name, or leave it out")
    return frame[list(names)].astype(object).where(frame[list(names)].notna(), None)


def guess_kind(values: Sequence[str]) -> str:
    """Guess what a column holds from its different values; a number such as ``007`` is a category."""
    if all(read_boolean(value) is not None for value in values):
        return "boolean"
    if all(read_number(value) is not None and not _is_code(value) for value in values):
        return "number"
    return "date" if all(read_date(value) is not None for value in values) else "category"


def _is_code(text: str) -> bool:
    return len(text) > 1 and text[0] == "0" and text.isdecimal()


def _fit(path: Path, cells: pd.Series, kind: str | None, scaling: str, bins: int, min_count: int) -> Column:
    name = str(cells.name)
    texts = cells.dropna().str.strip()
    texts = texts[texts != ""]
    if texts.empty:
        raise UserError(f"{path}: the column {name!r} is empty; leave it out")
    kind = kind or guess_kind(texts.unique().tolist())
    if kind == "category":
        counts = texts.value_counts()
        return CategoryColumn(name, tuple(sorted(counts.index[counts >= min_count])))
    read = {"number": read_number, "date": read_date, "boolean": read_boolean}[kind]
    found = texts.map(read)
    if found.isna().any():
        odd = texts[found.isna()].iloc[0]
        raise UserError(
            f"{path}: the column {name!r} has {odd!r}, which is no {kind}; correct it, or give another --kind"
        )
    if kind == "boolean":
        return BooleanColumn(name)
    if kind == "date":
        days = np.array([day.toordinal() for day in found], np.float64)
        return DateColumn(name, float(days.mean()), float(days.std()) or 1.0)
    numbers = found.to_numpy(np.float64)
    mean, deviation = float(numbers.mean()), float(numbers.std()) or 1.0
    if scaling == "standard":
        return NumberColumn(name, (), mean, deviation)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1)))
    return NumberColumn(name, tuple(edges.tolist()) if len(edges) > 1 else (), mean, deviation)

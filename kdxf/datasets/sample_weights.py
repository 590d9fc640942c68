"""Reads how much each row of a list counts."""

from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.errors import UserError


def read_weights(column: pd.Series, source: str | Path) -> np.ndarray:
    """Reads a column of weights.

    Args:
        column: n entries, as :func:`kdxf.annotations.read_annotations` read them.
        source: Names the annotation file in the error message.

    Returns:
        float32 (n,).

    Raises:
        UserError: An entry is missing or no number >= 0.
    """
    weights = pd.to_numeric(column, errors="coerce").to_numpy(np.float32)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        found = "nothing" if pd.isna(column.iloc[row]) else repr(str(column.iloc[row]))
        raise UserError(f"{source}: data row {column.index[row] + 1} has {found} as its weight; give a number >= 0")
    return weights

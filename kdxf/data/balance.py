"""Balanced class sizes: large classes are cut at random, small ones are lifted by repeating rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.sampling import ranks_in_class
from kdxf.errors import UserError

# Counts the repeats of a row: 0 is the row itself.
COPY_COLUMN = "copy"


@dataclass(frozen=True)
class Balanced:
    """A list with balanced classes.

    Attributes:
        frame: The remaining rows, in their order, each followed by its repeats; with the column ``copy`` if classes
            were to be lifted.
        summary: The totals per action: ``classes``, ``images_before``, ``images_after`` by ``done``.
    """

    frame: pd.DataFrame
    summary: pd.DataFrame


def balance(frame: pd.DataFrame, source: Path, caps: Sequence[int] = (), minimum: int = 0, seed: int = 0) -> Balanced:
    """Cut large classes and lift small ones.

    A class is cut to the largest cap that it reaches: with the caps 400, 200 and 100 a class of 1,000 images keeps
    400, one of 399 keeps 200, one of 150 keeps 100 and one of 99 all. A class below ``minimum`` is lifted to it: its
    rows are repeated equally often, to within one.

    Args:
        frame: The list, with the columns ``image`` and ``label``.
        source: Its file, for messages.
        caps: The sizes to cut to; empty to cut nothing.
        minimum: The least size; 0 to lift nothing.
        seed: Another seed keeps and repeats other rows.

    Raises:
        UserError: A cap is below 1 or below ``minimum``, or the list already has repeated rows.
    """
    _check(frame, source, caps, minimum)
    labels = pd.factorize(frame["label"])[0].astype(np.int64)
    sizes = np.bincount(labels)
    wanted = sizes.copy()
    for cap in sorted(caps):
        wanted[sizes >= cap] = cap
    lifted = sizes < minimum
    wanted[lifted] = minimum
    ranks = ranks_in_class(frame["image"], labels, seed)
    repeats = (wanted // sizes)[labels] + (ranks < (wanted % sizes)[labels])
    chosen = np.repeat(np.arange(len(frame)), repeats)
    result = frame.iloc[chosen].reset_index(drop=True)
    if minimum:
        result[COPY_COLUMN] = np.arange(len(chosen)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return Balanced(result, _summary(sizes, wanted))


def _check(frame: pd.DataFrame, source: Path, caps: Sequence[int], minimum: int) -> None:
    if minimum < 0:
        raise UserError(f"--at-least: must be 0 or more, not {minimum}")
    if any(cap < 1 for cap in caps):
        raise UserError(f"--cap: must be at least 1, not {min(caps)}")
    if caps and min(caps) < minimum:
        raise UserError(f"--cap {min(caps)} is below --at-least {minimum}: a class cannot be cut and lifted")
    if minimum and COPY_COLUMN in frame.columns:
        raise UserError(f"{source}: has the column {COPY_COLUMN!r}, so rows were repeated before; give the first list")


def _summary(sizes: np.ndarray, wanted: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"before": sizes, "after": wanted})
    table["kind"] = np.sign(wanted - sizes)  # -1 cut, 0 as it was, 1 lifted
    table["to"] = np.where(table["kind"] == 0, 0, wanted)
    rows = []
    for (kind, size), group in table.groupby(["kind", "to"]):
        done = {-1: f"cut to {size}", 0: "as it was", 1: f"lifted to {size}"}[kind]
        rows.append((done, len(group), int(group["before"].sum()), int(group["after"].sum())))
    rows.append(("together", len(sizes), int(sizes.sum()), int(wanted.sum())))
    return pd.DataFrame(rows, columns=["done", "classes", "images_before", "images_after"])

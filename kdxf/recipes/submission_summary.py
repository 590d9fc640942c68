"""How often a submission predicts each class, beside how often the class was trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.annotations import label_indices, read_annotations
from kdxf.errors import UserError
from kdxf.predictions import Predictions

_ROWS = 20


def class_shares(predictions: Predictions, train: Path | None = None) -> pd.DataFrame:
    """Counts the classes; an image of several labels counts for each.

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
    """Writes the first rows of :func:`class_shares`, and what the others come to."""
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

"""Writes a table of predictions, one row per image."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from mmengine.evaluator import BaseMetric

from kdxf.errors import UserError

SUFFIXES = (".csv", ".parquet")


class PredictionTable(BaseMetric):
    """Collects the predictions of a test, from all processes, and writes them as a table.

    Columns: ``image`` (its path), ``label`` and ``pred_label`` (class indices; several are joined by a space),
    ``pred_class`` (their names, joined by ``|``, where the dataset has names), ``score`` (of the best class), ``error``
    (why the image could not be read). A Parquet file has ``scores`` as well, the scores of all classes.

    Args:
        path: The file, ``.csv`` or ``.parquet``.

    Raises:
        UserError: The name ends otherwise.
    """

    default_prefix = "prediction_table"

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.path = Path(path)
        if self.path.suffix not in SUFFIXES:
            raise UserError(f"--out {path}: the name must end with {' or '.join(SUFFIXES)}")

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep a batch of predictions."""
        for sample in data_samples:
            row = {name: sample.get(name) for name in ("img_path", "gt_label", "pred_label", "pred_score", "error")}
            self.results.append({key: _plain(value) for key, value in row.items()})

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Write the table. It adds no score of its own."""
        names = (self.dataset_meta or {}).get("classes")
        table = pd.DataFrame(
            {
                "image": [row["img_path"] for row in results],
                "label": _labels([row["gt_label"] for row in results]),
                "pred_label": _labels([row["pred_label"] for row in results]),
                "pred_class": [_names(row["pred_label"], names) for row in results],
                "score": [max(row["pred_score"], default=None) for row in results],
                "error": [row["error"] for row in results],
            }
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.tmp")
        if self.path.suffix == ".csv":
            table.to_csv(temporary, index=False)
        else:
            table.assign(scores=[row["pred_score"] for row in results]).to_parquet(temporary, index=False)
        os.replace(temporary, self.path)
        return {}


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, torch.Tensor) else value


def _labels(column: list[list[int] | None]) -> pd.Series:
    """Whole numbers where no image has several labels, else text."""
    if all(labels is None or len(labels) == 1 for labels in column):
        return pd.Series([labels and labels[0] for labels in column], dtype="Int64")
    return pd.Series([labels and " ".join(map(str, labels)) for labels in column], dtype="object")


def _names(labels: list[int] | None, names: Sequence[str] | None) -> str | None:
    if not labels or names is None:
        return None
    return "|".join(names[label] for label in labels)

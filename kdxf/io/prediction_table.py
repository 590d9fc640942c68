"""Writes what a test predicts, one row per image."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mmengine.evaluator import BaseMetric

from kdxf.errors import UserError
from kdxf.io.files import in_utf8, write_whole
from kdxf.io.predictions import Predictions, label_array, multi_hot, write_predictions
from kdxf.io.provenance import Provenance

SUFFIXES = (".csv", ".parquet")


def check_name(path: str | Path) -> None:
    """Check that a file of this name can be written.

    Raises:
        UserError: It cannot.
    """
    if Path(path).suffix not in SUFFIXES:
        raise UserError(f"--out {path}: the name must end with {' or '.join(SUFFIXES)}")


class PredictionTable(BaseMetric):
    """Collects the predictions of a test, from all processes, and writes them as a file.

    A ``.parquet`` file is one of :mod:`kdxf.io.predictions`, with the scores of all classes. A ``.csv`` has the columns
    ``image``, ``label`` and ``pred_label`` (class indices), ``pred_class`` (their names, where the dataset has names),
    ``score`` (of the best class) and ``error``. Several labels are joined by ``|``, as in annotations.

    Args:
        path: The file, ``.csv`` or ``.parquet``.
        image_root: Stands before the image in its path, and is left out of the file.
        seen: Tells of n paths which images the model was trained on, bool (n,), or None where nobody knows.
        source: Gives where the predictions come from, for the metadata of a ``.parquet`` file, when that is written.
    """

    default_prefix = "prediction_table"

    def __init__(
        self,
        path: str | Path,
        image_root: str = "",
        seen: Callable[[Sequence[str]], np.ndarray | None] | None = None,
        source: Callable[[], Provenance] = Provenance,
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self.image_root = image_root
        self.seen = seen
        self.source = source

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep a batch of predictions."""
        for sample in data_samples:
            scores = sample["pred_score"].float().cpu().numpy()
            row = {"path": sample["img_path"], "error": sample.get("error"), "best": float(scores.max(initial=0))}
            row |= {name: _indices(sample.get(name)) for name in ("gt_label", "pred_label")}
            self.results.append(row | ({"scores": scores} if self.path.suffix == ".parquet" else {}))

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Write the file. It adds no score of its own."""
        meta = self.dataset_meta or {}
        names = meta.get("classes")
        if self.path.suffix == ".parquet":
            several = meta.get("multi_label", False) or any(_is_several(row) for row in results)
            write_predictions(self._predictions(results, names, several), self.path)
        else:
            self._write_csv(results, names)
        return {}

    def _predictions(self, results: list[dict[str, Any]], names: Sequence[str] | None, several: bool) -> Predictions:
        scores = np.stack([row["scores"] for row in results])
        classes = tuple(names or map(str, range(scores.shape[1])))
        paths = [row["path"] for row in results]
        return Predictions(
            images=[self._image(path) for path in paths],
            scores=scores,
            classes=classes,
            labels=label_array([row["gt_label"] for row in results], len(classes), multi_label=several),
            predicted=multi_hot([row["pred_label"] for row in results], len(classes)) if several else None,
            seen=None if self.seen is None else self.seen(paths),
            errors={index: row["error"] for index, row in enumerate(results) if row["error"] is not None},
            source=self.source(),
        )

    def _write_csv(self, results: list[dict[str, Any]], names: Sequence[str] | None) -> None:
        table = pd.DataFrame(
            {
                "image": [self._image(row["path"]) for row in results],
                "label": _joined([row["gt_label"] for row in results]),
                "pred_label": _joined([row["pred_label"] for row in results]),
                "pred_class": [_names(row["pred_label"], names) for row in results],
                "score": [row["best"] for row in results],
                "error": [row["error"] for row in results],
            }
        )
        write_whole(table.to_csv(index=False).encode(), self.path)

    def _image(self, path: str) -> str:
        return in_utf8(path.removeprefix(self.image_root))


def _indices(labels: Any) -> list[int] | None:
    return None if labels is None else labels.tolist()


def _is_several(row: dict[str, Any]) -> bool:
    return any(row[name] is not None and len(row[name]) != 1 for name in ("gt_label", "pred_label"))


def _joined(column: list[list[int] | None]) -> pd.Series:
    """Whole numbers where no image has several labels, else text."""
    if all(labels is None or len(labels) == 1 for labels in column):
        return pd.Series([labels and labels[0] for labels in column], dtype="Int64")
    return pd.Series(["|".join(map(str, labels or ())) for labels in column], dtype="object")


def _names(labels: list[int] | None, names: Sequence[str] | None) -> str | None:
    if not labels or names is None:
        return None
    return in_utf8("|".join(names[label] for label in labels))

"""Writing what a test predicts, one row per image."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions, label_array, multi_hot, write_predictions
from kdxf.io.provenance import Provenance
from kdxf_runtime.io.files import in_utf8
from kdxf_runtime.io.prediction_csv import joined, open_replacing, row_writer

SUFFIXES = (".csv", ".parquet")


def check_name(path: str | Path, topk: int | None = None) -> None:
    """Check that a file of this name can be written, with only so many scores of each image.

    Raises:
        UserError: It cannot.
    """
    if Path(path).suffix not in SUFFIXES:
        raise UserError(f"--out {path}: the name must end with {' or '.join(SUFFIXES)}")
    if topk is not None and (topk < 1 or Path(path).suffix != ".parquet"):
        raise UserError(f"--topk {topk}: give at least 1, and a file whose name ends with .parquet as --out")


class PredictionTable(BaseMetric):
    """A metric that collects the predictions of a test, from all processes, and writes them as a file.

    A ``.parquet`` file is one of :mod:`kdxf.io.predictions`, with the scores of all classes. A ``.csv`` has the columns
    ``image``, ``label`` and ``pred_label`` (class indices), ``pred_class`` (their names, where the dataset has names),
    ``score`` (of the best class) and ``error``. Several labels are joined by ``|``, as in annotations.

    Args:
        path: The file, ``.csv`` or ``.parquet``.
        image_root: Stands before the image in its path, and is left out of the file.
        seen: Takes n paths and returns which images the model was trained on, bool (n,), or None if it is not known.
        source: Returns where the predictions come from, when a ``.parquet`` file is written.
        excel: Whether a person opens the ``.csv`` in Excel (:mod:`kdxf.io.csv_tables`).
        topk: Keep and write only so many of the best scores of each image (``.parquet``); None means all.
    """

    default_prefix = "prediction_table"

    def __init__(
        self,
        path: str | Path,
        image_root: str = "",
        seen: Callable[[Sequence[str]], np.ndarray | None] | None = None,
        source: Callable[[], Provenance] = Provenance,
        excel: bool = False,
        topk: int | None = None,
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self.image_root = image_root
        self.seen = seen
        self.source = source
        self.excel = excel
        self.topk = topk

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep a batch of predictions."""
        for sample in data_samples:
            scores = sample["pred_score"].float().cpu().numpy()
            row = {"path": sample["img_path"], "error": sample.get("error"), "best": float(scores.max(initial=0))}
            row |= {name: _indices(sample.get(name)) for name in ("gt_label", "pred_label")}
            if self.path.suffix == ".parquet":
                row |= {"scores": scores, "num_classes": len(scores)}
            if self.topk is not None:
                best = np.argsort(-scores, kind="stable")[: self.topk]
                row |= {"scores": scores[best], "top": best.astype(np.int32)}
            self.results.append(row)

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
        classes = tuple(names or map(str, range(results[0]["num_classes"])))
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
            top=None if self.topk is None else np.stack([row["top"] for row in results]),
        )

    def _write_csv(self, results: list[dict[str, Any]], names: Sequence[str] | None) -> None:
        with open_replacing(self.path, "--out") as file:
            write = row_writer(file, ("image", "label", "pred_label", "pred_class", "score", "error"), self.excel)
            for row in results:
                truth, given = row["gt_label"] or (), row["pred_label"] or ()
                shown = joined(names[label] for label in given) if names is not None else None
                score = None if np.isnan(row["best"]) else row["best"]
                write([self._image(row["path"]), joined(truth), joined(given), shown, score, row["error"]])

    def _image(self, path: str) -> str:
        return in_utf8(path.removeprefix(self.image_root))


def _indices(labels: Any) -> list[int] | None:
    return None if labels is None else labels.tolist()


def _is_several(row: dict[str, Any]) -> bool:
    return any(row[name] is not None and len(row[name]) != 1 for name in ("gt_label", "pred_label"))

"""The samples of a dataset as columns, so that millions of them stay small and loader workers share them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kdxf.datasets.soft_labels import SoftLabels
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.io.tar_shards import SHARD_SUFFIXES
from kdxf_runtime.ocr.record import OCRRecord

_SHARD = f"(?i:{'|'.join(map(re.escape, SHARD_SUFFIXES))})/"


@dataclass(frozen=True, eq=False)
class SampleRows:
    """A sequence of samples; each is made when it is asked for.

    Forked processes share Arrow and NumPy memory, while a list of Python objects is copied into each of them as soon
    as its reference counts are touched. Nothing here is ever changed, so a copy, also a deep one, is the object itself.

    Attributes:
        images: The image of each row, as the annotation file has it.
        prefix: Put before the image to make its path: empty, or ending in a slash.
        labels: int64 (n,), class indices, or in multi-label data lists of them; None for unlabelled rows.
        texts: The text of each row where the annotation file has it.
        ocr_table: The OCR table with the texts, where the annotation file has none.
        ocr_rows: int64 (n,), the place of each row in ``ocr_table``; -1 for a row without text.
        weights: float32 (n,), how much each row counts in the loss; None where all count alike.
        soft_labels: What another model said of the rows.
        columns: Further columns of the annotation file by name, texts as written; None where it hands none on.
    """

    images: pa.ChunkedArray
    prefix: str = ""
    labels: np.ndarray | pa.ListArray | None = None
    texts: pa.ChunkedArray | None = None
    ocr_table: OCRTable | None = None
    ocr_rows: np.ndarray | None = None
    weights: np.ndarray | None = None
    soft_labels: SoftLabels | None = None
    columns: Mapping[str, pa.ChunkedArray] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | slice) -> Any:
        """Return the sample at ``index``, a dict, or for a slice those rows."""
        if isinstance(index, slice):
            return self.take(range(*index.indices(len(self))))
        image = self.images[index].as_py()
        sample = {"img_path": self._path(image), "ocr": self._record(index, image), **self._targets(index)}
        if self.columns is not None:
            sample["columns"] = {name: column[index].as_py() for name, column in self.columns.items()}
        return sample

    def __deepcopy__(self, memo: dict) -> "SampleRows":
        return self

    def take(self, indices: Sequence[int] | np.ndarray) -> "SampleRows":
        """Return the rows at ``indices``, in that order; negative ones count from the end.

        Raises:
            IndexError: There is no such row.
        """
        rows = np.arange(len(self))[np.asarray(indices, dtype=np.int64)]
        return replace(
            self,
            images=self.images.take(pa.array(rows)),
            labels=_rows_of(self.labels, rows),
            texts=_rows_of(self.texts, rows),
            ocr_rows=_rows_of(self.ocr_rows, rows),
            weights=_rows_of(self.weights, rows),
            soft_labels=None if self.soft_labels is None else self.soft_labels.take(rows),
            columns=self.columns and {name: _rows_of(column, rows) for name, column in self.columns.items()},
        )

    def paths(self) -> list[str]:
        """Return the path of every image, as the pipeline opens it."""
        return [self._path(image) for image in self.images.to_pylist()]

    def shard_starts(self) -> list[str]:
        """Return how paths into tar shards begin, up to the shard's name and the slash behind it, each start once.

        The prefix is one of them, as it may lead into a shard by itself.
        """
        inside = self.images.filter(pc.match_substring_regex(self.images, _SHARD))
        starts = pc.struct_field(pc.extract_regex(inside, f"(?s)^(?P<start>.*{_SHARD})"), "start").unique()
        return [self.prefix, *(self._path(start) for start in starts.to_pylist())]

    def _path(self, image: str) -> str:
        return image if image.startswith("/") else self.prefix + image

    def _targets(self, index: int) -> dict[str, Any]:
        targets: dict[str, Any] = {}
        if self.labels is not None:
            labels = self.labels[index]
            targets["gt_label"] = labels.as_py() if isinstance(labels, pa.Scalar) else int(labels)
        if self.soft_labels is not None:
            targets["gt_score"] = self.soft_labels.target(index, targets["gt_label"])
        if self.weights is not None:
            targets["sample_weight"] = float(self.weights[index])
        return targets

    def _record(self, index: int, image: str) -> OCRRecord:
        if self.ocr_table is not None and self.ocr_rows is not None and self.ocr_rows[index] >= 0:
            return self.ocr_table.record(int(self.ocr_rows[index]))
        text = self.texts[index].as_py() if self.texts is not None else None
        return OCRRecord.from_text(image, text) if text else OCRRecord.empty(image)


def _rows_of(column: Any, rows: np.ndarray) -> Any:
    if column is None or isinstance(column, np.ndarray):
        return None if column is None else column[rows]
    return column.take(pa.array(rows))

"""The samples of a dataset as columns, so that millions of them stay small and loader workers share them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from kdxf.text.ocr.record import OCRRecord
from kdxf.text.ocr.table import OCRTable


@dataclass(frozen=True, eq=False)
class SampleRows:
    """A sequence of samples; each is made when it is asked for.

    Forked processes share Arrow and NumPy memory, while a list of Python objects is copied into each of them as soon
    as its reference counts are touched. Nothing here is ever changed, so a copy, also a deep one, is the object itself.

    Attributes:
        images: The image of each row, as the annotation file has it.
        prefix: What stands before the image to make its path: empty, or ending in a slash.
        labels: int64 (n,), class indices; None for unlabelled rows.
        texts: The text of each row where the annotation file has it.
        ocr_table: Where the text is otherwise, ...
        ocr_rows: ... int64 (n,), in these rows; -1 for a row without text.
    """

    images: pa.ChunkedArray
    prefix: str = ""
    labels: np.ndarray | None = None
    texts: pa.ChunkedArray | None = None
    ocr_table: OCRTable | None = None
    ocr_rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | slice) -> Any:
        """Gives the sample at ``index``, a dict, or for a slice those rows."""
        if isinstance(index, slice):
            return self.take(range(*index.indices(len(self))))
        image = self.images[index].as_py()
        sample = {
            "img_path": self._path(image),
            "ocr": self._record(index, image),
        }
        if self.labels is not None:
            sample["gt_label"] = int(self.labels[index])
        return sample

    def __deepcopy__(self, memo: dict) -> "SampleRows":
        return self

    def take(self, indices: Sequence[int] | np.ndarray) -> "SampleRows":
        """Gives the rows at ``indices``, in that order; negative ones count from the end.

        Raises:
            IndexError: There is no such row.
        """
        rows = np.arange(len(self))[np.asarray(indices, dtype=np.int64)]
        return replace(
            self,
            images=self.images.take(pa.array(rows)),
            labels=None if self.labels is None else self.labels[rows],
            texts=None if self.texts is None else self.texts.take(pa.array(rows)),
            ocr_rows=None if self.ocr_rows is None else self.ocr_rows[rows],
        )

    def paths(self) -> list[str]:
        """Gives the path of every image, as the pipeline opens it."""
        return [self._path(image) for image in self.images.to_pylist()]

    def _path(self, image: str) -> str:
        return image if image.startswith("/") else self.prefix + image

    def _record(self, index: int, image: str) -> OCRRecord:
        if self.ocr_table is not None and self.ocr_rows is not None and self.ocr_rows[index] >= 0:
            return self.ocr_table.record(int(self.ocr_rows[index]))
        text = self.texts[index].as_py() if self.texts is not None else None
        return OCRRecord.from_text(image, text) if text else OCRRecord.empty(image)

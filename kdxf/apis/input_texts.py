"""Where the text of the images comes from: an OCR table, the dataset, or OCR at this moment."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mmpretrain.datasets import BaseDataset
from tqdm import tqdm

from kdxf.apis.input_images import InputImage
from kdxf.text.ocr.build import build_engine
from kdxf.text.ocr.record import OCRRecord, read_text
from kdxf.text.ocr.table import OCRTable
from kdxf.text.ocr.workers import OCRWorkers

# Below this many images per worker process, starting it takes longer than it saves.
_IMAGES_PER_WORKER = 8


class InputTexts:
    """The OCR records of a list of images, each looked up when it is asked for.

    Args:
        images: The images.
        find: Gives the record of the image with this index, or None where nobody has read it yet.
    """

    def __init__(self, images: Sequence[InputImage], find: Callable[[int], OCRRecord | None]) -> None:
        self._images = images
        self._find = find
        self._read_now: dict[str, OCRRecord] = {}

    @classmethod
    def from_table(cls, images: Sequence[InputImage], table: OCRTable | None) -> "InputTexts":
        """Texts from an OCR table; without a table nobody has read any."""
        if table is None:
            return cls(images, _nothing)
        # Parquet cannot hold a name of another encoding, so such an image is not in the table.
        keys = [image.ocr_key.encode(errors="replace").decode() for image in images]
        return cls(images, partial(_from_rows, table, table.rows_of(keys)))

    @classmethod
    def from_dataset(cls, images: Sequence[InputImage], dataset: BaseDataset) -> "InputTexts":
        """Texts from a dataset: the rows of its OCR table, or its column of texts."""
        find = partial(_from_dataset, dataset, True)
        has_table = getattr(dataset, "ocr_file", None) is not None
        own_texts = not has_table and any(record.texts for index in range(len(images)) if (record := find(index)))
        return cls(images, partial(_from_dataset, dataset, own_texts))

    def __getitem__(self, index: int) -> OCRRecord:
        image = self._images[index]
        return self._read_now.get(image.path) or self._find(index) or OCRRecord.empty(image.ocr_key)

    def missing(self) -> list[str]:
        """The paths of the images that nobody has read yet, each once."""
        paths = [image.path for index, image in enumerate(self._images) if self._find(index) is None]
        return [path for path in dict.fromkeys(paths) if path not in self._read_now]

    def read_missing(self, reader: "TextReader", workers: int, progress: bool) -> int:
        """Reads the text of the images that :meth:`missing` names; returns how many."""
        paths = self.missing()
        records = reader.read(paths, workers)
        for record in tqdm(records, total=len(paths), desc="OCR", unit=" images", disable=not progress or not paths):
            self._read_now[record.image] = record
        return len(paths)


class TextReader:
    """Reads text with an engine that starts when there is something to read.

    Args:
        engine: Config of the engine, ``dict(type='RapidOCREngine', ...)``.
        imports: Modules that register engines from outside kdxf.
    """

    def __init__(self, engine: Mapping[str, Any], imports: Sequence[str] = ()) -> None:
        self._config = dict(engine)
        self._imports = tuple(imports)
        self._engine: Any = None

    def read(self, paths: Sequence[str], workers: int) -> Iterator[OCRRecord]:
        """Yields a record for each path, with the path as its ``image``, in any order.

        Args:
            paths: Image files.
            workers: Processes, fewer for a few images; below 2 this process reads.
        """
        workers = min(workers, len(paths) // _IMAGES_PER_WORKER)
        if workers > 1:
            with OCRWorkers(self._config, Path(os.curdir), workers, self._imports) as group:
                yield from group.read(paths)
        elif paths:
            if self._engine is None:
                self._engine = build_engine(self._config, self._imports)
            for path in paths:
                yield read_text(self._engine, path, path)


def _nothing(index: int) -> None:
    return None


def _from_rows(table: OCRTable, rows: np.ndarray, index: int) -> OCRRecord | None:
    return None if rows[index] < 0 else table.record(int(rows[index]))


def _from_dataset(dataset: BaseDataset, own_texts: bool, index: int) -> OCRRecord | None:
    """A record of a table names its engine; one that stands for a missing row names none."""
    record = dataset.get_data_info(index).get("ocr")
    return record if record is not None and (own_texts or record.engine) else None

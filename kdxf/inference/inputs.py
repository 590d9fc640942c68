"""Inputs of inference: the images to predict, in order, and their texts."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset
from tqdm import tqdm

from kdxf.errors import UserError
from kdxf.io.csv_tables import read_csv
from kdxf.text.ocr.build import build_engine
from kdxf.text.ocr.changes import warning_of_changes
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.inputs import InputImage, relative
from kdxf_runtime.io.unicode_names import nfc
from kdxf_runtime.ocr.record import OCRRecord, read_text
from kdxf_runtime.ocr.workers import OCRWorkers


def dataset_images(dataset: BaseDataset, ocr_root: str | Path | None = None) -> list[InputImage]:
    """List the images of a dataset in its order, with the names of its annotation file, relative to ``data_prefix``.

    Args:
        dataset: Any dataset whose samples have ``img_path``.
        ocr_root: As of :func:`collect_images`; by default ``data_prefix``.
    """
    prefix = os.path.join(getattr(dataset, "img_prefix", ""), "")
    images = []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        path = info["img_path"]
        image_id = path.removeprefix(prefix)
        ocr_key = image_id if ocr_root is None else relative(path, ocr_root)
        images.append(InputImage(image_id, path, ocr_key, info.get("columns")))
    return images


def with_table(images: Sequence[InputImage], path: Path) -> list[InputImage]:
    """Give images the cells of their rows of a table.

    Args:
        images: The images; their ``ocr_key`` or ``image_id`` stands in the column ``image``.
        path: A CSV (:func:`kdxf.io.csv_tables.read_csv`). Images without a row have no cells, which is logged.

    Raises:
        UserError: It cannot be read, or has an image twice or none of the images.
    """
    if not path.is_file():
        raise UserError(f"--table {path}: no such file; give a CSV with the column image and those of the model")
    frame = read_csv(path, ["image"], "name it in the header")
    frame["image"] = frame["image"].str.strip()
    if (twice := frame["image"].duplicated()).any():
        raise UserError(f"--table {path}: has {frame['image'][twice].iloc[0]} twice; keep one of the rows")
    cells: list[dict[str, str]] = frame.drop(columns="image").to_dict("records")
    rows = dict(zip(frame["image"], cells, strict=True))
    found = [rows.get(image.ocr_key, rows.get(image.image_id)) for image in images]
    lacking = sum(row is None for row in found)
    if lacking == len(images):
        raise UserError(
            f"--table {path}: has none of the images (looked for {images[0].ocr_key!r}, it starts with "
            f"{next(iter(rows), 'nothing')!r}); say with --ocr-root which folder its paths start from"
        )
    if lacking:
        print_log(
            f"{lacking} of {len(images)} images have no row in {path}; their columns count as missing",
            logger="current",
            level=logging.WARNING,
        )
    return [replace(image, columns=row) for image, row in zip(images, found, strict=True)]


# Below this many images per worker process, starting it takes longer than it saves.
_IMAGES_PER_WORKER = 8


class InputTexts:
    """OCR records of a list of images, each looked up on access.

    Args:
        images: The images.
        find: Returns the record of the image with an index, or None where it has not been read yet.
    """

    def __init__(self, images: Sequence[InputImage], find: Callable[[int], OCRRecord | None]) -> None:
        self._images = images
        self._find = find
        self._read_now: dict[str, OCRRecord] = {}

    @classmethod
    def from_table(cls, images: Sequence[InputImage], table: OCRTable | None) -> "InputTexts":
        """Take the texts from an OCR table; without a table none has been read."""
        if table is None:
            return cls(images, _nothing)
        # Parquet cannot hold a name of another encoding, so such an image is not in the table.
        keys = [nfc(image.ocr_key.encode(errors="replace").decode()) for image in images]
        line = warning_of_changes(table, keys, [image.path for image in images], "the input")
        if line is not None:
            print_log(line, logger="current", level=logging.WARNING)
        return cls(images, partial(_from_rows, table, table.rows_of(keys)))

    @classmethod
    def from_dataset(cls, images: Sequence[InputImage], dataset: BaseDataset) -> "InputTexts":
        """Take the texts from a dataset: the rows of its OCR table, or its column of texts."""
        find = partial(_from_dataset, dataset, True)
        has_table = getattr(dataset, "ocr_file", None) is not None
        own_texts = not has_table and any(record.texts for index in range(len(images)) if (record := find(index)))
        return cls(images, partial(_from_dataset, dataset, own_texts))

    def __getitem__(self, index: int) -> OCRRecord:
        image = self._images[index]
        return self._read_now.get(image.path) or self._find(index) or OCRRecord.empty(image.ocr_key)

    def missing(self) -> list[str]:
        """Return the paths of the images that have not been read yet, each once."""
        paths = [image.path for index, image in enumerate(self._images) if self._find(index) is None]
        return [path for path in dict.fromkeys(paths) if path not in self._read_now]

    def unread(self) -> list[int]:
        """Return the indices of the images that have not been read yet."""
        missing = set(self.missing())
        return [
            index for index, image in enumerate(self._images) if image.path in missing and self._find(index) is None
        ]

    def read_missing(
        self, reader: "TextReader", workers: int, progress: bool, rows: Iterable[int] | None = None
    ) -> int:
        """Read the text of the images of :meth:`missing`, or of those with these indices, and return their number."""
        paths = self.missing()
        if rows is not None:
            wanted = {self._images[row].path for row in rows}
            paths = [path for path in paths if path in wanted]
        records = reader.read(paths, workers)
        for record in tqdm(records, total=len(paths), desc="OCR", unit=" images", disable=not progress or not paths):
            self._read_now[record.image] = record
        return len(paths)


class TextReader:
    """Reader of text, whose engine starts when the first image is read.

    Args:
        engine: Config of the engine, ``dict(type='RapidOCREngine', ...)``.
        imports: Modules that register engines from outside kdxf.
    """

    def __init__(self, engine: Mapping[str, Any], imports: Sequence[str] = ()) -> None:
        self._config = dict(engine)
        self._imports = tuple(imports)
        self._engine: Any = None

    def read(self, paths: Sequence[str], workers: int) -> Iterator[OCRRecord]:
        """Yield a record for each path, with the path as its ``image``, in any order.

        Args:
            paths: Image files.
            workers: Number of processes, fewer for a few images; below 2 this process reads.
        """
        workers = min(workers, len(paths) // _IMAGES_PER_WORKER)
        if workers > 1:
            with OCRWorkers(partial(build_engine, self._config, self._imports), Path(os.curdir), workers) as group:
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
    """Return a record of a dataset; of its OCR table only rows that exist, which name their engine."""
    record = dataset.get_data_info(index).get("ocr")
    return record if record is not None and (own_texts or record.engine) else None

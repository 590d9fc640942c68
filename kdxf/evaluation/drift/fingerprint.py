"""The fingerprint of data that a model was validated on, in a file beside its checkpoint."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kdxf.evaluation.drift.statistics import STATISTICS, picture_statistics, score_statistics, text_statistics
from kdxf.io.checkpoint_notes import note_file, read_note, write_note
from kdxf_runtime.io.images import ImageReadError
from kdxf_runtime.ocr.image_source import ImageSource
from kdxf_runtime.ocr.record import OCRRecord

_KIND = "fingerprint"
MOST = 300
"""So many images are measured at most: a difference that matters shows, and it takes seconds."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What the images of a dataset are like.

    Attributes:
        images: How many were measured.
        engines: How many of them each OCR engine has read, by its name with version and settings.
        values: Of each statistic (:data:`~kdxf.evaluation.drift.statistics.STATISTICS`) that was measured its numbers,
            float64, sorted; images that have none are left out.
    """

    images: int
    engines: Mapping[str, int]
    values: Mapping[str, np.ndarray]


def sample(count: int) -> np.ndarray:
    """Return which of ``count`` images to measure: at most :data:`MOST`, evenly spread; int64, sorted."""
    picked = min(count, MOST)
    return np.arange(picked) * count // max(picked, 1)


def take_fingerprint(rows: Iterable[tuple[str, OCRRecord | None, np.ndarray | None]]) -> Fingerprint:
    """Measure images; one that cannot be read does not count.

    Args:
        rows: Of each image its path as the pipeline opens it, its text, and its scores (K,); text and scores are None
            where the model takes none, or they are not to be compared.
    """
    source, engines = ImageSource(Path()), Counter[str]()
    values: dict[str, list[float]] = {name: [] for name in STATISTICS}
    images = 0
    for path, record, scores in rows:
        try:
            found = picture_statistics(source.read_bytes(path))
        except ImageReadError:
            continue
        images += 1
        if record is not None:
            found |= text_statistics(record)
            engines.update([record.engine] if record.engine else [])
        if scores is not None:
            found |= score_statistics(scores)
        for name, value in found.items():
            values[name].append(value)
    # Rounded, so that arithmetic on another machine does not tell equal numbers apart.
    arrays = {name: np.round(np.array(numbers, np.float64), 4) for name, numbers in values.items()}
    return Fingerprint(
        images,
        dict(engines),
        {name: np.sort(kept) for name, array in arrays.items() if len(kept := array[np.isfinite(array)])},
    )


def fingerprint_file(checkpoint: str | Path) -> Path:
    """Return the file beside a checkpoint that holds its fingerprint."""
    return note_file(checkpoint, _KIND)


def write_fingerprint(fingerprint: Fingerprint, checkpoint: str | Path) -> Path:
    """Write a fingerprint beside its checkpoint, with the checkpoint's digest."""
    return write_note(
        checkpoint,
        _KIND,
        {
            "images": fingerprint.images,
            "engines": dict(fingerprint.engines),
            "values": {name: numbers.tolist() for name, numbers in fingerprint.values.items()},
        },
    )


def read_fingerprint(checkpoint: str | Path) -> Fingerprint | None:
    """Read the fingerprint of a checkpoint; None where it has none.

    Raises:
        UserError: The file is no fingerprint, or that of another checkpoint.
    """
    return read_note(checkpoint, _KIND, _parsed)


def _parsed(content: Mapping[str, Any]) -> Fingerprint:
    engines = {str(name): int(count) for name, count in content["engines"].items()}
    values = {name: np.asarray(numbers, np.float64) for name, numbers in content["values"].items()}
    if any(numbers.ndim != 1 or not np.isfinite(numbers).all() for numbers in values.values()):
        raise ValueError("a value is no number")
    return Fingerprint(int(content["images"]), engines, {name: np.sort(value) for name, value in values.items()})

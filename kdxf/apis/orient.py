"""Angles filled into an OCR table by a model of orientation, for pictures whose text does not tell them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kdxf.data.pictures.turned_table import check_new_table
from kdxf.errors import UserError
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.text.ocr.table import OCRTable
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf_runtime.ocr.quarter_turns import ROTATIONS
from kdxf_runtime.ocr.record import SURE_ANGLE, OCRRecord


@dataclass(frozen=True)
class Filled:
    """The outcome of :func:`fill_angles`.

    Attributes:
        by_text: Pictures whose text is sure of the angle; they stay as they are.
        by_model: Pictures of which the model is sure.
        unknown: Pictures of which neither is, which count as upright.
    """

    by_text: int
    by_model: int
    unknown: int

    def __str__(self) -> str:
        return f"angle by the text: {self.by_text}, by the model: {self.by_model}, not sure: {self.unknown}"


def fill_angles(
    inferencer: KDXFInferencer,
    table: OCRTable,
    root: Path,
    out: Path,
    min_score: float,
    *,
    batch_size: int = 32,
    workers: int = 0,
    overwrite: bool = False,
) -> Filled:
    """Write a table again, with the angles that a model gives where the text gives none.

    Args:
        inferencer: The model, whose classes are ``0``, ``90``, ``180`` and ``270``: the degrees by which a picture has
            to be turned clockwise (``tools/data/turn.py``).
        table: The table.
        root: The folder that its paths are relative to.
        out: The new table.
        min_score: The score, 0 to 1, from which on the model is believed.
        batch_size: Images in a batch.
        workers: Processes that load images.
        overwrite: Whether ``out`` may replace another table.

    Raises:
        UserError: The model has other classes, ``min_score`` is out of range, or ``out`` may not be written.
    """
    if set(inferencer.classes) != set(map(str, ROTATIONS)):
        raise UserError(
            f"the model tells {', '.join(inferencer.classes[:5])} apart, not {', '.join(map(str, ROTATIONS))} degrees; "
            "give a model of orientation, such as configs/grocery/image_lite2_orientation.py"
        )
    if not SURE_ANGLE <= min_score <= 1:
        raise UserError(f"--min-score {min_score}: give a number from {SURE_ANGLE} to 1")
    check_new_table(table, out, overwrite)
    scores = table.column("angle_score").fill_null(0).to_numpy()
    last = table.rows_of(table.images) == np.arange(len(table))  # of several rows of a picture the last counts
    unsure = (scores < SURE_ANGLE) & (table.column("width").fill_null(0).to_numpy() > 0)
    asked = np.flatnonzero(last & unsure).tolist()
    paths = [str(root / table.record(row).image) for row in asked]
    predictions = inferencer(paths, batch_size=batch_size, workers=workers, progress=True) if paths else []
    answers = {
        row: (int(str(answer.category_name)), answer.score)
        for row, answer in zip(asked, predictions, strict=True)
        if answer.error is None
    }
    by_model = 0
    with OCRTableWriter(out, " ".join(table.engines), overwrite=overwrite) as writer:
        for row in np.flatnonzero(last).tolist():
            record = table.record(row)
            angle, score = answers.get(row, (0, 0.0))
            by_model += score >= min_score
            sure = score >= min_score
            writer.add(replace(record, angle=angle, angle_score=score) if sure else _tried(record))
    by_text = int((last & (scores >= SURE_ANGLE)).sum())
    return Filled(by_text, by_model, int(last.sum()) - by_text - by_model)


def _tried(record: OCRRecord) -> OCRRecord:
    """Return a record that says so where nothing is known: it counts as upright."""
    return record if record.angle is not None else replace(record, angle=0, angle_score=0.0)

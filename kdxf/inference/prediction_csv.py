"""Predictions, and the CSV that holds one row for each."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from kdxf.errors import UserError
from kdxf.inference.model import Categories
from kdxf.io.files import NOT_UTF8, replacing


@dataclass(frozen=True)
class Prediction:
    """The prediction of one image; K is the number of classes.

    Attributes:
        image_id: What the input is called.
        category_id: The id of the best class, see :class:`~kdxf.inference.model.Categories`.
        category_name: Its name; None if nobody named the classes.
        score: Its score, from 0 to 1.
        scores: float32 (K,), in class order.
        error: Why the image could not be read, in one line; None when it was.
        labels: The indices of the classes that a multi-label model gives, maybe none; None for other models.
    """

    image_id: str
    category_id: int
    category_name: str | None
    score: float
    scores: np.ndarray
    error: str | None
    labels: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Columns:
    """What the CSV says about each image.

    ============  =========================================================================================
    always        ``image_id``, ``category_id`` first, ``error`` last
    with_name     ``category_name``
    with_score    ``score``
    topk=2        ``top2_id`` and, as for the best class, ``top2_name``, ``top2_score``
    per_class     in place of all but ``image_id`` and ``error``: one column per class, with its score
    ============  =========================================================================================

    Of a multi-label model ``category_id``, ``category_name`` and ``score`` are those of the classes that it gives,
    joined by ``|``, and empty where it gives none.

    Attributes:
        topk: How many classes are named, best first.
        with_name: Whether their names are written.
        with_score: Whether their scores are written.
        per_class: Whether there is a column for each class instead.
    """

    topk: int = 1
    with_name: bool = False
    with_score: bool = False
    per_class: bool = False

    def check(self, categories: Categories) -> None:
        """Refuses what these categories cannot give.

        Raises:
            UserError: There are fewer than ``topk`` classes, or they have no names.
        """
        if not 1 <= self.topk <= len(categories):
            raise UserError(f"--topk {self.topk}: the model has {len(categories)} classes; give 1 to {len(categories)}")
        if categories.names is None and (self.with_name or self.per_class):
            option = "--per-class" if self.per_class else "--with-name"
            raise UserError(f"{option}: neither checkpoint nor config names the classes; name them with --class-names")


class PredictionWriter:
    """Writes predictions as CSV rows.

    Args:
        file: Where to.
        categories: Ids and names of the classes.
        columns: What to write.
    """

    def __init__(self, file: TextIO, categories: Categories, columns: Columns) -> None:
        self._categories = categories
        self._columns = columns
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(["image_id", *self._header(), "error"])

    def add(self, prediction: Prediction) -> None:
        """Writes a row."""
        self._writer.writerow([prediction.image_id, *self._values(prediction), prediction.error or ""])

    def _header(self) -> list[str]:
        if self._columns.per_class:
            return list(self._categories.names or ())
        header = self._fields("category_id", "category_name", "score")
        for rank in range(2, self._columns.topk + 1):
            header += self._fields(f"top{rank}_id", f"top{rank}_name", f"top{rank}_score")
        return header

    def _values(self, prediction: Prediction) -> list[str]:
        scores = prediction.scores
        if self._columns.per_class:
            return [f"{score:.6f}" for score in scores]
        ranks = [[index] for index in np.argsort(-scores, kind="stable")[: self._columns.topk]]
        if prediction.labels is not None:
            ranks[0] = list(prediction.labels)
        values = []
        for indices in ranks:
            values += self._fields(
                "|".join(str(self._categories.ids[index]) for index in indices),
                "|".join(self._categories.name(index) or "" for index in indices),
                "|".join(f"{scores[index]:.6f}" for index in indices),
            )
        return values

    def _fields(self, category: str, name: str, score: str) -> list[str]:
        return [category, *([name] if self._columns.with_name else []), *([score] if self._columns.with_score else [])]


@contextmanager
def open_replacing(path: str | Path, option: str) -> Iterator[TextIO]:
    """Opens a UTF-8 text file that takes the place of ``path`` when the block ends without an exception.

    Args:
        path: The file to make; its folder is made as well.
        option: The command-line option that named it.

    Raises:
        UserError: The file cannot be written; this is known before the block begins.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{option} {path}: is a folder; name a file in it")
    with ExitStack() as stack:
        try:
            temporary = stack.enter_context(replacing(path))
            file = stack.enter_context(temporary.open("w", encoding="utf-8", errors=NOT_UTF8, newline=""))
        except OSError as error:
            reason = f"cannot be written there ({error.strerror}); choose another place"
            raise UserError(f"{option} {path}: {reason}") from error
        yield file

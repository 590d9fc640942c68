"""Reads files of predictions one after the other, and joins what they know of the images."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kdxf.errors import UserError
from kdxf.predictions import Predictions, check_alike, in_order, read_predictions


def read_alike(files: Iterable[Path]) -> Iterator[tuple[Path, Predictions]]:
    """Reads files one by one, their images in the order of the first; only one has its scores in memory.

    Raises:
        UserError: A file cannot be read, holds no image, or has other images or classes than the first.
    """
    first: tuple[str, Predictions] | None = None
    for file in files:
        predictions = read_predictions(file)
        if not len(predictions):
            raise UserError(f"{file}: holds no image; predict a list with images")
        if first is None:
            first = (str(file), replace(predictions, scores=predictions.scores[:0]))
        else:
            check_alike([first, (str(file), predictions)])
            if predictions.images != first[1].images:
                predictions = in_order(predictions, first[1].images)
        yield file, predictions


class Facts:
    """What several files say of the same images, but for the scores.

    Attributes:
        images, classes, labels, errors: As in :class:`~kdxf.predictions.Predictions`; a label that any file knows.
        seen: Whether a model was trained on the image, as far as files say so. None where no file knows an image that
            its model has seen, and one of them knows nothing.
        fold: Which fold's model made a row, where all files agree; else None.
        multi_label: Whether an image may have several labels.
        silent: The files that do not say which images their model has seen.
    """

    def __init__(self) -> None:
        self.images: list[str] = []
        self.classes: tuple[str, ...] = ()
        self.labels: np.ndarray | None = None
        self.errors: dict[int, str] = {}
        self.fold: np.ndarray | None = None
        self.multi_label = False
        self.silent: list[Path] = []
        self._seen = np.zeros(0, bool)
        self._teller: Path | None = None

    def add(self, file: Path, predictions: Predictions) -> None:
        """Adds what one file says.

        Raises:
            UserError: It gives an image another label than a file before it.
        """
        if not self.images:
            self.images, self.classes = predictions.images, predictions.classes
            self.multi_label, self.fold = predictions.multi_label, predictions.fold
            self._seen = np.zeros(len(self.images), bool)
        if self.fold is not None and (predictions.fold is None or (predictions.fold != self.fold).any()):
            self.fold = None
        self.errors = {**predictions.errors, **self.errors}
        if predictions.seen is None:
            self.silent.append(file)
        else:
            self._seen = self._seen | predictions.seen
        if predictions.labels is not None:
            self._add_labels(file, predictions.labels)

    @property
    def seen(self) -> np.ndarray | None:
        """See the class."""
        return None if self.silent and not self._seen.any() else self._seen

    def _add_labels(self, file: Path, labels: np.ndarray) -> None:
        if self.labels is None:
            self.labels, self._teller = labels, file
            return
        if labels.ndim == 1:
            differ = (labels != self.labels) & (labels >= 0) & (self.labels >= 0)
        else:
            differ = (labels != self.labels).any(axis=1)
        if differ.any():
            raise UserError(
                f"{file} and {self._teller} give {self.images[differ.argmax()]} different labels; predict the same "
                "list with both models"
            )
        self.labels = np.maximum(self.labels, labels)


def checkpoints(source: Mapping[str, Any]) -> set[str]:
    """Finds the digests of all checkpoints that predictions come from, through any number of files between."""
    found: set[str] = set()
    for key, value in source.items():
        if key == "checkpoint_digest":
            found.add(value)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                found |= checkpoints(part)
    return found

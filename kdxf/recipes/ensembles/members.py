"""The members of an ensemble: single models or groups, and what their files say about the images."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions, check_alike, in_order, read_predictions


@dataclass(frozen=True)
class Unit:
    """A model, or a group of models whose mean counts as one model.

    Attributes:
        name: The group's name; for a single model, the name of its file without suffix.
        files: Files of predictions (:mod:`kdxf.io.predictions`), one for each model.
    """

    name: str
    files: tuple[Path, ...]


def make_units(files: Sequence[Path], groups: Iterable[tuple[str, Sequence[Path]]] = ()) -> list[Unit]:
    """Make the units to weigh: groups first, then each single file.

    Files of the same name, such as ``fold_0/val.parquet`` and ``fold_1/val.parquet``, are distinguished by their
    folders.

    Raises:
        UserError: There are no files, a group is empty or has a file as its name, or a file or a name occurs twice.
    """
    units = [Unit(name, tuple(members)) for name, members in groups]
    for unit in units:
        if not unit.files:
            raise UserError(f"--group {unit.name}: names no file; give NAME FILE ...")
        if unit.name.endswith(".parquet"):
            raise UserError(f"--group {unit.name}: is a file in the place of the group's name; give NAME FILE ...")
    units += [Unit(name, (file,)) for name, file in zip(model_names(files), files, strict=True)]
    everything = [file.resolve() for unit in units for file in unit.files]
    if not everything:
        raise UserError("there is nothing to average; give files of predictions, or --group NAME FILE ...")
    for file, count in Counter(everything).items():
        if count > 1:
            raise UserError(f"{file}: is given {count} times; a model counts more with a larger weight")
    for name, count in Counter(unit.name for unit in units).items():
        if count > 1:
            raise UserError(f"{count} of the models and groups are called {name!r}; give the groups other names")
    return units


def model_names(files: Sequence[Path]) -> list[str]:
    """Name files by the shortest end of their paths, without suffix, that distinguishes them all."""
    parts = [file.absolute().with_suffix("").parts for file in files]
    depth = max(map(len, parts), default=1)
    names = (["/".join(path[-length:]) for path in parts] for length in range(1, depth + 1))
    return next((distinct for distinct in names if len(set(distinct)) == len(distinct)), [str(file) for file in files])


def parse_weights(pairs: Sequence[str], units: Sequence[Unit]) -> list[float]:
    """Parse ``NAME=WEIGHT`` for every unit.

    Args:
        pairs: The pairs, as on the command line.
        units: The units to weigh.

    Returns:
        One weight per unit; their sum is 1.

    Raises:
        UserError: An argument is not a pair, a name is unknown, repeated or missing, or a weight is not a number >= 0.
    """
    weights: dict[str, float] = {}
    for pair in pairs:
        name, _, text = pair.rpartition("=")
        try:
            weight = float(text)
        except ValueError:
            weight = math.nan
        if not name or not 0 <= weight < math.inf:
            raise UserError(f"--weights {pair}: expected NAME=WEIGHT with a number from 0, such as image=0.6")
        if name in weights:
            raise UserError(f"--weights: {name} has two weights; give one")
        weights[name] = weight
    return normalized(weights, units)


def normalized(weights: Mapping[str, float], units: Sequence[Unit]) -> list[float]:
    """Return the weights in the order of the units, divided by their sum.

    Raises:
        UserError: A name belongs to no unit, a unit has no weight, or all weights are 0.
    """
    names = [unit.name for unit in units]
    if unknown := [name for name in weights if name not in names]:
        raise UserError(f"--weights: there is no {unknown[0]!r}; the models and groups are {', '.join(names)}")
    if missing := [name for name in names if name not in weights]:
        raise UserError(f"--weights: no weight for {', '.join(missing)}; give one to each")
    total = sum(weights.values())
    if not total:
        raise UserError("--weights: all are 0; give one that is not")
    return [weights[name] / total for name in names]


def read_alike(files: Iterable[Path], best: bool = False) -> Iterator[tuple[Path, Predictions]]:
    """Read files one by one, with their images in the order of the first; only one has its scores in memory.

    Args:
        files: The files.
        best: Whether files of the best scores suffice.

    Raises:
        UserError: A file cannot be read, holds no image, or has other images or classes than the first.
    """
    first: tuple[str, Predictions] | None = None
    for file in files:
        predictions = read_predictions(file, best=best)
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
    """What several files say about the same images, except for the scores.

    Attributes:
        images, classes, labels, errors: As in :class:`~kdxf.io.predictions.Predictions`; a label that any file knows.
        seen: Whether a model was trained on the image, as far as the files tell. None if no file reports a seen image
            and one of them does not tell.
        fold: The fold whose model made a row, if all files agree; else None.
        multi_label: Whether an image may have several labels.
        files_without_seen: The files that do not say which images their model has seen.
    """

    def __init__(self) -> None:
        self.images: list[str] = []
        self.classes: tuple[str, ...] = ()
        self.labels: np.ndarray | None = None
        self.errors: dict[int, str] = {}
        self.fold: np.ndarray | None = None
        self.multi_label = False
        self.files_without_seen: list[Path] = []
        self._seen = np.zeros(0, bool)
        self._labels_file: Path | None = None

    def add(self, file: Path, predictions: Predictions) -> None:
        """Add the facts of one file.

        Raises:
            UserError: Its label of an image differs from that of an earlier file.
        """
        if not self.images:
            self.images, self.classes = predictions.images, predictions.classes
            self.multi_label, self.fold = predictions.multi_label, predictions.fold
            self._seen = np.zeros(len(self.images), bool)
        if self.fold is not None and (predictions.fold is None or (predictions.fold != self.fold).any()):
            self.fold = None
        self.errors = {**predictions.errors, **self.errors}
        if predictions.seen is None:
            self.files_without_seen.append(file)
        else:
            self._seen = self._seen | predictions.seen
        if predictions.labels is not None:
            self._add_labels(file, predictions.labels)

    @property
    def seen(self) -> np.ndarray | None:
        """Return whether a model was trained on each image, bool (n,); None if unknown, see the class."""
        return None if self.files_without_seen and not self._seen.any() else self._seen

    def _add_labels(self, file: Path, labels: np.ndarray) -> None:
        if self.labels is None:
            self.labels, self._labels_file = labels, file
            return
        if labels.ndim == 1:
            differ = (labels != self.labels) & (labels >= 0) & (self.labels >= 0)
        else:
            differ = (labels != self.labels).any(axis=1)
        if differ.any():
            raise UserError(
                f"{file} and {self._labels_file} give {self.images[differ.argmax()]} different labels; predict the "
                "same list with both models"
            )
        self.labels = np.maximum(self.labels, labels)

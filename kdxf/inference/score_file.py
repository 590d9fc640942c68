"""The scores of all classes, kept while images are predicted and then written. n images, K classes."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from kdxf.datasets.image_keys import are_among, image_keys
from kdxf.errors import UserError
from kdxf.io.predictions import Predictions, label_array, multi_hot, write_predictions
from kdxf.io.provenance import Provenance
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.predictions import Prediction


def dataset_labels(dataset: Any, classes: Sequence[str]) -> np.ndarray | None:
    """Read the true classes of a dataset's images, as indices of the model's classes.

    Classes are the same if they have the same name; or by index, where nobody named one of both.

    Args:
        dataset: Any dataset whose samples may have ``gt_label``.
        classes: The K names of the model's classes; ``'0'``, ``'1'``, ... where nobody named them.

    Returns:
        As in :class:`kdxf.io.predictions.Predictions`; None where no image has a label and, with a warning, where
        an image belongs to a class that the model does not have.
    """
    meta = getattr(dataset, "metainfo", None) or {}
    given = [_indices(dataset.get_data_info(index).get("gt_label")) for index in range(len(dataset))]
    numbers = list(map(str, range(len(classes))))
    names = list(map(str, meta.get("classes") or classes))
    if list(classes) == numbers and not set(names) <= set(numbers):
        names = numbers
    place = {name: index for index, name in enumerate(classes)}
    known = {index: place[name] for index, name in enumerate(names) if name in place}
    if unknown := {index for row in given for index in row or ()} - known.keys():
        first = min(unknown)
        print_log(
            f"the test dataset has images of the class {names[first] if first < len(names) else first!r}, which the "
            "model does not have, so the predictions are written without labels",
            logger="current",
            level=logging.WARNING,
        )
        return None
    rows = [None if row is None else [known[index] for index in row] for row in given]
    several = meta.get("multi_label", False) or any(row is not None and len(row) != 1 for row in rows)
    return label_array(rows, len(classes), multi_label=several)


def _indices(label: Any) -> list[int] | None:
    return None if label is None else np.atleast_1d(np.asarray(label, np.int64)).tolist()


class Probabilities:
    """A collector of predictions, in their order, that writes them as a file.

    Args:
        path: The file to make.
        images: The n images that will be predicted.
        classes: The K class names that the model was trained with.
        labels: The true classes, as in :class:`kdxf.io.predictions.Predictions`; None where no label is known.

    Raises:
        UserError: The file cannot be of this name, or an image is given twice.
    """

    def __init__(
        self,
        path: str | Path,
        images: Sequence[InputImage],
        classes: Sequence[str],
        labels: np.ndarray | None = None,
    ) -> None:
        self.path = Path(path)
        if self.path.is_dir() or self.path.suffix != ".parquet":
            raise UserError(f"--save-probs {path}: name a file that ends with .parquet")
        image, count = Counter(image.image_id for image in images).most_common(1)[0]
        if count > 1:
            raise UserError(f"--save-probs {path}: {image} is given {count} times; give each image once")
        self._images = images
        self._classes = tuple(classes)
        self._scores = np.empty((len(images), len(classes)), np.float32)
        self._labels = labels
        self._given: list[tuple[int, ...] | None] = []
        self._errors: dict[int, str] = {}

    def add(self, prediction: Prediction) -> None:
        """Keep the prediction of the next image."""
        row = len(self._given)
        self._scores[row] = prediction.scores
        self._given.append(prediction.labels)
        if prediction.error is not None:
            self._errors[row] = prediction.error

    def write(self, trained_on: np.ndarray | None, source: Provenance) -> None:
        """Write the file.

        Args:
            trained_on: Keys of the images that the model was trained on (:mod:`kdxf.datasets.image_keys`), if its
                checkpoint says.
            source: Where the predictions come from.
        """
        paths = [image.path for image in self._images]
        several = any(given is not None for given in self._given)
        several = several or (self._labels is not None and self._labels.ndim == 2)
        predictions = Predictions(
            images=[image.image_id for image in self._images],
            scores=self._scores,
            classes=self._classes,
            labels=self._true(several),
            predicted=self._predicted() if several else None,
            seen=None if trained_on is None else are_among(image_keys(paths), trained_on),
            errors=self._errors,
            source=source,
        )
        write_predictions(predictions, self.path)

    def _true(self, several: bool) -> np.ndarray | None:
        if self._labels is None or self._labels.ndim == 2 or not several:
            return self._labels
        return multi_hot([None if label < 0 else [label] for label in self._labels.tolist()], len(self._classes))

    def _predicted(self) -> np.ndarray:
        best = self._scores.argmax(axis=1).tolist()
        rows = [[index] if given is None else given for given, index in zip(self._given, best, strict=True)]
        return multi_hot(rows, len(self._classes))

"""Keeps the scores of all classes while images are predicted, for a file of predictions. n images, K classes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kdxf.apis.input_images import InputImage
from kdxf.apis.prediction_csv import Prediction
from kdxf.datasets.image_keys import are_among, image_keys
from kdxf.errors import UserError
from kdxf.predictions import Predictions, multi_hot, write_predictions


class Probabilities:
    """Collects predictions in their order.

    Args:
        path: The file to make.
        images: The n images that will be predicted.
        classes: The K class names that the model was trained with.

    Raises:
        UserError: The file cannot be of this name, or an image is there twice.
    """

    def __init__(self, path: str | Path, images: Sequence[InputImage], classes: Sequence[str]) -> None:
        self.path = Path(path)
        if self.path.is_dir() or self.path.suffix != ".parquet":
            raise UserError(f"--save-probs {path}: name a file that ends with .parquet")
        image, count = Counter(image.image_id for image in images).most_common(1)[0]
        if count > 1:
            raise UserError(f"--save-probs {path}: {image} is given {count} times; give each image once")
        self._images = images
        self._classes = tuple(classes)
        self._scores = np.empty((len(images), len(classes)), np.float32)
        self._labels: list[tuple[int, ...] | None] = []
        self._errors: dict[int, str] = {}

    def add(self, prediction: Prediction) -> None:
        """Keeps the prediction of the next image."""
        row = len(self._labels)
        self._scores[row] = prediction.scores
        self._labels.append(prediction.labels)
        if prediction.error is not None:
            self._errors[row] = prediction.error

    def write(self, trained_on: np.ndarray | None, source: Mapping[str, Any]) -> None:
        """Writes the file.

        Args:
            trained_on: Keys of the images that the model was trained on (:mod:`kdxf.datasets.image_keys`), if its
                checkpoint says.
            source: Where the predictions come from.
        """
        paths = [image.path for image in self._images]
        predictions = Predictions(
            images=[image.image_id for image in self._images],
            scores=self._scores,
            classes=self._classes,
            predicted=self._predicted(),
            seen=None if trained_on is None else are_among(image_keys(paths), trained_on),
            errors=self._errors,
            source=source,
        )
        write_predictions(predictions, self.path)

    def _predicted(self) -> np.ndarray | None:
        if all(labels is None for labels in self._labels):
            return None
        return multi_hot(self._labels, len(self._classes))

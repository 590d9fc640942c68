"""What the metrics share that rank the images by the score of one class after the other."""

import logging
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from kdxf.evaluation.metrics.true_classes import true_classes

_COLUMNS = 256  # of the score matrix that are laid side by side at a time


class ColumnMetric(BaseMetric):
    """A metric of each class alone, and its mean over the classes for which it is defined.

    Every class is a column: its score of every image, and whether the image belongs to it, be it one class of one or
    one of several. It keeps all scores as float32, 4 K bytes per image: 137 classes and 100,000 images take 55 MB,
    50,030 classes take 20 GB.

    Args:
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Stands before the metric's name.
    """

    needs = ""  # of a class, for the log

    def __init__(self, collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self._said = False

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keeps the scores and the true classes of each sample."""
        for sample in data_samples:
            scores = sample["pred_score"].float().cpu().numpy()
            self.results.append((scores, true_classes(sample, type(self).__name__)))

    @abstractmethod
    def column_score(self, belongs: np.ndarray, scores: np.ndarray) -> float | None:
        """Computes the metric of one class.

        Args:
            belongs: bool (n,), whether each image belongs to the class.
            scores: float32 (n,), the class's scores.

        Returns:
            A fraction, or None where the metric is not defined.
        """

    def mean_score(self, results: list) -> float:
        """Computes the mean over classes, in percent; it is NaN if the metric is defined for none.

        Args:
            results: Of each image the scores (K,) and the true classes.
        """
        values = [self.column_score(*column) for column in _columns(results)]
        defined = [value for value in values if value is not None]
        if len(defined) < len(values) and not self._said:
            self._said = True
            print_log(
                f"{type(self).__name__}: {len(values) - len(defined)} of {len(values)} classes have no {self.needs} "
                "and are left out of the mean",
                logger="current",
                level=logging.WARNING,
            )
        return 100 * float(np.mean(defined)) if defined else float("nan")


def _columns(results: list) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Gives of each class who belongs to it and the scores."""
    images = np.repeat(np.arange(len(results)), [len(classes) for _, classes in results])
    classes = np.concatenate([classes for _, classes in results])
    count = len(results[0][0])
    for start in range(0, count, _COLUMNS):
        block = np.stack([scores[start : start + _COLUMNS] for scores, _ in results], axis=1)
        for column, scores in enumerate(block, start):
            belongs = np.zeros(len(results), bool)
            belongs[images[classes == column]] = True
            yield belongs, scores

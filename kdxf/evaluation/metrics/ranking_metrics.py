"""Metrics that rank the images by the score of each class: mean average precision and mean ROC-AUC."""

import itertools
import logging
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from kdxf.errors import UserError
from kdxf.evaluation.metrics.true_classes import true_classes
from kdxf.registry import METRICS

MOST_BYTES = 4 << 30
"""Of the scores that a metric keeps."""

_COLUMNS = 256  # classes whose scores are copied into one array at a time


@dataclass(frozen=True)
class Best:
    """The best scores of an image.

    Attributes:
        scores: float32 (k,), falling.
        classes: int32 (k,), whose they are.
        count: K, the number of classes.
    """

    scores: np.ndarray
    classes: np.ndarray
    count: int


def check_memory(metric: Any, images: int, classes: int) -> None:
    """Check that a metric need not keep more scores than :data:`MOST_BYTES`.

    Args:
        metric: Any metric; one that is no :class:`ColumnMetric` keeps no scores.
        images: The number of images that it judges.
        classes: K.

    Raises:
        UserError: It must.
    """
    if not isinstance(metric, ColumnMetric):
        return
    kept = 4 * classes if metric.topk is None else 8 * min(metric.topk, classes)
    if images * kept > MOST_BYTES:
        raise UserError(
            f"{type(metric).__name__}: {images} images of {classes} classes take more than {MOST_BYTES >> 30} GiB of "
            "scores; keep only the best of each image with topk=10, or take GlobalAveragePrecision, which needs one "
            "score per image"
        )


class ColumnMetric(BaseMetric):
    """Base class of metrics that are computed per class and averaged over the classes for which they are defined.

    Every class is a column: its score for each image, and whether the image belongs to it, alone or among others. All
    scores of the n images and K classes are kept as float32, 4 K bytes per image: 137 classes and 100,000 images take
    55 MB. 50,030 classes would take 20 GB, which is refused (:func:`check_memory`); ``topk`` is for them.

    Args:
        topk: Keep only so many of the best scores of each image, 8 bytes each; all others count as 0, and so as equal.
            None keeps all, and so does k >= K.
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names.
    """

    needs = ""  # what a class must have, for the log

    def __init__(self, topk: int | None = None, collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if topk is not None and topk < 1:
            raise ValueError(f"topk must be 1 or more, got {topk}")
        self.topk = topk
        self._said = False

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the scores and the true classes of each sample.

        Raises:
            UserError: A sample has no label field, or the scores take too much memory (:func:`check_memory`).
        """
        for sample in data_samples:
            scores, classes = sample["pred_score"].float().cpu(), true_classes(sample, type(self).__name__)
            check_memory(self, len(self.results) + 1, len(scores))
            if self.topk is None or self.topk >= len(scores):
                self.results.append((scores.numpy(), classes))
            else:
                best, places = scores.topk(self.topk)
                self.results.append((Best(best.numpy(), places.int().numpy(), len(scores)), classes))

    @abstractmethod
    def column_score(self, belongs: np.ndarray, scores: np.ndarray) -> float | None:
        """Compute the metric of one class.

        Args:
            belongs: bool (n,), whether each image belongs to the class.
            scores: float32 (n,), each image's score for the class.

        Returns:
            A number from 0 to 1, or None if the metric is not defined for the class.
        """

    def mean_score(self, results: list) -> float:
        """Compute the mean over classes in percent; NaN if the metric is defined for none.

        Args:
            results: Scores (K,), or :class:`Best`, and true classes of each of the n images.
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
    """Yield the arguments (n,) of ``column_score`` for each class."""
    images = np.repeat(np.arange(len(results)), [len(classes) for _, classes in results])
    classes = np.concatenate([classes for _, classes in results])
    order = np.argsort(classes, kind="stable")
    images, classes = images[order], classes[order]
    for column, scores in enumerate(_score_columns([scores for scores, _ in results])):
        belongs = np.zeros(len(results), bool)
        belongs[images[slice(*np.searchsorted(classes, [column, column + 1]))]] = True
        yield belongs, scores


def _score_columns(rows: Sequence[Any]) -> Iterator[np.ndarray]:
    """Yield the scores (n,) of each class, of rows that are all arrays (K,) or all :class:`Best`."""
    if not isinstance(rows[0], Best):
        for start in range(0, len(rows[0]), _COLUMNS):
            yield from np.stack([scores[start : start + _COLUMNS] for scores in rows], axis=1)
        return
    classes = np.concatenate([row.classes for row in rows])
    order = np.argsort(classes, kind="stable")
    images = np.repeat(np.arange(len(rows)), [len(row.classes) for row in rows])[order]
    scores = np.concatenate([row.scores for row in rows])[order]
    bounds = np.searchsorted(classes[order], np.arange(rows[0].count + 1))
    for start, end in itertools.pairwise(bounds):
        column = np.zeros(len(rows), np.float32)
        column[images[start:end]] = scores[start:end]
        yield column


@METRICS.register_module()
class MeanAveragePrecision(ColumnMetric):
    """mAP: for each class, all images are ranked by its score; the mean over classes of the average precision.

    With P_n and R_n the precision and the recall of the images that reach the n-th highest score,
    ``AP = sum_n (R_n - R_{n-1}) P_n`` as scikit-learn defines it: images of equal score enter together, so that the
    order of the files does not matter. VOC's definition takes the envelope of the curve: P_n becomes the highest
    precision at any recall from R_n on (the rule since 2010, over all points:
    http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html), which is never lower.

    For images of one class or of several. Classes without a positive image are left out of the mean (MMPretrain's
    ``AveragePrecision`` counts them as 0, and ranks images of equal score in no particular order).

    Reports ``average-precision/mAP`` in percent. For memory see
    :class:`~kdxf.evaluation.metrics.ranking_metrics.ColumnMetric`.

    Args:
        voc: Use VOC's definition.
        topk: Keep only so many of the best scores of each image; None keeps all. See above for memory.
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names.
    """

    default_prefix = "average-precision"
    needs = "positive image"

    def __init__(
        self, voc: bool = False, topk: int | None = None, collect_device: str = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(topk, collect_device=collect_device, prefix=prefix)
        self.voc = voc

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute mAP in percent."""
        return {"mAP": self.mean_score(results)}

    def column_score(self, belongs: np.ndarray, scores: np.ndarray) -> float | None:
        """Compute the average precision of one class from (n,) and (n,); None if no image belongs to it."""
        from sklearn.metrics import average_precision_score, precision_recall_curve

        if not belongs.any():
            return None
        if not self.voc:
            return float(average_precision_score(belongs, scores))
        # From the lowest threshold to the highest: recall falls from 1 to 0.
        precision, recall, _ = precision_recall_curve(belongs, scores)
        envelope = np.maximum.accumulate(precision[:-1])
        return float(np.sum(-np.diff(recall) * envelope))


@METRICS.register_module()
class MeanROCAUC(ColumnMetric):
    """Mean over classes of the area under the ROC curve, each class against all others.

    The area is the probability that an image of the class has a higher score than one of the others (equal scores count
    half). For images of one class or of several. Classes without a positive or without a negative image are left out.

    Reports ``roc-auc/mean`` in percent: guessing gives 50. For memory see
    :class:`~kdxf.evaluation.metrics.ranking_metrics.ColumnMetric`.

    Args:
        topk: Keep only so many of the best scores of each image; None keeps all. See above for memory.
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names.
    """

    default_prefix = "roc-auc"
    needs = "positive or no negative image"

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the mean area in percent."""
        return {"mean": self.mean_score(results)}

    def column_score(self, belongs: np.ndarray, scores: np.ndarray) -> float | None:
        """Compute the area of one class from (n,) and (n,); None without a positive or without a negative image."""
        from sklearn.metrics import roc_auc_score

        return None if belongs.all() or not belongs.any() else float(roc_auc_score(belongs, scores))

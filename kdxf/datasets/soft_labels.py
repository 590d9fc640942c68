"""Soft labels: another model's predictions, mixed with the ground truth (distillation, pseudo-labels)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from mmengine.logging import print_log

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions, read_predictions
from kdxf.io.provenance import check_no_ranks, check_unseen
from kdxf.io.targets import GROUND_TRUTH_RATIO, mix_ground_truth

# Probabilities of half precision, or averaged and written with three digits, sum to 1 within this.
_SUM_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """Soft labels of the n rows of a dataset; m of them have one, K classes.

    Where only the k best scores of an image are known, the rest of its probability is spread evenly over the other
    classes, so that a target still sums to 1. For 50,030 classes and k = 10 that takes 60 bytes per image, not 100,060.

    Attributes:
        scores: float16 (m, K), probabilities, in one array that loader workers share; (m, k) with ``top``.
        rows: int64 (n,), the place in ``scores`` of each row of the dataset; -1 where it has no soft label.
        ground_truth_ratio: The part of the ground truth in a target.
        top: int32 (m, k), the classes of the scores, where only the k best are known.
        num_classes: K, where only the k best are known.
    """

    scores: np.ndarray
    rows: np.ndarray
    ground_truth_ratio: float
    top: np.ndarray | None = None
    num_classes: int = 0

    def target(self, index: int, labels: int | list[int]) -> np.ndarray:
        """Return ``ratio * truth + (1 - ratio) * soft``, float32 (K,); without a soft label, the truth.

        Args:
            index: The row of the dataset.
            labels: The class index of the row, or those of its classes: the truth is 1 there and 0 elsewhere.
        """
        truth = np.zeros((1, self.scores.shape[1] if self.top is None else self.num_classes), bool)
        truth[0, labels] = True
        row = self.rows[index]
        if row < 0:
            return truth[0].astype(np.float32)
        return mix_ground_truth(self._scores_of(row)[None], truth, self.ground_truth_ratio)[0]

    def _scores_of(self, row: int) -> np.ndarray:
        scores = self.scores[row].astype(np.float32)
        if self.top is None:
            return scores
        others = self.num_classes - len(scores)
        spread = np.full(self.num_classes, max(1 - scores.sum(), 0) / max(others, 1), np.float32)
        spread[self.top[row]] = scores
        return spread

    def take(self, indices: np.ndarray) -> "SoftLabels":
        """Return the soft labels of the rows ``indices``, int64 (m,), of the dataset, with the same scores array."""
        return replace(self, rows=self.rows[indices])

    def favoured(self, multi_label: bool) -> np.ndarray:
        """Return the class that each row's soft label favours, for rows without a label of their own.

        Returns:
            int64 (n,), or with ``multi_label`` bool (n, K): the classes with a score of at least 0.5.
        """
        if self.top is not None:
            return self.top[self.rows, 0].astype(np.int64)
        favoured = self.scores >= 0.5 if multi_label else self.scores.argmax(axis=1)
        return favoured[self.rows]


def read_soft_labels(
    path: str,
    images: Sequence[str],
    classes: Sequence[str],
    ground_truth_ratio: float | None,
    *,
    multi_label: bool,
    labelled: bool,
    source: str,
) -> SoftLabels:
    """Read a file of predictions (:mod:`kdxf.io.predictions`) and find the rows of ``images`` in it.

    Args:
        path: The file.
        images: n images, as the annotation file has them.
        classes: The K class names of the dataset.
        ground_truth_ratio: From 0 to 1; an unlabelled list takes 0. None means 0.7 with a file of predictions, and
            for 0 with a file of finished targets (:meth:`kdxf.io.provenance.Provenance.target_ratio`), which takes
            nothing else.
        multi_label: Whether an image may belong to several classes.
        labelled: Whether the images have labels. A labelled image without a soft label is trained on its label alone;
            how many there are is logged.
        source: The annotation file, for messages.

    Raises:
        UserError: The ratio is out of range or would mix the truth in twice, classes differ, scores are not
            probabilities, images are missing, or the model was trained on one of them.
    """
    if ground_truth_ratio is not None and not 0 <= ground_truth_ratio <= 1:
        raise UserError(f"OCRTextDataset: ground_truth_ratio is {ground_truth_ratio}; give a part from 0 to 1")
    predictions = read_predictions(path, best=not multi_label)
    ratio = _ratio(ground_truth_ratio, predictions, path)
    if not labelled and ratio:
        raise UserError(
            f"{source}: has no labels to mix with {path}; set ground_truth_ratio=0 to train on the soft labels alone"
        )
    check_no_ranks(predictions.source, path)
    _check(predictions, path, classes, multi_label)
    rows = pd.Index(predictions.images).get_indexer(pd.Index(images))
    _report_missing(rows < 0, predictions, images, path, labelled, source)
    check_unseen(predictions, path, np.isin(np.arange(len(predictions)), rows))
    scores = predictions.scores.astype(np.float16)
    return SoftLabels(scores, rows.astype(np.int64), ratio, predictions.top, len(predictions.classes))


def _ratio(given: float | None, predictions: Predictions, path: str) -> float:
    mixed = predictions.source.target_ratio()
    if mixed is None:
        return GROUND_TRUTH_RATIO if given is None else given
    if given:
        raise UserError(
            f"{path}: holds finished targets, made with a ground truth ratio of {mixed:g}; "
            f"ground_truth_ratio={given:g} would mix the truth in again, so leave it out"
        )
    return 0.0


def _check(predictions: Predictions, path: str, classes: Sequence[str], multi_label: bool) -> None:
    if len(predictions.classes) != len(classes):
        raise UserError(f"{path}: has {len(predictions.classes)} classes, the dataset {len(classes)}; they must agree")
    for index, (theirs, ours) in enumerate(zip(predictions.classes, classes, strict=True)):
        if theirs != ours:
            raise UserError(f"{path}: its class {index} is {theirs!r}, the dataset's is {ours!r}; they must agree")
    if predictions.multi_label != multi_label:
        kinds = ("one class per image", "any number of classes per image (multi_label=True)")
        raise UserError(f"{path}: predicts {kinds[not multi_label]}, the dataset has {kinds[multi_label]}")
    scores = predictions.scores
    wrong = ~((scores >= 0) & (scores <= 1)).all(axis=1)
    if not multi_label:
        excess = scores.sum(axis=1) - 1
        wrong |= (excess if predictions.top is not None else abs(excess)) > _SUM_TOLERANCE
    if wrong.any():
        expected = "lie between 0 and 1" if multi_label else "lie between 0 and 1 and sum to 1"
        raise UserError(
            f"{path}: the scores of {predictions.images[wrong.argmax()]} are no probabilities (they must {expected}); "
            "write it with tools/test.py --out NAME.parquet"
        )


def _report_missing(
    missing: np.ndarray, predictions: Predictions, images: Sequence[str], path: str, labelled: bool, source: str
) -> None:
    if not missing.any():
        return
    first = images[int(missing.argmax())]
    if not len(predictions):
        raise UserError(f"{path}: has no rows; predict the images of {source}, with the same data_prefix")
    if missing.all():
        raise UserError(
            f"{path}: has none of the {len(images)} images of {source} (first: {first!r} there, "
            f"{predictions.images[0]!r} here); predict that list, with the same data_prefix"
        )
    if not labelled:
        raise UserError(
            f"{source}: {missing.sum()} of {len(images)} images have neither a label nor a soft label in {path} "
            f"(first: {first}); predict them as well, or remove them from the list"
        )
    print_log(
        f"{missing.sum()} of {len(images)} images of {source} have no soft label in {path} (first: {first}); they are "
        "trained on the ground truth alone",
        logger="current",
        level=logging.WARNING,
    )

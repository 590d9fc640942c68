"""How many samples of each class a training run sees in an epoch."""

from typing import Any

import numpy as np
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset

from kdxf.errors import UserError


def class_counts(dataset: Any, num_classes: int) -> np.ndarray:
    """Counts the labels of a dataset, as often as its wrappers repeat them.

    Args:
        dataset: A dataset with ``get_gt_labels``, or ``ClassBalancedDataset``, ``ConcatDataset`` and ``RepeatDataset``
            around some.
        num_classes: K.

    Returns:
        int64 (K,). In multi-label data a sample counts for each of its classes.

    Raises:
        UserError: The labels cannot be told, or there are more classes than K.
    """
    labels = _labels(dataset)
    counts = labels.sum(axis=0, dtype=np.int64) if labels.ndim == 2 else np.bincount(labels, minlength=num_classes)
    if len(counts) > num_classes:
        raise UserError(
            f"the training data have labels up to {len(counts) - 1}, but the head has num_classes={num_classes}"
        )
    return counts


def _labels(dataset: Any) -> np.ndarray:
    if isinstance(dataset, ClassBalancedDataset):
        return _labels(dataset.dataset)[np.asarray(dataset.repeat_indices, dtype=np.int64)]
    if isinstance(dataset, RepeatDataset):
        return np.concatenate([_labels(dataset.dataset)] * dataset.times)
    if isinstance(dataset, ConcatDataset):
        return np.concatenate([_labels(part) for part in dataset.datasets])
    if not hasattr(dataset, "get_gt_labels"):
        raise UserError(
            f"the labels of {type(dataset).__name__} cannot be counted, it has no get_gt_labels: "
            "give the weights of the classes in the loss's config"
        )
    return np.asarray(dataset.get_gt_labels())

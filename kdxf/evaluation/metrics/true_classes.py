"""True classes of a sample in the form that metrics get."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kdxf.errors import UserError


def true_classes(sample: Mapping[str, Any], metric: str) -> np.ndarray:
    """Return the classes of a sample.

    Args:
        sample: A data sample as a mapping. A soft target (``gt_score``) is ignored: metrics judge by labels.
        metric: The metric's name, for the message.

    Returns:
        int64 (n,): one class, or in multi-label mode any number n, also 0.

    Raises:
        UserError: The sample has no label.
    """
    label = sample.get("gt_label")
    if label is None:
        raise UserError(
            f"{metric}: image {sample.get('img_path')} has no label; score a list that has the column 'label'"
        )
    return np.asarray(label.cpu(), np.int64).reshape(-1)


def only_class(sample: Mapping[str, Any], metric: str) -> int:
    """Return the class of a sample that has exactly one.

    Args:
        sample: A data sample as a mapping.
        metric: The metric's name, for the message.

    Raises:
        UserError: The sample has no label, or a number of classes other than one.
    """
    classes = true_classes(sample, metric)
    if len(classes) != 1:
        raise UserError(
            f"{metric}: image {sample.get('img_path')} has {len(classes)} classes, and this metric takes exactly one; "
            "for several take MeanAveragePrecision, MeanROCAUC or MultiLabelMetric"
        )
    return int(classes[0])

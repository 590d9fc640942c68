"""The labels of a dataset, for predictions of it. n images, K classes."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.logging import print_log

from kdxf.predictions import label_array


def dataset_labels(dataset: Any, classes: Sequence[str]) -> np.ndarray | None:
    """Reads the true classes of a dataset's images, as indices of the model's classes.

    Classes are the same if they have the same name; or by index, where nobody named one of both.

    Args:
        dataset: Any dataset whose samples may have ``gt_label``.
        classes: The K names of the model's classes; ``'0'``, ``'1'``, ... where nobody named them.

    Returns:
        As in :class:`kdxf.predictions.Predictions`; None where no image has a label. So it is, with a warning, where
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

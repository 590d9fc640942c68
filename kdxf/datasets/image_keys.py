"""Names by which a model remembers the images that it was trained on."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from kdxf.datasets.sample_rows import SampleRows


def leaf_datasets(dataset: Any) -> Iterator[Any]:
    """Gives the datasets inside the wrappers around them (balanced, repeated, concatenated, ...)."""
    inner = getattr(dataset, "datasets", None) or ([dataset.dataset] if hasattr(dataset, "dataset") else [])
    if not inner:
        yield dataset
    for part in inner:
        yield from leaf_datasets(part)


def image_keys(paths: Sequence[str], data_root: str) -> np.ndarray:
    """Gives a number per image, int64 (n,), from its path below ``data_root``, so that the folder may move.

    Args:
        paths: Paths as the pipeline opens them (``img_path``).
        data_root: The dataset's; empty where it has none.
    """
    root = "" if not data_root else f"{PurePath(data_root).as_posix()}/"
    names = [PurePath(path).as_posix().removeprefix(root) for path in paths]
    return pd.util.hash_array(np.array(names, dtype=object), categorize=False).view(np.int64)


def keys_of(dataset: Any) -> np.ndarray:
    """Gives the sorted keys of all images of a dataset, each once, int64."""
    keys = []
    for leaf in leaf_datasets(dataset):
        if not hasattr(leaf, "get_data_info"):
            continue  # a dataset without files, such as one of random numbers
        keys.append(image_keys(_paths(leaf), getattr(leaf, "data_root", "") or ""))
    return np.unique(np.concatenate(keys)) if keys else np.empty(0, np.int64)


def _paths(dataset: Any) -> list[str]:
    count = len(dataset)  # reads the annotations where that was put off
    if isinstance(dataset.data_list, SampleRows):
        return dataset.data_list.paths()
    return [dataset.get_data_info(index).get("img_path", "") for index in range(count)]

"""Names by which a model remembers the images that it was trained on."""

import os
from collections.abc import Iterator, Sequence
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


def image_keys(paths: Sequence[str]) -> np.ndarray:
    """Gives a number per image, int64 (n,), from its path below the current folder, or its whole path elsewhere.

    Configs may divide a path into root, prefix and name as they like. A project that lies elsewhere next time is
    recognized too, as long as its data lie in it.

    Args:
        paths: Paths as the pipeline opens them (``img_path``).
    """
    here = os.path.join(os.getcwd(), "")
    names = [os.path.abspath(path).removeprefix(here) for path in paths]
    return pd.util.hash_array(np.array(names, dtype=object), categorize=False).view(np.int64)


def keys_of(dataset: Any) -> np.ndarray:
    """Gives the sorted keys of all images of a dataset, each once, int64."""
    keys = []
    for leaf in leaf_datasets(dataset):
        if not hasattr(leaf, "get_data_info"):
            continue  # a dataset without files, such as one of random numbers
        keys.append(image_keys(_paths(leaf)))
    return np.unique(np.concatenate(keys)) if keys else np.empty(0, np.int64)


def _paths(dataset: Any) -> list[str]:
    count = len(dataset)  # reads the annotations where that was put off
    if isinstance(dataset.data_list, SampleRows):
        return dataset.data_list.paths()
    return [dataset.get_data_info(index).get("img_path", "") for index in range(count)]

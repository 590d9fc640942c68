"""Keys by which a checkpoint remembers the images that its model was trained on."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kdxf.datasets.sample_rows import SampleRows
from kdxf_runtime.io.files import in_utf8


def leaf_datasets(dataset: Any) -> Iterator[Any]:
    """Yield the datasets inside the wrappers around them (balanced, repeated, concatenated, ...)."""
    inner = getattr(dataset, "datasets", None) or ([dataset.dataset] if hasattr(dataset, "dataset") else [])
    if not inner:
        yield dataset
    for part in inner:
        yield from leaf_datasets(part)


def image_keys(paths: Sequence[str]) -> np.ndarray:
    """Return two hashes per image: of its path as given, and of its path with the links of its folder resolved.

    Paths below the current folder are relative to it. Configs may divide a path into root, prefix and name as they
    like. The first hash recognizes the images of a project that was moved, even if a link in it now leads elsewhere;
    the second one an image that is reached by two paths. They are equal where no folder is a link. Links to single
    files are not followed, as that would need a system call for every file.

    Args:
        paths: n paths as the pipeline opens them (``img_path``).

    Returns:
        int64 (n, 2).
    """
    here = os.path.join(os.getcwd(), "")
    folders: dict[str, tuple[str, str]] = {}
    names = []
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.abspath(folder), os.path.realpath(folder)
        names += [in_utf8(os.path.join(place, name).removeprefix(here)) for place in folders[folder]]
    numbers = pd.util.hash_array(np.array(names, dtype=object), categorize=False)
    return numbers.view(np.int64).reshape(-1, 2)


def are_among(images: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Tell which of n images, int64 (n, 2), have one of their two hashes among ``keys``: bool (n,)."""
    return np.logical_or(*np.isin(images, keys).T)


def keys_of(dataset: Any) -> np.ndarray:
    """Return the keys of all images of a dataset, each once, int64 (m, 2)."""
    return np.unique(image_keys(paths_of(dataset)), axis=0)


def paths_of(dataset: Any) -> list[str]:
    """Return the path of every row of a dataset, as the pipeline opens it; one without files has none."""
    leaves = [leaf for leaf in leaf_datasets(dataset) if hasattr(leaf, "get_data_info")]
    return [path for leaf in leaves for path in _paths(leaf)]


def _paths(dataset: Any) -> list[str]:
    count = len(dataset)  # reads the annotations where that was put off
    if isinstance(dataset.data_list, SampleRows):
        return dataset.data_list.paths()
    return [dataset.get_data_info(index).get("img_path", "") for index in range(count)]

"""Keys by which a checkpoint remembers the images that its model was trained on."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kdxf.datasets.sample_rows import SampleRows
from kdxf_runtime.io.files import in_utf8

_AT_ONCE = 1 << 18  # rows


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
    folders: dict[str, list[str]] = {}
    names = []
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = _places(folder)
        names += [in_utf8(place + name) for place in folders[folder]]
    return _hashes(np.array(names, dtype=object)).reshape(-1, 2)


def _places(folder: str) -> list[str]:
    """Return what a folder puts before the names in it: by its path as given, and with the links resolved."""
    here = os.path.join(os.getcwd(), "")
    return [os.path.join(place, "").removeprefix(here) for place in (os.path.abspath(folder), os.path.realpath(folder))]


def _hashes(names: np.ndarray) -> np.ndarray:
    return pd.util.hash_array(names, categorize=False).view(np.int64)


def _keys_of_rows(rows: SampleRows) -> np.ndarray:
    """Return :func:`image_keys` of rows, some at a time: ten million paths as Python texts take gigabytes."""
    keys = np.empty((len(rows), 2), np.int64)
    for start in range(0, len(rows), _AT_ONCE):
        images = rows.images.slice(start, _AT_ONCE).cast(pa.string()).combine_chunks()
        keys[start : start + _AT_ONCE] = _keys_of_column(images, rows.prefix)
    return keys


def _keys_of_column(images: pa.Array, prefix: str) -> np.ndarray:
    below = pc.if_else(pc.match_substring(images, "/"), images, pc.binary_join_element_wise("./", images, ""))
    parts = pc.split_pattern(below, "/", max_splits=1, reverse=True)
    folders, names = pc.list_element(parts, 0).dictionary_encode(), pc.list_element(parts, 1)
    written = [f"{folder}/" for folder in folders.dictionary.to_pylist()]
    places = [_places(folder if folder.startswith("/") else prefix + folder) for folder in written]
    keys = np.empty((len(images), 2), np.int64)
    for number in (0, 1):
        starts = pa.array([in_utf8(both[number]) for both in places], pa.string())
        paths = pc.binary_join_element_wise(starts.take(folders.indices), names, "")
        keys[:, number] = _hashes(paths.to_numpy(zero_copy_only=False))
        if all(given == resolved for given, resolved in places):  # no folder is a link
            keys[:, 1] = keys[:, 0]
            break
    return keys


def are_among(images: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Tell which of n images, int64 (n, 2), have one of their two hashes among ``keys``: bool (n,)."""
    return np.logical_or(*np.isin(images, keys).T)


def each_once(keys: np.ndarray) -> np.ndarray:
    """Return all numbers of an array, sorted, each once: int64 (m,). ``numpy.unique`` hashes: 80 times as long."""
    ordered = np.sort(keys, axis=None)
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_new]


def keys_of(dataset: Any) -> np.ndarray:
    """Return the keys of all images of a dataset, each once, int64 (m, 2)."""
    keys = np.concatenate([np.empty((0, 2), np.int64), *map(_keys_of_leaf, _leaves_with_files(dataset))])
    if (keys[:, 0] == keys[:, 1]).all():  # several times as fast
        return np.repeat(each_once(keys[:, 0]), 2).reshape(-1, 2)
    return np.unique(keys, axis=0)


def _keys_of_leaf(dataset: Any) -> np.ndarray:
    len(dataset)  # reads the annotations where that was put off
    rows = dataset.data_list if hasattr(dataset, "data_list") else None
    return _keys_of_rows(rows) if isinstance(rows, SampleRows) else image_keys(_paths(dataset))


def paths_of(dataset: Any) -> list[str]:
    """Return the path of every row of a dataset, as the pipeline opens it; one without files has none."""
    return [path for leaf in _leaves_with_files(dataset) for path in _paths(leaf)]


def _leaves_with_files(dataset: Any) -> list[Any]:
    return [leaf for leaf in leaf_datasets(dataset) if hasattr(leaf, "get_data_info")]


def _paths(dataset: Any) -> list[str]:
    count = len(dataset)  # reads the annotations where that was put off
    if isinstance(dataset.data_list, SampleRows):
        return dataset.data_list.paths()
    return [dataset.get_data_info(index).get("img_path", "") for index in range(count)]

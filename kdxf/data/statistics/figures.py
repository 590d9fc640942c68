"""Figures of labelled lists: class sizes, the long tail, overlaps, predictions, image sizes. n rows, K classes.

n rows, K classes.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.parallel import parallel_map
from kdxf.data.pictures.header import upright_size
from kdxf.errors import UserError
from kdxf.io.predictions import read_predictions
from kdxf_runtime.io.images import ImageReadError, open_file_header

# Bounds of few-, medium- and many-shot classes in the long-tail literature (Liu et al., CVPR 2019).
FEW, MANY = 20, 100


def class_sizes(labels: pd.Series, classes: list[str]) -> pd.Series:
    """Count the images per class, int64 (K,), in the order of ``classes``; 0 for a class without images."""
    return labels.value_counts().reindex(classes, fill_value=0).astype("int64")


def long_tail(sizes: pd.Series) -> dict[str, float]:
    """Measure how uneven classes are.

    Args:
        sizes: Images per class, (K,).

    Returns:
        ``images``, ``classes``, ``without_images``, ``smallest``, ``median`` and ``largest`` of the classes that have
        images, ``imbalance_ratio`` (largest by smallest), ``gini`` (0: all equal, towards 1: one has all),
        ``few_below_20``, ``medium_20_to_100`` and ``many_above_100`` (classes by their images), ``half_of_images_in``
        (the number of the largest classes that hold half of all images).

    Raises:
        ValueError: No class has an image.
    """
    values = np.sort(sizes[sizes > 0].to_numpy())
    if not len(values):
        raise ValueError("sizes: no class has an image")
    count, total = len(values), int(values.sum())
    gini = float(2 * (np.arange(1, count + 1) * values).sum() / (count * total) - (count + 1) / count)
    half = int(np.searchsorted(np.cumsum(values[::-1]), total / 2) + 1)
    return {
        "images": total,
        "classes": len(sizes),
        "without_images": int((sizes == 0).sum()),
        "smallest": int(values[0]),
        "median": float(np.median(values)),
        "largest": int(values[-1]),
        "imbalance_ratio": round(float(values[-1] / values[0]), 2),
        "gini": round(gini, 4),
        "few_below_20": int((values < FEW).sum()),
        "medium_20_to_100": int(((values >= FEW) & (values <= MANY)).sum()),
        "many_above_100": int((values > MANY).sum()),
        "half_of_images_in": half,
    }


def compare_lists(lists: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Compare each later list with the first, which is the training list.

    Args:
        lists: Name to list, with ``image`` and ``label`` (names).

    Returns:
        One row per later list: ``list``, ``images``, ``also_in_first`` (images that are in both: leakage),
        ``example`` (one of them), ``other_label`` (those with another label in it), ``classes_missing`` (classes of the
        first list that this one lacks), ``classes_new`` (classes that only this one has), ``distance`` (total variation
        between the shares of the classes, 0: equal, 1: no class in common).
    """
    (_, training), *others = lists.items()
    labels_of = training.drop_duplicates("image").set_index("image")["label"]
    shares = training["label"].value_counts(normalize=True)
    rows = []
    for name, frame in others:
        shared = frame[frame["image"].isin(labels_of.index)]
        other = int((shared["image"].map(labels_of) != shared["label"]).sum())
        here = frame["label"].value_counts(normalize=True)
        distance = float(shares.sub(here, fill_value=0).abs().sum() / 2)
        example = shared["image"].iloc[0] if len(shared) else ""
        missing, new = len(shares.index.difference(here.index)), len(here.index.difference(shares.index))
        rows.append((name, len(frame), shared["image"].nunique(), example, other, missing, new, round(distance, 4)))
    columns = ["list", "images", "also_in_first", "example", "other_label", "classes_missing", "classes_new"]
    return pd.DataFrame(rows, columns=[*columns, "distance"])


def predicted_sizes(path: Path, classes: list[str]) -> pd.Series:
    """Count the predicted classes of a table that ``tools/test.py --out`` wrote.

    Args:
        path: CSV or Parquet.
        classes: The K class names, in index order.

    Returns:
        int64 (K,), by class name.

    Raises:
        UserError: The file is missing, is not such a table, or predicts an unknown class.
    """
    predicted = read_predictions(path, scores=False).best()[0]
    if not 0 <= predicted.min() <= predicted.max() < len(classes):
        raise UserError(f"{path}: predicts class {predicted.max()}, but there are {len(classes)}; give --classes")
    return pd.Series(np.bincount(predicted, minlength=len(classes)), index=classes)


def compare_predictions(trained: pd.Series, predicted: pd.Series) -> pd.DataFrame:
    """Compare shares of predicted classes with their shares in training.

    Args:
        trained: Images per class in the training list, (K,).
        predicted: Predictions per class, (K,), :func:`predicted_sizes`.

    Returns:
        One row per class, the largest difference first: ``class``, ``trained`` and ``predicted`` (images),
        ``trained_share``, ``predicted_share``, ``difference``.
    """
    table = pd.DataFrame({"trained": trained, "predicted": predicted})
    table["trained_share"] = (table["trained"] / max(table["trained"].sum(), 1)).round(5)
    table["predicted_share"] = (table["predicted"] / max(table["predicted"].sum(), 1)).round(5)
    table["difference"] = (table["predicted_share"] - table["trained_share"]).round(5)
    order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].rename_axis("class").reset_index()


def image_size(path: str, root: Path) -> tuple[int, int]:
    """Return width and height of an upright image in pixels; (0, 0) if its header cannot be read."""
    try:
        return upright_size(open_file_header(root / path))
    except (ImageReadError, OSError, ValueError):
        return 0, 0


def image_sizes(images: Sequence[str], root: Path, workers: int) -> np.ndarray:
    """Return the sizes of many images.

    Args:
        images: The paths, (n,).
        root: The image root.
        workers: Number of processes.

    Returns:
        int64 (n, 2): width and height; zeros if the image cannot be read.

    Raises:
        UserError: ``workers`` is below 1.
    """
    sizes = parallel_map(partial(image_size, root=root), images, workers, "sizes")
    return np.array(list(sizes), np.int64).reshape(-1, 2)


def describe_sizes(sizes: np.ndarray) -> pd.DataFrame:
    """Describe the distribution of sizes.

    Args:
        sizes: int64 (n, 2), of :func:`image_sizes`.

    Returns:
        The rows ``width``, ``height``, ``longer edge`` and ``width / height`` with the columns ``measure``,
        ``smallest``, ``5 %``, ``median``, ``95 %``, ``largest``; empty if no image can be read.
    """
    width, height = sizes[sizes.min(axis=1) > 0].T
    measures = {
        "width": width,
        "height": height,
        "longer edge": np.maximum(width, height),
        "width / height": width / np.maximum(height, 1),
    }
    rows = [
        (name, *np.percentile(values, (0, 5, 50, 95, 100)).round(2)) for name, values in measures.items() if len(values)
    ]
    return pd.DataFrame(rows, columns=["measure", "smallest", "5 %", "median", "95 %", "largest"])

"""Groups of images dealt to parts (folds, or train and validation), class by class as evenly as groups allow."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kdxf.data.sampling import random_keys


def shuffled_order(images: pd.Series, groups: np.ndarray, seed: int) -> np.ndarray:
    """Order groups by size, the largest first; groups of one size by a hash of the seed and their images' paths.

    The order of the rows does not matter.

    Args:
        images: The paths, (n,).
        groups: int64 (n,), the group of each row, from 0 without gaps.
        seed: Another seed gives another order.

    Returns:
        int64, the groups.
    """
    lowest = np.full(int(groups.max()) + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(lowest, groups, random_keys(images, seed))
    return np.lexsort((lowest, -np.bincount(groups)))


def deal_groups(
    labels: np.ndarray,
    groups: np.ndarray,
    order: np.ndarray,
    targets: np.ndarray,
    unit: int = 1,
    first_part_first: bool = False,
) -> np.ndarray:
    """Deal each group to the part that still lacks most of its classes.

    Large groups are dealt first, so that small ones can balance the rest.

    Args:
        labels: int64 (n,), the class of each row.
        groups: int64 (n,), the group of each row.
        order: The groups to deal, in this order (:func:`shuffled_order`).
        targets: int64 (K, P), how many images of each class each part should have, times ``unit``.
        unit: The factor that makes targets whole numbers: 5 for targets of a fifth of the images.
        first_part_first: Whether the first group of each class goes to part 0, whatever its size.

    Returns:
        int64 (n,), the part of each row; -1 for rows of groups that ``order`` does not name.
    """
    starts, classes, counts = (array.tolist() for array in _contents(labels, groups, len(targets)))
    lacking: list[list[int]] = targets.tolist()
    in_all: list[int] = targets.sum(axis=0).tolist()
    weights = (1 / np.maximum(targets.sum(axis=1), 1)).tolist()
    untouched = set(range(len(targets))) if first_part_first else set()
    part_of_group = np.full(len(starts) - 1, -1, np.int64)
    for group in order.tolist():
        begin, end = starts[group], starts[group + 1]
        its_classes = classes[begin:end]
        if untouched and not untouched.isdisjoint(its_classes):
            best = 0
            untouched.difference_update(its_classes)
        elif end - begin == 1:
            best = _largest(lacking[its_classes[0]], in_all)
        else:
            best = _largest(_needs(its_classes, counts[begin:end], lacking, weights), in_all)
        part_of_group[group] = best
        for item, count in zip(its_classes, counts[begin:end], strict=True):
            lacking[item][best] -= count * unit
            in_all[best] -= count * unit
    return part_of_group[groups]


def _largest(needs: Sequence[float], in_all: Sequence[int]) -> int:
    """Return the index of the largest need; of equal ones, the part that lacks most images of all classes together."""
    top = max(needs)
    if needs.count(top) == 1:
        return needs.index(top)
    return max((part for part, need in enumerate(needs) if need == top), key=in_all.__getitem__)


def _needs(
    classes: Sequence[int], counts: Sequence[int], lacking: Sequence[Sequence[int]], weights: Sequence[float]
) -> list[float]:
    """Return how much each part lacks of several classes, each as a share of the class."""
    shares = [count * weights[item] for item, count in zip(classes, counts, strict=True)]
    rows = [lacking[item] for item in classes]
    # Needs that are equal up to rounding are a tie.
    return [
        round(sum(share * row[part] for share, row in zip(shares, rows, strict=True)), 9)
        for part in range(len(rows[0]))
    ]


def _contents(labels: np.ndarray, groups: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return classes and their numbers of images, group by group; those of group g begin at ``starts[g]``."""
    pairs, counts = np.unique(groups * np.int64(classes) + labels, return_counts=True)
    starts = np.searchsorted(pairs // classes, np.arange(int(groups.max()) + 2))
    return starts, pairs % classes, counts

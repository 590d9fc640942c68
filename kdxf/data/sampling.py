"""Random draws from classes that depend on the seed and the paths, and not on the order of the rows."""

import numpy as np
import pandas as pd


def random_keys(images: pd.Series, seed: int) -> np.ndarray:
    """Return a random number for each path, which does not depend on the other paths.

    Args:
        images: The paths, (n,).
        seed: Another seed gives other numbers.

    Returns:
        uint64 (n,).
    """
    return pd.util.hash_array(images.to_numpy(dtype=object), hash_key=f"{seed % 10**16:016d}", categorize=False)


def ranks_in_class(images: pd.Series, labels: np.ndarray, seed: int) -> np.ndarray:
    """Put the rows of each class into a random order.

    The first rows of a longer draw are those of a shorter one.

    Args:
        images: The paths, (n,).
        labels: int64 (n,), the class of each row.
        seed: Another seed gives another order.

    Returns:
        int64 (n,): the position of each row in its class, from 0.
    """
    order = np.lexsort((random_keys(images, seed), labels))
    sizes = np.bincount(labels)
    starts = np.cumsum(sizes) - sizes
    ranks = np.empty(len(labels), np.int64)
    ranks[order] = np.arange(len(labels)) - starts[labels[order]]
    return ranks


def spread_over_classes(labels: np.ndarray, ranks: np.ndarray, count: int) -> np.ndarray:
    """Pick rows so that every class keeps its share, to within one row.

    Args:
        labels: int64 (n,), the class of each row.
        ranks: int64 (n,), of :func:`ranks_in_class`.
        count: How many rows to pick, at most n.

    Returns:
        bool (n,).
    """
    order = np.lexsort((ranks, labels))
    picked = np.zeros(len(labels), bool)
    picked[order[np.arange(count) * len(labels) // max(count, 1)]] = True
    return picked

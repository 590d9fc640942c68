"""Sets of classes that hold the true one as often as wanted, whatever the model (split conformal prediction).

Each class k of an image gets a strangeness s_k. With q the value that ceil((n + 1) * level) of n calibration images do
not exceed by the strangeness of their true class, the set is every class with s_k <= q. It holds the true class with a
probability of at least ``level``, and of at most 1 / (n + 1) more, if images to come are drawn as those were
(https://arxiv.org/abs/2107.07511). Two kinds of strangeness:

- ``lac``: 1 - p_k. The sets are the smallest on average; a very doubtful image may get an empty one
  (https://arxiv.org/abs/1609.00451);
- ``aps``: the sum of the scores above p_k. The sets are larger for doubtful images and hold the best class always
  (https://arxiv.org/abs/2006.02544, with the sum up to the class instead of a random part of it).

n images, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kdxf_runtime.trust.confidences import check_scores

DEFAULT = "lac"


def _lac(scores: np.ndarray) -> np.ndarray:
    return 1 - scores.astype(np.float64)


def _aps(scores: np.ndarray) -> np.ndarray:
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=1).astype(np.float64)
    above = np.empty_like(ranked)
    np.put_along_axis(above, order, np.cumsum(ranked, axis=1) - ranked, axis=1)
    return above


KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"lac": _lac, "aps": _aps}
"""The strangeness of every class, float64 (n, K), by the name of its kind."""


@dataclass(frozen=True, eq=False)
class ConformalSets:
    """Which classes an image may belong to.

    Attributes:
        level: The wanted share of images whose set holds the true class.
        kind: A name of :data:`KINDS`.
        thresholds: q of each class, float64 (K,): all alike, or per class; infinite where there are too few images.
        too_few: Indices of the classes with too few calibration images for a threshold of their own. They have that of
            all images, and with it no promise of their own. None where the threshold is one for all classes.
    """

    level: float
    kind: str
    thresholds: np.ndarray
    too_few: tuple[int, ...] | None = None

    def of(self, scores: np.ndarray) -> np.ndarray:
        """Return the sets of n images with scores (n, K), which are as those of the calibration: bool (n, K)."""
        return KINDS[self.kind](scores) <= self.thresholds


def least_images(level: float) -> int:
    """Return how many images a threshold takes: with fewer, every class is in the set."""
    return int(np.ceil(level / (1 - level) - 1e-9))  # 0.8 / (1 - 0.8) is more than 4


def fit_sets(
    scores: np.ndarray, labels: np.ndarray, level: float = 0.9, kind: str = DEFAULT, per_class: bool = False
) -> ConformalSets:
    """Find the thresholds from images that the model was not trained on.

    Args:
        scores: Probabilities, float (n, K).
        labels: True classes, int (n,).
        level: The wanted share, between 0 and 1.
        kind: A name of :data:`KINDS`.
        per_class: Keep the promise for each class by itself (Mondrian), not for all images together, in which rare
            classes may be missed more often. It takes :func:`least_images` of a class.

    Raises:
        ValueError: The level or the kind is none, or as of
            :func:`kdxf_runtime.trust.confidences.confidences`.
    """
    check_scores(scores, labels)
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    if kind not in KINDS:
        raise ValueError(f"kind must be {' or '.join(KINDS)}, got {kind!r}")
    strangeness = KINDS[kind](scores)[np.arange(len(labels)), labels]
    thresholds = np.full(scores.shape[1], _threshold(strangeness, level))
    if not per_class:
        return ConformalSets(level, kind, thresholds)
    counts = np.bincount(labels, minlength=scores.shape[1])
    enough = counts >= least_images(level)
    for index in np.flatnonzero(enough):
        thresholds[index] = _threshold(strangeness[labels == index], level)
    return ConformalSets(level, kind, thresholds, tuple(np.flatnonzero(~enough).tolist()))


def _rank(count: int, level: float) -> int:
    return int(np.ceil((count + 1) * level - 1e-9))  # 10 * 0.9 is 9


def _threshold(strangeness: np.ndarray, level: float) -> float:
    rank = _rank(len(strangeness), level)
    return float(np.sort(strangeness)[rank - 1]) if rank <= len(strangeness) else float("inf")

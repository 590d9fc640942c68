"""Answers by a coarser class where a model is not sure of the class. n calibration images, K classes, P parents.

The score of a parent is the sum over its classes, so that two kinds of oat milk that share the score make it sure that
it is oat milk. A prediction that is sure enough of its class is accepted as ever; of the others those that are sure
enough of the parent are answered by it, and the rest go to a person. Both thresholds are the lowest with which the
wanted share of the answers of that kind is right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kdxf_runtime.trust.selective import Accepted, for_precision


@dataclass(frozen=True, eq=False)
class Parents:
    """The parents of the classes, and how sure a model is of them on its calibration images.

    Attributes:
        names: P names.
        of: int64 (K,), the parent of each class.
        sureness: float64 (n,), the cross-fitted score of the best parent of each image, less 1 where the image looks
            like none of the classes.
        right: bool (n,), whether that parent is the true one.
    """

    names: tuple[str, ...]
    of: np.ndarray
    sureness: np.ndarray
    right: np.ndarray


@dataclass(frozen=True, eq=False)
class BackOff:
    """Which predictions are answered by the class, and which by the parent.

    Attributes:
        leaf: Those accepted by their class; the threshold is infinite where none are.
        parent: Those answered by their parent, of all images.
        names: P names.
        of: int64 (K,), the parent of each class.
    """

    leaf: Accepted
    parent: Accepted
    names: tuple[str, ...]
    of: np.ndarray

    @property
    def threshold(self) -> float:
        """The least sureness of a prediction that is accepted by its class."""
        return self.leaf.threshold

    def answer(self, scores: np.ndarray, unlike: bool) -> str | None:
        """Return the name of the parent of a prediction that is not accepted; None where a person should see it.

        Args:
            scores: Calibrated, float (K,).
            unlike: Whether they are those of none of the classes.
        """
        found = parent_scores(scores[None], self.of, len(self.names))[0]
        best = int(found.argmax())
        return self.names[best] if found[best] - unlike >= self.parent.threshold else None

    def __str__(self) -> str:
        shares = f"{self.leaf.coverage:.1%} of the images get a class{_right(self.leaf)}"
        rest = 1 - self.leaf.coverage - self.parent.coverage
        coarser = f"{self.parent.coverage:.1%} a coarser one{_right(self.parent)}"
        return f"expected: {shares}, {coarser}, and {rest:.1%} go to a person"


def _right(found: Accepted) -> str:
    if not found.count:
        return ""
    return f" ({found.accuracy:.1%} right, {found.low:.1%} to {found.high:.1%}, by {found.count} calibration images)"


def parent_scores(scores: np.ndarray, of: np.ndarray, count: int) -> np.ndarray:
    """Sum the scores of the classes of each parent.

    Args:
        scores: float (n, K).
        of: int64 (K,), the parent of each class.
        count: P.

    Returns:
        float64 (n, P).
    """
    return scores.astype(np.float64) @ np.eye(count)[of]


def fit_parents(
    names: Sequence[str], of: np.ndarray, scores: np.ndarray, labels: np.ndarray, unlike: np.ndarray
) -> Parents:
    """Measure how sure a model is of the parents.

    Args:
        names: P names.
        of: int64 (K,), the parent of each class.
        scores: Cross-fitted calibrated scores, float (n, K).
        labels: True classes, int (n,).
        unlike: Where the model's own scores are those of none of the classes, bool (n,).
    """
    found = parent_scores(scores, of, len(names))
    return Parents(tuple(names), of, found.max(axis=1) - unlike, found.argmax(axis=1) == of[labels])


def back_off(sureness: np.ndarray, right: np.ndarray, parents: Parents, precision: float) -> BackOff:
    """Choose both thresholds for a precision.

    Args:
        sureness: Of the best class of each calibration image, float (n,).
        right: Whether that class is the true one, bool (n,).
        parents: The parents, and how sure the model is of them.
        precision: The share that is to be right, from 0 to 1, of the answers by a class and of those by a parent. It
            holds for these images; for others, see the intervals.
    """
    leaf = for_precision(sureness, right, precision)
    rest = sureness < leaf.threshold
    none = Accepted(float("inf"), 0.0, float("nan"), 0.0, 1.0, 0)
    parent = for_precision(parents.sureness[rest], parents.right[rest], precision) if rest.any() else none
    of_all = Accepted(
        parent.threshold, parent.count / len(rest), parent.accuracy, parent.low, parent.high, parent.count
    )
    return BackOff(leaf, of_all, parents.names, parents.of)


def parents_to_json(parents: Parents | None) -> dict[str, Any] | None:
    """Return parents as JSON values, which :func:`parse_parents` reads."""
    if parents is None:
        return None
    return {
        "names": list(parents.names),
        "of": parents.of.tolist(),
        "sureness": np.round(parents.sureness, 6).tolist(),
        "right": parents.right.astype(int).tolist(),
    }


def parse_parents(content: Mapping[str, Any] | None, classes: int, images: int) -> Parents | None:
    """Read what :func:`parents_to_json` returned, for so many classes and calibration images.

    Raises:
        ValueError: It is of others; values of wrong kinds raise what they raise.
    """
    if content is None:
        return None
    names, of = tuple(map(str, content["names"])), np.asarray(content["of"], np.int64)
    sure, right = np.asarray(content["sureness"], np.float64), np.asarray(content["right"], bool)
    if of.shape != (classes,) or of.min() < 0 or of.max() >= len(names):
        raise ValueError("parents are not one for each class")
    if sure.shape != (images,) or right.shape != (images,):
        raise ValueError("parents and sureness are not of the same images")
    return Parents(names, of, sure, right)

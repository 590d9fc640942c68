"""The metrics by which weights are found, fast enough to be asked thousands of times.

Values are those of scikit-learn and of :mod:`kdxf.evaluation.metrics`, in percent but for log-loss. A metric has two
steps, what it needs of each image and the value of any images: resampling repeats only the second. n images, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kdxf.recipes.ensemble_means import FLOOR

Details = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        name: Its name on the command line.
        sign: 1 where more is better, else -1.
        details: Of scores float32 (n, K) and labels (int64 (n,), or bool (n, K) for several per image), what it needs
            of the images: arrays of length n.
        value: Its value, of such arrays.
        several: Whether an image may have several labels.
        by_class: Whether it looks at one class after the other, and so takes ranks in place of probabilities.
        draws: How many resamples its confidence interval takes.
    """

    name: str
    sign: int
    details: Callable[[np.ndarray, np.ndarray], Details]
    value: Callable[..., float]
    several: bool = True
    by_class: bool = False
    draws: int = 1000


def _right(scores: np.ndarray, labels: np.ndarray) -> Details:
    return (scores.argmax(axis=1) == labels,)


def _percent(values: np.ndarray) -> float:
    return 100 * float(values.mean())


def _cross_entropy(scores: np.ndarray, labels: np.ndarray) -> Details:
    true = scores[np.arange(len(labels)), labels, None] if labels.ndim == 1 else np.where(labels, scores, 1 - scores)
    return (-np.log(np.maximum(true, np.float32(FLOOR))).mean(axis=1, dtype=np.float64),)


def _mean(values: np.ndarray) -> float:
    return float(values.mean())


def _guesses(scores: np.ndarray, labels: np.ndarray) -> Details:
    guess = scores.argmax(axis=1)
    images = np.arange(len(guess))
    right = np.equal(guess, labels) if labels.ndim == 1 else labels[images, guess]
    labelled = np.ones(len(guess), bool) if labels.ndim == 1 else np.any(labels, axis=1)
    return scores[images, guess], right, labelled


def _global_average_precision(confidence: np.ndarray, right: np.ndarray, labelled: np.ndarray) -> float:
    if not right.any():
        return 0.0
    average = _average_precision(np.sort(confidence), np.sort(confidence[right]))
    return 100 * average * float(right.sum() / labelled.sum())


def _everything(scores: np.ndarray, labels: np.ndarray) -> Details:
    return scores, labels


def _mean_over_classes(of_class: Callable[[np.ndarray, np.ndarray], float]) -> Callable[..., float]:
    def value(scores: np.ndarray, labels: np.ndarray) -> float:
        """Averages over the classes that have images on both sides."""
        if labels.ndim == 1:
            images = np.argsort(labels, kind="stable")
            classes = labels[images]
        else:
            classes, images = np.nonzero(labels.T)
        present, starts = np.unique(classes, return_index=True)
        values = []
        for index, members in zip(present, np.split(images, starts[1:]), strict=True):
            column = scores[:, index]
            if len(members) < len(column):
                values.append(of_class(np.sort(column), np.sort(column[members])))
        return 100 * float(np.mean(values)) if values else float("nan")

    return value


def _average_precision(ordered: np.ndarray, positives: np.ndarray) -> float:
    """Averages, over the positives, the precision among all that score at least as high; both arrays ascend."""
    reached = len(ordered) - np.searchsorted(ordered, positives, "left")
    right = len(positives) - np.searchsorted(positives, positives, "left")
    return float(np.mean(right / reached))


def _roc_auc(ordered: np.ndarray, positives: np.ndarray) -> float:
    """Computes the area from the sum of the positives' ranks (Mann-Whitney); both arrays ascend."""
    twice = np.searchsorted(ordered, positives, "left") + np.searchsorted(ordered, positives, "right") + 1
    count = len(positives)
    return float((twice.sum() / 2 - count * (count + 1) / 2) / (count * (len(ordered) - count)))


METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", 1, _right, _percent, several=False),
        Metric("log-loss", -1, _cross_entropy, _mean),
        Metric("mAP", 1, _everything, _mean_over_classes(_average_precision), by_class=True, draws=200),
        Metric("roc-auc", 1, _everything, _mean_over_classes(_roc_auc), by_class=True, draws=200),
        Metric("GAP", 1, _guesses, _global_average_precision),
    )
}
"""By name.

``accuracy``
    Share of images whose best class is right.
``log-loss``
    Mean of minus the logarithm of the true class's probability; of several labels the mean over the classes too.
``mAP``, ``roc-auc``
    Means over classes of average precision and of the area under the ROC curve, without classes that no image or every
    image belongs to.
``GAP``
    Average precision of the best guesses of all images together.
"""

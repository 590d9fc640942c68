"""The task that weights are optimized for: the models' scores of labelled images, and metrics.

Shapes: U units, n images, K classes.

Values are those of scikit-learn and of :mod:`kdxf.evaluation.metrics`, in percent except for log-loss. A metric has two
steps, the details of each image and the value of a set of images: resampling repeats only the second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions
from kdxf.io.provenance import check_no_targets
from kdxf.recipes.ensembles.average import FLOOR, MEANS, Mean
from kdxf.recipes.ensembles.members import Facts, Unit, read_alike

Details = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Metric:
    """A metric to optimize weights for.

    Attributes:
        name: Its name on the command line.
        sign: 1 if more is better, else -1.
        details: Computes from scores, float32 (n, K), and labels, int64 (n,) or bool (n, K) for several per image, the
            values per image that it needs: arrays of length n.
        value: Computes its value from such arrays.
        several: Whether an image may have several labels.
        by_class: Whether it looks at classes separately, and so accepts ranks instead of probabilities.
        draws: The number of resamples for its confidence interval.
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
        """Average over the classes that have both positive and negative images."""
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
    """Average, over the positives, the precision among all that score at least as high; both arrays ascend."""
    reached = len(ordered) - np.searchsorted(ordered, positives, "left")
    right = len(positives) - np.searchsorted(positives, positives, "left")
    return float(np.mean(right / reached))


def _roc_auc(ordered: np.ndarray, positives: np.ndarray) -> float:
    """Compute the area from the sum of the positives' ranks (Mann-Whitney); both arrays ascend."""
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
"""The metrics by name.

``accuracy``
    Share of images whose top class is right.
``log-loss``
    Mean of minus the logarithm of the true class's probability; of several labels the mean over the classes too.
``mAP``, ``roc-auc``
    Means over classes of average precision and of the area under the ROC curve, without classes that no image or every
    image belongs to.
``GAP``
    Global average precision: average precision of the top predictions of all images together.
"""


@dataclass(frozen=True, eq=False)
class Task:
    """The units to weigh, with their scores.

    Attributes:
        names: U names of the units.
        stack: float32 (U, n, K), their scores in the space of the mean.
        labels: int64 (n,), or bool (n, K) if images may have several.
        mean: The mean to use.
        metric: What to optimize.
        files_without_seen: Files that do not say which images their model was trained on.
    """

    names: list[str]
    stack: np.ndarray
    labels: np.ndarray
    mean: Mean
    metric: Metric
    files_without_seen: list[Path] = field(default_factory=list)

    def only(self, rows: np.ndarray) -> "Task":
        """Return the task of the images ``rows``, int64 (m,) or bool (n,), with a copy of their scores."""
        return replace(self, stack=self.stack[:, rows], labels=self.labels[rows])

    def alone(self, unit: int) -> np.ndarray:
        """Return the scores of one unit, float32 (n, K)."""
        return self.leave(self.stack[unit].copy())

    def mix(self, weights: np.ndarray) -> np.ndarray:
        """Average with U weights whose sum is 1; return float32 (n, K)."""
        return self.leave(self.total(weights))

    def total(self, weights: np.ndarray) -> np.ndarray:
        """Sum the units with their weights, in the space of the mean; return float32 (n, K)."""
        return np.tensordot(weights.astype(np.float32), self.stack, axes=1)

    def leave(self, total: np.ndarray) -> np.ndarray:
        """Take a sum out of the space of the mean, possibly in place."""
        return self.mean.leave(total, self.labels.ndim == 2)

    def details(self, scores: np.ndarray) -> Details:
        """Return the values per image that the metric needs."""
        return self.metric.details(scores, self.labels)

    def loss(self, scores: np.ndarray) -> float:
        """Return the metric with the sign for which less is better; infinite where it is undefined."""
        value = self.metric.value(*self.details(scores))
        return np.inf if np.isnan(value) else -self.metric.sign * value


def read_task(units: Sequence[Unit], mean: str, metric: str) -> Task:
    """Read all files of labelled predictions.

    It needs 4 U n K bytes of memory, and one file more.

    Args:
        units: Models and groups of models.
        mean: A name of :data:`~kdxf.recipes.ensembles.average.MEANS`.
        metric: A name of :data:`~kdxf.recipes.ensembles.task.METRICS`.

    Raises:
        UserError: There is only one unit; files do not match, or one holds targets; images have no label, or a model
            has seen them; mean and metric do not fit; or the metric is not defined on these images.
    """
    if len(units) < 2:
        raise UserError(f"--fit: there is nothing to weigh but {units[0].name}; give several models or groups")
    how, criterion, facts = MEANS[mean], METRICS[metric], Facts()
    if not (how.probabilities or criterion.by_class):
        raise UserError(f"--fit {metric}: needs probabilities, and --mean {mean} gives ranks; take roc-auc or mAP")
    place = {file: (index, len(unit.files)) for index, unit in enumerate(units) for file in unit.files}
    stack = np.empty(0, np.float32)
    for file, predictions in read_alike(place):
        check_no_targets(predictions.source, file)
        _check_unseen(file, predictions)
        facts.add(file, predictions)
        if not stack.size:
            stack = np.zeros((len(units), *predictions.scores.shape), np.float32)
        index, size = place[file]
        stack[index] += how.enter(predictions.scores) / np.float32(size)
    names, labels = [unit.name for unit in units], _all_labels(facts, units)
    task = Task(names, stack, labels, how, criterion, facts.files_without_seen)
    return _without_irrelevant_classes(_checked(task))


def _check_unseen(file: Path, predictions: Predictions) -> None:
    if predictions.seen is not None and predictions.seen.any():
        count, example = predictions.seen.sum(), predictions.images[predictions.seen.argmax()]
        raise UserError(
            f"{file}: its model was trained on {count} of these {len(predictions)} images, such as {example}; weights "
            "are fitted only on images that no model has seen: give validation or out-of-fold predictions"
        )


def _all_labels(facts: Facts, units: Sequence[Unit]) -> np.ndarray:
    file = units[0].files[0]
    if facts.labels is None:
        raise UserError(f"--fit: {file} has no labels; give predictions of a labelled list")
    if facts.labels.ndim == 1 and (facts.labels < 0).any():
        missing = facts.labels < 0
        raise UserError(
            f"--fit: {missing.sum()} of the {len(missing)} images of {file} have no label, such as "
            f"{facts.images[missing.argmax()]}; give predictions of a labelled list"
        )
    return facts.labels


def _checked(task: Task) -> Task:
    several = task.labels.ndim == 2
    if several and not task.metric.several:
        raise UserError(
            f"--fit {task.metric.name}: takes one label per image; for several take mAP, roc-auc or log-loss"
        )
    equal = np.full(len(task.names), 1 / len(task.names))
    if np.isinf(task.loss(task.mix(equal))):
        raise UserError(
            f"--fit {task.metric.name}: is not defined on these images: no class has some of them and not all"
        )
    return task


def _without_irrelevant_classes(task: Task) -> Task:
    """Keep only the true class if the metric does not depend on the others."""
    if task.metric.name != "log-loss" or task.mean.name != "arithmetic" or task.labels.ndim == 2:
        return task
    true = np.take_along_axis(task.stack, task.labels[None, :, None], axis=2)
    return replace(task, stack=true, labels=np.zeros_like(task.labels))

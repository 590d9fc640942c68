"""What weights are worth: the gain over the equal mean, on images that the weights were not found on.

Weights that are best on some images flatter the ensemble on these very images. So the images are divided into folds;
each fold is averaged with weights that were found on the others, and all of them are scored together ("held out").

All images are scored, but weights are found on :data:`MOST` of them at most, drawn at random: more take longer and
hardly change the weights (``benchmarks/ensemble.py``). n images, K classes, U units.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kdxf.errors import UserError
from kdxf.recipes.bootstrap import bootstrap
from kdxf.recipes.ensemble_metrics import Details
from kdxf.recipes.ensemble_task import Task

FOLDS = 5
MOST = 20_000

Find = Callable[[Task], np.ndarray]
"""Finds weights, on all images of a task."""


@dataclass(frozen=True)
class Gain:
    """How much better the found weights are, held out; above 0 is better.

    Attributes:
        over: What they are compared with.
        value: The difference of the metric.
        low, high: Its 95 % confidence interval, from resampling the images.
    """

    over: str
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        verdict = "" if self.low > 0 or self.high < 0 else "; it may be chance"
        return f"gain over {self.over}: {self.value:+.4g} (95 % interval {self.low:+.4g} to {self.high:+.4g}{verdict})"


@dataclass(frozen=True, eq=False)
class Report:
    """Found weights and their worth.

    Attributes:
        metric: The metric's name.
        images: How many images there were.
        weights: Unit to weight, found on all images; the sum is 1.
        scores: The metric of each unit alone, of the equal mean, and of the found weights, held out and on the images
            that they were found on.
        gains: Over the equal mean and over the best unit alone.
    """

    metric: str
    images: int
    weights: dict[str, float]
    scores: dict[str, float]
    gains: list[Gain]

    def __str__(self) -> str:
        width = max(map(len, self.scores))
        lines = [f"{self.metric} of {self.images} images"]
        for name, score in self.scores.items():
            weight = f"{self.weights[name]:9.3f}" if name in self.weights else ""
            lines.append(f"{name:{width}}  {score:9.4f}{weight}".rstrip())
        return "\n".join([*lines, *map(str, self.gains)])


def judge(task: Task, find: Find, label: str) -> Report:
    """Finds weights on all images, and their worth on held-out ones.

    Args:
        task: Units, labels, mean and metric.
        find: Finds the weights.
        label: What such weights are called in the report, such as ``fitted``.

    Raises:
        UserError: There are fewer images than :data:`FOLDS`.
    """
    count = len(task.labels)
    if count < FOLDS:
        raise UserError(f"--fit: {count} images are too few to find weights and to judge them; give at least {FOLDS}")
    weights = find(_at_most(task, np.arange(count)))
    scores = {name: task.metric.value(*task.details(task.alone(unit))) for unit, name in enumerate(task.names)}
    best = max(scores, key=lambda name: task.metric.sign * scores[name])
    alone = task.details(task.alone(task.names.index(best)))
    equal = task.details(task.mix(np.full(len(task.names), 1 / len(task.names))))
    held_out = task.details(_held_out(task, find))
    scores["equal mean"] = task.metric.value(*equal)
    scores[f"{label}, held out"] = task.metric.value(*held_out)
    scores[f"{label}, on the same images"] = task.metric.value(*task.details(task.mix(weights)))
    return Report(
        metric=task.metric.name,
        images=count,
        weights=dict(zip(task.names, weights.tolist(), strict=True)),
        scores=scores,
        gains=_gains(task, held_out, {"the equal mean": equal, f"the best alone ({best})": alone}),
    )


def _held_out(task: Task, find: Find) -> np.ndarray:
    """Averages each fold with weights that were found on the others: float32 (n, K)."""
    folds = stratified_folds(task.labels, FOLDS)
    scores = np.empty_like(task.stack[0])
    for fold in range(FOLDS):
        weights = find(_at_most(task, np.flatnonzero(folds != fold)))
        scores[folds == fold] = task.only(folds == fold).mix(weights)
    return scores


def _at_most(task: Task, rows: np.ndarray) -> Task:
    """Gives the task of some images alone, of :data:`MOST` of them where there are more."""
    if len(rows) > MOST:
        rows = np.random.default_rng(0).choice(rows, MOST, replace=False)
    return task.only(rows)


def stratified_folds(labels: np.ndarray, count: int) -> np.ndarray:
    """Deals the images of each class out to the folds in turn, shuffled; images of one set of labels are a class.

    Args:
        labels: int64 (n,) or bool (n, K).
        count: The number of folds.

    Returns:
        int64 (n,), from 0; the folds' sizes differ by one at most.
    """
    strata = labels if labels.ndim == 1 else np.unique(labels, axis=0, return_inverse=True)[1]
    order = np.lexsort((np.random.default_rng(0).random(len(strata)), strata))
    folds = np.empty(len(strata), np.int64)
    folds[order] = np.arange(len(strata)) % count
    return folds


def _gains(task: Task, mine: Details, others: dict[str, Details]) -> list[Gain]:
    metric, count = task.metric, len(task.labels)

    def differences(rows: np.ndarray | slice) -> list[float]:
        value = metric.value(*(part[rows] for part in mine))
        return [metric.sign * (value - metric.value(*(part[rows] for part in other))) for other in others.values()]

    values = differences(slice(None))
    size = min(count, MOST)  # fewer images scatter more, by the root of their share
    ends = np.array(bootstrap(lambda rows: differences(rows[:size]), count, metric.draws))
    low, high = (values + (ends - values) * np.sqrt(size / count)).tolist()
    return [Gain(*row) for row in zip(others, values, low, high, strict=True)]

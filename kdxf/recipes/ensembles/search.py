"""Search for the weights of an ensemble: none below 0, their sum 1. U units.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble selection from libraries of models", ICML 2004, with
replacement: a model may be picked again, which raises its weight.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.optimize import minimize

from kdxf.errors import UserError
from kdxf.recipes.ensembles.members import Unit
from kdxf.recipes.ensembles.task import Task, read_task
from kdxf.recipes.ensembles.weights import Report, judge

_PICKS_PER_MEMBER = 5


def select_greedily(task: Task, members: int) -> np.ndarray:
    """Pick models one after the other, each time the one with which the mean of all picks is best.

    After ``members`` different models only these are picked again. The result is the first of the best stages.

    Args:
        task: Models, labels, mean and metric.
        members: The maximum number of different models.

    Returns:
        float64 (U,): how often each was picked, divided by the number of picks.
    """
    counts = np.zeros(len(task.names))
    total = np.zeros_like(task.stack[0])
    best, best_loss = counts, np.inf
    for picks in range(1, _PICKS_PER_MEMBER * members + 1):
        open_to = np.flatnonzero(counts) if np.count_nonzero(counts) == members else np.arange(len(counts))
        losses = [task.loss(task.leave((total + task.stack[index]) / np.float32(picks))) for index in open_to]
        pick, loss = open_to[int(np.argmin(losses))], min(losses)
        total += task.stack[pick]
        counts[pick] += 1
        if loss < best_loss:
            best, best_loss = counts / picks, loss
    return best


_NEGLIGIBLE = 1e-3  # smaller weights become 0
_DELTA = 1e-3  # step of the numeric gradient; scores are float32
_STEPS = 2 * [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64]  # changes of a weight to try


def fit_weights(task: Task) -> np.ndarray:
    """Find the weights with the best metric.

    Log-loss is smooth, and convex for the arithmetic mean, so sequential quadratic programming finds its weights. The
    other metrics are step functions without a gradient, so a search changes one weight at a time, by ever smaller
    steps. The result is used only if it is better than the equal mean and than each unit alone.

    Args:
        task: Units, labels, mean and metric.

    Returns:
        float64 (U,).
    """
    count = len(task.names)
    equal = np.full(count, 1 / count)
    find = _descend if task.metric.name == "log-loss" else _search
    fitted = _tidy(find(task, equal))
    losses = [task.loss(task.mix(equal)), task.loss(task.mix(fitted))]
    losses += [task.loss(task.alone(unit)) for unit in range(count)]
    return [equal, fitted, *np.eye(count)][int(np.argmin(losses))]


def _tidy(weights: np.ndarray) -> np.ndarray:
    weights = np.where(weights < _NEGLIGIBLE, 0.0, weights)
    return weights / weights.sum()


def _descend(task: Task, start: np.ndarray) -> np.ndarray:
    """Minimize by gradient descent; each component of a gradient costs one unit's scores, not those of all."""

    def loss(total: np.ndarray) -> float:
        return task.loss(task.leave(total))

    def gradient(weights: np.ndarray) -> np.ndarray:
        total = task.total(weights)
        losses = [loss(total + _DELTA * scores) for scores in task.stack]
        return (np.array(losses) - loss(total)) / _DELTA

    result = minimize(
        lambda weights: loss(task.total(weights)),
        start,
        jac=gradient,
        method="SLSQP",
        bounds=[(0, 1)] * len(start),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"ftol": 1e-7},
    )
    return result.x


def _search(task: Task, weights: np.ndarray) -> np.ndarray:
    """Raise or lower each weight in turn, the others in proportion, and keep improvements.

    Each trial costs one unit's scores, not those of all.
    """
    total = task.total(weights)
    best = task.loss(task.leave(total.copy()))
    for step in _STEPS:
        for unit, scores in enumerate(task.stack):
            weight = float(weights[unit])
            lower = min(step, weight / max(1 - weight, step))  # a weight must not become negative
            for share in filter(None, (step, -lower)):
                loss = task.loss(task.leave(_toward(scores, total, share)))
                if loss < best:
                    best, total = loss, _toward(scores, total, share)
                    weights = _toward(np.eye(len(weights))[unit], weights, share)
                    break
    return weights


def _toward(goal: np.ndarray, start: np.ndarray, share: float) -> np.ndarray:
    return start + share * (goal - start)


def find_weights(units: Sequence[Unit], mean: str, metric: str, greedy: int | None = None) -> tuple[Report, list[str]]:
    """Find weights on labelled predictions of images that no model has seen.

    Args:
        units: Models and groups of models.
        mean: A name of :data:`~kdxf.recipes.ensembles.average.MEANS`.
        metric: A name of :data:`~kdxf.recipes.ensembles.task.METRICS`.
        greedy: The maximum number of models for :func:`select_greedily`; by default all weights are fitted with
            :func:`fit_weights`.

    Returns:
        The report with the weights, and warnings.

    Raises:
        UserError: ``greedy`` is given with groups, or see :func:`~kdxf.recipes.ensembles.task.read_task`.
    """
    if greedy and (groups := [unit.name for unit in units if len(unit.files) > 1]):
        raise UserError(f"--greedy: picks single models, and {groups[0]} is a group; give its files without --group")
    task = read_task(units, mean, metric)
    if greedy:
        report = judge(task, partial(select_greedily, members=greedy), f"greedy, at most {greedy}")
    else:
        report = judge(task, fit_weights, "fitted")
    warnings = [
        f"{file} does not say which images its model was trained on; if these are among them, the weights are worthless"
        for file in task.files_without_seen
    ]
    return report, warnings

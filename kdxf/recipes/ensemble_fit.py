"""Finds the weights of an ensemble: none below 0, their sum 1. U units."""

import numpy as np
from scipy.optimize import minimize

from kdxf.recipes.ensemble_task import Task

_TRIFLE = 1e-3  # weights below it are 0
_DELTA = 1e-3  # of the numeric gradient; scores are float32
_STEPS = 2 * [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64]  # by which weights are changed


def fit_weights(task: Task) -> np.ndarray:
    """Finds weights by which the metric is best.

    Log-loss is smooth, and convex for the arithmetic mean: sequential quadratic programming. The other metrics are
    steps without a gradient: a search that changes one weight at a time, by ever smaller steps. What was found is kept
    only if it is better than the equal mean, and than each unit alone.

    Args:
        task: Units, labels, mean and metric.

    Returns:
        float64 (U,).
    """
    count = len(task.names)
    equal = np.full(count, 1 / count)
    find = _descend if task.metric.name == "log-loss" else _search
    found = _tidy(find(task, equal))
    losses = [task.loss(task.mix(equal)), task.loss(task.mix(found))]
    losses += [task.loss(task.alone(unit)) for unit in range(count)]
    return [equal, found, *np.eye(count)][int(np.argmin(losses))]


def _tidy(weights: np.ndarray) -> np.ndarray:
    weights = np.where(weights < _TRIFLE, 0.0, weights)
    return weights / weights.sum()


def _descend(task: Task, start: np.ndarray) -> np.ndarray:
    """Goes down the slope; each part of a gradient costs one unit's scores, not those of all."""

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
    """Raises or lowers each weight in turn, the others in proportion; what is better stays.

    Each try costs one unit's scores, not those of all.
    """
    total = task.total(weights)
    best = task.loss(task.leave(total.copy()))
    for step in _STEPS:
        for unit, scores in enumerate(task.stack):
            weight = float(weights[unit])
            lower = min(step, weight / max(1 - weight, step))  # so that it does not fall below 0
            for share in filter(None, (step, -lower)):
                loss = task.loss(task.leave(_toward(scores, total, share)))
                if loss < best:
                    best, total = loss, _toward(scores, total, share)
                    weights = _toward(np.eye(len(weights))[unit], weights, share)
                    break
    return weights


def _toward(goal: np.ndarray, start: np.ndarray, share: float) -> np.ndarray:
    return start + share * (goal - start)

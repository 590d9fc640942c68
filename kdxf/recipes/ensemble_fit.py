"""Finds the weights of an ensemble with SciPy: none below 0, their sum 1. U units."""

import numpy as np
from scipy.optimize import direct, minimize

from kdxf.recipes.ensemble_task import Task

_TRIFLE = 1e-3  # weights below it are 0
_STEP = 1e-3  # of the numeric gradient; scores are float32
_TRIES_PER_UNIT = 50


def fit_weights(task: Task, rows: np.ndarray) -> np.ndarray:
    """Finds weights by which the metric is best on some images.

    Log-loss is smooth, and convex for the arithmetic mean: sequential quadratic programming. The other metrics are
    steps without a gradient: DIRECT, a global search that divides rectangles (Jones, Perttunen and Stuckman 1993). What
    was found is kept only if it is better than the equal mean, and than each unit alone.

    Args:
        task: Units, labels, mean and metric.
        rows: Indices of the images to look at.

    Returns:
        float64 (U,).
    """
    count = len(task.names)
    equal = np.full(count, 1 / count)
    found = _descend(task, rows, equal) if task.metric.name == "log-loss" else _search(task, rows, count)
    candidates = [equal, _tidy(found), *np.eye(count)]
    losses = [task.loss(task.mix(weights), rows) for weights in candidates]
    return candidates[int(np.argmin(losses))]


def _tidy(weights: np.ndarray) -> np.ndarray:
    weights = np.where(weights < _TRIFLE, 0.0, weights)
    return weights / weights.sum()


def _descend(task: Task, rows: np.ndarray, start: np.ndarray) -> np.ndarray:
    result = minimize(
        lambda weights: task.loss(task.mix(weights), rows),
        start,
        method="SLSQP",
        bounds=[(0, 1)] * len(start),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"eps": _STEP, "ftol": 1e-7},
    )
    return result.x


def _search(task: Task, rows: np.ndarray, count: int) -> np.ndarray:
    """Searches the cube of all weights, whose sum does not matter."""
    result = direct(
        lambda free: task.loss(task.mix(free / free.sum()), rows),
        [(_TRIFLE, 1)] * count,
        maxfun=_TRIES_PER_UNIT * count,
        vol_tol=0,
    )
    return result.x / result.x.sum()

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
from kdxf.recipes.ensembles.times import Times
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


def select_within(task: Task, times: Times, limit: float) -> np.ndarray:
    """Pick models whose equal mean is best and takes at most so long.

    Each model that fits into the limit is joined by others, one after the other: each time by the one that gains most
    per millisecond that it adds, while one fits and gains anything. The best of these ends is the result. Starting with
    the most accuracy per millisecond alone would favour the fastest model, whatever it is worth.

    Args:
        task: Models, labels, mean and metric.
        times: What they cost.
        limit: Milliseconds per image.

    Returns:
        float64 (U,): equal weights of those that are picked.

    Raises:
        UserError: No model fits.
    """
    starts = [chosen for chosen in np.eye(len(task.names), dtype=bool) if times.of(chosen) <= limit]
    if not starts:
        fastest = min(times.of(chosen) for chosen in np.eye(len(task.names), dtype=bool))
        raise UserError(f"--limit-ms {limit:g}: no model takes so little; the fastest takes {fastest:.4g} ms per image")
    ends = [_join_while_it_gains(task, times, limit, chosen) for chosen in starts]
    best, _ = min(ends, key=lambda end: (end[1], times.of(end[0])))
    return best / best.sum()


def _join_while_it_gains(task: Task, times: Times, limit: float, chosen: np.ndarray) -> tuple[np.ndarray, float]:
    """Return which models are chosen in the end, bool (U,), and the loss of their mean."""
    total, loss = task.total(chosen.astype(float)), task.loss(task.mix(chosen / chosen.sum()))
    while True:
        best: tuple[float, float, np.ndarray] | None = None
        for index in np.flatnonzero(~chosen):
            joined = chosen.copy()
            joined[index] = True
            if times.of(joined) > limit:
                continue
            mean_loss = task.loss(task.leave((total + task.stack[index]) / np.float32(joined.sum())))
            per_millisecond = (loss - mean_loss) / max(times.of(joined) - times.of(chosen), 1e-9)
            if mean_loss < loss and (best is None or per_millisecond > best[0]):
                best = per_millisecond, mean_loss, joined
        if best is None:
            return chosen, loss
        total = total + task.stack[np.flatnonzero(best[2] & ~chosen)[0]]
        _, loss, chosen = best


def left_out(times: Times, limit: float, weights: np.ndarray) -> str:
    """Say what the picked models cost, which others have no room beside them, and which would gain nothing.

    Args:
        times: What models cost.
        limit: Milliseconds per image.
        weights: Of the picked ones above 0, float (U,).
    """
    chosen = weights > 0
    too_slow: list[str] = []
    useless: list[str] = []
    for index in np.flatnonzero(~chosen).tolist():
        alone = np.zeros_like(chosen)
        alone[index] = True
        fits = times.of(chosen | alone) <= limit
        (useless if fits else too_slow).append(f"{times.names[index]} ({times.of(alone):.4g} ms)")
    lines = [f"of {limit:g} ms, {times.describe(chosen)}"]
    lines += [f"left out for time: {', '.join(too_slow)}"] if too_slow else []
    lines += [f"left out as they gain nothing: {', '.join(useless)}"] if useless else []
    return "\n".join(lines)


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


def find_weights(
    units: Sequence[Unit],
    mean: str,
    metric: str,
    greedy: int | None = None,
    times: Times | None = None,
    limit: float | None = None,
) -> tuple[Report, list[str]]:
    """Find weights on labelled predictions of images that no model has seen.

    Args:
        units: Models and groups of models.
        mean: A name of :data:`~kdxf.recipes.ensembles.average.MEANS`.
        metric: A name of :data:`~kdxf.recipes.ensembles.task.METRICS`.
        greedy: The maximum number of models for :func:`select_greedily`; by default all weights are fitted with
            :func:`fit_weights`.
        times: What the units cost, for :func:`select_within`.
        limit: Milliseconds per image, with ``times``.

    Returns:
        The report with the weights, and warnings.

    Raises:
        UserError: ``greedy`` is given with groups, or see :func:`~kdxf.recipes.ensembles.task.read_task`.
    """
    if greedy and (groups := [unit.name for unit in units if len(unit.files) > 1]):
        raise UserError(f"--greedy: picks single models, and {groups[0]} is a group; give its files without --group")
    task = read_task(units, mean, metric)
    if times is not None and limit is not None:
        report = judge(task, partial(select_within, times=times, limit=limit), f"within {limit:g} ms")
    elif greedy:
        report = judge(task, partial(select_greedily, members=greedy), f"greedy, at most {greedy}")
    else:
        report = judge(task, fit_weights, "fitted")
    warnings = [
        f"{file} does not say which images its model was trained on; if these are among them, the weights are worthless"
        for file in task.files_without_seen
    ]
    return report, warnings

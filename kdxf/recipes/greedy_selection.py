"""Greedy forward selection of the models of an ensemble.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble selection from libraries of models", ICML 2004, with
replacement: a model may be picked again, which raises its weight.
"""

import numpy as np

from kdxf.recipes.ensemble_task import Task

_PICKS_PER_MEMBER = 5


def select_greedily(task: Task, members: int) -> np.ndarray:
    """Picks, one after the other, the model with which the mean of all picks is best.

    Once there are ``members`` different models only these are picked again. Of all stages the best counts, of equal
    ones the first.

    Args:
        task: Models, labels, mean and metric.
        members: How many different models there may be.

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

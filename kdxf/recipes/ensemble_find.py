"""Finds the weights of an ensemble and says what they are worth."""

from collections.abc import Sequence
from functools import partial

from kdxf.errors import UserError
from kdxf.recipes.ensemble_fit import fit_weights
from kdxf.recipes.ensemble_report import Report, judge
from kdxf.recipes.ensemble_task import read_task
from kdxf.recipes.ensemble_units import Unit
from kdxf.recipes.greedy_selection import select_greedily


def find_weights(units: Sequence[Unit], mean: str, metric: str, greedy: int | None = None) -> tuple[Report, list[str]]:
    """Finds weights on labelled predictions of images that no model has seen.

    Args:
        units: Models and groups of models.
        mean: A name of :data:`~kdxf.recipes.ensemble_means.MEANS`.
        metric: A name of :data:`~kdxf.recipes.ensemble_metrics.METRICS`.
        greedy: Picks at most so many models, see :mod:`~kdxf.recipes.greedy_selection`; by default all weights are
            fitted, see :mod:`~kdxf.recipes.ensemble_fit`.

    Returns:
        The report with the weights, and warnings.

    Raises:
        UserError: Groups are to be picked, or see :func:`~kdxf.recipes.ensemble_task.read_task`.
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
        for file in task.silent
    ]
    return report, warnings

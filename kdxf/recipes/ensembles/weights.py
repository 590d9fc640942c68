"""Files of ensemble weights, and their value on images that they were not fitted on.

Weights that are optimized on some images overestimate the ensemble on these images. So the images are divided into
folds; each fold is averaged with weights that were found on the others, and all are scored together ("held out").

All images are scored, but weights are found on at most :data:`MOST` of them, drawn at random: more take longer and
hardly change the weights (``benchmarks/ensemble.py``). n images, K classes, U units.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kdxf.errors import UserError
from kdxf.evaluation.score_files import bootstrap
from kdxf.io.predictions import read_source
from kdxf.recipes.ensembles.average import MEANS
from kdxf.recipes.ensembles.members import Unit, model_names
from kdxf.recipes.ensembles.task import Details, Task
from kdxf_runtime.io.files import write_whole
from kdxf_runtime.io.text_files import read_json_text

FOLDS = 5
MOST = 20_000

Find = Callable[[Task], np.ndarray]
"""A function that finds weights on all images of a task."""


@dataclass(frozen=True)
class Gain:
    """The improvement by the found weights, held out; above 0 is better.

    Attributes:
        over: The name of the baseline.
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
    """The found weights and their value.

    Attributes:
        metric: The metric's name.
        images: The number of images.
        weights: Unit to weight, found on all images; the sum is 1.
        scores: The metric of each unit alone, of the equal mean, and of the found weights, held out and on the images
            that they were found on.
        gains: The gains over the equal mean and over the best single unit.
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
    """Find weights on all images, and estimate their value on held-out ones.

    Args:
        task: Units, labels, mean and metric.
        find: The function that finds weights.
        label: The name of these weights in the report, such as ``fitted``.

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
    """Average each fold with weights that were found on the others; return float32 (n, K)."""
    folds = stratified_folds(task.labels, FOLDS)
    scores = np.empty_like(task.stack[0])
    for fold in range(FOLDS):
        weights = find(_at_most(task, np.flatnonzero(folds != fold)))
        scores[folds == fold] = task.only(folds == fold).mix(weights)
    return scores


def _at_most(task: Task, rows: np.ndarray) -> Task:
    """Return the task of the given images, or of :data:`MOST` random ones if there are more."""
    if len(rows) > MOST:
        rows = np.random.default_rng(0).choice(rows, MOST, replace=False)
    return task.only(rows)


def stratified_folds(labels: np.ndarray, count: int) -> np.ndarray:
    """Deal the shuffled images of each class to the folds in turn; images of one set of labels are a class.

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
    size = min(count, MOST)  # fewer images vary more, by the square root of their share
    ends = np.array(bootstrap(lambda rows: differences(rows[:size]), count, metric.draws))
    low, high = (values + (ends - values) * np.sqrt(size / count)).tolist()
    return [Gain(*row) for row in zip(others, values, low, high, strict=True)]


_ADVICE = "give a file that tools/recipes/ensemble.py --save-weights wrote"


def save_weights(
    path: Path, units: Sequence[Unit], weights: Mapping[str, float], mean: str, report: Report
) -> list[str]:
    """Write weights as JSON, with the models' names and checkpoints, and the value of the weights.

    Args:
        path: The file.
        units: Models and groups; those of weight 0 are left out.
        weights: Unit name to weight.
        mean: The mean that they were found for.
        report: The report of the search.

    Returns:
        The names of the models in the file, in its order.
    """
    names = iter(model_names([file for unit in units for file in unit.files]))
    entries: list[dict[str, Any]] = [
        {"name": unit.name, "weight": weights[unit.name], "models": [_model(file, next(names)) for file in unit.files]}
        for unit in units
    ]
    units_with_weight = [entry for entry in entries if entry["weight"]]
    note = {"mean": mean, "units": units_with_weight, "report": asdict(report)}
    write_whole(json.dumps(note, indent=2, ensure_ascii=False).encode(), path)
    return [model["name"] for entry in units_with_weight for model in entry["models"]]


def _model(file: Path, name: str) -> dict[str, Any]:
    return {"name": name, "file": str(file), "checkpoints": sorted(read_source(file).checkpoint_digests())}


def load_weights(path: Path, files: Sequence[Path]) -> tuple[list[Unit], list[float], str]:
    """Read weights, and find the same models among files of other predictions.

    Models are identified by the digests of their checkpoints, or by file names if a file does not have them.

    Args:
        path: A file written by :func:`save_weights`.
        files: One file of predictions for each model, in the order of the weights.

    Returns:
        The units, their weights, and the name of the mean.

    Raises:
        UserError: The file does not hold weights, or the predictions are of other models or in another order.
    """
    note = _read(path)
    models = [model for entry in note["units"] for model in entry["models"]]
    expected = ", ".join(model["name"] for model in models)
    if len(files) != len(models):
        raise UserError(
            f"{path}: has weights for {len(models)} models, not {len(files)}; give, in this order: {expected}"
        )
    for file, model in zip(files, models, strict=True):
        digests = read_source(file).checkpoint_digests()
        known = bool(digests and model["checkpoints"])
        if known and digests != set(model["checkpoints"]):
            raise UserError(
                f"{file}: is of other checkpoints than {model['name']}, which stands at its place in {path}; give "
                f"predictions of the same models, in this order: {expected}"
            )
        if not known and not f"/{file.absolute().with_suffix('').as_posix()}".endswith(f"/{model['name']}"):
            raise UserError(
                f"{file}: does not know its checkpoint, and is not called {model['name']}, as the model at its place "
                f"in {path}; give, in this order: {expected}"
            )
    rest = iter(files)
    units = [Unit(entry["name"], tuple(next(rest) for _ in entry["models"])) for entry in note["units"]]
    return units, [float(entry["weight"]) for entry in note["units"]], note["mean"]


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"{path}: no such file of weights; {_ADVICE}")
    note = read_json_text(path)
    if not isinstance(note, dict) or note.get("mean") not in MEANS or not _are_units(note.get("units")):
        raise UserError(f"{path}: no file of weights; {_ADVICE}")
    return note


def _are_units(units: Any) -> bool:
    """Tell whether a value is what :func:`save_weights` writes; the file may come from a stranger."""
    return isinstance(units, list) and all(
        isinstance(unit, dict)
        and isinstance(unit.get("name"), str)
        and isinstance(unit.get("weight"), int | float)
        and 0 <= unit["weight"] < math.inf
        and isinstance(unit.get("models"), list)
        and all(
            isinstance(model, dict)
            and isinstance(model.get("name"), str)
            and isinstance(model.get("checkpoints"), list)
            and all(isinstance(digest, str) for digest in model["checkpoints"])
            for model in unit["models"]
        )
        for unit in units
    )

"""Files of weights: found on validation predictions, applied to predictions of other images by the same models."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kdxf.errors import UserError
from kdxf.predictions import read_source
from kdxf.recipes.ensemble_reading import checkpoints
from kdxf.recipes.ensemble_report import Report
from kdxf.recipes.ensemble_units import Unit, model_names
from kdxf.whole_files import write_whole

_ADVICE = "give a file that tools/recipes/ensemble.py --save-weights wrote"


def save_weights(
    path: Path, units: Sequence[Unit], weights: Mapping[str, float], mean: str, report: Report
) -> list[str]:
    """Writes weights as JSON, with the models' names and checkpoints, and what the weights are worth.

    Args:
        path: The file.
        units: Models and groups; those of weight 0 are left out.
        weights: By the units' names.
        mean: The mean that they were found for.
        report: Where they come from.

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
    return {"name": name, "file": str(file), "checkpoints": sorted(checkpoints(read_source(file)))}


def load_weights(path: Path, files: Sequence[Path]) -> tuple[list[Unit], list[float], str]:
    """Reads weights, and finds the same models among files of other predictions.

    Models are told by the digests of their checkpoints; where a file does not know these, by its name.

    Args:
        path: What :func:`save_weights` wrote.
        files: One file of predictions for each model, in the order of the weights.

    Returns:
        The units, their weights, and the name of the mean.

    Raises:
        UserError: The file is no file of weights, or the predictions are of other models or in another order.
    """
    note = _read(path)
    models = [model for entry in note["units"] for model in entry["models"]]
    expected = ", ".join(model["name"] for model in models)
    if len(files) != len(models):
        raise UserError(
            f"{path}: has weights for {len(models)} models, not {len(files)}; give, in this order: {expected}"
        )
    for file, model in zip(files, models, strict=True):
        digests = checkpoints(read_source(file))
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
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); {_ADVICE}") from error
    if not isinstance(note, dict) or not {"mean", "units"} <= set(note):
        raise UserError(f"{path}: no file of weights; {_ADVICE}")
    return note

"""What an ensemble weighs: single models, or groups whose models count the same."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kdxf.errors import UserError


@dataclass(frozen=True)
class Unit:
    """A model, or a group of models whose mean is one voice.

    Attributes:
        name: The group's name; a single model's is its file's without suffix.
        files: Files of predictions (:mod:`kdxf.predictions`), one for each model.
    """

    name: str
    files: tuple[Path, ...]


def make_units(files: Sequence[Path], groups: Iterable[tuple[str, Sequence[Path]]] = ()) -> list[Unit]:
    """Names what is weighed: groups first, then each single file.

    Files of one name, such as ``fold_0/val.parquet`` and ``fold_1/val.parquet``, are told apart by their folders.

    Raises:
        UserError: There is nothing, a group is empty or has a file for its name, or a file or a name is there twice.
    """
    units = [Unit(name, tuple(members)) for name, members in groups]
    for unit in units:
        if not unit.files:
            raise UserError(f"--group {unit.name}: names no file; give NAME FILE ...")
        if unit.name.endswith(".parquet"):
            raise UserError(f"--group {unit.name}: is a file in the place of the group's name; give NAME FILE ...")
    units += [Unit(name, (file,)) for name, file in zip(model_names(files), files, strict=True)]
    everything = [file.resolve() for unit in units for file in unit.files]
    if not everything:
        raise UserError("there is nothing to average; give files of predictions, or --group NAME FILE ...")
    for file, count in Counter(everything).items():
        if count > 1:
            raise UserError(f"{file}: is given {count} times; a model counts more with a larger weight")
    for name, count in Counter(unit.name for unit in units).items():
        if count > 1:
            raise UserError(f"{count} of the models and groups are called {name!r}; give the groups other names")
    return units


def model_names(files: Sequence[Path]) -> list[str]:
    """Names files by the shortest end of their paths, without suffix, in which all differ."""
    parts = [file.absolute().with_suffix("").parts for file in files]
    depth = max(map(len, parts), default=1)
    names = (["/".join(path[-length:]) for path in parts] for length in range(1, depth + 1))
    return next((found for found in names if len(set(found)) == len(found)), [str(file) for file in files])


def parse_weights(pairs: Sequence[str], units: Sequence[Unit]) -> list[float]:
    """Reads ``NAME=WEIGHT`` for every unit.

    Args:
        pairs: As on the command line.
        units: What is weighed.

    Returns:
        One weight per unit; their sum is 1.

    Raises:
        UserError: A pair is none, names nothing, comes twice or lacks, or a weight is no number from 0.
    """
    found: dict[str, float] = {}
    for pair in pairs:
        name, _, text = pair.rpartition("=")
        try:
            weight = float(text)
        except ValueError:
            weight = math.nan
        if not name or not 0 <= weight < math.inf:
            raise UserError(f"--weights {pair}: expected NAME=WEIGHT with a number from 0, such as image=0.6")
        if name in found:
            raise UserError(f"--weights: {name} has two weights; give one")
        found[name] = weight
    return normalized(found, units)


def normalized(weights: Mapping[str, float], units: Sequence[Unit]) -> list[float]:
    """Gives the weights in the order of the units, divided by their sum.

    Raises:
        UserError: A name belongs to no unit, a unit has no weight, or all weights are 0.
    """
    names = [unit.name for unit in units]
    if unknown := [name for name in weights if name not in names]:
        raise UserError(f"--weights: there is no {unknown[0]!r}; the models and groups are {', '.join(names)}")
    if missing := [name for name in names if name not in weights]:
        raise UserError(f"--weights: no weight for {', '.join(missing)}; give one to each")
    total = sum(weights.values())
    if not total:
        raise UserError("--weights: all are 0; give one that is not")
    return [weights[name] / total for name in names]

"""State of each stage of a recipe, and whether anything that it depends on has changed."""

import os
from dataclasses import asdict, dataclass
from itertools import dropwhile, islice
from pathlib import Path

from kdxf.io.locks import is_locked
from kdxf.recipes.pipeline.recipe import Recipe, Stage
from kdxf_runtime.io.digests import content_digest, settings_digest
from kdxf_runtime.io.files import read_json, write_json


def fingerprint(stage: Stage) -> str | None:
    """Return the fingerprint of a stage: its commands, the settings of its configs, and its inputs.

    An identical copy of an input changes nothing: a file counts by its bytes, a folder by the names and bytes of its
    files, pictures in it by their sizes, as there may be a hundred thousand of them. Scripts and YAML files in the
    commands count as well. The version of kdxf does not: a release is no reason to train for days again.

    Returns:
        64 hexadecimal digits, or None while an input or a config is missing.
    """
    if missing(stage):
        return None
    return settings_digest(
        {
            "commands": stage.commands,
            "configs": {config: _settings(config) for config in configs(stage)},
            "inputs": {path: content_digest(path) for path in (*_inputs(stage), *_files(stage))},
        }
    )


def configs(stage: Stage) -> list[str]:
    """Return the configs in the commands: the Python files that come after a tool (``.py``, ``.sh``).

    The first Python file after another program, such as ``python``, is a script for it and no config.
    """
    found: set[str] = set()
    for command in stage.commands:
        after = dropwhile(lambda word: not word.endswith((".py", ".sh")), command)
        found |= {word for word in islice(after, 1, None) if word.endswith(".py")}
    return sorted(found)


def missing(stage: Stage) -> list[str]:
    """Return the inputs and configs that do not exist."""
    return [path for path in (*_inputs(stage), *configs(stage)) if not Path(path).exists()]


def _inputs(stage: Stage) -> list[str]:
    return [path for pattern in stage.inputs for path in expand(pattern)]


def _files(stage: Stage) -> list[str]:
    """Return the other existing scripts and YAML files in the commands, except outputs of the stage."""
    words = {word for command in stage.commands for word in command[1:]} - set(configs(stage))
    settings = {word for word in words if word.endswith((".py", ".yaml", ".yml")) and os.path.isfile(word)}
    outputs = set(map(Path, stage.outputs))
    return sorted(word for word in settings if outputs.isdisjoint((Path(word), *Path(word).parents)))


def _settings(config: str) -> str:
    from kdxf.engine.config import config_digest, load_config  # takes seconds, and --list should not

    return config_digest(load_config(config))


def expand(word: str) -> list[str]:
    """Return the files that match a word with ``*``, sorted; the word itself without a ``*`` or without a match."""
    if "*" not in word:
        return [word]
    return sorted(map(str, Path().glob(word) if not os.path.isabs(word) else Path("/").glob(word[1:]))) or [word]


DONE, CHANGED, STOPPED, OPEN, WAITING, RUNNING = "done", "changed", "stopped", "to do", "waits", "running"
_FOLDER = ".stages"


@dataclass(frozen=True)
class StageState:
    """The state of a stage.

    Attributes:
        stage: The stage.
        state: ``done``, ``changed`` (its commands or inputs have changed since it began), ``stopped`` (begun, and not
            finished), ``to do``, ``waits`` (for an input that is missing), or ``running``.
        seconds: Time of all its runs with the recorded fingerprint, stopped ones included; 0 before the first.
        fingerprint: Its current fingerprint; None where it waits or is running.
    """

    stage: Stage
    state: str
    seconds: float
    fingerprint: str | None = None


@dataclass
class Record:
    """Record of a stage in the recipe's work folder.

    Attributes:
        fingerprint: The fingerprint with which it began.
        seconds: Time of its runs up to now.
        finished: Whether it ended well.
        moving: Whether outputs of another fingerprint are being moved, so that nothing has run with this one.
    """

    fingerprint: str
    seconds: float = 0.0
    finished: bool = False
    moving: bool = False


def states(recipe: Recipe) -> list[StageState]:
    """Return the state of every stage."""
    return [
        StageState(stage, RUNNING, _seconds(read_record(recipe, stage)))
        if is_locked(lock_file(recipe, stage))
        else state_of(recipe, stage)
        for stage in recipe.stages
    ]


def state_of(recipe: Recipe, stage: Stage) -> StageState:
    """Return the state of a stage that is not running."""
    record = read_record(recipe, stage)
    seconds = _seconds(record)
    present = fingerprint(stage)
    if present is None:
        return StageState(stage, WAITING, seconds)
    if record is None:
        return StageState(stage, OPEN, seconds, present)
    if record.fingerprint != present:
        return StageState(stage, CHANGED, seconds, present)
    if not record.finished:
        return StageState(stage, STOPPED, seconds, present)
    complete = all(Path(output).exists() for output in stage.outputs)
    return StageState(stage, DONE if complete else OPEN, seconds, present)


def read_record(recipe: Recipe, stage: Stage) -> Record | None:
    """Read the record of a stage; None where it never began."""
    noted = read_json(_path(recipe, stage))
    return None if noted is None else Record(**noted)


def write_record(recipe: Recipe, stage: Stage, record: Record) -> None:
    """Write the record of a stage."""
    write_json(asdict(record), _path(recipe, stage))


def log_file(recipe: Recipe, stage: Stage) -> Path:
    """Return the path of the file with the output of the stage's commands."""
    return recipe.work / _FOLDER / f"{stage.name}.log"


def lock_file(recipe: Recipe, stage: Stage) -> Path:
    """Return the path of the file that is locked while the stage runs."""
    return recipe.work / _FOLDER / f"{stage.name}.lock"


def aside(recipe: Recipe, stage: Stage) -> Path:
    """Return the folder of the outputs of earlier runs with other settings."""
    return recipe.work / _FOLDER / "replaced" / stage.name


def _seconds(record: Record | None) -> float:
    return record.seconds if record else 0.0


def _path(recipe: Recipe, stage: Stage) -> Path:
    return recipe.work / _FOLDER / f"{stage.name}.json"

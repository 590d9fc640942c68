"""What each stage of a recipe has come to."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from kdxf.recipes.lock import is_locked
from kdxf.recipes.pipeline.fingerprint import fingerprint
from kdxf.recipes.pipeline.recipe import Recipe
from kdxf.recipes.pipeline.stage import Stage
from kdxf.whole_files import write_whole

DONE, CHANGED, STOPPED, OPEN, WAITING, RUNNING = "done", "changed", "stopped", "to do", "waits", "running"
_FOLDER = ".stages"


@dataclass(frozen=True)
class StageState:
    """The state of a stage.

    Attributes:
        stage: The stage.
        state: ``done``, ``changed`` (its commands or inputs are others than when it was done), ``stopped`` (begun, and
            not finished), ``to do``, ``waits`` (for an input that is missing), or ``running``.
        seconds: What it took since it started anew, with the runs that were stopped; 0 before.
        fingerprint: What it would be run with now; None where it waits or is running.
    """

    stage: Stage
    state: str
    seconds: float
    fingerprint: str | None = None


@dataclass
class Record:
    """What is written down of a stage.

    Attributes:
        fingerprint: What it was begun with.
        seconds: What it took up to now.
        finished: Whether it ended well.
        moving: Whether outputs of another fingerprint are being put aside, so that nothing has run with this one.
    """

    fingerprint: str
    seconds: float = 0.0
    finished: bool = False
    moving: bool = False


def states(recipe: Recipe) -> list[StageState]:
    """Give the state of every stage."""
    return [
        StageState(stage, RUNNING, _seconds(read_record(recipe, stage)))
        if is_locked(lock_file(recipe, stage))
        else state_of(recipe, stage)
        for stage in recipe.stages
    ]


def state_of(recipe: Recipe, stage: Stage) -> StageState:
    """Give the state of a stage that is not running."""
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
    """Read what is written down of a stage."""
    path = _path(recipe, stage)
    return Record(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def write_record(recipe: Recipe, stage: Stage, record: Record) -> None:
    """Write it down, under a temporary name first."""
    write_whole(json.dumps(asdict(record)).encode(), _path(recipe, stage))


def log_file(recipe: Recipe, stage: Stage) -> Path:
    """Name the file that gets what the stage's commands print."""
    return recipe.work / _FOLDER / f"{stage.name}.log"


def lock_file(recipe: Recipe, stage: Stage) -> Path:
    """Name the file that is locked while the stage runs."""
    return recipe.work / _FOLDER / f"{stage.name}.lock"


def aside(recipe: Recipe, stage: Stage) -> Path:
    """Name the folder of the outputs that were there before the stage started anew."""
    return recipe.work / _FOLDER / "replaced" / stage.name


def _seconds(record: Record | None) -> float:
    return record.seconds if record else 0.0


def _path(recipe: Recipe, stage: Stage) -> Path:
    return recipe.work / _FOLDER / f"{stage.name}.json"

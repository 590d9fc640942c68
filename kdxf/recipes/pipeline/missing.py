"""Says what a stage lacks, and where it should come from."""

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from kdxf.errors import UserError
from kdxf.recipes.lock import is_locked
from kdxf.recipes.pipeline.fingerprint import configs, missing
from kdxf.recipes.pipeline.recipe import Recipe
from kdxf.recipes.pipeline.stage import Stage
from kdxf.recipes.pipeline.state import DONE, lock_file, read_record, state_of


def check_data(recipe: Recipe, stages: Sequence[Stage]) -> None:
    """Check that everything is there that no stage makes, before the first one takes hours.

    Raises:
        UserError: A config or some data is missing.
    """
    for stage in stages:
        for path in missing(stage):
            if not _makers(recipe, stage, path):
                raise UserError(why_waiting(recipe, stage, path))


def check_makers(recipe: Recipe, stage: Stage) -> None:
    """Check that no input of a stage is still being made, or was left half-made.

    Raises:
        UserError: It is.
    """
    for path in stage.inputs:
        for maker, _ in _makers(recipe, stage, path):
            record = read_record(recipe, maker)
            if is_locked(lock_file(recipe, maker)):
                raise UserError(
                    f"the stage {stage.name} needs {path} of the stage {maker.name}, which another process is at; wait "
                    "for its end"
                )
            if record is not None and not record.finished:
                raise UserError(
                    f"the stage {stage.name} needs {path} of the stage {maker.name}, which was stopped; run that first"
                )


def why_waiting(recipe: Recipe, stage: Stage, path: str) -> str:
    """Say what to do about an input or a config of a stage, which does not exist."""
    lacks = f"the stage {stage.name} needs {path}, which does not exist"
    makers = _makers(recipe, stage, path)
    if not makers and path in configs(stage):
        return f"{lacks}; correct {recipe.file}, or run it in the folder that its paths start from"
    if not makers:
        return f"{lacks}, and no stage before makes it: put it there, as the first lines of {recipe.file} say"
    maker, output = makers[-1]
    if state_of(recipe, maker).state == DONE:
        return f"{lacks}, although the stage {maker.name} is done: move {output} away, so that it is made again"
    return f"{lacks}; run the stage {maker.name} first"


def _makers(recipe: Recipe, stage: Stage, path: str) -> list[tuple[Stage, str]]:
    """Give the stages before this one that make a file or folder, or something in it; and their outputs that do."""
    before = recipe.stages[: recipe.stages.index(stage)]
    return [(one, output) for one in before for output in one.outputs if _is_made(path, output)]


def _is_made(path: str, output: str) -> bool:
    one, other = Path(path), Path(output)
    return one == other or other in one.parents or one in other.parents or fnmatch(output, path)

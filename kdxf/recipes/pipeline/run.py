"""Running of the stages of a recipe that are not done."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from itertools import count
from pathlib import Path

from kdxf.errors import UserError
from kdxf.io.locks import is_locked, lock
from kdxf.recipes.pipeline.recipe import Recipe, Stage
from kdxf.recipes.pipeline.state import (
    DONE,
    Record,
    StageState,
    aside,
    configs,
    expand,
    lock_file,
    log_file,
    missing,
    read_record,
    state_of,
    states,
    write_record,
)


def check_data(recipe: Recipe, stages: Sequence[Stage]) -> None:
    """Check that all data exist that no stage makes, before the first stage takes hours.

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
    """Return the earlier stages that make a file or folder, or part of it, each with the output that does."""
    before = recipe.stages[: recipe.stages.index(stage)]
    return [(one, output) for one in before for output in one.outputs if _is_made(path, output)]


def _is_made(path: str, output: str) -> bool:
    one, other = Path(path), Path(output)
    return one == other or other in one.parents or one in other.parents or fnmatch(output, path)


def existing(outputs: tuple[str, ...]) -> list[Path]:
    """Return the outputs that exist, folders before their contents."""
    return sorted(Path(output) for output in outputs if os.path.lexists(output))


def clear(folder: Path) -> None:
    """Remove the folder of the outputs that were put aside last time."""
    if folder.is_dir():
        shutil.rmtree(folder)


def put_aside(outputs: tuple[str, ...], work: Path, folder: Path) -> list[Path]:
    """Move the outputs that exist into a folder, where they keep their paths below ``work``.

    It only renames, and never onto an existing path.

    Returns:
        The old paths of what was moved.

    Raises:
        UserError: A file or folder cannot be moved, such as onto another file system.
    """
    moved = []
    for output in existing(outputs):
        if not os.path.lexists(output):
            continue  # it was moved with its folder
        target = _free(folder / output.relative_to(work))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(output, target)
        except OSError as error:
            raise UserError(
                f"{output} is of an earlier run and cannot be moved to {target}: {error.strerror}; move it away"
            ) from error
        moved.append(output)
    return moved


def _free(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.{number}") if number else path for number in count())
    return next(name for name in names if not os.path.lexists(name))


def run_recipe(recipe: Recipe, only: Sequence[str] = (), show: Callable[[str], None] = print) -> list[StageState]:
    """Run every stage that is not done, in order.

    It may be stopped at any moment: the same call continues. A stage that was stopped, or lost an output, is run again
    with what it has written, which its commands should continue or replace. One whose commands or inputs have changed
    since it began starts from scratch; its existing outputs are moved to ``.stages/replaced`` in the work folder, and
    kept there until newer results are finished.

    Args:
        recipe: The recipe.
        only: Names of stages; none is all. So several machines can share the stages.
        show: Called with a line at the start and the end of each stage.

    Returns:
        The states of all stages afterwards.

    Raises:
        UserError: A stage fails, an input is missing or not finished, a stage of ``only`` does not exist, or a stage is
            running already.
    """
    names = [stage.name for stage in recipe.stages]
    if unknown := [name for name in only if name not in names]:
        raise UserError(f"recipe {recipe.file} has no stage {unknown[0]!r}, only {', '.join(names)}")
    chosen = [stage for stage in recipe.stages if not only or stage.name in only]
    check_data(recipe, chosen)
    for stage in chosen:
        with lock(lock_file(recipe, stage)) as held:
            if held is None:
                raise UserError(f"the stage {stage.name} of {recipe.file} runs already, in another process")
            status = state_of(recipe, stage)
            if status.state == DONE:
                show(f"{stage.name}: done before")
            else:
                _run_stage(recipe, status, held, show)
    return states(recipe)


def table(stage_states: Sequence[StageState]) -> str:
    """Format the states as lines: stage, state, minutes."""
    width = max(len(item.stage.name) for item in stage_states)
    lines = [
        f"{item.stage.name:<{width}}  {item.state:<8}  {item.seconds / 60:7.1f} min".rstrip()
        if item.seconds
        else f"{item.stage.name:<{width}}  {item.state}"
        for item in stage_states
    ]
    return "\n".join(lines)


def _run_stage(recipe: Recipe, status: StageState, held: int, show: Callable[[str], None]) -> None:
    stage = status.stage
    if status.fingerprint is None:
        raise UserError(why_waiting(recipe, stage, missing(stage)[0]))
    check_makers(recipe, stage)
    record = _begin(recipe, stage, status.fingerprint, show)
    show(f"{stage.name}: runs, log in {log_file(recipe, stage)}")
    start = time.monotonic()
    try:
        _run_commands(recipe, stage, held)
    finally:
        record.seconds += time.monotonic() - start
        write_record(recipe, stage, record)
    if absent := [output for output in stage.outputs if not Path(output).exists()]:
        raise UserError(f"the stage {stage.name} ended without {absent[0]}; correct its outputs in {recipe.file}")
    record.finished = True
    write_record(recipe, stage, record)
    show(f"{stage.name}: done in {record.seconds / 60:.1f} min")


def _begin(recipe: Recipe, stage: Stage, fingerprint: str, show: Callable[[str], None]) -> Record:
    """Record that the stage has begun, after outputs of other settings were moved away.

    The record first says that outputs are being moved. If the process is killed then, the next run moves the rest into
    the same folder, and does not mistake what is already in it for the results of an older run.
    """
    record = read_record(recipe, stage)
    if record is None or record.moving or record.fingerprint != fingerprint:
        folder = aside(recipe, stage)
        if existing(stage.outputs) and record and record.finished:
            clear(folder)  # of older results; unfinished ones do not replace finished ones
        record = Record(fingerprint, moving=True)
        write_record(recipe, stage, record)
        if moved := put_aside(stage.outputs, recipe.work, folder):
            names = ", ".join(map(str, moved))
            show(f"{stage.name}: starts anew; {names} moved to {folder}, and kept until finished results come after")
    record.finished = record.moving = False
    write_record(recipe, stage, record)
    return record


def _run_commands(recipe: Recipe, stage: Stage, held: int) -> None:
    log = log_file(recipe, stage)
    with open(log, "a", encoding="utf-8") as output:
        start = output.tell()
        for command in stage.commands:
            words = [expanded for word in command for expanded in expand(word)]
            if words[0].endswith(".py"):
                words.insert(0, sys.executable)
            output.write(f"$ {shlex.join(words)}\n")
            output.flush()
            try:  # a tool that outlives this process keeps the lock
                status = subprocess.run(
                    words, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, pass_fds=(held,)
                ).returncode
            except OSError as error:
                raise UserError(
                    f"the stage {stage.name} of {recipe.file} cannot run {words[0]}: {error.strerror}; install it, or "
                    "correct the command"
                ) from error
            if status:
                raise UserError(
                    f"the stage {stage.name} failed with status {status}: {_last_error(log, start)}; the whole output "
                    f"is in {log}"
                )


def _last_error(log: Path, start: int) -> str:
    """Return the last error in a log; the part before ``start`` belongs to earlier runs of the stage."""
    text = log.read_bytes()[start:].decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    return (errors or lines)[-1].removeprefix("error: ")

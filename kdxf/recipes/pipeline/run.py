"""Runs the stages of a recipe that are not done."""

import fcntl
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kdxf.errors import UserError
from kdxf.recipes.pipeline.fingerprint import expand
from kdxf.recipes.pipeline.recipe import Recipe, Stage
from kdxf.recipes.pipeline.state import DONE, Record, StageState, log_file, read_record, state_of, states, write_record


def run_recipe(recipe: Recipe, only: Sequence[str] = (), show: Callable[[str], None] = print) -> list[StageState]:
    """Run every stage that is not done, in order.

    It may be stopped at any moment: the same call goes on. A stage that was stopped is run again with what it has
    written, from which the tools go on; one whose commands or inputs have changed since it was begun starts anew, its
    outputs removed.

    Args:
        recipe: The recipe.
        only: Names of stages; none is all. So several machines may share the folds out among them.
        show: Gets a line at the start and the end of each stage.

    Returns:
        The states of all stages afterwards.

    Raises:
        UserError: A stage fails, an input is missing, a stage of ``only`` does not exist, or the recipe runs already.
    """
    names = [stage.name for stage in recipe.stages]
    if unknown := [name for name in only if name not in names]:
        raise UserError(f"recipe {recipe.file} has no stage {unknown[0]!r}, only {', '.join(names)}")
    chosen = [stage for stage in recipe.stages if not only or stage.name in only]
    for stage in chosen:
        with _lock(recipe, stage) as lock:
            found = state_of(recipe, stage)
            if found.state == DONE:
                show(f"{stage.name}: done before")
            else:
                _run_stage(recipe, found, lock, show)
    return states(recipe)


def table(found: Sequence[StageState]) -> str:
    """Lay the states out as lines: stage, state, minutes."""
    width = max(len(item.stage.name) for item in found)
    lines = [
        f"{item.stage.name:<{width}}  {item.state:<8}  {item.seconds / 60:7.1f} min".rstrip()
        if item.seconds
        else f"{item.stage.name:<{width}}  {item.state}"
        for item in found
    ]
    return "\n".join(lines)


def _run_stage(recipe: Recipe, found: StageState, lock: int, show: Callable[[str], None]) -> None:
    stage, present = found.stage, found.fingerprint
    if present is None:
        missing = next(path for name in stage.inputs for path in expand(name) if not Path(path).exists())
        raise UserError(f"the stage {stage.name} needs {missing}, which does not exist; run the stages before it")
    record = read_record(recipe, stage)
    if record is None or record.fingerprint != present or record.finished:
        for output in stage.outputs:
            _remove(Path(output))
        record = Record(present)
    write_record(recipe, stage, record)
    show(f"{stage.name}: runs, log in {log_file(recipe, stage)}")
    start = time.monotonic()
    try:
        _run_commands(recipe, stage, lock)
    finally:
        record.seconds += time.monotonic() - start
        write_record(recipe, stage, record)
    if absent := [output for output in stage.outputs if not Path(output).exists()]:
        raise UserError(f"the stage {stage.name} ended without {absent[0]}; correct its outputs in {recipe.file}")
    record.finished = True
    write_record(recipe, stage, record)
    show(f"{stage.name}: done in {record.seconds / 60:.1f} min")


def _run_commands(recipe: Recipe, stage: Stage, lock: int) -> None:
    log = log_file(recipe, stage)
    with open(log, "a", encoding="utf-8") as output:
        start = output.tell()
        for command in stage.commands:
            words = [expanded for word in command for expanded in expand(word)]
            if words[0].endswith(".py"):
                words.insert(0, sys.executable)
            output.write(f"$ {shlex.join(words)}\n")
            output.flush()
            # A tool that outlives this process, killed, keeps the lock.
            status = subprocess.run(
                words, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, pass_fds=(lock,)
            ).returncode
            if status:
                raise UserError(
                    f"the stage {stage.name} failed with status {status}: {_last_error(log, start)}; the whole output "
                    f"is in {log}"
                )


def _last_error(log: Path, start: int) -> str:
    """Give what the last tool says that is wrong; the log before ``start`` is of runs that were stopped or failed."""
    text = log.read_bytes()[start:].decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    return (errors or lines)[-1].removeprefix("error: ")


def _remove(output: Path) -> None:
    if output.is_dir() and not output.is_symlink():
        shutil.rmtree(output)
    else:
        output.unlink(missing_ok=True)


@contextmanager
def _lock(recipe: Recipe, stage: Stage) -> Iterator[int]:
    """Keep a second run of the recipe off the stage; the lock goes with the process and its tool, however they end."""
    path = log_file(recipe, stage).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(f"the stage {stage.name} of {recipe.file} runs already, in another process") from error
        yield file.fileno()

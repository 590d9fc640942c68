"""Reads a recipe: a Python or YAML file that names its stages, their commands, inputs and outputs."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from kdxf.errors import UserError

_STAGE_KEYS = {"name", "run", "inputs", "outputs"}


@dataclass(frozen=True)
class Stage:
    """One step of a recipe.

    Attributes:
        name: Stands in the table, and names the stage's log.
        commands: Run one after the other; each is a list of words, the first of which is a tool.
        inputs: Files and folders that the result depends on. Config files among the words need not be named.
        outputs: Files and folders that it makes, all below the recipe's ``work``.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """Stages in their order.

    Attributes:
        file: Where it was read from.
        work: Folder of everything that the stages make.
        stages: The stages.
    """

    file: Path
    work: Path
    stages: tuple[Stage, ...]


def read_recipe(path: str | Path, *, smoke: bool = False, values: Mapping[str, str] | None = None) -> Recipe:
    """Read a recipe.

    It is a Python or YAML file with ``stages``, a list of ``dict(name, run, inputs, outputs)``, with ``work``, the
    folder of all outputs, and with any other values. ``run`` is a command or a list of commands; ``{name}`` in a
    command, an input or an output stands for the value of that name; so it does in a value, for those before it in the
    file. ``smoke`` holds the values of a small trial.

    Args:
        path: The file.
        smoke: Take the values of ``smoke``.
        values: Replace values, after ``smoke``.

    Raises:
        UserError: The file is missing or cannot be read, a stage lacks something or has something unknown, two have
            one name, a value is not known, or an output lies outside ``work``.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"recipe {path} does not exist; give a file such as configs/recipes/xfyun_ad/pipeline.py")
    try:
        content = Config.fromfile(path, lazy_import=False).to_dict()
    except Exception as error:
        raise UserError(f"recipe {path} cannot be read: {type(error).__name__}: {error}") from error
    stages, small = content.pop("stages", None), content.pop("smoke", None)
    if not stages or "work" not in content:
        raise UserError(f"recipe {path}: it needs stages = [...] and work = 'FOLDER'")
    if smoke:
        if small is None:
            raise UserError(f"recipe {path} has no smoke = dict(...) for a small trial")
        content |= _known(small, content, path, "smoke")
    content |= _known(values or {}, content, path, "--set")
    content = _filled(content, path)
    work = Path(content["work"])
    read = tuple(_stage(stage, content, work, path) for stage in stages)
    names = [stage.name for stage in read]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"recipe {path}: two stages are called {twice[0]!r}")
    return Recipe(path, work, read)


def _known(values: Mapping[str, Any], content: Mapping[str, Any], path: Path, source: str) -> dict[str, Any]:
    for name in values:
        if name not in content:
            known = ", ".join(sorted(content))
            raise UserError(f"recipe {path}: {source} names {name!r}, which the recipe does not use (it has: {known})")
    return dict(values)


def _stage(stage: Mapping[str, Any], values: Mapping[str, Any], work: Path, path: Path) -> Stage:
    name = stage.get("name")
    if not name or "run" not in stage or not stage.get("outputs"):
        raise UserError(f"recipe {path}: the stage {name!r} needs name, run and outputs")
    if "/" in name:
        raise UserError(f"recipe {path}: the stage {name!r} has a slash in its name, which names its log file")
    if unknown := sorted(set(stage) - _STAGE_KEYS):
        raise UserError(f"recipe {path}: the stage {name!r} has unknown keys: {', '.join(unknown)}")

    def fill(text: str) -> str:
        return _fill(text, values, path, f"stage {name!r}")

    commands = [stage["run"]] if isinstance(stage["run"], str) else stage["run"]
    outputs = tuple(map(fill, _list(stage["outputs"])))
    for output in outputs:
        if work not in Path(output).parents or ".." in Path(output).relative_to(work).parts:
            raise UserError(f"recipe {path}: the stage {name!r} writes {output}, which is not below work = {work}")
    return Stage(
        name,
        tuple(_words(fill(command), path, name) for command in commands),
        tuple(map(fill, _list(stage.get("inputs", ())))),
        outputs,
    )


def _words(command: str, path: Path, name: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UserError(f"recipe {path}: the stage {name!r} has the command {command!r}: {error}") from error
    if not words:
        raise UserError(f"recipe {path}: the stage {name!r} has an empty command")
    return words


def _filled(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Put values into the values that stand behind them."""
    filled: dict[str, Any] = {}
    for name, value in content.items():
        filled[name] = _fill(value, filled, path, f"value {name!r}") if isinstance(value, str) else value
    return filled


def _fill(text: str, values: Mapping[str, Any], path: Path, where: str) -> str:
    try:
        return text.format_map(values)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise UserError(f"recipe {path}: the {where} has {text!r}, whose {error} has no value") from error


def _list(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value

"""One stage of a recipe, as it is written and as it is read."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdxf.errors import UserError

EXAMPLE = "dict(name='train', run='tools/train.py CONFIG', inputs='{data}/train', outputs='{work}/model')"
_KEYS = {"name", "run", "inputs", "outputs"}


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


def read_stage(written: Any, number: int, work: Path, fill: Callable[[str, str], str], recipe: str) -> Stage:
    """Read what a recipe says of a stage.

    Args:
        written: Its ``dict(name, run, inputs, outputs)``. Inputs that are empty texts are left out.
        number: Which stage of the recipe it is, from 1.
        work: The folder of all outputs.
        fill: Puts the values into a text; the second argument says whose text it is.
        recipe: Stands in messages.

    Raises:
        UserError: It is no dict, lacks something, has something unknown or of the wrong kind, an output lies outside
            ``work``, or a command is cut at a space in a path.
    """
    where = f"{recipe}: stage {number}"
    if not isinstance(written, Mapping):
        raise UserError(f"{where} is {written!r}; write {EXAMPLE}")
    name = written.get("name")
    if name is not None and not isinstance(name, str):
        raise UserError(f"{where} has name = {name!r}; write a text, such as name='train'")
    where = f"{recipe}: the stage {name!r}" if name else where
    if not name or not written.get("run") or not written.get("outputs"):
        raise UserError(f"{where} needs name, run and outputs, as in {EXAMPLE}")
    if "/" in name:
        raise UserError(f"{where} has a slash in its name, which names its log file")
    if unknown := sorted(map(str, set(written) - _KEYS)):
        raise UserError(f"{where} has unknown keys: {', '.join(unknown)}")
    texts = {key: _texts(key, written.get(key, ()), where) for key in ("run", "inputs", "outputs")}
    read = {key: tuple(fill(text, where) for text in found) for key, found in texts.items()}
    for output in read["outputs"]:
        if work not in Path(output).parents or ".." in Path(output).relative_to(work).parts:
            raise UserError(f"{where} writes {output}, which is not below work = {work}")
    commands = tuple(_words(command, where) for command in read["run"])
    for path in (*read["inputs"], *read["outputs"]):
        _check_spaces(path, read["run"], commands, where)
    return Stage(name, commands, tuple(filter(None, read["inputs"])), read["outputs"])


def _texts(key: str, value: Any, where: str) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        kind = "a command or a list of commands" if key == "run" else "a path or a list of paths"
        raise UserError(f"{where} has {key} = {value!r}; write {kind}, as in {EXAMPLE}")
    return list(texts)


def _words(command: str, where: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UserError(f"{where} has the command {command!r}: {error}") from error
    if not words:
        raise UserError(f"{where} has an empty command")
    return words


def _check_spaces(path: str, texts: Sequence[str], commands: Sequence[Sequence[str]], where: str) -> None:
    spaced = re.match(r".*\s[^/]*", path)  # up to the last folder with a space in its name, or the file
    for text, words in zip(texts, commands, strict=True):
        if spaced and spaced[0] in text and not any(spaced[0] in word for word in words):
            raise UserError(
                f"{where} has the command {text!r}, which is cut at the space in {spaced[0]!r}; put quotes around the "
                "value in the recipe, or give the folder or file a name without spaces, or a link of such a name"
            )

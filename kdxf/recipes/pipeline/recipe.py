"""Recipes: Python or YAML files that name their stages with commands, inputs and outputs."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

from kdxf.errors import UserError
from kdxf.io.config_files import read_config


def replaced(values: Mapping[str, Any], new: Mapping[str, Any], recipe: str, source: str) -> dict[str, Any]:
    """Return the values, some of them replaced.

    A text in the place of a list of words is cut into words as in a shell.

    Args:
        values: The values, in the order of the file.
        new: New values for some of them.
        recipe: The recipe's name in messages.
        source: Name of the source of the new values in messages.

    Raises:
        UserError: A new value has a name that the recipe does not use, or a text in the place of a list has an open
            quote.
    """
    for name in new:
        if name not in values:
            known = ", ".join(sorted(values))
            raise UserError(f"{recipe}: {source} names {name!r}, which the recipe does not use (it has: {known})")
    words = {
        name: list(_words(value, f"{recipe}: {source} {name}"))
        for name, value in new.items()
        if isinstance(values[name], list) and isinstance(value, str)
    }
    return {**values, **new, **words}


def filled(values: Mapping[str, Any], recipe: str) -> dict[str, Any]:
    """Insert values into the values that come after them.

    Raises:
        UserError: A value names one that does not come before it.
    """
    done: dict[str, Any] = {}
    for name, value in values.items():
        where = f"{recipe}: the value {name!r}"
        if isinstance(value, str):
            value = fill(value, done, where)
        elif isinstance(value, list) and all(isinstance(word, str) for word in value):
            value = fill_words(value, done, where)
        done[name] = value
    return done


def fill_words(words: Sequence[str], values: Mapping[str, Any], where: str) -> list[str]:
    """Insert values into the words of a command, each of which stays one word, whatever is in its value.

    A word that is nothing but the name of a list, such as ``{options}``, becomes the words of the list.

    Raises:
        UserError: See :func:`fill`.
    """
    filled: list[str] = []
    for word in words:
        name = word[1:-1] if word[:1] == "{" and word[-1:] == "}" else ""
        chosen = values.get(name)
        filled += map(str, chosen) if isinstance(chosen, list) else [fill(word, values, where)]
    return filled


def fill(text: str, values: Mapping[str, Any], where: str) -> str:
    """Insert values into a text; ``{{`` is a brace.

    Raises:
        UserError: The text names a value that does not exist, or a list, or has a single brace. The message begins
            with ``where``.
    """
    try:
        filled = text.format_map(values)
    except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
        raise UserError(f"{where} has {text!r}, whose {error} has no value") from error
    for _, name, _, _ in Formatter().parse(text):
        if isinstance(values.get(name or ""), list):
            raise UserError(f"{where} has {text!r}; {{{name}}} is a list of words, which must stand alone as a word")
    return filled


EXAMPLE = "dict(name='train', run='tools/train.py CONFIG', inputs='{data}/train', outputs='{work}/model')"
_KEYS = {"name", "run", "inputs", "outputs"}


@dataclass(frozen=True)
class Stage:
    """One step of a recipe.

    Attributes:
        name: Its name in the table and of its log.
        commands: Commands in order; each is a list of words, the first of which is a tool.
        inputs: Files and folders that the result depends on. Config files in the commands need not be named.
        outputs: Files and folders that the stage makes, all below the recipe's ``work``.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_stage(written: Any, number: int, work: Path, values: Mapping[str, Any], recipe: str) -> Stage:
    """Read a stage of a recipe.

    Args:
        written: Its ``dict(name, run, inputs, outputs)``. Inputs that are empty texts are left out.
        number: Which stage of the recipe it is, from 1.
        work: The folder of all outputs.
        values: What ``{name}`` stands for. In a command it stays one word; a list is as many words as it has.
        recipe: The recipe's name in messages.

    Raises:
        UserError: It is not a dict, lacks a key, has an unknown key or a wrong value, or an output is outside of
            ``work``.
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
    read = {key: tuple(fill(text, values, where) for text in texts[key]) for key in ("inputs", "outputs")}
    for output in read["outputs"]:
        if work not in Path(output).parents or ".." in Path(output).relative_to(work).parts:
            raise UserError(f"{where} writes {' '.join(output.split())}, which is not below work = {work}")
    commands = tuple(tuple(fill_words(_words(command, where), values, where)) for command in texts["run"])
    if not all(commands):
        raise UserError(f"{where} has an empty command")
    return Stage(name, commands, tuple(filter(None, read["inputs"])), read["outputs"])


def _texts(key: str, value: Any, where: str) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        kind = "a command or a list of commands" if key == "run" else "a path or a list of paths"
        raise UserError(f"{where} has {key} = {value!r}; write {kind}, as in {EXAMPLE}")
    return list(texts)


def _words(text: str, where: str) -> tuple[str, ...]:
    """Cut a text into words as a shell does: at spaces outside of quotes."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UserError(f"{where} has the command {text!r}: {error}") from error


@dataclass(frozen=True)
class Recipe:
    """A recipe with its stages in order.

    Attributes:
        file: Its file.
        work: Folder of all outputs.
        stages: The stages.
    """

    file: Path
    work: Path
    stages: tuple[Stage, ...]


def read_recipe(path: str | Path, *, smoke: bool = False, values: Mapping[str, str] | None = None) -> Recipe:
    """Read a recipe.

    It is a Python or YAML file with ``stages``, a list of ``dict(name, run, inputs, outputs)``, with ``work``, the
    folder of all outputs, and with any other values. ``run`` is a command or a list of commands; ``{name}`` in a
    command, an input or an output is replaced by the value of that name; in a value, too, if the named one comes before
    it in the file. Commands are cut into words before that, and run without a shell: a value is one word or a part of
    one, whatever characters it has; a list of texts is that many words. ``smoke`` holds the values of a small trial.

    Args:
        path: The file.
        smoke: Use the values of ``smoke``.
        values: Values that replace others, after ``smoke``.

    Raises:
        UserError: The file is missing or cannot be read, a stage cannot be used (:func:`read_stage`), two stages have
            one name, or a value is not known.
    """
    path, where = Path(path), f"recipe {path}"
    content = _content(path)
    stages, small = content.pop("stages"), content.pop("smoke", None)
    if smoke:
        if small is None:
            raise UserError(f"{where} has no smoke = dict(...) for a small trial")
        content = replaced(content, small, where, "smoke")
    content = filled(replaced(content, values or {}, where, "--set"), where)
    if not content["work"] or not isinstance(content["work"], str):
        raise UserError(f"{where}: work is {content['work']!r}; write work = 'FOLDER'")
    work = Path(content["work"])
    read = tuple(read_stage(stage, number, work, content, where) for number, stage in enumerate(stages, start=1))
    names = [stage.name for stage in read]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"{where}: two stages are called {twice[0]!r}")
    return Recipe(path, work, read)


def _content(path: Path) -> dict[str, Any]:
    """Read the file and check that it has stages, a work folder, and valid values of a small trial if any."""
    if not path.is_file():
        raise UserError(f"recipe {path} does not exist; give a file such as configs/recipes/xfyun_ad/pipeline.py")
    content = read_config(path, "recipe", lazy_import=False).to_dict()
    if not content.get("stages") or "work" not in content:
        raise UserError(f"recipe {path}: it needs stages = [...] and work = 'FOLDER'")
    if not isinstance(content["stages"], (list, tuple)):
        raise UserError(f"recipe {path}: stages is {content['stages']!r}; write stages = [{EXAMPLE}, ...]")
    if not isinstance(content.get("smoke", {}), Mapping):
        raise UserError(f"recipe {path}: smoke is {content['smoke']!r}; write smoke = dict(work='FOLDER', ...)")
    return content

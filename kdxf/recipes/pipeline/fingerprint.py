"""Tells whether anything that a stage depends on has changed."""

import os
from itertools import dropwhile, islice
from pathlib import Path

from kdxf.content_digest import content_digest
from kdxf.digests import settings_digest
from kdxf.recipes.pipeline.stage import Stage


def fingerprint(stage: Stage) -> str | None:
    """Give the fingerprint of a stage: its commands, the settings of its configs, and its inputs.

    What was copied, or made again just as it was, changes nothing: a file counts by its bytes, a folder by the names
    and bytes of the files in it, pictures there by their sizes, for there may be a hundred thousand of them. Scripts
    and YAML files among the words of the commands count as well. The version of kdxf does not: a release is no reason
    to train for days again.

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
    """Give the configs among the words of the commands: the Python files that come after a tool (``.py``, ``.sh``).

    After another program, such as ``python``, comes a script first, which only that program should run.
    """
    found: set[str] = set()
    for command in stage.commands:
        after = dropwhile(lambda word: not word.endswith((".py", ".sh")), command)
        found |= {word for word in islice(after, 1, None) if word.endswith(".py")}
    return sorted(found)


def missing(stage: Stage) -> list[str]:
    """Give the inputs and configs that do not exist."""
    return [path for path in (*_inputs(stage), *configs(stage)) if not Path(path).exists()]


def _inputs(stage: Stage) -> list[str]:
    return [path for pattern in stage.inputs for path in expand(pattern)]


def _files(stage: Stage) -> list[str]:
    """Give the other settings and scripts among the words, by their names, that exist and are no results."""
    words = {word for command in stage.commands for word in command[1:]} - set(configs(stage))
    settings = {word for word in words if word.endswith((".py", ".yaml", ".yml")) and os.path.isfile(word)}
    outputs = set(map(Path, stage.outputs))
    return sorted(word for word in settings if outputs.isdisjoint((Path(word), *Path(word).parents)))


def _settings(config: str) -> str:
    from kdxf.apis.config import config_digest, load_config  # takes seconds, and --list should not

    return config_digest(load_config(config))


def expand(word: str) -> list[str]:
    """Give the files that a word with ``*`` stands for, sorted; the word itself where there is no ``*`` or no file."""
    if "*" not in word:
        return [word]
    return sorted(map(str, Path().glob(word) if not os.path.isabs(word) else Path("/").glob(word[1:]))) or [word]

"""Tells whether anything that a stage depends on has changed."""

import os
from pathlib import Path

from kdxf.digests import files_of, known_digest, settings_digest
from kdxf.recipes.pipeline.stage import Stage


def fingerprint(stage: Stage) -> str | None:
    """Give the fingerprint of a stage: its commands, the settings of its configs, and its inputs.

    A file counts by its bytes, so that one which was made again just as it was changes nothing. A folder counts by the
    names, sizes and times of the files in it: it may hold a hundred thousand photographs. The version of kdxf does not
    count: a release is no reason to train for days again.

    Returns:
        64 hexadecimal digits, or None while an input or a config is missing.
    """
    if missing(stage):
        return None
    return settings_digest(
        {
            "commands": stage.commands,
            "configs": {config: _settings(config) for config in configs(stage)},
            "inputs": {path: _content(Path(path)) for path in _inputs(stage)},
        }
    )


def configs(stage: Stage) -> list[str]:
    """Give the config files among the words of the commands."""
    return sorted({word for command in stage.commands for word in command[1:] if word.endswith(".py")})


def missing(stage: Stage) -> list[str]:
    """Give the inputs and configs that do not exist."""
    return [path for path in (*_inputs(stage), *configs(stage)) if not Path(path).exists()]


def _inputs(stage: Stage) -> list[str]:
    return [path for pattern in stage.inputs for path in expand(pattern)]


def _settings(config: str) -> str:
    from kdxf.apis.config import config_digest, load_config  # takes seconds, and --list should not

    return config_digest(load_config(config))


def expand(word: str) -> list[str]:
    """Give the files that a word with ``*`` stands for, sorted; the word itself where there is no ``*`` or no file."""
    if "*" not in word:
        return [word]
    return sorted(map(str, Path().glob(word) if not os.path.isabs(word) else Path("/").glob(word[1:]))) or [word]


def _content(path: Path) -> str:
    if path.is_file():
        return known_digest(path)
    return settings_digest(sorted((name, status.st_size, status.st_mtime_ns) for name, status in files_of(path)))

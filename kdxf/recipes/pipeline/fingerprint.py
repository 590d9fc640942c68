"""Tells whether anything that a stage depends on has changed."""

import os
from collections.abc import Iterator
from pathlib import Path

from kdxf.digests import file_digest, settings_digest
from kdxf.recipes.pipeline.recipe import Stage
from kdxf.version import __version__

_read: dict[tuple[str, int, int], str] = {}


def fingerprint(stage: Stage) -> str | None:
    """Give the fingerprint of a stage: its commands, the settings of its configs, and its inputs.

    A file counts by its bytes, so that one which was made again just as it was changes nothing. A folder counts by the
    names, sizes and times of the files in it: it may hold a hundred thousand photographs.

    Returns:
        64 hexadecimal digits, or None while an input or a config is missing.
    """
    configs = sorted({word for command in stage.commands for word in command[1:] if word.endswith(".py")})
    inputs = [Path(path) for pattern in stage.inputs for path in expand(pattern)]
    if not all(path.exists() for path in (*inputs, *map(Path, configs))):
        return None
    return settings_digest(
        {
            "kdxf": __version__,
            "commands": stage.commands,
            "configs": {config: _settings(config) for config in configs},
            "inputs": {str(path): _content(path) for path in inputs},
        }
    )


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
        status = path.stat()
        key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
        if key not in _read:
            _read[key] = file_digest(path)
        return _read[key]
    return settings_digest(sorted(_entries(path)))


def _entries(folder: Path) -> Iterator[tuple[str, int, int]]:
    for root, _, files in os.walk(folder, followlinks=True):
        for name in files:
            status = os.stat(os.path.join(root, name))
            yield os.path.relpath(os.path.join(root, name), folder), status.st_size, status.st_mtime_ns

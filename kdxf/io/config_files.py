"""Config files, in Python, YAML or JSON: reading them, and what is wrong with one in one line.

A Python file is code, and runs when it is read. YAML and JSON files are data: mmengine, which reads the files and those
that they name in ``_base_``, gets a YAML loader that makes nothing but text, numbers, dates, lists, tuples and dicts.
mmengine's own calls any function that a tag such as ``!!python/object/apply:os.system`` names.
"""

import json
import traceback
from pathlib import Path
from typing import Any, TextIO

import yaml
from mmengine.config import Config
from mmengine.fileio import YamlHandler, register_handler

from kdxf.errors import UserError

_PREFIX = "tag:yaml.org,2002:"


class _DataLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which also reads the tuples that mmengine writes."""


def _tuple(loader: yaml.SafeLoader, node: Any) -> tuple[Any, ...]:
    return tuple(loader.construct_sequence(node, deep=True))


def _refuse(loader: yaml.SafeLoader, node: yaml.Node) -> None:
    tag = node.tag.replace(_PREFIX, "!!")
    raise yaml.constructor.ConstructorError(
        problem=f"the tag {tag} is refused, as a YAML file is data and may run nothing; write the value itself, or a "
        "Python config",
        problem_mark=node.start_mark,
    )


_DataLoader.add_constructor(f"{_PREFIX}python/tuple", _tuple)
_DataLoader.add_constructor(None, _refuse)  # None stands for every other tag


@register_handler(["yaml", "yml"])
class DataYamlHandler(YamlHandler):
    """mmengine's reader and writer of YAML, for the whole process; it reads data alone."""

    def load_from_fileobj(self, file: TextIO, **kwargs: Any) -> Any:
        """Read a file.

        Raises:
            yaml.YAMLError: It is damaged, or has a tag that stands for anything but data.
        """
        return yaml.load(file, Loader=_DataLoader)


def read_config(path: Path, kind: str = "config", *, lazy_import: bool | None = None) -> Config:
    """Read a config file with what it names in ``_base_``.

    Args:
        path: An existing file, ``.py``, ``.yaml``, ``.yml`` or ``.json``.
        kind: What messages call it.
        lazy_import: As of mmengine's ``Config.fromfile``; None finds it out.

    Raises:
        UserError: It cannot be read, or code in it fails.
    """
    try:
        return Config.fromfile(path, lazy_import=lazy_import)
    except Exception as error:
        raise UserError(f"{kind} {path} cannot be loaded: {_reason(error, path)}") from error


def _reason(error: Exception, path: Path) -> str:
    """Return what went wrong, after the place in the file."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        return f"{_innermost_file(error, path)}{line}: {error.problem}"
    if isinstance(error, json.JSONDecodeError):
        return f"{_innermost_file(error, path)}, line {error.lineno}: {error.msg}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == "<module>"]
    where = f"line {frames[-1].lineno}: " if frames and not isinstance(error, SyntaxError) else ""
    return f"{where}{type(error).__name__}: {' '.join(str(error).split())}"


def _innermost_file(error: Exception, path: Path) -> Path:
    """Return the file that mmengine was reading: the config, or one in its chain of bases."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code is Config._file2dict.__code__:
            path = Path(frame.f_locals["filename"])
    return path

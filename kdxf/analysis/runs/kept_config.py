"""The config that a run has left, read without running it: the folder may come from somebody else."""

import ast
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kdxf.errors import UserError
from kdxf_runtime.io.text_files import read_text

_NAMES = {"inf": math.inf, "nan": math.nan}
_CALLS = {"dict": dict, "set": set, "tuple": tuple, "list": list, "float": float}


def read_kept_config(path: Path) -> dict[str, Any]:
    """Read a config as mmengine writes it: one assignment of plain values after the other.

    Args:
        path: An existing file, such as ``vis_data/config.py``.

    Returns:
        The settings by name, dicts and lists nested.

    Raises:
        UserError: It is no Python, or has anything but plain values.
    """
    try:
        body = ast.parse(read_text(path)).body
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path}: not a config that a run has left: {error}") from error
    settings = {}
    for line in body:
        if not isinstance(line, ast.Assign) or len(line.targets) != 1 or not isinstance(line.targets[0], ast.Name):
            raise _no_value(path, line)
        settings[line.targets[0].id] = _value(line.value, path)
    return settings


def _value(node: ast.expr, path: Path) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        return [_value(item, path) for item in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(item, path) for item in node.elts)
    if isinstance(node, ast.Set):
        return {_value(item, path) for item in node.elts}
    if isinstance(node, ast.Dict) and None not in node.keys:
        keys = [_value(key, path) for key in node.keys if key is not None]
        return dict(zip(keys, (_value(value, path) for value in node.values), strict=True))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _value(node.operand, path)
        if isinstance(number, int | float):
            return -number
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return _NAMES[node.id]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        given = [_value(item, path) for item in node.args]
        named = {word.arg: _value(word.value, path) for word in node.keywords if word.arg is not None}
        if len(named) == len(node.keywords):
            try:
                return _CALLS[node.func.id](*given, **named)
            except (TypeError, ValueError) as error:
                raise UserError(f"{path}, line {node.lineno}: {error}") from error
    raise _no_value(path, node)


def _no_value(path: Path, node: Any) -> UserError:
    return UserError(f"{path}, line {node.lineno}: only plain values are read, not {ast.unparse(node)[:60]!r}")


def flat(settings: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted key and value of all that nested settings hold; items of lists count from 0."""
    if isinstance(settings, Mapping) and settings:
        children = [(str(key), value) for key, value in settings.items()]
    elif isinstance(settings, list | tuple) and any(isinstance(item, Mapping) for item in settings):
        children = [(str(place), value) for place, value in enumerate(settings)]
    else:
        yield name, settings
        return
    for key, value in children:
        yield from flat(value, f"{name}.{key}" if name else key)

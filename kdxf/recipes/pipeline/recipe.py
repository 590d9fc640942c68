"""Reads a recipe: a Python or YAML file that names its stages, their commands, inputs and outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from kdxf.errors import UserError
from kdxf.recipes.pipeline.stage import EXAMPLE, Stage, read_stage
from kdxf.recipes.pipeline.values import fill, filled, replaced


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
        UserError: The file is missing or cannot be read, a stage lacks something or has something unknown or of the
            wrong kind, two have one name, a value is not known, or an output lies outside ``work``.
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
    read = tuple(
        read_stage(stage, number, work, lambda text, whose: fill(text, content, whose), where)
        for number, stage in enumerate(stages, start=1)
    )
    names = [stage.name for stage in read]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"{where}: two stages are called {twice[0]!r}")
    return Recipe(path, work, read)


def _content(path: Path) -> dict[str, Any]:
    """Read the file; it has stages, a work folder, and perhaps the values of a small trial."""
    if not path.is_file():
        raise UserError(f"recipe {path} does not exist; give a file such as configs/recipes/xfyun_ad/pipeline.py")
    try:
        content = Config.fromfile(path, lazy_import=False).to_dict()
    except Exception as error:
        raise UserError(f"recipe {path} cannot be read: {type(error).__name__}: {error}") from error
    if not content.get("stages") or "work" not in content:
        raise UserError(f"recipe {path}: it needs stages = [...] and work = 'FOLDER'")
    if not isinstance(content["stages"], (list, tuple)):
        raise UserError(f"recipe {path}: stages is {content['stages']!r}; write stages = [{EXAMPLE}, ...]")
    if not isinstance(content.get("smoke", {}), Mapping):
        raise UserError(f"recipe {path}: smoke is {content['smoke']!r}; write smoke = dict(work='FOLDER', ...)")
    return content

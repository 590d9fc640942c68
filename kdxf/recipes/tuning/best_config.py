"""The best settings of a search as a config file, which names the config of the search in ``_base_``."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from kdxf.engine.config import config_digest, load_config
from kdxf.errors import UserError
from kdxf_runtime.io.files import replacing

_MISSING = object()


def check_base(config: str | Path) -> None:
    """Check that other configs can name a config in ``_base_``.

    Raises:
        UserError: It imports its components (MMEngine's lazy configs), which mmengine refuses there.
    """
    if Path(config).suffix == ".py" and Config._is_lazy_import(str(config)):
        raise UserError(f"config {config} imports its components; a search needs one that names them, with _base_")


def write_best(
    path: Path, config: str | Path, options: Mapping[str, Any], settings: Mapping[str, Any], about: str
) -> None:
    """Write a config that says what a config says with other settings.

    A variable that is set above another file changes nothing there, so all settings that follow from one are written.

    Args:
        path: The file, ``.py``.
        config: The config file that it builds on.
        options: ``--cfg-options`` of the search.
        settings: The best settings, by their keys.
        about: Its docstring.
    """
    wanted = load_config(config, {**options, **settings})
    before = load_config(config).to_dict()
    changes = _changes(before, wanted.to_dict())
    for values in (before, changes):
        values.pop("work_dir", None)
    base = os.path.relpath(Path(config).resolve(), path.resolve().parent)
    text = Config(changes).pretty_text if changes else ""
    with replacing(path) as temporary:
        temporary.write_text(f'"""{about}"""\n\n_base_ = [{base!r}]\n\n{text}', encoding="utf-8")
    if config_digest(load_config(path)) != config_digest(wanted):
        raise RuntimeError(f"{path} does not say what {config} says with {dict(settings)}")


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be merged over some settings so that they become others."""
    found: dict[str, Any] = {}
    for key, value in after.items():
        old = before.get(key, _MISSING)
        if repr(old) == repr(value):
            continue
        if not isinstance(value, Mapping):
            found[key] = value
        elif isinstance(old, Mapping) and set(old) <= set(value):
            found[key] = _changes(old, value)
        else:
            found[key] = dict(value) if old is _MISSING else {**value, "_delete_": True}
    return found

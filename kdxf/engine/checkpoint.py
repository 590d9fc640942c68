"""Loads checkpoints without running code that is hidden in them.

A ``.pth`` file is a pickle, and a pickle may call any function while it is read. mmengine tries the safe way first
and falls back to the unsafe one. :mod:`kdxf.engine.checkpoint_schemes` replaces its loaders, so that training
(``load_from``, ``--resume``, ``init_cfg``), testing and inference all come here: what is not on the list of
:mod:`kdxf.engine.safe_globals` is refused, unless the user says that the file is trusted.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, Any

import torch
from torch.serialization import add_safe_globals, clear_safe_globals, get_safe_globals

from kdxf.engine.safe_globals import SAFE_GLOBALS
from kdxf.errors import UserError

_trusted: ContextVar[bool] = ContextVar("trusted", default=False)
_GLOBAL = re.compile(r"GLOBAL (\S+?(?:\(.*\))?) (?:was not|is not|whose)|function (<.*?>|\S+)|but got (\S+)")


@contextmanager
def trusting_checkpoints(trust: bool = True) -> Iterator[None]:
    """While this context lasts, checkpoints may run code (``--trust-checkpoint``).

    Args:
        trust: False changes nothing, so that a tool can pass its flag on.
    """
    token = _trusted.set(trust or _trusted.get())
    try:
        yield
    finally:
        _trusted.reset(token)


def load_checkpoint(path: str | Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Load a ``.pth`` or ``.safetensors`` file.

    Args:
        path: The file.
        map_location: Same as :func:`torch.load`.

    Returns:
        The checkpoint: mmengine's dict (``state_dict``, ``meta``, ...) or a bare dict of tensors.

    Raises:
        UserError: The file is missing, is no checkpoint, is damaged, or would run code.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise UserError(f"checkpoint {path} does not exist; check the path")
    if path.suffix == ".safetensors":
        return _load_safetensors(path, map_location)
    return load_pickled(path, str(path), map_location)


def load_pickled(file: Path | IO[bytes], name: str, map_location: Any = "cpu") -> dict[str, Any]:
    """Load a checkpoint that :func:`torch.save` wrote.

    Args:
        file: A path, or an open file that can seek.
        name: What messages call it.
        map_location: Same as :func:`torch.load`.

    Raises:
        UserError: It is no checkpoint, is damaged, or would run code.
    """
    try:
        with _allowed_globals():
            checkpoint = torch.load(file, map_location=map_location, weights_only=not _trusted.get())
    except UnpicklingError as error:
        raise UserError(_refusal(name, str(error))) from error
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # damaged bytes can fail anywhere in the reader
        raise UserError(_damage(name, error)) from error
    if not isinstance(checkpoint, dict):
        raise UserError(f"checkpoint {name} holds a {type(checkpoint).__name__}, not a dict of weights")
    # mmengine's Runner.resume executes this text as Python. Its own checkpoints name it `cfg`, and that is not run.
    if isinstance(checkpoint.get("meta"), dict) and not _trusted.get():
        checkpoint["meta"].pop("config", None)
    return checkpoint


def _load_safetensors(path: Path, map_location: Any) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(_damage(str(path), error)) from error
    if map_location is None:
        return weights
    return {name: weight.to(map_location) for name, weight in weights.items()}


@contextmanager
def _allowed_globals() -> Iterator[None]:
    before = get_safe_globals()
    add_safe_globals(SAFE_GLOBALS)
    try:
        yield
    finally:
        clear_safe_globals()
        add_safe_globals(before)


def _refusal(name: str, message: str) -> str:
    found = _GLOBAL.search(message)
    if found is None:
        return _damage(name, message.rpartition("WeightsUnpickler error: ")[2])
    culprit = next(group for group in found.groups() if group)
    return (
        f"checkpoint {name} is refused: its pickle wants {culprit}, which can run code; "
        "if you trust whoever made it, pass --trust-checkpoint"
    )


def _damage(name: str, error: object) -> str:
    reason = str(error).strip().partition("\n")[0].partition(". ")[0] or type(error).__name__
    return f"checkpoint {name} is damaged, or is no checkpoint ({reason}); copy or download it again"

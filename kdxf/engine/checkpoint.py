"""Checkpoints, loaded without running code that is hidden in them.

Everything here is needed by the checkpoints that mmengine writes: log histories (numpy arrays) and the state of
schedulers. ``torch.load(weights_only=True)`` calls nothing else.

A checkpoint names objects by their path, and the same object has several: numpy moved its internals, and mmengine's
classes pickle methods by ``builtins.getattr``, which would give access to far more than those. So
:data:`SAFE_GLOBALS` gives each *path* a function or class of its own choice, which works the same in every version of
torch since 2.4.

A ``.pth`` file is a pickle, and a pickle may call any function while it is read. mmengine tries the safe way first
and falls back to the unsafe one. :mod:`kdxf.engine.host_overrides` replaces its loaders, so that training
(``load_from``, ``--resume``, ``init_cfg``), testing and inference all come here: what is not in
:data:`SAFE_GLOBALS` is refused, unless the user says that the file is trusted.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from torch.serialization import add_safe_globals, clear_safe_globals, get_safe_globals

from kdxf.errors import UserError

# The functions that arrays and numpy's numbers name when they are pickled.
_rebuild: Any = np.empty(0).__reduce__()[0]
_scalar: Any = np.float64(0).__reduce__()[0]

_METHODS: dict[type, tuple[str, ...]] = {
    HistoryBuffer: ("min", "max", "mean", "current"),
    OneCycleParamScheduler: ("_annealing_cos", "_annealing_linear"),
}
_DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "U", "S")


def _get_method(owner: Any, name: str) -> Any:
    """Replace ``getattr``: return the few methods that mmengine's checkpoints hold, and refuse all others."""
    if not isinstance(owner, type) or name not in _METHODS.get(owner, ()):
        raise UnpicklingError(f"GLOBAL getattr({getattr(owner, '__name__', owner)}, {name!r}) is not allowed")
    return getattr(owner, name)


def _named(function: Callable[..., Any], path: str) -> Callable[..., Any]:
    """Wrap a function so that torch's unpickler knows it by the given path."""

    def call(*args: Any) -> Any:
        return function(*args)

    call.__module__, _, call.__name__ = path.rpartition(".")
    call.__qualname__ = call.__name__
    return call


SAFE_GLOBALS: list[Any] = [
    np.ndarray,
    np.dtype,
    *{type(np.dtype(kind)) for kind in _DTYPES},
    HistoryBuffer,
    OneCycleParamScheduler,
    _named(_get_method, "builtins.getattr"),
    _named(_rebuild, "numpy.core.multiarray._reconstruct"),
    _named(_rebuild, "numpy._core.multiarray._reconstruct"),
    _named(_scalar, "numpy.core.multiarray.scalar"),
    _named(_scalar, "numpy._core.multiarray.scalar"),
]


_trusted: ContextVar[bool] = ContextVar("trusted", default=False)
_GLOBAL = re.compile(r"GLOBAL (\S+?(?:\(.*\))?) (?:was not|is not|whose)|function (<.*?>|\S+)|but got (\S+)")


@contextmanager
def trusting_checkpoints(trust: bool = True) -> Iterator[None]:
    """Allow checkpoints to run code within the block (``--trust-checkpoint``).

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
        name: Its name in messages.
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


def classes_of(meta: Mapping[str, Any]) -> list[str] | None:
    """Return the class names in a checkpoint's ``meta``; None where it has none."""
    classes = (meta.get("dataset_meta") or {}).get("classes") or meta.get("CLASSES")
    return None if classes is None else list(classes)


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

"""The short list of what a checkpoint's pickle may name beside tensors.

Everything here is needed by the checkpoints that mmengine writes: log histories (numpy arrays) and the state of
schedulers. ``torch.load(weights_only=True)`` calls nothing else.

A checkpoint names objects by their path, and the same object has several: numpy moved its internals, and mmengine's
classes bring methods by ``builtins.getattr``, which would hand out far more than those. So the list gives each
*path* a function or class of its own choice, which works the same in every version of torch since 2.4.
"""

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

# The functions that arrays and numpy's numbers name when they are pickled.
_rebuild: Any = np.empty(0).__reduce__()[0]
_scalar: Any = np.float64(0).__reduce__()[0]

_METHODS: dict[type, tuple[str, ...]] = {
    HistoryBuffer: ("min", "max", "mean", "current"),
    OneCycleParamScheduler: ("_annealing_cos", "_annealing_linear"),
}
_DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "U", "S")


def _get_method(owner: Any, name: str) -> Any:
    """Stands in for ``getattr``: gives out the few methods that mmengine's checkpoints hold."""
    if not isinstance(owner, type) or name not in _METHODS.get(owner, ()):
        raise UnpicklingError(f"GLOBAL getattr({getattr(owner, '__name__', owner)}, {name!r}) is not allowed")
    return getattr(owner, name)


def _named(function: Callable[..., Any], path: str) -> Callable[..., Any]:
    """A function that calls another one and is known to torch's unpickler by the given path."""

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

"""kdxf classifies images that carry text: OCR, an image backbone and a mixture of experts.

Importing this package costs nothing heavy: OCR workers need no torch. The registries, and with them MMPretrain, come
with :mod:`kdxf.registry`. What trains, builds models or predicts imports :mod:`kdxf.engine`, which changes how mmengine
writes files and loads checkpoints in the whole process
(:func:`~kdxf.engine.host_overrides.install_host_overrides`).

:func:`kdxf.fit <kdxf.apis.fit.fit>` and :func:`kdxf.load <kdxf.inference.fitted.load>` are imported when they are first
used.
"""

from typing import TYPE_CHECKING, Any

from kdxf.run_log import forward_warnings
from kdxf.version import __version__

if TYPE_CHECKING:
    from kdxf.apis.fit import fit as fit
    from kdxf.inference.fitted import load as load

__all__ = ["__version__"]

forward_warnings()

_LAZY = {"fit": "kdxf.apis.fit", "load": "kdxf.inference.fitted"}


def __getattr__(name: str) -> Any:
    """Import a function of :data:`_LAZY` on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)

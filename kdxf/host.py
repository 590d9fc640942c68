"""Import of the host packages (mmengine, mmcv, mmpretrain) without their start-up noise and without what takes long.

Every kdxf module that needs the host imports this one first, through :mod:`kdxf.registry`. Messages are silenced one by
one, by name; anything else that the host prints still appears.
"""

import contextlib
import importlib
import importlib.util
import io
import os
import sys
import warnings
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Any

from kdxf_runtime.optional import require

# mmcv-lite has no compiled ops; no part of classification uses this one.
warnings.filterwarnings("ignore", message="Fail to import ``MultiScaleDeformableAttention``")

# MMPretrain imports albumentations if it is installed, which would ask the network for its newest version.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")


def adafactor(params: Any, **options: Any) -> Any:
    """Build Adafactor (https://arxiv.org/abs/1804.04235) as mmengine does; ``transformers.Adafactor`` has the options.

    Raises:
        UserError: transformers is not installed.
    """
    return require("transformers", "transformers", "Adafactor").Adafactor(params, **options)


class OnUse(ModuleType):
    """Stands for a module that is imported when its first attribute is read."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


class _Hidden(MetaPathFinder):
    """Import finder that reports a package as not installed."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == self.package:
            raise ModuleNotFoundError(f"{name} is imported by what uses it", name=name)


@contextlib.contextmanager
def _without(package: str) -> Iterator[None]:
    finder = _Hidden(package)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


# mmengine.optim imports transformers, if installed, for Adafactor alone: over a second of every start. Its import goes
# without them, and the registry gets a function of the same name that imports them when the optimizer is built. This
# has no effect where mmengine.optim or transformers were imported before.
with _without("transformers"):
    from mmengine.optim import OPTIMIZERS
if "Adafactor" not in OPTIMIZERS.module_dict:
    OPTIMIZERS.register_module(name="Adafactor", module=adafactor)  # type: ignore[arg-type]  # functions work too

# MMPretrain's transforms import albumentations, if installed: nearly a second. The two that use it get a module that is
# imported when they do. MMPretrain prints (not logs) that an optional dataset service is not installed.
_OPTIONAL = "Could not import OneDL"
with contextlib.redirect_stdout(io.StringIO()) as _printed, _without("albumentations"):
    import mmpretrain.datasets
    import mmpretrain.engine
    import mmpretrain.evaluation
    import mmpretrain.models
    import mmpretrain.visualization  # noqa: F401  (all five register their components)
for _line in _printed.getvalue().splitlines():
    if _OPTIONAL not in _line:
        print(_line)

if importlib.util.find_spec("albumentations") is not None:
    for _name in ("processing", "singlekeypoint_regression"):
        _module = sys.modules.get(f"mmpretrain.datasets.transforms.{_name}")
        if _module is not None and _module.__dict__.get("albumentations", _module) is None:
            _module.__dict__["albumentations"] = OnUse("albumentations")

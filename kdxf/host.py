"""Import of the host packages (mmengine, mmcv, mmpretrain) without their start-up noise and without transformers.

Every kdxf module that needs the host imports this one first, through :mod:`kdxf.registry`. Messages are silenced one by
one, by name; anything else that the host prints still appears.
"""

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
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


class _NoTransformers(MetaPathFinder):
    """Import finder that reports transformers as not installed."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == "transformers":
            raise ModuleNotFoundError("transformers are imported by what uses them", name=name)


@contextlib.contextmanager
def _without_transformers() -> Iterator[None]:
    finder = _NoTransformers()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


# mmengine.optim imports transformers, if installed, for Adafactor alone: over a second of every start. Its import goes
# without them, and the registry gets a function of the same name that imports them when the optimizer is built. This
# has no effect where mmengine.optim or transformers were imported before.
with _without_transformers():
    from mmengine.optim import OPTIMIZERS
if "Adafactor" not in OPTIMIZERS.module_dict:
    OPTIMIZERS.register_module(name="Adafactor", module=adafactor)  # type: ignore[arg-type]  # functions work too

# MMPretrain prints (not logs) that an optional dataset service is not installed.
_OPTIONAL = "Could not import OneDL"
with contextlib.redirect_stdout(io.StringIO()) as _printed:
    import mmpretrain.datasets
    import mmpretrain.engine
    import mmpretrain.evaluation
    import mmpretrain.models
    import mmpretrain.visualization  # noqa: F401  (all five register their components)
for _line in _printed.getvalue().splitlines():
    if _OPTIONAL not in _line:
        print(_line)

"""Imports the host packages (mmengine, mmcv, mmpretrain) without their start-up noise, and sooner.

Every kdxf module that needs the host imports this one first, by way of :mod:`kdxf.registry`. What is silenced is
named here, message by message; anything else that the host says is still heard.
"""

import contextlib
import io
import os
import sys
import warnings
from typing import Any

from kdxf.optional import require

# mmcv-lite has no compiled ops; no part of classification uses this one.
warnings.filterwarnings("ignore", message="Fail to import ``MultiScaleDeformableAttention``")

# MMPretrain imports albumentations where it is installed, which would ask the network for its newest version.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")


def adafactor(params: Any, **options: Any) -> Any:
    """Build Adafactor (https://arxiv.org/abs/1804.04235) as mmengine does; ``transformers.Adafactor`` has the options.

    Raises:
        UserError: transformers is not installed.
    """
    return require("transformers", "transformers", "Adafactor").Adafactor(params, **options)


# mmengine imports transformers, where it is installed, for this one optimizer: a second of every start.
if "transformers" not in sys.modules:
    sys.modules["transformers"] = None  # type: ignore[assignment]  # Python's sign for "cannot be imported"
    try:
        from mmengine.optim import OPTIMIZERS
    finally:
        del sys.modules["transformers"]
    if "Adafactor" not in OPTIMIZERS.module_dict:
        OPTIMIZERS.register_module(name="Adafactor", module=adafactor)

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

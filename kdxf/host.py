"""Imports the host packages (mmengine, mmcv, mmpretrain) without their start-up noise, and sooner.

Every kdxf module that needs the host imports this one first, by way of :mod:`kdxf.registry`. What is silenced is
named here, message by message; anything else that the host says is still heard.
"""

import contextlib
import io
import os
import sys
import warnings

# mmcv-lite has no compiled ops; no part of classification uses this one.
warnings.filterwarnings("ignore", message="Fail to import ``MultiScaleDeformableAttention``")

# MMPretrain imports albumentations where it is installed, which would ask the network for its newest version.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

# mmengine imports transformers, where it is installed, for the one optimizer Adafactor: two seconds of every start.
# kdxf.engine.optimizers registers it in a way that waits until it is built.
if "transformers" not in sys.modules:
    sys.modules["transformers"] = None  # type: ignore[assignment]  # Python's sign for "cannot be imported"
    try:
        import mmengine.optim  # noqa: F401
    finally:
        del sys.modules["transformers"]

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

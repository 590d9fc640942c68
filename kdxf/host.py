"""Imports the host packages (mmengine, mmcv, mmpretrain) without their start-up noise.

Every kdxf module that needs the host imports this one first, by way of :mod:`kdxf.registry`. What is silenced is
named here, message by message; anything else that the host says is still heard.
"""

import contextlib
import io
import os
import warnings

# mmcv-lite has no compiled ops; no part of classification uses this one.
warnings.filterwarnings("ignore", message="Fail to import ``MultiScaleDeformableAttention``")

# MMPretrain imports albumentations where it is installed, which would ask the network for its newest version.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

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

"""How a run is carried out: hooks, optimizer wrappers, checkpoint loading, start-up on CPU and GPU.

Importing this package changes how mmengine writes files and loads checkpoints in the whole process:
:func:`~kdxf.engine.host_overrides.install_host_overrides` says what changes.
"""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)
import mmpretrain.engine  # noqa: F401  (registers)

from kdxf.engine import hooks, optimizers, resumable_epoch_loop  # noqa: F401  (registers)
from kdxf.engine.host_overrides import install_host_overrides

install_host_overrides()

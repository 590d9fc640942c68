"""How a run is carried out: hooks, optimizer wrappers, checkpoint loading, start-up on CPU and GPU."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)
import mmpretrain.engine  # noqa: F401  (registers)

from kdxf.engine import (  # noqa: F401  (registers)
    hooks,
    host_overrides,
    optimizers,
    resumable_epoch_loop,
)

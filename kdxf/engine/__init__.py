"""How a run is carried out: hooks, optimizer wrappers, checkpoint loading, start-up on CPU and GPU."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)
import mmpretrain.engine  # noqa: F401  (registers)

from kdxf.engine import atomic_backend, checkpoint_schemes, hooks, optimizers  # noqa: F401  (registers)

"""Drawing of samples and predictions: MMPretrain's visualizer, found through kdxf's registry."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)
import mmpretrain.visualization  # noqa: F401  (registers)

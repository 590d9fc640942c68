"""Metrics, and the reports that are made from predictions."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)
import mmpretrain.evaluation  # noqa: F401  (registers)

from kdxf.evaluation import metrics  # noqa: F401  (registers)

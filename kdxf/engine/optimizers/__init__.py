"""Optimizers, optimizer wrappers and learning-rate schedules."""

from kdxf.engine.optimizers import library_optimizers  # noqa: F401  (registers)
from kdxf.engine.optimizers.autocast_optim_wrapper import AutocastOptimWrapper
from kdxf.engine.optimizers.one_cycle_lr import OneCycleLR

__all__ = ["AutocastOptimWrapper", "OneCycleLR"]

"""Training in bfloat16 on the CPU as well as on the GPU, where that is faster."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.runner.amp import autocast
from torch import nn

from kdxf.engine.precision import AUTO, bfloat16_pays
from kdxf.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Runs the forward pass under bfloat16 autocast where it pays; weights, gradients and the step stay float32.

    bfloat16 has float32's range, so there is no loss scaling, and this works on any device. (mmengine's
    ``AmpOptimWrapper`` scales the loss for float16, and refuses to run without a GPU.)

    Args:
        dtype: ``'auto'`` is bfloat16 where the machine is faster with it (:func:`kdxf.engine.precision.bfloat16_pays`)
            and float32 elsewhere; ``'bfloat16'``, the one type that needs no loss scaling, is taken anyway.
        **kwargs: Passed to :class:`mmengine.optim.OptimWrapper` (``optimizer``, ``clip_grad``,
            ``accumulative_counts``).

    Raises:
        ValueError: ``dtype`` is another type.
    """

    def __init__(self, dtype: str = AUTO, **kwargs: Any) -> None:
        if dtype not in (AUTO, "bfloat16"):
            raise ValueError(
                f"AutocastOptimWrapper runs in 'bfloat16' or 'auto', not in {dtype!r}; float16 needs the loss scaling "
                "of AmpOptimWrapper, which runs on the GPU only"
            )
        super().__init__(**kwargs)
        pays = bfloat16_pays()
        self.enabled = dtype != AUTO or pays
        if self.enabled and not pays:
            print_log(
                "bfloat16 is slower than float32 on this machine, which has neither a GPU for it nor AMX: "
                "leave --amp out, or set optim_wrapper.dtype='auto'",
                logger="current",
                level=logging.WARNING,
            )

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run a forward pass under autocast, and without gradient exchange while gradients accumulate."""
        with super().optim_context(model), autocast(dtype=torch.bfloat16, enabled=self.enabled):
            yield

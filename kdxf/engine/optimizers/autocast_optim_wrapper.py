"""Training in bfloat16 on the CPU as well as on the GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from mmengine.runner.amp import autocast
from torch import nn

from kdxf.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Runs the forward pass under bfloat16 autocast; weights, gradients and the step stay float32.

    bfloat16 has float32's range, so there is no loss scaling, and this works on any device. (mmengine's
    ``AmpOptimWrapper`` scales the loss for float16, and refuses to run without a GPU.)

    Args:
        dtype: ``'bfloat16'``, the one type that needs no loss scaling. Configs name it for clarity.
        **kwargs: Passed to :class:`mmengine.optim.OptimWrapper` (``optimizer``, ``clip_grad``,
            ``accumulative_counts``).

    Raises:
        ValueError: ``dtype`` is another type.
    """

    def __init__(self, dtype: str = "bfloat16", **kwargs: Any) -> None:
        if dtype != "bfloat16":
            raise ValueError(
                f"AutocastOptimWrapper runs in 'bfloat16', not in {dtype!r}; float16 needs the loss scaling of "
                "AmpOptimWrapper, which runs on the GPU only"
            )
        super().__init__(**kwargs)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run a forward pass under autocast, and without gradient exchange while gradients accumulate."""
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield

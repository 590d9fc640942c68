"""Time and memory of a test."""

import time
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.registry import HOOKS
from kdxf_runtime.io.machine import peak_memory

_MIB = 2**20


@HOOKS.register_module()
class CostReportHook(Hook):
    """Logs, at the end of a test, the time per image and the peak memory.

    It logs the total time and that of the model alone; the difference is the time spent waiting for images. The main
    process measures it, and with several processes the images of all of them are counted. The memory is the GPU's
    where there is one, else that of the main process without its loader workers.
    """

    priority = "LOW"

    def before_test_epoch(self, runner: Runner) -> None:
        """Start the clock."""
        self._images = 0
        self._in_model = 0.0
        self._start = time.perf_counter()

    def before_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Start the model's clock."""
        self._start_model = time.perf_counter()

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stop the model's clock."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self._in_model += time.perf_counter() - self._start_model
        self._images += len(outputs)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Log the report."""
        seconds = time.perf_counter() - self._start
        images = self._images * get_world_size()
        if images == 0:
            return
        runner.logger.info(
            f"{images} images in {seconds:.1f} s: {1000 * seconds / images:.1f} ms per image, "
            f"{1000 * self._in_model / images:.1f} ms of them in the model; peak memory {_peak_memory()}"
        )


def _peak_memory() -> str:
    if torch.cuda.is_available():
        return f"{torch.cuda.max_memory_allocated() / _MIB:.0f} MiB (GPU)"
    return f"{peak_memory() / _MIB:.0f} MiB"

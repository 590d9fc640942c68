"""Measures how long a training step takes."""

import time
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.registry import HOOKS
from kdxf_runtime.io.files import write_json


@HOOKS.register_module()
class StepTimeHook(Hook):
    """Ends a run after a few steps, and writes the seconds of each but the first, with loading, as a JSON list.

    The first step is left out: it starts the loader and warms up the libraries.

    Args:
        file: The file.
        steps: Steps of the run, 2 or more; fewer where the run is shorter.

    Raises:
        ValueError: ``steps`` is below 2.
    """

    def __init__(self, file: str, steps: int = 4) -> None:
        if steps < 2:
            raise ValueError(f"steps must be at least 2, got {steps}")
        self.file = Path(file)
        self.steps = steps

    def before_train(self, runner: Runner) -> None:
        """Start the list."""
        self._ends: list[float] = []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Note the time, and stop after the last step."""
        self._ends.append(time.perf_counter())
        if len(self._ends) >= self.steps:
            runner.train_loop.stop_training = True

    def after_train(self, runner: Runner) -> None:
        """Write the file."""
        seconds = [end - start for start, end in zip(self._ends, self._ends[1:], strict=False)]
        write_json(seconds, self.file)

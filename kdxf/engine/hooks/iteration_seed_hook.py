"""Gives every iteration its own random numbers, whether or not the run was resumed before it."""

import random
from typing import Any

import numpy as np
import torch
from mmengine.device import get_device
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.registry import HOOKS

_LOAD, _STEP = 0, 1


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seeds Python's, NumPy's and torch's generators from the run's seed and the iteration.

    Otherwise a resumed run would restart its random numbers, and end with other weights than an uninterrupted one. In
    a loop by epochs the samples have random numbers of their own (:mod:`kdxf.engine.sample_seeds`), and this hook is
    for the model's. In a loop by iterations it is for both, but only without loader workers (``num_workers=0``), which
    have generators of their own. Every run of kdxf has it.
    """

    priority = "VERY_LOW"

    def before_train(self, runner: Runner) -> None:
        """Seed the loading of the first batch, in a loop without epochs."""
        self._seed(runner, runner.iter, _LOAD)

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed the loading of the first batch."""
        self._seed(runner, runner.iter, _LOAD)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed the step: a loader that starts within an epoch has drawn from torch's generator."""
        self._seed(runner, runner.iter, _STEP)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Seed the loading of the next batch."""
        self._seed(runner, runner.iter + 1, _LOAD)

    @staticmethod
    def _seed(runner: Runner, iteration: int, what: int) -> None:
        # A sequence of integers is mixed well; neighbouring seeds alone would be alike in some generators.
        seeds = np.random.SeedSequence((runner.seed or 0, get_rank(), iteration, what)).generate_state(3)
        random.seed(int(seeds[0]))
        np.random.seed(int(seeds[1]))
        # torch.manual_seed visits every kind of accelerator, which takes longer than a small model's step.
        seed_torch = torch.default_generator.manual_seed if get_device() == "cpu" else torch.manual_seed
        seed_torch(int(seeds[2]))

"""Optimizers of the package pytorch_optimizer, under names that a config may give.

The package is imported when one of them is built. ``RAdam``, ``Lamb``, ``LARS`` and ``Adan`` are
registered by torch and MMPretrain.
"""

from importlib import import_module
from typing import Any

import torch
from torch.optim import Optimizer

from kdxf.registry import OPTIMIZERS


@OPTIMIZERS.register_module(name="AdaBelief")
def ada_belief(params: Any, **options: Any) -> Optimizer:
    """Build AdaBelief (https://arxiv.org/abs/2010.07468); ``pytorch_optimizer.AdaBelief`` has the options."""
    return import_module("pytorch_optimizer").AdaBelief(params, **options)


@OPTIMIZERS.register_module(name="Ranger")
def ranger(params: Any, **options: Any) -> Optimizer:
    """Build Ranger: RAdam, Lookahead and gradient centralization in one; ``pytorch_optimizer.Ranger`` has the options.

    Until RAdam trusts its variance (five steps) it moves by the mean gradient, as in the published Ranger. This cannot
    be turned off, because the package without ``degenerated_to_sgd`` increases the loss in those steps.
    """
    return import_module("pytorch_optimizer").Ranger(params, degenerated_to_sgd=True, **options)


@OPTIMIZERS.register_module(name="Lookahead")
def lookahead(params: Any, base: str, k: int = 5, alpha: float = 0.5, **options: Any) -> Optimizer:
    """Build another optimizer with Lookahead (https://arxiv.org/abs/1907.08610) around it.

    Every ``k`` steps the slow weights move the fraction ``alpha`` of the way to the fast ones, which continue from
    there.

    Args:
        params: Parameters or parameter groups.
        base: Type of the optimizer that makes the steps, such as ``'AdamW'``.
        k: Steps of the fast weights between two steps of the slow ones.
        alpha: Step size of the slow weights, a fraction of the way.
        **options: Passed to the base optimizer (``lr``, ``weight_decay``, ...).
    """
    fast = OPTIMIZERS.build({"type": base, "params": params, **options})
    optimizer = import_module("pytorch_optimizer").Lookahead(fast, k=k, alpha=alpha)
    optimizer.register_step_pre_hook(_start_from_the_weights)
    return optimizer


@torch.no_grad()
def _start_from_the_weights(optimizer: Any, args: Any, kwargs: Any) -> None:
    """Let the slow weights start where the fast ones are.

    The package copies them when the optimizer is built, which is before weights are initialized or loaded. Later both
    are equal whenever the count restarts, and this changes nothing.
    """
    for group in optimizer.param_groups:
        if group["counter"] == 0:
            for weight in group["params"]:
                optimizer.state[weight]["slow_params"].copy_(weight)

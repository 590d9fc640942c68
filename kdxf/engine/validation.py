"""Scores of weights that are not those of a run."""

from numbers import Real
from typing import Any

import torch
from mmengine.runner import ValLoop
from mmengine.runner.amp import autocast


def validate(loop: ValLoop, model: Any) -> dict[str, float]:
    """Score a model on the validation set of a run; the hooks of a validation, such as ``CheckpointHook``, stay out.

    Args:
        loop: The run's validation.
        model: The model, which is in evaluation mode afterwards.

    Returns:
        The scores that are numbers, by name.
    """
    model.eval()
    with torch.no_grad(), autocast(enabled=loop.fp16):
        for batch in loop.dataloader:
            loop.evaluator.process(data_samples=model.val_step(batch), data_batch=batch)
    metrics = loop.evaluator.evaluate(len(loop.dataloader.dataset))
    return {name: float(value) for name, value in metrics.items() if isinstance(value, Real)}

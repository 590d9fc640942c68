"""Computes the running statistics of batch normalization anew."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def updating_batch_norms(model: nn.Module) -> list[str]:
    """Name the batch-norm layers whose running statistics a training step of the model, as it is, would change."""
    return [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, _BatchNorm) and layer.training and layer.track_running_stats
    ]


@torch.no_grad()
def recompute_batch_norms(model: Any, names: Sequence[str], batches: Iterable[dict]) -> None:
    """Replace running means and variances by their means over batches, weighted by the batches' sizes.

    The rest of the model works as in prediction (no dropout), and batch augmentations such as mixup are left out, so
    that the layers see what they see in prediction. In a distributed run the batches of all processes count.

    Args:
        model: A classifier with a ``data_preprocessor``; it is in evaluation mode afterwards.
        names: Names of its batch-norm layers that are to be changed.
        batches: What a training dataloader gives, at least one batch in each process.
    """
    model.eval()
    layers: list[Any] = [model.get_submodule(name) for name in names]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.train()
    seen = 0
    for batch in batches:
        data = model.data_preprocessor(batch, training=False)
        size = len(data["data_samples"])
        seen += size
        for layer in layers:
            layer.momentum = size / seen  # makes the running mean the mean so far
        model(**data)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    _merge(layers, seen)
    model.eval()


def _merge(layers: list[Any], seen: int) -> None:
    """Take the mean over the processes, weighted by the number of samples that each has seen."""
    total = torch.tensor(float(seen))
    all_reduce(total)
    for layer in layers:
        for statistic in (layer.running_mean, layer.running_var):
            statistic.mul_(seen / float(total))
            all_reduce(statistic)

"""Statistics of batch norms and ``DocumentNorm``, computed anew for weights that are a mean of others."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from kdxf.engine.sample_seeds import seeded_loader
from kdxf.models.text_encoders.document_norm import HORIZON, DocumentNorm


def norms_with_statistics(model: nn.Module) -> list[str]:
    """Return the names of the batch norms and ``DocumentNorm`` that keep statistics."""
    return [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, DocumentNorm) or (isinstance(layer, _BatchNorm) and layer.track_running_stats)
    ]


def updating_norms(model: nn.Module) -> list[str]:
    """Return the names of the batch norms and ``DocumentNorm`` whose statistics a training step would change."""
    return [name for name in norms_with_statistics(model) if model.get_submodule(name).training]


def renew_norms(model: Any, names: Sequence[str], loader: Any, *, seed: int, epoch: int) -> None:
    """Replace running means and variances by their means over an epoch of training data.

    Args:
        model: As of :func:`recompute_norms`.
        names: As of :func:`recompute_norms`.
        loader: The training dataloader.
        seed: Of the run, which with the epoch gives the same batches each time.
        epoch: Of the run.
    """
    if hasattr(loader.sampler, "set_epoch"):
        loader.sampler.set_epoch(epoch)  # the same batches, whether the run was resumed or not
    seeded, batches = seeded_loader(loader, seed)
    batches.epoch = epoch
    recompute_norms(model, names, seeded)


@torch.no_grad()
def recompute_norms(model: Any, names: Sequence[str], batches: Iterable[dict]) -> None:
    """Replace running means and variances by their means over batches.

    The statistics of batch norms are weighted by the batches' sizes. Those of ``DocumentNorm`` are of the batches with
    at least two documents that have text.

    The rest of the model works as in prediction (no dropout), and batch augmentations such as mixup are left out, so
    that the layers get the same inputs as in prediction. In a distributed run the batches of all processes count.

    Args:
        model: A classifier with a ``data_preprocessor``; it is in evaluation mode afterwards.
        names: Names of its layers that are to be changed, such as :func:`updating_norms` returns.
        batches: Batches of a training dataloader, at least one in each process.
    """
    model.eval()
    norms: list[Any] = [model.get_submodule(name) for name in names]
    documents = [norm for norm in norms if isinstance(norm, DocumentNorm)]
    layers = [norm for norm in norms if not isinstance(norm, DocumentNorm)]
    for norm in documents:
        norm.train()
        norm.num_batches.zero_()
        norm.horizon = sys.maxsize
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
    _merge([statistic for layer in layers for statistic in (layer.running_mean, layer.running_var)], seen)
    for norm in documents:
        norm.num_batches.fill_(_merge([norm.mean, norm.var], int(norm.num_batches)))
        norm.horizon = HORIZON
    model.eval()


def _merge(statistics: list[Tensor], seen: int) -> int:
    """Average statistics over the processes, weighted by what each has seen of samples or batches; return the sum."""
    total = torch.tensor(float(seen))
    all_reduce(total)
    for statistic in statistics if total else []:
        statistic.mul_(seen / float(total))
        all_reduce(statistic)
    return int(total)

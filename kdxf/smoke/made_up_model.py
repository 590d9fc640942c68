"""A config's model on made-up data with made-up weights, and what kind of model it is."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from kdxf.apis.stages import last_stage
from kdxf.engine.config import building, load_config, model_config
from kdxf.io.config_files import read_config
from kdxf.registry import MODELS
from kdxf.smoke.small_config import small_config

_NO_PARTS = ("loss", "init_cfg", "data_preprocessor", "train_cfg")
_KINDS = ("type", "model_name", "depth", "arch", "pooling", "readability")


def made_up_model(path: Path, folder: Path, override: Path) -> tuple[nn.Module, Config]:
    """Build the model of a config, of one with stages that of the last, and the small config that it belongs to.

    Args:
        path: The config.
        folder: For data, shared between configs.
        override: The override file.

    Returns:
        The model, in evaluation mode, with weights of :func:`make_up_weights`; and its config.
    """
    cfg = small_config(last_stage(load_config(path)), folder, read_config(override))
    with building(cfg):
        model: nn.Module = MODELS.build(model_config(cfg))
    model.train(False)
    make_up_weights(model)
    return model, cfg


@torch.no_grad()
def make_up_weights(model: nn.Module) -> None:
    """Give every weight a part in the result, which at the start of a training many have not.

    Weights that are all alike (zeros of a last layer, ones of a normalization) get noise, and small ones of heads grow
    until the classes' scores differ.
    """
    draw = torch.Generator().manual_seed(0)
    for name, weight in model.named_parameters():
        noise = torch.empty_like(weight).normal_(std=0.1, generator=draw)
        if weight.numel() and weight.min() == weight.max():
            weight.add_(noise)
        elif "head." in name and weight.std() < 0.05:
            weight.copy_(noise)


def structure(model: Any) -> Hashable:
    """Return of which parts a model's config is made; equal for models that differ in widths and losses alone.

    Args:
        model: The config, or a part of it.
    """
    if isinstance(model, Mapping):
        inner = {key: structure(value) for key, value in model.items() if key in _KINDS or _has_parts(key, value)}
        return tuple(inner.items())
    if isinstance(model, list | tuple):
        return tuple(map(structure, model))
    return model


def _has_parts(key: str, value: Any) -> bool:
    """Tell whether a setting is a part, several in a list, or several by their names."""
    if key in _NO_PARTS:
        return False
    inner: list[Any] = []
    if isinstance(value, Mapping):
        inner = [value, *value.values()]
    elif isinstance(value, list | tuple):
        inner = list(value)
    return any(isinstance(item, Mapping) and "type" in item for item in inner)

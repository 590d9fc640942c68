"""Models for inference: built from a config, filled from a checkpoint offline, with their class names."""

import kdxf.registry  # isort: skip  (before the host, which it quietens)

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.model import revert_sync_batchnorm
from mmengine.runner import CheckpointLoader
from torch import nn

import kdxf.engine  # noqa: F401  (makes mmengine load checkpoints safely)
from kdxf.engine.config import model_config
from kdxf.errors import UserError
from kdxf.io.annotations import read_classes
from kdxf.io.class_names import names_of, read_class_names
from kdxf.registry import DATASETS, MODELS
from kdxf_runtime.categories import Categories


def rename(categories: Categories, path: str | Path) -> Categories:
    """Return categories with readable names; the ids stay.

    Args:
        categories: The classes.
        path: A file that :func:`kdxf.io.class_names.read_class_names` reads. Its keys are the current names of the
            classes, else their ids.

    Raises:
        UserError: The file is missing or malformed, or does not name every class.
    """
    table = read_class_names(path)
    by_name = categories.names is not None and table.keys() >= set(categories.names)
    keys = list(categories.names or ()) if by_name else [str(category) for category in categories.ids]
    return Categories(categories.ids, tuple(names_of(keys, table, path)))


def config_classes(dataset: Mapping[str, Any]) -> list[str] | None:
    """Look up the class names in a dataset's config, without opening the dataset.

    Args:
        dataset: ``classes`` (names, or the file that lists them), else ``classes.txt`` in the folder of ``ann_file``,
            else the names that the dataset's class defines.

    Returns:
        The names, or None if they are not known on this machine.
    """
    classes, root = dataset.get("classes"), dataset.get("data_root") or ""
    if isinstance(classes, list | tuple):
        return list(classes)
    path = Path(root, classes or Path(dataset.get("ann_file") or "").parent / "classes.txt")
    if path.is_file():
        return read_classes(path)
    kind = dataset["type"]
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    names = getattr(kind, "METAINFO", {}).get("classes")
    return None if names is None else list(names)


def choose_device(name: str | None) -> torch.device:
    """Return the device of this name, by default the GPU where there is one and else the CPU.

    Raises:
        UserError: There is no such device here.
    """
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UserError(f"--device {name}: not available here; give cpu, or leave it out") from error
    return device


def load_model(cfg: Config, checkpoint: str) -> tuple[nn.Module, dict[str, Any]]:
    """Build ``cfg.model`` with the weights of a checkpoint, on the CPU, in evaluation mode.

    Weights that the config would start training from are neither fetched nor read.

    Args:
        cfg: Its ``model`` and, where the model has none, ``data_preprocessor``.
        checkpoint: Path or URL; see :mod:`kdxf.engine.checkpoint` for which ones are refused.

    Returns:
        The model, and the checkpoint's ``meta``.

    Raises:
        UserError: The checkpoint cannot be read, or belongs to another model.
    """
    if "model" not in cfg:
        raise UserError(f"config {cfg.filename} has no model")
    content = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu", logger="silent")
    model = revert_sync_batchnorm(MODELS.build(model_config(cfg)))
    state = content.get("state_dict", content)
    _fill(model, {key.removeprefix("module."): value for key, value in state.items()}, checkpoint)
    return model.eval(), content.get("meta") or {}


def _fill(model: nn.Module, state: dict[str, Any], checkpoint: str) -> None:
    advice = "give the config that it was trained with"
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except RuntimeError as error:  # PyTorch names each size that differs on a line of its own
        first = (str(error).strip().splitlines()[1:2] or [str(error)])[0].strip()
        raise UserError(f"checkpoint {checkpoint} does not fit the config's model: {first}; {advice}") from error
    if missing:
        raise UserError(
            f"checkpoint {checkpoint} lacks {len(missing)} of the {len(model.state_dict())} weights of the config's "
            f"model (first: {missing[0]}); {advice}"
        )
    if unexpected:
        print_log(
            f"{len(unexpected)} weights of {checkpoint} are not in the config's model and stay unused "
            f"(first: {unexpected[0]})",
            logger="current",
        )

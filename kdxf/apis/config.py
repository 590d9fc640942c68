"""Loads a config file and merges into it what the tools of training and testing share."""

import os
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict

import kdxf.registry  # noqa: F401  (configs name registered components)
from kdxf.digests import settings_digest
from kdxf.errors import UserError

_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
_CLASSES = "classes.txt"


def load_config(path: str | Path, options: Mapping[str, Any] | None = None) -> Config:
    """Load a config file.

    Args:
        path: An mmengine config, of kdxf or an unmodified one of MMPretrain. Without a ``default_scope`` it gets
            kdxf's, where MMPretrain's names are known as well; without a ``work_dir``, one under ``work_dirs``
            (:func:`default_work_dir`).
        options: ``--cfg-options``: dotted keys and the values that replace the file's.

    Raises:
        UserError: The file is missing or fails to load, or an option does not fit it.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"config file {path} does not exist; give the path of a .py file, such as configs/moe_r101.py")
    try:
        cfg = Config.fromfile(path)
    except Exception as error:
        raise UserError(f"config {path} cannot be loaded: {_where(error)}{type(error).__name__}: {error}") from error
    # A run writes its config out six times; yapf, which would lay it out closer, takes 0.1 s or more each time.
    # Config.fromfile has an argument for this, and loses it.
    object.__setattr__(cfg, "_format_python_code", False)
    for key, value in (options or {}).items():
        try:
            cfg.merge_from_dict({key: value})
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise UserError(f"--cfg-options {key}={value} does not fit {path}: {error}") from error
    if cfg.get("default_scope") is None:
        cfg.default_scope = "kdxf"
    if cfg.get("work_dir") is None:
        cfg.work_dir = str(default_work_dir(path))
    return cfg


def config_digest(cfg: Config) -> str:
    """Give a fingerprint of the settings, 64 hexadecimal digits; where the results lie does not matter."""
    return settings_digest({key: value for key, value in cfg.to_dict().items() if key != "work_dir"})


def default_work_dir(config: Path) -> Path:
    """Name the work folder after a config, so that namesakes in other folders get another one.

    ``configs/demo/moe_r18.py`` writes to ``work_dirs/demo/moe_r18``; outside a folder ``configs`` only the name counts.
    """
    folders = config.resolve().parent.parts
    below = folders[len(folders) - folders[::-1].index("configs") :] if "configs" in folders else ()
    return Path("work_dirs", *below, config.stem)


def leaf_dataset(loader: ConfigDict) -> ConfigDict:
    """Give the config of a loader's dataset that names a list (``ann_file``), inside of its wrappers.

    Where none does, it is the innermost one.
    """
    dataset = loader.dataset
    while "ann_file" not in dataset and "dataset" in dataset:
        dataset = dataset.dataset
    return dataset


def set_list(cfg: Config, loader: str, file: Path, option: str) -> None:
    """Put a list in the place of a dataset's own; the class names stay.

    Args:
        cfg: Changed in place.
        loader: Such as ``val_dataloader``; its dataset may be wrapped.
        file: The list.
        option: What named it, for messages.

    Raises:
        UserError: There is no dataset with an ``ann_file``.
    """
    dataset = leaf_dataset(cfg.get(loader) or ConfigDict(dataset=ConfigDict()))
    if "ann_file" not in dataset:
        raise UserError(f"{option}: the config's {loader} has no dataset with an ann_file that {file} could replace")
    if dataset.get("classes") is None:
        beside = [_classes_beside(leaf) for leaf in (dataset, leaf_dataset(cfg.train_dataloader)) if "ann_file" in leaf]
        found = next((path for path in beside if path.is_file()), None)
        if found is not None:
            dataset.classes = str(found.absolute())
    dataset.ann_file = str(file.absolute())


def set_loader_defaults(cfg: Config, *, pin_memory: bool = True, persistent_workers: bool = True) -> None:
    """Fill in, as MMPretrain's tools do, what the data loaders of a config leave open.

    Pages are pinned only where there is a GPU to copy them to, and workers persist only where there are workers;
    PyTorch warns of the one and refuses the other.

    Args:
        cfg: Changed in place.
        pin_memory: False is ``--no-pin-memory``.
        persistent_workers: False is ``--no-persistent-workers``.
    """
    for name in _LOADERS:
        loader = cfg.get(name)
        if loader is None:
            continue
        loader = ConfigDict(
            {"pin_memory": True, "persistent_workers": True, "collate_fn": {"type": "default_collate"}, **loader},
        )
        loader.pin_memory = loader.pin_memory and pin_memory and torch.cuda.is_available()
        loader.persistent_workers = (
            loader.persistent_workers and persistent_workers and loader.get("num_workers", 0) > 0
        )
        cfg[name] = loader


def _classes_beside(dataset: ConfigDict) -> Path:
    return Path(os.path.expanduser(dataset.get("data_root") or ""), dataset.ann_file).parent / _CLASSES


def _where(error: Exception) -> str:
    """The file and line of a config that an exception came from, when it came from one."""
    if isinstance(error, SyntaxError):
        return ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == "<module>"]
    return f"line {frames[-1].lineno}: " if frames else ""

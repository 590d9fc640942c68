"""Config files: loading, what the tools add to them, and messages about mistakes in them."""

import difflib
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope, Registry, build_functions
from mmengine.runner import checkpoint as host_checkpoint
from mmengine.utils import import_modules_from_strings

import kdxf.registry
from kdxf.engine.config_keys import argument_names, nearest, unread_keys
from kdxf.engine.config_options import SETTINGS, evaluating_with, nested
from kdxf.errors import UserError
from kdxf.io.config_files import read_config
from kdxf_runtime.io.digests import settings_digest

_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
_CLASSES = "classes.txt"
_CALLED = {"type", "constructor", "runner_type"}  # settings in which mmengine looks for a component's name


def load_config(path: str | Path, options: Mapping[str, Any] | None = None) -> Config:
    """Load a config file.

    Args:
        path: An mmengine config, of kdxf or an unmodified one of MMPretrain: Python, or YAML or JSON, which are data
            (:mod:`kdxf.io.config_files`). Without a ``default_scope`` it gets kdxf's, where MMPretrain's names are
            known as well; without a ``work_dir``, one under ``work_dirs`` (:func:`default_work_dir`).
        options: ``--cfg-options``: dotted keys and the values that replace the file's. What the file and its bases
            compute from a variable follows (:mod:`kdxf.engine.config_options`).

    Raises:
        UserError: The file is missing or fails to load, is YAML or JSON and names Python objects that are no
            components, or an option does not fit it or would change nothing.
    """
    options = options or {}
    path = Path(path)
    if not path.is_file():
        raise UserError(f"config file {path} does not exist; give the path of a .py file, such as configs/moe_r101.py")
    with evaluating_with(options):
        cfg = read_config(path)
    _check_variables(cfg, path, options)
    if path.suffix != ".py":
        _check_types(cfg.to_dict(), path)
    elif cfg.get("custom_imports"):  # mmengine forgets them in a config that imports its components
        try:
            import_modules_from_strings(**cfg.custom_imports)
        except Exception as error:
            raise UserError(f"config {path} cannot be loaded: {type(error).__name__}: {error}") from error
    # A run writes its config out six times; yapf, which would lay it out closer, takes 0.1 s or more each time.
    # Config.fromfile has an argument for this, and loses it.
    object.__setattr__(cfg, "_format_python_code", False)
    for key, value in options.items():
        try:
            cfg.merge_from_dict({key: value})
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise UserError(f"--cfg-options {key}={value} does not fit {path}: {error}") from error
    for place, reason in unread_keys(cfg) if options else ():
        for key, value in options.items():
            keys = tuple(key.split("."))
            if keys[: len(place)] == place[: len(keys)]:  # the option lies at this place, or around it, or within it
                raise UserError(f"--cfg-options {key}={value}: {reason}")
    if cfg.get("default_scope") is None:
        cfg.default_scope = "kdxf"
    if cfg.get("work_dir") is None:
        cfg.work_dir = str(default_work_dir(path))
    return cfg


def _check_variables(cfg: Config, path: Path, options: Mapping[str, Any]) -> None:
    """Check that options for names that no run reads are variables from which something else is computed.

    Args:
        cfg: What the file says with the options.
        path: The file.
        options: The options.

    Raises:
        UserError: No file has such a variable; or nothing is computed from it, and no imported code could read it.
    """
    for name in nested(options).keys() - SETTINGS:
        given = {key: value for key, value in options.items() if key.partition(".")[0] == name}
        written = " ".join(f"{key}={value}" for key, value in given.items())
        if name not in cfg:
            raise UserError(f"--cfg-options {written}: {path} has no {name!r}; {nearest(name, {*cfg, *SETTINGS})}")
        with evaluating_with({key: value for key, value in options.items() if key not in given}):
            other = read_config(path)
        changed = {key for key in cfg if repr(cfg[key]) != repr(other.get(key))}
        if name in changed and not changed & SETTINGS and not cfg.get("custom_imports"):
            raise UserError(
                f"--cfg-options {written}: no setting in {path} is computed from {name!r}, so it would change nothing; "
                "name the setting itself, such as train_dataloader.batch_size"
            )


def _check_types(part: Any, path: Path) -> None:
    """Check that a config which is data names registered components alone.

    mmengine's registries take a dotted name for that of any Python object, such as ``os.system``, and call it with the
    other settings. Python configs may say so, as they run code anyway.

    Raises:
        UserError: A dotted name is that of no registered component.
    """
    if isinstance(part, Mapping):
        for key in _CALLED & set(part):
            if isinstance(part[key], str) and "." in part[key] and not _is_registered(part[key]):
                raise UserError(
                    f"config {path} names {part[key]!r} as {key}, which is no registered component; only a Python "
                    "config may name other objects"
                )
    for child in part.values() if isinstance(part, Mapping) else part if isinstance(part, (list, tuple)) else ():
        _check_types(child, path)


def _is_registered(name: str) -> bool:
    """Tell whether a name such as ``mmpretrain.Accuracy`` is that of a component, after the scope of its registry."""
    scope, _, component = name.partition(".")
    for found in vars(kdxf.registry).values():
        registry = found if isinstance(found, Registry) else None
        while registry is not None:
            registry.import_from_location()
            if registry.scope == scope and component in registry.module_dict:
                return True
            registry = registry.parent
    return False


def config_digest(cfg: Config) -> str:
    """Return a fingerprint of the settings, 64 hexadecimal digits; ``work_dir`` does not count."""
    return settings_digest({key: value for key, value in cfg.to_dict().items() if key != "work_dir"})


def default_work_dir(config: Path) -> Path:
    """Return a work folder named after a config and its folders, so that configs of one name do not share it.

    ``configs/demo/moe_r18.py`` writes to ``work_dirs/demo/moe_r18``; outside a folder ``configs`` only the name counts.
    """
    folders = config.resolve().parent.parts
    below = folders[len(folders) - folders[::-1].index("configs") :] if "configs" in folders else ()
    return Path("work_dirs", *below, config.stem)


def model_config(cfg: Config) -> dict[str, Any]:
    """Return a copy of the model's config as the Runner completes it, without weights to download.

    ``pretrained=True``, at which timm's backbones download, becomes False at any depth; ``data_preprocessor`` of the
    whole config is the model's where it has none.
    """
    model = _without_pretrained(cfg.model.to_dict())
    if cfg.get("data_preprocessor") is not None:
        model.setdefault("data_preprocessor", cfg.data_preprocessor.to_dict())
    return model


def _without_pretrained(part: Any) -> Any:
    if isinstance(part, dict):
        return {k: False if k == "pretrained" and v is True else _without_pretrained(v) for k, v in part.items()}
    return [_without_pretrained(item) for item in part] if isinstance(part, list) else part


def type_name(settings: Mapping[str, Any]) -> str:
    """Return the name of the component that settings build, without scope and module; ``''`` without a ``type``.

    ``type`` is a name in configs that are read as text, and the class itself in those that import it (MMEngine's lazy
    configs).
    """
    kind = settings.get("type", "")
    return (kind if isinstance(kind, str) else kind.__name__).rpartition(".")[2]


def leaf_dataset(loader: ConfigDict) -> ConfigDict:
    """Return the config of a loader's dataset that names a list (``ann_file``), inside of its wrappers.

    Where none names one, return the innermost config.
    """
    dataset = loader.dataset
    while "ann_file" not in dataset and "dataset" in dataset:
        dataset = dataset.dataset
    return dataset


def set_list(cfg: Config, loader: str, file: Path, option: str) -> None:
    """Replace the list of a dataset; the class names stay.

    Args:
        cfg: Changed in place.
        loader: Such as ``val_dataloader``; its dataset may be wrapped.
        file: The list.
        option: The option that named it, for messages.

    Raises:
        UserError: There is no dataset with an ``ann_file``.
    """
    dataset = leaf_dataset(cfg.get(loader) or ConfigDict(dataset=ConfigDict()))
    if "ann_file" not in dataset:
        raise UserError(f"{option}: the config's {loader} has no dataset with an ann_file that {file} could replace")
    if dataset.get("classes") is None:
        candidates = [
            _classes_file(leaf) for leaf in (dataset, leaf_dataset(cfg.train_dataloader)) if "ann_file" in leaf
        ]
        classes = next((path for path in candidates if path.is_file()), None)
        if classes is not None:
            dataset.classes = str(classes.absolute())
    dataset.ann_file = str(file.absolute())


def set_loader_defaults(cfg: Config, *, pin_memory: bool = True, persistent_workers: bool = True) -> None:
    """Set the defaults of the data loaders of a config, as MMPretrain's tools do.

    Pages are pinned only where there is a GPU to copy them to, and workers persist only where there are workers;
    otherwise PyTorch warns of the first and refuses the second.

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


def _classes_file(dataset: ConfigDict) -> Path:
    return Path(os.path.expanduser(dataset.get("data_root") or ""), dataset.ann_file).parent / _CLASSES


_SHOWN = 8  # prefixes in a message
_UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")
# Of TypeErrors, those about a call's arguments.
_BAD_ARGUMENT = re.compile(r"(unexpected keyword|required (positional|keyword-only)|multiple values for) ?.*argument")


@contextmanager
def explaining_config_errors() -> Iterator[None]:
    """Turn errors while the parts of a config are built and get their weights into one line for the user.

    These are an unregistered name; a ``ValueError``, an ``AssertionError`` or a wrong argument in the
    constructor of a part; a ``prefix`` in ``init_cfg`` that no weight of the checkpoint has; and, in training, a batch
    that is too small for BatchNorm. Other exceptions pass through.

    Raises:
        UserError: The config has a mistake.
    """
    try:
        yield
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        message = _unknown_name(error) or _wrong_prefix(error) or _small_batch(error) or _wrong_setting(error)
        if message is None:
            raise
        raise UserError(message) from error


@contextmanager
def building(cfg: Config) -> Iterator[None]:
    """Look names up in the config's scope within the block, and explain errors as :func:`explaining_config_errors`."""
    with DefaultScope.overwrite_default_scope(cfg.get("default_scope") or "kdxf"), explaining_config_errors():
        yield


def _unknown_name(error: Exception) -> str | None:
    name, marker, rest = str(error.args[0] if error.args else "").partition(" is not in the ")
    if not isinstance(error, KeyError) or not marker or " registry" not in rest:
        return None
    return (
        f"the config names {name.split()[-1]!r}, which is not in the {rest.partition(' registry')[0]} registry; check "
        "the spelling, or import the module that registers it with custom_imports"
    )


def _wrong_prefix(error: Exception) -> str | None:
    """Explain a wrong ``prefix`` in ``init_cfg``, where mmengine does not say which prefixes exist."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    if frame.f_code is not host_checkpoint._load_checkpoint_with_prefix.__code__:
        return None
    checkpoint, prefix, file = (frame.f_locals[name] for name in ("checkpoint", "prefix", "filename"))
    names = checkpoint.get("state_dict", checkpoint)
    prefixes = list(dict.fromkeys("".join(name.partition(".")[:2]) for name in names)) or ["nothing"]
    more = ", ..." if len(prefixes) > _SHOWN else ""
    return (
        f"init_cfg: checkpoint {file} has no weights whose names begin with {prefix!r}; they begin with "
        f"{', '.join(prefixes[:_SHOWN])}{more}: correct or remove the prefix"
    )


def _small_batch(error: Exception) -> str | None:
    if not str(error).startswith("Expected more than 1 value per channel when training"):
        return None
    return (
        "a batch of one image met a layer that normalizes over the batch (BatchNorm), which needs two: set "
        "train_dataloader.batch_size to 2 or more, and drop_last=True if one image is left for the last batch"
    )


def _wrong_setting(error: Exception) -> str | None:
    part = _part_being_built(error)
    if part is None or isinstance(error, KeyError):
        return None
    if isinstance(error, TypeError) and not _BAD_ARGUMENT.search(str(error)):
        return None
    # A bare assertion says nothing; its line of code says something.
    reason = str(error) or traceback.extract_tb(error.__traceback__)[-1].line
    unexpected = _UNEXPECTED.search(str(error))
    close = difflib.get_close_matches(unexpected[1], argument_names(part), 1) if unexpected else []
    return f"the config's settings of {part} are wrong: {reason}" + (f"; did you mean {close[0]!r}?" if close else "")


def _part_being_built(error: Exception) -> str | None:
    """Return the innermost component whose constructor raised the exception, by its name in the config."""
    part = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == build_functions.__file__:
            kind = frame.f_locals.get("obj_type", frame.f_locals.get("scheduler_type"))
            part = kind if isinstance(kind, str) else getattr(kind, "__name__", part)
    return part

"""Keys of a config that nothing reads: what each part takes, and the nearest right key."""

import difflib
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import Registry
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, LogProcessor, TestLoop, ValLoop, set_random_seed
from mmengine.utils.dl_utils import set_multi_processing
from torch.utils.data import DataLoader

import kdxf.registry
from kdxf.engine.config_options import SETTINGS, nested
from kdxf.errors import UserError
from kdxf.text import registry as text_registry

_EVERYWHERE = {"type", "_scope_", "_delete_"}
# What the builders of a registry take out before they call the class.
_TAKEN_BEFORE = {
    "hook": {"priority"},
    "model": {"requires_grad", "pretrained"},  # of norm_cfg; of an encoder, by models that load its weights themselves
    "parameter scheduler": {"convert_to_iter_based"},
    "weight initializer": {"name", "override"},
}
_FOREIGN = {"Albumentations"}  # parts below them are another library's, under names that exist here as well
_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
_DEFAULT_HOOKS = frozenset({"runtime_info", "timer", "sampler_seed", "logger", "param_scheduler", "checkpoint"})
_SHOWN = 8  # right keys in a message


class UnreadKey(NamedTuple):
    """A key that nothing reads.

    Attributes:
        path: The keys that lead to it; numbers are the places in lists.
        reason: Why, with the nearest right key.
    """

    path: tuple[str, ...]
    reason: str


def check_keys(cfg: Config) -> None:
    """Check that each key of a config is read by something, as far as that can be told.

    These are checked: arguments of components whose class takes no others (``**kwargs``), at any depth; and the keys of
    data loaders, loops, ``optim_wrapper``, ``log_processor``, ``env_cfg``, ``randomness`` and ``auto_scale_lr``.
    Other names at the top of a config are variables.

    Raises:
        UserError: Nothing reads a key.
    """
    for found in unread_keys(cfg):
        raise UserError(f"config {cfg.filename}: {'.'.join(found.path)}: {found.reason}")


def unread_keys(cfg: Config) -> Iterator[UnreadKey]:
    """Yield the keys that nothing reads, as :func:`check_keys` describes it."""
    for name, value in cfg.to_dict().items():
        if name in SETTINGS:
            yield from _unread(value, (name,))


def nearest(key: str, known: Any) -> str:
    """Return ``did you mean ...?`` with the nearest of the known keys, or the known keys where none is near."""
    close = difflib.get_close_matches(key, known, 1)
    shown = sorted(known)
    more = ", ..." if len(shown) > _SHOWN else ""
    return f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(shown[:_SHOWN]) or 'nothing'}{more}"


def argument_names(kind: str) -> set[str]:
    """Return the arguments of the components of a name, with those of the classes that they inherit from."""
    found: set[str] = set()
    for component in [component for metric in (False, True) for component, _ in _components(kind, metric)]:
        for owner in inspect.getmro(component) if inspect.isclass(component) else (component,):
            found |= inspect.signature(owner).parameters.keys() if owner is not object else set()
    return found - {"args", "kwargs"}


def _unread(node: Any, path: tuple[str, ...]) -> Iterator[UnreadKey]:
    if isinstance(node, (list, tuple)):
        for place, item in enumerate(node):
            yield from _unread(item, (*path, str(place)))
    if not isinstance(node, Mapping):
        return
    if path[0] == "stages" and len(path) == 2:
        node = nested(node)  # a stage may write dotted keys
    owner, known = _known(node, path)
    if known is not None:
        for key in map(str, node):
            if key not in known and key not in _EVERYWHERE:
                yield UnreadKey(
                    (*path, key), f"{owner} has no {key!r}; {_within(node, path, key) or nearest(key, known)}"
                )
    if _name(node.get("type")) not in _FOREIGN:
        for key, value in node.items():
            yield from _unread(value, (*path, str(key)))


def _within(node: Mapping[str, Any], path: tuple[str, ...], key: str) -> str | None:
    """Say where a key belongs that the dataset inside of a wrapper reads."""
    inner, place = node.get("dataset"), ".".join((*path, "dataset"))
    while isinstance(inner, Mapping) and (isinstance(inner.get("type"), str) or callable(inner.get("type"))):
        if any(key in inspect.signature(component).parameters for component, _ in _components(inner["type"], False)):
            return f"did you mean '{place}.{key}'?"
        inner, place = inner.get("dataset"), f"{place}.dataset"
    return None


def _known(node: Mapping[str, Any], path: tuple[str, ...]) -> tuple[str, frozenset[str] | None]:
    """Return what reads a dict, and the keys that it reads; None where that is not known."""
    if path[0] == "stages":  # the keys of a stage are those of a config
        if len(path) == 2:
            return "a stage", SETTINGS | {"name"}
        path = path[2:] or path
    kind = node.get("type")
    owner = _name(kind) or ".".join(path)
    if kind is not None and not isinstance(kind, str) and not callable(kind):
        return owner, None  # no component at all
    if path == ("default_hooks",):  # any name, if it names a hook
        return owner, _DEFAULT_HOOKS | {
            key for key, hook in node.items() if not isinstance(hook, dict) or "type" in hook
        }
    if path == ("optim_wrapper",):
        if "constructor" in node:  # it may name optimizers of several parts of a model
            return owner, None
        known = _arguments(kind) if kind else _parameters(OptimWrapper)
        return owner, known and known | {"constructor", "paramwise_cfg", "optimizer"}
    if kind is None:
        return owner, _untyped(node, path)
    known = _arguments(kind, metric=path[0].endswith("_evaluator"))
    return owner, known and known | {"by_epoch"} if path == ("train_cfg",) else known


def _untyped(node: Mapping[str, Any], path: tuple[str, ...]) -> frozenset[str] | None:
    """Return the keys of a dict without ``type``, by its place in the config."""
    if len(path) == 1 and path[0] in _LOADERS:
        return _parameters(DataLoader) | {"num_batch_per_epoch", "disable_subprocess_warning"}
    if path == ("train_cfg",):
        epochs, iterations = _parameters(EpochBasedTrainLoop), _parameters(IterBasedTrainLoop)
        known = epochs | iterations
        if "by_epoch" in node:  # not so in a stage, which names only what changes
            known = epochs if node["by_epoch"] else iterations
        return known | {"by_epoch"}
    return _by_place().get(path)


@cache
def _by_place() -> dict[tuple[str, ...], frozenset[str]]:
    return {
        ("val_cfg",): _parameters(ValLoop),
        ("test_cfg",): _parameters(TestLoop),
        ("log_processor",): _parameters(LogProcessor),
        ("randomness",): _parameters(set_random_seed),
        ("auto_scale_lr",): frozenset({"base_batch_size", "enable"}),
        ("env_cfg",): frozenset({"cudnn_benchmark", "mp_cfg", "dist_cfg", "resource_limit"}),
        ("env_cfg", "mp_cfg"): _parameters(set_multi_processing),
    }


@cache
def _arguments(kind: Any, metric: bool = False) -> frozenset[str] | None:
    """Return the arguments of the components of a name, or of a class; None if one takes any, or there is none.

    Metrics and data sets share names.
    """
    found: set[str] = set()
    for component, taken_before in _components(kind, metric):
        if not (inspect.isclass(component) or inspect.isroutine(component)):
            return None
        known = _parameters(component)
        if known is None:
            return None
        found |= known | taken_before
    return frozenset(found) if found else None


def _components(kind: Any, metric: bool) -> Iterator[tuple[Any, set[str]]]:
    """Yield the components of a name in all registries, and what their builders take out before they call them."""
    if not isinstance(kind, str):
        yield kind, set()
        return
    scope, _, bare = kind.rpartition(".")
    for found in [*vars(kdxf.registry).values(), *vars(text_registry).values()]:
        registry = found if isinstance(found, Registry) else None
        while registry is not None:
            registry.import_from_location()
            belongs = (registry.name in ("metric", "evaluator")) == metric and scope in ("", registry.scope)
            if belongs and bare in registry.module_dict:
                yield registry.module_dict[bare], _TAKEN_BEFORE.get(registry.name, set())
            registry = registry.parent


def _parameters(function: Any) -> Any:
    """Return the names of the arguments of a function or class; None if it takes any."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # one without a signature, in C
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)


def _name(kind: Any) -> str:
    return kind if isinstance(kind, str) else getattr(kind, "__name__", "")

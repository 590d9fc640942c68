"""Weights of one model, fitted into another that differs in parts, with a report of the differences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from mmpretrain.models.heads.margin_head import NormProduct
from torch import Tensor, nn

_HEAD = "head."


def carry_class_rows(
    model: nn.Module, state: dict[str, Tensor], old: Sequence[str], new: Sequence[str]
) -> tuple[list[str], int]:
    """Move the rows that a head has for a class to the class of the same name in a new set of classes.

    A row of a linear classifier, of ArcFace's centres or of an expert (and of its gate per class) belongs to one
    class. Rows of classes that are new keep the model's own values. Values per class that are not learnt, such as
    counts in a loss, belong to the data, so the model's own stay as well.

    Args:
        model: The model to be filled, whose ``head`` classifies.
        state: The weights by name; changed in place.
        old: Names of the classes that the weights were trained on.
        new: Names of the model's classes.

    Returns:
        The names of the weights that were combined, and how many classes are in both sets; no names and 0 where the
        sets are equal or have no name in common, and nothing is done.
    """
    places = {name: index for index, name in enumerate(old)}
    pairs = [(places[name], index) for index, name in enumerate(new) if name in places]
    if list(old) == list(new) or not pairs:
        return [], 0
    for name, buffer in model.named_buffers():
        if name.startswith(_HEAD) and buffer.shape[:1] == (len(new),):
            state.pop(name, None)
    modules = dict(model.named_modules())
    rows = torch.tensor(pairs).T
    carried = []
    for name, own in model.named_parameters():
        if name.startswith(_HEAD) and name in state:
            shape = _class_shape(name, modules, own, state[name], (len(old), len(new)))
            if shape is not None:
                state[name] = _carry(own.detach(), state[name], shape, rows)
                carried.append(name)
    return carried, len(pairs)


def _class_shape(
    name: str, modules: Mapping[str, nn.Module], own: Tensor, loaded: Tensor, counts: tuple[int, int]
) -> tuple[int, int] | None:
    """Return the layout of the rows: (m, 1) is m times all classes, (1, m) m rows for each class, None neither."""
    path = name.rpartition(".")[0]
    owner, parent = modules[path], modules[path.rpartition(".")[0]]
    old, new = counts
    times = own.shape[0] // new
    if times == 0 or own.shape[0] != times * new or loaded.shape != (times * old, *own.shape[1:]):
        return None
    classifies = getattr(parent, "num_classes", None) == new
    if isinstance(owner, NormProduct):
        return 1, times
    # A layer may be as wide as there are classes by chance, but only what depends on their number changes with it.
    return (times, 1) if classifies or (times == 1 and old != new) else None


def _carry(own: Tensor, loaded: Tensor, shape: tuple[int, int], rows: Tensor) -> Tensor:
    groups, repeats = shape
    rest = own.shape[1:]
    result = own.clone().view(groups, -1, repeats, *rest)
    source = loaded.to(own).reshape(groups, -1, repeats, *rest)
    old, new = rows.to(own.device)
    result[:, new] = source[:, old]
    return result.view(own.shape)


_WRONG_SHAPE = re.compile(r"size mismatch for (\S+): (.*)")
_SHOWN = 4


@dataclass(frozen=True)
class Fit:
    """Result of fitting weights into a model; weights are given by name.

    Attributes:
        carried: Weights of the model that were taken over.
        by_class: Those of them that were combined class by class.
        classes: Number of classes that the old and the new set have in common; 0 where nothing was combined.
        wrong_shape: Weights of both that differ in shape, each with PyTorch's message about it.
        missing: Weights of the model that the file does not have.
        unused: Weights of the file that the model does not have.
    """

    carried: list[str]
    by_class: list[str]
    classes: int
    wrong_shape: dict[str, str]
    missing: list[str]
    unused: list[str]

    @property
    def left(self) -> list[str]:
        """Weights of the model that keep their initial values."""
        return [*self.wrong_shape, *self.missing]

    def __str__(self) -> str:
        text = f"{len(self.carried)} of {len(self.carried) + len(self.left)} weights carried over"
        if self.by_class:
            text += f", of them {_list(self.by_class)} for the {self.classes} classes that were known by name"
        text += f"; left at their initial values: {_list(self.left) or 'none'}"
        return text + (f"; in the file and not used: {_list(self.unused)}" if self.unused else "")


def fit_weights(
    model: nn.Module,
    state: dict[str, Tensor],
    old_classes: Sequence[str] | None = None,
    new_classes: Sequence[str] | None = None,
) -> Fit:
    """Complete the weights of a file for a model: weights that do not fit are replaced by the model's own.

    Args:
        model: The model. The weights that fit are loaded into it.
        state: The file's weights by name. Changed in place: afterwards it has the model's names and shapes.
        old_classes: Names of the classes that the weights were trained on, if known.
        new_classes: Names of the classes that the model is to learn, if known; see :func:`carry_class_rows`.

    Returns:
        What was carried over, and what was not.
    """
    for name in [name for name in state if name.startswith("module.")]:
        state[name.removeprefix("module.")] = state.pop(name)
    own = {name: weight.clone() for name, weight in model.state_dict().items()}
    by_class: list[str] = []
    classes = 0
    if old_classes is not None and new_classes is not None:
        by_class, classes = carry_class_rows(model, state, old_classes, new_classes)
    # Loading runs what modules do to fit old names and shapes, so only PyTorch can tell what is wrong in the end.
    wrong_shape: dict[str, str] = {}
    try:
        loaded = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        wrong_shape = dict(_WRONG_SHAPE.findall(str(error)))
        if not wrong_shape:
            raise
        for name in wrong_shape:
            state.pop(name)
        loaded = model.load_state_dict(state, strict=False)
    missing = [name for name in loaded.missing_keys if name not in wrong_shape]
    for name in loaded.unexpected_keys:
        state.pop(name, None)
    state.update((name, own[name]) for name in loaded.missing_keys)
    carried = [name for name in own if name not in set(loaded.missing_keys)]
    return Fit(carried, by_class, classes, wrong_shape, missing, list(loaded.unexpected_keys))


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

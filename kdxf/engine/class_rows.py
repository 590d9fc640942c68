"""Carries a classifier's weights from one set of classes to another, class by class."""

from collections.abc import Mapping, Sequence

import torch
from mmpretrain.models.heads.margin_head import NormProduct
from torch import Tensor, nn

_HEAD = "head."


def carry_class_rows(
    model: nn.Module, state: dict[str, Tensor], old: Sequence[str], new: Sequence[str]
) -> tuple[list[str], int]:
    """Put the rows that a head has for a class where the new set of classes has the class of the same name.

    A row of a linear classifier, of ArcFace's centres or of an expert (and of its gate per class) belongs to one
    class. Rows of classes that are new keep the model's own values. What the head holds per class and does not learn,
    such as counts in a loss, belongs to the data, so the model's own values stay as well.

    Args:
        model: The model to be filled, whose ``head`` classifies.
        state: The weights by name; changed in place.
        old: Names of the classes that the weights were trained on.
        new: Names of the model's classes.

    Returns:
        The names of the weights that were put together, and how many classes are in both sets; nothing is done, and
        0 given, where the sets are equal or have no name in common.
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
    """Say how rows are laid out: (m, 1) is m times all classes, (1, m) m rows for each class, None neither."""
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

"""Do a model and the data mean the same classes?"""

from collections.abc import Sequence
from typing import Any

from kdxf.errors import UserError


def class_names(dataset: Any) -> list[str] | None:
    """Return the class names of a dataset, which may be wrapped; None where it has none."""
    names = getattr(dataset, "metainfo", {}).get("classes")
    return None if names is None else list(names)


def check_number_of_classes(model: Any, dataset: Any, loader: str, *, more: bool = False) -> None:
    """Check that a model's head has as many classes as a dataset names, or enough for its labels if it names none.

    Args:
        model: A classifier; one without ``head.num_classes`` fits any data.
        dataset: Its data, which may be wrapped.
        loader: Of the data, for messages.
        more: Whether the head may have more classes than the dataset names.

    Raises:
        UserError: It has not.
    """
    count, names = getattr(getattr(model, "head", None), "num_classes", None), class_names(dataset)
    if not isinstance(count, int):
        return
    if names is not None and (len(names) > count or (len(names) < count and not more)):
        raise UserError(
            f"model.head has num_classes={count}, but {loader} has {len(names)} classes ({_shown(names)}): set "
            f"num_classes={len(names)}, or correct dataset.classes"
        )
    while hasattr(dataset, "dataset"):
        dataset = dataset.dataset
    if names is None and hasattr(dataset, "get_gt_labels") and len(dataset):
        highest = int(max(dataset.get_gt_labels()))
        if highest >= count:
            raise UserError(
                f"model.head has num_classes={count}, but {loader} has the label {highest}: set num_classes to at "
                f"least {highest + 1}"
            )


def check_names(known: Sequence[str] | None, names: Sequence[str] | None, owner: str, other: str) -> None:
    """Check that data call each class as the model's training data do; they may lack the last ones.

    Args:
        known: The classes of the model, in order; None fits any.
        names: Those of the data; None fits as well.
        owner: Where the first come from, for messages.
        other: Where the second come from.

    Raises:
        UserError: A class has another name, or there are more.
    """
    if known is None or names is None or list(known[: len(names)]) == list(names):
        return
    number = next((i for i, (a, b) in enumerate(zip(known, names, strict=False)) if a != b), len(known))
    theirs = repr(known[number]) if number < len(known) else "missing"
    raise UserError(
        f"class {number} is {names[number]!r} in {other}, and {theirs} in {owner}: both need the same names in "
        f"the same order; set {other}.dataset.classes"
    )


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")

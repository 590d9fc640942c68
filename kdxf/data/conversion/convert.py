"""Annotation lists from other formats: what all formats have in common."""

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.errors import UserError
from kdxf.io.annotations import label_indices
from kdxf.io.class_map import class_indices, new_class_map

# Names of images and labels in the files of competitions and datasets, the most common first.
IMAGE_KEYS = (
    "image",
    "image_id",
    "img_path",
    "file_name",
    "filename",
    "image_path",
    "image_name",
    "path",
    "file",
    "id",
)
LABEL_KEYS = ("label", "class_id", "gt_label", "category_id", "label_id", "class", "category", "class_name", "target")


@dataclass(frozen=True)
class Annotations:
    """A list in the terms of its original form.

    Attributes:
        frame: ``image`` (as written in the source), ``label`` (the class id, as text; optional), and other columns.
        names: Class id to name, where the form names its classes; else empty.
        notes: What could not be converted, one line each.
        indexed: Whether the labels are indices into a class list, as in MMPretrain's lists, and not ids.
    """

    frame: pd.DataFrame
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    indexed: bool = False


def find_key(given: str | None, usual: Sequence[str], keys: Sequence[str], source: Path, option: str) -> str:
    """Find the key or column that holds the images or the labels.

    Args:
        given: What the user named, or None.
        usual: Common names to try, in this order.
        keys: The keys or columns of the file.
        source: The file, for messages.
        option: The option that names it.

    Raises:
        UserError: The file has no such key or column.
    """
    if given is not None and given not in keys:
        raise UserError(f"{source}: no {given!r} in it (found: {', '.join(keys)}); change {option}")
    key = given if given is not None else next((name for name in usual if name in keys), None)
    if key is None:
        raise UserError(f"{source}: none of the usual names is there (found: {', '.join(keys)}); name it with {option}")
    return key


def as_frame(table: pd.DataFrame, image_key: str, label_key: str | None, source: Path) -> pd.DataFrame:
    """Rename the two main columns, put them first and check that they are filled.

    Raises:
        UserError: There are no rows, or a row lacks its image or its label.
    """
    if table.empty:
        raise UserError(f"{source}: has no rows")
    keys = {image_key: "image"} | ({label_key: "label"} if label_key else {})
    for key, what in keys.items():
        values = table[key]
        missing = values.isna() | values.astype("str").str.strip().eq("")
        if missing.any():
            raise UserError(f"{source}: entry {missing.to_numpy().argmax() + 1} has no {what} ({key!r} is empty there)")
    clashing = [name for name in keys.values() if name in table.columns and name not in keys]
    frame = table.drop(columns=clashing).rename(columns=keys)
    for name in keys.values():
        frame[name] = frame[name].astype("str").str.strip()
    return frame[[*keys.values(), *(name for name in frame.columns if name not in keys.values())]]


def apply_pattern(frame: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """Turn the image names of a format into paths.

    Args:
        frame: The list.
        pattern: A path with ``{image}`` and, where the folder is the class, ``{label}``: ``train/{label:0>5}/{image}``
            gives ``train/00012/a.jpg``; ``{image}.jpg`` adds an extension.

    Raises:
        UserError: The pattern is invalid, lacks ``{image}``, or has another name in braces.
    """
    labels = frame["label"] if "label" in frame.columns else [""] * len(frame)
    _check_pattern(pattern)
    pairs = zip(frame["image"], labels, strict=True)
    try:
        images = [pattern.format(image=image, label=label) for image, label in pairs]
    except ValueError as error:
        raise UserError(f"--pattern {pattern}: {error}") from error
    return frame.assign(image=pd.Series(images, index=frame.index, dtype="str"))


def strip_pattern(frame: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """Undo :func:`apply_pattern`.

    Raises:
        UserError: The pattern is invalid, or a path does not match it.
    """
    _check_pattern(pattern)
    before, after = pattern.split("{image", 1)
    after = after.split("}", 1)[1]
    heads, tails = (
        [text.format(label=label) for label in frame["label"]] if "{label" in text else [text] * len(frame)
        for text in (before, after)
    )
    images = []
    for image, head, tail in zip(frame["image"], heads, tails, strict=True):
        if not (image.startswith(head) and image.endswith(tail) and len(image) > len(head) + len(tail)):
            raise UserError(f"--pattern {pattern}: {image} does not follow it; change the pattern")
        images.append(image[len(head) : len(image) - len(tail)])
    return frame.assign(image=pd.Series(images, index=frame.index, dtype="str"))


def _indices(data: Annotations, classes: pd.DataFrame, source: Path) -> np.ndarray:
    """Look up class ids in a map, else names; numbers are indices if the format says so or if no id is a number.

    If the form names its classes, its ids may be arbitrary numbers, so the names count.
    """
    labels = data.frame["label"].map(data.names) if data.names else data.frame["label"]
    if data.indexed and not data.names:
        return np.array(label_indices(labels, list(map(str, range(len(classes)))), source), np.int64)
    columns = ("name", "id") if data.names else ("id", "name")
    candidates = [labels.map(pd.Series(classes["index"].to_numpy(), index=classes[column])) for column in columns]
    for indices in candidates:
        if indices.notna().all():
            return indices.to_numpy(np.int64)
    if not classes["id"].str.isdecimal().any():
        return class_indices(labels, classes, source)
    unknown = labels[candidates[0].isna()].iloc[0]
    raise UserError(f"{source}: the class {unknown!r} is not in the class map; convert without it, or add the class")


def _check_names(data: Annotations, source: Path) -> None:
    if nameless := sorted(set(data.frame["label"]) - set(data.names)):
        raise UserError(f"{source}: the class {nameless[0]!r} is not among the {len(data.names)} that it names; add it")
    name, count = Counter(data.names.values()).most_common(1)[0]
    if count > 1:
        raise UserError(f"{source}: {count} classes have the name {name!r}; names must differ")


def _check_pattern(pattern: str) -> None:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None]
    except ValueError as error:
        raise UserError(f"--pattern {pattern}: {error}") from error
    if names.count("image") != 1 or set(names) - {"image", "label"}:
        raise UserError(f"--pattern {pattern}: must hold {{image}} once, and nothing else in braces but {{label}}")


def map_classes(
    data: Annotations, source: Path, names: dict[str, str] | None, classes: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Assign an index and a name to every class.

    Args:
        data: The list with class ids.
        source: Its file, for messages.
        names: Id to name, if the user gave them; else the form's own, else the ids are the names.
        classes: A class map to use as it is, so that a validation list is numbered like its training list.

    Returns:
        The list with class names as labels, and the class map (``index``, ``id``, ``name``, ``images``).

    Raises:
        UserError: A class is not in the given map, or the form names its classes badly.
    """
    ids = data.frame["label"]
    if data.names:
        _check_names(data, source)
    if classes is None:
        # A named class without images counts too: the index of the others depends on it.
        known = names if names is not None else data.names
        classes = new_class_map({*ids, *data.names}, known or None)
    indices = pd.Series(_indices(data, classes, source), index=ids.index)
    names_of = classes["name"].to_numpy(dtype=object)
    images = indices.value_counts().reindex(range(len(classes)), fill_value=0)
    labels = pd.Series(names_of[indices.to_numpy()], index=ids.index, dtype="str")
    return data.frame.assign(label=labels), classes.assign(images=images.to_numpy())

"""Checks of a list of images as such: its rows, its names and its classes."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from kdxf.errors import UserError
from kdxf.io.annotations import label_indices
from kdxf.io.class_names import order_ids
from kdxf_runtime.io.folders import list_images

_COLUMNS = ["image", "problem", "detail"]


def problems_of_rows(frame: pd.DataFrame, others: Mapping[Path, Iterable[str]]) -> pd.DataFrame:
    """Find images listed twice, in this list or in another one, and names that differ only in case.

    Args:
        frame: The list: ``image`` and perhaps ``label``.
        others: The images of other lists of the same data.

    Returns:
        A frame with the columns ``image``, ``problem`` and ``detail``.
    """
    rows = []
    again = frame[frame["image"].duplicated(keep=False)]
    for image, group in again.groupby("image", sort=False):
        labels = list(dict.fromkeys(group["label"])) if "label" in group else []
        suffix = f", labelled {' and '.join(labels)}" if len(labels) > 1 else ""
        rows.append((image, "listed_twice", f"{len(group)} rows{suffix}"))
    unique = frame["image"].drop_duplicates()
    for path, images in others.items():
        rows += [(image, "in_other_list", str(path)) for image in unique[unique.isin(set(images))]]
    folded = unique.str.casefold()
    clashing = unique[folded.duplicated(keep=False)]
    for _, group in clashing.groupby(folded[clashing.index], sort=False):
        names = list(group)
        rows += [(name, "case_clash", f"beside {next(other for other in names if other != name)}") for name in names]
    return pd.DataFrame(rows, columns=_COLUMNS, dtype="str")


def problems_of_files(images: pd.Series, root: Path, missing: Sequence[str], others: Iterable[str]) -> pd.DataFrame:
    """Find the files below the image root that no list names, and the true names of rows with the wrong case.

    Args:
        images: The images of the list.
        root: The image root.
        missing: Those of ``images`` that have no file.
        others: Images that other lists name.

    Returns:
        A frame like that of :func:`problems_of_rows`.
    """
    existing = list_images(root)
    listed = set(images).union(others)
    unlisted = [image for image in existing if image not in listed]
    by_case = {image.casefold(): image for image in existing}
    rows = [(image, "unlisted", "no list names this file") for image in unlisted]
    rows += [
        (image, "case_clash", f"the file is called {by_case[image.casefold()]}")
        for image in missing
        if image.casefold() in by_case
    ]
    return pd.DataFrame(rows, columns=_COLUMNS, dtype="str")


def problems_of_labels(frame: pd.DataFrame, classes: Sequence[str], source: Path) -> pd.DataFrame:
    """Find rows whose label is neither a class name nor a class index.

    Returns:
        A frame like that of :func:`problems_of_rows`.
    """
    index_of = _index_of_labels(frame["label"].unique(), classes, source)
    unknown = frame[frame["label"].map(index_of).isna()]
    return pd.DataFrame(
        {
            "image": unknown["image"],
            "problem": "unknown_label",
            "detail": unknown["label"].map(lambda label: f"{label!r} is not among the {len(classes)} classes"),
        },
        dtype="str",
    )


def count_classes(
    frame: pd.DataFrame, unusable: Iterable[str], classes: Sequence[str] | None, source: Path
) -> pd.DataFrame:
    """Count the images of each class.

    Args:
        frame: The list, with labels.
        unusable: The images that cannot be used.
        classes: All class names in index order; by default those that occur.
        source: The list's file, for messages.

    Returns:
        One row per class, in index order: ``class``, ``images`` (distinct images), ``unusable`` (how many of them).
    """
    rows = frame.drop_duplicates(["image", "label"])
    label = rows["label"]
    if classes is not None:
        index_of = _index_of_labels(label.unique(), classes, source)
        label = label.map(index_of).dropna().map(lambda index: classes[int(index)])
    names = order_ids(label) if classes is None else list(classes)
    bad = rows.loc[label.index, "image"].isin(set(unusable))
    counts, spoilt = label.value_counts(), label[bad].value_counts()
    return pd.DataFrame(
        {
            "class": names,
            "images": counts.reindex(names, fill_value=0).to_numpy(),
            "unusable": spoilt.reindex(names, fill_value=0).to_numpy(),
        }
    )


def _index_of_labels(labels: Iterable[str], classes: Sequence[str], source: Path) -> dict[str, int]:
    """Return the index of each label that is a class name or may stand for one."""
    of_name = {name: index for index, name in enumerate(classes)}
    known = {label: of_name[label] for label in labels if label in of_name}
    for label in set(labels).difference(known):
        with contextlib.suppress(UserError):
            known[label] = label_indices([label], classes, source)[0]
    return known

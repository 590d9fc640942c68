"""Classes and rows chosen from lists, with the indices of the full set of classes next to the new ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.sampling import ranks_in_class, spread_over_classes
from kdxf.errors import UserError
from kdxf.io.class_map import class_indices


@dataclass(frozen=True)
class Choice:
    """The classes and rows to choose; None does not restrict.

    Attributes:
        sizes: Least and greatest number of images of a class, both included, in the first list.
        names: Class names.
        first: How many classes, in index order, after the other restrictions.
        fraction: The part of the rows of each list, drawn so that classes keep their shares.
        rows: The number of rows of each list, drawn likewise; a shorter list is kept whole.
        seed: Another seed draws other rows.
    """

    sizes: tuple[int, int] | None = None
    names: Sequence[str] | None = None
    first: int | None = None
    fraction: float | None = None
    rows: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Subset:
    """The chosen lists and classes.

    Attributes:
        lists: The lists, labels as names.
        classes: The new class map: ``index``, ``id``, ``name``, ``images`` (in the first list) and ``full_index`` (the
            index in the map of all classes).
    """

    lists: dict[Path, pd.DataFrame]
    classes: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """Return one row per list: ``list``, ``images``, ``classes``, ``smallest`` and ``largest`` class."""
        rows = []
        for path, frame in self.lists.items():
            sizes = frame["label"].value_counts()
            rows.append((path.name, len(frame), len(sizes), *((sizes.min(), sizes.max()) if len(sizes) else (0, 0))))
        return pd.DataFrame(rows, columns=["list", "images", "classes", "smallest", "largest"])


def subset(
    lists: Mapping[Path, pd.DataFrame], classes: pd.DataFrame, choice: Choice, keep_classes: bool = False
) -> Subset:
    """Choose classes by the first list and rows of every list.

    Args:
        lists: File to list, with the columns ``image`` and ``label``.
        classes: The map of all classes (:func:`kdxf.io.class_map.read_class_map`).
        choice: The classes and rows to choose.
        keep_classes: Whether the new class map is the full one, so that a model keeps the width of its output.

    Raises:
        UserError: The choice is impossible, leaves nothing, or a label is no class.
    """
    labels = {path: class_indices(frame["label"], classes, path) for path, frame in lists.items()}
    first = next(iter(lists))
    sizes = np.bincount(labels[first], minlength=len(classes))
    kept = _choose_classes(sizes, classes, choice, first)
    names = classes["name"].to_numpy(dtype=object)
    chosen = {}
    for path, frame in lists.items():
        rows = np.flatnonzero(kept[labels[path]])
        indices = labels[path][rows]
        rows = rows[_choose_rows(frame["image"].iloc[rows], indices, choice)]
        chosen[path] = frame.iloc[rows].assign(label=names[labels[path][rows]])
    if not len(chosen[first]):
        raise UserError(f"{first}: no rows are left; take more with --fraction or --rows")
    images = chosen[first]["label"].value_counts()
    described = classes.rename(columns={"index": "full_index"})
    if not keep_classes:
        described = described[kept].reset_index(drop=True)
    described = described.assign(index=range(len(described)))
    described["images"] = described["name"].map(images).fillna(0).astype(int)
    return Subset(chosen, described[["index", "id", "name", "images", "full_index"]])


def _choose_classes(sizes: np.ndarray, classes: pd.DataFrame, choice: Choice, source: Path) -> np.ndarray:
    kept = sizes > 0
    if choice.sizes is not None:
        low, high = choice.sizes
        kept &= (sizes >= low) & (sizes <= high)
        if not kept.any():
            present = sizes[sizes > 0]
            raise UserError(
                f"{source}: no class has {low} to {high} images (sizes go from {present.min()} to {present.max()}); "
                "change --sizes"
            )
    if choice.names is not None:
        if unknown := sorted(set(choice.names) - set(classes["name"])):
            raise UserError(f"--only: {unknown[0]!r} ({len(unknown)} in all) is no class of the class map; correct it")
        kept &= classes["name"].isin(list(choice.names)).to_numpy()
    if choice.first is not None:
        if choice.first < 1:
            raise UserError(f"--first: must be at least 1, not {choice.first}")
        kept[np.flatnonzero(kept)[choice.first :]] = False
    if not kept.any():
        raise UserError(f"{source}: has no image of the chosen classes; choose others")
    return kept


def _choose_rows(images: pd.Series, labels: np.ndarray, choice: Choice) -> np.ndarray:
    count = len(images)
    if choice.fraction is not None:
        if not 0 < choice.fraction <= 1:
            raise UserError(f"--fraction: must be above 0 and at most 1, not {choice.fraction}")
        count = round(count * choice.fraction)
    if choice.rows is not None:
        if choice.rows < 1:
            raise UserError(f"--rows: must be at least 1, not {choice.rows}")
        count = min(count, choice.rows)
    if count == len(images):
        return np.ones(count, bool)
    return spread_over_classes(labels, ranks_in_class(images, labels, choice.seed), count)

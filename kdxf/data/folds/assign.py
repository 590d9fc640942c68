"""Assignment of k folds (similar classes in each, no group in two of them), their files and their page."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.folds.dealing import deal_groups, shuffled_order
from kdxf.errors import UserError
from kdxf.io.class_names import order_ids
from kdxf.io.pages import HTMLReport

# The fold of rows that are never validated.
ALWAYS_TRAIN = -1


@dataclass(frozen=True)
class Folds:
    """A list and its folds.

    Attributes:
        frame: The list with the column ``fold``, from 0, or :data:`ALWAYS_TRAIN`.
        groups: int64 (n,), the group of each row.
        number: k.
        warnings: What the user should know, one line each.
    """

    frame: pd.DataFrame
    groups: np.ndarray
    number: int
    warnings: list[str]

    def lists(self, fold: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the training and validation rows of fold ``fold``, with the column ``fold`` kept."""
        chosen = self.frame["fold"] == fold
        return self.frame[~chosen], self.frame[chosen]

    def summary(self) -> pd.DataFrame:
        """Return a row per fold: ``fold``, ``images``, ``groups``, ``classes``, ``smallest`` and ``largest`` class."""
        rows = []
        for fold in [*range(self.number), ALWAYS_TRAIN]:
            chosen = (self.frame["fold"] == fold).to_numpy()
            sizes = self.frame["label"][chosen].value_counts()
            if len(sizes):
                name = "train only" if fold == ALWAYS_TRAIN else str(fold)
                groups = len(np.unique(self.groups[chosen]))
                rows.append((name, int(chosen.sum()), groups, len(sizes), int(sizes.min()), int(sizes.max())))
        return pd.DataFrame(rows, columns=["fold", "images", "groups", "classes", "smallest", "largest"])


def assign_folds(frame: pd.DataFrame, groups: np.ndarray, number: int, seed: int = 0) -> Folds:
    """Divide a labelled list into folds.

    A class whose images are all in one group cannot be both trained on and validated: that group has the fold
    :data:`ALWAYS_TRAIN`. The folds depend on the seed and the paths, not on the order of the rows.

    Args:
        frame: The list, with the columns ``image`` and ``label``.
        groups: int64 (n,), from 0 without gaps (:func:`kdxf.data.folds.groups.group_rows`).
        number: k.
        seed: Another seed gives other folds.

    Raises:
        UserError: k is below 2 or so large that a fold stays empty, or no class has two groups.
    """
    if number < 2:
        raise UserError(f"--folds: must be at least 2, not {number}")
    names = order_ids(frame["label"])
    labels = pd.Categorical(frame["label"], categories=names).codes.astype(np.int64)
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    groups_of_class = np.bincount(pairs[0], minlength=len(names))
    lone = np.zeros(int(groups.max()) + 1, bool)
    lone[pairs[1][groups_of_class[pairs[0]] == 1]] = True
    if lone.all():
        raise UserError(
            "no class has images in two groups, so nothing can be validated; give more images or fewer groups"
        )
    order = shuffled_order(frame["image"], groups, seed)
    dealt = np.bincount(labels[~lone[groups]], minlength=len(names))
    targets = np.repeat(dealt[:, None], number, axis=1)
    folds = deal_groups(labels, groups, order[~lone[order]], targets, unit=number)
    if empty := number - len(np.unique(folds[folds != ALWAYS_TRAIN])):
        raise UserError(f"--folds: {number} are too many for this list, {empty} would be empty; take fewer")
    return Folds(frame.assign(fold=folds), groups, number, _warnings(names, groups_of_class, labels, folds, number))


def _warnings(
    names: list[str], groups_of_class: np.ndarray, labels: np.ndarray, folds: np.ndarray, number: int
) -> list[str]:
    validated = folds != ALWAYS_TRAIN
    pairs = np.unique(labels[validated] * np.int64(number) + folds[validated])
    folds_of_class = np.bincount(pairs // number, minlength=len(names))
    chosen = {
        "of one image or one group, which every fold trains on and none validates": groups_of_class == 1,
        f"that fewer than {number} folds validate": (groups_of_class > 1) & (folds_of_class < number),
    }
    return [
        f"classes {what} ({int(which.sum())}): {', '.join(names[index] for index in np.flatnonzero(which))}"
        for what, which in chosen.items()
        if which.any()
    ]


FOLDS_FILE = "folds.csv"
# The numbers of groups, and of pictures of a group, that the page shows.
_GROUPS, _PICTURES = 50, 12


def fold_files(folds: Folds, folder: Path, lists: bool) -> dict[Path, pd.DataFrame]:
    """Return the files to write.

    Args:
        folds: The folds.
        folder: The folder of the files.
        lists: Whether to include ``fold_K/train.csv`` and ``fold_K/val.csv``.
    """
    files = {folder / FOLDS_FILE: folds.frame}
    for fold in range(folds.number if lists else 0):
        train, val = folds.lists(fold)
        files |= {folder / f"fold_{fold}" / "train.csv": train, folder / f"fold_{fold}" / "val.csv": val}
    return files


def folds_report(folds: Folds, root: Path) -> HTMLReport:
    """Build the page: the sizes, and the largest groups, which show whether the grouping went too far.

    Args:
        folds: The folds.
        root: The image root.
    """
    page = HTMLReport("Folds", picture_width=180)
    table = folds.summary()
    sizes = np.bincount(folds.groups)
    several = int((sizes > 1).sum())
    page.summary(
        f"{len(folds.frame):,} images in {folds.number} folds; {several:,} groups of several images stay together. "
        "Look at the largest groups below: pictures that do not belong together make the folds uneven."
    )
    for warning in folds.warnings:
        _add_warning(page, warning)
    page.heading("Folds")
    columns = ["fold", "images", "groups", "classes", "images of the smallest class", "images of the largest class"]
    page.table(columns, table.itertuples(index=False))
    largest = np.argsort(-sizes, kind="stable")[:_GROUPS]
    largest = largest[sizes[largest] > 1]
    page.heading(f"Groups of several images: {several:,}, the largest {len(largest)} are shown")
    for group in largest:
        rows = folds.frame[folds.groups == group]
        page.subheading(f"{len(rows):,} images, {fold_name(rows['fold'].iloc[0])}")
        shown = rows.head(_PICTURES)
        page.pictures(
            (root / image, f"{label}\n{image}") for image, label in zip(shown["image"], shown["label"], strict=True)
        )
    return page


def fold_name(fold: int) -> str:
    """Return what a page calls a fold."""
    return "never validated" if fold == ALWAYS_TRAIN else f"fold {fold}"


def _add_warning(page: HTMLReport, warning: str) -> None:
    """Add a warning whose list of classes is folded."""
    what, names = warning.split(": ", 1)
    page.warning(f"{what}.")
    with page.details("Which classes"):
        page.text(names)

"""The plan of the CutMix pictures: how many for each class, and from which images."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kdxf.errors import UserError

# Values of the column for the origin of a row.
SOURCE, ORIGINAL, MADE = "source", "original", "cutmix"
_UNSAFE = str.maketrans(dict.fromkeys('/\\:*?"<>| \t', "-"))


@dataclass(frozen=True)
class Recipe:
    """One picture to make.

    Attributes:
        name: Its file name.
        row: Number of the row in the list whose image the crop is taken from; it gives the label.
        background: The image that the crop is pasted into; empty for plain padding.
        seed: Seed of the generator that draws the crop and its place.
    """

    name: str
    row: int
    background: str
    seed: tuple[int, ...]


def how_many(
    frame: pd.DataFrame, classes: Sequence[str] | None, count: int | None, minimum: int | None
) -> dict[str, int]:
    """Count the pictures to make for each class.

    Args:
        frame: The list, with labels.
        classes: Labels of the classes, as the list has them; by default all.
        count: The number of pictures of each class; or ...
        minimum: ... the number of images to which to lift each class.

    Raises:
        UserError: A class is not in the list, or a number is below 1.
    """
    for option, value in (("--count", count), ("--at-least", minimum)):
        if value is not None and value < 1:
            raise UserError(f"{option}: must be at least 1, not {value}")
    sizes = frame["label"].value_counts()
    if unknown := [name for name in classes or [] if name not in sizes.index]:
        raise UserError(f"--labels: the list has no images of {unknown[0]!r}; write labels as it does")
    chosen = sorted(sizes.index) if classes is None else list(dict.fromkeys(classes))
    if count is not None:
        return dict.fromkeys(chosen, count)
    return {name: (minimum or 0) - int(sizes[name]) for name in chosen if sizes[name] < (minimum or 0)}


def plan(
    frame: pd.DataFrame, quotas: dict[str, int], background: str, background_classes: Sequence[str], seed: int
) -> list[Recipe]:
    """Choose the images for each picture.

    Every image of a class is used once before one is used twice. Pictures that CutMix made are not used again. If the
    list has a column ``fold``, both images are of one fold, so that no fold sees a piece of another.

    Args:
        frame: The list, with labels.
        quotas: Label to the number of pictures.
        background: ``same`` (another image of the class; plain padding if there is none), ``padded`` (plain
            padding) or ``other`` (an image of one of the ``background_classes``; plain padding if the fold has
            none).
        background_classes: Labels, for ``other``.
        seed: Another seed gives another choice.

    Raises:
        UserError: A class has no image to start from, or a background class has none.
    """
    made = frame[SOURCE].eq(MADE) if SOURCE in frame.columns else pd.Series(False, index=frame.index)
    usable = frame[~made].drop_duplicates("image")
    other = usable[usable["label"].isin(background_classes)]
    if missing := [name for name in background_classes if name not in set(other["label"])]:
        raise UserError(f"--background-labels: the list has no images of {missing[0]!r}; write labels as it does")
    recipes = []
    for label, number in quotas.items():
        own = usable[usable["label"] == label]
        if own.empty:
            raise UserError(f"{label}: all its images were made by CutMix; there is none to start from")
        pool = {"same": own, "padded": own.iloc[:0], "other": other}[background]
        first = int((made & frame["label"].eq(label)).sum())
        recipes += _of_class(label, range(first, first + number), own, pool, seed)
    return recipes


def _of_class(label: str, numbers: range, own: pd.DataFrame, pool: pd.DataFrame, seed: int) -> list[Recipe]:
    key = (seed, zlib.crc32(label.encode()))
    order = np.random.default_rng(key).permutation(len(own))
    recipes = []
    for number in numbers:
        rng = np.random.default_rng((*key, number))
        row = own.iloc[order[number % len(own)]]
        fits = pool["image"] != row["image"]
        if "fold" in pool.columns:
            fits &= pool["fold"] == row["fold"]
        images = pool.loc[fits, "image"]
        behind = "" if images.empty else str(images.iloc[int(rng.integers(len(images)))])
        name = f"aug_{_file_name(label)}_{number:05d}.jpg"
        recipes.append(Recipe(name, int(row.name), behind, (*key, number, 1)))
    return recipes


def _file_name(label: str) -> str:
    """Return a label without the characters that file names may not have; different labels give different names."""
    safe = label.translate(_UNSAFE)
    return safe if safe == label else f"{safe}-{zlib.crc32(label.encode()):08x}"

"""Labelled images divided into train, validation and test lists, class by class.

The part of an image depends on the seed, the class and the paths of its images, not on the order in which the file
system lists them, and not on the other classes.
"""

import filecmp
import math
import os
import random
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from kdxf.data.folds.dealing import deal_groups, shuffled_order
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, write_annotations, write_classes
from kdxf.io.class_names import order_ids
from kdxf_runtime.io.folders import is_hidden, list_images
from kdxf_runtime.io.unicode_names import nfc

# Of what is not for testing.
TRAIN_FRACTION = 0.85
# With fewer images of a class its validation score means little.
FEW_IMAGES = 5


@dataclass(frozen=True)
class LabelledImages:
    """Images and the class ids that their folders or their annotation file give them.

    Attributes:
        frame: One row per image: ``image`` (path relative to the image root), ``label`` (class id), other columns.
        ids: All class ids in index order, including those without images.
        source: The folder or file, for messages.
    """

    frame: pd.DataFrame
    ids: list[str]
    source: Path


@dataclass(frozen=True)
class Split:
    """The lists of one split.

    Attributes:
        lists: List name (``train``, ``val``, ``train_full``, ``test``) to its frame; labels are class names.
        classes: One row per class: ``index``, ``id`` (as in the data), ``name``, ``images`` (how many are labelled).
        warnings: What the user should know, one line each.
    """

    lists: dict[str, pd.DataFrame]
    classes: pd.DataFrame
    warnings: list[str]


def inner_classes(folder: Path) -> bool:
    """Return whether the innermost folders look like the classes, as in ``Fruit/Apple/Golden-Delicious/1.jpg``.

    That is so where pictures lie in innermost folders alone, these have names of their own, and some outer folder has
    several of them. So ``cats/2024/1.jpg`` and ``dogs/2024/2.jpg`` are of the classes ``cats`` and ``dogs``.
    """
    paths = (PurePosixPath(image) for image in list_images(folder))
    holders = {path.parent for path in paths}
    outer = {parent for holder in holders for parent in holder.parents if parent.parts}
    return (
        all(len(holder.parts) > 1 for holder in holders)
        and not holders & outer
        and len({holder.name for holder in holders}) == len(holders) > len({holder.parts[0] for holder in holders})
    )


def read_class_folders(folder: Path, root: Path, inner: bool = False) -> LabelledImages:
    """List the images of a folder that holds one folder per class.

    Args:
        folder: The folder of class folders; for what is passed over see :func:`kdxf_runtime.io.folders.list_images`.
        root: Image root; the paths become relative to it.
        inner: The class of an image is the folder that it lies in, instead of the outermost one.

    Raises:
        UserError: There is no class folder, an image is next to the class folders, or ``root`` does not contain them.
    """
    prefix = relative_to_root(folder, root)
    images: dict[str, list[str]] = {}
    for image in list_images(folder):
        images.setdefault(image.rpartition("/")[0] and image.split("/", 1)[0], []).append(image)
    if strays := images.get(""):
        raise UserError(f"{folder}: {strays[0]} ({len(strays)} in all) lies in no class folder; move or remove it")
    # A link to another class folder has no picture of its own, and is no class.
    folders = [entry for entry in folder.iterdir() if entry.is_dir() and not is_hidden(entry.name)]
    ids = order_ids(item for entry in folders if (item := nfc(entry.name)) in images or not entry.is_symlink())
    if not ids:
        raise UserError(f"{folder}: no class folders in it; expected one folder of images per class")
    rows = [(nfc((prefix / image).as_posix()), item) for item in ids for image in images.get(item, [])]
    if not rows:
        raise UserError(f"{folder}: no images in its {len(ids)} class folders")
    if inner:
        names = {PurePosixPath(image).parent for image, _ in rows}
        if len({name.name for name in names}) < len(names):
            twice = next(name for name in sorted(names) if sum(other.name == name.name for other in names) > 1)
            raise UserError(f"{folder}: several folders have the name {twice.name!r}, which cannot all be one class")
        rows = [(image, PurePosixPath(image).parent.name) for image, _ in rows]
        ids = order_ids(label for _, label in rows)
    return LabelledImages(pd.DataFrame(rows, columns=["image", "label"], dtype="str"), ids, folder)


def read_labelled_list(path: Path) -> LabelledImages:
    """Read an annotation file; its labels are the class ids.

    Raises:
        UserError: It cannot be read, has no labels, or lists an image twice.
    """
    frame = read_annotations(path)
    if "label" not in frame.columns:
        raise UserError(f"{path}: no labels; only labelled images can be split")
    if len(twice := frame.loc[frame["image"].duplicated(), "image"]):
        raise UserError(f"{path}: {twice.iloc[0]} is listed twice; it could land in train and in val")
    return LabelledImages(frame, order_ids(frame["label"]), path)


def keep_class_map(data: LabelledImages, classes: pd.DataFrame) -> tuple[LabelledImages, list[str] | None]:
    """Adopt the ids and the order of classes from a class map, so that their indices do not change.

    Args:
        data: The images of a list.
        classes: The class map (:func:`kdxf.io.class_map.read_class_map`).

    Returns:
        The images with the ids of the map, and the names for :func:`split`. If a label is not a name in the map, which
        then belongs to other data: the unchanged images, and None.
    """
    id_of = dict(zip(classes["name"], classes["id"], strict=True))
    if not set(data.ids) <= set(id_of):
        return data, None
    frame = data.frame.assign(label=data.frame["label"].map(id_of))
    return LabelledImages(frame, classes["id"].tolist(), data.source), classes["name"].tolist()


def list_unlabelled(folder: Path, root: Path) -> pd.DataFrame:
    """List the images of a folder without labels: one column, ``image``.

    Raises:
        UserError: It contains no images, or ``root`` does not contain it.
    """
    prefix = relative_to_root(folder, root)
    images = [nfc((prefix / image).as_posix()) for image in list_images(folder)]
    if not images:
        raise UserError(f"{folder}: no images in it")
    return pd.DataFrame({"image": images}, dtype="str")


def relative_to_root(folder: Path, root: Path) -> Path:
    """Return the path of ``folder`` relative to ``root``, without resolving links.

    Raises:
        UserError: ``folder`` does not exist, or is not inside ``root``.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    inside, outside = Path(os.path.abspath(folder)), Path(os.path.abspath(root))
    if not inside.is_relative_to(outside):
        raise UserError(f"{folder}: not inside the image root {root}; choose the root with --root")
    return inside.relative_to(outside)


def assign_parts(images: Sequence[str], fraction: float, test_fraction: float, key: str) -> dict[str, str]:
    """Assign each image of one class to ``train``, ``val`` or ``test``.

    ``floor(n * test_fraction)`` images are for test, ``floor(n * fraction)``, but at least one, for train, and the
    rest for val. With 0.85: of 1 image 1 + 0 (train + val), of 2 images 1 + 1, of 7 images 5 + 2, of 100 85 + 15.

    Args:
        images: The paths, each once.
        fraction: Share of train.
        test_fraction: Share of test.
        key: The seed of the choice.
    """
    shuffled = sorted(images)
    random.Random(key).shuffle(shuffled)
    train = max(1, _share(len(images), fraction))
    test = _share(len(images), test_fraction)
    parts = ["train"] * train + ["val"] * (len(images) - train - test) + ["test"] * test
    return dict(zip(shuffled, parts, strict=True))


def _assign_images(frame: pd.DataFrame, fraction: float, test_fraction: float, seed: int) -> pd.Series:
    """Return the part of each row, with :func:`assign_parts` class by class."""
    codes, labels = pd.factorize(frame["label"])
    order = np.argsort(codes, kind="stable")
    images = frame["image"].to_numpy(dtype=object)[order]
    parts = np.empty(len(frame), dtype=object)
    ends = np.cumsum(np.bincount(codes)).tolist()
    for label, start, end in zip(labels, [0, *ends], ends, strict=False):
        part_of = assign_parts(images[start:end].tolist(), fraction, test_fraction, key=f"{seed}/{label}")
        parts[order[start:end]] = [part_of[image] for image in images[start:end]]
    return pd.Series(parts, index=frame.index)


def _assign_groups(
    data: LabelledImages, groups: np.ndarray, fraction: float, test_fraction: float, seed: int
) -> pd.Series:
    """Return the part of each row for all classes at once, like :func:`assign_parts`."""
    labels = pd.Categorical(data.frame["label"], categories=data.ids).codes.astype(np.int64)
    counts = np.bincount(labels, minlength=len(data.ids)).tolist()
    sizes = [(max(1, _share(count, fraction)), _share(count, test_fraction)) for count in counts]
    targets = [(train, count - train - test, test) for (train, test), count in zip(sizes, counts, strict=True)]
    order = shuffled_order(data.frame["image"], groups, seed)
    parts = deal_groups(labels, groups, order, np.array(targets), first_part_first=True)
    return pd.Series(np.array(["train", "val", "test"])[parts], index=data.frame.index)


def _share(count: int, fraction: float) -> int:
    """Return ``floor(count * fraction)`` for the decimal number that the user wrote: 0.29 of 100 is 29."""
    return int(count * Fraction(str(fraction)))


def split(
    data: LabelledImages,
    fraction: float | None = None,
    test_fraction: float = 0.0,
    seed: int = 0,
    names: Sequence[str] | None = None,
    groups: np.ndarray | None = None,
) -> Split:
    """Split labelled images class by class.

    With groups, the parts have the sizes of :func:`assign_parts` as nearly as groups allow, a class with a single group
    is for training, and the assignment of a class also depends on the other classes.

    Args:
        data: The images.
        fraction: Share of the images of each class that is for training; by default 0.85 of those not for testing.
        test_fraction: Share of the images of each class that is held out as a labelled test list.
        seed: Another seed gives another split.
        names: Name of each of ``data.ids``, in that order (:func:`kdxf.io.class_names.names_of`); by default the ids.
        groups: int64 (n,), from 0 without gaps: images of one group stay together
            (:func:`kdxf.data.folds.groups.group_rows`).

    Returns:
        The lists ``train``, ``val``, ``train_full`` (both) and, with ``test_fraction``, ``test``.

    Raises:
        UserError: The fractions, small classes, or groups leave nothing for validation, or nothing for the test that is
            asked for.
        ValueError: ``names`` and ``data.ids`` differ in number.
    """
    if fraction is None:
        fraction = round(TRAIN_FRACTION * (1 - test_fraction), 10)
    if not (0 < fraction < 1 and 0 <= test_fraction < 1 and fraction + test_fraction < 1):
        raise UserError(
            f"split {fraction} with test fraction {test_fraction}: each lies between 0 and 1, together below 1, "
            "so that some images are left for validation"
        )
    frame = data.frame
    if groups is None:
        parts = _assign_images(frame, fraction, test_fraction, seed)
    else:
        parts = _assign_groups(data, groups, fraction, test_fraction, seed)
    if not (parts == "val").any():
        reason = "no class has two images" if groups is None else "the groups are too large"
        raise UserError(f"{data.source}: {reason}, so none is left for validation; list them by hand")
    if test_fraction and not (parts == "test").any():
        raise UserError(
            f"{data.source}: none of its {len(frame)} images of {len(data.ids)} classes is left to test on; a class "
            f"needs {math.ceil(1 / Fraction(str(test_fraction)))} or more, so add images or raise --test-fraction"
        )
    shown = list(names) if names is not None else data.ids
    counts = frame["label"].value_counts()
    classes = pd.DataFrame({"index": range(len(shown)), "id": data.ids, "name": shown})
    classes["images"] = [int(counts.get(item, 0)) for item in data.ids]
    named = frame.assign(label=frame["label"].map(dict(zip(data.ids, shown, strict=True))))
    lists = {part: named[parts == part] for part in ("train", "val")} | {"train_full": named[parts != "test"]}
    if test_fraction:
        lists["test"] = named[parts == "test"]
    return Split(lists, classes, _warnings(classes))


def _warnings(classes: pd.DataFrame) -> list[str]:
    groups = {
        "without any image": classes["images"] == 0,
        "of one image, which is in train; none in val": classes["images"] == 1,
        f"of fewer than {FEW_IMAGES} images": (classes["images"] > 1) & (classes["images"] < FEW_IMAGES),
    }
    return [
        f"classes {what} ({int(chosen.sum())}): {', '.join(classes.loc[chosen, 'name'])}"
        for what, chosen in groups.items()
        if chosen.any()
    ]


def write_split(
    result: Split,
    folder: Path,
    overwrite: bool = False,
    *,
    inputs: Iterable[Path] = (),
    dry_run: bool = False,
    excel: bool = False,
) -> None:
    """Write ``<list>.csv`` for each list, ``classes.txt`` and ``classes.csv`` into ``folder``.

    Args:
        result: The lists.
        folder: The folder to write to.
        overwrite: Whether files with other content are replaced.
        inputs: The files that the split was made from; never replaced.
        dry_run: Whether to check only and write nothing.
        excel: As of :func:`kdxf.io.annotations.write_annotations`.

    Raises:
        UserError: A file of that name exists with other content and is an input, or ``overwrite`` is off; then nothing
            is changed.
    """
    if not dry_run:
        folder.mkdir(parents=True, exist_ok=True)
    read = {path.resolve() for path in inputs}
    with tempfile.TemporaryDirectory(prefix=".split-", dir=None if dry_run else folder) as name:
        staged = Path(name)
        for part, frame in result.lists.items():
            write_annotations(frame, staged / f"{part}.csv", excel)
        write_annotations(result.classes, staged / "classes.csv", excel)
        write_classes(list(result.classes["name"]), staged / "classes.txt")
        files = sorted(staged.iterdir())
        existing = [file for file in files if (folder / file.name).exists()]
        changed_files = [file.name for file in existing if not filecmp.cmp(file, folder / file.name, shallow=False)]
        if conflicts := [name for name in changed_files if (folder / name).resolve() in read]:
            raise UserError(f"{folder / conflicts[0]}: is an input, which is never changed; choose another --out")
        if changed_files and not overwrite:
            raise UserError(f"{folder}: {', '.join(changed_files)} would change; --overwrite replaces them")
        for file in [] if dry_run else files:
            os.replace(file, folder / file.name)


def format_summary(result: Split) -> str:
    """Format a short table: images, classes and the range of class sizes of each list."""
    lines = [f"{'list':<12}{'images':>8}{'classes':>9}{'smallest':>10}{'largest':>9}"]
    for name, frame in result.lists.items():
        row = f"{name:<12}{len(frame):>8}"
        if "label" in frame.columns:
            sizes = frame["label"].value_counts()
            row += f"{len(sizes):>9}{sizes.min():>10}{sizes.max():>9}"
        lines.append(row)
    return "\n".join(lines)

"""The whole demo set: pictures in class folders, unlabelled test pictures, and the lists."""

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from advertisements.advertisement import draw_advertisement
from advertisements.classes import CLASSES
from advertisements.phrases import characters
from kdxf.data.split import Split, list_unlabelled, read_class_folders, split, write_split
from kdxf.errors import UserError
from kdxf.io.fonts import Font, check_characters

IMAGES = "images/train"
TEST = "images/test"
JPEG_QUALITY = 75
# 40 of 54 pictures of a class are for training.
TRAIN_FRACTION = 0.741


def generate(
    folder: Path, fonts: Sequence[Font], seed: int = 0, labelled: int = 54, unlabelled: int = 4, overwrite: bool = False
) -> Split:
    """Draw the set into ``folder``.

    ``images/train/<class id>/<number>.jpg`` are the labelled pictures, ``images/test/<number>.jpg`` the unlabelled
    ones in random order; the lists and class names are written by :func:`kdxf.data.split.write_split`. The same
    arguments, fonts and version of Pillow give the same files, byte for byte.

    Args:
        folder: The folder to fill.
        fonts: The fonts of the texts.
        seed: Another seed gives other pictures.
        labelled: Labelled pictures per class, at least 2.
        unlabelled: Test pictures per class, at least 1.
        overwrite: Whether to replace both folders if they exist.

    Raises:
        UserError: One of them exists and ``overwrite`` is off, or a font lacks characters.
    """
    if labelled < 2 or unlabelled < 1:
        raise UserError(f"{labelled} labelled and {unlabelled} test images per class: needs at least 2 and 1")
    for font in fonts:
        check_characters(font, characters())
    clear(folder, overwrite)
    jobs = [(index, number) for index in range(len(CLASSES)) for number in range(labelled + unlabelled)]
    places = list(range(len(CLASSES) * unlabelled))
    random.Random(f"{seed}/order").shuffle(places)
    for index, number in tqdm(jobs, desc="drawing", unit="image"):
        path = folder / IMAGES / f"{index:02d}" / f"{number:03d}.jpg"
        if number >= labelled:
            path = folder / TEST / f"{places.pop():03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        page = draw_advertisement(CLASSES[index], fonts, random.Random(f"{seed}/{index}/{number}"))
        page.save(path, quality=JPEG_QUALITY, optimize=True)
    return write_lists(folder, seed, overwrite)


def clear(folder: Path, overwrite: bool) -> None:
    """Remove the pictures of an earlier set from ``folder``.

    Raises:
        UserError: There are some, and ``overwrite`` is off.
    """
    for name in (IMAGES, TEST):
        if (folder / name).exists() and not overwrite:
            raise UserError(f"{folder / name} exists; --overwrite replaces it")
        shutil.rmtree(folder / name, ignore_errors=True)


def write_lists(folder: Path, seed: int = 0, overwrite: bool = False) -> Split:
    """Write the lists of the pictures in ``folder`` and their class names, and return the lists.

    Args:
        folder: The folder of ``images/train/<class id>/`` and ``images/test/``.
        seed: Another seed gives another split into training and validation.
        overwrite: Whether lists that differ are replaced.

    Raises:
        UserError: Lists differ and ``overwrite`` is off.
    """
    data = read_class_folders(folder / IMAGES, folder)
    result = split(data, TRAIN_FRACTION, seed=seed, names=[item.name for item in CLASSES])
    result.lists["test"] = list_unlabelled(folder / TEST, folder)
    write_split(result, folder, overwrite)
    return result

"""Drawn apple leaves with rust and scab, laid out like Plant Pathology 2020, to try its recipe without photographs."""

import random
import shutil
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw

from kdxf.errors import UserError

CLASSES = ("healthy", "multiple_diseases", "rust", "scab")
SIZE = (256, 171)  # the shape of the photographs
_RUST, _SCAB = (214, 126, 38), (62, 48, 34)


def draw_leaf(kind: str, rng: random.Random) -> Image.Image:
    """Draw one leaf.

    Args:
        kind: One of :data:`CLASSES`: rust gives orange spots, scab dark ones, several diseases both.
        rng: The random generator of place and look.
    """
    image = Image.new("RGB", SIZE, tuple(rng.randint(90, 160) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    x, y = rng.uniform(30, 60), rng.uniform(20, 40)
    box = (x, y, x + rng.uniform(130, 160), y + rng.uniform(80, 100))
    pen.ellipse(box, fill=(rng.randint(40, 80), rng.randint(120, 170), rng.randint(30, 60)))
    colours = {"rust": [_RUST], "scab": [_SCAB], "multiple_diseases": [_RUST, _SCAB]}.get(kind, [])
    for colour in colours:
        for _ in range(rng.randint(6, 12)):
            left = rng.uniform(box[0] + 25, box[2] - 35)
            top = rng.uniform(box[1] + 18, box[3] - 28)
            radius = rng.uniform(3, 6)
            pen.ellipse((left, top, left + 2 * radius, top + 2 * radius), fill=colour)
    return image


def draw_leaves(folder: Path, labelled: int, unlabelled: int, seed: int = 0, overwrite: bool = False) -> None:
    """Draw leaves into a folder: ``images/``, ``train.csv``, ``test.csv`` and ``sample_submission.csv``.

    The lists name images without their suffix, and ``train.csv`` has a column of 0 and 1 for each class.

    Args:
        folder: The folder to make; it appears only when it is complete.
        labelled: Labelled leaves of each class.
        unlabelled: Leaves to predict.
        seed: Another seed gives other leaves.
        overwrite: Whether to replace the folder if it exists.

    Raises:
        UserError: The folder exists and ``overwrite`` is off.
    """
    if folder.exists() and not overwrite:
        raise UserError(f"{folder} exists; choose another folder, or replace it with --overwrite")
    rng = random.Random(seed)
    kinds = list(CLASSES) * labelled
    rng.shuffle(kinds)
    growing = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(growing, ignore_errors=True)
    (growing / "images").mkdir(parents=True)
    for index, kind in enumerate(kinds):
        draw_leaf(kind, rng).save(growing / "images" / f"Train_{index}.jpg", quality=90)
    for index in range(unlabelled):
        draw_leaf(rng.choice(CLASSES), rng).save(growing / "images" / f"Test_{index}.jpg", quality=90)
    train = pd.get_dummies(pd.Series(kinds))[list(CLASSES)].astype(int)
    train.insert(0, "image_id", [f"Train_{index}" for index in range(len(kinds))])
    test = pd.DataFrame({"image_id": [f"Test_{index}" for index in range(unlabelled)]})
    train.to_csv(growing / "train.csv", index=False)
    test.to_csv(growing / "test.csv", index=False)
    test.assign(**dict.fromkeys(CLASSES, 0.25)).to_csv(growing / "sample_submission.csv", index=False)
    shutil.rmtree(folder, ignore_errors=True)
    growing.rename(folder)

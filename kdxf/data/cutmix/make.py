"""Make pictures for small classes ahead of training: a crop of one image of the class on another image.

After the class-aware CutMix of a prize-winning entry of the Hualu Cup, whose pictures are called ``aug_*``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from kdxf.data.cutmix.compose import Lines, compose
from kdxf.data.cutmix.plan import MADE, ORIGINAL, SOURCE, Recipe
from kdxf.data.lists import ImageList
from kdxf.data.parallel import parallel_map
from kdxf.errors import UserError
from kdxf.io.pages import HTMLReport
from kdxf.text.ocr.table import OCRTable
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf_runtime.io.files import copy_whole, write_whole
from kdxf_runtime.io.images import ImageReadError, read_image
from kdxf_runtime.io.part_files import part_files
from kdxf_runtime.ocr.record import OCRRecord


def check_extended_table(table: OCRTable, out: Path, overwrite: bool) -> None:
    """Check before the work that :func:`write_extended_table` may write to ``out``.

    Raises:
        UserError: ``out`` is the table itself or a file, holds a table without ``overwrite``, or several engines filled
            the table.
    """
    if out.resolve() == table.path.resolve():
        raise UserError(f"{out}: is an input, which is never changed; choose another folder for the new OCR table")
    if out.is_file():
        raise UserError(f"{out}: is a file, and an OCR table is a folder of parts; choose another name")
    if out.is_dir() and part_files(out) and not overwrite:
        raise UserError(f"{out}: holds an OCR table already; choose another folder, or replace it with --overwrite")
    if len(table.engines) > 1:
        raise UserError(f"{table.path}: was read by several engines ({', '.join(table.engines)}); read it with one")


def write_extended_table(table: OCRTable, records: Iterable[OCRRecord], out: Path, overwrite: bool = False) -> None:
    """Copy a table and add records as a separate part.

    Args:
        table: The table, which is not changed.
        records: The rows to add.
        out: Folder of the new table.
        overwrite: Whether to replace an existing table.

    Raises:
        UserError: See :func:`check_extended_table`.
    """
    check_extended_table(table, out, overwrite)
    engine = (table.engines or [""])[0]
    OCRTableWriter(out, engine, overwrite=overwrite).close()  # removes the parts of the replaced table
    parts = part_files(table.path) if table.path.is_dir() else [table.path]
    for number, part in enumerate(parts):
        copy_whole(part, out / f"part-{number:06d}.parquet")
    with OCRTableWriter(out, engine) as writer:
        for record in records:
            writer.add(record)


_QUALITY = 95
_SHOWN = 24


@dataclass(frozen=True)
class Made:
    """The outcome of one recipe.

    Attributes:
        record: The text in the picture; its ``image`` is the path for the list.
        error: Why there is no picture; empty if there is one.
    """

    record: OCRRecord
    error: str


@dataclass(frozen=True)
class _Order:
    """The data that a worker needs for one picture."""

    recipe: Recipe
    foreground: str
    records: tuple[OCRRecord, OCRRecord]


def output_prefix(out: Path, root: Path) -> str:
    """Return the path of the folder of made pictures, relative to the image root.

    Raises:
        UserError: It is not below the image root.
    """
    if out.resolve() == root.resolve() or not out.resolve().is_relative_to(root.resolve()):
        raise UserError(f"{out}: must be a folder below the image root {root}, so that the list can name its pictures")
    return out.resolve().relative_to(root.resolve()).as_posix()


def make_pictures(
    images: ImageList,
    recipes: Sequence[Recipe],
    out: Path,
    table: OCRTable | None,
    workers: int,
    overwrite: bool = False,
) -> list[Made]:
    """Make the pictures and write them to ``out``.

    Args:
        images: The list.
        recipes: The pictures to make; see :func:`kdxf.data.cutmix.plan.plan`.
        out: A folder below the image root.
        table: The text in the images: crops keep its lines whole, and the pictures' text is composed of them.
        workers: Number of processes.
        overwrite: Whether existing pictures may be replaced.

    Raises:
        UserError: ``out`` is not below the image root, or a picture exists and ``overwrite`` is off.
    """
    prefix = output_prefix(out, images.root)
    for recipe in recipes:
        if (out / recipe.name).exists() and not overwrite:
            raise UserError(
                f"{out / recipe.name}: is there already; choose another folder, or replace with --overwrite"
            )
    foregrounds = [str(images.frame.at[recipe.row, "image"]) for recipe in recipes]
    first = _records(table, foregrounds)
    second = _records(table, [recipe.background for recipe in recipes])
    orders = [
        _Order(recipe, foreground, (front, back))
        for recipe, foreground, front, back in zip(recipes, foregrounds, first, second, strict=True)
    ]
    engine = table.engines[0] if table is not None and table.engines else ""
    make = partial(_make, root=images.root, out=out, prefix=prefix, engine=engine)
    return list(parallel_map(make, orders, workers, "cutmix", unit="picture"))


def _records(table: OCRTable | None, images: Sequence[str]) -> list[OCRRecord]:
    if table is None:
        return [OCRRecord.empty(image) for image in images]
    rows = table.rows_of(images).tolist()
    return [OCRRecord.empty(image) if row < 0 else table.record(row) for image, row in zip(images, rows, strict=True)]


def _make(order: _Order, root: Path, out: Path, prefix: str, engine: str) -> Made:
    image = f"{prefix}/{order.recipe.name}"
    try:
        front = read_image(root / order.foreground)
        back = read_image(root / order.recipe.background) if order.recipe.background else None
    except ImageReadError as error:
        return Made(OCRRecord.empty(image), f"{order.foreground} on {order.recipe.background}: {error}")
    front_lines = Lines.of_record(order.records[0], front)
    back_lines = Lines.of_record(order.records[1], front if back is None else back)
    made = compose(front, front_lines, back, back_lines, np.random.default_rng(order.recipe.seed))
    _, data = cv2.imencode(".jpg", made.image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    write_whole(data.tobytes(), out / order.recipe.name)
    height, width = made.image.shape[:2]
    lines = made.lines
    return Made(OCRRecord(image, lines.texts, lines.scores, lines.quads, width, height, engine, None), "")


def extended_list(frame: pd.DataFrame, recipes: Sequence[Recipe], made: Sequence[Made]) -> pd.DataFrame:
    """Return the old rows and those of the made pictures.

    A new row has the label and the other columns of the image that its crop is from. New columns tell the origin of
    rows: ``source`` (``original`` if the list did not say, ``cutmix``), ``aug_of`` (the image of the crop) and
    ``aug_background`` (the other image; empty for plain padding).
    """
    good = [(recipe, picture) for recipe, picture in zip(recipes, made, strict=True) if not picture.error]
    old = frame if SOURCE in frame.columns else frame.assign(**{SOURCE: ORIGINAL})
    new = old.loc[[recipe.row for recipe, _ in good]]
    new = new.assign(
        image=[picture.record.image for _, picture in good],
        aug_of=new["image"].to_numpy(),
        aug_background=[recipe.background for recipe, _ in good],
        **{SOURCE: MADE},
    )
    return pd.concat([old, new], ignore_index=True)


def write_report(images: ImageList, recipes: Sequence[Recipe], made: Sequence[Made], path: Path) -> None:
    """Write a page of up to 24 pictures, each with its two images, and with frames around the lines of the result."""
    report = HTMLReport(f"CutMix of {images.source}")
    good = [(recipe, picture) for recipe, picture in zip(recipes, made, strict=True) if not picture.error]
    chosen = np.unique(np.linspace(0, len(good) - 1, min(_SHOWN, len(good))).round().astype(int))
    report.summary(
        f"{len(good):,} pictures were made; {len(chosen)} of them are shown. Check that each still shows its class and "
        "that the green frames lie around the text; otherwise make them with another --background."
    )
    if failed := [picture.error for picture in made if picture.error]:
        report.warning(f"{len(failed):,} could not be made; the first: {failed[0]}")
    for recipe, picture in (good[index] for index in chosen):
        row = images.frame.loc[recipe.row]
        result = read_image(images.root / picture.record.image)
        cv2.polylines(result, list(picture.record.boxes.round().astype(np.int32)), True, (0, 200, 0), 2)
        behind = (images.root / recipe.background, recipe.background) if recipe.background else None
        report.subheading(f"{row['label']}: {recipe.name}")
        report.pictures(
            [
                (images.root / row["image"], f"crop from\n{row['image']}"),
                *([(behind[0], f"pasted on\n{behind[1]}")] if behind else []),
                (result, "\n".join(picture.record.texts)),
            ]
        )
    report.save(path)

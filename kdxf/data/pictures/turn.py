"""Copies of pictures turned by quarter turns: what a model of orientation is trained on, and what it is tested on."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from kdxf.data.lists import ImageList
from kdxf.data.parallel import parallel_map
from kdxf.data.pictures.reencoding import encode_like, format_of, upright
from kdxf.errors import UserError
from kdxf_runtime.io.files import write_whole
from kdxf_runtime.io.images import open_header
from kdxf_runtime.io.unicode_names import find_file
from kdxf_runtime.ocr.quarter_turns import ROTATIONS

_QUALITY = 95


@dataclass(frozen=True)
class _Copy:
    image: str
    name: str
    degrees: int


def turn_pictures(
    images: ImageList, out: Path, workers: int, seed: int | None = None, overwrite: bool = False
) -> tuple[pd.DataFrame, list[str]]:
    """Write copies of pictures, each turned, named after their picture and the degrees: ``a/milk.turn90.jpg``.

    Copies that are not turned are encoded anew as well, so that nothing but the direction tells them apart.

    Args:
        images: The list, whose pictures stand upright.
        out: Root of the copies.
        workers: Number of processes.
        seed: Draws one direction for each picture; None makes four copies, one in each.
        overwrite: Whether existing copies may be replaced.

    Returns:
        The list of the copies: ``label``, the degrees by which a copy has to be turned clockwise to stand upright,
        ``turned_of``, its picture, and the picture's other columns (its own label as ``picture_label``); and why
        pictures could not be copied.

    Raises:
        UserError: ``out`` is the image root, a copy exists and ``overwrite`` is off, or no picture can be read.
    """
    if out.resolve() == images.root.resolve():
        raise UserError(f"{out}: is the image root, which is never changed; choose another folder")
    frame = images.frame.drop_duplicates("image")
    draw = np.random.default_rng(seed)
    copies = [
        _Copy(image, _name(image, degrees), degrees)
        for image in frame["image"]
        for degrees in (ROTATIONS if seed is None else [ROTATIONS[draw.integers(4)]])
    ]
    if (there := [copy.name for copy in copies if (out / copy.name).exists()]) and not overwrite:
        raise UserError(f"{out / there[0]}: is there already; choose another folder, or replace it with --overwrite")
    errors = list(parallel_map(partial(_write, root=images.root, out=out), copies, workers, "turn"))
    made = [copy for copy, error in zip(copies, errors, strict=True) if not error]
    if not made:
        raise UserError(f"{images.source}: no image can be read (first: {errors[0]}); check --root")
    rows = pd.DataFrame(
        {
            "image": [copy.name for copy in made],
            "label": [str(-copy.degrees % 360) for copy in made],
            "turned_of": [copy.image for copy in made],
        }
    )
    others = frame.rename(columns={"image": "turned_of", "label": "picture_label"})
    return rows.merge(others, on="turned_of", how="left", validate="many_to_one"), [error for error in errors if error]


def _name(image: str, degrees: int) -> str:
    path = PurePosixPath(image)
    return path.with_name(f"{path.stem}.turn{degrees}{path.suffix}").as_posix()


def _write(copy: _Copy, root: Path, out: Path) -> str:
    """Write a copy, and return why that is not possible, or ''."""
    try:
        data = find_file(root / copy.image).read_bytes()
        header = open_header(data)
        encoded, _ = encode_like(upright(header, copy.degrees), data, format_of(header), _QUALITY)
    except Exception as error:  # decoders of rare formats raise exceptions of their own
        return f"{copy.image}: {' '.join(str(error).split())}"
    write_whole(encoded, out / copy.name)
    return ""

"""The pictures of a large job: in folders, lists, tar shards, and at addresses, in any mixture."""

import csv
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage, collect_images, list_input
from kdxf_runtime.io.addresses import is_address, list_address
from kdxf_runtime.io.folders import is_hidden
from kdxf_runtime.io.images import IMAGE_EXTENSIONS
from kdxf_runtime.io.tar_shards import TarShard, is_shard
from kdxf_runtime.io.text_files import read_lines, read_text
from kdxf_runtime.table_columns import Row

LISTS = (".csv", ".tsv", ".txt")
TABLES = (".csv", ".tsv")

ReadList = Callable[[Path], Sequence[str]]


def read_list(path: Path) -> list[str]:
    """Read a list of paths: the column ``image`` of a CSV, or the lines of a text.

    Raises:
        UserError: It is no UTF-8, or a CSV without the column or with an empty cell in it.
    """
    if path.suffix.lower() == ".txt":
        return read_lines(path)
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    rows = list(csv.reader(io.StringIO(read_text(path), newline=""), delimiter=separator))
    if not rows or "image" not in rows[0]:
        raise UserError(f"{path}: has no column 'image'; name it in the header")
    column = rows[0].index("image")
    names = [row[column].strip() if column < len(row) else "" for row in rows[1:] if row]
    if "" in names:
        raise UserError(f"{path}: data row {names.index('') + 1} has no image; remove the row or fill it in")
    return names


def read_rows(path: Path) -> dict[str, Row]:
    """Read the cells of a CSV with a column ``image``, by the images; an empty cell is None.

    Raises:
        UserError: As of :func:`read_list`; or an image has two rows that differ.
    """
    names = read_list(path)
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    header, *lines = (row for row in csv.reader(io.StringIO(read_text(path), newline=""), delimiter=separator) if row)
    rows: dict[str, Row] = {}
    for name, line in zip(names, lines, strict=True):
        row = {column: cell or None for column, cell in zip(header, line, strict=False) if column != "image"}
        if rows.setdefault(name, row) != row:
            raise UserError(f"{path}: {name} has two rows that differ; keep one of them")
    return rows


def list_sources(
    inputs: Sequence[str | Path], read: ReadList = read_list, with_columns: bool = False
) -> list[InputImage]:
    """List the images of a job, in the order given; each input as :func:`kdxf_runtime.inputs.collect_images` has it.

    =========  =====================================  ==========================================
    input      images                                 ``image_id``
    =========  =====================================  ==========================================
    list       of a CSV or text (``read``), relative  as the list has it
               to the folder of the list
    tar shard  its members that are images by their   the path in the shard
               extension
    address    ``s3://bucket/folder``, searched with  relative to the folder
               what lies below it; or one image
    =========  =====================================  ==========================================

    A name that occurs in another input as well has its folder, list folder, shard or address before it.

    Args:
        inputs: Paths and addresses.
        read: Reads a list.
        with_columns: Whether the images of a CSV get the other cells of their rows as their columns.

    Raises:
        UserError: An input does not exist, cannot be read, or holds no images; or, with columns, an image of a CSV has
            two rows that differ.
    """
    images = collect_images(inputs, list_one=partial(_list, read))
    tables = [Path(source) for source in inputs if Path(source).suffix.lower() in TABLES and Path(source).is_file()]
    if not with_columns or not tables:
        return images
    rows = {
        os.path.join(os.path.dirname(table), name): row for table in tables for name, row in read_rows(table).items()
    }
    return [replace(image, columns=rows.get(image.path)) for image in images]


def members_of(shard: Path) -> list[str]:
    """Return the members of a tar shard that are images by their extension, in their order.

    Raises:
        UserError: It is broken.
    """
    with TarShard(shard) as opened:
        names = [name for name in opened.names if not any(map(is_hidden, name.split("/")))]
    return [name for name in names if os.path.splitext(name)[1].lower() in IMAGE_EXTENSIONS]


def _list(read: ReadList, source: str) -> list[tuple[str, str]]:
    path = Path(source)
    if is_address(source):
        if is_shard(path) or path.suffix.lower() in LISTS:
            raise UserError(f"{source}: tar shards and lists are read from disks only; copy it, and name the copy")
        folder, names = list_address(source)
    elif is_shard(path) and not path.is_dir():
        folder, names = source, members_of(path)
    elif path.suffix.lower() in LISTS and path.is_file():
        folder, names = os.path.dirname(source), list(read(path))
    else:
        return list_input(source)
    if not names:
        raise UserError(f"{source}: no images in it")
    return [(folder, name) for name in names]

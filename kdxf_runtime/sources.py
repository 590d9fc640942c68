"""The pictures of a large job: in folders, lists, tar shards, and at addresses, in any mixture."""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage, collect_images, list_input
from kdxf_runtime.io.addresses import is_address, list_address
from kdxf_runtime.io.bounds import check_columns
from kdxf_runtime.io.cells import unguarded
from kdxf_runtime.io.csv_header import read_header
from kdxf_runtime.io.folders import is_hidden
from kdxf_runtime.io.images import IMAGE_EXTENSIONS
from kdxf_runtime.io.path_lists import is_table, split_lines
from kdxf_runtime.io.tar_shards import TarShard, is_shard
from kdxf_runtime.io.text_files import has_mark, read_lines, read_text, shown
from kdxf_runtime.table_columns import Row

LISTS = (".csv", ".tsv", ".txt")
_OTHER_TABLES = (".json", ".parquet", ".xlsx")


def read_list(path: Path) -> list[str]:
    """Read a list of images: the column ``image`` of a table, or the lines of a text, each a path or ``path label``.

    What :func:`kdxf.io.annotations.read_annotations` reads is read here as well, and gives the same images.

    Raises:
        UserError: It is no UTF-8 or UTF-16, is none of these, or a row has no image.
    """
    return [name for name, _ in read_rows(path)]


def read_rows(path: Path) -> list[tuple[str, Row | None]]:
    """Read a list with the other cells of each row, by their columns; an empty one is None. A text has no cells.

    Raises:
        UserError: As of :func:`read_list`.
    """
    lines = [] if path.suffix.lower() == ".csv" else read_lines(path)
    if not is_table(path, lines):
        return [(name, None) for name in split_lines(lines, path)[0]]
    text, guards = read_text(path), has_mark(path)
    header, separator = read_header(text, path)
    header = [unguarded(name) for name in header] if guards else header
    check_columns(header, path)
    if "image" not in header:
        raise UserError(f"{path}: no column 'image' (found: {shown(header)}); name it in the header")
    table = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=separator, skipinitialspace=True)
    try:
        rows = [_row(cells, header, guards, path) for cells in table if cells][1:]
    except csv.Error as error:
        raise UserError(f"{path}: not a CSV with a header: {error}") from error
    if not rows:
        raise UserError(f"{path}: has a header and no rows; expected one row per image")
    for number, (name, _) in enumerate(rows, 1):
        if not name:
            raise UserError(f"{path}: data row {number} has no image; remove the row or fill it in")
    return rows


def _row(cells: list[str], header: list[str], guards: bool, path: Path) -> tuple[str, Row | None]:
    if len(cells) > len(header):
        raise UserError(f"{path}: not a CSV with a header: a row has {len(cells)} cells, and the header {len(header)}")
    row: dict[str, str | None] = {
        name: unguarded(cell) if guards else cell for name, cell in zip(header, cells, strict=False)
    }
    return (row.pop("image", "") or "").strip(), {name: cell or None for name, cell in row.items()}


def read_columns(path: Path) -> dict[str, Row]:
    """Read the cells of a table with a column ``image``, by the images; an empty cell is None.

    Raises:
        UserError: As of :func:`read_list`; or an image has two rows that differ.
    """
    rows: dict[str, Row] = {}
    for name, row in read_rows(path):
        if row is not None and rows.setdefault(name, row) != row:
            raise UserError(f"{path}: {name} has two rows that differ; keep one of them")
    return rows


def list_sources(inputs: Sequence[str | Path], with_columns: bool = False) -> list[InputImage]:
    """List the images of a job, in the order given; each input as :func:`kdxf_runtime.inputs.collect_images` has it.

    =========  =====================================  ==========================================
    input      images                                 ``image_id``
    =========  =====================================  ==========================================
    list       of a CSV or text (:func:`read_list`),  as the list has it
               relative to the folder of the list
    tar shard  its members that are images by their   the path in the shard
               extension
    address    ``s3://bucket/folder``, searched with  relative to the folder
               what lies below it; or one image
    =========  =====================================  ==========================================

    A name that occurs in another input as well has its folder, list folder, shard or address before it.

    Args:
        inputs: Paths and addresses.
        with_columns: Whether the images of a table get the other cells of their rows as their columns.

    Raises:
        UserError: An input does not exist, cannot be read, or holds no images; or, with columns, an image of a table
            has two rows that differ.
    """
    images = collect_images(inputs, list_one=_list)
    lists = [Path(source) for source in inputs if Path(source).suffix.lower() in LISTS and Path(source).is_file()]
    if not with_columns or not lists:
        return images
    rows = {
        os.path.join(os.path.dirname(path), name): row for path in lists for name, row in read_columns(path).items()
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


def _list(source: str) -> list[tuple[str, str]]:
    path = Path(source)
    if is_address(source):
        if is_shard(path) or path.suffix.lower() in LISTS:
            raise UserError(f"{source}: tar shards and lists are read from disks only; copy it, and name the copy")
        folder, names = list_address(source)
    elif is_shard(path) and not path.is_dir():
        folder, names = source, members_of(path)
    elif path.suffix.lower() in LISTS and path.is_file():
        folder, names = os.path.dirname(source), read_list(path)
    elif path.suffix.lower() in _OTHER_TABLES and path.is_file():
        raise UserError(f"{source}: no list that is read here; write a CSV with the column image")
    else:
        return list_input(source)
    if not names:
        raise UserError(f"{source}: no images in it")
    return [(folder, name) for name in names]

"""The pictures of a large job: in folders, lists, tar shards, and at addresses, in any mixture."""

import csv
import io
import os
from collections.abc import Sequence
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

LISTS = (".csv", ".tsv", ".txt")
_OTHER_TABLES = (".json", ".parquet", ".xlsx")


def read_list(path: Path) -> list[str]:
    """Read a list of images: the column ``image`` of a table, or the lines of a text, each a path or ``path label``.

    What :func:`kdxf.io.annotations.read_annotations` reads is read here as well, and gives the same images.

    Raises:
        UserError: It is no UTF-8 or UTF-16, is none of these, or a row has no image.
    """
    lines = [] if path.suffix.lower() == ".csv" else read_lines(path)
    if not is_table(path, lines):
        return split_lines(lines, path)[0]
    text, guards = read_text(path), has_mark(path)
    header, separator = read_header(text, path)
    header = [unguarded(name) for name in header] if guards else header
    check_columns(header, path)
    if "image" not in header:
        raise UserError(f"{path}: no column 'image' (found: {shown(header)}); name it in the header")
    rows = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=separator, skipinitialspace=True)
    try:
        names = [_image_of(row, header, path) for row in rows if row][1:]
    except csv.Error as error:
        raise UserError(f"{path}: not a CSV with a header: {error}") from error
    if not names:
        raise UserError(f"{path}: has a header and no rows; expected one row per image")
    names = [unguarded(name) for name in names] if guards else names
    if "" in names:
        raise UserError(f"{path}: data row {names.index('') + 1} has no image; remove the row or fill it in")
    return names


def _image_of(row: list[str], header: list[str], path: Path) -> str:
    if len(row) > len(header):
        raise UserError(f"{path}: not a CSV with a header: a row has {len(row)} cells, and the header {len(header)}")
    column = header.index("image")
    return row[column].strip() if column < len(row) else ""


def list_sources(inputs: Sequence[str | Path]) -> list[InputImage]:
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

    Raises:
        UserError: An input does not exist, cannot be read, or holds no images.
    """
    return collect_images(inputs, list_one=_list)


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

"""Bounds on files that are read whole, looked at before they are read.

A small file may stand for more memory than a machine has: a Parquet file of 0.7 MB unpacks to gigabytes, and a CSV with
a million columns takes minutes. All readers of text (:mod:`kdxf_runtime.io.text_files`, :mod:`kdxf.io.csv_tables`) and
of Parquet (:mod:`kdxf.io.parquet_tables`) look here first.

==========  ===========================================================================================================
file        is refused
==========  ===========================================================================================================
any         where reading it would take more than the memory of the machine or of its container
Parquet     where it unpacks to more than :data:`UNSUSPECTED` bytes and :data:`RATIO` times its size, as no real data do
CSV         with more than :data:`COLUMNS` columns
text        with a line of more than :data:`LINE` bytes
==========  ===========================================================================================================
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.machine import memory

if TYPE_CHECKING:
    import pyarrow.parquet as pq

UNSUSPECTED = 1 << 30
RATIO = 100
COLUMNS = 1 << 16
LINE = 1 << 26
# Python strings, lists and dicts per byte of the file, at worst: JSON of empty lists is 21.
TEXT_EXPANDS, JSON_EXPANDS = 8, 24

_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12, "BYTE_ARRAY": 4}


def check_size(path: Path, expands: int = TEXT_EXPANDS) -> None:
    """Check that the machine has the memory to read a file.

    Args:
        path: The file.
        expands: How many bytes of memory a byte of it may take.

    Raises:
        UserError: It has not.
    """
    _check_memory(path, expands * path.stat().st_size)


def _check_memory(path: Path, needed: int) -> None:
    if needed > (there := memory()):
        raise UserError(
            f"{path}: reading it may take {needed / 2**30:.1f} GiB of memory, and {there / 2**30:.1f} GiB are there; "
            "divide the file, or use a larger machine"
        )


def check_lines(data: bytes, path: Path) -> None:
    """Check that no line of a text is longer than :data:`LINE` bytes.

    Raises:
        UserError: One is.
    """
    start = 0
    while len(data) - start > LINE:
        end = data.rfind(b"\n", start, start + LINE + 1)
        if end < 0:
            raise _long_line(path)
        start = end + 1


def lines_of(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield the lines of a stream that is not read whole, as iterating over it does.

    Raises:
        UserError: A line has more than :data:`LINE` bytes.
    """
    while line := stream.readline(LINE + 1):
        if len(line) > LINE:
            raise _long_line(path)
        yield line


def _long_line(path: Path) -> UserError:
    return UserError(f"{path}: a line has more than {LINE >> 20} MiB; is this a text with one row per line?")


def check_columns(header: Collection[str], path: Path) -> None:
    """Check that a table has at most :data:`COLUMNS` columns, each with a name of its own.

    Raises:
        UserError: It has more, or two of one name.
    """
    if len(header) > COLUMNS:
        raise UserError(f"{path}: has {len(header)} columns, and at most {COLUMNS} are read; is it rows by columns?")
    seen: set[str] = set()
    for name in header:
        if name in seen and name:
            raise UserError(f"{path}: two columns are called {name!r}; rename or remove one")
        seen.add(name)


def check_parquet(path: Path, metadata: "pq.FileMetaData") -> None:
    """Check what a Parquet file unpacks to, by its footer.

    Values that repeat take next to nothing in the file, so they count as well as the bytes. What dictionaries of texts
    unpack to, the footer does not say: :func:`repeated_texts`, :func:`check_unpacked`.

    Raises:
        UserError: It is more than the memory, or suspiciously much.
    """
    check_unpacked(path, sum(_least_bytes(metadata, group) for group in range(metadata.num_row_groups)))


def check_unpacked(path: Path, needed: int) -> None:
    """Check the bytes that a compressed file unpacks to.

    Raises:
        UserError: They are more than the memory, or suspiciously many.
    """
    size = max(path.stat().st_size, 1)
    if needed > max(UNSUSPECTED, RATIO * size):
        raise UserError(
            f"{path}: {size / 2**20:.1f} MiB that unpack to {needed / 2**30:.1f} GiB, {needed // size} times as much; "
            "no table of pictures is like this, so it is not read"
        )
    _check_memory(path, needed)


def _least_bytes(metadata: "pq.FileMetaData", group: int) -> int:
    columns = [metadata.row_group(group).column(index) for index in range(metadata.num_columns)]
    total = 0
    for index, column in enumerate(columns):
        width = _WIDTHS.get(column.physical_type) or metadata.schema.column(index).length
        total += max(column.total_uncompressed_size, column.num_values * width)
    return total


def repeated_texts(metadata: "pq.FileMetaData") -> list[str]:
    """Return the paths of the columns of texts that might unpack to more than :data:`UNSUSPECTED` bytes.

    Such a column is read as a dictionary, which is as small as the file says, and what it unpacks to is counted.
    """
    worst: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            if column.physical_type == "BYTE_ARRAY":
                bytes_at_worst = column.num_values * column.total_uncompressed_size
                worst[column.path_in_schema] = worst.get(column.path_in_schema, 0) + bytes_at_worst
    return [name for name, needed in worst.items() if needed > UNSUSPECTED]

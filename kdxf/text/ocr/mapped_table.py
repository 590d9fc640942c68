"""Large OCR tables as files that all processes map into memory: unpacked once, and opened at once ever after.

A table of ten million pictures takes a minute to read and check, and gigabytes in each process that trains. So it is
written as uncompressed Arrow into the user's cache folder (``~/.cache/kdxf/ocr_tables``, or ``$XDG_CACHE_HOME``), under
a name that follows from the sizes and times of its parts. What is found out about a long list of pictures is kept
beside it. The tables that were used last stay there (:mod:`kdxf_runtime.io.kept_folders`).
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kdxf.errors import UserError
from kdxf.io.locks import waiting_lock
from kdxf_runtime.io.digests import settings_digest
from kdxf_runtime.io.kept_folders import cache_folder, hold, partial, remove_old
from kdxf_runtime.log import LOG

LARGE = 1 << 28
"""From so many bytes of Parquet on a table is mapped."""

_PART = 1 << 25  # bytes of Parquet whose rows become one file
_UNIQUE = "unique"  # an empty file: no picture has two rows


def is_large(files: Sequence[Path]) -> bool:
    """Tell whether a table of these files is one to map."""
    return sum(file.stat().st_size for file in files) >= LARGE


@dataclass(frozen=True)
class Mapped:
    """A table that is mapped into memory.

    Attributes:
        rows: Its rows.
        folder: Where they lie, and what :func:`kept_file` names.
        has_each_once: Whether no picture has two rows.
    """

    rows: pa.Table
    folder: Path
    has_each_once: bool


def map_table(files: Sequence[Path], read: Callable[[Sequence[Path]], pa.Table]) -> Mapped:
    """Map the rows of a table into memory; where they are not unpacked yet, do that first, in one process.

    Args:
        files: The parts of the table.
        read: Reads and checks some of them.

    Raises:
        UserError: There is no room, or a part cannot be read.
    """
    facts = [(file.name, *_stamp(file)) for file in files]
    name = settings_digest([str(files[0].parent.resolve()), facts])
    folder = cache_folder("ocr_tables") / name
    if not hold(folder):
        try:
            with waiting_lock(folder.parent.with_suffix(".lock")):
                if not hold(folder):
                    _unpack(files, read, folder)
                    hold(folder)
        except OSError as error:
            raise UserError(
                f"{folder}: the OCR table cannot be unpacked there ({error.strerror or error}); make room, or set "
                "XDG_CACHE_HOME to another folder"
            ) from error
    parts = [_map(file) for file in sorted(folder.glob("*.arrow"))]
    return Mapped(pa.concat_tables(parts), folder, (folder / _UNIQUE).exists())


def kept_file(folder: Path, images: pa.ChunkedArray, suffix: str) -> Path:
    """Return the file that keeps what was found out about a list of pictures, which are told by their names in order.

    Args:
        folder: That of the table.
        images: The names, as text.
        suffix: What was found out.
    """
    digest, chunks = hashlib.sha256(), images.cast(pa.large_string()).chunks
    for chunk in chunks:
        digest.update(pc.binary_length(chunk).to_numpy())
    for chunk in chunks:
        digest.update(text_bytes(chunk))
    return folder / f"{digest.hexdigest()}{suffix}"


def text_bytes(texts: pa.LargeStringArray) -> memoryview:
    """Return texts, none of them null, one behind the other in UTF-8, without a copy."""
    _, offsets, data = texts.buffers()
    places = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1] if len(texts) else [0, 0]
    return memoryview(data or b"")[places[0] : places[-1]]


def _stamp(file: Path) -> tuple[int, int]:
    status = os.stat(file)
    return status.st_size, status.st_mtime_ns


def _map(file: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(file))).read_all()


def _unpack(files: Sequence[Path], read: Callable[[Sequence[Path]], pa.Table], folder: Path) -> None:
    LOG.warning("%s: a large OCR table, which is unpacked into %s, once", files[0].parent, folder)
    with partial(folder.parent) as new:
        for number, group in enumerate(_groups(files)):
            table = read(group).unify_dictionaries()  # a file can hold one dictionary of a column
            with open(new / f"{number:06d}.arrow", "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
        images = pa.chunked_array([chunk for file in sorted(new.iterdir()) for chunk in _map(file)["image"].chunks])
        if pc.count_distinct(images).as_py() == len(images):
            (new / _UNIQUE).touch()
        new.rename(folder)
    remove_old(folder.parent)


def _groups(files: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield files whose rows together are neither too many to be packed nor so few that there are many of them."""
    group: list[Path] = []
    size = 0
    for file in files:
        if group and size + file.stat().st_size > _PART:
            yield group
            group, size = [], 0
        group.append(file)
        size += file.stat().st_size
    yield group

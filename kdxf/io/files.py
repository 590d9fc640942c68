"""Files that appear whole or not at all, and file names that are not valid UTF-8."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives a temporary path, and what was written there its own name if the block ends well.

    The folders above it are made. A block that fails leaves nothing behind, and what was there as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(data: bytes, target: Path) -> None:
    """Writes ``data``."""
    with replacing(target) as temporary:
        temporary.write_bytes(data)


def copy_whole(source: Path, target: Path) -> None:
    """Copies a file with its time stamps."""
    with replacing(target) as temporary:
        shutil.copy2(source, temporary)


def link_whole(source: Path, target: Path) -> None:
    """Gives a file a second name (a hard link).

    Raises:
        OSError: The two lie on different file systems, or the file system knows no hard links.
    """
    with replacing(target) as temporary:
        os.link(source, temporary)


NOT_UTF8 = "backslashreplace"
"""What Python's encoders do with such bytes, which come as lone surrogates: 0xb9 is written as ``\\udcb9``."""


def in_utf8(text: str) -> str:
    """Gives text that UTF-8 can hold, with other bytes of file names in it written as :data:`NOT_UTF8` says."""
    return text.encode(errors=NOT_UTF8).decode()

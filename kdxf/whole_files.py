"""Files that appear whole or not at all."""

import os
import shutil
from pathlib import Path


def write_whole(data: bytes, target: Path) -> None:
    """Writes ``data`` under a temporary name, then gives it its own; makes the folders above it."""
    temporary = _temporary(target)
    try:
        temporary.write_bytes(data)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def copy_whole(source: Path, target: Path) -> None:
    """Copies a file with its time stamps, likewise."""
    temporary = _temporary(target)
    try:
        shutil.copy2(source, temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def link_whole(source: Path, target: Path) -> None:
    """Gives a file a second name (a hard link), likewise.

    Raises:
        OSError: The two lie on different file systems, or the file system knows no hard links.
    """
    temporary = _temporary(target)
    try:
        os.link(source, temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.{os.getpid()}.tmp")

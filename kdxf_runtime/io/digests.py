"""Digests of files, folders and settings, to notice changes."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kdxf_runtime.io.folders import walk
from kdxf_runtime.io.images import IMAGE_EXTENSIONS

_CHUNK = 1 << 20
_known: dict[tuple[str | Path, int, int, int, int], str] = {}


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def known_digest(path: str | Path) -> str:
    """Return :func:`file_digest`; this process reads a file again only if its size or time stamp has changed."""
    status = os.stat(path)
    # Samples ask each time they are loaded: unlike the device and the inode, resolving the links of a path is slow.
    key = (path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    if key not in _known:
        _known[key] = file_digest(path)
    return _known[key]


def files_of(folder: str | Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files in a folder and the folders below it: the path relative to it, and the status.

    See :func:`kdxf_runtime.io.folders.walk` for links and hidden files.
    """
    for name, entry in walk(folder):
        yield name, entry.stat()


def settings_digest(settings: Any) -> str:
    """Return the SHA-256 of nested settings, 64 hexadecimal digits; the order of the keys does not matter."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


def content_digest(path: str | Path) -> str:
    """Return the SHA-256 of an existing file or folder, 64 hexadecimal digits.

    A file counts by its bytes. A folder counts by the names and the bytes of the files in it, at any depth; pictures
    by name and size, as reading millions would take hours. Hidden files do not count, nor does the place of the file or
    the folder.

    Raises:
        OSError: A file cannot be read.
    """
    if os.path.isfile(path):
        return known_digest(path)
    return settings_digest(
        sorted(
            (name, status.st_size if _is_picture(name) else known_digest(os.path.join(path, name)))
            for name, status in files_of(path)
        )
    )


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_EXTENSIONS

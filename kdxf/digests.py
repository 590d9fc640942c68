"""Fingerprints of files and of settings, by which a file that changed is known."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20
_known: dict[tuple[str, int, int], str] = {}


def file_digest(path: str | Path) -> str:
    """Gives the SHA-256 of a file's bytes, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def known_digest(path: str | Path) -> str:
    """Gives the same; this process reads the file again only when its size or its time has changed."""
    status = os.stat(path)
    key = (os.path.realpath(path), status.st_size, status.st_mtime_ns)
    if key not in _known:
        _known[key] = file_digest(path)
    return _known[key]


def files_of(folder: str | Path) -> Iterator[tuple[str, os.stat_result]]:
    """Gives the files in a folder and the folders below it: the path inside of it, and the status.

    Links are followed, but to no folder a second time.
    """
    visited = {os.path.realpath(folder)}
    for root, folders, files in os.walk(folder, followlinks=True):
        places = {name: os.path.realpath(os.path.join(root, name)) for name in sorted(folders)}
        folders[:] = [name for name, place in places.items() if place not in visited]
        visited.update(places.values())
        for name in files:
            path = os.path.join(root, name)
            if os.path.exists(path):  # a link may lead nowhere
                yield os.path.relpath(path, folder), os.stat(path)


def settings_digest(settings: Any) -> str:
    """Gives the SHA-256 of nested settings, 64 hexadecimal digits; the order of the keys does not matter."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()

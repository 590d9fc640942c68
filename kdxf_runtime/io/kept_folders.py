"""A folder of folders that are made once and used again, of which the last few stay.

Who uses a folder holds a shared lock on it until its process ends, so that no other process removes it. The name of a
folder appears when it is complete.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

MOST = 4
"""So many folders stay, and those that a process uses."""

_PARTIAL = ".new-"
_held: dict[tuple[int, int], int] = {}  # handles that stay open, and with them the locks
_ABANDONED = 24 * 3600  # seconds after which nobody writes into an unfinished folder any more


def cache_folder(name: str) -> Path:
    """Return the folder ``kdxf/<name>`` in the user's cache folder: ``$XDG_CACHE_HOME``, else ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "kdxf", name)


def hold(folder: Path) -> bool:
    """Keep a folder until this process ends, and count it as the one that was used last; tell whether it is there."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_SH)
    try:
        is_there = os.path.samestat(os.fstat(handle), os.stat(folder))  # nobody removed it meanwhile
    except OSError:
        is_there = False
    status = os.fstat(handle)
    if not is_there or (status.st_dev, status.st_ino) in _held:
        os.close(handle)
    else:
        _held[status.st_dev, status.st_ino] = handle
    if is_there:
        with contextlib.suppress(OSError):  # a folder of somebody else's, which we may read
            os.utime(folder)
    return is_there


@contextlib.contextmanager
def partial(base: Path) -> Iterator[Path]:
    """Give an empty folder to fill and to rename; one that still has its name in the end is removed."""
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_old(base: Path, most: int = MOST) -> None:
    """Remove all folders but those that were used last, those in use, and those that somebody is filling."""
    used = {}
    for path in base.iterdir():
        with contextlib.suppress(OSError):  # another process removed it
            used[path] = path.stat().st_mtime
    partial_ones = {path for path in used if path.name.startswith(_PARTIAL)}
    whole = sorted(used.keys() - partial_ones, key=lambda path: used[path], reverse=True)
    for path in [*whole[most:], *(path for path in partial_ones if used[path] < time.time() - _ABANDONED)]:
        _remove_unused(path)


def _remove_unused(folder: Path) -> None:
    with contextlib.suppress(OSError):  # in use, or removed by another process
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(handle)

"""Locks that last as long as the process that took them, and the tools that it started."""

import contextlib
import fcntl
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_LOOK = 0.1  # seconds, in which somebody who only looks is done


@contextlib.contextmanager
def lock(path: Path) -> Iterator[int | None]:
    """Take the lock, and give its file descriptor: a tool that gets it keeps the lock when this process is killed.

    Give None if another process has it. On a file system without locks everybody gets it, with a warning.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        taken = _take(file, fcntl.LOCK_EX)
        if not taken:
            time.sleep(_LOOK)
            taken = _take(file, fcntl.LOCK_EX)
        yield file.fileno() if taken else None


def unlock(held: int) -> None:
    """Give the lock back at once, although processes that this one has started have it too."""
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(held, fcntl.LOCK_UN)


def is_locked(path: Path) -> bool:
    """Tell whether somebody has the lock."""
    if not path.is_file():
        return False
    with open(path) as file:
        return not _take(file, fcntl.LOCK_SH)


def _take(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        warnings.warn(
            f"{file.name} cannot be locked ({error.strerror}): see to it that no other process does the same work",
            stacklevel=3,
        )
    return True

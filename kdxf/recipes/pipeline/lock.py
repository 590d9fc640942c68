"""Locks that last as long as the process that took them, and the tools that it started."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kdxf.errors import UserError

_LOOK = 0.1  # seconds, in which somebody who only looks is done


@contextmanager
def lock(path: Path) -> Iterator[int | None]:
    """Take the lock, and give its file descriptor: a tool that gets it keeps the lock when this process is killed.

    Give None if another process has it.

    Raises:
        UserError: The file system has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        taken = _take(file, fcntl.LOCK_EX)
        if not taken:
            time.sleep(_LOOK)
            taken = _take(file, fcntl.LOCK_EX)
        yield file.fileno() if taken else None


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
        raise UserError(f"{file.name} cannot be locked: {error.strerror}; take a folder on another disk") from error
    return True

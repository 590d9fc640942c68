"""Locks that last as long as the process that took them, and the tools that it started."""

import contextlib
import fcntl
import json
import os
import socket
import time
import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from kdxf.errors import UserError

OWNER = ".owner"

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


@contextlib.contextmanager
def waiting_lock(path: Path) -> Iterator[None]:
    """Wait for the lock, and hold it within the block. A file system without locks lets everybody in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def unlock(held: int) -> None:
    """Give the lock back at once, although processes that this one has started have it too."""
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(held, fcntl.LOCK_UN)


@contextlib.contextmanager
def owning(folder: Path, option: str) -> Iterator[None]:
    """Own a folder within the block, so that no other process writes into it; its file ``.owner`` says who does.

    Whoever ended without giving the folder back does not keep it, even where workers that it has left behind hold the
    lock a little longer.

    Args:
        folder: It is made.
        option: What names another one, for the message.

    Raises:
        UserError: Another process owns it.
    """
    path = folder / OWNER
    with lock(path) as held:
        if held is None and not _is_gone(owner := _owner(path)):
            raise UserError(
                f"{folder}: process {owner.get('pid', '(unknown)')} on {owner.get('host', 'some machine')} writes "
                f"there since {owner.get('since', 'just now')}: wait until it is done, end it, or name another folder "
                f"({option})"
            )
        own = {"pid": os.getpid(), "host": socket.gethostname(), "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}"}
        _write(path, json.dumps(own))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # the folder was removed
                path.write_text("")
            if held is not None:
                unlock(held)  # workers that live on have it too


def _owner(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):  # it has just been taken
        return {}


def _write(path: Path, text: str) -> None:
    """Write in place: a file that replaces this one would not be locked. Name the file if the disk is full."""
    try:
        path.write_text(text)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def _is_gone(owner: Mapping[str, Any]) -> bool:
    """Tell whether a process of this machine has ended."""
    if owner.get("host") != socket.gethostname():
        return False
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


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

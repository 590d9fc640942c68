"""SIGTERM, with which schedulers, containers and ``kill`` ask a process to end."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_SOON = 0.1  # seconds
_PATIENCE = 1.0  # seconds in which a worker ends by SIGTERM


class TerminatedError(BaseException):
    """SIGTERM has come. It is no ``Exception``, so that nothing takes it for a fault that it can deal with."""


@dataclass
class Stop:
    """Whether a process was asked to end.

    Attributes:
        asked: True from the moment on when SIGTERM has come.
    """

    asked: bool = False


@contextmanager
def ending_on_sigterm() -> Iterator[Stop]:
    """Raise :class:`TerminatedError` in the block when SIGTERM comes, after the worker processes have been ended.

    Without this, a process ends at once, and its workers live on until they notice. A second SIGTERM ends it at once
    nevertheless. In a thread other than the main one, where Python cannot change this, nothing is done.
    """
    stop, owner = Stop(), os.getpid()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def end(number: int, frame: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if os.getpid() != owner:  # a forked worker, which has this handler too
            os.kill(os.getpid(), signal.SIGTERM)
            return
        stop.asked = True
        _end_workers()
        raise TerminatedError

    def try_again(lost: Any) -> None:
        """Send the signal again if its exception came where Python drops exceptions, such as in ``__del__``."""
        if isinstance(lost.exc_value, TerminatedError):
            signal.signal(signal.SIGTERM, end)
            threading.Timer(_SOON, os.kill, (owner, signal.SIGTERM)).start()
        else:
            report(lost)

    report, sys.unraisablehook = sys.unraisablehook, try_again
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
        sys.unraisablehook = report


def _end_workers() -> None:
    processes = sys.modules.get("multiprocessing")
    workers = processes.active_children() if processes else []
    for worker in workers:
        worker.terminate()
    end = time.monotonic() + _PATIENCE
    for worker in workers:
        worker.join(max(0.0, end - time.monotonic()))
        if worker.is_alive():  # it is busy in native code, or was just being forked, which loses signals
            worker.kill()
            worker.join()

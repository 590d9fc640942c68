"""SIGTERM, with which schedulers, containers and ``kill`` ask a process to end."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_SOON = 0.1  # seconds


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
        processes = sys.modules.get("multiprocessing")
        for worker in processes.active_children() if processes else ():
            worker.terminate()
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

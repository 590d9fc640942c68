"""Imports of torch and the host without collections of garbage."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Put off collections of garbage in a block of imports, and leave out what it has made from all later ones.

    Importing torch and MMPretrain makes a million objects, which stay as long as the process. Each collection would
    look at all of them again, a fifth of the time of a start. For tools only: the objects that exist when the block
    ends are never looked at again, so that it does nothing in a process that has imported torch already.
    """
    if "torch" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()

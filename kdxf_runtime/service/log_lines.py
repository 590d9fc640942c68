"""Lines that the service writes; it goes on where nobody reads them any more."""

import contextlib
import sys


def write_line(line: str, *, for_people: bool = False) -> None:
    """Write a line to the log on standard output, or for people to standard error.

    Where that is a pipe whose reader has ended, the line is lost: requests are answered, and the service ends when it
    is asked to, without a log as well.
    """
    stream = sys.stderr if for_people else sys.stdout
    with contextlib.suppress(OSError):
        stream.write(f"{line}\n")
        stream.flush()

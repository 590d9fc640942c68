"""How the command-line tools end (one line for the user, an exit status), and the types of their arguments."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from kdxf.cli.failures import describe
from kdxf.cli.sigterm import ending_on_sigterm
from kdxf.errors import UserError
from kdxf_runtime.io.machine import available_cores

SPIN_COUNT = "16000"
USER_ERROR = 2
INTERRUPTED = 130
TERMINATED = 143


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run the ``main`` function of a tool and exit with its status.

    ====  ==============================================================================================
    0     done
    1     a check found something, which the output lists; or a fault of the library, with its traceback
    2     the user can fix it: one line ``error: <message>`` on standard error
    130   ended by Ctrl-C
    143   ended by SIGTERM, with one line
    ====  ==============================================================================================

    What the user can fix is a wrong argument, a :class:`kdxf.errors.UserError`, or what the machine lacks
    (:func:`kdxf.cli.failures.describe`). On SIGTERM the worker processes are ended first.

    Where other work keeps half of the cores busy or more, torch's threads turn in circles for a millisecond only while
    they wait for one another, and then sleep. OpenMP's default is some sixteen, which another process that has one of
    the cores makes of every operation. A user's own ``OMP_WAIT_POLICY`` or ``GOMP_SPINCOUNT`` stays
    (``benchmarks/waiting_threads.py``).

    Args:
        main: The tool. Its return value is the exit status; ``None`` means success.
    """
    if "OMP_WAIT_POLICY" not in os.environ and os.getloadavg()[0] >= available_cores() / 2:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)  # read when torch is imported, by main or later
    with ending_on_sigterm() as stop, _without_dropped_failures():
        try:
            status = main() or 0
        except BaseException as error:
            if not stop.asked:
                _exit_after(error)
            _print_error("ended by SIGTERM, which somebody or the system has sent")
            status = TERMINATED
    _leave_process_group(status)
    sys.exit(status)


@contextmanager
def _without_dropped_failures() -> Iterator[None]:
    """Print no traceback for a killed loader worker of which torch tells where Python drops exceptions.

    It tells again as soon as the next batch is asked for.
    """

    def hook(dropped: Any) -> None:
        if dropped.exc_value is None or describe(dropped.exc_value) is None:
            report(dropped)

    report, sys.unraisablehook = sys.unraisablehook, hook
    try:
        yield
    finally:
        sys.unraisablehook = report


def _exit_after(error: BaseException) -> NoReturn:
    if isinstance(error, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    message = str(error) if isinstance(error, UserError) else describe(error)
    if message is None:
        raise error
    _print_error(message)
    sys.exit(USER_ERROR)


def _leave_process_group(status: int) -> None:
    """End a process of a gloo group at once, when all of them are done.

    The threads of gloo and of its store may abort the process while the interpreter is torn down, and a launcher then
    takes a finished run for a failed one.
    """
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_initialized() or distributed.get_backend() != "gloo":
        return
    if status != TERMINATED:  # the others may have ended already
        distributed.barrier()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _print_error(message: str) -> None:
    print("error:", " ".join(message.split()), file=sys.stderr)


"""Help of the option ``--excel``."""


def count(text: str) -> int:
    """Read a whole number from 1.

    Raises:
        ArgumentTypeError: The text is anything else; argparse turns this into a usage error.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)


def named_files(words: Iterable[str], option: str) -> dict[str, Path]:
    """Read words such as ``NAME=FILE``, or ``FILE`` alone, which gets its stem as its name.

    Args:
        words: Words of the command line.
        option: The option that they belong to, for messages.

    Raises:
        UserError: Two files have one name.
    """
    files: dict[str, Path] = {}
    for word in words:
        name, equals, rest = word.partition("=")
        path = Path(rest) if equals and "/" not in name else Path(word)  # a folder may be called lr=0.1
        name = name if path != Path(word) else path.stem
        if name in files:
            raise UserError(f"{option}: two files are called {name!r}; give one another name, as NAME={path}")
        files[name] = path
    return files

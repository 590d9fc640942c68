"""How the command-line tools end (one line for the user, an exit status), and the types of their arguments."""

import argparse
import errno
import logging
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

from kdxf.errors import UserError

USER_ERROR = 2
INTERRUPTED = 130

_FILE_ERRORS = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError)
_ADVICE = {
    errno.ENOSPC: "make room there, or write elsewhere",
    errno.EDQUOT: "make room there, or write elsewhere",
    errno.EFBIG: "write to a file system that takes larger files",
    errno.EROFS: "write elsewhere",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "its links lead in a circle",
    errno.EIO: "the disk or the network storage fails",
    errno.ESTALE: "the network storage lost the file; try again",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "the machine has too many open files",
}


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run the ``main`` function of a tool and exit with its status.

    What the user can fix (:class:`kdxf.errors.UserError`, a missing or forbidden file, a full or read-only disk)
    becomes one line ``error: <message>`` on standard error and status 2; Ctrl-C gives status 130. Anything else is a
    fault of the library and keeps its traceback.

    Args:
        main: The tool. Its return value is the exit status; ``None`` means success.
    """
    try:
        status = main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except UserError as error:
        _print_error(str(error))
        sys.exit(USER_ERROR)
    except OSError as error:
        if not isinstance(error, _FILE_ERRORS) and error.errno not in _ADVICE:
            raise
        _print_error(_describe(error))
        sys.exit(USER_ERROR)
    _leave_process_group(status or 0)
    sys.exit(status or 0)


def _leave_process_group(status: int) -> None:
    """End a process of a gloo group at once, when all of them are done.

    The threads of gloo and of its store may abort the process while the interpreter is torn down, and a launcher then
    takes a finished run for a failed one.
    """
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_initialized() or distributed.get_backend() != "gloo":
        return
    distributed.barrier()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _describe(error: OSError) -> str:
    words = [str(name) for name in (error.filename, error.strerror or str(error)) if name is not None]
    advice = _ADVICE.get(error.errno or 0)
    return ": ".join(words) + (f"; {advice}" if advice else "")


def _print_error(message: str) -> None:
    print("error:", " ".join(message.split()), file=sys.stderr)


EXCEL = "write CSVs so that Excel shows Chinese and takes no cell for a formula; kdxf reads both forms"
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

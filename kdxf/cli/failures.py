"""What the machine lacks, in one line: files, disk space, memory, shared memory."""

import errno
import re

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
_KILLED = re.compile(
    r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\) (?:is killed by signal: ([\w ]+)|exited unexpectedly)"
)
_BETWEEN_NAMES = re.compile(r'[\n",]')
_AROUND = 60  # characters shown on each side
_MEMORY = "often because the memory ran out: set fewer workers or a smaller batch_size, and run it again"


def describe(error: BaseException) -> str | None:
    """Return what failed and what to do, if it is the machine or a file, and not the library; otherwise None.

    These are a missing or forbidden file, a file name that is no text, a full or failing disk, worker processes that
    somebody or the system has killed, and a lack of GPU memory or of shared memory.
    """
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        before, after = error.object[: error.start], error.object[error.start :]
        name = _BETWEEN_NAMES.split(before)[-1][-_AROUND:] + _BETWEEN_NAMES.split(after)[0][:_AROUND]
        return f"the name {name!a} is not valid UTF-8: rename the file"
    if isinstance(error, OSError):
        return _of_file(error) if isinstance(error, _FILE_ERRORS) or error.errno in _ADVICE else None
    return _of_processes(error) if isinstance(error, RuntimeError) else None


def _of_file(error: OSError) -> str:
    words = [str(name) for name in (error.filename, error.strerror or str(error)) if name is not None]
    advice = _ADVICE.get(error.errno or 0)
    return ": ".join(words) + (f"; {advice}" if advice else "")


def _of_processes(error: RuntimeError) -> str | None:
    """Tell torch's and Python's errors by their text and name: importing torch takes seconds."""
    text, kind = str(error), type(error).__name__
    if "shared memory" in text or "</torch_" in text:
        return (
            "no space in shared memory (/dev/shm), through which loader workers hand over batches: set num_workers=0 "
            "in the data loaders, take smaller batches, or give it more (docker run --shm-size=8g)"
        )
    if killed := _KILLED.search(text):
        return f"a loader worker (process {killed[1]}) was killed ({killed[2] or 'without a signal'}), {_MEMORY}"
    if kind == "BrokenProcessPool":
        return f"a worker process was killed, {_MEMORY}"
    if kind == "OutOfMemoryError":
        return "the GPU has too little memory: set a smaller batch_size or image size, or train with --amp"
    return None

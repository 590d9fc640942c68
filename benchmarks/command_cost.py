"""What a command costs: seconds, processor time, and the memory of all its processes together."""

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
_INTERVAL = 0.3  # seconds between two looks at the memory
_MIB = 1024  # KiB


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        seconds: From its start to its end.
        processor: Processor time of it and the processes that it started, in seconds.
        ready: The same and the time that their threads waited for a core, in seconds: divided by ``seconds``, how many
            threads had something to do, on average, whatever else the machine did.
        memory: Peak memory of all of them together, in MiB; pages that they share count once.
    """

    seconds: float
    processor: float
    ready: float
    memory: float


def cost_of(command: Sequence[str], cores: int) -> Cost:
    """Run a command from the root of the repository, and measure it.

    Args:
        command: The command.
        cores: It sees so many of the cores of this process.

    Raises:
        SystemExit: It failed.
    """
    allowed = os.sched_getaffinity(0)
    with tempfile.TemporaryFile() as errors:
        os.sched_setaffinity(0, sorted(allowed)[:cores])  # inherited
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=REPO, stdout=subprocess.DEVNULL, stderr=errors)
        os.sched_setaffinity(0, allowed)
        peak, ready, ended = 0.0, dict[str, int](), threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(_INTERVAL):
                family = _family(process.pid)
                peak = max(peak, sum(map(_memory, family)) / _MIB)
                for one in family:
                    ready.update(_ready(one))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        watcher.join()
        if status:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{errors.read().decode(errors='replace')}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, sum(ready.values()) / 1e9, peak)


def _family(process: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [process]
    for one in found:
        try:
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
        except OSError:  # it has ended
            continue
    return found


def _memory(process: int) -> int:
    """Return the memory of a process in KiB, of shared pages its share; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _ready(process: int) -> dict[str, int]:
    """Return the nanoseconds that each thread of a process ran or waited for a core; none where it has ended."""
    found = {}
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            ran, waited, _ = (thread / "schedstat").read_text().split()
            found[thread.name] = int(ran) + int(waited)
    return found

"""Progress of long work: a bar on a terminal, in a log a line now and then; both say how long it still takes."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

_PAUSE = 30.0  # seconds between two lines


@contextmanager
def progress(total: int, task: str, unit: str, shown: bool = True) -> Iterator[Callable[[], object]]:
    """Show on standard error how far a task is.

    Args:
        total: Items of the task.
        task: What is done, such as ``'image features'``.
        unit: What the items are, in the plural, such as ``'images'``.
        shown: Otherwise nothing is written.

    Yields:
        A function to call after each item.
    """
    if shown and not sys.stderr.isatty():
        yield _Lines(total, task, unit).advance
        return
    with tqdm(total=total, desc=task, unit=f" {unit}", disable=not shown) as bar:
        yield bar.update


class _Lines:
    """Writes a line when half a minute has passed since the last one, and one at the end."""

    def __init__(self, total: int, task: str, unit: str) -> None:
        self.total, self.task, self.unit = total, task, unit
        self.done = 0
        self.start = self.last = time.monotonic()

    def advance(self) -> None:
        self.done += 1
        now = time.monotonic()
        if self.done < self.total and now - self.last < _PAUSE:
            return
        self.last, passed = now, now - self.start
        left = passed / self.done * (self.total - self.done)
        rest = f"{_span(left)} left" if self.done < self.total else f"in {_span(passed)}"
        print(f"{self.task}: {self.done} of {self.total} {self.unit}, {rest}", file=sys.stderr, flush=True)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes"

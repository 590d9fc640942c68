"""One function applied to many images with worker processes and a progress bar."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import cv2
from tqdm import tqdm

from kdxf.errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")

# With fewer items, starting processes takes longer than it saves.
_FEW = 64
_CHUNK = 16


def parallel_map(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int, description: str, unit: str = "image"
) -> Iterator[Result]:
    """Yield ``function(item)`` for each item, in order.

    Args:
        function: Picklable: a module-level function, or a ``functools.partial`` of one. It should return errors of one
            image as its result, since an exception ends the job.
        items: Its arguments, one per call.
        workers: Number of processes; a few items are processed in this one.
        description: The text of the progress bar.
        unit: The name of an item in the progress bar.

    Raises:
        UserError: ``workers`` is below 1.
    """
    if workers < 1:
        raise UserError(f"--workers: must be at least 1, not {workers}")
    with tqdm(total=len(items), desc=description, unit=f" {unit}s", smoothing=0.05, disable=None) as bar:
        for result in _results(function, items, workers):
            bar.update()
            yield result


def _results(function: Callable[[Any], Any], items: Sequence[Any], workers: int) -> Iterator[Any]:
    if workers == 1 or len(items) < _FEW:
        yield from map(function, items)
        return
    # Spawned: a forked child would inherit locks of OpenCV's and Arrow's threads. An executor, unlike a pool, reports
    # that a worker has died.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as executor:
        try:
            yield from executor.map(function, items, chunksize=_CHUNK)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _start_worker() -> None:
    cv2.setNumThreads(1)  # the processes themselves are the parallelism

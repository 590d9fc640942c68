"""Finds by trying how many samples a GPU of a given memory takes at once."""

from collections.abc import Callable

import torch

_MOST = 4096


def largest_batch(step: Callable[[int], None], memory: int) -> int:
    """Finds the largest batch that trains.

    Args:
        step: Does a training step on so many samples.
        memory: What PyTorch may take, in bytes, at most what the GPU has. What CUDA itself needs, about half a
            gigabyte, comes on top.

    Returns:
        Samples, from 2 to 4096; 0 if not even two fit (batch statistics need two).
    """
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(memory / torch.cuda.get_device_properties(0).total_memory)
    try:
        return search(lambda size: _fits(step, size))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def search(fits: Callable[[int], bool], least: int = 2, most: int = _MOST) -> int:
    """Finds the largest number that fits, by doubling and then halving the gap; what is below a fitting one fits.

    Args:
        fits: Tells whether a number does.
        least: The smallest to try.
        most: The largest to try.

    Returns:
        The number; 0 if ``least`` does not fit.
    """
    good, bad = 0, least
    while bad <= most and fits(bad):
        good, bad = bad, bad * 2
    bad = min(bad, most + 1)
    while good and bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good


def _fits(step: Callable[[int], None], size: int) -> bool:
    try:
        for _ in range(2):  # the optimizer's state comes with the first step
            step(size)
        torch.cuda.synchronize()
    except torch.OutOfMemoryError:
        return False
    finally:
        torch.cuda.empty_cache()
    return True

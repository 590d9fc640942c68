import os

import numpy as np

from kdxf.io.machine import available_cores, peak_memory


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    assert 1 <= available_cores() <= os.cpu_count()
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert available_cores() == 3
    monkeypatch.delattr("os.sched_getaffinity")
    assert available_cores() == os.cpu_count()


def test_peak_memory_is_in_bytes_and_never_falls():
    before = peak_memory()
    block = np.ones(2**24, np.uint8)
    assert 2**20 < before <= peak_memory() < 2**40
    assert peak_memory() > block.nbytes

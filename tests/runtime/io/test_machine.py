import os

import numpy as np

from kdxf_runtime.io.machine import available_cores, memory, peak_memory


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


def test_memory(tmp_path, monkeypatch):
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for text, expected in (("max\n", machine), ("1000\n", 1000), (f"{10**30}\n", machine)):
        (tmp_path / "memory.max").write_text(text)
        monkeypatch.setattr("kdxf_runtime.io.machine._CGROUP_LIMITS", (tmp_path / "memory.max", tmp_path / "none"))
        assert memory() == expected

import types

import pytest
import torch

from kdxf.apis.largest_batch import largest_batch, search


@pytest.mark.parametrize("limit", [2, 3, 4, 5, 31, 32, 33, 100, 4095, 4096])
def test_search_finds_the_limit(limit):
    asked = []

    def fits(size):
        asked.append(size)
        return size <= limit

    assert search(fits) == limit
    assert len(asked) == len(set(asked)) <= 24


def test_the_ends():
    assert search(lambda size: False) == 0
    assert search(lambda size: True) == 4096
    assert search(lambda size: size <= 9, least=3, most=7) == 7


def test_trying_on_a_gpu(monkeypatch):
    fractions, tried = [], []
    properties = types.SimpleNamespace(total_memory=24 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", fractions.append)
    for name in ("empty_cache", "synchronize"):
        monkeypatch.setattr(torch.cuda, name, lambda: None)

    def step(size):
        tried.append(size)
        if size > 20:
            raise torch.OutOfMemoryError

    assert largest_batch(step, 6 * 2**30) == 20
    assert fractions == [0.25, 1.0]  # the limit is taken back
    assert tried.count(16) == 2  # the optimizer's state comes with the first of two steps

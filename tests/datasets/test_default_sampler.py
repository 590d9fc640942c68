"""The order is mmengine's, in pieces."""

import pytest
from mmengine.dataset import DefaultSampler as HostDefaultSampler
from mmengine.registry import DATA_SAMPLERS, DefaultScope

from kdxf.datasets import DefaultSampler, default_sampler


@pytest.mark.parametrize("world_size", [1, 3, 30])
@pytest.mark.parametrize("round_up", [True, False])
@pytest.mark.parametrize("shuffle", [True, False])
def test_the_order_is_that_of_mmengine(monkeypatch, world_size, round_up, shuffle):
    monkeypatch.setattr(default_sampler, "_AT_ONCE", 2)
    for rank in (0, world_size - 1):
        samplers = [
            kind(range(11), shuffle, seed=3, round_up=round_up) for kind in (DefaultSampler, HostDefaultSampler)
        ]
        for sampler in samplers:
            sampler.rank, sampler.world_size = rank, world_size
            sampler.total_size = -(-11 // world_size) * world_size if round_up else 11
            sampler.set_epoch(2)
        ours, theirs = map(list, samplers)
        assert ours == theirs and all(type(index) is int for index in ours)


def test_configs_get_it_by_its_name():
    with DefaultScope.overwrite_default_scope("kdxf"):
        sampler = DATA_SAMPLERS.build(dict(type="DefaultSampler", dataset=range(4), shuffle=True, seed=0))
    assert type(sampler) is DefaultSampler and sorted(sampler) == [0, 1, 2, 3]

"""Random numbers of samples."""

import random

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader, RandomSampler

from kdxf.engine.sample_seeds import SeededSamples, seeded_batches, seeded_loader


class Draws:
    """A sample is its index and a number of each generator."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return index, random.random(), np.random.rand(), torch.rand(()).item()


def samples(workers, epoch, skip=0, sampler=None, seed=3):
    order = sampler or DefaultSampler(Draws(), shuffle=False)
    loader = DataLoader(Draws(), batch_size=2, sampler=order, num_workers=workers, collate_fn=list)
    made, batches = seeded_loader(loader, seed)
    batches.epoch, batches.skip = epoch, skip
    assert len(made) == 3 - skip
    return {sample[0]: sample[1:] for batch in made for sample in batch}


def test_neither_workers_nor_order_matter():
    found = samples(0, epoch=1)
    assert sorted(found) == list(range(6)) and len({number for row in found.values() for number in row}) == 18
    assert samples(2, epoch=1) == found
    rest = samples(0, epoch=1, skip=2)
    assert rest == {index: found[index] for index in (4, 5)}
    shuffled = DefaultSampler(Draws(), shuffle=True, seed=1)
    assert samples(0, epoch=1, sampler=shuffled) == found


@pytest.mark.parametrize("changed", [{"epoch": 2}, {"epoch": 1, "seed": 4}])
def test_epoch_and_seed_matter(changed):
    numbers, others = ({number for row in samples(0, **given).values() for number in row}
                       for given in ({"epoch": 1}, changed))  # fmt: skip
    assert not numbers & others


def test_an_index_that_occurs_again():
    keys = [key for batch in seeded_batches([[4, 4], [4]], 5, seed=0, epoch=2) for key in batch]
    assert keys == [(4, (0, 2, 4, 0, 0)), (4, (0, 2, 4, 1, 0)), (4, (0, 2, 4, 2, 0))]
    dataset = SeededSamples(Draws())
    assert len({dataset[key] for key in keys}) == 3


def test_processes_that_share_an_index_see_it_in_two_ways(monkeypatch):
    found = []
    for rank in range(2):
        monkeypatch.setattr("kdxf.engine.sample_seeds.get_rank", lambda rank=rank: rank)
        dealt = samples(0, 0)
        shared = samples(0, 0, sampler=RandomSampler(Draws()))
        found.append((dealt, shared))
    assert found[0][0] == found[1][0]
    assert not set(found[0][1].values()) & set(found[1][1].values())

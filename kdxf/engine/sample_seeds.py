"""Random numbers for each sample: whichever process loads it, in whatever order, it is changed in the same way."""

import random
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import DefaultSampler
from mmengine.dist import get_rank
from torch.utils.data import DataLoader, Dataset

Key = tuple[int, tuple[int, ...]]
"""The index of a sample, and what its random numbers are made of."""


class SeededSamples(Dataset):
    """A dataset that seeds Python's, NumPy's and torch's generators before it makes a sample.

    Args:
        dataset: Makes the sample of an index.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: Key) -> Any:
        """Return the sample of a key."""
        index, entropy = key
        # A sequence of integers is mixed well; neighbouring seeds alone would be alike in some generators.
        seeds = np.random.SeedSequence(entropy).generate_state(3)
        random.seed(int(seeds[0]))
        np.random.seed(int(seeds[1]))
        torch.default_generator.manual_seed(int(seeds[2]))
        return self.dataset[index]


def seeded_batches(
    batches: Iterable[Sequence[int]], count: int, seed: int, epoch: int, rank: int = 0
) -> Iterator[list[Key]]:
    """Add to each index of an epoch what its random numbers are made of.

    Args:
        batches: The epoch's indices, batch by batch.
        count: The number of samples that there are.
        seed: Of the run.
        epoch: From 0.
        rank: Of the process, where several may have the same index in an epoch.

    Yields:
        The batches. An index that occurs again gets other random numbers than before.
    """
    seen = array("I", bytes(4 * count))  # a dictionary of ten million indices takes a gigabyte
    for batch in batches:
        keys: list[Key] = []
        for index in batch:
            index = int(index)
            keys.append((index, (seed, epoch, index, seen[index], rank)))
            seen[index] += 1
        yield keys


class SeededBatches:
    """A batch sampler of keys.

    Args:
        loader: The loader whose batches of indices it takes.
        seed: Of the run.
    """

    def __init__(self, loader: DataLoader[Any], seed: int) -> None:
        self._batches: Any = loader.batch_sampler
        # DefaultSampler deals the indices out; others may give one index to several processes, to see it in several
        # ways.
        self._shared = not isinstance(getattr(self._batches, "sampler", loader.sampler), DefaultSampler)
        self._count = len(loader.dataset)  # type: ignore[arg-type]  # its type does not promise a length
        self._seed = seed
        self.epoch = 0
        self.skip = 0
        """The first batches of an epoch that are left out."""

    def __len__(self) -> int:
        return len(self._batches) - self.skip

    def __iter__(self) -> Iterator[list[Key]]:
        rank = get_rank() if self._shared else 0
        batches = seeded_batches(self._batches, self._count, self._seed, self.epoch, rank)
        for number, keys in enumerate(batches):
            if number >= self.skip:
                yield keys


def seeded_loader(loader: DataLoader[Any], seed: int) -> tuple[DataLoader[Any], SeededBatches]:
    """Return a loader of the same batches whose samples have random numbers of their own, and its batch sampler."""
    batches = SeededBatches(loader, seed)
    made: DataLoader[Any] = DataLoader(
        SeededSamples(loader.dataset),
        batch_sampler=batches,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        timeout=loader.timeout,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        prefetch_factor=loader.prefetch_factor,
        persistent_workers=loader.persistent_workers,
    )
    return made, batches

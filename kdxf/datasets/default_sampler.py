"""The order of an epoch, for millions of samples."""

from collections.abc import Iterator

import torch
from mmengine.dataset import DefaultSampler as HostDefaultSampler

from kdxf.registry import DATA_SAMPLERS

_AT_ONCE = 4096


@DATA_SAMPLERS.register_module()
class DefaultSampler(HostDefaultSampler):
    """mmengine's ``DefaultSampler``, with the same arguments and the same order, in little memory.

    The order follows from seed and epoch, so that a run resumes in it, and each process takes every n-th place. It is
    kept as one array of numbers, 8 bytes for each sample, and nothing is kept where ``shuffle=False``; mmengine's list
    of Python numbers takes 40 bytes for each, and copies of it while it is made.
    """

    def __iter__(self) -> Iterator[int]:
        """Yield the indices of this process."""
        count = len(self.dataset)
        order = None
        if self.shuffle:
            order = torch.randperm(count, generator=torch.Generator().manual_seed(self.seed + self.epoch))
        step = self.world_size * _AT_ONCE
        for start in range(self.rank, self.total_size, step):
            # With round_up the order begins again where the processes need a few more.
            places = torch.arange(start, min(start + step, self.total_size), self.world_size) % count
            yield from (places if order is None else order[places]).tolist()

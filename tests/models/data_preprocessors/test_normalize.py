import pytest
import torch

from kdxf.models.data_preprocessors.normalize import is_interleaved, normalize_interleaved

MEAN, STD = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1), torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)


def images(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [(1, 1, 1), (2, 5, 7), (3, 16, 12)])
def test_the_numbers_are_those_of_broadcasting(size):
    count, height, width = size
    stored = images(count, height, width, 3)
    found = normalize_interleaved(stored.permute(0, 3, 1, 2), MEAN, STD)
    assert torch.equal(found, (stored.permute(0, 3, 1, 2).flip(1).float() - MEAN) / STD)
    assert found.is_contiguous(memory_format=torch.channels_last) and found.dtype == torch.float32


def test_by_hand():
    """One pixel, blue 10, green 20, red 30: red (30 - 10) / 2, green (20 - 20) / 4, blue (10 - 30) / 5."""
    pixel = torch.tensor([10, 20, 30], dtype=torch.uint8).view(1, 1, 1, 3).permute(0, 3, 1, 2)
    mean, std = torch.tensor([10.0, 20, 30]).view(3, 1, 1), torch.tensor([2.0, 4, 5]).view(3, 1, 1)
    assert normalize_interleaved(pixel, mean, std).flatten().tolist() == [10, 0, -4]


def test_what_counts_as_interleaved():
    stored = images(2, 4, 5, 3).permute(0, 3, 1, 2)
    assert is_interleaved(stored)
    for other in (stored.contiguous(), stored.float(), stored[:, :2], stored[..., ::2], stored[0], [stored[0]]):
        assert not is_interleaved(other)

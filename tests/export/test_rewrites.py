import pytest
import torch
from mmpretrain.models.utils.attention import ShiftWindowMSA

from kdxf.export.rewrites import exportable, join_windows


@pytest.mark.parametrize(("count", "height", "width"), [(1, 4, 6), (3, 6, 2)])
def test_windows_are_joined_as_by_the_host(count, height, width):
    pictures = torch.arange(count * height * width * 5).view(count, height, width, 5)
    windows = ShiftWindowMSA.window_partition(pictures, 2)
    joined = join_windows(windows, height, width, 2)
    assert torch.equal(joined, pictures)
    assert torch.equal(joined, ShiftWindowMSA.window_reverse(windows, height, width, 2))


def test_everything_is_put_back():
    before = torch.backends.mha.get_fastpath_enabled(), ShiftWindowMSA.window_reverse
    with pytest.raises(KeyError), exportable():
        assert not torch.backends.mha.get_fastpath_enabled() and ShiftWindowMSA.window_reverse is join_windows
        raise KeyError
    assert (torch.backends.mha.get_fastpath_enabled(), ShiftWindowMSA.window_reverse) == before

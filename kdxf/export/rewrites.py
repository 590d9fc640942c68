"""Parts of the host and of torch that export only when written in another way; their values stay the same."""

import contextlib
from collections.abc import Iterator

import torch
from mmpretrain.models.utils.attention import ShiftWindowMSA
from torch import Tensor


@contextlib.contextmanager
def exportable() -> Iterator[None]:
    """Replace what cannot be exported, within the block.

    =========================================== ======================================================================
    what                                        why
    =========================================== ======================================================================
    fused attention of ``MultiheadAttention``   ONNX has no such operator
    ``window_reverse`` of MMPretrain's Swin     divides the number of windows as a float, which ties the graph to one
                                                number of samples
    =========================================== ======================================================================
    """
    fast, reverse = torch.backends.mha.get_fastpath_enabled(), ShiftWindowMSA.window_reverse
    torch.backends.mha.set_fastpath_enabled(False)
    ShiftWindowMSA.window_reverse = staticmethod(join_windows)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        ShiftWindowMSA.window_reverse = staticmethod(reverse)


def join_windows(windows: Tensor, height: int, width: int, window_size: int) -> Tensor:
    """Put the windows of N pictures together.

    Args:
        windows: (N * H/S * W/S, S, S, C), row by row.
        height: H, a multiple of S.
        width: W, a multiple of S.
        window_size: S.

    Returns:
        (N, H, W, C).
    """
    size, channels = window_size, windows.size(-1)
    rows = windows.view(-1, height // size, width // size, size, size, channels)
    return rows.permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, channels)

"""Normalization of images whose channels lie together (torch's ``channels_last``), as the loader makes them.

Shapes: N batch, H and W edges in pixels.
"""

from typing import Any

import torch
from torch import Tensor


def is_interleaved(images: Any) -> bool:
    """Tell whether these are uint8 images (N, 3, H, W) in the memory order N, H, W, 3."""
    return (
        isinstance(images, Tensor)
        and images.dtype == torch.uint8
        and images.dim() == 4
        and images.size(1) == 3
        and images.permute(0, 2, 3, 1).is_contiguous()
    )


def normalize_interleaved(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Return ``(images in RGB order - mean) / std``, with the channels together.

    The same numbers as by torch's broadcasting, which takes three to five times as long in this memory order, since its
    inner loop has three steps: here it runs over the rows of the images.

    Args:
        images: As of :func:`is_interleaved`, in BGR order.
        mean: (3, 1, 1), in RGB order.
        std: (3, 1, 1), in RGB order.

    Returns:
        float32 (N, 3, H, W), in RGB order.
    """
    stored = images.permute(0, 2, 3, 1)
    count, height, width, _ = stored.shape
    result = torch.empty(stored.shape, dtype=torch.float32, device=images.device)
    for channel in range(3):
        result[..., channel].copy_(stored[..., 2 - channel])
    rows = result.view(count * height, width * 3)
    rows.sub_(mean.view(3).repeat(width)).div_(std.view(3).repeat(width))
    return result.permute(0, 3, 1, 2)

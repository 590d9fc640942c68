"""Random colours of a batch where it lies, by what the loader drew. Shapes: N batch, H and W edges in pixels."""

from torch import Tensor

_BGR_WEIGHTS = (0.114, 0.587, 0.299)


def jitter_colors(images: Tensor, steps: Tensor) -> Tensor:
    """Change brightness, contrast and saturation of each image as ``ColorJitter`` of kdxf's transforms would.

    Each step blends an image with something grey: black, its mean grey, or its pixels without colour. So one formula
    serves the whole batch, whatever step each image is at.

    Args:
        images: uint8 (N, 3, H, W), BGR.
        steps: float32 (N, 3, 3), ``img_jitter`` of the transform.

    Returns:
        uint8 (N, 3, H, W) in the same memory order. Where the transform's fixed-point arithmetic rounds the other way,
        a pixel differs by a level, after three steps by some.
    """
    weights = images.new_tensor(_BGR_WEIGHTS, dtype=steps.dtype).view(3, 1, 1)
    pixels = images.to(steps.dtype)
    for step in steps.unbind(1):
        factor, of_mean, of_grey = step.view(-1, 3, 1, 1, 1).unbind(1)
        grey = (pixels * weights).sum(1, keepdim=True).round()
        mean = grey.mean((2, 3), keepdim=True).round()
        blended = pixels * factor + (mean * of_mean + grey * of_grey) * (1 - factor)
        # The transform cuts off what its tables hold, and rounds where it blends with the pixels' grey.
        pixels = (blended + of_grey / 2).floor_().clamp_(0, 255)
    return pixels.to(images.dtype)

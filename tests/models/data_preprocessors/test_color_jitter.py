import numpy as np
import pytest
import torch
from torch import Tensor

from kdxf.datasets.transforms import ColorJitter
from kdxf.models.data_preprocessors.color_jitter import jitter_colors


def pictures() -> np.ndarray:
    """uint8 (8, 20, 30, 3): smooth and of all colours, with black and white among them."""
    random = np.random.default_rng(0)
    coarse = torch.from_numpy(random.uniform(-80, 336, (8, 3, 4, 5)))
    smooth = torch.nn.functional.interpolate(coarse, (20, 30), mode="bicubic").clamp(0, 255)
    return smooth.to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def in_both_ways(images: np.ndarray, seed: int, **options) -> tuple[Tensor, Tensor]:
    """The batch as the transform changes it, and as it is changed by the numbers that the transform draws."""
    changed, steps = [], []
    for target, on_device in ((changed, False), (steps, True)):
        np.random.seed(seed)
        transform = ColorJitter(**options, backend="cv2", on_device=on_device)
        for image in images:
            results = transform({"img": image.copy()})
            target.append(torch.from_numpy(results["img_jitter" if on_device else "img"]))
            if on_device:
                np.testing.assert_array_equal(results["img"], image)
    batch = torch.from_numpy(images).permute(0, 3, 1, 2)
    return torch.stack(changed).permute(0, 3, 1, 2), jitter_colors(batch, torch.stack(steps))


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_one_step_is_that_of_the_transform_to_a_level(name):
    expected, found = in_both_ways(pictures(), 0, **{name: (0.4, 1.9)})
    assert found.dtype == torch.uint8
    distance = (found.int() - expected.int()).abs()
    assert distance.max() <= 1
    assert (distance > 0).float().mean() < 0.02
    assert (found != torch.from_numpy(pictures()).permute(0, 3, 1, 2)).float().mean() > 0.5


def test_three_steps_in_the_drawn_order_are_those_of_the_transform():
    """Orders differ from image to image; a wrong order or factor would be tens of levels away."""
    for seed in range(6):
        expected, found = in_both_ways(pictures(), seed, brightness=0.5, contrast=0.5, saturation=0.5)
        distance = (found.int() - expected.int()).abs()
        assert distance.max() <= 3
        assert (distance > 1).float().mean() < 0.01


def test_by_hand():
    """Blue 40, green 100, red 200 in one pixel and black in the other; its grey is 0.114 * 40 + 0.587 * 100 + 59.8."""
    image = torch.tensor([[40, 100, 200], [0, 0, 0]], dtype=torch.uint8).T.reshape(1, 3, 1, 2)
    brighter = torch.tensor([[[1.5, 0, 0], [1, 0, 0], [1, 0, 0]]])
    assert jitter_colors(image, brighter)[0, :, 0].T.tolist() == [[60, 150, 255], [0, 0, 0]]
    # The greys are 123 and 0, their mean rounds to 62: level / 2 + 31.
    flatter = torch.tensor([[[0.5, 1, 0], [1, 0, 0], [1, 0, 0]]])
    assert jitter_colors(image, flatter)[0, :, 0].T.tolist() == [[51, 81, 131], [31, 31, 31]]
    grey = torch.tensor([[[0.0, 0, 1], [1, 0, 0], [1, 0, 0]]])
    assert jitter_colors(image, grey)[0, :, 0].T.tolist() == [[123, 123, 123], [0, 0, 0]]


def test_the_memory_order_is_kept():
    image = torch.randint(0, 256, (2, 3, 5, 7), dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    found = jitter_colors(image, torch.ones(2, 3, 3))
    assert found.is_contiguous(memory_format=torch.channels_last)

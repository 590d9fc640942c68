import cv2
import numpy as np
import pytest
from mmpretrain.datasets import ColorJitter as HostColorJitter

from kdxf.datasets.transforms.color_jitter import ColorJitter, blended_levels
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS


def noise(height: int, width: int) -> np.ndarray:
    """Random blobs of all colours, with black and white among them."""
    small = np.random.default_rng(height).integers(-100, 356, (5, 6, 3)).clip(0, 255).astype(np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def both(image: np.ndarray, seed: int, **options) -> tuple[np.ndarray, np.ndarray]:
    found = []
    for kind in (ColorJitter, HostColorJitter):
        np.random.seed(seed)
        found.append(kind(**options).transform({"img": image.copy()})["img"])
        found.append(np.random.rand())
    assert found[1] == found[3]  # as many numbers were drawn
    return found[0], found[2]


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (33, 31), (64, 96)])
def test_it_gives_the_pixels_of_the_host(size):
    """Every order of the three steps occurs."""
    for seed in range(40):
        found, expected = both(noise(*size), seed, brightness=0.9, contrast=0.9, saturation=0.9, backend="cv2")
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == np.uint8


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_each_step_alone_is_that_of_the_host(name):
    found, expected = both(noise(16, 16), 0, backend="cv2", **{name: (1.5, 1.9)})
    np.testing.assert_array_equal(found, expected)
    assert (found != noise(16, 16)).any()


def test_hue_pillow_and_floats_are_left_to_the_host():
    for options in ({"hue": 0.2, "backend": "cv2"}, {"backend": "pillow"}):
        np.testing.assert_array_equal(*both(noise(8, 8), 1, brightness=0.5, **options))
    found, expected = both(noise(8, 8).astype(np.float32), 1, brightness=0.5, backend="cv2")
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32


def test_the_levels_are_blended_with_a_grey():
    """100 * 1.5 + 50 * -0.5 = 125; 0 gives -25 and 255 gives 357.5, which are cut."""
    levels = blended_levels(1.5, 50)
    assert (levels[100, 0], levels[0, 0], levels[255, 0]) == (125, 0, 255)


def test_the_name_in_a_config_means_this_one():
    assert TRANSFORMS.get("ColorJitter") is ColorJitter


def test_on_device_only_draws():
    """The same numbers in the same order, and as many; what is not to be changed has the factor 1."""
    np.random.seed(3)
    host = HostColorJitter(brightness=0.5, saturation=0.2)
    expected = host._rand_params()
    after = np.random.rand()
    np.random.seed(3)
    results = ColorJitter(brightness=0.5, saturation=0.2, backend="cv2", on_device=True)({"img": noise(4, 5)})
    assert np.random.rand() == after
    order, brightness, _, saturation, _ = expected
    rows = {0: (brightness, 0, 0), 1: (1, 1, 0), 2: (saturation, 0, 1)}
    np.testing.assert_array_equal(results["img_jitter"], np.float32([rows[step] for step in order if step != 3]))
    np.testing.assert_array_equal(results["img"], noise(4, 5))


@pytest.mark.parametrize("options", [{"hue": 0.1, "backend": "cv2"}, {"backend": "pillow"}])
def test_on_device_refuses_what_the_preprocessor_cannot(options):
    with pytest.raises(
        UserError, match="ColorJitter: on_device=True has no hue, and gives the pixels of backend='cv2'"
    ):
        ColorJitter(brightness=0.5, on_device=True, **options)

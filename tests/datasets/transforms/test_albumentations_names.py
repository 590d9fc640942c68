import math

import pytest

from kdxf.datasets.transforms.albumentations_names import translate


@pytest.mark.parametrize(
    ("name", "options", "new_name", "new_options"),
    [
        ("HorizontalFlip", {"p": 0.3}, "HorizontalFlip", {"p": 0.3}),
        ("HorizontalFlip", {"always_apply": False, "p": 0.3}, "HorizontalFlip", {"p": 0.3}),
        ("HorizontalFlip", {"always_apply": True, "p": 0.3}, "HorizontalFlip", {"p": 1.0}),
        (
            "RandomBrightness",
            {"limit": [-0.1, 0.1], "p": 1},
            "RandomBrightnessContrast",
            {"brightness_limit": [-0.1, 0.1], "contrast_limit": 0.0, "p": 1},
        ),
        ("RandomContrast", {}, "RandomBrightnessContrast", {"brightness_limit": 0.0, "contrast_limit": 0.2}),
        (
            "Cutout",
            {"num_holes": 3, "max_h_size": 4, "max_w_size": 5, "fill_value": 7},
            "CoarseDropout",
            {"num_holes_range": (3, 3), "hole_height_range": (4, 4), "hole_width_range": (5, 5), "fill": 7},
        ),
        (
            "CoarseDropout",
            {
                **{"max_holes": 9, "max_height": 18, "max_width": 20, "min_holes": 2, "min_height": 18},
                **{"min_width": None, "fill_value": 0, "mask_fill_value": None},
            },
            "CoarseDropout",
            {"num_holes_range": (2, 9), "hole_height_range": (18, 18), "hole_width_range": (20, 20), "fill": 0},
        ),
        (
            "JpegCompression",
            {"quality_lower": 40, "quality_upper": 90},
            "ImageCompression",
            {"compression_type": "jpeg", "quality_range": (40, 90)},
        ),
        ("ImageCompression", {"compression_type": 1}, "ImageCompression", {"compression_type": "webp"}),
        (
            "GaussNoise",
            {"var_limit": [25, 100], "mean": 51},
            "GaussNoise",
            {"std_range": (5 / 255, 10 / 255), "mean_range": (0.2, 0.2)},
        ),
        ("GaussNoise", {"var_limit": 4}, "GaussNoise", {"std_range": (0.0, 2 / 255)}),
        ("Solarize", {"threshold": [51, 255]}, "Solarize", {"threshold_range": (0.2, 1.0)}),
        ("Solarize", {"threshold": 256}, "Solarize", {"threshold_range": (1.0, 1.0)}),
        (
            "Downscale",
            {"scale_min": 0.2, "scale_max": 0.5, "interpolation": 2},
            "Downscale",
            {"scale_range": (0.2, 0.5), "interpolation_pair": {"downscale": 2, "upscale": 2}},
        ),
        ("RandomGamma", {"gamma_limit": [80, 120], "eps": None}, "RandomGamma", {"gamma_limit": [80, 120]}),
        ("RandomResizedCrop", {"height": 4, "width": 6}, "RandomResizedCrop", {"size": (4, 6)}),
        (
            "ShiftScaleRotate",
            {"rotate_limit": [-9, 9], "border_mode": 4, "value": None, "mask_value": None},
            "ShiftScaleRotate",
            {"rotate_limit": [-9, 9], "border_mode": 4},
        ),
        ("PadIfNeeded", {"value": [1, 2, 3]}, "PadIfNeeded", {"fill": [1, 2, 3]}),
        (
            "RandomShadow",
            {"num_shadows_lower": 1, "num_shadows_upper": 2},
            "RandomShadow",
            {"num_shadows_limit": (1, 2)},
        ),
        (
            "GaussianBlur",
            {"blur_limit": [3, 7], "sigma_limit": 1},
            "GaussianBlur",
            {"blur_limit": [3, 7], "sigma_limit": 1},
        ),
        ("IAASharpen", {"alpha": 1}, "IAASharpen", {"alpha": 1}),
    ],
)
def test_translate(name, options, new_name, new_options):
    given = dict(options)
    found_name, found = translate(name, options)
    assert found_name == new_name
    assert found == {
        key: pytest.approx(value) if isinstance(value, tuple) else value for key, value in new_options.items()
    }
    assert options == given


def test_a_weight_stays():
    assert translate("HorizontalFlip", {"always_apply": True, "p": 0.3}, weighs=True) == ("HorizontalFlip", {"p": 0.3})


def test_blur_takes_the_sigma_of_its_kernel():
    """OpenCV's rule, 0.3 * ((size - 1) / 2 - 1) + 0.8: 0.8 for 3, 1.4 for 7."""
    for zero in (0, [0, 0]):
        _, options = translate("GaussianBlur", {"blur_limit": [3, 7], "sigma_limit": zero})
        assert all(map(math.isclose, options["sigma_limit"], (0.8, 1.4)))


def test_flip_is_one_of_three():
    name, options = translate("Flip", {"p": 0.4})
    assert name == "OneOf" and options["p"] == 0.4
    assert [part["type"] for part in options["transforms"]] == ["HorizontalFlip", "VerticalFlip", "Sequential"]

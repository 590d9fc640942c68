"""Transforms and options of albumentations 1.x, and their names in 2.x.

===========================================  ========================================================================
albumentations 1.x                           2.x
===========================================  ========================================================================
``RandomBrightness(limit)``                  ``RandomBrightnessContrast(brightness_limit, contrast_limit=0)``
``RandomContrast(limit)``                    ``RandomBrightnessContrast(brightness_limit=0, contrast_limit)``
``Cutout(num_holes, max_h_size, ...)``       ``CoarseDropout(num_holes_range, hole_height_range, ...)``
``CoarseDropout(max_holes, ...)``            the same
``JpegCompression``                          ``ImageCompression(compression_type='jpeg')``
``Flip``                                     one of ``HorizontalFlip``, ``VerticalFlip``, both
``GaussNoise(var_limit, mean)``              ``std_range`` and ``mean_range``, of 0..1
``GaussianBlur(sigma_limit=0)``              the sigma that belongs to the kernel: 2.x divides by it
``Solarize(threshold)``                      ``threshold_range``, of 0..1
``Downscale(scale_min, scale_max)``          ``scale_range``, ``interpolation_pair``
``RandomResizedCrop(height, width)``         ``size``; also ``RandomSizedCrop``
``*_lower``, ``*_upper``                     a range
``value``, ``fill_value``, ``mask_value``    ``fill``, ``fill_mask``
``always_apply=True``                        ``p=1``
===========================================  ========================================================================
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

Options = dict[str, Any]

_FILLS = {"value": "fill", "fill_value": "fill", "mask_value": "fill_mask", "mask_fill_value": "fill_mask"}
_RANGES = {
    "Downscale": {"scale_range": ("scale_min", "scale_max")},
    "ImageCompression": {"quality_range": ("quality_lower", "quality_upper")},
    "RandomFog": {"fog_coef_range": ("fog_coef_lower", "fog_coef_upper")},
    "RandomRain": {"slant_range": ("slant_lower", "slant_upper")},
    "RandomShadow": {"num_shadows_limit": ("num_shadows_lower", "num_shadows_upper")},
    "RandomSnow": {"snow_point_range": ("snow_point_lower", "snow_point_upper")},
    "RandomSunFlare": {
        "angle_range": ("angle_lower", "angle_upper"),
        "num_flare_circles_range": ("num_flare_circles_lower", "num_flare_circles_upper"),
    },
    "CoarseDropout": {
        "num_holes_range": ("min_holes", "max_holes"),
        "hole_height_range": ("min_height", "max_height"),
        "hole_width_range": ("min_width", "max_width"),
    },
}


def translate(name: str, options: Options, weighs: bool = False) -> tuple[str, Options]:
    """Translate a transform to the name and the options of albumentations 2.x; those of 2.x stay as they are.

    Args:
        name: The class of the transform.
        options: The arguments of the class.
        weighs: Whether its ``p`` is a weight, as in ``OneOf``, and is thus kept next to ``always_apply``.

    Returns:
        Name and options. Options of neither version are kept.
    """
    options = dict(options)
    if options.pop("always_apply", False) and not weighs:
        options["p"] = 1.0
    name, options = _RENAMED.get(name, _same)(name, options)
    for new, (low, high) in _RANGES.get(name, {}).items():
        if high in options:
            largest = options.pop(high)
            smallest = options.pop(low, None)
            options[new] = (largest if smallest is None else smallest, largest)
    for old, new in _FILLS.items():
        if old in options and (value := options.pop(old)) is not None:
            options[new] = value
    return name, _CHANGED.get(name, _unchanged)(options)


def _same(name: str, options: Options) -> tuple[str, Options]:
    return name, options


def _unchanged(options: Options) -> Options:
    return options


def _brightness(_: str, options: Options) -> tuple[str, Options]:
    return "RandomBrightnessContrast", {"contrast_limit": 0.0, "brightness_limit": options.pop("limit", 0.2), **options}


def _contrast(_: str, options: Options) -> tuple[str, Options]:
    return "RandomBrightnessContrast", {"brightness_limit": 0.0, "contrast_limit": options.pop("limit", 0.2), **options}


def _cutout(_: str, options: Options) -> tuple[str, Options]:
    for new, old, default in (("holes", "num_holes", 8), ("height", "max_h_size", 8), ("width", "max_w_size", 8)):
        options[f"min_{new}"] = options[f"max_{new}"] = options.pop(old, default)
    return "CoarseDropout", options


def _jpeg(_: str, options: Options) -> tuple[str, Options]:
    return "ImageCompression", {"compression_type": "jpeg", **options}


def _flip(_: str, options: Options) -> tuple[str, Options]:
    both = [{"type": "HorizontalFlip", "p": 1.0}, {"type": "VerticalFlip", "p": 1.0}]
    return "OneOf", {"transforms": [*both, {"type": "Sequential", "transforms": both, "p": 1.0}], **options}


_RENAMED: dict[str, Callable[[str, Options], tuple[str, Options]]] = {
    "RandomBrightness": _brightness,
    "RandomContrast": _contrast,
    "Cutout": _cutout,
    "JpegCompression": _jpeg,
    "Flip": _flip,
}


def _pair(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) else (value, value)


def _noise(options: Options) -> Options:
    if "var_limit" in options:
        limit = options.pop("var_limit")
        low, high = limit if isinstance(limit, Sequence) else (0, limit)
        options["std_range"] = (math.sqrt(low) / 255, math.sqrt(high) / 255)
    if "mean" in options:
        mean = options.pop("mean") / 255
        options["mean_range"] = (mean, mean)
    return options


def _gaussian_blur(options: Options) -> Options:
    if "sigma_limit" in options and not any(_pair(options["sigma_limit"])):
        # OpenCV's sigma for a kernel of that size, which 1.x used for a sigma of 0.
        kernels = _pair(options.get("blur_limit", (3, 7)))
        options["sigma_limit"] = tuple(0.3 * ((max(size, 3) - 1) / 2 - 1) + 0.8 for size in kernels)
    return options


def _solarize(options: Options) -> Options:
    if "threshold" in options:
        options["threshold_range"] = tuple(min(value / 255, 1.0) for value in _pair(options.pop("threshold")))
    return options


def _compression(options: Options) -> Options:
    if options.get("compression_type") in (0, 1):  # 1.x counted its kinds
        options["compression_type"] = ("jpeg", "webp")[options["compression_type"]]
    return options


def _downscale(options: Options) -> Options:
    if "interpolation" in options and (way := options.pop("interpolation")) is not None:
        options["interpolation_pair"] = way if isinstance(way, dict) else {"downscale": way, "upscale": way}
    return options


def _gamma(options: Options) -> Options:
    options.pop("eps", None)  # had no effect
    return options


def _sized_crop(options: Options) -> Options:
    if "height" in options and "width" in options:
        options["size"] = (options.pop("height"), options.pop("width"))
    return options


_CHANGED: dict[str, Callable[[Options], Options]] = {
    "GaussNoise": _noise,
    "GaussianBlur": _gaussian_blur,
    "Solarize": _solarize,
    "ImageCompression": _compression,
    "Downscale": _downscale,
    "RandomGamma": _gamma,
    "RandomResizedCrop": _sized_crop,
    "RandomSizedCrop": _sized_crop,
}

"""Augmentation policies that a search makes: operations, each with a probability and a magnitude.

A policy is a file as ``albumentations.save`` writes it, which ``Albumentations(file=...)`` loads in training. Its
operations are applied one after the other, each with its own probability. A magnitude of 0 changes (next to) nothing,
one of 1 as much as leaves a photograph of goods recognizable. There are no mirrors: nobody can read mirrored text.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kdxf_runtime.io.files import write_json

_REFLECT = 4  # cv2.BORDER_REFLECT_101


class Strength(NamedTuple):
    """How an operation of a policy is applied: with what probability, and how strongly, both 0..1."""

    p: float
    magnitude: float


OPERATIONS: Mapping[str, Callable[[float], tuple[str, dict[str, Any]]]] = {
    "brightness": lambda m: ("RandomBrightnessContrast", {"brightness_limit": 0.5 * m, "contrast_limit": 0.0}),
    "contrast": lambda m: ("RandomBrightnessContrast", {"brightness_limit": 0.0, "contrast_limit": 0.5 * m}),
    "saturation": lambda m: (
        "HueSaturationValue",
        {"hue_shift_limit": 0, "sat_shift_limit": 80 * m, "val_shift_limit": 0},
    ),
    "colour": lambda m: ("RGBShift", {f"{channel}_shift_limit": 50 * m for channel in "rgb"}),
    "gamma": lambda m: ("RandomGamma", {"gamma_limit": (100 / (1 + m), 100 * (1 + m))}),
    "solarize": lambda m: ("Solarize", {"threshold_range": (1 - 0.5 * m, 1.0)}),
    "posterize": lambda m: ("Posterize", {"num_bits": 7 - round(4 * m)}),
    "sharpen": lambda m: ("Sharpen", {"alpha": (0.0, 0.7 * m)}),
    "blur": lambda m: ("GaussianBlur", {"blur_limit": 0, "sigma_limit": (0.1, 0.1 + 2 * m)}),
    "noise": lambda m: ("GaussNoise", {"std_range": (0.0, 0.2 * m)}),
    "compress": lambda m: ("ImageCompression", {"quality_range": (round(95 - 80 * m), 95)}),
    "rotate": lambda m: ("Rotate", {"limit": 30 * m, "border_mode": _REFLECT}),
    "shear": lambda m: ("Affine", {"shear": (-20 * m, 20 * m), "border_mode": _REFLECT}),
    "shift": lambda m: ("Affine", {"translate_percent": (-0.2 * m, 0.2 * m), "border_mode": _REFLECT}),
    "zoom": lambda m: ("Affine", {"scale": (1 - 0.4 * m, 1 + 0.4 * m), "border_mode": _REFLECT}),
    "cutout": lambda m: (
        "CoarseDropout",
        {
            "num_holes_range": (1, 4),
            "hole_height_range": (0.02, 0.02 + 0.25 * m),
            "hole_width_range": (0.02, 0.02 + 0.25 * m),
        },
    ),
}
"""The operations by name, each as a transform of albumentations and its options at a magnitude."""


def write_policy(operations: Mapping[str, Strength], path: Path) -> None:
    """Write a policy.

    Args:
        operations: Names of :data:`OPERATIONS`, in the order in which they are applied.
        path: The JSON file.
    """
    transforms = []
    for name, strength in operations.items():
        kind, options = OPERATIONS[name](strength.magnitude)
        transforms.append({"__class_fullname__": kind, **options, "p": strength.p})
    content = {"__class_fullname__": "Compose", "p": 1.0, "transforms": transforms}
    write_json({"__version__": "2.0.8", "transform": content}, path)

import json
import re
import sys

import numpy as np
import pytest
import yaml

from kdxf.datasets.transforms import albumentations_policy
from kdxf.datasets.transforms.albumentations_policy import build_policy, read_policy
from kdxf.errors import UserError

albumentations = pytest.importorskip("albumentations")

NORMALIZE = {"__class_fullname__": "Normalize", "always_apply": False, "p": 1.0, "mean": [0.5] * 3, "std": [0.5] * 3}
TENSOR = {"__class_fullname__": "ToTensorV2", "always_apply": True, "p": 1.0, "transpose_mask": True}


def saved(*transforms):
    """A file of albumentations 1.0."""
    root = {"__class_fullname__": "Compose", "p": 0.9, "transforms": list(transforms), "bbox_params": None}
    return {"__version__": "1.0.3", "transform": {**root, "keypoint_params": None, "additional_targets": {}}}


def shift(weight, amount):
    limits = {"r_shift_limit": [amount, amount], "g_shift_limit": [-0.0, 0.0], "b_shift_limit": [-0.0, 0.0]}
    name = "albumentations.augmentations.transforms.RGBShift"
    return {"__class_fullname__": name, "always_apply": False, "p": weight, **limits}


# The form of AutoAlbument's files: one of several sequences of one-of operations.
SEARCHED = saved(
    {
        "__class_fullname__": "albumentations.core.composition.OneOf",
        "p": 1,
        "transforms": [
            {
                "__class_fullname__": "Sequential",
                "p": 0.5,
                "transforms": [
                    {
                        "__class_fullname__": "OneOf",
                        "p": 1.0,
                        "transforms": [
                            shift(1e-9, 210),
                            {
                                "__class_fullname__": "Solarize",
                                "always_apply": False,
                                "p": 0.0,
                                "threshold": [120, 120],
                            },
                            {"__class_fullname__": "NoOp", "always_apply": False, "p": 0.0},
                        ],
                    },
                    {"__class_fullname__": "OneOf", "p": 1.0, "transforms": [shift(0.7, 5)]},
                ],
            }
        ],
    },
    NORMALIZE,
    TENSOR,
)


@pytest.fixture
def lines(monkeypatch):
    logged = []
    monkeypatch.setattr(albumentations_policy, "print_log", lambda line, *_: logged.append(line))
    return logged


@pytest.mark.parametrize(("suffix", "write"), [("json", json.dumps), ("yaml", yaml.safe_dump), ("yml", yaml.safe_dump)])
def test_a_searched_policy(suffix, write, tmp_path, lines):
    file = tmp_path / f"latest.{suffix}"
    file.write_text(write(SEARCHED))
    transforms, p = read_policy(file)
    assert p == 0.9
    policy = build_policy(transforms, 1.0, str(file))
    assert lines == [
        f"Albumentations: {file}: Normalize, ToTensorV2 at its end left out: the data preprocessor does that",
        f"Albumentations: {file}: options of albumentations 1.x translated: Solarize",
    ]
    # red goes up by 210, for the others in that choice have no weight, and then by 5
    assert policy(image=np.full((4, 4, 3), 10, np.uint8))["image"][0, 0].tolist() == [225, 10, 10]


def test_what_albumentations_saves_today(tmp_path, lines):
    first = albumentations.Compose(
        [albumentations.OneOf([albumentations.Affine(rotate=(9, 9), p=1)]), albumentations.CoarseDropout(p=1)], p=0.7
    )
    for name, form in (("x.json", "json"), ("x.yaml", "yaml")):
        albumentations.save(first, tmp_path / name, form)
        transforms, p = read_policy(tmp_path / name)
        second = build_policy(transforms, p, name)
        assert (
            albumentations.to_dict(second)["transform"]["transforms"]
            == albumentations.to_dict(first)["transform"]["transforms"]
        )
        assert second.p == 0.7
    assert lines == []


def test_a_file_of_one_transform(tmp_path):
    albumentations.save(albumentations.HorizontalFlip(p=1), tmp_path / "x.json")
    assert read_policy(tmp_path / "x.json") == ([{"type": "HorizontalFlip", "p": 1}], 1.0)


def test_what_is_renamed_is_said_once(lines):
    parts = [{"type": "RandomBrightness", "limit": 0.1, "p": 1}, {"type": "RandomContrast", "limit": 0.1, "p": 1}]
    build_policy([{"type": "OneOf", "transforms": parts}, *parts], 1.0, "transforms")
    assert lines == [
        "Albumentations: transforms: RandomBrightness is RandomBrightnessContrast now",
        "Albumentations: transforms: RandomContrast is RandomBrightnessContrast now",
    ]


def test_shift_scale_rotate_does_not_warn(recwarn):
    build_policy([{"type": "ShiftScaleRotate"}], 1.0, "transforms")
    assert not [warning for warning in recwarn if "ShiftScaleRotate" in str(warning.message)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"is no policy that albumentations\.save wrote \(JSONDecodeError: .*\)"),
        ("[]", r"is no policy that albumentations\.save wrote \(TypeError: .*\)"),
        ('{"transforms": []}', r"is no policy that albumentations\.save wrote \(KeyError: 'transform'\)"),
        ('{"transform": []}', r"is no policy that albumentations\.save wrote \(AttributeError: .*\)"),
        (
            '{"transform": {"__class_fullname__": "Compose"}}',
            r"is no policy that albumentations\.save wrote \(KeyError: 'transforms'\)",
        ),
    ],
)
def test_faults_of_files(content, message, tmp_path):
    file = tmp_path / "x.json"
    file.write_text(content)
    with pytest.raises(UserError, match=f"^Albumentations: {re.escape(str(file))} {message}$"):
        read_policy(file)
    with pytest.raises(UserError, match=r"^Albumentations: the policy file none\.json does not exist; check the path$"):
        read_policy("none.json")


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("x", "'x' is no transform; give a dict with 'type'"),
        ({"type": "HorizontlFlip"}, "albumentations 2.* has no transform HorizontlFlip; did you mean HorizontalFlip?"),
        ({"type": "Zzz"}, "albumentations 2.* has no transform Zzz; it was removed: take it out"),
        (
            {"type": "HorizontalFlip", "q": 1, "a": 2},
            "HorizontalFlip of albumentations 2.* has no option a, q; take it out or give the present one",
        ),
        (
            {"type": "OneOf", "transforms": [{"type": "ToTensorV2"}, {"type": "HorizontalFlip"}]},
            "ToTensorV2 stands before other transforms; the data preprocessor normalizes: take it out",
        ),
        ({"type": "Solarize", "threshold_range": (2, 3)}, "Solarize cannot be built: .*must be >= 0 and <= 1.*"),
    ],
)
def test_faults_of_transforms(part, message):
    message = re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(UserError, match=f"^Albumentations: x\\.json: {message}$"):
        build_policy([part, {"type": "HorizontalFlip"}], 1.0, "x.json")


def test_albumentations_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(
        UserError, match=r"^Albumentations needs the package albumentations: pip install 'kdxf\[augment\]'"
    ):
        build_policy([], 1.0, "x.json")

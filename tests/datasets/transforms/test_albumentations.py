import json
import pickle
import re
import sys

import numpy as np
import pytest
import yaml
from mmengine.dataset import worker_init_fn
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader, Dataset

from kdxf.datasets import Albumentations
from kdxf.datasets.transforms import albumentations as albumentations_policy
from kdxf.datasets.transforms.albumentations import build_policy, read_policy
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS

albumentations = pytest.importorskip("albumentations")

NORMALIZE = {"__class_fullname__": "Normalize", "always_apply": False, "p": 1.0, "mean": [0.5] * 3, "std": [0.5] * 3}
TENSOR = {"__class_fullname__": "ToTensorV2", "always_apply": True, "p": 1.0, "transpose_mask": True}


def saved(*transforms):
    """A policy file of albumentations 1.0."""
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


FLIP = {"type": "HorizontalFlip", "p": 1.0}
NOISY = [
    {"type": "OneOf", "transforms": [{"type": "GaussNoise", "p": 1}, {"type": "RandomGamma", "p": 1}], "p": 1.0},
    {"type": "ElasticTransform", "alpha": 20, "p": 1.0},
    {"type": "RandomBrightnessContrast", "p": 1.0},
]


def image(seed=0, width=24, height=16):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def apply(transforms, picture=None, **results):
    return Albumentations(transforms).transform({"img": image() if picture is None else picture, **results})["img"]


def test_applies_to_the_image_alone():
    results = {"img": image(), "img_path": "x", "mask": "of the user", "gt_label": 3}
    found = Albumentations([FLIP, {"type": "Resize", "height": 8, "width": 12}]).transform(dict(results))
    assert found["img"].shape == (8, 12, 3) and found["img_shape"] == (8, 12)
    assert {key: found[key] for key in ("img_path", "mask", "gt_label")} == {
        key: results[key] for key in ("img_path", "mask", "gt_label")
    }
    assert (apply([FLIP]) == image()[:, ::-1]).all()


def test_transforms_see_rgb():
    """Red goes up by 50: the last channel of BGR."""
    limits = {"r_shift_limit": (50, 50), "g_shift_limit": 0, "b_shift_limit": 0}
    found = apply([{"type": "RGBShift", **limits, "p": 1}], np.full((4, 4, 3), 100, np.uint8))
    assert found[0, 0].tolist() == [100, 100, 150]


def several(transform, seed, count=8):
    np.random.seed(seed)
    return np.stack([transform.transform({"img": image()})["img"] for _ in range(count)])


def test_a_seed_repeats_and_samples_differ():
    first, second = Albumentations(NOISY), Albumentations(NOISY)
    found = several(first, 1)
    assert (found == several(second, 1)).all() and (found == several(first, 1)).all()
    assert (found == several(pickle.loads(pickle.dumps(first)), 1)).all()
    assert not (found == several(first, 2)).all()
    assert len({picture.tobytes() for picture in found}) == len(found)


class Augmented(Dataset):
    def __init__(self):
        self.transform = Albumentations(NOISY)

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return self.transform.transform({"img": image()})["img"]


def epochs(seed):
    """Return the random draws of two workers in two epochs, with the seeds that MMEngine's runner sets."""

    def init(worker):
        worker_init_fn(worker, num_workers=2, rank=0, seed=seed)

    loader = DataLoader(Augmented(), batch_size=2, num_workers=2, worker_init_fn=init, persistent_workers=True)
    return [picture.numpy().tobytes() for _ in range(2) for batch in loader for picture in batch]


def test_workers_differ_epochs_differ_and_runs_repeat():
    found = epochs(3)
    assert len(set(found)) == 16
    assert epochs(3) == found
    assert set(epochs(30)).isdisjoint(found)


def test_takes_a_policy_file(tmp_path):
    albumentations.save(albumentations.Compose([albumentations.HorizontalFlip(p=1)]), tmp_path / "x.json")
    transform = TRANSFORMS.build({"type": "Albumentations", "file": str(tmp_path / "x.json")})
    assert type(transform) is Albumentations
    assert (transform.transform({"img": image()})["img"] == image()[:, ::-1]).all()


@pytest.mark.parametrize("options", [{}, {"transforms": [], "file": "x.json"}])
def test_one_of_the_two_is_given(options):
    with pytest.raises(UserError, match="^Albumentations: give transforms or file, one of the two$"):
        Albumentations(**options)


def test_a_policy_that_fails_on_an_image():
    message = r"^Albumentations: transforms fails on an image of 24x16 pixels: Crop size .*exceeds image dimensions.*$"
    with pytest.raises(UserError, match=message):
        apply([{"type": "RandomCrop", "height": 99, "width": 99}])


def test_what_it_gives_is_an_image():
    message = "Albumentations: transforms gives float32 in place of an image of 8 bits; take that out"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        apply([{"type": "ToFloat"}])


# The documents' augmentations, as config lines.
LEAVES = [
    {"type": "Resize", "height": 48, "width": 76},
    {
        "type": "OneOf",
        "transforms": [
            {"type": "RandomBrightness", "limit": 0.1, "p": 1},
            {"type": "RandomContrast", "limit": 0.1, "p": 1},
        ],
    },
    {
        "type": "OneOf",
        "transforms": [{"type": kind, "blur_limit": 3} for kind in ("MotionBlur", "MedianBlur", "GaussianBlur")],
        "p": 0.5,
    },
    {"type": "VerticalFlip", "p": 0.5},
    {"type": "HorizontalFlip", "p": 0.5},
    {"type": "ShiftScaleRotate", "shift_limit": 0.2, "scale_limit": 0.2, "rotate_limit": 20, "border_mode": 4, "p": 1},
    {"type": "Normalize"},
]
RECYCLING = [
    {"type": "Rotate", "limit": 15, "border_mode": 4, "p": 1},
    {"type": "HorizontalFlip"},
    {"type": "HueSaturationValue", "p": 1},
    {"type": "RandomGamma", "p": 1},
    {"type": "OneOf", "transforms": [{"type": "GaussNoise", "var_limit": (10, 50)}, {"type": "MotionBlur"}], "p": 1},
]
POLICIES = {
    "Albumentations": [{"type": "Albumentations", "transforms": LEAVES}],
    "Letterbox, Albumentations": [
        {"type": "Letterbox", "scale": 48, "reflect_prob": 0.7},
        {"type": "Albumentations", "transforms": RECYCLING},
    ],
    "AutoAugment": [{"type": "AutoAugment", "policies": "imagenet", "hparams": {"pad_val": [104, 116, 124]}}],
    "RandAugment": [
        {
            "type": "RandAugment",
            "policies": "timm_increasing",
            "num_policies": 2,
            "total_level": 10,
            "magnitude_level": 9,
            "magnitude_std": 0.5,
        }
    ],
    "Rotate": [{"type": "Rotate", "angle": 15.0, "prob": 1.0, "random_negative_prob": 0.5}],
    "ColorJitter": [{"type": "ColorJitter", "brightness": 0.4, "contrast": 0.4, "saturation": 0.4}],
}


@pytest.mark.parametrize("name", POLICIES)
def test_augmentations_of_the_documents_repeat_with_a_seed(name):
    """MMPretrain's augmentations, too, work in a pipeline of kdxf and use NumPy's seed."""
    init_default_scope("kdxf")
    pipeline = [TRANSFORMS.build(part) for part in POLICIES[name]]

    def run(seed):
        np.random.seed(seed)
        pictures = []
        for _ in range(6):
            results = {"img": image(1, 96, 64), "img_shape": (64, 96)}
            for transform in pipeline:
                results = transform(results)
            assert results["img"].dtype == np.uint8 and results["img"].shape[2] == 3
            pictures.append(results["img"].tobytes())
        return pictures

    found = run(1)
    assert found == run(1)
    assert len(set(found)) > 1

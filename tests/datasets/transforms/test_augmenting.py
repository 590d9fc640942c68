import pickle
import re

import numpy as np
import pytest
from mmengine.dataset import worker_init_fn
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader, Dataset

from kdxf.datasets import Albumentations
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS

albumentations = pytest.importorskip("albumentations")

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
    """What two workers give in two epochs, with the seeds that MMEngine's runner sets."""

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
    """MMPretrain's, too, work in a pipeline of kdxf's and take NumPy's seed."""
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

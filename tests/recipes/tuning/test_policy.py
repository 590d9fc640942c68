import numpy as np
import pytest

from kdxf.datasets.transforms.albumentations import Albumentations
from kdxf.recipes.tuning.policy import OPERATIONS, Strength, write_policy

pytest.importorskip("albumentations")


def change(tmp_path, name, magnitude):
    """The mean change of a smooth picture over ten draws."""
    write_policy({name: Strength(1.0, magnitude)}, tmp_path / "policy.json")
    transform = Albumentations(file=tmp_path / "policy.json")
    ramp = np.add.outer(np.arange(48), np.arange(48))[..., None] * np.array([1.0, 2.0, 2.6])
    image = (ramp.clip(0, 255)).astype(np.uint8)
    np.random.seed(0)
    changes = []
    for _ in range(10):
        out = transform({"img": image.copy()})["img"]
        assert out.shape == image.shape and out.dtype == np.uint8
        changes.append(np.abs(out.astype(int) - image).mean())
    return np.mean(changes)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_changes_more_with_its_magnitude(tmp_path, name):
    none, some, much = (change(tmp_path, name, magnitude) for magnitude in (0.0, 0.5, 1.0))
    assert none < 2.5 and none < some < much


def test_a_probability_of_zero_leaves_the_picture(tmp_path):
    write_policy({name: Strength(0.0, 1.0) for name in OPERATIONS}, tmp_path / "policy.json")
    image = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    assert np.array_equal(Albumentations(file=tmp_path / "policy.json").transform({"img": image})["img"], image)


def test_operations_are_applied_in_their_order(tmp_path):
    write_policy({"rotate": Strength(0.5, 0.2), "blur": Strength(1.0, 1.0)}, tmp_path / "policy.json")
    policy = Albumentations(file=tmp_path / "policy.json").policy
    assert [(type(part).__name__, part.p) for part in policy.transforms] == [("Rotate", 0.5), ("GaussianBlur", 1.0)]
    assert policy.transforms[0].limit == (-6.0, 6.0)

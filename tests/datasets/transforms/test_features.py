import numpy as np
import pytest
import torch

import kdxf.models  # noqa: F401  (registers)
from kdxf.datasets import BlankImage, LoadFeature, PackImageTextInputs
from kdxf.registry import MODELS

BARE = dict(type="ResNet", depth=18, stem_channels=4, base_channels=4)
TEST = [dict(type="LoadImage", blank_size=32), dict(type="Resize", scale=(32, 32))]


@pytest.fixture
def options(tmp_path):
    torch.manual_seed(0)
    torch.save(MODELS.build(dict(BARE)).state_dict(), tmp_path / "w.pth")
    backbone = {**BARE, "init_cfg": dict(type="Pretrained", checkpoint=str(tmp_path / "w.pth"))}
    return dict(folder=str(tmp_path / "store"), backbone=backbone, test_image=TEST)


def test_it_takes_the_place_of_the_image(options, tiny_images):
    image = str(next((tiny_images / "val").glob("*/*.png")))
    transform = LoadFeature(**options)
    results = transform({"img_path": image})
    assert results["img"].shape == results["img_blank"].shape == (1, 1, 32) and "error" not in results
    np.testing.assert_array_equal(results["img"][0, 0], transform.store.feature(image))
    packed = PackImageTextInputs()(dict(results))
    assert packed["inputs"]["img"].shape == (32, 1, 1)
    assert np.array_equal(BlankImage()(results)["img"][0, 0], transform.store.blank)


def test_an_unreadable_image_is_blank(options, tmp_path):
    transform = LoadFeature(**options)
    results = transform({"img_path": str(tmp_path / "gone.png")})
    assert np.array_equal(results["img"], results["img_blank"]) and "No such file" in results["error"]


def test_training_draws_all_views(options, tiny_images):
    image = str(next((tiny_images / "val").glob("*/*.png")))
    train = [TEST[0], dict(type="RandomResizedCrop", scale=32)]
    transform = LoadFeature(**options, train_image=train, views=2, train=True)
    transform.store.compute([image])
    np.random.seed(0)
    drawn = {transform({"img_path": image})["img"].tobytes() for _ in range(30)}
    assert len(drawn) == 3

import numpy as np
import pytest
import torch

import kdxf.models  # noqa: F401  (registers)
from kdxf.datasets import BlankImage, LoadFeature, LoadTextFeature, PackImageTextInputs, SilenceText
from kdxf.registry import MODELS
from kdxf.text.ocr import OCRRecord

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


@pytest.fixture
def text(tiny_bert, tmp_path):
    return LoadTextFeature(
        folder=str(tmp_path / "texts"),
        encoder=dict(type="TransformerTextEncoder", pretrained=str(tiny_bert)),
        text=[dict(type="TokenizeForTransformer", tokenizer=str(tiny_bert), max_length=8)],
    )


def test_it_takes_the_place_of_the_text(text):
    record = OCRRecord.from_text("a.jpg", "牛奶\nmilk")
    results = text({"ocr": record})
    np.testing.assert_array_equal(results["text_feature"][0], text.store.feature(record))
    assert results["text_feature"].shape == (1, 8) and results["text_feature_weight"].tolist() == [1]
    packed = PackImageTextInputs()(dict(results))["inputs"]
    assert packed["text_feature"].dtype == packed["text_feature_weight"].dtype == torch.float32
    silent = SilenceText()(results)
    assert silent["text_feature_weight"].tolist() == [0]


def test_an_image_without_text(text):
    results = text({"ocr": OCRRecord.empty("a.jpg")})
    assert not results["text_feature"].any() and results["text_feature_weight"].tolist() == [0]

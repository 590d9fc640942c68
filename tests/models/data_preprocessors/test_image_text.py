import pytest
import torch
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import ImageTextDataPreprocessor
from kdxf.registry import MODELS

NORM = {"mean": [10.0, 20.0, 30.0], "std": [2.0, 4.0, 5.0], "to_rgb": True}
MIXUP = {"augments": [{"type": "Mixup", "alpha": 1.0}]}


def images(n=2, size=4):
    torch.manual_seed(0)
    return torch.randint(0, 256, (n, 3, size, size), dtype=torch.uint8)


def texts(n=2):
    return {"text": torch.randn(n, 3, 5, dtype=torch.float64), "text_weight": torch.ones(n, 3)}


def samples(n=2):
    return [DataSample().set_gt_label(i) for i in range(n)]


def test_image_by_hand():
    blue_green_red = torch.tensor([5, 24, 12], dtype=torch.uint8).view(1, 3, 1, 1)
    out = ImageTextDataPreprocessor(**NORM)({"inputs": {"img": blue_green_red}})
    # red (12 - 10) / 2, green (24 - 20) / 4, blue (5 - 30) / 5
    assert out["inputs"]["img"].flatten().tolist() == [1.0, 1.0, -5.0]
    assert out["data_samples"] is None


@pytest.mark.parametrize("settings", [{}, NORM, {**NORM, "to_rgb": False}, {**NORM, "pad_size_divisor": 8}])
def test_images_equal_mmpretrains(settings):
    ours, host = ImageTextDataPreprocessor(**settings), ClsDataPreprocessor(**settings)
    expected = host({"inputs": images()})["inputs"]
    assert_close(ours({"inputs": images()})["inputs"], expected, atol=0, rtol=0)
    assert_close(ours({"inputs": {"img": images()}})["inputs"]["img"], expected, atol=0, rtol=0)
    assert_close(ours({"inputs": {"img": images(), **texts()}})["inputs"]["img"], expected, atol=0, rtol=0)
    assert_close(ours({"inputs": list(images())})["inputs"], expected, atol=0, rtol=0)


def test_texts_become_float32_and_ids_stay_whole():
    text = {**texts(), "text_ids": torch.ones(2, 3, dtype=torch.int64)}
    out = ImageTextDataPreprocessor(**NORM)({"inputs": {"img": images(), **text}})["inputs"]
    assert set(out) == {"img", "text", "text_weight", "text_ids"}
    assert out["text"].dtype == torch.float32
    assert_close(out["text"], text["text"].float())
    assert out["text_ids"].dtype == torch.int64


def test_labels():
    preprocessor = ImageTextDataPreprocessor(to_onehot=True, num_classes=3, pad_size_divisor=8, **NORM)
    for inputs in ({"img": images(), **texts()}, texts()):
        out = preprocessor({"inputs": inputs, "data_samples": samples()})
        assert set(out["inputs"]) == set(inputs)
        assert [sample.gt_score.tolist() for sample in out["data_samples"]] == [[1, 0, 0], [0, 1, 0]]


def test_list_of_samples():
    inputs = [
        {"img": images(1, 4)[0], "text": torch.ones(3, 5), "text_weight": torch.ones(3)},
        {"img": images(1, 6)[0], "text": torch.zeros(3, 5), "text_weight": torch.ones(3)},
    ]
    out = ImageTextDataPreprocessor()({"inputs": inputs, "data_samples": samples()})["inputs"]
    assert out["img"].shape == (2, 3, 6, 6)  # padded, as MMPretrain does for lists
    assert out["text"].shape == (2, 3, 5)


def test_device():
    preprocessor = ImageTextDataPreprocessor(**NORM).to("meta")
    out = preprocessor({"inputs": {"img": images(), **texts()}})["inputs"]
    assert {value.device.type for value in out.values()} == {"meta"}


def test_batch_augments_mix_images_alone():
    preprocessor = ImageTextDataPreprocessor(num_classes=8, batch_augments=MIXUP)
    torch.manual_seed(0)
    out = preprocessor({"inputs": {"img": images(8)}, "data_samples": samples(8)}, training=True)
    scores = torch.stack([sample.gt_score for sample in out["data_samples"]])
    assert ((scores > 0) & (scores < 1)).any()
    assert_close(scores.sum(1), torch.ones(8))
    assert not torch.equal(out["inputs"]["img"], images(8).float())


def test_batch_augments_refuse_text():
    preprocessor = ImageTextDataPreprocessor(num_classes=2, batch_augments=MIXUP)
    for inputs in ({"img": images(), **texts()}, texts()):
        batch = {"inputs": inputs, "data_samples": samples()}
        preprocessor(batch, training=False)
        with pytest.raises(UserError, match=r"batch_augments mix images only.*remove batch_augments"):
            preprocessor(batch, training=True)


def test_is_registered():
    assert isinstance(MODELS.build({"type": "ImageTextDataPreprocessor"}), ImageTextDataPreprocessor)

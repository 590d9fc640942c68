"""LoadImage never stops a run."""

import re

import numpy as np
import pytest
from PIL import Image

from kdxf.datasets import BlankImage, ForgetTable, ForgetText, LoadImage, SilenceText
from kdxf.datasets.transforms.loading import has_text
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf_runtime.ocr.record import OCRRecord


def test_loads_in_bgr_order(sample):
    found = LoadImage().transform({"img_path": sample["img_path"]})
    assert found["img"].dtype == np.uint8
    assert (found["img"] == (30, 20, 10)).all()
    assert found["img_shape"] == found["ori_shape"] == (6, 8)
    assert "error" not in found


def test_min_edge_lets_a_jpeg_be_decoded_small(tmp_path):
    Image.new("RGB", (64, 48)).save(tmp_path / "x.jpg")
    found = LoadImage(min_edge=20).transform({"img_path": str(tmp_path / "x.jpg")})
    assert found["img_shape"] == found["img"].shape[:2] == (24, 32)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot open the file: No such file or directory"),
        (b"", "the file is empty"),
        (b"x", "not a whole picture"),
    ],
)
def test_what_cannot_be_read_is_blank_and_has_its_reason(tmp_path, content, reason):
    path = tmp_path / "图 片.jpg"
    if content is not None:
        path.write_bytes(content)
    found = LoadImage(blank_size=5).transform({"img_path": str(path), "gt_label": 2})
    assert found["error"].startswith(reason)
    assert found["img"].shape == (5, 5, 3) and found["img"].dtype == np.uint8
    assert (found["img"] == (104, 116, 124)).all()
    assert found["img_shape"] == found["ori_shape"] == (5, 5)
    assert found["gt_label"] == 2


def test_a_strip_is_blank_before_a_resize_to_its_short_side_makes_it_enormous(tmp_path):
    Image.new("L", (20_000, 1)).save(tmp_path / "strip.png")
    found = LoadImage(blank_size=5).transform({"img_path": str(tmp_path / "strip.png")})
    assert found["error"].startswith(
        "20000 x 1 px: the longer side is more than 100 times the shorter one: cut it into"
    )
    found = TRANSFORMS.build({"type": "ResizeEdge", "scale": 256, "edge": "short"}).transform(found)
    assert found["img"].shape == (256, 256, 3)


@pytest.mark.parametrize("options", [{"min_edge": 0}, {"blank_size": -3}])
def test_sizes_are_positive(options):
    ((name, value),) = options.items()
    message = f"LoadImage: {name} is {value}; give a number of pixels above 0"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        LoadImage(**options)


def test_is_registered():
    assert isinstance(TRANSFORMS.build({"type": "LoadImage", "min_edge": 8}), LoadImage)


def test_every_image_is_blanked(sample):
    sample["text_weight"] = np.zeros(4, np.float32)
    image = sample["img"].copy()
    found = BlankImage().transform(dict(sample))["img"]
    assert found.shape == (6, 8, 3) and found.dtype == np.uint8 and (found == (104, 116, 124)).all()
    assert (sample["img"] == image).all()


@pytest.mark.parametrize("key", ["text_weight", "text_mask", "ngram_weight", "text_feature_weight"])
def test_every_text_is_silenced(key):
    sample = {key: np.array([1, 0.5, 0], np.float32), "error": "the file is empty"}
    assert has_text(sample)
    found = SilenceText().transform(dict(sample))
    assert found[key].tolist() == [0, 0, 0] and found[key].dtype == np.float32
    assert not has_text(found) and has_text(sample)


def test_a_text_is_forgotten():
    record = OCRRecord("x.jpg", ["milk"], np.ones(1, np.float32), np.zeros((1, 4, 2), np.float32), 80, 60, "fake", None)
    sample = {"ocr": record}
    found = ForgetText().transform(dict(sample))["ocr"]
    assert (found.image, found.texts, len(found.scores), len(found.boxes)) == ("x.jpg", [], 0, 0)
    assert sample["ocr"].texts == ["milk"]


def test_words_and_ngrams_are_silenced_together():
    sample = {"text_weight": np.zeros(2, np.float32), "ngram_weight": np.ones(3, np.float32)}
    assert has_text(sample)
    found = SilenceText().transform({**sample, "text_weight": np.ones(2, np.float32)})
    assert not found["text_weight"].any() and not found["ngram_weight"].any()


def test_no_text_to_silence():
    message = (
        "SilenceText: the sample has none of text_weight, text_mask, ngram_weight, tfidf_weight, text_feature_weight; "
        "put it after LookUpWordVectors, TokenizeForTransformer, HashNgrams, EncodeTfidf or LoadTextFeature"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        SilenceText().transform({"img": np.zeros((1, 1, 3), np.uint8)})


def test_columns_are_forgotten():
    assert ForgetTable().transform({"columns": {"price": "3"}, "ocr": 1}) == {"columns": {}, "ocr": 1}

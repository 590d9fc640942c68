"""LoadImage never stops a run."""

import re
import tarfile
from pathlib import Path

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


@pytest.fixture
def photo(tmp_path):
    """A JPEG of 64 x 48 pixels, and a function that makes a loader with a cache in ``tmp_path``."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).resize((64, 48)).save(tmp_path / "图 x.jpg", quality=95)
    return str(tmp_path / "图 x.jpg"), lambda edge=None: LoadImage(edge, cache=str(tmp_path / "cache"), cache_gb=1e-4)


def test_a_cache_gives_the_same_results(photo):
    path, loader = photo
    for edge, size in ((None, (48, 64)), (20, (24, 32))):
        expected = LoadImage(edge).transform({"img_path": path})
        for _ in range(2):
            found = loader(edge).transform({"img_path": path})
            np.testing.assert_array_equal(found.pop("img"), expected["img"])
            assert found == {"img_path": path, "img_shape": size, "ori_shape": size}
    assert len(loader().cache) == 2


def test_the_cache_is_read_and_a_changed_file_decoded_anew(photo, monkeypatch):
    path, loader = photo
    first = loader().transform({"img_path": path})["img"]
    with monkeypatch.context() as patch:
        patch.setattr("kdxf.datasets.transforms.loading.decode_image", None)  # would fail
        np.testing.assert_array_equal(loader().transform({"img_path": path})["img"], first)
    Image.new("RGB", (5, 4), (1, 2, 3)).save(path, "PNG")
    assert loader().transform({"img_path": path})["img"].shape == (4, 5, 3)


def test_a_shards_pictures_are_cached(photo, tmp_path):
    path, loader = photo
    with tarfile.open(tmp_path / "a.tar", "w") as shard:
        shard.add(path, "in/x.jpg")
    for _ in range(2):
        found = loader().transform({"img_path": str(tmp_path / "a.tar" / "in" / "x.jpg")})
        np.testing.assert_array_equal(found["img"], LoadImage().transform({"img_path": path})["img"])
    assert len(loader().cache) == 1


def test_what_cannot_be_read_is_not_cached(photo, tmp_path):
    _, loader = photo
    (tmp_path / "empty.jpg").touch()
    for name, reason in (("empty.jpg", "the file is empty"), ("none.jpg", "cannot open the file: No such file")):
        assert loader().transform({"img_path": str(tmp_path / name)})["error"].startswith(reason)
    assert len(loader().cache) == 0


def test_pixels_and_bytes_pass_the_cache_by(photo):
    path, loader = photo
    pixels = np.zeros((2, 3, 3), np.uint8)
    assert loader().transform({"img_path": path, "img_pixels": pixels})["img"] is pixels
    assert loader().transform({"img_path": path, "img_bytes": Path(path).read_bytes()})["img"].shape == (48, 64, 3)
    assert len(loader().cache) == 0


def test_a_cache_of_no_size_is_refused():
    with pytest.raises(UserError, match=re.escape("LoadImage: cache_gb is 0; give a number above 0")):
        LoadImage(cache_gb=0)

"""A pair sees and reads as the library's own model does."""

import cv2
import numpy as np
import pytest
import torch
from pair_fixtures import features_of

import kdxf.zero_shot.pair as module
from kdxf.errors import UserError
from kdxf.zero_shot.pair import Pair, of_length_one

TEXTS = ["a photo of milk.", "牛奶", "sale " * 30]


@pytest.fixture
def files(tmp_path):
    """Two pictures of the pair's size and one that cannot be read."""
    for index in range(2):
        pixels = np.random.default_rng(index).integers(0, 255, (32, 32, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{index}.png"), pixels)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    return [str(tmp_path / name) for name in ("0.png", "broken.png", "1.png")]


def test_images(pair_folder, files, tmp_path, monkeypatch):
    pair = Pair(pair_folder, tmp_path / "store")
    found, errors = pair.encode_images(files)
    pictures = np.stack([cv2.imread(file)[:, :, ::-1] for file in (files[0], files[2])]) / 255.0
    normal = (pictures - [0.5, 0.4, 0.3]) / [0.3, 0.2, 0.25]
    expected = features_of(pair_folder, images=torch.tensor(normal.transpose(0, 3, 1, 2), dtype=torch.float32))
    np.testing.assert_allclose(found[[0, 2]], of_length_one(expected.numpy()), atol=2e-3)  # kept as float16
    assert list(errors) == [1] and errors[1].startswith("not a whole picture of a known format")
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    monkeypatch.setattr(module.FeatureStore, "_encode", lambda *_: pytest.fail("encoded again"))
    np.testing.assert_array_equal(Pair(pair_folder, tmp_path / "store").encode_images(files)[0], found)


def test_texts(pair_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 2)
    found = Pair(pair_folder, tmp_path).encode_texts(TEXTS)
    expected = features_of(pair_folder, texts=TEXTS[:2])
    np.testing.assert_allclose(found[:2], of_length_one(expected.numpy()), atol=1e-5)
    assert found.shape == (3, 8)  # the last is longer than there are positions


def test_refused(tiny_bert, tmp_path):
    with pytest.raises(UserError, match="^--model .* the model_type 'bert' is no pair of image and text"):
        Pair(tiny_bert, tmp_path)

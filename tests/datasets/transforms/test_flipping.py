"""Mirroring that leaves text readable."""

import numpy as np
import pytest

from kdxf.datasets import FlipUnlessText
from kdxf.errors import UserError
from kdxf.text.ocr import OCRRecord


def test_an_image_without_text_is_mirrored_left_to_right():
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    found = FlipUnlessText(1.0).transform({"img": image, "ocr": OCRRecord.empty("x.jpg")})
    assert (found["img"] == image[:, ::-1]).all()
    assert found["flip"] is True


def test_an_image_with_text_is_never_mirrored(sample):
    before = sample["img"].copy()
    found = FlipUnlessText(1.0).transform(sample)
    assert (found["img"] == before).all()
    assert found["flip"] is False


def test_half_of_the_images_are_mirrored():
    np.random.seed(0)
    flip = FlipUnlessText(0.5)
    results = {"img": np.zeros((1, 1, 3), np.uint8), "ocr": OCRRecord.empty("x.jpg")}
    count = sum(flip.transform(dict(results))["flip"] for _ in range(1000))
    assert abs(count - 500) < 5 * 16  # sqrt(1000 / 4) = 16
    assert not FlipUnlessText(0.0).transform(dict(results))["flip"]


def test_the_probability_is_checked():
    with pytest.raises(UserError, match=r"^FlipUnlessText: prob is 3; give a probability from 0 to 1$"):
        FlipUnlessText(3)

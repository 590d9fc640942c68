import cv2
import numpy as np
import pytest

from kdxf_runtime.drift.statistics import (
    STATISTICS,
    distance_name,
    gate_statistics,
    picture_statistics,
    score_statistics,
    text_statistics,
)
from kdxf_runtime.io.images import ImageReadError
from kdxf_runtime.ocr.record import OCRRecord


def record(texts, scores):
    boxes = np.zeros((len(texts), 4, 2), np.float32)
    return OCRRecord("a.jpg", texts, np.array(scores, np.float32), boxes, 1, 1, "reader", None)


def encoded(pixels) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def test_text():
    found = text_statistics(record(["奶粉 A1", "mjölk"], [0.5, 1.0]))
    assert found == {
        "images with text": 1.0,
        "lines of text per image": 2.0,
        "words per image": 3.0,
        "characters per image": 9.0,
        "Chinese characters in the text": pytest.approx(2 / 9),
        "Latin letters in the text": pytest.approx(6 / 9),
        "digits in the text": pytest.approx(1 / 9),
        "OCR score": 0.75,
    }


def test_no_text():
    found = text_statistics(OCRRecord.empty("a.jpg"))
    assert [found[name] for name in list(found)[:4]] == [0.0] * 4
    assert np.isnan([found[name] for name in list(found)[4:]]).all()


def test_a_picture_of_one_colour():
    found = picture_statistics(encoded(np.full((100, 200, 3), (0, 0, 255), np.uint8)))  # red
    assert found["longer side in pixels"] == 200
    assert found["width : height"] == 2
    assert found["brightness"] == 76  # 0.299 * 255
    assert found["sharpness"] == 0
    assert found["colourfulness"] == pytest.approx(0.3 * np.hypot(255, 127.5))


def test_a_grey_picture_with_an_edge():
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, 4:] = 100
    found = picture_statistics(encoded(pixels))
    assert found["brightness"] == 50
    assert found["colourfulness"] == 0
    # In each row the Laplacian is 100 left of the edge and -100 right of it, otherwise 0.
    assert found["sharpness"] == pytest.approx(2 / 8 * 100**2)


def test_large_pictures_are_measured_at_one_size():
    noise = np.random.default_rng(0).integers(0, 255, (512, 256, 3), np.uint8)
    enlarged = cv2.resize(noise, (1024, 2048), interpolation=cv2.INTER_NEAREST)
    small, large = (picture_statistics(encoded(pixels)) for pixels in (noise, enlarged))
    assert (small.pop("longer side in pixels"), large.pop("longer side in pixels")) == (512, 2048)
    assert large == pytest.approx(small)


def test_blur_takes_sharpness():
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    sharp, blurred = (picture_statistics(encoded(p))["sharpness"] for p in (noise, cv2.GaussianBlur(noise, (0, 0), 2)))
    assert blurred < sharp / 10


def test_no_picture():
    with pytest.raises(ImageReadError, match="the file is empty"):
        picture_statistics(b"")


def test_scores():
    found = score_statistics(np.array([0.25, 0.5, 0.25], np.float32))
    assert found == {
        "score of the best class": 0.5,
        "margin of the best class": 0.25,
        "entropy of the scores": pytest.approx(1.5 * np.log(2)),
    }
    assert score_statistics(np.array([1.0]))["margin of the best class"] == 1.0


def test_gates_and_distances_are_named_by_their_part():
    assert gate_statistics({"head": {"expert 1": 0.75, "no expert": 0.25}, "fusion": {"the image": 0.5}}) == {
        "gate of expert 1": 0.75,
        "gate of no expert": 0.25,
        "gate of the image": 0.5,
    }
    assert gate_statistics({"members.1.head": {"expert 1": 1.0}}) == {"gate of expert 1 (members.1.head)": 1.0}
    assert distance_name("") == "standard deviations of the joint feature from its mean"
    assert distance_name("members.1") == "standard deviations of the joint feature (members.1) from its mean"


def test_every_statistic_has_its_summary():
    measured = {
        **text_statistics(OCRRecord.empty("a.jpg")),
        **picture_statistics(encoded(np.zeros((4, 4, 3), np.uint8))),
        **score_statistics(np.array([1.0, 0.0])),
    }
    assert list(measured) == list(STATISTICS)
    assert set(STATISTICS.values()) == {"share", "mean", "median"}

import numpy as np
import pytest
from PIL import Image

from kdxf_runtime.drift.comparison import describe_drift
from kdxf_runtime.drift.fingerprint import Fingerprint
from kdxf_runtime.drift.joint_feature import Moments
from kdxf_runtime.drift.response import Response
from kdxf_runtime.drift.statistics import distance_name
from kdxf_runtime.ocr.record import OCRRecord


class Halved:
    """A calibration that halves the first score and gives the rest to the second."""

    def apply(self, scores):
        return np.column_stack([scores[:, 0] / 2, 1 - scores[:, 0] / 2])


@pytest.fixture
def pictures(tmp_path):
    """Forty paths to one grey picture of 8 x 4."""
    Image.new("RGB", (8, 4), (100,) * 3).save(tmp_path / "a.png")
    return [str(tmp_path / "a.png")] * 40


def responses(numbers, far=0.0):
    return {i: Response(np.array([0.8, 0.2]), {"": np.float32([far])}, {"head": {"expert 1": 0.25}}) for i in numbers}


def record_of(engine):
    return OCRRecord("a", [], np.zeros(0, np.float32), np.zeros((0, 4, 2), np.float32), 8, 4, engine, None)


BEFORE = Fingerprint(
    40,
    {"reader 1": 40},
    {
        "brightness": np.full(40, 100.0),
        "score of the best class": np.full(40, 0.6),
        "gate of expert 1": np.full(40, 0.25),
        distance_name(""): np.zeros(40),
    },
    {"": Moments(np.zeros(1), np.ones(1))},
)


def test_nothing_differs(pictures):
    assert describe_drift(BEFORE, pictures, None, responses(range(40)), Halved()) is None


def test_scores_are_calibrated_before_they_are_compared(pictures):
    before = Fingerprint(40, {}, {"score of the best class": np.full(40, 0.8)})
    said = describe_drift(before, pictures, None, responses(range(40)), Halved())
    assert "score of the best class 0.6 instead of 0.8" in said


def test_the_joint_feature(pictures):
    """3 standard deviations from the mean, with a variance of 1 and 1 % of that."""
    said = describe_drift(BEFORE, pictures, None, responses(range(40), 3.1), Halved())
    assert said == (
        "this data differs from that of the model's validation: standard deviations of the joint feature from its mean "
        "3.1 instead of 0; predictions may be worse"
    )


def test_without_a_calibration_only_pictures_and_text_are_compared(pictures):
    assert describe_drift(BEFORE, pictures, None, responses(range(40), 3.1), None) is None
    other = Fingerprint(40, {}, {"brightness": np.full(40, 7.0), "gate of expert 1": np.ones(40)})
    said = describe_drift(other, pictures, None, responses(range(40)), None)
    assert "brightness 100 instead of 7.0; predictions" in said


def test_of_few_images_the_engine_alone_and_no_picture_is_opened(pictures):
    texts = [record_of("reader 2")] * 40
    missing = ["nowhere.png"] * 40
    said = "OCR engine with 2 instead of 1; predictions may be worse"
    assert describe_drift(BEFORE, missing, texts, responses(range(29)), Halved()).endswith(said)
    assert describe_drift(BEFORE, missing, [OCRRecord.empty("a")] * 40, responses(range(29)), Halved()) is None
    assert "for 10 of 29 images" in describe_drift(
        BEFORE, missing, [*texts[:10], *[record_of("reader 1")] * 30], responses(range(29)), Halved()
    )


def test_only_the_images_with_a_response_are_compared(pictures):
    paths = [*pictures[:20], *["nowhere.png"] * 5, *pictures]
    assert describe_drift(BEFORE, paths, None, responses([*range(20), *range(25, 65)]), Halved()) is None

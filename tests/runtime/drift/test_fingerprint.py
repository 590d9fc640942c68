import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kdxf_runtime.drift.fingerprint import (
    Fingerprint,
    fingerprint_to_json,
    measure,
    parse_fingerprint,
    sample,
    split_feature,
    take_fingerprint,
)
from kdxf_runtime.drift.joint_feature import Moments
from kdxf_runtime.drift.response import Response
from kdxf_runtime.drift.statistics import distance_name
from kdxf_runtime.io.images import ImageReadError
from kdxf_runtime.ocr.record import OCRRecord


@pytest.fixture
def pictures(tmp_path):
    paths = [tmp_path / f"{grey}.png" for grey in (200, 100)]
    for path in paths:
        Image.new("RGB", (8, 4), (int(path.stem),) * 3).save(path)
    return list(map(str, paths))


def record(lines, engine="reader 1"):
    scores, boxes = np.full(lines, 0.9, np.float32), np.zeros((lines, 4, 2), np.float32)
    return OCRRecord("a", ["word"] * lines, scores, boxes, 8, 4, engine, None)


def test_a_sample_is_spread_over_all():
    assert sample(0).tolist() == []
    assert sample(3).tolist() == [0, 1, 2]
    found = sample(900)
    assert found.tolist() == list(range(0, 900, 3))


def test_images_are_measured(pictures):
    rows = [
        (pictures[0], record(2), Response(np.array([0.7, 0.3]))),
        (pictures[1], OCRRecord.empty("b"), Response(np.array([0.6, 0.4]))),
    ]
    found = take_fingerprint([*rows, ("nowhere.png", record(9), Response(np.array([1.0, 0.0])))])
    assert found.images == 2
    assert found.engines == {"reader 1": 1}
    assert found.values["brightness"].tolist() == [100, 200]
    assert found.values["lines of text per image"].tolist() == [0, 2]
    assert found.values["OCR score"].tolist() == [0.9]  # the image without text has none
    assert found.values["score of the best class"].tolist() == [0.6, 0.7]


def test_a_model_without_text_and_scores(pictures):
    found = take_fingerprint((path, None, None) for path in pictures)
    assert found.engines == {}
    assert "lines of text per image" not in found.values
    assert "score of the best class" not in found.values
    assert "sharpness" in found.values


def responses(features, gate=0.25):
    return [Response(np.array([0.7, 0.3]), {"": row}, {"head": {"expert 1": gate}}) for row in np.float32(features)]


def test_gates_and_distances_of_the_joint_feature(pictures):
    """With 0, 2 and 4, the others of which have the means 3, 2 and 1, and the variances 1, 4 and 1, plus 1 %."""
    rows = [(pictures[0], None, one) for one in responses([[0], [2], [4]])]
    found = take_fingerprint(rows)
    far = np.round(3 / np.sqrt(1.01), 4)
    assert found.values[distance_name("")].tolist() == [0, far, far]
    assert found.values["gate of expert 1"].tolist() == [0.25] * 3
    assert (found.features[""].mean.tolist(), found.features[""].variance.tolist()) == ([2], [pytest.approx(8 / 3)])


def test_distances_by_the_moments_of_another(pictures):
    like = Fingerprint(3, {}, {}, {"": Moments(np.array([1.0]), np.array([4.0])), "other": Moments(*np.ones((2, 1)))})
    found = take_fingerprint([(pictures[0], None, one) for one in responses([[1], [3]])], like)
    assert found.values[distance_name("")].tolist() == [0, np.round(2 / np.sqrt(4.04), 4)]
    assert distance_name("other") not in found.values
    assert found.features == {}
    wider = take_fingerprint([(pictures[0], None, one) for one in responses([[1, 1], [3, 3]])], like)
    assert distance_name("") not in wider.values


def test_what_is_not_compared_is_not_measured(pictures):
    data = Path(pictures[0]).read_bytes()
    found = measure(data, record(2), Response(np.array([0.7, 0.3]), {"": np.ones(3)}))
    assert (found.engine, found.values["lines of text per image"]) == ("reader 1", 2)
    assert (list(found.features), found.values["score of the best class"]) == ([""], 0.7)
    found = measure(data, None, None)
    assert (found.engine, found.features) == (None, {}) and found.values["brightness"] == 200
    assert "words per image" not in found.values and "score of the best class" not in found.values
    assert measure(data, record(0, engine=""), None).engine is None
    with pytest.raises(ImageReadError):
        measure(data[:20], None, None)


def test_there_and_back_as_json(pictures):
    taken = take_fingerprint([(pictures[0], record(1), one) for one in responses([[0], [2], [4]])])
    found = parse_fingerprint(json.loads(json.dumps(fingerprint_to_json(taken))))
    assert (found.images, found.engines) == (3, {"reader 1": 3})
    assert found.features[""].mean.tolist() == [2] and found.values.keys() == taken.values.keys()


def test_the_feature_of_an_ensemble_is_split():
    like = Fingerprint(3, {}, {}, {"members.0": Moments(*np.ones((2, 2))), "members.1": Moments(*np.ones((2, 1)))})
    found = split_feature(np.array([1.0, 2.0, 3.0]), like)
    assert {name: part.tolist() for name, part in found.items()} == {"members.0": [1, 2], "members.1": [3]}
    assert split_feature(np.ones(4), like) == {} and split_feature(np.ones(0), Fingerprint(3, {}, {})) == {}

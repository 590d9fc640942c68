import json

import numpy as np
import pytest
from PIL import Image

from kdxf.errors import UserError
from kdxf.evaluation.drift.stored import fingerprint_file, read_fingerprint, write_fingerprint
from kdxf_runtime.drift.fingerprint import Fingerprint, take_fingerprint
from kdxf_runtime.drift.response import Response
from kdxf_runtime.drift.statistics import distance_name
from kdxf_runtime.io.digests import file_digest
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


def responses(features, gate=0.25):
    return [Response(np.array([0.7, 0.3]), {"": row}, {"head": {"expert 1": gate}}) for row in np.float32(features)]


def test_there_and_back(checkpoint, pictures):
    taken = take_fingerprint((path, record(1), Response(np.array([0.7, 0.3]))) for path in pictures)
    path = write_fingerprint(taken, checkpoint)
    assert path == fingerprint_file(checkpoint) == checkpoint.with_name("model.pth.fingerprint.json")
    assert json.loads(path.read_text())["checkpoint"] == file_digest(checkpoint)
    found = read_fingerprint(checkpoint)
    assert (found.images, found.engines) == (2, {"reader 1": 2})
    assert {name: numbers.tolist() for name, numbers in found.values.items()} == {
        name: numbers.tolist() for name, numbers in taken.values.items()
    }


def test_moments_there_and_back(checkpoint, pictures):
    taken = take_fingerprint([(pictures[0], None, one) for one in responses([[0, 1 / 3], [2, 5], [4, 9]])])
    write_fingerprint(taken, checkpoint)
    found = read_fingerprint(checkpoint)
    for name in ("mean", "variance"):
        np.testing.assert_allclose(getattr(found.features[""], name), getattr(taken.features[""], name), rtol=1e-4)
    np.testing.assert_array_equal(found.values[distance_name("")], taken.values[distance_name("")])


def test_one_that_an_earlier_version_wrote(checkpoint):
    path = write_fingerprint(Fingerprint(5, {}, {}), checkpoint)
    content = json.loads(path.read_text())
    del content["features"]
    path.write_text(json.dumps(content))
    assert read_fingerprint(checkpoint).features == {}


def test_without(checkpoint):
    assert read_fingerprint(checkpoint) is None
    assert read_fingerprint("https://example.org/model.pth") is None


def test_that_of_another_checkpoint(checkpoint):
    write_fingerprint(Fingerprint(0, {}, {}), checkpoint)
    checkpoint.write_bytes(b"other weights")
    with pytest.raises(UserError, match="fingerprint.json: belongs to another checkpoint than .*model.pth is now"):
        read_fingerprint(checkpoint)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("values", {"brightness": [[1.0]]}),
        ("values", {"brightness": ["much"]}),
        ("engines", []),
        ("images", None),
        ("features", []),
        ("features", {"": {"mean": [1.0]}}),
        ("features", {"": {"mean": [1.0], "variance": [1.0, 2.0]}}),
        ("features", {"": {"mean": [1.0], "variance": [-1.0]}}),
        ("features", {"": {"mean": [None], "variance": [1.0]}}),
    ],
)
def test_damage_is_one_line(checkpoint, key, value):
    path = write_fingerprint(Fingerprint(0, {}, {}), checkpoint)
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(UserError, match=r"fingerprint.json: no fingerprint \(.*\); remove it, or make it anew"):
        read_fingerprint(checkpoint)

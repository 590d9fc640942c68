import json

import numpy as np
import pytest
from PIL import Image

from kdxf.errors import UserError
from kdxf.evaluation.drift.fingerprint import (
    Fingerprint,
    fingerprint_file,
    read_fingerprint,
    sample,
    take_fingerprint,
    write_fingerprint,
)
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


def test_a_sample_is_spread_over_all():
    assert sample(0).tolist() == []
    assert sample(3).tolist() == [0, 1, 2]
    found = sample(900)
    assert found.tolist() == list(range(0, 900, 3))


def test_images_are_measured(pictures):
    rows = [
        (pictures[0], record(2), np.array([0.7, 0.3])),
        (pictures[1], OCRRecord.empty("b"), np.array([0.6, 0.4])),
    ]
    found = take_fingerprint([*rows, ("nowhere.png", record(9), np.array([1.0, 0.0]))])
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


def test_there_and_back(checkpoint, pictures):
    taken = take_fingerprint((path, record(1), np.array([0.7, 0.3])) for path in pictures)
    path = write_fingerprint(taken, checkpoint)
    assert path == fingerprint_file(checkpoint) == checkpoint.with_name("model.pth.fingerprint.json")
    assert json.loads(path.read_text())["checkpoint"] == file_digest(checkpoint)
    found = read_fingerprint(checkpoint)
    assert (found.images, found.engines) == (2, {"reader 1": 2})
    assert {name: numbers.tolist() for name, numbers in found.values.items()} == {
        name: numbers.tolist() for name, numbers in taken.values.items()
    }


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
    [("values", {"brightness": [[1.0]]}), ("values", {"brightness": ["much"]}), ("engines", []), ("images", None)],
)
def test_damage_is_one_line(checkpoint, key, value):
    path = write_fingerprint(Fingerprint(0, {}, {}), checkpoint)
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(UserError, match=r"fingerprint.json: no fingerprint \(.*\); remove it, or make it anew"):
        read_fingerprint(checkpoint)

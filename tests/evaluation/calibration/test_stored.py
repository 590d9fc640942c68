import json
from dataclasses import replace

import numpy as np
import pytest

from kdxf.datasets.image_keys import image_keys
from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import calibration_file, read_calibration, used_images, write_calibration
from kdxf_runtime.io.digests import file_digest


@pytest.fixture
def calibration(calibration):
    return replace(calibration, images=image_keys(["a/1.jpg", "a/2.jpg"]))


def test_there_and_back(checkpoint, calibration):
    path = write_calibration(calibration, checkpoint)
    assert path == calibration_file(checkpoint) == checkpoint.with_name("model.pth.calibration.json")
    found = read_calibration(checkpoint)
    assert (found.classes, found.temperature, found.spread_limit) == (("milk", "奶粉"), 0.5, 0.6)
    assert (found.sets.level, found.sets.kind, found.sets.too_few) == (0.9, "lac", (1,))
    assert found.sets.thresholds.tolist() == [0.3, np.inf]
    assert found.sureness.tolist() == [0.9, 0.6, 0.8, -0.5]
    assert found.right.tolist() == [True, False, True, False]
    assert found.about["data"] == {"val.parquet": "digest"}
    assert found.about["checkpoint"] == file_digest(checkpoint)
    assert found.digest == file_digest(path)


def test_a_temperature_for_each_class(checkpoint, calibration):
    write_calibration(replace(calibration, temperature=np.array([0.5, 2.0])), checkpoint)
    assert read_calibration(checkpoint).temperature.tolist() == [0.5, 2.0]


def test_images_that_were_used(calibration):
    assert used_images(calibration, ["a/2.jpg", "b/2.jpg"]).tolist() == [True, False]


def test_without(checkpoint):
    assert read_calibration(checkpoint) is None
    assert read_calibration("https://example.org/model.pth") is None


def test_of_another_checkpoint(checkpoint, calibration):
    write_calibration(calibration, checkpoint)
    checkpoint.write_bytes(b"trained anew")
    with pytest.raises(
        UserError, match=r"belongs to another checkpoint than .*model.pth is now; remove it, or make it"
    ):
        read_calibration(checkpoint)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"temperature": -1}, "temperature is not positive"),
        ({"temperature": [1, 1, 1]}, "not one for each class"),
        ({"sets": {"level": 0.9, "kind": "raps", "thresholds": [1, 1], "too_few": None}}, "sets have another kind"),
        ({"right": [1]}, "sureness and right are not of the same images"),
        ({"sureness": "no"}, "could not convert"),
        ({"sets": None}, "not subscriptable"),
    ],
)
def test_damaged(checkpoint, calibration, change, reason):
    path = write_calibration(calibration, checkpoint)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(
        UserError, match=rf"calibration.json: no calibration \(.*{reason}.*\); remove it, or make it anew"
    ):
        read_calibration(checkpoint)


def test_no_json(checkpoint):
    calibration_file(checkpoint).write_text("{")
    with pytest.raises(UserError, match="no calibration"):
        read_calibration(checkpoint)

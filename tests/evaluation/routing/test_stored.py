import json
from dataclasses import replace

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import calibration_file, write_calibration
from kdxf.evaluation.routing.stored import fitting_routing, read_routing, routing_file, write_routing
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.conformal import ConformalSets
from kdxf_runtime.trust.routing import Routing
from kdxf_runtime.trust.rule import Rule


def system(tta=False):
    return Calibration(
        ("a", "b"), 0.5, ConformalSets(0.9, "lac", np.array([0.7, np.inf])), 0.9, tta,
        np.array([0.2, 0.4]), np.array([True, False]), np.array([3, 5]),
    )  # fmt: skip


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "model.pth"
    path.write_bytes(b"weights")
    write_calibration(system(), path)
    return path


def routing(threshold=0.75, image=2.0, **values):
    return Routing(Rule(threshold, 0.5, image), 0.005, system(**values), about={"cross_fitted": {"loss": 0.0}})


@pytest.mark.parametrize("image", [2.0, np.array([2.0, 3.0])])
@pytest.mark.parametrize("threshold", [0.75, float("inf")])
def test_there_and_back(checkpoint, threshold, image):
    path = write_routing(routing(threshold, image), checkpoint)
    assert path.name == "model.pth.routing.json"
    found = fitting_routing(checkpoint, tta=False)
    assert (found.rule.threshold, found.rule.full, found.budget) == (threshold, 0.5, 0.005)
    np.testing.assert_array_equal(found.rule.image, image)
    assert found.of == file_digest(calibration_file(checkpoint))
    assert found.digest == file_digest(path)
    assert found.about["cross_fitted"] == {"loss": 0.0}
    assert found.calibration.sets.thresholds.tolist() == [0.7, np.inf]
    assert found.calibration.sureness.tolist() == [0.2, 0.4]


def test_none(checkpoint):
    assert read_routing(checkpoint) is None
    with pytest.raises(
        UserError, match="model.pth has no routing, which says which .* make one with kdxf calibrate, of"
    ):
        fitting_routing(checkpoint, tta=False)


def test_of_another_checkpoint(checkpoint):
    write_routing(routing(), checkpoint)
    checkpoint.write_bytes(b"others")
    with pytest.raises(
        UserError, match="model.pth.routing.json: belongs to another checkpoint than .*model.pth is now"
    ):
        read_routing(checkpoint)


def test_of_another_calibration(checkpoint):
    write_routing(routing(), checkpoint)
    message = (
        "model.pth.routing.json: was fitted with another calibration than .*calibration.json is now; make both anew"
    )
    write_calibration(replace(system(), spread_limit=0.8), checkpoint)
    with pytest.raises(UserError, match=message):
        fitting_routing(checkpoint, tta=False)
    calibration_file(checkpoint).unlink()
    with pytest.raises(UserError, match=message):
        fitting_routing(checkpoint, tta=False)


@pytest.mark.parametrize(("tta", "words"), [(True, ("with", "without")), (False, ("without", "with"))])
def test_of_the_other_kind(checkpoint, tta, words):
    write_routing(routing(tta=tta), checkpoint)
    made, now = words
    with pytest.raises(
        UserError, match=f"was made {made} test-time augmentation, and this is {now} it; run kdxf calib"
    ):
        fitting_routing(checkpoint, tta=not tta)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"threshold": -1}, "threshold is no score"),
        ({"threshold": "high"}, "could not convert"),
        ({"image_temperature": 0}, "temperature is not positive"),
        ({"image_temperature": [1, 2, 3]}, "not one for each class"),
        ({"system": []}, "list indices"),
    ],
)
def test_damaged(checkpoint, change, reason):
    path = write_routing(routing(), checkpoint)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError, match=f"routing.json: no routing .*{reason}.*; remove it, or make it anew with kdxf"):
        read_routing(checkpoint)
    assert routing_file(checkpoint) == path

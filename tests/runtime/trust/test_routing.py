"""Which pictures need their text read, in JSON; see also tests/evaluation/routing/test_stored.py."""

import json
from dataclasses import replace

import numpy as np
import pytest

from kdxf_runtime.trust.calibration import Calibration, calibration_to_json
from kdxf_runtime.trust.conformal import ConformalSets
from kdxf_runtime.trust.routing import Routing, parse_routing, routing_to_json
from kdxf_runtime.trust.rule import Rule

SYSTEM = Calibration(
    ("a", "b"), 0.5, ConformalSets(0.9, "lac", np.array([0.7, np.inf])), 0.9, False,
    np.array([0.2, 0.4]), np.array([True, False]), np.array([3, 5]),
)  # fmt: skip
ALONE = replace(SYSTEM, spread_limit=0.7)


def routing(threshold=0.75, image=2.0):
    return Routing(Rule(threshold, 0.5, image), 0.005, SYSTEM, ALONE, "digest", {"loss": 0.25})


@pytest.mark.parametrize("image", [2.0, np.array([2.0, 3.0])])
@pytest.mark.parametrize("threshold", [0.75, float("inf")])
def test_there_and_back(threshold, image):
    content = json.loads(json.dumps(routing_to_json(routing(threshold, image)), allow_nan=False))
    found = parse_routing(content, "of the file")
    assert (found.rule.threshold, found.rule.full, found.budget) == (threshold, 0.5, 0.005)
    np.testing.assert_array_equal(found.rule.image, image)
    assert (found.of, found.about, found.digest) == ("digest", {"loss": 0.25}, "of the file")
    assert (found.calibration.spread_limit, found.alone.spread_limit) == (0.9, 0.7)
    assert found.calibration.classes == ("a", "b") and found.calibration.right.tolist() == [True, False]


def test_earlier_ones_have_none_without_text():
    content = routing_to_json(replace(routing(), alone=None))
    assert content["alone"] is None and parse_routing(content, "").alone is None
    del content["alone"]
    assert parse_routing(content, "").alone is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"alone": {**calibration_to_json(ALONE), "right": []}}, "sureness and right are not of the same images"),
        ({"threshold": -0.5}, "threshold is no score"),
        ({"threshold": float("nan")}, "threshold is no score"),
        ({"image_temperature": [1, 2, 3]}, "temperature is not positive, or not one for each class"),
    ],
)
def test_wrong_values(change, reason):
    with pytest.raises(ValueError, match=f"^{reason}$"):
        parse_routing({**routing_to_json(routing()), **change}, "")

"""What the scores of a model mean, and its form in JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.trust.back_off import Parents
from kdxf_runtime.trust.calibration import (
    calibration_to_json,
    parse_calibration,
    sureness,
    temperature_from_json,
    temperature_to_json,
)
from kdxf_runtime.trust.temperature import apply_temperature

SCORES = np.array([[0.8, 0.2], [0.5, 0.5]])


def test_use(calibration):
    np.testing.assert_array_equal(calibration.apply(SCORES), apply_temperature(SCORES, 0.5))
    assert calibration.is_unlike(SCORES).tolist() == [False, True]  # 0.5 and 0.69 nats
    assert sureness(np.array([0.9, 0.7]), np.array([False, True])).tolist() == pytest.approx([0.9, -0.3])


def test_thresholds(calibration):
    assert calibration.for_budget(0.25).threshold == 0.6
    assert calibration.for_precision(0.9).threshold == 0.8
    with pytest.raises(UserError, match=r"no score gives a precision of 0.9 on the calibration images"):
        replace(calibration, right=np.zeros(4, bool)).for_precision(0.9)


def test_there_and_back(calibration):
    content = json.loads(json.dumps(calibration_to_json(calibration), allow_nan=False))
    assert content["sets"]["thresholds"] == [0.3, None] and content["images"] == [3, 7]
    found = parse_calibration(content, "digest of the file")
    assert (found.classes, found.temperature, found.spread_limit, found.tta) == (("milk", "奶粉"), 0.5, 0.6, False)
    assert (found.sets.level, found.sets.kind, found.sets.too_few) == (0.9, "lac", (1,))
    assert found.sets.thresholds.tolist() == [0.3, np.inf]
    assert found.sureness.tolist() == [0.9, 0.6, 0.8, -0.5] and found.right.tolist() == [True, False, True, False]
    assert found.about == {"data": {"val.parquet": "digest"}} and found.digest == "digest of the file"


def test_with_parents(calibration):
    parents = Parents(("dairy",), np.array([0, 0]), np.array([1.0, 0.9, 1.0, 0.8]), np.ones(4, bool))
    with_tree = replace(calibration, parents=parents)
    found = parse_calibration(json.loads(json.dumps(calibration_to_json(with_tree))), "")
    assert found.parents.names == ("dairy",) and found.parents.sureness.tolist() == [1.0, 0.9, 1.0, 0.8]
    assert "parents" not in found.about
    answers = found.back_off(1.0)
    assert (answers.threshold, answers.parent.threshold) == (0.8, 0.8)
    # A file of an earlier version does not name them.
    content = calibration_to_json(calibration)
    del content["parents"]
    with pytest.raises(UserError, match="^--back-off: the calibration has no class tree; calibrate again with kdxf ca"):
        parse_calibration(content, "").back_off(1.0)
    never = replace(with_tree, right=np.zeros(4, bool), parents=replace(parents, right=np.zeros(4, bool)))
    with pytest.raises(
        UserError, match="^no score gives a precision of 0.9 on the calibration images; ask for a lower"
    ):
        never.back_off(0.9)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"temperature": 0}, "temperature is not positive, or not one for each class"),
        ({"temperature": [1, 2, 3]}, "temperature is not positive, or not one for each class"),
        ({"sureness": [0.5]}, "sureness and right are not of the same images"),
        ({"sureness": [], "right": []}, "sureness and right are not of the same images"),
        ({"classes": ["a"]}, "sets have another kind, or not one threshold for each class"),
    ],
)
def test_wrong_values(calibration, change, reason):
    with pytest.raises(ValueError, match=f"^{reason}$"):
        parse_calibration({**calibration_to_json(calibration), **change}, "")


def test_temperatures_of_the_classes():
    assert temperature_to_json(2.0) == 2.0 and temperature_from_json(2, 2) == 2.0
    assert temperature_to_json(np.array([1.0, 2.0])) == [1.0, 2.0]
    assert temperature_from_json([1.0, 2.0], 2).tolist() == [1.0, 2.0]

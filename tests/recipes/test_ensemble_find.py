import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.recipes.ensemble_find import find_weights
from kdxf.recipes.ensemble_units import make_units

GOOD, BAD = [[0.6, 0.4]] * 10, [[0.1, 0.9]] * 10
LABELS = np.zeros(10, int)


def test_fitted_and_greedy(write):
    units = make_units([write("good", GOOD, LABELS, seen=LABELS), write("bad", BAD)])
    report, warnings = find_weights(units, "arithmetic", "accuracy")
    assert report.weights["good"] > 0.8 and report.scores["fitted, held out"] == 100
    assert len(warnings) == 1 and "bad.parquet does not say which images its model was trained on; if" in warnings[0]
    report, _ = find_weights(units, "geometric", "accuracy", greedy=1)
    assert report.weights == {"good": 1, "bad": 0} and report.scores["greedy, at most 1, held out"] == 100


def test_groups_are_not_picked(write):
    units = make_units([write("c", GOOD)], [("image", [write("a", GOOD, LABELS), write("b", BAD)])])
    with pytest.raises(UserError, match="--greedy: picks single models, and image is a group; give its files without"):
        find_weights(units, "arithmetic", "accuracy", greedy=2)

"""Which predictions are accepted, as a user asks for it."""

from dataclasses import replace

import numpy as np
import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.predictions import Columns
from kdxf_runtime.trust.back_off import Parents
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.conformal import ConformalSets
from kdxf_runtime.trust.decide import check_shares, decide, expected, with_decisions
from kdxf_runtime.trust.routing import Routing
from kdxf_runtime.trust.rule import Rule

# Of ten images the five surest are right.
CALIBRATION = Calibration(
    ("a", "b"), 1.0, ConformalSets(0.9, "lac", np.array([0.7, 0.7])), 0.9, False,
    np.linspace(0.05, 0.95, 10), np.arange(10) >= 5, np.empty(0, np.int64),
)  # fmt: skip


def test_shares():
    check_shares(None, None)
    check_shares(0, None)
    check_shares(None, 1)
    with pytest.raises(UserError, match="^--precision 98: give a share from 0 to 1$"):
        check_shares(98, None)
    with pytest.raises(UserError, match="^--review -0.1: give a share from 0 to 1$"):
        check_shares(None, -0.1)
    message = "^--precision and --review: each decides which predictions are accepted; give one of them$"
    with pytest.raises(UserError, match=message):
        check_shares(0.9, 0.1)


def test_thresholds():
    assert decide(CALIBRATION, "m.pth", None, None) is None
    assert decide(CALIBRATION, "m.pth", None, None, with_set=True) is None
    assert decide(CALIBRATION, "m.pth", 1.0, None).threshold == pytest.approx(0.55)
    assert decide(CALIBRATION, "m.pth", None, 0.2).threshold == pytest.approx(0.25)
    with pytest.raises(UserError, match="no score gives a precision of 0.9 on the calibration images"):
        decide(Calibration(**{**vars(CALIBRATION), "right": np.zeros(10, bool)}), "m.pth", 0.9, None)


def test_back_off():
    parents = Parents(("p",), np.array([0, 0]), np.linspace(0.5, 0.95, 10), np.arange(10) >= 2)
    with_tree = replace(CALIBRATION, parents=parents)
    found = decide(with_tree, "m.pth", 1.0, None, back_off=True)
    assert found.threshold == pytest.approx(0.55) and found.parent.threshold == pytest.approx(0.6)
    for precision, review in ((None, None), (None, 0.2)):
        with pytest.raises(
            UserError, match="^--back-off: needs --precision, the share of the answers that is to be ri"
        ):
            decide(with_tree, "m.pth", precision, review, back_off=True)
    columns, accepted, routed = with_decisions(Columns(back_off=True), with_tree, None, "m.pth", 1.0, None)
    assert columns.threshold == pytest.approx(0.55) and columns.parents is accepted
    assert routed is None and columns.routed_parents is None
    routing = Routing(Rule(0.5, 1.0, 1.0), 0.005, with_tree)
    columns, _, routed = with_decisions(Columns(back_off=True), with_tree, routing, "m.pth", 1.0, None)
    assert columns.routed_parents is routed and expected(routed, routed, 5, 5) == str(routed)


@pytest.mark.parametrize(
    ("option", "values"), [("--precision", (0.9, None)), ("--review", (None, 0.1)), ("--with-set", (None, None, True))]
)
def test_without_a_calibration(option, values):
    with pytest.raises(UserError, match=f"^{option}: my.kdxf has no calibration for this; make one with kdxf calib"):
        decide(None, "my.kdxf", *values)


def test_what_is_not_asked_for_needs_no_calibration():
    assert decide(None, "m.pth", None, None) is None


def test_in_words():
    accepted, routed = decide(CALIBRATION, "", 1.0, None), decide(CALIBRATION, "", None, 0.2)
    assert expected(None, None, 0, 5) is None
    assert expected(accepted, routed, 0, 5) == str(accepted)
    assert expected(accepted, routed, 5, 5) == str(routed)
    assert expected(accepted, routed, 2, 5) == f"where the text was given, {accepted}; elsewhere, {routed}"

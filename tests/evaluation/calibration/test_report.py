from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kdxf.evaluation.calibration.reliability import expected_calibration_error
from kdxf.evaluation.calibration.report import CalibrationReport, figures, repeated_halves
from kdxf.evaluation.calibration.temperature import fit_temperature
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.conformal import ConformalSets, fit_sets


def drawn(count):
    random = np.random.default_rng(0)
    scores = random.dirichlet(np.full(4, 0.4), count)
    return scores, (scores.cumsum(1) < random.random((count, 1))).sum(1).clip(max=3)


def test_figures():
    scores, labels = drawn(300)
    found = figures(scores, labels)
    assert found["ece"] == expected_calibration_error(scores, labels, 15, equal_mass=True)
    assert found["nll"] == pytest.approx(-np.log(scores[np.arange(300), labels]).mean())
    assert found["confidence"] == pytest.approx(scores.max(1).mean())
    assert found["top-1"] == (scores.argmax(1) == labels).mean()
    assert found["ece"] == pytest.approx(found["by chance"], abs=0.03)  # they are true probabilities
    assert found["without bias"] < 0.05


def test_halves():
    scores, labels = drawn(400)
    coverage, size = repeated_halves(scores, labels, fit_temperature, partial(fit_sets, level=0.8))
    assert coverage == pytest.approx(0.8, abs=0.015)
    assert 1 < size < 3
    assert all(np.isnan(repeated_halves(scores[:3], labels[:3], fit_temperature, fit_sets)))


@pytest.mark.parametrize(
    ("temperature", "shown"),
    [(0.5, "temperature 0.500; ECE 0.200"), (np.array([0.5, 2.0]), "temperatures from 0.500 to 2.000, by the class")],
)
def test_text(temperature, shown):
    sure = np.append(np.linspace(0.41, 0.99, 59), -0.4)  # the surest half is right
    sets = ConformalSets(0.9, "lac", np.ones(2))
    calibration = Calibration(("a", "b"), temperature, sets, 1.0, False, sure, sure > 0.69, np.empty(0, int))
    before = {"ece": 0.2, "by chance": 0.05, "without bias": 0.19, "nll": 1.0, "confidence": 0.4, "top-1": 0.6}
    report = CalibrationReport(calibration, Path("m.json"), before, {**before, "ece": 0.04}, 0.901, 1.5, ["few images"])
    lines = str(report).splitlines()
    assert lines[0].startswith(f"m.json: {shown}")
    assert "| calibrated, cross-fitted | 0.0400 | 0.0500 | 0.1900 | 1.0000 | 0.4000 |" in lines
    assert "sets (lac) for 90%: 1.50 classes on average; 90.1% hold the true class, over 100 random halves" in lines
    assert lines[-1] == "warning: few images"
    rows = [line.split(" | ") for line in lines if line.startswith("| ") and " to " in line and "%" in line]
    # 3 of 60 go to a person: the one that is like none, 0.41 and 0.42.
    assert ["| 5.0%", "0.430"] in [row[:2] for row in rows]
    assert ["| 50.0%", "0.700", "100.0%"] in [row[:3] for row in rows]

import json

import numpy as np
import pytest

from kdxf_runtime.drift.fingerprint import Fingerprint, Measured
from kdxf_runtime.service.drift import DriftMonitor
from kdxf_runtime.service.metrics import Metrics

USUAL = [*range(0, 60, 2), *range(1, 60, 2)]  # both halves are like the whole
BEFORE = Fingerprint(60, {"reader 1": 60}, {"brightness": np.arange(60.0)})


@pytest.fixture
def monitor():
    """A monitor of the last 60 pictures; ``lines`` is what it has logged."""
    lines = []
    monitor = DriftMonitor(BEFORE, lines.append, window=60)
    monitor.lines = lines
    return monitor


def add(monitor, brightness, engine="reader 1"):
    for value in brightness:
        monitor.add(Measured({"brightness": float(value)}, engine))


def test_too_few_pictures_are_not_compared(monitor):
    add(monitor, [200] * 29)
    assert (monitor.message, monitor.distances, monitor.lines, monitor.pictures) == (None, {}, [], 29)


def test_drift_is_logged_when_it_begins_and_goes_with_the_last_pictures(monitor):
    add(monitor, USUAL)
    assert monitor.distances == {"brightness": 0.0} and monitor.message is None
    add(monitor, [200] * 30)  # half of the last 60 lie beyond all
    assert monitor.distances["brightness"] == pytest.approx(0.5)
    sentence = "this data differs from that of the model's validation: brightness 130 instead of 29.5; predictions may "
    assert monitor.message == f"{sentence}be worse"
    add(monitor, [200] * 90)
    assert len(monitor.lines) == 1 and monitor.distances == {"brightness": 1.0}
    line = json.loads(monitor.lines[0])
    assert (line["drift"], line["pictures"]) == (f"{sentence}be worse", 60) and line["time"].endswith("+00:00")
    add(monitor, USUAL)
    assert monitor.message is None
    add(monitor, [200] * 60)
    assert len(monitor.lines) == 2 and monitor.pictures == 60


def test_another_engine(monitor):
    add(monitor, USUAL, "reader 2")
    assert "OCR engine with 2 instead of 1" in monitor.message


def test_figures_for_prometheus(monitor):
    metrics = Metrics(lambda: 0, monitor)
    assert "kdxf_drift 0.0" in metrics.text().decode()
    add(monitor, [200] * 30)
    found = metrics.text().decode()
    assert "kdxf_drift 1.0" in found and "kdxf_drift_pictures 30.0" in found
    assert 'kdxf_drift_distance{statistic="brightness"} 1.0' in found
    assert "kdxf_drift" not in Metrics(lambda: 0).text().decode()


def test_without_a_log_of_its_own_it_writes_to_standard_output(capsys):
    add(DriftMonitor(BEFORE), [200] * 30)
    assert json.loads(capsys.readouterr().out)["pictures"] == 30

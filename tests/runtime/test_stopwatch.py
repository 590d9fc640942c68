import time

import pytest

from kdxf_runtime.stopwatch import Stopwatch


@pytest.fixture
def watch(monkeypatch):
    """A watch whose clock goes on by one second each time that it is looked at."""
    ticks = iter(range(100))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    return Stopwatch()


def test_seconds_of_a_stage_are_summed(watch):
    for stage in ("ocr", "model", "ocr"):
        with watch.measure(stage):
            pass
    assert watch.take() == {"ocr": 2.0, "model": 1.0}
    assert watch.take() == {}


def test_a_stage_that_fails_counts(watch):
    with pytest.raises(ValueError, match="no"), watch.measure("ocr"):
        raise ValueError("no")
    assert watch.take() == {"ocr": 1.0}

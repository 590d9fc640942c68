"""Progress on a terminal and in a log."""

import io
import sys

import pytest

from kdxf import progress as module
from kdxf.progress import progress


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass with each item."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def work(clock, total, seconds, **options):
    with progress(total, "features", "images", **options) as advance:
        for _ in range(total):
            clock[0] += seconds
            advance()


def test_a_log_gets_a_line_each_half_minute(clock, capfd):
    work(clock, 70, 10)
    lines = capfd.readouterr().err.splitlines()
    # 3 images take 30 s, so the other 67 take 670 s, which are 11 minutes; 63 take 630 s, 7 are left.
    assert lines[0] == "features: 3 of 70 images, 11 minutes left"
    assert lines[20] == "features: 63 of 70 images, 70 s left"
    assert lines[-1] == "features: 70 of 70 images, in 12 minutes" and len(lines) == 24


def test_short_work_is_one_line(clock, capfd):
    work(clock, 4, 1)
    assert capfd.readouterr().err == "features: 4 of 4 images, in 4 s\n"


def test_nothing_is_written_where_it_is_not_shown(clock, capfd):
    work(clock, 4, 60, shown=False)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_gets_a_bar(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress(2, "features", "images") as advance:
        advance()
        advance()
    assert "2/2" in terminal.getvalue() and "\r" in terminal.getvalue() and " of " not in terminal.getvalue()

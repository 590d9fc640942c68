"""What counts as slower, and that short measurements run."""

import sys
from dataclasses import replace

import pytest


@pytest.fixture
def regressions(repo, monkeypatch):
    monkeypatch.syspath_prepend(str(repo / "benchmarks"))
    import regressions

    return regressions


def row(regressions, ratio, low=None, high=None, commit="a"):
    low, high = ratio if low is None else low, ratio if high is None else high
    return regressions.Row("2026-01-01T00:00:00+00:00", commit, "m", "x", ratio, low, high)


def test_what_has_fallen_by_more_than_the_noise(regressions):
    earlier = [row(regressions, ratio, commit=f"c{ratio}") for ratio in (2.0, 2.1, 2.2)]
    assert regressions.fallen(row(regressions, 9), []) is None
    # Noise: from the median to the lower quartile 0.1, and 0.2 from run to run: 2.1 + 0.3.
    assert regressions.fallen(row(regressions, 2.39, 2.29), earlier) is None
    assert regressions.fallen(row(regressions, 2.5, 2.4), earlier) == (
        "x has fallen: 2.500 times what it is compared with, 2.100 in the last 3 runs (c2.0 to c2.2), noise 0.300"
    )
    # An earlier run that spread to 2.3 itself adds its 0.2.
    assert regressions.fallen(row(regressions, 2.5, 2.4), [*earlier, row(regressions, 2.1, high=2.3)]) is None
    # Without any noise, five percent count as none.
    assert regressions.fallen(row(regressions, 2.09), [row(regressions, 2)]) is None
    assert regressions.fallen(row(regressions, 2.11), [row(regressions, 2)]) is not None


def test_ratios_are_of_the_first_to_the_second(regressions, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(regressions.time, "process_time", lambda: clock[0])

    def way(seconds):
        return lambda: clock.__setitem__(0, clock[0] + seconds)

    assert regressions.measure((way(3.0), way(2.0)), 4) == [1.5] * 4


def test_runs_are_appended_and_compared(regressions, monkeypatch, tmp_path, capsys):
    table = tmp_path / "bench.csv"
    monkeypatch.setattr(sys, "argv", ["regressions.py", "--table", str(table), "--rounds", "1", "--only", "loss"])
    monkeypatch.setattr(regressions, "measure", lambda ways, rounds: [[way() for way in ways] and 2.0])
    assert regressions.main() == 0
    assert "nothing has fallen by more than the noise" in capsys.readouterr().out
    (first,) = regressions.read_rows(table)
    assert (first.name, first.ratio, first.low, first.high) == ("loss", 2, 2, 2) and first.commit
    regressions.write_rows([first, replace(first, machine="another", ratio=0.1)], table)
    monkeypatch.setattr(regressions, "measure", lambda ways, rounds: [3.0])
    assert regressions.main() == 1
    assert "loss has fallen: 3.000 times what it is compared with, 2.000 in the last 1 runs" in capsys.readouterr().out
    assert [one.ratio for one in regressions.read_rows(table)] == [2, 0.1, 3]


@pytest.mark.parametrize("name", ["sample", "predictions"])
def test_figures_do_their_work(regressions, name):
    with regressions.FIGURES[name]() as ways:
        for way in ways:
            way()

import os
import sys

import pytest

# A process that holds 64 MiB starts another that holds as much, and waits for it; both compute for a moment.
HOLD = "import sys, time\nheld = bytearray(b'x') * (64 << 20)\nend = time.process_time() + 0.3\n"
COMPUTE = "while time.process_time() < end: pass\n"
FAMILY = f"{HOLD}import subprocess\nsubprocess.run([sys.executable, '-c', {HOLD + COMPUTE!r}], check=True)\n{COMPUTE}"


@pytest.fixture
def cost_of(repo, monkeypatch):
    monkeypatch.syspath_prepend(str(repo / "benchmarks"))
    import command_cost

    monkeypatch.setattr(command_cost, "_INTERVAL", 0.01)
    return command_cost.cost_of


def test_a_command_and_what_it_starts(cost_of):
    allowed = os.sched_getaffinity(0)
    cost = cost_of([sys.executable, "-S", "-c", FAMILY], 1)
    assert cost.processor >= 0.6
    assert cost.ready >= 0.4  # up to the last look
    assert cost.ready <= 1.2 * cost.seconds  # one of them waits for the other
    assert 128 < cost.memory < 256
    assert os.sched_getaffinity(0) == allowed


def test_it_sees_so_many_cores(cost_of):
    cost_of([sys.executable, "-S", "-c", "import os; assert len(os.sched_getaffinity(0)) == 1"], 1)


def test_a_command_that_fails(cost_of):
    with pytest.raises(SystemExit, match=r"-c raise failed:\n[\s\S]*No active exception"):
        cost_of([sys.executable, "-S", "-c", "raise"], 1)

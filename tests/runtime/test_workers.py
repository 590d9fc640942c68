"""Worker processes: none of them ends the job when it dies, and what the user can fix is said once."""

import os
import signal
import threading
from functools import partial
from pathlib import Path

import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.workers import Workers


@pytest.fixture
def doubler(monkeypatch):
    """Makes what doubles numbers, in worker processes that import it by name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "fixtures"))
    from fake_predictor import Doubler

    return Doubler


def blame(key, reason):
    return key, reason


def test_every_key_has_its_result_although_one_kills_its_worker(doubler):
    with Workers(doubler, blame, 2, "helper") as group:
        assert group.name == "doubler 1"
        found = list(group.map([1, 13, *range(2, 8)]))
        assert sorted(found, key=str) == [(13, "the helper died on this image (exit code -9)"), 10, 12, 14, 2, 4, 6, 8]
        assert list(group.map(iter([5]))) == [10]  # the group goes on, with the process that took the place
        assert list(group.map([])) == []


def test_processes_end_with_the_block(doubler):
    with Workers(doubler, blame, 1) as group:
        (process,) = [worker.process for worker in group._workers]
        assert process.is_alive()
    assert process.exitcode == -signal.SIGKILL and group._workers == []


def test_an_error_that_the_user_can_fix_ends_the_job(doubler):
    with Workers(doubler, blame, 1) as group:
        results = group.map([1, 404, 2])
        assert next(results) == 2
        with pytest.raises(UserError, match="^the bundle is gone; copy it again$"):
            next(results)


def test_workers_that_cannot_start(doubler):
    with pytest.raises(UserError, match="^--engine: no such engine; take another$"):
        Workers(partial(doubler, at_start="refuse"), blame, 1)
    with pytest.raises(RuntimeError, match="^worker: RuntimeError: the licence server is down$"):
        Workers(partial(doubler, at_start="raise"), blame, 1)
    with pytest.raises(RuntimeError, match=r"^worker died while it started \(exit code 3\)$"):
        Workers(partial(doubler, at_start="die"), blame, 1)


def test_ctrl_c_is_left_to_this_process(doubler):
    before = signal.getsignal(signal.SIGINT)
    with Workers(doubler, blame, 1) as group:
        assert signal.getsignal(signal.SIGINT) is before
        os.kill(group._workers[0].process.pid, signal.SIGINT)
        assert list(group.map([3])) == [6]


def test_started_from_another_thread(doubler):
    """Only the main thread may change what Ctrl-C does."""
    found = []

    def work():
        with Workers(doubler, blame, 1) as group:
            found.extend(group.map([4]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert found == [8]

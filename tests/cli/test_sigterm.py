import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from kdxf.cli.sigterm import TerminatedError, ending_on_sigterm


def test_an_exception_and_then_as_before():
    before = signal.getsignal(signal.SIGTERM)
    with ending_on_sigterm() as stop:
        assert not stop.asked
        with pytest.raises(TerminatedError):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # a second one ends at once
    assert signal.getsignal(signal.SIGTERM) is before


class Dropped:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)


def test_an_exception_that_python_drops_comes_again():
    hook = sys.unraisablehook
    with ending_on_sigterm() as stop, pytest.raises(TerminatedError):
        Dropped()
        assert stop.asked
        time.sleep(30)
    assert sys.unraisablehook is hook


def test_other_threads_are_left_alone():
    before, found = signal.getsignal(signal.SIGTERM), []

    def work():
        with ending_on_sigterm() as stop:
            found.append((stop.asked, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(False, before)]


TOOL = """
import multiprocessing, os, signal, sys, time
from kdxf.cli.command import run

def hears(works):
    works.set()
    time.sleep(60)

def is_deaf(works):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hears(works)

def main():
    fork = multiprocessing.get_context("fork")
    events = [fork.Event(), fork.Event()]
    workers = [fork.Process(target=work, args=(works,)) for work, works in zip((hears, is_deaf), events)]
    for worker in workers:
        worker.start()
    for works in events:
        works.wait()
    print(*(worker.pid for worker in workers), flush=True)
    time.sleep(60)

run(main)
"""


def test_workers_are_ended_with_one_line_and_status_143():
    tool = subprocess.Popen([sys.executable, "-c", TOOL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    workers = list(map(int, tool.stdout.readline().split()))
    tool.send_signal(signal.SIGTERM)
    _, error = tool.communicate(timeout=30)
    assert (tool.returncode, error) == (143, "error: ended by SIGTERM, which somebody or the system has sent\n")
    assert len(workers) == 2
    for worker in workers:  # joined by their parent, so they are gone
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_a_forked_worker_ends_by_the_signal():
    ready, started = os.pipe()
    with ending_on_sigterm() as stop:
        worker = os.fork()
        if worker == 0:
            os.write(started, b".")
            time.sleep(60)
            os._exit(0)
        os.read(ready, 1)
        os.kill(worker, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -signal.SIGTERM and not stop.asked

import argparse
import errno
import os
import signal
from pathlib import Path

import pytest

from kdxf.cli import command
from kdxf.cli.command import count, named_files, run
from kdxf.errors import UserError


def status_of(main):
    with pytest.raises(SystemExit) as end:
        run(main)
    return end.value.code


def failing(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (3, 3)])
def test_status_is_what_main_returns(returned, status):
    assert status_of(lambda: returned) == status


@pytest.mark.parametrize(
    ("set_before", "load", "seen"),
    [
        ({}, 2.0, "16000"),
        ({}, 1.9, None),
        ({"GOMP_SPINCOUNT": "5"}, 2.0, "5"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, 2.0, None),
    ],
)
def test_waiting_threads_soon_sleep_on_a_busy_machine(monkeypatch, set_before, load, seen):
    monkeypatch.setattr(command, "available_cores", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # so that what is set here is taken back afterwards
        monkeypatch.delenv(name)
    for name, value in set_before.items():
        monkeypatch.setenv(name, value)
    found = []
    status_of(lambda: found.append(os.environ.get("GOMP_SPINCOUNT")))
    assert found == [seen]


def test_user_error_is_one_line(capsys):
    assert status_of(failing(UserError("a.csv: bad row\n  in line 3"))) == 2
    assert capsys.readouterr().err == "error: a.csv: bad row in line 3\n"


def test_missing_file_names_the_file(capsys, tmp_path):
    assert status_of(lambda: open(tmp_path / "none.txt").close()) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}/none.txt: No such file or directory\n"


def test_file_error_without_a_name(capsys):
    assert status_of(failing(FileNotFoundError("no fonts here"))) == 2
    assert capsys.readouterr().err == "error: no fonts here\n"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "make room there, or write elsewhere"),
        (errno.EDQUOT, "make room there, or write elsewhere"),
        (errno.EFBIG, "write to a file system that takes larger files"),
        (errno.EROFS, "write elsewhere"),
        (errno.ENAMETOOLONG, "choose a shorter name"),
        (errno.ELOOP, "its links lead in a circle"),
        (errno.EIO, "the disk or the network storage fails"),
        (errno.ESTALE, "the network storage lost the file; try again"),
        (errno.EMFILE, "raise the limit of open files (ulimit -n)"),
        (errno.ENFILE, "the machine has too many open files"),
    ],
)
def test_storage_that_fails_is_one_line_with_advice(capsys, number, advice):
    assert status_of(failing(OSError(number, os.strerror(number), "out/a.csv"))) == 2
    assert capsys.readouterr().err == f"error: out/a.csv: {os.strerror(number)}; {advice}\n"
    assert status_of(failing(OSError(number, os.strerror(number)))) == 2
    assert capsys.readouterr().err == f"error: {os.strerror(number)}; {advice}\n"


def test_a_disk_that_is_really_full(capsys):
    def main():
        with open("/dev/full", "w") as file:
            file.write("x")

    assert status_of(main) == 2
    assert capsys.readouterr().err == "error: No space left on device; make room there, or write elsewhere\n"


def test_interrupt():
    assert status_of(failing(KeyboardInterrupt())) == 130


def test_sigterm(capsys):
    def main():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            raise RuntimeError("what is cleaned up fails, since its workers are gone")

    assert status_of(main) == 143
    assert capsys.readouterr().err == "error: ended by SIGTERM, which somebody or the system has sent\n"


def test_usage_and_other_exits_keep_their_status():
    assert status_of(lambda: argparse.ArgumentParser().parse_args(["--no-such"])) == 2
    assert status_of(failing(SystemExit(7))) == 7


def test_a_killed_worker_is_one_line(capsys):
    assert status_of(failing(RuntimeError("DataLoader worker (pid 12) is killed by signal: Killed. "))) == 2
    assert capsys.readouterr().err.startswith("error: a loader worker (process 12) was killed (Killed), often because")


class Failing:
    def __init__(self, message):
        self.message = message

    def __del__(self):
        raise RuntimeError(self.message)


def test_what_python_drops(monkeypatch):
    """Of a killed worker torch tells again when the next batch is asked for."""
    dropped = []
    monkeypatch.setattr("sys.unraisablehook", lambda found: dropped.append(str(found.exc_value)))

    def main():
        Failing("DataLoader worker (pid 12) is killed by signal: Killed. ")
        Failing("a fault")

    assert status_of(main) == 0 and dropped == ["a fault"]


def test_faults_of_the_library_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 // 0)
    with pytest.raises(OSError, match="Invalid argument"):
        run(failing(OSError(errno.EINVAL, "Invalid argument")))


def test_count():
    assert count("12") == 12


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "", "many"])
def test_what_is_no_count(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"must be a whole number from 1, not '{text}'"):
        count(text)


def test_named_files():
    words = ["a/test.csv", "b=a/test.csv", "x/k=v/c.csv"]
    assert named_files(words, "--predict") == {
        "test": Path("a/test.csv"),
        "b": Path("a/test.csv"),
        "c": Path("x/k=v/c.csv"),
    }
    message = "^--predict: two files are called 'test'; give one another name, as NAME=b/test.csv$"
    with pytest.raises(UserError, match=message):
        named_files(["a/test.csv", "b/test.csv"], "--predict")

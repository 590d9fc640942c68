import errno
import json
import os
import re
import socket
import subprocess
import sys
import threading

import pytest

from kdxf.errors import UserError
from kdxf.io import locks as module
from kdxf.io.locks import OWNER, is_locked, lock, owning, unlock, waiting_lock


def test_one_at_a_time(tmp_path):
    path = tmp_path / "new" / "a.lock"
    assert not is_locked(path) and not path.parent.exists()
    with lock(path) as held:
        assert held is not None and is_locked(path)
        with lock(path) as second:
            assert second is None
        assert is_locked(path)
    assert not is_locked(path)
    with lock(path) as held:
        assert held is not None


def test_a_tool_keeps_it(tmp_path):
    path = tmp_path / "a.lock"
    with lock(path) as held:
        tool = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(held,))
    assert is_locked(path)
    tool.communicate(b"\n")
    assert not is_locked(path)


def test_given_back_although_a_tool_has_it(tmp_path):
    path = tmp_path / "a.lock"
    with lock(path) as held:
        tool = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(held,))
        unlock(held)
    assert not is_locked(path)
    tool.communicate(b"\n")


def test_who_looks_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "a.lock"
    path.touch()
    with open(path) as looks:
        assert module._take(looks, module.fcntl.LOCK_SH) and not is_locked(path)  # two may look at once
        monkeypatch.setattr(module.time, "sleep", lambda seconds: looks.close())
        with lock(path) as held:
            assert held is not None


def test_a_disk_without_locks(tmp_path, monkeypatch):
    def refuse(file, kind):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(module.fcntl, "flock", refuse)
    message = r"a.lock cannot be locked \(No locks available\): see to it that no other process does the same work"
    with pytest.warns(UserWarning, match=message), lock(tmp_path / "a.lock") as held:
        assert held is not None
        unlock(held)


OWN = """
import sys
from pathlib import Path
from kdxf.io.locks import owning
with owning(Path(sys.argv[1]), "--work-dir"):
    print("mine", flush=True)
    input()
"""


def other_owner(folder):
    process = subprocess.Popen(
        [sys.executable, "-c", OWN, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "mine\n"
    return process


def test_a_folder_has_one_owner_who_is_named(tmp_path):
    other = other_owner(tmp_path / "run")
    says = (
        f"{tmp_path / 'run'}: process {other.pid} on {socket.gethostname()} writes there since 20"
        "[0-9: -]{17}: wait until it is done, end it, or name another folder (--work-dir)"
    )
    pattern = re.escape(says).replace(re.escape("[0-9: -]{17}"), "[0-9: -]{17}")
    with pytest.raises(UserError, match=f"^{pattern}$"), owning(tmp_path / "run", "--work-dir"):
        pass
    other.communicate("\n")
    with owning(tmp_path / "run", "--work-dir"):
        assert json.loads((tmp_path / "run" / OWNER).read_text())["pid"] == os.getpid()
    assert (tmp_path / "run" / OWNER).read_text() == ""


def test_a_killed_owner_has_none(tmp_path):
    other = other_owner(tmp_path)
    other.kill()
    other.communicate()
    with owning(tmp_path, "--work-dir"):
        assert json.loads((tmp_path / OWNER).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("here", [True, False])
def test_workers_that_a_killed_owner_has_left_behind(tmp_path, here):
    """They hold the lock for some seconds. On another machine the owner may live."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    owner = {"pid": gone.pid, "host": socket.gethostname() if here else "node7", "since": "2030-01-02 03:04:05"}
    (tmp_path / OWNER).write_text(json.dumps(owner))
    with lock(tmp_path / OWNER) as held:
        worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(held,))
    if here:
        message = f"process {os.getpid()} on "
        with owning(tmp_path, "--out"), pytest.raises(UserError, match=message), owning(tmp_path, "--out"):
            pass
    else:
        message = f"process {gone.pid} on node7 writes there since 2030-01-02 03:04:05: "
        with pytest.raises(UserError, match=message), owning(tmp_path, "--out"):
            pass
    worker.communicate(b"\n")


def test_an_owner_that_has_not_signed_yet(tmp_path):
    with (
        lock(tmp_path / OWNER),
        pytest.raises(UserError, match=r"process \(unknown\) on some machine writes there since"),
        owning(tmp_path, "--out"),
    ):
        pass


def test_a_folder_that_is_removed_meanwhile(tmp_path):
    with owning(tmp_path / "a", "--out"):
        (tmp_path / "a" / OWNER).unlink()
        (tmp_path / "a").rmdir()


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(path, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.Path, "write_text", full)
    with pytest.raises(OSError, match="No space left") as raised, owning(tmp_path, "--out"):
        pass
    assert raised.value.filename == str(tmp_path / OWNER)


def test_who_waits_for_a_lock_gets_it_when_it_is_given_back(tmp_path):
    """Another open file of this process waits as another process would."""
    events = []

    def second():
        with waiting_lock(tmp_path / "new" / "x.lock"):
            events.append("second")

    with waiting_lock(tmp_path / "new" / "x.lock"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        events.append("first")
    thread.join()
    assert events == ["first", "second"]

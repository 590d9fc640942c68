import errno
import subprocess
import sys

import pytest

from kdxf.io import locks as module
from kdxf.io.locks import is_locked, lock, unlock


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

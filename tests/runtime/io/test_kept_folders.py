import fcntl
import os
import shutil

import pytest

from kdxf_runtime.io import kept_folders
from kdxf_runtime.io.kept_folders import hold, partial, remove_old


@pytest.fixture(autouse=True)
def held(monkeypatch):
    """What the test holds is given back in the end."""
    handles = {}
    monkeypatch.setattr(kept_folders, "_held", handles)
    yield handles
    for handle in handles.values():
        os.close(handle)


@pytest.fixture
def make(tmp_path):
    """Makes a folder with a file in it that was used last so many seconds after 1970."""

    def make(name, seconds):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
        os.utime(tmp_path / name, (seconds, seconds))
        return tmp_path / name

    return make


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_those_used_last_stay(make, tmp_path):
    for number in (3, 1, 4, 2):
        make(f"{number}", number)
    remove_old(tmp_path, 2)
    assert names(tmp_path) == ["3", "4"]


def test_one_in_use_stays_until_it_is_given_back(make, tmp_path):
    folder = make("old", 1)
    make("new", 2)
    handle = os.open(folder, os.O_RDONLY)  # as another process has it
    fcntl.flock(handle, fcntl.LOCK_SH)
    remove_old(tmp_path, 1)
    assert names(tmp_path) == ["new", "old"]
    os.close(handle)
    remove_old(tmp_path, 1)
    assert names(tmp_path) == ["new"]


def test_what_is_held_was_used_last_and_stays(make, tmp_path, held):
    folder = make("old", 1)
    make("new", 2)
    assert hold(folder) and hold(folder) and len(held) == 1
    assert folder.stat().st_mtime > 2
    remove_old(tmp_path, 0)
    assert names(tmp_path) == ["old"]


def test_nothing_is_held_that_is_not_there(make, tmp_path, held, monkeypatch):
    assert not hold(tmp_path / "none")
    folder = make("gone", 1)

    def removed_while_we_wait(handle, kind):
        shutil.rmtree(folder)

    monkeypatch.setattr(fcntl, "flock", removed_while_we_wait)
    assert not hold(folder) and not held


def test_a_replaced_folder_is_not_the_one_that_was_opened(make, tmp_path, held, monkeypatch):
    folder = make("a", 1)

    def replaced_while_we_wait(handle, kind):
        folder.rename(tmp_path / "old")
        make("a", 2)

    monkeypatch.setattr(fcntl, "flock", replaced_while_we_wait)
    assert not hold(folder) and not held


def test_unfinished_folders(tmp_path):
    with partial(tmp_path / "base") as folder:
        (folder / "file").write_text("x")
        remove_old(tmp_path / "base", 0)
        assert names(folder) == ["file"]  # somebody is filling it
        os.utime(folder, (1, 1))
        remove_old(tmp_path / "base", 0)
        assert names(tmp_path / "base") == []  # nobody has for a day
    with partial(tmp_path / "base") as folder:
        folder.rename(tmp_path / "base" / "whole")
    with partial(tmp_path / "base") as folder:
        pass
    assert names(tmp_path / "base") == ["whole"]

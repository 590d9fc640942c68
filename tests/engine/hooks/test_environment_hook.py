import subprocess
from types import SimpleNamespace

import numpy
import pytest

from kdxf.engine.hooks import EnvironmentHook
from kdxf.engine.hooks.environment_hook import _version, git_commit
from kdxf.version import __version__


def test_logs_versions():
    lines = []
    EnvironmentHook().before_run(SimpleNamespace(logger=SimpleNamespace(info=lines.append)))
    assert lines[0].startswith(f"kdxf {__version__} (")
    assert f"numpy {numpy.__version__}" in lines[0] and "torch threads" in lines[0]


@pytest.fixture
def git(tmp_path, monkeypatch):
    """Runs git in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for key in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{key}_NAME", "name")
        monkeypatch.setenv(f"GIT_{key}_EMAIL", "name@example.org")
    return lambda *words: subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def test_git_commit(git, tmp_path, monkeypatch):
    assert git_commit() is None  # no repository
    git("init")
    assert git_commit() is None  # no commit
    (tmp_path / "config.py").write_text("a = 1")
    git("add", ".")
    git("commit", "-m", "first")
    (tmp_path / "other.py").write_text("not tracked")
    assert git_commit() == git("log", "--format=%H")
    lines = []
    (tmp_path / "config.py").write_text("a = 2")
    EnvironmentHook().before_run(SimpleNamespace(logger=SimpleNamespace(info=lines.append)))
    assert lines[1:] == [f"git commit {git('log', '--format=%H')} with changes"]
    monkeypatch.setenv("PATH", "")
    assert git_commit() is None  # no git


def test_absent_package():
    assert _version("no-such-package-anywhere") is None


def test_marks_checkpoints():
    checkpoint = {"meta": {"epoch": 1}}
    EnvironmentHook().before_save_checkpoint(None, checkpoint)
    assert checkpoint == {"meta": {"epoch": 1, "kdxf_version": __version__}}

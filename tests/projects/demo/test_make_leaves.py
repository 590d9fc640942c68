import runpy
import sys

import pytest


def test_draws_and_refuses(repo, tmp_path, monkeypatch, capsys):
    tool = str(repo / "projects" / "demo" / "make_leaves.py")
    monkeypatch.setattr(sys, "argv", [tool, "--out", str(tmp_path / "raw"), "--labelled", "1", "--unlabelled", "2"])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(tool, run_name="__main__")
    assert not done.value.code
    assert "4 x 1 labelled leaves, 2 to predict" in capsys.readouterr().out
    assert len(list((tmp_path / "raw" / "images").iterdir())) == 6
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(tool, run_name="__main__")
    assert "raw exists; choose another folder" in capsys.readouterr().err

import runpy
import sys

import pytest


def test_draws_and_refuses(repo, tmp_path, monkeypatch, capsys):
    tool = str(repo / "projects" / "demo" / "make_papers.py")
    monkeypatch.setattr(sys, "argv", [tool, "--out", str(tmp_path / "papers"), "--papers", "2"])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(tool, run_name="__main__")
    assert not done.value.code
    assert f"written to {tmp_path / 'papers'}" in capsys.readouterr().out
    assert len(list((tmp_path / "papers" / "images").glob("*/*.png"))) == 12
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(tool, run_name="__main__")
    assert "papers exists; choose another folder" in capsys.readouterr().err

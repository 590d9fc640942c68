import runpy
import subprocess
import sys

import pytest
from advertisements.fonts import find_fonts

from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations


def test_mistakes_end_with_one_line(repo, tmp_path, monkeypatch, capsys):
    (tmp_path / "bad.ttf").write_text("no font")
    options = ["--out", str(tmp_path / "demo"), "--fonts", str(tmp_path / "bad.ttf")]
    monkeypatch.setattr(sys, "argv", ["make_demo.py", *options])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(str(repo / "projects" / "demo" / "make_demo.py"), run_name="__main__")
    assert "bad.ttf: not a readable font file" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_draws_a_small_set(repo, tmp_path):
    try:
        find_fonts()
    except UserError as error:
        pytest.skip(str(error))
    program = [sys.executable, repo / "projects" / "demo" / "make_demo.py"]
    options = ["--out", tmp_path / "demo", "--labelled", "2", "--unlabelled", "1"]
    done = subprocess.run([*program, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "36/36" in done.stderr and "written to" in done.stdout
    assert "train             12       12         1        1" in done.stdout
    assert len(read_annotations(tmp_path / "demo" / "test.csv")) == 12

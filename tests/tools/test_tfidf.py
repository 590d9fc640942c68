import json
import runpy
import sys

import pytest


def call(repo, monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", ["tfidf.py", *map(str, options)])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(str(repo / "tools" / "tfidf.py"), run_name="__main__")
    return done.value.code


def test_fits_and_refuses(repo, tmp_path, monkeypatch, capsys):
    (tmp_path / "a.txt").write_text("fresh milk\noat milk\noat drink\n", encoding="utf-8")
    options = (tmp_path / "a.txt", "--tokenizer", "word", "--out", tmp_path / "t", "--channels", 2)
    assert not call(repo, monkeypatch, *options)
    assert "3 documents with words, " in capsys.readouterr().out
    assert json.loads((tmp_path / "t" / "tfidf.json").read_text())["channels"] == 2
    assert call(repo, monkeypatch, *options) == 2
    assert "t exists; choose another folder or add --overwrite" in capsys.readouterr().err

"""The command line; what it writes is tested in tests/engine/test_join_models.py."""

import runpy
import sys

import pytest
import torch


def test_writes_the_checkpoint_and_prints_its_path(lab, repo, tmp_path, monkeypatch, capsys):
    base = (lab.root / "moe.py").read_text(encoding="utf-8")
    (tmp_path / "moe.py").write_text(base, encoding="utf-8")
    config = '_base_ = "moe.py"\nmodel = dict(_delete_=True, type="EnsembleClassifier", members=[_base_.model] * 2)\n'
    (tmp_path / "both.py").write_text(config, encoding="utf-8")
    out = tmp_path / "both.pth"
    words = [tmp_path / "both.py", lab.moe_checkpoint, lab.moe_checkpoint, "--out", out]
    monkeypatch.setattr(sys, "argv", ["join_models.py", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(repo / "tools" / "recipes" / "join_models.py"), run_name="__main__")
    assert end.value.code == 0
    assert capsys.readouterr().out == f"{out}\n"
    names = {key.split(".")[1] for key in torch.load(out)["state_dict"] if key.startswith("members.")}
    assert names == {"0", "1"}

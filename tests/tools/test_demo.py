import importlib.util
import json
import subprocess
from types import SimpleNamespace

import pytest

from kdxf.errors import UserError


@pytest.fixture
def demo(repo):
    spec = importlib.util.spec_from_file_location("demo_tool", repo / "tools/demo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def commands(demo, repo, tmp_path, monkeypatch):
    """Record the commands of the demo, and write stand-ins for the results of training and testing."""
    seen = []

    def fake_run(command):
        seen.append(command[1:])
        if command[1] == "tools/test.py":
            out = tmp_path / command[-1]
            out.with_suffix(".metrics.json").write_text(json.dumps({"accuracy/top1": 12.5 * len(seen)}))
        return SimpleNamespace(returncode=0)

    for name in demo.MODELS.values():
        (tmp_path / demo.OUT / name).mkdir(parents=True)
        (tmp_path / demo.OUT / name / "last_checkpoint").write_text(f"{name}.pth\n")
    (tmp_path / "data/demo").mkdir(parents=True)
    (tmp_path / "data/demo/train.csv").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, "run", fake_run)
    return seen


def test_it_reads_then_trains_then_predicts_and_ends_with_a_table(demo, commands, capsys):
    demo.main()
    assert [command[0].removeprefix("tools/") for command in commands] == [
        "ocr.py",
        "word2vec.py",
        *["train.py", "test.py"] * 3,
        "inference.py",
    ]
    assert commands[-1][1:3] == ["configs/demo/moe_r18.py", "moe_r18.pth"]
    printed = capsys.readouterr().out
    for title, score in (("image only", 50.0), ("text only", 75.0), ("both", 100.0)):
        assert f"  {title:12s}{score:6.1f} %" in printed


def test_its_commands_parse(demo, commands, repo):
    """Every command names files and options that the tools know."""
    demo.main()
    for command in commands:
        assert (repo / command[0]).is_file()
        for argument in command[1:]:
            if argument.endswith(".py"):
                assert (repo / argument).is_file()


def test_a_failing_step_is_named(demo, commands, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda command: SimpleNamespace(returncode=2))
    with pytest.raises(UserError, match=r"the demo stopped at: python tools/ocr\.py data/demo/images"):
        demo.main()


def test_it_says_where_it_must_run(demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="run the demo from the root of the repository"):
        demo.main()

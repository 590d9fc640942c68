import importlib.util
import json
import subprocess
from types import SimpleNamespace

import pytest

from kdxf.engine.config import load_config
from kdxf.errors import UserError


@pytest.fixture
def demo(repo, monkeypatch):
    monkeypatch.setattr("sys.argv", ["demo.py"])
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

    for name in (*demo.FROM_WEIGHTS.values(), *demo.FROM_SCRATCH.values()):
        (tmp_path / demo.OUT / name).mkdir(parents=True)
        (tmp_path / demo.OUT / name / "last_checkpoint").write_text(f"{name}.pth\n")
    (tmp_path / "configs").symlink_to(repo / "configs")
    (tmp_path / "data/demo").mkdir(parents=True)
    (tmp_path / "data/demo/train.csv").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, "run", fake_run)
    return seen


@pytest.fixture(params=["weights", "scratch"])
def start(request, demo, monkeypatch):
    """What the models start from."""

    def find(name):
        if request.param == "scratch":
            raise UserError("there are none")

    monkeypatch.setattr("kdxf.models.backbones.wheel_weights.find_weights", find)
    return request.param


def test_it_reads_then_trains_then_predicts_and_ends_with_a_table(demo, start, commands, capsys):
    demo.main()
    prepared = {"weights": ["tfidf.py", "features.py"], "scratch": ["word2vec.py"]}[start]
    assert [command[0].removeprefix("tools/") for command in commands] == [
        "ocr.py",
        *prepared,
        *["train.py", "test.py"] * 3,
        "inference.py",
        "export.py",
        "-m",
    ]
    fused = {"weights": "moe_lite2_frozen", "scratch": "moe_r18"}[start]
    for command in commands[-3:-1]:
        assert command[1:3] == [f"configs/demo/{fused}.py", f"{fused}.pth"]
    assert commands[-1][1:3] == ["kdxf_runtime.cli", commands[-2][commands[-2].index("--out") + 1]]
    printed = capsys.readouterr().out
    assert ("the models are trained from scratch" in printed) == (start == "scratch")
    for position, title in zip((2, 4, 6), ("image only", "text only", "both"), strict=True):
        score = 12.5 * (1 + len(prepared) + position)
        assert f"  {title:12s}{score:6.1f} %" in printed


def test_new_images_are_read_as_the_table_is(demo, start, commands, repo):
    demo.main()
    config = commands[0][commands[0].index("--config") + 1]
    assert config == commands[-3][1]
    assert load_config(repo / config).ocr_engine == {"type": "RapidOCREngine", "min_side": 400}


def test_its_commands_parse(demo, start, commands, repo):
    """Every command names files and options that the tools know."""
    demo.main()
    for command in commands:
        assert command[0] == "-m" or (repo / command[0]).is_file()
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

"""The command line; what it trains is tested in tests/recipes/test_kfold.py."""

import runpy
import sys
from pathlib import Path

import pytest

import kdxf.recipes.folds.run as module


@pytest.fixture
def call(repo, tmp_path, monkeypatch, capsys):
    """Run the tool with a stand-in for the training function; return the arguments of that."""
    asked = {}

    def note(*places, **options):
        asked.update(options, places=places)
        Path(places[2]).mkdir(exist_ok=True)
        Path(places[2], "metrics.md").write_text("| fold |\n")
        return None if options["only"] else "a table"

    def run(*arguments):
        asked.clear()
        monkeypatch.setattr(sys, "argv", ["kfold.py", "c.py", "--folds", "f", "--work-dir", "w", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "recipes" / "kfold.py"), run_name="__main__")
        return end.value.code, asked, *capsys.readouterr()

    monkeypatch.setattr(module, "kfold", note)
    monkeypatch.chdir(tmp_path)
    return run


def test_arguments(call):
    status, asked, output, _ = call()
    assert status == 0 and output == "| fold |\n"
    assert asked == {
        **{"places": ("c.py", "f", "w"), "only": [], "predict": {}, "checkpoint": "last", "tta": False},
        **{"options": None, "seed": None, "amp": False},
    }
    words = ("--fold", 2, 3, "--predict", "a/test.csv", "b=a/test.csv", "x/k=v/c.csv", "--checkpoint", "best", "--tta")
    _, asked, output, _ = call(*words, "--amp", "--seed", 7, "--cfg-options", "a.b=1")
    assert output == "" and asked["only"] == [2, 3] and asked["options"] == {"a.b": 1}
    assert (asked["checkpoint"], asked["tta"], asked["amp"], asked["seed"]) == ("best", True, True, 7)
    assert asked["predict"] == {"test": Path("a/test.csv"), "b": Path("a/test.csv"), "c": Path("x/k=v/c.csv")}


def test_two_lists_of_one_name(call):
    status, _, _, error = call("--predict", "a/test.csv", "b/test.csv")
    message = "--predict: two files are called 'test'; give one another name, as NAME=b/test.csv"
    assert (status, error) == (2, f"error: {message}\n")

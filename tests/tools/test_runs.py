import pandas as pd
import pytest


@pytest.fixture
def folder(write_session, tmp_path):
    for name, top1 in (("one", 50.0), ("two", 60.0)):
        write_session(name, "20260101_100000", rows=[{"accuracy/top1": top1, "step": 1}])
    return tmp_path


def test_table_page_and_csv(run_tool, folder):
    result = run_tool("tools/runs.py", folder, "--out", folder / "runs.html")
    assert result.returncode == 0, result.stderr
    assert [line.split(" | ")[0] for line in result.stdout.splitlines()[2:]] == ["| two", "| one"]
    assert "The best accuracy/top1 is 60.00, of two after epoch 1." in (folder / "runs.html").read_text(
        encoding="utf-8"
    )
    result = run_tool("tools/runs.py", folder, "--out", folder / "runs.csv", "--sort", "run")
    assert result.returncode == 0, result.stderr
    table = pd.read_csv(folder / "runs.csv")
    assert table["run"].tolist() == ["one", "two"]
    assert table["best accuracy/top1"].tolist() == [50.0, 60.0]


def test_comparison(run_tool, folder):
    result = run_tool("tools/runs.py", folder / "one", folder / "two", "--compare")
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("The configs have the same settings.\n")
    assert not list(folder.glob("*.html"))
    result = run_tool("tools/runs.py", folder / "one", folder / "two", "--compare", "--out", folder / "page.html")
    assert result.returncode == 0, result.stderr
    assert "<title>two against one</title>" in (folder / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["a", "b"], "name one folder, or add --compare"),
        (["a", "--compare"], "name two folders with --compare"),
        (
            ["a", "b", "--compare", "--sort", "run"],
            "--compare makes no table to sort or to open in Excel; leave --sort and",
        ),
        (["a", "--predictions", "x", "y"], "--predictions goes with --compare"),
        (["a", "--out", "runs.txt"], "--out runs.txt: the name must end with .html or .csv"),
        (["a", "b", "--compare", "--out", "runs.csv"], "--out runs.csv: the name must end with .html\n"),
    ],
)
def test_options(run_tool, options, message):
    result = run_tool("tools/runs.py", *options)
    assert result.returncode == 2
    assert message in result.stderr

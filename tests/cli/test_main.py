import subprocess
import sys

import pytest

from kdxf.cli.main import list_tools, main, summary
from kdxf.version import __version__


def ends(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main(words)
    return end.value.code, *capsys.readouterr()


def test_help_needs_nothing_heavy():
    code = (
        "import sys\nfrom kdxf.cli.main import main\n"
        "try:\n    main(['--help'])\n"
        "finally:\n    print(sorted({'torch', 'mmengine', 'numpy', 'pandas'} & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert "\n  fit " in done.stdout
    assert "\n  data split " in done.stdout


def test_help_has_one_line_for_every_tool(capsys, repo):
    status, out, _ = ends(capsys)
    assert status == 0
    named = [line.strip().partition("  ")[0] for line in out.splitlines() if line.startswith("  ")]
    files = {" ".join(path.relative_to(repo / "tools").with_suffix("").parts) for path in repo.glob("tools/**/*.py")}
    assert set(named) == files | {"fit", "predict", "serve"}
    assert len(named) == len(set(named))
    assert max(map(len, out.splitlines())) <= 118
    assert "  train                    Train a model\n" in out


def test_help_of_a_group(capsys):
    status, out, _ = ends(capsys, "recipes")
    assert status == 0
    assert "  recipes kfold " in out
    assert "data split" not in out
    assert ends(capsys, "recipes", "--help")[1] == out


def test_a_tool_gets_its_arguments_and_its_status_comes_back(capsys, tmp_path):
    for name in ("a", "b"):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for index in range(4):
            (folder / f"{index}.png").touch()
    status, out, _ = ends(capsys, "data", "split", str(tmp_path / "images"), "--out", str(tmp_path / "lists"))
    assert status == 0
    assert (tmp_path / "lists" / "train.csv").is_file()
    assert "written to" in out
    status, _, err = ends(capsys, "data", "split", str(tmp_path / "none"))
    assert status == 2
    assert err.startswith("error:")


def test_usage_names_the_command(capsys):
    status, out, _ = ends(capsys, "data", "name-classes", "--help")
    assert status == 0
    assert out.startswith("usage: kdxf data name_classes ")


def test_unknown_command(capsys):
    status, _, err = ends(capsys, "data", "splitt")
    assert status == 2
    assert err == (
        "error: kdxf data splitt: there is no such command; did you mean 'kdxf data split'? 'kdxf --help' lists all\n"
    )


def test_version(capsys):
    assert ends(capsys, "--version")[1] == f"{__version__}\n"


def test_summary_leaves_the_command_out(tmp_path):
    path = tmp_path / "tool.py"
    path.write_text('"""Train a model: ``python tools/train.py CONFIG``.\n\nMore.\n"""\n')
    assert summary(path) == "Train a model"


def test_hyphens_stand_for_underscores(capsys):
    for words in (("zero-shot",), ("analysis", "label-curve")):
        status, out, _ = ends(capsys, *words, "--help")
        assert status == 0 and out.startswith(f"usage: kdxf {' '.join(words).replace('-', '_')}")


def test_tools_come_before_groups():
    names = list(list_tools())
    assert names.index("word2vec") < names.index("analysis baselines")

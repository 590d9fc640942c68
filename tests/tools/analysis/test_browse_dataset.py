import runpy
import subprocess
import sys

import pytest


@pytest.fixture
def tool(repo, monkeypatch, capfd):
    """Run the tool in this process."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["browse_dataset.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "analysis" / "browse_dataset.py"), run_name="__main__")
        stdout, stderr = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, end.value.code, stdout, stderr)

    return call


def test_writes_the_page(tool, tiny_config, tmp_path):
    done = tool(tiny_config, "--split", "val", "--number", 3, "--draws", 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{tmp_path}/work/browse_val.html\n")
    page = (tmp_path / "work" / "browse_val.html").read_text(encoding="utf-8")
    assert "3 of 12 samples, each 2 times through the pipeline; seed 0." in page and page.count("<figure>") == 9

    done = tool(tiny_config, "--out", tmp_path / "p.html", "--number", 1, "--seed", 4)
    assert done.stdout.endswith(f"{tmp_path}/p.html\n")
    assert "1 of 24 samples, each 4 times through the pipeline; seed 4." in (tmp_path / "p.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mix"], "error: --mix: config "),
        (["--number", "0"], "argument --number: must be a whole number from 1, not '0'"),
        (["--split", "all"], "argument --split: invalid choice: 'all'"),
        (["--cfg-options", "a"], "--cfg-options a: expected key=value pairs"),
    ],
)
def test_one_clear_line(tool, tiny_config, arguments, message):
    done = tool(tiny_config, *arguments)
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]

import runpy
import subprocess
import sys

import pandas as pd
import pytest


@pytest.fixture
def tool(repo, monkeypatch, capfd):
    """Run the tool in this process."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["compare_seeds.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / "tools" / "analysis" / "compare_seeds.py"), run_name="__main__")
        stdout, stderr = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, end.value.code, stdout, stderr)

    return call


def test_compares(tool, tiny_config, tmp_path, monkeypatch):
    monkeypatch.setattr("kdxf.analysis.config_baselines.installed_backbone", lambda: None)
    done = tool(
        *(tiny_config, "--seeds", 3, "--work-dir", tmp_path / "c", "--cfg-options", "train_cfg.max_epochs=1"),
        *("--variant", "plain", "--variant", "frozen", "optim_wrapper.optimizer.lr=0", "randomness.deterministic=True"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{tmp_path}/c/summary.md\n")
    assert f"run 2 of 2: {tmp_path}/c/tiny/frozen/seed_3\n" in done.stdout
    runs = pd.read_csv(tmp_path / "c" / "runs.csv")
    assert runs.groupby("model").seed.apply(list).to_dict() == {"tiny/frozen": [3], "tiny/plain": [3]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--variant", "a", "lr"], "--variant lr: expected key=value pairs"),
        (["--folds", "none"], "error: --folds none: there is no train.csv"),
        (["--also-without", "sound"], "argument --also-without: invalid choice: 'sound'"),
    ],
)
def test_one_clear_line(tool, tiny_config, tmp_path, arguments, message):
    done = tool(tiny_config, "--work-dir", tmp_path / "c", *arguments)
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]

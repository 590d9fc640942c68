import subprocess
import sys

import pytest


@pytest.fixture
def run(repo):
    def run(*arguments):
        command = [sys.executable, str(repo / "tools" / "train.py"), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=300)

    return run


def test_trains(run, tiny_config, tmp_path):
    options = ["--work-dir", tmp_path / "out", "--no-validate", "--seed", "3", "--amp", "--no-pin-memory"]
    done = run(tiny_config, *options, "--cfg-options", "train_cfg.max_epochs=1", "work_dir=elsewhere")
    assert done.returncode == 0, done.stderr
    resolved = (tmp_path / "out" / "tiny.py").read_text()
    assert "AutocastOptimWrapper" in resolved and "seed=3" in resolved
    assert (tmp_path / "out" / "epoch_1.pth").is_file()


def test_error_is_one_line(run, tiny_config):
    done = run(tiny_config, "--resume", "none.pth")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1] == "error: checkpoint none.pth does not exist; check the path"
    assert "Traceback" not in done.stderr

import subprocess
import sys


def test_trains(repo, tiny_config, tmp_path):
    """In a process of its own, as users run it."""
    options = ["--work-dir", tmp_path / "out", "--no-validate", "--seed", "3", "--amp", "--no-pin-memory"]
    settings = ["--cfg-options", "train_cfg.max_epochs=1", "work_dir=elsewhere"]
    command = [sys.executable, repo / "tools" / "train.py", tiny_config, *options, *settings]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    resolved = (tmp_path / "out" / "tiny.py").read_text()
    assert "AutocastOptimWrapper" in resolved and "seed=3" in resolved
    assert (tmp_path / "out" / "epoch_1.pth").is_file()


def test_error_is_one_line(run_tool, tiny_config):
    done = run_tool("tools/train.py", tiny_config, "--resume", "none.pth")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1] == "error: checkpoint none.pth does not exist; check the path"
    assert "Traceback" not in done.stderr

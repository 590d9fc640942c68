import subprocess
import sys

import pytest


@pytest.mark.parametrize("options", [[], ["--part", "head"]])
def test_publishes(repo, tiny_trained, tmp_path, options):
    command = [sys.executable, repo / "tools" / "publish.py", tiny_trained.checkpoint, tmp_path / "tiny.pth", *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (written,) = tmp_path.iterdir()
    assert done.stdout.strip() == str(written)
    assert written.stat().st_size < tiny_trained.checkpoint.stat().st_size
